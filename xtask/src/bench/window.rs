//! The window's measures: the real program on a private display, with real nodes behind it, and
//! scenes that a program of the `gui` crate plays in a window of its own.

mod history;
mod program;
mod table;

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use self::program::{Stage, Window, forget, processor, resident, wait};
use self::table::Table;
use super::{example, fresh_folder, load, median};
use crate::display::Display;
use crate::output::say;
use crate::{bitq, process, vectors, workspace};

/// Starts of the window that count.
const STARTS: usize = 10;
/// Blocks of the chain behind the window.
const BLOCKS: u32 = 10_000;
/// How long nothing is done before memory is read, and while the processor is watched.
const REST: Duration = Duration::from_secs(60);
/// How long the node is held.
const HELD: Duration = Duration::from_secs(30);
/// Times that nodes are killed and come back.
const KILLS: usize = 3;

/// Makes every measure and prints the table; `minutes` is how long memory is watched for growth.
pub(super) fn run(minutes: u64) -> Result<()> {
    let frames = example("gui", "frames")?;
    bitq::build_release()?;
    let target = workspace::target_dir()?;
    let folder = target.join("bench-window");
    fresh_folder(&folder)?;
    let free = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = free.local_addr()?.port();
    drop(free);
    let stage = Stage {
        display: Display::start("1280x800")?,
        programs: target.join("release"),
        folder,
        port,
    };
    load("before");
    let mut table = Table::default();
    starts(&stage, &mut table)?;
    chain(&stage, &mut table)?;
    rest(&stage, &mut table, minutes)?;
    alone(&stage, &mut table)?;
    history::measure(&stage, &mut table)?;
    disturb(&stage, &mut table)?;
    scenes(&stage, &frames, &mut table)?;
    sizes(&stage, &mut table)?;
    load("after");
    say("window, real programs on Xvfb at 1280x800, tiny-skia");
    table.print();
    Ok(())
}

/// The options of a window that has no node.
fn without_node(stage: &Stage) -> Result<Vec<String>> {
    let mut args = stage.chain("empty")?;
    // Nobody is there, so nothing else starts.
    let nobody = stage.folder.join("nobody.sock");
    args.push(format!("-ipcconnect=unix:{}", nobody.display()));
    Ok(args)
}

/// From nothing to a window, without a node.
fn starts(stage: &Stage, table: &mut Table) -> Result<()> {
    say("window: starts");
    let args = without_node(stage)?;
    let (mut cold, mut warm, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        forget(&stage.programs.join("bitq-gui"));
        let window = stage.traced(&args)?;
        cold.push(window.event("first_frame", 1)?);
        window.end()?;
        let window = stage.traced(&args)?;
        warm.push(window.event("first_frame", 1)?);
        window.end()?;
        let begun = Instant::now();
        let window = stage.untraced(&args)?;
        wait_for_window(stage, &window)?;
        shown.push(begun.elapsed().as_secs_f64() * 1000.0);
        window.end()?;
    }
    let note = format!(
        "median of {STARTS}, program not in the cache; {:.0} ms when it is",
        median(&warm)
    );
    let frame = ("cold start to first frame", "ms");
    table.add(frame, (250.0, 500.0), median(&cold), note);
    let visible = ("start to window visible", "ms");
    let note = format!("median of {STARTS}, with the search for it");
    table.add(visible, (300.0, 600.0), median(&shown), note);
    Ok(())
}

fn wait_for_window(stage: &Stage, window: &Window) -> Result<String> {
    let pid = window.pid().to_string();
    wait("the window on the screen", || {
        let words = ["search", "--onlyvisible", "--pid", &pid];
        let found = stage.xdotool(&words).ok().flatten()?;
        found.lines().last().map(str::to_owned)
    })
}

