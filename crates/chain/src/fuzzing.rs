//! Doors for the fuzz package, which no program uses.

use std::fs::File;
use std::io;
use std::path::Path;

use primitives::BlockHash;
use primitives::encode::Reader;
use primitives::params::ChainParams;

use crate::block_files::{FileError, FileInfo, XorKey, xor};
use crate::coins::{coin_key, coin_place};
use crate::index::StoredEntry;
use crate::indexes::{IndexKind, record_comes_back};
use crate::muhash::MuHash;
use crate::scanner::RecordScanner;
use crate::snapshot::read_base;
use crate::store::{
    Batch, Durability, Store, StoreError, StoreKind, StoreOptions, is_marker, journal, sound,
};

/// Shows every record of a block file without a key: its offset and its data. What `visit` refuses
/// is no record, and the search goes on inside it.
///
/// # Errors
/// Where the file cannot be read.
pub fn scan_block_file(
    path: &Path,
    magic: [u8; 4],
    mut visit: impl FnMut(u64, &[u8]) -> bool,
) -> Result<(), FileError> {
    let mut scanner = RecordScanner::open(path, magic, XorKey::default())?;
    while let Some(record) = scanner.next()? {
        let offset = record.offset;
        if !visit(offset, record.data) {
            scanner.reject(offset);
        }
    }
    Ok(())
}

/// A kind of record that a store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A block of the block index.
    Block,
    /// What is known of a pair of files.
    FileInfo,
    /// The key of a coin.
    CoinKey,
    /// The coins' set hash, as an index keeps it.
    SetHash,
    /// What an index has.
    Index(IndexKind),
}

/// Reads a record: `None` where it does not decode, else whether the same would be written again. Numbers may be
/// written longer than they need to be, so for some kinds that says nothing.
pub fn read_record(record: Record, bytes: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(bytes);
    match record {
        Record::Block => {
            let entry = StoredEntry::decode(BlockHash::ZERO, &mut reader).ok()?;
            Some(entry.status.has_data() || entry.data_offset == 0)
        }
        Record::FileInfo => {
            let info = FileInfo::decode(&mut reader).ok()?;
            let mut written = Vec::new();
            info.encode(&mut written);
            let again = FileInfo::decode(&mut Reader::new(&written)).ok();
            Some(!info.to_string().is_empty() && again == Some(info))
        }
        Record::CoinKey => {
            let place = coin_place(bytes).ok()?;
            Some(coin_place(&coin_key(&place)) == Ok(place))
        }
        Record::SetHash => {
            let set = MuHash::from_bytes(bytes)?;
            Some(set.finalize() == MuHash::from_bytes(&set.to_bytes())?.finalize())
        }
        Record::Index(kind) => record_comes_back(kind, bytes),
    }
}

/// Reads the mark of a store; whether it can be understood.
pub fn read_marker(text: &str) -> bool {
    is_marker(text)
}

/// Reads a journal of the engine: how many of its bytes are whole batches, and whether what follows was whole once.
/// `None` where they are out of order.
///
/// # Errors
/// Where the file cannot be read.
pub fn read_journal(file: &File) -> io::Result<Option<(u64, bool)>> {
    match journal::read(file, &mut journal::Runs::default()) {
        Ok(end) => Ok(Some((end.bytes, end.rest == journal::Rest::Damaged))),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the key of a directory of block files, which has one.
///
/// # Errors
/// Where the file cannot be read, or holds no key.
pub fn read_key(blocks_dir: &Path) -> Result<[u8; 8], FileError> {
    xor::load_or_create(blocks_dir, true).map(XorKey::bytes)
}

/// Reads which block the coins of a snapshot's directory stand at.
pub fn read_snapshot_base(dir: &Path) -> Option<BlockHash> {
    read_base(dir)
}

/// Compares the manifest of one of the engine's tables with its sum.
///
/// # Errors
/// Where they differ, or a file is missing.
pub fn check_manifest(table: &Path) -> Result<(), StoreError> {
    sound::check_manifest(table)
}

/// Keys with their values, in the order of the keys.
pub type Rows = Vec<(Vec<u8>, Vec<u8>)>;

const STORE: StoreOptions = StoreOptions {
    kind: StoreKind::Index,
    cache_bytes: 1 << 20,
    buffer_bytes: 1 << 20,
    wipe: false,
};

fn open_store(dir: &Path, params: &ChainParams) -> Result<Store, StoreError> {
    Store::open(dir, params, &STORE)
}

fn rows(store: &Store) -> Result<Rows, StoreError> {
    let rows = store.scan(b"");
    rows.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())))
        .collect()
}

/// Makes a store with rows in a table file and batches in its journal; gives what it holds before and after each of
/// those.
///
/// # Errors
/// Where the directory cannot be written.
pub fn make_store(dir: &Path, params: &ChainParams) -> Result<Vec<Rows>, StoreError> {
    let store = open_store(dir, params)?;
    let key = |number: u8| -> Vec<u8> { vec![b'k', number] };
    let table = (0..60).map(|number| {
        let value = vec![number; usize::from(number)];
        (key(number).into(), Some(value.into()))
    });
    store.ingest(table)?;
    let mut held = vec![rows(&store)?];
    for number in 0..4 {
        let mut batch = Batch::new();
        batch.put(&key(number), &vec![9; 300 * usize::from(number)]);
        batch.remove(&key(30 + number));
        batch.put(&key(100 + number), b"new");
        store.write(batch, Durability::Disk)?;
        held.push(rows(&store)?);
    }
    drop(store);
    // Only now does its journal take no more room than it needs.
    held.push(rows(&open_store(dir, params)?)?);
    Ok(held)
}

/// Reads what a store holds.
///
/// # Errors
/// Where it is damaged.
pub fn read_store(dir: &Path, params: &ChainParams) -> Result<Rows, StoreError> {
    rows(&open_store(dir, params)?)
}

/// Reads a record of a file of filters.
///
/// # Errors
/// Where the file cannot be read.
pub fn read_filter(file: &mut File, offset: u32, block: &BlockHash) -> io::Result<Option<Vec<u8>>> {
    crate::indexes::read_filter(file, offset, block)
}
