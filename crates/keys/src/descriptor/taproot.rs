//! Script trees and tweaked output keys (BIP341).

use std::collections::BTreeMap;

use consensus::script::{TAPROOT_LEAF_TAPSCRIPT, tap_branch_hash, tap_leaf_hash};
use primitives::hash_scheme::tagged_hash;
use primitives::script::Script;
use secp256k1::{Parity, PublicKey, Scalar, XOnlyPublicKey};

/// How an output key can be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapSpend {
    /// The key under the tweak.
    pub internal: [u8; 32],
    /// Root of the script tree.
    pub merkle_root: Option<[u8; 32]>,
    /// Scripts with their control blocks, the shortest first.
    pub leaves: Vec<(Script, Vec<u8>)>,
}

/// The scalar that is added to the internal key.
pub fn tap_tweak(internal: &[u8; 32], merkle_root: Option<&[u8; 32]>) -> [u8; 32] {
    let root = merkle_root.map_or(&[][..], |root| root.as_slice());
    tagged_hash("TapTweak", &[internal.as_slice(), root].concat())
}

/// A script tree whose leaves are scripts.
pub(super) enum ScriptTree {
    Leaf(Script),
    Branch(Box<ScriptTree>, Box<ScriptTree>),
}

/// Root of the tree, and each leaf with its path of sibling hashes.
fn walk(tree: &ScriptTree) -> ([u8; 32], Vec<(Script, Vec<u8>)>) {
    match tree {
        ScriptTree::Leaf(script) => (
            tap_leaf_hash(TAPROOT_LEAF_TAPSCRIPT, script),
            vec![(script.clone(), Vec::new())],
        ),
        ScriptTree::Branch(left, right) => {
            let (left_hash, mut leaves) = walk(left);
            let (right_hash, mut more) = walk(right);
            leaves
                .iter_mut()
                .for_each(|(_, path)| path.extend(right_hash));
            more.iter_mut().for_each(|(_, path)| path.extend(left_hash));
            leaves.append(&mut more);
            (tap_branch_hash(&left_hash, &right_hash), leaves)
        }
    }
}

/// Tweaks the internal key with its tree; `None` with a chance of about 2^-128.
pub(super) fn output(
    internal: &PublicKey,
    tree: Option<&ScriptTree>,
) -> Option<([u8; 32], TapSpend)> {
    let (internal, _) = internal.x_only_public_key();
    let internal_bytes = internal.to_byte_array();
    let (merkle_root, leaves) = match tree.map(walk) {
        Some((root, leaves)) => (Some(root), leaves),
        None => (None, Vec::new()),
    };
    let tweak = tap_tweak(&internal_bytes, merkle_root.as_ref());
    let (output, parity): (XOnlyPublicKey, Parity) = internal
        .add_tweak(&Scalar::from_be_bytes(tweak).ok()?)
        .ok()?;
    let first = TAPROOT_LEAF_TAPSCRIPT | u8::from(parity == Parity::Odd);
    let mut by_script: BTreeMap<Script, Vec<u8>> = BTreeMap::new();
    for (script, path) in leaves {
        let control = [&[first], internal_bytes.as_slice(), &path].concat();
        let best = by_script.entry(script).or_insert_with(|| control.clone());
        if control.len() < best.len() {
            *best = control;
        }
    }
    let mut leaves: Vec<_> = by_script.into_iter().collect();
    leaves.sort_by_key(|(script, control)| script.len() + control.len());
    Some((
        output.to_byte_array(),
        TapSpend {
            internal: internal_bytes,
            merkle_root,
            leaves,
        },
    ))
}
