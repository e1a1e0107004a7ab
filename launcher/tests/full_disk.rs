//! A disk that fills up: the node says so and ends, and nothing is lost once there is room again.

#![allow(clippy::print_stdout, reason = "a test that leaves itself out says so")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use testkit::process::flow::Wallet;
use testkit::process::{Folder, Node, PATIENCE, Setup};

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
