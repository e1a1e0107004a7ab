//! Block headers and blocks.

use std::sync::Arc;

use crate::encode::{DecodeError, Reader, Sink, SizeCounter};
use crate::hash::{BlockHash, Hash256};
use crate::hash_scheme::HashScheme;
use crate::transaction::{Tx, WITNESS_SCALE_FACTOR};
use crate::uint256::CompactTarget;

/// Bytes of a header.
pub const HEADER_SIZE: usize = 80;

/// A block header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Header {
    /// Version, whose bits signal deployments (BIP9).
    pub version: i32,
    /// The parent's id.
    pub prev: BlockHash,
    /// Root of the tree of transaction ids.
    pub merkle_root: Hash256,
    /// The miner's clock, in seconds since 1970.
    pub time: u32,
    /// The target that the id must not exceed.
    pub bits: CompactTarget,
    /// The field that miners vary.
    pub nonce: u32,
}

impl Header {
    /// The 80 bytes that are hashed.
    pub fn to_bytes(&self) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        bytes[0..4].copy_from_slice(&self.version.to_le_bytes());
        bytes[4..36].copy_from_slice(&self.prev.0);
        bytes[36..68].copy_from_slice(&self.merkle_root.0);
        bytes[68..72].copy_from_slice(&self.time.to_le_bytes());
        bytes[72..76].copy_from_slice(&self.bits.0.to_le_bytes());
        bytes[76..80].copy_from_slice(&self.nonce.to_le_bytes());
        bytes
    }

    /// Reads 80 bytes.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`].
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: reader.i32()?,
            prev: BlockHash(reader.array()?),
            merkle_root: Hash256(reader.array()?),
            time: reader.u32()?,
            bits: CompactTarget(reader.u32()?),
            nonce: reader.u32()?,
        })
    }

    /// The block's id. Dear on some chains: compute it once and keep it.
    pub fn hash(&self, scheme: HashScheme) -> BlockHash {
        scheme.header(&self.to_bytes())
    }
}

/// A block with its id and those of its transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The header's hash.
    pub hash: BlockHash,
    /// The transactions, the coinbase first.
    pub txs: Vec<Arc<Tx>>,
}

impl Block {
    /// Makes a block and computes its id.
    pub fn new(header: Header, txs: Vec<Arc<Tx>>, scheme: HashScheme) -> Self {
        Self {
            header,
            hash: header.hash(scheme),
            txs,
        }
    }

    /// Reads one and computes all ids.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(reader: &mut Reader<'_>, scheme: HashScheme) -> Result<Self, DecodeError> {
        let header = Header::decode(reader)?;
        let txs = reader.list(10, |r| Tx::decode(r, scheme).map(Arc::new))?;
        Ok(Self::new(header, txs, scheme))
    }

    /// Reads one whose id is already known, so that a dear header is not hashed again.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode_known(
        reader: &mut Reader<'_>,
        hash: BlockHash,
        scheme: HashScheme,
    ) -> Result<Self, DecodeError> {
        let header = Header::decode(reader)?;
        let txs = reader.list(10, |r| Tx::decode(r, scheme).map(Arc::new))?;
        Ok(Self { header, hash, txs })
    }

    /// Reads one that fills `bytes` exactly.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn from_bytes(bytes: &[u8], scheme: HashScheme) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let block = Self::decode(&mut reader, scheme)?;
        reader.finish()?;
        Ok(block)
    }

    /// Writes it, with or without witnesses.
    pub fn encode(&self, out: &mut impl Sink, with_witness: bool) {
        out.put(&self.header.to_bytes());
        out.put_compact_size(self.txs.len() as u64);
        for tx in &self.txs {
            tx.encode(out, with_witness);
        }
    }

    /// The network serialisation.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes, true);
        bytes
    }

    /// Serialised size in bytes, with or without witnesses.
    pub fn size(&self, with_witness: bool) -> usize {
        let mut counter = SizeCounter::default();
        self.encode(&mut counter, with_witness);
        counter.0
    }

    /// Weight in weight units (BIP141).
    pub fn weight(&self) -> usize {
        self.size(false) * (WITNESS_SCALE_FACTOR - 1) + self.size(true)
    }
}
