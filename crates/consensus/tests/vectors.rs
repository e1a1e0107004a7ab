//! The vectors of Bitcoin Core, the BIPs and the coin family.

#[cfg(test)]
#[path = "vectors/asm.rs"]
mod asm;
#[cfg(test)]
#[path = "vectors/blocks.rs"]
mod blocks;
#[cfg(test)]
#[path = "vectors/cases.rs"]
mod cases;
#[cfg(test)]
#[path = "vectors/chains.rs"]
mod chains;
#[cfg(test)]
#[path = "vectors/difficulty.rs"]
mod difficulty;
#[cfg(test)]
#[path = "vectors/regtest.rs"]
mod regtest;
#[cfg(test)]
#[path = "vectors/scripts.rs"]
mod scripts;
#[cfg(test)]
#[path = "vectors/sighashes.rs"]
mod sighashes;
#[cfg(test)]
#[path = "vectors/transactions.rs"]
mod transactions;
