//! Measurements: the IPC, a whole node that reads a chain, the window, and the bench targets of the
//! crates. Everything is printed beside what it is compared with; nothing fails over a figure.

mod chain;
mod load_block;
mod utxo;
mod window;

use std::path::Path;

use anyhow::{Result, bail};

use crate::output::say;
use crate::workspace::{self, list, metadata, text};
use crate::{bitq, process};

const USAGE: &str = "Usage: cargo xtask bench [echo | loadblock | chain | utxo | window [<minutes of growth>] | targets [<filter>]]";

/// Runs every measurement, or the one that is named.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        [] => {
            echo()?;
            load_block::run()?;
            chain::run()?;
            window::run(0)?;
            targets(&[])
        }
        ["echo"] => echo(),
        ["loadblock"] => load_block::run(),
        ["chain"] => chain::run(),
        ["utxo"] => chain::coins(),
        ["window"] => window::run(0),
        ["window", minutes] => match minutes.parse() {
            Ok(minutes) => window::run(minutes),
            Err(_) => bail!(USAGE),
        },
        ["targets", ..] => targets(&args[1..]),
        _ => bail!(USAGE),
    }
}

/// Core's `Echo` of a real node beside a bare ping-pong.
fn echo() -> Result<()> {
    let example = example("ipc-schema", "echo")?;
    bitq::build_release()?;
    load("before");
    let node = workspace::target_dir()?.join("release/bitq-node");
    process::run(std::process::Command::new(example).arg(node))?;
    load("after");
    Ok(())
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

/// Builds a measuring program of a crate in release.
///
/// All of them at once: alone, each would have the shared crates compiled anew.
fn example(package: &str, name: &str) -> Result<std::path::PathBuf> {
    const ALL: [(&str, &str); 4] = [
        ("chain", "utxo_blocks"),
        ("ipc-schema", "echo"),
        ("consensus", "curve"),
        ("gui", "frames"),
    ];
    let mut command = process::cargo();
    command.args(["build", "--release"]);
    for (package, name) in ALL {
        command.args(["--package", package, "--example", name]);
    }
    process::run(&mut command)?;
    let path = workspace::target_dir()?.join("release/examples").join(name);
    if !path.is_file() {
        bail!("{package} has no example {name}");
    }
    Ok(path)
}

/// Prints what a reader of the figures must know of the machine.
fn load(when: &str) {
    let average = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let average: Vec<&str> = average.split(' ').take(3).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut git = std::process::Command::new("git");
    git.args(["rev-parse", "--short", "HEAD"])
        .current_dir(workspace::root());
    let commit = process::capture(&mut git).unwrap_or_default();
    say(&format!(
        "machine {when}: {cores} cores, load {}, commit {}",
        average.join(" "),
        commit.trim()
    ));
}

/// The middle one of some figures, the higher of two; 0 of none.
fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// An empty folder of that name among the built files.
fn fresh_folder(path: &Path) -> Result<()> {
    if path.exists() {
        std::fs::remove_dir_all(path)?;
    }
    std::fs::create_dir_all(path)?;
    Ok(())
}
