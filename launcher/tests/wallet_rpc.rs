//! What the wallet's commands answer and refuse, as programs that know the reference's answers expect it.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;

use serde_json::{Value, json};
use testkit::process::flow::{Wallet, mine, ripen};
use testkit::process::{Node, Setup, sats};

fn rich_node(name: &str) -> Node {
    let node = Setup::new("bitquantum").wallet().start();
    ripen(Wallet::create(&node, name), "bitquantum");
    node
}

fn coins_of(wallet: Wallet<'_>, txid: &str) -> Vec<Value> {
    let listed = wallet.cli(&["listunspent", "0"]);
    let rows = listed.as_array().unwrap().iter();
    rows.filter(|row| row["txid"] == json!(txid))
        .cloned()
        .collect()
}

#[test]
fn unconfirmed_coins_tell_what_they_stand_on() {
    let node = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let first = wallet.send(&wallet.address("bech32"), "1");
    // All of it again, so that the second payment stands on the first.
    let all = wallet.balance("trusted") - 1_000_000;
    let amount = format!("{}.{:08}", all / 100_000_000, all % 100_000_000);
    let second = wallet.send(&wallet.address("bech32m"), &amount);
    let entry = |txid: &str| node.call("getmempoolentry", json!([txid]));
    for (txid, count) in [(&second, 2), (&first, 1)] {
        let entry = entry(txid);
        assert_eq!(entry["ancestorcount"], json!(count), "{entry}");
        for row in coins_of(wallet, txid) {
            assert_eq!(row["ancestorcount"], entry["ancestorcount"], "{row}");
            assert_eq!(row["ancestorsize"], entry["ancestorsize"], "{row}");
            let fees = sats(&entry["fees"]["ancestor"]);
            assert_eq!(row["ancestorfees"], json!(fees), "{row}");
        }
    }
    assert_eq!(coins_of(wallet, &second).len(), 2);
    // A confirmed coin stands on nothing.
    mine(&node, 1);
    wallet.synced();
    for row in coins_of(wallet, &second) {
        assert_eq!(row["confirmations"], json!(1));
        assert_eq!(row.get("ancestorcount"), None, "{row}");
    }
}

#[test]
fn payments_are_refused_in_the_known_words() {
    let node = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let to = wallet.address("bech32");
    let refused = |address: &str, amount: &str| {
        let ended = node.cli(["-rpcwallet=w", "sendtoaddress", address, amount]);
        let text = ended.stderr.split_once("error message:\n");
        let text = text.map_or("", |(_, text)| text).trim_end().to_owned();
        (ended.code.unwrap(), text)
    };
    let small = (6, "Transaction amount too small".to_owned());
    assert_eq!(refused(&to, "0"), small);
    assert_eq!(refused(&to, "0.00000001"), small);
    assert_eq!(refused(&to, "-1"), (3, "Amount out of range".to_owned()));
    assert_eq!(refused(&to, "x"), (3, "Invalid amount".to_owned()));
    // The amount is looked at before the address.
    assert_eq!(refused("nobody", "-1").0, 3);
    assert_eq!(refused("nobody", "0").0, 5);
    assert_eq!(
        refused(&to, "9000000"),
        (6, "Insufficient funds".to_owned())
    );
    assert_eq!(node.call("getrawmempool", json!([])), json!([]));
}

#[test]
fn a_backup_without_a_place_leaves_nothing_behind() {
    let node = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let before: Vec<_> = node
        .setup()
        .data()
        .snapshot()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    for place in ["", "no/such/folder/backup.dat"] {
        let text = wallet.refused(-4, &["backupwallet", place]);
        assert_eq!(text, "Error: Wallet backup failed!");
    }
    // Nor where the last step fails.
    let taken = node.setup().data().path().join("taken");
    fs::create_dir_all(taken.join("wallet.dat/in the way")).unwrap();
    wallet.refused(-4, &["backupwallet", taken.to_str().unwrap()]);
    assert!(!taken.join("wallet.dat.part").exists());
    let after = node
        .setup()
        .data()
        .snapshot()
        .into_iter()
        .map(|(path, _)| path);
    let new: Vec<_> = after.filter(|path| !before.contains(path)).collect();
    assert!(
        new.iter()
            .all(|path| !path.to_string_lossy().contains(".part")),
        "{new:?}"
    );
}
