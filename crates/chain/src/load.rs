//! The start: stores are opened, the index is read, interrupted writes are completed, the last
//! blocks are checked.

mod index;

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};

use consensus::deployments::BuriedDeployment;
use primitives::params::{AssumeUtxo, MAX_FUTURE_BLOCK_TIME};
use primitives::{Block, BlockHash, U256};
use rayon::ThreadPool;

use crate::block_files::{BlockFileWriter, BlockFiles, FileInfo};
use crate::chainstate::{Bench, Chainstate, FIRST_SEQUENCE};
use crate::coins::{CoinsCache, CoinsStore, CoinsView as _, MOST_MEMORY};
use crate::config::{ChainConfig, Reindex, Task};
use crate::disconnected::DisconnectedTxs;
use crate::disk::Disk;
use crate::error::{ChainError, StartError};
use crate::index::{IndexStore, SEQUENCE_BEST_CHAIN, Validity};
use crate::read_ahead::ReadAhead;
use crate::reader::Shared;
use crate::signature_cache::ValidationCaches;
use crate::snapshot::settle_directories;
use crate::store::{Store, StoreError, StoreKind, StoreOptions};
use crate::text::iso_date_time;
use crate::verify::Verified;
use index::{check_files, load_index};

/// Memory of the block index's store for what it reads, in bytes.
const INDEX_CACHE: u64 = 2 << 20;
/// Memory of the block index's store for what it writes, in bytes.
const INDEX_BUFFER: u64 = 4 << 20;

/// How `-dbcache` is divided, in bytes.
struct CacheSizes {
    store_cache: u64,
    store_buffer: u64,
    coins: usize,
}

impl CacheSizes {
    fn of(total: usize) -> Self {
        let store_cache = (total / 8).clamp(1 << 20, 64 << 20);
        // Large writes of coins pass it by.
        let store_buffer = (total / 16).clamp(1 << 20, 8 << 20);
        let most = usize::try_from(MOST_MEMORY).unwrap_or(usize::MAX);
        // One buffer fills while another is written out.
        let stores = store_cache + 2 * store_buffer;
        Self {
            store_cache: store_cache as u64,
            store_buffer: store_buffer as u64,
            coins: total.saturating_sub(stores).clamp(1 << 20, most),
        }
    }
}

impl Chainstate {
    /// Opens everything in the directories of `config`.
    pub(crate) fn load(config: ChainConfig) -> Result<Self, StartError> {
        log_settings(&config);
        let files = BlockFiles::open(
            &config.blocks_dir,
            config.params,
            config.use_xor,
            config.fast_prune,
        )
        .map_err(StartError::Files)?
        .on(&Disk::new(config.faults.clone()));
        let snapshot = settle_directories(&config)?;
        let sizes = CacheSizes::of(config.cache_bytes);
        let (index_store, coins_store) = if config.reindex == Reindex::All {
            // Cut short between the two, coins must not stand above an index that knows nothing.
            let coins = open_coins(&config, &sizes)?;
            (open_index(&config, &files)?, coins)
        } else {
            let index = open_index(&config, &files)?;
            (index, open_coins(&config, &sizes)?)
        };
        config.report(Task::LoadingIndex, 0);
        let load_error = |error: StoreError| StartError::LoadIndex(error.into());
        let index = load_index(&index_store, &config, snapshot)?;
        let infos = index_store.files().map_err(load_error)?;
        log_files(&infos);
        check_files(&index, &files, infos.len())?;
        let have_pruned = index_store.has_pruned().map_err(load_error)?;
        if have_pruned {
            check_pruned(&config)?;
        }
        config.report(Task::LoadingIndex, 100);
        let reindexing = index_store.is_reindexing().map_err(load_error)?;
        let pool = thread_pool("scriptch", config.script_threads)?;
        // Apart, so that the next block and its coins need not wait for the scripts of this one.
        let readers = thread_pool("readahead", config.script_threads)?;
        let caches = ValidationCaches::new(config.signature_cache_bytes);
        let writer = BlockFileWriter::new(
            files.clone(),
            infos,
            snapshot.map(|snapshot| snapshot.height),
        );
        let mut chainstate = Self {
            shared: Arc::new(Shared::new(config, files, index)),
            writer,
            index_store,
            coins: CoinsCache::new(coins_store),
            coins_limit: sizes.coins,
            coins_total: sizes.coins,
            store_cache_bytes: sizes.store_cache,
            assumed: None,
            snapshot_claim: Weak::new(),
            chain: Vec::new(),
            target: None,
            unsettled: VecDeque::new(),
            ahead: ReadAhead::default(),
            pool,
            readers,
            caches: Arc::new(caches),
            initial_download: true,
            reindexing,
            check_pruning: false,
            damage: OnceLock::new(),
            next_sequence: FIRST_SEQUENCE,
            precious_sequence: -1,
            precious_work: U256::ZERO,
            last_script_checks: None,
            next_write: None,
            bench: Bench::default(),
            disconnected: DisconnectedTxs::default(),
            version_bits: consensus::deployments::VersionBitsCache::default(),
        };
        chainstate
            .shared
            .have_pruned
            .store(have_pruned, Ordering::Relaxed);
        chainstate.delete_leftovers();
        chainstate.load_tip(snapshot)?;
        Ok(chainstate)
    }

