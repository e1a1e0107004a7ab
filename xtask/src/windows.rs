//! Runs the window tests on a private display.
//!
//! They are the test targets named `window…`, of any crate; all of their tests run, also those
//! that `cargo test` leaves out.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::display::Display;
use crate::output::say;
use crate::process;
use crate::test::{build_programs, sum_up};
use crate::workspace::{list, metadata, text};

/// Builds the programs and runs every window test.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let data = metadata()?;
    let targets = window_targets(&data);
    if targets.is_empty() {
        bail!("no test target is named window…");
    }
    build_programs()?;
    let display = Display::start("1400x900")?;
    let mut command = process::cargo();
    // All of the workspace, as for the other tests: a part of it would be compiled anew, because
    // the features of shared crates would differ.
    command.args(["test", "--workspace", "--no-fail-fast"]);
    for (package, target) in &targets {
        say(&format!("window tests: {package}, {target}"));
        command.args(["--test", target]);
    }
    // One window at a time has the keyboard.
    command
        .args(["--", "--include-ignored", "--test-threads=1"])
        .args(args);
    display.set_up(&mut command);
    sum_up(&mut command)
}

fn window_targets(data: &Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for package in list(data, "packages") {
        for target in list(package, "targets") {
            let is_test = list(target, "kind").iter().any(|kind| kind == "test");
            let name = text(target, "name");
            if is_test && name.starts_with("window") {
                found.push((text(package, "name"), name));
            }
        }
    }
    found
}