/// A chain that grows behind an open window, then first data from it.
fn chain(stage: &Stage, table: &mut Table) -> Result<()> {
    say("window: a chain behind it");
    let node = stage.node("chain")?;
    let args = stage.chain("chain")?;
    let window = stage.traced(&args)?;
    window.event("first_data", 1)?;
    let begun = Instant::now();
    for _ in 0..10 {
        let count = (BLOCKS / 10).to_string();
        // A script that anybody can spend: no wallet is asked.
        stage.ask(&node, &["generatetodescriptor", &count, "raw(51)"])?;
    }
    let rate = f64::from(BLOCKS) / begun.elapsed().as_secs_f64();
    std::thread::sleep(Duration::from_secs(2));
    let mining = window.largest("heartbeat_gap", "gap_ms");
    let mut longest = window.longest_update();
    window.end()?;
    stage.ask(&node, &["createwallet", "Savings"])?;
    let mut first = Vec::new();
    for _ in 0..5 {
        let window = stage.traced(&args)?;
        first.push(window.event("first_data", 1)? - window.event("first_frame", 1)?);
        window.event("first_history", 1)?;
        window.end()?;
    }
    let row = ("first chain data after the first frame, attach", "ms");
    let note = format!("median of 5, {BLOCKS} blocks");
    table.add(row, (150.0, 500.0), median(&first), note);
    node.end("TERM")?;
    let (mut own, mut spawned) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let node = stage.node("chain")?;
        own.push(node.start.as_secs_f64() * 1000.0);
        node.end("TERM")?;
        let window = stage.traced(&spawning(&args))?;
        spawned.push(window.event("first_data", 1)? - window.event("first_frame", 1)?);
        end_with_node(stage, window, "chain")?;
    }
    let row = ("first chain data, spawn, beyond the node's own", "ms");
    let note = format!(
        "median of 3; the node's own start {:.0} ms, data {:.0} ms after the first frame",
        median(&own),
        median(&spawned)
    );
    let beyond = (median(&spawned) - median(&own)).max(0.0);
    table.add(row, (200.0, 1000.0), beyond, note);
    let import = import(stage, &mut longest)?;
    let row = ("longest time without events, node imports", "ms");
    let note = format!(
        "{rate:.0} blocks/s mined behind it: {mining:.1}; -loadblock of real signatures: {import:.1}"
    );
    table.add(row, (50.0, 100.0), mining.max(import), note);
    let row = ("longest update call, while blocks come", "ms");
    let note = format!("in: {}", longest.1);
    table.add(row, (1.0, 8.0), longest.0, note);
    Ok(())
}

/// The options of a window that starts its own node.
fn spawning(args: &[String]) -> Vec<String> {
    let mut args = args.to_vec();
    args.extend(["-ipcconnect=0", "-listen=0"].map(str::to_owned));
    args
}

/// A window that starts a node which reads the regtest chain of the test data; the longest gap.
fn import(stage: &Stage, longest: &mut (f64, String)) -> Result<f64> {
    let file = vectors::folder().join("regtest/chain.dat");
    let mut args = spawning(&stage.chain("import")?);
    args.push(format!("-loadblock={}", file.display()));
    let window = stage.traced(&args)?;
    window.event("first_data", 1)?;
    std::thread::sleep(Duration::from_secs(8));
    let gap = window.largest("heartbeat_gap", "gap_ms");
    let update = window.longest_update();
    if update.0 > longest.0 {
        *longest = update;
    }
    end_with_node(stage, window, "import")?;
    Ok(gap)
}

/// Ends a window and waits until the node that it started has let go of its folder.
fn end_with_node(stage: &Stage, window: Window, name: &str) -> Result<()> {
    let pid = stage.folder.join(name).join("regtest/bitcoind.pid");
    window.end()?;
    wait("the end of the node", || (!pid.exists()).then_some(()))
}

/// Memory and processor of a window that nobody touches, and its growth.
fn rest(stage: &Stage, table: &mut Table, minutes: u64) -> Result<()> {
    say("window: at rest");
    let node = stage.node("chain")?;
    let window = stage.untraced(&stage.chain("chain")?)?;
    let id = wait_for_window(stage, &window)?;
    std::thread::sleep(REST);
    let row = ("resident memory, empty wallet", "MiB");
    let memory = resident(window.pid());
    table.add(row, (40.0, 80.0), memory, "after 60 s, attached");
    let visible = percent(&window);
    let row = ("idle processor, window visible", "%");
    table.add(row, (0.2, 1.0), visible, "60 s, a live node");
    stage.xdotool(&["windowminimize", &id])?;
    std::thread::sleep(Duration::from_secs(2));
    let hidden = percent(&window);
    let row = ("idle processor, minimised", "%");
    table.add(
        row,
        (0.0, 0.1),
        hidden,
        "60 s, a live node; one tick is 0.017",
    );
    let row = ("growth over 30 min with a live node", "MiB");
    if minutes == 0 {
        let why = "not watched in this run: bench window 30";
        table.leave_out(row, (0.2, 1.0), why);
    } else {
        stage.xdotool(&["windowmap", &id])?;
        let grown = growth(stage, &node, &window, minutes)?;
        let note = format!("slope of the last two thirds of {minutes} min, a block every 10 s");
        table.add(row, (0.2, 1.0), grown, note);
    }
    window.end()?;
    node.end("TERM")
}

