//! `tx_valid.json` and `tx_invalid.json`.

use std::collections::HashMap;

use consensus::{PrecomputedTx, ScriptFlags, TxChecker, check_transaction, verify_script};
use primitives::params::{ChainParams, Coin, Network};
use primitives::{Amount, HashScheme, OutPoint, Script, Tx};
use serde_json::Value;
use testkit::{core_vectors, from_hex};

use crate::asm::{parse_flags, parse_script};

const SCHEME: HashScheme = HashScheme::Bitcoin;

struct Case {
    prevouts: HashMap<OutPoint, (Script, Amount)>,
    tx: Tx,
    flags: String,
}

fn cases(name: &str) -> Vec<Case> {
    let Some(file) = core_vectors(name) else {
        return Vec::new();
    };
    let rows = file
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row[0].is_array());
    rows.map(|row| Case {
        prevouts: row[0].as_array().unwrap().iter().map(prevout).collect(),
        tx: Tx::from_bytes(&from_hex(&row[1]), SCHEME).unwrap(),
        flags: row[2].as_str().unwrap().to_owned(),
    })
    .collect()
}

fn prevout(row: &Value) -> (OutPoint, (Script, Amount)) {
    let txid = row[0].as_str().unwrap().parse().unwrap();
    // The index -1 stands for the one of a coinbase.
    let vout = i32::try_from(row[1].as_i64().unwrap())
        .unwrap()
        .cast_unsigned();
    let amount = Amount::from_sat(row[3].as_i64().unwrap_or(0));
    (
        OutPoint::new(txid, vout),
        (parse_script(row[2].as_str().unwrap()), amount),
    )
}

fn are_scripts_valid(case: &Case, flags: ScriptFlags) -> bool {
    let precomputed = PrecomputedTx::new(&case.tx, Vec::new(), SCHEME);
    case.tx.inputs.iter().enumerate().all(|(i, input)| {
        let (script, amount) = &case.prevouts[&input.prevout];
        let mut checker = TxChecker::new(&precomputed, i).with_amount(*amount);
        verify_script(
            &input.script_sig,
            script,
            &input.witness,
            flags,
            &mut checker,
        )
        .is_ok()
    })
}

/// Takes out what needs a flag that is missing.
fn trim(flags: ScriptFlags) -> ScriptFlags {
    let mut flags = flags;
    if !flags.contains(ScriptFlags::P2SH) {
        flags = flags & !ScriptFlags::WITNESS;
    }
    if !flags.contains(ScriptFlags::WITNESS) {
        flags = flags & !ScriptFlags::CLEANSTACK;
    }
    flags
}

/// Adds what the flags need.
fn fill(mut flags: ScriptFlags) -> ScriptFlags {
    if flags.contains(ScriptFlags::CLEANSTACK) {
        flags |= ScriptFlags::WITNESS;
    }
    if flags.contains(ScriptFlags::WITNESS) {
        flags |= ScriptFlags::P2SH;
    }
    flags
}

#[test]
fn valid_transactions() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let cases = cases("tx_valid.json");
    for case in &cases {
        let txid = case.tx.txid();
        assert_eq!(check_transaction(&case.tx, params), Ok(()), "{txid}");
        let excluded = parse_flags(&case.flags);
        assert!(are_scripts_valid(case, !excluded), "{txid}");
        for (name, flag) in ScriptFlags::all() {
            let fewer = trim(!(excluded | flag));
            assert!(are_scripts_valid(case, fewer), "{txid} without {name}");
            // No flag is excluded in vain.
            let less_excluded = trim(excluded & !flag);
            if less_excluded != excluded {
                assert!(
                    !are_scripts_valid(case, !less_excluded),
                    "{txid} with {name}"
                );
            }
        }
    }
    assert!(cases.is_empty() || cases.len() == 121, "{}", cases.len());
}

#[test]
fn invalid_transactions() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let cases = cases("tx_invalid.json");
    for case in &cases {
        let txid = case.tx.txid();
        if check_transaction(&case.tx, params).is_err() {
            assert_eq!(case.flags, "BADTX", "{txid}");
            continue;
        }
        let flags = parse_flags(&case.flags);
        assert!(!are_scripts_valid(case, flags), "{txid}");
        for (name, flag) in ScriptFlags::all() {
            assert!(
                !are_scripts_valid(case, fill(flags | flag)),
                "{txid} with {name}"
            );
            // No flag is needed in vain.
            let fewer = trim(flags & !flag);
            if fewer != flags {
                assert!(are_scripts_valid(case, fewer), "{txid} without {name}");
            }
        }
    }
    assert!(cases.is_empty() || cases.len() == 93, "{}", cases.len());
}
