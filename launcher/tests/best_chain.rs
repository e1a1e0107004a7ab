//! Which chain is the best, when it counts as downloaded, and what a check of the blocks on disk finds.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use serde_json::{Value, json};
use testkit::process::{Node, Setup};

fn mine(node: &Node, count: u64, script: &str) -> Vec<Value> {
    let made = node.call(
        "generatetodescriptor",
        json!([count, format!("raw({script})")]),
    );
    made.as_array().unwrap().clone()
}

fn raw(node: &Node, hash: &Value) -> Value {
    node.call("getblock", json!([hash, 0]))
}

fn tip(node: &Node) -> Value {
    node.call("getbestblockhash", json!([]))
}

fn downloading(node: &Node) -> bool {
    let info = node.call("getblockchaininfo", json!([]));
    info["initialblockdownload"].as_bool().unwrap()
}

fn status_of(node: &Node, hash: &Value) -> Value {
    let tips = node.call("getchaintips", json!([]));
    let mut tips = tips.as_array().unwrap().iter();
    tips.find(|tip| tip["hash"] == *hash).unwrap()["status"].clone()
}

#[test]
fn among_equals_the_first_wins_unless_another_is_preferred() {
    let mut node = Setup::new("bitcoin").start();
    let other = Setup::new("bitcoin").start();
    for hash in mine(&node, 3, "51") {
        assert_eq!(
            other.call("submitblock", json!([raw(&node, &hash)])),
            json!(null)
        );
    }
    let ours = mine(&node, 1, "51")[0].clone();
    let theirs = mine(&other, 1, "52")[0].clone();
    let stored = json!([raw(&other, &theirs)]);
    assert_eq!(
        node.call("submitblock", stored.clone()),
        json!("inconclusive")
    );
    assert_eq!(node.call("submitblock", stored), json!("duplicate"));
    assert_eq!(tip(&node), ours);
    assert_eq!(status_of(&node, &theirs), json!("valid-headers"));
    // The first one stays the first after a restart.
    node.restart();
    assert_eq!(tip(&node), ours);
    for preferred in [&theirs, &ours, &theirs, &theirs] {
        assert_eq!(node.call("preciousblock", json!([preferred])), json!(null));
        assert_eq!(tip(&node), *preferred);
    }
    assert_eq!(status_of(&node, &ours), json!("valid-fork"));
    // What was the tip is what was there first, then.
    node.restart();
    assert_eq!(tip(&node), theirs);
    // A block with less work cannot be preferred, and more work wins over any preference.
    let below = node.call("getblockhash", json!([2]));
    node.call("preciousblock", json!([below]));
    assert_eq!(tip(&node), theirs);
    node.call("preciousblock", json!([ours]));
    let longer = mine(&other, 1, "52")[0].clone();
    assert_eq!(
        node.call("submitblock", json!([raw(&other, &longer)])),
        json!(null)
    );
    assert_eq!(tip(&node), longer);
    node.call("preciousblock", json!([ours]));
    assert_eq!(tip(&node), longer);
    // A stale branch that comes late is kept and reported.
    let deep = mine(&other, 2, "51");
    let orphan = node.call("submitblock", json!([raw(&other, &deep[1])]));
    assert_eq!(orphan, json!("prev-blk-not-found"));
    let mut late = Setup::new("bitcoin").start();
    let stale = mine(&late, 2, "53");
    for hash in &stale {
        let answer = node.call("submitblock", json!([raw(&late, hash)]));
        assert_eq!(answer, json!("inconclusive"));
    }
    assert_eq!(status_of(&node, &stale[1]), json!("valid-headers"));
    assert_eq!(raw(&node, &stale[1]), raw(&late, &stale[1]));
    late.stop();
}

#[test]
fn a_chain_that_is_old_or_has_little_work_is_still_downloaded() {
    let mut node = Setup::new("bitcoin").start();
    mine(&node, 10, "51");
    assert!(!downloading(&node));
    let time = node.call("getblockchaininfo", json!([]))["time"]
        .as_i64()
        .unwrap();
    let later = format!("-mocktime={}", time + 3600);
    node.stop();
    for (age, expected) in [("-maxtipage=3599", true), ("-maxtipage=3600", false)] {
        node.start_with(&[&later, age]);
        assert_eq!(downloading(&node), expected, "{age}");
        node.stop();
    }
    // Two for each block, the first one of all included.
    node.start_with(&["-minimumchainwork=0x1a"]);
    assert!(downloading(&node));
    mine(&node, 1, "51");
    assert!(downloading(&node));
    mine(&node, 1, "51");
    assert!(!downloading(&node));
    node.stop();
    node.start_with(&["-minimumchainwork=0x1b"]);
    assert!(downloading(&node));
}

#[test]
fn a_check_finds_damage_under_a_running_node() {
    let mut node = Setup::new("bitcoin").arg("-blocksxor=0").start();
    mine(&node, 20, "51");
    for level in 0..=4 {
        assert_eq!(
            node.call("verifychain", json!([level, 0])),
            json!(true),
            "{level}"
        );
    }
    let undo = node.file("blocks/rev00000.dat");
    let mut bytes = std::fs::read(&undo).unwrap();
    // The checksum of the last record that is in use.
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[last] ^= 1;
    std::fs::write(&undo, bytes).unwrap();
    for level in 0..=4 {
        let intact = level < 2;
        assert_eq!(
            node.call("verifychain", json!([level, 0])),
            json!(intact),
            "{level}"
        );
    }
    assert!(
        node.log().contains("found bad undo data at 20"),
        "{}",
        node.log()
    );
    // A start looks as closely as it is told to.
    node.stop();
    node.start_with(&["-blocksxor=0", "-checklevel=1", "-checkblocks=0"]);
    assert_eq!(node.call("getblockcount", json!([])), json!(20));
    node.stop();
    for level in ["-checklevel=2", "-checklevel=4"] {
        let setup = node.setup().clone().arg(level).arg("-checkblocks=1");
        let ended = setup.fail();
        let starts = ended
            .stderr
            .starts_with("Corrupted block database detected");
        assert!(starts && ended.code == Some(1), "{ended:?}");
        let advice = "Please restart with -reindex or -reindex-chainstate to recover.\n";
        assert!(ended.stderr.ends_with(advice), "{ended:?}");
    }
}
