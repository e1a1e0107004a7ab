//! What a system has too little of. A disk that fills up, and files that may not grow: the node says so and ends, and
//! nothing is lost once there is room again. Files that may be open: it asks for more.

#![allow(clippy::print_stdout, reason = "a test that leaves itself out says so")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testkit::process::flow::Wallet;
use testkit::process::{
    Folder, Node, PATIENCE, Setup, Signal, program, read_text, signal, wait_until,
};

/// A small disk over a folder, gone with its owner.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where the system lets nobody make one.
    fn over(folder: &Path) -> Option<Self> {
        let made = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=160m", "none"])
            .arg(folder)
            .output();
        let made = made.is_ok_and(|made| made.status.success());
        if !made {
            println!("left out: this user cannot mount a small disk");
        }
        made.then(|| Self(folder.to_owned()))
    }

    /// Leaves no room at all; gives the file that takes it.
    fn fill(&self) -> PathBuf {
        let filler = self.0.join("filler");
        // Ends with the disk full, which is what is wanted.
        let _ = fs::write(&filler, vec![0; 160 << 20]);
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The folder is removed in any case.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// The node stops because of the disk, and says so.
fn assert_ends(node: &mut Node) {
    let refused = node.try_call("generatetodescriptor", json!([50, "raw(51)"]));
    assert!(refused.is_err(), "{refused:?}");
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let said = &ended.stderr;
    assert!(said.contains("Disk space is too low!"), "{said}");
}

#[test]
fn a_full_disk_is_named_and_costs_nothing() {
    let folder = Folder::new();
    let Some(disk) = SmallDisk::over(folder.path()) else {
        return;
    };
    let blocks = format!("-blocksdir={}", folder.path().display());
    let mut node = Setup::new("bitcoin").arg(blocks).arg("-fastprune").start();
    node.call("generatetodescriptor", json!([3, "raw(51)"]));
    let filler = disk.fill();
    assert_ends(&mut node);
    let again = node.setup().fail();
    assert_eq!(again.code, Some(1), "{again:?}");
    let low = format!("Error: Disk space is low for \"{}", folder.path().display());
    assert!(again.stderr.starts_with(&low), "{}", again.stderr);
    fs::remove_file(&filler).unwrap();
    node.start_again();
    let height = node.call("getblockcount", json!([]));
    assert!(height.as_u64() >= Some(3), "{height}");
    assert_eq!(node.call("verifychain", json!([4, 0])), json!(true));
    node.call("generatetodescriptor", json!([1, "raw(51)"]));
    node.stop();
}

#[test]
fn a_full_disk_under_coins_and_wallets_costs_no_money() {
    let setup = Setup::new("bitcoin").wallet().arg("-fastprune");
    let Some(disk) = SmallDisk::over(&setup.data().data()) else {
        return;
    };
    let mut node = setup.start();
    let wallet = Wallet::create(&node, "w");
    let address = wallet.address("bech32");
    node.call("generatetoaddress", json!([102, address]));
    wallet.synced();
    let payment = json!({"address": address, "amount": "1.0", "fee_rate": 2});
    let pay = |node: &Node| node.try_call("sendtoaddress", payment.clone());
    let mut paid: Vec<Value> = pay(&node).into_iter().collect();
    assert_eq!(paid.len(), 1);
    let filler = disk.fill();
    // A payment that cannot be stored is not sent; one that is answered for is there later.
    paid.extend(pay(&node));
    assert_ends(&mut node);
    fs::remove_file(&filler).unwrap();
    node.start_again();
    assert_eq!(node.call("listwallets", json!([])), json!(["w"]));
    assert_eq!(node.call("verifychain", json!([4, 0])), json!(true));
    node.call("generatetodescriptor", json!([1, "raw(51)"]));
    Wallet {
        node: &node,
        name: "w",
    }
    .synced();
    for txid in paid {
        let found = node.call("gettransaction", json!([txid]));
        assert!(found["confirmations"].as_i64() >= Some(0), "{found}");
    }
    node.stop();
}

/// Lets no file of a running process grow beyond so many bytes; false where nothing here can do that.
fn limit_files(pid: u32, bytes: u64) -> bool {
    let limit = format!("--fsize={bytes}:");
    let set = Command::new("prlimit")
        .args(["--pid", &pid.to_string(), &limit])
        .output();
    let set = set.is_ok_and(|set| set.status.success());
    if !set {
        println!("left out: prlimit cannot limit the files of a process");
    }
    set
}

/// Bytes of the journal of a store.
fn journal_bytes(node: &Node, store: &str) -> u64 {
    let entries = fs::read_dir(node.file(store)).unwrap();
    let entries = entries.map(Result::unwrap);
    let mut journals = entries.filter(|entry| entry.path().extension().is_some_and(|e| e == "jnl"));
    let journal = journals.next().unwrap();
    assert!(journals.next().is_none());
    journal.metadata().unwrap().len()
}

#[test]
fn a_store_whose_write_is_cut_short_is_named_and_loses_nothing() {
    // Coins are longer than entries of the block index, or the other way round: the longer journal is cut first.
    let long = format!("raw(4cc8{}7551)", "07".repeat(200));
    for (store, script, room) in [
        ("blocks/index", "raw(51)", 60),
        ("blocks/index", "raw(51)", 4000),
        ("chainstate", &long, 0),
        ("chainstate", &long, 700),
    ] {
        let mut node = Setup::new("bitcoin").arg("-fastprune").start();
        let mine =
            |node: &Node, count: u32| node.try_call("generatetodescriptor", json!([count, script]));
        mine(&node, 700).unwrap();
        // Only then is a journal as long as what was written to it.
        node.restart();
        let limit = journal_bytes(&node, store) + room;
        if !limit_files(node.pid(), limit) {
            return;
        }
        let mut height = 700;
        let refused = loop {
            mine(&node, 20).unwrap();
            height += 20;
            // Writes all.
            if let Err(refused) = node.try_call("gettxoutsetinfo", json!(["none"])) {
                break refused;
            }
            assert!(height < 1400, "nothing was written");
        };
        let ended = node.wait_for_end(PATIENCE);
        assert_eq!(ended.code, Some(1), "{refused:?} {ended:?}");
        let said = &ended.stderr;
        let named = node.file(store);
        assert!(said.contains(&named.display().to_string()), "{said}");
        assert!(said.contains("ulimit -f"), "{said}");
        assert_eq!(journal_bytes(&node, store), limit);
        node.start_again();
        assert_eq!(node.call("getblockcount", json!([])), json!(height));
        assert_eq!(node.call("verifychain", json!([4, 0])), json!(true));
        mine(&node, 1).unwrap();
        node.stop();
    }
}

#[test]
fn a_failure_that_comes_with_a_stop_is_told() {
    let mut node = Setup::new("bitcoin").arg("-fastprune").start();
    node.call("generatetodescriptor", json!([700, "raw(51)"]));
    node.restart();
    node.call("generatetodescriptor", json!([20, "raw(51)"]));
    if !limit_files(node.pid(), journal_bytes(&node, "blocks/index")) {
        return;
    }
    // What is written last.
    node.call("stop", json!([]));
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let named = node.file("blocks/index");
    let said = &ended.stderr;
    assert!(said.contains(&named.display().to_string()), "{said}");
    node.start_again();
    assert_eq!(node.call("getblockcount", json!([])), json!(720));
    node.stop();
}

#[test]
fn a_wallet_that_may_not_grow_says_so_and_keeps_what_it_gave() {
    let mut node = Setup::new("bitcoin").wallet().start();
    let wallet = Wallet::create(&node, "w");
    let known = wallet.address("bech32");
    let file = node.file("wallets/w/wallet.dat");
    if !limit_files(node.wallet_pid(), file.metadata().unwrap().len()) {
        return;
    }
    let mut given = vec![known];
    let refused = loop {
        match node.try_call("getnewaddress", json!([])) {
            Ok(address) => given.push(address.as_str().unwrap().to_owned()),
            Err(refused) => break refused,
        }
        assert!(given.len() < 5000, "nothing was written");
    };
    let text = refused.to_string();
    assert!(text.contains(file.to_str().unwrap()), "{text}");
    node.restart();
    for address in given {
        let info = node.call("getaddressinfo", json!([address]));
        assert_eq!(info["ismine"], json!(true), "{address}");
    }
    node.call("getnewaddress", json!([]));
    node.stop();
}

#[test]
fn a_node_may_open_more_files_than_a_desktop_lets_it() {
    let setup = Setup::new("bitcoin");
    let mut node = Command::new("bash")
        .args(["-c", "ulimit -Sn 256 && exec \"$0\" \"$@\""])
        .arg(program("bitq-node"))
        .args(setup.place())
        .args(["-server=0", "-listen=0", "-disablewallet"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let log = setup.network_dir().join("debug.log");
    wait_until("a node that runs", PATIENCE, || {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("Done loading"))
    });
    let limits = read_text(Path::new(&format!("/proc/{}/limits", node.id())));
    let mut lines = limits.lines();
    let line = lines.find(|line| line.starts_with("Max open files"));
    let soft = line.unwrap().split_whitespace().nth(3).unwrap();
    assert!(soft.parse::<u32>().unwrap() > 256);
    signal(node.id(), Signal::TERM);
    assert!(node.wait().unwrap().success());
}
