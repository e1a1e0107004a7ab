//! A node that keeps recent blocks only, from outside.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use serde_json::{Value, json};
use testkit::process::{Node, Setup};

fn info(node: &Node) -> Value {
    node.call("getblockchaininfo", json!([]))
}

/// A node with 420 blocks, sixteen in a file.
fn node(prune: &str) -> Node {
    let node = Setup::new("bitcoin").arg("-fastprune").arg(prune).start();
    let fat = format!("raw(6a4da00f{})", "07".repeat(4000));
    for _ in 0..21 {
        node.call("generatetodescriptor", json!([20, fat]));
    }
    node
}

#[test]
fn blocks_are_pruned_by_height_and_by_time() {
    let mut node = node("-prune=1");
    let said = info(&node);
    assert_eq!(said["pruned"], json!(true));
    assert_eq!(said["pruneheight"], json!(0));
    assert_eq!(said["automatic_pruning"], json!(false));
    assert_eq!(said.get("prune_target_size"), None);
    let first = node.call("getblockhash", json!([1]));
    for (height, code, text) in [
        (-1, -8, "Negative block height."),
        (
            421,
            -8,
            "Blockchain is shorter than the attempted prune height.",
        ),
        (
            2_100_000_000,
            -8,
            "Could not find block with at least the specified timestamp.",
        ),
    ] {
        let refused = node.refused("pruneblockchain", json!([height]));
        assert_eq!(refused, (code, text.to_owned()));
    }
    assert_eq!(node.call("pruneblockchain", json!([3])), json!(-1));
    assert!(node.call("getblock", json!([first])).is_object());
    let pruned = node.call("pruneblockchain", json!([50])).as_u64().unwrap();
    assert!((30..=50).contains(&pruned), "{pruned}");
    assert_eq!(info(&node)["pruneheight"], json!(pruned + 1));
    let gone = "Block not available (pruned data)".to_owned();
    for verbosity in 0..=3 {
        let refused = node.refused("getblock", json!([first, verbosity]));
        assert_eq!(refused, (-1, gone.clone()));
    }
    let header = node.call("getblockheader", json!([first]));
    assert_eq!(header["nTx"], json!(1));
    let (code, text) = node.refused("invalidateblock", json!([first]));
    assert_eq!(code, -20, "{text}");
    assert!(text.contains("was pruned"), "{text}");
    assert_eq!(node.call("getblockcount", json!([])), json!(420));

    // By time: two hours before what is asked, and never the last 288.
    let last = node.call(
        "getblockheader",
        json!([node.call("getbestblockhash", json!([]))]),
    );
    let time = last["time"].as_u64().unwrap();
    let by_time = node.call("pruneblockchain", json!([time + 7200]));
    assert!(
        (pruned..=132).contains(&by_time.as_u64().unwrap()),
        "{by_time}"
    );
    node.restart();
    assert_eq!(
        info(&node)["pruneheight"],
        json!(by_time.as_u64().unwrap() + 1)
    );
    assert_eq!(node.call("verifychain", json!([4, 280])), json!(true));
    assert_eq!(node.call("verifychain", json!([4, 0])), json!(false));
}

#[test]
fn a_pruned_directory_does_not_become_whole_by_itself() {
    let mut node = node("-prune=550");
    let said = info(&node);
    assert_eq!(said["automatic_pruning"], json!(true));
    assert_eq!(said["prune_target_size"], json!(550 << 20));
    node.call("pruneblockchain", json!([100]));
    node.stop();
    let whole = node.setup().clone().arg("-prune=0").fail();
    assert_eq!(whole.code, Some(1), "{whole:?}");
    let text = "You need to rebuild the database using -reindex to go back to unpruned mode.  This will redownload the \
                entire blockchain.\nPlease restart with -reindex or -reindex-chainstate to recover.\n";
    assert_eq!(whole.stderr, text);
    node.start_again();
    assert_eq!(node.call("getblockcount", json!([])), json!(420));
    node.restart();
    let refused = node.refused("getblock", json!([node.call("getblockhash", json!([1]))]));
    assert_eq!(refused.1, "Block not available (pruned data)");
}

#[test]
fn a_node_that_keeps_all_blocks_prunes_none() {
    let node = Setup::new("bitcoin").start();
    let refused = node.refused("pruneblockchain", json!([1]));
    let text = "Cannot prune blocks because node is not in prune mode.";
    assert_eq!(refused, (-1, text.to_owned()));
    assert_eq!(info(&node)["pruned"], json!(false));
    assert_eq!(info(&node).get("pruneheight"), None);
}
