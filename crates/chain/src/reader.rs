//! What everyone may see of the chain without asking its thread.

mod read;
mod shared;

use std::sync::{Arc, RwLockReadGuard};

use primitives::{BlockHash, ChainParams, Header, U256};
use tokio::sync::{broadcast, watch};

use crate::block_files::FilePos;
use crate::config::ChainConfig;
use crate::index::{BlockIndex, BlockStatus, Branch, EntryId, Validity};
use crate::mempool::{Mempool, MempoolChange, MempoolLimits};
use crate::policy::PolicyLimits;
use crate::prune_locks::PruneLocks;
use crate::snapshot::ChainstateInfo;
pub(crate) use shared::Shared;

/// The tip, as the doorbell tells it: newest wins, and what lies between is not told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tip {
    /// Id of the tip; zero before the first block is connected.
    pub hash: BlockHash,
    /// Height of the tip.
    pub height: u32,
    /// Its time, in seconds since 1970.
    pub time: u32,
    /// Median time of its last eleven blocks, in seconds since 1970.
    pub median_time: u32,
    /// Height of the header with the most work.
    pub headers: u32,
    /// Time of that header, in seconds since 1970.
    pub headers_time: u32,
    /// Whether the chain is still being downloaded.
    pub initial_download: bool,
    /// How much of all transactions is verified, as an estimate: 0 to 1.
    pub progress: f64,
}

/// Why the chain's thread has ended, or wants the process to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// `-stopatheight` is reached: the process is to stop in order.
    StopHeight(u32),
    /// The machine failed; the text says how, for `A fatal internal error occurred`.
    Fatal(String),
}

/// What is known of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockInfo {
    /// Its id.
    pub hash: BlockHash,
    /// Its header.
    pub header: Header,
    /// Its height.
    pub height: u32,
    /// Work of the chain up to it.
    pub chain_work: U256,
    /// Median time of it and the ten before, in seconds since 1970.
    pub median_time: u32,
    /// Transactions in it; 0 where it never was here.
    pub tx_count: u32,
    /// Transactions in the chain up to it; 0 where a block never was here.
    pub chain_tx_count: u64,
    /// How far it is checked and what of it is here.
    pub status: BlockStatus,
    /// Whether it is on the active chain.
    pub active: bool,
    /// The block after it on the active chain.
    pub next: Option<BlockHash>,
    /// Blocks on top of it on the active chain, itself counted; -1 where it is not on it.
    pub confirmations: i64,
    /// Where it lies.
    pub position: Option<FilePos>,
}

/// How far the end of a branch is checked (`getchaintips`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TipStatus {
    /// The tip of the active chain.
    Active,
    /// It or an ancestor breaks a rule.
    Invalid,
    /// Some blocks of the branch are missing.
    HeadersOnly,
    /// All blocks are here, but it was never connected.
    ValidHeaders,
    /// It was connected once, and left for a better one.
    ValidFork,
    /// None of these.
    Unknown,
}

impl TipStatus {
    /// The name that JSON-RPC uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invalid => "invalid",
            Self::HeadersOnly => "headers-only",
            Self::ValidHeaders => "valid-headers",
            Self::ValidFork => "valid-fork",
            Self::Unknown => "unknown",
        }
    }
}

/// The end of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainTip {
    /// Its last block.
    pub hash: BlockHash,
    /// The height of that.
    pub height: u32,
    /// Blocks since it left the active chain.
    pub branch_length: u32,
    /// How far it is checked.
    pub status: TipStatus,
}

/// Looks at the chain from any thread; clones are the same.
///
/// Locks are held for as long as a lookup takes; blocks are read from disk without any.
#[derive(Clone, Debug)]
pub struct ChainReader {
    pub(crate) shared: Arc<Shared>,
}

