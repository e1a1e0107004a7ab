use testkit::{from_hex, to_hex};

use super::*;
use crate::hash_scheme::{hash160, sha256};
use crate::params::{Coin, Network};

fn bitcoin(network: Network) -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, network)
}

#[test]
fn core_vectors_of_valid_texts() {
    let Some(vectors) = testkit::core_vectors("key_io_valid.json") else {
        return;
    };
    for v in vectors.as_array().unwrap() {
        let (text, payload, about) = (v[0].as_str().unwrap(), from_hex(&v[1]), &v[2]);
        let params = bitcoin(about["chain"].as_str().unwrap().parse().unwrap());
        let found = Destination::from_address(text, params);
        if about["isPrivkey"] == true {
            assert_eq!(found, Err(AddressError::Base58Checksum), "{text}");
            let compressed = about["isCompressed"] == true;
            let end: &[u8] = if compressed { &[1] } else { &[] };
            let bytes = [&[params.base58_secret], payload.as_slice(), end].concat();
            assert_eq!(base58::encode_check(&bytes, params.hashes), text);
            assert_eq!(base58::decode_check(text, 34, params.hashes), Ok(bytes));
            continue;
        }
        let found = found.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(found.to_script().as_bytes(), payload, "{text}");
        assert_eq!(found.to_address(params), text);
        assert_eq!(
            Destination::from_script(&found.to_script()),
            Some(found.clone()),
            "{text}"
        );
        let flipped: String = text
            .chars()
            .map(|c| match c.is_ascii_lowercase() {
                true => c.to_ascii_uppercase(),
                false => c.to_ascii_lowercase(),
            })
            .collect();
        match about["tryCaseFlip"] == true {
            true => assert_eq!(Destination::from_address(&flipped, params), Ok(found)),
            false => assert!(
                Destination::from_address(&flipped, params).is_err(),
                "{flipped}"
            ),
        }
    }
}

#[test]
fn core_vectors_of_invalid_texts() {
    let Some(vectors) = testkit::core_vectors("key_io_invalid.json") else {
        return;
    };
    for v in vectors.as_array().unwrap() {
        let text = v[0].as_str().unwrap();
        for network in Network::ALL {
            let params = bitcoin(network);
            assert!(
                Destination::from_address(text, params).is_err(),
                "{network} {text}"
            );
            if let Ok(bytes) = base58::decode_check(text, 34, params.hashes) {
                let is_key = match bytes.as_slice() {
                    [version, key @ ..] if *version == params.base58_secret => {
                        key.len() == 32 || (key.len() == 33 && key[32] == 1)
                    }
                    _ => false,
                };
                assert!(!is_key, "{network} {text}");
            }
        }
    }
}

#[test]
fn vectors_of_known_keys_on_every_coin() {
    let Some(vectors) = testkit::chain_vectors() else {
        return;
    };
    for v in vectors.of_kind("keys") {
        let coin = v["coin"].as_str().unwrap().parse().unwrap();
        let params = ChainParams::get(coin, v["network"].as_str().unwrap().parse().unwrap());
        let out = &v["output"];
        let key = from_hex(&out["pubkey"]);
        let hash = hash160(&key);
        let witness_key_hash = Destination::WitnessV0KeyHash(hash);
        let one_key = Script::pay_to_pubkey(&key);
        let check = |name: &str, destination: &Destination| {
            let (id, text) = (&v["id"], out[name].as_str().unwrap());
            assert_eq!(destination.to_address(params), text, "{id} {name}");
            assert_eq!(
                Destination::from_address(text, params).as_ref(),
                Ok(destination),
                "{id}"
            );
            let script = destination.to_script();
            if let Some(known) = out.get(format!("{name}_script")) {
                assert_eq!(to_hex(&script), *known, "{id} {name}");
            }
            assert_eq!(
                Destination::from_script(&script).as_ref(),
                Some(destination),
                "{id}"
            );
        };
        check("pkh", &Destination::PubKeyHash(hash));
        check("wpkh", &witness_key_hash);
        check(
            "shwpkh",
            &Destination::ScriptHash(hash160(&witness_key_hash.to_script())),
        );
        check("wsh", &Destination::WitnessV0ScriptHash(sha256(&one_key)));
        let output_key = from_hex(&out["tr_script"])[2..].try_into().unwrap();
        check("tr", &Destination::WitnessV1Taproot(output_key));
        let uncompressed = hash160(&from_hex(&out["pubkey_uncompressed"]));
        check("pkh_uncompressed", &Destination::PubKeyHash(uncompressed));
        assert_eq!(
            Destination::from_script(&one_key),
            None,
            "a bare key has no address"
        );
    }
}

#[test]
fn anchors_and_programs_without_a_meaning() {
    let params = bitcoin(Network::Main);
    let check = |text: &str, script: &str| {
        let destination = Destination::from_address(text, params).unwrap();
        assert_eq!(to_hex(&destination.to_script()), script);
        assert_eq!(destination.to_address(params), text.to_ascii_lowercase());
        destination
    };
    assert_eq!(check("bc1pfeessrawgf", "51024e73"), Destination::Anchor);
    let unknown = check("BC1SW50QGDZ25J", "6002751e");
    let Destination::WitnessUnknown(unknown) = unknown else {
        panic!("{unknown:?}")
    };
    assert_eq!(
        (unknown.version(), unknown.program()),
        (16, &[0x75, 0x1e][..])
    );
    check(
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
        "5210751e76e8199196d454941c45d1b3a323",
    );
    check(
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6",
    );
}

