//! The next blocks of a long way are read and checked alone while one is connected, or are kept since they came in.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use consensus::BlockChecks;
use consensus::block_check::check_block;
use primitives::{Block, BlockHash};

use crate::chainstate::Chainstate;
use crate::index::EntryId;

/// Blocks that are in memory before they are needed.
const AHEAD: u32 = 2;

/// Bytes of blocks that came in just now and are kept until they are connected.
const KEPT_BYTES: usize = 16 << 20;

/// Blocks that will be connected soon.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead {
    /// Being read, the next one first.
    reading: VecDeque<(BlockHash, Receiver<Arc<Block>>)>,
    /// Came in just now, all checked alone.
    kept: HashMap<BlockHash, Arc<Block>>,
    kept_bytes: usize,
}

impl ReadAhead {
    /// Keeps a block that was stored after it had been checked alone, while there is room.
    pub(crate) fn keep(&mut self, block: &Arc<Block>) {
        let bytes = block.size(true);
        if self.kept_bytes + bytes <= KEPT_BYTES {
            self.kept_bytes += bytes;
            self.kept.insert(block.hash, Arc::clone(block));
        }
    }

    /// Nothing more is to be connected: what is kept lies elsewhere.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The block, if it was asked for and is as it should be; who needs it tries again otherwise, and
    /// learns what is wrong.
    fn take(&mut self, hash: &BlockHash) -> Option<Arc<Block>> {
        if let Some(block) = self.kept.remove(hash) {
            self.kept_bytes -= block.size(true);
            return Some(block);
        }
        let place = self.reading.iter().position(|(known, _)| known == hash);
        let read = place.and_then(|place| self.reading.drain(..=place).next_back());
        let block = read.and_then(|(_, block)| block.recv().ok());
        if block.is_none() {
            self.reading.clear();
        }
        block
    }

    fn holds(&self, hash: &BlockHash) -> bool {
        self.kept.contains_key(hash) || self.reading.iter().any(|(known, _)| known == hash)
    }
}

impl Chainstate {
    /// The block, read and checked alone before it was needed. Begins to read those behind it.
    pub(crate) fn read_ahead(&mut self, id: EntryId) -> Option<Arc<Block>> {
        let (hash, height) = {
            let index = self.shared.index();
            (index.entry(id).hash, index.entry(id).height)
        };
        let block = self.ahead.take(&hash);
        if let Some(target) = self.target {
            (height + 1..=height + AHEAD).for_each(|next| self.begin_reading(target, next));
        }
        block
    }

    fn begin_reading(&mut self, target: EntryId, height: u32) {
        let (hash, pos) = {
            let index = self.shared.index();
            let Some(id) = index.ancestor(target, height) else {
                return;
            };
            (index.entry(id).hash, index.entry(id).data_pos())
        };
        let Some(pos) = pos.filter(|_| !self.ahead.holds(&hash)) else {
            return;
        };
        let (tell, block) = mpsc::sync_channel(1);
        self.ahead.reading.push_back((hash, block));
        let shared = Arc::clone(&self.shared);
        self.readers.spawn(move || {
            let params = shared.config.params;
            let block = shared.files.read_block(pos, &hash).ok();
            let block = block.filter(|block| check_block(block, params, BlockChecks::ALL).is_ok());
            if let Some(block) = block {
                // Who asked may go another way.
                let _gone = tell.send(Arc::new(block));
            }
        });
    }
}
