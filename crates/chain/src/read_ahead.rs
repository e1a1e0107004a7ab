//! The next blocks of a long way are read and checked alone while one is connected.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use consensus::BlockChecks;
use consensus::block_check::check_block;
use primitives::{Block, BlockHash};

use crate::chainstate::Chainstate;
use crate::index::EntryId;

/// Blocks that are in memory before they are needed.
const AHEAD: u32 = 2;

/// Blocks that are being read, the next one first.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead(VecDeque<(BlockHash, Receiver<Arc<Block>>)>);

impl ReadAhead {
    /// The block, if it was asked for and is as it should be; who needs it tries again otherwise, and
    /// learns what is wrong.
    fn take(&mut self, hash: &BlockHash) -> Option<Arc<Block>> {
        let place = self.0.iter().position(|(known, _)| known == hash)?;
        let (_, block) = self.0.drain(..=place).next_back()?;
        block.recv().ok()
    }

    fn holds(&self, hash: &BlockHash) -> bool {
        self.0.iter().any(|(known, _)| known == hash)
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
        if block.is_none() {
            self.ahead.0.clear();
        }
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
        self.ahead.0.push_back((hash, block));
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
