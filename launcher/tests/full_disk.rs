//! A disk that fills up: the node says so and ends, and nothing is lost once there is room again.

#![allow(clippy::print_stdout, reason = "a test that leaves itself out says so")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use testkit::process::{Folder, PATIENCE, Setup};

/// A small disk of its own, gone with its owner.
struct SmallDisk(Folder);

impl SmallDisk {
    /// `None` where the system lets nobody make one.
    fn new() -> Option<Self> {
        let folder = Folder::new();
        let made = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=70m", "none"])
            .arg(folder.path())
            .output();
        made.is_ok_and(|made| made.status.success())
            .then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The folder is removed in any case.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

#[test]
fn a_full_disk_is_named_and_costs_nothing() {
    let Some(disk) = SmallDisk::new() else {
        println!("left out: this user cannot mount a small disk");
        return;
    };
    let blocks = format!("-blocksdir={}", disk.path().display());
    let mut node = Setup::new("bitcoin").arg(blocks).arg("-fastprune").start();
    node.call("generatetodescriptor", json!([3, "raw(51)"]));
    let filler = disk.path().join("filler");
    // Ends with the disk full, which is what is wanted.
    let _ = fs::write(&filler, vec![0; 70 << 20]);
    let refused = node.try_call("generatetodescriptor", json!([50, "raw(51)"]));
    assert!(refused.is_err(), "{refused:?}");
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("Disk space is too low!"),
        "{}",
        ended.stderr
    );
    fs::remove_file(&filler).unwrap();
    node.start_again();
    let height = node.call("getblockcount", json!([]));
    assert!(height.as_u64() >= Some(3), "{height}");
    assert_eq!(node.call("verifychain", json!([4, 0])), json!(true));
    node.call("generatetodescriptor", json!([1, "raw(51)"]));
    node.stop();
}
