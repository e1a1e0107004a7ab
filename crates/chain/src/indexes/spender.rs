//! Which transactions spend outputs (`-txospenderindex`, Core's `TxoSpenderIndex`).

use std::sync::Arc;

use primitives::{BlockHash, OutPoint, Tx};

use super::IndexError;
use super::indexing::Source;
use super::places::{Entry, Places, PlacesWriter, ShortHash, offsets};
use super::state::IndexState;
use crate::store::Store;

/// A transaction that spends an output.
#[derive(Clone, Debug)]
pub struct Spender {
    /// The transaction.
    pub tx: Tx,
    /// The block that it is in.
    pub block: BlockHash,
}

/// Looks up who spent an output.
#[derive(Clone, Debug)]
pub struct TxoSpenderIndex {
    places: Places,
}

pub(super) fn open(
    store: &Store,
    state: &Arc<IndexState>,
) -> Result<(TxoSpenderIndex, PlacesWriter), IndexError> {
    let places = Places::open(store, state)?;
    let index = TxoSpenderIndex {
        places: places.clone(),
    };
    Ok((index, PlacesWriter::new(places, entries)?))
}

fn hash_of(places: &Places, outpoint: &OutPoint) -> ShortHash {
    let mut bytes = Vec::with_capacity(36);
    outpoint.encode(&mut bytes);
    places.hash(&bytes)
}

impl TxoSpenderIndex {
    /// The transaction that spends `outpoint` on the branch that the index stands at the end of;
    /// `None` where there is none.
    ///
    /// # Errors
    /// Where the index or a block cannot be read.
    pub fn find(&self, outpoint: &OutPoint) -> Result<Option<Spender>, IndexError> {
        let state = &self.places.state;
        for place in self.places.find(hash_of(&self.places, outpoint))? {
            let block = place.block;
            if !state.follows(&block) {
                continue;
            }
            let tx = state.reader.read_tx(&block, place.offset);
            let tx = tx.map_err(|source| state.read_error(source))?;
            // Another one may have the same short hash.
            if tx.inputs.iter().any(|input| input.prevout == *outpoint) {
                return Ok(Some(Spender { tx, block }));
            }
        }
        Ok(None)
    }
}

/// The outputs that the transactions of a block spend.
fn entries(places: &Places, source: &Source<'_>) -> Vec<Entry> {
    let spending = offsets(source.block).filter(|(tx, _)| !tx.is_coinbase());
    let entries = spending.flat_map(|(tx, offset)| {
        let inputs = tx.inputs.iter();
        inputs.map(move |input| (hash_of(places, &input.prevout), offset))
    });
    entries.collect()
}
