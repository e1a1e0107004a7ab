//! Where transactions lie, found by a short keyed hash of whatever they are looked for by.
//!
//! A block is named by a number of its own here, so that an entry takes 14 bytes. Entries are never
//! removed: whoever finds one asks whether its block is on the active chain.

use std::sync::Arc;

use primitives::block::HEADER_SIZE;
use primitives::encode::{DecodeError, Reader, compact_size_len};
use primitives::siphash::SipHasher;
use primitives::{Block, BlockHash, Tx};

use super::IndexError;
use super::indexing::{Indexing, Source};
use super::state::IndexState;
use crate::random::random_u64;
use crate::reader::BlockInfo;
use crate::store::{Batch, Durability, Store, StoreError};

/// Key of the salt of the hashes.
const SALT: &[u8] = b"k";
/// Key of the next block's number.
const NEXT: &[u8] = b"n";
/// First byte of the key that leads from a block's number to its id.
const BLOCK_BY_NUMBER: u8 = b's';
/// First byte of the key that leads from a block's id to its number.
const NUMBER_BY_BLOCK: u8 = b'h';
/// First byte of the keys of places.
const PLACE: u8 = b'x';
/// Bytes of the hash that are kept.
const HASH_BYTES: usize = 6;
/// Bytes of a place's key: kind, hash, block, offset in it.
const KEY_BYTES: usize = 1 + HASH_BYTES + 4 + 3;

/// The kept bytes of a hash.
pub(super) type ShortHash = [u8; HASH_BYTES];

/// A transaction's place in its block, by the hash that it is found by.
pub(super) type Entry = (ShortHash, u32);

/// A place that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the block: a later one was taken in later.
    pub(super) number: u32,
    pub(super) block: BlockHash,
    /// Offset of the transaction in the serialized block.
    pub(super) offset: u32,
}

