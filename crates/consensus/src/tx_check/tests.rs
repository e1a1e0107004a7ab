use primitives::params::{Coin, Network};
use primitives::{Script, TxIn, TxOut, Txid};

use super::*;

/// A transaction with these outputs that spends the outputs with these indices.
fn tx(inputs: &[u32], outputs: &[i64]) -> TxData {
    let prevout = |vout| OutPoint::new(Txid([7; 32]), vout);
    let output = |value| TxOut {
        value: Amount::from_sat(value),
        script_pubkey: Script::new(),
    };
    TxData {
        version: 2,
        inputs: inputs
            .iter()
            .map(|vout| TxIn::unsigned(prevout(*vout), 0))
            .collect(),
        outputs: outputs.iter().map(|value| output(*value)).collect(),
        lock_time: 0,
    }
}

fn coinbase(script_length: usize) -> TxData {
    let mut tx = tx(&[0], &[1]);
    tx.inputs[0].prevout = OutPoint::NULL;
    tx.inputs[0].script_sig = Script::from(vec![0; script_length]);
    tx
}

fn check(tx: &TxData, expected: &str) {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let reason = check_transaction(tx, params).map_or_else(|e| e.to_string(), |()| "ok".to_owned());
    assert_eq!(reason, expected);
    if let Err(error) = check_transaction(tx, params) {
        assert_eq!(error.reject_reason(), expected);
    }
}

#[test]
fn every_rule_has_its_reason() {
    const ALL: i64 = 2_100_000_000_000_000;
    check(&tx(&[0, 1, 2], &[1, 2]), "ok");
    check(&tx(&[], &[1]), "bad-txns-vin-empty");
    check(&tx(&[0], &[]), "bad-txns-vout-empty");
    check(&tx(&[0], &[-1]), "bad-txns-vout-negative");
    check(&tx(&[0], &[ALL]), "ok");
    check(&tx(&[0], &[ALL + 1]), "bad-txns-vout-toolarge");
    check(&tx(&[0], &[ALL, 1]), "bad-txns-txouttotal-toolarge");
    check(&tx(&[0, 0], &[1]), "bad-txns-inputs-duplicate");
    check(&tx(&[0, 1, 2, 1], &[1]), "bad-txns-inputs-duplicate");
    check(&coinbase(1), "bad-cb-length");
    check(&coinbase(2), "ok");
    check(&coinbase(100), "ok");
    check(&coinbase(101), "bad-cb-length");
    let mut null = tx(&[0, 1], &[1]);
    null.inputs[1].prevout = OutPoint::NULL;
    check(&null, "bad-txns-prevout-null");
}

#[test]
fn size_counts_without_witness() {
    let mut large = tx(&[0], &[1]);
    let rest = large.size(false);
    large.inputs[0].witness = vec![vec![0; 4_000_000]];
    check(&large, "ok");
    // A longer length prefix takes four bytes more.
    large.outputs[0].script_pubkey = Script::from(vec![0; 1_000_000 - rest - 4]);
    check(&large, "ok");
    large.outputs[0].script_pubkey = Script::from(vec![0; 1_000_001 - rest - 4]);
    check(&large, "bad-txns-oversize");
}
