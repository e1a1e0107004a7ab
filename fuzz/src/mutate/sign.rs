//! Signatures by the one key that signs, over what a spend's scripts make them cover.

use consensus::PrecomputedTx;
use consensus::script::{TAPROOT_LEAF_MASK, tap_leaf_hash};
use consensus::sighash::{Annex, TapLeaf, legacy_sighash, taproot_sighash, witness_v0_sighash};
use primitives::hash_scheme::hash160;
use primitives::script::instructions;
use primitives::script::opcodes::{OP_CODESEPARATOR, OP_DROP};
use primitives::{Script, TxOut};
use secp256k1::{Keypair, Message, SecretKey, XOnlyPublicKey, ecdsa, schnorr};

use super::repair::{self, Place};
use super::{Random, split};
use crate::case::{Case, Kind, SCHEME};

/// Hash types with and without a meaning.
const HASH_TYPES: &[u8] = &[1, 1, 1, 2, 3, 0x81, 0x82, 0x83, 0, 0, 4, 0x80];
/// Stands for a signature until one is made.
pub(super) const BLANK: [u8; 71] = [0x30; 71];
/// Stands for a signature in taproot.
pub(super) const BLANK_SCHNORR: [u8; 64] = [1; 64];

fn keypair(secret: u8) -> Keypair {
    let mut bytes = [0; 32];
    bytes[31] = secret;
    let secret = SecretKey::from_secret_bytes(bytes).expect("small numbers are keys");
    Keypair::from_secret_key(&secret)
}

/// The inner key of every taproot output that is made here.
pub(super) fn inner_key() -> XOnlyPublicKey {
    keypair(1).public_key().x_only_public_key().0
}

/// The key that signs, in one of its four forms; the last is one that few programs take.
pub(super) fn key(form: usize) -> Vec<u8> {
    let key = keypair(1).public_key();
    match form {
        0 => key.serialize().to_vec(),
        1 => key.serialize_uncompressed().to_vec(),
        2 => inner_key().to_byte_array().to_vec(),
        _ => {
            let mut hybrid = key.serialize_uncompressed().to_vec();
            hybrid[0] = 6 | hybrid[64] & 1;
            hybrid
        }
    }
}

/// A key that does not sign.
pub(super) fn other_key(x_only: bool) -> Vec<u8> {
    let key = keypair(2).public_key();
    match x_only {
        true => key.x_only_public_key().0.to_byte_array().to_vec(),
        false => key.serialize().to_vec(),
    }
}

/// Replaces what looks like signatures by ones of the key that signs.
pub(super) fn signatures(case: &mut Case, random: &mut Random) {
    let hash_type = random.pick(HASH_TYPES);
    match case.kind() {
        Kind::Bare => sign_bare(case, Place::Output, hash_type, random),
        Kind::ScriptHash => sign_bare(case, Place::Redeem, hash_type, random),
        Kind::ScriptHashV0 | Kind::WrappedScriptHashV0 => {
            let code = repair::get(case, Place::Witness);
            let code = &code[code_start(&code, random).0..];
            let signature = sign_v0(case, code, hash_type);
            replace(&mut case.tx.inputs[case.input].witness, &signature);
        }
        kind @ (Kind::KeyHashV0 | Kind::WrappedKeyHashV0) => {
            let key = key(random.pick(&[0, 0, 0, 1]));
            let program = Script::witness_program(0, &hash160(&key).0);
            if kind == Kind::KeyHashV0 {
                case.spent[case.input].script_pubkey = program;
            } else {
                case.tx.inputs[case.input].script_sig = Script::new().push(&program);
                case.spent[case.input].script_pubkey =
                    Script::pay_to_script_hash(&hash160(&program));
            }
            let code = Script::pay_to_pubkey_hash(&hash160(&key));
            let signature = sign_v0(case, &code, hash_type);
            case.tx.inputs[case.input].witness = vec![signature, key];
        }
        Kind::TaprootKey => {
            let program = Script::witness_program(1, &inner_key().to_byte_array());
            case.spent[case.input].script_pubkey = program;
            if let Some(signature) = sign_taproot(case, None, hash_type)
                && let Some(first) = case.tx.inputs[case.input].witness.first_mut()
            {
                *first = signature;
            }
        }
        Kind::TaprootScript => sign_leaf(case, hash_type, random),
        Kind::OtherProgram => {}
    }
}

