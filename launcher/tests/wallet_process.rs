//! The wallet process below a node, or beside it: its death, its successor, and who may be it.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use ipc_schema::{NodeEvent, NodeTopics, WalletIntroduction, WalletLink};
use serde_json::json;
use testkit::process::{
    Folder, Node, PATIENCE, Setup, Signal, children, free_port, is_alive, program, signal,
    wait_for, wait_until,
};

use testkit::vectors_dir;
use window::{Spawned, Window, client, hello};

/// A node with a wallet that is opened with each start.
fn node_with_wallet() -> Node {
    let node = Setup::new("bitquantum").wallet().start();
    node.call(
        "createwallet",
        json!({"wallet_name": "w", "load_on_startup": true}),
    );
    node
}

#[test]
fn a_dead_wallet_process_is_reported_and_comes_back() {
    let mut node = node_with_wallet();
    let first = node.wallet_pid();
    signal(first, Signal::KILL);
    let failure = wait_for("the node to notice", PATIENCE, || {
        node.try_call("listwallets", json!([])).err()
    });
    assert_eq!(failure.code(), -18, "{failure}");
    assert!(failure.message().contains("wallet process"), "{failure}");
    // Everything else goes on.
    node.call("generatetodescriptor", json!([1, "raw(51)"]));
    assert_eq!(node.call("getblockcount", json!([])), json!(1));
    wait_until("the wallet to come back", PATIENCE, || {
        node.try_call("listwallets", json!([]))
            .is_ok_and(|names| names == json!(["w"]))
    });
    assert_ne!(node.wallet_pid(), first);
    node.wait_for_log("The wallet process is gone");
    node.stop();
}

#[test]
fn wallets_are_open_again_after_a_crash_of_their_process() {
    let mut node = node_with_wallet();
    for name in ["kept", "closed", "broken"] {
        node.call("createwallet", json!([name]));
    }
    node.call("unloadwallet", json!(["closed"]));
    let address = node
        .client()
        .call("/wallet/kept", "getnewaddress", &json!([]))
        .unwrap();
    // A wallet that cannot be opened does not keep the others closed.
    let broken = node.file("wallets").join("broken").join("wallet.dat");
    fs::write(broken, b"not a wallet").unwrap();
    signal(node.wallet_pid(), Signal::KILL);
    wait_until("the node to notice", PATIENCE, || {
        node.try_call("listwallets", json!([])).is_err()
    });
    wait_until("the wallets to come back", PATIENCE, || {
        node.try_call("listwallets", json!([]))
            .is_ok_and(|names| names == json!(["w", "kept"]))
    });
    node.wait_for_log("Wallet broken cannot be opened again");
    let info = node
        .client()
        .call("/wallet/kept", "getaddressinfo", &json!([address]));
    assert_eq!(info.unwrap()["ismine"], json!(true));
    // An ordered start opens what is to be opened with every start, and nothing else.
    node.restart();
    assert_eq!(node.call("listwallets", json!([])), json!(["w"]));
}

#[test]
fn a_wallet_process_that_keeps_dying_waits_for_its_user() {
    let node = Setup::new("bitquantum")
        .wallet()
        .arg("-ipcbind=unix")
        .start();
    let mut last = 0;
    // The first death, and three more soon after a start.
    for _ in 0..4 {
        last = wait_for("a new wallet process", PATIENCE, || {
            let found = children(node.pid(), "bitq-wallet").first().copied();
            found.filter(|pid| *pid != last)
        });
        wait_until("the wallet to answer", PATIENCE, || {
            node.try_call("listwallets", json!([])).is_ok()
        });
        signal(last, Signal::KILL);
    }
    node.wait_for_log("it is not started again by itself");
    let failure = node.try_call("listwallets", json!([])).unwrap_err();
    assert_eq!(failure.code(), -18, "{failure}");
    assert!(failure.message().contains("killed"), "{failure}");

    let window = Window::new();
    window.runtime.block_on(async {
        let connection = window.ipc.connect(&node.file("node.sock")).await.unwrap();
        connection.hello(hello()).await.unwrap();
        let node = connection.node().await.unwrap();
        node.restart_wallet().await.unwrap();
    });
    wait_until("the wallet to come back", PATIENCE, || {
        node.try_call("listwallets", json!([])).is_ok()
    });
}

#[test]
fn wallets_are_announced_while_the_chain_loads() {
    let Some(vectors) = vectors_dir() else { return };
    let file = vectors.join("regtest/chain.dat");
    let mut node = Setup::new("bitcoin")
        .wallet()
        .arg(format!("-loadblock={}", file.display()))
        .start();
    node.stop();
    node.spawn_with(&["-ipcbind=unix", "-reindex-chainstate"]);
    let window = Window::new();
    let socket = node.file("node.sock");
    let status = wait_for("the first word of the node", PATIENCE, || {
        window.runtime.block_on(async {
            let connection = window.ipc.connect(&socket).await.ok()?;
            connection.hello(hello()).await.ok()?;
            let node = connection.node().await.ok()?;
            let mut events = node.subscribe(NodeTopics::ALL).await.ok()?;
            while let Some(event) = events.recv().await {
                if let NodeEvent::Status(status) = event {
                    return Some(status);
                }
            }
            None
        })
    });
    assert_ne!(status.wallet.link, WalletLink::Off, "{:?}", status.phase);
    node.wait_until_ready();
    node.stop();
}

