//! A node that begins with a snapshot of all coins, from outside.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/draft.rs"]
mod draft;
#[path = "common/reference.rs"]
mod reference;

use serde_json::{Value, json};
use testkit::process::flow::Wallet;
use testkit::process::{Node, PATIENCE, Setup, wait_until};

use draft::{Coin, Draft, REWARD};
use reference::{LATER, TOP, blocks, dump, hex, known, states, submit, submit_headers};

/// Where a wallet says that it lacks blocks.
const TO_COME: &str = "Wallet loading failed. Error loading wallet. Wallet requires blocks to be downloaded, and software \
                       does not currently support loading wallets while blocks are being downloaded out of order when \
                       using assumeutxo snapshots. Wallet should be able to load successfully after node sync reaches \
                       height ";

fn muhash(node: &Node) -> Value {
    node.call("gettxoutsetinfo", json!(["muhash"]))["muhash"].clone()
}

fn background(node: &Node) -> Value {
    node.call("getblockchaininfo", json!([]))["backgroundvalidation"].clone()
}

fn confirmed(node: &Node, height: usize) {
    wait_until("the coins to be confirmed", PATIENCE, || {
        states(node) == [(json!(height), json!(true))]
    });
    assert_eq!(background(node), Value::Null);
}

#[test]
fn a_header_alone_is_judged_and_needs_the_one_before_it() {
    let blocks = blocks();
    let node = Setup::new("bitcoin").start();
    let text = format!("Must submit previous header ({}) first", blocks[0].hash);
    let second = json!([&hex(&blocks[1])[..160]]);
    assert_eq!(node.refused("submitheader", second), (-25, text));
    let text = "Block header decode failed".to_owned();
    assert_eq!(node.refused("submitheader", json!(["00"])), (-22, text));
    let mut bad = hex(&blocks[0])[..160].to_owned();
    // Of easier work than the rules want.
    bad.replace_range(144..152, "ffff7f1d");
    let (code, text) = node.refused("submitheader", json!([bad]));
    assert!(
        code == -25 && ["high-hash", "bad-diffbits"].contains(&&text[..]),
        "{text}"
    );
    submit_headers(&node, &blocks);
    let info = node.call("getblockchaininfo", json!([]));
    assert_eq!(
        (&info["headers"], &info["blocks"]),
        (&json!(TOP), &json!(0))
    );
}

#[test]
fn a_snapshot_is_refused_used_and_confirmed() {
    let blocks = blocks();
    let source = Setup::new("bitcoin").start();
    submit(&source, &blocks);
    let path = dump(&source);
    let mut node = Setup::new("bitcoin").start();
    let refused = |node: &Node, path: &str, code: i64, expected: &str| {
        let (found, text) = node.refused("loadtxoutset", json!([path]));
        assert!(found == code && text.contains(expected), "{found}: {text}");
        assert_eq!(states(node).len(), 1);
    };
    refused(&node, "none.dat", -8, "Couldn't open file ");
    refused(&node, &path, -32603, "must appear in the headers chain");
    submit_headers(&node, &blocks);
    let file = std::fs::read(&path).unwrap();
    for (spoil, code, expected) in [
        (
            0..1,
            -22,
            "Unable to parse metadata: Invalid UTXO set snapshot magic bytes",
        ),
        (7..8, -22, "Unable to parse metadata: "),
        (11..12, -32603, "not recognized"),
        (43..44, -32603, "Population failed: "),
        (
            60..61,
            -32603,
            "Population failed: Bad snapshot content hash",
        ),
    ] {
        let mut spoilt = file.clone();
        spoilt[spoil].iter_mut().for_each(|byte| *byte ^= 1);
        std::fs::write(node.file("spoilt.dat"), spoilt).unwrap();
        refused(&node, "spoilt.dat", code, expected);
    }
    std::fs::write(node.file("spoilt.dat"), &file[..file.len() - 1]).unwrap();
    refused(&node, "spoilt.dat", -32603, "truncated snapshot");
    node.call("invalidateblock", json!([blocks[100].hash.to_string()]));
    refused(&node, &path, -32603, "is part of an invalid chain");
    node.call("reconsiderblock", json!([blocks[100].hash.to_string()]));

    let loaded = node.call("loadtxoutset", json!([path]));
    let expected = json!({
        "coins_loaded": TOP, "tip_hash": known().block.to_string(), "base_height": TOP, "path": path,
    });
    assert_eq!(loaded, expected);
    let both = |below: usize| [(json!(below), json!(true)), (json!(TOP), json!(false))];
    assert_eq!(states(&node), both(0));
    assert_eq!(muhash(&node), muhash(&source));
    let (_, text) = node.refused("loadtxoutset", json!([path]));
    assert!(text.contains("more than once"), "{text}");
    let hash = blocks[99].hash.to_string();
    let missing = (-1, "Block not available (not fully downloaded)".to_owned());
    assert_eq!(node.refused("getblock", json!([hash])), missing);
    // As far as blocks are here, which is not all.
    assert_eq!(node.call("verifychain", json!([4, 0])), json!(false));
    submit(&node, &blocks[..100]);
    node.restart();
    assert_eq!(states(&node), both(100));
    let below = background(&node);
    assert_eq!(
        (
            &below["snapshotheight"],
            &below["blocks"],
            &below["bestblockhash"]
        ),
        (&json!(TOP), &json!(100), &json!(hash))
    );
    submit(&node, &blocks[100..]);
    confirmed(&node, TOP);
    assert_eq!(node.call("verifychain", json!([4, 0])), json!(true));
    node.restart();
    confirmed(&node, TOP);
    assert_eq!(muhash(&node), muhash(&source));
    refused(
        &node,
        &path,
        -32603,
        "Work does not exceed active chainstate",
    );
}

