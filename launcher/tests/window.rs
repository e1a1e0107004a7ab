//! The window as a user starts it, on a real display: `cargo xtask windows`.
//!
//! What is on its pages is tested in `gui` without a display; here are processes, sockets, keys and pixels. What came of
//! a key is read from the node and from the window's own trace.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/desktop.rs"]
mod desktop;
#[path = "common/dice.rs"]
mod dice;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::process::{
    Folder, PATIENCE, RpcClient, Setup, Signal, children, free_port, is_alive, read_text, sats,
    signal, wait_for, wait_until,
};

use desktop::Desktop;
use dice::{Dice, kills, new_flag, repeat};

const PASSPHRASE: &str = "seven purple ducks walk";
/// Longest time that the window may not answer, in milliseconds.
const LONGEST_GAP: f64 = 100.0;

/// The one child of that name, once it is there.
fn child_of(pid: u32, name: &str) -> u32 {
    wait_for(name, PATIENCE, || children(pid, name).first().copied())
}

fn options(folder: &Folder, port: u16, words: &[&str]) -> Vec<String> {
    let mut args: Vec<String> = words.iter().map(ToString::to_string).collect();
    args.extend(["-coin=bitcoin", "-regtest", "-listen=0"].map(str::to_owned));
    args.push(format!("-datadir={}", folder.data().display()));
    args.push(format!("-rpcport={port}"));
    args
}

#[test]
#[ignore = "needs a display: cargo xtask windows"]
fn one_command_opens_a_window_over_two_other_processes() {
    let folder = Folder::new();
    let window = Desktop::open(&folder, &options(&folder, free_port(), &["-m", "gui"]));
    let node = child_of(window.pid(), "bitq-node");
    let wallet = child_of(node, "bitq-wallet");
    window.wait_for("tip", |_| true);
    window.picture("window.png");
    window.kill();
    wait_until("the end of the node", PATIENCE, || !is_alive(node));
    wait_until("the end of the wallet", PATIENCE, || !is_alive(wallet));
}

#[test]
#[ignore = "needs a display: cargo xtask windows"]
fn in_one_process_the_window_still_stands_alone() {
    let folder = Folder::new();
    let window = Desktop::open(&folder, &options(&folder, free_port(), &["-M", "gui"]));
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
    let joined = "IPC server: socket connected.";
    for height in 1..=3 {
        let before = node.log().matches(joined).count();
        node.call("generatetodescriptor", json!([1, "raw(51)"]));
        let args = options(
            node.setup().data(),
            free_port(),
            &["gui", "-ipcconnect=auto"],
        );
        let window = Desktop::open(node.setup().data(), &args);
        // It shows what came while no window was there.
        window.wait_for("tip", |event| event["height"] == json!(height));
        assert!(
            children(window.pid(), "bitq-node").is_empty(),
            "it uses the one that runs"
        );
        assert!(node.log().matches(joined).count() > before);
        // A node that is not the window's own goes on without a question.
        window.press("ctrl+q");
        window.ends();
        assert!(node.is_running());
        assert_eq!(node.call("getblockcount", json!([])), json!(height));
    }
    node.stop();
}

