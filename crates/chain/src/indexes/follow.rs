//! The thread of an index: takes it from where it stands to the tip, and on with every block.

use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::BlockHash;
use rayon::ThreadPool;
use rayon::prelude::*;
use tokio::sync::watch;

use super::block_on::block_on;
use super::indexing::{Indexing, Run, Source};
use super::state::IndexState;
use super::{IndexError, IndexProgress, IndexProgressFn};
use crate::error::ReadError;
use crate::follower::{Ahead, ChainFollower, FollowError};
use crate::reader::{BlockInfo, ChainReader, Ended, Tip};
use crate::store::{Batch, Durability, Store};
use crate::thread::or_panic;
use crate::undo::BlockUndo;

/// Key of the block that the index stands at, with what goes with it.
const BEST: &[u8] = b"B";
/// Key of the block that it stood at when the coins on disk had come as far.
const ANCHOR: &[u8] = b"A";
/// What is written at once while the index is built, in bytes.
const BATCH_BYTES: usize = 4 << 20;
/// Longest time before something is written, so that others see how far it is.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two marks that survive a loss of power, while the index is built.
const ANCHOR_INTERVAL: Duration = Duration::from_secs(30);
/// Time between two lines in the log while the index is built.
const LOG_INTERVAL: Duration = Duration::from_secs(30);
/// Blocks read together, for each thread.
const BLOCKS_PER_THREAD: usize = 2;

/// A block that is on disk as the index's place.
struct Mark {
    hash: BlockHash,
    state: Vec<u8>,
}

/// What one look at the chain gave.
#[derive(PartialEq, Eq)]
enum Step {
    Moved,
    /// At the tip, or before a block that is not here yet.
    Arrived {
        at_tip: bool,
    },
    Stopped,
}

/// An index with its place in the chain.
pub(super) struct Follow<I> {
    index: I,
    state: Arc<IndexState>,
    store: Store,
    follower: ChainFollower,
    progress: IndexProgressFn,
    /// What was told last; `None` before the first time.
    told: Option<u8>,
    stop: watch::Receiver<bool>,
    tip: watch::Receiver<Tip>,
    flushed: watch::Receiver<BlockHash>,
    batch: Batch,
    /// The block that the store's mark names.
    written: Option<BlockHash>,
    anchored: Option<BlockHash>,
    last_write: Instant,
    last_anchor: Instant,
    last_log: Instant,
}

impl<I: Indexing> Follow<I> {
    pub(super) fn open(
        index: I,
        state: Arc<IndexState>,
        store: Store,
        progress: IndexProgressFn,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, IndexError> {
        let reader = state.reader.clone();
        let now = Instant::now();
        let follow = Self {
            index,
            store,
            follower: ChainFollower::new(reader.clone(), None),
            progress,
            told: None,
            stop,
            tip: reader.subscribe(),
            flushed: reader.flushed(),
            batch: Batch::new(),
            written: None,
            anchored: None,
            last_write: now,
            last_anchor: now,
            last_log: now,
            state,
        };
        let marks = [follow.mark(BEST)?, follow.mark(ANCHOR)?];
        // What was made durable must be there; what came later may be taken in again.
        let anchor = marks[1].as_ref().and_then(|mark| reader.block(&mark.hash));
        if let Some(info) = anchor {
            follow.index.check(&info)?;
        }
        let known = marks.iter().flatten();
        let mut known = known.map(|mark| reader.block(&mark.hash)).peekable();
        let some = known.peek().is_some();
        let best = known.find_map(|info| info);
        if some && best.is_none() {
            return Err(follow.state.unknown_best());
        }
        follow.state.set_best(best.as_ref());
        if best.is_some_and(|best| Some(best.hash) == reader.tip_block().map(|tip| tip.hash)) {
            follow.state.set_synced();
        }
        Ok(follow)
    }

    fn reader(&self) -> &ChainReader {
        &self.state.reader
    }

    fn name(&self) -> &'static str {
        self.state.kind.name()
    }

