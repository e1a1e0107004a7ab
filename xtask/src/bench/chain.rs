//! The chain engine on the regtest chain of the test data: with all scripts beside its curve operations, and
//! without scripts; and the work with coins (see [`utxo`]).

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::load_block::stored_chain;
use super::utxo::{self, Program, REFERENCE, watch};
use super::{example, fresh_folder, load, median};
use crate::output::say;
use crate::{bitq, process, workspace};

/// How often everything is measured, in turn.
const ROUNDS: usize = 3;
/// The chain's last block.
const TIP: u32 = 467;
/// Blocks on top, so that two weeks of work lie above it.
const ABOVE: u32 = 2100;
/// How often a running node is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Measures everything and prints it beside its limits.
pub(super) fn run() -> Result<()> {
    let chain = stored_chain()?;
    let curve = example("consensus", "curve")?;
    bitq::build_release()?;
    let target = workspace::target_dir()?;
    let node = Node {
        program: target.join("release/bitq-node"),
        client: target.join("release/bitq-cli"),
        folder: target.join("bench-chain"),
        port: format!("-rpcport={}", free_port()?),
    };
    load("before");
    connect(&node, &chain, &curve)?;
    beside_the_reference(&node, &chain)?;
    without_scripts(&node, &chain)?;
    std::fs::remove_dir_all(&node.folder)?;
    load("after");
    coins()
}

/// The work with coins alone.
pub(super) fn coins() -> Result<()> {
    let maker = example("chain", "utxo_blocks")?;
    bitq::build_release()?;
    let target = workspace::target_dir()?;
    load("before");
    utxo::run(
        &target.join("release/bitq-node"),
        &maker,
        &target.join("bench-utxo"),
    )?;
    load("after");
    Ok(())
}

/// The same file by the reference node, in turn, if its program is named.
fn beside_the_reference(node: &Node, chain: &Path) -> Result<()> {
    let programs = Program::all(&node.program);
    if programs.len() < 2 {
        say(&format!("{REFERENCE} names no program: not compared"));
        return Ok(());
    }
    let mut walls = vec![Vec::new(); programs.len()];
    for _ in 0..ROUNDS {
        for (program, walls) in programs.iter().zip(&mut walls) {
            fresh_folder(&node.folder)?;
            let run = program.read(&node.folder, chain, &["-dbcache=100", "-par=2"])?;
            walls.push(run.seconds);
        }
    }
    let walls: Vec<f64> = walls.iter().map(|walls| median(walls)).collect();
    for (program, wall) in programs.iter().zip(&walls) {
        say(&format!(
            "{:<10} -loadblock of the chain  {wall:10.2} s",
            program.name
        ));
    }
    say(&format!(
        "bitq / reference (below 0.80)      {:10.2}",
        walls[0] / walls[1]
    ));
    Ok(())
}

/// From block files to the tip, all rules checked.
fn connect(node: &Node, chain: &Path, curve: &Path) -> Result<()> {
    let (mut walls, mut peaks, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        fresh_folder(&node.folder)?;
        let load = format!("-loadblock={}", chain.display());
        let started = Instant::now();
        let mut child = node.start(&["-dbcache=100", &load, "-stopafterblockimport"])?;
        peaks.push(watch(&mut child)?.peak);
        walls.push(started.elapsed().as_secs_f64());
        let figures = process::capture(&mut Command::new(curve))?;
        let seconds = figures.split_whitespace().step_by(2);
        floors.extend(seconds.filter_map(|word| word.parse::<f64>().ok()));
    }
    let (wall, floor) = (median(&walls), median(&floors));
    say(&format!("connecting the regtest chain       {wall:10.2} s"));
    say(&format!(
        "its curve operations alone         {floor:10.2} s"
    ));
    say(&format!(
        "node / curve (at most 1.25)        {:10.2}",
        wall / floor
    ));
    say(&format!(
        "peak memory at -dbcache=100        {:10.0} MB (below 300)",
        median(&peaks)
    ));
    Ok(())
}

