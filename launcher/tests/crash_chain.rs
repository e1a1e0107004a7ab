//! Kills while the chain is reorganised, pruned and indexed anew, and while its indexes are built: afterwards the tip
//! stands on a valid chain, the coins are those of a node that was never killed, the indexes answer as they would
//! there, and nothing asks for `-reindex`.
//!
//! `BITQ_KILLS` sets the number of kills of each kind; the usual run has few.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/answers.rs"]
mod answers;
#[path = "common/dice.rs"]
mod dice;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::process::{Node, RpcClient, Setup};
use testkit::vectors_dir;

use answers::{Question, muhash, settle, tip};
use dice::{Dice, kills, new_flag, repeat};

/// Height and id of the last block of the stored chain.
const TIP: (u64, &str) = (
    467,
    "10baab34e3363769f6817cc096c3efd74abcacf104e12f44ad3542e32d3d540f",
);
/// Coins are written often, and block files are many.
const SMALL: [&str; 2] = ["-dbcache=4", "-fastprune"];
/// The same with all indexes.
const INDEXED: [&str; 6] = [
    "-dbcache=4",
    "-fastprune",
    "-txindex",
    "-blockfilterindex",
    "-coinstatsindex",
    "-txospenderindex",
];
/// Blocks below the tip that nothing prunes.
const KEPT: u64 = 288;

fn stored_chain() -> Option<PathBuf> {
    vectors_dir().map(|dir| dir.join("regtest/chain.dat"))
}

/// A node with the stored chain.
fn loaded(file: &Path) -> Node {
    let load = format!("-loadblock={}", file.display());
    let mut node = Setup::new("bitcoin")
        .arg(SMALL[0])
        .arg(SMALL[1])
        .arg(load)
        .start();
    node.stop();
    node.start_with(&SMALL);
    let found = tip(&node);
    assert_eq!((found.0, found.1.as_str()), TIP);
    node
}

/// What coins were found at heights of the stored chain.
#[derive(Default)]
struct Found(BTreeMap<u64, Value>);

impl Found {
    /// Takes down the coins of a node that came back, on a tip that a valid chain leads to.
    fn note(&mut self, node: &Node) {
        let (height, hash) = tip(node);
        let at_height = node.call("getblockhash", json!([height]));
        assert_eq!(at_height, json!(hash));
        let coins = muhash(node);
        let before = self.0.insert(height, coins.clone());
        assert!(before.is_none_or(|before| before == coins), "{height}");
    }

    /// Compares all with a node that was never killed.
    fn check(self, clean: &Node) {
        for (height, found) in self.0.into_iter().rev() {
            if height < tip(clean).0 {
                let next = clean.call("getblockhash", json!([height + 1]));
                clean.call("invalidateblock", json!([next]));
            }
            assert_eq!(tip(clean).0, height);
            assert_eq!(muhash(clean), found, "coins at height {height}");
        }
    }
}

/// Takes blocks away from the tip and gives them back, again and again.
fn reorganise(client: &RpcClient, hashes: &[Value], depth: usize) -> Option<()> {
    let params = json!([hashes[hashes.len() - depth]]);
    client.call("/", "invalidateblock", &params).ok()?;
    // All is written in the midst of it.
    client.call("/", "gettxoutsetinfo", &json!(["none"])).ok()?;
    client.call("/", "reconsiderblock", &params).ok()?;
    Some(())
}

#[test]
fn kills_while_reorganising() {
    let Some(file) = stored_chain() else { return };
    let mut dice = Dice::new("reorganising");
    let mut node = loaded(&file);
    let heights = 1..=TIP.0;
    let hashes: Vec<Value> = heights
        .map(|height| node.call("getblockhash", json!([height])))
        .collect();
    let mut found = Found::default();
    for _ in 0..kills() {
        let stop = new_flag();
        let depth = 5 + usize::try_from(dice.below(150)).unwrap();
        let known = hashes.clone();
        let work = repeat(node.client(), stop, move |client| {
            reorganise(client, &known, depth)
        });
        dice.pause(Duration::from_millis(1500));
        node.kill();
        stop.store(true, Ordering::Relaxed);
        work.join().unwrap();
        node.start_again();
        found.note(&node);
        // The coins were compared; the little memory here does not suffice to do it block by block.
        assert_eq!(node.call("verifychain", json!([2, 10])), json!(true));
        // The kill may have come while the blocks were away.
        let fork = &hashes[hashes.len() - depth];
        node.call("reconsiderblock", json!([fork]));
        assert_eq!(tip(&node).1, TIP.1);
    }
    found.check(&node);
}