#[test]
#[ignore = "needs a display: cargo xtask windows"]
fn a_stopped_node_does_not_hold_the_window_up() {
    let folder = Folder::new();
    let window = Desktop::open(&folder, &options(&folder, free_port(), &["-m", "gui"]));
    let node = child_of(window.pid(), "bitq-node");
    window.wait_for("tip", |_| true);
    // All of the beginning is over.
    window.page("alt+4", "nav-activity");
    signal(node, Signal::STOP);
    let summaries = window.count("summary");
    let mut machine = Duration::ZERO;
    // Each summary tells of about a second in which the window's heart was beating.
    while window.count("summary") < summaries + 6 {
        for (keys, page) in [("alt+3", "nav-receive"), ("alt+4", "nav-activity")] {
            window.page(keys, page);
        }
        // How late this thread is woken says how busy the machine is with other things.
        let begun = Instant::now();
        std::thread::sleep(Duration::from_millis(20));
        machine = machine.max(begun.elapsed().saturating_sub(Duration::from_millis(20)));
    }
    let trace = window.trace();
    let told: Vec<&Value> = trace.iter().filter(|e| e["event"] == "summary").collect();
    // The one that was begun before the node was stopped is not counted.
    let gaps = told[summaries + 1..]
        .iter()
        .map(|e| e["recent_gap_ms"].as_f64().unwrap());
    let longest = gaps.fold(0.0, f64::max);
    let limit = LONGEST_GAP + 10.0 * machine.as_secs_f64() * 1000.0;
    assert!(
        longest < limit,
        "{longest} ms without a beat, {limit} allowed"
    );
    assert!(is_alive(node), "it is stopped, not gone");
    window.picture("window-node-stopped.png");
    signal(node, Signal::CONT);
    window.quit_with_node();
    assert!(!is_alive(node));
}

/// The node behind a window.
struct Behind<'a> {
    folder: &'a Folder,
    port: u16,
}

impl Behind<'_> {
    fn client(&self) -> RpcClient {
        let credentials = read_text(&self.folder.network("regtest").join(".cookie"));
        RpcClient {
            port: self.port,
            credentials,
        }
    }

    fn try_call(&self, path: &str, method: &str, params: Value) -> Option<Value> {
        self.client().call(path, method, &params).ok()
    }

    fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.try_call("/wallet/Savings", method, params);
        answer.unwrap_or_else(|| panic!("{method} is refused"))
    }

    fn height(&self) -> Option<u64> {
        self.try_call("/", "getblockcount", json!([]))?.as_u64()
    }

    /// Makes blocks with a button of the first page.
    fn mine(&self, window: &Desktop, button: &str, height: u64) {
        window.page("alt+1", "nav-overview");
        window.walk(button);
        window.press("Return");
        wait_until("the blocks", PATIENCE, || self.height() == Some(height));
    }
}

#[test]
#[ignore = "needs a display: cargo xtask windows"]
fn money_is_mined_sent_and_still_there_after_a_restart() {
    let folder = Folder::new();
    let port = free_port();
    let args = options(&folder, port, &["-m", "gui"]);
    let node = Behind {
        folder: &folder,
        port,
    };
    let window = Desktop::open(&folder, &args);
    window.wait_for("tip", |_| true);

    window.page("alt+6", "nav-wallets");
    window.walk("wallet-new");
    window.press("Return");
    window.fill("create-passphrase", PASSPHRASE);
    window.fill("create-repeat", PASSPHRASE);
    window.press("Return");
    wait_until("the wallet", PATIENCE, || {
        node.try_call("/", "listwallets", json!([])) == Some(json!(["Savings"]))
    });
    node.mine(&window, "mine-101", 101);
    wait_until("ripe money", PATIENCE, || {
        let balances = node.call("getbalances", json!([]));
        sats(&balances["mine"]["trusted"]) >= 50 * 100_000_000
    });
    window.picture("window-mined.png");

    let txid = send(&window, &node);
    node.mine(&window, "mine-1", 102);
    wait_until("the confirmation", PATIENCE, || {
        let sent = node.call("gettransaction", json!([txid]));
        sent["confirmations"].as_i64() >= Some(1)
    });
    let balances = node.call("getbalances", json!([]));
    window.picture("window-confirmed.png");
    let height = node.height();
    window.quit_with_node();

    let window = Desktop::open(&folder, &args);
    // The wallet is opened, and its history read, without a word of the user.
    window.wait_for("first_history", |_| true);
    assert_eq!(node.height(), height);
    assert_eq!(node.call("getbalances", json!([])), balances);
    let sent = node.call("gettransaction", json!([txid]));
    assert!(sent["confirmations"].as_i64() >= Some(1), "{sent}");
    window.open_by_palette("activity", "nav-activity");
    window.picture("window-restarted.png");
    window.page("alt+1", "nav-overview");
    window.wait_for("tip", |event| event["height"].as_u64() == height);
    window.picture("real-overview.png");
    window.quit_with_node();
}

