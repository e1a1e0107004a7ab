//! What can go wrong with an index.

use std::io;
use std::path::{Path, PathBuf};

use super::IndexKind;
use crate::error::{ChainError, ReadError};
use crate::store::StoreError;

/// An index that cannot be used or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Its directory is not ours to use, or the disk fails.
    #[error(transparent)]
    Store(StoreError),
    /// Its files make no sense.
    #[error("{index} is damaged: {what}. {}", rebuild(dir))]
    Damaged {
        /// The index.
        index: &'static str,
        /// What of it.
        what: String,
        /// What to delete.
        dir: PathBuf,
    },
    /// A file of filters cannot be used.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody knows the block any more at which it stands.
    #[error(
        "best block of {index} not found. Please rebuild the index. {}",
        rebuild(dir)
    )]
    UnknownBest {
        /// The index.
        index: &'static str,
        /// What to delete.
        dir: PathBuf,
    },
    /// Blocks that it has not seen were deleted to save space.
    #[error(
        "{index} best block of the index goes beyond pruned data{}. Please disable the index or \
         reindex (which will download the whole blockchain again)", with_undo(*.undo)
    )]
    Pruned {
        /// The index.
        index: &'static str,
        /// Whether it needs to know what blocks spent.
        undo: bool,
    },
    /// A block cannot be read.
    #[error("{index} cannot go on: {source}")]
    Read {
        /// The index.
        index: &'static str,
        /// Why.
        source: ReadError,
    },
    /// Its thread has ended.
    #[error("{index} cannot go on: {source}")]
    Ended {
        /// The index.
        index: &'static str,
        /// Why.
        source: ChainError,
    },
    /// The system gives no thread.
    #[error("the system gives no thread for the indexes: {source}")]
    NoThread {
        /// Why.
        source: io::Error,
    },
}

/// The way out of a damaged index.
fn rebuild(dir: &Path) -> String {
    format!(
        "Delete {} and restart: the index is then built anew from the blocks.",
        dir.display()
    )
}

const fn with_undo(undo: bool) -> &'static str {
    if undo { " (including undo data)" } else { "" }
}

impl IndexError {
    /// A failure of the store of an index whose network's directory is `data_dir`.
    pub(super) fn store(kind: IndexKind, data_dir: &Path, source: StoreError) -> Self {
        // No rebuild makes room.
        let is_damage = !source.is_about_rights_or_room();
        match source {
            // Without the advice to build all anew: an index is less.
            StoreError::Damaged(path) | StoreError::BadMarker(path) => {
                let what = format!("{} cannot be understood", path.display());
                Self::damaged(kind, data_dir, what)
            }
            StoreError::BadFile { path, what } => {
                Self::damaged(kind, data_dir, format!("{}: {what}", path.display()))
            }
            StoreError::BadValue { path, what } => {
                Self::damaged(kind, data_dir, format!("{what} in {}", path.display()))
            }
            StoreError::Engine { path, source } if is_damage => {
                Self::damaged(kind, data_dir, format!("{source} in {}", path.display()))
            }
            source => Self::Store(source),
        }
    }

    /// Says that its files make no sense.
    pub(super) fn damaged(kind: IndexKind, data_dir: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            index: kind.name(),
            what: what.into(),
            dir: data_dir.join(kind.dir()),
        }
    }
}
