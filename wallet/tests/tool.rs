//! The offline tool: the real program on real files.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn tool(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bitq-wallet"))
        .arg("-coin=bitcoin")
        .arg("-regtest")
        .arg(format!("-datadir={}", dir.display()))
        .args(args)
        .output()
        .unwrap()
}

fn check(dir: &Path, args: &[&str], status: i32, out: &str, error: &str) {
    let output = tool(dir, args);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(
        output.status.code(),
        Some(status),
        "{args:?}: {stdout}{stderr}"
    );
    assert!(stdout.contains(out), "{args:?}: {stdout}");
    assert!(stderr.contains(error), "{args:?}: {stderr}");
    assert_eq!(stderr.is_empty(), error.is_empty(), "{args:?}: {stderr}");
}

fn data_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("regtest/wallets")).unwrap();
    dir
}

#[test]
fn a_wallet_is_made_dumped_and_made_again() {
    let dir = data_dir();
    let dump = format!("-dumpfile={}", dir.path().join("dump.txt").display());
    let info = "Wallet info\n===========\nName: w\nFormat: sqlite\nDescriptors: yes\nEncrypted: no\nHD (hd seed \
                available): yes\nKeypool Size: 8000\nTransactions: 0\nAddress Book: 0\n";
    check(
        dir.path(),
        &["-wallet=w", "create"],
        0,
        &format!("Topping up keypool...\n{info}"),
        "",
    );
    check(
        dir.path(),
        &["-wallet=w", "create"],
        1,
        "",
        "Database already exists.",
    );
    check(dir.path(), &["-wallet=w", "info"], 0, info, "");
    check(
        dir.path(),
        &["-wallet=w", &dump, "dump"],
        0,
        "The dumpfile may contain private keys.",
        "",
    );
    check(
        dir.path(),
        &["-wallet=w", &dump, "dump"],
        1,
        "",
        "already exists. If you are sure",
    );
    check(
        dir.path(),
        &["-wallet=v", &dump, "createfromdump"],
        0,
        "",
        "",
    );
    check(
        dir.path(),
        &["-wallet=v", "info"],
        0,
        "Keypool Size: 8000",
        "",
    );
    // The copy holds the same records.
    let again = format!("-dumpfile={}", dir.path().join("again.txt").display());
    check(
        dir.path(),
        &["-wallet=v", &again, "dump"],
        0,
        "do not share the dumpfile",
        "",
    );
    let lines = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(dir.path().join(name)).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    assert_eq!(lines("dump.txt"), lines("again.txt"));
}

#[test]
fn faults_of_dumps_have_the_texts_of_the_reference() {
    let dir = data_dir();
    let dump = dir.path().join("dump.txt");
    let option = format!("-dumpfile={}", dump.display());
    let with = |text: &str, error: &str| {
        std::fs::write(&dump, text).unwrap();
        check(
            dir.path(),
            &["-wallet=w", &option, "createfromdump"],
            1,
            "",
            error,
        );
        assert!(!dir.path().join("regtest/wallets/w").exists(), "{text}");
    };
    with(
        "WRONG,1\n",
        "Error: Dumpfile identifier record is incorrect. Got \"WRONG\", expected \"BITCOIN_CORE_WALLET_DUMP\".",
    );
    with(
        "BITCOIN_CORE_WALLET_DUMP,x\n",
        "Error: Unable to parse version x as a uint32_t",
    );
    with(
        "BITCOIN_CORE_WALLET_DUMP,2\n",
        "only supports version 1 dumpfiles. Got dumpfile with version 2",
    );
    let head = "BITCOIN_CORE_WALLET_DUMP,1\nformat,sqlite\n";
    with(
        "BITCOIN_CORE_WALLET_DUMP,1\nformat,bdb\n",
        "unsupported database format (bdb)",
    );
    with(head, "Error: Missing checksum");
    with(
        &format!("{head}zz,00\n"),
        "Error: Got key that was not hex: zz",
    );
    with(
        &format!("{head}00,zz\n"),
        "Error: Got value that was not hex: zz",
    );
    with(
        &format!("{head}checksum,00\n"),
        "Error: Checksum is not the correct size",
    );
    with(
        &format!("{head}checksum,{}\n", "00".repeat(32)),
        "Error: Dumpfile checksum does not match.",
    );
}

#[test]
fn wrong_calls_are_refused() {
    let dir = data_dir();
    check(
        dir.path(),
        &["-wallet=none", "info"],
        1,
        "",
        "Path does not exist.",
    );
    check(
        dir.path(),
        &["create"],
        1,
        "",
        "Wallet name must be provided when creating a new wallet.",
    );
    check(
        dir.path(),
        &["-wallet=w", "dump"],
        1,
        "",
        "Path does not exist.",
    );
    check(
        dir.path(),
        &["-wallet=w", "info", "more"],
        1,
        "",
        "Methods do not take arguments.",
    );
    check(
        dir.path(),
        &["-ipcconnect=auto"],
        1,
        "",
        "Error: Cannot use the node at unix:",
    );
    check(
        dir.path(),
        &["-wallet=w", "-dumpfile=/dev/zero", "createfromdump"],
        1,
        "",
        "Cannot read /dev/zero: it is no file",
    );
    check(dir.path(), &["-version"], 0, "version", "");
}

#[test]
fn names_do_not_lead_out_of_the_directory() {
    let dir = data_dir();
    let relative = "Wallet name given as a relative path cannot begin with ./ or ../";
    let normal = "Wallet name given as a path must be normalized";
    for (name, error) in [
        ("../../../outside", relative),
        ("a/../../outside", normal),
        ("./w", normal),
        ("/", "Wallet name cannot be the root path"),
    ] {
        for command in ["create", "info"] {
            let name = format!("-wallet={name}");
            check(dir.path(), &[&name, command], 1, "", error);
        }
    }
    assert!(!dir.path().join("outside").exists());
}
