//! The chain of 200 blocks by which the reference tests its own reading of snapshots: what the coins at its end are is
//! known to every node of Bitcoin's regtest.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::sync::Arc;

use primitives::hash_scheme::sha256;
use primitives::params::{AssumeUtxo, Coin, Network};
use primitives::transaction::TxData;
use primitives::{Amount, Block, ChainParams, Hash256, Header, OutPoint, Script, Tx, TxIn, TxOut};
use serde_json::{Value, json};
use testkit::process::Node;
use testkit::to_hex;

/// Height of the last block.
pub(crate) const TOP: usize = 200;
/// A little later than that one's time, in seconds since 1970.
pub(crate) const LATER: u32 = 1_296_689_000;

fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Regtest)
}

/// What every node knows of the coins at the end.
pub(crate) fn known() -> &'static AssumeUtxo {
    let mut known = params().assumeutxo.iter();
    known
        .find(|known| known.height as usize == TOP)
        .expect("the reference tests itself with it")
}

/// Its blocks from the first after genesis on.
pub(crate) fn blocks() -> Vec<Block> {
    let genesis = Block::from_bytes(params().genesis.block, params().hashes).unwrap();
    let (mut prev, mut time) = (genesis.hash, genesis.header.time);
    let mut blocks = Vec::with_capacity(TOP);
    for height in 1..=u32::try_from(TOP).unwrap() {
        time += 1;
        let coinbase = coinbase(height);
        let header = Header {
            version: 4,
            prev,
            merkle_root: Hash256(coinbase.txid().0),
            time,
            bits: genesis.header.bits,
            nonce: 0,
        };
        let block = solve(header, &coinbase);
        prev = block.hash;
        blocks.push(block);
    }
    assert_eq!(prev, known().block, "another chain");
    blocks
}

fn coinbase(height: u32) -> Arc<Tx> {
    let value = if height < 150 {
        5_000_000_000
    } else {
        2_500_000_000
    };
    let data = TxData {
        version: 2,
        inputs: vec![TxIn {
            script_sig: Script::new().push_int(height.into()).op(0),
            ..TxIn::unsigned(OutPoint::NULL, 0xffff_fffe)
        }],
        outputs: vec![TxOut {
            value: Amount::from_sat(value),
            script_pubkey: Script::witness_program(0, &sha256(&[0x51])),
        }],
        lock_time: height - 1,
    };
    Arc::new(Tx::new(data, params().hashes))
}

fn solve(mut header: Header, coinbase: &Arc<Tx>) -> Block {
    loop {
        let block = Block::new(header, vec![Arc::clone(coinbase)], params().hashes);
        // Half of all ids are good enough.
        if block.hash.0[31] < 0x7f {
            return block;
        }
        header.nonce += 1;
    }
}

/// A block in hex.
pub(crate) fn hex(block: &Block) -> String {
    let mut bytes = Vec::new();
    block.encode(&mut bytes, true);
    to_hex(&bytes)
}

/// Gives blocks to a node.
pub(crate) fn submit(node: &Node, blocks: &[Block]) {
    for block in blocks {
        let answer = node.call("submitblock", json!([hex(block)]));
        assert_ne!(answer, json!("invalid"));
    }
}

/// Gives the headers of blocks to a node.
pub(crate) fn submit_headers(node: &Node, blocks: &[Block]) {
    for block in blocks {
        node.call("submitheader", json!([&hex(block)[..160]]));
    }
}

/// Has the coins at the end written to a file by a node that is done with the chain; gives the absolute path.
pub(crate) fn dump(node: &Node) -> String {
    let dumped = node.call("dumptxoutset", json!(["coins.dat", "latest"]));
    let hash = known().hash_serialized.to_string();
    assert_eq!(dumped["txoutset_hash"], json!(hash));
    assert_eq!(dumped["nchaintx"], json!(known().chain_tx_count));
    dumped["path"].as_str().unwrap().to_owned()
}

/// Heights of the chains of coins, and whether they are checked in full.
pub(crate) fn states(node: &Node) -> Vec<(Value, Value)> {
    let states = node.call("getchainstates", json!([]));
    let states = states["chainstates"].as_array().unwrap().iter();
    states
        .map(|state| (state["blocks"].clone(), state["validated"].clone()))
        .collect()
}
