//! The window as a user starts it, on a real display: `cargo xtask windows`.
//!
//! What is on its pages is tested in `gui` without a display; here are processes, sockets and pixels.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use testkit::process::{
    Folder, PATIENCE, Setup, Signal, children, free_port, is_alive, program, signal, wait_for,
    wait_until,
};

/// A window with a home directory of its own. It is killed when this value goes.
struct Window {
    child: Child,
}

impl Drop for Window {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Window {
    /// Starts `bitq` with the arguments and waits until its window is on the screen.
    fn open(folder: &Folder, args: &[String]) -> Self {
        let home = folder.path().join("home");
        std::fs::create_dir_all(&home).unwrap();
        let mut command = Command::new(program("bitq"));
        command.args(args).env("HOME", &home).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            command.env(name, home.join(name));
        }
        let window = Self {
            child: command.spawn().unwrap(),
        };
        wait_until("the window", PATIENCE, || window.is_shown());
        window
    }

    /// The launcher became the window, so this is the window's own number.
    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn is_shown(&self) -> bool {
        let pid = self.pid().to_string();
        let mut search = Command::new("xdotool");
        search
            .args(["search", "--onlyvisible", "--pid", &pid])
            .stderr(Stdio::null());
        search
            .output()
            .is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
    }

    /// Ends the window without a chance to say goodbye.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The one child of that name, once it is there.
fn child_of(pid: u32, name: &str) -> u32 {
    wait_for(name, PATIENCE, || children(pid, name).first().copied())
}

/// Takes a picture of the screen, for people to look at.
fn picture(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let taken = Command::new("scrot")
        .arg("--overwrite")
        .arg(&path)
        .status()
        .unwrap();
    assert!(taken.success(), "scrot takes a picture");
    path
}

fn options(folder: &Folder, words: &[&str]) -> Vec<String> {
    let mut args: Vec<String> = words.iter().map(ToString::to_string).collect();
    args.extend(["-coin=bitcoin", "-regtest", "-listen=0"].map(str::to_owned));
    args.push(format!("-datadir={}", folder.data().display()));
    args.push(format!("-rpcport={}", free_port()));
    args
}

#[test]
#[ignore = "needs a display: cargo xtask windows"]
fn one_command_opens_a_window_over_two_other_processes() {
    let folder = Folder::new();
    let window = Window::open(&folder, &options(&folder, &["-m", "gui"]));
    let node = child_of(window.pid(), "bitq-node");
    let wallet = child_of(node, "bitq-wallet");
    let drawn = picture("window.png");
    // An empty screen of this size takes a fraction of that.
    let size = std::fs::metadata(&drawn).unwrap().len();
    assert!(size > 10_000, "{size} bytes in {}", drawn.display());

    window.kill();
    wait_until("the end of the node", PATIENCE, || !is_alive(node));
    wait_until("the end of the wallet", PATIENCE, || !is_alive(wallet));
}

#[test]
#[ignore = "needs a display: cargo xtask windows"]
fn in_one_process_the_window_still_stands_alone() {
    let folder = Folder::new();
    let window = Window::open(&folder, &options(&folder, &["-M", "gui"]));
    let daemon = child_of(window.pid(), "bitqd");
    assert!(children(window.pid(), "bitq-node").is_empty());
    assert!(children(daemon, "bitq-wallet").is_empty());
    window.kill();
    wait_until("the end of the daemon", PATIENCE, || !is_alive(daemon));
}

#[test]
#[ignore = "needs a display: cargo xtask windows"]
fn a_node_outlives_the_windows_that_attach_to_it() {
    let mut node = Setup::new("bitcoin").wallet().arg("-ipcbind=unix").start();
    for _ in 0..2 {
        let args = options(node.setup().data(), &["gui", "-ipcconnect=auto"]);
        let window = Window::open(node.setup().data(), &args);
        node.wait_for_log("IPC server: socket connected.");
        assert!(
            children(window.pid(), "bitq-node").is_empty(),
            "it uses the one that runs"
        );
        window.kill();
        assert!(node.is_running());
        assert_eq!(node.call("getblockcount", serde_json::json!([])), 0);
    }
    node.stop();
}

#[test]
#[ignore = "needs a display: cargo xtask windows"]
fn a_stopped_node_leaves_the_window_on_the_screen() {
    let folder = Folder::new();
    let window = Window::open(&folder, &options(&folder, &["-m", "gui"]));
    let node = child_of(window.pid(), "bitq-node");
    signal(node, Signal::STOP);
    let frozen = picture("window-node-stopped.png");
    assert!(std::fs::metadata(&frozen).unwrap().len() > 10_000);
    assert!(is_alive(window.pid()) && window.is_shown());
    signal(node, Signal::CONT);
    window.kill();
    wait_until("the end of the node", PATIENCE, || !is_alive(node));
}
