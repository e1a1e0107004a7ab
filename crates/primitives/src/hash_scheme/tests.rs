use testkit::{from_hex, to_hex};

use super::*;
use crate::ChainParams;

/// Hashes the input of every vector of a kind under the scheme of the vector's coin.
fn check(kind: &str, hash: impl Fn(HashScheme, &[u8]) -> Vec<u8>) {
    let Some(vectors) = testkit::chain_vectors() else {
        return;
    };
    for v in vectors.of_kind(kind) {
        assert_eq!(
            to_hex(&hash(scheme(v), &from_hex(&v["input"]))),
            v["output"],
            "{}",
            v["id"]
        );
    }
}

fn scheme(vector: &serde_json::Value) -> HashScheme {
    params(vector).hashes
}

fn params(vector: &serde_json::Value) -> &'static ChainParams {
    let coin = vector["coin"].as_str().unwrap().parse().unwrap();
    let network = vector["network"]
        .as_str()
        .unwrap_or("main")
        .parse()
        .unwrap();
    ChainParams::get(coin, network)
}

#[test]
fn header_vectors() {
    let header = |scheme: HashScheme, raw: &[u8]| scheme.header(raw.try_into().unwrap()).0.to_vec();
    check("header", header);
    check("genesis_header", header);
}

#[test]
fn vectors_of_the_stages_of_a_randomq_header() {
    check("bitquantum_hash", |_, data| {
        sha256(&randomq(&sha256(data))).to_vec()
    });
    let Some(vectors) = testkit::chain_vectors() else {
        return;
    };
    for v in vectors.of_kind("genesis_steps") {
        let first = sha256(&from_hex(&v["input"]));
        let second = randomq(&first);
        let steps = [first, second, sha256(&second)].map(|step| to_hex(&step));
        assert_eq!(serde_json::json!(steps), v["output"]);
    }
}

#[test]
fn groestl_vectors() {
    check("groestl512", |_, data| {
        groestl::Groestl512::digest(data).to_vec()
    });
    check("groestl512d", |_, data| groestl512d(data).to_vec());
}

#[test]
fn vectors_of_transactions_and_messages() {
    check("txhash", |scheme, data| scheme.tx(data).to_vec());
    let Some(vectors) = testkit::chain_vectors() else {
        return;
    };
    for v in vectors.of_kind("message_hash") {
        let (magic, message) = (params(v).signed_message_magic, from_hex(&v["input"]));
        let mut hasher = scheme(v).tx_hasher();
        for text in [magic.as_bytes(), &message] {
            match u8::try_from(text.len()) {
                Ok(length) if length < 0xfd => hasher.update(&[length]),
                _ => {
                    hasher.update(&[0xfd]);
                    hasher.update(&u16::try_from(text.len()).unwrap().to_le_bytes());
                }
            }
            hasher.update(text);
        }
        assert_eq!(to_hex(&hasher.finalize()), v["output"], "{}", v["id"]);
    }
}

#[test]
fn op_hash256_vectors() {
    let Some(vectors) = testkit::chain_vectors() else {
        return;
    };
    for v in vectors
        .of_kind("opcode")
        .filter(|v| v["input"]["opcode"] == 170)
    {
        let element = from_hex(&v["input"]["element"]);
        assert_eq!(
            to_hex(&scheme(v).op_hash256(&element)),
            v["output"],
            "{}",
            v["id"]
        );
    }
}

#[test]
fn vectors_of_p2p_frames() {
    let Some(vectors) = testkit::chain_vectors() else {
        return;
    };
    for v in vectors.of_kind("p2p_message") {
        let payload = from_hex(&v["input"]["payload"]);
        let mut frame = params(v).magic.to_vec();
        frame.extend(v["input"]["command"].as_str().unwrap().bytes());
        frame.resize(16, 0);
        frame.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
        frame.extend(scheme(v).checksum(&payload));
        frame.extend(payload);
        assert_eq!(to_hex(&frame), v["output"], "{}", v["id"]);
    }
}

#[test]
fn hashes_that_do_not_vary() {
    assert_eq!(
        hash160(b"").to_string(),
        "b472a266d0bd89c13706a4132ccfb16f7c3b9fcb",
        "RIPEMD-160 of SHA-256 of nothing"
    );
    let (left, right) = ([1; 32], [2; 32]);
    assert_eq!(merkle_node(&left, &right), sha256d(&[left, right].concat()));
    // BIP341's hash of an empty-script leaf version 0xc0, from its definition.
    let tag = sha256(b"TapLeaf");
    let data = [&tag[..], &tag[..], &[0xc0, 0]].concat();
    assert_eq!(tagged_hash("TapLeaf", &[0xc0, 0]), sha256(&data));
}
