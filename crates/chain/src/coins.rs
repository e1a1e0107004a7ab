//! Coins: the outputs that nobody has spent, where they are kept and how they are found.

mod cache;
mod disk;
mod slot;
mod table;

pub use cache::CoinsCache;
pub(crate) use cache::{Found, read_coins};
pub(crate) use disk::{BULK_CHANGES, WriteOptions, coin_key, coin_place};
pub use disk::{CoinsSnapshot, CoinsStore};
pub(crate) use slot::Slot;
pub(crate) use table::MOST_MEMORY;

use primitives::encode::{DecodeError, Reader, Sink};
use primitives::{BlockHash, OutPoint, Tx, TxOut};

use crate::compress::{output, put_output, put_varint, varint_u32};
use crate::store::StoreError;

/// An output that nobody has spent, with what a spender must know of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coin {
    /// Height of the block that made it.
    pub height: u32,
    /// Whether a coinbase made it.
    pub coinbase: bool,
    /// Amount and script.
    pub output: TxOut,
}

impl Coin {
    /// Height and coinbase flag in one number, as files and hashes have them.
    pub(crate) fn code(&self) -> u64 {
        u64::from(self.height) << 1 | u64::from(self.coinbase)
    }

    /// Writes it as it lies in the store (Core's `Coin::Serialize`).
    pub fn encode(&self, out: &mut impl Sink) {
        put_varint(out, self.code());
        put_output(out, &self.output);
    }

    /// Reads what [`Coin::encode`] wrote.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let code = varint_u32(reader)?;
        Ok(Self {
            height: code >> 1,
            coinbase: code & 1 == 1,
            output: output(reader)?,
        })
    }
}

/// A set of coins as of one block.
///
/// The store, a cache above another view and, in tests, a map are views.
pub trait CoinsView: Sync {
    /// The coin at `outpoint`, unless it is spent or never was.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError>;

    /// The block up to which all spends and outputs are contained; `None`: before the first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn best_block(&self) -> Result<Option<BlockHash>, StoreError>;

    /// Whether there is a coin at `outpoint`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn has_coin(&self, outpoint: &OutPoint) -> Result<bool, StoreError> {
        Ok(self.coin(outpoint)?.is_some())
    }
}

impl<V: CoinsView + ?Sized> CoinsView for &V {
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        (**self).coin(outpoint)
    }

    fn best_block(&self) -> Result<Option<BlockHash>, StoreError> {
        (**self).best_block()
    }

    fn has_coin(&self, outpoint: &OutPoint) -> Result<bool, StoreError> {
        (**self).has_coin(outpoint)
    }
}

/// Whether the transaction is a coinbase: one input that spends nothing.
pub(crate) fn is_coinbase(tx: &Tx) -> bool {
    matches!(tx.inputs.as_slice(), [input] if input.prevout.is_null())
}

/// The outputs of `tx` that can be spent at all, as coins of a block at `height`.
pub(crate) fn coins_of(tx: &Tx, height: u32) -> impl Iterator<Item = (OutPoint, Coin)> {
    let coinbase = is_coinbase(tx);
    let outputs = tx.outputs.iter().zip(0u32..);
    outputs
        .filter(|(output, _)| !output.script_pubkey.is_unspendable())
        .map(move |(output, n)| {
            (
                OutPoint::new(tx.txid(), n),
                Coin {
                    height,
                    coinbase,
                    output: output.clone(),
                },
            )
        })
}

#[cfg(test)]
mod tests;