    /// Finds the block that the coins stand at, and makes the first block if there is none.
    fn load_tip(&mut self, snapshot: Option<&AssumeUtxo>) -> Result<(), StartError> {
        self.replay().map_err(StartError::Replay)?;
        let best = self
            .coins
            .base()
            .best_block()
            .map_err(StartError::OpenCoins)?;
        self.shared.flushed.send_replace(best.unwrap_or_default());
        match best {
            Some(best) => {
                self.load_chain(&best)?;
                self.leave_invalid()
                    .map_err(|error| StartError::InitIndex(Some(error)))?;
            }
            None if !self.reindexing => {
                self.make_genesis()
                    .map_err(|error| StartError::InitIndex(Some(error)))?;
            }
            None => {}
        }
        self.load_candidates();
        self.check_witnesses()?;
        if best.is_none() && !self.reindexing {
            // Others are connected by the import, which lets commands through meanwhile.
            self.connect_first()?;
        }
        if let Some(snapshot) = snapshot {
            self.open_snapshot(&snapshot.block)?;
            self.load_candidates();
            self.check_witnesses()?;
        }
        if !self.reindexing {
            self.recover_blocks()
                .map_err(|error| StartError::InitIndex(Some(error)))?;
        }
        self.publish();
        self.check_tip()?;
        tracing::info!(target: "validation", "Block index and chainstate loaded");
        Ok(())
    }

    pub(crate) fn load_chain(&mut self, best: &BlockHash) -> Result<(), StartError> {
        let mut index = self.shared.index_mut();
        let Some(tip) = index.find(best) else {
            return Err(StartError::InitIndex(None));
        };
        let mut chain = Vec::with_capacity(index.entry(tip).height as usize + 1);
        let mut at = Some(tip);
        while let Some(id) = at {
            chain.push(id);
            let entry = index.entry_mut_unstored(id);
            // The last tip wins against others with as much work.
            entry.sequence = SEQUENCE_BEST_CHAIN;
            at = entry.prev;
        }
        chain.reverse();
        drop(index);
        self.chain = chain;
        let progress = self.progress_of(tip);
        let index = self.shared.index();
        let entry = index.entry(tip);
        tracing::info!(
            target: "validation",
            "Loaded best chain: hashBestChain={best} height={} date={} progress={progress:.6}",
            entry.height,
            iso_date_time(entry.header.time.into()),
        );
        Ok(())
    }

    /// Takes back blocks of the chain that are marked invalid: the index is written before the
    /// coins, so that a process that is killed while it invalidates leaves coins above such blocks.
    pub(crate) fn leave_invalid(&mut self) -> Result<(), ChainError> {
        let is_invalid = |chain: &Self, tip| chain.shared.index().entry(tip).status.has_failed();
        let lowest = self.unconfirmed_base().filter(|_| !self.is_in_background());
        while let Some(tip) = self.tip().filter(|tip| is_invalid(self, *tip)) {
            if Some(tip) == lowest {
                break;
            }
            self.disconnect_tip(tip)?;
        }
        Ok(())
    }

    /// Stores the first block, where it is not known yet.
    pub(crate) fn make_genesis(&mut self) -> Result<(), ChainError> {
        let genesis = &self.params().genesis;
        if self.shared.index().find(&genesis.hash).is_some() {
            return Ok(());
        }
        let block = Block::from_bytes(genesis.block, self.params().hashes)
            .expect("the first block of every network decodes");
        let pos = self.writer.write_block(&block, 0)?;
        let id = self.shared.index_mut().add(block.header, block.hash);
        self.received_transactions(id, &block, pos);
        Ok(())
    }

    /// Connects the first block.
    pub(crate) fn connect_first(&mut self) -> Result<(), ChainError> {
        let genesis = self.shared.index().find(&self.params().genesis.hash);
        if let Some(genesis) = genesis {
            self.connect_now(genesis, None)?;
            self.publish();
        }
        Ok(())
    }

    pub(crate) fn load_candidates(&mut self) {
        let mut index = self.shared.index_mut();
        let tip = self.chain.last().map(|tip| index.rank(*tip));
        index.candidates.clear();
        for id in index.ids() {
            let entry = index.entry(id);
            let complete = entry.chain_tx_count > 0 || entry.prev.is_none();
            if entry.status.is_valid(Validity::Transactions) && complete {
                let rank = index.rank(id);
                if tip.is_none_or(|tip| rank >= tip) {
                    index.candidates.insert(rank);
                }
            }
        }
    }

    /// Refuses a chain whose blocks were stored without looking at their witnesses.
    fn check_witnesses(&self) -> Result<(), StartError> {
        let (index, params) = (self.shared.index(), self.params());
        let bare = self.chain.iter().map(|id| index.entry(*id)).any(|entry| {
            BuriedDeployment::Segwit.is_active(entry.height, params) && !entry.status.has_witness()
        });
        if bare {
            Err(StartError::NeedsWitness(params.segwit_height))
        } else {
            Ok(())
        }
    }

