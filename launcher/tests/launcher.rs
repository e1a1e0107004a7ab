//! The launcher as a user meets it: real processes, with a script in the place of each program.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// An installation: the launcher and the programs that the test asks for.
struct Installed {
    root: TempDir,
    launcher: PathBuf,
}

/// Links, instead of copying, so that no file that is run is ever open for writing.
fn install(programs: &[&str]) -> Installed {
    let root = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for folder in ["bin", "libexec", "data"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    let launcher = root.path().join("bin/bitq");
    fs::hard_link(env!("CARGO_BIN_EXE_bitq"), &launcher).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sibling.sh");
    for program in programs {
        symlink(&script, root.path().join(program)).unwrap();
    }
    Installed { root, launcher }
}

impl Installed {
    fn run(&self, args: &[&str]) -> Output {
        let data = format!("-datadir={}", self.root.path().join("data").display());
        // The data directory goes behind the command only.
        let at = args
            .iter()
            .position(|arg| !arg.starts_with('-'))
            .map_or(args.len(), |at| at + 1);
        let mut command = Command::new(&self.launcher);
        command.args(&args[..at]);
        if at > 0 && !args[at - 1].starts_with('-') {
            command.arg(data);
        }
        command.args(&args[at..]).output().unwrap()
    }

    /// The program that ran, from the root of the installation, and its arguments.
    fn check(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(7), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let (_pid, rest) = text.trim_end().split_once(' ').unwrap();
        let root = self
            .root
            .path()
            .canonicalize()
            .unwrap()
            .display()
            .to_string();
        let data = format!(" -datadir={}/data", self.root.path().display());
        rest.replace(&data, "").replace(&format!("{root}/"), "")
    }
}

#[test]
fn commands_reach_their_programs() {
    let programs = [
        "bin/bitq-gui",
        "bin/bitq-node",
        "bin/bitqd",
        "bin/bitq-cli",
        "bin/bitq-wallet",
    ];
    let bitq = install(&programs);
    assert_eq!(bitq.check(&["gui", "-regtest"]), "bin/bitq-gui -regtest");
    assert_eq!(bitq.check(&["-M", "gui"]), "bin/bitq-gui -M");
    assert_eq!(
        bitq.check(&["rpc", "getblockcount"]),
        "bin/bitq-cli -named getblockcount"
    );
    assert_eq!(bitq.check(&["wallet", "info"]), "bin/bitq-wallet info");
    assert_eq!(bitq.check(&["-m", "node", "-m"]), "bin/bitq-node -m");
}

#[test]
fn the_node_is_one_process_unless_asked() {
    let bitq = install(&["bin/bitq-node", "bin/bitqd"]);
    assert_eq!(bitq.check(&["node", "-regtest"]), "bin/bitqd -regtest");
    assert_eq!(
        bitq.check(&["node", "-ipcbind=unix"]),
        "bin/bitq-node -ipcbind=unix"
    );
    assert_eq!(
        bitq.check(&["-M", "node", "-ipcbind=unix"]),
        "bin/bitqd -ipcbind=unix"
    );

    let file = bitq.root.path().join("data/bitcoin.conf");
    fs::write(&file, "regtest=1\n[regtest]\nipcbind=unix\n").unwrap();
    assert_eq!(
        bitq.check(&["node", "-coin=bitcoin"]),
        "bin/bitq-node -coin=bitcoin"
    );
    assert_eq!(
        bitq.check(&["-M", "node", "-coin=bitcoin"]),
        "bin/bitqd -coin=bitcoin"
    );
    assert_eq!(
        bitq.check(&["node"]),
        "bin/bitqd",
        "another coin has its own file"
    );
}

#[test]
fn libexec_comes_before_bin() {
    let bitq = install(&["bin/bitqd", "libexec/bitqd"]);
    assert_eq!(bitq.check(&["node"]), "libexec/bitqd");
}

#[test]
fn the_launcher_becomes_the_program() {
    let bitq = install(&["bin/bitq-wallet"]);
    let child = Command::new(&bitq.launcher)
        .arg("wallet")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id().to_string();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.split(' ').next(), Some(pid.as_str()));
}

#[test]
fn a_missing_program_is_named_with_its_places() {
    let bitq = install(&[]);
    let output = bitq.run(&["wallet"]);
    assert_eq!(output.status.code(), Some(1));
    let root = bitq
        .root
        .path()
        .canonicalize()
        .unwrap()
        .display()
        .to_string();
    let expected = format!(
        "Error: Cannot find the program bitq-wallet. Looked for it in {root}/libexec and in {root}/bin. \
         Please put it into one of these places.\nTry 'bitq --help' for more information.\n"
    );
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
}

#[test]
fn a_command_of_a_later_version_says_so() {
    let bitq = install(&[]);
    for word in ["tx", "util"] {
        let output = bitq.run(&[word]);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stderr).unwrap();
        let expected = format!(
            "Error: The command '{word}' cannot run: this version has no program bitq-{word}.\n"
        );
        assert!(text.starts_with(&expected), "{text}");
    }
    let help = String::from_utf8(bitq.run(&["-h"]).stdout).unwrap();
    let line = help
        .lines()
        .find(|line| line.trim_start().starts_with("tx "))
        .unwrap();
    assert!(line.contains("without effect"), "{line}");
    // With the program there the command is an ordinary one.
    let bitq = install(&["bin/bitq-tx"]);
    assert_eq!(bitq.check(&["tx"]), "bin/bitq-tx");
}

#[test]
fn help_and_version() {
    let bitq = install(&[]);
    let version = bitq.run(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    let expected = format!("bitq version {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(version.stdout).unwrap(), expected);
    let help = bitq.run(&["-h"]);
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    for word in [
        "-m ", "-M ", "gui", "node", "rpc", "wallet", "tx", "util", "help",
    ] {
        assert!(text.contains(&format!("\n  {word}")), "{word} in {text}");
    }
    assert_eq!(bitq.run(&[]).status.code(), Some(1), "no command");
    assert_eq!(
        bitq.run(&["-x"]).status.code(),
        Some(1),
        "an unknown option"
    );
}
