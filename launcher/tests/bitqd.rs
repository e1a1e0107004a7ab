//! Node and wallet in one process, as a real one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use tempfile::TempDir;

/// How long a step may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running `bitqd` on a private chain.
struct Daemon {
    child: Child,
    lines: Receiver<String>,
    data: TempDir,
    port: u16,
}

fn start() -> Daemon {
    let data = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut child = Command::new(env!("CARGO_BIN_EXE_bitqd"))
        .args(["-coin=bitcoin", "-regtest", "-listen=0", "-printtoconsole"])
        .arg(format!("-datadir={}", data.path().display()))
        .arg(format!("-rpcport={port}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, lines) = sync_channel(10_000);
    let output = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let daemon = Daemon {
        child,
        lines,
        data,
        port,
    };
    daemon.wait_for("init message: Done loading");
    daemon
}

/// A port that nothing listened on just now.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Daemon {
    fn wait_for(&self, text: &str) {
        loop {
            let line = self
                .lines
                .recv_timeout(DEADLINE)
                .expect("the line appears in time");
            if line.contains(text) {
                return;
            }
        }
    }

    /// Sends one command and returns the body of the answer.
    fn call(&self, path: &str, method: &str, params: &str) -> String {
        let cookie = self.data.path().join("regtest/.cookie");
        let cookie = std::fs::read_to_string(cookie).unwrap();
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Basic {}\r\nContent-Length: {}\r\n\r\n{body}",
            base64(cookie.trim().as_bytes()),
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
            .unwrap_or(answer)
    }

    /// Asks it to stop and returns exit code and standard error.
    fn stop(mut self) -> (Option<i32>, String) {
        self.call("/", "stop", "[]");
        self.wait_for("Shutdown done");
        let mut errors = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        (self.child.wait().unwrap().code(), errors)
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= chunk.len() { digit.into() } else { '=' });
        }
    }
    text
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bitqd"))
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn the_first_line_of_the_version_ends_with_the_program() {
    let output = run(&["-version"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text.lines()
            .next()
            .and_then(|line| line.split(' ').next_back()),
        Some("bitqd")
    );
}

#[test]
fn a_socket_for_others_is_refused() {
    let output = run(&["-ipcbind=unix"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = "Error: Error parsing command line arguments: Invalid parameter -ipcbind=unix\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
}

#[test]
fn node_and_wallet_work_in_one_process() {
    let daemon = start();
    let children = format!("/proc/{0}/task/{0}/children", daemon.child.id());
    if Path::new(&children).exists() {
        assert_eq!(
            std::fs::read_to_string(children).unwrap(),
            "",
            "no process of its own"
        );
    }
    let made = daemon.call("/", "createwallet", r#"["w"]"#);
    assert!(made.contains(r#""name":"w""#), "{made}");
    let address = daemon.call("/wallet/w", "getnewaddress", "[]");
    let address = address
        .split("bcrt1")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let address = format!("bcrt1{}", address.expect("an address of the private chain"));
    daemon.call("/", "generatetoaddress", &format!(r#"[101,"{address}"]"#));
    let balances = daemon.call("/wallet/w", "getbalances", "[]");
    assert!(balances.contains(r#""trusted":50.00000000"#), "{balances}");
    assert_eq!(daemon.stop(), (Some(0), String::new()));
}
