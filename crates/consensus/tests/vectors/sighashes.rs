//! Signature hashes: `sighash.json`, BIP341, BIP340 and the coin family.

use std::fs;

use consensus::PrecomputedTx;
use consensus::script::{tap_branch_hash, tap_leaf_hash, verify_taproot_commitment};
use consensus::sighash::{legacy_sighash, taproot_sighash, witness_v0_sighash};
use primitives::encode::Reader;
use primitives::params::{ChainParams, Coin, Network};
use primitives::transaction::TxData;
use primitives::{Amount, HashScheme, Script, TxOut};
use secp256k1::{XOnlyPublicKey, schnorr};
use serde_json::Value;
use testkit::{chain_vectors, core_vectors, from_hex, load_json, to_hex, vectors_dir};

fn read_tx(value: &Value) -> TxData {
    let bytes = from_hex(value);
    let mut reader = Reader::new(&bytes);
    let tx = TxData::decode(&mut reader, true).unwrap();
    reader.finish().unwrap();
    tx
}

pub(crate) fn scheme(vector: &Value) -> HashScheme {
    let coin: Coin = vector["coin"].as_str().unwrap().parse().unwrap();
    ChainParams::get(coin, Network::Main).hashes
}

#[test]
fn core_sighashes() {
    let Some(file) = core_vectors("sighash.json") else {
        return;
    };
    let mut count = 0;
    for row in file
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row.as_array().unwrap().len() == 5)
    {
        let tx = read_tx(&row[0]);
        let index = usize::try_from(row[2].as_u64().unwrap()).unwrap();
        let hash_type = i32::try_from(row[3].as_i64().unwrap())
            .unwrap()
            .cast_unsigned();
        let hash = legacy_sighash(
            &tx,
            index,
            &from_hex(&row[1]),
            hash_type,
            HashScheme::Bitcoin,
        );
        assert_eq!(hash.to_string(), row[4].as_str().unwrap(), "{row}");
        count += 1;
    }
    assert_eq!(count, 500);
}

#[test]
fn family_sighashes() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    let number = |value: &Value| value.as_i64().unwrap();
    for vector in vectors.of_kind("sighash_legacy") {
        let input = &vector["input"];
        let hash_type = u32::try_from(number(&input["hashtype"]) & 0xffff_ffff).unwrap();
        let index = usize::try_from(number(&input["index"])).unwrap();
        let (tx, script) = (read_tx(&input["tx"]), from_hex(&input["script"]));
        let hash = legacy_sighash(&tx, index, &script, hash_type, scheme(vector));
        assert_eq!(to_hex(&hash.0), vector["output"], "{}", vector["id"]);
    }
    for vector in vectors.of_kind("sighash_v0") {
        let input = &vector["input"];
        let hash_type = u32::try_from(number(&input["hashtype"])).unwrap();
        let index = usize::try_from(number(&input["index"])).unwrap();
        let amount = Amount::from_sat(number(&input["amount"]));
        let (tx, script) = (read_tx(&input["tx"]), from_hex(&input["script_code"]));
        for tx in [
            PrecomputedTx::new(&tx, Vec::new(), scheme(vector)),
            PrecomputedTx::for_signing(&tx, Vec::new(), scheme(vector)),
        ] {
            let hash = witness_v0_sighash(&tx, index, &script, amount, hash_type);
            assert_eq!(to_hex(&hash.0), vector["output"], "{}", vector["id"]);
        }
    }
    for vector in vectors.of_kind("sighash_taproot") {
        let input = &vector["input"];
        let hash_type = u8::try_from(number(&input["hashtype"])).unwrap();
        let index = usize::try_from(number(&input["index"])).unwrap();
        let tx = read_tx(&input["tx"]);
        let spent: Vec<TxOut> = input["spent"]
            .as_array()
            .unwrap()
            .iter()
            .map(|output| TxOut {
                value: Amount::from_sat(number(&output[0])),
                script_pubkey: Script::from(from_hex(&output[1])),
            })
            .collect();
        let tx = PrecomputedTx::for_signing(&tx, spent.iter().collect(), scheme(vector));
        let hash = taproot_sighash(&tx, index, None, None, hash_type).unwrap();
        assert_eq!(to_hex(&hash.0), vector["output"], "{}", vector["id"]);
    }
}

