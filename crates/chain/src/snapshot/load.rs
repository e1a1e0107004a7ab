//! A snapshot's coins become a store of their own, and are hashed: on the thread of whoever asked,
//! while the chain goes on.

use std::io::{self, Read};
use std::path::PathBuf;

use primitives::{BlockHash, Hash256};

use super::activate::SnapshotPlan;
use super::directories::{Opened, open_new, remove};
use super::file::SnapshotReader;
use crate::coins::CoinsStore;
use crate::coinstats::{CoinStatsError, CoinStatsHash, coin_stats};
use crate::store::StoreError;

/// Coins between two looks at whether somebody wants the end.
const LOOK: u64 = 4096;

/// Why a snapshot's coins are not used. Shown as Core's text.
#[derive(Debug, thiserror::Error)]
pub enum PopulateError {
    /// The active chain is better.
    #[error("Work does not exceed active chainstate")]
    LittleWork,
    /// The file says otherwise in its head.
    #[error("Mismatch in coins count in snapshot metadata and actual snapshot data")]
    Count,
    /// No block up to the snapshot's made this coin.
    #[error("Bad snapshot data after deserializing {0} coins")]
    BadCoin(u64),
    /// There is not so much money.
    #[error("Bad snapshot data after deserializing {0} coins - bad tx out value")]
    BadAmount(u64),
    /// The file ends too early, or holds something else.
    #[error("Bad snapshot format or truncated snapshot after deserializing {0} coins")]
    Format(u64),
    /// The file goes on behind its last coin.
    #[error("Bad snapshot - coins left over after deserializing {0} coins")]
    LeftOver(u64),
    /// The coins are others than those that the program knows.
    #[error("Bad snapshot content hash: expected {expected}, got {found}")]
    Hash {
        /// What the program knows.
        expected: Hash256,
        /// What the file gave.
        found: Hash256,
    },
    /// Somebody wanted the end.
    #[error("Aborting after an interrupt was requested")]
    Interrupted,
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CoinStatsError> for PopulateError {
    fn from(error: CoinStatsError) -> Self {
        match error {
            CoinStatsError::Store(error) => Self::Store(error),
            CoinStatsError::Interrupted => Self::Interrupted,
        }
    }
}

/// What is being done with a snapshot's coins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// They are read.
    Reading,
    /// They are hashed.
    Hashing,
}

/// A snapshot's coins in their own store, proven to be those that the program knows.
#[derive(Debug)]
pub struct PopulatedSnapshot {
    pub(super) store: CoinsStore,
    pub(super) base: BlockHash,
    pub(super) dir: PathBuf,
}

impl PopulatedSnapshot {
    /// Deletes it.
    pub(super) fn discard(self) {
        drop(self.store);
        remove(&self.dir);
    }
}

/// Reads the coins that follow the metadata. `go_on` is told how far that is, coins of so many,
/// and says whether to go on. What was written is deleted again where this fails.
///
/// # Errors
/// A [`PopulateError`].
pub fn populate(
    plan: &SnapshotPlan,
    source: impl Read,
    go_on: impl FnMut(Stage, u64, u64) -> bool,
) -> Result<PopulatedSnapshot, PopulateError> {
    let opened = open_new(plan)?;
    let dir = opened.dir.clone();
    match fill(plan, &opened, source, go_on) {
        Ok(()) => Ok(PopulatedSnapshot {
            store: opened.store,
            base: plan.metadata.base,
            dir,
        }),
        Err(error) => {
            drop(opened);
            remove(&dir);
            Err(error)
        }
    }
}

fn fill(
    plan: &SnapshotPlan,
    opened: &Opened,
    source: impl Read,
    mut go_on: impl FnMut(Stage, u64, u64) -> bool,
) -> Result<(), PopulateError> {
    let (base, total) = (plan.metadata.base, plan.metadata.coins);
    tracing::info!(
        target: "validation", "[snapshot] loading {total} coins from snapshot {base}"
    );
    let mut reader = SnapshotReader::new(source, &plan.metadata, plan.height, plan.params);
    let mut next = || {
        let done = reader.done();
        if done.is_multiple_of(LOOK) && !go_on(Stage::Reading, done, total) {
            return Err(PopulateError::Interrupted);
        }
        reader.next_coin()
    };
    opened.store.fill(&mut next, base, plan.batch_bytes)?;
    tracing::info!(
        target: "validation", "[snapshot] loaded {total} coins from snapshot {base}"
    );
    let snapshot = opened.store.snapshot()?;
    let snapshot = snapshot.ok_or(PopulateError::Format(total))?;
    let mut counted = 0;
    let stats = coin_stats(
        &snapshot,
        CoinStatsHash::Serialized,
        plan.params.hashes,
        |_| {
            // It asks once in so many transactions, and there are no more of them than coins.
            counted += 1024;
            go_on(Stage::Hashing, total.min(counted), total)
        },
    )?;
    let found = stats.hash.unwrap_or_default();
    if found != plan.hash {
        let expected = plan.hash;
        return Err(PopulateError::Hash { expected, found });
    }
    tracing::info!(target: "validation", "[snapshot] validated snapshot");
    Ok(())
}
