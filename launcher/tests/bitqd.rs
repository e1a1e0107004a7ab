//! Node and wallet in one process, as a real one.

use serde_json::{Value, json};
use testkit::process::{Setup, sats};

fn bitqd() -> Setup {
    Setup::new("bitcoin").program("bitqd", &[])
}

/// The numbers of the processes that `pid` started and that still run.
fn children(pid: u32) -> String {
    let path = format!("/proc/{pid}/task/{pid}/children");
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn a_socket_for_others_is_refused() {
    for option in ["-ipcbind=unix", "-ipcconnect=unix"] {
        let ended = bitqd().arg(option).fail();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let expected =
            format!("Error: Error parsing command line arguments: Invalid parameter {option}\n");
        assert_eq!(ended.stderr, expected);
    }
}

#[test]
fn node_and_wallet_work_in_one_process() {
    let mut daemon = bitqd().wallet().start();
    assert_eq!(
        children(daemon.pid()),
        "",
        "the wallet has no process of its own"
    );
    assert_eq!(daemon.call("createwallet", json!(["w"]))["name"], "w");
    let address = daemon.call("getnewaddress", json!([]));
    daemon.call("generatetoaddress", json!([101, address]));
    let mature = || {
        let balances = daemon.call("getbalances", json!([]));
        sats(&balances["mine"]["trusted"])
    };
    assert_eq!(mature(), 50_0000_0000);

    let sent = daemon.call("sendtoaddress", json!([address, 1.0]));
    let pool = daemon.call("getrawmempool", json!([]));
    assert_eq!(
        pool,
        Value::Array(vec![sent]),
        "the wallet's transaction is the node's"
    );

    daemon.restart();
    assert_eq!(
        daemon.call("listwallets", json!([])),
        json!(["w"]),
        "loaded again at the start"
    );
    assert_eq!(daemon.call("getblockcount", json!([])), 101);
    daemon.stop();
}
