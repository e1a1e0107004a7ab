//! Long work of the node and of its wallet process, as the window lists it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipc_schema::{Task, TaskState};
use tokio::sync::watch;

/// Ended tasks that stay in the list.
const KEPT: usize = 20;
/// Kind of the task that reads blocks from other programs' files.
pub(crate) const LOADING: &str = "loadblock";
/// Kind of the task that reads our own block files for a new index.
pub(crate) const REINDEXING: &str = "reindex";
/// Kind of the task that connects blocks on disk.
pub(crate) const CONNECTING: &str = "connect";
/// Kind of the task that checks the blocks below a snapshot.
pub(crate) const BACKGROUND: &str = "background";
/// Kind of the task that checks blocks on disk.
pub(crate) const VERIFYING: &str = "verify";
/// Kind of the task that looks through all coins.
pub(crate) const SCANNING: &str = "scan";
/// Kind of the task that looks through block filters.
pub(crate) const SCANNING_BLOCKS: &str = "scanblocks";
/// Kind of the task that takes blocks back which are to be invalid.
pub(crate) const DISCONNECTING: &str = "disconnect";
/// What is shown of a task that was asked to end and has not.
pub(crate) const CANCELLING: &str = "Cancelling…";

/// The list of tasks; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    list: watch::Sender<Vec<Task>>,
    next_id: Arc<Mutex<u64>>,
    /// Raised where a task is to end, for those that look at it.
    flags: Arc<Mutex<HashMap<u64, Arc<AtomicBool>>>>,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self {
            list: watch::Sender::new(Vec::new()),
            next_id: Arc::new(Mutex::new(1)),
            flags: Arc::default(),
        }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Vec<Task>> {
        self.list.subscribe()
    }

    /// Starts a task; gives its number.
    pub(crate) fn begin(&self, kind: &str, title: &str, now: i64) -> u64 {
        let id = {
            let mut next = self.next_id.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            *next - 1
        };
        let task = Task {
            id,
            kind: kind.to_owned(),
            title: title.to_owned(),
            started: now,
            ..Task::default()
        };
        self.list.send_modify(|list| list.push(task));
        id
    }

    /// Starts a task that may be cancelled, of which `note` stays; it looks at the flag.
    pub(crate) fn begin_cancellable(
        &self,
        kind: &str,
        title: &str,
        note: &str,
        now: i64,
    ) -> (u64, Arc<AtomicBool>) {
        let id = self.begin(kind, title, now);
        let flag = Arc::new(AtomicBool::new(false));
        self.flags().insert(id, Arc::clone(&flag));
        self.update(id, |task| {
            task.cancellable = true;
            note.clone_into(&mut task.cancel_note);
        });
        (id, flag)
    }

    /// Tells a task that it is to end; false where it does not look at a flag.
    pub(crate) fn raise(&self, id: u64) -> bool {
        let flag = self.flags().get(&id).map(Arc::clone);
        flag.is_some_and(|flag| {
            flag.store(true, Ordering::Relaxed);
            true
        })
    }

    fn flags(&self) -> MutexGuard<'_, HashMap<u64, Arc<AtomicBool>>> {
        self.flags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a task; nobody is woken where nothing changed.
    pub(crate) fn update(&self, id: u64, change: impl FnOnce(&mut Task)) {
        self.list.send_if_modified(|list| {
            let Some(task) = list.iter_mut().find(|task| task.id == id) else {
                return false;
            };
            let before = task.clone();
            change(task);
            *task != before
        });
    }

    /// Ends a task.
    pub(crate) fn finish(&self, id: u64, state: TaskState, detail: &str, now: i64) {
        self.flags().remove(&id);
        self.update(id, |task| {
            task.state = state;
            detail.clone_into(&mut task.detail);
            task.finished = Some(now);
            task.cancellable = false;
        });
        self.forget_old();
    }

    /// Notes that a task is to end; gives its kind, or `None` where it cannot be cancelled.
    pub(crate) fn begin_cancel(&self, id: u64) -> Option<String> {
        let mut kind = None;
        self.update(id, |task| {
            if task.wallet.is_empty() && task.cancellable && !task.is_over() {
                kind = Some(task.kind.clone());
                task.cancellable = false;
                CANCELLING.clone_into(&mut task.detail);
            }
        });
        kind
    }

    /// The kind of a task that was asked to end.
    pub(crate) fn cancelled_kind(&self, id: u64) -> Option<String> {
        let list = self.list.borrow();
        let task = list
            .iter()
            .find(|task| task.id == id && task.wallet.is_empty())?;
        (task.detail == CANCELLING).then(|| task.kind.clone())
    }

    /// Takes over a task of the wallet process under its own number space.
    pub(crate) fn put(&self, task: Task) {
        self.list.send_modify(|list| {
            match list
                .iter_mut()
                .find(|old| old.id == task.id && old.wallet == task.wallet)
            {
                Some(old) => *old = task,
                None => list.push(task),
            }
        });
        self.forget_old();
    }

    fn forget_old(&self) {
        self.list.send_if_modified(|list| {
            let over = list.iter().filter(|task| task.is_over()).count();
            let mut surplus = over.saturating_sub(KEPT);
            if surplus == 0 {
                return false;
            }
            list.retain(|task| {
                let drop = surplus > 0 && task.is_over();
                surplus -= usize::from(drop);
                !drop
            });
            true
        });
    }
}

/// What is left where a task is cancelled; empty where it cannot be.
pub(crate) fn cancel_note(kind: &str) -> &'static str {
    match kind {
        LOADING => {
            "The blocks that were read stay. The rest is read when the node is started with -loadblock again."
        }
        REINDEXING | CONNECTING => {
            "What was done stays. The node goes on with it at the next start, and stays where it is until then."
        }
        BACKGROUND => {
            "What was checked stays. The node goes on with it at the next start; until then its coins are those of the snapshot."
        }
        VERIFYING => {
            "Nothing is changed. The blocks that were not looked at are taken as they are."
        }
        DISCONNECTING => {
            "The blocks that were taken back stay invalid. Call invalidateblock again to go on, or reconsiderblock to have them back."
        }
        SCANNING | SCANNING_BLOCKS => "What was found so far is answered.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_cancelled_is_cancelled_once() {
        let tasks = Tasks::new();
        let (flagged, flag) = tasks.begin_cancellable("dump", "Writing…", "It is deleted.", 1);
        assert!(tasks.begin_cancel(flagged).is_some() && tasks.raise(flagged));
        assert!(flag.load(Ordering::Relaxed));
        tasks.finish(flagged, TaskState::Cancelled, "", 2);
        assert!(!tasks.raise(flagged), "it is over");
        let id = tasks.begin(LOADING, "Importing blocks…", 1);
        assert_eq!(
            tasks.begin_cancel(id),
            None,
            "it does not say that it may be"
        );
        tasks.update(id, |task| task.cancellable = true);
        assert_eq!(tasks.cancelled_kind(id), None);
        assert_eq!(tasks.begin_cancel(id).as_deref(), Some(LOADING));
        assert_eq!(tasks.cancelled_kind(id).as_deref(), Some(LOADING));
        assert_eq!(tasks.begin_cancel(id), None);
        assert_eq!(tasks.begin_cancel(id + 1), None);
        // A task of the wallet process is cancelled there.
        let theirs = Task {
            id: 9,
            wallet: "w".to_owned(),
            cancellable: true,
            ..Task::default()
        };
        tasks.put(theirs);
        assert_eq!(tasks.begin_cancel(9), None);
    }
}
