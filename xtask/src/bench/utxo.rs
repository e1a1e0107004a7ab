//! Coins in numbers: blocks that spend at random from a million coins and from ten million, by a whole
//! node, beside the reference node where `BITQ_REFERENCE_NODE` names its program.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::fresh_folder;
use crate::output::say;
use crate::process;

/// Names the reference node's program.
pub(super) const REFERENCE: &str = "BITQ_REFERENCE_NODE";
/// How many coins there are before the blocks that are measured.
const SIZES: [u64; 2] = [1_000_000, 10_000_000];
/// Blocks that are measured.
const BLOCKS: u32 = 600;
/// Transactions in such a block, its first one left out.
const TXS: u32 = 2500;
/// Memory for coins, in MiB.
const DBCACHE: u32 = 450;
/// How often a running node is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// A node that can be measured.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) path: PathBuf,
    /// What it needs to know of the coin.
    pub(super) coin: Option<&'static str>,
}

/// What a run of a node took.
#[derive(Clone, Copy, Default)]
pub(super) struct Run {
    pub(super) seconds: f64,
    /// Most memory, in MB.
    pub(super) peak: f64,
    /// Bytes that it handed to the system to write.
    written: f64,
}

/// What blocks of random spends took.
#[derive(Clone, Copy)]
struct Figures {
    per_second: f64,
    /// Bytes that go to the store, for each coin that is made or spent there. One that comes and goes in
    /// memory is neither.
    bytes_per_change: f64,
    bytes_per_tx: f64,
    peak: f64,
}

impl Program {
    /// The node of this project and, where it is named, the reference's.
    pub(super) fn all(node: &Path) -> Vec<Self> {
        let ours = Self {
            name: "bitq",
            path: node.to_owned(),
            coin: Some("-coin=bitcoin"),
        };
        let reference = std::env::var_os(REFERENCE).map(|path| Self {
            name: "reference",
            path: path.into(),
            coin: None,
        });
        std::iter::once(ours).chain(reference).collect()
    }

    /// Reads a file of blocks into `folder` and ends.
    pub(super) fn read(&self, folder: &Path, file: &Path, more: &[&str]) -> Result<Run> {
        let started = Instant::now();
        let mut command = Command::new(&self.path);
        command.args(self.coin).args(more);
        // The reference looks at its whole index after each block of this network otherwise.
        command.args(["-regtest", "-disablewallet", "-server=0", "-listen=0"]);
        command.args([
            "-checkblockindex=0",
            "-stopafterblockimport",
            "-debug=coindb",
        ]);
        command.arg(format!("-datadir={}", folder.display()));
        command.arg(format!("-loadblock={}", file.display()));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", self.path.display()))?;
        let mut run = watch(&mut child)?;
        run.seconds = started.elapsed().as_secs_f64();
        Ok(run)
    }
}

/// Measures both sizes and prints them beside their limits.
pub(super) fn run(node: &Path, maker: &Path, folder: &Path) -> Result<()> {
    let programs = Program::all(node);
    let blocks = folder.with_extension("blocks");
    let mut all = vec![Vec::new(); programs.len()];
    for size in SIZES {
        fresh_folder(&blocks)?;
        let mut command = Command::new(maker);
        command.args([size.to_string(), BLOCKS.to_string()]);
        process::run(command.arg(&blocks))?;
        for (program, figures) in programs.iter().zip(&mut all) {
            let measured = measure(program, &blocks, folder)?;
            say(&format!(
                "{:<10} {size:>9} coins: {:8.0} transactions a second, {:4.0} bytes written a coin \
                 that changed in the store, {:4.0} a transaction, peak {:5.0} MB (at most {})",
                program.name,
                measured.per_second,
                measured.bytes_per_change,
                measured.bytes_per_tx,
                measured.peak,
                DBCACHE + 300,
            ));
            figures.push(measured);
        }
    }
    std::fs::remove_dir_all(&blocks)?;
    std::fs::remove_dir_all(folder)?;
    for (program, figures) in programs.iter().zip(&all) {
        let [small, large] = figures[..] else {
            bail!("two sizes are measured");
        };
        say(&format!(
            "{:<10} ten times the coins: {:.2} times the time a transaction (at most 1.50), {:.2} times \
             the bytes a coin that changed, {:.2} times the bytes a transaction",
            program.name,
            small.per_second / large.per_second,
            large.bytes_per_change / small.bytes_per_change,
            large.bytes_per_tx / small.bytes_per_tx,
        ));
    }
    if let [ours, reference] = &all[..] {
        for ((ours, reference), size) in ours.iter().zip(reference).zip(SIZES) {
            say(&format!(
                "bitq / reference, {size} coins: {:.2} times the time a transaction",
                reference.per_second / ours.per_second
            ));
        }
    }
    Ok(())
}

fn measure(program: &Program, blocks: &Path, folder: &Path) -> Result<Figures> {
    fresh_folder(folder)?;
    let memory = format!("-dbcache={DBCACHE}");
    let setup = program.read(folder, &blocks.join("setup.dat"), &[&memory])?;
    let (before, changed) = (block_files(folder)?, changes(folder)?);
    let load = program.read(folder, &blocks.join("load.dat"), &[&memory])?;
    let txs = f64::from(BLOCKS * TXS);
    let bytes = load.written - (block_files(folder)? - before);
    Ok(Figures {
        per_second: txs / load.seconds,
        bytes_per_change: bytes / (changes(folder)? - changed),
        bytes_per_tx: bytes / txs,
        peak: setup.peak.max(load.peak),
    })
}

/// Changed coins that have gone to the store so far, as the log tells.
fn changes(folder: &Path) -> Result<f64> {
    let log = std::fs::read_to_string(folder.join("regtest/debug.log"))?;
    let counts = log.lines().filter_map(|line| {
        let (_, rest) = line.split_once("Committed ")?;
        let (count, _) = rest.split_once(" changed transaction outputs")?;
        count.parse::<f64>().ok()
    });
    Ok(counts.sum())
}

/// Bytes of block and undo files.
fn block_files(folder: &Path) -> Result<f64> {
    let mut bytes = 0.0;
    for entry in std::fs::read_dir(folder.join("regtest/blocks"))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("blk") || name.starts_with("rev") {
            bytes += megabytes(entry.metadata()?.len()) * 1e6;
        }
    }
    Ok(bytes)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Waits for a node's end and looks at it meanwhile.
pub(super) fn watch(child: &mut Child) -> Result<Run> {
    let folder = PathBuf::from(format!("/proc/{}", child.id()));
    let mut run = Run::default();
    let number = |file: &str, name: &str| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok())
            .unwrap_or_default()
    };
    loop {
        run.peak = run.peak.max(number("status", "VmHWM:") * 1024.0 / 1e6);
        run.written = run.written.max(number("io", "wchar:"));
        if let Some(ended) = child.try_wait()? {
            if !ended.success() {
                bail!("the node failed: {ended}");
            }
            return Ok(run);
        }
        std::thread::sleep(LOOK);
    }
}
