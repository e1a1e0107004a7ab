//! Where files live: data directories, their locks, cookie and pid file, and directories that are not ours.
//!
//! A directory of a network holds what Core's holds, so that outside tools find their way. What names its owner lies
//! inside `chainstate` and `blocks/index`, because tools delete every other entry.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use primitives::Coin;

mod block_files;
mod foreign;
mod lock;
mod owned_file;

pub use block_files::check_block_files;
pub use foreign::{Rebuild, check_foreign};
pub use lock::DirLock;
pub use owned_file::{CookieFile, CookiePerms, PidFile, remove_owned_files};

/// Files that a process wants to have open at once.
const OPEN_FILES: u64 = 4096;

/// Something is wrong with a directory or a file in it. Each text is the one line of a failed start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// The machine tells no place for data files.
    #[error(
        "Cannot find the home directory of this user. Please give the data directory with -datadir=<dir>."
    )]
    NoHome,
    /// A directory cannot be made.
    #[error("Cannot create directory \"{}\": {source}", path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The lock file cannot be made or opened.
    #[error("Cannot write to directory '{}'; check permissions.", .0.display())]
    Unwritable(PathBuf),
    /// Another process holds the directory.
    #[error("Cannot obtain a lock on directory {}. {} is probably already running.", .0.display(), crate::CLIENT_NAME)]
    Locked(PathBuf),
    /// The directory holds the database of another program.
    #[error(
        "The directory \"{}\" holds a chain that another program made. It was left untouched. Please choose another \
         data directory with -datadir=<dir>, or move that one away.",
        .0.display()
    )]
    ForeignProgram(PathBuf),
    /// The directory holds another chain.
    #[error(
        "The directory \"{}\" holds the chain of {found}, not of {wanted}. It was left untouched. Please choose another \
         data directory with -datadir=<dir>, or start with the coin and network it was made for.",
        path.display()
    )]
    OtherChain {
        /// The directory.
        path: PathBuf,
        /// Coin and network found.
        found: String,
        /// Coin and network wanted.
        wanted: String,
    },
    /// What says for which chain a database was made cannot be read any more.
    #[error(
        "The file \"{}\" is damaged: it no longer tells for which chain {what} were made. Please restart with {way_out} \
         to build them again, or choose another data directory with -datadir=<dir>.",
        path.display()
    )]
    DamagedMarker {
        /// The file.
        path: PathBuf,
        /// What the database holds.
        what: &'static str,
        /// The option that makes it anew.
        way_out: &'static str,
    },
    /// A block file was written by another program or for another chain.
    #[error(
        "The block file \"{}\" {why} of {chain}: another program or another chain wrote it, or it is damaged. It was \
         left untouched. Please choose another directory with -datadir=<dir> or -blocksdir=<dir>, or move the block \
         files away.",
        path.display()
    )]
    ForeignBlocks {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; "of" and the chain follow.
        why: &'static str,
        /// Coin and network wanted.
        chain: String,
    },
    /// A file in the directory cannot be read or written.
    #[error("Cannot access \"{}\": {source}", path.display())]
    Access {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The pid file cannot be made.
    #[error("Unable to create the PID file '{}': {source}", path.display())]
    Pid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The cookie file cannot be made.
    #[error("Unable to create the cookie file '{}': {source}", path.display())]
    Cookie {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `-rpccookieperms` has an unknown value.
    #[error("Invalid -rpccookieperms={0}; must be one of 'owner', 'group', or 'all'.")]
    CookiePerms(String),
}

/// Makes files and directories of this process readable by their owner alone. To be called once, first of all.
pub fn restrict_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Lets this process have up to 4,096 files open at once, where the system allows it (Core's
/// `RaiseFileDescriptorLimit`). The usual 256 of a desktop are fewer than the stores of a long chain have. To be called
/// once, first of all.
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = getrlimit(Resource::Nofile);
    let most = limits.maximum.unwrap_or(OPEN_FILES).min(OPEN_FILES);
    if limits.current.is_some_and(|current| current < most) {
        let raised = Rlimit {
            current: Some(most),
            maximum: limits.maximum,
        };
        // It goes on as before where that is refused.
        let _refused = setrlimit(Resource::Nofile, raised);
    }
}

/// Returns the default data directory of a coin.
///
/// # Errors
/// [`DataDirError::NoHome`].
pub fn default_base(coin: Coin) -> Result<PathBuf, DataDirError> {
    let dirs = directories::BaseDirs::new().ok_or(DataDirError::NoHome)?;
    Ok(dirs
        .data_local_dir()
        .join(crate::CLIENT_NAME)
        .join(coin.id()))
}

/// Returns the directory of the window's own state.
///
/// # Errors
/// [`DataDirError::NoHome`].
pub fn window_config_dir() -> Result<PathBuf, DataDirError> {
    let dirs = directories::BaseDirs::new().ok_or(DataDirError::NoHome)?;
    Ok(dirs.config_dir().join(crate::CLIENT_NAME))
}

/// Makes a directory with all its parents, open to the owner alone.
///
/// # Errors
/// [`DataDirError::Create`].
pub fn create_private(path: &Path) -> Result<(), DataDirError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| DataDirError::Create {
            path: path.to_owned(),
            source,
        })
}

/// Makes a data directory with `wallets` in it if there is none; one that exists is left as it is.
///
/// A data directory without `wallets` keeps its wallets beside the other files, so `wallets` is never added later.
///
/// # Errors
/// [`DataDirError::Create`].
pub fn create_with_wallets(path: &Path) -> Result<(), DataDirError> {
    if path.exists() {
        Ok(())
    } else {
        create_private(&path.join("wallets"))
    }
}

/// Returns the bytes that this user may still write where `path` lies; the nearest existing parent counts.
///
/// # Errors
/// [`DataDirError::Access`].
pub fn free_space(path: &Path) -> Result<u64, DataDirError> {
    let existing = path.ancestors().find(|dir| dir.exists()).unwrap_or(path);
    let stat = rustix::fs::statvfs(existing).map_err(|error| DataDirError::Access {
        path: existing.to_owned(),
        source: error.into(),
    })?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Returns true if a directory can be made or already is at `path`, and files can be written there.
pub fn is_usable(path: &Path) -> bool {
    let existing = path.ancestors().find(|dir| dir.exists());
    existing.is_some_and(|dir| {
        dir.is_dir()
            && rustix::fs::access(
                dir,
                rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
            )
            .is_ok()
    })
}

#[cfg(test)]
mod tests;