fn check_error(network: Network, text: &str, message: &str, locations: &[usize]) {
    let error = Destination::from_address(text, bitcoin(network)).unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.locations()),
        (message, locations),
        "{text}"
    );
}

#[test]
fn messages_on_the_main_network() {
    let check = |text: &str, message: &str, locations: &[usize]| {
        check_error(Network::Main, text, message, locations);
    };
    let unknown = "Invalid or unsupported Segwit (Bech32) or Base58 encoding.";
    let needs_bech32m = "Version 1+ witness address must use Bech32m checksum";
    check("tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty", unknown, &[]);
    check(
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7",
        unknown,
        &[],
    );
    check("bc1rw5uspcuh", needs_bech32m, &[]);
    check(
        "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
        "Invalid Bech32 v0 address program size (16 bytes), per BIP141",
        &[],
    );
    check(
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3t4",
        "Invalid character or mixed case",
        &[40],
    );
    check(
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
        "Version 0 witness address must use Bech32 checksum",
        &[],
    );
    check(
        "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
        "Invalid Base 32 character",
        &[59],
    );
    check(
        "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
        "Invalid Bech32 address witness version",
        &[],
    );
    check(
        "bc1pw5dgrnzv",
        "Invalid Bech32 address program size (1 byte)",
        &[],
    );
    check(
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
        "Invalid Bech32 address program size (41 bytes)",
        &[],
    );
    check(
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
        "Invalid padding in Bech32 data section",
        &[],
    );
    check("bc1gmk9yu", "Empty Bech32 data section", &[]);
    check(
        "bcrt1qtmp74ayg7p24uslctssvjm06q5phz4yrxucgnv",
        "Invalid or unsupported prefix for Segwit (Bech32) address (expected bc, got bcrt).",
        &[],
    );
}

#[test]
fn messages_on_regtest() {
    let check = |text: &str, message: &str, locations: &[usize]| {
        check_error(Network::Regtest, text, message, locations);
    };
    let unknown = "Invalid or unsupported Segwit (Bech32) or Base58 encoding.";
    let bech32 = "Invalid Bech32 checksum";
    check(
        "bcrt1q049edschfnwystcqnsvyfpj23mpsg3jcedq9xv049edschfnwystcqnsvyfpj23mpsg3jcedq9xv049edschfnwystcqnsvyfpj23m",
        "Bech32 string too long",
        &(90..108).collect::<Vec<_>>(),
    );
    check("bcrt1q049edschfnwystcqnsvyfpj23mpsg3jcedq9xv", bech32, &[9]);
    check(
        "bcrt1qax9suht3qv95sw33xavx8crpxduefdrsvgsklu",
        bech32,
        &[22, 43],
    );
    check(
        "BCRT1QPLMTZKC2XHARPPZDLNPAQL78RSHJ68U32RAH7R",
        bech32,
        &[38],
    );
    check(
        "bcrt1qdg3myrgvzw7ml8q0ejxhlkyxn7vl9r56yzkfgvzclrf4hkpx9yfqhpsuks",
        bech32,
        &[19, 30],
    );
    check("bcrt1ptmp74ayg7p24uslctssvjm06q5phz4yrxucgnv", bech32, &[5]);
    check(
        "bcrtq049ldschfnwystcqnsvyfpj23mpsg3jcedq9xv",
        "Missing separator",
        &[],
    );
    check(
        "bcrt1q04oldschfnwystcqnsvyfpj23mpsg3jcedq9xv",
        "Invalid Base 32 character",
        &[8],
    );
    check(
        "17VZNX1SN5NtKa8UQFxwQbFeFc3iqRYhem",
        "Invalid or unsupported Base58-encoded address.",
        &[],
    );
    let checksum = "Invalid checksum or length of Base58 address (P2PKH or P2SH)";
    check("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJJfn", checksum, &[]);
    check(
        "2VKf7XKMrp4bVNVmuRbyCewkP8FhGLP2E54LHDPakr9Sq5mtU2",
        checksum,
        &[],
    );
    check("asfah14i8fajz0123f", unknown, &[]);
    check("1q049ldschfnwystcqnsvyfpj23mpsg3jcedq9xv", unknown, &[]);
    check("", checksum, &[]);
    check("ä", unknown, &[]);
    check(&"b".repeat(1_000_000), unknown, &[]);
    let short = base58::encode_check(&[0x6f; 20], bitcoin(Network::Regtest).hashes);
    check(
        &short,
        "Invalid length for Base58 address (P2PKH or P2SH)",
        &[],
    );
}

#[test]
fn base58_addresses_that_begin_like_a_segwit_prefix_are_read() {
    let params = ChainParams::get(Coin::Bitquantum, Network::Main);
    let begins_like_segwit = |destination: &Destination| {
        let text = destination.to_address(params);
        text[..params.bech32_hrp.len()].eq_ignore_ascii_case(params.bech32_hrp)
    };
    let found = (0..=u16::MAX)
        .map(|i| {
            let [high, low] = i.to_be_bytes();
            let mut hash = [0; 20];
            (hash[0], hash[1]) = (high, low);
            Destination::PubKeyHash(Hash160(hash))
        })
        .find(begins_like_segwit)
        .expect("about one in three thousand");
    assert_eq!(
        Destination::from_address(&found.to_address(params), params),
        Ok(found)
    );
}