/// Fills in the Send page, reviews, confirms; gives the payment, which pays the typed rate.
fn send(window: &Desktop, node: &Behind<'_>) -> String {
    let address = node.call("getnewaddress", json!(["Rent"]));
    window.page("alt+2", "nav-send");
    window.fill("send-address", address.as_str().unwrap());
    window.fill("send-amount", "12.5");
    window.fill("send-rate", "7.5");
    // Only a control that can be used is a stop of the keyboard, so this waits for the wallet's preview.
    window.walk("send-review");
    window.press("Return");
    window.fill("send-passphrase", PASSPHRASE);
    window.press("Return");
    let txid = wait_for("the payment", PATIENCE, || {
        let waiting = node.try_call("/", "getrawmempool", json!([]))?;
        waiting[0].as_str().map(str::to_owned)
    });
    let sent = wait_for("the wallet's word of it", PATIENCE, || {
        node.try_call("/wallet/Savings", "gettransaction", json!([txid]))
    });
    let raw = node.call("getrawtransaction", json!([txid, true]));
    let (fee, size) = (-sats(&sent["fee"]), raw["vsize"].as_i64().unwrap());
    // A signature may come out a byte or two shorter than was reckoned with.
    let (least, most) = (15 * size / 2, 15 * (size + 2) / 2 + 1);
    assert!((least..=most).contains(&fee), "{fee} for {size} bytes");
    txid
}

#[test]
#[ignore = "needs a display: cargo xtask windows"]
fn kills_of_the_window_while_sending() {
    let mut dice = Dice::new("sending, window");
    let folder = Folder::new();
    let port = free_port();
    let args = options(&folder, port, &["-m", "gui"]);
    let node = Behind {
        folder: &folder,
        port,
    };
    let mut sent: Vec<String> = Vec::new();
    for round in 0..=kills() {
        let window = Desktop::open(&folder, &args);
        window.wait_for("tip", |_| true);
        if round == 0 {
            let make = json!({"wallet_name": "Savings", "load_on_startup": true});
            assert!(node.try_call("/", "createwallet", make).is_some());
            let address = node.call("getnewaddress", json!([]));
            for blocks in [10, 101] {
                node.call("generatetoaddress", json!([blocks, address]));
            }
        }
        // Whatever was answered for before the kills is there: in a block, or able to get into one.
        wait_until("the wallet to know its payments", PATIENCE, || {
            sent.iter().all(|txid| {
                let known = node.try_call("/wallet/Savings", "gettransaction", json!([txid]));
                known.is_some_and(|known| known["confirmations"].as_i64() >= Some(0))
            })
        });
        if round == kills() {
            assert_eq!(node.call("verifychain", json!([4, 0])), json!(true));
            window.quit_with_node();
            break;
        }
        let stop = new_flag();
        let sending = repeat(node.client(), stop, |client| {
            let params = json!({"address": client.call("/wallet/Savings", "getnewaddress", &json!([])).ok()?,
                "amount": "0.01", "fee_rate": 2});
            let txid = client
                .call("/wallet/Savings", "sendtoaddress", &params)
                .ok()?;
            let mine = json!([1, "raw(51)"]);
            client.call("/", "generatetodescriptor", &mine).ok();
            Some(txid.as_str()?.to_owned())
        });
        let behind = child_of(window.pid(), "bitq-node");
        let wallet = child_of(behind, "bitq-wallet");
        dice.pause(Duration::from_millis(900));
        window.kill();
        stop.store(true, Ordering::Relaxed);
        sent.extend(sending.join().unwrap());
        // Nobody is left whom they would serve.
        wait_until("the end of the node", PATIENCE, || !is_alive(behind));
        wait_until("the end of the wallet", PATIENCE, || !is_alive(wallet));
    }
}
