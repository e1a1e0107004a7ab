//! A node that keeps recent blocks only, from outside.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use ipc_schema::{NodeEvent, NodeStatus, NodeTopics};
use serde_json::{Value, json};
use testkit::process::flow::Wallet;
use testkit::process::{Node, PATIENCE, Setup};

use window::Window;

fn info(node: &Node) -> Value {
    node.call("getblockchaininfo", json!([]))
}

/// 420 blocks, so many that sixteen of them fill a file.
fn mine_fat_blocks(node: &Node) {
    let fat = format!("raw(6a4da00f{})", "07".repeat(4000));
    for _ in 0..21 {
        node.call("generatetodescriptor", json!([20, fat]));
    }
}

/// A node with such blocks.
fn node(prune: &str) -> Node {
    let node = Setup::new("bitcoin").arg("-fastprune").arg(prune).start();
    mine_fat_blocks(&node);
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

/// What a window that attaches to the node is shown, once it fits.
fn shown(node: &Node, fits: impl Fn(&NodeStatus) -> bool) -> Box<NodeStatus> {
    let window = Window::new();
    let mut attached = window.attach(node, NodeTopics::ALL);
    loop {
        match attached.next() {
            NodeEvent::Status(status) if fits(&status) => return status,
            _ => {}
        }
    }
}

#[test]
fn a_window_is_shown_at_once_what_was_pruned() {
    let node = Setup::new("bitcoin")
        .arg("-fastprune")
        .arg("-prune=1")
        .arg("-ipcbind=unix")
        .start();
    mine_fat_blocks(&node);
    let whole = shown(&node, |status| {
        status.tip.is_some_and(|tip| tip.height == 420)
    });
    assert_eq!(whole.prune_height, None);
    let pruned = node.call("pruneblockchain", json!([100]));
    let first = u32::try_from(pruned.as_u64().unwrap()).unwrap() + 1;
    // No block comes that would bring it along.
    let rest = shown(&node, |status| status.prune_height == Some(first));
    assert!(rest.disk_used < whole.disk_used, "{rest:?}");
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
    let young = Setup::new("bitcoin").arg("-prune=1").start();
    let refused = young.refused("pruneblockchain", json!([0]));
    let text = "Blockchain is too short for pruning.";
    assert_eq!(refused, (-1, text.to_owned()));
}

#[test]
fn an_index_that_lacks_pruned_blocks_ends_the_start() {
    let mut node = node("-prune=1");
    node.call("pruneblockchain", json!([100]));
    node.stop();
    for (option, index) in [
        ("-blockfilterindex", "basic block filter index"),
        ("-coinstatsindex", "coinstatsindex"),
    ] {
        // It may serve for a moment: indexes begin behind all else.
        let mut with_index = node.setup().clone().arg(option).spawn();
        let ended = with_index.wait_for_end(PATIENCE);
        let text = format!(
            "Error: {index} best block of the index goes beyond pruned data (including undo data). Please disable the index \
             or reindex (which will download the whole blockchain again)\nError: A fatal internal error occurred, see \
             debug.log for details: Failed to start indexes, shutting down…\n"
        );
        assert_eq!((ended.code, ended.stderr), (Some(1), text));
    }
    let refused = node.setup().clone().arg("-txindex").fail();
    assert_eq!(
        refused.stderr,
        "Error: Prune mode is incompatible with -txindex.\n"
    );
    node.start_again();
    assert_eq!(node.call("getblockcount", json!([])), json!(420));
}

#[test]
fn a_wallet_that_has_not_seen_pruned_blocks_is_refused() {
    let setup = Setup::new("bitcoin").wallet();
    let mut node = setup.arg("-fastprune").arg("-prune=1").start();
    let kept = Wallet::create(&node, "kept");
    node.call("createwallet", json!(["old"]));
    let backup = node.setup().data().path().join("old.bak");
    let backup = backup.to_str().unwrap().to_owned();
    node.cli_ok(["-rpcwallet=old", "backupwallet", &backup]);
    node.call("unloadwallet", json!(["old"]));
    mine_fat_blocks(&node);
    kept.synced();
    let pruned = node.call("pruneblockchain", json!([100])).as_u64().unwrap();
    let sentence = "Prune: last wallet synchronisation goes beyond pruned data. You need to -reindex (download the whole \
                    blockchain again in case of a pruned node)";
    let refused = (-4, format!("Wallet loading failed. {sentence}"));
    assert_eq!(node.refused("loadwallet", json!(["old"])), refused);
    // What is refused leaves nothing behind.
    for _ in 0..2 {
        let params = json!(["again", backup]);
        assert_eq!(node.refused("restorewallet", params), refused);
    }
    let text = kept.refused(-1, &["rescanblockchain", "0"]);
    let expected = "Can't rescan beyond pruned data. Use RPC call getblockchaininfo to determine your pruned height.";
    assert_eq!(text, expected);
    let from = (pruned + 1).to_string();
    let scanned = kept.cli(&["rescanblockchain", &from]);
    assert_eq!(
        scanned,
        json!({"start_height": pruned + 1, "stop_height": 420})
    );
    node.cli_ok([
        "-named",
        "createwallet",
        "wallet_name=watch",
        "disable_private_keys=true",
    ]);
    let watch = Wallet {
        node: &node,
        name: "watch",
    };
    let descriptor = json!([{"desc": "raw(51)#8lvh9jxk", "timestamp": 0}]).to_string();
    let imported = watch.cli(&["importdescriptors", &descriptor]);
    let text = imported[0]["error"]["message"].as_str().unwrap();
    assert!(
        text.contains("This error could be caused by pruning"),
        "{text}"
    );
    node.stop();
    let with_old = node.setup().clone().arg("-wallet=old");
    let ended = with_old.fail();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.starts_with(&format!(
            "Error: {sentence}. Wallet \"old\" was left as it is."
        )),
        "{ended:?}"
    );
    node = with_old.arg("-skipbrokenwallets").start();
    assert_eq!(node.call("getblockcount", json!([])), json!(420));
}
