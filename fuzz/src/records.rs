//! The smaller things that `chain` reads from disk: records of its stores, their journals and marks, files of filters
//! and of the mempool.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::LazyLock;

use chain::fuzzing::{Record, read_filter, read_journal, read_marker, read_record};
use chain::indexes::IndexKind;
use chain::mempool::file::{MempoolFile, MempoolFileError};
use libfuzzer_sys::Corpus;
use primitives::encode::Sink as _;
use primitives::params::{ChainParams, Coin, Network};
use primitives::{BlockHash, Tx};
use testkit::vectors_dir;

use crate::chains::{read, records};

/// Kinds of records; an input's first byte chooses one.
const KINDS: [Record; 8] = [
    Record::Block,
    Record::FileInfo,
    Record::CoinKey,
    Record::SetHash,
    Record::Index(IndexKind::Tx),
    Record::Index(IndexKind::TxoSpender),
    Record::Index(IndexKind::BasicFilter),
    Record::Index(IndexKind::CoinStats),
];

/// A record of a store, behind the number of its kind.
pub(crate) fn record(data: &[u8]) -> Corpus {
    let Some((kind, bytes)) = data.split_first() else {
        return Corpus::Reject;
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        // No mark is a record, so both can have the same input.
        let _understood = read_marker(text);
    }
    let kind = KINDS[usize::from(*kind) % KINDS.len()];
    if let Some(same) = read_record(kind, bytes) {
        assert!(same, "{kind:?} is written otherwise");
    }
    Corpus::Keep
}

/// Records of all kinds.
pub(crate) fn record_seeds() -> Vec<Vec<u8>> {
    let header = ChainParams::get(Coin::Bitcoin, Network::Regtest)
        .genesis
        .block;
    let header = header.get(..80).unwrap_or_default();
    let block = [
        &[0x8e, 0xed, 0x3c, 0, 0x1d, 1, 3, 0x81, 0x2c, 8][..],
        header,
    ]
    .concat();
    let info = [
        0x02, 0x82, 0x74, 0x28, 0, 1, 0x83, 0xc9, 0xfd, 0xd5, 0x29, 0x83, 0xca, 0x99, 0xf7, 0x61,
    ];
    let mark = "bitq store\nformat=1\nchain=bitcoin regtest\ngenesis=0f91\nkind=chainstate\nstate=ready\n\
                version=0.1.0\n";
    let bodies: [&[u8]; 8] = [
        &block, &info, &[7; 36], &[5; 768], &[9; 14], &[9; 14], &[3; 72], &[1; 144],
    ];
    let mut seeds: Vec<Vec<u8>> = (0u8..)
        .zip(bodies)
        .map(|(kind, body)| [&[kind][..], body].concat())
        .collect();
    seeds.push([&[0], mark.as_bytes()].concat());
    seeds
}

/// The file that inputs are written into, in the memory of the machine where that is possible.
static FILE: LazyLock<tempfile::NamedTempFile> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::NamedTempFile::new_in(memory)
    } else {
        tempfile::NamedTempFile::new()
    };
    made.expect("a temporary file can be made")
});

/// The temporary file with these bytes.
fn file_with(data: &[u8]) -> File {
    let mut file = FILE.as_file();
    let mut write = || {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(data)?;
        File::open(FILE.path())
    };
    write().expect("the temporary file can be written")
}

/// A journal of the store's engine.
pub(crate) fn journal(data: &[u8]) -> Corpus {
    let file = file_with(data);
    let read = read_journal(&file).expect("the temporary file can be read");
    if let Some((bytes, _)) = read {
        let whole = usize::try_from(bytes).unwrap_or(usize::MAX);
        let batches = data.get(..whole).expect("a batch lies in the file");
        // What is whole stays so when the rest is cut off.
        let again = read_journal(&file_with(batches)).expect("the temporary file can be read");
        assert_eq!(again, Some((bytes, false)));
    }
    Corpus::Keep
}

