//! From scripts back to descriptors (Core's `InferDescriptor`).

use primitives::Hash160;
use primitives::address::Destination;
use primitives::script::opcodes::OP_CHECKSIG;
use primitives::script::{Script, ScriptKind};
use secp256k1::PublicKey;

use super::key::{KeyExpr, KeySource};
use super::taproot::{self, ScriptTree};
use super::{Descriptor, Node, Tree};
use crate::sign::{SigningKeys, leaf_keys};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Sh,
    Wsh,
}

/// The most telling descriptor of `script` with what `keys` knows.
pub(super) fn infer(script: &Script, keys: &SigningKeys) -> Descriptor {
    let node =
        infer_node(script, keys, Place::Top).unwrap_or_else(|| {
            match Destination::from_script(script) {
                Some(destination) if destination.to_script() == *script => Node::Addr(destination),
                _ => Node::Raw(script.clone()),
            }
        });
    Descriptor { node }
}

fn key_expr(bytes: &[u8], keys: &SigningKeys, place: Place) -> Option<KeyExpr> {
    // Hybrid keys have no text form; witnesses hold compressed keys only.
    let compressed = bytes.len() == 33;
    if !matches!(bytes.first(), Some(2..=4)) || (place == Place::Wsh && !compressed) {
        return None;
    }
    let key = PublicKey::from_slice(bytes).ok()?;
    let origin = keys
        .origin(&primitives::hash_scheme::hash160(bytes))
        .cloned();
    let source = KeySource::Public(key, compressed);
    Some(KeyExpr {
        origin,
        source,
        apostrophe: false,
        position: 0,
    })
}

fn known_key(hash: &Hash160, keys: &SigningKeys, place: Place) -> Option<KeyExpr> {
    key_expr(keys.public_key(hash)?, keys, place)
}

fn x_only_expr(key: &[u8; 32], keys: &SigningKeys) -> Option<KeyExpr> {
    let full = PublicKey::from_slice(&[&[2], key.as_slice()].concat()).ok()?;
    let origin = keys.origin_of_x_only(key).cloned();
    Some(KeyExpr {
        origin,
        source: KeySource::XOnly(full),
        apostrophe: false,
        position: 0,
    })
}

fn infer_node(script: &Script, keys: &SigningKeys, place: Place) -> Option<Node> {
    match script.kind() {
        ScriptKind::PubKey(key) => key_expr(&key, keys, place).map(Node::Pk),
        ScriptKind::PubKeyHash(hash) => known_key(&hash, keys, place).map(Node::Pkh),
        ScriptKind::WitnessV0KeyHash(hash) if place != Place::Wsh => {
            known_key(&hash, keys, Place::Wsh).map(Node::Wpkh)
        }
        ScriptKind::Multisig(threshold, all) => {
            let keys: Option<Vec<_>> = all.iter().map(|key| key_expr(key, keys, place)).collect();
            Some(Node::Multi {
                threshold: u32::from(threshold),
                keys: keys?,
                sorted: false,
            })
        }
        ScriptKind::ScriptHash(hash) if place == Place::Top => {
            let inner = infer_node(keys.script(&hash)?, keys, Place::Sh)?;
            Some(Node::Sh(Box::new(inner)))
        }
        ScriptKind::WitnessV0ScriptHash(program) if place != Place::Wsh => {
            let inner = infer_node(keys.witness_script(&program)?, keys, Place::Wsh)?;
            Some(Node::Wsh(Box::new(inner)))
        }
        ScriptKind::WitnessV1Taproot(output) if place == Place::Top => {
            let known = keys.taproot(&output).and_then(|spend| {
                let internal = x_only_expr(&spend.internal, keys)?;
                let tree = match spend.merkle_root {
                    Some(_) => Some(tree(&taproot::tree_of(spend)?, keys)?),
                    None => None,
                };
                Some(Node::Tr { internal, tree })
            });
            known.or_else(|| x_only_expr(&output, keys).map(Node::RawTr))
        }
        _ => None,
    }
}

fn tree(scripts: &ScriptTree, keys: &SigningKeys) -> Option<Tree> {
    Some(match scripts {
        ScriptTree::Leaf(script) => Tree::Leaf(Box::new(leaf(script, keys)?)),
        ScriptTree::Branch(left, right) => {
            Tree::Branch(Box::new(tree(left, keys)?), Box::new(tree(right, keys)?))
        }
    })
}

/// A leaf of one key, or of several.
fn leaf(script: &Script, keys: &SigningKeys) -> Option<Node> {
    if let [32, key @ .., OP_CHECKSIG] = script.as_bytes()
        && let Ok(key) = key.try_into()
    {
        return x_only_expr(key, keys).map(Node::Pk);
    }
    let (threshold, all) = leaf_keys(script)?;
    let keys: Option<Vec<KeyExpr>> = all.iter().map(|key| x_only_expr(key, keys)).collect();
    Some(Node::MultiA {
        threshold: u32::try_from(threshold).ok()?,
        keys: keys?,
        sorted: false,
    })
}