/// Where the code begins that signatures cover: at the script's begin, or behind one of its
/// separators, with the number of that piece.
fn code_start(script: &[u8], random: &mut Random) -> (usize, u32) {
    let mut starts = vec![(0, u32::MAX)];
    let mut pieces = instructions(script);
    let mut number = 0;
    while let Some(Ok(piece)) = pieces.next() {
        if piece.opcode == OP_CODESEPARATOR {
            starts.push((pieces.position(), number));
        }
        number += 1;
    }
    // Mostly the last one: it is in force where all of them run.
    if random.below(3) > 0 {
        return starts[starts.len() - 1];
    }
    random.pick(&starts)
}

/// Signs by the original rules, at times with the signature in the script that it covers.
fn sign_bare(case: &mut Case, place: Place, hash_type: u8, random: &mut Random) {
    let mut script = repair::get(case, place);
    let inside = random.below(8) == 0;
    if inside {
        script.insert(0, OP_DROP);
    }
    let start = if inside {
        0
    } else {
        code_start(&script, random).0
    };
    let code = &script[start..];
    let hash = legacy_sighash(&case.tx, case.input, code, hash_type.into(), SCHEME);
    let signature = sign(hash.0, hash_type);
    let mut pieces = split(&case.tx.inputs[case.input].script_sig);
    for piece in &mut pieces {
        if instructions(piece)
            .next()
            .is_some_and(|push| push.is_ok_and(|p| is_signature(p.data)))
        {
            *piece = Script::new().push(&signature).into_bytes();
        }
    }
    case.tx.inputs[case.input].script_sig = pieces.concat().into();
    if inside {
        let whole = [Script::new().push(&signature).into_bytes(), script].concat();
        repair::set(case, place, whole);
        repair::commitments(case);
    }
}

fn is_signature(data: &[u8]) -> bool {
    (60..=75).contains(&data.len()) && (data[0] == 0x30 || data.len() <= 65)
}

fn replace(elements: &mut [Vec<u8>], signature: &[u8]) {
    for element in elements.iter_mut().filter(|element| is_signature(element)) {
        *element = signature.to_vec();
    }
}

fn sign(hash: [u8; 32], hash_type: u8) -> Vec<u8> {
    let signature = ecdsa::sign(Message::from_digest(hash), &keypair(1).secret_key());
    let mut bytes = signature.serialize_der().to_vec();
    bytes.push(hash_type);
    bytes
}

fn sign_v0(case: &Case, code: &[u8], hash_type: u8) -> Vec<u8> {
    let spent: Vec<&TxOut> = case.spent.iter().collect();
    let known = PrecomputedTx::for_signing(&case.tx, spent, SCHEME);
    let amount = case.spent[case.input].value;
    let hash = witness_v0_sighash(&known, case.input, code, amount, hash_type.into());
    sign(hash.0, hash_type)
}

fn sign_taproot(case: &Case, leaf: Option<TapLeaf>, hash_type: u8) -> Option<Vec<u8>> {
    let spent: Vec<&TxOut> = case.spent.iter().collect();
    let known = PrecomputedTx::for_signing(&case.tx, spent, SCHEME);
    let annex = case.annex().map(Annex::new);
    let hash = taproot_sighash(&known, case.input, annex, leaf, hash_type)?;
    let signature = schnorr::sign_no_aux_rand(&hash.0, &keypair(1));
    let mut bytes = signature.to_byte_array().to_vec();
    if hash_type != 0 {
        bytes.push(hash_type);
    }
    Some(bytes)
}

fn sign_leaf(case: &mut Case, hash_type: u8, random: &mut Random) {
    let script = repair::get(case, Place::Leaf);
    let behind = usize::from(case.annex().is_some());
    let witness = &case.tx.inputs[case.input].witness;
    let control = witness
        .iter()
        .rev()
        .nth(behind)
        .and_then(|control| control.first());
    let version = control.copied().unwrap_or_default() & TAPROOT_LEAF_MASK;
    let leaf = TapLeaf {
        hash: tap_leaf_hash(version, &script),
        codeseparator_position: code_start(&script, random).1,
    };
    let Some(signature) = sign_taproot(case, Some(leaf), hash_type) else {
        return;
    };
    let witness = &mut case.tx.inputs[case.input].witness;
    let count = witness.len().saturating_sub(2 + behind);
    replace(&mut witness[..count], &signature);
}
