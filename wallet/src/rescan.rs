//! Looking through the chain again, as a task that can be ended.

use std::sync::Arc;
use std::time::Duration;

use ipc_schema::{RescanStart, Task, TaskState};
use primitives::BlockHash;

use crate::WalletError;
use crate::context::Context;
use crate::follow::{decode_block, scan_mempool, set_scanning};
use crate::relock::KeptUnlocked;
use crate::scans::ScanMark;
use crate::tasks::RunningTask;

/// Bytes of blocks that are asked for at once.
pub const SCAN_BYTES: u64 = 4 << 20;
/// Blocks before a time that may still concern it, in seconds (Core's `TIMESTAMP_WINDOW`).
pub const TIMESTAMP_WINDOW: i64 = 2 * 3600;
/// How often the node is told how far a scan is.
const REPORT: Duration = Duration::from_millis(500);

/// How a scan ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// First height looked at.
    pub start: u32,
    /// Last height looked at; `None` where there was none.
    pub stop: Option<u32>,
    /// Whether it was ended before the stop.
    pub aborted: bool,
}

/// The task that shows how a wallet catches up.
pub(crate) fn catch_up_task(context: &Context, name: &str) -> RunningTask {
    context.tasks.begin(Task {
        kind: "catchup".to_owned(),
        wallet: name.to_owned(),
        title: format!("Bringing wallet {name} up to date"),
        started: context.now(),
        ..Task::default()
    })
}

/// The first height of a scan.
///
/// # Errors
/// [`WalletError::Node`].
pub async fn start_height(context: &Context, start: RescanStart) -> Result<u32, WalletError> {
    match start {
        RescanStart::Genesis => Ok(0),
        RescanStart::Height(height) => Ok(height),
        RescanStart::Time(time) => {
            let since = time - TIMESTAMP_WINDOW;
            let found = context
                .ask(|chain| async move { chain.first_block_since(since).await })
                .await?;
            let tip = context.chain.state().tip.map_or(0, |tip| tip.height);
            Ok(found.map_or(tip, |block| block.height))
        }
    }
}

/// A scan that was begun: shown as a task, and over when it is dropped.
#[derive(Debug)]
pub struct Scan {
    name: String,
    task: RunningTask,
    mark: ScanMark,
    unlocked: Option<KeptUnlocked>,
}

/// Begins a scan; the task is shown from here on.
///
/// # Errors
/// [`WalletError::Busy`] where one runs for this wallet.
pub fn begin(context: &Context, name: &str) -> Result<Scan, WalletError> {
    let task = context.tasks.begin(Task {
        kind: "rescan".to_owned(),
        wallet: name.to_owned(),
        title: format!("Rescanning wallet {name}"),
        cancellable: true,
        cancel_note: "What was found so far stays; the rest is not looked at.".to_owned(),
        started: context.now(),
        ..Task::default()
    });
    let mark = context.scans.begin(name, task.cancel.clone())?;
    Ok(Scan {
        name: name.to_owned(),
        task,
        mark,
        unlocked: None,
    })
}

impl Scan {
    /// The task's number.
    pub const fn id(&self) -> u64 {
        self.task.id()
    }

    /// Keeps the timer of a passphrase from locking the wallet until the scan is over: a locked
    /// wallet cannot make the keys of what it finds.
    pub async fn keep_unlocked(&mut self, context: &Context) {
        self.unlocked = Some(context.relock.keep_unlocked(&self.name).await);
    }
}

