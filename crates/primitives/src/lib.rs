//! What things are: amounts, hashes, transactions, blocks, script bytes, their encoding, addresses
//! and the parameters of every chain.
//!
//! Nothing here does I/O, reads a clock, spawns or draws random numbers.

pub mod address;
pub mod amount;
pub mod base58;
pub mod block;
pub mod block_filter;
pub mod encode;
pub mod hash;
pub mod hash_scheme;
pub mod params;
mod randomq;
pub mod script;
pub mod siphash;
pub mod transaction;
pub mod uint256;

pub use amount::{Amount, FeeRate};
pub use block::{Block, Header};
pub use block_filter::BlockFilter;
pub use hash::{BlockHash, Hash160, Hash256, Txid, Wtxid};
pub use hash_scheme::HashScheme;
pub use params::{ChainParams, Coin, Network};
pub use script::Script;
pub use transaction::{OutPoint, Tx, TxIn, TxOut};
pub use uint256::{CompactTarget, U256};
