//! Snapshots of all coins: written to files (`dumptxoutset`), and read from them to start with
//! (`loadtxoutset`, Core's assumeutxo).
//!
//! A snapshot whose hash the program knows becomes a second set of coins, with the chain that ends
//! at its block. That one is active from then on. The older one goes on to check all blocks up to
//! the snapshot's, and then confirms its coins or shows that they are wrong.

mod activate;
mod background;
mod directories;
mod dump;
mod file;
mod load;

pub(crate) use activate::SnapshotCommand;
pub use activate::{ActivationError, SnapshotPlan};
pub(crate) use background::Assumed;
pub use background::ChainstateInfo;
pub(crate) use directories::{read_base, refuse_newer_stores, settle_directories};
pub use dump::{CoinsAt, DumpError, RollbackOptions};
pub use file::{METADATA_SIZE, MetadataError, SnapshotMetadata, SnapshotReader};
pub use load::{PopulateError, PopulatedSnapshot, Stage, populate};
