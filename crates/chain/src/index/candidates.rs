//! Blocks that may become the tip, the best last.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use primitives::U256;

use super::entry::{Entry, EntryId};

/// What decides between two tips: most work, then who was complete first, then who was loaded first
/// (Core's `CBlockIndexWorkComparator`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(U256, Reverse<i32>, Reverse<EntryId>);

impl Rank {
    pub(crate) const fn of(id: EntryId, entry: &Entry) -> Self {
        Self(entry.chain_work, Reverse(entry.sequence), Reverse(id))
    }
}

/// Blocks that may become the tip. A block's sequence number must not change while it is in here.
#[derive(Debug, Default)]
pub(crate) struct Candidates(BTreeSet<Rank>);

impl Candidates {
    pub(crate) fn insert(&mut self, rank: Rank) {
        self.0.insert(rank);
    }

    pub(crate) fn remove(&mut self, rank: Rank) {
        self.0.remove(&rank);
    }

    pub(crate) fn best(&self) -> Option<EntryId> {
        self.0.last().map(|rank| rank.2.0)
    }

    /// Drops all that are worse than `tip`.
    pub(crate) fn prune(&mut self, tip: Rank) {
        self.0 = self.0.split_off(&tip);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
