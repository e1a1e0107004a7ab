//! The best chain becomes the active one, block by block.

use std::sync::Arc;
use std::time::Instant;

use primitives::Block;

use crate::accept::with_debug;
use crate::block_files::FileError;
use crate::chainstate::{Chainstate, log2_work};
use crate::coins::CoinsCache;
use crate::connect::{Disconnected, Purpose, ScriptChecks};
use crate::error::{BlockRejection, ChainError, SubmitError};
use crate::flush::FlushMode;
use crate::index::{EntryId, Validity};
use crate::script_run::Verdict;
use crate::text::iso_date_time;
use crate::undo::BlockUndo;

/// Blocks of the older chain, below a snapshot, of which one is told.
const BACKGROUND_LOG_INTERVAL: u32 = 2000;

/// Blocks whose scripts may be running at a time: enough that no thread is idle while the last script of a block runs.
const MAX_UNSETTLED: usize = 4;

/// A block that is in the coins and near the end of the chain, while its scripts are being run.
pub(crate) struct Unsettled {
    id: EntryId,
    block: Arc<Block>,
    undo: Arc<BlockUndo>,
    parent: Option<EntryId>,
    checks: Option<ScriptChecks>,
    verdict: Verdict,
    /// Seconds that reading and applying it took.
    load: f64,
    connect: f64,
}

/// One step towards the best chain.
#[derive(Debug)]
pub(crate) enum Step {
    /// The tip was taken back.
    Disconnected(Arc<Block>),
    /// A block is in the coins; its scripts are still being run.
    Begun,
    /// A block became the tip.
    Connected(Arc<Block>),
    /// A block turned out to be invalid; another chain will be tried.
    Rejected(primitives::BlockHash, BlockRejection),
    /// The best chain is active.
    Done,
}

impl Chainstate {
    /// Takes one step towards the chain with the most work. `fresh` is a block that was checked just
    /// now and need not be read from disk.
    ///
    /// The scripts of a block run while the next ones are read and applied: [`Chainstate::settle`]
    /// waits for them. Nobody else sees the result before [`Chainstate::publish`].
    pub(crate) fn step(&mut self, fresh: Option<&Arc<Block>>) -> Result<Step, ChainError> {
        if self.target.is_none() {
            self.target = self.find_most_work();
        }
        let tip = self.tip();
        let Some(target) = self.target.filter(|target| Some(*target) != tip) else {
            let last = self.settle()?;
            if last.is_none() {
                self.target = None;
                self.ahead.clear();
            }
            return Ok(last.unwrap_or(Step::Done));
        };
        let (on_path, next) = {
            let index = self.shared.index();
            let height = u32::try_from(self.chain.len()).expect("heights have 32 bits");
            (
                tip.is_none_or(|tip| index.descends(target, tip)),
                index.ancestor(target, height),
            )
        };
        if (self.must_settle() || !on_path)
            && let Some(step) = self.settle()?
        {
            return Ok(step);
        }
        match (on_path, tip, next) {
            (false, Some(tip), _) => self.disconnect_tip(tip).map(Step::Disconnected),
            (true, _, Some(next)) => self.begin_tip(next, fresh),
            // The target is the tip's child at least, or has left its branch.
            (true, _, None) | (false, None, _) => {
                self.target = None;
                Ok(Step::Done)
            }
        }
    }

    /// Blocks that are to be taken back and connected to get to the best chain.
    pub(crate) fn steps_to_go(&mut self) -> usize {
        if self.target.is_none() {
            self.target = self.find_most_work();
        }
        let (Some(tip), Some(target)) = (self.tip(), self.target) else {
            return 0;
        };
        let index = self.shared.index();
        let fork = index.last_common(tip, target);
        let height = |id: EntryId| index.entry(id).height as usize;
        let fork = fork.map_or(0, height);
        height(tip) + height(target) - 2 * fork
    }