/// Looks at the blocks from `start` to `stop`, or to the tip and at the mempool.
///
/// # Errors
/// Where blocks are pruned, the node is gone or the file cannot be written.
pub async fn run(
    context: &Arc<Context>,
    begun: Scan,
    start: u32,
    stop: Option<u32>,
) -> Result<Scanned, WalletError> {
    let Scan {
        name,
        task,
        mark,
        unlocked,
    } = begun;
    let result = scan(context, &name, start, stop, &task).await;
    if stop.is_none()
        && result.is_ok()
        && let Err(error) = scan_mempool(context, &name).await
    {
        // Blocks are what was asked for; with its next node the wallet reads the mempool anyway.
        tracing::warn!("[{name}] the mempool could not be looked through: {error}");
    }
    drop((mark, unlocked));
    if let Err(error) = set_scanning(context, &name, None).await {
        tracing::debug!("[{name}] {error}");
    }
    let state = match &result {
        Ok(scanned) if scanned.aborted => TaskState::Cancelled,
        Ok(_) => TaskState::Done,
        Err(error) => TaskState::Failed(error.to_string()),
    };
    let detail = match &result {
        Ok(Scanned {
            stop: Some(stop), ..
        }) => format!("Blocks {start} to {stop}"),
        _ => String::new(),
    };
    let last = Task {
        state: state.clone(),
        detail: detail.clone(),
        cancellable: false,
        finished: Some(context.now()),
        ..task.shown()
    };
    task.finish(state, detail, context.now());
    report(context, last).await;
    result
}

async fn report(context: &Context, task: Task) {
    // For show only: a node that is gone misses nothing.
    if let Err(error) = context
        .ask(|chain| async move { chain.report_task(task).await })
        .await
    {
        tracing::debug!("{error}");
    }
}

/// Refuses to look through blocks that are not here (Core's `hasBlocks`).
async fn check_blocks(context: &Context, start: u32, stop: Option<u32>) -> Result<(), WalletError> {
    let stored = context
        .ask(|chain| async move { chain.stored_blocks().await })
        .await?;
    let last = stop.unwrap_or(stored.tip.height);
    // Of those further below, some may be here.
    match start < stored.first && last.saturating_add(1) >= stored.first {
        true if stored.below_snapshot => Err(WalletError::BlocksToCome),
        true => Err(WalletError::Pruned),
        false => Ok(()),
    }
}

async fn scan(
    context: &Arc<Context>,
    name: &str,
    start: u32,
    stop: Option<u32>,
    task: &RunningTask,
) -> Result<Scanned, WalletError> {
    let mut result = Scanned {
        start,
        ..Scanned::default()
    };
    check_blocks(context, start, stop).await?;
    let mut next = start;
    let mut reported = std::time::Instant::now();
    loop {
        if task.cancel.is_cancelled() || context.stop.is_stopping() {
            result.aborted = true;
            return Ok(result);
        }
        let tip = context.chain.state().tip.map_or(next, |tip| tip.height);
        let end = stop.unwrap_or(tip.max(next));
        if next > end {
            return Ok(result);
        }
        let mut blocks = context
            .ask(|chain| async move { chain.blocks(next, SCAN_BYTES).await })
            .await?;
        blocks.retain(|block| block.tip.height <= end);
        let Some(last) = blocks.last().map(|block| block.tip) else {
            // The chain became shorter, or its blocks are still to come.
            check_blocks(context, next, stop).await?;
            return Ok(result);
        };
        let named: Vec<(BlockHash, u32)> = blocks
            .iter()
            .map(|block| (block.tip.hash, block.tip.height))
            .collect();
        let params = context.params;
        let decoded = tokio::task::spawn_blocking(move || {
            blocks
                .iter()
                .map(|block| decode_block(block, params))
                .collect::<Result<Vec<_>, _>>()
        })
        .await
        .map_err(|error| WalletError::File(error.to_string()))??;
        let now = context.now();
        context
            .handle
            .with(name, move |wallet| wallet.rescan_blocks(&decoded, now))
            .await?;
        // The chain may have been reorganised since the blocks were read.
        let hash = last.hash;
        let found = context
            .ask(|chain| async move { chain.find_block(hash).await })
            .await?;
        if !found.is_some_and(|(_, active)| active) {
            context
                .handle
                .with(name, move |wallet| wallet.undo_rescan(&named))
                .await?;
            continue;
        }
        result.stop = Some(last.height);
        next = last.height + 1;
        let (done, all) = (next.saturating_sub(start), (end + 1).saturating_sub(start));
        let progress = f64::from(done) / f64::from(all.max(1));
        task.update(Some(progress), format!("Block {} of {end}", last.height));
        set_scanning(context, name, Some(progress)).await?;
        if reported.elapsed() >= REPORT {
            reported = std::time::Instant::now();
            report(context, task.shown()).await;
        }
    }
}
