//! Real blocks of the main network.

use std::fs;

use consensus::block_check::{
    BlockChecks, BlockError, check_block, contextual_check_block, is_block_mutated,
};
use primitives::params::{ChainParams, Coin, Network};
use primitives::{Block, HashScheme};
use testkit::vectors_dir;

fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Main)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "blocks stand in files")]
fn single_blocks() {
    let Some(dir) = vectors_dir() else { return };
    let mut count = 0;
    for entry in fs::read_dir(dir.join("blocks")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("mainnet") {
            continue;
        }
        check(&name, &fs::read(&path).unwrap());
        count += 1;
    }
    assert_eq!(count, 9);
}

/// Decodes, encodes again and makes every check that needs no coins.
fn check(name: &str, bytes: &[u8]) {
    let block = Block::from_bytes(bytes, HashScheme::Bitcoin).unwrap();
    assert!(block.to_bytes() == bytes, "{name}");
    // The file without a height in its name has its id there.
    let height = name
        .strip_prefix("block")
        .map(|height| height.parse::<u32>().unwrap());
    if let Some(id) = name.strip_prefix("segwit-") {
        assert!(block.hash.to_string().starts_with(id), "{name}");
    }
    assert_eq!(
        check_block(&block, params(), BlockChecks::ALL),
        Ok(()),
        "{name}"
    );
    assert!(!is_block_mutated(&block, true), "{name}");
    let height = height.unwrap_or_else(|| height_in_coinbase(&block));
    let contextual = contextual_check_block(&block, height, block.header.time, params());
    assert_eq!(contextual, Ok(()), "{name}");
    if height >= params().bip34_height {
        let wrong = contextual_check_block(&block, height + 1, block.header.time, params());
        assert_eq!(wrong, Err(BlockError::CoinbaseHeight), "{name}");
    }
    check_damage(name, &block);
}

/// What is changed in a block is noticed, with the right reason.
fn check_damage(name: &str, block: &Block) {
    let check = |block: &Block| check_block(block, params(), BlockChecks::ALL);

    let mut short = block.clone();
    short.txs.pop();
    assert_eq!(check(&short), Err(BlockError::BadMerkleRoot), "{name}");
    assert!(is_block_mutated(&short, true), "{name}");

    let mut empty = block.clone();
    empty.txs.clear();
    let unchecked = BlockChecks {
        merkle_root: false,
        ..BlockChecks::ALL
    };
    assert_eq!(
        check_block(&empty, params(), unchecked),
        Err(BlockError::BadLength),
        "{name}"
    );

    let mut headless = block.clone();
    headless.txs.remove(0);
    let error = check_block(&headless, params(), unchecked);
    assert_eq!(error, Err(BlockError::CoinbaseMissing), "{name}");

    let mut two = block.clone();
    *two.txs.last_mut().unwrap() = two.txs[0].clone();
    let error = check_block(&two, params(), unchecked);
    assert_eq!(error, Err(BlockError::CoinbaseMultiple), "{name}");

    let mut lazy = block.clone();
    lazy.header.nonce ^= 1;
    let lazy = Block::new(lazy.header, lazy.txs, HashScheme::Bitcoin);
    assert_eq!(check(&lazy), Err(BlockError::HighHash), "{name}");
}

fn height_in_coinbase(block: &Block) -> u32 {
    let piece = block.txs[0].inputs[0]
        .script_sig
        .instructions()
        .next()
        .unwrap()
        .unwrap();
    let height = primitives::script::decode_number(piece.data, true, 4).unwrap();
    u32::try_from(height).unwrap()
}
