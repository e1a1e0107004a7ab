//! The indexes of the chain: which are kept, and their building as the window lists it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chain::Clock;
use chain::indexes::{IndexConfig, IndexKind, IndexProgress, Indexes};
use common::options::Config;
use ipc_schema::{StartError, TaskState};

use crate::context::{Chain, Node};
use crate::init::{failed, warn_user};
use crate::tasks::Tasks;

/// Which indexes the options ask for.
pub(crate) fn wanted(config: &Config) -> Vec<IndexKind> {
    let is_wanted = |kind: &IndexKind| match kind {
        // Its value names types of filters, of which there is one.
        IndexKind::BasicFilter => config.get_str(kind.option()) != "0",
        _ => config.get_bool(kind.option()),
    };
    IndexKind::ALL.into_iter().filter(is_wanted).collect()
}

/// Memory that the chain leaves to the indexes, of `total` bytes.
pub(crate) fn cache_share(config: &Config, total: usize) -> usize {
    let mut all = 0;
    for kind in wanted(config) {
        let share = kind.cache_share(total);
        all += share;
        if share > 0 {
            tracing::info!("* Using {} MiB for {}", share >> 20, kind.name());
        }
    }
    all
}

/// Opens the indexes, which do not run yet.
///
/// # Errors
/// The start-up error.
pub(crate) async fn open(
    node: &Arc<Node>,
    chain: &Chain,
    config: &Config,
) -> Result<(), StartError> {
    let shown = IndexTasks {
        tasks: node.tasks.clone(),
        clock: node.clock.clone(),
        shown: Mutex::default(),
    };
    let cache = usize::try_from(config.get_int("dbcache")).unwrap_or(0) << 20;
    let config = IndexConfig {
        kinds: wanted(config),
        cache_bytes: cache.max(chain::MIN_CACHE_BYTES),
        progress: Arc::new(move |kind, percent| shown.show(kind, percent)),
    };
    let reader = chain.reader.clone();
    let opened = tokio::task::spawn_blocking(move || Indexes::open(reader, &config)).await;
    node.set_indexes(opened.map_err(failed)?.map_err(failed)?);
    Ok(())
}

/// Lets the indexes run, where they can; else the chain ends. Reads from disk.
pub(crate) fn start(node: &Node) {
    if node.stop.is_stopping() {
        return;
    }
    let Some(Err(error)) = node.indexes().map(Indexes::start) else {
        return;
    };
    tracing::error!("{error}");
    warn_user(&format!("Error: {error}"));
}

/// What is left where the building of an index is cancelled.
const PAUSE_NOTE: &str = "What was built stays. The node goes on with it at the next start; until then the index cannot be used.";

/// Ends the building of the index that a task of this kind shows.
pub(crate) fn pause(node: &Node, task: &str) {
    let kind = IndexKind::ALL
        .into_iter()
        .find(|kind| kind.option() == task);
    if let (Some(indexes), Some(kind)) = (node.indexes(), kind) {
        indexes.pause(kind);
    }
}

/// Stops the indexes, with as much on disk as of the chain.
pub(crate) fn stop(node: &Node, chain: &chain::ChainHandle) {
    let Some(indexes) = node.indexes() else {
        return;
    };
    if !indexes.summaries().is_empty() {
        // A chain that has ended by itself is told of elsewhere.
        let _ended = chain.flush().wait();
    }
    indexes.stop();
}

/// Shows the building of indexes as tasks.
struct IndexTasks {
    tasks: Tasks,
    clock: Clock,
    /// The task of each index that is being built.
    shown: Mutex<HashMap<IndexKind, u64>>,
}

const fn title(kind: IndexKind) -> &'static str {
    match kind {
        IndexKind::Tx => "Building the index of transactions…",
        IndexKind::TxoSpender => "Building the index of spent outputs…",
        IndexKind::BasicFilter => "Building the index of block filters…",
        IndexKind::CoinStats => "Building the index of coin statistics…",
    }
}

impl IndexTasks {
    fn show(&self, kind: IndexKind, progress: IndexProgress) {
        let now = self.clock.now();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let percent = match progress {
            IndexProgress::Percent(percent) => percent,
            IndexProgress::AtTip | IndexProgress::Paused => {
                // One that was asked to end may have arrived before it heard of that.
                let (state, note) = match progress {
                    IndexProgress::Paused => (TaskState::Cancelled, PAUSE_NOTE),
                    _ => (TaskState::Done, ""),
                };
                if let Some(id) = shown.remove(&kind) {
                    self.tasks.finish(id, state, note, now);
                }
                return;
            }
        };
        let id = *shown
            .entry(kind)
            .or_insert_with(|| self.tasks.begin(kind.option(), title(kind), now));
        self.tasks.update(id, |task| {
            task.progress = Some(f64::from(percent) / 100.0);
            if !task.cancellable && task.cancel_note.is_empty() {
                task.cancellable = true;
                PAUSE_NOTE.clone_into(&mut task.cancel_note);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_that_is_built_is_a_task() {
        let tasks = Tasks::new();
        let shown = IndexTasks {
            tasks: tasks.clone(),
            clock: Clock::new(),
            shown: Mutex::default(),
        };
        shown.show(IndexKind::Tx, IndexProgress::AtTip);
        shown.show(IndexKind::Tx, IndexProgress::Percent(7));
        shown.show(IndexKind::CoinStats, IndexProgress::Percent(1));
        shown.show(IndexKind::Tx, IndexProgress::Percent(60));
        shown.show(IndexKind::CoinStats, IndexProgress::AtTip);
        let list = tasks.watch().borrow().clone();
        let told: Vec<_> = list
            .iter()
            .map(|task| (&task.title[..], task.progress, task.is_over()))
            .collect();
        assert_eq!(
            told,
            [
                ("Building the index of transactions…", Some(0.6), false),
                ("Building the index of coin statistics…", Some(0.01), true),
            ]
        );
    }

    #[test]
    fn an_index_that_arrives_while_it_is_cancelled_is_complete() {
        for (end, state) in [
            (IndexProgress::AtTip, TaskState::Done),
            (IndexProgress::Paused, TaskState::Cancelled),
        ] {
            let tasks = Tasks::new();
            let shown = IndexTasks {
                tasks: tasks.clone(),
                clock: Clock::new(),
                shown: Mutex::default(),
            };
            shown.show(IndexKind::Tx, IndexProgress::Percent(98));
            let id = tasks.watch().borrow()[0].id;
            assert!(tasks.begin_cancel(id).is_some());
            shown.show(IndexKind::Tx, end);
            let task = tasks.watch().borrow()[0].clone();
            assert_eq!(task.detail.is_empty(), state == TaskState::Done);
            assert_eq!((task.state, task.cancellable), (state, false));
        }
    }
}
