//! The window over real processes: everything on the screen came over a socket.

#[path = "../testdata/robot.rs"]
mod robot;

use std::path::Path;

use common::options::{CommandLine, Program};
use gui::app::{Launch, Message, program};
use gui::link::Control;
use gui::model::prefs::Store;
use gui::page::first_run;
use robot::{Robot, WindowProgram};
use testkit::process;

fn launch(folder: &Path, more: &[&str]) -> Launch {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).expect("a folder for the chain");
    let datadir = format!("-datadir={}", data.display());
    let port = format!("-rpcport={}", process::free_port());
    let fixed = [
        "bitq-gui",
        "-coin=bitcoin",
        "-regtest",
        "-printtoconsole=0",
        &datadir,
        &port,
    ];
    let args = fixed.iter().chain(more).map(std::ffi::OsString::from);
    let node = process::program("bitq-node");
    Launch {
        command_line: CommandLine::parse(Program::Gui, args).expect("valid options"),
        store: Store::new(folder.join("window")),
        link: None,
        minimised: false,
        programs: node.parent().map(Path::to_owned),
    }
}

#[test]
fn the_height_of_the_real_chain_is_shown_and_a_killed_node_comes_back() {
    robot::load_fonts();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut robot = Robot::new(program(launch(folder.path(), &["-disablewallet"])));
    robot.expect("block 0");
    robot.click("nav-console");
    robot.type_into("console-input", "getblock(getblockhash(0) 1)[tx][0]");
    robot.tell(Message::Console(gui::page::console::Message::Submit));
    // The genesis transaction of every Bitcoin chain.
    robot.expect("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
    robot.click("nav-node");
    let pid = node_pid(folder.path());
    process::signal(pid, process::Signal::KILL);
    robot.wait("the card", |robot| robot.sees("Copy report"));
    robot.click("stopped-restart");
    robot.expect_gone("Copy report");
    robot.wait("another node", |_| node_pid(folder.path()) != pid);
    robot.expect("block 0");
    robot.tell(Message::Control(Control::Stop));
    robot.expect("The node is stopped.");
    drop(robot.end());
}

#[test]
fn from_an_empty_chain_to_a_confirmed_payment_and_back_after_a_restart() {
    robot::load_fonts();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut robot = Robot::new(program(launch(folder.path(), &[])));
    create_wallet(&mut robot);
    robot.click("nav-overview");
    robot.click("mine-101");
    robot.expect("block 101");
    // One reward is ripe, a hundred are not.
    robot.expect("50.000\u{2009}000\u{2009}00\u{A0}BTC");
    robot.expect("5\u{2009}000.000\u{2009}000\u{2009}00\u{A0}BTC");
    robot.picture("mined");
    let address = new_address(&mut robot);
    send(&mut robot, &address);
    robot.expect("waiting");
    robot.picture("sent");
    robot.click("drawer-close");
    robot.click("nav-overview");
    robot.click("mine-1");
    robot.expect("block 102");
    robot.expect("1 of 6");
    robot.tell(Message::QuitChosen(false));
    robot.wait("the node to stop", |_| {
        !folder.path().join("data/regtest/bitcoind.pid").exists()
    });
    drop(robot.end());

    let mut robot = Robot::new(program(launch(folder.path(), &[])));
    robot.expect("block 102");
    robot.expect("Rent");
    robot.expect("1 of 6");
    robot.picture("restarted");
    let app = robot.end();
    let wallet = app.model.wallet.expect("the wallet is open again");
    assert_eq!(wallet.name, "Savings");
    // 102 rewards and the payment to oneself.
    assert_eq!(wallet.history.known(), 103);
}

fn create_wallet<P: WindowProgram>(robot: &mut Robot<P>) {
    robot.click("no-wallet");
    robot.click("wallet-new");
    robot.type_into("create-passphrase", PASSPHRASE);
    robot.type_into("create-repeat", PASSPHRASE);
    robot.click("create-wallet");
    robot.expect("Savings");
    robot.expect("set, locked");
}

fn new_address<P: WindowProgram>(robot: &mut Robot<P>) -> String {
    robot.click("nav-receive");
    robot.type_into("receive-label", "Rent");
    robot.click("receive-create");
    robot.expect("not used yet");
    robot.picture("receive");
    let found = robot.app_text(|text| text.starts_with("bitcoin:bcrt1"));
    let link = found.expect("the link is on the screen");
    link.trim_start_matches("bitcoin:")
        .split('?')
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn send<P: WindowProgram>(robot: &mut Robot<P>, address: &str) {
    robot.click("nav-send");
    robot.type_into("send-address", address);
    robot.expect("✓ This is an address of this wallet.");
    robot.type_into("send-amount", "12.5");
    robot.type_into("send-rate", "7.5");
    robot.wait("the preview", |robot| robot.is_enabled("send-review"));
    robot.click("send-review");
    robot.expect("You pay");
    robot.picture("review");
    robot.type_into("send-passphrase", "not the passphrase");
    robot.click("send-confirm");
    robot.wait("the refusal", |robot| robot.is_enabled("send-confirm"));
    robot.type_into("send-passphrase", PASSPHRASE);
    robot.click("send-confirm");
    robot.expect("Details");
}

const PASSPHRASE: &str = "seven purple ducks walk";

/// The process that holds the data directory of this test.
fn node_pid(folder: &Path) -> u32 {
    let file = folder.join("data/regtest/bitcoind.pid");
    let text = process::wait_for("the pid file", robot::PATIENCE, || {
        std::fs::read_to_string(&file)
            .ok()
            .filter(|text| text.ends_with('\n'))
    });
    text.trim().parse().expect("a process number")
}

#[test]
fn the_first_run_leads_from_nothing_to_a_proved_backup() {
    robot::load_fonts();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let args = ["bitq-gui", "-printtoconsole=0"].map(std::ffi::OsString::from);
    let node = process::program("bitq-node");
    let launch = Launch {
        command_line: CommandLine::parse(Program::Gui, args).expect("valid options"),
        store: Store::new(folder.path().join("window")),
        link: None,
        minimised: false,
        programs: node.parent().map(Path::to_owned),
    };
    let mut robot = Robot::new(program(launch.clone()));
    robot.expect("Welcome");
    assert!(
        !folder.path().join("window").exists(),
        "nothing is written before a choice"
    );
    // Groestlcoin, private.
    robot.click("coin-2");
    robot.click("network-4");
    robot.click("first-run-continue");
    robot.expect("Where to keep the chain");
    robot.click("dir-own");
    let data = folder.path().join("chain");
    robot.type_into("dir-path", &data.display().to_string());
    robot.expect("free");
    robot.wait("a fine place", |robot| {
        robot.is_enabled("first-run-continue")
    });
    robot.click("first-run-continue");
    robot.expect("New keys on this computer");
    // Left in the middle and resumed, with the node behind it.
    robot.wait("the node", |robot| !robot.sees("starting behind this page"));
    robot.tell(Message::Control(Control::Quit {
        leave_running: false,
    }));
    robot.wait("its end", |_| !process_runs(&data));
    drop(robot.end());
    let mut robot = Robot::new(program(launch.clone()));
    robot.expect("New keys on this computer");
    robot.type_into("create-passphrase", PASSPHRASE);
    robot.type_into("create-repeat", PASSPHRASE);
    robot.wait("the button", |robot| robot.is_enabled("create-wallet"));
    robot.click("create-wallet");
    robot.expect("Make a backup, then prove that it works");
    let backup = folder.path().join("usb.bitq-backup");
    let path = gui::page::wallets::backup::Message::Path(backup.display().to_string());
    robot.tell(Message::FirstRun(first_run::Message::Backup(path)));
    robot.click("backup-save");
    robot.expect("saved, ");
    robot.type_into("backup-passphrase", PASSPHRASE);
    robot.click("backup-check");
    robot.expect("identical to the wallet");
    robot.picture("first-run-4");
    robot.click("first-run-continue");
    robot.expect("Ready to spend");
    robot.tell(Message::QuitChosen(false));
    robot.wait("the node to stop", |_| !process_runs(&data));
    drop(robot.end());
    assert!(backup.is_file());

    let mut robot = Robot::new(program(launch));
    robot.expect("Ready to spend");
    robot.tell(Message::QuitChosen(false));
    robot.wait("the node to stop", |_| !process_runs(&data));
    drop(robot.end());
}

/// Whether a node holds the chain in this folder.
fn process_runs(data: &Path) -> bool {
    let network = data.join("regtest");
    std::fs::read_dir(network).is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "pid"))
        })
    })
}

