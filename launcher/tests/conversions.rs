//! What `bitq-cli` sends as JSON, against what node and wallet take.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use testkit::process::{Node, Setup};

/// The client's table. It has the whole interface, also commands that no server of ours has.
const TABLE: &str = include_str!("../../node/src/cli/conversions.txt");

/// Options of `sendall` that the wallet does not take. A name must leave this list when it does.
const NOT_TAKEN: [&str; 11] = [
    "add_to_wallet",
    "conf_target",
    "include_watching",
    "lock_unspents",
    "locktime",
    "maxconf",
    "minconf",
    "psbt",
    "send_max",
    "solving_data",
    "version",
];

/// Names whose arguments are strings in some commands and other values in others.
const MIXED: [&str; 2] = ["dummy", "psbt"];

/// An argument: method, position, name.
type Row = (String, u64, String);

/// The client's arguments that are JSON, and those that are strings.
fn of_client() -> (BTreeSet<Row>, BTreeSet<Row>) {
    let mut json = BTreeSet::new();
    let mut strings = BTreeSet::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let (method, items) = line.split_once(' ').unwrap();
        for item in items.split(' ') {
            let (position, name) = item.split_once(':').unwrap();
            let rows = if name.ends_with('$') {
                &mut strings
            } else {
                &mut json
            };
            let name = name.trim_end_matches(['$', '?']);
            let row = (
                method.to_owned(),
                position.parse().unwrap(),
                name.to_owned(),
            );
            assert!(rows.insert(row), "{method} has {item} twice");
        }
    }
    (json, strings)
}

/// The commands of the server: those with arguments, hidden ones too, and those that `help` lists.
fn methods(node: &Node, rows: &BTreeSet<Row>) -> BTreeSet<String> {
    let list = node.call("help", json!([]));
    let lines = list.as_str().unwrap().lines();
    let listed = lines.filter_map(|line| line.split(' ').next());
    listed
        .chain(rows.iter().map(|(method, ..)| method.as_str()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_client_sends_what_the_commands_take() {
    let node = Setup::new("bitcoin").wallet().start();
    let dump = node.call("help", json!(["dump_all_command_conversions"]));
    let mut json_args = BTreeSet::new();
    let mut all = BTreeSet::new();
    let mut kinds: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    for row in dump.as_array().unwrap() {
        let method = row[0].as_str().unwrap().to_owned();
        let name = row[2].as_str().unwrap().to_owned();
        let is_string = row[3].as_bool().unwrap();
        kinds.entry(name.clone()).or_default().insert(is_string);
        let row = (method, row[1].as_u64().unwrap(), name);
        // `echojson` takes anything: the client's table alone makes its words JSON.
        if !is_string && row.0 != "echojson" {
            json_args.insert(row.clone());
        }
        all.insert(row);
    }
    let methods = methods(&node, &all);
    let served = |row: &&Row| methods.contains(&row.0);
    let (client_json, client_strings) = of_client();
    for row in [("getblock", 1, "verbosity"), ("sendtoaddress", 1, "amount")] {
        let row = (row.0.to_owned(), row.1, row.2.to_owned());
        assert!(json_args.contains(&row), "{row:?} is served");
    }

    let surprising: Vec<_> = json_args.difference(&client_json).collect();
    assert!(
        surprising.is_empty(),
        "sent as strings, taken as JSON: {surprising:?}"
    );
    let missing: Vec<_> = client_json
        .difference(&json_args)
        .filter(served)
        .filter(|row| row.0 != "echojson")
        .collect();
    let mut gaps: Vec<_> = NOT_TAKEN
        .map(|name| ("sendall".to_owned(), 4, name.to_owned()))
        .into();
    gaps.sort();
    assert_eq!(
        missing,
        gaps.iter().collect::<Vec<_>>(),
        "sent as JSON, not taken so"
    );
    let stale: Vec<_> = client_strings.difference(&all).filter(served).collect();
    assert!(stale.is_empty(), "strings nobody takes: {stale:?}");

    kinds.retain(|_, kinds| kinds.len() > 1);
    let mixed: Vec<_> = kinds
        .keys()
        .filter(|name| !MIXED.contains(&name.as_str()))
        .collect();
    assert!(mixed.is_empty(), "one name, two kinds: {mixed:?}");
}

#[test]
fn a_height_or_a_hash_is_one_argument() {
    let node = Setup::new("bitcoin").start();
    let genesis = node.call("getblockhash", json!([0]));
    for wanted in ["0", genesis.as_str().unwrap()] {
        let ended = node.cli(["gettxoutsetinfo", "none", wanted]);
        assert_eq!(ended.code, Some(8));
        assert_eq!(
            ended.stderr,
            "error code: -8\nerror message:\nQuerying specific block heights requires coinstatsindex\n",
            "{wanted}"
        );
    }
}
