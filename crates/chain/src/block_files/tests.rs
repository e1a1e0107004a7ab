use std::collections::BTreeSet;

use primitives::params::{Coin, Network};
use primitives::{Amount, OutPoint, Script, Tx, TxIn, TxOut};

use super::*;
use crate::coins::Coin as UnspentCoin;
use crate::undo::TxUndo;

fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Regtest)
}

/// A block with an input script of this many bytes.
fn block(fill: u8, bytes: usize) -> Block {
    let data = primitives::transaction::TxData {
        version: 1,
        inputs: vec![TxIn {
            script_sig: Script::from(vec![fill; bytes]),
            ..TxIn::unsigned(OutPoint::NULL, 0)
        }],
        outputs: Vec::new(),
        lock_time: 0,
    };
    let tx = Tx::new(data, params().hashes);
    Block::new(
        primitives::Header::default(),
        vec![std::sync::Arc::new(tx)],
        params().hashes,
    )
}

fn undo(fill: u8) -> BlockUndo {
    let script_pubkey = Script::from(vec![fill; 50]);
    let output = TxOut {
        value: Amount::from_sat(1000),
        script_pubkey,
    };
    let spent = vec![
        UnspentCoin {
            height: 9,
            coinbase: true,
            output
        };
        3
    ];
    BlockUndo {
        txs: vec![TxUndo { spent }, TxUndo::default()],
    }
}

#[test]
fn records_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let files = BlockFiles::open(dir.path(), params(), true, true).unwrap();
    let mut writer = BlockFileWriter::new(files.clone(), Vec::new(), None);
    let prev = BlockHash([7; 32]);
    let mut written = Vec::new();
    for n in 0..20u8 {
        let block = block(n, 9_000);
        let pos = writer.write_block(&block, n.into()).unwrap();
        let undo = undo(n);
        let undo_pos = writer.write_undo(&undo, &prev, pos.file, n.into()).unwrap();
        written.push((block, pos, undo, undo_pos));
    }
    writer.flush().unwrap();
    // 64 KiB a file: seven blocks fit.
    assert_eq!(
        (writer.last_file(), written[6].1.file, written[7].1.file),
        (2, 0, 1)
    );
    assert_eq!(written[7].1.offset, 8);
    assert_eq!(writer.info(0).blocks, 7);
    assert_eq!(
        (writer.info(1).first_height, writer.info(1).last_height),
        (7, 13)
    );
    for (block, pos, undo, undo_pos) in &written {
        // All blocks here have one header, and so one id.
        assert_eq!(files.read_block(*pos, &block.hash).unwrap(), *block);
        assert_eq!(files.read_undo(*undo_pos, &prev).unwrap(), *undo);
    }
    // The first file was cut to what is in use.
    let size = files.block_path(0).metadata().unwrap().len();
    assert_eq!(size, u64::from(writer.info(0).size));
    let (_, pos, _, undo_pos) = &written[0];
    let damaged = |error: FileError| matches!(error, FileError::Damaged { .. });
    assert!(damaged(
        files.read_undo(*undo_pos, &BlockHash::ZERO).unwrap_err()
    ));
    assert!(damaged(files.read_block(*pos, &prev).unwrap_err()));
    for offset in [0, 7, 9, 100, u32::MAX] {
        let pos = FilePos { file: 0, offset };
        assert!(files.read_raw_block(pos, &written[0].0.header).is_err());
    }
    let (first, pos, ..) = &written[0];
    assert!(files.read_raw_block(*pos, &first.header).is_ok());
    let other = Header {
        nonce: 7,
        ..first.header
    };
    let error = files.read_raw_block(*pos, &other).unwrap_err().to_string();
    assert!(error.contains("another block lies there"), "{error}");
    let missing = files
        .read_raw_block(FilePos { file: 9, offset: 8 }, &first.header)
        .unwrap_err();
    assert!(missing.to_string().contains("blk00009.dat"), "{missing}");
    // Another writer goes on behind what is in use.
    let infos = (0..3).map(|file| *writer.info(file)).collect();
    let mut again = BlockFileWriter::new(files, infos, None);
    let pos = again.write_block(&block(1, 10), 20).unwrap();
    assert_eq!((pos.file, pos.offset), (2, writer.info(2).size + 8));
}

