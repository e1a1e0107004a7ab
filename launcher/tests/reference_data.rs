//! What the reference's own suite keeps as data for its commands, asked of a node.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use serde_json::{Value, json};
use testkit::core_vectors;
use testkit::process::Setup;

/// Scripts of every kind, and what is said of them.
#[test]
fn scripts_are_described() {
    let Some(cases) = core_vectors("rpc_decodescript.json") else {
        return;
    };
    let node = Setup::new("bitcoin").start();
    for case in cases.as_array().unwrap() {
        let described = node.call("decodescript", json!([case[0]]));
        assert_eq!(described, case[1], "{}", case[0]);
    }
}

/// A chain whose last blocks pay fees, and the figures of those blocks.
#[test]
fn blocks_have_their_figures() {
    let Some(data) = core_vectors("rpc_getblockstats.json") else {
        return;
    };
    let node = Setup::new("bitcoin").start();
    node.call("setmocktime", json!([data["mocktime"]]));
    for block in &data["blocks"].as_array().unwrap()[1..] {
        assert_eq!(node.call("submitblock", json!([block])), Value::Null);
    }
    for stats in data["stats"].as_array().unwrap() {
        let by_height = node.call("getblockstats", json!([stats["height"]]));
        assert_eq!(&by_height, stats);
        let by_hash = node.call("getblockstats", json!([stats["blockhash"]]));
        assert_eq!(&by_hash, stats);
        for (name, figure) in stats.as_object().unwrap() {
            let one = node.call("getblockstats", json!([stats["height"], [name]]));
            assert_eq!(one, json!({ name: figure }));
        }
    }
}
