//! What `chain` writes to disk, as a damaged disk may give it back.

use std::io::Write;
use std::sync::LazyLock;

use chain::fuzzing::scan_block_file;
use chain::snapshot::{METADATA_SIZE, SnapshotMetadata, SnapshotReader};
use chain::{BlockUndo, Coin, TxUndo};
use libfuzzer_sys::Corpus;
use primitives::encode::{Reader, Sink};
use primitives::params::{ChainParams, Coin as ChainCoin, Network};
use primitives::{Block, BlockHash, OutPoint, Txid};
use testkit::vectors_dir;

use crate::chains::{read, records, stored};

/// An undo record.
pub(crate) fn undo(data: &[u8]) -> Corpus {
    let mut reader = Reader::new(data);
    let Ok(undo) = BlockUndo::decode(&mut reader) else {
        return Corpus::Keep;
    };
    if !undo.txs.iter().flat_map(|tx| &tx.spent).all(is_possible) {
        return Corpus::Keep;
    }
    // Scripts may be written longer than they need to be, so only the second reading is the same.
    let mut written = Vec::new();
    undo.encode(&mut written);
    let again = BlockUndo::decode(&mut Reader::new(&written));
    assert_eq!(again.as_ref(), Ok(&undo));
    Corpus::Keep
}

/// Whether a block can have made the coin. Others are read, and refused when they are spent; their
/// amounts wrap when they are written.
fn is_possible(coin: &Coin) -> bool {
    let params = ChainParams::get(ChainCoin::Bitcoin, Network::Main);
    coin.output.value.in_range(params.max_money)
}

/// Undo records of the stored chains, made anew.
pub(crate) fn undo_seeds() -> Vec<Vec<u8>> {
    let chains = vectors_dir()
        .and_then(|dir| stored(&dir).ok())
        .unwrap_or_default();
    let mut seeds = Vec::new();
    for chain in chains {
        let mut txs = Vec::new();
        let taken = chain.spends(|_, spent, _| {
            let coins = spent.into_iter().map(|output| Coin {
                height: u32::try_from(txs.len()).unwrap_or(0),
                coinbase: txs.len() % 3 == 0,
                output,
            });
            txs.push(TxUndo {
                spent: coins.collect(),
            });
            Ok(())
        });
        if taken.is_ok() {
            for txs in txs.chunks(7).step_by(40) {
                let mut seed = Vec::new();
                BlockUndo { txs: txs.to_vec() }.encode(&mut seed);
                seeds.push(seed);
            }
        }
    }
    seeds
}

/// A coin as the store holds it.
pub(crate) fn coin(data: &[u8]) -> Corpus {
    let mut reader = Reader::new(data);
    let Ok(coin) = Coin::decode(&mut reader) else {
        return Corpus::Keep;
    };
    if !is_possible(&coin) {
        return Corpus::Keep;
    }
    let mut written = Vec::new();
    coin.encode(&mut written);
    assert_eq!(Coin::decode(&mut Reader::new(&written)).as_ref(), Ok(&coin));
    Corpus::Keep
}

/// Coins with every kind of script.
pub(crate) fn coin_seeds() -> Vec<Vec<u8>> {
    let seeds = undo_seeds().into_iter().filter_map(|seed| {
        let undo = BlockUndo::decode(&mut Reader::new(&seed)).ok()?;
        let coin = undo.txs.first()?.spent.first()?;
        let mut bytes = Vec::new();
        coin.encode(&mut bytes);
        Some(bytes)
    });
    seeds.collect()
}

/// The file that inputs are written into, in the memory of the machine where that is possible.
static FILE: LazyLock<tempfile::NamedTempFile> = LazyLock::new(|| {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::NamedTempFile::new_in(memory)
    } else {
        tempfile::NamedTempFile::new()
    };
    made.expect("a temporary file can be made")
});

