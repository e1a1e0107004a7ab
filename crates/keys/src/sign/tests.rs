use std::str::FromStr;

use consensus::{ScriptFlags, TxChecker, verify_script};
use primitives::{Amount, ChainParams, Coin, Network, OutPoint, Tx, TxIn, Txid};
use testkit::chain_vectors;

use super::*;
use crate::Descriptor;
use crate::message::{recover_key_hash, sign_message};

const XPRV: &str = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";

/// Signs a spend of each descriptor's first script and lets consensus judge it.
fn check(descriptors: &[String], params: &ChainParams) {
    let mut keys = SigningKeys::default();
    let mut prevouts = Vec::new();
    for text in descriptors {
        let expansion = Descriptor::parse_one(text, params)
            .unwrap()
            .expand_alone(3)
            .unwrap();
        for script in expansion.scripts {
            prevouts.push(TxOut {
                value: Amount::from_sat(1000),
                script_pubkey: script,
            });
        }
        keys.merge(expansion.keys);
    }
    let outpoint = |i: usize| OutPoint::new(Txid([9; 32]), u32::try_from(i).unwrap());
    let mut tx = TxData {
        version: 2,
        inputs: (0..prevouts.len())
            .map(|i| TxIn::unsigned(outpoint(i), 0xffff_fffd))
            .collect(),
        outputs: vec![TxOut {
            value: Amount::from_sat(500),
            script_pubkey: Script::from(vec![0x51]),
        }],
        lock_time: 0,
    };
    for hash_type in [None, Some(0x81), Some(3)] {
        for index in 0..prevouts.len() {
            if hash_type == Some(3) && index > 0 {
                continue;
            }
            let proof = {
                let spent = prevouts.iter().collect();
                let precomputed = PrecomputedTx::for_signing(&tx, spent, params.hashes);
                sign_input(&tx, index, &precomputed, &keys, hash_type, [1; 32]).unwrap()
            };
            tx.inputs[index].script_sig = proof.script_sig;
            tx.inputs[index].witness = proof.witness;
            let signed = Tx::new(tx.clone(), params.hashes);
            let spent = prevouts.iter().collect();
            let precomputed = PrecomputedTx::new(&signed, spent, params.hashes);
            let mut checker = TxChecker::new(&precomputed, index);
            let input = &signed.inputs[index];
            verify_script(
                &input.script_sig,
                &prevouts[index].script_pubkey,
                &input.witness,
                ScriptFlags::STANDARD,
                &mut checker,
            )
            .unwrap_or_else(|error| panic!("input {index} of {descriptors:?}: {error}"));
        }
    }
}

#[test]
fn every_form_is_signed_on_every_coin() {
    for coin in Coin::ALL {
        let params = ChainParams::get(coin, Network::Main);
        let xprv = Xpriv::from_text(XPRV, ChainParams::get(Coin::Bitcoin, Network::Main));
        let key = xprv.unwrap().to_text(params);
        let multi = format!("2,{key}/7/*,{key}/8/*,{key}/9/*");
        check(
            &[
                format!("pk({key}/0/*)"),
                format!("pkh({key}/1/*)"),
                format!("sh(wpkh({key}/2/*))"),
                format!("wpkh({key}/3h/*h)"),
                format!("tr({key}/4/*)"),
                format!("multi({multi})"),
                format!("sh(multi({multi}))"),
                format!("sh(wsh(sortedmulti({multi})))"),
                format!("wsh(multi({multi}))"),
                format!("wsh(pkh({key}/5/*))"),
                format!("combo({key}/6/*)"),
            ],
            params,
        );
        // An internal key that nobody has: by script only.
        let nums = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";
        check(
            &[format!("tr({nums},{{pk({nums}),pk({key}/1/*)}})")],
            params,
        );
        check(&[format!("tr({nums},multi_a({multi}))")], params);
    }
}

use crate::Xpriv;

#[test]
fn signatures_equal_those_of_the_references() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("signed_tx") {
        let coin = Coin::from_str(vector["coin"].as_str().unwrap()).unwrap();
        let params = ChainParams::get(coin, Network::Main);
        let input = &vector["input"];
        let expected = testkit::from_hex(&vector["output"]);
        let signed = Tx::from_bytes(&expected, params.hashes).unwrap();
        let prevout = TxOut {
            value: Amount::from_sat(input["amount"].as_i64().unwrap()),
            script_pubkey: Script::from(testkit::from_hex(&input["prevout_script"])),
        };
        let secret: [u8; 32] = testkit::from_hex(&input["key"]).try_into().unwrap();
        let mut keys = SigningKeys::default();
        keys.add_secret(PrivateKey::compressed(
            SecretKey::from_secret_bytes(secret).unwrap(),
        ));
        let mut tx = signed.data().clone();
        tx.inputs[0].script_sig = Script::new();
        tx.inputs[0].witness.clear();
        let precomputed = PrecomputedTx::for_signing(&tx, vec![&prevout], params.hashes);
        let proof = sign_input(&tx, 0, &precomputed, &keys, None, [0; 32]).unwrap();
        assert_eq!(proof.script_sig, signed.inputs[0].script_sig, "{coin}");
        assert_eq!(proof.witness, signed.inputs[0].witness, "{coin}");
    }
}

#[test]
fn messages_are_signed_as_by_the_references() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("message_signature") {
        let coin = Coin::from_str(vector["coin"].as_str().unwrap()).unwrap();
        let params = ChainParams::get(coin, Network::Main);
        let secret: [u8; 32] = testkit::from_hex(&vector["input"]["key"])
            .try_into()
            .unwrap();
        let key = PrivateKey::compressed(SecretKey::from_secret_bytes(secret).unwrap());
        let message = testkit::from_hex(&vector["input"]["message"]);
        let signature = sign_message(&key, &message, params);
        let id = hash160(&key.public_key_bytes());
        assert_eq!(recover_key_hash(&message, &signature, params), Some(id));
        assert_ne!(recover_key_hash(b"other", &signature, params), Some(id));
        assert_eq!(recover_key_hash(&message, &signature[1..], params), None);
    }
}
