//! The one clock of the node, which `setmocktime` can set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time, in seconds since 1970; clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// A clock that follows the system's.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time, in seconds since 1970: the one that was set, or the system's.
    pub fn now(&self) -> i64 {
        match self.0.load(Ordering::Relaxed) {
            0 => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| {
                    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
                }),
            mock => mock,
        }
    }

    /// Stops the clock at `time`, in seconds since 1970; 0 follows the system's clock again.
    pub fn set_mock(&self, time: i64) {
        self.0.store(time, Ordering::Relaxed);
    }

    /// The time that was set, in seconds since 1970, where one was.
    pub fn mock(&self) -> Option<i64> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            mock => Some(mock),
        }
    }
}
