//! The command line client as a program, against a server of this process.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "cli/server.rs"]
mod server;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use ipc_schema::{Identity, Ipc, IpcConfig, Limits, PROTOCOL, ServiceSet, Services, parse_bind};
use primitives::{ChainParams, Coin, Network};

use server::{Executor, Node, shown};

#[test]
fn answers_are_printed_and_errors_become_codes() {
    let node = Node::start();
    node.check(&["getblockcount"], "199\n");
    node.check(&["getnothing"], "");
    node.check(&["gettext"], "two\nlines\n");
    node.check(&["echo", "foo", "5"], "[\n  \"foo\",\n  \"5\"\n]\n");
    node.check(&["echojson", "[]", "1.10"], "[\n  [\n  ],\n  1.10\n]\n");
    node.check(
        &["-named", "echo", "0", "arg2=x=y"],
        "[\n  \"0\",\n  null,\n  \"x=y\"\n]\n",
    );
    node.check(
        &["-named", "-nonamed", "echo", "arg2=x"],
        "[\n  \"arg2=x\"\n]\n",
    );
    node.check_error(
        &["nothing"],
        89,
        "error code: -32601\nerror message:\nMethod not found\n",
    );
    node.check_error(
        &["-named", "echo", "args=[1]", "4"],
        8,
        "error code: -8\nerror message:\nParameter args specified multiple times\n",
    );
    node.check_error(&["echojson", "foo"], 1, "error: Error parsing JSON: foo\n");
    node.check_error(
        &["-regtest=1"],
        1,
        "error: too few parameters (need at least command)\n",
    );
}

#[test]
fn the_server_is_found_and_the_user_known() {
    let node = Node::start();
    let port = node.port;
    node.check(
        &[
            "-rpcuser=user",
            "-rpcpassword=pass",
            "-norpccookiefile",
            "getblockcount",
        ],
        "199\n",
    );
    // Without `rpcport` in the file, the port comes from the other option.
    std::fs::write(node.dir.path().join("other.conf"), "regtest=1\n").unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let connect = format!("-rpcconnect={host}:{port}");
        node.check(&["-conf=other.conf", &connect, "getblockcount"], "199\n");
    }
    let both = node.cli(&[
        "-rpcconnect=127.0.0.1:18999",
        &format!("-rpcport={port}"),
        "getblockcount",
    ]);
    let warning = format!(
        "Warning: Port specified in both -rpcconnect and -rpcport. Using -rpcport {port}\n"
    );
    assert_eq!(shown(&both), (0, "199\n".into(), warning));
    let conf = node.dir.path().join("bitcoin.conf");
    let refused = [
        (
            vec!["-rpcpassword=wrong"],
            "Incorrect rpcuser or rpcpassword were specified.",
        ),
        (
            vec!["-rpccookiefile=nowhere", "-rpcpassword="],
            "Failed to read cookie file and no rpcpassword was specified.",
        ),
        (
            vec!["-norpccookiefile"],
            "Cookie file was disabled via -norpccookiefile and no rpcpassword was specified.",
        ),
        (
            vec!["-rpccookiefile=../bitcoin.conf"],
            "Cookie file credentials were invalid and no rpcpassword was specified.",
        ),
    ];
    for (mut args, reason) in refused {
        args.push("getblockcount");
        let text = format!(
            "error: Authorization failed: {reason} Configuration file: ({})\n",
            conf.display()
        );
        node.check_error(&args, 1, &text);
    }
    for wrong in [
        "127.0.0.1:notaport",
        "127.0.0.1:-1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "[::1]:0",
    ] {
        let text = format!("error: Invalid port provided in -rpcconnect: {wrong}\n");
        node.check_error(&[&format!("-rpcconnect={wrong}"), "echo"], 1, &text);
    }
    for wrong in ["notaport", "-1", "0", "65536"] {
        let text = format!("error: Invalid port provided in -rpcport: {wrong}\n");
        node.check_error(&[&format!("-rpcport={wrong}"), "echo"], 1, &text);
    }
}

