//! The window over real processes: everything on the screen came over a socket.

#[path = "../testdata/robot.rs"]
mod robot;

use std::path::{Path, PathBuf};

use common::options::{CommandLine, Program};
use gui::app::{Launch, Message, program};
use gui::link::Control;
use gui::model::prefs::Store;
use gui::page::first_run;
use robot::{Robot, WindowProgram};
use serde_json::{Value, json};
use testkit::process::{self, RpcClient, RpcFailure, Signal};

/// The folders of one test. No node on them outlives it, whatever happens.
struct Home {
    folder: tempfile::TempDir,
    data: PathBuf,
    port: u16,
}

impl Drop for Home {
    fn drop(&mut self) {
        // A window's own node ends with it; one that was left running would keep the output of the tests open.
        if let Some(pid) = self.pid().filter(|pid| process::is_alive(*pid)) {
            process::signal(pid, Signal::KILL);
        }
    }
}

impl Home {
    fn new() -> Self {
        robot::load_fonts();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let port = process::free_port();
        Self { folder, data, port }
    }

    /// A window with these options.
    fn window(&self, options: &[&str]) -> Launch {
        let port = format!("-rpcport={}", self.port);
        let fixed = ["bitq-gui", "-printtoconsole=0", &port];
        let args = fixed.iter().chain(options).map(std::ffi::OsString::from);
        let node = process::program("bitq-node");
        Launch {
            command_line: CommandLine::parse(Program::Gui, args).expect("valid options"),
            store: Store::new(self.folder.path().join("window")),
            link: None,
            minimised: false,
            programs: node.parent().map(Path::to_owned),
        }
    }

    /// A window of a private chain in the folder of this test.
    fn launch(&self, more: &[&str]) -> Launch {
        std::fs::create_dir_all(&self.data).expect("a folder for the chain");
        let datadir = format!("-datadir={}", self.data.display());
        let mut options = vec!["-coin=bitcoin", "-regtest", &datadir];
        options.extend(more);
        self.window(&options)
    }

    fn regtest(&self, name: &str) -> PathBuf {
        self.data.join("regtest").join(name)
    }

    /// The process that the pid file names.
    fn pid(&self) -> Option<u32> {
        let entries = std::fs::read_dir(self.data.join("regtest")).ok()?;
        let mut paths = entries.flatten().map(|entry| entry.path());
        let file = paths.find(|path| path.extension().is_some_and(|end| end == "pid"))?;
        let text = std::fs::read_to_string(file).ok()?;
        text.strip_suffix('\n')?.parse().ok()
    }

    /// The process that holds the data directory.
    fn node_pid(&self) -> u32 {
        process::wait_for("the pid file", robot::PATIENCE, || self.pid())
    }

    /// Ends the window, and waits for the end of the node itself: its files go a moment before it.
    fn quit<P: WindowProgram>(&self, mut robot: Robot<P>, how: Message) -> gui::app::App {
        let pid = self.node_pid();
        robot.tell(how);
        robot.wait("the node to end", |_| !process::is_alive(pid));
        robot.end()
    }

    /// Kills the node and clicks on the card that says so. Where the automatic restart came first, once more: the third
    /// death in a row waits for its user.
    fn kill_and_click<P: WindowProgram>(&self, robot: &mut Robot<P>, button: &'static str) -> u32 {
        for _ in 0..3 {
            let pid = self.node_pid();
            process::signal(pid, Signal::KILL);
            robot.wait("the card, or the next node", |robot| {
                robot.is_enabled(button) || self.pid().is_some_and(|now| now != pid)
            });
            if robot.sees("ran out of memory")
                && robot.sees("Copy report")
                && robot.try_click(button)
            {
                return pid;
            }
        }
        panic!("a node that was killed three times is not reported");
    }

    fn try_call(&self, path: &str, method: &str, params: Value) -> Result<Value, RpcFailure> {
        let client = RpcClient {
            port: self.port,
            credentials: process::read_text(&self.regtest(".cookie")),
        };
        client.call(path, method, &params)
    }

    fn call(&self, path: &str, method: &str, params: Value) -> Value {
        let answer = self.try_call(path, method, params);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }
}

