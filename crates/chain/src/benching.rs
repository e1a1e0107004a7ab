//! Doors for the bench targets, which no program uses.

use std::path::Path;
use std::sync::Arc;

use primitives::{Block, ChainParams};

use crate::chainstate::Chainstate;
use crate::coins::{BULK_CHANGES, CoinsCache, CoinsStore, CoinsView, WriteOptions};
use crate::config::{ChainConfig, DEFAULT_BATCH_BYTES};
use crate::connect::{Disconnected, Purpose};
use crate::error::{ChainError, StartError, SubmitError};
use crate::flush::FlushMode;
use crate::handle::Submission;
use crate::store::{Store, StoreError, StoreKind, StoreOptions};

/// A chain without its thread. Its tip can be connected and taken back as often as one likes.
pub struct BenchChain(Chainstate);

impl BenchChain {
    /// Opens the chain in the directories of `config`.
    ///
    /// # Errors
    /// A [`StartError`].
    pub fn load(config: ChainConfig) -> Result<Self, StartError> {
        Chainstate::load(config).map(Self)
    }

    /// Makes the child of the tip the tip.
    ///
    /// # Errors
    /// Where the block is invalid or cannot be stored.
    pub fn add(&mut self, block: &Arc<Block>) -> Result<(), SubmitError> {
        let (id, _) = self.0.accept_new_block(block, Submission::LOCAL)?;
        self.0.connect_now(id, Some(block))?;
        match self.0.tip() == Some(id) {
            true => Ok(()),
            false => Err(ChainError::CorruptBlock(block.hash).into()),
        }
    }

    /// Writes everything to disk; coins are kept in memory or not.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn flush(&mut self, keep_coins: bool) -> Result<(), ChainError> {
        self.0.flush(match keep_coins {
            true => FlushMode::ForceSync,
            false => FlushMode::ForceFlush,
        })
    }

    /// Fetches the coins that a child of the tip spends, connects it with all checks, and forgets
    /// what came of it but the coins that were fetched.
    ///
    /// # Errors
    /// Where the block is invalid or the store cannot be read.
    pub fn connect(&mut self, block: &Block) -> Result<(), SubmitError> {
        self.0.prefetch_coins(block)?;
        let mut view = CoinsCache::new(&self.0.coins);
        let purpose = Purpose::Connect { checked: false };
        self.0
            .connect_block(block, self.0.tip(), &mut view, purpose)
    }

    /// Reads the tip and its undo data, takes it back, and forgets what came of it.
    ///
    /// # Errors
    /// Where it cannot be read or taken back.
    pub fn disconnect(&self) -> Result<(), ChainError> {
        let tip = self.0.tip().ok_or(ChainError::NoTip)?;
        let (block, undo) = self.0.read_with_undo(tip)?;
        let height = self.0.shared.index().entry(tip).height;
        let mut view = CoinsCache::new(&self.0.coins);
        match self.0.disconnect_block(&block, undo, height, &mut view)? {
            Disconnected::Clean => Ok(()),
            Disconnected::Unclean => Err(ChainError::Disconnect(block.hash)),
        }
    }
}

/// Opens a store of coins in `path`, with so much memory for what it reads.
///
/// # Errors
/// Where the engine cannot open it.
pub fn open_coins(
    path: &Path,
    params: &ChainParams,
    cache_bytes: u64,
) -> Result<CoinsStore, StoreError> {
    let options = StoreOptions {
        kind: StoreKind::Coins,
        cache_bytes,
        buffer_bytes: 8 << 20,
        wipe: false,
    };
    Store::open(path, params, &options).map(CoinsStore::new)
}

/// Moves the changes of a cache into the one below it.
pub fn merge<V: CoinsView, W: CoinsView>(above: CoinsCache<V>, below: &mut CoinsCache<W>) {
    below.apply(above.into_changes());
}

/// Writes the changes of a cache to its store, durably.
///
/// # Errors
/// Where the store cannot be written.
pub fn flush(cache: &mut CoinsCache<CoinsStore>) -> Result<(), StoreError> {
    let options = WriteOptions {
        batch_bytes: DEFAULT_BATCH_BYTES,
        crash_ratio: None,
        bulk: BULK_CHANGES,
    };
    cache.base().write(cache, options, |_| ())?;
    cache.written(true);
    Ok(())
}
