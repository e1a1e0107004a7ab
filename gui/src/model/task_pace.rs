//! How fast long work gets on, from the shares of it that were told.

use std::collections::BTreeMap;

use ipc_schema::Task;

use super::sync::Pace;

/// The pace of each task that is at work. One number may be used for several kinds of work, one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskPaces(BTreeMap<(String, u64, String), Pace>);

fn key(task: &Task) -> (String, u64, String) {
    (task.wallet.clone(), task.id, task.kind.clone())
}

impl TaskPaces {
    /// Takes in how far all tasks are, and forgets those that are over.
    pub fn sample<'a>(&mut self, now: i64, tasks: impl Iterator<Item = &'a Task>) {
        let mut before = std::mem::take(&mut self.0);
        for task in tasks.filter(|task| !task.is_over()) {
            let Some(progress) = task.progress else {
                continue;
            };
            let key = key(task);
            let mut pace = before.remove(&key).unwrap_or_else(Pace::in_steps);
            pace.sample(now, progress, 0);
            self.0.insert(key, pace);
        }
    }

    /// The time left in words, once the pace is steady.
    pub fn words(&self, task: &Task, now: i64) -> Option<String> {
        let words = self.0.get(&key(task))?.words(now)?;
        Some(format!("{} left", words.to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipc_schema::TaskState;

    fn task(kind: &str, progress: f64) -> Task {
        Task {
            id: 7,
            kind: kind.to_owned(),
            progress: Some(progress),
            ..Task::default()
        }
    }

    #[test]
    fn the_time_left_follows_slow_steps() {
        let mut paces = TaskPaces::default();
        for percent in 0..10 {
            let now = task("reindex", 0.01 * f64::from(percent));
            paces.sample(i64::from(percent) * 100, [&now].into_iter());
        }
        let last = task("reindex", 0.09);
        let words = paces.words(&last, 990);
        assert_eq!(words.as_deref(), Some("about 2 h 31 min left"));
        // Other work under the same number begins anew, and what is over is forgotten.
        let next = task("connect", 0.5);
        paces.sample(1000, [&next].into_iter());
        assert_eq!(paces.words(&next, 1000), None);
        assert_eq!(paces.words(&last, 1000), None);
        let over = Task {
            state: TaskState::Done,
            ..next
        };
        paces.sample(1000, [&over].into_iter());
        assert_eq!(paces, TaskPaces::default());
    }
}
