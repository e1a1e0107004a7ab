//! Where transactions lie (`-txindex`, Core's `TxIndex`).

use std::cmp::Reverse;
use std::sync::Arc;

use primitives::{BlockHash, Tx, Txid};

use super::IndexError;
use super::indexing::Source;
use super::places::{Entry, Places, PlacesWriter, offsets};
use super::state::IndexState;
use crate::store::Store;

/// A transaction that was found.
#[derive(Clone, Debug)]
pub struct FoundTx {
    /// The transaction.
    pub tx: Tx,
    /// The block that it is in.
    pub block: BlockHash,
}

/// Looks transactions up by their ids.
#[derive(Clone, Debug)]
pub struct TxIndex {
    places: Places,
}

pub(super) fn open(
    store: &Store,
    state: &Arc<IndexState>,
) -> Result<(TxIndex, PlacesWriter), IndexError> {
    let places = Places::open(store, state)?;
    let index = TxIndex {
        places: places.clone(),
    };
    Ok((index, PlacesWriter::new(places, entries)?))
}

impl TxIndex {
    /// The transaction with this id: that of the active chain, else that of the block that came last.
    ///
    /// # Errors
    /// Where the index cannot be read. A block that cannot be is passed over, and the log tells.
    pub fn find(&self, txid: &Txid) -> Result<Option<FoundTx>, IndexError> {
        let reader = &self.places.state.reader;
        let places = self.places.find(self.places.hash(&txid.0))?.into_iter();
        let mut places: Vec<_> = places
            .map(|place| (reader.is_active(&place.block), place))
            .collect();
        places.sort_by_key(|(active, place)| Reverse((*active, place.number)));
        for (_, place) in places {
            match reader.read_tx(&place.block, place.offset) {
                Ok(tx) if tx.txid() == *txid => {
                    let block = place.block;
                    return Ok(Some(FoundTx { tx, block }));
                }
                // Another one with the same short hash.
                Ok(_) => {}
                Err(error) => tracing::error!("Transaction {txid} cannot be read: {error}"),
            }
        }
        Ok(None)
    }
}

/// The transactions of a block by their ids.
fn entries(places: &Places, source: &Source<'_>) -> Vec<Entry> {
    // The first block's transaction can never be spent, and nobody is given it.
    if source.info.height == 0 {
        return Vec::new();
    }
    let entries = offsets(source.block).map(|(tx, offset)| (places.hash(&tx.txid().0), offset));
    entries.collect()
}
