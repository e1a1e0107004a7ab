//! Old blocks are deleted to save space (`-prune`).
//!
//! Pairs of block and undo files go as a whole, once all their blocks are far enough below the tip.
//! First everything is written that may still need them, then the index says that they are gone,
//! then they are deleted: killed in between, the next start deletes them.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use crate::block_files::{BLOCK_CHUNK, UNDO_CHUNK};
use crate::chainstate::Chainstate;
use crate::config::{MIN_BLOCKS_TO_KEEP, Prune, Task};
use crate::error::ChainError;
use crate::flush::FlushMode;
use crate::index::{EntryId, IndexStore};
use crate::reader::ChainReader;

/// What a block of the initial download is taken to weigh, in bytes.
const AVERAGE_BLOCK: u64 = 1_000_000;
/// Fewer pairs of files are deleted without a word.
const WORTH_A_REPORT: usize = 20;

impl Chainstate {
    /// The pairs of files to delete where files have grown beyond the target since it was last
    /// looked at (Core's `FindFilesToPrune`).
    pub(crate) fn files_to_prune(&mut self) -> BTreeSet<u32> {
        self.check_pruning |= self.writer.take_grown();
        let Prune::Automatic(target) = self.config().prune else {
            return BTreeSet::new();
        };
        if !self.check_pruning || self.reindexing {
            return BTreeSet::new();
        }
        self.check_pruning = false;
        self.files_above(target)
    }

    fn files_above(&self, target: u64) -> BTreeSet<u32> {
        let mut files = BTreeSet::new();
        let height = self.chain.len().saturating_sub(1) as u64;
        if height <= u64::from(self.params().prune_after_height) {
            return files;
        }
        let last = self.last_prunable(None);
        let mut usage = self.writer.bytes_in_use();
        // Files grow by so much before they are looked at again.
        let mut buffer = u64::from(BLOCK_CHUNK + UNDO_CHUNK);
        if usage + buffer >= target {
            if self.initial_download {
                // Every time coins are written as well: not too often while many blocks come.
                let headers = {
                    let index = self.shared.index();
                    index.best_header.map_or(0, |id| index.entry(id).height)
                };
                let missing = u64::from(headers).saturating_sub(height);
                buffer = buffer.saturating_add(missing * AVERAGE_BLOCK);
            }
            for file in 0..self.writer.last_file() {
                if usage.saturating_add(buffer) < target {
                    break;
                }
                let info = self.writer.info(file);
                if info.size > 0 && info.last_height <= last && !self.is_needed_below(info) {
                    usage -= u64::from(info.size) + u64::from(info.undo_size);
                    files.insert(file);
                }
            }
        }
        tracing::debug!(
            target: "prune",
            "target={}MiB actual={}MiB max_prune_height={last} removed {} blk/rev pairs",
            target >> 20,
            usage >> 20,
            files.len()
        );
        files
    }

    /// Deletes the pairs of files whose blocks all lie up to `height`, as far as it is allowed
    /// (Core's `PruneBlockFilesManual`).
    pub(crate) fn prune_to(&mut self, height: u32) -> Result<(), ChainError> {
        if height == 0 || !self.config().prune.is_on() || self.reindexing {
            return Ok(());
        }
        let last = self.last_prunable(Some(height));
        let goes = |file: &u32| {
            let info = self.writer.info(*file);
            info.size > 0 && info.last_height <= last && !self.is_needed_below(info)
        };
        let files: BTreeSet<u32> = (0..self.writer.last_file()).filter(goes).collect();
        tracing::info!(
            target: "validation",
            "Prune (Manual): prune_height={last} removed {} blk/rev pairs", files.len()
        );
        self.flush_and_prune(FlushMode::PruneOnly, &files)
    }

    /// Prunes what a start finds to be too much.
    pub(crate) fn prune_at_start(&mut self) -> Result<(), ChainError> {
        match self.config().prune {
            Prune::Off => return Ok(()),
            Prune::Manual => tracing::info!(
                target: "validation",
                "Block pruning enabled. Use RPC call pruneblockchain(height) to manually prune \
                 block and undo files."
            ),
            Prune::Automatic(target) => tracing::info!(
                target: "validation",
                "Prune configured to target {} MiB on disk for block and undo files.", target >> 20
            ),
        }
        self.check_pruning = true;
        self.flush(FlushMode::PruneOnly)
    }

