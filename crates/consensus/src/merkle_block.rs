//! Proofs that a block has certain transactions (Core's `CMerkleBlock`): used by BIP37 and by `gettxoutproof`.

use primitives::encode::{DecodeError, Reader, Sink};
use primitives::hash_scheme::merkle_node;
use primitives::params::MAX_BLOCK_WEIGHT;
use primitives::{Block, Hash256, Header, Txid};

/// No block has more transactions: each weighs this at least.
const MIN_TX_WEIGHT: u32 = 4 * 60;
/// Levels that a tree of 32-bit positions can have.
const MAX_LEVELS: u32 = 32;

/// The part of a block's merkle tree that leads to some of its transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialMerkleTree {
    /// Transactions of the block.
    tx_count: u32,
    /// One for each node that was visited, the root first: whether something that is looked for lies below.
    bits: Vec<bool>,
    /// The hashes of the nodes below which nothing lies, and of the leaves.
    hashes: Vec<[u8; 32]>,
}

/// A header with the proof that some transactions belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleBlock {
    /// The block's header.
    pub header: Header,
    /// The proof.
    pub tree: PartialMerkleTree,
}

/// What a proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenTxs {
    /// The root that the proof leads to: of worth only if it is that of the block's header.
    pub root: Hash256,
    /// The transactions, with their places in the block.
    pub txs: Vec<(u32, Txid)>,
}

impl PartialMerkleTree {
    /// The part of the tree over `txids` that leads to those for which `matches` is set.
    pub fn new(txids: &[Txid], matches: &[bool]) -> Self {
        let mut levels = vec![txids.iter().map(|txid| txid.0).collect::<Vec<_>>()];
        let mut below = vec![matches.to_vec()];
        while let Some((top, found)) = levels.last().zip(below.last())
            && top.len() > 1
        {
            let pair = |pair: &[[u8; 32]]| merkle_node(&pair[0], pair.get(1).unwrap_or(&pair[0]));
            let next = top.chunks(2).map(pair).collect();
            let found = found.chunks(2).map(|pair| pair.contains(&true)).collect();
            levels.push(next);
            below.push(found);
        }
        let mut tree = Self {
            tx_count: u32::try_from(txids.len()).expect("blocks are below 4 MB"),
            ..Self::default()
        };
        if !txids.is_empty() {
            tree.add(&levels, &below, levels.len() - 1, 0);
        }
        tree
    }

    fn add(&mut self, levels: &[Vec<[u8; 32]>], below: &[Vec<bool>], level: usize, at: usize) {
        let found = below[level][at];
        self.bits.push(found);
        if level == 0 || !found {
            self.hashes.push(levels[level][at]);
            return;
        }
        for child in [2 * at, 2 * at + 1] {
            if child < levels[level - 1].len() {
                self.add(levels, below, level - 1, child);
            }
        }
    }

    /// Transactions of the block, as the proof says.
    pub const fn tx_count(&self) -> u32 {
        self.tx_count
    }

    /// Follows the proof; `None` where it is malformed.
    pub fn extract(&self) -> Option<ProvenTxs> {
        let count = self.tx_count;
        let hashes = u32::try_from(self.hashes.len()).ok()?;
        if count == 0
            || count > MAX_BLOCK_WEIGHT / MIN_TX_WEIGHT
            || hashes > count
            || self.bits.len() < self.hashes.len()
        {
            return None;
        }
        let mut level = 0;
        while level < MAX_LEVELS && width(count, level) > 1 {
            level += 1;
        }
        let mut walk = Walk {
            tree: self,
            bits: 0,
            hashes: 0,
            txs: Vec::new(),
        };
        let root = walk.node(level, 0)?;
        // All is used, but for the bits that fill up the last byte.
        let complete = walk.bits.div_ceil(8) == self.bits.len().div_ceil(8)
            && walk.hashes == self.hashes.len();
        complete.then_some(ProvenTxs {
            root: Hash256(root),
            txs: walk.txs,
        })
    }

    /// Writes it as messages have it.
    pub fn encode(&self, out: &mut impl Sink) {
        out.put_u32(self.tx_count);
        out.put_compact_size(self.hashes.len() as u64);
        self.hashes.iter().for_each(|hash| out.put(hash));
        out.put_compact_size(self.bits.len().div_ceil(8) as u64);
        for byte in self.bits.chunks(8) {
            let bits = byte.iter().zip(0..).map(|(bit, n)| u8::from(*bit) << n);
            out.put_u8(bits.sum());
        }
    }

    /// Reads what [`PartialMerkleTree::encode`] wrote.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tx_count = reader.u32()?;
        let hashes = reader.list(32, Reader::array)?;
        let bytes = reader.var_bytes()?;
        let bits = |byte: &u8| (0..8).map(|n| byte >> n & 1 == 1).collect::<Vec<_>>();
        Ok(Self {
            tx_count,
            bits: bytes.iter().flat_map(bits).collect(),
            hashes,
        })
    }
}

