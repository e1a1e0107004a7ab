//! The next blocks of a long way are read and checked alone while one is connected, or are kept since they came in.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use consensus::BlockChecks;
use consensus::block_check::check_block;
use primitives::{Block, BlockHash, OutPoint, Txid};

use crate::chainstate::Chainstate;
use crate::coins::{Found, read_coins};
use crate::index::EntryId;

/// Blocks that are in memory before they are needed.
const AHEAD: u32 = 2;

/// Coins that are worth another thread.
const WORTH_READING: usize = 16;

/// Bytes of blocks that came in just now and are kept until they are connected.
const KEPT_BYTES: usize = 16 << 20;

#[derive(Debug)]
enum Reading {
    Awaited(Receiver<Arc<Block>>),
    Here(Arc<Block>),
}

/// Blocks that will be connected soon.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead {
    /// Being read, the next one first.
    reading: VecDeque<(BlockHash, Reading)>,
    /// Coins that a block spends, being read from the store as it is now.
    coins: Option<(BlockHash, Receiver<Found>)>,
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
        let block = read.and_then(|(_, block)| match block {
            Reading::Awaited(block) => block.recv().ok(),
            Reading::Here(block) => Some(block),
        });
        if block.is_none() {
            self.reading.clear();
        }
        block
    }

    /// The block, if it is here; it stays.
    fn look(&mut self, hash: &BlockHash) -> Option<Arc<Block>> {
        if let Some(block) = self.kept.get(hash) {
            return Some(Arc::clone(block));
        }
        let (_, reading) = self.reading.iter_mut().find(|(known, _)| known == hash)?;
        if let Reading::Awaited(block) = reading {
            *reading = Reading::Here(block.try_recv().ok()?);
        }
        match reading {
            Reading::Here(block) => Some(Arc::clone(block)),
            Reading::Awaited(_) => None,
        }
    }

    /// The coins that the block spends, if they were asked for; those of any other block are not
    /// wanted any more.
    pub(crate) fn take_coins(&mut self, hash: &BlockHash) -> Option<Found> {
        let (of, found) = self.coins.take()?;
        (of == *hash).then(|| found.recv().ok()).flatten()
    }

    /// The store changes: what was read from it may not be true any more.
    pub(crate) fn forget_coins(&mut self) {
        self.coins = None;
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
        self.ahead
            .reading
            .push_back((hash, Reading::Awaited(block)));
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

    /// Begins to read the coins that the block behind this one spends, while this one is connected.
    /// What is known in memory is not read, nor what this block makes.
    pub(crate) fn begin_reading_coins(&mut self, block: &Block, height: u32) {
        let next = self.target.and_then(|target| {
            let index = self.shared.index();
            Some(index.entry(index.ancestor(target, height + 1)?).hash)
        });
        let Some((hash, next)) = next.and_then(|hash| Some((hash, self.ahead.look(&hash)?))) else {
            return;
        };
        let mut wanted = inputs_from_outside(&next);
        let made: HashSet<Txid> = block.txs.iter().map(|tx| tx.txid()).collect();
        wanted.retain(|place| !made.contains(&place.txid) && !self.coins.knows(place));
        if wanted.len() < WORTH_READING {
            return;
        }
        let (tell, found) = mpsc::sync_channel(1);
        self.ahead.coins = Some((hash, found));
        let store = self.coins.base().clone();
        self.readers.spawn(move || {
            // Who asked may go another way.
            let _gone = tell.send(read_coins(&store, wanted));
        });
    }
}

/// What the block spends of earlier ones.
pub(crate) fn inputs_from_outside(block: &Block) -> Vec<OutPoint> {
    let mut made = HashSet::with_capacity(block.txs.len());
    let mut wanted = Vec::new();
    for tx in block.txs.iter().skip(1) {
        let prevouts = tx.inputs.iter().map(|input| input.prevout);
        wanted.extend(prevouts.filter(|prevout| !made.contains(&prevout.txid)));
        made.insert(tx.txid());
    }
    wanted
}
