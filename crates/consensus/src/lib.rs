//! What is valid: the script interpreter, signature hashes, checks of transactions, headers and
//! blocks, difficulty, subsidy, deployments and merkle trees.
//!
//! Pure functions of their arguments: nothing here does I/O, reads a clock, stores, spawns or draws
//! random numbers. Checks are named by what they may see: `check_*` the thing alone,
//! `contextual_check_*` its ancestors' headers, too.

pub mod block_check;
pub mod deployments;
mod header_chain;
pub mod headers_sync;
pub mod merkle;
pub mod merkle_block;
pub mod pow;
pub mod script;
pub mod sighash;
mod signet;
mod subsidy;
pub mod tx_check;
pub mod tx_verify;

pub use block_check::{BlockChecks, BlockError, BlockErrorKind};
pub use header_chain::{HeaderChain, HeaderInfo};
pub use script::{
    DummyChecker, ScriptError, ScriptFlags, SignatureCache, SignatureChecker, SignatureEntry,
    TxChecker, verify_script,
};
pub use sighash::PrecomputedTx;
pub use signet::check_signet_solution;
pub use subsidy::block_subsidy;
pub use tx_check::{TxError, check_transaction};
