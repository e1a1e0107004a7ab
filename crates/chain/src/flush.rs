//! What is in memory goes to disk: block files, then the index, then the coins.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::Instant;

use crate::block_files::FileError;
use crate::chainstate::Chainstate;
use crate::coins::{BULK_CHANGES, CoinsView as _, WriteOptions};
use crate::config::{ChainConfig, Task};
use crate::error::ChainError;
use crate::index::IndexStore;
use crate::random::random_u64;
use crate::store::Batch;

/// Shortest time between two periodic writes, in seconds.
const WRITE_INTERVAL: i64 = 50 * 60;
/// Chance adds less than so many seconds to it.
const WRITE_INTERVAL_SPREAD: i64 = 20 * 60;

/// Bytes that stay free on a disk (Core's `CheckDiskSpace`).
const RESERVE: u64 = 50 << 20;
/// Bytes on disk that a changed coin may cost, twice over for the store's own copies (Core's estimate).
const BYTES_PER_COIN: u64 = 48 * 2 * 2;

/// What gives reason to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlushMode {
    /// Only blocks that may be pruned.
    PruneOnly,
    /// Only a cache that is too large.
    IfNeeded,
    /// A cache that is nearly too large, or the time since the last write.
    Periodic,
    /// None is needed; what is in memory stays there.
    ForceSync,
    /// None is needed; memory is given back.
    ForceFlush,
}

impl FlushMode {
    const fn name(self) -> &'static str {
        match self {
            Self::PruneOnly => "NONE",
            Self::IfNeeded => "IF_NEEDED",
            Self::Periodic => "PERIODIC",
            Self::ForceSync => "FORCE_SYNC",
            Self::ForceFlush => "FORCE_FLUSH",
        }
    }
}

impl Chainstate {
    /// Writes block files, index and coins if there is reason to (Core's `FlushStateToDisk`).
    pub(crate) fn flush(&mut self, mode: FlushMode) -> Result<(), ChainError> {
        let pruned = match self.is_in_background() {
            true => BTreeSet::new(),
            false => self.files_to_prune(),
        };
        self.flush_and_prune(mode, &pruned)
    }

    /// As [`Chainstate::flush`]; then deletes these pairs of files.
    pub(crate) fn flush_and_prune(
        &mut self,
        mode: FlushMode,
        pruned: &BTreeSet<u32>,
    ) -> Result<(), ChainError> {
        let (used, limit) = (self.coins.memory(), self.coins_limit);
        // A tenth below the limit, or 10 MiB where that is less.
        let large = used > limit.saturating_sub((limit / 10).min(10 << 20));
        let critical = used > limit;
        if critical && mode == FlushMode::IfNeeded {
            tracing::info!(
                target: "validation", "Cache size ({used}) exceeds total space ({limit})"
            );
        }
        let periodic = mode == FlushMode::Periodic && self.is_write_due();
        let empty_cache = mode == FlushMode::ForceFlush
            || (mode == FlushMode::Periodic && large)
            || (mode == FlushMode::IfNeeded && critical);
        let prune = !pruned.is_empty();
        let write = mode == FlushMode::ForceSync || empty_cache || periodic || prune;
        if write {
            tracing::debug!(
                target: "coindb",
                "Writing chainstate to disk: flush mode={}, prune={}, large={}, critical={}, \
                 periodic={}",
                mode.name(),
                u8::from(prune),
                u8::from(large),
                u8::from(critical),
                u8::from(periodic),
            );
            self.write_all(!empty_cache)?;
        }
        if prune {
            // Coins on disk may never need a block that is gone: they were written before.
            self.delete_files(pruned)?;
        }
        // A write of the older coins alone does not put off that of the others.
        if (write && !self.is_in_background()) || self.next_write.is_none() {
            self.next_write = Some(self.next_write_from_now());
        }
        Ok(())
    }

