//! Numbered files of one kind (Core's `FlatFileSeq`).

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::FileError;
use crate::store::sync_dir;

/// The files `<prefix>NNNNN.dat` of a directory.
#[derive(Clone, Debug)]
pub(super) struct FileSequence {
    dir: PathBuf,
    prefix: &'static str,
    chunk: u32,
}

impl FileSequence {
    pub(super) fn new(dir: &Path, prefix: &'static str, chunk: u32) -> Self {
        Self {
            dir: dir.to_owned(),
            prefix,
            chunk,
        }
    }

    pub(super) fn path(&self, file: u32) -> PathBuf {
        self.dir.join(format!("{}{file:05}.dat", self.prefix))
    }

    /// Opens a file to write, which is created if absent.
    pub(super) fn open(&self, file: u32) -> Result<File, FileError> {
        let path = self.path(file);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options
            .open(&path)
            .map_err(|error| FileError::io("open", &path, error))
    }

    /// Makes the file large enough for data that ends at `end`, in whole steps. Says whether that
    /// is a further step.
    pub(super) fn reserve(
        &self,
        file: &File,
        number: u32,
        start: u32,
        end: u32,
    ) -> Result<bool, FileError> {
        let steps = |bytes: u32| u64::from(bytes.div_ceil(self.chunk)) * u64::from(self.chunk);
        if steps(end) <= steps(start) {
            return Ok(false);
        }
        let grow = || -> io::Result<()> {
            if file.metadata()?.len() < steps(end) {
                file.set_len(steps(end))?;
            }
            Ok(())
        };
        tracing::debug!(
            target: "validation",
            "Pre-allocating up to position 0x{:x} in {}{number:05}.dat", steps(end), self.prefix
        );
        grow().map_err(|error| FileError::io("extend", &self.path(number), error))?;
        Ok(true)
    }

    /// Makes the file durable; cuts off what lies behind `size` if `finalize`.
    pub(super) fn flush(&self, number: u32, size: u32, finalize: bool) -> Result<(), FileError> {
        let file = self.open(number)?;
        let flush = || {
            if finalize {
                file.set_len(size.into())?;
            }
            file.sync_all()?;
            sync_dir(&self.dir)
        };
        flush().map_err(|error| FileError::io("flush", &self.path(number), error))
    }
}
