//! The next blocks of a long way are read and checked alone while one is connected, or are kept since they came in.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use consensus::BlockChecks;
use consensus::block_check::check_block;
use primitives::{Block, BlockHash, OutPoint, Txid};

use crate::chainstate::Chainstate;
use crate::coins::{Found, Slot, read_coins};
use crate::index::EntryId;

/// Most blocks that are in memory before they are needed.
const AHEAD: u32 = 32;

/// Bytes of such blocks behind which no more are read.
const AHEAD_BYTES: usize = 16 << 20;

/// What a block is taken to have before the first one is known.
const LARGE_BLOCK: usize = 4 << 20;

/// Coins that are worth another thread.
const WORTH_READING: usize = 16;

/// Bytes of blocks that came in just now and are kept until they are connected.
const KEPT_BYTES: usize = 16 << 20;

/// A block and its bytes.
type Sized = (Arc<Block>, usize);

#[derive(Debug)]
enum Reading {
    Awaited(Receiver<Sized>),
    Here(Sized),
}

/// Blocks that will be connected soon.
#[derive(Debug)]
pub(crate) struct ReadAhead {
    /// Being read, the next one first.
    reading: VecDeque<(BlockHash, Reading)>,
    /// Bytes of the block that was read last: the next ones will be like it.
    usual_bytes: usize,
    /// Coins that the next blocks spend, being read from the store as it is now; `None` where too few of
    /// them are worth reading.
    coins: VecDeque<(BlockHash, Option<Receiver<Vec<Slot>>>)>,
    /// Came in just now, all checked alone.
    kept: HashMap<BlockHash, Arc<Block>>,
    kept_bytes: usize,
}

impl Default for ReadAhead {
    fn default() -> Self {
        Self {
            reading: VecDeque::new(),
            usual_bytes: LARGE_BLOCK,
            coins: VecDeque::new(),
            kept: HashMap::new(),
            kept_bytes: 0,
        }
    }
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
        let Some((block, bytes)) = block else {
            self.reading.clear();
            return None;
        };
        self.usual_bytes = bytes;
        Some(block)
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
            Reading::Here((block, _)) => Some(Arc::clone(block)),
            Reading::Awaited(_) => None,
        }
    }

    /// The coins that the block spends, if they were asked for. Where it is not the next one, those of
    /// others are not wanted any more.
    pub(crate) fn take_coins(&mut self, hash: &BlockHash) -> Option<Found> {
        let (of, found) = self.coins.pop_front()?;
        if of != *hash {
            self.forget_coins();
            return None;
        }
        let found = found.map_or(Ok(Vec::new()), |found| found.recv());
        // Who needs them reads them again otherwise, and learns what is wrong.
        found.ok().map(Ok)
    }

    /// The store changes: what was read from it may not be true any more.
    pub(crate) fn forget_coins(&mut self) {
        self.coins.clear();
    }

    fn holds(&self, hash: &BlockHash) -> bool {
        self.kept.contains_key(hash) || self.reading.iter().any(|(known, _)| known == hash)
    }

    /// Whether one more block can be read: the first one always.
    fn has_room(&self) -> bool {
        let bytes = self.reading.iter().map(|(_, reading)| match reading {
            Reading::Awaited(_) => self.usual_bytes,
            Reading::Here((_, bytes)) => *bytes,
        });
        self.reading.is_empty() || bytes.sum::<usize>() + self.usual_bytes <= AHEAD_BYTES
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
            let mut next = height + 1..=height + AHEAD;
            // In order, and none where one is missing.
            let _done = next.all(|next| self.begin_reading(target, next));
        }
        block
    }

    /// Whether the block at `height` will be here.
    fn begin_reading(&mut self, target: EntryId, height: u32) -> bool {
        let (hash, pos) = {
            let index = self.shared.index();
            let Some(id) = index.ancestor(target, height) else {
                return false;
            };
            (index.entry(id).hash, index.entry(id).data_pos())
        };
        if self.ahead.holds(&hash) {
            return true;
        }
        let Some(pos) = pos.filter(|_| self.ahead.has_room()) else {
            return false;
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
                let bytes = block.size(true);
                // Who asked may go another way.
                let _gone = tell.send((Arc::new(block), bytes));
            }
        });
        true
    }

    /// Begins to read the coins that the blocks behind this one spend, while this one is connected.
    /// What is known in memory is not read, nor what these blocks make. Coins of several blocks are read
    /// together, in the order of the store: each of its pages is looked at once then.
    pub(crate) fn begin_reading_coins(&mut self, block: &Block, height: u32) {
        let asked = self.ahead.coins.len();
        let blocks = self.blocks_here(height, asked);
        // The fewer are waited for, the sooner; the more are here, the better.
        if blocks.len() < asked.max(1) {
            return;
        }
        let mut made: HashSet<Txid> = block.txs.iter().map(|tx| tx.txid()).collect();
        for at in 0..asked {
            let hash = self.ahead.coins[at].0;
            let block = self.ahead.look(&hash);
            made.extend(
                block
                    .iter()
                    .flat_map(|block| &block.txs)
                    .map(|tx| tx.txid()),
            );
        }
        let mut wanted = Vec::new();
        for (of, block) in blocks.iter().enumerate() {
            let places = inputs_from_outside(block, &mut made);
            let places = places.into_iter().filter(|place| !self.coins.knows(place));
            wanted.extend(places.map(|place| (place, of)));
        }
        if wanted.len() < WORTH_READING {
            let nothing = blocks.iter().map(|block| (block.hash, None));
            self.ahead.coins.extend(nothing);
            return;
        }
        let mut tell = Vec::with_capacity(blocks.len());
        for block in &blocks {
            let (teller, found) = mpsc::sync_channel(1);
            tell.push(teller);
            self.ahead.coins.push_back((block.hash, Some(found)));
        }
        let store = self.coins.base().clone();
        self.readers.spawn(move || {
            let Ok(found) = read_coins(&store, wanted, tell.len()) else {
                return;
            };
            for (tell, found) in tell.iter().zip(found) {
                // Who asked may go another way.
                let _gone = tell.send(found);
            }
        });
    }

    /// The blocks on the way that are here, from `behind` blocks behind `height` on.
    fn blocks_here(&mut self, height: u32, behind: usize) -> Vec<Arc<Block>> {
        let Some(target) = self.target else {
            return Vec::new();
        };
        let hashes: Vec<_> = {
            let index = self.shared.index();
            let heights = height + 1..=height + AHEAD;
            let ids = heights.map_while(|height| index.ancestor(target, height));
            ids.skip(behind).map(|id| index.entry(id).hash).collect()
        };
        let here = hashes.iter().map_while(|hash| self.ahead.look(hash));
        here.collect()
    }
}

/// What the block spends of others than those that made `made`, to which it is added.
pub(crate) fn inputs_from_outside(block: &Block, made: &mut HashSet<Txid>) -> Vec<OutPoint> {
    let mut wanted = Vec::new();
    for tx in block.txs.iter().skip(1) {
        let prevouts = tx.inputs.iter().map(|input| input.prevout);
        wanted.extend(prevouts.filter(|prevout| !made.contains(&prevout.txid)));
        made.insert(tx.txid());
    }
    wanted
}
