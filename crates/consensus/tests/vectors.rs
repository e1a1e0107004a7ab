//! The vectors of Bitcoin Core, the BIPs and the coin family.

#[path = "vectors/asm.rs"]
mod asm;
#[path = "vectors/blocks.rs"]
mod blocks;
#[path = "vectors/chains.rs"]
mod chains;
#[path = "vectors/difficulty.rs"]
mod difficulty;
#[path = "vectors/regtest.rs"]
mod regtest;
#[path = "vectors/scripts.rs"]
mod scripts;
#[path = "vectors/sighashes.rs"]
mod sighashes;
#[path = "vectors/transactions.rs"]
mod transactions;
