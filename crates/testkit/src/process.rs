//! Real processes under test: built programs, data directories of their own, free ports, JSON-RPC, and waiting with a
//! deadline for what a user would see.
//!
//! Nothing here knows the programs from inside; all of it goes through files, sockets and signals.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

pub mod flow;
mod folder;
mod http;
mod node;
mod port;
mod rpc;

pub use folder::Folder;
pub use http::{HttpReply, basic_auth, http_post, http_request};
pub use node::{Node, Setup};
pub use port::free_port;
pub use rpc::{RpcClient, RpcFailure, sats};
pub use rustix::process::Signal;

/// The coins that bitq runs, as `-coin` names them.
pub const COINS: [&str; 4] = ["bitquantum", "bitcoin", "groestlcoin", "smithcoin"];

/// Longest time that anything here may take before the test fails. Whole chains are loaded by slow builds on busy
/// machines; only what hangs takes this long.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Time between two looks at something that has no event to wait for, such as another process's file.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// A built program: from the folder that `BITQ_PROGRAMS` names, such as that of a package, or beside the running test.
///
/// # Panics
/// Where it was not built: a test of another version would prove nothing.
pub fn program(name: &str) -> PathBuf {
    let path = programs().join(name);
    assert!(
        path.is_file(),
        "{} is not built: run `cargo xtask test`, or `cargo build --bins` first",
        path.display()
    );
    path
}

fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("BITQ_PROGRAMS") {
        return folder.into();
    }
    let test = std::env::current_exe().expect("a test knows its own file");
    let folder = test.ancestors().find(|dir| dir.join("deps").is_dir());
    folder
        .expect("tests lie in the deps folder of a build")
        .to_owned()
}

/// Looks until `found` gives something; `what` says in the failure what was waited for.
///
/// # Panics
/// After `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(
            Instant::now() < deadline,
            "waited {} s for {what}",
            limit.as_secs()
        );
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// Looks until `done`.
///
/// # Panics
/// After `limit`.
pub fn wait_until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    wait_for(what, limit, || done().then_some(()));
}

/// How a program ended and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status, or `None` after a signal.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Sends a signal to any process.
///
/// # Panics
/// Where there is no such process.
pub fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .expect("a process number");
    rustix::process::kill_process(pid, signal)
        .unwrap_or_else(|error| panic!("cannot signal process {pid:?}: {error}"));
}

/// Whether a process is there and is no zombie.
pub fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        !matches!(state, Some('Z' | 'X') | None)
    })
}

/// The children of a process whose program file has this name.
pub fn children(pid: u32, name: &str) -> Vec<u32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<u32>>()
        })
        .filter(|child| program_of(*child).is_some_and(|path| path.ends_with(name)))
        .collect()
}

fn program_of(pid: u32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// Reads a file as text, or nothing where it is not there yet.
pub fn read_text(path: &Path) -> String {
    std::fs::read(path).map_or_else(
        |_| String::new(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}
