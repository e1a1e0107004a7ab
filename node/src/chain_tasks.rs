//! The chain's long work, as warm-up text, in the status, and as tasks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chain::{Clock, Progress};
use ipc_schema::TaskState;
use rpc::Table;
use tokio::runtime::Handle;

use crate::context::Node;
use crate::tasks::{
    BACKGROUND, CANCELLING, CONNECTING, DISCONNECTING, LOADING, REINDEXING, Tasks, VERIFYING,
    cancel_note,
};

/// A write to disk that is over before this is not worth a line.
const WORTH_SHOWING: Duration = Duration::from_secs(1);
/// Kind and title of such a write.
const FLUSHING: (&str, &str) = ("flush", "Writing the chain to disk…");

/// Takes what the chain's thread tells of its work.
pub(crate) struct ChainTasks {
    node: Arc<Node>,
    table: Arc<Table<Node>>,
    /// The tasks that are shown, 0 for none: one of the active chain, and one below a snapshot.
    shown: [AtomicU64; 2],
    flush: Arc<FlushTask>,
}

impl ChainTasks {
    /// Shows them to `node` and `table`; what takes long without a word is shown by `runtime`.
    pub(crate) fn new(node: Arc<Node>, table: Arc<Table<Node>>, runtime: Handle) -> Self {
        Self {
            flush: FlushTask::new(node.tasks.clone(), node.clock.clone(), runtime),
            node,
            table,
            shown: Default::default(),
        }
    }

    /// Takes what the chain says of its work.
    pub(crate) fn show(&self, progress: Progress) {
        use chain::Task;
        let (kind, title) = match progress.task {
            Task::Flushing => return self.flush.show(progress.percent),
            Task::LoadingIndex => ("load", "Loading block index…"),
            Task::Replaying => ("replay", "Replaying blocks…"),
            Task::Verifying => (VERIFYING, "Verifying blocks…"),
            Task::Reindexing => (REINDEXING, "Reindexing blocks on disk…"),
            Task::Importing => (LOADING, "Importing blocks…"),
            Task::Connecting => (CONNECTING, "Connecting blocks on disk…"),
            Task::Activating => ("activate", "Moving to the best chain…"),
            Task::Disconnecting => (DISCONNECTING, "Taking blocks back…"),
            Task::Pruning => ("prune", "Deleting old blocks…"),
            Task::BackgroundValidation => (BACKGROUND, "Checking the blocks below the snapshot…"),
            Task::CheckingSnapshot => ("checksnapshot", "Checking the coins of the snapshot…"),
        };
        self.warm_up(title);
        // It is over before anybody could read a task's line.
        if progress.task == Task::LoadingIndex {
            return;
        }
        let slot = match progress.task {
            Task::BackgroundValidation | Task::CheckingSnapshot => &self.shown[1],
            _ => &self.shown[0],
        };
        let (tasks, now) = (&self.node.tasks, self.node.clock.now());
        let over = progress.percent >= 100;
        let shown = slot.load(Ordering::Relaxed);
        if let Some(ended) = tasks
            .cancelled_kind(shown)
            .filter(|old| over || old != kind)
        {
            slot.store(0, Ordering::Relaxed);
            tasks.finish(shown, TaskState::Cancelled, cancel_note(&ended), now);
        }
        let id = match slot.load(Ordering::Relaxed) {
            0 if over => return,
            0 => {
                let id = tasks.begin(kind, title, now);
                slot.store(id, Ordering::Relaxed);
                id
            }
            id => id,
        };
        if over {
            slot.store(0, Ordering::Relaxed);
            tasks.finish(id, TaskState::Done, "", now);
        } else {
            tasks.update(id, |task| {
                title.clone_into(&mut task.title);
                kind.clone_into(&mut task.kind);
                task.progress = Some(f64::from(progress.percent) / 100.0);
                let note = cancel_note(kind);
                task.cancellable = !note.is_empty() && task.detail != CANCELLING;
                note.clone_into(&mut task.cancel_note);
            });
        }
    }

    /// Says what the node is doing while it does not serve yet.
    fn warm_up(&self, title: &str) {
        if self.table.warmup().is_some() {
            self.table.set_warmup(title);
            self.node
                .status
                .send_modify(|status| title.clone_into(&mut status.message));
        }
    }
}

/// Writes to disk. Most are over at once; of one that is not, nothing may be heard for long.
struct FlushTask {
    tasks: Tasks,
    clock: Clock,
    runtime: Handle,
    newest: Mutex<Flush>,
}

/// The newest write to disk.
#[derive(Debug, Default)]
struct Flush {
    /// Counts them.
    number: u64,
    running: bool,
    percent: u8,
    /// Its task; 0 where it has none.
    task: u64,
}

impl FlushTask {
    fn new(tasks: Tasks, clock: Clock, runtime: Handle) -> Arc<Self> {
        Arc::new(Self {
            tasks,
            clock,
            runtime,
            newest: Mutex::default(),
        })
    }

    /// Takes how far a write is, 100 being its end.
    fn show(self: &Arc<Self>, percent: u8) {
        let mut flush = self.newest();
        flush.percent = percent;
        if percent >= 100 {
            flush.running = false;
            if flush.task > 0 {
                let now = self.clock.now();
                self.tasks.finish(flush.task, TaskState::Done, "", now);
                flush.task = 0;
            }
        } else if flush.running {
            self.update(&flush);
        } else {
            flush.running = true;
            flush.number = flush.number.wrapping_add(1);
            let (number, shown) = (flush.number, Arc::clone(self));
            self.runtime.spawn(async move {
                tokio::time::sleep(WORTH_SHOWING).await;
                shown.begin(number);
            });
        }
    }

    /// Makes a write a task if it is still at work.
    fn begin(&self, number: u64) {
        let mut flush = self.newest();
        if flush.running && flush.number == number {
            let (kind, title) = FLUSHING;
            flush.task = self.tasks.begin(kind, title, self.clock.now());
            self.update(&flush);
        }
    }

    fn update(&self, flush: &Flush) {
        let share = f64::from(flush.percent) / 100.0;
        self.tasks
            .update(flush.task, |task| task.progress = Some(share));
    }

    fn newest(&self) -> MutexGuard<'_, Flush> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long anything may take.
    const PATIENCE: Duration = Duration::from_secs(120);

    /// What the list says once it says something else.
    async fn next(list: &mut tokio::sync::watch::Receiver<Vec<ipc_schema::Task>>) -> String {
        let changed = tokio::time::timeout(PATIENCE, list.changed()).await;
        changed.expect("a change").expect("the list is there");
        let list = list.borrow_and_update();
        let one = |task: &ipc_schema::Task| format!("{} {:?}", task.kind, task.state);
        list.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_write_that_takes_long_is_a_task_though_nothing_is_heard_of_it() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .expect("a runtime");
        let tasks = Tasks::new();
        let flush = FlushTask::new(tasks.clone(), Clock::new(), runtime.handle().clone());
        let mut list = tasks.watch();
        // These are over at once.
        for _ in 0..3 {
            flush.show(0);
            flush.show(50);
            flush.show(100);
        }
        flush.show(0);
        assert_eq!(runtime.block_on(next(&mut list)), "flush Running");
        flush.show(70);
        assert_eq!(runtime.block_on(next(&mut list)), "flush Running");
        assert_eq!(list.borrow()[0].progress, Some(0.7));
        flush.show(100);
        assert_eq!(runtime.block_on(next(&mut list)), "flush Done");
    }
}
