//! The wallet process: descriptor wallets in Core's file format, following a node's chain over IPC.
//!
//! One thread, `wallet`, owns every wallet and its file ([`thread`]); everybody else holds a
//! [`WalletHandle`]. The chain is pulled, never pushed ([`follow`]).

pub mod coin_selection;
pub mod crypter;
pub mod db;
pub mod error;
pub mod options;
pub mod scriptpubkeyman;
pub mod transaction;
pub mod wallet;

pub use error::WalletError;
pub use options::WalletOptions;
pub use wallet::Wallet;
