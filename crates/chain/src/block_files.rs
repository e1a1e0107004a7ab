//! Block and undo files: `blkNNNNN.dat` and `revNNNNN.dat`, as Core lays them out.
//!
//! A record is the network's magic, the length and the block or undo data; after undo data follows
//! its checksum. All bytes are combined with the key in `xor.dat` by XOR.

mod info;
mod sequence;
mod writer;
pub(crate) mod xor;

pub(crate) use info::FileInfo;
pub(crate) use writer::BlockFileWriter;
pub use xor::XorKey;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use primitives::encode::{DecodeError, MAX_SIZE, Reader};
use primitives::params::MAX_BLOCK_SERIALIZED_SIZE;
use primitives::{Block, BlockHash, ChainParams, Header, Tx};

use crate::disk::{Disk, FileAction};
use crate::store::StoreError;
use crate::undo::BlockUndo;
use sequence::FileSequence;

/// Bytes of magic and length before a record.
pub(crate) const RECORD_HEADER: u32 = 8;
/// Bytes that an undo record takes besides its data: magic, length, checksum.
const UNDO_OVERHEAD: u32 = RECORD_HEADER + 32;
/// No block file grows beyond this, in bytes.
const MAX_FILE_BYTES: u32 = 128 << 20;
/// Block files grow in steps of this, in bytes.
pub(crate) const BLOCK_CHUNK: u32 = 16 << 20;
/// Undo files grow in steps of this, in bytes.
pub(crate) const UNDO_CHUNK: u32 = 1 << 20;
/// No block file grows beyond this with `-fastprune`, in bytes.
const FAST_PRUNE_FILE_BYTES: u32 = 64 << 10;
/// Block files grow in steps of this with `-fastprune`, in bytes.
const FAST_PRUNE_CHUNK: u32 = 16 << 10;

/// Bytes that are read at once where a transaction begins.
const TX_READ: usize = 4096;

/// A place in a numbered file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePos {
    /// Number of the file.
    pub file: u32,
    /// Offset of the data, behind magic and length.
    pub offset: u32,
}

impl fmt::Display for FilePos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlatFilePos(nFile={}, nPos={})", self.file, self.offset)
    }
}

/// A block or undo file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system reports a failure.
    #[error("Cannot {action} {}: {source}. {}", .path.display(), advice(.source.kind()))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What lies at a place is not what the index says.
    #[error("{} is damaged at offset {offset}: {what}. Restart with -reindex to build the index anew.", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u32,
        /// What is wrong.
        what: &'static str,
    },
    /// The key file has not eight bytes.
    #[error("{} has not the 8 bytes of a key. Restore it, or the block files cannot be read.", .0.display())]
    BadKey(PathBuf),
    /// `-blocksxor=0` with files that have a key.
    #[error(
        "The blocksdir XOR-key can not be disabled when a random key was already stored! Stored \
         key: '{key}', stored path: '{}'.", .path.display()
    )]
    KeyInUse {
        /// The key.
        key: XorKey,
        /// The key file.
        path: PathBuf,
    },
}

fn is_number(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What to do about a failure.
pub(crate) const fn advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Disk space is too low! Make room on the disk."
        }
        io::ErrorKind::FileTooLarge => {
            "The system lets no file grow so far: check its limit (ulimit -f) and the file system."
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "Check who owns the data directory and whether it may be written."
        }
        io::ErrorKind::NotFound => {
            "If the file is lost for good, restart with -reindex to build the index anew."
        }
        _ => "Check the disk.",
    }
}

impl FileError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// Reads block and undo files by position. Cheap to clone; any thread may read.
#[derive(Clone, Debug)]
pub struct BlockFiles {
    params: &'static ChainParams,
    blocks: FileSequence,
    undo: FileSequence,
    key: XorKey,
    fast_prune: bool,
}

impl BlockFiles {
    /// Opens the files in `dir`, which exists. A first start draws a key if `use_xor`.
    ///
    /// # Errors
    /// [`FileError::BadKey`], [`FileError::KeyInUse`], or where the key file cannot be used.
    pub fn open(
        dir: &Path,
        params: &'static ChainParams,
        use_xor: bool,
        fast_prune: bool,
    ) -> Result<Self, FileError> {
        let key = xor::load_or_create(dir, use_xor)?;
        let block_chunk = if fast_prune {
            FAST_PRUNE_CHUNK
        } else {
            BLOCK_CHUNK
        };
        Ok(Self {
            params,
            blocks: FileSequence::new(dir, "blk", block_chunk),
            undo: FileSequence::new(dir, "rev", UNDO_CHUNK),
            key,
            fast_prune,
        })
    }