    /// Whether the time for a periodic write has come.
    fn is_write_due(&mut self) -> bool {
        let Some(next) = self.next_write else {
            return false;
        };
        let now = self.now();
        if next > now.saturating_add(WRITE_INTERVAL + WRITE_INTERVAL_SPREAD) {
            // The clock was set back: the time that it showed before may be far away.
            self.next_write = Some(self.next_write_from_now());
            return false;
        }
        now >= next
    }

    fn next_write_from_now(&self) -> i64 {
        let spread = i64::try_from(random_u64() % WRITE_INTERVAL_SPREAD.unsigned_abs());
        let spread = spread.expect("less than the spread");
        self.now().saturating_add(WRITE_INTERVAL + spread)
    }

    fn write_all(&mut self, keep_coins: bool) -> Result<(), ChainError> {
        let config = self.config();
        config.report(Task::Flushing, 0);
        let coins = u64::try_from(self.coins.dirty_count()).unwrap_or(u64::MAX);
        self.check_room(&config.blocks_dir, 0)?;
        self.check_room(&config.data_dir, coins.saturating_mul(BYTES_PER_COIN))?;
        self.write_index()?;
        let report = |config: &ChainConfig, percent: u64| {
            config.report(Task::Flushing, percent.min(99));
        };
        self.write_coins(keep_coins, report)?;
        if !self.is_in_background() {
            self.in_background(|chain| chain.write_coins(keep_coins, |_, _| ()))
                .unwrap_or(Ok(()))?;
        }
        self.config().report(Task::Flushing, 100);
        Ok(())
    }

    /// Refuses to begin what a disk that is nearly full would end half way.
    fn check_room(&self, dir: &Path, bytes: u64) -> Result<(), ChainError> {
        let free = (self.config().free_space)(dir);
        if free.is_some_and(|free| free < RESERVE.saturating_add(bytes)) {
            let full = io::Error::from(io::ErrorKind::StorageFull);
            return Err(FileError::io("write to", dir, full).into());
        }
        Ok(())
    }

    /// Writes the coins, behind an index that is on disk already. Tells in percent how far that is.
    pub(crate) fn write_coins(
        &mut self,
        keep_coins: bool,
        report: impl Fn(&ChainConfig, u64),
    ) -> Result<(), ChainError> {
        let started = Instant::now();
        let options = WriteOptions {
            batch_bytes: self.config().batch_bytes,
            crash_ratio: self.config().crash_ratio,
            bulk: BULK_CHANGES,
        };
        let (dirty, all) = (self.coins.dirty_count(), self.coins.len());
        self.ahead.forget_coins();
        let show = |percent| report(self.config(), percent);
        self.coins.base().write(&self.coins, options, show)?;
        self.coins.written(keep_coins);
        if !self.is_in_background() {
            let best = self.coins.best_block()?;
            self.shared.flushed.send_replace(best.unwrap_or_default());
            self.publish_coins_memory();
        }
        tracing::debug!(
            target: "bench",
            "write coins cache to disk ({dirty} out of {all} cached coins) completed ({:.2}ms)",
            started.elapsed().as_secs_f64() * 1000.0
        );
        Ok(())
    }

    /// Writes block files and index.
    pub(crate) fn write_index(&mut self) -> Result<(), ChainError> {
        self.write_index_with(|_| ())
    }

    /// As [`Chainstate::write_index`], with one more change.
    pub(crate) fn write_index_with(
        &mut self,
        more: impl FnOnce(&mut Batch),
    ) -> Result<(), ChainError> {
        // The index must never speak of data that is not durable.
        self.writer.flush()?;
        let files = self.writer.take_dirty();
        let entries = self.shared.index_mut().take_dirty();
        let mut batch = {
            let index = self.shared.index();
            let infos = files
                .iter()
                .map(|number| (*number, *self.writer.info(*number)));
            IndexStore::batch(&index, &entries, infos, self.writer.last_file())
        };
        more(&mut batch);
        let result = self.index_store.write(batch);
        if let Err(error) = result {
            self.writer.restore_dirty(files);
            self.shared.index_mut().restore_dirty(entries);
            return Err(error.into());
        }
        Ok(())
    }
}
