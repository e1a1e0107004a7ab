//! `script_tests.json`.

use consensus::script::{TAPROOT_LEAF_TAPSCRIPT, tap_leaf_hash};
use consensus::{PrecomputedTx, ScriptError, TxChecker, verify_script};
use primitives::hash_scheme::tagged_hash;
use primitives::transaction::TxData;
use primitives::{Amount, HashScheme, OutPoint, Script, Tx, TxIn, TxOut};
use secp256k1::{Parity, Scalar, SecretKey, XOnlyPublicKey};
use serde_json::Value;
use testkit::{core_vectors, from_hex};

use crate::asm::{parse_flags, parse_script};

const SCHEME: HashScheme = HashScheme::Bitcoin;

struct Case {
    script_sig: Script,
    script_pubkey: Script,
    witness: Vec<Vec<u8>>,
    amount: Amount,
}

#[test]
fn script_tests() {
    let Some(file) = core_vectors("script_tests.json") else {
        return;
    };
    let mut count = 0;
    for row in file.as_array().unwrap() {
        let fields = row.as_array().unwrap();
        // Rows with one text are comments.
        if fields.len() < 4 {
            continue;
        }
        let (witness, rest) = match &fields[0] {
            Value::Array(witness) => (witness.as_slice(), &fields[1..]),
            _ => (&[][..], fields.as_slice()),
        };
        count += 1;
        check(witness, rest, row);
    }
    assert_eq!(count, 1233);
}

fn check(witness: &[Value], rest: &[Value], row: &Value) {
    let text = |i: usize| rest[i].as_str().unwrap();
    let (witness, output_key, amount) = read_witness(witness);
    let script_pubkey = match output_key {
        Some(key) if text(1) == "0x51 0x20 #TAPROOTOUTPUT#" => Script::witness_program(1, &key),
        _ => parse_script(text(1)),
    };
    let case = Case {
        script_sig: parse_script(text(0)),
        script_pubkey,
        witness,
        amount,
    };
    assert_eq!(run(&case, text(2)), text(3), "{row}");
}

/// The elements, the output key where one is to be made, and the amount in coins.
fn read_witness(fields: &[Value]) -> (Vec<Vec<u8>>, Option<[u8; 32]>, Amount) {
    let Some((amount, elements)) = fields.split_last() else {
        return (Vec::new(), None, Amount::ZERO);
    };
    let mut witness: Vec<Vec<u8>> = Vec::new();
    let mut output_key = None;
    for element in elements {
        let text = element.as_str().unwrap();
        if let Some(script) = text.strip_prefix("#SCRIPT#") {
            witness.push(parse_script(script).into_bytes());
        } else if text == "#CONTROLBLOCK#" {
            let (control, key) = single_leaf(witness.last().unwrap());
            witness.push(control);
            output_key = Some(key);
        } else {
            witness.push(from_hex(element));
        }
    }
    (
        witness,
        output_key,
        Amount::parse_coins(&amount.to_string()).unwrap(),
    )
}

/// Control block and output key of a tree of one leaf under the key of the number one.
fn single_leaf(script: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let mut secret = [0; 32];
    secret[31] = 1;
    let secret = SecretKey::from_secret_bytes(secret).unwrap();
    let (inner, _parity) = secret.x_only_public_key();
    let (output, parity) = tweaked(inner, tap_leaf_hash(TAPROOT_LEAF_TAPSCRIPT, script));
    let first = TAPROOT_LEAF_TAPSCRIPT | u8::from(parity == Parity::Odd);
    let control = [&[first][..], &inner.to_byte_array()].concat();
    (control, output.to_byte_array())
}

fn tweaked(inner: XOnlyPublicKey, root: [u8; 32]) -> (XOnlyPublicKey, Parity) {
    let tweak = tagged_hash("TapTweak", &[inner.to_byte_array(), root].concat());
    inner
        .add_tweak(&Scalar::from_be_bytes(tweak).unwrap())
        .unwrap()
}

/// Spends an output of a first transaction in a second one, and names the outcome.
fn run(case: &Case, flags: &str) -> &'static str {
    let transaction = |input, script_pubkey| TxData {
        version: 1,
        inputs: vec![input],
        outputs: vec![TxOut {
            value: case.amount,
            script_pubkey,
        }],
        lock_time: 0,
    };
    let mut credit = TxIn::unsigned(OutPoint::NULL, u32::MAX);
    credit.script_sig = Script::new().push_int(0).push_int(0);
    let credit = Tx::new(transaction(credit, case.script_pubkey.clone()), SCHEME);
    let spend = TxIn {
        prevout: OutPoint::new(credit.txid(), 0),
        script_sig: case.script_sig.clone(),
        sequence: u32::MAX,
        witness: case.witness.clone(),
    };
    let spend = transaction(spend, Script::new());
    let precomputed = PrecomputedTx::new(&spend, vec![&credit.outputs[0]], SCHEME);
    let mut checker = TxChecker::new(&precomputed, 0);
    let (script_sig, script_pubkey) = (&case.script_sig, &case.script_pubkey);
    let flags = parse_flags(flags);
    match verify_script(
        script_sig,
        script_pubkey,
        &case.witness,
        flags,
        &mut checker,
    ) {
        Ok(()) => "OK",
        // The vectors have a shorter name for this one.
        Err(ScriptError::SigNullfail) => "NULLFAIL",
        Err(error) => error.name(),
    }
}
