//! Blocks that came in, and the way to the best chain.

use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::{Block, BlockHash};

use super::ChainThread;
use crate::activate::Step;
use crate::config::{ChainConfig, Task};
use crate::error::{BlockRejection, ChainError, SubmitError};
use crate::flush::FlushMode;
use crate::handle::{Accepted, Submission};
use crate::reader::Ended;

/// How long waiting blocks are connected before the tip is shown and commands are looked at.
const SLICE: Duration = Duration::from_millis(50);

/// So many blocks to take back or to connect are worth a report.
const LONG_WAY: usize = 100;

/// A way to the best chain that takes long.
pub(super) struct Way {
    /// Blocks that were taken back or connected.
    done: usize,
    /// All that are to be.
    total: usize,
}

/// Tells of a step on a way that takes long.
fn go_a_step(way: &mut Option<Way>, config: &ChainConfig) {
    if let Some(way) = way {
        way.done += 1;
        let percent = way.done as u64 * 100 / way.total as u64;
        config.report(Task::Activating, percent.min(99));
    }
}

/// Tells how many of many blocks were taken back that are to be invalid.
fn report_taken_back(config: &ChainConfig, done: usize, total: usize) {
    if total >= LONG_WAY {
        config.report(Task::Disconnecting, done as u64 * 100 / total as u64);
    }
}

/// A block that came in just now, and what connecting it gave.
pub(super) struct Fresh<'a> {
    block: &'a Arc<Block>,
    /// Whether it was stored as it is. Another of the same id may have other witnesses, which were
    /// not checked.
    stored: bool,
    connected: Option<Result<(), BlockRejection>>,
}

impl ChainThread {
    /// Takes a block in and connects what can be connected. Only failures of the machine are errors
    /// of the outer kind.
    pub(super) fn submit(
        &mut self,
        block: &Arc<Block>,
        submission: Submission,
    ) -> Result<Result<Accepted, SubmitError>, ChainError> {
        let new = match self.chain.accept_new_block(block, submission) {
            Ok((_, new)) => new,
            Err(SubmitError::Chain(error)) => return Err(error),
            Err(rejected) => return Ok(Err(rejected)),
        };
        let mut fresh = Fresh {
            block,
            stored: new,
            connected: None,
        };
        self.activate(Some(&mut fresh))?;
        let below = self.chain.unconfirmed_base().is_some() && !self.has_ended();
        if fresh.connected.is_none() && below {
            self.connect_below_snapshot(&mut fresh)?;
        }
        let connected = fresh.connected;
        Ok(Ok(Accepted { new, connected }))
    }

    /// Connects a block that came in to the older chain, below a snapshot, where it is the next.
    fn connect_below_snapshot(&mut self, fresh: &mut Fresh<'_>) -> Result<(), ChainError> {
        let block = fresh.stored.then_some(fresh.block);
        fresh.connected = match self.chain.connect_below(&fresh.block.hash, block)? {
            Step::Connected(_) => Some(Ok(())),
            Step::Rejected(_, rejection) => Some(Err(rejection)),
            Step::Begun | Step::Disconnected(_) | Step::Done => None,
        };
        Ok(())
    }

    /// Connects the best chain.
    pub(super) fn activate(&mut self, mut fresh: Option<&mut Fresh<'_>>) -> Result<(), ChainError> {
        let total = self.chain.steps_to_go();
        self.way = (total >= LONG_WAY && self.import.is_none()).then_some(Way { done: 0, total });
        while self.advance(fresh.as_deref_mut())? {
            // What waits on disk waits for the next start, but for the block that is the next.
            if self.has_stopped() || self.paused {
                break;
            }
        }
        if self.way.take().is_some() {
            self.chain.config().report(Task::Activating, 100);
        }
        Ok(())
    }

    /// Connects blocks until the tip is better than it was, and for a slice of time where many wait,
    /// and shows it. False where the best chain is active already.
    pub(super) fn advance(
        &mut self,
        mut fresh: Option<&mut Fresh<'_>>,
    ) -> Result<bool, ChainError> {
        if self.has_ended() {
            // The block at the height to stop at is the last one, whoever brings more.
            return Ok(false);
        }
        let (start, begun) = (self.chain.tip_work(), Instant::now());
        let stored = fresh.as_ref().filter(|fresh| fresh.stored);
        let block = stored.map(|fresh| fresh.block);
        let mut tell = |hash: BlockHash, result| {
            if let Some(fresh) = fresh.as_mut().filter(|fresh| fresh.block.hash == hash) {
                fresh.connected = Some(result);
            }
        };
        let slice = if self.import.is_some() && !self.paused {
            SLICE
        } else {
            Duration::ZERO
        };
        let more = loop {
            // Blocks that are being connected count: none is begun above the height to stop at.
            let enough = self.is_at_stop_height()
                || (self.chain.tip_work() > start && begun.elapsed() >= slice);
            let step = match enough {
                true => match self.chain.settle()? {
                    Some(step) => step,
                    None if self.chain.tip_work() > start => break true,
                    None => self.chain.step(block)?,
                },
                false => self.chain.step(block)?,
            };
            match step {
                Step::Begun => {}
                Step::Disconnected(block) => {
                    self.chain.note_disconnected(&block);
                    go_a_step(&mut self.way, self.chain.config());
                }
                Step::Connected(block) => {
                    self.chain.note_connected(&block);
                    go_a_step(&mut self.way, self.chain.config());
                    tell(block.hash, Ok(()));
                }
                Step::Rejected(hash, rejection) => tell(hash, Err(rejection)),
                Step::Done => break false,
            }
        };
        self.chain.publish();
        self.chain.settle_mempool();
        self.check_stop_height();
        self.chain.flush(FlushMode::Periodic)?;
        Ok(more)
    }

    fn is_at_stop_height(&self) -> bool {
        let stop = self.chain.config().stop_at_height;
        stop.is_some_and(|stop| stop > 0 && self.chain.chain.len() > stop as usize)
    }

    fn check_stop_height(&self) {
        if self.is_at_stop_height()
            && let Some(stop) = self.chain.config().stop_at_height
        {
            self.chain.end(Ended::StopHeight(stop));
        }
    }

    pub(super) fn invalidate(&mut self, hash: &BlockHash) -> Result<bool, ChainError> {
        let Some(invalid) = self.chain.find_to_invalidate(hash) else {
            return Ok(false);
        };
        self.chain.check_not_pruned(invalid)?;
        let (begun, height) = {
            let index = self.chain.shared.index();
            (self.chain.chain.len(), index.entry(invalid).height as usize)
        };
        let total = begun.saturating_sub(height);
        // One that came when nothing was taken back any more is of no use now.
        let _late = self.chain.config().cancel.take_invalidation();
        let mut cancelled_at = None;
        while let Some(block) = self.chain.invalidate_step(invalid)? {
            self.chain.note_disconnected(&block);
            let left = self.chain.chain.len().saturating_sub(height);
            report_taken_back(self.chain.config(), total - left.min(total), total);
            if left > 0 && self.has_stopped() {
                // Those that were taken back are invalid; the others are not yet.
                self.chain.publish();
                return Err(ChainError::Stopped);
            }
            if left > 0 && self.chain.config().cancel.take_invalidation() {
                cancelled_at = self.chain.shared.index().find(&block.hash);
                break;
            }
        }
        self.chain
            .finish_invalidate(cancelled_at.unwrap_or(invalid));
        self.chain.publish();
        self.activate(None)?;
        if cancelled_at.is_some() {
            report_taken_back(self.chain.config(), total, total);
            return Err(ChainError::Cancelled);
        }
        Ok(true)
    }
}
