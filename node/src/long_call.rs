//! A call that may take long, as one of the tasks that a window shows.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ipc_schema::TaskState;
use rpc::RpcError;

use crate::context::Node;

/// What is over before this is not shown.
const WORTH_SHOWING: Duration = Duration::from_secs(1);

/// A call, its progress, and whether it is to end.
pub(crate) struct LongCall<'a> {
    pub(crate) node: &'a Node,
    kind: &'static str,
    title: &'static str,
    /// What is left where it is cancelled.
    note: &'static str,
    started: Instant,
    task: RefCell<Option<(u64, Arc<AtomicBool>)>>,
}

impl<'a> LongCall<'a> {
    /// Begins one of a kind.
    pub(crate) fn begin(
        node: &'a Node,
        kind: &'static str,
        title: &'static str,
        note: &'static str,
    ) -> Self {
        Self {
            node,
            kind,
            title,
            note,
            started: Instant::now(),
            task: RefCell::new(None),
        }
    }

    /// Tells how far it is, `total` being 0 where that is not known; false where it is to end.
    pub(crate) fn go_on(&self, detail: &str, done: u64, total: u64) -> bool {
        if self.task.borrow().is_none() && self.started.elapsed() > WORTH_SHOWING {
            let (tasks, now) = (&self.node.tasks, self.node.clock.now());
            let task = tasks.begin_cancellable(self.kind, self.title, self.note, now);
            *self.task.borrow_mut() = Some(task);
        }
        if let Some((task, _)) = &*self.task.borrow() {
            #[expect(clippy::cast_precision_loss, reason = "a share for people")]
            let share = (total > 0).then(|| done as f64 / total as f64);
            self.node.tasks.update(*task, |task| {
                task.progress = share;
                // It says that it ends, where somebody asked for that.
                if task.cancellable {
                    detail.clone_into(&mut task.detail);
                }
            });
        }
        !self.is_cancelled() && !self.node.stop.is_stopping()
    }

    fn is_cancelled(&self) -> bool {
        let task = self.task.borrow();
        task.as_ref()
            .is_some_and(|(_, flag)| flag.load(Ordering::Relaxed))
    }

    /// Ends it, with what came of it.
    pub(crate) fn end<T>(self, result: Result<T, RpcError>) -> Result<T, RpcError> {
        let state = match &result {
            Ok(_) => TaskState::Done,
            Err(_) if self.is_cancelled() => TaskState::Cancelled,
            Err(error) => TaskState::Failed(error.message.to_string()),
        };
        if let Some((task, _)) = self.task.into_inner() {
            let now = self.node.clock.now();
            self.node.tasks.finish(task, state, "", now);
        }
        result
    }
}