impl MerkleBlock {
    /// The proof that `block` has the transactions for which `wanted` holds.
    pub fn new(block: &Block, wanted: impl Fn(&Txid) -> bool) -> Self {
        let txids: Vec<Txid> = block.txs.iter().map(|tx| tx.txid()).collect();
        let matches: Vec<bool> = txids.iter().map(wanted).collect();
        Self {
            header: block.header,
            tree: PartialMerkleTree::new(&txids, &matches),
        }
    }

    /// Writes it as messages have it.
    pub fn encode(&self, out: &mut impl Sink) {
        out.put(&self.header.to_bytes());
        self.tree.encode(out);
    }

    /// Reads what [`MerkleBlock::encode`] wrote.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            header: Header::decode(reader)?,
            tree: PartialMerkleTree::decode(reader)?,
        })
    }
}

/// Nodes of a tree over `count` leaves at `level`, the leaves being level 0.
fn width(count: u32, level: u32) -> u32 {
    let nodes = (u64::from(count) + (1 << level) - 1) >> level;
    u32::try_from(nodes).expect("no more nodes than leaves")
}

struct Walk<'a> {
    tree: &'a PartialMerkleTree,
    bits: usize,
    hashes: usize,
    txs: Vec<(u32, Txid)>,
}

impl Walk<'_> {
    /// The hash of a node, from what lies below it.
    fn node(&mut self, level: u32, at: u32) -> Option<[u8; 32]> {
        let found = *self.tree.bits.get(self.bits)?;
        self.bits += 1;
        if level == 0 || !found {
            let hash = *self.tree.hashes.get(self.hashes)?;
            self.hashes += 1;
            if level == 0 && found {
                self.txs.push((at, Txid(hash)));
            }
            return Some(hash);
        }
        let left = self.node(level - 1, at * 2)?;
        let right = match at * 2 + 1 < width(self.tree.tx_count, level - 1) {
            // Two equal branches could stand for another list of transactions (CVE-2012-2459).
            true => self
                .node(level - 1, at * 2 + 1)
                .filter(|right| *right != left)?,
            false => left,
        };
        Some(merkle_node(&left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::merkle_root;

    fn txids(count: u32) -> Vec<Txid> {
        let one = |n: u32| {
            let mut bytes = [0x5a; 32];
            bytes[..4].copy_from_slice(&n.to_le_bytes());
            Txid(bytes)
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn what_was_proven_is_found_again() {
        for count in [1, 2, 3, 4, 7, 17, 56, 100, 127, 256, 312, 513, 1000] {
            let ids = txids(count);
            let root = merkle_root(ids.iter().map(|txid| txid.0).collect()).0;
            for step in [1, 2, 5, 11, 97, 10_000] {
                let wanted = |n: u32| n % step == step / 2 || n + 1 == count;
                let matches: Vec<_> = (0..count).map(wanted).collect();
                let tree = PartialMerkleTree::new(&ids, &matches);
                let mut bytes = Vec::new();
                tree.encode(&mut bytes);
                let read = PartialMerkleTree::decode(&mut Reader::new(&bytes)).unwrap();
                let expected: Vec<_> = (0..count)
                    .zip(ids.iter().copied())
                    .filter(|(n, _)| wanted(*n))
                    .collect();
                let proven = read.extract().unwrap();
                assert_eq!((proven.root, proven.txs), (root, expected));
                let mut changed = read.clone();
                if let Some(hash) = changed.hashes.last_mut() {
                    hash[31] ^= 1;
                }
                assert_ne!(changed.extract().map(|proven| proven.root), Some(root));
            }
        }
    }

    #[test]
    fn malformed_proofs_prove_nothing() {
        let ids = txids(12);
        let matches: Vec<_> = (0..12).map(|n| n == 5).collect();
        let good = PartialMerkleTree::new(&ids, &matches);
        let change = |change: fn(&mut PartialMerkleTree)| {
            let mut tree = good.clone();
            change(&mut tree);
            tree.extract()
        };
        assert!(change(|_| ()).is_some());
        assert_eq!(change(|tree| tree.tx_count = 0), None);
        assert_eq!(change(|tree| tree.tx_count = u32::MAX), None);
        assert_eq!(change(|tree| tree.hashes.clear()), None);
        assert_eq!(change(|tree| tree.bits.clear()), None);
        assert_eq!(change(|tree| tree.hashes.push([0; 32])), None);
        assert_eq!(change(|tree| tree.bits.extend([false; 16])), None);
        // The last transaction repeated gives the same root, and is no proof.
        let twice = [ids[0], ids[1], ids[2], ids[2]];
        let tree = PartialMerkleTree::new(&twice, &[false, false, false, true]);
        assert_eq!(tree.extract(), None);
    }
}
