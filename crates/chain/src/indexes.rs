//! Indexes over the chain (Core's `src/index`): followers with stores of their own, built in the
//! background.
//!
//! Each runs on its own thread and pulls blocks from where it stands to the tip. What it writes for
//! a block goes into its store together with the block's id, so that it goes on from there after
//! any end of the process. A second such mark is made only where the coins on disk have come as far:
//! a loss of power may take away blocks that the first mark knows, but never those of the second.

mod block_on;
mod coin_stats;
mod entries;
mod error;
mod filter;
mod filter_files;
mod follow;
mod indexing;
mod places;
mod spender;
mod state;
mod tx;

pub use coin_stats::{CoinStatsIndex, IndexedStats};
pub use error::IndexError;
pub use filter::FilterIndex;
pub use spender::{Spender, TxoSpenderIndex};
pub use state::IndexSummary;
pub use tx::{FoundTx, TxIndex};

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::config::ChainConfig;
use crate::reader::{ChainReader, Ended};
use crate::snapshot::refuse_newer_stores;
use crate::store::{Store, StoreKind, StoreOptions, refuse_newer};
use follow::Follow;
use indexing::{Indexing, Run};
use state::IndexState;

/// Most threads that read blocks for the indexes.
const MAX_THREADS: usize = 4;
/// Least memory that a store is given for what it reads, and twice for what it writes, in bytes.
const MIN_CACHE: u64 = 1 << 20;

/// Which index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexKind {
    /// Where transactions lie (`-txindex`).
    Tx,
    /// The basic filters of blocks (`-blockfilterindex`, BIP158).
    BasicFilter,
    /// Figures of all coins at every block (`-coinstatsindex`).
    CoinStats,
    /// Which transactions spend outputs (`-txospenderindex`).
    TxoSpender,
}

impl IndexKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Tx,
        Self::TxoSpender,
        Self::BasicFilter,
        Self::CoinStats,
    ];

    /// What `getindexinfo` and the log call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tx => "txindex",
            Self::BasicFilter => "basic block filter index",
            Self::CoinStats => "coinstatsindex",
            Self::TxoSpender => "txospenderindex",
        }
    }

    /// The option that turns it on.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Tx => "txindex",
            Self::BasicFilter => "blockfilterindex",
            Self::CoinStats => "coinstatsindex",
            Self::TxoSpender => "txospenderindex",
        }
    }

    /// Its part of the memory for caches (`-dbcache`), in bytes; what is left is the chain's.
    pub const fn cache_share(self, total: usize) -> usize {
        match self {
            Self::Tx => total / 10,
            Self::BasicFilter | Self::TxoSpender => total / 20,
            // Nobody reads the same figures again and again.
            Self::CoinStats => 0,
        }
    }

    const fn thread_name(self) -> &'static str {
        match self {
            Self::Tx => "txidx",
            Self::BasicFilter => "blkfltbscidx",
            Self::CoinStats => "coinstatsidx",
            Self::TxoSpender => "txospenderidx",
        }
    }

    /// The directory that can be deleted to have the index built anew, below that of the network.
    const fn dir(self) -> &'static str {
        match self {
            Self::Tx => "indexes/txindex",
            Self::BasicFilter => "indexes/blockfilter/basic",
            Self::CoinStats => "indexes/coinstatsindex",
            Self::TxoSpender => "indexes/txospenderindex",
        }
    }

    fn store_dir(self, data_dir: &Path) -> PathBuf {
        let dir = data_dir.join(self.dir());
        match self {
            Self::Tx => dir,
            _ => dir.join("db"),
        }
    }

    /// Whether blocks may be deleted once they are in the index.
    const fn allows_prune(self) -> bool {
        matches!(self, Self::BasicFilter | Self::CoinStats)
    }

    /// Whether it needs to know what blocks spent.
    const fn needs_undo(self) -> bool {
        matches!(self, Self::BasicFilter | Self::CoinStats)
    }

    /// Whether it needs a block and what that spent to take it back.
    const fn needs_blocks_back(self) -> bool {
        matches!(self, Self::CoinStats)
    }
}

/// How far an index is while it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexProgress {
    /// So many hundredths of all transactions are in it.
    Percent(u8),
    /// It is at the tip.
    AtTip,
    /// It stands still until the next start, as somebody asked for.
    Paused,
}

/// Told how far an index is while it is built. Returns at once.
pub type IndexProgressFn = Arc<dyn Fn(IndexKind, IndexProgress) + Send + Sync>;