impl ChainReader {
    /// The network.
    pub fn params(&self) -> &'static ChainParams {
        self.shared.config.params
    }

    /// What the chain was started with.
    pub fn config(&self) -> &ChainConfig {
        &self.shared.config
    }

    /// The tip.
    pub fn tip(&self) -> Tip {
        *self.shared.tip.borrow()
    }

    /// Wakes at every change of the tip or of the best header.
    pub fn subscribe(&self) -> watch::Receiver<Tip> {
        self.shared.tip.subscribe()
    }

    /// Tells when the chain's thread wants the process to end.
    pub fn ended(&self) -> watch::Receiver<Option<Ended>> {
        self.shared.ended.subscribe()
    }

    /// Whether blocks are being read from files (`-reindex`, `-loadblock`), and when that ends.
    pub fn importing(&self) -> watch::Receiver<bool> {
        self.shared.importing.subscribe()
    }

    /// Bytes that coins take in memory, and how many they may take (`-dbcache` without the stores'
    /// share): as of the last block or the last write to disk.
    pub fn coins_memory(&self) -> (u64, u64) {
        *self.shared.coins_memory.borrow()
    }

    /// The sets of coins that there are, the active one last: one, but for the time after a snapshot
    /// was loaded until its coins are confirmed.
    pub fn chainstates(&self) -> Vec<ChainstateInfo> {
        self.shared.chainstates.borrow().clone()
    }

    /// Wakes at every change of [`ChainReader::chainstates`]: blocks below a snapshot are here then
    /// that were not before.
    pub fn watch_chainstates(&self) -> watch::Receiver<Vec<ChainstateInfo>> {
        self.shared.chainstates.subscribe()
    }

    /// An estimate of how much of all transactions lies up to a block, 0 to 1.
    pub fn progress(&self, hash: &BlockHash) -> f64 {
        let id = self.shared.index().find(hash);
        id.map_or(0.0, |id| self.shared.progress_of(id))
    }

    /// The block that the coins on disk stand at, and when that changes; zero before the first write.
    /// After a crash the chain is never behind it.
    pub fn flushed(&self) -> watch::Receiver<BlockHash> {
        self.shared.flushed.subscribe()
    }

    /// Who still needs old blocks.
    pub fn prune_locks(&self) -> &PruneLocks {
        &self.shared.prune_locks
    }

    /// Bytes of block and undo files.
    pub fn disk_bytes(&self) -> u64 {
        *self.shared.disk_bytes.borrow()
    }

    /// As [`ChainReader::disk_bytes`], and wakes when that may have changed.
    pub fn watch_disk_bytes(&self) -> watch::Receiver<u64> {
        self.shared.disk_bytes.subscribe()
    }

    /// The mempool. Not to be held while waiting or reading files.
    pub fn mempool(&self) -> RwLockReadGuard<'_, Mempool> {
        self.shared.mempool()
    }

    /// Changes of the mempool from now on, numbered without gaps.
    pub fn mempool_changes(&self) -> broadcast::Receiver<(u64, MempoolChange)> {
        self.shared.mempool_changes.subscribe()
    }

    /// What is relayed.
    pub fn policy(&self) -> PolicyLimits {
        self.shared.config.policy
    }

    /// How large the mempool may grow.
    pub fn mempool_limits(&self) -> MempoolLimits {
        self.shared.config.mempool
    }

    /// Height of the tip.
    pub fn height(&self) -> u32 {
        self.tip().height
    }

    /// The id of the block at `height` of the active chain.
    pub fn hash_at(&self, height: u32) -> Option<BlockHash> {
        let index = self.shared.index();
        index
            .active()
            .get(height as usize)
            .map(|id| index.entry(*id).hash)
    }

    /// What is known of the block at `height` of the active chain.
    pub fn block_at(&self, height: u32) -> Option<BlockInfo> {
        let index = self.shared.index();
        index
            .active()
            .get(height as usize)
            .map(|id| info(&index, *id))
    }

    /// What is known of a block.
    pub fn block(&self, hash: &BlockHash) -> Option<BlockInfo> {
        let index = self.shared.index();
        index.find(hash).map(|id| info(&index, id))
    }

    /// What is known of the tip; `None` before the first block is connected.
    pub fn tip_block(&self) -> Option<BlockInfo> {
        let index = self.shared.index();
        index.active().last().map(|id| info(&index, *id))
    }

    /// The header with the most work that is not invalid.
    pub fn best_header(&self) -> Option<BlockInfo> {
        let index = self.shared.index();
        index.best_header.map(|id| info(&index, id))
    }

    /// Whether the block is on the active chain.
    pub fn is_active(&self, hash: &BlockHash) -> bool {
        let index = self.shared.index();
        index.find(hash).is_some_and(|id| index.is_active(id))
    }

    /// The ancestor of `hash` at `height`, itself included.
    pub fn ancestor(&self, hash: &BlockHash, height: u32) -> Option<BlockInfo> {
        let index = self.shared.index();
        let id = index.find(hash)?;
        index.ancestor(id, height).map(|id| info(&index, id))
    }

    /// The last block that the branches of two blocks share.
    pub fn last_common(&self, a: &BlockHash, b: &BlockHash) -> Option<BlockInfo> {
        let index = self.shared.index();
        let id = index.last_common(index.find(a)?, index.find(b)?)?;
        Some(info(&index, id))
    }

    /// The last block that `hash` shares with the active chain.
    pub fn fork_point(&self, hash: &BlockHash) -> Option<BlockInfo> {
        let index = self.shared.index();
        let id = index.last_common(index.find(hash)?, *index.active().last()?)?;
        Some(info(&index, id))
    }

    /// The first known block of `locator` that is on the active chain, else the first block.
    pub fn find_locator(&self, locator: &[BlockHash]) -> Option<BlockInfo> {
        let index = self.shared.index();
        let known = locator.iter().filter_map(|hash| index.find(hash));
        let found = known.clone().find(|id| index.is_active(*id));
        found
            .or_else(|| index.active().first().copied())
            .map(|id| info(&index, id))
    }

    /// Ids from `hash` down to the first block, ever farther apart (Core's `GetLocator`).
    pub fn locator(&self, hash: &BlockHash) -> Vec<BlockHash> {
        let index = self.shared.index();
        let Some(id) = index.find(hash) else {
            return Vec::new();
        };
        let (mut height, mut step) = (index.entry(id).height, 1);
        let mut locator = Vec::with_capacity(32);
        loop {
            let at = index
                .ancestor(id, height)
                .expect("below the block's own height");
            locator.push(index.entry(at).hash);
            if height == 0 {
                return locator;
            }
            height = height.saturating_sub(step);
            if locator.len() > 10 {
                step *= 2;
            }
        }
    }

    /// Up to `limit` headers of the active chain from `height` on.
    pub fn headers(&self, height: u32, limit: usize) -> Vec<Header> {
        let index = self.shared.index();
        let ids = index.active().iter().skip(height as usize).take(limit);
        ids.map(|id| index.entry(*id).header).collect()
    }

    /// The ends of all branches, the highest first (`getchaintips`).
    pub fn chain_tips(&self) -> Vec<ChainTip> {
        let index = self.shared.index();
        let mut has_child = vec![false; index.len()];
        for id in index.ids() {
            if let Some(prev) = index.entry(id).prev {
                has_child[prev.as_usize()] = true;
            }
        }
        let active = index.active().last().copied();
        let ends = index
            .ids()
            .filter(|id| !has_child[id.as_usize()] || active == Some(*id));
        let mut tips: Vec<_> = ends.map(|id| chain_tip(&index, id)).collect();
        tips.sort_by_key(|tip| std::cmp::Reverse(tip.height));
        tips
    }

    /// Lets `look` see the branch that ends in `hash`, for rules that need headers. It must not
    /// block.
    pub fn with_branch<T>(
        &self,
        hash: &BlockHash,
        look: impl FnOnce(&Branch<'_>) -> T,
    ) -> Option<T> {
        let index = self.shared.index();
        index.find(hash).map(|id| look(&index.branch(id)))
    }
}

