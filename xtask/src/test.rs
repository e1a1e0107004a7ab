//! Runs every test that needs no display and sums the results up.
//!
//! Window tests are marked `#[ignore]` and stand in test targets named `window…`; the command
//! `cargo xtask windows` runs them.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::output::say;
use crate::{process, vectors};

/// How often it is looked whether cargo has ended.
const TICK: Duration = Duration::from_millis(200);
/// How long output may still come after that.
const GRACE: Duration = Duration::from_secs(3);
/// Lines that may wait to be shown.
const QUEUE: usize = 1024;

/// Builds all programs, which the process tests start, then runs all tests.
pub(crate) fn run(args: &[String]) -> Result<()> {
    vectors::look()?;
    build_programs()?;
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
    let status = pass_on(&mut child, &lines_of(output), &mut totals)?;
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

/// The lines of an output, read by a thread of their own.
fn lines_of(output: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(QUEUE);
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Shows and counts the lines until cargo has ended and no more come.
///
/// A process that a test left behind may hold the output open for ever: the end of cargo itself counts.
fn pass_on(
    child: &mut Child,
    lines: &Receiver<Vec<u8>>,
    totals: &mut Totals,
) -> Result<ExitStatus> {
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        match lines.recv_timeout(TICK) {
            Ok(line) => {
                let line = String::from_utf8_lossy(&line);
                totals.add(&line);
                say(&line);
            }
            Err(RecvTimeoutError::Disconnected) => {
                return child.wait().context("cargo test");
            }
            Err(RecvTimeoutError::Timeout) if ended.is_none() => {
                let status = child.try_wait().context("cargo test")?;
                ended = status.map(|status| (status, Instant::now()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some((status, when)) = ended
            && when.elapsed() > GRACE
        {
            say("note: a process that a test started still runs and holds the output open");
            return Ok(status);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orphan_that_holds_the_output_is_not_waited_for() {
        let mark = std::env::temp_dir().join(format!("bitq-orphan-{}", std::process::id()));
        std::fs::write(&mark, "").unwrap();
        // The orphan ends when the file is gone, which is when this test no longer waits.
        let script = "(while [ -e \"$MARK\" ]; do sleep 0.1; done; echo late) & \
                      echo 'test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out'";
        let mut command = Command::new("sh");
        command.args(["-c", script]).env("MARK", &mark);
        let result = sum_up(&mut command);
        std::fs::remove_file(&mark).unwrap();
        result.unwrap();
    }

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