    fn mark(&self, key: &[u8]) -> Result<Option<Mark>, IndexError> {
        let value = self.store.get(key);
        let Some(value) = value.map_err(|error| self.state.store_error(error))? else {
            return Ok(None);
        };
        let Some((hash, state)) = value.split_first_chunk::<32>() else {
            return Err(self.state.damaged("its best block does not decode"));
        };
        Ok(Some(Mark {
            hash: BlockHash(*hash),
            state: state.to_vec(),
        }))
    }

    /// What is known of a mark's block, where the way from there to the tip is open.
    fn usable(&self, mark: &Mark, anchor: Option<&Mark>) -> Option<BlockInfo> {
        let reader = self.reader();
        let info = reader.block(&mark.hash)?;
        let mut at = info.clone();
        while !at.active {
            let has_block = at.status.has_data() && at.status.has_undo();
            if self.state.kind.needs_blocks_back() && !has_block {
                return None;
            }
            at = reader.block(&at.header.prev)?;
        }
        // What was written since the anchor may be lost in part.
        let anchor = anchor.and_then(|anchor| reader.block(&anchor.hash));
        let anchor = anchor.and_then(|anchor| reader.last_common(&anchor.hash, &info.hash));
        let mut at = info.clone();
        while anchor.as_ref().is_none_or(|anchor| at.hash != anchor.hash) {
            if let Err(error) = self.index.check(&at) {
                tracing::debug!(target: "validation", "{} falls back: {error}", self.name());
                return None;
            }
            if at.height == 0 {
                break;
            }
            at = reader.block(&at.header.prev)?;
        }
        Some(info)
    }

    fn stopping(&self) -> bool {
        *self.stop.borrow() || self.state.is_paused()
    }

    /// Follows until the stop.
    fn serve(&mut self, pool: &ThreadPool) -> Result<(), IndexError> {
        loop {
            let step = self.step(pool)?;
            let arrived = matches!(step, Step::Arrived { .. });
            let full = self.batch.bytes() > BATCH_BYTES;
            if step != Step::Moved || full || self.last_write.elapsed() > WRITE_INTERVAL {
                self.write(step != Step::Moved)?;
            }
            match step {
                Step::Stopped => {
                    self.tell_pause();
                    return Ok(());
                }
                Step::Arrived { at_tip: true } => self.arrive(),
                Step::Arrived { at_tip: false } | Step::Moved => self.report(),
            }
            if arrived {
                self.wait();
            }
        }
    }

    /// Takes some blocks in, or one back.
    fn step(&mut self, pool: &ThreadPool) -> Result<Step, IndexError> {
        if self.stopping() {
            return Ok(Step::Stopped);
        }
        let limit = pool.current_num_threads() * BLOCKS_PER_THREAD;
        let ahead = self.follower.ahead(limit).map_err(|error| match error {
            FollowError::Lost(_) => self.state.unknown_best(),
            FollowError::Read(source) => self.state.read_error(source),
        })?;
        match ahead {
            Ahead::Arrived => Ok(Step::Arrived { at_tip: true }),
            // A chain that was only cut short may come back: nothing changes until another block
            // takes the place, as in the reference.
            Ahead::Disconnect(info) if self.is_above_tip(&info) => {
                Ok(Step::Arrived { at_tip: true })
            }
            Ahead::Disconnect(info) => {
                // What the block before left is looked up in the store.
                self.write(false)?;
                let back = self.state.kind.needs_blocks_back();
                let part = back.then(|| self.read(&info)).transpose();
                let part = part.map_err(|error| self.unreadable(error))?;
                self.index.disconnect(&info, part)?;
                self.follower.move_to(info.header.prev);
                tracing::debug!(
                    target: "validation", "{} took block {} back", self.name(), info.hash
                );
                Ok(Step::Moved)
            }
            Ahead::Connect(infos) => self.connect(&infos, pool),
        }
    }

    /// Whether the tip is an ancestor of this block.
    fn is_above_tip(&self, info: &BlockInfo) -> bool {
        let reader = self.reader();
        let tip = reader.tip_block();
        tip.is_some_and(|tip| {
            let fork = reader.fork_point(&info.hash);
            fork.is_some_and(|fork| fork.hash == tip.hash)
        })
    }

