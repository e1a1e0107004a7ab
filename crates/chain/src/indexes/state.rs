//! How far an index is, for all who ask.

use std::path::Path;

use primitives::BlockHash;
use tokio::sync::watch;

use super::block_on::block_on;
use super::{IndexError, IndexKind};
use crate::error::ReadError;
use crate::reader::{BlockInfo, ChainReader};
use crate::store::StoreError;

/// How far an index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexSummary {
    /// Which.
    pub kind: IndexKind,
    /// Whether it has arrived at the tip once since the start.
    pub synced: bool,
    /// Height of the last block in it; 0 where there is none.
    pub best_height: u32,
    /// Id of that block; zero where there is none.
    pub best_hash: BlockHash,
}

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    best: Option<(BlockHash, u32)>,
    synced: bool,
    /// A thread follows the chain.
    running: bool,
}

/// What an index's thread shows to others.
#[derive(Debug)]
pub(super) struct IndexState {
    pub(super) kind: IndexKind,
    pub(super) reader: ChainReader,
    position: watch::Sender<Position>,
    /// It is not to be built any further until the next start.
    paused: watch::Sender<bool>,
}

impl IndexState {
    pub(super) fn new(kind: IndexKind, reader: ChainReader) -> Self {
        Self {
            kind,
            reader,
            position: watch::Sender::new(Position::default()),
            paused: watch::Sender::new(false),
        }
    }

    fn data_dir(&self) -> &Path {
        &self.reader.config().data_dir
    }

    pub(super) fn summary(&self) -> IndexSummary {
        let position = *self.position.borrow();
        let (best_hash, best_height) = position.best.unwrap_or_default();
        IndexSummary {
            kind: self.kind,
            synced: position.synced,
            best_height,
            best_hash,
        }
    }

    /// Whether a block is on the branch that the index stands at the end of.
    pub(super) fn follows(&self, block: &BlockHash) -> bool {
        let best = self.position.borrow().best;
        let height = self.reader.block(block).map(|info| info.height);
        best.zip(height).is_some_and(|((best, _), height)| {
            let at = self.reader.ancestor(&best, height);
            at.is_some_and(|at| at.hash == *block)
        })
    }

    /// Says where the index stands, and lets go of the blocks before.
    pub(super) fn set_best(&self, best: Option<&BlockInfo>) {
        let best = best.map(|info| (info.hash, info.height));
        if self.kind.allows_prune() {
            // Whoever waits for the position finds the lock set.
            let height = best.map_or(0, |(_, height)| height);
            self.reader.prune_locks().set(self.kind.name(), height);
        }
        self.position.send_modify(|position| position.best = best);
    }

    /// Says that the index is at the tip; true for the first time.
    pub(super) fn set_synced(&self) -> bool {
        self.position.send_if_modified(|position| {
            let first = !position.synced;
            position.synced = true;
            first
        })
    }

    /// Lets the index stand where it is until the next start, unless it has arrived at the tip.
    pub(super) fn pause(&self) {
        self.paused.send_replace(true);
    }

    /// Whether the index is to stand where it is.
    pub(super) fn is_paused(&self) -> bool {
        *self.paused.borrow() && !self.position.borrow().synced
    }

    /// Wakes who waits for that; never where the index has arrived at the tip.
    pub(super) async fn paused(&self) {
        if self.position.borrow().synced {
            std::future::pending::<()>().await;
        }
        // The sender lives as long as this.
        let _paused = self
            .paused
            .subscribe()
            .wait_for(|paused| *paused)
            .await
            .is_ok();
    }

    /// Says whether a thread follows the chain.
    pub(super) fn set_running(&self, running: bool) {
        self.position
            .send_modify(|position| position.running = running);
    }

    pub(super) fn wait_for_tip(&self) -> bool {
        let Some(tip) = self.reader.tip_block() else {
            return false;
        };
        let position = *self.position.borrow();
        if !position.synced || !position.running {
            return false;
        }
        let mut positions = self.position.subscribe();
        let arrived = |position: &Position| {
            let best = position.best.and_then(|(hash, _)| {
                let at = self.reader.ancestor(&hash, tip.height);
                at.filter(|at| at.hash == tip.hash)
            });
            // A tip that is none any more is not waited for.
            best.is_some() || !position.running || !self.reader.is_active(&tip.hash)
        };
        if !arrived(&positions.borrow()) {
            tracing::info!("{} is catching up on block notifications", self.kind.name());
        }
        // The sender lives as long as this.
        let _arrived = block_on(positions.wait_for(arrived)).is_ok();
        true
    }

    pub(super) fn store_error(&self, source: StoreError) -> IndexError {
        IndexError::store(self.kind, self.data_dir(), source)
    }

    pub(super) fn read_error(&self, source: ReadError) -> IndexError {
        IndexError::Read {
            index: self.kind.name(),
            source,
        }
    }

    pub(super) fn damaged(&self, what: impl Into<String>) -> IndexError {
        IndexError::damaged(self.kind, self.data_dir(), what)
    }

    pub(super) fn unknown_best(&self) -> IndexError {
        IndexError::UnknownBest {
            index: self.kind.name(),
            dir: self.data_dir().join(self.kind.dir()),
        }
    }
}

impl ChainReader {
    /// Whether all blocks of the active chain above `height` are here, with what they spent if
    /// `undo`.
    pub(super) fn has_all_above(&self, height: Option<u32>, undo: bool) -> bool {
        let index = self.shared.index();
        let first = height.map_or(0, |height| height as usize + 1);
        let blocks = index.active().get(first..).unwrap_or_default();
        // What is missing lies far below the tip, next to where the index stands.
        blocks.iter().all(|id| {
            let entry = index.entry(*id);
            let has_undo = !undo || entry.height == 0 || entry.status.has_undo();
            entry.status.has_data() && has_undo
        })
    }
}
