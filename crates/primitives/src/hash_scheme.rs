//! All hashing that differs between chains, and the hash functions that do not.
//!
//! Results stand in the order in which the hash gave them.

use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

use crate::hash::{BlockHash, Hash160};
use crate::randomq::randomq;

/// Which hash functions a chain uses for its headers, transactions and checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashScheme {
    /// SHA-256 twice, for everything.
    Bitcoin,
    /// Groestl-512 twice, cut to 32 bytes, for headers, checksums and `OP_HASH256`; transactions
    /// are hashed with SHA-256 once.
    Groestl,
    /// Headers pass SHA-256, RandomQ and SHA-256 again; everything else as Bitcoin.
    RandomQ,
}

impl HashScheme {
    /// The id of a block from its 80 header bytes; proof of work is judged by the same hash.
    ///
    /// May take 0.13 ms: computed once per header and kept.
    pub fn header(self, raw: &[u8; 80]) -> BlockHash {
        BlockHash(match self {
            Self::Bitcoin => sha256d(raw),
            Self::Groestl => groestl512d(raw),
            Self::RandomQ => sha256(&randomq(&sha256(raw))),
        })
    }

    /// Hashes what is serialized like a transaction: txid, wtxid, legacy and BIP143 signature
    /// hashes with their parts, signed messages, the signet challenge, undo records.
    pub fn tx(self, raw: &[u8]) -> [u8; 32] {
        let mut hasher = self.tx_hasher();
        hasher.update(raw);
        hasher.finalize()
    }

    /// [`HashScheme::tx`] for data that comes in pieces.
    pub fn tx_hasher(self) -> TxHasher {
        let twice = match self {
            Self::Bitcoin | Self::RandomQ => true,
            Self::Groestl => false,
        };
        TxHasher {
            engine: Sha256::new(),
            twice,
        }
    }

    /// What `OP_HASH256` pushes. A wallet's IV for an encrypted key comes from it, too.
    pub fn op_hash256(self, data: &[u8]) -> [u8; 32] {
        match self {
            Self::Bitcoin | Self::RandomQ => sha256d(data),
            Self::Groestl => groestl512d(data),
        }
    }

    /// The checksum of base58check and of P2P v1 payloads.
    pub fn checksum(self, data: &[u8]) -> [u8; 4] {
        let [a, b, c, d, ..] = self.op_hash256(data);
        [a, b, c, d]
    }
}

/// A running transaction hash, made by [`HashScheme::tx_hasher`].
#[derive(Clone)]
pub struct TxHasher {
    engine: Sha256,
    twice: bool,
}

impl TxHasher {
    /// Appends data.
    pub fn update(&mut self, data: &[u8]) {
        self.engine.update(data);
    }

    /// The hash of all data so far.
    pub fn finalize(self) -> [u8; 32] {
        let once: [u8; 32] = self.engine.finalize().into();
        if self.twice { sha256(&once) } else { once }
    }
}

/// A running tagged hash (BIP340), the same on every chain. Cloning one that has seen no data yet
/// saves hashing its tag again.
#[derive(Clone)]
pub struct TaggedHasher(Sha256);

impl TaggedHasher {
    /// Starts with SHA-256 of the tag, twice over.
    pub fn new(tag: &str) -> Self {
        let tag = sha256(tag.as_bytes());
        Self(Sha256::new().chain_update(tag).chain_update(tag))
    }

    /// Appends data.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The hash of all data so far.
    pub fn finalize(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// The BIP340 tagged hash of `data`.
pub fn tagged_hash(tag: &str, data: &[u8]) -> [u8; 32] {
    let mut hasher = TaggedHasher::new(tag);
    hasher.update(data);
    hasher.finalize()
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// SHA-256 of the SHA-256.
pub fn sha256d(data: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(data)).into()
}

/// RIPEMD-160.
pub fn ripemd160(data: &[u8]) -> [u8; 20] {
    Ripemd160::digest(data).into()
}

/// RIPEMD-160 of SHA-256: hashes of keys and scripts.
pub fn hash160(data: &[u8]) -> Hash160 {
    Hash160(ripemd160(&sha256(data)))
}

/// An inner node of a merkle tree over transactions: SHA-256d on every chain.
pub fn merkle_node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let once = Sha256::new()
        .chain_update(left)
        .chain_update(right)
        .finalize();
    Sha256::digest(once).into()
}

/// Groestl-512 twice, of which the first 32 bytes are kept.
fn groestl512d(data: &[u8]) -> [u8; 32] {
    let twice = groestl::Groestl512::digest(groestl::Groestl512::digest(data));
    let (first, _dropped) = twice.as_slice().split_at(32);
    first.try_into().expect("Groestl-512 gives 64 bytes")
}

#[cfg(test)]
mod tests;
