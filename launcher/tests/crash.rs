//! Kills at random moments: what was confirmed or stored is there afterwards, and the chain is a valid one.
//!
//! `BITQ_KILLS` sets the number of kills of each kind; the usual run has few.

#![allow(clippy::print_stdout, reason = "a test tells its story in one piece")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/dice.rs"]
mod dice;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::process::flow::{Wallet, maturity, mine};
use testkit::process::{Node, PATIENCE, Setup, Signal, signal, wait_until};
use testkit::vectors_dir;

use dice::{Dice, kills, new_flag, repeat};

const REGTEST_TIP: &str = "10baab34e3363769f6817cc096c3efd74abcacf104e12f44ad3542e32d3d540f";

fn tip(node: &Node) -> (u64, String) {
    let info = node.call("getblockchaininfo", json!([]));
    let hash = info["bestblockhash"].as_str().unwrap().to_owned();
    (info["blocks"].as_u64().unwrap(), hash)
}

fn muhash(node: &Node) -> Value {
    node.call("gettxoutsetinfo", json!(["muhash"]))["muhash"].clone()
}

/// Coins after each block of a chain, by a node that was never killed.
struct Replay {
    node: Node,
}

impl Replay {
    fn new(coin: &'static str) -> Self {
        let node = Setup::new(coin).arg("-dbcache=4").start();
        Self { node }
    }

    /// Gives it the other node's blocks up to the tip and compares the coins there.
    fn check(&self, other: &Node) {
        let (height, hash) = tip(other);
        // Blocks of an earlier comparison are known; those that a kill took away again are not part of this chain.
        let mut from = tip(&self.node).0.min(height);
        while from > 0 && self.hash(&self.node, from) != self.hash(other, from) {
            let away = self.hash(&self.node, from);
            self.node.call("invalidateblock", json!([away]));
            from -= 1;
        }
        if tip(&self.node).0 > height {
            let away = self.hash(&self.node, height + 1);
            self.node.call("invalidateblock", json!([away]));
        }
        for number in from + 1..=height {
            let hash = self.hash(other, number);
            let raw = other.call("getblock", json!([hash, 0]));
            let answer = self.node.call("submitblock", json!([raw]));
            let known = answer == json!("duplicate") || answer == json!("duplicate-invalid");
            if known {
                self.node.call("reconsiderblock", json!([hash]));
            } else {
                assert_eq!(answer, Value::Null, "block {number}");
            }
        }
        assert_eq!(tip(&self.node), (height, hash));
        assert_eq!(
            muhash(&self.node),
            muhash(other),
            "coins at height {height}"
        );
    }

    fn hash(&self, node: &Node, height: u64) -> String {
        let hash = node.call("getblockhash", json!([height]));
        hash.as_str().unwrap().to_owned()
    }
}

#[test]
fn kills_while_mining() {
    let mut dice = Dice::new("mining");
    let mut node = Setup::new("bitcoin").arg("-dbcache=4").start();
    let replay = Replay::new("bitcoin");
    for _ in 0..kills() {
        let stop = new_flag();
        let mining = repeat(node.client(), stop, |client| {
            let params = json!([3, "raw(51)"]);
            client.call("/", "generatetodescriptor", &params).ok()
        });
        if dice.below(3) == 0 {
            // The moment of a flush is the one that matters most.
            let client = node.client();
            thread::spawn(move || client.call("/", "gettxoutsetinfo", &json!([])));
        }
        dice.pause(Duration::from_millis(400));
        node.kill();
        stop.store(true, Ordering::Relaxed);
        let made = mining.join().unwrap();
        node.start_again();
        // Every block that was answered for is on disk, whether it is connected yet or not.
        let last = made
            .iter()
            .filter_map(|hashes| hashes[2].as_str())
            .next_back();
        if let Some(last) = last {
            let header = node.try_call("getblockheader", json!([last]));
            let kept = header.is_ok_and(|header| header["confirmations"].as_i64() > Some(0));
            assert!(kept, "the newest of {} answers is forgotten", made.len());
        }
        replay.check(&node);
        assert_eq!(node.call("verifychain", json!([4, 10])), json!(true));
    }
    node.stop();
}

