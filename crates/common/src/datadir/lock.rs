//! The lock that keeps a directory to one process (Core's `util::LockDirectory`).

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use rustix::fs::FlockOperation;

use super::DataDirError;

/// Directories that this process holds: record locks do not keep a process from itself.
static HELD: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);

/// A directory that no other process uses as long as this value lives.
///
/// It is the same kind of lock that Core takes on the same file, so that both refuse each other's directories.
#[derive(Debug)]
pub struct DirLock {
    dir: PathBuf,
    /// Closing the file ends the lock.
    _file: File,
}

impl DirLock {
    /// Takes the lock of a directory, through the file `.lock` in it.
    ///
    /// # Errors
    /// [`DataDirError::Unwritable`] if the file cannot be made, [`DataDirError::Locked`] if another process (or this
    /// one) holds it.
    pub fn acquire(dir: &Path) -> Result<Self, DataDirError> {
        let canonical = dir
            .canonicalize()
            .map_err(|_| DataDirError::Unwritable(dir.to_owned()))?;
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        // Opening the file a second time and closing it again would end the lock that is held.
        if held.contains(&canonical) {
            return Err(DataDirError::Locked(dir.to_owned()));
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(dir.join(".lock"))
            .map_err(|_| DataDirError::Unwritable(dir.to_owned()))?;
        rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| DataDirError::Locked(dir.to_owned()))?;
        held.insert(canonical.clone());
        Ok(Self {
            dir: canonical,
            _file: file,
        })
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        HELD.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.dir);
    }
}