    fn connect(&mut self, infos: &[BlockInfo], pool: &ThreadPool) -> Result<Step, IndexError> {
        let read = |info: &BlockInfo| match self.stopping() {
            true => None,
            false => Some(self.read(info)),
        };
        let parts: Vec<_> = match infos {
            [info] => vec![read(info)],
            infos => pool.install(|| infos.par_iter().map(read).collect()),
        };
        for (info, part) in infos.iter().zip(parts) {
            let part = match part {
                None => return Ok(Step::Stopped),
                // A chain from a snapshot gets its first blocks later.
                Some(Err(Unreadable::Block(ReadError::NotHere))) => {
                    return Ok(Step::Arrived { at_tip: false });
                }
                Some(part) => part.map_err(|error| self.unreadable(error))?,
            };
            self.index.connect(info, part, &mut self.batch)?;
            self.follower.move_to(info.hash);
        }
        Ok(Step::Moved)
    }

    /// Reads a block, and makes of it what can be made by itself.
    fn read(&self, info: &BlockInfo) -> Result<I::Part, Unreadable> {
        let reader = self.reader();
        let block = reader.read_block(&info.hash).map_err(Unreadable::Block)?;
        let undo = match self.state.kind.needs_undo() {
            true => reader.read_undo(&info.hash).map_err(Unreadable::Block)?,
            false => BlockUndo::default(),
        };
        let source = Source {
            info,
            block: &block,
            undo: &undo,
        };
        self.index.prepare(&source).map_err(Unreadable::Part)
    }

    fn unreadable(&self, error: Unreadable) -> IndexError {
        match error {
            Unreadable::Block(source) => self.state.read_error(source),
            Unreadable::Part(error) => error,
        }
    }

    /// Writes what was taken in, with the block that it reaches to, and shows that.
    fn write(&mut self, resting: bool) -> Result<(), IndexError> {
        self.last_write = Instant::now();
        let best = self.follower.best();
        if best != self.written || !self.batch.is_empty() {
            let mut batch = std::mem::take(&mut self.batch);
            self.index.before_write(&mut batch)?;
            self.put_mark(BEST, &mut batch);
            tracing::debug!(
                target: "validation", "Writing {} with {} bytes", self.name(), batch.bytes()
            );
            let written = self.store.write(batch, Durability::Process);
            written.map_err(|error| self.state.store_error(error))?;
            self.written = best;
            let info = best.and_then(|best| self.reader().block(&best));
            self.state.set_best(info.as_ref());
        }
        if resting || self.last_anchor.elapsed() > ANCHOR_INTERVAL {
            self.anchor()?;
        }
        Ok(())
    }

    fn put_mark(&self, key: &[u8], batch: &mut Batch) {
        if let Some(best) = self.follower.best() {
            batch.put(key, &[&best.0[..], &self.index.state()].concat());
        }
    }

    /// Makes everything survive a loss of power, if the coins on disk have come as far.
    fn anchor(&mut self) -> Result<(), IndexError> {
        let Some(best) = self.written.filter(|best| self.anchored != Some(*best)) else {
            return Ok(());
        };
        let flushed = *self.flushed.borrow();
        let reader = self.reader();
        let height = reader.block(&best).map(|info| info.height);
        let reached = height.and_then(|height| reader.ancestor(&flushed, height));
        if reached.is_none_or(|info| info.hash != best) {
            return Ok(());
        }
        self.index.sync()?;
        let mut batch = Batch::new();
        self.put_mark(ANCHOR, &mut batch);
        let written = self.store.write(batch, Durability::Disk);
        written.map_err(|error| self.state.store_error(error))?;
        tracing::debug!(target: "validation", "Committed {} at {best}", self.name());
        self.anchored = Some(best);
        self.last_anchor = Instant::now();
        Ok(())
    }