#[test]
fn kills_while_indexing_anew() {
    let Some(file) = stored_chain() else { return };
    let mut dice = Dice::new("indexing anew");
    let mut node = loaded(&file);
    let coins = muhash(&node);
    let mut found = Found::default();
    for round in 0..kills() {
        node.stop();
        let work = match round % 3 {
            0 | 1 => "-reindex",
            _ => "-reindex-chainstate",
        };
        node.spawn_with(&[SMALL[0], SMALL[1], work]);
        dice.pause(Duration::from_millis(1200));
        node.kill();
        if dice.below(2) == 0 {
            // What goes on by itself can be killed as well.
            node.spawn_with(&SMALL);
            dice.pause(Duration::from_millis(800));
            node.kill();
        }
        node.start_with(&SMALL);
        found.note(&node);
        assert_eq!(
            (tip(&node).1.as_str(), muhash(&node)),
            (TIP.1, coins.clone())
        );
    }
    found.check(&node);
}

#[test]
fn kills_while_building_indexes() {
    let Some(file) = stored_chain() else { return };
    let mut dice = Dice::new("building indexes");
    let mut node = loaded(&file);
    node.stop();
    node.start_with(&INDEXED);
    settle(&node);
    let heights = 1..=TIP.0;
    let hashes: Vec<Value> = heights
        .map(|height| node.call("getblockhash", json!([height])))
        .collect();
    let mut found = Found::default();
    let mut known = Vec::new();
    for _ in 0..40 {
        let question = Question::new(&node, 1 + dice.below(TIP.0));
        let answers = question.ask(&node).map(Result::unwrap);
        // A node without the index is asked for the same in the end.
        found.0.insert(question.height, answers[0].clone());
        known.push((question, answers));
    }
    for round in 0..kills() {
        let (stop, depth) = (new_flag(), 5 + usize::try_from(dice.below(150)).unwrap());
        if round % 3 != 2 {
            node.stop();
            std::fs::remove_dir_all(node.file("indexes")).unwrap();
            node.spawn_with(&INDEXED);
        }
        // At first nothing but the indexes moves, then blocks go and come below them.
        let work = (round % 3 != 0).then(|| {
            node.wait_until_ready();
            let all = hashes.clone();
            repeat(node.client(), stop, move |client| {
                reorganise(client, &all, depth)
            })
        });
        dice.pause(Duration::from_millis(1200));
        node.kill();
        stop.store(true, Ordering::Relaxed);
        if let Some(work) = work {
            work.join().unwrap();
        }
        node.start_with(&INDEXED);
        found.note(&node);
        node.call("reconsiderblock", json!([hashes[hashes.len() - depth]]));
        assert_eq!(tip(&node).1, TIP.1);
        settle(&node);
        for (question, answers) in &known {
            let found = question.ask(&node).map(Result::unwrap);
            assert_eq!(found, *answers, "height {}", question.height);
        }
    }
    node.stop();
    node.start_with(&SMALL);
    found.check(&node);
}

/// Gives the blocks above a height to another node; gives the new height.
fn copy(from: &Node, to: &Node, above: u64) -> u64 {
    let height = tip(from).0;
    for number in above + 1..=height {
        let hash = from.call("getblockhash", json!([number]));
        let raw = from.call("getblock", json!([hash, 0]));
        assert_eq!(to.call("submitblock", json!([raw])), Value::Null);
    }
    height
}

#[test]
fn kills_while_pruning() {
    let mut dice = Dice::new("pruning");
    let mut node = Setup::new("bitcoin")
        .arg("-dbcache=4")
        .arg("-fastprune")
        .arg("-prune=1")
        .start();
    // Sixteen such blocks fill a file.
    let fat = format!("raw(6a4da00f{})", "07".repeat(4000));
    for _ in 0..16 {
        node.call("generatetodescriptor", json!([20, fat]));
    }
    let whole = Setup::new("bitcoin").arg("-dbcache=4").start();
    let mut copied = copy(&node, &whole, 0);
    for _ in 0..kills() {
        let (stop, fat) = (new_flag(), fat.clone());
        let mining = repeat(node.client(), stop, move |client| {
            let params = json!([12, fat]);
            let hashes = client.call("/", "generatetodescriptor", &params).ok()?;
            let height = client.call("/", "getblockcount", &json!([])).ok()?;
            // The other node has yet to get those above.
            let low = height.as_u64()?.saturating_sub(KEPT).min(copied);
            client.call("/", "pruneblockchain", &json!([low])).ok()?;
            Some(hashes)
        });
        dice.pause(Duration::from_millis(1500));
        node.kill();
        stop.store(true, Ordering::Relaxed);
        let made = mining.join().unwrap();
        node.start_again();
        if let Some(last) = made.last().and_then(|hashes| hashes[11].as_str()) {
            let header = node.call("getblockheader", json!([last]));
            assert!(header["confirmations"].as_i64() > Some(0), "{header}");
        }
        assert_eq!(node.call("verifychain", json!([4, KEPT])), json!(true));
        copied = copy(&node, &whole, copied);
        assert_eq!(tip(&whole), tip(&node));
        assert_eq!(muhash(&whole), muhash(&node), "coins at height {copied}");
    }
    let pruned = node.call("getblockchaininfo", json!([]));
    node.call("pruneblockchain", json!([copied - KEPT]));
    let again = node.call("getblockchaininfo", json!([]));
    let height = |info: &Value| info["pruneheight"].as_u64().unwrap();
    assert!(height(&again) >= height(&pruned));
    node.stop();
}
