//! Runs one target and sums up what libFuzzer says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::output::say;
use crate::{process, workspace};

/// Memory that one input may take, in MiB.
const MEMORY: &str = "-rss_limit_mb=2048";
/// Seconds that one input may take.
const TIMEOUT: &str = "-timeout=25";
/// Longest input, in bytes.
const LONGEST: &str = "-max_len=16384";

/// What the output adds up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    executions: u64,
    coverage: u64,
    corpus: u64,
    /// How often each verdict was given, by the kind of spend.
    verdicts: BTreeMap<String, String>,
    /// What the panic said, and the lines after it.
    complaint: Vec<String>,
    /// The input that made it.
    finding: Option<String>,
}

impl Sum {
    /// Takes in one line of libFuzzer's output.
    fn add(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix('#') {
            self.executions = number(rest).unwrap_or(self.executions);
        }
        if let Some(rest) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = number(rest.trim()).unwrap_or(self.executions);
        }
        if let Some((_, rest)) = line.split_once(" cov: ") {
            self.coverage = number(rest).unwrap_or(self.coverage);
        }
        if let Some((_, rest)) = line.split_once(" corp: ") {
            self.corpus = number(rest).unwrap_or(self.corpus);
        }
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            self.finding = Some(path.trim().to_owned());
        }
        if let Some((kind, counts)) = line
            .strip_prefix("verdicts of ")
            .and_then(|rest| rest.split_once(": "))
        {
            self.verdicts.insert(kind.to_owned(), counts.to_owned());
        }
        let complains = line.contains("panicked at") || line.contains("ERROR: libFuzzer");
        if complains || (!self.complaint.is_empty() && self.complaint.len() < 6) {
            self.complaint.push(line.to_owned());
        }
    }
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// Runs a target for so many seconds, on the corpus of earlier runs and on fresh seeds.
///
/// # Errors
/// When it finds something.
pub(super) fn target(program: &Path, name: &str, seconds: u32) -> Result<()> {
    let corpus = folder("corpus")?.join(name);
    std::fs::create_dir_all(&corpus)?;
    let wish = format!("seeds:{name}:{}", corpus.display());
    process::run(Command::new(program).env("BITQ_FUZZ", wish))?;
    let findings = folder("findings")?;
    std::fs::create_dir_all(&findings)?;
    let mut command = Command::new(program);
    command.env("BITQ_FUZZ", name).arg(&corpus);
    command.args([MEMORY, TIMEOUT, LONGEST, "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    if std::env::var_os("CI").is_some() {
        // The check of a change does not depend on chance; long runs look for what is new.
        command.arg("-seed=1");
    }
    command.arg(format!("-artifact_prefix={}/{name}-", findings.display()));
    let log = folder("logs")?.join(format!("{name}.log"));
    let (sum, ended_well) = watch(&mut command, &log)?;
    say(&format!(
        "{name}: {} executions in {seconds} s, coverage {}, {} inputs kept, {} findings",
        sum.executions,
        sum.coverage,
        sum.corpus,
        u8::from(!ended_well)
    ));
    for (kind, counts) in &sum.verdicts {
        say(&format!("  {kind}: {counts}"));
    }
    if ended_well {
        return Ok(());
    }
    for line in &sum.complaint {
        say(&format!("  {line}"));
    }
    match sum.finding {
        Some(path) => {
            bail!("found an input. Repeat it with: cargo xtask fuzz {name} --input {path}")
        }
        None => bail!("ended early; its output is in {}", log.display()),
    }
}

/// Runs a target once, on one input, with its output shown.
///
/// # Errors
/// When the input is a finding.
pub(super) fn again(program: &Path, name: &str, input: &Path) -> Result<()> {
    process::run(Command::new(program).env("BITQ_FUZZ", name).arg(input))
}

/// Starts the command and reads its output to the end, which also goes into a log.
fn watch(command: &mut Command, log: &Path) -> Result<(Sum, bool)> {
    if let Some(parent) = log.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut file = std::fs::File::create(log).with_context(|| format!("{}", log.display()))?;
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the fuzzer")?;
    let output = child.stderr.take().expect("stderr is piped");
    let mut sum = Sum::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        writeln!(file, "{line}")?;
        sum.add(&line);
    }
    Ok((sum, child.wait()?.success()))
}

/// A folder beside the built fuzz package.
fn folder(name: &str) -> Result<PathBuf> {
    Ok(workspace::target_dir()?.join("fuzz").join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_summed_up() {
        let mut sum = Sum::default();
        for line in [
            "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb",
            "#800\tNEW    cov: 345 ft: 13 corp: 17/1b lim: 4 exec/s: 0 rss: 30Mb L: 3/3",
            "verdicts of Bare: OK 1",
            "verdicts of Bare: OK 3, EVAL_FALSE 2",
            "thread '<unnamed>' panicked at src/case.rs:1:1:",
            "what we say",
            "artifact_prefix='x-'; Test unit written to target/fuzz/findings/script-crash-1",
            "stat::number_of_executed_units: 801",
        ] {
            sum.add(line);
        }
        assert_eq!((sum.executions, sum.coverage, sum.corpus), (801, 345, 17));
        assert_eq!(
            sum.finding.as_deref(),
            Some("target/fuzz/findings/script-crash-1")
        );
        assert_eq!(sum.verdicts["Bare"], "OK 3, EVAL_FALSE 2");
        assert_eq!(sum.complaint[1], "what we say");
    }
}
