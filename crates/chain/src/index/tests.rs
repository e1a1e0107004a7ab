use std::collections::BTreeSet;

use consensus::HeaderChain as _;
use primitives::encode::Reader;
use primitives::hash::to_hex;
use primitives::params::{Coin, Network};
use primitives::{Block, ChainParams, CompactTarget};

use super::disk::{IndexStore, StoredEntry};
use super::*;
use crate::block_files::FileInfo;
use crate::store::{Store, StoreKind, StoreOptions};

/// A tree: each block's number is its id and names its parent's; bits of equal work.
fn tree(parents: &[Option<u32>]) -> (BlockIndex, Vec<EntryId>) {
    let mut index = BlockIndex::default();
    let hash = |n: u32| {
        let mut bytes = [0xee; 32];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        BlockHash(bytes)
    };
    let ids = (0u32..)
        .zip(parents)
        .map(|(n, parent)| {
            let header = Header {
                prev: parent.map_or(BlockHash::ZERO, hash),
                time: 1000 + n,
                bits: CompactTarget(0x207f_ffff),
                ..Header::default()
            };
            index.add(header, hash(n))
        })
        .collect();
    (index, ids)
}

#[test]
fn ancestors_are_found() {
    // A trunk of 3000 blocks with a branch of 500 that leaves it at 1234.
    let mut parents: Vec<_> = (0..3000u32).map(|n| n.checked_sub(1)).collect();
    parents.push(Some(1234));
    parents.extend((3000..3499).map(Some));
    let (index, ids) = tree(&parents);
    let (trunk, branch) = (ids[2999], ids[3499]);
    assert_eq!(index.entry(branch).height, 1234 + 500);
    for height in (0..3000).step_by(7) {
        assert_eq!(index.ancestor(trunk, height), Some(ids[height as usize]));
    }
    for height in [0, 1, 1233, 1234] {
        assert_eq!(index.ancestor(branch, height), Some(ids[height as usize]));
    }
    assert_eq!(index.ancestor(branch, 1235), Some(ids[3000]));
    assert_eq!(index.ancestor(branch, 1735), None);
    assert_eq!(index.last_common(branch, trunk), Some(ids[1234]));
    assert_eq!(index.last_common(ids[1300], ids[3400]), Some(ids[1234]));
    assert_eq!(index.last_common(ids[100], branch), Some(ids[100]));
    assert!(index.descends(branch, ids[1000]) && !index.descends(branch, ids[1235]));
    assert_eq!(index.best_header, Some(trunk));
    assert_eq!(index.median_time_past(ids[20]), 1015);
    assert_eq!(index.median_time_past(ids[2]), 1001);
    assert_eq!(index.branch(branch).height(), 1734);
}

#[test]
fn the_shown_chain_changes_from_the_fork_on() {
    let (mut index, ids) = tree(&[None, Some(0), Some(1), Some(2), Some(1), Some(4), Some(5)]);
    let chain = |numbers: &[usize]| numbers.iter().map(|n| ids[*n]).collect::<Vec<_>>();
    for numbers in [
        &[0, 1, 2, 3][..],
        &[0, 1, 4, 5, 6],
        &[0, 1, 4],
        &[0, 1, 2],
        &[],
        &[0],
    ] {
        index.publish(&chain(numbers));
        assert_eq!(index.active(), chain(numbers));
        assert_eq!(index.is_active(ids[4]), numbers.contains(&4));
    }
}

#[test]
fn candidates_follow_the_rules_for_ties() {
    let (mut index, ids) = tree(&[None, Some(0), Some(0), Some(0), Some(1)]);
    let mut rank = |n: usize, sequence| {
        index.entry_mut_unstored(ids[n]).sequence = sequence;
        index.rank(ids[n])
    };
    let (first, second, loaded, higher) = (rank(1, 2), rank(2, 3), rank(3, 1), rank(4, 9));
    let mut candidates = Candidates::default();
    for rank in [second, first] {
        candidates.insert(rank);
    }
    assert_eq!(candidates.best(), Some(ids[1]), "complete first");
    candidates.insert(loaded);
    assert_eq!(candidates.best(), Some(ids[3]), "known before the start");
    candidates.insert(higher);
    assert_eq!(candidates.best(), Some(ids[4]), "more work");
    candidates.prune(first);
    assert_eq!(candidates.len(), 3);
    candidates.remove(higher);
    assert_eq!(candidates.best(), Some(ids[3]));
    let twin = index.rank(ids[2]);
    index.entry_mut_unstored(ids[2]).sequence = 1;
    assert!(index.rank(ids[2]) < index.rank(ids[3]) || index.rank(ids[2]) > twin);
    candidates.clear();
    candidates.insert(index.rank(ids[2]));
    candidates.insert(index.rank(ids[3]));
    assert_eq!(candidates.best(), Some(ids[2]), "loaded first");
}

