//! What the chain is told when it starts.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use primitives::{BlockHash, ChainParams, U256};

use crate::clock::Clock;
use crate::disk::FaultFn;
use crate::mempool::MempoolLimits;
use crate::policy::PolicyLimits;
use crate::template::TemplateLimits;

/// Default of `-dbcache`, in bytes.
pub const DEFAULT_CACHE_BYTES: usize = 450 << 20;
/// Least of `-dbcache`, in bytes.
pub const MIN_CACHE_BYTES: usize = 4 << 20;
/// Default of `-dbbatchsize`, in bytes.
pub const DEFAULT_BATCH_BYTES: usize = 32 << 20;
/// Default of `-maxsigcachesize`, in bytes.
pub const DEFAULT_SIGNATURE_CACHE_BYTES: usize = 32 << 20;
/// Default of `-checkblocks`.
pub const DEFAULT_CHECK_BLOCKS: u32 = 6;
/// Default of `-checklevel`.
pub const DEFAULT_CHECK_LEVEL: u8 = 3;
/// Default of `-maxtipage`, in seconds.
pub const DEFAULT_MAX_TIP_AGE: i64 = 24 * 60 * 60;
/// Most threads that check scripts.
pub const MAX_SCRIPT_THREADS: usize = 16;

/// What is built anew at start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reindex {
    /// Nothing.
    #[default]
    No,
    /// The coins, from the blocks on disk (`-reindex-chainstate`).
    Chainstate,
    /// Block index and coins, from the block files (`-reindex`).
    All,
}

/// Blocks below the tip that are never pruned: reorganisations need them.
pub const MIN_BLOCKS_TO_KEEP: u32 = 288;

/// Which old blocks are deleted to save space (`-prune`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prune {
    /// None.
    #[default]
    Off,
    /// Those that somebody asks to delete.
    Manual,
    /// Also the oldest, as soon as block and undo files take more than so many bytes.
    Automatic(u64),
}

impl Prune {
    /// Whether blocks may be deleted.
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }
}

/// A piece of work that takes long enough to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// The block index is read.
    LoadingIndex,
    /// Blocks that a crash left half written to the coins are applied again.
    Replaying,
    /// The last blocks are checked (`-checkblocks`).
    Verifying,
    /// Block files are read for a new index (`-reindex`).
    Reindexing,
    /// Blocks are read from files (`-loadblock`).
    Importing,
    /// Blocks on disk are connected.
    Connecting,
    /// Many blocks are taken back or connected, to get to the best chain.
    Activating,
    /// Many blocks are taken back, since they are to be invalid.
    Disconnecting,
    /// Old blocks are deleted.
    Pruning,
    /// Coins are written to disk.
    Flushing,
    /// The older chain checks the blocks up to a snapshot's.
    BackgroundValidation,
    /// The older coins are hashed, to confirm a snapshot's.
    CheckingSnapshot,
}

/// How far a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub task: Task,
    /// 0 to 100; 100 says that it has ended.
    pub percent: u8,
}

/// Called with every step of a long task, on whichever thread does it; returns at once.
pub type ProgressFn = Arc<dyn Fn(Progress) + Send + Sync>;

/// Gives the bytes that may still be written where a path lies.
pub type FreeSpaceFn = fn(&Path) -> Option<u64>;

/// Asked between two blocks whether the process is to stop.
pub type StopFn = Arc<dyn Fn() -> bool + Send + Sync>;

/// Everything that the chain is told when it starts.
#[derive(Clone)]
pub struct ChainConfig {
    /// The network.
    pub params: &'static ChainParams,
    /// The network's data directory: `chainstate` lies there.
    pub data_dir: PathBuf,
    /// Where `blk*.dat`, `rev*.dat` and `index` lie (`-blocksdir`); exists already.
    pub blocks_dir: PathBuf,
    /// Memory for coins and for the caches of the stores, in bytes (`-dbcache`).
    pub cache_bytes: usize,
    /// Bytes of coins written at once (`-dbbatchsize`).
    pub batch_bytes: usize,
    /// One in so many partial writes of coins ends the process, to test recovery (`-dbcrashratio`).
    pub crash_ratio: Option<u32>,
    /// Threads that check scripts, this one included (`-par`, resolved): at least 1.
    pub script_threads: usize,
    /// Memory for what is known of signatures and scripts, in bytes (`-maxsigcachesize`).
    pub signature_cache_bytes: usize,
    /// Whether new block files are obfuscated (`-blocksxor`).
    pub use_xor: bool,
    /// Whether block files are tiny (`-fastprune`).
    pub fast_prune: bool,
    /// Which old blocks are deleted.
    pub prune: Prune,
    /// What is built anew.
    pub reindex: Reindex,
    /// How many of the last blocks are checked at start; 0: all (`-checkblocks`).
    pub check_blocks: u32,
    /// How thoroughly, 0 to 4 (`-checklevel`).
    pub check_level: u8,
    /// Whether a check that lacked memory ends the start: somebody asked for it.
    pub require_full_check: bool,
    /// Scripts below this block are taken for valid; `None`: none are (`-assumevalid`).
    pub assume_valid: Option<BlockHash>,
    /// A chain with less work is still being downloaded (`-minimumchainwork`).
    pub min_chain_work: U256,
    /// A tip older than this, in seconds, is still being downloaded (`-maxtipage`).
    pub max_tip_age: i64,
    /// Stop at this height (`-stopatheight`).
    pub stop_at_height: Option<u32>,
    /// What is relayed and mined.
    pub policy: PolicyLimits,
    /// How large the mempool may grow.
    pub mempool: MempoolLimits,
    /// What a block template may hold.
    pub template: TemplateLimits,
    /// The clock.
    pub clock: Clock,
    /// Whether the process is to stop.
    pub stop: StopFn,
    /// Told of long tasks.
    pub progress: ProgressFn,
    /// Ends some of them.
    pub cancel: Arc<Cancel>,
    /// Bytes that may still be written where a path lies; `None` where the disk does not tell.
    pub free_space: FreeSpaceFn,
    /// Makes operations on files and stores fail, for tests.
    pub faults: Option<FaultFn>,
}

