//! The node's Unix sockets as the machine's other programs meet them, and `bitq-cli` over them.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use testkit::process::{
    Ended, Node, PATIENCE, Setup, children, free_port, program, read_text, wait_for, wait_until,
};

/// Longest path of a socket, in bytes.
const MAX_PATH: usize = 107;

fn error_of(setup: &Setup) -> String {
    let ended = setup.fail();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let text = ended.stderr.strip_prefix("Error: ");
    text.unwrap_or_else(|| panic!("{ended:?}"))
        .trim_end()
        .to_owned()
}

fn assert_private_socket(path: &Path) {
    let meta = fs::symlink_metadata(path).unwrap();
    assert!(meta.file_type().is_socket(), "{}", path.display());
    assert_eq!(meta.permissions().mode() & 0o077, 0, "{}", path.display());
}

/// Calls over the socket alone: the password is wrong.
fn check_call(node: &Node, address: &str) {
    let connect = format!("-ipcconnect={address}");
    let count = node.cli_ok([connect.as_str(), "-rpcpassword=wrong", "getblockcount"]);
    assert_eq!(count, json!(0), "{address}");
}

#[test]
fn every_form_of_address_is_listened_at() {
    let setup = Setup::new("bitcoin");
    let absolute = setup.data().path().join("elsewhere/node.sock");
    let mut node = setup
        .arg("-ipcbind=unix")
        .arg("-ipcbind=unix:sub/folder/relative.sock")
        .arg(format!("-ipcbind=unix:{}", absolute.display()))
        .start();
    let relative = node.file("sub/folder/relative.sock");
    let log = node.log();
    for path in [&node.file("node.sock"), &relative, &absolute] {
        assert_private_socket(path);
        let line = format!(
            "Listening for IPC requests on address unix:{}",
            path.display()
        );
        assert!(log.contains(&line), "{line}");
        check_call(&node, &format!("unix:{}", path.display()));
    }
    for address in ["unix", "unix:", "auto", "unix:sub/folder/relative.sock"] {
        check_call(&node, address);
    }
    let folder = fs::metadata(relative.parent().unwrap()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    node.stop();
}

#[test]
fn no_socket_without_being_asked() {
    let node = Setup::new("bitcoin").arg("-noipcbind").start();
    assert!(!node.file("node.sock").exists());
    drop(node);
    let node = Setup::new("bitcoin").start();
    assert!(!node.file("node.sock").exists());
}

#[test]
fn addresses_that_are_none_are_named() {
    for address in ["tcp", "unix2:/x", "/tmp/x.sock"] {
        let setup = Setup::new("bitcoin").arg(format!("-ipcbind={address}"));
        let expected =
            format!("Unable to bind to IPC address '{address}'. Unrecognized address '{address}'");
        assert_eq!(error_of(&setup), expected);
    }
    let setup = Setup::new("bitcoin");
    let dir = setup.data().path().to_owned();
    let path_of = |length: usize| {
        let name = "s".repeat(length - dir.as_os_str().len() - 1);
        dir.join(name).display().to_string()
    };
    let longest = path_of(MAX_PATH);
    let too_long = path_of(MAX_PATH + 1);
    let refused = Setup::new("bitcoin").arg(format!("-ipcbind=unix:{too_long}"));
    assert_eq!(
        error_of(&refused),
        format!(
            "Unable to bind to IPC address 'unix:{too_long}'. Unix address path \"{too_long}\" exceeded maximum \
             socket path length"
        )
    );
    let node = setup.arg(format!("-ipcbind=unix:{longest}")).start();
    check_call(&node, &format!("unix:{longest}"));
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let mut first = Setup::new("bitcoin").arg("-ipcbind=unix").start();
    let socket = first.file("node.sock");
    let thief = Setup::new("bitcoin").arg(format!("-ipcbind=unix:{}", socket.display()));
    let expected = format!(
        "Unable to bind to IPC address 'unix:{}'. Address already in use",
        socket.display()
    );
    assert_eq!(error_of(&thief), expected);
    check_call(&first, "unix");
    // A kill leaves the file; nobody is behind it.
    first.kill();
    assert_private_socket(&socket);
    let gone = first.cli(["-ipcconnect=unix", "getblockcount"]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    first.start_again();
    check_call(&first, "unix");
    first.stop();

    // A listener of any other program counts as well.
    let setup = Setup::new("bitcoin");
    let path = setup.data().path().join("foreign.sock");
    let _foreign = UnixListener::bind(&path).unwrap();
    let text = error_of(&setup.arg(format!("-ipcbind=unix:{}", path.display())));
    assert!(text.ends_with("Address already in use"), "{text}");
}

#[test]
fn of_two_that_find_a_stale_socket_one_takes_it() {
    let mut first = Setup::new("bitcoin").arg("-ipcbind=unix").start();
    let socket = first.file("node.sock");
    first.kill();
    assert_private_socket(&socket);
    let address = format!("unix:{}", socket.display());
    let bind = format!("-ipcbind={address}");
    let mut rivals = [(); 2].map(|()| Setup::new("bitcoin").arg(&bind).spawn());
    let loser = wait_for("one of them to give up", PATIENCE, || {
        (0..2).find(|place| !rivals[*place].is_running())
    });
    let ended = rivals[loser].wait_for_end(PATIENCE);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.ends_with("Address already in use\n"),
        "{ended:?}"
    );
    let winner = &mut rivals[1 - loser];
    winner.wait_until_ready();
    assert_private_socket(&socket);
    check_call(winner, &address);
    winner.kill();

    // Who holds the folder for purposes of his own locks nobody out.
    let held = fs::File::open(first.network_dir()).unwrap();
    held.lock().unwrap();
    first.start_again();
    check_call(&first, "unix");
}

#[test]
fn what_is_no_socket_stays_where_it_is() {
    let setup = Setup::new("bitcoin");
    let (file, link) = (
        setup.data().path().join("file"),
        setup.data().path().join("link"),
    );
    fs::write(&file, "precious").unwrap();
    symlink(&file, &link).unwrap();
    for path in [&file, &link] {
        let setup = setup
            .clone()
            .arg(format!("-ipcbind=unix:{}", path.display()));
        let expected = format!(
            "Unable to bind to IPC address 'unix:{}'. Address already in use",
            path.display()
        );
        assert_eq!(error_of(&setup), expected);
        assert_eq!(fs::read_to_string(path).unwrap(), "precious");
    }
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn the_client_chooses_its_way() {
    let mut node = Setup::new("bitcoin").arg("-ipcbind=unix").start();
    let wrong = ["-rpcpassword=wrong", "-rpcuser=someone"];
    let with = |args: &[&str]| node.cli(wrong.iter().chain(args));
    // Over the socket nobody asks for the password.
    for args in [
        &["getblockcount"][..],
        &["-ipcconnect", "getblockcount"],
        &["-ipcconnect=auto", "getblockcount"],
        &["-ipcconnect=unix", "getblockcount"],
        &["-ipcconnect=unix:node.sock", "getblockcount"],
        &["-named", "getblockcount"],
    ] {
        let ended = with(args);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(0), "0\n"),
            "{args:?} {ended:?}"
        );
    }
    let hash = with(&["-named", "getblockhash", "height=0"]);
    assert_eq!(hash.stdout.trim_end().len(), 64);
    let info = with(&["-getinfo"]);
    assert_eq!(info.code, Some(0), "{info:?}");
    assert!(info.stdout.contains("Blocks: 0"), "{info:?}");
    let unknown = with(&["nothing"]);
    assert_eq!(unknown.code, Some(89));
    assert_eq!(
        unknown.stderr,
        "error code: -32601\nerror message:\nMethod not found\n"
    );

    // Over HTTP somebody does.
    for args in [
        &["-noipcconnect", "getblockcount"][..],
        &["-ipcconnect=0", "getblockcount"],
        &["-rpcconnect=127.0.0.1", "getblockcount"],
    ] {
        let ended = with(args);
        assert_eq!(ended.code, Some(1), "{args:?} {ended:?}");
        let text = "error: Authorization failed: Incorrect rpcuser or rpcpassword were specified.";
        assert!(ended.stderr.starts_with(text), "{args:?} {ended:?}");
    }
    let both = with(&["-rpcconnect=127.0.0.1", "-ipcconnect=unix", "getblockcount"]);
    assert_eq!(both.code, Some(1));
    let text = "error: -rpcconnect and -ipcconnect options cannot both be enabled\n";
    assert_eq!(both.stderr, text);

    // `stop` is answered before the connection ends.
    assert_eq!(
        node.cli_ok(["-ipcconnect=unix", "stop"]),
        json!("bitq stopping")
    );
    assert_eq!(node.wait_for_end(PATIENCE).code, Some(0));
    let auto = node.cli(["-ipcconnect=auto", "getblockcount"]);
    assert_eq!(auto.code, Some(1));
    assert!(
        auto.stderr.contains("(Could not connect to the server)"),
        "{auto:?}"
    );
    let demanded = node.cli(["-ipcconnect=unix", "getblockcount"]);
    assert_eq!(demanded.code, Some(1));
    let text = "error: No such file or directory\n\nProbably bitcoin-node is not running or not listening on a unix \
                socket. Can be started with:\n\n    bitcoin-node -chain=regtest -ipcbind=unix\n";
    assert!(demanded.stderr.starts_with(text), "{demanded:?}");
}

