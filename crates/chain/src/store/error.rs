//! What can go wrong with a store.

use std::path::PathBuf;

use crate::block_files::advice;
use crate::error::rights_or_room;

/// A store that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program's database lies in the directory.
    #[error(
        "{} holds the database of another program, which bitq neither reads nor changes. Choose \
         another data directory with -datadir.", .0.display()
    )]
    Foreign(PathBuf),
    /// Files lie in the directory that no store made.
    #[error(
        "{} is not empty and holds no database of bitq. Move its files elsewhere or choose another \
         data directory with -datadir.", .0.display()
    )]
    NotEmpty(PathBuf),
    /// The directory belongs to another network or coin.
    #[error(
        "{} belongs to {found}, not to {expected}. Choose another data directory with -datadir.",
        .path.display()
    )]
    WrongChain {
        /// The directory.
        path: PathBuf,
        /// Coin and network that it belongs to.
        found: String,
        /// Coin and network that were asked for.
        expected: String,
    },
    /// A newer bitq wrote the directory.
    #[error(
        "{} was written by a newer bitq, {writer}: its format is {found}. This is bitq {version}, \
         which knows formats up to {known}. Use the newer version, or choose another data \
         directory with -datadir.",
        .path.display()
    )]
    TooNew {
        /// The directory.
        path: PathBuf,
        /// The version that wrote it.
        writer: String,
        /// Format on disk.
        found: u32,
        /// This version.
        version: &'static str,
        /// Newest format that this version knows.
        known: u32,
    },
    /// The marker cannot be understood.
    #[error("{} cannot be understood. Restart with -reindex to build the data anew.", .0.display())]
    BadMarker(PathBuf),
    /// A file operation failed.
    #[error("Cannot {action} {}: {source}. {}", .path.display(), advice(.source.kind()))]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The engine reports a failure.
    #[error(
        "database error in {}: {source}. Check the disk; if this comes again, restart with -reindex.",
        .path.display()
    )]
    Engine {
        /// The directory.
        path: PathBuf,
        /// What the engine says.
        source: Box<fjall::Error>,
    },
    /// One of the engine's files is not as it was written.
    #[error("{} is damaged: {what}. Restart with -reindex to build the data anew.", .path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The engine gave up on files that it cannot make sense of.
    #[error("the database in {} is damaged. Restart with -reindex to build it anew.", .0.display())]
    Damaged(PathBuf),
    /// A write, or the engine's work in the background, failed earlier.
    #[error(
        "the database in {} takes no more changes after an earlier failure: the disk may be full \
         or fail, or its files are damaged. Make room and check the disk, then start again.",
        .0.display()
    )]
    Halted(PathBuf),
    /// A stored value cannot be understood.
    #[error(
        "the database in {} is damaged: {what}. Restart with -reindex to build it anew.",
        .path.display()
    )]
    BadValue {
        /// The directory.
        path: PathBuf,
        /// Which value.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether room on the disk or rights to a file are missing, so that no rebuild helps.
    pub(crate) fn is_about_rights_or_room(&self) -> bool {
        match self {
            Self::File { source, .. } => rights_or_room(source.kind()),
            Self::Engine { source, .. } => {
                matches!(&**source, fjall::Error::Io(error) if rights_or_room(error.kind()))
            }
            _ => false,
        }
    }

    /// Whether the directory is not ours to use, rather than damaged.
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Foreign(_) | Self::NotEmpty(_) | Self::WrongChain { .. } | Self::TooNew { .. }
        )
    }
}
