//! Commands that look at all coins, at figures of blocks and at proofs, from outside.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use serde_json::{Value, json};
use testkit::process::{Node, PATIENCE, Setup, wait_until};

/// A node with 110 blocks whose coins anyone can spend.
fn node() -> Node {
    let node = Setup::new("bitcoin").start();
    node.call("generatetodescriptor", json!([110, "raw(51)"]));
    node
}

#[test]
fn coins_are_found_by_descriptors() {
    let node = node();
    let scan = |objects: Value| node.call("scantxoutset", json!(["start", objects]));
    let all = scan(json!(["raw(51)#8lvh9jxk"]));
    assert_eq!(all["success"], json!(true));
    assert_eq!((&all["height"], &all["txouts"]), (&json!(110), &json!(110)));
    assert_eq!(all["unspents"].as_array().unwrap().len(), 110);
    assert_eq!(all["total_amount"].to_string(), "5500.00000000");
    assert_eq!(all["bestblock"], node.call("getbestblockhash", json!([])));
    let one = &all["unspents"][0];
    let height = one["height"].as_u64().unwrap();
    assert_eq!(one["confirmations"], json!(111 - height));
    assert_eq!(one["blockhash"], node.call("getblockhash", json!([height])));
    assert_eq!(one["desc"], json!("raw(51)#8lvh9jxk"));
    assert_eq!(scan(json!(["raw(52)"]))["unspents"], json!([]));
    assert_eq!(node.call("scantxoutset", json!(["status"])), Value::Null);
    assert_eq!(node.call("scantxoutset", json!(["abort"])), json!(false));
    for (params, code, text) in [
        (
            json!(["start"]),
            -1,
            "scanobjects argument is required for the start action",
        ),
        (json!(["begin"]), -8, "Invalid action 'begin'"),
        (
            json!(["start", [7]]),
            -8,
            "Scan object needs to be either a string or an object",
        ),
        (
            json!(["start", [{"range": 7}]]),
            -8,
            "Descriptor needs to be provided in scan object",
        ),
        (json!(["start", ["raw(51)#8lvh9jxx"]]), -5, ""),
    ] {
        let (found, said) = node.refused("scantxoutset", params);
        assert!(found == code && said.contains(text), "{found}: {said}");
    }
}

