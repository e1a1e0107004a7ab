//! Numbered files of one kind (Core's `FlatFileSeq`).

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use super::FileError;
use crate::disk::{Disk, FileAction};
use crate::store::sync_dir;

/// The files `<prefix>NNNNN.dat` of a directory.
#[derive(Clone, Debug)]
pub(super) struct FileSequence {
    dir: PathBuf,
    prefix: &'static str,
    chunk: u32,
    pub(super) disk: Disk,
}

impl FileSequence {
    pub(super) fn new(dir: &Path, prefix: &'static str, chunk: u32) -> Self {
        Self {
            dir: dir.to_owned(),
            prefix,
            chunk,
            disk: Disk::default(),
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
        self.disk
            .check(FileAction::Open, &path)
            .and_then(|()| options.open(&path))
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
        let path = self.path(number);
        tracing::debug!(
            target: "validation",
            "Pre-allocating up to position 0x{:x} in {}{number:05}.dat", steps(end), self.prefix
        );
        self.disk
            .extend(file, &path, steps(end))
            .map_err(|error| FileError::io("extend", &path, error))?;
        Ok(true)
    }

    /// Makes the file durable; cuts off what lies behind `size` if `finalize`.
    pub(super) fn flush(&self, number: u32, size: u32, finalize: bool) -> Result<(), FileError> {
        let (file, path) = (self.open(number)?, self.path(number));
        let flush = || {
            if finalize {
                file.set_len(size.into())?;
            }
            self.disk.sync(&file, &path)?;
            sync_dir(&self.dir)
        };
        flush().map_err(|error| FileError::io("flush", &path, error))
    }
}