    /// Whether the lowest block is to be settled before another is begun. Coins go to disk only when all are.
    pub(crate) fn must_settle(&self) -> bool {
        self.unsettled.len() >= MAX_UNSETTLED || self.coins.memory() > self.coins_limit
    }

    /// The best candidate whose blocks are all here and not invalid (Core's `FindMostWorkChain`).
    fn find_most_work(&mut self) -> Option<EntryId> {
        let base = self.unconfirmed_base();
        let mut index = self.shared.index_mut();
        loop {
            let best = index.candidates.best()?;
            if base.is_some_and(|base| !index.descends(best, base)) {
                // Looked for again once the blocks below the snapshot's are here.
                let rank = index.rank(best);
                index.candidates.remove(rank);
                continue;
            }
            let mut at = Some(best);
            let mut obstacle = None;
            while let Some(id) = at {
                let entry = index.entry(id);
                if self.chain.get(entry.height as usize) == Some(&id) {
                    break;
                }
                if entry.status.has_failed() || !entry.status.has_data() {
                    obstacle = Some((id, entry.status.has_failed()));
                    break;
                }
                at = entry.prev;
            }
            let Some((obstacle, failed)) = obstacle else {
                return Some(best);
            };
            let work = index.entry(best).chain_work;
            if failed
                && index
                    .best_invalid
                    .is_none_or(|id| work > index.entry(id).chain_work)
            {
                index.best_invalid = Some(best);
            }
            // Nothing above the obstacle can be reached.
            let mut at = Some(best);
            while let Some(id) = at {
                if id != obstacle && !failed {
                    index.add_unlinked(id);
                }
                let rank = index.rank(id);
                index.candidates.remove(rank);
                at = index.entry(id).prev.filter(|_| id != obstacle);
            }
        }
    }

    /// Takes the tip back (Core's `DisconnectTip`).
    pub(crate) fn disconnect_tip(&mut self, tip: EntryId) -> Result<Arc<Block>, ChainError> {
        let started = Instant::now();
        let (block, undo) = self.read_with_undo(tip)?;
        self.take_back(tip, &block, undo)?;
        tracing::debug!(
            target: "bench",
            "- Disconnect block: {:.2}ms", started.elapsed().as_secs_f64() * 1000.0
        );
        self.flush(FlushMode::IfNeeded)?;
        self.log_tip(self.tip());
        Ok(Arc::new(block))
    }

    /// Takes the tip out of the coins in memory.
    fn take_back(
        &mut self,
        tip: EntryId,
        block: &Block,
        undo: BlockUndo,
    ) -> Result<(), ChainError> {
        let height = self.shared.index().entry(tip).height;
        let mut view = CoinsCache::new(&self.coins);
        let result = self.disconnect_block(block, undo, height, &mut view)?;
        if result != Disconnected::Clean {
            tracing::error!(
                target: "validation",
                "DisconnectTip(): DisconnectBlock {} failed", block.hash
            );
            return Err(ChainError::Disconnect(block.hash));
        }
        let changes = view.into_changes();
        self.coins.apply(changes);
        self.chain.pop();
        self.shared.prune_locks.move_back(height.saturating_sub(1));
        Ok(())
    }

    pub(crate) fn read_with_undo(&self, id: EntryId) -> Result<(Block, BlockUndo), ChainError> {
        let (hash, prev, data, undo) = {
            let index = self.shared.index();
            let entry = index.entry(id);
            (
                entry.hash,
                entry.header.prev,
                entry.data_pos(),
                entry.undo_pos(),
            )
        };
        let missing = || ChainError::Disconnect(hash);
        let files = self.writer.files();
        let block = files.read_block(data.ok_or_else(missing)?, &hash)?;
        let undo = files.read_undo(undo.ok_or_else(missing)?, &prev)?;
        Ok((block, undo))
    }

