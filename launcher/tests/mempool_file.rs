//! `mempool.dat`: what waits for a block is still there after a restart.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;

use serde_json::{Value, json};
use testkit::process::{Node, PATIENCE, Setup, wait_until};

#[path = "common/draft.rs"]
mod draft;

use draft::{ANYONE, Coin, Draft, REWARD, Spend};

/// A node with ripe coins of anyone.
fn rich_node(coins: usize) -> (Node, Vec<Coin>) {
    let node = Setup::new("bitcoin").start();
    let made = node.call(
        "generatetodescriptor",
        json!([100 + coins, format!("raw({ANYONE})")]),
    );
    let hashes = made.as_array().unwrap().iter().take(coins);
    let coin = |hash: &Value| {
        let block = node.call("getblock", json!([hash]));
        Coin {
            place: (block["tx"][0].as_str().unwrap().to_owned(), 0),
            value: REWARD,
        }
    };
    let coins = hashes.map(coin).collect();
    (node, coins)
}

fn send(node: &Node, draft: &Draft) -> String {
    let sent = node.call("sendrawtransaction", json!([draft.hex()]));
    sent.as_str().unwrap().to_owned()
}

/// What a restart must not change of an entry.
fn lasting(node: &Node, txid: &str) -> Value {
    let mut entry = node.call("getmempoolentry", json!([txid]));
    entry.as_object_mut().unwrap().remove("clusterid");
    entry
}

fn pool(node: &Node) -> Vec<String> {
    let list = node.call("getrawmempool", json!([]));
    let mut list: Vec<String> = serde_json::from_value(list).unwrap();
    list.sort();
    list
}

#[test]
fn what_waits_outlives_a_restart() {
    let (mut node, coins) = rich_node(3);
    let parent = Draft::simple(&coins[0], 2000);
    let parent_id = send(&node, &parent);
    let below = Coin {
        place: (parent_id.clone(), 0),
        value: REWARD - 2000,
    };
    let child_id = send(&node, &Draft::simple(&below, 3000));
    node.call("prioritisetransaction", json!([parent_id, 0, 1234]));
    // And of one that is not there.
    let absent = Draft::simple(&coins[1], 1000);
    let absent_id = node.call("decoderawtransaction", json!([absent.hex()]))["txid"].clone();
    node.call("prioritisetransaction", json!([absent_id, 0, 77]));
    let before = [&parent_id, &child_id].map(|id| lasting(&node, id));
    assert_eq!(before[0]["unbroadcast"], json!(true));

    node.restart();
    let after = [&parent_id, &child_id].map(|id| lasting(&node, id));
    assert_eq!(after, before);
    send(&node, &absent);
    let fees = &lasting(&node, absent_id.as_str().unwrap())["fees"];
    assert_eq!(fees["modified"].to_string(), "0.00001077", "{fees}");

    // Of what a block takes meanwhile, nothing comes back.
    let was_there = pool(&node);
    node.stop();
    let saved = fs::read(node.file("mempool.dat")).unwrap();
    node.start_again();
    node.call("generatetodescriptor", json!([1, "raw(51)"]));
    assert_eq!(pool(&node), [""; 0]);
    node.stop();
    fs::write(node.file("mempool.dat"), &saved).unwrap();
    node.start_again();
    assert_eq!(pool(&node), [""; 0]);
    assert!(node.log().contains(" 0 succeeded, 3 failed, 0 expired"));

    // Without the option nothing is read and nothing is written.
    send(&node, &Draft::simple(&coins[2], 1000));
    node.stop();
    let saved = fs::read(node.file("mempool.dat")).unwrap();
    node.start_with(&["-persistmempool=0"]);
    assert_eq!(pool(&node), [""; 0]);
    node.stop();
    assert_eq!(fs::read(node.file("mempool.dat")).unwrap(), saved);
    assert_ne!(was_there, [""; 0]);
}

#[test]
fn saving_and_importing_on_demand() {
    let (mut node, coins) = rich_node(2);
    let id = send(&node, &Draft::simple(&coins[0], 1000));
    node.call("prioritisetransaction", json!([id, 0, 5000]));
    let saved = node.call("savemempool", json!([]));
    let file = node.file("mempool.dat");
    assert_eq!(saved, json!({"filename": file}));
    let with_key = fs::read(&file).unwrap();
    assert_eq!(with_key[..9], [2, 0, 0, 0, 0, 0, 0, 0, 8]);
    let kept = node.file("kept.dat");
    fs::copy(&file, &kept).unwrap();

    node.stop();
    node.start_with(&["-persistmempool=0", "-persistmempoolv1"]);
    assert_eq!(pool(&node), [""; 0]);
    let other = send(&node, &Draft::simple(&coins[1], 1000));
    assert_eq!(node.call("importmempool", json!([kept])), json!({}));
    let mut both = vec![id.clone(), other];
    both.sort();
    assert_eq!(pool(&node), both);
    // Others' notes are not believed unasked.
    let fees = |node: &Node| lasting(node, &id)["fees"]["modified"].to_string();
    assert_eq!(fees(&node), "0.00001000");
    assert_eq!(lasting(&node, &id)["unbroadcast"], json!(false));
    let believed = json!([kept, {"apply_fee_delta_priority": true, "apply_unbroadcast_set": true}]);
    node.call("importmempool", believed);
    assert_eq!(fees(&node), "0.00006000");
    assert_eq!(lasting(&node, &id)["unbroadcast"], json!(true));
    node.call("savemempool", json!([]));
    assert_eq!(fs::read(&file).unwrap()[..8], [1, 0, 0, 0, 0, 0, 0, 0]);

    // Where it cannot be written, what was there stays.
    let before = fs::read(&file).unwrap();
    fs::create_dir(node.file("mempool.dat.new")).unwrap();
    let refused = node.refused("savemempool", json!([]));
    assert_eq!(refused, (-1, "Unable to dump mempool to disk".to_owned()));
    assert_eq!(fs::read(&file).unwrap(), before);
    for bad in [node.file("nothing"), node.network_dir()] {
        let (code, text) = node.refused("importmempool", json!([bad]));
        assert_eq!(code, -1);
        assert!(text.starts_with("Unable to import mempool file"), "{text}");
    }
}

#[test]
fn a_damaged_file_is_told_and_left_out() {
    let (mut node, coins) = rich_node(1);
    let id = send(&node, &Draft::simple(&coins[0], 1000));
    node.stop();
    let file = node.file("mempool.dat");
    let mut bytes = fs::read(&file).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&file, &bytes).unwrap();
    node.start_again();
    assert_eq!(pool(&node), [""; 0]);
    let told = format!("{} is damaged", file.display());
    wait_until("the log to name the file", PATIENCE, || {
        node.log().contains(&told)
    });
    // The next stop writes a whole one.
    assert_eq!(
        send(
            &node,
            &Draft::new(vec![Spend::of(&coins[0].place)], &[(REWARD - 1000, ANYONE)])
        ),
        id
    );
    node.restart();
    assert_eq!(pool(&node), [id]);
}
