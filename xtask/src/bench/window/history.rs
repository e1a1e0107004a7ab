//! A wallet of 100,000 transactions behind a real node, and a window that attaches to it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;

use super::program::{Stage, resident};
use super::table::Table;
use crate::bench::median;
use crate::output::say;

/// Transactions of the wallet: the mined coins of as many blocks.
const ROWS: u32 = 100_000;
/// Blocks that are made by one command.
const AT_ONCE: u32 = 500;
/// Seconds of the chain that such a command takes at least.
const BATCH_TIME: u64 = 100;
/// Attaches that count.
const ATTACHES: usize = 3;

/// Makes the wallet by mining to it, which takes minutes, and measures the window.
pub(super) fn measure(stage: &Stage, table: &mut Table) -> Result<()> {
    say("window: a wallet of 100,000 transactions");
    let node = stage.node("long")?;
    stage.ask(&node, &["createwallet", "Savings"])?;
    let address = stage.ask(&node, &["getnewaddress"])?;
    let begun = Instant::now();
    let count = AT_ONCE.to_string();
    let batches = u64::from(ROWS / AT_ONCE);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    for batch in (1..=batches).rev() {
        // Blocks in a row are a second apart for each six of them, which would soon lead too far ahead of the clock.
        let time = (now - batch * BATCH_TIME).to_string();
        stage.ask(&node, &["setmocktime", &time])?;
        stage.ask(&node, &["generatetoaddress", &count, address.trim()])?;
    }
    stage.ask(&node, &["setmocktime", "0"])?;
    let rate = f64::from(ROWS) / begun.elapsed().as_secs_f64();
    let args = stage.chain("long")?;
    let (mut first, mut whole, mut memory) = (Vec::new(), Vec::new(), 0.0_f64);
    let mut longest = (0.0, String::new());
    for _ in 0..ATTACHES {
        let window = stage.traced(&args)?;
        let frame = window.event("first_frame", 1)?;
        first.push(window.event("first_history", 1)? - frame);
        whole.push(window.event("whole_history", 1)? - frame);
        memory = memory.max(resident(window.pid()));
        let update = window.longest_update();
        if update.0 > longest.0 {
            longest = update;
        }
        window.end()?;
    }
    let row = ("first rows of a real 100,000-row history, attach", "ms");
    let note = format!(
        "median of {ATTACHES}, after the first frame; all rows {:.0} ms; mined at {rate:.0} blocks/s",
        median(&whole)
    );
    table.add(row, (500.0, 1500.0), median(&first), note);
    let row = ("resident memory, a real 100,000-row history", "MiB");
    table.add(row, (90.0, 160.0), memory, "as soon as all rows are there");
    let row = ("longest update call, while 100,000 rows come", "ms");
    table.add(row, (1.0, 8.0), longest.0, format!("in: {}", longest.1));
    node.end("TERM")
}