    /// Applies a block to the coins and begins to run its scripts.
    pub(crate) fn begin_tip(
        &mut self,
        next: EntryId,
        fresh: Option<&Arc<Block>>,
    ) -> Result<Step, ChainError> {
        let started = Instant::now();
        let (hash, height, parent, pos) = {
            let index = self.shared.index();
            let entry = index.entry(next);
            (entry.hash, entry.height, entry.prev, entry.data_pos())
        };
        // One that came in with other witnesses is not the one that was stored.
        let known = self.read_ahead(next);
        let known = known.or_else(|| fresh.filter(|fresh| fresh.hash == hash).cloned());
        let checked = known.is_some();
        let block = match known {
            Some(block) => block,
            None => {
                let pos = pos.ok_or(ChainError::CorruptBlock(hash))?;
                Arc::new(self.writer.files().read_block(pos, &hash)?)
            }
        };
        let load = started.elapsed().as_secs_f64();
        let found = self.fetch_coins(&block)?;
        self.begin_reading_coins(&block, height);
        let mut view = self.coins.lend(found);
        let applied = self.apply_block(&block, parent, &mut view, Purpose::Connect { checked });
        let changes = view.into_changes();
        let applied = match applied {
            Ok(applied) => applied,
            Err(SubmitError::Chain(error)) => return Err(error),
            Err(SubmitError::Rejected(rejection)) => {
                // Tried again once it is known that those below are good.
                let before = self.settle()?;
                return Ok(before.unwrap_or_else(|| self.reject_tip(next, &block, rejection)));
            }
        };
        let undo = Arc::new(applied.undo);
        let verdict = applied.rules.map_or(Verdict::Given(Ok(())), |rules| {
            rules.begin(&self.pool, &block, &undo)
        });
        self.coins.apply(changes);
        self.chain.push(next);
        let connect = started.elapsed().as_secs_f64() - load;
        self.unsettled.push_back(Unsettled {
            id: next,
            block,
            undo,
            parent,
            checks: applied.checks,
            verdict,
            load,
            connect,
        });
        Ok(Step::Begun)
    }

    /// Waits for the scripts of the lowest block that is not settled: it is a part of the chain then,
    /// or taken back with all above it. `None` where all are settled.
    pub(crate) fn settle(&mut self) -> Result<Option<Step>, ChainError> {
        let Some(lowest) = self.unsettled.pop_front() else {
            return Ok(None);
        };
        let waiting = Instant::now();
        let verdict = lowest.verdict.wait()?;
        let waited = waiting.elapsed().as_secs_f64();
        if let Err(error) = verdict {
            while let Some(above) = self.unsettled.pop_back() {
                self.take_back(above.id, &above.block, Arc::unwrap_or_clone(above.undo))?;
            }
            let undo = Arc::unwrap_or_clone(lowest.undo);
            self.take_back(lowest.id, &lowest.block, undo)?;
            let rejected = self.reject_tip(lowest.id, &lowest.block, error.into());
            return Ok(Some(rejected));
        }
        self.log_script_checks(lowest.checks, lowest.id);
        self.write_undo(lowest.id, &lowest.undo, lowest.parent)?;
        self.settle_candidates(lowest.id);
        if self.unsettled.is_empty() {
            self.flush(FlushMode::IfNeeded)?;
        }
        self.log_tip(Some(lowest.id));
        self.log_bench([lowest.load, waited, lowest.connect]);
        Ok(Some(Step::Connected(lowest.block)))
    }

    /// Makes a block the tip, on the spot.
    pub(crate) fn connect_now(
        &mut self,
        next: EntryId,
        fresh: Option<&Arc<Block>>,
    ) -> Result<Step, ChainError> {
        match self.begin_tip(next, fresh)? {
            Step::Begun => Ok(self.settle()?.unwrap_or(Step::Done)),
            rejected => Ok(rejected),
        }
    }

    /// Puts an invalid block and its descendants aside.
    fn reject_tip(&mut self, id: EntryId, block: &Block, rejection: BlockRejection) -> Step {
        let text = with_debug(&rejection, &block.hash);
        tracing::info!(target: "validation", "Block validation error: {text}");
        self.mark_invalid(id);
        tracing::error!(
            target: "validation", "ConnectTip: ConnectBlock {} failed, {text}", block.hash
        );
        self.target = None;
        Step::Rejected(block.hash, rejection)
    }