    /// The same files, whose operations fail where `disk` wants it.
    pub(crate) fn on(mut self, disk: &Disk) -> Self {
        self.blocks.disk = disk.clone();
        self.undo.disk = disk.clone();
        self
    }

    /// The key of the files.
    pub const fn key(&self) -> XorKey {
        self.key
    }

    /// The block file with this number.
    pub fn block_path(&self, file: u32) -> PathBuf {
        self.blocks.path(file)
    }

    /// The undo file with this number.
    pub fn undo_path(&self, file: u32) -> PathBuf {
        self.undo.path(file)
    }

    /// The serialized block at `pos`, whose header is known.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds no or another block there.
    pub fn read_raw_block(&self, pos: FilePos, header: &Header) -> Result<Vec<u8>, FileError> {
        let raw = self.read_record(&self.blocks, pos, 0)?;
        // The same bytes have the same id, which is dear to compute on some chains.
        if raw.starts_with(&header.to_bytes()) {
            Ok(raw)
        } else {
            Err(self.damaged(&self.blocks, pos, "another block lies there"))
        }
    }

    /// The block at `pos`, whose id is known.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds no or another block there.
    pub fn read_block(&self, pos: FilePos, hash: &BlockHash) -> Result<Block, FileError> {
        let raw = self.read_record(&self.blocks, pos, 0)?;
        let damaged = |what| self.damaged(&self.blocks, pos, what);
        let block = Block::from_bytes(&raw, self.params.hashes)
            .map_err(|_| damaged("the block does not decode"))?;
        if block.hash == *hash {
            Ok(block)
        } else {
            Err(damaged("another block lies there"))
        }
    }

    /// The block at `pos`, whatever its id.
    ///
    /// # Errors
    /// As [`BlockFiles::read_block`].
    pub fn read_any_block(&self, pos: FilePos) -> Result<Block, FileError> {
        let raw = self.read_record(&self.blocks, pos, 0)?;
        Block::from_bytes(&raw, self.params.hashes)
            .map_err(|_| self.damaged(&self.blocks, pos, "the block does not decode"))
    }

    /// The transaction that begins `offset` bytes into the block at `pos`.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds no transaction there.
    pub fn read_tx(&self, pos: FilePos, offset: u32) -> Result<Tx, FileError> {
        let path = self.blocks.path(pos.file);
        let start = u64::from(pos.offset) + u64::from(offset);
        let io = |error| FileError::io("read", &path, error);
        let disk = &self.blocks.disk;
        let file = disk.open(&path);
        let mut file = file.map_err(|e| FileError::io("open", &path, e))?;
        disk.check(FileAction::Read, &path).map_err(io)?;
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        let mut bytes = Vec::with_capacity(TX_READ);
        // Most fit into the first piece; none is larger than a block.
        for limit in [TX_READ as u64, MAX_BLOCK_SERIALIZED_SIZE.into()] {
            let have = bytes.len();
            let wanted = limit - have as u64;
            (&mut file)
                .take(wanted)
                .read_to_end(&mut bytes)
                .map_err(io)?;
            self.key.apply(&mut bytes[have..], start + have as u64);
            match Tx::decode(&mut Reader::new(&bytes), self.params.hashes) {
                Ok(tx) => return Ok(tx),
                Err(DecodeError::EndOfData) => {}
                Err(_) => break,
            }
        }
        Err(self.damaged(&self.blocks, pos, "a transaction does not decode"))
    }

    /// The undo record at `pos` of a block whose parent is `prev`.
    ///
    /// # Errors
    /// Where the file cannot be read, or checksum or data are wrong.
    pub fn read_undo(&self, pos: FilePos, prev: &BlockHash) -> Result<BlockUndo, FileError> {
        let raw = self.read_record(&self.undo, pos, 32)?;
        let damaged = |what| self.damaged(&self.undo, pos, what);
        let (data, checksum) = raw.split_at(raw.len() - 32);
        if checksum != BlockUndo::checksum(prev, data, self.params.hashes) {
            return Err(damaged("the checksum does not match"));
        }
        let mut reader = Reader::new(data);
        let undo = BlockUndo::decode(&mut reader).and_then(|undo| reader.finish().map(|()| undo));
        undo.map_err(|_| damaged("the undo data does not decode"))
    }