/// Finds places; clones are the same.
#[derive(Clone)]
pub(super) struct Places {
    store: Store,
    salt: [u64; 2],
    pub(super) state: Arc<IndexState>,
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Places {
    /// Opens them; a new index draws its salt.
    pub(super) fn open(store: &Store, state: &Arc<IndexState>) -> Result<Self, IndexError> {
        let error = |source| state.store_error(source);
        let damaged = || state.damaged("its salt does not decode");
        let salt = match store.get(SALT).map_err(error)? {
            Some(value) => {
                let mut reader = Reader::new(&value);
                let mut word = || reader.u64().map_err(|_: DecodeError| damaged());
                [word()?, word()?]
            }
            None => {
                let salt = [random_u64(), random_u64()];
                let mut batch = Batch::new();
                batch.put(SALT, salt.map(u64::to_le_bytes).as_flattened());
                store.write(batch, Durability::Disk).map_err(error)?;
                salt
            }
        };
        Ok(Self {
            store: store.clone(),
            salt,
            state: Arc::clone(state),
        })
    }

    /// The short hash of some bytes.
    pub(super) fn hash(&self, bytes: &[u8]) -> ShortHash {
        let mut hasher = SipHasher::new(self.salt[0], self.salt[1]);
        hasher.update(bytes);
        let [a, b, c, d, e, f, ..] = hasher.finalize().to_le_bytes();
        [a, b, c, d, e, f]
    }

    /// All places with this hash.
    pub(super) fn find(&self, hash: ShortHash) -> Result<Vec<Place>, IndexError> {
        let error = |source| self.state.store_error(source);
        let prefix = [&[PLACE][..], &hash].concat();
        let mut places = Vec::new();
        for row in self.store.scan(&prefix) {
            let (key, _) = row.map_err(error)?;
            let (number, offset) =
                parse(&key).ok_or_else(|| self.state.damaged("a key does not decode"))?;
            let block = self.block(number).map_err(error)?;
            let block = block.ok_or_else(|| self.state.damaged("a block's id is missing"))?;
            places.push(Place {
                number,
                block,
                offset,
            });
        }
        Ok(places)
    }

    fn block(&self, number: u32) -> Result<Option<BlockHash>, StoreError> {
        let value = self.store.get(&number_key(number))?;
        Ok(value.and_then(|value| BlockHash::from_slice(&value)))
    }
}

fn number_key(number: u32) -> [u8; 5] {
    let [a, b, c, d] = number.to_be_bytes();
    [BLOCK_BY_NUMBER, a, b, c, d]
}

fn block_key(hash: &BlockHash) -> [u8; 33] {
    let mut key = [NUMBER_BY_BLOCK; 33];
    key[1..].copy_from_slice(&hash.0);
    key
}

fn place_key(hash: ShortHash, number: u32, offset: u32) -> [u8; KEY_BYTES] {
    let mut key = [PLACE; KEY_BYTES];
    key[1..7].copy_from_slice(&hash);
    key[7..11].copy_from_slice(&number.to_be_bytes());
    // A block has fewer bytes than three bytes can count.
    key[11..].copy_from_slice(&offset.to_be_bytes()[1..]);
    key
}

/// Whether a place's key is read as it would be written.
pub(super) fn key_comes_back(key: &[u8]) -> Option<bool> {
    let (number, offset) = parse(key)?;
    let hash = *key[1..].first_chunk()?;
    Some(place_key(hash, number, offset)[1..] == key[1..])
}

fn parse(key: &[u8]) -> Option<(u32, u32)> {
    let [.., n0, n1, n2, n3, o0, o1, o2] = key else {
        return None;
    };
    let number = u32::from_be_bytes([*n0, *n1, *n2, *n3]);
    let offset = u32::from_be_bytes([0, *o0, *o1, *o2]);
    (key.len() == KEY_BYTES).then_some((number, offset))
}

/// The transactions of a block with their offsets in it.
pub(super) fn offsets(block: &Block) -> impl Iterator<Item = (&Tx, u32)> {
    let mut offset = HEADER_SIZE + compact_size_len(block.txs.len() as u64);
    block.txs.iter().map(move |tx| {
        let at = u32::try_from(offset).expect("a block has 4 MB at most");
        offset += tx.size(true);
        (&**tx, at)
    })
}

/// Which places a block brings.
pub(super) type EntriesFn = fn(&Places, &Source<'_>) -> Vec<Entry>;

/// Writes places.
#[derive(Debug)]
pub(super) struct PlacesWriter {
    places: Places,
    entries: EntriesFn,
    next: u32,
}

impl PlacesWriter {
    pub(super) fn new(places: Places, entries: EntriesFn) -> Result<Self, IndexError> {
        let value = places.store.get(NEXT);
        let next = match value.map_err(|error| places.state.store_error(error))? {
            None => 0,
            Some(value) => {
                let bytes = <[u8; 4]>::try_from(&value[..]);
                let bytes = bytes.map_err(|_| places.state.damaged("its count does not decode"))?;
                u32::from_be_bytes(bytes)
            }
        };
        Ok(Self {
            places,
            entries,
            next,
        })
    }

    /// Adds what was found in a block, where it is not there already.
    fn add(
        &mut self,
        block: &BlockHash,
        entries: &[Entry],
        batch: &mut Batch,
    ) -> Result<(), IndexError> {
        let known = self.places.store.contains(&block_key(block));
        if known.map_err(|error| self.places.state.store_error(error))? {
            return Ok(());
        }
        let number = self.next;
        self.next += 1;
        batch.put(&block_key(block), &number.to_be_bytes());
        batch.put(&number_key(number), &block.0);
        batch.put(NEXT, &self.next.to_be_bytes());
        for (hash, offset) in entries {
            batch.put(&place_key(*hash, number, *offset), &[]);
        }
        Ok(())
    }
}

impl Indexing for PlacesWriter {
    type Part = Vec<Entry>;

    fn prepare(&self, source: &Source<'_>) -> Result<Vec<Entry>, IndexError> {
        Ok((self.entries)(&self.places, source))
    }

    fn connect(
        &mut self,
        info: &BlockInfo,
        part: Vec<Entry>,
        batch: &mut Batch,
    ) -> Result<(), IndexError> {
        self.add(&info.hash, &part, batch)
    }

    fn disconnect(&mut self, _: &BlockInfo, _: Option<Vec<Entry>>) -> Result<(), IndexError> {
        Ok(())
    }

    fn restore(&mut self, _: Option<(&BlockInfo, &[u8])>) -> Result<(), IndexError> {
        Ok(())
    }
}
