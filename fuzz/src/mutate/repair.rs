//! Where the scripts of a spend stand, and what has to follow when they change.

use consensus::PrecomputedTx;
use consensus::script::{TAPROOT_LEAF_TAPSCRIPT, tap_leaf_hash};
use consensus::sighash::{TapLeaf, legacy_sighash, taproot_sighash, witness_v0_sighash};
use primitives::hash_scheme::{hash160, sha256};
use primitives::script::instructions;
use primitives::{Script, TxOut};
use secp256k1::{Keypair, Message, SecretKey, ecdsa, schnorr};

use super::Random;
use crate::case::{Case, SCHEME};
use crate::cases::single_leaf;

/// A script of a spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// That of the input.
    Input,
    /// That of the output.
    Output,
    /// The one behind a script hash: the input's last push.
    Redeem,
    /// The one behind a program of version 0: the last element.
    Witness,
    /// The leaf: the last element but one.
    Leaf,
}

/// The scripts that a spend has.
pub(super) fn places(case: &Case) -> Vec<Place> {
    let output = &case.spent[case.input].script_pubkey;
    let mut found = vec![Place::Output, Place::Input];
    let redeem = output
        .is_pay_to_script_hash()
        .then(|| get(case, Place::Redeem));
    if redeem.is_some() {
        found.push(Place::Redeem);
    }
    let inner = redeem.map_or_else(|| output.clone(), Script::from);
    let count = case.tx.inputs[case.input].witness.len();
    match inner.as_witness_program() {
        Some((0, program)) if program.len() == 32 && count > 0 => found.push(Place::Witness),
        Some((1, program)) if program.len() == 32 && count > 1 => found.push(Place::Leaf),
        _ => {}
    }
    // The innermost is the one that does most.
    if let Some(last) = found.last().copied() {
        found.extend([last; 4]);
    }
    found
}

/// The bytes of a script.
pub(super) fn get(case: &Case, place: Place) -> Vec<u8> {
    let input = &case.tx.inputs[case.input];
    match place {
        Place::Input => input.script_sig.to_vec(),
        Place::Output => case.spent[case.input].script_pubkey.to_vec(),
        Place::Redeem => {
            let pieces = instructions(&input.script_sig).map_while(Result::ok);
            pieces
                .last()
                .map(|piece| piece.data.to_vec())
                .unwrap_or_default()
        }
        Place::Witness => input.witness.last().cloned().unwrap_or_default(),
        Place::Leaf => input
            .witness
            .iter()
            .rev()
            .nth(1)
            .cloned()
            .unwrap_or_default(),
    }
}

/// Puts a script where it stood.
pub(super) fn set(case: &mut Case, place: Place, script: Vec<u8>) {
    let input = &mut case.tx.inputs[case.input];
    match place {
        Place::Input => input.script_sig = script.into(),
        Place::Output => case.spent[case.input].script_pubkey = script.into(),
        Place::Redeem => {
            let mut pieces = super::split(&input.script_sig);
            pieces.pop();
            input.script_sig = Script::from(pieces.concat()).push(&script);
        }
        Place::Witness | Place::Leaf => {
            let back = if place == Place::Leaf { 1 } else { 0 };
            if let Some(element) = input.witness.iter_mut().rev().nth(back) {
                *element = script;
            }
        }
    }
}

/// Puts the output's script behind a hash or into a leaf.
pub(super) fn wrap(case: &mut Case, random: &mut Random) {
    let script = get(case, Place::Output);
    let input = &mut case.tx.inputs[case.input];
    let pushes: Vec<Vec<u8>> = instructions(&input.script_sig)
        .map_while(Result::ok)
        .map(|piece| piece.data.to_vec())
        .collect();
    let output = &mut case.spent[case.input].script_pubkey;
    match random.below(4) {
        0 => {
            let inner = std::mem::take(&mut input.script_sig);
            input.script_sig = inner.push(&script);
            *output = Script::pay_to_script_hash(&hash160(&script));
        }
        1 => {
            (input.script_sig, input.witness) = (Script::new(), pushes);
            input.witness.push(script.clone());
            *output = Script::witness_program(0, &sha256(&script));
        }
        2 => {
            let program = Script::witness_program(0, &sha256(&script));
            input.script_sig = Script::new().push(&program);
            input.witness = pushes;
            input.witness.push(script);
            *output = Script::pay_to_script_hash(&hash160(&program));
        }
        _ => {
            let (control, key) = single_leaf(&script);
            (input.script_sig, input.witness) = (Script::new(), pushes);
            input.witness.extend([script, control]);
            *output = Script::witness_program(1, &key);
        }
    }
}

