//! What the fuzzer found: inputs about which the reference's interpreter and ours once differed.

use consensus::{PrecomputedTx, ScriptError, ScriptFlags, TxChecker, verify_script};
use primitives::{Amount, HashScheme, Script, Tx, TxOut};
use testkit::from_hex;

const SCHEME: HashScheme = HashScheme::Bitcoin;

fn check(tx: &str, (value, script): (i64, &str), expected: Result<(), ScriptError>) {
    let hex = |text: &str| from_hex(&text.into());
    let tx = Tx::from_bytes(&hex(tx), SCHEME).expect("a transaction");
    let spent = TxOut {
        value: Amount::from_sat(value),
        script_pubkey: Script::from(hex(script)),
    };
    let known = PrecomputedTx::new(&tx, vec![&spent], SCHEME);
    let input = &tx.inputs[0];
    let verdict = verify_script(
        &input.script_sig,
        &spent.script_pubkey,
        &input.witness,
        ScriptFlags::MANDATORY,
        &mut TxChecker::new(&known, 0),
    );
    assert_eq!(verdict, expected);
}

/// A signature that covers an amount below zero is valid for no coin.
#[test]
fn an_amount_below_zero_is_not_signed_for() {
    let tx = "010000000001010001000000000000000000000000000000000000000000000000000000000000000000\
              00000100000001000000000000000000024730440220742b6cda63e0d271a3f24883aae0fd9ee0dca7d0\
              7a7bddbff6abb1da01831abf02204f8e82540a75dffa5397404a6e073157c6f3c83011754a924381c86b\
              57b5d81680210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798020000\
              00";
    let output = "0014751e76e8199196d454941c45d1b3a323f1433bd6";
    check(tx, (-1, output), Err(ScriptError::EvalFalse));
}