    /// Tells how far the index is.
    fn report(&mut self) {
        let summary = self.state.summary();
        if summary.synced {
            return;
        }
        if self.last_log.elapsed() > LOG_INTERVAL {
            self.last_log = Instant::now();
            tracing::info!(
                "Syncing {} with block chain from height {}",
                self.name(),
                summary.best_height
            );
        }
        let reader = self.reader();
        let at = reader.block(&summary.best_hash);
        let done = at.map_or(0, |at| at.chain_tx_count);
        let all = reader.tip_block().map_or(0, |tip| tip.chain_tx_count);
        let percent = done.saturating_mul(100) / all.max(1);
        let percent = u8::try_from(percent.min(99)).expect("below a hundred");
        if self.told != Some(percent) {
            self.told = Some(percent);
            (self.progress)(self.state.kind, IndexProgress::Percent(percent));
        }
    }

    /// Tells that the index is at the tip.
    fn arrive(&mut self) {
        if self.state.set_synced() {
            let height = self.state.summary().best_height;
            tracing::info!("{} is enabled at height {height}", self.name());
        }
        if self.told.take().is_some() {
            (self.progress)(self.state.kind, IndexProgress::AtTip);
        }
    }

    /// Tells that the index stands still, where somebody asked for that.
    fn tell_pause(&mut self) {
        if self.state.is_paused() {
            let height = self.state.summary().best_height;
            tracing::info!(
                "{} stands at height {height} until the next start, as somebody asked for",
                self.name()
            );
            if self.told.take().is_some() {
                (self.progress)(self.state.kind, IndexProgress::Paused);
            }
        }
    }

    /// Waits for a change of the tip or of the coins on disk, or for the stop.
    fn wait(&mut self) {
        let (tip, flushed) = (self.tip.changed(), self.flushed.changed());
        let stop = self.stop.wait_for(|stop| *stop);
        let paused = self.state.paused();
        // An end of any of them shows when the chain is looked at next.
        block_on(async move {
            tokio::select! {
                _ = tip => {}
                _ = flushed => {}
                _ = stop => {}
                () = paused => {}
            }
        });
    }
}

/// Why a block gave no part.
enum Unreadable {
    Block(ReadError),
    Part(IndexError),
}

impl<I: Indexing> Run for Follow<I> {
    fn state(&self) -> &IndexState {
        &self.state
    }

    fn find_place(&mut self) -> Result<(), IndexError> {
        let (best, anchor) = (self.mark(BEST)?, self.mark(ANCHOR)?);
        let from_best = best
            .as_ref()
            .and_then(|mark| Some((self.usable(mark, anchor.as_ref())?, mark)));
        let place = from_best.or_else(|| {
            let mark = anchor.as_ref()?;
            Some((self.usable(mark, Some(mark))?, mark))
        });
        if place.is_none() && best.is_some() {
            return Err(self.state.unknown_best());
        }
        let at = place.as_ref().map(|(info, _)| info.clone());
        if let Some(info) = &at {
            self.index.check(info)?;
        }
        self.index.restore(
            place
                .as_ref()
                .map(|(info, mark)| (info, mark.state.as_slice())),
        )?;
        let hash = at.as_ref().map(|info| info.hash);
        self.written = hash;
        self.anchored = anchor.map(|mark| mark.hash);
        self.follower = ChainFollower::new(self.reader().clone(), hash);
        self.state.set_best(at.as_ref());
        let fork = at.and_then(|info| self.reader().fork_point(&info.hash));
        let undo = self.state.kind.needs_undo();
        if self
            .reader()
            .has_all_above(fork.map(|info| info.height), undo)
        {
            Ok(())
        } else {
            Err(IndexError::Pruned {
                index: self.name(),
                undo,
            })
        }
    }

    fn run(mut self: Box<Self>, pool: &ThreadPool) {
        tracing::info!("{} thread start", self.state.kind.thread_name());
        let index = self.name();
        let ended = |source| Err(IndexError::Ended { index, source });
        let result = or_panic(|| self.serve(pool), ended);
        if let Err(error) = result {
            tracing::error!("A fatal internal error occurred: {error}");
            self.reader().shared.end(Ended::Fatal(error.to_string()));
        }
        self.state.set_running(false);
        tracing::info!("{} thread exit", self.state.kind.thread_name());
    }
}
