//! What a block spent, so that it can be taken back (Core's `undo.h`).

use primitives::encode::{DecodeError, Reader, Sink};
use primitives::{BlockHash, HashScheme};

use crate::coins::Coin;
use crate::compress::{output, put_output, put_varint, varint, varint_u32};

/// The coins that one transaction spent, in the order of its inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxUndo {
    /// One coin per input.
    pub spent: Vec<Coin>,
}

/// The coins that a block spent, transaction by transaction without the coinbase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockUndo {
    /// One entry per transaction, the coinbase left out.
    pub txs: Vec<TxUndo>,
}

impl BlockUndo {
    /// Writes it as Core does.
    pub fn encode(&self, out: &mut impl Sink) {
        out.put_compact_size(self.txs.len() as u64);
        for tx in &self.txs {
            out.put_compact_size(tx.spent.len() as u64);
            tx.spent.iter().for_each(|coin| put_coin(out, coin));
        }
    }

    /// Reads what [`BlockUndo::encode`] wrote.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // A coin takes three bytes at least: code, amount and script.
        let txs = reader.list(1, |r| r.list(3, coin).map(|spent| TxUndo { spent }))?;
        Ok(Self { txs })
    }

    /// The checksum that follows the record: a transaction hash over the parent's id and the record.
    pub(crate) fn checksum(prev: &BlockHash, record: &[u8], scheme: HashScheme) -> [u8; 32] {
        let mut hasher = scheme.tx_hasher();
        hasher.update(&prev.0);
        hasher.update(record);
        hasher.finalize()
    }
}

fn put_coin(out: &mut impl Sink, coin: &Coin) {
    put_varint(out, coin.code());
    if coin.height > 0 {
        // Where the first format had the version of the transaction.
        out.put_u8(0);
    }
    put_output(out, &coin.output);
}

fn coin(reader: &mut Reader<'_>) -> Result<Coin, DecodeError> {
    let code = varint_u32(reader)?;
    if code >> 1 > 0 {
        varint(reader)?;
    }
    Ok(Coin {
        height: code >> 1,
        coinbase: code & 1 == 1,
        output: output(reader)?,
    })
}
