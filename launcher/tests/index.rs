//! The optional indexes as programs use them.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::time::Duration;

use serde_json::{Value, json};
use testkit::process::{COINS, Node, Setup, wait_until};

#[path = "common/draft.rs"]
mod draft;

use draft::{ANYONE, Coin, Draft, REWARD, Spend};

const INDEXES: [&str; 4] = [
    "-txindex",
    "-blockfilterindex",
    "-coinstatsindex",
    "-txospenderindex",
];
/// How long an index may take.
const PATIENCE: Duration = Duration::from_secs(120);

fn setup(coin: &'static str) -> Setup {
    INDEXES.iter().fold(Setup::new(coin), Setup::arg)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Waits until every index has seen the tip.
fn settle(node: &Node) {
    let height = node.call("getblockcount", json!([]));
    wait_until("all indexes at the tip", PATIENCE, || {
        let info = node.call("getindexinfo", json!([]));
        let info = info.as_object().unwrap();
        assert_eq!(info.len(), 4);
        info.values()
            .all(|index| *index == json!({"synced": true, "best_block_height": height}))
    });
}

/// A chain with a payment in its tip.
struct Paid {
    node: Node,
    tip: String,
    /// Who was paid before, and by what.
    first: String,
    payment: String,
    hex: String,
}

impl Paid {
    fn new() -> Self {
        let node = setup("bitcoin").start();
        let to_anyone = json!([101, format!("raw({ANYONE})")]);
        let hashes = node.call("generatetodescriptor", to_anyone);
        let block = node.call("getblock", json!([hashes[0]]));
        let first = text(&block["tx"][0]);
        let coin = Coin {
            place: (first.clone(), 0),
            value: REWARD,
        };
        let draft = Draft::simple(&coin, 1000);
        let payment = text(&node.call("sendrawtransaction", json!([draft.hex()])));
        let tip = node.call("generatetodescriptor", json!([1, "raw(51)"]));
        settle(&node);
        Self {
            node,
            tip: text(&tip[0]),
            first,
            payment,
            hex: draft.hex(),
        }
    }
}

#[test]
fn transactions_are_found_in_blocks() {
    let Paid {
        mut node,
        tip,
        payment,
        hex,
        first,
    } = Paid::new();
    assert_eq!(node.call("getrawtransaction", json!([payment])), json!(hex));
    let told = node.call("getrawtransaction", json!([payment, 2]));
    assert_eq!(told["blockhash"], json!(tip));
    assert_eq!(told["confirmations"], json!(1));
    assert_eq!(told["fee"].to_string(), "0.00001000");
    assert_eq!(told["vin"][0]["prevout"]["height"], json!(1));
    assert!(told.get("in_active_chain").is_none(), "{told}");
    let told = node.call("getrawtransaction", json!([payment, 1, tip]));
    assert_eq!(told["in_active_chain"], json!(true));
    let nothing = "11".repeat(32);
    let missing =
        "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.";
    let refused = node.refused("getrawtransaction", json!([nothing]));
    assert_eq!(refused, (-5, missing.to_owned()));

    let spent = json!({"txid": first, "vout": 0});
    let unspent = json!({"txid": payment, "vout": 0});
    let told = node.call("gettxspendingprevout", json!([[spent, unspent]]));
    let spender = json!({"txid": first, "vout": 0, "spendingtxid": payment, "blockhash": tip});
    assert_eq!(told, json!([spender, unspent]));
    let options = json!({"return_spending_tx": true});
    let told = node.call("gettxspendingprevout", json!([[spent], options]));
    assert_eq!(told[0]["spendingtx"], json!(hex));
    let options = json!({"mempool_only": true});
    let told = node.call("gettxspendingprevout", json!([[spent], options]));
    assert_eq!(told, json!([spent]));

    // A payment that is in no block any more is in the mempool again.
    node.call("invalidateblock", json!([tip]));
    let told = node.call("gettxspendingprevout", json!([[spent]]));
    let spender = json!({"txid": first, "vout": 0, "spendingtxid": payment});
    assert_eq!(told, json!([spender]));
    let told = node.call("getrawtransaction", json!([payment, 1]));
    assert!(told.get("blockhash").is_none(), "{told}");

    node.stop();
    node.start_with(&["-blockfilterindex", "-coinstatsindex"]);
    assert_eq!(
        node.call("getindexinfo", json!([]))
            .as_object()
            .unwrap()
            .len(),
        2
    );
    let options = json!({"mempool_only": false});
    let (code, told) = node.refused("gettxspendingprevout", json!([[unspent], options]));
    let unavailable = "Mempool lacks a relevant spend, and txospenderindex is unavailable.";
    assert_eq!((code, told.as_str()), (-1, unavailable));
}

#[test]
fn figures_of_coins_are_told_for_every_block() {
    let mut node = setup("bitcoin").start();
    let hashes = node.call(
        "generatetodescriptor",
        json!([20, format!("raw({ANYONE})")]),
    );
    settle(&node);
    let at = |node: &Node, place: Value| node.call("gettxoutsetinfo", json!(["muhash", place]));
    let by_height = at(&node, json!(7));
    assert_eq!(by_height, at(&node, hashes[6].clone()));
    assert_eq!(by_height["txouts"], json!(7));
    assert_eq!(by_height["total_amount"].to_string(), "350.00000000");
    assert_eq!(
        by_height["total_unspendable_amount"].to_string(),
        "50.00000000"
    );
    assert_eq!(
        by_height["block_info"]["coinbase"].to_string(),
        "50.00000000"
    );
    let genesis = at(&node, json!(0));
    let lost = &genesis["block_info"]["unspendables"]["genesis_block"];
    assert_eq!(lost.to_string(), "50.00000000");

    // Without the index, or with it: the same of what both tell.
    let counted = json!({"hash_type": "muhash", "use_index": false});
    let counted = node.call("gettxoutsetinfo", counted);
    let indexed = node.call("gettxoutsetinfo", json!(["muhash"]));
    assert!(counted.get("block_info").is_none() && counted["transactions"] == json!(20));
    for field in [
        "height",
        "bestblock",
        "txouts",
        "bogosize",
        "muhash",
        "total_amount",
    ] {
        assert_eq!(counted[field], indexed[field], "{field}");
    }
    refusals_of_heights(&node);

    // A block that left the chain is still told of by its id.
    let away = at(&node, json!(20));
    node.call("invalidateblock", json!([hashes[19]]));
    node.call("generatetodescriptor", json!([2, "raw(51)"]));
    assert_ne!(at(&node, json!(20))["muhash"], away["muhash"]);
    assert_eq!(at(&node, hashes[19].clone()), away);
    node.kill();
    node.start_again();
    assert_eq!(at(&node, json!(7)), by_height);
    assert_eq!(at(&node, hashes[19].clone()), away);
    settle(&node);
    let tip = node.call("gettxoutsetinfo", json!(["muhash"]));
    for way in ["-reindex-chainstate", "-reindex"] {
        node.stop();
        node.start_with(&[&INDEXES[..], &[way]].concat());
        settle(&node);
        assert_eq!(
            node.call("gettxoutsetinfo", json!(["muhash"])),
            tip,
            "{way}"
        );
        assert_eq!(at(&node, json!(7)), by_height, "{way}");
    }
}

fn refusals_of_heights(node: &Node) {
    for (params, code, expected) in [
        (
            json!(["muhash", 21]),
            -8,
            "Target block height 21 after current tip 20",
        ),
        (
            json!(["muhash", -1]),
            -8,
            "Target block height -1 is negative",
        ),
        (json!(["none", "11".repeat(32)]), -5, "Block not found"),
        (
            json!(["hash_serialized_3", 7]),
            -8,
            "hash_serialized_3 hash type cannot be queried for a specific block",
        ),
        (
            json!(["muhash", 7, false]),
            -8,
            "Cannot set use_index to false when querying for a specific block",
        ),
    ] {
        let refused = node.refused("gettxoutsetinfo", params);
        assert_eq!(refused, (code, expected.to_owned()));
    }
}

#[test]
fn what_is_lost_for_good_is_told_by_kind() {
    let node = setup("bitcoin").start();
    let to_anyone = format!("raw({ANYONE})");
    let hashes = node.call("generatetodescriptor", json!([101, to_anyone]));
    let block = node.call("getblock", json!([hashes[0]]));
    let place = (text(&block["tx"][0]), 0);
    // A script that nothing satisfies takes one coin, the miner another.
    let outputs = [(REWARD / 2, ANYONE), (REWARD / 2 - 200_000_000, "6a")];
    let draft = Draft::new(vec![Spend::of(&place)], &outputs);
    node.call("sendrawtransaction", json!([draft.hex(), 0, 23]));
    node.call("generatetodescriptor", json!([1, to_anyone]));
    settle(&node);
    let told = node.call("gettxoutsetinfo", json!(["none", 102]));
    assert_eq!(told["total_unspendable_amount"].to_string(), "73.00000000");
    let block = &told["block_info"];
    assert_eq!(block["unspendables"]["scripts"].to_string(), "23.00000000");
    assert_eq!(
        block["unspendables"]["unclaimed_rewards"].to_string(),
        "0.00000000"
    );
    assert_eq!(block["prevout_spent"].to_string(), "50.00000000");
    assert_eq!(block["new_outputs_ex_coinbase"].to_string(), "25.00000000");
    assert_eq!(block["coinbase"].to_string(), "52.00000000");
}

#[test]
fn blocks_are_found_by_their_filters() {
    let Paid {
        mut node,
        tip,
        payment,
        first,
        ..
    } = Paid::new();
    let filter = node.call("getblockfilter", json!([tip]));
    assert!(text(&filter["filter"]).len() > 2 && text(&filter["header"]).len() == 64);
    assert_eq!(node.call("getblockfilter", json!([tip, "basic"])), filter);
    let wanted = json!([format!("raw({ANYONE})")]);
    let found = node.call("scanblocks", json!(["start", wanted, 102]));
    let expected =
        json!({"from_height": 102, "to_height": 102, "relevant_blocks": [tip], "completed": true});
    assert_eq!(found, expected);
    let options = json!({"filter_false_positives": true});
    let checked = node.call(
        "scanblocks",
        json!(["start", wanted, 0, 102, "basic", options]),
    );
    assert_eq!(checked["relevant_blocks"].as_array().unwrap().len(), 102);
    let other = json!([{"desc": "raw(6a)"}]);
    let found = node.call(
        "scanblocks",
        json!(["start", other, 0, 102, "basic", options]),
    );
    assert_eq!(found["relevant_blocks"], json!([]));
    assert_eq!(node.call("scanblocks", json!(["status"])), Value::Null);
    assert_eq!(node.call("scanblocks", json!(["abort"])), json!(false));

    let activity = node.call("getdescriptoractivity", json!([[tip], wanted]));
    let events = activity["activity"].as_array().unwrap();
    assert_eq!(events.len(), 2, "{activity}");
    assert_eq!(events[0]["type"], json!("spend"));
    assert_eq!(events[0]["prevout_txid"], json!(first));
    assert_eq!(events[0]["spend_txid"], json!(payment));
    assert_eq!(events[1]["type"], json!("receive"));
    assert_eq!(events[1]["blockhash"], json!(tip));
    assert_eq!(events[1]["amount"].to_string(), "49.99999000");
    waiting_payments_are_told_without_a_block(&node, &payment, &wanted);
    refusals_of_filters(&mut node, &tip, &wanted);
}

fn waiting_payments_are_told_without_a_block(node: &Node, payment: &str, wanted: &Value) {
    let coin = Coin {
        place: (payment.to_owned(), 0),
        value: REWARD - 1000,
    };
    let draft = Draft::new(vec![Spend::of(&coin.place)], &[(coin.value - 1000, ANYONE)]);
    node.call("sendrawtransaction", json!([draft.hex()]));
    let activity = node.call("getdescriptoractivity", json!([[], wanted]));
    assert_eq!(
        activity["activity"].as_array().unwrap().len(),
        2,
        "{activity}"
    );
    assert!(activity["activity"][0].get("blockhash").is_none());
    let none = node.call("getdescriptoractivity", json!([[], wanted, false]));
    assert_eq!(none, json!({"activity": []}));
}

fn refusals_of_filters(node: &mut Node, tip: &str, wanted: &Value) {
    for (method, params, code, expected) in [
        (
            "getblockfilter",
            json!([tip, "large"]),
            -5,
            "Unknown filtertype",
        ),
        (
            "getblockfilter",
            json!(["11".repeat(32)]),
            -5,
            "Block not found",
        ),
        (
            "scanblocks",
            json!(["start", wanted, 103]),
            -1,
            "Invalid start_height",
        ),
        (
            "scanblocks",
            json!(["start", wanted, 9, 8]),
            -1,
            "Invalid stop_height",
        ),
        ("scanblocks", json!(["stop"]), -8, "Invalid action 'stop'"),
        (
            "scanblocks",
            json!(["start"]),
            -1,
            "scanobjects argument is required for the start action",
        ),
    ] {
        assert_eq!(node.refused(method, params), (code, expected.to_owned()));
    }
    node.stop();
    node.start_with(&["-txindex"]);
    let refused = node.refused("getblockfilter", json!([tip]));
    let off = "Index is not enabled for filtertype basic";
    assert_eq!(refused, (-1, off.to_owned()));
}

#[test]
fn every_coin_has_its_indexes() {
    for coin in COINS {
        let mut node = setup(coin).start();
        let hashes = node.call("generatetodescriptor", json!([3, "raw(51)"]));
        settle(&node);
        let counted = json!({"hash_type": "muhash", "use_index": false});
        let counted = node.call("gettxoutsetinfo", counted);
        let indexed = node.call("gettxoutsetinfo", json!(["muhash"]));
        for field in ["bestblock", "txouts", "bogosize", "muhash", "total_amount"] {
            assert_eq!(counted[field], indexed[field], "{coin} {field}");
        }
        let block = node.call("getblock", json!([hashes[1]]));
        let told = node.call("getrawtransaction", json!([block["tx"][0], 1]));
        assert_eq!(told["blockhash"], hashes[1], "{coin}");
        let found = node.call("scanblocks", json!(["start", ["raw(51)"], 1]));
        assert_eq!(found["relevant_blocks"], hashes, "{coin}");
        node.stop();
    }
}

#[test]
fn an_index_with_lost_files_names_the_way_out() {
    let mut node = setup("bitcoin").start();
    node.call("generatetodescriptor", json!([5, "raw(51)"]));
    settle(&node);
    node.stop();
    let folder = node.file("indexes/blockfilter/basic");
    std::fs::remove_file(folder.join("fltr00000.dat")).unwrap();
    let ended = node.setup().fail();
    assert_eq!(ended.code, Some(1));
    let starts = "Error: basic block filter index is damaged: a filter is missing at offset ";
    assert!(ended.stderr.starts_with(starts), "{ended:?}");
    let advice = format!(
        "Delete {} and restart: the index is then built anew from the blocks.\n",
        folder.display()
    );
    assert!(ended.stderr.ends_with(&advice), "{ended:?}");
    std::fs::remove_dir_all(&folder).unwrap();
    node.start_again();
    settle(&node);
    let tip = node.call("getbestblockhash", json!([]));
    node.call("getblockfilter", json!([tip]));
}
