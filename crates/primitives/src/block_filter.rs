//! Compact filters of blocks (BIP158): which scripts a block pays or spends, with few false answers.

mod bits;

use std::collections::HashSet;

use crate::block::Block;
use crate::encode::{DecodeError, Reader, Sink};
use crate::hash::{BlockHash, Hash256};
use crate::hash_scheme::{merkle_node, sha256d};
use crate::script::opcodes::OP_RETURN;
use crate::siphash::SipHasher;

use bits::{CodeReader, CodeWriter};

/// One in so many foreign scripts seems to be in a filter.
const FALSE_POSITIVE_RATE: u64 = 784_931;

/// The basic filter of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockFilter {
    block: BlockHash,
    count: u32,
    encoded: Vec<u8>,
}

impl BlockFilter {
    /// Makes the filter of `block`, whose inputs spend outputs with the scripts `spent`, in any
    /// order.
    pub fn basic<'a>(block: &'a Block, spent: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let outputs = block.txs.iter().flat_map(|tx| &tx.outputs);
        let paid = outputs.map(|output| &output.script_pubkey[..]);
        let paid = paid.filter(|script| script.first() != Some(&OP_RETURN));
        let scripts = paid.chain(spent).filter(|script| !script.is_empty());
        Self::of_elements(block.hash, &scripts.collect())
    }

    fn of_elements(block: BlockHash, elements: &HashSet<&[u8]>) -> Self {
        let count = u32::try_from(elements.len()).expect("fewer scripts than bytes of a block");
        let places = sorted_places(block, count, elements.iter().copied());
        let mut encoded = Vec::with_capacity(9 + elements.len() * 3);
        encoded.put_compact_size(u64::from(count));
        let mut codes = CodeWriter::new(encoded);
        let mut last = 0;
        for place in places {
            codes.put(place - last);
            last = place;
        }
        Self {
            block,
            count,
            encoded: codes.finish(),
        }
    }

    /// Takes the encoded filter of a block, as it comes from disk or from a peer.
    ///
    /// # Errors
    /// A [`DecodeError`] where it holds fewer or more elements than it says.
    pub fn from_bytes(block: BlockHash, encoded: Vec<u8>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&encoded);
        let count = reader.compact_size()?;
        let mut codes = CodeReader::new(reader.rest());
        for _ in 0..count {
            codes.take()?;
        }
        match codes.untouched() {
            0 => Ok(Self {
                block,
                count: u32::try_from(count).expect("at most 32 MiB"),
                encoded,
            }),
            left => Err(DecodeError::TrailingBytes(left)),
        }
    }

    /// The block's id.
    pub const fn block(&self) -> BlockHash {
        self.block
    }

    /// The filter as it is stored and sent: the number of elements and their codes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.encoded
    }

    /// The filter's hash, SHA-256d on every chain.
    pub fn hash(&self) -> Hash256 {
        Hash256(sha256d(&self.encoded))
    }

    /// The filter's header (BIP157), on top of that of the parent's filter; zero below genesis.
    pub fn header(&self, parent: &Hash256) -> Hash256 {
        filter_header(&self.hash(), parent)
    }

    /// Whether the block may pay or spend this script.
    pub fn matches(&self, script: &[u8]) -> bool {
        self.matches_any([script])
    }

    /// Whether the block may pay or spend any of these scripts.
    pub fn matches_any<'a>(&self, scripts: impl IntoIterator<Item = &'a [u8]>) -> bool {
        let wanted = sorted_places(self.block, self.count, scripts);
        let mut wanted = wanted.into_iter().peekable();
        let mut reader = Reader::new(&self.encoded);
        if reader.compact_size().is_err() {
            return false;
        }
        let mut codes = CodeReader::new(reader.rest());
        let mut place: u64 = 0;
        for _ in 0..self.count {
            let Ok(step) = codes.take() else {
                return false;
            };
            place = place.wrapping_add(step);
            while wanted.next_if(|wanted| *wanted < place).is_some() {}
            match wanted.peek() {
                Some(wanted) if *wanted == place => return true,
                Some(_) => {}
                None => return false,
            }
        }
        false
    }
}

/// The filter header (BIP157) of a filter with this hash.
pub fn filter_header(hash: &Hash256, parent: &Hash256) -> Hash256 {
    Hash256(merkle_node(&hash.0, &parent.0))
}

/// Where scripts fall among the places of a filter with `count` elements, in order.
fn sorted_places<'a>(
    block: BlockHash,
    count: u32,
    scripts: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<u64> {
    let [k0, k1] = key(block);
    let range = u128::from(u64::from(count) * FALSE_POSITIVE_RATE);
    let places = scripts.into_iter().map(|script| {
        let mut hasher = SipHasher::new(k0, k1);
        hasher.update(script);
        let place = (u128::from(hasher.finalize()) * range) >> 64;
        u64::try_from(place).expect("below the range, which has 64 bits")
    });
    let mut places: Vec<u64> = places.collect();
    places.sort_unstable();
    places
}

/// The first half of the block's id.
fn key(block: BlockHash) -> [u64; 2] {
    let half = |from: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&block.0[from..from + 8]);
        u64::from_le_bytes(bytes)
    };
    [half(0), half(8)]
}

#[cfg(test)]
mod tests;