/// Makes hashes and keys commit to the scripts again.
pub(super) fn commitments(case: &mut Case) {
    let places = places(case);
    if places.contains(&Place::Leaf) {
        let (control, key) = single_leaf(&get(case, Place::Leaf));
        if let Some(last) = case.tx.inputs[case.input].witness.last_mut() {
            *last = control;
        }
        set(
            case,
            Place::Output,
            Script::witness_program(1, &key).into_bytes(),
        );
    }
    if places.contains(&Place::Witness) {
        let program = Script::witness_program(0, &sha256(&get(case, Place::Witness)));
        let outer = if places.contains(&Place::Redeem) {
            Place::Redeem
        } else {
            Place::Output
        };
        set(case, outer, program.into_bytes());
    }
    if places.contains(&Place::Redeem) {
        let hash = hash160(&get(case, Place::Redeem));
        set(
            case,
            Place::Output,
            Script::pay_to_script_hash(&hash).into_bytes(),
        );
    }
}

fn secret() -> SecretKey {
    let mut one = [0; 32];
    one[31] = 1;
    SecretKey::from_secret_bytes(one).expect("one is a key")
}

/// The key that signs, in one of its three forms.
pub(super) fn key(form: usize) -> Vec<u8> {
    let key = Keypair::from_secret_key(&secret()).public_key();
    match form {
        0 => key.serialize().to_vec(),
        1 => key.serialize_uncompressed().to_vec(),
        _ => key.x_only_public_key().0.to_byte_array().to_vec(),
    }
}

/// Replaces what looks like signatures by ones of the key that signs.
pub(super) fn signatures(case: &mut Case, random: &mut Random) {
    let places = places(case);
    let Some(place) = places.last().copied() else {
        return;
    };
    let code = get(case, place);
    let hash_type = random.pick(&[1, 2, 3, 0x81, 0x82, 0x83, 0, 4, 0x80]);
    if place == Place::Leaf {
        sign_leaf(case, &code, hash_type);
    } else if place == Place::Witness {
        let spent: Vec<TxOut> = case.spent.clone();
        let tx = case.tx.clone();
        let known = PrecomputedTx::for_signing(&tx, spent.iter().collect(), SCHEME);
        let amount = case.spent[case.input].value;
        let hash = witness_v0_sighash(&known, case.input, &code, amount, hash_type.into());
        let signature = sign(hash.0, hash_type);
        let elements = case.tx.inputs[case.input].witness.iter_mut();
        elements
            .filter(|e| is_signature(e))
            .for_each(|e| *e = signature.clone());
    } else {
        let code = if place == Place::Input {
            get(case, Place::Output)
        } else {
            code
        };
        let hash = legacy_sighash(&case.tx, case.input, &code, hash_type.into(), SCHEME);
        let signature = sign(hash.0, hash_type);
        let script = &mut case.tx.inputs[case.input].script_sig;
        let mut signed = Vec::new();
        for piece in super::split(script) {
            match instructions(&piece).next() {
                Some(Ok(push)) if is_signature(push.data) => {
                    signed.extend(Script::new().push(&signature).into_bytes());
                }
                _ => signed.extend(piece),
            }
        }
        *script = signed.into();
    }
}

fn is_signature(data: &[u8]) -> bool {
    (60..=75).contains(&data.len()) && (data[0] == 0x30 || data.len() <= 65)
}

fn sign(hash: [u8; 32], hash_type: u8) -> Vec<u8> {
    let signature = ecdsa::sign(Message::from_digest(hash), &secret());
    let mut bytes = signature.serialize_der().to_vec();
    bytes.push(hash_type);
    bytes
}

fn sign_leaf(case: &mut Case, script: &[u8], hash_type: u8) {
    let leaf = TapLeaf {
        hash: tap_leaf_hash(TAPROOT_LEAF_TAPSCRIPT, script),
        codeseparator_position: u32::MAX,
    };
    let (tx, spent) = (case.tx.clone(), case.spent.clone());
    let known = PrecomputedTx::for_signing(&tx, spent.iter().collect(), SCHEME);
    let Some(hash) = taproot_sighash(&known, case.input, None, Some(leaf), hash_type) else {
        return;
    };
    let signature = schnorr::sign_no_aux_rand(&hash.0, &Keypair::from_secret_key(&secret()));
    let mut bytes = signature.to_byte_array().to_vec();
    if hash_type != 0 {
        bytes.push(hash_type);
    }
    let witness = &mut case.tx.inputs[case.input].witness;
    let count = witness.len().saturating_sub(2);
    let elements = witness[..count].iter_mut();
    elements
        .filter(|e| is_signature(e))
        .for_each(|e| *e = bytes.clone());
}
