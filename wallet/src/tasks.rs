//! Work that takes longer: what runs, how far it is, and how it is ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ipc_schema::{Task, TaskState};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Finished tasks that are still shown.
const KEPT: usize = 20;

/// The tasks of the process; clones are the same list.
#[derive(Clone, Debug)]
pub struct TaskList {
    shown: Arc<watch::Sender<Vec<Task>>>,
    tokens: Arc<Mutex<(u64, BTreeMap<u64, CancellationToken>)>>,
}

impl Default for TaskList {
    fn default() -> Self {
        Self {
            shown: Arc::new(watch::Sender::new(Vec::new())),
            tokens: Arc::default(),
        }
    }
}

/// A task that runs. Dropped without an end it counts as cancelled.
#[derive(Debug)]
pub struct RunningTask {
    list: TaskList,
    id: u64,
    /// Ends it.
    pub cancel: CancellationToken,
}

impl TaskList {
    /// Those who watch the list.
    pub fn watch(&self) -> watch::Receiver<Vec<Task>> {
        self.shown.subscribe()
    }

    /// Begins a task; its number is filled in.
    pub fn begin(&self, task: Task) -> RunningTask {
        let cancel = CancellationToken::new();
        let id = {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.0 += 1;
            let id = tokens.0;
            tokens.1.insert(id, cancel.clone());
            id
        };
        self.shown.send_modify(|tasks| {
            tasks.push(Task { id, ..task });
            while tasks.len() > KEPT {
                let Some(over) = tasks.iter().position(Task::is_over) else {
                    break;
                };
                tasks.remove(over);
            }
        });
        RunningTask {
            list: self.clone(),
            id,
            cancel,
        }
    }

    /// Ends a task on request; false where there is none of that number.
    pub fn cancel(&self, id: u64) -> bool {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        match tokens.1.get(&id) {
            Some(token) => {
                token.cancel();
                true
            }
            None => false,
        }
    }
}

impl RunningTask {
    /// Its number.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// What is shown of it now.
    pub fn shown(&self) -> Task {
        let tasks = self.list.shown.borrow();
        tasks
            .iter()
            .find(|task| task.id == self.id)
            .cloned()
            .unwrap_or_default()
    }

    /// Shows progress and where it is.
    pub fn update(&self, progress: Option<f64>, detail: String) {
        self.list.shown.send_modify(|tasks| {
            if let Some(task) = tasks.iter_mut().find(|task| task.id == self.id) {
                task.progress = progress;
                task.detail = detail;
            }
        });
    }

    /// Shows how it ended.
    pub fn finish(self, state: TaskState, detail: String, now: i64) {
        self.end(state, Some(detail), Some(now));
    }

    fn end(&self, state: TaskState, detail: Option<String>, now: Option<i64>) {
        self.list.shown.send_if_modified(|tasks| {
            let Some(task) = tasks
                .iter_mut()
                .find(|task| task.id == self.id && !task.is_over())
            else {
                return false;
            };
            task.progress = matches!(state, TaskState::Done)
                .then_some(1.0)
                .or(task.progress);
            task.state = state;
            task.cancellable = false;
            task.finished = now.or(Some(task.started));
            if let Some(detail) = detail {
                task.detail = detail;
            }
            true
        });
    }
}

impl Drop for RunningTask {
    fn drop(&mut self) {
        let mut tokens = self
            .list
            .tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        tokens.1.remove(&self.id);
        drop(tokens);
        self.end(TaskState::Cancelled, None, None);
    }
}
