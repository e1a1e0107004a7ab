use serde_json::Value;
use testkit::{chain_vectors, from_hex, load_json, to_hex, vectors_dir};

use super::*;
use crate::hash_scheme::HashScheme;
use crate::params::Coin;
use crate::script::Script;

fn hash(value: &Value) -> Hash256 {
    value.as_str().unwrap().parse().unwrap()
}

/// Makes the filter, reads it again and looks for what it holds.
fn check(block: &Block, spent: &[Vec<u8>], encoded: &[u8]) -> BlockFilter {
    let filter = BlockFilter::basic(block, spent.iter().map(Vec::as_slice));
    assert_eq!(to_hex(filter.as_bytes()), to_hex(encoded));
    let read = BlockFilter::from_bytes(block.hash, encoded.to_vec());
    assert_eq!(read, Ok(filter.clone()));
    let outputs = block.txs.iter().flat_map(|tx| &tx.outputs);
    let scripts: Vec<&[u8]> = outputs
        .map(|output| &output.script_pubkey[..])
        .chain(spent.iter().map(Vec::as_slice))
        .filter(|script| !script.is_empty() && script[0] != OP_RETURN)
        .collect();
    for script in &scripts {
        assert!(filter.matches(script), "{script:?}");
        assert!(filter.matches_any([&[1, 2][..], script, &[3]]));
    }
    assert!(!filter.matches_any([]));
    assert!(!filter.matches(b"this script is nowhere"));
    filter
}

#[test]
fn core_and_bip158_vectors() {
    let Some(dir) = vectors_dir() else { return };
    for file in ["core/blockfilters.json", "bips/bip-0158/testnet-19.json"] {
        let file = load_json(&dir.join(file));
        let cases = &file.as_array().unwrap()[1..];
        assert_eq!(cases.len(), 10);
        for case in cases {
            let block = Block::from_bytes(&from_hex(&case[2]), HashScheme::Bitcoin).unwrap();
            assert_eq!(block.hash.to_string(), case[1]);
            let spent: Vec<_> = case[3].as_array().unwrap().iter().map(from_hex).collect();
            let filter = check(&block, &spent, &from_hex(&case[5]));
            assert_eq!(
                filter.header(&hash(&case[4])),
                hash(&case[6]),
                "{}",
                case[7]
            );
        }
    }
}

#[test]
fn vectors_of_every_coin() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("block_filter") {
        let coin: Coin = vector["coin"].as_str().unwrap().parse().unwrap();
        let network = vector["network"].as_str().unwrap().parse().unwrap();
        let scheme = crate::ChainParams::get(coin, network).hashes;
        let block = Block::from_bytes(&from_hex(&vector["input"]), scheme).unwrap();
        let output = &vector["output"];
        let filter = check(&block, &[], &from_hex(&output[0]));
        assert_eq!(to_hex(&filter.hash().0), output[1], "{}", vector["id"]);
        let header = filter.header(&Hash256::ZERO);
        assert_eq!(to_hex(&header.0), output[2], "{}", vector["id"]);
    }
}

#[test]
fn many_elements_match_and_few_others_do() {
    let scripts: Vec<Script> = (0..5000_u16)
        .map(|n| Script::witness_program(0, &sha256d(&n.to_le_bytes())))
        .collect();
    let filter = BlockFilter::of_elements(
        BlockHash([7; 32]),
        &scripts.iter().map(|script| &script[..]).collect(),
    );
    assert!(scripts.iter().all(|script| filter.matches(script)));
    let others: Vec<[u8; 32]> = (0..=255).map(|n| sha256d(&[n; 3])).collect();
    assert!(!filter.matches_any(others.iter().map(|other| &other[..])));
    let all = others.iter().map(|other| &other[..]);
    assert!(filter.matches_any(all.chain([&scripts[4999][..]])));
}

#[test]
fn damaged_filters_are_refused() {
    let filter = |bytes: &[u8]| BlockFilter::from_bytes(BlockHash::ZERO, bytes.to_vec());
    assert!(!filter(&[0]).unwrap().matches(&[]));
    assert_eq!(filter(&[]), Err(DecodeError::EndOfData));
    assert_eq!(filter(&[0, 0]), Err(DecodeError::TrailingBytes(1)));
    assert_eq!(filter(&[1, 0xff, 0xff]), Err(DecodeError::EndOfData));
    assert_eq!(filter(&[1, 0, 0, 0, 0]), Err(DecodeError::TrailingBytes(1)));
    // More elements than there is data for are not believed.
    let many = [0xfe, 0, 0, 0, 2, 0, 0, 0, 0];
    assert_eq!(filter(&many), Err(DecodeError::EndOfData));
    assert_eq!(filter(&[0xfe, 1, 0, 0, 2]), Err(DecodeError::SizeTooLarge));
}