#[test]
fn kills_while_loading() {
    let Some(vectors) = vectors_dir() else { return };
    let file = vectors.join("regtest/chain.dat");
    let mut dice = Dice::new("loading");

    let mut clean: BTreeMap<u64, Value> = BTreeMap::new();

    let mut node = Setup::new("bitcoin")
        .arg("-dbcache=4")
        .arg(format!("-loadblock={}", file.display()))
        .spawn();
    for _ in 0..kills() {
        dice.pause(Duration::from_millis(900));
        node.kill();
        // Without the file: what is there must be a chain by itself.
        node.start_with(&[]);
        let (height, _) = tip(&node);
        clean.insert(height, muhash(&node));
        node.stop();
        node.spawn_with(&["-dbcache=4", &format!("-loadblock={}", file.display())]);
    }
    node.wait_until_ready();
    assert_eq!(tip(&node), (467, REGTEST_TIP.to_owned()));
    // What each of the broken runs had is what a clean chain has at that height.
    for (height, found) in clean.into_iter().rev() {
        if height < tip(&node).0 {
            let next = node.call("getblockhash", json!([height + 1]));
            node.call("invalidateblock", json!([next]));
        }
        assert_eq!(tip(&node).0, height);
        assert_eq!(muhash(&node), found, "coins at height {height}");
    }
}

/// Payments that were answered for, and the wallet they came from.
fn check_payments(node: &Node, sent: &[String]) {
    let wallet = Wallet { node, name: "w" };
    wallet.synced();
    for txid in sent {
        let found = wallet.cli(&["gettransaction", txid]);
        assert_eq!(found["txid"], json!(txid));
    }
}

fn sender() -> Node {
    let coin = "bitquantum";
    let node = Setup::new(coin).wallet().arg("-dbcache=4").start();
    let wallet = Wallet::create(&node, "w");
    let address = wallet.address("bech32");
    for _ in 0..12 {
        node.call("generatetoaddress", json!([1, address]));
    }
    mine(&node, maturity(coin));
    wallet.synced();
    node
}

/// Sends and mines beside the test; gives the ids of payments that were answered for.
fn send_on(node: &Node, stop: &'static AtomicBool) -> thread::JoinHandle<Vec<String>> {
    repeat(node.client(), stop, |client| {
        let address = client.call("/wallet/w", "getnewaddress", &json!([])).ok()?;
        let params = json!({"address": address, "amount": "0.01", "fee_rate": 2});
        let txid = client.call("/wallet/w", "sendtoaddress", &params).ok()?;
        client
            .call("/", "generatetodescriptor", &json!([1, "raw(51)"]))
            .ok();
        Some(txid.as_str()?.to_owned())
    })
}

#[test]
fn kills_of_the_node_while_sending() {
    let mut dice = Dice::new("sending, node");
    let mut node = sender();
    let mut sent = Vec::new();
    for _ in 0..kills() {
        let stop = new_flag();
        let sending = send_on(&node, stop);
        dice.pause(Duration::from_millis(500));
        node.kill();
        stop.store(true, Ordering::Relaxed);
        sent.extend(sending.join().unwrap());
        node.start_again();
        check_payments(&node, &sent);
    }
    settle(&node, &sent);
}

#[test]
fn kills_of_the_wallet_while_sending() {
    let mut dice = Dice::new("sending, wallet");
    let mut node = sender();
    let mut sent = Vec::new();
    for round in 0..kills() {
        // After a third death within a minute the node leaves the next start to its user.
        if round % 2 == 0 {
            node.restart();
        }
        let wallet = node.wallet_pid();
        let stop = new_flag();
        let sending = send_on(&node, stop);
        dice.pause(Duration::from_millis(500));
        signal(wallet, Signal::KILL);
        // The next wallet process may be there before the sender notices.
        stop.store(true, Ordering::Relaxed);
        sent.extend(sending.join().unwrap());
        wait_until("the wallet to come back", PATIENCE, || {
            node.try_call("getwalletinfo", json!([])).is_ok()
        });
        println!("round {round}: {} payments", sent.len());
        check_payments(&node, &sent);
    }
    settle(&node, &sent);
}

/// At the end every payment is in a block, or can still get into one.
fn settle(node: &Node, sent: &[String]) {
    mine(node, 2);
    check_payments(node, sent);
    let wallet = Wallet { node, name: "w" };
    for txid in sent {
        let found = wallet.cli(&["gettransaction", txid]);
        assert!(found["confirmations"].as_i64() >= Some(0), "{found}");
    }
    assert_eq!(node.call("verifychain", json!([4, 0])), json!(true));
}
