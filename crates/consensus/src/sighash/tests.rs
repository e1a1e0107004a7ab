use std::cell::RefCell;

use primitives::script::opcodes::OP_1;
use primitives::{Amount, OutPoint, Script, TxIn};

use super::*;

fn tx() -> TxData {
    let output = |value| TxOut {
        value: Amount::from_sat(value),
        script_pubkey: Script::new(),
    };
    TxData {
        version: 2,
        inputs: (0..3)
            .map(|i| TxIn::unsigned(OutPoint::new([9; 32].into(), i), i))
            .collect(),
        outputs: vec![output(5), output(6)],
        lock_time: 17,
    }
}

/// The cache gives what the plain functions give, however it is asked.
#[test]
fn cached_hashes_are_the_plain_ones() {
    let tx = tx();
    for scheme in [HashScheme::Bitcoin, HashScheme::Groestl] {
        let tx = PrecomputedTx::new(&tx, Vec::new(), scheme);
        for (index, amount) in [(0, None), (2, None), (0, Some(7)), (2, Some(7))] {
            let amount = amount.map(Amount::from_sat);
            let cache = RefCell::new(SighashCache::default());
            let check = |code: &[u8], hash_type| {
                let cached = cache
                    .borrow_mut()
                    .sighash(&tx, index, code, amount, hash_type);
                let plain = match amount {
                    Some(amount) => witness_v0_sighash(&tx, index, code, amount, hash_type),
                    None => legacy_sighash(tx.tx(), index, code, hash_type, scheme),
                };
                assert_eq!(cached, plain, "input {index}, {amount:?}, {hash_type:x}");
            };
            for code in [&[OP_1][..], &[OP_1, OP_1], &[OP_1]] {
                for hash_type in [1, 2, 3, 0x81, 0x82, 0x83, 0, 4, 0x41, 1, 0xff, 3] {
                    check(code, hash_type);
                }
            }
        }
    }
}

#[test]
fn taproot_refuses_what_has_no_meaning() {
    let tx = tx();
    let spent = TxOut {
        value: Amount::ZERO,
        script_pubkey: Script::new(),
    };
    let known = PrecomputedTx::for_signing(&tx, vec![&spent; 3], HashScheme::Bitcoin);
    let unknown = PrecomputedTx::for_signing(&tx, vec![&spent], HashScheme::Bitcoin);
    let is_some =
        |tx, index, hash_type| taproot_sighash(tx, index, None, None, hash_type).is_some();
    for hash_type in 0..=u8::MAX {
        let valid = matches!(hash_type, 0..=3 | 0x81..=0x83);
        assert_eq!(is_some(&known, 0, hash_type), valid, "{hash_type:x}");
    }
    assert!(!is_some(&known, 2, 3), "there is no third output");
    assert!(!is_some(&known, 3, 1), "there is no fourth input");
    assert!(!is_some(&unknown, 0, 1), "not all spent outputs are known");
}