    /// The bytes of all files of both kinds whose numbers are below `count`.
    pub fn bytes_on_disk(&self, count: u32) -> u64 {
        let size = |path: PathBuf| path.metadata().map_or(0, |meta| meta.len());
        (0..count)
            .map(|n| size(self.block_path(n)) + size(self.undo_path(n)))
            .sum()
    }

    /// Deletes a pair of files. What another program holds open may stay until the next start.
    pub(crate) fn delete(&self, file: u32) {
        let mut deleted = false;
        for path in [self.block_path(file), self.undo_path(file)] {
            match self.blocks.disk.delete(&path) {
                Ok(()) => deleted = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!(
                    target: "blockstorage",
                    "Cannot delete {}: {error}. It is tried again at the next start.", path.display()
                ),
            }
        }
        if deleted {
            tracing::debug!(
                target: "blockstorage", "Prune: UnlinkPrunedFiles deleted blk/rev ({file:05})"
            );
        }
    }

    /// Deletes what a new index of a pruned directory will not look at: undo files, which are made
    /// anew, and block files behind a gap (Core's `CleanupBlockRevFiles`).
    pub(crate) fn delete_unusable(&self, dir: &Path) -> Result<(), StoreError> {
        let failed = |action, path: &Path, source| StoreError::File {
            action,
            path: path.to_owned(),
            source,
        };
        tracing::info!(
            target: "validation",
            "Removing unusable blk?????.dat and rev?????.dat files for -reindex with -prune"
        );
        let delete =
            |path: &Path| fs::remove_file(path).map_err(|error| failed("delete", path, error));
        let mut blocks = BTreeMap::new();
        for entry in fs::read_dir(dir).map_err(|error| failed("read", dir, error))? {
            let entry = entry.map_err(|error| failed("read", dir, error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            let Some(number) = name.strip_suffix(".dat").filter(|_| is_file) else {
                continue;
            };
            match number.split_at_checked(3) {
                Some(("rev", number)) if is_number(number) => delete(&entry.path())?,
                Some(("blk", number)) if is_number(number) => {
                    blocks.insert(number.to_owned(), entry.path());
                }
                _ => {}
            }
        }
        let behind_gap = (0_u32..)
            .zip(blocks)
            .skip_while(|(expected, (number, _))| number.parse() == Ok(*expected));
        for (_, (_, path)) in behind_gap {
            delete(&path)?;
        }
        Ok(())
    }

    /// Reads a record's data and the `extra` bytes behind it.
    fn read_record(
        &self,
        files: &FileSequence,
        pos: FilePos,
        extra: usize,
    ) -> Result<Vec<u8>, FileError> {
        let path = files.path(pos.file);
        let damaged = |what| self.damaged(files, pos, what);
        let start = pos
            .offset
            .checked_sub(RECORD_HEADER)
            .ok_or_else(|| damaged("no record"))?;
        let disk = &files.disk;
        let mut file = disk
            .open(&path)
            .map_err(|e| FileError::io("open", &path, e))?;
        let mut header = [0; RECORD_HEADER as usize];
        disk.read_at(&mut file, &path, start.into(), &mut header)
            .map_err(|e| FileError::io("read", &path, e))?;
        self.key.apply(&mut header, start.into());
        let [m0, m1, m2, m3, l0, l1, l2, l3] = header;
        if [m0, m1, m2, m3] != self.params.magic {
            return Err(damaged(
                "the network's magic is missing, or xor.dat beside it is not its key",
            ));
        }
        let size = u32::from_le_bytes([l0, l1, l2, l3]);
        // Nothing in a file sets an allocation: it is as large as the file at most.
        let left = file
            .metadata()
            .map_or(0, |meta| meta.len())
            .saturating_sub(pos.offset.into());
        if u64::from(size) > MAX_SIZE || u64::from(size) + extra as u64 > left {
            return Err(damaged("the record is longer than the file"));
        }
        let mut data = vec![0; size as usize + extra];
        disk.read_at(&mut file, &path, pos.offset.into(), &mut data)
            .map_err(|e| FileError::io("read", &path, e))?;
        self.key.apply(&mut data, pos.offset.into());
        Ok(data)
    }

    fn damaged(&self, files: &FileSequence, pos: FilePos, what: &'static str) -> FileError {
        FileError::Damaged {
            path: files.path(pos.file),
            offset: pos.offset,
            what,
        }
    }
}

#[cfg(test)]
mod tests;