#[test]
fn one_scan_runs_at_a_time_and_can_be_aborted() {
    let node = node();
    let client = node.client();
    // Keys are derived for a while before any coin is looked at.
    let key = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";
    let many = json!([{"desc": format!("tr({key}/*)"), "range": [0, 30_000]}, "raw(51)"]);
    let scan = std::thread::spawn(move || {
        client
            .call("/", "scantxoutset", &json!(["start", many]))
            .unwrap()
    });
    wait_until("a scan to run", PATIENCE, || {
        node.call("scantxoutset", json!(["status"])) == json!({"progress": 0})
    });
    let second = node.refused("scantxoutset", json!(["start", ["raw(51)"]]));
    let text = "Scan already in progress, use action \"abort\" or \"status\"";
    assert_eq!(second, (-8, text.to_owned()));
    assert_eq!(node.call("scantxoutset", json!(["abort"])), json!(true));
    let ended = scan.join().unwrap();
    assert_eq!(
        (&ended["success"], &ended["unspents"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(node.call("scantxoutset", json!(["status"])), Value::Null);
    let again = node.call("scantxoutset", json!(["start", ["raw(51)"]]));
    assert_eq!(
        (&again["success"], &again["txouts"]),
        (&json!(true), &json!(110))
    );
}

#[test]
fn blocks_have_figures() {
    let node = node();
    let stats = node.call("getblockstats", json!([110]));
    assert_eq!((&stats["txs"], &stats["ins"]), (&json!(1), &json!(0)));
    assert_eq!(stats["subsidy"], json!(5_000_000_000u64));
    // The commitment to witnesses makes no coin.
    assert_eq!(
        (&stats["outs"], &stats["utxo_increase_actual"]),
        (&json!(2), &json!(1))
    );
    let some = node.call(
        "getblockstats",
        json!([stats["blockhash"], ["height", "txs"]]),
    );
    assert_eq!(some, json!({"height": 110, "txs": 1}));
    let refused = node.refused("getblockstats", json!([110, ["weather"]]));
    assert_eq!(
        refused,
        (-8, "Invalid selected statistic 'weather'".to_owned())
    );
    let refused = node.refused("getblockstats", json!([111]));
    assert_eq!(
        refused,
        (
            -8,
            "Target block height 111 after current tip 110".to_owned()
        )
    );
    let window = node.call("getchaintxstats", json!([10]));
    assert_eq!(
        (&window["txcount"], &window["window_tx_count"]),
        (&json!(111), &json!(10))
    );
    let (code, _) = node.refused("getchaintxstats", json!([110]));
    assert_eq!(code, -8);
    let deployments = node.call("getdeploymentinfo", json!([]));
    assert_eq!(deployments["height"], json!(110));
    assert_eq!(deployments["deployments"]["segwit"]["active"], json!(true));
    let flags = deployments["script_flags"].as_array().unwrap();
    assert!(flags.contains(&json!("TAPROOT")), "{flags:?}");
}

#[test]
fn a_transaction_in_a_block_can_be_proven() {
    let node = node();
    let hash = node.call("getblockhash", json!([50]));
    let txid = node.call("getblock", json!([hash]))["tx"][0].clone();
    // Found by its coin, and by its block.
    let proof = node.call("gettxoutproof", json!([[txid]]));
    assert_eq!(node.call("gettxoutproof", json!([[txid], hash])), proof);
    assert_eq!(node.call("verifytxoutproof", json!([proof])), json!([txid]));
    let text = proof.as_str().unwrap();
    // Another transaction is not in the tree.
    let mut forged = text.to_owned();
    forged.replace_range(170..172, if &text[170..172] == "00" { "01" } else { "00" });
    assert_eq!(node.call("verifytxoutproof", json!([forged])), json!([]));
    let (code, _) = node.refused("verifytxoutproof", json!([&text[..60]]));
    assert_eq!(code, -1);
    let other = node.call("getblockhash", json!([51]));
    let refused = node.refused("gettxoutproof", json!([[txid], other]));
    assert_eq!(
        refused,
        (
            -5,
            "Not all transactions found in specified or retrieved block".to_owned()
        )
    );
    let spending = json!([[{"txid": txid, "vout": 0}]]);
    let spenders = node.call("gettxspendingprevout", spending);
    assert_eq!(spenders, json!([{"txid": txid, "vout": 0}]));
}

#[test]
fn all_coins_are_written_to_a_file() {
    let node = node();
    let info = node.call("gettxoutsetinfo", json!([]));
    // At least what identifies a coin, also before the store has made files of its journal.
    let size = info["disk_size"].as_u64().unwrap();
    assert!((110 * 36..110 * 360).contains(&size), "{size}");
    let dumped = node.call("dumptxoutset", json!(["coins.dat", "latest"]));
    assert_eq!(dumped["coins_written"], json!(110));
    assert_eq!(dumped["txoutset_hash"], info["hash_serialized_3"]);
    assert_eq!(
        (&dumped["base_height"], &dumped["nchaintx"]),
        (&json!(110), &json!(111))
    );
    let file = std::fs::read(node.file("coins.dat")).unwrap();
    assert_eq!(&file[..5], b"utxo\xff");
    assert!(!node.file("coins.dat.incomplete").exists());
    let (code, text) = node.refused("dumptxoutset", json!(["coins.dat", "latest"]));
    assert!(code == -8 && text.contains("already exists"), "{text}");
    // The coins of an older block are those that were there then.
    node.call("generatetodescriptor", json!([5, "raw(51)"]));
    let options = json!({"rollback": 110});
    let again = node.call("dumptxoutset", json!(["again.dat", "rollback", options]));
    assert_eq!(again["base_hash"], dumped["base_hash"]);
    assert_eq!(std::fs::read(node.file("again.dat")).unwrap(), file);
    assert_eq!(node.call("getblockcount", json!([])), json!(115));
    // Nobody told the program what the coins of this block are.
    let (code, text) = node.refused("loadtxoutset", json!(["coins.dat"]));
    assert!(code == -32603 && text.contains("not recognized"), "{text}");
    let states = node.call("getchainstates", json!([]));
    let states = states["chainstates"].as_array().unwrap();
    assert_eq!(states.len(), 1);
    assert_eq!(
        (&states[0]["blocks"], &states[0]["validated"]),
        (&json!(115), &json!(true))
    );
}
