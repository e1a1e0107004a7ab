//! Runs every test that needs no display and sums the results up.
//!
//! Window tests are marked `#[ignore]` and stand in test targets named `window…`; the command
//! `cargo xtask windows` runs them.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::output::say;
use crate::{process, vectors};

/// Builds all programs, which the process tests start, then runs all tests.
pub(crate) fn run(args: &[String]) -> Result<()> {
    build_programs()?;
    if !vectors::folder().is_dir() {
        say(&format!(
            "note: no test data in {}: tests that need it leave themselves out",
            vectors::folder().display()
        ));
    }
    let mut command = process::cargo();
    command
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(args);
    sum_up(&mut command)
}

/// Builds the programs where process tests look for them.
///
/// Together with the tests: without them the features of shared crates would differ, and those
/// would be compiled twice.
pub(crate) fn build_programs() -> Result<()> {
    process::run(process::cargo().args(["build", "--workspace", "--bins", "--tests"]))
}

/// What the lines of the test programs add up to.
#[derive(Default)]
struct Totals {
    passed: usize,
    failed: usize,
    ignored: usize,
    names: Vec<String>,
}

impl Totals {
    /// Takes in one line of libtest's output.
    fn add(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count(counts, " passed");
            self.failed += count(counts, " failed");
            self.ignored += count(counts, " ignored");
        } else if let Some(name) = line.strip_prefix("test ").and_then(failed_name) {
            self.names.push(name.to_owned());
        }
    }
}

fn failed_name(line: &str) -> Option<&str> {
    line.strip_suffix(" ... FAILED")
}

/// The number that stands before `word`, such as 12 in `ok. 12 passed; 0 failed`.
fn count(counts: &str, word: &str) -> usize {
    let before = counts.split(word).next().unwrap_or_default();
    before
        .rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// Runs a `cargo test`, passing its output on, and ends with the sum.
///
/// # Errors
/// When a test failed, nothing could be built, or no test ran at all.
pub(crate) fn sum_up(command: &mut Command) -> Result<()> {
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo test")?;
    let output = child.stdout.take().expect("stdout is piped");
    let mut totals = Totals::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("output of cargo test")?;
        let line = String::from_utf8_lossy(&line);
        totals.add(&line);
        say(&line);
    }
    let status = child.wait().context("cargo test")?;
    say("");
    for name in &totals.names {
        say(&format!("FAILED  {name}"));
    }
    say(&format!(
        "{} passed, {} failed, {} left out, in {} s",
        totals.passed,
        totals.failed,
        totals.ignored,
        start.elapsed().as_secs()
    ));
    if !status.success() {
        bail!("cargo test failed: {status}");
    }
    if totals.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_add_up_over_programs() {
        let mut totals = Totals::default();
        for line in [
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 4 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            totals.add(line);
        }
        assert_eq!((totals.passed, totals.failed, totals.ignored), (16, 1, 2));
        assert_eq!(totals.names, ["a::c"]);
    }
}
