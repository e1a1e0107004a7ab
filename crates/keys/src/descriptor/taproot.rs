//! Script trees and tweaked output keys (BIP341).

use std::collections::BTreeSet;

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
#[derive(Clone)]
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
    // Leaves that are alike in all respects are one.
    let leaves: BTreeSet<(Script, Vec<u8>)> = leaves
        .into_iter()
        .map(|(script, path)| {
            let control = [&[first], internal_bytes.as_slice(), &path].concat();
            (script, control)
        })
        .collect();
    let mut leaves: Vec<_> = leaves.into_iter().collect();
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

/// Bytes of a control block in front of the path.
const CONTROL_HEAD: usize = 33;

/// A place of a tree that is put together from paths.
#[derive(Default)]
struct Place {
    hash: Option<[u8; 32]>,
    grown: Grown,
}

#[derive(Default)]
enum Grown {
    #[default]
    Unknown,
    Leaf(Script),
    Inner(Box<[Place; 2]>),
}

impl Place {
    /// The place below this one whose sibling has that hash.
    fn beside(&mut self, sibling: [u8; 32]) -> Option<&mut Self> {
        if matches!(self.grown, Grown::Unknown) {
            let known = Self {
                hash: Some(sibling),
                ..Self::default()
            };
            self.grown = Grown::Inner(Box::new([Self::default(), known]));
        }
        let Grown::Inner(pair) = &mut self.grown else {
            return None;
        };
        let [left, right] = pair.as_mut();
        let is = |place: &Self| place.hash == Some(sibling);
        if is(left) || (left.hash.is_none() && !is(right)) {
            left.hash = Some(sibling);
            Some(right)
        } else if is(right) || right.hash.is_none() {
            right.hash = Some(sibling);
            Some(left)
        } else {
            None
        }
    }

    fn into_tree(self) -> Option<ScriptTree> {
        match self.grown {
            Grown::Unknown => None,
            Grown::Leaf(script) => Some(ScriptTree::Leaf(script)),
            Grown::Inner(pair) => {
                let [left, right] = *pair;
                let left = left.into_tree()?;
                // Two equal subtrees have the same paths: all were taken for the left one.
                let right = match (&right.grown, right.hash) {
                    (Grown::Unknown, Some(hash)) if hash == walk(&left).0 => left.clone(),
                    _ => right.into_tree()?,
                };
                Some(ScriptTree::Branch(Box::new(left), Box::new(right)))
            }
        }
    }
}

/// The script tree of an output, put together from its leaves (Core's `InferTaprootTree`); `None`
/// where there is none, or where leaves are missing.
pub(super) fn tree_of(spend: &TapSpend) -> Option<ScriptTree> {
    let mut leaves: Vec<&(Script, Vec<u8>)> = spend.leaves.iter().collect();
    // The order decides which subtree is written first.
    leaves.sort_by(|a, b| (&a.0, a.1.len(), &a.1).cmp(&(&b.0, b.1.len(), &b.1)));
    let mut root = Place::default();
    for (script, control) in leaves {
        let mut place = &mut root;
        let (path, []) = control.get(CONTROL_HEAD..)?.as_chunks::<32>() else {
            return None;
        };
        for sibling in path.iter().rev() {
            place = place.beside(*sibling)?;
        }
        if matches!(place.grown, Grown::Inner(_)) {
            return None;
        }
        place.hash = Some(tap_leaf_hash(TAPROOT_LEAF_TAPSCRIPT, script));
        place.grown = Grown::Leaf(script.clone());
    }
    root.into_tree()
}