#[test]
fn a_missing_server_is_explained() {
    let mut node = Node::start();
    node.stop();
    let http = "error: Error while attempting to communicate with server 127.0.0.1:PORT (Could not connect to the \
                server)\n\nMake sure the bitcoind server is running and that you are connecting to the correct RPC \
                port.\nUse \"bitcoin-cli -help\" for more info.\n";
    node.check_error(&["echo"], 1, http);
    node.check_error(&["-ipcconnect=auto", "echo"], 1, http);
    node.check_error(&["-noipcconnect", "echo"], 1, http);
    let socket = "\n\nProbably bitcoin-node is not running or not listening on a unix socket. Can be started \
                  with:\n\n    bitcoin-node -chain=regtest -ipcbind=unix\n";
    node.check_error(
        &["-ipcconnect=unix", "echo"],
        1,
        &format!("error: No such file or directory{socket}"),
    );
    let stale = node.dir.path().join("regtest/node.sock");
    drop(std::os::unix::net::UnixListener::bind(stale).unwrap());
    for args in [
        ["-ipcconnect=unix", "echo"],
        ["-ipcconnect=unix:node.sock", "echo"],
    ] {
        node.check_error(&args, 1, &format!("error: Connection refused{socket}"));
    }
    node.check_error(&["echo"], 1, http);
    node.check_error(
        &["-ipcconnect=unix", "-rpcconnect=127.0.0.1", "echo"],
        1,
        "error: -rpcconnect and -ipcconnect options cannot both be enabled\n",
    );
    node.check_error(
        &["-rpcwait", "-rpcwaittimeout=1", "echo"],
        1,
        "error: timeout on transient error: Error while attempting to communicate with server",
    );
}

#[test]
fn waiting_lasts_until_the_start_is_done() {
    let node = Node::start();
    node.table.set_warmup("Loading…");
    node.check_error(
        &["getblockcount"],
        28,
        "error code: -28\nerror message:\nLoading…\n",
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("-rpcport={}", listener.local_addr().unwrap().port());
    let starting = std::thread::spawn(move || {
        for reply in [
            r#"{"jsonrpc":"2.0","error":{"code":-28,"message":"Loading…"},"id":"1"}"#,
            r#"{"jsonrpc":"2.0","result":5,"id":"1"}"#,
        ] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", reply.len());
            stream.write_all((head + reply).as_bytes()).unwrap();
        }
    });
    node.check(&["-rpcwait", &port, "getblockcount"], "5\n");
    starting.join().unwrap();
}

