//! From scripts back to descriptors (Core's `InferDescriptor`).

use primitives::Hash160;
use primitives::address::Destination;
use primitives::script::{Script, ScriptKind};
use secp256k1::PublicKey;

use super::key::{KeyExpr, KeySource};
use super::{Descriptor, Node, Tree};
use crate::sign::SigningKeys;

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
            match keys.taproot(&output) {
                Some(spend) => {
                    let internal = x_only_expr(&spend.internal, keys)?;
                    let tree = match spend.leaves.as_slice() {
                        [] => None,
                        [(script, _)] => Some(Tree::Leaf(Box::new(leaf(script, keys)?))),
                        _ => return None,
                    };
                    Some(Node::Tr { internal, tree })
                }
                None => x_only_expr(&output, keys).map(Node::RawTr),
            }
        }
        _ => None,
    }
}

/// A leaf of one key.
fn leaf(script: &Script, keys: &SigningKeys) -> Option<Node> {
    use primitives::script::opcodes::OP_CHECKSIG;
    match script.as_bytes() {
        [32, key @ .., OP_CHECKSIG] => x_only_expr(key.try_into().ok()?, keys).map(Node::Pk),
        _ => None,
    }
}