fn info(index: &BlockIndex, id: EntryId) -> BlockInfo {
    let entry = index.entry(id);
    let active = index.is_active(id);
    let next = active
        .then(|| index.active().get(entry.height as usize + 1))
        .flatten();
    let height = index.active().len() as u64;
    let confirmations = i64::try_from(height).unwrap_or(i64::MAX) - i64::from(entry.height);
    BlockInfo {
        hash: entry.hash,
        header: entry.header,
        height: entry.height,
        chain_work: entry.chain_work,
        median_time: index.median_time_past(id),
        tx_count: entry.tx_count,
        chain_tx_count: entry.chain_tx_count,
        status: entry.status,
        active,
        next: next.map(|id| index.entry(*id).hash),
        confirmations: if active { confirmations } else { -1 },
        position: entry.data_pos(),
    }
}

fn chain_tip(index: &BlockIndex, id: EntryId) -> ChainTip {
    let entry = index.entry(id);
    let tip = index.active().last();
    let fork = tip.and_then(|tip| index.last_common(id, *tip));
    let status = if index.is_active(id) {
        TipStatus::Active
    } else if entry.status.has_failed() {
        TipStatus::Invalid
    } else if entry.chain_tx_count == 0 {
        TipStatus::HeadersOnly
    } else if entry.status.is_valid(Validity::Scripts) {
        TipStatus::ValidFork
    } else if entry.status.is_valid(Validity::Tree) {
        TipStatus::ValidHeaders
    } else {
        TipStatus::Unknown
    };
    ChainTip {
        hash: entry.hash,
        height: entry.height,
        branch_length: entry.height - fork.map_or(0, |fork| index.entry(fork).height),
        status,
    }
}
