//! Runs the tests that read stored vectors, and fails where those are absent.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::output::say;
use crate::{process, test, workspace};

/// Folders that the tests read.
const FOLDERS: &[&str] = &["core", "bips", "blocks", "regtest"];

/// Where the test data is looked for, as the tests themselves do.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("BITQ_VECTORS").map_or_else(
        || workspace::root().join("../shared/vectors"),
        PathBuf::from,
    )
}

/// Runs all tests whose name contains `vector`, or those the arguments name.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let root = std::env::var_os("BITQ_VECTORS").map_or_else(
        || workspace::root().join("../shared/vectors"),
        PathBuf::from,
    );
    for folder in FOLDERS {
        if !root.join(folder).is_dir() {
            bail!(
                "no folder {folder} in {}: point BITQ_VECTORS to the test data",
                root.display()
            );
        }
    }
    say(&format!("vectors of {}", root.display()));
    let filter = args.first().map_or("vector", String::as_str);
    let mut command = process::cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--", filter]);
    command.env("BITQ_VECTORS", &root);
    test::sum_up(&mut command)
}
