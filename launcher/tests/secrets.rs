//! What must not be written down anywhere.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use serde_json::json;
use testkit::process::{Node, Setup, read_text};

/// Everything that the processes of a node wrote.
fn everything_said(node: &Node) -> String {
    let mut said = node.log() + &node.stderr();
    for entry in std::fs::read_dir(node.setup().data().path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            said += &read_text(&path);
        }
    }
    said
}

#[test]
fn passphrases_stand_in_no_log() {
    let secrets = [
        "first secret phrase",
        "second secret phrase",
        "a wrong phrase",
    ];
    let mut node = Setup::new("bitquantum")
        .wallet()
        .arg("-ipcbind=unix")
        .arg("-debug")
        .arg("-loglevel=trace")
        .start();
    node.call(
        "createwallet",
        json!({"wallet_name": "a", "passphrase": secrets[0]}),
    );
    node.call("createwallet", json!(["b"]));
    node.cli_ok(["-rpcwallet=b", "encryptwallet", secrets[1]]);
    // Over HTTP and over the socket, rightly and wrongly.
    for way in ["-noipcconnect", "-ipcconnect=unix"] {
        node.cli_ok([way, "-rpcwallet=a", "walletpassphrase", secrets[0], "60"]);
        node.cli_ok([way, "-rpcwallet=b", "walletpassphrase", secrets[1], "60"]);
        let wrong = node.cli([way, "-rpcwallet=a", "walletpassphrase", secrets[2], "60"]);
        assert_eq!(wrong.code, Some(14), "{wrong:?}");
    }
    node.stop();
    let said = everything_said(&node);
    assert!(
        said.contains("method=walletpassphrase"),
        "the log is at trace level"
    );
    for secret in secrets {
        assert!(!said.contains(secret), "{secret:?} was logged");
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!said.contains(&hex), "{secret:?} was logged in hexadecimal");
    }
}
