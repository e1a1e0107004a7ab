//! The files that filters lie in: `fltrNNNNN.dat`, as Core lays them out.
//!
//! A record is the block's id and the filter with its length before it. The store knows where each
//! lies. Files only grow: what nothing points to stays where it is.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use primitives::BlockHash;
use primitives::encode::{Reader, Sink as _};

use super::IndexError;
use crate::block_files::FilePos;
use crate::store::sync_dir;

/// No file grows beyond this, in bytes.
const MAX_FILE_BYTES: u32 = 16 << 20;

fn file_error(action: &'static str, path: &Path, source: io::Error) -> IndexError {
    IndexError::File {
        action,
        path: path.to_owned(),
        source,
    }
}

/// Reads filters.
#[derive(Clone, Debug)]
pub(super) struct FilterFiles {
    dir: PathBuf,
}

impl FilterFiles {
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    pub(super) fn path(&self, file: u32) -> PathBuf {
        self.dir.join(format!("fltr{file:05}.dat"))
    }

    /// The filter at `pos` of the block with this id; `None` where something else lies there.
    pub(super) fn read(
        &self,
        pos: FilePos,
        block: &BlockHash,
    ) -> Result<Option<Vec<u8>>, IndexError> {
        let path = self.path(pos.file);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_error("open", &path, error)),
        };
        read_record(&mut file, pos.offset, block).map_err(|error| file_error("read", &path, error))
    }

    /// Deletes all files: an index that is built anew has none.
    pub(super) fn remove_all(&self) -> Result<(), IndexError> {
        let mut file = 0;
        loop {
            let path = self.path(file);
            match fs::remove_file(&path) {
                Ok(()) => file += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(file_error("delete", &path, error)),
            }
        }
    }
}

pub(super) fn read_record(
    file: &mut File,
    offset: u32,
    block: &BlockHash,
) -> io::Result<Option<Vec<u8>>> {
    file.seek(SeekFrom::Start(offset.into()))?;
    // Nothing in a file sets an allocation: no record is longer than a file may be.
    let mut head = Vec::with_capacity(64);
    (&mut *file).take(32 + 9).read_to_end(&mut head)?;
    let Some((id, rest)) = head.split_first_chunk::<32>() else {
        return Ok(None);
    };
    let mut reader = Reader::new(rest);
    let Ok(size) = reader.compact_size() else {
        return Ok(None);
    };
    if *id != block.0 || size as u64 > MAX_FILE_BYTES.into() {
        return Ok(None);
    }
    let mut data = reader.rest().to_vec();
    let missing = size.saturating_sub(data.len());
    file.take(missing as u64).read_to_end(&mut data)?;
    if data.len() < size {
        return Ok(None);
    }
    data.truncate(size);
    Ok(Some(data))
}

/// Appends filters.
#[derive(Debug)]
pub(super) struct FilterAppender {
    files: FilterFiles,
    /// Where the next one goes.
    next: FilePos,
    /// What is not written yet, and where it goes.
    waiting: Vec<u8>,
    waiting_at: FilePos,
    /// Files that a loss of power may still take from.
    unsynced: BTreeSet<u32>,
}

impl FilterAppender {
    pub(super) const fn new(files: FilterFiles, next: FilePos) -> Self {
        Self {
            files,
            next,
            waiting: Vec::new(),
            waiting_at: next,
            unsynced: BTreeSet::new(),
        }
    }

    /// Where the next record goes.
    pub(super) const fn next(&self) -> FilePos {
        self.next
    }

    /// Adds a record; gives its place.
    pub(super) fn push(&mut self, block: &BlockHash, filter: &[u8]) -> Result<FilePos, IndexError> {
        let mut record = Vec::with_capacity(32 + 5 + filter.len());
        record.put(&block.0);
        record.put_var_bytes(filter);
        let size = u32::try_from(record.len()).unwrap_or(u32::MAX);
        if self.next.offset > 0 && self.next.offset.saturating_add(size) > MAX_FILE_BYTES {
            self.write()?;
            self.next = FilePos {
                file: self.next.file + 1,
                offset: 0,
            };
            self.waiting_at = self.next;
        }
        let pos = self.next;
        self.waiting.append(&mut record);
        self.next.offset += size;
        Ok(pos)
    }

    /// Writes all records so far.
    pub(super) fn write(&mut self) -> Result<(), IndexError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let number = self.waiting_at.file;
        let path = self.files.path(number);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let mut file = options
            .open(&path)
            .map_err(|error| file_error("open", &path, error))?;
        let offset = SeekFrom::Start(self.waiting_at.offset.into());
        file.seek(offset)
            .and_then(|_| file.write_all(&self.waiting))
            .map_err(|error| file_error("write", &path, error))?;
        self.unsynced.insert(number);
        self.waiting.clear();
        self.waiting_at = self.next;
        Ok(())
    }

    /// Makes all records that were written survive a loss of power.
    pub(super) fn sync(&mut self) -> Result<(), IndexError> {
        for number in std::mem::take(&mut self.unsynced) {
            let path = self.files.path(number);
            File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|error| file_error("flush", &path, error))?;
        }
        sync_dir(&self.files.dir).map_err(|error| file_error("flush", &self.files.dir, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_and_files_end_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let files = FilterFiles::new(dir.path());
        let start = FilePos { file: 0, offset: 0 };
        let mut appender = FilterAppender::new(files.clone(), start);
        let block = |n: u8| BlockHash([n; 32]);
        let large = vec![7; 9 << 20];
        let a = appender.push(&block(1), b"one").unwrap();
        let b = appender.push(&block(2), &large).unwrap();
        let c = appender.push(&block(3), &large).unwrap();
        appender.write().unwrap();
        appender.sync().unwrap();
        assert_eq!((a.file, a.offset), (0, 0));
        assert_eq!((b.file, b.offset), (0, 36));
        assert_eq!((c.file, c.offset), (1, 0));
        let read = |pos, n| files.read(pos, &block(n)).unwrap();
        assert_eq!(read(a, 1).as_deref(), Some(&b"one"[..]));
        assert_eq!(read(b, 2), Some(large.clone()));
        assert_eq!(read(c, 3), Some(large));
        // Another block's, behind the end, and cut off.
        assert_eq!(read(b, 1), None);
        assert_eq!(read(appender.next(), 3), None);
        let file = OpenOptions::new().write(true).open(files.path(1)).unwrap();
        file.set_len(1000).unwrap();
        assert_eq!(read(c, 3), None);
        assert_eq!(read(FilePos { file: 2, offset: 0 }, 1), None);
        files.remove_all().unwrap();
        assert!(!files.path(1).exists());
    }
}