#[test]
fn a_snapshot_is_refused_while_transactions_wait() {
    let blocks = blocks();
    let source = Setup::new("bitcoin").start();
    submit(&source, &blocks);
    let path = dump(&source);
    let node = Setup::new("bitcoin").start();
    submit_headers(&node, &blocks);
    submit(&node, &blocks[..101]);
    let coin = Coin {
        place: (blocks[0].txs[0].txid().to_string(), 0),
        value: REWARD,
    };
    let waiting = Draft::simple(&coin, 1000).hex();
    node.call("sendrawtransaction", json!([waiting]));
    let (code, text) = node.refused("loadtxoutset", json!([path]));
    let expected = "Can't activate a snapshot when mempool not empty";
    assert!(code == -32603 && text.contains(expected), "{code}: {text}");
    assert_eq!(states(&node), [(json!(101), json!(true))]);
}

#[test]
fn wallets_wait_for_the_blocks_below_a_snapshot() {
    let blocks = blocks();
    let source = Setup::new("bitcoin").start();
    submit(&source, &blocks);
    let path = dump(&source);
    // Wallets as old as the chain.
    let clock = format!("-mocktime={LATER}");
    let mut node = Setup::new("bitcoin").wallet().arg(&clock).start();
    let address = Wallet::create(&node, "open").address("bech32");
    node.call("createwallet", json!(["old"]));
    let backup = node.setup().data().path().join("old.bak");
    let call = |node: &Node, wallet: &str, method: &str, params: Value| {
        node.client()
            .call(&format!("/wallet/{wallet}"), method, &params)
    };
    let backup = backup.to_str().unwrap().to_owned();
    call(&node, "old", "backupwallet", json!([backup])).unwrap();
    node.call("unloadwallet", json!(["old"]));
    submit_headers(&node, &blocks);
    node.call("loadtxoutset", json!([path]));

    let to_come = |height: usize| (-4, format!("{TO_COME}{height}"));
    assert_eq!(node.refused("loadwallet", json!(["old"])), to_come(TOP));
    node.call("generatetoaddress", json!([3, address]));
    assert_eq!(node.refused("loadwallet", json!(["old"])), to_come(TOP + 1));
    // What is refused leaves nothing behind.
    for _ in 0..2 {
        let refused = node.refused("restorewallet", json!(["again", backup]));
        assert_eq!(refused, to_come(TOP + 1));
    }
    let failed = call(&node, "open", "rescanblockchain", json!([])).unwrap_err();
    let text = "Failed to rescan unavailable blocks likely due to an in-progress assumeutxo background sync. Check logs or \
                getchainstates RPC for assumeutxo background sync progress and try again later.";
    assert_eq!((failed.code(), failed.message()), (-1, text.to_owned()));
    node.call("createwallet", json!(["watch", true]));
    let descriptor = json!([[{"desc": "raw(51)#8lvh9jxk", "timestamp": 0}]]);
    let imported = call(&node, "watch", "importdescriptors", descriptor.clone()).unwrap();
    let text = imported[0]["error"]["message"].as_str().unwrap();
    let last = blocks[TOP - 1].header.time;
    assert!(
        text.contains(&format!(
            "timestamp 0. There was an error reading a block from time {last}, which"
        )),
        "{text}"
    );
    let end = "This error is likely caused by an in-progress assumeutxo background sync. Check logs or getchainstates RPC \
               for assumeutxo background sync progress and try again later.";
    assert!(text.ends_with(end), "{text}");

    // A wallet that was open all the time holds no start up; it waits.
    node.call("stop", json!([]));
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    node.start_again();
    assert!(
        node.stderr().contains("Wallet \"open\" waits for blocks"),
        "{}",
        node.stderr()
    );
    let seen = |node: &Node| {
        let info = call(node, "open", "getwalletinfo", json!([])).unwrap();
        info["lastprocessedblock"]["height"].clone()
    };
    assert_eq!(seen(&node), json!(0));
    submit(&node, &blocks);
    confirmed(&node, TOP + 3);
    wait_until("the wallet to see all blocks", PATIENCE, || {
        seen(&node) == json!(TOP + 3)
    });
    let balances = call(&node, "open", "getbalances", json!([])).unwrap();
    assert_eq!(balances["mine"]["immature"].to_string(), "75.00000000");
    node.call("loadwallet", json!(["old"]));
    node.call("restorewallet", json!(["again", backup]));
    node.call("loadwallet", json!(["watch"]));
    let imported = call(&node, "watch", "importdescriptors", descriptor).unwrap();
    assert_eq!(imported[0]["success"], json!(true), "{imported}");
}
