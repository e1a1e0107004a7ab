//! The wallet process: descriptor wallets in Core's file format, following a node's chain over IPC.
//!
//! One thread, `wallet`, owns every wallet and its file ([`handle`]); everybody else holds a
//! [`WalletHandle`]. The chain is pulled, never pushed ([`follow`]).

pub mod coin_selection;
pub mod context;
pub mod crypter;
pub mod db;
pub mod error;
pub mod fault;
pub mod follow;
pub mod fuzzing;
pub mod handle;
pub mod names;
pub mod options;
pub mod program;
mod relock;
pub mod rescan;
pub mod rpc;
mod scans;
pub mod scriptpubkeyman;
pub mod send;
pub mod service;
pub mod tasks;
pub mod tool;
pub mod transaction;
pub mod wallet;
pub mod wallets;

pub use error::WalletError;
pub use handle::WalletHandle;
pub use options::WalletOptions;
pub use program::run_in_process;
pub use wallet::Wallet;
