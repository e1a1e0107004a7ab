//! Measurements: the bench targets of the crates, and a whole node that reads a chain.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::output::say;
use crate::workspace::{self, list, metadata, text};
use crate::{bitq, process, vectors};

/// Runs every measurement, or with `loadblock` that of the node alone, or with `targets <filter>`
/// those of the crates.
pub(crate) fn run(args: &[String]) -> Result<()> {
    match args {
        [] => {
            targets(&[])?;
            load_block()
        }
        [word] if word == "loadblock" => load_block(),
        [word, rest @ ..] if word == "targets" => targets(rest),
        _ => bail!("Usage: cargo xtask bench [loadblock | targets [<filter>]]"),
    }
}

/// Runs every bench target; arguments go to criterion, such as a filter.
fn targets(args: &[String]) -> Result<()> {
    let data = metadata()?;
    for package in list(&data, "packages") {
        for target in list(package, "targets") {
            if list(target, "kind").iter().any(|kind| kind == "bench") {
                let mut command = process::cargo();
                command.args(["bench", "--package", text(package, "name")]);
                command
                    .args(["--bench", text(target, "name"), "--"])
                    .args(args);
                process::run(&mut command)?;
            }
        }
    }
    Ok(())
}

/// Times a node that reads the regtest chain of the test data, from an empty directory to its end.
fn load_block() -> Result<()> {
    let chain = vectors::folder().join("regtest/chain.dat");
    if !chain.is_file() {
        bail!(
            "no chain at {}: point BITQ_VECTORS to the test data",
            chain.display()
        );
    }
    bitq::build_release()?;
    let target = workspace::target_dir()?;
    let folder = target.join("bench-loadblock");
    let mut figures = Vec::new();
    for _ in 0..3 {
        figures.push(timed(&target.join("release/bitq-node"), &chain, &folder)?);
    }
    figures.sort_by(|left, right| left.wall.total_cmp(&right.wall));
    for run in &figures {
        say(&format!(
            "loadblock: {:.2} s, {:.2} s of processor time",
            run.wall, run.processor
        ));
    }
    Ok(())
}

/// Seconds that a run took.
struct Figure {
    wall: f64,
    processor: f64,
}

fn timed(node: &Path, chain: &Path, folder: &Path) -> Result<Figure> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    // The shell's own `time` counts the processor time of its children.
    let mut shell = Command::new("bash");
    shell.args([
        "-c",
        "TIMEFORMAT='%R %U %S'; time \"$@\" >/dev/null",
        "bash",
    ]);
    shell.arg(node).args([
        "-coin=bitcoin",
        "-regtest",
        "-disablewallet",
        "-server=0",
        "-listen=0",
    ]);
    shell.arg(format!("-datadir={}", folder.display()));
    shell.arg(format!("-loadblock={}", chain.display()));
    shell.arg("-stopafterblockimport");
    let output = shell.output().context("cannot start bash")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("the node failed: {}", errors.trim());
    }
    let line = errors.lines().last().unwrap_or_default();
    let numbers: Vec<f64> = line
        .split(' ')
        .filter_map(|number| number.parse().ok())
        .collect();
    let [wall, user, system] = numbers[..] else {
        bail!("bash printed no times: {line}")
    };
    Ok(Figure {
        wall,
        processor: user + system,
    })
}
