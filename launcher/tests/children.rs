//! Processes that belong together: a node below a window, a wallet below a node, and what each does when another one
//! dies.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ipc_schema::{NodeEvent, NodeTopics};
use serde_json::json;
use testkit::process::{
    Ended, Folder, PATIENCE, RpcClient, Setup, Signal, children, free_port, is_alive, program,
    read_text, signal, wait_for, wait_until,
};

use window::{Window, client, hello, options, spawn};

/// How long a child may take to end after its parent did.
const FAREWELL: Duration = Duration::from_secs(5);

#[test]
fn a_child_ends_with_its_silent_parent() {
    for name in ["bitq-node", "bitq-wallet", "bitqd"] {
        let mut child = spawn(name);
        drop(child.socket.take());
        let ended = child.wait(FAREWELL);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{name}");
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn a_child_leaves_an_interrupt_to_its_parent() {
    for name in ["bitq-node", "bitq-wallet"] {
        let mut child = spawn(name);
        let line = format!("[{name}] SIGINT received — waiting for parent to shut down.\n");
        // The handler stands soon after the start; until then the signal would end the process.
        wait_until("a handler for SIGINT", PATIENCE, || {
            catches_interrupt(child.child.id())
        });
        signal(child.child.id(), Signal::INT);
        wait_until("the line", PATIENCE, || child.stderr() == line);
        assert!(child.child.try_wait().unwrap().is_none());
        drop(child.socket.take());
        assert_eq!(child.wait(FAREWELL).code, Some(0));
    }
}

fn catches_interrupt(pid: u32) -> bool {
    let status = read_text(Path::new(&format!("/proc/{pid}/status")));
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (Signal::INT.as_raw() - 1) & 1 == 1)
}

#[test]
fn a_child_takes_one_number_and_nothing_else() {
    let run = |args: &[&str]| -> Ended {
        let command = Command::new(program("bitq-node")).args(args).output();
        command.unwrap().into()
    };
    let ended = run(&["-ipcfd", "3", "-regtest"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "Error: Error parsing command line arguments: Invalid parameter -ipcfd\n"
    );
    let ended = run(&["-ipcfd", "three"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .stderr
            .starts_with("Error: Invalid -ipcfd number 'three' ("),
        "{ended:?}"
    );
    let ended = run(&["-ipcfd", "77"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .stderr
            .starts_with("Error: Invalid -ipcfd number '77' ("),
        "{ended:?}"
    );
}

#[test]
fn a_window_starts_a_node_and_takes_it_along() {
    let (window, mut node, port) = (Window::new(), spawn("bitq-node"), free_port());
    let data = node.folder.data();
    let connection = window.start(&mut node, options(&data, port, &[])).unwrap();
    let client = client(&data, port);
    assert_eq!(
        client.call("/", "listwallets", &json!([])).unwrap(),
        json!([])
    );
    let wallet = children(node.child.id(), "bitq-wallet");
    assert_eq!(wallet.len(), 1);
    connection.close();
    let ended = node.wait(FAREWELL);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    wait_until("the wallet process to end", FAREWELL, || {
        !is_alive(wallet[0])
    });
    assert!(!data.join("regtest/.cookie").exists());
}

#[test]
fn node_and_wallet_in_one_process_serve_a_window_too() {
    let (window, mut node, port) = (Window::new(), spawn("bitqd"), free_port());
    let data = node.folder.data();
    let connection = window.start(&mut node, options(&data, port, &[])).unwrap();
    assert!(children(node.child.id(), "bitq-wallet").is_empty());
    window.runtime.block_on(async {
        let way = connection.node().await.unwrap().introduce_wallet().await;
        let found = window.ipc.connect_wallet(way.unwrap(), hello().identity);
        let (_open, wallets) = found.await.unwrap();
        assert!(wallets.wallets().await.unwrap().is_empty());
    });
    connection.close();
    let ended = node.wait(FAREWELL);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_windows_node_says_why_it_does_not_start() {
    let mut taken = Setup::new("bitquantum").start();
    let (window, mut node) = (Window::new(), spawn("bitq-node"));
    let data = taken.setup().data().data();
    let error = window.start(&mut node, options(&data, free_port(), &[]));
    let expected = format!(
        "Cannot obtain a lock on directory {}. bitq is probably already running.",
        data.join("regtest").display()
    );
    assert_eq!(error.unwrap_err().text, expected);
    drop(window);
    let ended = node.wait(FAREWELL);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
    taken.stop();

    // The wallet process is a step further away; its words come all the same.
    let (window, mut node) = (Window::new(), spawn("bitq-node"));
    let options = options(
        &node.folder.data(),
        free_port(),
        &[("walletdir", "/nowhere")],
    );
    let error = window.start(&mut node, options).unwrap_err();
    assert_eq!(
        error.text,
        "Specified -walletdir \"/nowhere\" does not exist"
    );
    drop(window);
    assert_eq!(node.wait(FAREWELL).code, Some(1));
}

#[test]
fn a_detached_node_outlives_its_window() {
    let (window, mut node, port) = (Window::new(), spawn("bitq-node"), free_port());
    let data = node.folder.data();
    let connection = window
        .start(&mut node, options(&data, port, &[("disablewallet", "1")]))
        .unwrap();
    let path = window.runtime.block_on(async {
        let node = connection.node().await.unwrap();
        node.detach().await.unwrap()
    });
    let path = PathBuf::from(path);
    assert_eq!(path, data.join("regtest/node.sock"));
    connection.close();
    drop(window);
    let client = client(&data, port);
    client
        .call("/", "generatetodescriptor", &json!([1, "raw(51)"]))
        .unwrap();
    assert!(node.child.try_wait().unwrap().is_none());

    // Another window finds it at the usual place, and may end it.
    let second = Window::new();
    second.runtime.block_on(async {
        let connection = second.ipc.connect(&path).await.unwrap();
        let session = connection.hello(hello()).await.unwrap();
        assert_eq!(session.identity.coin, "bitquantum");
        assert_eq!(session.identity.network, "regtest");
        connection.node().await.unwrap().stop().await.unwrap();
    });
    let ended = node.wait(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

/// Not a test: the parent that the tests below kill. Its folder says what it is to do.
#[test]
#[ignore = "helper process of a test"]
fn helper_that_is_killed() {
    let Ok(folder) = std::env::var("BITQ_TEST_PARENT") else {
        return;
    };
    let folder = PathBuf::from(folder);
    let port = read_text(&folder.join("port")).parse().unwrap();
    let (window, mut node) = (Window::new(), spawn("bitq-node"));
    let data = folder.join("data");
    let connection = window.start(&mut node, options(&data, port, &[])).unwrap();
    window.runtime.block_on(async {
        if folder.join("detach").exists() {
            let node = connection.node().await.unwrap();
            node.detach().await.unwrap();
        }
        std::fs::write(folder.join("pid"), node.child.id().to_string()).unwrap();
        let topics = NodeTopics {
            status: true,
            log: true,
            ..NodeTopics::default()
        };
        let node = connection.node().await.unwrap();
        let mut events = node.subscribe(topics).await.unwrap();
        while let Some(event) = events.recv().await {
            if let NodeEvent::Status(status) = event {
                let height = status.tip.map_or(0, |tip| tip.height);
                let seen = folder.join("seen");
                std::fs::write(&seen, height.to_string()).unwrap();
            }
        }
    });
}

/// A window with a node, in a process that can be killed.
struct Parent {
    process: Child,
    node: u32,
    client: RpcClient,
}

impl Parent {
    fn start(folder: &Folder) -> Self {
        let port = free_port();
        std::fs::write(folder.path().join("port"), port.to_string()).unwrap();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper_that_is_killed", "--ignored"])
            .args(["--nocapture"])
            .env("BITQ_TEST_PARENT", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let node = wait_for("the node's number", PATIENCE, || {
            read_text(&folder.path().join("pid")).parse().ok()
        });
        let client = client(&folder.data(), port);
        Self {
            process,
            node,
            client,
        }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_killed_parent_takes_its_children_along() {
    let folder = Folder::new();
    let mut parent = Parent::start(&folder);
    parent
        .client
        .call("/", "createwallet", &json!(["w"]))
        .unwrap();
    let wallets = children(parent.node, "bitq-wallet");
    parent.kill();
    wait_until("node and wallet to end", FAREWELL, || {
        !is_alive(parent.node) && wallets.iter().all(|wallet| !is_alive(*wallet))
    });
    // In order: nothing is left behind, and the wallet opens.
    let network = folder.data().join("regtest");
    assert!(!network.join(".cookie").exists());
    let log = read_text(&network.join("debug.log"));
    assert!(log.contains("Shutdown done"), "{log}");
    let mut node = Setup::new("bitquantum").folder(folder).wallet().start();
    node.call("loadwallet", json!(["w"]));
    node.stop();
}

#[test]
fn a_detached_node_outlives_a_killed_window() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("detach"), "").unwrap();
    let mut parent = Parent::start(&folder);
    parent.kill();
    // It would end within this time, as the test above shows.
    let mine = json!([1, "raw(51)"]);
    let deadline = std::time::Instant::now() + Duration::from_secs(1);
    while std::time::Instant::now() < deadline {
        let client = &parent.client;
        client.call("/", "generatetodescriptor", &mine).unwrap();
    }
    assert!(is_alive(parent.node));
    assert_eq!(children(parent.node, "bitq-wallet").len(), 1);
    parent.client.call("/", "stop", &json!([])).unwrap();
    wait_until("the node to end", PATIENCE, || !is_alive(parent.node));
}

#[test]
fn a_stopped_window_holds_nobody_up() {
    let folder = Folder::new();
    let mut parent = Parent::start(&folder);
    let mine = |count: u32| {
        let blocks = json!([count, "raw(51)"]);
        let made = parent.client.call("/", "generatetodescriptor", &blocks);
        made.unwrap();
    };
    mine(1);
    let seen = || read_text(&folder.path().join("seen"));
    wait_until("the window to see a block", PATIENCE, || seen() == "1");
    signal(parent.process.id(), Signal::STOP);
    mine(300);
    let count = parent.client.call("/", "getblockcount", &json!([]));
    assert_eq!(count.unwrap(), json!(301));
    signal(parent.process.id(), Signal::CONT);
    wait_until("the window to catch up", PATIENCE, || seen() == "301");
    parent.kill();
    wait_until("the node to end", FAREWELL, || !is_alive(parent.node));
}

#[test]
fn a_killed_parent_ends_a_rescan() {
    let folder = Folder::new();
    let mut parent = Parent::start(&folder);
    let call = |method: &str, params| parent.client.call("/", method, &params).unwrap();
    call("createwallet", json!(["w"]));
    call("generatetodescriptor", json!([2_000, "raw(51)"]));
    let wallets = children(parent.node, "bitq-wallet");
    let rescan = {
        let client = parent.client.clone();
        std::thread::spawn(move || client.call("/", "rescanblockchain", &json!([])))
    };
    wait_until("the rescan", PATIENCE, || {
        call("getwalletinfo", json!([]))["scanning"] != json!(false) || rescan.is_finished()
    });
    parent.kill();
    wait_until("node and wallet to end", FAREWELL, || {
        !is_alive(parent.node) && wallets.iter().all(|wallet| !is_alive(*wallet))
    });
    // Its connection ended with the node, or it was the quicker one.
    drop(rescan.join().unwrap());
    let mut node = Setup::new("bitquantum").folder(folder).wallet().start();
    node.call("loadwallet", json!(["w"]));
    node.stop();
}
