//! Runs the tests that read stored vectors, and fails where those are absent or nobody reads them.

mod coverage;

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

/// Whether the data was left out on purpose: `BITQ_VECTORS=none`.
pub(crate) fn left_out() -> bool {
    std::env::var_os("BITQ_VECTORS").is_some_and(|value| value == "none")
}

/// Whether this is an automatic run, in which nothing may be left out unnoticed (`CI=true`).
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI")
        .is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// Looks for the data that tests read; in an automatic run it must be there.
///
/// # Errors
/// In an automatic run, for a folder that is missing and was not left out on purpose.
pub(crate) fn look() -> Result<()> {
    let root = folder();
    let chains = root.join("../chains");
    let folders = FOLDERS.iter().map(|name| root.join(name));
    let missing: Vec<String> = folders
        .chain([chains])
        .filter(|folder| !folder.is_dir())
        .map(|folder| folder.display().to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let places = missing.join(", ");
    if in_ci() && !left_out() {
        bail!(
            "no test data in {places}: the tests on real data would pass without having run. Point BITQ_VECTORS to the \
             data, or set BITQ_VECTORS=none to do without"
        );
    }
    say(&format!(
        "note: no test data in {places}: tests that need it leave themselves out, and count as passed"
    ));
    Ok(())
}

/// Runs all tests whose name contains `vector`, or those the arguments name.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let root = folder();
    for folder in FOLDERS {
        if !root.join(folder).is_dir() {
            bail!(
                "no folder {folder} in {}: point BITQ_VECTORS to the test data",
                root.display()
            );
        }
    }
    say(&format!("vectors of {}", root.display()));
    coverage::check(&root)?;
    let filter = args.first().map_or("vector", String::as_str);
    let mut command = process::cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--", filter]);
    command.env("BITQ_VECTORS", &root);
    test::sum_up(&mut command)
}
