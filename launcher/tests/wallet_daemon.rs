//! `bitq-wallet -ipcconnect`: the wallet process that was started by itself and attaches to a node.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ipc_schema::{NodeEvent, NodeTopics};
use serde_json::json;
use testkit::process::{
    Ended, Node, PATIENCE, Setup, Signal, program, read_text, signal, wait_for, wait_until,
};

use window::{Window, hello};

/// A wallet process of a test. It is killed when this value goes.
struct Daemon {
    child: Child,
    /// Its standard error.
    said: PathBuf,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    /// Starts one in the directories of `node`.
    fn start(node: &Node, name: &str, address: &str) -> Self {
        let said = node.setup().data().path().join(name);
        let child = Command::new(program("bitq-wallet"))
            .args(node.setup().place().iter().filter(|arg| {
                // The port is nothing to a wallet.
                !arg.to_string_lossy().starts_with("-rpcport")
            }))
            .arg(format!("-ipcconnect={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&said).unwrap())
            .spawn()
            .unwrap();
        Self { child, said }
    }

    fn stderr(&self) -> String {
        read_text(&self.said)
    }

    fn end(&mut self) -> Ended {
        let status = wait_for("the wallet process to end", PATIENCE, || {
            self.child.try_wait().unwrap()
        });
        Ended {
            code: status.code(),
            stdout: String::new(),
            stderr: self.stderr(),
        }
    }

    /// The one line of a start that failed.
    fn error(&mut self) -> String {
        let ended = self.end();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let text = ended.stderr.strip_prefix("Error: ");
        let text = text.and_then(|text| text.strip_suffix('\n'));
        let text = text.unwrap_or_else(|| panic!("{ended:?}"));
        assert!(!text.contains('\n'), "{text}");
        text.to_owned()
    }
}

/// A node to which a wallet process may attach.
fn open_node() -> Node {
    Setup::new("bitquantum").arg("-ipcbind=unix").start()
}

fn wait_for_wallets(node: &Node) {
    wait_until("the wallets to be served", PATIENCE, || {
        node.try_call("listwallets", json!([])).is_ok()
    });
}

/// The number of the wallet process, as the node tells it to windows; waits until there is one.
fn shown_pid(node: &Node) -> u32 {
    let window = Window::new();
    window.runtime.block_on(async {
        let connection = window.ipc.connect(&node.file("node.sock")).await.unwrap();
        connection.hello(hello()).await.unwrap();
        let topics = NodeTopics {
            status: true,
            ..NodeTopics::default()
        };
        let node = connection.node().await.unwrap();
        let mut told = node.subscribe(topics).await.unwrap();
        let pid = async {
            loop {
                let event = told.recv().await.expect("the node goes on");
                if let NodeEvent::Status(status) = event
                    && status.wallet.pid != 0
                {
                    return status.wallet.pid;
                }
            }
        };
        tokio::time::timeout(PATIENCE, pid)
            .await
            .expect("it is told")
    })
}

#[test]
fn a_wallet_process_attaches_and_hands_over_its_commands() {
    let mut node = open_node();
    let before = node.try_call("listwallets", json!([])).unwrap_err();
    assert_eq!(before.code(), -32601, "{before}");
    let mut wallet = Daemon::start(&node, "wallet", "unix");
    wait_for_wallets(&node);
    let made = node.cli_ok(["-named", "createwallet", "wallet_name=w"]);
    assert_eq!(made["name"], json!("w"));
    // Names and help of its commands came with it.
    let address = node.cli_ok([
        "-named",
        "getnewaddress",
        "label=rent",
        "address_type=bech32",
    ]);
    let help = node.call("help", json!(["getnewaddress"]));
    assert!(
        help.as_str().unwrap().starts_with("getnewaddress ("),
        "{help}"
    );
    let listed = node.call("help", json!([]));
    assert!(
        listed.as_str().unwrap().contains("== Wallet =="),
        "{listed}"
    );
    node.call("generatetoaddress", json!([11, address]));
    wait_until("the wallet to see its coins", PATIENCE, || {
        node.call("getbalance", json!([])).as_f64().unwrap() > 0.0
    });

    // Windows are told which process it is.
    assert_eq!(shown_pid(&node), wallet.child.id());

    // There is one wallet process to a node.
    let second = Daemon::start(&node, "second", "unix").error();
    assert!(second.contains("has a wallet process already"), "{second}");
    assert_eq!(node.call("listwallets", json!([])), json!(["w"]));

    // It outlives the node and serves the next one.
    node.stop();
    assert!(wallet.child.try_wait().unwrap().is_none());
    node.start_again();
    wait_for_wallets(&node);
    assert_eq!(node.call("listwallets", json!([])), json!(["w"]));

    // Without it the node goes on and says why it has no wallets.
    signal(wallet.child.id(), Signal::TERM);
    let ended = wallet.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let gone = wait_for("the node to notice", PATIENCE, || {
        node.try_call("listwallets", json!([])).err()
    });
    assert_eq!(gone.code(), -18, "{gone}");
    assert!(gone.message().contains("wallet process"), "{gone}");
    assert_eq!(node.call("getblockcount", json!([])), json!(11));
    let _third = Daemon::start(&node, "third", "auto");
    wait_for_wallets(&node);
    node.stop();
}

#[test]
fn without_a_node_there_is_nothing_to_serve() {
    let mut node = open_node();
    let socket = node.file("node.sock");
    node.stop();
    for address in ["auto", "unix", "unix:node.sock"] {
        let text = Daemon::start(&node, "wallet", address).error();
        let expected = format!(
            "Cannot use the node at unix:{}: No such file or directory. ",
            socket.display()
        );
        assert!(text.starts_with(&expected), "{text}");
    }
    let text = Daemon::start(&node, "wallet", "tcp:1").error();
    assert_eq!(text, "Unrecognized address 'tcp:1'");
}

#[test]
fn a_node_with_a_wallet_process_of_its_own_takes_no_other() {
    let mut node = Setup::new("bitquantum")
        .wallet()
        .arg("-ipcbind=unix")
        .start();
    let own = node.wallet_pid();
    let text = Daemon::start(&node, "wallet", "unix").error();
    assert!(text.contains("-disablewallet"), "{text}");
    assert_eq!(node.wallet_pid(), own);
    node.call("createwallet", json!(["w"]));
    node.stop();
}

#[test]
fn a_wallet_process_of_another_chain_is_refused_by_name() {
    let node = open_node();
    let other = Setup::new("groestlcoin").start();
    let address = format!("unix:{}", node.file("node.sock").display());
    let text = Daemon::start(&other, "wallet", &address).error();
    assert!(
        text.contains("bitquantum") && text.contains("groestlcoin"),
        "{text}"
    );
    assert_eq!(node.call("getblockcount", json!([])), json!(0));
}

#[test]
fn a_node_does_not_wait_for_an_attached_wallet_that_is_stopped() {
    let mut node = open_node();
    let wallet = Daemon::start(&node, "wallet", "unix");
    wait_for_wallets(&node);
    signal(wallet.child.id(), Signal::STOP);
    node.call("stop", json!([]));
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    signal(wallet.child.id(), Signal::CONT);
    node.start_again();
    wait_for_wallets(&node);
}

#[test]
fn a_new_wallet_process_waits_for_the_end_of_the_old_one() {
    let mut node = open_node();
    let mut old = Daemon::start(&node, "wallet", "unix");
    wait_for_wallets(&node);
    node.cli_ok([
        "-named",
        "createwallet",
        "wallet_name=w",
        "load_on_startup=true",
    ]);
    node.stop();
    // The old one waits for another node, with the wallet and its socket in its hands.
    let mut node = Setup::new("bitquantum")
        .beside(&node)
        .wallet()
        .arg("-ipcbind=unix:other.sock")
        .spawn();
    let new = node.wallet_pid();
    wait_until("the node to wait for its wallets", PATIENCE, || {
        let answer = node.try_call("listwallets", json!([]));
        answer.is_err_and(|error| error.code() == -28)
    });
    let starts = || node.log().matches("Using wallet directory").count();
    wait_until("the new wallet process to begin", PATIENCE, || {
        starts() == 2
    });
    // The new one waits ten seconds at most, so nothing else is looked at before the old one goes.
    assert!(old.child.try_wait().unwrap().is_none());
    signal(old.child.id(), Signal::TERM);
    node.wait_until_ready();
    assert_eq!(old.end().code, Some(0));
    assert_eq!(node.call("listwallets", json!([])), json!(["w"]));
    assert_eq!(node.wallet_pid(), new);
    // The window's way to the wallets is the new one's as well.
    let window = Window::new();
    window.runtime.block_on(async {
        let connection = window.ipc.connect(&node.file("other.sock")).await.unwrap();
        connection.hello(hello()).await.unwrap();
        let way = connection.node().await.unwrap().introduce_wallet().await;
        let found = window.ipc.connect_wallet(way.unwrap(), hello().identity);
        let (_open, wallets) = found.await.unwrap();
        assert_eq!(wallets.wallets().await.unwrap()[0].name, "w");
    });
    node.stop();
}
