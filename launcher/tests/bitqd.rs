//! Node and wallet in one process, and the words of `bitq` that lead to either form.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;
use testkit::process::flow::{Wallet, check_confirmed, confirm, mine, pay_oneself, ripen};
use testkit::process::{Ended, Node, PATIENCE, Setup, Signal, children, program, read_text};

/// The program that a process runs.
fn running(node: &Node) -> PathBuf {
    fs::read_link(format!("/proc/{}/exe", node.pid())).unwrap()
}

fn bitqd(coin: &'static str) -> Setup {
    Setup::new(coin).program("bitqd", &[]).wallet()
}

fn check_wallet(coin: &'static str) {
    let mut node = bitqd(coin).start();
    assert!(children(node.pid(), "bitq-wallet").is_empty());
    let wallet = Wallet::create(&node, "w");
    let sum = ripen(wallet, coin);
    let (txid, left) = pay_oneself(wallet, sum);
    confirm(wallet, &txid, left);
    node.restart();
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    check_confirmed(wallet, &txid, left);
    // A kill is the end of both; neither loses what it had stored.
    node.kill();
    node.start_again();
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    check_confirmed(wallet, &txid, left);
    node.stop();
}

#[test]
fn bitqd_keeps_a_wallet_of_bitcoin() {
    check_wallet("bitcoin");
}

#[test]
fn bitqd_keeps_a_wallet_of_bitquantum() {
    check_wallet("bitquantum");
}

#[test]
fn bitqd_has_no_sockets() {
    let ended = bitqd("bitcoin").arg("-ipcbind=unix").fail();
    let expected = "Error: Error parsing command line arguments: Invalid parameter -ipcbind=unix\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), expected));
    let mut node = bitqd("bitcoin").start();
    assert!(!node.file("node.sock").exists());
    // Without a window nobody could use the wallet's either.
    assert!(!node.file("wallet.sock").exists());
    node.stop();
    let log = node.log();
    assert!(!log.contains("connection ended"), "{log}");
    assert!(!log.contains("roken pipe"), "{log}");
}

#[test]
fn a_wallet_moves_between_the_two_forms() {
    let mut node = bitqd("bitquantum").start();
    let wallet = Wallet::create(&node, "w");
    let sum = ripen(wallet, "bitquantum");
    node.stop();
    let folder = node.setup().data().copied();
    let mut node = Setup::new("bitquantum").folder(folder).wallet().start();
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    assert_eq!(wallet.balance("trusted"), sum);
    let (txid, left) = pay_oneself(wallet, sum);
    confirm(wallet, &txid, left);
    node.stop();
}

#[test]
fn the_launcher_becomes_what_was_asked_for() {
    let cases: [(&[&str], &[&str], &str); 4] = [
        (&["node"], &[], "bitqd"),
        (&["-m", "node"], &[], "bitq-node"),
        (&["-M", "node"], &[], "bitqd"),
        (&["node"], &["-ipcbind=unix"], "bitq-node"),
    ];
    for (words, args, expected) in cases {
        let mut setup = Setup::new("bitcoin").program("bitq", words).wallet();
        for arg in args {
            setup = setup.arg(arg);
        }
        let mut node = setup.start();
        assert_eq!(running(&node).file_name().unwrap(), expected, "{words:?}");
        let pid = read_text(&node.file("bitcoind.pid"));
        assert_eq!(
            pid.trim(),
            node.pid().to_string(),
            "there is no process between"
        );
        let wallets = children(node.pid(), "bitq-wallet").len();
        assert_eq!(wallets, usize::from(expected == "bitq-node"), "{words:?}");
        node.signal(Signal::TERM);
        let ended = node.wait_for_end(PATIENCE);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn the_launcher_calls_with_named_arguments() {
    let node = Setup::new("bitcoin").start();
    mine(&node, 2);
    let rpc = |args: &[&str]| -> Ended {
        let output = Command::new(program("bitq"))
            .arg("rpc")
            .args(node.setup().place())
            .args(args)
            .stdin(Stdio::null())
            .output();
        output.unwrap().into()
    };
    let count = rpc(&["getblockcount"]);
    assert_eq!((count.code, count.stdout.as_str()), (Some(0), "2\n"));
    let hash = rpc(&["getblockhash", "height=1"]);
    let expected = node.call("getblockhash", json!([1]));
    assert_eq!(json!(hash.stdout.trim_end()), expected);
    let wrong = rpc(&["nothing"]);
    assert_eq!(wrong.code, Some(89), "{wrong:?}");
}