#[test]
fn the_socket_needs_no_password() {
    let mut node = Node::start();
    let directory = node.dir.path().join("regtest");
    let ipc = Ipc::start(IpcConfig {
        program: "bitq-node".into(),
        runtime: node.runtime.handle().clone(),
        limits: Limits::default(),
    });
    let ipc = ipc.unwrap();
    let rpc = Arc::new(Executor(Arc::clone(&node.table)));
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let services = Services::new(ServiceSet {
        identity: Identity {
            protocol: PROTOCOL,
            coin: params.coin.id().into(),
            network: params.network.id().into(),
            genesis: params.genesis.hash,
            ..Identity::default()
        },
        rpc: Some(rpc),
        ..ServiceSet::default()
    });
    let listen = |text: &str| {
        let address = parse_bind(text, &directory, "bitq-node").unwrap();
        node.runtime
            .block_on(ipc.listen(&address, &services))
            .unwrap()
    };
    let _listeners = [listen("unix"), listen("unix:other.sock")];
    let wrong = "-rpcpassword=wrong";
    let full = format!(
        "-ipcconnect=unix:{}",
        directory.join("other.sock").display()
    );
    let ways: [&[&str]; 5] = [
        &[wrong],
        &[wrong, "-ipcconnect=auto"],
        &[wrong, "-ipcconnect=unix"],
        &[wrong, "-ipcconnect=unix:other.sock"],
        &[wrong, &full],
    ];
    for way in ways {
        node.check(&[way, &["echo", "foo"]].concat(), "[\n  \"foo\"\n]\n");
    }
    let refused = "error: Authorization failed: Incorrect rpcuser or rpcpassword were specified.";
    for way in [[wrong, "-noipcconnect"], [wrong, "-rpcconnect=127.0.0.1"]] {
        node.check_error(&[way.as_slice(), &["echo"]].concat(), 1, refused);
    }
    node.check_error(
        &["-ipcconnect=unix", "-rpcconnect=127.0.0.1", "echo"],
        1,
        "error: -rpcconnect and -ipcconnect options cannot both be enabled\n",
    );
    node.check_error(
        &["-ipcconnect=tcp", "echo"],
        1,
        "error: Unrecognized address 'tcp'\n",
    );
    node.check_error(
        &[wrong, "nothing"],
        89,
        "error code: -32601\nerror message:\nMethod not found\n",
    );
    node.check(
        &[wrong, "-named", "echo", "arg1=x"],
        "[\n  null,\n  \"x\"\n]\n",
    );
    node.check_error(
        &[wrong, "-rpcwallet=none", "getbalances"],
        18,
        "error code: -18\n",
    );
    let info = shown(&node.cli(&[wrong, "-getinfo", "-rpcwallet=t wo"])).1;
    assert!(info.contains("\nWallet: t wo\n"), "{info}");
    // The HTTP server is not needed at all.
    node.stop();
    node.check(&["getblockcount"], "199\n");
}

#[test]
fn passwords_and_arguments_come_from_standard_input() {
    let node = Node::start();
    let check = |args: &[&str], input: &str, expected: &str| {
        let output = node.cli_with_input(args, input);
        assert_eq!(
            shown(&output),
            (0, expected.to_owned(), String::new()),
            "{args:?}"
        );
    };
    let login = "-rpcuser=user";
    check(&[login, "-stdinrpcpass", "getblockcount"], "pass", "199\n");
    check(
        &["-stdin", "echo", "a"],
        "b c\nd",
        "[\n  \"a\",\n  \"b c\",\n  \"d\"\n]\n",
    );
    check(
        &[login, "-stdin", "-stdinrpcpass"],
        "pass\ngetblockcount\n",
        "199\n",
    );
    check(
        &["-stdinwalletpassphrase", "walletpassphrase", "60"],
        "my=pass phrase\n",
        "[\n  \"my=pass phrase\",\n  60\n]\n",
    );
    check(
        &[
            login,
            "-stdinrpcpass",
            "-stdinwalletpassphrase",
            "-stdin",
            "walletpassphrase",
        ],
        "pass\nphrase\n60\n",
        "[\n  \"phrase\",\n  60\n]\n",
    );
    node.check_error(
        &["-stdinrpcpass", "echo"],
        1,
        "error: -stdinrpcpass specified but failed to read from standard input\n",
    );
    node.check_error(
        &["-stdinwalletpassphrase", "echo"],
        1,
        "error: -stdinwalletpassphrase is only applicable for walletpassphrase(change)\n",
    );
}

