//! The chain as its thread holds it: everything that only this thread writes.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock, Weak};

use consensus::deployments::VersionBitsCache;
use primitives::{BlockHash, ChainParams, U256};
use rayon::ThreadPool;

use crate::activate::Unsettled;
use crate::block_files::BlockFileWriter;
use crate::coins::{CoinsCache, CoinsStore};
use crate::config::ChainConfig;
use crate::connect::ScriptChecks;
use crate::disconnected::DisconnectedTxs;
use crate::index::{EntryId, IndexStore};
use crate::read_ahead::ReadAhead;
use crate::reader::{Ended, Shared, Tip};
use crate::signature_cache::ValidationCaches;
use crate::snapshot::Assumed;

/// Sequence number of the first block that becomes connectable after a start.
pub(crate) const FIRST_SEQUENCE: i32 = 2;

/// Everything that the chain's thread writes.
pub(crate) struct Chainstate {
    pub(crate) shared: Arc<Shared>,
    pub(crate) writer: BlockFileWriter,
    pub(crate) index_store: IndexStore,
    pub(crate) coins: CoinsCache<CoinsStore>,
    /// Memory for `coins`, in bytes.
    pub(crate) coins_limit: usize,
    /// Memory for coins of both sides, in bytes.
    pub(crate) coins_total: usize,
    /// Memory of a store of coins for what it reads, in bytes.
    pub(crate) store_cache_bytes: u64,
    /// The snapshot that `coins` began with, and the older coins.
    pub(crate) assumed: Option<Assumed>,
    /// Alive while a snapshot is being loaded.
    pub(crate) snapshot_claim: Weak<()>,
    /// The chain that `coins` stands at the end of. Others see it when it is settled.
    pub(crate) chain: Vec<EntryId>,
    /// Where activation is heading.
    pub(crate) target: Option<EntryId>,
    /// Blocks whose scripts are being run, the last ones of `chain`, the lowest first.
    pub(crate) unsettled: VecDeque<Unsettled>,
    /// Blocks that will be connected soon.
    pub(crate) ahead: ReadAhead,
    /// Threads that run scripts.
    pub(crate) pool: Arc<ThreadPool>,
    /// Threads that read blocks and coins from disk.
    pub(crate) readers: Arc<ThreadPool>,
    pub(crate) caches: Arc<ValidationCaches>,
    pub(crate) initial_download: bool,
    /// The block files are not all in the index yet.
    pub(crate) reindexing: bool,
    /// Files were written to, so that there may be too much of them.
    pub(crate) check_pruning: bool,
    /// The first damage that a check of blocks on disk has found.
    pub(crate) damage: OnceLock<String>,
    pub(crate) next_sequence: i32,
    /// Ever lower numbers for blocks that someone prefers.
    pub(crate) precious_sequence: i32,
    pub(crate) precious_work: U256,
    pub(crate) last_script_checks: Option<ScriptChecks>,
    /// When the next periodic write is due, by the node's clock; `None` before the first look.
    pub(crate) next_write: Option<i64>,
    pub(crate) bench: Bench,
    /// Transactions of blocks taken back since the mempool was last settled.
    pub(crate) disconnected: DisconnectedTxs,
    pub(crate) version_bits: VersionBitsCache,
}

/// Sums for the log of category `bench`, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bench {
    pub(crate) blocks: u32,
    pub(crate) load: f64,
    pub(crate) connect: f64,
    pub(crate) scripts: f64,
    pub(crate) total: f64,
}

impl Chainstate {
    pub(crate) fn config(&self) -> &ChainConfig {
        &self.shared.config
    }

    pub(crate) fn params(&self) -> &'static ChainParams {
        self.shared.config.params
    }

    pub(crate) fn now(&self) -> i64 {
        self.shared.config.clock.now()
    }

    /// The block that the coins stand at.
    pub(crate) fn tip(&self) -> Option<EntryId> {
        self.chain.last().copied()
    }

    /// Work of the chain; zero before the first block.
    pub(crate) fn tip_work(&self) -> U256 {
        self.tip()
            .map_or(U256::ZERO, |tip| self.shared.index().entry(tip).chain_work)
    }

    /// Id of the tip; zero before the first block.
    pub(crate) fn tip_hash(&self) -> BlockHash {
        self.tip()
            .map_or(BlockHash::ZERO, |tip| self.shared.index().entry(tip).hash)
    }

    /// Whether the block is on the chain that the coins stand at.
    pub(crate) fn contains(&self, id: EntryId, height: u32) -> bool {
        self.chain.get(height as usize) == Some(&id)
    }

    /// Shows the chain to others and rings the doorbell.
    pub(crate) fn publish(&mut self) {
        self.shared.index_mut().publish(&self.chain);
        self.update_initial_download();
        self.publish_coins_memory();
        self.publish_chainstates();
        self.publish_tip();
        self.shared
            .disk_bytes
            .send_replace(self.writer.bytes_in_use());
    }

    /// Tells how much memory the coins take.
    pub(crate) fn publish_coins_memory(&self) {
        let (used, most) = (self.coins.memory() as u64, self.coins_limit as u64);
        self.shared.coins_memory.send_replace((used, most));
    }

    /// Rings the doorbell if tip or best header changed.
    pub(crate) fn publish_tip(&self) {
        let tip = self.describe_tip();
        self.shared.tip.send_if_modified(|shown| {
            let changed = (
                shown.hash,
                shown.headers,
                shown.headers_time,
                shown.initial_download,
            ) != (
                tip.hash,
                tip.headers,
                tip.headers_time,
                tip.initial_download,
            );
            *shown = tip;
            changed
        });
    }

    fn describe_tip(&self) -> Tip {
        let index = self.shared.index();
        let mut tip = Tip {
            initial_download: self.initial_download,
            ..Tip::default()
        };
        if let Some(id) = index.active().last().copied() {
            let entry = index.entry(id);
            tip.hash = entry.hash;
            tip.height = entry.height;
            tip.time = entry.header.time;
            tip.median_time = index.median_time_past(id);
            tip.progress = self.progress_of(id);
        }
        if let Some(best) = index.best_header {
            tip.headers = index.entry(best).height;
            tip.headers_time = index.entry(best).header.time;
        }
        tip
    }

    /// An estimate of how much of all transactions lies up to this block, 0 to 1.
    pub(crate) fn progress_of(&self, id: EntryId) -> f64 {
        self.shared.progress_of(id)
    }

    /// Leaves the initial download, for good, once the tip is recent and has enough work.
    pub(crate) fn update_initial_download(&mut self) {
        let loading = self.reindexing || *self.shared.importing.borrow();
        if !self.initial_download || loading {
            return;
        }
        let Some(tip) = self.tip() else { return };
        let recent = {
            let (index, config) = (self.shared.index(), self.config());
            let entry = index.entry(tip);
            entry.chain_work >= config.min_chain_work
                && i64::from(entry.header.time) >= self.now() - config.max_tip_age
        };
        if recent {
            tracing::info!(
                target: "validation", "Leaving InitialBlockDownload (latching to false)"
            );
            self.initial_download = false;
            self.balance_caches();
        }
    }

    /// Asks the process to stop.
    pub(crate) fn end(&self, why: Ended) {
        self.shared.end(why);
    }
}

/// Base-two logarithm of work, for log lines.
pub(crate) fn log2_work(work: U256) -> f64 {
    work.to_f64().log2()
}
