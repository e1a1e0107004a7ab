//! Processes that belong together: a node below a window, a wallet below a node, and what each does when another one
//! dies.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ipc_schema::{FaultCode, Hello, Identity, IpcError, NodeEvent, NodeTopics, Role};
use serde_json::json;
use testkit::process::{
    Ended, Folder, PATIENCE, RpcClient, Setup, Signal, children, free_port, is_alive, program,
    read_text, signal, wait_for, wait_until,
};

use window::{Window, client, hello, options, spawn};

/// How long a child with little to do may take to end after its parent did: 5 s, and what a machine at work takes
/// to give it its turn.
const FAREWELL: Duration = Duration::from_secs(20);

#[test]
fn a_child_ends_with_its_silent_parent() {
    for name in ["bitq-node", "bitq-wallet", "bitqd"] {
        let mut child = spawn(name);
        // It has come as far as waiting for its parent; the start of a process takes what it takes.
        wait_until("the child to wait", PATIENCE, || {
            catches_interrupt(child.child.id())
        });
        drop(child.socket.take());
        let ended = child.wait(FAREWELL);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{name}");
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn a_child_leaves_an_interrupt_to_its_parent() {
    for name in ["bitq-node", "bitq-wallet", "bitqd"] {
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
    for name in ["bitq-node", "bitq-wallet", "bitqd"] {
        one_number_and_nothing_else(name);
    }
}

fn one_number_and_nothing_else(name: &str) {
    let run = |args: &[&str]| -> Ended {
        let command = Command::new(program(name)).args(args).output();
        command.unwrap().into()
    };
    let ended = run(&["-ipcfd", "3", "-regtest"]);
    assert_eq!(ended.code, Some(1), "{name} {ended:?}");
    let expected = "Error parsing command line arguments: Invalid parameter -ipcfd\n";
    // The tool that the wallet program is as well says it without the word in front, as Core's does.
    let text = ended.stderr.strip_prefix("Error: ");
    assert_eq!(text.unwrap_or(&ended.stderr), expected, "{name}");
    assert_eq!(text.is_some(), name != "bitq-wallet", "{name}");
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
    wait_until("the wallet process to end", PATIENCE, || {
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

    // Nobody else would hear an interrupt for it any more.
    signal(node.child.id(), Signal::INT);
    let ended = node.wait(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(read_text(&data.join("regtest/debug.log")).contains("Shutdown done"));
}

#[test]
fn another_window_finds_a_detached_node_and_may_end_it() {
    let (window, mut node, port) = (Window::new(), spawn("bitq-node"), free_port());
    let data = node.folder.data();
    let connection = window
        .start(&mut node, options(&data, port, &[("disablewallet", "1")]))
        .unwrap();
    let path = window.runtime.block_on(async {
        let node = connection.node().await.unwrap();
        PathBuf::from(node.detach().await.unwrap())
    });
    connection.close();
    drop(window);
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

impl Drop for Parent {
    fn drop(&mut self) {
        // Of a test that failed nothing may be left, not even a node that was let go.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() && is_alive(self.node) {
            signal(self.node, Signal::KILL);
        }
    }
}

impl Parent {
    fn start(folder: &Folder) -> Self {
        let port = free_port();
        std::fs::write(folder.path().join("port"), port.to_string()).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper_that_is_killed", "--ignored"])
            .args(["--nocapture"])
            .env("BITQ_TEST_PARENT", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let node = wait_for("the node's number", PATIENCE, || {
            let ended = process.try_wait().unwrap();
            assert_eq!(ended, None, "the parent ended");
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
    both_end(&parent, &wallets, &folder);
    // In order: nothing is left behind, and the wallet opens.
    let network = folder.data().join("regtest");
    assert!(!network.join(".cookie").exists());
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
    wait_until("the node to end", PATIENCE, || !is_alive(parent.node));
}

/// Waits for the end of node and wallet after their parent's, which must have been an ordered one. The wait is longer
/// than such a stop takes: a machine at work lets them wait for their turn.
fn both_end(parent: &Parent, wallets: &[u32], folder: &Folder) {
    wait_until("node and wallet to end", PATIENCE, || {
        !is_alive(parent.node) && wallets.iter().all(|wallet| !is_alive(*wallet))
    });
    let log = read_text(&folder.data().join("regtest/debug.log"));
    assert!(log.contains("Shutdown done"), "{log}");
}

#[test]
fn a_killed_parent_ends_a_rescan() {
    let folder = Folder::new();
    let mut parent = Parent::start(&folder);
    let call = |method: &str, params| parent.client.call("/", method, &params).unwrap();
    call("createwallet", json!(["w"]));
    call("generatetodescriptor", json!([2_000, "raw(51)"]));
    let wallets = children(parent.node, "bitq-wallet");
    // One after the other, so that the kill falls into one of them however quick each is.
    let rescans = {
        let client = parent.client.clone();
        // The last one is cut short by the end, or its connection is.
        std::thread::spawn(
            move || {
                while client.call("/", "rescanblockchain", &json!([])).is_ok() {}
            },
        )
    };
    wait_until("the rescan", PATIENCE, || {
        call("getwalletinfo", json!([]))["scanning"] != json!(false)
    });
    parent.kill();
    both_end(&parent, &wallets, &folder);
    rescans.join().unwrap();
    let mut node = Setup::new("bitquantum").folder(folder).wallet().start();
    node.call("loadwallet", json!(["w"]));
    node.stop();
}

#[test]
fn a_window_of_another_chain_is_refused() {
    let (window, mut node, port) = (Window::new(), spawn("bitq-node"), free_port());
    let data = node.folder.data();
    let start = options(&data, port, &[("disablewallet", "1"), ("ipcbind", "unix")]);
    let _parent = window.start(&mut node, start).unwrap();
    let socket = data.join("regtest/node.sock");
    let refused = |change: fn(&mut Identity)| {
        window.runtime.block_on(async {
            let connection = window.ipc.connect(&socket).await.unwrap();
            let mut hello = hello();
            change(&mut hello.identity);
            let error = connection.hello(hello).await.unwrap_err();
            // Nothing else is served either.
            assert!(connection.node().await.is_err());
            assert_eq!(error.fault().unwrap().code, FaultCode::Mismatch);
            error.to_string()
        })
    };
    let text = refused(|id| id.network = "main".to_owned());
    assert!(text.contains("network regtest"), "{text}");
    assert!(text.contains("network main"), "{text}");
    let text = refused(|id| id.coin = "bitcoin".to_owned());
    assert!(text.contains("coin bitquantum"), "{text}");
    let text = refused(|id| id.genesis = [1; 32].into());
    assert!(text.contains("genesis block"), "{text}");
    let text = refused(|id| id.protocol.major += 1);
    assert!(text.contains("IPC protocol"), "{text}");
}

#[test]
fn who_asks_for_less_gets_less() {
    let (window, mut node, port) = (Window::new(), spawn("bitq-node"), free_port());
    let data = node.folder.data();
    let start = options(&data, port, &[("disablewallet", "1"), ("ipcbind", "unix")]);
    let _parent = window.start(&mut node, start).unwrap();
    let socket = data.join("regtest/node.sock");
    window.runtime.block_on(async {
        let connection = window.ipc.connect(&socket).await.unwrap();
        let reader = Hello {
            role: Role::Read,
            ..hello()
        };
        let session = connection.hello(reader).await.unwrap();
        assert_eq!(session.role, Role::Read);
        let view = connection.node().await.unwrap();
        assert!(!view.settings().await.unwrap().is_empty());
        assert!(matches!(view.stop().await, Err(IpcError::Unimplemented(_))));
        assert!(connection.rpc().await.is_err());
        assert!(connection.chain().await.is_err());
        // What was given up does not come back.
        let again = connection.hello(hello()).await.unwrap();
        assert_eq!(again.role, Role::Read);
        assert!(connection.rpc().await.is_err());
    });
    let count = client(&data, port).call("/", "getblockcount", &json!([]));
    assert_eq!(count.unwrap(), json!(0));
}