#[test]
fn a_command_waits_for_the_end_of_the_warm_up() {
    let setup = Setup::new("bitcoin").arg("-ipcbind=unix");
    let node = setup.spawn();
    // Neither socket nor port is there at once.
    let count = node.cli_ok(["-rpcwait", "-ipcconnect=unix", "getblockcount"]);
    assert_eq!(count, json!(0));
}

/// Bytes of memory that a process holds.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap() * 1024
}

fn garbage() -> Vec<(&'static str, Vec<u8>)> {
    let noise: Vec<u8> = (0..65_536_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect();
    let words = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
    vec![
        ("noise", noise),
        ("too many segments", words(&[u32::MAX, 0, 0, 0])),
        ("a huge segment", words(&[0, u32::MAX, 0, 0])),
        (
            "another protocol",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
        // A root pointer far outside of its segment.
        ("a wild pointer", words(&[0, 1, 0x7fff_fffc, 0x0001_0001])),
        // A far pointer to itself.
        ("a cycle", words(&[0, 1, 2, 0])),
        ("half a message", words(&[0, 100, 0, 0])),
    ]
}

#[test]
fn garbage_harms_nobody_but_its_sender() {
    let mut node = Setup::new("bitcoin").arg("-ipcbind=unix").start();
    let socket: PathBuf = node.file("node.sock");
    let before = memory(node.pid());
    let mut held = Vec::new();
    for (what, bytes) in garbage() {
        for _ in 0..20 {
            let mut stream = UnixStream::connect(&socket).unwrap();
            // The node may have closed it before everything was written.
            let _ = stream.write_all(&bytes);
            if what == "half a message" {
                held.push(stream);
                continue;
            }
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut answer = Vec::new();
            let end = stream.read_to_end(&mut answer);
            let timed_out = end.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
            assert!(!timed_out, "{what} is not hung up on");
        }
        check_call(&node, "unix");
    }
    assert!(node.is_running());
    let grown = memory(node.pid()).saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more than before");
    drop(held);
    assert_eq!(node.call("getblockcount", json!([])), json!(0));
    node.stop();
}

#[test]
fn a_burst_of_clients_is_served() {
    let node = Setup::new("bitcoin").arg("-ipcbind=unix").start();
    let socket = node.file("node.sock");
    let descriptors = || {
        let folder = format!("/proc/{}/fd", node.pid());
        fs::read_dir(folder).unwrap().count()
    };
    check_call(&node, "unix");
    let log = node.file("debug.log");
    let accepted = || read_text(&log).matches("socket connected").count();
    let (before, known) = (descriptors(), accepted());
    let streams: Vec<UnixStream> = (0..50)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    check_call(&node, "unix");
    wait_until("every client to be accepted", PATIENCE, || {
        accepted() >= known + 51
    });
    drop(streams);
    wait_until("the descriptors to be given back", PATIENCE, || {
        descriptors() <= before + 1
    });
    check_call(&node, "unix");
}

#[test]
fn a_socket_may_give_fewer_rights() {
    let node = Setup::new("bitcoin")
        .rpc_port(free_port())
        .arg("-ipcbind=unix:rpc.sock,role=rpc:monitor")
        .arg("-ipcbind=unix:read.sock,role=read")
        .arg("-rpcwhitelist=monitor:getblockcount")
        .arg("-rpcwhitelistdefault=0")
        .start();
    check_call(&node, "unix:rpc.sock");
    let refused = node.cli(["-ipcconnect=unix:rpc.sock", "stop"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("does not give the right"),
        "{refused:?}"
    );
    let refused = node.cli(["-ipcconnect=unix:read.sock", "stop"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(node.call("getblockcount", json!([])), json!(0));
}

#[test]
fn another_chains_socket_is_not_taken_for_ones_own() {
    let mut node = Setup::new("bitcoin").arg("-ipcbind=unix").start();
    let connect = format!("-ipcconnect=unix:{}", node.file("node.sock").display());
    let other = Setup::new("groestlcoin");
    let output = Command::new(program("bitq-cli"))
        .args(other.place())
        .args([connect.as_str(), "stop"])
        .stdin(Stdio::null())
        .output();
    let ended: Ended = output.unwrap().into();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.stderr,
        "error: bitq-node and bitq-cli do not fit together: bitq-node has coin bitcoin, bitq-cli has coin groestlcoin.\n"
    );
    check_call(&node, "unix");
    node.stop();
}

#[test]
fn one_large_text_ends_no_process() {
    let node = Setup::new("bitcoin").wallet().arg("-ipcbind=unix").start();
    node.call("createwallet", json!(["w"]));
    let wallet = children(node.pid(), "bitq-wallet");
    let label = "x".repeat(17 << 20);
    let address = node.call("getnewaddress", json!([label]));
    // The reply is as large, over HTTP and over the socket.
    let info = node.call("getaddressinfo", json!([address]));
    assert_eq!(info["labels"][0].as_str().map(str::len), Some(label.len()));
    let info = node.cli_ok([
        "-ipcconnect=unix",
        "getaddressinfo",
        address.as_str().unwrap(),
    ]);
    assert_eq!(info["labels"][0].as_str().map(str::len), Some(label.len()));
    assert_eq!(children(node.pid(), "bitq-wallet"), wallet, "it lives");
}