#[test]
fn commands_of_the_client_itself() {
    let node = Node::start();
    node.check(
        &["-addrinfo"],
        "{\n  \"addresses_known\": {\n    \"ipv4\": 2,\n    \"total\": 3\n  }\n}\n",
    );
    node.check_error(
        &["-addrinfo", "x"],
        1,
        "error: -addrinfo takes no arguments\n",
    );
    node.check_error(
        &["-getinfo", "-netinfo"],
        1,
        "error: Only one of -getinfo, -netinfo may be specified.\n",
    );
    let wallet = "-rpcwallet=t wo";
    node.check(
        &[wallet, "-generate"],
        "{\n  \"address\": \"address of t wo\",\n  \"blocks\": [\n    \"1 to address of t wo\"\n  ]\n}\n",
    );
    node.check_error(
        &[wallet, "-generate", "foo"],
        1,
        "error: Error parsing JSON: foo\n",
    );
    node.check_error(
        &[wallet, "-generate", "0"],
        1,
        "error: the first argument (number of blocks",
    );
    node.check_error(
        &[wallet, "-generate", "1", "2", "3"],
        1,
        "error: too many arguments (maximum 2",
    );
    node.check_error(&["-rpcwallet=x", "-generate"], 18, "error code: -18\n");
    node.check_error(
        &["-generate"],
        19,
        "error code: -19\nerror message:\nMultiple wallets are loaded. Please select one. Or for the CLI, specify \
         the \"-rpcwallet=<walletname>\" option before the command (run \"bitcoin-cli -h\" for help",
    );
    let info = shown(&node.cli(&["-getinfo"])).1;
    assert!(info.contains("Chain: regtest\nBlocks: 199\n"), "{info}");
    assert!(
        info.ends_with("Balances\n0.00000003 one\n0.00000004 t wo\n\nWarnings: (none)\n"),
        "{info}"
    );
    assert_eq!(shown(&node.cli(&["-getinfo", "-norpcwallet"])).1, info);
    let one = shown(&node.cli(&["-getinfo", "-rpcwallet=one", "-color=always"])).1;
    assert!(one.contains("\u{1b}[35mWallet: one\u{1b}[0m\n"), "{one}");
    assert!(one.contains("Balance:\u{1b}[0m 0.00000003\n"), "{one}");
    node.check_error(
        &["-getinfo", "-color=foo"],
        1,
        "error: Invalid value for -color option.",
    );
    let network = shown(&node.cli(&["-netinfo"])).1;
    assert!(network.starts_with("bitq client v"), "{network}");
    assert!(network.contains("\nLocal services: network\n"), "{network}");
    assert!(
        shown(&node.cli(&["-netinfo", "h"]))
            .1
            .starts_with("-netinfo (level [outonly]) | help\n")
    );
}

#[test]
fn start_errors_and_pages() {
    let dir = tempfile::tempdir().unwrap();
    let check = |args: &[&str], code: i32, expected: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_bitq-cli"))
            .args(args)
            .output()
            .unwrap();
        let (found, out, err) = shown(&output);
        assert_eq!(
            (found, out.as_str(), err.as_str()),
            (code, "", expected),
            "{args:?}"
        );
    };
    check(
        &["-nosuch=1", "echo"],
        1,
        "Error parsing command line arguments: Invalid parameter -nosuch=1\n",
    );
    let missing = dir.path().join("missing");
    check(
        &[&format!("-datadir={}", missing.display()), "echo"],
        1,
        &format!(
            "Error: Specified data directory \"{}\" does not exist.\n",
            missing.display()
        ),
    );
    let wrong = Command::new(env!("CARGO_BIN_EXE_bitq-cli"))
        .args(["-coin=gold", "echo"])
        .output();
    let (code, _, err) = shown(&wrong.unwrap());
    assert!(
        code == 1 && err.starts_with("Error: Unknown coin 'gold'. Possible values: "),
        "{err}"
    );
    let version = Command::new(env!("CARGO_BIN_EXE_bitq-cli"))
        .arg("-version")
        .output()
        .unwrap();
    let (code, out, err) = shown(&version);
    assert!(out.starts_with("bitq RPC client version "), "{out}");
    assert_eq!((code, err.as_str()), (0, ""));
    let bare = Command::new(env!("CARGO_BIN_EXE_bitq-cli"))
        .output()
        .unwrap();
    let (code, out, err) = shown(&bare);
    assert!(out.contains("-rpcwait"), "{out}");
    assert_eq!((code, err.as_str()), (1, "Error: too few parameters\n"));
}
