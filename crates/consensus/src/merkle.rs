//! Merkle trees over transactions, the same on every chain.

use primitives::hash_scheme::merkle_node;
use primitives::{Block, Hash256};

/// The root over `leaves`, and whether two equal neighbours were hashed together, which lets
/// another list of leaves have the same root (CVE-2012-2459). Zero for no leaves.
pub fn merkle_root(mut leaves: Vec<[u8; 32]>) -> (Hash256, bool) {
    let mut mutated = false;
    while leaves.len() > 1 {
        let pairs = leaves.len().div_ceil(2);
        for i in 0..pairs {
            let left = leaves[2 * i];
            // The last one of an odd level is paired with itself, which is no mutation.
            let right = leaves.get(2 * i + 1).copied();
            mutated |= right == Some(left);
            leaves[i] = merkle_node(&left, &right.unwrap_or(left));
        }
        leaves.truncate(pairs);
    }
    (
        Hash256(leaves.first().copied().unwrap_or_default()),
        mutated,
    )
}

/// The root over a block's transaction ids, and whether the tree is ambiguous.
pub fn block_merkle_root(block: &Block) -> (Hash256, bool) {
    merkle_root(block.txs.iter().map(|tx| tx.txid().0).collect())
}

/// The root over a block's ids with witness (BIP141), in which the coinbase counts as zero.
pub fn block_witness_merkle_root(block: &Block) -> Hash256 {
    let ids = block.txs.iter().enumerate();
    merkle_root(
        ids.map(|(i, tx)| if i == 0 { [0; 32] } else { tx.wtxid().0 })
            .collect(),
    )
    .0
}

/// The hashes that lead from leaf `position` to the root, the lowest first. Empty where there is no
/// such leaf.
pub fn merkle_path(mut leaves: Vec<[u8; 32]>, mut position: usize) -> Vec<[u8; 32]> {
    let mut path = Vec::new();
    if position >= leaves.len() {
        return path;
    }
    while leaves.len() > 1 {
        let sibling = leaves.get(position ^ 1).or_else(|| leaves.last());
        path.extend(sibling.copied());
        let pairs = leaves.len().div_ceil(2);
        for i in 0..pairs {
            let left = leaves[2 * i];
            let right = leaves.get(2 * i + 1).copied().unwrap_or(left);
            leaves[i] = merkle_node(&left, &right);
        }
        leaves.truncate(pairs);
        position /= 2;
    }
    path
}