    /// The highest block that may be pruned, where blocks up to `wanted` are to go.
    fn last_prunable(&self, wanted: Option<u32>) -> u32 {
        let height = self.chain.len().saturating_sub(1);
        let height = u32::try_from(height).expect("heights have 32 bits");
        // Whoever has not done with a block keeps it, and those above it.
        let last = self.shared.prune_locks.limit(height);
        let last = wanted.unwrap_or(height).min(last);
        last.min(height.saturating_sub(MIN_BLOCKS_TO_KEEP))
    }

    /// Says in the index that the files are gone, and deletes them.
    pub(crate) fn delete_files(&mut self, files: &BTreeSet<u32>) -> Result<(), ChainError> {
        self.shared.index_mut().forget_files(files);
        self.writer.forget(files);
        self.shared.have_pruned.store(true, Ordering::Relaxed);
        self.write_index_with(IndexStore::note_pruned)?;
        let report = files.len() >= WORTH_A_REPORT;
        for (done, file) in files.iter().enumerate() {
            if report {
                let percent = done as u64 * 100 / files.len() as u64;
                self.config().report(Task::Pruning, percent);
            }
            self.writer.files().delete(*file);
        }
        if report {
            self.config().report(Task::Pruning, 100);
        }
        let bytes = self.writer.bytes_in_use();
        self.shared.disk_bytes.send_replace(bytes);
        Ok(())
    }

    /// Whether blocks were ever pruned.
    pub(crate) fn have_pruned(&self) -> bool {
        self.shared.have_pruned.load(Ordering::Relaxed)
    }

    /// Deletes what a run that was killed left of pruned files.
    pub(crate) fn delete_leftovers(&self) {
        if self.have_pruned() {
            (0..self.writer.last_file())
                .filter(|file| self.writer.info(*file).size == 0)
                .for_each(|file| self.writer.files().delete(file));
        }
    }

    /// Refuses to take blocks back of which something was pruned, down to `lowest`.
    pub(crate) fn check_not_pruned(&self, lowest: EntryId) -> Result<(), ChainError> {
        let index = self.shared.index();
        let from = index.entry(lowest).height as usize;
        let complete = !self.have_pruned() && self.unconfirmed_base().is_none();
        if complete || self.chain.get(from) != Some(&lowest) {
            return Ok(());
        }
        let gone = self.chain[from..].iter().map(|id| index.entry(*id));
        let gone = gone
            .rev()
            .find(|entry| !entry.status.has_data() || !entry.status.has_undo());
        gone.map_or(Ok(()), |entry| Err(ChainError::Pruned(entry.hash)))
    }
}

impl ChainReader {
    /// Whether blocks were ever pruned: then a start that is to keep all of them must download them.
    pub fn have_pruned(&self) -> bool {
        self.shared.have_pruned.load(Ordering::Relaxed)
    }

    /// The highest block of the active chain that was pruned, itself or what it spent; `None` where
    /// none was (Core's `GetPruneHeight`).
    pub fn prune_height(&self) -> Option<u32> {
        let index = self.shared.index();
        // The first block has no undo data and is never taken for pruned.
        let above_first = index.active().get(1..)?;
        let mut entries = above_first.iter().rev().map(|id| index.entry(*id));
        entries
            .find(|entry| !entry.status.has_data() || !entry.status.has_undo())
            .map(|entry| entry.height)
    }

    /// The first block from which on all of the active chain are here; `None` where none is missing. Older ones were
    /// pruned, or lie below a snapshot and are still to come.
    pub fn first_stored(&self) -> Option<u32> {
        if !self.have_pruned() && !self.is_below_snapshot() {
            return None;
        }
        self.prune_height().map(|height| height.saturating_add(1))
    }

    /// Whether blocks below a snapshot are still to come or to be checked (Core's `hasAssumedValidChain`).
    pub fn is_below_snapshot(&self) -> bool {
        self.shared.chainstates.borrow().len() > 1
    }

    /// The first block of the active chain with whose time, or that of a block before it, `time` is
    /// reached (Core's `FindEarliestAtLeast`).
    pub fn earliest_at_least(&self, time: i64) -> Option<u32> {
        let index = self.shared.index();
        let active = index.active();
        let first = active.partition_point(|id| i64::from(index.entry(*id).time_max) < time);
        active.get(first).map(|id| index.entry(*id).height)
    }
}
