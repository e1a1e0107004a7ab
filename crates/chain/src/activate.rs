//! The best chain becomes the active one, block by block.

use std::sync::Arc;
use std::time::Instant;

use primitives::Block;

use crate::accept::with_debug;
use crate::block_files::FileError;
use crate::chainstate::{Chainstate, log2_work};
use crate::coins::CoinsCache;
use crate::connect::{ConnectedBlock, Disconnected, Purpose, ScriptChecks};
use crate::error::{BlockRejection, ChainError, SubmitError};
use crate::flush::FlushMode;
use crate::index::{EntryId, Validity};
use crate::text::iso_date_time;
use crate::undo::BlockUndo;

/// One step towards the best chain.
#[derive(Debug)]
pub(crate) enum Step {
    /// The tip was taken back.
    Disconnected(Arc<Block>),
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
    /// Nobody else sees the result before [`Chainstate::publish`].
    pub(crate) fn step(&mut self, fresh: Option<&Arc<Block>>) -> Result<Step, ChainError> {
        if self.target.is_none() {
            self.target = self.find_most_work();
        }
        let tip = self.tip();
        let Some(target) = self.target.filter(|target| Some(*target) != tip) else {
            self.target = None;
            return Ok(Step::Done);
        };
        let (on_path, next) = {
            let index = self.shared.index();
            let height = u32::try_from(self.chain.len()).expect("heights have 32 bits");
            (
                tip.is_none_or(|tip| index.descends(target, tip)),
                index.ancestor(target, height),
            )
        };
        match (on_path, tip, next) {
            (false, Some(tip), _) => self.disconnect_tip(tip).map(Step::Disconnected),
            (true, _, Some(next)) => self.connect_tip(next, fresh),
            // The target is the tip's child at least, or has left its branch.
            (true, _, None) | (false, None, _) => {
                self.target = None;
                Ok(Step::Done)
            }
        }
    }

    /// The best candidate whose blocks are all here and not invalid (Core's `FindMostWorkChain`).
    fn find_most_work(&mut self) -> Option<EntryId> {
        let mut index = self.shared.index_mut();
        loop {
            let best = index.candidates.best()?;
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
        let height = self.shared.index().entry(tip).height;
        let mut view = CoinsCache::new(&self.coins);
        let result = self.disconnect_block(&block, undo, height, &mut view)?;
        if result != Disconnected::Clean {
            tracing::error!(
                target: "validation",
                "DisconnectTip(): DisconnectBlock {} failed", block.hash
            );
            return Err(ChainError::Disconnect(block.hash));
        }
        let changes = view.into_changes();
        self.coins.apply(changes);
        tracing::debug!(
            target: "bench",
            "- Disconnect block: {:.2}ms", started.elapsed().as_secs_f64() * 1000.0
        );
        self.chain.pop();
        self.flush(FlushMode::IfNeeded)?;
        self.log_tip();
        Ok(Arc::new(block))
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

    pub(crate) fn connect_tip(
        &mut self,
        next: EntryId,
        fresh: Option<&Arc<Block>>,
    ) -> Result<Step, ChainError> {
        let started = Instant::now();
        let (hash, parent, pos) = {
            let index = self.shared.index();
            let entry = index.entry(next);
            (entry.hash, entry.prev, entry.data_pos())
        };
        let checked = fresh.is_some_and(|fresh| fresh.hash == hash);
        let block = match fresh.filter(|_| checked) {
            Some(fresh) => Arc::clone(fresh),
            None => {
                let pos = pos.ok_or(ChainError::CorruptBlock(hash))?;
                Arc::new(self.writer.files().read_block(pos, &hash)?)
            }
        };
        let loaded = Instant::now();
        self.prefetch_coins(&block)?;
        let mut view = CoinsCache::new(&self.coins);
        let connected = self.connect_block(&block, parent, &mut view, Purpose::Connect { checked });
        let ConnectedBlock {
            undo,
            scripts,
            script_time,
        } = match connected {
            Ok(connected) => connected,
            Err(SubmitError::Chain(error)) => return Err(error),
            Err(SubmitError::Rejected(rejection)) => {
                drop(view);
                return Ok(self.reject_tip(next, &block, rejection));
            }
        };
        let changes = view.into_changes();
        self.log_script_checks(scripts, &block);
        self.write_undo(next, &undo, parent)?;
        self.coins.apply(changes);
        self.chain.push(next);
        self.settle_candidates(next);
        self.flush(FlushMode::IfNeeded)?;
        self.log_tip();
        self.log_bench(started, loaded, script_time.as_secs_f64());
        Ok(Step::Connected(block))
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
        let mut index = self.shared.index_mut();
        let rank = index.rank(tip);
        index.candidates.prune(rank);
        index.candidates.insert(rank);
    }

    fn log_script_checks(&mut self, checks: Option<ScriptChecks>, block: &Block) {
        let Some(checks) = checks.filter(|checks| self.last_script_checks != Some(*checks)) else {
            return;
        };
        let (height, hash) = (self.chain.len(), block.hash);
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
    fn log_tip(&self) {
        let Some(tip) = self.tip() else { return };
        let progress = self.progress_of(tip);
        let index = self.shared.index();
        let entry = index.entry(tip);
        let mebibytes = self.coins.memory() as f64 / f64::from(1 << 20);
        tracing::info!(
            target: "validation",
            "UpdateTip: new best={} height={} version=0x{:08x} log2_work={:.6} tx={} date='{}' \
             progress={progress:.6} cache={mebibytes:.1}MiB({}txo)",
            entry.hash,
            entry.height,
            entry.header.version,
            log2_work(entry.chain_work),
            entry.chain_tx_count,
            iso_date_time(entry.header.time.into()),
            self.coins.len(),
        );
    }

    fn log_bench(&mut self, started: Instant, loaded: Instant, scripts: f64) {
        let (load, total) = (
            (loaded - started).as_secs_f64(),
            started.elapsed().as_secs_f64(),
        );
        let bench = &mut self.bench;
        bench.blocks += 1;
        bench.load += load;
        bench.scripts += scripts;
        bench.connect += total - load - scripts;
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
        line("  - Connect coins", total - load - scripts, bench.connect);
        line("- Connect block", total, bench.total);
    }
}
