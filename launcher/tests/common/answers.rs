//! What a node says of blocks, and of its indexes.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use serde_json::{Value, json};
use testkit::process::{Node, PATIENCE, RpcFailure, wait_until};

/// The options that turn all indexes on.
pub(crate) const INDEXES: [&str; 4] = [
    "-txindex",
    "-blockfilterindex",
    "-coinstatsindex",
    "-txospenderindex",
];

/// Height and id of the tip.
pub(crate) fn tip(node: &Node) -> (u64, String) {
    let info = node.call("getblockchaininfo", json!([]));
    let hash = info["bestblockhash"].as_str().unwrap().to_owned();
    (info["blocks"].as_u64().unwrap(), hash)
}

/// The set hash of the coins themselves, whatever an index says of them.
pub(crate) fn muhash(node: &Node) -> Value {
    let wish = json!({"hash_type": "muhash", "use_index": false});
    node.call("gettxoutsetinfo", wish)["muhash"].clone()
}

/// Waits until every index stands at the tip.
pub(crate) fn settle(node: &Node) {
    let height = json!(tip(node).0);
    wait_until("all indexes at the tip", PATIENCE, || {
        let info = node.call("getindexinfo", json!([]));
        let info = info.as_object().unwrap();
        assert_eq!(info.len(), 4);
        let arrived =
            |index: &Value| index["synced"] == json!(true) && index["best_block_height"] == height;
        info.values().all(arrived)
    });
}

/// What there is to ask of a block: its id, its last transaction and what that spends first.
pub(crate) struct Question {
    pub(crate) height: u64,
    hash: Value,
    txid: Value,
    spends: Value,
}

impl Question {
    pub(crate) fn new(node: &Node, height: u64) -> Self {
        let hash = node.call("getblockhash", json!([height]));
        let block = node.call("getblock", json!([hash]));
        let txid = block["tx"].as_array().unwrap().last().unwrap().clone();
        let tx = node.call("getrawtransaction", json!([txid, 1, hash]));
        let input = &tx["vin"][0];
        let spends = match input["txid"].is_string() {
            true => json!([{"txid": input["txid"], "vout": input["vout"]}]),
            // Nothing can spend an output that is not there.
            false => json!([{"txid": txid, "vout": 4_000_000}]),
        };
        Self {
            height,
            hash,
            txid,
            spends,
        }
    }

    /// Asks every index: the coins' hash, the filter, the transaction's block, and who spends.
    pub(crate) fn ask(&self, node: &Node) -> [Result<Value, RpcFailure>; 4] {
        let ask = |method, params| node.try_call(method, params);
        let coins = ask("gettxoutsetinfo", json!(["muhash", self.height]));
        let place = ask("getrawtransaction", json!([self.txid, 1]));
        [
            coins.map(|coins| coins["muhash"].clone()),
            ask("getblockfilter", json!([self.hash])),
            place.map(|place| place["blockhash"].clone()),
            ask("gettxspendingprevout", json!([self.spends])),
        ]
    }
}