/// The processor of a window that nobody touches and that has no node.
fn alone(stage: &Stage, table: &mut Table) -> Result<()> {
    say("window: at rest, without a node");
    let window = stage.untraced(&without_node(stage)?)?;
    let id = wait_for_window(stage, &window)?;
    std::thread::sleep(REST / 4);
    let note = "60 s; one tick is 0.017; there is no socket to attach to";
    let row = ("idle processor, no node, window visible", "%");
    table.add(row, (0.2, 1.0), percent(&window), note);
    stage.xdotool(&["windowminimize", &id])?;
    std::thread::sleep(Duration::from_secs(2));
    let row = ("idle processor, no node, minimised", "%");
    table.add(row, (0.0, 0.1), percent(&window), note);
    window.end()
}

/// The part of one processor that a window takes while nothing happens.
fn percent(window: &Window) -> f64 {
    let before = processor(window.pid());
    std::thread::sleep(REST);
    (processor(window.pid()) - before) / REST.as_secs_f64() * 100.0
}

/// Megabytes in 30 minutes, by the line through the last two thirds of what was seen.
fn growth(stage: &Stage, node: &program::Node, window: &Window, minutes: u64) -> Result<f64> {
    let begun = Instant::now();
    let mut seen = Vec::new();
    while begun.elapsed() < Duration::from_secs(minutes * 60) {
        stage.ask(node, &["generatetodescriptor", "1", "raw(51)"])?;
        std::thread::sleep(Duration::from_secs(10));
        seen.push((begun.elapsed().as_secs_f64(), resident(window.pid())));
    }
    let late = seen.split_off(seen.len() / 3);
    let count = f64::from(u32::try_from(late.len()).unwrap_or(1));
    let mean = |part: fn(&(f64, f64)) -> f64| late.iter().map(part).sum::<f64>() / count;
    let (time, memory) = (mean(|seen| seen.0), mean(|seen| seen.1));
    let above: f64 = late.iter().map(|s| (s.0 - time) * (s.1 - memory)).sum();
    let below: f64 = late.iter().map(|s| (s.0 - time).powi(2)).sum();
    Ok(above / below.max(1.0) * 1800.0)
}

/// A node that is held, killed, and that comes back.
fn disturb(stage: &Stage, table: &mut Table) -> Result<()> {
    say("window: a node in trouble");
    let mut node = stage.node("chain")?;
    let window = stage.traced(&stage.chain("chain")?)?;
    window.event("first_history", 1)?;
    std::thread::sleep(Duration::from_secs(3));
    node.signal("STOP")?;
    std::thread::sleep(HELD);
    node.signal("CONT")?;
    // A gap is told when it is over: read before, one that lasted all the time would look like none.
    std::thread::sleep(Duration::from_secs(2));
    let gap = window.largest("heartbeat_gap", "gap_ms");
    let row = ("longest time without events, node held", "ms");
    table.add(
        row,
        (50.0, 100.0),
        gap,
        "30 s of SIGSTOP, the start counted in",
    );
    let (mut told, mut back) = (Vec::new(), Vec::new());
    for round in 1..=KILLS {
        let begun = Instant::now();
        node.end("KILL")?;
        window.event("node_gone", round)?;
        told.push(begun.elapsed().as_secs_f64());
        node = stage.node("chain")?;
        let begun = Instant::now();
        window.event("connected", round + 1)?;
        back.push(begun.elapsed().as_secs_f64());
    }
    let row = ("reconnect after node restart", "s");
    let note = format!("longest of {KILLS}, from the node's socket on");
    table.add(row, (2.0, 5.0), back.into_iter().fold(0.0, f64::max), note);
    let row = ("crash to message", "s");
    let note = format!("longest of {KILLS} SIGKILLs");
    table.add(row, (0.5, 2.0), told.into_iter().fold(0.0, f64::max), note);
    let (longest, message) = window.longest_update();
    let row = ("longest update call, node in trouble", "ms");
    table.add(row, (1.0, 8.0), longest, format!("in: {message}"));
    window.end()?;
    node.end("TERM")
}

/// The scenes whose calls of `update` are timed.
const SCENES: [&str; 12] = [
    "page",
    "key",
    "filter",
    "sort",
    "select all",
    "search",
    "first page",
    "more rows",
    "scroll",
    "burst",
    "coins come",
    "coins",
];

