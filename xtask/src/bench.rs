//! Runs the measurements: the criterion benches of the crates.

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::{list, metadata, text};

/// Runs every bench target; arguments go to criterion, such as a filter.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let data = metadata()?;
    let mut found = false;
    for package in list(&data, "packages") {
        for target in list(package, "targets") {
            if list(target, "kind").iter().any(|kind| kind == "bench") {
                found = true;
                let mut command = process::cargo();
                command.args(["bench", "--package", text(package, "name")]);
                command
                    .args(["--bench", text(target, "name"), "--"])
                    .args(args);
                process::run(&mut command)?;
            }
        }
    }
    if !found {
        bail!("no crate has a bench target");
    }
    Ok(())
}