#[test]
fn a_node_that_stops_starts_no_wallet_again() {
    let mut node = node_with_wallet();
    let wallet = node.wallet_pid();
    node.call("stop", json!([]));
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(!is_alive(wallet));
}

#[test]
fn a_stopped_wallet_process_holds_nobody_up() {
    let mut node = node_with_wallet();
    let wallet = node.wallet_pid();
    signal(wallet, Signal::STOP);
    node.call("generatetodescriptor", json!([50, "raw(51)"]));
    assert_eq!(node.call("getblockcount", json!([])), json!(50));
    let client = node.client();
    let answer = std::thread::spawn(move || client.call("/wallet/w", "getwalletinfo", &json!([])));
    node.call("generatetodescriptor", json!([50, "raw(51)"]));
    assert!(!answer.is_finished(), "the wallet cannot have answered");
    signal(wallet, Signal::CONT);
    answer.join().unwrap().unwrap();
    let tip = node.call("getbestblockhash", json!([]));
    wait_until("the wallet to catch up", PATIENCE, || {
        let info = node.call("getwalletinfo", json!([]));
        info["lastprocessedblock"]["hash"] == tip
    });
    assert_eq!(node.wallet_pid(), wallet);
    node.stop();
}

#[test]
fn an_interrupt_reaches_the_whole_group_in_order() {
    let mut node = node_with_wallet();
    let wallet = node.wallet_pid();
    // As Ctrl-C in a terminal does.
    let line = "[bitq-wallet] SIGINT received — waiting for parent to shut down.\n";
    signal(wallet, Signal::INT);
    wait_until("the wallet process to say so", PATIENCE, || {
        node.stderr() == line
    });
    node.signal(Signal::INT);
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr, line);
    assert!(!is_alive(wallet));
    node.start_again();
    assert_eq!(node.call("listwallets", json!([])), json!(["w"]));
}

#[test]
fn the_error_of_a_wallet_process_is_the_nodes_own() {
    let setup = Setup::new("bitquantum").wallet().arg("-walletdir=/nowhere");
    let ended = setup.fail();
    let line = "Error: Specified -walletdir \"/nowhere\" does not exist\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), line));
}

/// The way to the wallets of a node that listens at `socket`.
async fn introduction(window: &Window, socket: &std::path::Path) -> WalletIntroduction {
    let connection = window.ipc.connect(socket).await.unwrap();
    connection.hello(hello()).await.unwrap();
    let node = connection.node().await.unwrap();
    node.introduce_wallet().await.unwrap()
}

fn assert_owners_alone(path: &std::path::Path) {
    let meta = fs::symlink_metadata(path).unwrap();
    assert!(meta.file_type().is_socket(), "{}", path.display());
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_wallets_own_socket_opens_to_one_use_of_a_token() {
    let setup = Setup::new("bitquantum").wallet().arg("-ipcbind=unix");
    let mut node = setup.start();
    let window = Window::new();
    window.runtime.block_on(async {
        let way = introduction(&window, &node.file("node.sock")).await;
        assert_eq!(PathBuf::from(&way.path), node.file("wallet.sock"));
        assert_owners_alone(&node.file("wallet.sock"));
        let identity = || hello().identity;
        let mut wrong = way.clone();
        wrong.token = ipc_schema::Secret::new(vec![7; 32]);
        let refused = window.ipc.connect_wallet(wrong, identity()).await;
        assert!(refused.is_err());
        let (open, wallets) = window
            .ipc
            .connect_wallet(way.clone(), identity())
            .await
            .unwrap();
        assert!(wallets.wallets().await.unwrap().is_empty());
        assert!(window.ipc.connect_wallet(way, identity()).await.is_err());
        // Nothing else is to be had there.
        assert!(open.node().await.is_err());
        assert!(open.chain().await.is_err());
        assert!(open.rpc().await.is_err());
    });
    node.stop();
    assert!(!node.file("wallet.sock").exists());
}

#[test]
fn a_long_path_leads_the_wallets_socket_elsewhere() {
    let folder = Folder::new();
    let (data, runtime) = (
        folder.data().join("d".repeat(90)),
        folder.path().join("run"),
    );
    fs::create_dir(&data).unwrap();
    fs::create_dir(&runtime).unwrap();
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();
    let (socket, port) = (folder.path().join("n.sock"), free_port());
    let output = Folder::new();
    let open = |name| fs::File::create(output.path().join(name)).unwrap();
    let child = Command::new(program("bitq-node"))
        .arg(format!("-datadir={}", data.display()))
        .arg(format!("-rpcport={port}"))
        .arg(format!("-ipcbind=unix:{}", socket.display()))
        .args([
            "-coin=bitquantum",
            "-regtest",
            "-listen=0",
            "-printtoconsole=0",
        ])
        .env("XDG_RUNTIME_DIR", &runtime)
        .stdin(Stdio::null())
        .stdout(open("stdout"))
        .stderr(open("stderr"))
        .spawn()
        .unwrap();
    let mut node = Spawned {
        child,
        socket: None,
        folder: output,
    };
    let client = client(&data, port);
    let window = Window::new();
    let place = window.runtime.block_on(async {
        let way = introduction(&window, &socket).await;
        let place = PathBuf::from(&way.path);
        let found = window.ipc.connect_wallet(way, hello().identity).await;
        assert!(found.unwrap().1.wallets().await.unwrap().is_empty());
        place
    });
    assert_eq!(place.parent().unwrap(), runtime);
    assert_owners_alone(&place);
    client.call("/", "stop", &json!([])).unwrap();
    let ended = node.wait(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(!place.exists());
}
