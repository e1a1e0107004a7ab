//! How long a node takes to read the regtest chain of the test data, beside the curve operations of
//! that chain alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{example, fresh_folder, load, median};
use crate::output::say;
use crate::{bitq, process, vectors, workspace};

/// How often both are measured, in turn.
const ROUNDS: usize = 3;

/// Seconds that something took.
#[derive(Clone, Copy)]
struct Figure {
    wall: f64,
    processor: f64,
}

/// Times both and prints them side by side.
pub(super) fn run() -> Result<()> {
    let chain = stored_chain()?;
    let curve = example("consensus", "curve")?;
    bitq::build_release()?;
    let target = workspace::target_dir()?;
    let folder = target.join("bench-loadblock");
    load("before");
    let (mut nodes, mut curves) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        nodes.push(timed(&target.join("release/bitq-node"), &chain, &folder)?);
        curves.extend(operations(&curve)?);
    }
    std::fs::remove_dir_all(&folder)?;
    load("after");
    let (node, curve) = (middle(&nodes), middle(&curves));
    say("loadblock of the regtest chain         seconds  of processor");
    line("node, from an empty directory", node);
    line("its curve operations alone", curve);
    line(
        "node / curve",
        Figure {
            wall: node.wall / curve.wall,
            processor: node.processor / curve.processor,
        },
    );
    for run in &nodes {
        line("  each run of the node", *run);
    }
    Ok(())
}

/// The regtest chain of the test data.
pub(super) fn stored_chain() -> Result<PathBuf> {
    let chain = vectors::folder().join("regtest/chain.dat");
    if !chain.is_file() {
        bail!(
            "no chain at {}: point BITQ_VECTORS to the test data",
            chain.display()
        );
    }
    Ok(chain)
}

fn line(name: &str, figure: Figure) {
    say(&format!(
        "{name:<36}{:10.2} {:12.2}",
        figure.wall, figure.processor
    ));
}

fn middle(figures: &[Figure]) -> Figure {
    let of = |part: fn(&Figure) -> f64| median(&figures.iter().map(part).collect::<Vec<_>>());
    Figure {
        wall: of(|figure| figure.wall),
        processor: of(|figure| figure.processor),
    }
}

fn operations(program: &Path) -> Result<Vec<Figure>> {
    let output = process::capture(&mut Command::new(program))?;
    let numbers = numbers(&output);
    let (pairs, []) = numbers.as_chunks::<2>() else {
        bail!("{} printed {output}", program.display());
    };
    let figure = |&[wall, processor]: &[f64; 2]| Figure { wall, processor };
    Ok(pairs.iter().map(figure).collect())
}

fn numbers(line: &str) -> Vec<f64> {
    let words = line.split_whitespace();
    words.filter_map(|number| number.parse().ok()).collect()
}

fn timed(node: &Path, chain: &Path, folder: &Path) -> Result<Figure> {
    fresh_folder(folder)?;
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
    let [wall, user, system] = numbers(line)[..] else {
        bail!("bash printed no times: {line}")
    };
    Ok(Figure {
        wall,
        processor: user + system,
    })
}