    fn write_undo(
        &mut self,
        id: EntryId,
        undo: &BlockUndo,
        parent: Option<EntryId>,
    ) -> Result<(), FileError> {
        let (file, height, prev, have) = {
            let index = self.shared.index();
            let entry = index.entry(id);
            (
                entry.file,
                entry.height,
                entry.header.prev,
                entry.status.has_undo(),
            )
        };
        let needed = parent.is_some() && !have;
        let pos = match needed {
            true => Some(self.writer.write_undo(undo, &prev, file, height)?),
            false => None,
        };
        let mut index = self.shared.index_mut();
        if let Some(pos) = pos {
            let entry = index.entry_mut(id);
            entry.undo_offset = pos.offset;
            entry.status.set_undo(true);
        }
        if parent.is_some() && !index.entry(id).status.is_valid(Validity::Scripts) {
            index.entry_mut(id).status.raise(Validity::Scripts);
        }
        Ok(())
    }

    /// Drops the candidates that are worse than the new tip.
    fn settle_candidates(&mut self, tip: EntryId) {
        if self.is_in_background() {
            // They are the active chain's.
            return;
        }
        let mut index = self.shared.index_mut();
        let rank = index.rank(tip);
        index.candidates.prune(rank);
        index.candidates.insert(rank);
    }

    fn log_script_checks(&mut self, checks: Option<ScriptChecks>, id: EntryId) {
        let Some(checks) = checks.filter(|checks| self.last_script_checks != Some(*checks)) else {
            return;
        };
        let (height, hash) = {
            let index = self.shared.index();
            (index.entry(id).height, index.entry(id).hash)
        };
        match checks {
            ScriptChecks::On(reason) => tracing::info!(
                target: "validation",
                "Enabling script verification at block #{height} ({hash}): {reason}."
            ),
            ScriptChecks::Off => tracing::info!(
                target: "validation",
                "Disabling script verification at block #{height} ({hash})."
            ),
        }
        self.last_script_checks = Some(checks);
    }

    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    fn log_tip(&self, tip: Option<EntryId>) {
        let Some(tip) = tip else { return };
        let background = self.is_in_background();
        let height = self.shared.index().entry(tip).height;
        if background && !height.is_multiple_of(BACKGROUND_LOG_INTERVAL) {
            return;
        }
        let prefix = if background {
            "[background validation] "
        } else {
            ""
        };
        let progress = self.progress_of(tip);
        let index = self.shared.index();
        let entry = index.entry(tip);
        let mebibytes = self.coins.memory() as f64 / f64::from(1 << 20);
        tracing::info!(
            target: "validation",
            "{prefix}UpdateTip: new best={} height={} version=0x{:08x} log2_work={:.6} tx={} date='{}' \
             progress={progress:.6} cache={mebibytes:.1}MiB({}txo)",
            entry.hash,
            height,
            entry.header.version,
            log2_work(entry.chain_work),
            entry.chain_tx_count,
            iso_date_time(entry.header.time.into()),
            self.coins.len(),
        );
    }

    fn log_bench(&mut self, [load, scripts, connect]: [f64; 3]) {
        let total = load + scripts + connect;
        let bench = &mut self.bench;
        bench.blocks += 1;
        bench.load += load;
        bench.scripts += scripts;
        bench.connect += connect;
        bench.total += total;
        let blocks = f64::from(bench.blocks);
        let line = |name: &str, now: f64, sum: f64| {
            tracing::debug!(
                target: "bench",
                "{name}: {:.2}ms [{sum:.2}s ({:.2}ms/blk)]", now * 1000.0, sum / blocks * 1000.0
            );
        };
        line("  - Load block from disk", load, bench.load);
        line("  - Verify scripts", scripts, bench.scripts);
        line("  - Connect coins", connect, bench.connect);
        line("- Connect block", total, bench.total);
    }
}