#[test]
fn a_node_that_was_left_running_is_found_again() {
    robot::load_fonts();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut robot = Robot::new(program(launch(folder.path(), &["-disablewallet"])));
    robot.expect("started by this window");
    robot.tell(Message::CloseRequested);
    robot.click("quit-leave");
    let socket = folder.path().join("data/regtest/node.sock");
    let log = folder.path().join("data/regtest/debug.log");
    robot.wait("the node to let go of the window", |_| {
        std::fs::read_to_string(&log)
            .is_ok_and(|text| text.contains("Going on without the program that started this one"))
    });
    assert!(socket.exists());
    let pid = node_pid(folder.path());
    drop(robot.end());

    let mut robot = Robot::new(program(launch(folder.path(), &["-disablewallet"])));
    robot.expect("was running before");
    assert_eq!(node_pid(folder.path()), pid);
    // Another window's node goes away and comes back; the window waits for it and says so.
    process::signal(pid, process::Signal::TERM);
    robot.expect("Lost the node");
    robot.expect("Trying again in");
    robot.click("lost-own");
    robot.expect("started by this window");
    robot.tell(Message::QuitChosen(false));
    robot.wait("the node to stop", |_| {
        !process_runs(&folder.path().join("data"))
    });
    drop(robot.end());
}

#[test]
fn a_killed_node_is_reported_and_started_with_a_repair() {
    robot::load_fonts();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut robot = Robot::new(program(launch(folder.path(), &["-disablewallet"])));
    robot.click("nav-node");
    robot.expect("started by this window");
    let first = node_pid(folder.path());
    process::signal(first, process::Signal::KILL);
    robot.expect("Node stopped");
    robot.expect("ran out of memory");
    robot.click("stopped-chainstate");
    robot.wait("the new node", |_| node_pid(folder.path()) != first);
    robot.expect_gone("Node stopped");
    robot.expect("started by this window");
    let log = std::fs::read_to_string(folder.path().join("data/regtest/debug.log"));
    let log = log.expect("the node's log");
    assert!(
        log.contains("Command-line arg: reindex-chainstate=\"1\""),
        "{log}"
    );
    robot.tell(Message::QuitChosen(false));
    robot.wait("the node to stop", |_| {
        !process_runs(&folder.path().join("data"))
    });
    drop(robot.end());
}
