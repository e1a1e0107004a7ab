//! Long work of the node and of its wallet process, as the window lists it.

use std::sync::{Arc, Mutex, PoisonError};

use ipc_schema::{Task, TaskState};
use tokio::sync::watch;

/// Ended tasks that stay in the list.
const KEPT: usize = 20;

/// The list of tasks; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    list: watch::Sender<Vec<Task>>,
    next_id: Arc<Mutex<u64>>,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self {
            list: watch::Sender::new(Vec::new()),
            next_id: Arc::new(Mutex::new(1)),
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
        self.update(id, |task| {
            task.state = state;
            detail.clone_into(&mut task.detail);
            task.finished = Some(now);
            task.cancellable = false;
        });
        self.forget_old();
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
