//! Signals to real processes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{OnInterrupt, StopHandle, listen};
use crate::datadir::PidFile;

/// Tells the helper test what SIGINT does, and whether it stops when asked.
const ROLE: &str = "BITQ_TEST_STOP_ROLE";

/// Where the helper puts a pid file, if it is to have one.
const PID_FILE: &str = "BITQ_TEST_STOP_PID_FILE";

/// Not a test of its own: the process that the tests below send signals to.
#[test]
fn helper_that_waits_for_a_signal() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let stop = StopHandle::new();
    let on_interrupt = match role.as_str() {
        "child" | "patient" => OnInterrupt::WaitForParent {
            program: "bitq-node".to_owned(),
        },
        _ => OnInterrupt::Stop,
    };
    listen(&stop, on_interrupt).unwrap();
    let pid_file = std::env::var_os(PID_FILE).map(|path| PidFile::create(path.as_ref()).unwrap());
    println!("ready");
    stop.wait_blocking().unwrap();
    println!("stopping");
    if role == "slow" {
        loop {
            std::thread::park();
        }
    }
    drop(pid_file);
    if matches!(role.as_str(), "patient" | "orderly") {
        // Goes on until its input ends, whatever signals come.
        let mut rest = String::new();
        std::io::stdin().read_to_string(&mut rest).unwrap();
    }
    std::process::exit(0);
}

struct Helper {
    child: Child,
    out: std::io::Lines<BufReader<ChildStdout>>,
}

impl Helper {
    fn start(role: &str) -> Self {
        Self::with_pid_file(role, None)
    }

    fn with_pid_file(role: &str, pid_file: Option<&Path>) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .envs(pid_file.map(|path| (PID_FILE, path)))
            .args([
                "--exact",
                "stop::tests::helper_that_waits_for_a_signal",
                "--nocapture",
            ])
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut helper = Self { child, out };
        helper.wait_for("ready");
        helper
    }

    fn wait_for(&mut self, word: &str) {
        self.out
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.ends_with(word))
            .expect(word);
    }

    fn send(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// Returns exit code and standard error.
    fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), None);
        let mut text = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        (status.code(), text)
    }
}

#[test]
fn either_signal_stops() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut helper = Helper::start("node");
        helper.send(signal);
        helper.wait_for("stopping");
        assert_eq!(helper.end(), (Some(0), String::new()));
    }
}

#[test]
fn a_later_signal_exits_at_once_and_leaves_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.pid");
    let mut helper = Helper::with_pid_file("slow", Some(&path));
    assert!(path.exists());
    helper.send(Signal::TERM);
    helper.wait_for("stopping");
    // Those that come with the first do not count.
    while helper.child.try_wait().unwrap().is_none() {
        helper.send(Signal::INT);
        std::thread::yield_now();
    }
    assert_eq!(helper.end().0, Some(1));
    assert!(!path.exists(), "the pid file is left");
}

#[test]
fn signals_that_come_together_are_one() {
    let mut helper = Helper::start("orderly");
    helper.send(Signal::TERM);
    helper.send(Signal::INT);
    helper.send(Signal::TERM);
    helper.wait_for("stopping");
    drop(helper.child.stdin.take());
    assert_eq!(helper.end().0, Some(0));
}

#[test]
fn a_child_leaves_interrupts_to_its_parent() {
    let mut helper = Helper::start("child");
    helper.send(Signal::INT);
    let mut line = String::new();
    BufReader::new(helper.child.stderr.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(
        line,
        "[bitq-node] SIGINT received — waiting for parent to shut down.\n"
    );
    // It goes on, and ends when it is told to.
    helper.send(Signal::TERM);
    helper.wait_for("stopping");
    assert_eq!(helper.end().0, Some(0));
}

#[test]
fn a_child_is_not_hurried_by_the_signals_of_a_dying_parent() {
    let mut helper = Helper::start("patient");
    helper.send(Signal::TERM);
    helper.wait_for("stopping");
    for _ in 0..20 {
        helper.send(Signal::TERM);
    }
    // The interrupt is answered on the same thread, after the others.
    helper.send(Signal::INT);
    let mut line = String::new();
    BufReader::new(helper.child.stderr.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("SIGINT received"), "{line}");
    drop(helper.child.stdin.take());
    assert_eq!(helper.end().0, Some(0));
}

#[test]
fn a_hangup_stops_nothing() {
    let mut helper = Helper::start("node");
    helper.send(Signal::HUP);
    helper.send(Signal::TERM);
    helper.wait_for("stopping");
    assert_eq!(helper.end().0, Some(0));
}

#[test]
fn any_clone_stops_all() {
    let stop = StopHandle::new();
    let other = stop.clone();
    assert!(!other.is_stopping());
    std::thread::spawn(move || stop.stop()).join().unwrap();
    assert!(other.is_stopping());
    other.wait_blocking().unwrap();
}