/// Which indexes are kept, and how.
#[derive(Clone)]
pub struct IndexConfig {
    /// Which.
    pub kinds: Vec<IndexKind>,
    /// The memory for all caches of the process, in bytes (`-dbcache`).
    pub cache_bytes: usize,
    /// Told of their progress.
    pub progress: IndexProgressFn,
}

impl fmt::Debug for IndexConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexConfig")
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

/// The indexes of a chain.
pub struct Indexes {
    reader: ChainReader,
    tx: Option<TxIndex>,
    spender: Option<TxoSpenderIndex>,
    filter: Option<FilterIndex>,
    coin_stats: Option<CoinStatsIndex>,
    states: Vec<Arc<IndexState>>,
    /// Those that do not run yet.
    waiting: Mutex<Vec<Box<dyn Run>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop: watch::Sender<bool>,
}

impl fmt::Debug for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Indexes")
            .field("states", &self.states)
            .finish_non_exhaustive()
    }
}

impl Indexes {
    /// Opens the indexes of the chain that `reader` looks at. They stand still until
    /// [`Indexes::start`].
    ///
    /// # Errors
    /// An [`IndexError`].
    pub fn open(reader: ChainReader, config: &IndexConfig) -> Result<Self, IndexError> {
        let mut indexes = Self {
            reader,
            tx: None,
            spender: None,
            filter: None,
            coin_stats: None,
            states: Vec::new(),
            waiting: Mutex::default(),
            threads: Mutex::default(),
            stop: watch::Sender::new(false),
        };
        for kind in IndexKind::ALL {
            if config.kinds.contains(&kind) {
                indexes.open_one(kind, config)?;
            }
        }
        Ok(indexes)
    }

    /// Empties indexes, to have them built anew (`-reindex`). To be done before the chain is started,
    /// so that none is left which knows more than a chain that begins again.
    ///
    /// # Errors
    /// An [`IndexError`].
    pub fn wipe(chain: &ChainConfig, kinds: &[IndexKind]) -> Result<(), IndexError> {
        // Nothing is emptied beside what a newer version wrote.
        refuse_newer_stores(&chain.data_dir).map_err(IndexError::Store)?;
        for kind in kinds {
            let dir = kind.store_dir(&chain.data_dir);
            refuse_newer(&dir, StoreKind::Index).map_err(IndexError::Store)?;
        }
        for kind in kinds {
            open_store(*kind, chain, 0, true)?;
        }
        Ok(())
    }

    fn open_one(&mut self, kind: IndexKind, config: &IndexConfig) -> Result<(), IndexError> {
        let store = open_store(kind, self.reader.config(), config.cache_bytes, false)?;
        let state = Arc::new(IndexState::new(kind, self.reader.clone()));
        match kind {
            IndexKind::Tx => {
                let (index, writer) = tx::open(&store, &state)?;
                self.tx = Some(index);
                self.prepare(store, state, writer, config)
            }
            IndexKind::TxoSpender => {
                let (index, writer) = spender::open(&store, &state)?;
                self.spender = Some(index);
                self.prepare(store, state, writer, config)
            }
            IndexKind::BasicFilter => {
                let (index, writer) = filter::open(&store, &state)?;
                self.filter = Some(index);
                self.prepare(store, state, writer, config)
            }
            IndexKind::CoinStats => {
                let (index, writer) = coin_stats::open(&store, &state);
                self.coin_stats = Some(index);
                self.prepare(store, state, writer, config)
            }
        }
    }

    fn prepare<I: Indexing>(
        &mut self,
        store: Store,
        state: Arc<IndexState>,
        writer: I,
        config: &IndexConfig,
    ) -> Result<(), IndexError> {
        self.states.push(Arc::clone(&state));
        let (progress, stop) = (Arc::clone(&config.progress), self.stop.subscribe());
        let follow = Follow::open(writer, state, store, progress, stop)?;
        lock(&self.waiting).push(Box::new(follow));
        Ok(())
    }

    /// Lets the indexes follow the chain, which has connected by now what is on disk. Where they
    /// cannot, the chain ends.
    ///
    /// # Errors
    /// An [`IndexError`] where blocks that one needs are gone, or the system gives no thread.
    pub fn start(&self) -> Result<(), IndexError> {
        let result = self.run_all();
        if result.is_err() {
            let text = "Failed to start indexes, shutting down…";
            self.reader.shared.end(Ended::Fatal(text.to_owned()));
        }
        result
    }

