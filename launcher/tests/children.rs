//! Processes that belong together: a node below a window, a wallet below a node, and what each does when another one
//! dies.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ipc_schema::{
    Connection, Hello, Identity, Ipc, IpcConfig, Limits, OptionLayer, OptionValues, PROTOCOL,
    SettingSource, StartError, StartOptions,
};
use serde_json::json;
use testkit::process::{
    Ended, Folder, Node, PATIENCE, RpcClient, Setup, Signal, children, free_port, is_alive,
    program, read_text, signal, wait_for, wait_until,
};

/// How long a child may take to end after its parent did.
const FAREWELL: Duration = Duration::from_secs(5);

/// A child and our end of its socket.
struct Spawned {
    child: Child,
    socket: Option<UnixStream>,
    /// Files with its output.
    folder: Folder,
}

/// Starts a program the way a window does; its descriptor 0 is the socket.
fn spawn(name: &str) -> Spawned {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let folder = Folder::new();
    let open = |name| std::fs::File::create(folder.path().join(name)).unwrap();
    let child = Command::new(program(name))
        .args(["-ipcfd", "0"])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(open("stdout"))
        .stderr(open("stderr"))
        .spawn()
        .unwrap();
    Spawned {
        child,
        socket: Some(ours),
        folder,
    }
}

impl Spawned {
    fn stderr(&self) -> String {
        read_text(&self.folder.path().join("stderr"))
    }

    fn wait(&mut self, limit: Duration) -> Ended {
        let status = wait_for("the child to end", limit, || self.child.try_wait().unwrap());
        Ended {
            code: status.code(),
            stdout: read_text(&self.folder.path().join("stdout")),
            stderr: self.stderr(),
        }
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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

/// The settings that a window would hand over.
fn options(folder: &Path, port: u16, more: &[(&str, &str)]) -> StartOptions {
    let datadir = folder.display().to_string();
    let port = port.to_string();
    let usual = [
        ("datadir", datadir.as_str()),
        ("coin", "bitquantum"),
        ("chain", "regtest"),
        ("rpcport", &port),
        ("server", "1"),
        ("listen", "0"),
        ("printtoconsole", "0"),
    ];
    let options = usual.iter().chain(more).map(|(name, value)| OptionValues {
        name: (*name).to_owned(),
        values: vec![json!(value).to_string()],
    });
    StartOptions {
        layers: vec![OptionLayer {
            source: SettingSource::CommandLine,
            section: String::new(),
            options: options.collect(),
        }],
        config_path: String::new(),
    }
}

/// What a window says first.
fn hello() -> Hello {
    Hello {
        identity: Identity {
            protocol: PROTOCOL,
            program: "window".to_owned(),
            ..Identity::default()
        },
        ..Hello::default()
    }
}

/// A window's side: a thread of its own for IPC, and the calls a test makes.
struct Window {
    runtime: tokio::runtime::Runtime,
    ipc: Ipc,
}

impl Window {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let ipc = Ipc::start(IpcConfig {
            program: "window".to_owned(),
            runtime: runtime.handle().clone(),
            limits: Limits::default(),
        });
        Self {
            runtime,
            ipc: ipc.unwrap(),
        }
    }

    /// Configures a spawned node.
    fn start(&self, node: &mut Spawned, options: StartOptions) -> Result<Connection, StartError> {
        let socket = node.socket.take().unwrap();
        self.runtime.block_on(async {
            let connection = self.ipc.adopt(socket).await.unwrap();
            connection.hello(hello()).await.unwrap();
            let node = connection.start_node(options).await.unwrap();
            node.map(|_| connection)
        })
    }
}

/// The RPC server of a node in `folder`.
fn client(folder: &Path, port: u16) -> RpcClient {
    let cookie = folder.join("regtest/.cookie");
    wait_for("the RPC server", PATIENCE, || {
        let client = RpcClient {
            port,
            credentials: read_text(&cookie),
        };
        let answer = client.call("/", "getblockcount", &json!([]));
        answer.is_ok().then_some(client)
    })
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
        connection.closed().await;
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
    signal(wallet, Signal::INT);
    node.signal(Signal::INT);
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!(ended.code, Some(0));
    let line = "[bitq-wallet] SIGINT received — waiting for parent to shut down.\n";
    assert_eq!(ended.stderr, line);
    assert!(!is_alive(wallet));
    node.start_again();
    assert_eq!(node.call("listwallets", json!([])), json!(["w"]));
}
