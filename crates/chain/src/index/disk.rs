//! The index in its store, under Core's keys and encodings.

use std::collections::BTreeSet;

use primitives::encode::{DecodeError, Reader, Sink as _};
use primitives::{BlockHash, Header};

use super::BlockIndex;
use super::entry::{BlockStatus, Entry, EntryId};
use crate::block_files::FileInfo;
use crate::compress::{put_varint, varint, varint_u32};
use crate::store::{Batch, Durability, Store, StoreError};

/// Core writes this where a version of the program once stood.
const DUMMY_VERSION: u64 = 259_900;
/// No index knows more files: they would hold 128 TiB.
const MAX_FILES: u32 = 1 << 20;
/// No file is larger, in bytes: above the largest block or undo file by far.
const MAX_FILE_SIZE: u32 = 1 << 31;

/// `f` and the number: what is known of a pair of files.
const FILE: u8 = b'f';
/// `b` and the id: a block.
const BLOCK: u8 = b'b';
/// `l`: number of the last file.
const LAST_FILE: u8 = b'l';
/// `R`: a reindex is not finished.
const REINDEXING: u8 = b'R';
/// `F` and the name: blocks were pruned.
const PRUNED: &[u8] = b"F\x10prunedblockfiles";

/// A block as stored.
pub(crate) struct StoredEntry {
    pub(crate) hash: BlockHash,
    pub(crate) header: Header,
    pub(crate) height: u32,
    pub(crate) status: BlockStatus,
    pub(crate) tx_count: u32,
    pub(crate) file: u32,
    pub(crate) data_offset: u32,
    pub(crate) undo_offset: u32,
}

impl StoredEntry {
    pub(crate) fn decode(hash: BlockHash, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        varint(reader)?;
        let height = varint_u32(reader)?;
        let status = BlockStatus::from_bits(varint_u32(reader)?);
        let tx_count = varint_u32(reader)?;
        let mut field = |present: bool| if present { varint_u32(reader) } else { Ok(0) };
        let file = field(status.has_data() || status.has_undo())?;
        let data_offset = field(status.has_data())?;
        let undo_offset = field(status.has_undo())?;
        let header = Header::decode(reader)?;
        Ok(Self {
            hash,
            header,
            height,
            status,
            tx_count,
            file,
            data_offset,
            undo_offset,
        })
    }
}

fn encode(entry: &Entry) -> Vec<u8> {
    let mut out = Vec::with_capacity(100);
    put_varint(&mut out, DUMMY_VERSION);
    put_varint(&mut out, entry.height.into());
    put_varint(&mut out, entry.status.bits().into());
    put_varint(&mut out, entry.tx_count.into());
    if entry.status.has_data() || entry.status.has_undo() {
        put_varint(&mut out, entry.file.into());
    }
    if entry.status.has_data() {
        put_varint(&mut out, entry.data_offset.into());
    }
    if entry.status.has_undo() {
        put_varint(&mut out, entry.undo_offset.into());
    }
    out.put(&entry.header.to_bytes());
    out
}

/// The store that holds the index.
#[derive(Clone, Debug)]
pub(crate) struct IndexStore(Store);

impl IndexStore {
    pub(crate) const fn new(store: Store) -> Self {
        Self(store)
    }

    /// What changed since the last time.
    pub(crate) fn batch(
        index: &BlockIndex,
        entries: &BTreeSet<EntryId>,
        files: impl Iterator<Item = (u32, FileInfo)>,
        last_file: u32,
    ) -> Batch {
        let mut batch = Batch::new();
        for (number, info) in files {
            let mut value = Vec::new();
            info.encode(&mut value);
            batch.put(&file_key(number), &value);
        }
        batch.put(&[LAST_FILE], &last_file.to_le_bytes());
        for id in entries {
            let entry = index.entry(*id);
            let mut key = vec![BLOCK];
            key.put(&entry.hash.0);
            batch.put(&key, &encode(entry));
        }
        batch
    }

    /// Adds to changes that blocks were pruned.
    pub(crate) fn note_pruned(batch: &mut Batch) {
        batch.put(PRUNED, b"1");
    }

    /// Whether blocks were ever pruned.
    pub(crate) fn has_pruned(&self) -> Result<bool, StoreError> {
        self.0.contains(PRUNED)
    }

    /// Writes changes, durably.
    pub(crate) fn write(&self, batch: Batch) -> Result<(), StoreError> {
        self.0.write(batch, Durability::Disk)
    }

    /// All stored blocks, by id.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Result<StoredEntry, StoreError>> + '_ {
        self.0.scan(&[BLOCK]).map(|row| {
            let (key, value) = row?;
            let hash = key.get(1..).and_then(BlockHash::from_slice);
            let hash = hash.ok_or_else(|| self.0.bad_value("the id of a block"))?;
            let mut reader = Reader::new(&value);
            let entry = StoredEntry::decode(hash, &mut reader);
            entry.map_err(|_| self.0.bad_value("a block of the index"))
        })
    }

    /// What is known of the pairs of files, by number.
    pub(crate) fn files(&self) -> Result<Vec<FileInfo>, StoreError> {
        let last = match self.0.get(&[LAST_FILE])? {
            Some(value) => u32::from_le_bytes(
                value[..]
                    .try_into()
                    .map_err(|_| self.0.bad_value("the last file's number"))?,
            ),
            None => return Ok(Vec::new()),
        };
        if last >= MAX_FILES {
            return Err(self.0.bad_value("the last file's number"));
        }
        let mut infos = Vec::new();
        for number in 0..=MAX_FILES {
            match self.0.get(&file_key(number))? {
                Some(value) => {
                    let info = FileInfo::decode(&mut Reader::new(&value)).ok();
                    let info = info.filter(|info| info.size.max(info.undo_size) <= MAX_FILE_SIZE);
                    infos.push(info.ok_or_else(|| self.0.bad_value("a file's information"))?);
                }
                None if number > last => break,
                None => infos.push(FileInfo::default()),
            }
        }
        Ok(infos)
    }

    /// Whether a reindex was begun and not finished.
    pub(crate) fn is_reindexing(&self) -> Result<bool, StoreError> {
        self.0.contains(&[REINDEXING])
    }

    /// Takes note that a reindex begins or has ended.
    pub(crate) fn set_reindexing(&self, reindexing: bool) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        if reindexing {
            batch.put(&[REINDEXING], b"1");
        } else {
            batch.remove(&[REINDEXING]);
        }
        self.0.write(batch, Durability::Disk)
    }
}

fn file_key(number: u32) -> [u8; 5] {
    let mut key = [FILE; 5];
    key[1..].copy_from_slice(&number.to_le_bytes());
    key
}