#[test]
fn blocks_above_a_snapshot_have_their_own_files() {
    let dir = tempfile::tempdir().unwrap();
    let files = BlockFiles::open(dir.path(), params(), true, true).unwrap();
    let mut writer = BlockFileWriter::new(files.clone(), Vec::new(), None);
    let write = |writer: &mut BlockFileWriter, heights: &[u32]| -> Vec<u32> {
        let write = |height: &u32| {
            let file = writer.write_block(&block(1, 9_000), *height).unwrap().file;
            let undo = writer.write_undo(&undo(1), &BlockHash::ZERO, file, *height);
            assert_eq!(undo.unwrap().file, file);
            file
        };
        heights.iter().map(write).collect()
    };
    assert_eq!(write(&mut writer, &[1, 2, 3]), [0, 0, 0]);
    writer.set_snapshot_height(Some(100));
    // Seven fill a file.
    assert_eq!(
        write(&mut writer, &[100, 4, 101, 5, 102, 6]),
        [1, 0, 1, 0, 1, 0]
    );
    assert_eq!(
        write(&mut writer, &[7, 8, 103, 104, 105, 106, 107, 9]),
        [0, 2, 1, 1, 1, 1, 3, 2]
    );
    assert_eq!(
        (writer.last_file(), writer.open_files()),
        (3, BTreeSet::from([2, 3]))
    );
    let heights = |file| {
        (
            writer.info(file).first_height,
            writer.info(file).last_height,
        )
    };
    assert_eq!(
        [0, 1, 2, 3].map(heights),
        [(1, 7), (100, 106), (8, 9), (107, 107)]
    );
    writer.flush().unwrap();
    // Another run goes on in both, also where files in between were pruned.
    writer.forget(&BTreeSet::from([0, 1]));
    let infos: Vec<_> = (0..4).map(|file| *writer.info(file)).collect();
    let mut again = BlockFileWriter::new(files.clone(), infos.clone(), Some(100));
    assert_eq!(write(&mut again, &[108, 10]), [3, 2]);
    // With the snapshot confirmed there is one kind again.
    let mut confirmed = BlockFileWriter::new(files.clone(), infos.clone(), None);
    assert_eq!(write(&mut confirmed, &[108, 10]), [3, 3]);
    // Blocks that an index is made of anew set both places.
    let mut empty = BlockFileWriter::new(files, Vec::new(), Some(100));
    for (height, file) in [(1, 0), (100, 1), (8, 2), (107, 3)] {
        let pos = FilePos { file, offset: 8 };
        empty.add_known(&block(1, 9_000), height, pos);
    }
    assert_eq!(empty.open_files(), BTreeSet::from([2, 3]));
}

#[test]
fn no_record_is_longer_than_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let files = BlockFiles::open(dir.path(), params(), false, false).unwrap();
    let mut record = params().magic.to_vec();
    record.extend(0x0200_0000u32.to_le_bytes());
    record.extend([0; 200]);
    std::fs::write(files.block_path(0), &record).unwrap();
    std::fs::write(files.undo_path(0), &record[..20]).unwrap();
    let pos = FilePos { file: 0, offset: 8 };
    let header = block(1, 10).header;
    let error = files.read_raw_block(pos, &header).unwrap_err().to_string();
    assert!(
        error.contains("blk00000.dat is damaged at offset 8"),
        "{error}"
    );
    assert!(error.contains("-reindex"), "{error}");
    assert!(files.read_undo(pos, &BlockHash::ZERO).is_err());
}

#[test]
fn a_file_that_is_too_long_gets_no_more_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let files = BlockFiles::open(dir.path(), params(), false, false).unwrap();
    let mut writer = BlockFileWriter::new(files, Vec::new(), None);
    let end = FilePos {
        file: 0,
        offset: u32::MAX - 4,
    };
    writer.add_known(&block(1, 10), 1, end);
    let pos = writer.write_block(&block(2, 10), 2).unwrap();
    assert_eq!((pos.file, pos.offset), (1, 8));
}

#[test]
fn a_key_file_of_any_size_is_only_a_bad_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(dir.path().join("xor.dat")).unwrap();
    file.set_len(1 << 40).unwrap();
    let error = BlockFiles::open(dir.path(), params(), true, false).unwrap_err();
    assert!(matches!(error, FileError::BadKey(_)), "{error}");
}

#[test]
fn the_key_follows_the_offset() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("xor.dat"), [1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    let key = BlockFiles::open(dir.path(), params(), true, false)
        .unwrap()
        .key();
    assert_eq!(key.to_string(), "0102030405060708");
    for offset in 0..17u64 {
        let mut bytes = [0; 21];
        key.apply(&mut bytes, offset);
        for (at, byte) in (offset..).zip(bytes) {
            assert_eq!(u64::from(byte), at % 8 + 1);
        }
        key.apply(&mut bytes, offset);
        assert_eq!(bytes, [0; 21]);
    }
}
