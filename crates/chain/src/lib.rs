//! The chain on disk and in memory: block and undo files, block index, coins, activation of the
//! best chain, and what is built on it.
//!
//! One thread, `chain`, does all the writing. [`start`] makes it and gives two handles that clone
//! freely: [`ChainHandle`] sends it commands, [`ChainReader`] looks at what is there without asking
//! it. Nothing here is asynchronous, opens a socket or knows JSON.
//!
//! What must be durable goes to disk in one order: block and undo files, then the index, then the
//! coins with the block that they stand at. After a crash the start goes on from there.

mod accept;
mod activate;
#[doc(hidden)]
pub mod benching;
mod block_files;
mod chacha20;
mod chainstate;
mod clock;
pub mod coins;
pub mod coinstats;
mod compress;
mod config;
mod connect;
mod disconnected;
mod disk;
mod error;
mod flush;
mod follower;
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod import;
mod index;
pub mod indexes;
mod invalidate;
mod load;
pub mod mempool;
pub mod muhash;
pub mod policy;
mod pool;
mod prune;
mod prune_locks;
mod random;
mod read_ahead;
mod reader;
mod recover;
mod replay;
mod scanner;
mod script_run;
mod signature_cache;
pub mod snapshot;
pub mod store;
mod template;
mod text;
mod thread;
mod undo;
mod verify;

pub use block_files::{BlockFiles, FileError, FilePos, XorKey};
pub use clock::Clock;
pub use coins::{Coin, CoinsCache, CoinsSnapshot, CoinsStore, CoinsView};
pub use config::{
    Cancel, ChainConfig, DEFAULT_BATCH_BYTES, DEFAULT_CACHE_BYTES, DEFAULT_CHECK_BLOCKS,
    DEFAULT_CHECK_LEVEL, DEFAULT_MAX_TIP_AGE, DEFAULT_SIGNATURE_CACHE_BYTES, FreeSpaceFn,
    MAX_SCRIPT_THREADS, MIN_BLOCKS_TO_KEEP, MIN_CACHE_BYTES, Progress, ProgressFn, Prune, Reindex,
    StopFn, Task, default_script_threads,
};
pub use disk::{FaultFn, FileAction, FileFault};
pub use error::{BlockRejection, ChainError, ReadError, StartError, SubmitError, SubmitTxError};
pub use follower::{Ahead, ChainFollower, FollowError, FollowStep};
pub use handle::{Accepted, Call, ChainHandle, Submission};
pub use index::{BlockIndex, BlockStatus, Branch, Validity};
pub use prune_locks::PruneLocks;
pub use reader::{BlockInfo, ChainReader, ChainTip, Ended, Tip, TipStatus};
pub use template::{Chosen, TemplateLimits, TemplateRequest, TemplateTxs};
pub use thread::{Chain, start};
pub use undo::{BlockUndo, TxUndo};