/// The coins anew, below a block that is taken for valid.
fn without_scripts(node: &Node, chain: &Path) -> Result<()> {
    fresh_folder(&node.folder)?;
    let load = format!("-loadblock={}", chain.display());
    let mut child = node.start(&[&load, "-server=1", &node.port])?;
    let grown = grow(node);
    let tip = node.call(&["getblockhash", &TIP.to_string()]);
    drop(node.call(&["stop"]));
    child.wait()?;
    grown?;
    let assumed = format!("-assumevalid={}", tip?.trim());
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let log = node.folder.join("regtest/debug.log");
        std::fs::write(&log, "")?;
        let stop = format!("-stopatheight={TIP}");
        let more = ["-reindex-chainstate", "-logtimemicros", &assumed, &stop];
        let mut child = node.start(&more)?;
        watch(&mut child)?;
        rates.push(rate(&std::fs::read_to_string(&log)?)?);
    }
    say(&format!(
        "scripts off, blocks 1 to {TIP}        {:10.0} transactions a second (at least 100000)",
        median(&rates)
    ));
    Ok(())
}

/// Waits until the chain is loaded and puts empty blocks on it.
fn grow(node: &Node) -> Result<()> {
    let count = |node: &Node| node.call(&["getblockcount"]);
    let wanted = TIP.to_string();
    let deadline = Instant::now() + Duration::from_secs(120);
    while count(node).map_or(true, |height| height.trim() != wanted) {
        if Instant::now() > deadline {
            bail!("the node does not reach height {TIP}");
        }
        std::thread::sleep(LOOK * 10);
    }
    // In parts, so that no call takes long.
    for _ in 0..ABOVE / 100 {
        node.call(&["generatetodescriptor", "100", "raw(51)"])?;
    }
    Ok(())
}

/// Transactions a second between the log's lines of the first block and the last.
fn rate(log: &str) -> Result<f64> {
    let moment = |height: u32| {
        let mark = format!(" height={height} ");
        let line = log
            .lines()
            .find(|line| line.contains("UpdateTip") && line.contains(&mark));
        line.and_then(|line| Some((seconds(line)?, field(line, " tx=")?)))
            .with_context(|| format!("the log tells of no block {height}"))
    };
    let ((from, first), (to, last)) = (moment(1)?, moment(TIP)?);
    Ok((last - first) / (to - from))
}

/// The time of day that a line of the log begins with, in seconds.
fn seconds(line: &str) -> Option<f64> {
    let time = line.split_once('T')?.1.split_once('Z')?.0;
    let parts = time.split(':').map(|part| part.parse::<f64>().ok());
    parts
        .collect::<Option<Vec<_>>>()
        .map(|parts| parts.iter().fold(0.0, |sum, part| sum * 60.0 + part))
}

fn field(line: &str, name: &str) -> Option<f64> {
    line.split_once(name)?
        .1
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// A node's programs and data directory.
struct Node {
    program: PathBuf,
    client: PathBuf,
    folder: PathBuf,
    /// The option that names its port.
    port: String,
}

fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}

impl Node {
    fn start(&self, more: &[&str]) -> Result<Child> {
        let mut command = Command::new(&self.program);
        let usual = ["-coin=bitcoin", "-regtest", "-disablewallet", "-listen=0"];
        command
            .args(usual)
            .arg(format!("-datadir={}", self.folder.display()));
        if !more.contains(&"-server=1") {
            command.arg("-server=0");
        }
        command.args(more).stdout(Stdio::null());
        command.spawn().context("cannot start the node")
    }

    fn call(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.client);
        command.args(["-coin=bitcoin", "-regtest", &self.port]);
        command
            .arg(format!("-datadir={}", self.folder.display()))
            .args(words);
        process::capture(&mut command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_come_from_the_log() {
        let log = "2026-01-01T00:00:59.500000Z [validation:info] UpdateTip: new best=a height=1 version=1 tx=2 date\n\
                   2026-01-01T00:01:01.500000Z [validation:info] UpdateTip: new best=b height=467 version=1 tx=402 date\n";
        assert_eq!(rate(log).ok(), Some(200.0));
        assert!(rate("").is_err());
    }
}