    fn run_all(&self) -> Result<(), IndexError> {
        let mut waiting = std::mem::take(&mut *lock(&self.waiting));
        for follow in &mut waiting {
            follow.find_place()?;
        }
        if waiting.is_empty() {
            return Ok(());
        }
        let threads = self.reader.config().script_threads.clamp(1, MAX_THREADS);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("index.{number}"))
            .build();
        let no_thread = |source| IndexError::NoThread { source };
        let pool = Arc::new(pool.map_err(|error| no_thread(std::io::Error::other(error)))?);
        for follow in waiting {
            // Whoever asks from now on waits for the thread.
            follow.state().set_running(true);
            let name = follow.state().kind.thread_name().to_owned();
            let pool = Arc::clone(&pool);
            let thread = std::thread::Builder::new()
                .name(name)
                .spawn(move || follow.run(&pool))
                .map_err(no_thread)?;
            lock(&self.threads).push(thread);
        }
        Ok(())
    }

    /// Ends the building of an index: it stands where it is until the next start. One that is at the tip goes on.
    pub fn pause(&self, kind: IndexKind) {
        let state = self.states.iter().find(|state| state.kind == kind);
        if let Some(state) = state {
            state.pause();
        }
    }

    /// Stops all threads at the border of a block, with everything written.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        lock(&self.waiting).clear();
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            // A panic inside is caught and told there.
            let _ended = thread.join();
        }
    }

    /// Where transactions lie.
    pub const fn tx(&self) -> Option<&TxIndex> {
        self.tx.as_ref()
    }

    /// Which transactions spend outputs.
    pub const fn spender(&self) -> Option<&TxoSpenderIndex> {
        self.spender.as_ref()
    }

    /// The filters of blocks.
    pub const fn filter(&self) -> Option<&FilterIndex> {
        self.filter.as_ref()
    }

    /// Figures of all coins at every block.
    pub const fn coin_stats(&self) -> Option<&CoinStatsIndex> {
        self.coin_stats.as_ref()
    }

    /// How far each index is.
    pub fn summaries(&self) -> Vec<IndexSummary> {
        self.states.iter().map(|state| state.summary()).collect()
    }

    /// How far one index is; `None` where it is not kept.
    pub fn summary(&self, kind: IndexKind) -> Option<IndexSummary> {
        self.state(kind).map(IndexState::summary)
    }

    /// Waits until the index has followed the chain to where the tip is now. False at once where it
    /// is still being built, and where it is not kept. Not for a thread that runs tasks.
    pub fn wait_for_tip(&self, kind: IndexKind) -> bool {
        self.state(kind).is_some_and(IndexState::wait_for_tip)
    }

    fn state(&self, kind: IndexKind) -> Option<&IndexState> {
        let mut states = self.states.iter();
        states
            .find(|state| state.kind == kind)
            .map(|state| &**state)
    }
}

/// What the fuzz package reads of an index: a record of that kind, as it would be written; `None` where it does not
/// decode.
pub(crate) fn record_comes_back(kind: IndexKind, bytes: &[u8]) -> Option<bool> {
    match kind {
        IndexKind::Tx | IndexKind::TxoSpender => places::key_comes_back(bytes),
        IndexKind::BasicFilter => filter::entry_comes_back(bytes),
        IndexKind::CoinStats => {
            let stats = IndexedStats::from_bytes(bytes).ok()?;
            Some(stats.to_bytes() == bytes)
        }
    }
}

/// What the fuzz package reads of a file of filters.
pub(crate) fn read_filter(
    file: &mut std::fs::File,
    offset: u32,
    block: &primitives::BlockHash,
) -> std::io::Result<Option<Vec<u8>>> {
    filter_files::read_record(file, offset, block)
}

/// Opens the store of an index; `cache_bytes` is the memory for all caches of the process.
fn open_store(
    kind: IndexKind,
    chain: &ChainConfig,
    cache_bytes: usize,
    wipe: bool,
) -> Result<Store, IndexError> {
    let share = kind.cache_share(cache_bytes) as u64;
    let options = StoreOptions {
        kind: StoreKind::Index,
        cache_bytes: (share / 2).max(MIN_CACHE),
        // One buffer fills while another is written out.
        buffer_bytes: (share / 4).max(MIN_CACHE),
        wipe,
    };
    let path = kind.store_dir(&chain.data_dir);
    Store::open(&path, chain.params, &options)
        .map_err(|source| IndexError::store(kind, &chain.data_dir, source))
}

impl Drop for Indexes {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
