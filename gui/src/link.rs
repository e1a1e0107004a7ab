//! The way to node and wallet.

pub mod state;

pub use state::Connection;
