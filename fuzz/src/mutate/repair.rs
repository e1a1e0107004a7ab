//! Where the scripts of a spend stand, and what has to follow when they change.

use consensus::script::{
    ANNEX_TAG, TAPROOT_CONTROL_BASE_SIZE, TAPROOT_CONTROL_MAX_NODES, TAPROOT_LEAF_MASK,
    TAPROOT_LEAF_TAPSCRIPT, tap_leaf_hash, taproot_merkle_root,
};
use primitives::Script;
use primitives::hash_scheme::{hash160, sha256, tagged_hash};
use primitives::script::instructions;
use secp256k1::{Parity, Scalar};

use super::sign::inner_key;
use crate::case::{Case, Kind};

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
    let mut found = vec![Place::Output, Place::Input];
    if case.spent[case.input].script_pubkey.is_pay_to_script_hash() {
        found.push(Place::Redeem);
    }
    match case.kind() {
        Kind::ScriptHashV0 | Kind::WrappedScriptHashV0
            if !case.tx.inputs[case.input].witness.is_empty() =>
        {
            found.push(Place::Witness);
        }
        Kind::TaprootScript => found.push(Place::Leaf),
        _ => {}
    }
    // The innermost is the one that does most.
    if let Some(last) = found.last().copied() {
        found.extend([last; 4]);
    }
    found
}

/// How many elements stand behind the control block of a leaf: the annex, or none.
fn behind_control(case: &Case) -> usize {
    usize::from(case.annex().is_some())
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
            .nth(1 + behind_control(case))
            .cloned()
            .unwrap_or_default(),
    }
}

/// Puts a script where it stood.
pub(super) fn set(case: &mut Case, place: Place, script: Vec<u8>) {
    let behind = behind_control(case);
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
            let back = if place == Place::Leaf { 1 + behind } else { 0 };
            if let Some(element) = input.witness.iter_mut().rev().nth(back) {
                *element = script;
            }
        }
    }
}

/// Where a script can be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapper {
    /// Behind a script hash.
    ScriptHash,
    /// Behind a program of version 0.
    Witness,
    /// Behind a program of version 0 behind a script hash.
    WrappedWitness,
    /// Into a leaf.
    Leaf,
}

/// All of them.
pub(super) const WRAPPERS: [Wrapper; 4] = [
    Wrapper::ScriptHash,
    Wrapper::Witness,
    Wrapper::WrappedWitness,
    Wrapper::Leaf,
];

/// Puts the output's script behind a hash or into a leaf.
pub(super) fn wrap(case: &mut Case, wrapper: Wrapper) {
    let script = get(case, Place::Output);
    let input = &mut case.tx.inputs[case.input];
    let pushes: Vec<Vec<u8>> = instructions(&input.script_sig)
        .map_while(Result::ok)
        .map(|piece| piece.data.to_vec())
        .collect();
    let output = &mut case.spent[case.input].script_pubkey;
    match wrapper {
        Wrapper::ScriptHash => {
            let inner = std::mem::take(&mut input.script_sig);
            input.script_sig = inner.push(&script);
            *output = Script::pay_to_script_hash(&hash160(&script));
        }
        Wrapper::Witness => {
            (input.script_sig, input.witness) = (Script::new(), pushes);
            input.witness.push(script.clone());
            *output = Script::witness_program(0, &sha256(&script));
        }
        Wrapper::WrappedWitness => {
            let program = Script::witness_program(0, &sha256(&script));
            input.script_sig = Script::new().push(&program);
            input.witness = pushes;
            input.witness.push(script);
            *output = Script::pay_to_script_hash(&hash160(&program));
        }
        Wrapper::Leaf => {
            let (control, key) = committed(&[], &script);
            (input.script_sig, input.witness) = (Script::new(), pushes);
            input.witness.extend([script, control]);
            *output = Script::witness_program(1, &key);
        }
    }
}

/// Changes leaf version or path of a control block, or adds an annex.
pub(super) fn change_control(case: &mut Case, node: Vec<u8>, choice: usize) {
    let behind = behind_control(case);
    let is_leaf = case.kind() == Kind::TaprootScript;
    let witness = &mut case.tx.inputs[case.input].witness;
    if choice == 0 && behind == 0 {
        witness.push([&[ANNEX_TAG][..], &node].concat());
        return;
    }
    let Some(control) = witness.iter_mut().rev().nth(behind).filter(|_| is_leaf) else {
        return;
    };
    match (choice, control.first_mut()) {
        (1, Some(first)) => *first = node.first().copied().unwrap_or_default(),
        (2, _) => control.truncate(TAPROOT_CONTROL_BASE_SIZE),
        _ => control.extend([&node[..], &[7; 32]].concat().into_iter().take(32)),
    }
}

/// Control block and output key for a script, with version and path of a control block that is there.
fn committed(control: &[u8], script: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let version = control
        .first()
        .map_or(TAPROOT_LEAF_TAPSCRIPT, |first| first & TAPROOT_LEAF_MASK);
    let path = control.get(TAPROOT_CONTROL_BASE_SIZE..).unwrap_or_default();
    let nodes = (path.len() / 32).min(TAPROOT_CONTROL_MAX_NODES);
    let inner = inner_key();
    let mut made = [&[version][..], &inner.to_byte_array(), &path[..nodes * 32]].concat();
    let root = taproot_merkle_root(&made, tap_leaf_hash(version, script));
    let tweak = tagged_hash("TapTweak", &[inner.to_byte_array(), root].concat());
    let tweak = Scalar::from_be_bytes(tweak).expect("hashes are hardly ever that high");
    let (output, parity) = inner.add_tweak(&tweak).expect("nor tweaks the opposite");
    made[0] |= u8::from(parity == Parity::Odd);
    (made, output.to_byte_array())
}

/// Makes hashes and keys commit to the scripts again.
pub(super) fn commitments(case: &mut Case) {
    let places = places(case);
    if places.contains(&Place::Leaf) {
        let script = get(case, Place::Leaf);
        let behind = behind_control(case);
        let witness = &mut case.tx.inputs[case.input].witness;
        let Some(control) = witness.iter_mut().rev().nth(behind) else {
            return;
        };
        let (made, key) = committed(control, &script);
        *control = made;
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
