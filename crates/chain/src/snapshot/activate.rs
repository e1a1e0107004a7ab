//! A snapshot's coins become the active ones.

use std::path::PathBuf;
use std::sync::Arc;

use consensus::deployments::BuriedDeployment;
use primitives::{BlockHash, ChainParams, Hash256};
use tokio::sync::oneshot;

use super::background::{Assumed, Side};
use super::directories::{snapshot_dir, write_base};
use super::file::SnapshotMetadata;
use super::load::{PopulateError, PopulatedSnapshot};
use crate::chainstate::Chainstate;
use crate::coins::CoinsCache;
use crate::disk::Disk;
use crate::error::ChainError;
use crate::flush::FlushMode;
use crate::handle::{Call, ChainHandle, Command};
use crate::index::EntryId;
use crate::read_ahead::ReadAhead;

/// Why a snapshot is not activated. Shown as Core's text.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// One is in use.
    #[error("Can't activate a snapshot-based chainstate more than once")]
    Twice,
    /// One is being loaded.
    #[error("Another snapshot is being loaded")]
    Busy,
    /// The block index is not complete.
    #[error(
        "Blocks are still being read from disk. Wait until that is done, and call loadtxoutset again"
    )]
    Reindexing,
    /// The program does not know the hash of its coins.
    #[error(
        "assumeutxo block hash in snapshot metadata not recognized (hash: {base}). The following \
         snapshot heights are available: {heights}"
    )]
    Unknown {
        /// Its block.
        base: BlockHash,
        /// Heights of the snapshots that the program knows.
        heights: String,
    },
    /// Its block's header is not known.
    #[error(
        "The base block header ({0}) must appear in the headers chain. Make sure all headers are \
         syncing, and call loadtxoutset again"
    )]
    UnknownHeader(BlockHash),
    /// Its block is invalid.
    #[error("The base block header ({0}) is part of an invalid chain")]
    Invalid(BlockHash),
    /// Another branch of headers is better.
    #[error(
        "A forked headers-chain with more work than the chain with the snapshot base block header \
         exists. Please proceed to sync without AssumeUtxo."
    )]
    Forked,
    /// Its transactions belong to the older coins.
    #[error("Can't activate a snapshot when mempool not empty")]
    Mempool,
    /// Its coins cannot be used.
    #[error("Population failed: {0}")]
    Population(#[from] PopulateError),
    /// The active chain became better meanwhile.
    #[error("work does not exceed active chainstate")]
    LittleWork,
    /// The file that says that it counts cannot be written.
    #[error("could not write base blockhash: {0}")]
    Base(#[source] std::io::Error),
    /// This machine fails.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// That a snapshot may be loaded, and how. No other one is while this is there.
#[derive(Debug)]
pub struct SnapshotPlan {
    pub(super) metadata: SnapshotMetadata,
    pub(super) height: u32,
    pub(super) hash: Hash256,
    pub(super) params: &'static ChainParams,
    pub(super) dir: PathBuf,
    pub(super) cache_bytes: u64,
    pub(super) batch_bytes: usize,
    pub(super) disk: Disk,
    _claim: Arc<()>,
}

impl SnapshotPlan {
    /// Height of the snapshot's block.
    pub const fn height(&self) -> u32 {
        self.height
    }
}

/// What is asked of the chain about snapshots.
pub(crate) enum SnapshotCommand {
    Plan {
        metadata: SnapshotMetadata,
        answer: oneshot::Sender<Result<SnapshotPlan, ActivationError>>,
    },
    Activate {
        populated: Box<PopulatedSnapshot>,
        answer: oneshot::Sender<Result<(), ActivationError>>,
    },
    /// The older coins were hashed; `None` where that was interrupted.
    Checked(Result<Option<Hash256>, ChainError>),
}

impl ChainHandle {
    /// Says whether a snapshot may be loaded (`loadtxoutset`): [`populate`](super::populate) does
    /// it then.
    pub fn plan_snapshot(&self, metadata: SnapshotMetadata) -> Call<SnapshotPlan, ActivationError> {
        self.call(|answer| Command::AssumeUtxo(SnapshotCommand::Plan { metadata, answer }))
    }

    /// Makes a snapshot's coins the active ones. The older ones go on in the background.
    pub fn activate_snapshot(&self, populated: PopulatedSnapshot) -> Call<(), ActivationError> {
        let populated = Box::new(populated);
        self.call(|answer| Command::AssumeUtxo(SnapshotCommand::Activate { populated, answer }))
    }
}

impl Chainstate {
    /// Looks for reasons not to use a snapshot, before anything is read of it.
    pub(crate) fn plan_snapshot(
        &mut self,
        metadata: SnapshotMetadata,
    ) -> Result<SnapshotPlan, ActivationError> {
        if self.snapshot_claim.upgrade().is_some() {
            return Err(ActivationError::Busy);
        }
        let base = self.check_snapshot(&metadata.base)?;
        let (params, config) = (self.params(), self.config());
        let mut known = params.assumeutxo.iter();
        let known = known
            .find(|known| known.block == metadata.base)
            .expect("looked for just now");
        let (height, better) = {
            let index = self.shared.index();
            let tip = self.chain.last().map(|tip| index.rank(*tip));
            let better = tip.is_none_or(|tip| index.rank(base) > tip);
            (index.entry(base).height, better)
        };
        if !better {
            return Err(PopulateError::LittleWork.into());
        }
        let claim = Arc::new(());
        let plan = SnapshotPlan {
            metadata,
            height,
            hash: known.hash_serialized,
            params,
            dir: snapshot_dir(&config.data_dir),
            cache_bytes: self.store_cache_bytes,
            batch_bytes: config.batch_bytes,
            disk: Disk::new(config.faults.clone()),
            _claim: Arc::clone(&claim),
        };
        self.snapshot_claim = Arc::downgrade(&claim);
        Ok(plan)
    }

    /// The refusals that need no look at the snapshot's coins.
    fn check_snapshot(&self, base: &BlockHash) -> Result<EntryId, ActivationError> {
        if self.assumed.is_some() {
            return Err(ActivationError::Twice);
        }
        if self.reindexing {
            return Err(ActivationError::Reindexing);
        }
        let known = self.params().assumeutxo;
        if !known.iter().any(|known| known.block == *base) {
            let heights: Vec<_> = known.iter().map(|known| known.height.to_string()).collect();
            return Err(ActivationError::Unknown {
                base: *base,
                heights: heights.join(", "),
            });
        }
        let index = self.shared.index();
        let id = index
            .find(base)
            .ok_or(ActivationError::UnknownHeader(*base))?;
        if index.entry(id).status.has_failed() {
            return Err(ActivationError::Invalid(*base));
        }
        if !index
            .best_header
            .is_some_and(|best| index.descends(best, id))
        {
            return Err(ActivationError::Forked);
        }
        if !self.shared.mempool().is_empty() {
            return Err(ActivationError::Mempool);
        }
        Ok(id)
    }

    /// Makes a snapshot's coins the active ones.
    ///
    /// The index is written first, then the older coins, then the file by which the snapshot counts:
    /// a process that is killed before that has loaded none.
    pub(crate) fn activate_snapshot(
        &mut self,
        populated: PopulatedSnapshot,
    ) -> Result<(), ActivationError> {
        let base = match self.check_snapshot(&populated.base) {
            Ok(base) => base,
            Err(error) => {
                populated.discard();
                return Err(error);
            }
        };
        let better = {
            let index = self.shared.index();
            let tip = self.chain.last().map(|tip| index.rank(*tip));
            tip.is_none_or(|tip| index.rank(base) > tip)
        };
        if !better {
            populated.discard();
            return Err(ActivationError::LittleWork);
        }
        let chain = self.assume_valid_up_to(base);
        self.flush(FlushMode::ForceFlush)?;
        if let Err(error) = write_base(&populated.dir, populated.base) {
            populated.discard();
            return Err(ActivationError::Base(error));
        }
        let PopulatedSnapshot {
            store, base: hash, ..
        } = populated;
        let older = self.replace_side(Side {
            coins: CoinsCache::new(store),
            coins_limit: self.coins_limit,
            chain,
            target: None,
            ahead: ReadAhead::default(),
        });
        self.assumed = Some(Assumed::new(base, older));
        let height = self.shared.index().entry(base).height;
        self.writer.set_snapshot_height(Some(height));
        self.shared.flushed.send_replace(hash);
        self.balance_caches();
        self.load_candidates();
        self.publish();
        tracing::info!(
            target: "validation", "[snapshot] successfully activated snapshot {hash}"
        );
        Ok(())
    }

    /// Takes note that the blocks up to `base` need not be here; gives the chain that they are.
    fn assume_valid_up_to(&mut self, base: EntryId) -> Vec<EntryId> {
        let params = self.params();
        let mut index = self.shared.index_mut();
        let mut chain = Vec::new();
        let mut at = Some(base);
        while let Some(id) = at {
            chain.push(id);
            let entry = index.entry(id);
            let (height, prev) = (entry.height, entry.prev);
            if height > 0 && BuriedDeployment::Segwit.is_active(height, params) {
                // Else the next start would want their witnesses.
                index.entry_mut(id).status.set_witness();
            }
            at = prev;
        }
        chain.reverse();
        let hash = index.entry(base).hash;
        if let Some(known) = params.assumeutxo.iter().find(|known| known.block == hash) {
            index.entry_mut_unstored(base).chain_tx_count = known.chain_tx_count;
        }
        chain
    }
}