/// Journals with a batch or two, and what a kill leaves behind them.
pub(crate) fn journal_seeds() -> Vec<Vec<u8>> {
    let mut batch = vec![1];
    batch.put_u32(1);
    batch.put_u64(5);
    batch.extend([2, 0, 0]);
    batch.put_u64(1);
    batch.extend([1, 0]);
    batch.put_u32(2);
    batch.put_u32(2);
    batch.extend(b"kvv");
    batch.push(3);
    batch.put_u64(0x0102_0304_0506_0708);
    batch.extend(b"FJL\x03");
    let empty = [
        &[1, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 3][..],
        &0x2d06_8005_38d3_94c2_u64.to_le_bytes(),
        b"FJL\x03",
    ]
    .concat();
    let torn = batch.get(..20).unwrap_or_default();
    vec![
        batch.clone(),
        empty.clone(),
        [&empty[..], torn].concat(),
        [torn, &empty].concat(),
        [&empty[..], &[0; 40]].concat(),
    ]
}

/// A file of filters, behind a place in it.
pub(crate) fn filter_file(data: &[u8]) -> Corpus {
    let Some((place, bytes)) = data.split_first_chunk() else {
        return Corpus::Reject;
    };
    let offset = u32::from(u16::from_le_bytes(*place));
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let id = bytes.get(start..).and_then(|rest| rest.first_chunk());
    let id = BlockHash(id.copied().unwrap_or([1; 32]));
    let mut file = file_with(bytes);
    let found = read_filter(&mut file, offset, &id).expect("the temporary file can be read");
    if let Some(filter) = found {
        assert!(filter.len() < bytes.len().saturating_sub(start));
        let other = BlockHash(id.0.map(|byte| !byte));
        let none = read_filter(&mut file, offset, &other).expect("the temporary file can be read");
        assert_eq!(none, None, "the filter of another block");
    }
    Corpus::Keep
}

/// Files with a filter, at their start and behind something else.
pub(crate) fn filter_file_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, filter) in crate::seeds::filters().into_iter().enumerate() {
        let before = number % 3;
        let mut seed = vec![u8::try_from(before).unwrap_or(0), 0];
        seed.extend(vec![7; before]);
        seed.extend([3; 32]);
        seed.put_var_bytes(&filter);
        seeds.push(seed);
    }
    seeds
}

/// A file of the mempool.
pub(crate) fn mempool_file(data: &[u8]) -> Corpus {
    let scheme = ChainParams::get(Coin::Bitcoin, Network::Regtest).hashes;
    let _written = file_with(data);
    let read = || {
        let mut file = MempoolFile::open(FILE.path(), scheme)?;
        let mut left = data.len();
        while let Some(saved) = file.next_tx()? {
            let size = saved.tx.to_bytes().len();
            left = left
                .checked_sub(size)
                .expect("a transaction takes its bytes of the file");
        }
        file.notes()
    };
    match read() {
        Ok(notes) => assert!((notes.deltas.len() + notes.unbroadcast.len()) * 32 <= data.len()),
        Err(MempoolFileError::Io { source, .. }) => panic!("the temporary file: {source}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    Corpus::Keep
}

/// Files with a few transactions of the stored chain, with and without a key.
pub(crate) fn mempool_file_seeds() -> Vec<Vec<u8>> {
    let Some(dir) = vectors_dir() else {
        return Vec::new();
    };
    let scheme = ChainParams::get(Coin::Bitcoin, Network::Regtest).hashes;
    let bytes = read(&dir.join("regtest/chain.dat")).unwrap_or_default();
    let blocks = records(&bytes).filter(|block| block.len() < 3000);
    let blocks = blocks.filter_map(|block| primitives::Block::from_bytes(block, scheme).ok());
    let mut seeds = Vec::new();
    for (number, block) in blocks.step_by(9).enumerate() {
        let mut seed = Vec::new();
        let keyed = number % 2 == 1;
        seed.put_u64(if keyed { 2 } else { 1 });
        if keyed {
            // This key changes nothing.
            seed.put_var_bytes(&[0; 8]);
        }
        seed.put_u64(block.txs.len() as u64);
        for tx in &block.txs {
            let tx: &Tx = tx;
            seed.put(&tx.to_bytes());
            seed.put_i64(1_700_000_000);
            seed.put_i64(10);
        }
        seed.put_compact_size(1);
        seed.put(&[4; 32]);
        seed.put_i64(-5);
        seed.put_compact_size(1);
        seed.put(&[6; 32]);
        seeds.push(seed);
    }
    seeds
}
