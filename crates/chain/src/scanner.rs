//! Finding block records in a file that may hold anything between them.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use primitives::params::MAX_BLOCK_SERIALIZED_SIZE;

use crate::block_files::{FileError, XorKey};

/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// Fewest bytes of a block: a header.
const MIN_BLOCK: u32 = 80;

/// A record: where its data lies in the file, and the data.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) offset: u64,
    pub(crate) data: &'a [u8],
}

/// Reads one record after another, skipping what is none.
#[derive(Debug)]
pub(crate) struct RecordScanner {
    file: File,
    path: PathBuf,
    magic: [u8; 4],
    key: XorKey,
    /// Where the search goes on.
    at: u64,
    window: Vec<u8>,
    window_start: u64,
}

impl RecordScanner {
    pub(crate) fn open(path: &Path, magic: [u8; 4], key: XorKey) -> Result<Self, FileError> {
        let file = File::open(path).map_err(|error| FileError::io("open", path, error))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            magic,
            key,
            at: 0,
            window: Vec::new(),
            window_start: 0,
        })
    }

    /// Begins the search at an offset.
    pub(crate) const fn starting_at(mut self, offset: u64) -> Self {
        self.at = offset;
        self
    }

    /// The next record; `None` at the end of the file. Data that lacks bytes at the end is none.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, FileError> {
        loop {
            let head = self.bytes(self.at, CHUNK)?;
            if head.len() < 8 {
                return Ok(None);
            }
            let magic = self.magic;
            let head = self.bytes(self.at, CHUNK)?;
            let Some(found) = head.windows(4).position(|window| window == magic) else {
                self.at += head.len() as u64 - 3;
                continue;
            };
            let start = self.at + found as u64;
            // Should this be no record, the search goes on one byte further.
            self.at = start + 1;
            let header = self.bytes(start, 8)?;
            let Some(size) = header.last_chunk::<4>().filter(|_| header.len() == 8) else {
                return Ok(None);
            };
            let size = u32::from_le_bytes(*size);
            if !(MIN_BLOCK..=MAX_BLOCK_SERIALIZED_SIZE).contains(&size) {
                continue;
            }
            let offset = start + 8;
            if self.bytes(offset, size as usize)?.len() < size as usize {
                continue;
            }
            self.at = offset + u64::from(size);
            let data = self.bytes(offset, size as usize)?;
            return Ok(Some(Record { offset, data }));
        }
    }

    /// Says that what stood at the offset of a record was none: the search goes on inside it.
    pub(crate) const fn reject(&mut self, offset: u64) {
        // One byte behind the magic's start.
        self.at = offset - 7;
    }

    /// How far the file is read, in bytes.
    pub(crate) const fn position(&self) -> u64 {
        self.at
    }

    /// The bytes from `at` on, `len` of them or as many as there are.
    fn bytes(&mut self, at: u64, len: usize) -> Result<&[u8], FileError> {
        let end = self.window_start + self.window.len() as u64;
        if at < self.window_start || at + len as u64 > end {
            self.fill(at, len)
                .map_err(|error| FileError::io("read", &self.path, error))?;
        }
        let start = usize::try_from(at - self.window_start).expect("inside the window");
        let window = self.window.get(start..).unwrap_or(&[]);
        Ok(&window[..len.min(window.len())])
    }

    fn fill(&mut self, at: u64, len: usize) -> io::Result<()> {
        // What is in the window already is kept.
        let end = self.window_start + self.window.len() as u64;
        if (self.window_start..=end).contains(&at) {
            let drop = usize::try_from(at - self.window_start).expect("inside the window");
            self.window.drain(..drop);
        } else {
            self.window.clear();
        }
        self.window_start = at;
        let have = self.window.len();
        let from = at + have as u64;
        self.file.seek(SeekFrom::Start(from))?;
        let wanted = (len.max(2 * CHUNK) - have) as u64;
        (&self.file).take(wanted).read_to_end(&mut self.window)?;
        self.key.apply(&mut self.window[have..], from);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

    fn record(fill: u8, len: u32) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(len.to_le_bytes());
        bytes.extend(vec![fill; len as usize]);
        bytes
    }

    fn check(bytes: &[u8], expected: &[(u64, u8, usize)]) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut scanner = RecordScanner::open(file.path(), MAGIC, XorKey::default()).unwrap();
        let mut found = Vec::new();
        while let Some(record) = scanner.next().unwrap() {
            found.push((record.offset, record.data[0], record.data.len()));
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn garbage_is_skipped() {
        let (a, b) = (record(1, 80), record(2, 3_000_000));
        check(
            &[a.clone(), b.clone()].concat(),
            &[(8, 1, 80), (96, 2, 3_000_000)],
        );
        check(
            &[vec![0xfa; 11], a.clone(), vec![0; 5], b].concat(),
            &[(19, 1, 80), (112, 2, 3_000_000)],
        );
        // Too small, then too large, then cut off.
        check(&[record(9, 79), a.clone()].concat(), &[(95, 1, 80)]);
        let mut large = MAGIC.to_vec();
        large.extend(4_000_001u32.to_le_bytes());
        check(&[large, a.clone()].concat(), &[(16, 1, 80)]);
        check(&[&a, &a[..50]].concat(), &[(8, 1, 80)]);
        check(&[&a, &a[..5]].concat(), &[(8, 1, 80)]);
        check(&[], &[]);
        check(&vec![0; 2_500_000], &[]);
        // A record whose length goes too far hides none that lies in it.
        let mut lying = MAGIC.to_vec();
        lying.extend(1000u32.to_le_bytes());
        check(&[lying, a].concat(), &[(16, 1, 80)]);
    }
}
