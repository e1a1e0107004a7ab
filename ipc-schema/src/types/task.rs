//! Work that takes longer than a second.

/// Where a task stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TaskState {
    /// At work.
    #[default]
    Running,
    /// Waits for something, named in the task's detail.
    Waiting,
    /// Finished; the detail says with what result.
    Done,
    /// Ended without result, for this reason.
    Failed(String),
    /// Ended on request.
    Cancelled,
}

/// One long operation, with its progress.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// Names it in [`cancel_task`](crate::NodeClient::cancel_task); unique in its process' life.
    pub id: u64,
    /// Short machine word: `rescan`, `backup`, `load`, `reindex`, `loadblock`, `shutdown`, ….
    pub kind: String,
    /// The wallet it belongs to; empty for the node's own.
    pub wallet: String,
    /// What it is, for people.
    pub title: String,
    /// Where it is, or how it ended.
    pub detail: String,
    /// Between 0 and 1, where it is known.
    pub progress: Option<f64>,
    /// Where it stands.
    pub state: TaskState,
    /// Whether it can be cancelled now.
    pub cancellable: bool,
    /// What cancelling leaves behind, for people.
    pub cancel_note: String,
    /// When it began.
    pub started: i64,
    /// When it ended.
    pub finished: Option<i64>,
}

impl Task {
    /// Whether it has ended, in whatever way.
    pub const fn is_over(&self) -> bool {
        matches!(
            self.state,
            TaskState::Done | TaskState::Failed(_) | TaskState::Cancelled
        )
    }
}
