//! What holds while something takes long: a scan, a node that does not answer, a person who reviews a
//! payment; and in what order payments are checked.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "process/node.rs"]
mod node;
#[path = "process/running.rs"]
mod running;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ipc_schema::{FaultCode, Recipient, SendRequest};
use primitives::{Amount, Coin};
use running::{PATIENCE, Running, on, start};
use serde_json::json;

/// Polls until a wallet says that its keys are locked.
async fn wait_for_lock(w: &Running) {
    let locked = async { while w.rpc("getwalletinfo", json!([])).await["unlocked_until"] != 0 {} };
    tokio::time::timeout(PATIENCE, locked)
        .await
        .expect("the wallet locks itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_outlasts_the_scan_that_needs_it() {
    let (_dir, node, w) = on(Coin::Bitquantum).await;
    w.rpc(
        "createwallet",
        json!({"wallet_name": "w", "passphrase": "horse"}),
    )
    .await;
    w.rpc("walletpassphrase", json!(["horse", 600])).await;
    node.hold_blocks(true);
    let w = Arc::new(w);
    let scanner = Arc::clone(&w);
    let scan = tokio::spawn(async move { scanner.try_rpc("rescanblockchain", json!([])).await });
    let begun = async { while w.rpc("getwalletinfo", json!([])).await["scanning"] == false {} };
    tokio::time::timeout(PATIENCE, begun)
        .await
        .expect("the scan begins");
    // This permission is over at once.
    w.rpc("walletpassphrase", json!(["horse", 0])).await;
    for _ in 0..50 {
        let info = w.rpc("getwalletinfo", json!([])).await;
        assert_ne!(info["unlocked_until"], 0, "locked in the middle of a scan");
    }
    node.hold_blocks(false);
    scan.await.unwrap().unwrap();
    wait_for_lock(&w).await;
    w.refused("rescanblockchain", json!([]), -13, "walletpassphrase first")
        .await;
    // The refused scan is over as well.
    w.rpc("walletpassphrase", json!(["horse", 600])).await;
    w.rpc("rescanblockchain", json!([])).await;
    w.refused(
        "importdescriptors",
        json!([[{"desc": "raw(51)"}]]),
        -3,
        "timestamp",
    )
    .await;
    w.rpc("rescanblockchain", json!([])).await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&entry.path(), &target),
            kind if kind.is_file() => drop(fs::copy(entry.path(), target).unwrap()),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_in_the_file_before_the_node_has_it() {
    let (dir, node, w) = on(Coin::Groestlcoin).await;
    w.rpc("createwallet", json!(["w"])).await;
    let address = w.rpc("getnewaddress", json!([])).await;
    node.pay(address.as_str().unwrap(), 2);
    node.mine_empty(6);
    assert_eq!(w.trusted().await, "2.00000000");
    let mut taken = node.fall_silent();
    let (to, w) = (node.stranger(), Arc::new(w));
    let sender = Arc::clone(&w);
    let sending =
        tokio::spawn(async move { sender.try_rpc("sendtoaddress", json!([to, 1])).await });
    let asked = taken.wait_for(|txid| txid.as_ref().is_some_and(|txid| !txid.is_empty()));
    let asked = tokio::time::timeout(PATIENCE, asked).await;
    let txid = asked.expect("the node is asked").unwrap().clone().unwrap();
    // What a machine without power would leave behind at this moment.
    let left = tempfile::tempdir().unwrap();
    copy(dir.path(), left.path());
    sending.abort();
    node.speak();

    let again = start(&left, &node, &["w"]).await;
    let found = again.rpc("gettransaction", json!([txid])).await;
    assert_eq!(found["amount"].to_string(), "-1.00000000");
    node.wait_for_mempool(&txid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_holds_no_money_back() {
    let (_dir, node, w) = on(Coin::Smithcoin).await;
    w.rpc("createwallet", json!(["w"])).await;
    let address = w.rpc("getnewaddress", json!([])).await;
    node.pay(address.as_str().unwrap(), 2);
    node.mine_empty(6);
    assert_eq!(w.trusted().await, "2.00000000");
    let request = SendRequest {
        recipients: vec![Recipient {
            address: node.stranger(),
            amount: Some(Amount::from_coins(1)),
            ..Recipient::default()
        }],
        allow_other_coins: true,
        ..SendRequest::default()
    };
    let prepared = w.wallets.prepare("w".into(), request).await.unwrap();
    let listed = w.rpc("listunspent", json!([])).await;
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    w.rpc("sendtoaddress", json!([node.stranger(), 1])).await;
    let late = w.wallets.send("w".into(), prepared.id).await.unwrap_err();
    let fault = late.fault().unwrap();
    assert_eq!(fault.code, FaultCode::Stale, "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_are_checked_in_the_order_of_the_reference() {
    let (_dir, node, w) = on(Coin::Bitcoin).await;
    w.rpc(
        "createwallet",
        json!({"wallet_name": "w", "passphrase": "horse"}),
    )
    .await;
    let locked = "walletpassphrase first";
    w.refused("sendtoaddress", json!(["nowhere", 1]), -13, locked)
        .await;
    w.refused("sendmany", json!(["", {"nowhere": 1}]), -5, "nowhere")
        .await;
    w.refused("sendmany", json!(["", {node.stranger(): 1}]), -13, locked)
        .await;
    let bad_rate = json!({"address": "nowhere", "amount": 1, "fee_rate": 1, "conf_target": 3});
    w.refused("sendtoaddress", bad_rate, -8, "Cannot specify both")
        .await;
    w.rpc("unloadwallet", json!(["w"])).await;
    w.rpc(
        "createwallet",
        json!({"wallet_name": "watching", "disable_private_keys": true}),
    )
    .await;
    let text = "Private keys are disabled";
    w.refused("sendtoaddress", json!([node.stranger(), 1]), -4, text)
        .await;
    w.rpc("unloadwallet", json!(["watching"])).await;

    w.rpc("createwallet", json!(["rich"])).await;
    let address = w.rpc("getnewaddress", json!([])).await;
    node.pay(address.as_str().unwrap(), 50);
    node.mine_empty(6);
    let mut amounts = serde_json::Map::new();
    for _ in 0..12 {
        let address = w.rpc("getnewaddress", json!([])).await;
        amounts.insert(address.as_str().unwrap().to_owned(), json!(1));
    }
    let named = json!({"amounts": amounts, "fee_rate": 3, "verbose": true});
    let sent = w.rpc("sendmany", named).await;
    assert_eq!(sent["fee_reason"], "User Specified Fee");
    let found = w.rpc("gettransaction", json!([sent["txid"]])).await;
    let mut paid: Vec<(u64, &str)> = found["details"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|detail| detail["category"] == "send")
        .map(|detail| {
            (
                detail["vout"].as_u64().unwrap(),
                detail["address"].as_str().unwrap(),
            )
        })
        .collect();
    paid.sort_unstable();
    let order: Vec<&str> = paid.into_iter().map(|(_, address)| address).collect();
    assert_eq!(order.len(), 12);
    let given: Vec<&String> = amounts.keys().collect();
    assert_ne!(
        order, given,
        "payees stand in the order in which they were named"
    );
    let named = json!({"address": node.stranger(), "amount": 1, "verbose": true});
    let sent = w.rpc("sendtoaddress", named).await;
    assert_eq!(sent["fee_reason"], "Fallback fee");
}