#[test]
fn bip341_signature_hashes() {
    let Some(dir) = vectors_dir() else { return };
    let file = load_json(&dir.join("bips/bip-0341/wallet-test-vectors.json"));
    // The reference has the same ones.
    assert_eq!(
        core_vectors("bip341_wallet_vectors.json"),
        Some(file.clone())
    );
    for case in file["keyPathSpending"].as_array().unwrap() {
        let tx = read_tx(&case["given"]["rawUnsignedTx"]);
        let spent: Vec<TxOut> = case["given"]["utxosSpent"]
            .as_array()
            .unwrap()
            .iter()
            .map(|output| TxOut {
                value: Amount::from_sat(output["amountSats"].as_i64().unwrap()),
                script_pubkey: Script::from(from_hex(&output["scriptPubKey"])),
            })
            .collect();
        let tx = PrecomputedTx::for_signing(&tx, spent.iter().collect(), HashScheme::Bitcoin);
        for input in case["inputSpending"].as_array().unwrap() {
            let index = usize::try_from(input["given"]["txinIndex"].as_u64().unwrap()).unwrap();
            let hash_type = u8::try_from(input["given"]["hashType"].as_u64().unwrap()).unwrap();
            let hash = taproot_sighash(&tx, index, None, None, hash_type).unwrap();
            assert_eq!(
                to_hex(&hash.0),
                input["intermediary"]["sigHash"],
                "input {index}"
            );
        }
    }
}

#[test]
fn bip341_script_trees() {
    let Some(dir) = vectors_dir() else { return };
    let file = load_json(&dir.join("bips/bip-0341/wallet-test-vectors.json"));
    let mut checked = 0;
    for case in file["scriptPubKey"].as_array().unwrap() {
        let tree = &case["given"]["scriptTree"];
        if tree.is_null() {
            continue;
        }
        let mut leaves = Vec::new();
        let root = tree_hash(tree, &mut leaves);
        assert_eq!(to_hex(&root), case["intermediary"]["merkleRoot"]);
        let key: [u8; 32] = from_hex(&case["intermediary"]["tweakedPubkey"])
            .try_into()
            .unwrap();
        let controls = case["expected"]["scriptPathControlBlocks"]
            .as_array()
            .unwrap();
        for (leaf, control) in leaves.iter().zip(controls) {
            let control = from_hex(control);
            assert!(verify_taproot_commitment(&control, &key, *leaf), "{case}");
            let mut other = control.clone();
            other[0] ^= 1;
            assert!(
                !verify_taproot_commitment(&other, &key, *leaf),
                "other parity"
            );
            other = control;
            *other.last_mut().unwrap() ^= 1;
            assert!(
                !verify_taproot_commitment(&other, &key, *leaf),
                "other path or key"
            );
            checked += 1;
        }
    }
    assert!(checked > 8, "{checked}");
}

/// The hash of a tree; its leaves, in the order of their numbers, go to `leaves`.
fn tree_hash(tree: &Value, leaves: &mut Vec<[u8; 32]>) -> [u8; 32] {
    if let Value::Array(branches) = tree {
        let [left, right] = [0, 1].map(|i| tree_hash(&branches[i], leaves));
        return tap_branch_hash(&left, &right);
    }
    let version = u8::try_from(tree["leafVersion"].as_u64().unwrap()).unwrap();
    let hash = tap_leaf_hash(version, &from_hex(&tree["script"]));
    leaves.push(hash);
    hash
}

/// The curve library under our own rules of lengths.
#[test]
#[expect(clippy::disallowed_methods, reason = "the vectors are no JSON")]
fn bip340_signatures() {
    let Some(dir) = vectors_dir() else { return };
    let text = fs::read_to_string(dir.join("bips/bip-0340/test-vectors.csv")).unwrap();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let bytes = |i: usize| primitives::hash::from_hex(fields[i]).unwrap();
        let key = XOnlyPublicKey::from_byte_array(bytes(2).try_into().unwrap());
        let signature = schnorr::Signature::from_byte_array(bytes(5).try_into().unwrap());
        let valid = key.is_ok_and(|key| schnorr::verify(&signature, &bytes(4), &key).is_ok());
        assert_eq!(valid, fields[6] == "TRUE", "{line}");
    }
}