#[test]
fn status_bits_are_those_of_core() {
    let mut status = BlockStatus::default();
    assert!(status.raise(Validity::Tree) && !status.raise(Validity::Tree));
    status.set_data(true);
    status.raise(Validity::Scripts);
    status.set_undo(true);
    status.set_witness();
    assert_eq!(status.bits(), 5 | 8 | 16 | 128);
    assert!(status.is_valid(Validity::Chain) && !status.has_failed());
    status.set_failed(true);
    assert!(!status.is_valid(Validity::Tree) && status.bits() == 5 | 8 | 16 | 32 | 128);
    status.set_data(false);
    assert!(!status.has_data() && status.has_undo());
    assert_eq!(BlockStatus::from_bits(0xff).validity(), Validity::Scripts);
}

#[test]
fn keys_and_values_are_those_of_core() {
    let dir = tempfile::tempdir().unwrap();
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let options = StoreOptions {
        kind: StoreKind::BlockIndex,
        cache_bytes: 1 << 20,
        buffer_bytes: 1 << 20,
        wipe: false,
    };
    let store = Store::open(dir.path(), params, &options).unwrap();
    let disk = IndexStore::new(store.clone());
    let block = Block::from_bytes(params.genesis.block, params.hashes).unwrap();
    let mut index = BlockIndex::default();
    let id = index.add(block.header, block.hash);
    let entry = index.entry_mut(id);
    entry.status = BlockStatus::from_bits(5 | 8 | 16);
    (
        entry.tx_count,
        entry.file,
        entry.data_offset,
        entry.undo_offset,
    ) = (1, 3, 300, 8);
    let info = FileInfo {
        blocks: 2,
        size: 500,
        undo_size: 40,
        first_height: 0,
        last_height: 1,
        first_time: 1_231_006_505,
        last_time: 1_231_469_665,
    };
    let files = [(0, FileInfo::default()), (1, info)];
    let dirty = index.take_dirty();
    assert_eq!(dirty, BTreeSet::from([id]));
    disk.write(IndexStore::batch(&index, &dirty, files.into_iter(), 1))
        .unwrap();
    assert!(!disk.is_reindexing().unwrap());
    disk.set_reindexing(true).unwrap();
    let rows: Vec<_> = store
        .scan(b"")
        .map(|row| {
            let (key, value) = row.unwrap();
            format!("{} {}", to_hex(&key), to_hex(&value))
        })
        .collect();
    let header = to_hex(&params.genesis.block[..80]);
    assert_eq!(
        rows,
        [
            "52 31".to_owned(),
            format!("62{} 8eed3c001d0103812c08{header}", to_hex(&block.hash.0)),
            "6600000000 00000000000000".to_owned(),
            "6601000000 02827428000183c9fdd52983ca99f761".to_owned(),
            "6c 01000000".to_owned(),
        ]
    );
    assert!(disk.is_reindexing().unwrap());
    disk.set_reindexing(false).unwrap();
    assert_eq!(disk.files().unwrap(), files.map(|(_, info)| info));
    let stored: Vec<_> = disk.blocks().map(Result::unwrap).collect();
    let [entry] = &stored[..] else {
        panic!("one block")
    };
    assert_eq!((entry.hash, entry.header), (block.hash, block.header));
    assert_eq!((entry.height, entry.tx_count, entry.file), (0, 1, 3));
    assert_eq!((entry.data_offset, entry.undo_offset), (300, 8));
    let StoredEntry { status, .. } = entry;
    assert_eq!(status.bits(), 29);
    assert!(FileInfo::decode(&mut Reader::new(&[0x82])).is_err());
}