    /// Checks that the tip is not from the future and the last blocks fit the coins.
    fn check_tip(&mut self) -> Result<(), StartError> {
        let tip_time = self
            .tip()
            .map_or(0, |tip| self.shared.index().entry(tip).header.time);
        if i64::from(tip_time) > self.now().saturating_add(MAX_FUTURE_BLOCK_TIME.into()) {
            return Err(StartError::FutureTip);
        }
        let (level, blocks) = (self.config().check_level, self.config().check_blocks);
        let older = self.in_background(|chain| chain.verify(level, blocks));
        self.accept_verified(older.unwrap_or(Ok(Verified::Intact))?)?;
        self.accept_verified(self.verify(level, blocks)?)
    }

    /// Whether a start goes on after a check of the last blocks.
    fn accept_verified(&self, verified: Verified) -> Result<(), StartError> {
        match verified {
            Verified::Skipped if self.config().require_full_check => Err(StartError::SmallCache),
            Verified::Intact | Verified::Partial | Verified::Skipped | Verified::Cancelled => {
                Ok(())
            }
            Verified::Damaged => Err(StartError::Corrupted(self.damage.get().cloned())),
            Verified::Interrupted => Err(StartError::Interrupted),
        }
    }
}

fn log_settings(config: &ChainConfig) {
    match config.assume_valid {
        Some(hash) => tracing::info!(
            target: "validation", "Assuming ancestors of block {hash} have valid signatures."
        ),
        None => tracing::info!(target: "validation", "Validating signatures for all blocks."),
    }
    tracing::info!(target: "validation", "Setting nMinimumChainWork={}", config.min_chain_work);
    let default = config.params.min_chain_work;
    if config.min_chain_work < default {
        tracing::warn!(
            target: "validation", "nMinimumChainWork set below default value of {default}"
        );
    }
}

/// Tells of block files that were deleted, which only a node that prunes can go on without.
fn check_pruned(config: &ChainConfig) -> Result<(), StartError> {
    tracing::info!(
        target: "validation",
        "Loading block index db: Block files have previously been pruned"
    );
    match config.prune.is_on() {
        true => Ok(()),
        false => Err(StartError::WasPruned),
    }
}

fn open_index(config: &ChainConfig, files: &BlockFiles) -> Result<IndexStore, StartError> {
    let wipe = config.reindex == Reindex::All;
    let options = StoreOptions {
        kind: StoreKind::BlockIndex,
        cache_bytes: INDEX_CACHE,
        buffer_bytes: INDEX_BUFFER,
        wipe,
    };
    // As in Core, `-blocksdir` does not move the index.
    let path = config.data_dir.join("blocks").join("index");
    // A new index has to be filled from the block files that are there, whatever cuts it short.
    let must_fill = wipe || files.block_path(0).exists();
    let prepare = |store: &Store| {
        if wipe && config.prune.is_on() {
            files.delete_unusable(&config.blocks_dir)?;
        }
        match must_fill {
            true => IndexStore::new(store.clone()).set_reindexing(true),
            false => Ok(()),
        }
    };
    Store::open_prepared(&path, config.params, &options, prepare)
        .map(|store| IndexStore::new(store.on(&Disk::new(config.faults.clone()))))
        .map_err(|error| refused_or(error, StartError::OpenIndex))
}

fn open_coins(config: &ChainConfig, sizes: &CacheSizes) -> Result<CoinsStore, StartError> {
    let options = StoreOptions {
        kind: StoreKind::Coins,
        cache_bytes: sizes.store_cache,
        buffer_bytes: sizes.store_buffer,
        wipe: config.reindex != Reindex::No,
    };
    Store::open(&config.data_dir.join("chainstate"), config.params, &options)
        .map(|store| CoinsStore::new(store.on(&Disk::new(config.faults.clone()))))
        .map_err(|error| refused_or(error, StartError::OpenCoins))
}

/// Says why a directory is refused; damage gets Core's sentence.
pub(crate) fn refused_or(error: StoreError, damaged: fn(StoreError) -> StartError) -> StartError {
    if error.is_refusal() {
        StartError::Chain(error.into())
    } else {
        damaged(error)
    }
}

fn log_files(infos: &[FileInfo]) {
    if let Some(last) = infos.last() {
        let number = infos.len() - 1;
        tracing::info!(
            target: "validation", "Loading block index db: last block file = {number}"
        );
        tracing::info!(
            target: "validation", "Loading block index db: last block file info: {last}"
        );
    }
}

fn thread_pool(name: &'static str, threads: usize) -> Result<Arc<ThreadPool>, StartError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .thread_name(move |number| format!("{name}.{number}"))
        // Whoever waits for the work hears that its answer will not come.
        .panic_handler(|_| ())
        .build();
    pool.map(Arc::new).map_err(|error| {
        let source = std::io::Error::other(error.to_string());
        StartError::Chain(ChainError::Thread { name, source })
    })
}
