//! The cases of `tx_valid.json`, `tx_invalid.json` and `script_tests.json`. The oracle reads them, too.

use std::collections::HashMap;

use consensus::ScriptFlags;
use consensus::script::{TAPROOT_LEAF_TAPSCRIPT, tap_leaf_hash};
use primitives::hash_scheme::tagged_hash;
use primitives::transaction::TxData;
use primitives::{Amount, HashScheme, OutPoint, Script, Tx, TxIn, TxOut};
use secp256k1::{Parity, Scalar, SecretKey, XOnlyPublicKey};
use serde_json::Value;
use testkit::{core_vectors, from_hex};

use crate::asm::{parse_flags, parse_script};

const SCHEME: HashScheme = HashScheme::Bitcoin;

/// A transaction with what it spends. Which flags are meant depends on the file.
pub(crate) struct TxCase {
    pub(crate) prevouts: HashMap<OutPoint, TxOut>,
    pub(crate) tx: Tx,
    pub(crate) flags: String,
}

/// The cases of one file, none where there are no vectors.
pub(crate) fn tx_cases(name: &str) -> Vec<TxCase> {
    let Some(file) = core_vectors(name) else {
        return Vec::new();
    };
    let rows = file
        .as_array()
        .expect("a list of cases")
        .iter()
        .filter(|row| row[0].is_array());
    rows.map(|row| TxCase {
        prevouts: list(&row[0]).iter().map(prevout).collect(),
        tx: Tx::from_bytes(&from_hex(&row[1]), SCHEME).expect("transactions decode"),
        flags: text(&row[2]).to_owned(),
    })
    .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn prevout(row: &Value) -> (OutPoint, TxOut) {
    let txid = text(&row[0]).parse().expect("an id");
    // The index -1 stands for the one of a coinbase.
    let vout = row[1].as_i64().and_then(|vout| i32::try_from(vout).ok());
    let output = TxOut {
        value: Amount::from_sat(row[3].as_i64().unwrap_or(0)),
        script_pubkey: parse_script(text(&row[2])),
    };
    let vout = vout.expect("an index").cast_unsigned();
    (OutPoint::new(txid, vout), output)
}

/// A transaction of one input, with the output that it spends.
pub(crate) struct ScriptCase {
    pub(crate) spent: TxOut,
    pub(crate) spend: TxData,
    pub(crate) flags: ScriptFlags,
    /// The name of the outcome.
    pub(crate) outcome: String,
    /// The case as it stands in the file.
    pub(crate) row: String,
}

/// The cases of `script_tests.json`, none where there are no vectors.
pub(crate) fn script_cases() -> Vec<ScriptCase> {
    let Some(file) = core_vectors("script_tests.json") else {
        return Vec::new();
    };
    // Rows with one text are comments.
    let rows = list(&file).iter().filter(|row| list(row).len() >= 4);
    rows.map(|row| match &row[0] {
        Value::Array(witness) => script_case(witness, &list(row)[1..], row),
        _ => script_case(&[], list(row), row),
    })
    .collect()
}

fn script_case(witness: &[Value], rest: &[Value], row: &Value) -> ScriptCase {
    let (witness, output_key, value) = read_witness(witness);
    let script_pubkey = match output_key {
        Some(key) if text(&rest[1]) == "0x51 0x20 #TAPROOTOUTPUT#" => {
            Script::witness_program(1, &key)
        }
        _ => parse_script(text(&rest[1])),
    };
    let spent = TxOut {
        value,
        script_pubkey,
    };
    ScriptCase {
        spend: spend(parse_script(text(&rest[0])), witness, &spent),
        spent,
        flags: parse_flags(text(&rest[2])),
        outcome: text(&rest[3]).to_owned(),
        row: row.to_string(),
    }
}

/// Spends an output of a first transaction in a second one.
fn spend(script_sig: Script, witness: Vec<Vec<u8>>, spent: &TxOut) -> TxData {
    let transaction = |input, script_pubkey| TxData {
        version: 1,
        inputs: vec![input],
        outputs: vec![TxOut {
            value: spent.value,
            script_pubkey,
        }],
        lock_time: 0,
    };
    let mut credit = TxIn::unsigned(OutPoint::NULL, u32::MAX);
    credit.script_sig = Script::new().push_int(0).push_int(0);
    let credit = Tx::new(transaction(credit, spent.script_pubkey.clone()), SCHEME);
    let input = TxIn {
        prevout: OutPoint::new(credit.txid(), 0),
        script_sig,
        sequence: u32::MAX,
        witness,
    };
    transaction(input, Script::new())
}

/// The elements, the output key where one is to be made, and the amount in coins.
fn read_witness(fields: &[Value]) -> (Vec<Vec<u8>>, Option<[u8; 32]>, Amount) {
    let Some((amount, elements)) = fields.split_last() else {
        return (Vec::new(), None, Amount::ZERO);
    };
    let mut witness: Vec<Vec<u8>> = Vec::new();
    let mut output_key = None;
    for element in elements {
        if let Some(script) = text(element).strip_prefix("#SCRIPT#") {
            witness.push(parse_script(script).into_bytes());
        } else if text(element) == "#CONTROLBLOCK#" {
            let (control, key) = single_leaf(witness.last().expect("a script before"));
            witness.push(control);
            output_key = Some(key);
        } else {
            witness.push(from_hex(element));
        }
    }
    let amount = Amount::parse_coins(&amount.to_string()).expect("an amount in coins");
    (witness, output_key, amount)
}

/// Control block and output key of a tree of one leaf under the key of the number one.
pub(crate) fn single_leaf(script: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let mut secret = [0; 32];
    secret[31] = 1;
    let secret = SecretKey::from_secret_bytes(secret).expect("one is a key");
    let (inner, _parity) = secret.x_only_public_key();
    let (output, parity) = tweaked(inner, tap_leaf_hash(TAPROOT_LEAF_TAPSCRIPT, script));
    let first = TAPROOT_LEAF_TAPSCRIPT | u8::from(parity == Parity::Odd);
    let control = [&[first][..], &inner.to_byte_array()].concat();
    (control, output.to_byte_array())
}

fn tweaked(inner: XOnlyPublicKey, root: [u8; 32]) -> (XOnlyPublicKey, Parity) {
    let tweak = tagged_hash("TapTweak", &[inner.to_byte_array(), root].concat());
    let tweak = Scalar::from_be_bytes(tweak).expect("hashes are hardly ever that high");
    inner.add_tweak(&tweak).expect("nor tweaks the opposite")
}
