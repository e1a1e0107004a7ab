//! What the chain's thread shares with readers.

use std::sync::atomic::AtomicBool;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use primitives::BlockHash;
use tokio::sync::{broadcast, watch};

use super::{Ended, Tip};
use crate::block_files::BlockFiles;
use crate::config::ChainConfig;
use crate::index::{BlockIndex, EntryId};
use crate::mempool::{Mempool, MempoolChange};
use crate::prune_locks::PruneLocks;
use crate::snapshot::ChainstateInfo;

/// Changes of the mempool that wait for a slow reader, who else must read all of it again.
const MEMPOOL_FEED: usize = 4096;

/// What the chain's thread shares with readers.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: ChainConfig,
    index: RwLock<BlockIndex>,
    pub(crate) files: BlockFiles,
    pub(crate) tip: watch::Sender<Tip>,
    pub(crate) ended: watch::Sender<Option<Ended>>,
    /// Whether blocks are read from files just now.
    pub(crate) importing: watch::Sender<bool>,
    /// Bytes of block and undo files.
    pub(crate) disk_bytes: watch::Sender<u64>,
    /// Bytes that coins take in memory, and how many they may take.
    pub(crate) coins_memory: watch::Sender<(u64, u64)>,
    /// Sets of coins, the active one last.
    pub(crate) chainstates: watch::Sender<Vec<ChainstateInfo>>,
    /// Whether blocks were ever pruned.
    pub(crate) have_pruned: AtomicBool,
    /// The block that the coins on disk stand at; zero before they were written.
    pub(crate) flushed: watch::Sender<BlockHash>,
    pub(crate) prune_locks: PruneLocks,
    mempool: RwLock<Mempool>,
    pub(crate) mempool_changes: broadcast::Sender<(u64, MempoolChange)>,
}

impl Shared {
    pub(crate) fn new(config: ChainConfig, files: BlockFiles, index: BlockIndex) -> Self {
        Self {
            config,
            index: RwLock::new(index),
            files,
            tip: watch::Sender::new(Tip::default()),
            ended: watch::Sender::new(None),
            importing: watch::Sender::new(false),
            disk_bytes: watch::Sender::new(0),
            coins_memory: watch::Sender::new((0, 0)),
            chainstates: watch::Sender::new(Vec::new()),
            have_pruned: AtomicBool::new(false),
            flushed: watch::Sender::new(BlockHash::ZERO),
            prune_locks: PruneLocks::default(),
            mempool: RwLock::new(Mempool::default()),
            mempool_changes: broadcast::Sender::new(MEMPOOL_FEED),
        }
    }

    /// Asks the process to stop; the first reason counts.
    pub(crate) fn end(&self, why: Ended) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(why);
            }
            first
        });
    }

    /// The index, to read. Not to be held while waiting or reading files.
    pub(crate) fn index(&self) -> RwLockReadGuard<'_, BlockIndex> {
        // A writer that panicked has ended the process's work; reading on does no harm.
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index, to change: for the chain's thread alone.
    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, BlockIndex> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// The mempool, to read. Locked after the index where both are; not to be held while waiting.
    pub(crate) fn mempool(&self) -> RwLockReadGuard<'_, Mempool> {
        self.mempool.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mempool, to change: for the chain's thread alone.
    pub(crate) fn mempool_mut(&self) -> RwLockWriteGuard<'_, Mempool> {
        self.mempool.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// An estimate of how much of all transactions lies up to this block, 0 to 1 (Core's
    /// `GuessVerificationProgress`).
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn progress_of(&self, id: EntryId) -> f64 {
        let (params, now) = (self.config.params, self.config.clock.now());
        let (index, data) = (self.index(), &params.tx_data);
        let entry = index.entry(id);
        if entry.chain_tx_count == 0 {
            return 0.0;
        }
        let mut time = i64::from(entry.header.time);
        let best = index
            .best_header
            .map_or(entry.height, |best| index.entry(best).height);
        if (now - time).abs() <= 2 * 60 * 60 && best >= entry.height {
            // Near the tip, miners' clocks would make it jump.
            time = now - i64::from(best - entry.height) * i64::from(params.target_spacing);
        }
        let known = entry.chain_tx_count as f64;
        let total = if entry.chain_tx_count <= data.count {
            data.count as f64 + (now - data.time) as f64 * data.rate
        } else {
            known + (now - time) as f64 * data.rate
        };
        (known / total).clamp(0.0, 1.0)
    }
}
