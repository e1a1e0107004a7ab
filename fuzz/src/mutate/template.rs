//! Whole spends of the usual kinds, which changes then take apart.

use primitives::Script;
use primitives::hash_scheme::hash160;
use primitives::script::opcodes::*;

use super::Random;
use super::repair::{WRAPPERS, Wrapper, wrap};
use super::sign::{BLANK, BLANK_SCHNORR, inner_key, key, other_key};
use crate::case::Case;

/// Makes the spend one of a usual kind, with blanks where signatures belong.
pub(super) fn spend(case: &mut Case, random: &mut Random) {
    let input = &mut case.tx.inputs[case.input];
    (input.script_sig, input.witness) = (Script::new(), Vec::new());
    let output = &mut case.spent[case.input].script_pubkey;
    match random.below(8) {
        0 => {
            input.witness = vec![BLANK.to_vec(), key(0)];
            *output = Script::witness_program(0, &hash160(&key(0)).0);
        }
        1 => {
            let program = Script::witness_program(0, &hash160(&key(0)).0);
            input.witness = vec![BLANK.to_vec(), key(0)];
            input.script_sig = Script::new().push(&program);
            *output = Script::pay_to_script_hash(&hash160(&program));
        }
        2 => {
            input.witness = vec![BLANK_SCHNORR.to_vec()];
            *output = Script::witness_program(1, &inner_key().to_byte_array());
        }
        3 | 4 => {
            let (script, elements) = tapscript(random);
            *output = script;
            wrap(case, Wrapper::Leaf);
            case.tx.inputs[case.input].witness.splice(..0, elements);
        }
        other => {
            let (script, elements) = script(random);
            *output = script;
            input.script_sig = elements
                .iter()
                .fold(Script::new(), |script, element| script.push(element));
            if other > 5 {
                wrap(case, random.pick(&WRAPPERS[..3]));
            }
        }
    }
}

/// A number for a lock time, on both sides of its borders.
fn lock(random: &mut Random) -> i64 {
    random.pick(&[
        0,
        1,
        2,
        499_999_999,
        500_000_000,
        1 << 22,
        (1 << 22) | 1,
        1 << 31,
        -1,
    ])
}

/// A script of before taproot, and the elements that satisfy it once they are signed.
fn script(random: &mut Random) -> (Script, Vec<Vec<u8>>) {
    let new = Script::new();
    let signature = BLANK.to_vec();
    let own = key(random.pick(&[0, 0, 0, 1, 3]));
    let one = vec![signature.clone()];
    match random.below(9) {
        0 => (new.push(&own).op(OP_CHECKSIG), one),
        1 => {
            let script = Script::pay_to_pubkey_hash(&hash160(&own));
            (script, vec![signature, own])
        }
        2 | 3 => multisig(random),
        4 => {
            let script = new
                .push_int(lock(random))
                .op(OP_CHECKLOCKTIMEVERIFY)
                .op(OP_DROP);
            (script.push(&own).op(OP_CHECKSIG), one)
        }
        5 => {
            let script = new
                .push_int(lock(random))
                .op(OP_CHECKSEQUENCEVERIFY)
                .op(OP_DROP);
            (script.push(&own).op(OP_CHECKSIG), one)
        }
        6 => {
            let script = new.op(OP_IF).push(&own).op(OP_ELSE).push(&other_key(false));
            let condition = random.pick(&[&[][..], &[1], &[2], &[0x80]]).to_vec();
            (
                script.op(OP_ENDIF).op(OP_CHECKSIG),
                vec![signature, condition],
            )
        }
        7 => {
            let script = new
                .push(&own)
                .op(OP_CODESEPARATOR)
                .op(OP_CHECKSIGVERIFY)
                .op(OP_1);
            (script, one)
        }
        _ => {
            let script = new.push(&own).op(OP_CHECKSIG).op(OP_NOT);
            (
                script,
                vec![random.pick(&[&[][..], &[0x30], &BLANK]).to_vec()],
            )
        }
    }
}

/// Some signatures for more keys, of which not all fit.
fn multisig(random: &mut Random) -> (Script, Vec<Vec<u8>>) {
    let keys = random.pick(&[1, 2, 3, 3, 4, 15, 20, 21]);
    let wanted = random.below(keys + 1).min(5);
    let number = |count: usize| i64::try_from(count).unwrap_or_default();
    let mut script = Script::new().push_int(number(wanted));
    for _ in 0..keys {
        script = script.push(&match random.below(3) {
            0 => other_key(false),
            _ => key(random.pick(&[0, 0, 1])),
        });
    }
    let mut elements = vec![vec![0; random.pick(&[0, 0, 0, 1])]];
    elements.extend(vec![BLANK.to_vec(); wanted]);
    let script = script.push_int(number(keys));
    match random.below(4) {
        0 => (script.op(OP_CHECKMULTISIGVERIFY).op(OP_1), elements),
        1 => (script.op(OP_CHECKMULTISIG).op(OP_NOT), elements),
        _ => (script.op(OP_CHECKMULTISIG), elements),
    }
}

/// A tapscript, and the elements that satisfy it once they are signed.
fn tapscript(random: &mut Random) -> (Script, Vec<Vec<u8>>) {
    let new = Script::new();
    let signature = BLANK_SCHNORR.to_vec();
    let own = match random.below(5) {
        // Kept for upgrades, and none at all.
        0 => vec![2; random.pick(&[0, 1, 31, 33])],
        _ => key(2),
    };
    let one = vec![signature.clone()];
    match random.below(6) {
        0 => (new.push(&own).op(OP_CHECKSIG), one),
        1 => {
            let script = new
                .push(&own)
                .op(OP_CODESEPARATOR)
                .op(OP_CHECKSIGVERIFY)
                .op(OP_1);
            (script, one)
        }
        2 | 3 => added(random),
        4 => {
            let script = new.op(OP_IF).push(&own).op(OP_CHECKSIG).op(OP_ENDIF);
            (
                script,
                vec![signature, random.pick(&[&[][..], &[1], &[2]]).to_vec()],
            )
        }
        _ => {
            // Many checks of one signature: more than its weight pays for.
            let mut script = new.push(&own);
            for _ in 0..random.below(6) {
                script = script.op(OP_2DUP).op(OP_CHECKSIGVERIFY);
            }
            (script.op(OP_CHECKSIG), one)
        }
    }
}

/// Signatures that are counted.
fn added(random: &mut Random) -> (Script, Vec<Vec<u8>>) {
    let count = 1 + random.below(4);
    let mut script = Script::new().op(OP_0);
    let mut elements = Vec::new();
    for _ in 0..count {
        let valid = random.below(3) > 0;
        let key = if valid { key(2) } else { other_key(true) };
        script = script.push(&key).op(OP_CHECKSIGADD);
        elements.push(if valid {
            BLANK_SCHNORR.to_vec()
        } else {
            Vec::new()
        });
    }
    let wanted = i64::try_from(random.below(count + 1)).unwrap_or_default();
    // The last one is asked for first.
    elements.reverse();
    (script.push_int(wanted).op(OP_NUMEQUAL), elements)
}
