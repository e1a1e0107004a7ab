//! The one door to block, undo and key files, where a test can make any operation fail.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

/// What is done to a file or a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// It is opened.
    Open,
    /// Bytes are read.
    Read,
    /// Bytes are written.
    Write,
    /// Space is reserved.
    Extend,
    /// It is made durable.
    Sync,
    /// It is deleted.
    Delete,
}

/// How an operation fails, with the number that the system gives the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFault {
    /// As a whole.
    Error(i32),
    /// After so many bytes of a write.
    Short(usize, i32),
}

/// Asked before each operation whether it is to fail: for tests of what follows then.
pub type FaultFn = Arc<dyn Fn(FileAction, &Path) -> Option<FileFault> + Send + Sync>;

/// Reads a file that is to be small: one byte more than `most` at most, whatever its size.
pub(crate) fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Carries out operations on files.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    faults: Option<FaultFn>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").finish_non_exhaustive()
    }
}

impl Disk {
    pub(crate) const fn new(faults: Option<FaultFn>) -> Self {
        Self { faults }
    }

    fn fault(&self, action: FileAction, path: &Path) -> Option<FileFault> {
        self.faults.as_ref().and_then(|ask| ask(action, path))
    }

    /// Fails where a test wants it.
    pub(crate) fn check(&self, action: FileAction, path: &Path) -> io::Result<()> {
        match self.fault(action, path) {
            None => Ok(()),
            Some(FileFault::Error(code) | FileFault::Short(_, code)) => {
                Err(io::Error::from_raw_os_error(code))
            }
        }
    }

    /// Opens a file to read.
    pub(crate) fn open(&self, path: &Path) -> io::Result<File> {
        self.check(FileAction::Open, path)?;
        File::open(path)
    }

    /// Reads as many bytes as `bytes` holds, from `offset` on.
    pub(crate) fn read_at(
        &self,
        file: &mut File,
        path: &Path,
        offset: u64,
        bytes: &mut [u8],
    ) -> io::Result<()> {
        self.check(FileAction::Read, path)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(bytes)
    }

    /// Writes bytes at `offset`.
    pub(crate) fn write_at(
        &self,
        file: &mut File,
        path: &Path,
        offset: u64,
        bytes: &[u8],
    ) -> io::Result<()> {
        let fault = self.fault(FileAction::Write, path);
        let (part, failure) = match fault {
            None => (bytes, None),
            Some(FileFault::Error(code)) => (&bytes[..0], Some(code)),
            Some(FileFault::Short(len, code)) => (&bytes[..len.min(bytes.len())], Some(code)),
        };
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(part)?;
        failure.map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(code)))
    }

    /// Makes a file at least `len` bytes long.
    pub(crate) fn extend(&self, file: &File, path: &Path, len: u64) -> io::Result<()> {
        self.check(FileAction::Extend, path)?;
        if file.metadata()?.len() < len {
            file.set_len(len)?;
        }
        Ok(())
    }

    /// Makes a file durable.
    pub(crate) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        self.check(FileAction::Sync, path)?;
        file.sync_all()
    }

    /// Deletes a file.
    pub(crate) fn delete(&self, path: &Path) -> io::Result<()> {
        self.check(FileAction::Delete, path)?;
        std::fs::remove_file(path)
    }
}