/// A block file: records with anything between them.
pub(crate) fn block_file(data: &[u8]) -> Corpus {
    let params = ChainParams::get(ChainCoin::Bitcoin, Network::Regtest);
    let mut file = FILE.as_file();
    let mut write = || {
        use std::io::{Seek, SeekFrom};
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(data)
    };
    write().expect("the temporary file can be written");
    let mut last = 0;
    let scanned = scan_block_file(FILE.path(), params.magic, |offset, record| {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        assert_eq!(data.get(start..start + record.len()), Some(record));
        assert!(offset > last, "the search only goes on");
        last = offset;
        let block = Block::from_bytes(record, params.hashes);
        block.is_ok_and(|block| {
            let place = |tx: &primitives::Tx| OutPoint::new(tx.txid(), 0);
            block.txs.iter().all(|tx| !place(tx).is_null())
        })
    });
    assert!(scanned.is_ok(), "{scanned:?}");
    Corpus::Keep
}

/// Files of a few small blocks, with and without bytes between them.
pub(crate) fn block_file_seeds() -> Vec<Vec<u8>> {
    let Some(dir) = vectors_dir() else {
        return Vec::new();
    };
    let bytes = read(&dir.join("regtest/chain.dat")).unwrap_or_default();
    let magic = bytes.get(..4).unwrap_or_default().to_vec();
    let small: Vec<&[u8]> = records(&bytes).filter(|block| block.len() < 1000).collect();
    let mut seeds = Vec::new();
    for (number, blocks) in small.chunks(3).enumerate() {
        let mut seed = Vec::new();
        for block in blocks {
            seed.extend_from_slice(&magic);
            seed.extend(u32::try_from(block.len()).unwrap_or(0).to_le_bytes());
            seed.extend_from_slice(block);
            seed.extend_from_slice(&magic[..number % 4]);
        }
        seeds.push(seed);
    }
    seeds
}

/// Coins of a snapshot belong to blocks up to this height.
const BASE_HEIGHT: u32 = 1000;

/// A snapshot of coins, with what it says of itself.
pub(crate) fn snapshot(data: &[u8]) -> Corpus {
    let params = ChainParams::get(ChainCoin::Bitcoin, Network::Regtest);
    let metadata = match SnapshotMetadata::from_bytes(data, params) {
        Ok(metadata) => metadata,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Corpus::Keep;
        }
    };
    let (head, coins) = data.split_at(METADATA_SIZE);
    assert_eq!(metadata.to_bytes(params), head);
    let mut reader = SnapshotReader::new(coins, &metadata, BASE_HEIGHT, params);
    let mut count = 0;
    loop {
        match reader.next_coin() {
            Ok(Some((_, coin))) => {
                count += 1;
                assert!(coin.height <= BASE_HEIGHT && is_possible(&coin), "{coin:?}");
                assert_eq!(reader.done(), count);
            }
            Ok(None) => {
                assert_eq!(count, metadata.coins);
                return Corpus::Keep;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                return Corpus::Keep;
            }
        }
    }
}

/// Small snapshots with every kind of script.
pub(crate) fn snapshot_seeds() -> Vec<Vec<u8>> {
    let params = ChainParams::get(ChainCoin::Bitcoin, Network::Regtest);
    let undos = undo_seeds()
        .into_iter()
        .filter_map(|seed| BlockUndo::decode(&mut Reader::new(&seed)).ok());
    let seeds = undos.map(|undo| {
        let coins = undo.txs.iter().map(|tx| tx.spent.len() as u64).sum();
        let metadata = SnapshotMetadata {
            base: BlockHash([3; 32]),
            coins,
        };
        let mut seed = metadata.to_bytes(params);
        for (number, tx) in (1..).zip(&undo.txs) {
            seed.put(&Txid([number; 32]).0);
            seed.put_compact_size(tx.spent.len() as u64);
            for (vout, coin) in (0u64..).zip(&tx.spent) {
                seed.put_compact_size(vout);
                let mut coin = coin.clone();
                coin.height %= BASE_HEIGHT;
                coin.encode(&mut seed);
            }
        }
        seed
    });
    seeds.collect()
}
