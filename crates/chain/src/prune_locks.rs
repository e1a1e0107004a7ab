//! Who still needs old blocks: pruning leaves them alone (Core's `m_prune_locks`).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Blocks kept below a lock, so that a reorganisation finds them (Core's `PRUNE_LOCK_BUFFER`).
const BUFFER: u32 = 10;

/// The blocks that indexes and others have not done with, by who needs them.
#[derive(Debug, Default)]
pub struct PruneLocks {
    /// The height up to which each is done.
    heights: Mutex<BTreeMap<String, u32>>,
}

impl PruneLocks {
    /// Says that `owner` is done with the blocks up to `height`; replaces what it said before.
    pub fn set(&self, owner: &str, height: u32) {
        self.heights().insert(owner.to_owned(), height);
    }

    /// Says that `owner` needs no blocks any more.
    pub fn remove(&self, owner: &str) {
        self.heights().remove(owner);
    }

    /// The height up to which blocks may be pruned: at most `highest`, and at least 1.
    pub fn limit(&self, highest: u32) -> u32 {
        let heights = self.heights();
        let Some((owner, height)) = heights.iter().min_by_key(|(_, height)| **height) else {
            return highest.max(1);
        };
        // One block more than the buffer, so that the limit itself lies outside of it.
        let limit = height.saturating_sub(BUFFER + 1).max(1);
        if limit < highest {
            tracing::debug!(target: "prune", "{owner} limited pruning to height {limit}");
        }
        limit.min(highest.max(1))
    }

    /// Says that the chain was taken back to `height`: whoever was done with more needs those blocks
    /// until it has followed.
    pub(crate) fn move_back(&self, height: u32) {
        for (owner, done) in self.heights().iter_mut() {
            if *done > height {
                *done = height;
                tracing::debug!(target: "prune", "{owner} prune lock moved back to {height}");
            }
        }
    }

    fn heights(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.heights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_lock_limits() {
        let locks = PruneLocks::default();
        assert_eq!(locks.limit(500), 500);
        locks.set("a", 300);
        locks.set("b", 200);
        assert_eq!(locks.limit(500), 189);
        assert_eq!(locks.limit(150), 150);
        locks.set("b", 400);
        assert_eq!(locks.limit(500), 289);
        locks.move_back(350);
        locks.set("a", 0);
        assert_eq!(locks.limit(500), 1);
        locks.remove("a");
        assert_eq!(locks.limit(500), 339);
        locks.remove("b");
        assert_eq!(locks.limit(0), 1);
    }
}
