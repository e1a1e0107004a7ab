//! The settings page against real processes: whatever it stores, node and wallet start again.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use std::collections::BTreeMap;
use std::fs;

use ipc_schema::SettingInfo;
use testkit::process::{Node, Setup};

use window::{Window, hello};

/// Values of every kind. The last one that an option takes stays.
const VALUES: [&str; 12] = [
    "5",
    "9223372036854775807",
    "-1",
    "\"zz\"",
    "\"bitcoin\"",
    "\"bech32m\"",
    "\"0.0001\"",
    "[\"zz\"]",
    "[\"rpc\"]",
    "[\"127.0.0.1\"]",
    "true",
    "false",
];

/// Without these the test itself would not hear of the node.
const KEPT: [&str; 2] = ["server", "rpcallowip"];

fn settings(window: &Window, node: &Node) -> Vec<SettingInfo> {
    window.runtime.block_on(async {
        let connection = window.ipc.connect(&node.file("node.sock")).await.unwrap();
        connection.hello(hello()).await.unwrap();
        connection.node().await.unwrap().settings().await.unwrap()
    })
}

#[test]
fn whatever_is_stored_the_next_start_succeeds() {
    let mut node = Setup::new("bitcoin").wallet().arg("-ipcbind=unix").start();
    let window = Window::new();
    let mut stored = BTreeMap::new();
    window.runtime.block_on(async {
        let connection = window.ipc.connect(&node.file("node.sock")).await.unwrap();
        connection.hello(hello()).await.unwrap();
        let handle = connection.node().await.unwrap();
        for info in handle.settings().await.unwrap() {
            for value in VALUES {
                let result = handle
                    .set_setting(info.name.clone(), Some(value.to_owned()))
                    .await;
                assert!(
                    result.is_err() || !info.read_only,
                    "{} took {value}",
                    info.name
                );
                if result.is_ok() {
                    stored.insert(info.name.clone(), value.to_owned());
                }
            }
        }
        for name in KEPT {
            handle.set_setting(name.to_owned(), None).await.unwrap();
            stored.remove(name);
        }
    });
    assert!(stored.len() > 10, "{stored:?}");
    node.stop();
    // Without a wallet the wallet's options would not be looked at.
    assert_eq!(stored["disablewallet"], "false");
    node.start_again();
    let after = settings(&window, &node);
    for (name, value) in &stored {
        let info = after.iter().find(|info| info.name == *name).unwrap();
        assert_eq!(info.stored, *value, "{name}");
    }
    node.stop();
}

#[test]
fn a_stored_value_that_stops_the_start_is_found() {
    for (text, fault) in [
        ("{\"prune\": 5}", "Prune configured below the minimum"),
        ("{\"debug\": \"abc\"}", "Unsupported logging category"),
        ("{\"rpcallowip\": \"x\"}", "Invalid -rpcallowip subnet"),
        ("{\"coin\": \"bitcoin\"}", "coin cannot be set in a file"),
    ] {
        let setup = Setup::new("bitcoin");
        let path = setup.network_dir().join("settings.json");
        fs::create_dir(setup.network_dir()).unwrap();
        fs::write(&path, text).unwrap();
        let ended = setup.fail();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(fault), "{ended:?}");
        assert!(
            ended.stderr.contains(&path.display().to_string()),
            "{ended:?}"
        );
    }
    let setup = Setup::new("bitcoin").wallet();
    let path = setup.network_dir().join("settings.json");
    fs::create_dir(setup.network_dir()).unwrap();
    fs::write(&path, "{\"addresstype\": \"abc\"}").unwrap();
    let ended = setup.fail();
    assert!(
        ended.stderr.contains("Unknown address type 'abc'"),
        "{ended:?}"
    );
    assert!(
        ended.stderr.contains(&path.display().to_string()),
        "{ended:?}"
    );
}