#[test]
fn a_killed_node_comes_back_and_the_console_asks_it() {
    let home = Home::new();
    let mut robot = Robot::new(program(home.launch(&["-disablewallet"])));
    robot.expect("block 0");
    robot.click("nav-console");
    robot.type_into("console-input", "getblock(getblockhash(0) 1)[tx][0]");
    robot.tell(Message::Console(gui::page::console::Message::Submit));
    // The genesis transaction of every Bitcoin chain.
    robot.expect("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
    robot.click("nav-node");
    let pid = home.kill_and_click(&mut robot, "stopped-restart");
    robot.wait("another node", |_| home.node_pid() != pid);
    robot.expect_gone("Copy report");
    robot.expect("block 0");
    robot.tell(Message::Control(Control::Stop));
    robot.expect("The node is stopped.");
    drop(robot.end());
}

#[test]
fn the_real_chain_is_shown_with_its_height_and_hash() {
    let Some(vectors) = testkit::vectors_dir() else {
        return;
    };
    let home = Home::new();
    std::fs::create_dir_all(&home.data).expect("a folder for the chain");
    let datadir = format!("-datadir={}", home.data.display());
    let file = vectors.join("blocks/mainnet-0-to-438.dat");
    let blocks = format!("-loadblock={}", file.display());
    let options = [
        "-coin=bitcoin",
        "-chain=main",
        "-disablewallet",
        "-listen=0",
        &datadir,
        &blocks,
    ];
    let mut robot = Robot::new(program(home.window(&options)));
    robot.click("nav-node");
    robot.expect("block 438");
    robot.expect("0000000025c6b644f8add734be7e666fa4afa43ca0204d623a0c0b1fd2104c7a");
    robot.picture("real-chain");
    robot.tell(Message::Control(Control::Stop));
    robot.expect("The node is stopped.");
    drop(robot.end());
}

#[test]
fn from_an_empty_chain_to_a_confirmed_payment_and_back_after_a_restart() {
    let home = Home::new();
    let mut robot = Robot::new(program(home.launch(&[])));
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
    check_rate(&home);
    robot.click("drawer-close");
    robot.click("nav-overview");
    robot.click("mine-1");
    robot.expect("block 102");
    robot.expect("1 of 6");
    drop(home.quit(robot, Message::QuitChosen(false)));

    let mut robot = Robot::new(program(home.launch(&[])));
    robot.expect("block 102");
    robot.expect("Rent");
    robot.expect("1 of 6");
    robot.picture("restarted");
    let app = home.quit(robot, Message::QuitChosen(false));
    let wallet = app.model.wallet.expect("the wallet is open again");
    assert_eq!(wallet.name, "Savings");
    // 102 rewards and the payment to oneself.
    assert_eq!(wallet.history.known(), 103);
}

#[test]
fn a_link_on_the_command_line_is_ready_to_be_paid() {
    let home = Home::new();
    let mut robot = Robot::new(program(home.launch(&[])));
    create_wallet(&mut robot);
    robot.click("nav-overview");
    robot.click("mine-101");
    robot.expect("block 101");
    drop(home.quit(robot, Message::QuitChosen(false)));

    let mut launch = home.launch(&[]);
    let link =
        "bitcoin:bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080?amount=1.5&label=Corner%20Shop";
    launch.link = Some(link.to_owned());
    let mut robot = Robot::new(program(launch));
    robot.wait("the review", |robot| robot.is_enabled("send-review"));
    robot.click("send-review");
    // The review names what was paid for, though the address is not known yet.
    robot.expect("You pay");
    robot.expect("Corner Shop");
    drop(home.quit(robot, Message::QuitChosen(false)));
}

/// The payment that waits pays what was typed for each byte.
fn check_rate(home: &Home) {
    let waiting = home.call("/", "getrawmempool", json!([]));
    let txid = waiting[0].as_str().expect("the payment waits");
    let sent = home.call("/wallet/Savings", "gettransaction", json!([txid]));
    let raw = home.call("/", "getrawtransaction", json!([txid, true]));
    let fee = -process::sats(&sent["fee"]);
    let size = raw["vsize"].as_i64().expect("a size");
    // 7.5 for each; a signature may come out a byte or two shorter than was reckoned with.
    let (least, most) = (15 * size / 2, 15 * (size + 2) / 2 + 1);
    assert!((least..=most).contains(&fee), "{fee} for {size} bytes");
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

#[test]
fn the_first_run_leads_from_nothing_to_a_proved_backup() {
    let mut home = Home::new();
    home.data = home.folder.path().join("chain");
    let mut robot = Robot::new(program(home.window(&[])));
    robot.expect("Welcome");
    assert!(
        !home.folder.path().join("window").exists(),
        "nothing is written before a choice"
    );
    // Groestlcoin, private.
    robot.click("coin-2");
    robot.click("network-4");
    robot.click("first-run-continue");
    robot.expect("Where to keep the chain");
    robot.click("dir-own");
    robot.type_into("dir-path", &home.data.display().to_string());
    robot.expect("free");
    robot.wait("a fine place", |robot| {
        robot.is_enabled("first-run-continue")
    });
    robot.click("first-run-continue");
    robot.expect("New keys on this computer");
    // Left in the middle and resumed, with the node behind it.
    robot.wait("the node", |robot| !robot.sees("starting behind this page"));
    let quit = Message::Control(Control::Quit {
        leave_running: false,
    });
    drop(home.quit(robot, quit));
    let mut robot = Robot::new(program(home.window(&[])));
    robot.expect("New keys on this computer");
    robot.type_into("create-passphrase", PASSPHRASE);
    robot.type_into("create-repeat", PASSPHRASE);
    robot.wait("the button", |robot| robot.is_enabled("create-wallet"));
    robot.click("create-wallet");
    robot.expect("Make a backup, then prove that it works");
    let backup = home.folder.path().join("usb.bitq-backup");
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
    drop(home.quit(robot, Message::QuitChosen(false)));
    assert!(backup.is_file());

    // The questions are over: the next start leads to the wallet.
    let mut robot = Robot::new(program(home.window(&[])));
    robot.expect("Ready to spend");
    drop(home.quit(robot, Message::QuitChosen(false)));
}

#[test]
fn a_node_that_was_left_running_is_found_again() {
    let home = Home::new();
    let mut robot = Robot::new(program(home.launch(&["-disablewallet"])));
    robot.expect("started by this window");
    robot.tell(Message::CloseRequested);
    robot.click("quit-leave");
    robot.wait("the node to let go of the window", |_| {
        process::read_text(&home.regtest("debug.log"))
            .contains("Going on without the program that started this one")
    });
    assert!(home.regtest("node.sock").exists());
    let pid = home.node_pid();
    drop(robot.end());

    let mut robot = Robot::new(program(home.launch(&["-disablewallet"])));
    robot.expect("was running before");
    assert_eq!(home.node_pid(), pid);
    // Another window's node goes away and comes back; the window waits for it and says so.
    process::signal(pid, Signal::TERM);
    robot.expect("Lost the node");
    robot.expect("Trying again in");
    robot.wait("its end", |_| !process::is_alive(pid));
    robot.click("lost-own");
    robot.expect("started by this window");
    drop(home.quit(robot, Message::QuitChosen(false)));
}

#[test]
fn a_killed_node_is_reported_and_started_with_a_repair() {
    let home = Home::new();
    let mut robot = Robot::new(program(home.launch(&["-disablewallet"])));
    robot.click("nav-node");
    robot.expect("started by this window");
    let killed = home.kill_and_click(&mut robot, "stopped-chainstate");
    robot.wait("the new node", |_| home.node_pid() != killed);
    robot.expect_gone("Node stopped");
    robot.expect("started by this window");
    let repair = "Command-line arg: reindex-chainstate=\"1\"";
    robot.wait("the repair", |_| {
        process::read_text(&home.regtest("debug.log")).contains(repair)
    });
    drop(home.quit(robot, Message::QuitChosen(false)));
}

#[test]
fn a_killed_node_comes_back_by_itself() {
    let home = Home::new();
    let mut robot = Robot::new(program(home.launch(&["-disablewallet"])));
    robot.click("nav-node");
    robot.expect("started by this window");
    let killed = home.node_pid();
    process::signal(killed, Signal::KILL);
    robot.wait("the next node", |_| home.node_pid() != killed);
    robot.expect("started by this window");
    robot.expect("block 0");
    drop(home.quit(robot, Message::QuitChosen(false)));
}

#[test]
fn a_wallet_that_keeps_dying_waits_for_a_click_and_comes_back() {
    let home = Home::new();
    let mut robot = Robot::new(program(home.launch(&[])));
    create_wallet(&mut robot);
    robot.click("nav-overview");
    let mut last = 0;
    // The first death, and three more soon after a start.
    for _ in 0..4 {
        robot.wait("a wallet process that answers", |_| {
            let found = process::children(home.node_pid(), "bitq-wallet");
            let found = found.into_iter().find(|pid| *pid != last);
            let names = home.try_call("/", "listwallets", json!([]));
            let answers = names.is_ok_and(|names| names == json!(["Savings"]));
            last = found.filter(|_| answers).unwrap_or(last);
            answers && found.is_some()
        });
        process::signal(last, Signal::KILL);
    }
    robot.expect("The wallet is not running");
    robot.picture("wallet-down");
    robot.click("restart-wallet");
    robot.expect_gone("The wallet is not running");
    robot.wait("the button", |robot| robot.is_enabled("mine-1"));
    robot.click("mine-1");
    robot.expect("block 1");
    // The new wallet process sees the block and tells.
    robot.expect("Maturing");
    drop(home.quit(robot, Message::QuitChosen(false)));
}