/// Frames of scenes that a program of the `gui` crate plays.
fn scenes(stage: &Stage, frames: &std::path::Path, table: &mut Table) -> Result<()> {
    say("window: scenes of many rows");
    let mut command = Command::new(frames);
    command.env("HOME", &stage.folder).stderr(Stdio::null());
    stage.display.set_up(&mut command);
    let output = process::capture(&mut command).context("the scenes")?;
    let mut scenes: HashMap<String, Value> = HashMap::new();
    for line in output.lines() {
        let scene: Value = serde_json::from_str(line)?;
        scenes.insert(workspace::text(&scene, "measure").to_owned(), scene);
    }
    let of = |scene: &str, key: &str| scenes.get(scene).and_then(|s| s[key].as_f64());
    let of = |scene: &str, key: &str| of(scene, key).unwrap_or_default();
    let row = ("first frame of a 100,000-row history", "ms");
    let note = format!(
        "first page of 500; the others come in one by one, longest frame {:.1}",
        of("more rows", "longest")
    );
    table.add(row, (500.0, 1500.0), of("first page", "longest"), note);
    let row = ("resident memory, 100,000 rows", "MiB");
    table.add(row, (90.0, 160.0), of("memory", "median"), "demo wallet");
    let (median, p99) = (of("scroll", "median"), of("scroll", "p99"));
    let row = ("frame, scrolling 100,000 rows: median", "ms");
    let used = of("scroll, processor", "median");
    let note = format!("{used:.1} ms of processor a frame, all threads");
    table.add(row, (12.0, 40.0), median, note);
    table.add(
        ("frame, scrolling 100,000 rows: p99", "ms"),
        (25.0, 40.0),
        p99,
        "",
    );
    let times = of("scroll, large", "median") / median;
    let row = ("the same, 1,000,000 rows, times the above", "x");
    let note = format!("p99 {:.1} ms", of("scroll, large", "p99"));
    table.add(row, (1.2, 2.0), times, note);
    let rows = [
        (
            "filter 100,000 rows, each key: longest",
            "filter",
            (50.0, 200.0),
        ),
        (
            "sort 100,000 rows by a column: longest",
            "sort",
            (50.0, 200.0),
        ),
        (
            "select all of 100,000 rows: longest",
            "select all",
            (50.0, 200.0),
        ),
        ("key press to glyph: longest", "key", (30.0, 60.0)),
        ("page switch: longest", "page", (50.0, 100.0)),
        ("ticking 10,000 coins: longest", "coins", (50.0, 200.0)),
        (
            "10,000 wallet rows at once: longest frame",
            "burst",
            (30.0, 100.0),
        ),
    ];
    for (measure, scene, bounds) in rows {
        let note = format!("median {:.1}", of(scene, "median"));
        table.add((measure, "ms"), bounds, of(scene, "longest"), note);
    }
    let longest = SCENES.map(|scene| (of(scene, "update"), scene));
    let longest = longest.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let (took, scene) = longest.unwrap_or((0.0, ""));
    let row = ("longest update call, in these scenes", "ms");
    table.add(row, (1.0, 8.0), took, format!("in: {scene}"));
    Ok(())
}

/// Sizes of what is shipped, and what is measured elsewhere.
fn sizes(stage: &Stage, table: &mut Table) -> Result<()> {
    const MIB: f64 = 1024.0 * 1024.0;
    let size = |path: &std::path::Path| {
        let bytes = path.metadata().map_or(0, |data| data.len());
        // Files here are far below 4 GiB.
        f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / MIB
    };
    let program = size(&stage.programs.join("bitq-gui"));
    table.add(("binary, stripped", "MiB"), (15.0, 30.0), program, "");
    let packages = workspace::target_dir()?.join("package");
    let name = format!("bitq-gui_{}_amd64.deb", workspace::version()?);
    let package = size(&packages.join(name));
    let row = ("packed window without the node", "MiB");
    if package > 0.0 {
        let note = "its .deb; the AppImage holds the node as well";
        table.add(row, (8.0, 20.0), package, note);
    } else {
        table.leave_out(row, (8.0, 20.0), "not made yet: cargo xtask package");
    }
    let why = "needs an empty target folder: cargo build --release --timings";
    table.leave_out(
        ("clean build of the gui crates, processor", "min"),
        (4.0, 8.0),
        why,
    );
    let why = "the time that cargo xtask ci prints for the gui's tests";
    table.leave_out(("test suite of the window", "s"), (90.0, 180.0), why);
    Ok(())
}