/// Asks for the end of long work. What is not running is not touched.
#[derive(Debug, Default)]
pub struct Cancel {
    import: AtomicBool,
    verification: AtomicBool,
    pause: AtomicBool,
    background: AtomicBool,
    invalidation: AtomicBool,
}

impl Cancel {
    /// No more blocks are read from files of others; what was read is connected.
    pub fn cancel_import(&self) {
        self.import.store(true, Ordering::Relaxed);
    }

    /// The blocks that were not looked at yet are taken as they are.
    pub fn cancel_verification(&self) {
        self.verification.store(true, Ordering::Relaxed);
    }

    /// No more blocks are taken back that are to be invalid; those that were stay so.
    pub fn cancel_invalidation(&self) {
        self.invalidation.store(true, Ordering::Relaxed);
    }

    /// Our own blocks on disk wait until the next start: no more of them are read for a new index, or connected.
    pub fn pause_import(&self) {
        self.pause.store(true, Ordering::Relaxed);
    }

    /// The blocks below a snapshot wait until the next start.
    pub fn pause_background(&self) {
        self.background.store(true, Ordering::Relaxed);
    }

    /// Whether our own blocks on disk are to wait. Asked again, the answer is no.
    pub(crate) fn take_pause(&self) -> bool {
        self.pause.swap(false, Ordering::Relaxed)
    }

    /// Whether the taking back of blocks is to end. Asked again, the answer is no.
    pub(crate) fn take_invalidation(&self) -> bool {
        self.invalidation.swap(false, Ordering::Relaxed)
    }

    /// Whether the blocks below a snapshot are to wait.
    pub(crate) fn is_background_paused(&self) -> bool {
        self.background.load(Ordering::Relaxed)
    }

    /// Whether the import is to end. Asked again, the answer is no.
    pub(crate) fn take_import(&self) -> bool {
        self.import.swap(false, Ordering::Relaxed)
    }

    /// Whether the verification is to end, likewise.
    pub(crate) fn take_verification(&self) -> bool {
        self.verification.swap(false, Ordering::Relaxed)
    }
}

impl ChainConfig {
    /// The defaults for the network `params` in `data_dir`, with `blocks_dir` inside it.
    pub fn new(params: &'static ChainParams, data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        Self {
            params,
            blocks_dir: data_dir.join("blocks"),
            data_dir,
            cache_bytes: DEFAULT_CACHE_BYTES,
            batch_bytes: DEFAULT_BATCH_BYTES,
            crash_ratio: None,
            script_threads: default_script_threads(),
            signature_cache_bytes: DEFAULT_SIGNATURE_CACHE_BYTES,
            use_xor: true,
            fast_prune: false,
            prune: Prune::Off,
            reindex: Reindex::No,
            check_blocks: DEFAULT_CHECK_BLOCKS,
            check_level: DEFAULT_CHECK_LEVEL,
            require_full_check: false,
            assume_valid: params.assume_valid.map(|block| block.hash),
            min_chain_work: params.min_chain_work,
            max_tip_age: DEFAULT_MAX_TIP_AGE,
            stop_at_height: None,
            policy: PolicyLimits::of(params),
            mempool: MempoolLimits::default(),
            template: TemplateLimits::of(params),
            clock: Clock::new(),
            stop: Arc::new(|| false),
            progress: Arc::new(|_| ()),
            cancel: Arc::default(),
            free_space: |_| None,
            faults: None,
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        (self.stop)()
    }

    pub(crate) fn report(&self, task: Task, percent: u64) {
        let percent = u8::try_from(percent.min(100)).expect("at most 100");
        (self.progress)(Progress { task, percent });
    }
}

impl fmt::Debug for ChainConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainConfig")
            .field("coin", &self.params.coin)
            .field("network", &self.params.network)
            .field("data_dir", &self.data_dir)
            .field("blocks_dir", &self.blocks_dir)
            .finish_non_exhaustive()
    }
}

/// Threads for scripts where `-par` is 0: one per core, at most [`MAX_SCRIPT_THREADS`].
pub fn default_script_threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MAX_SCRIPT_THREADS)
}
