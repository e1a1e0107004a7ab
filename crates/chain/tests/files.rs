//! Files on disk: those of Core, damaged ones, those of others.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use chain::coinstats::CoinStatsHash;
use chain::store::{Store, StoreError, StoreKind, StoreOptions};
use chain::{ChainError, Ended, FileError, Reindex, StartError};
use common::{Net, TestChain, copy_dir, files_below, vector};
use primitives::ChainParams;
use primitives::params::{Coin, Network};

/// Copies the block directory that Core wrote.
fn copy_core_blocks(to: &Path, names: &[&str]) -> bool {
    let Some(from) = vector("regtest/blocks") else {
        return false;
    };
    let blocks = to.join("blocks");
    fs::create_dir_all(&blocks).unwrap();
    for name in names {
        fs::write(blocks.join(name), fs::read(from.join(name)).unwrap()).unwrap();
    }
    true
}

#[test]
fn a_block_directory_of_core_is_reindexed() {
    let dir = tempfile::tempdir().unwrap();
    if !copy_core_blocks(dir.path(), &["blk00000.dat", "xor.dat"]) {
        return;
    }
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        config.reindex = Reindex::All
    });
    chain.import();
    let tip = chain.reader.tip();
    assert_eq!(
        (tip.height, tip.hash.to_string().as_str()),
        (
            200,
            "4d67da19b0ff690b98e660bb1f23df844294c3405146a51d462aad51615e1838"
        )
    );
    assert_eq!(
        chain.muhash(),
        "76cce74798d13035bf360cdd630c5ebaf2b86b4fc0ffd2e1288ff5652f2be188"
    );
    let stats = chain.stats(CoinStatsHash::Serialized);
    assert_eq!(
        stats.hash.unwrap().to_string(),
        "36ac985b8fae023d710cf6124df4be1a5505741331ffa3c28b4b6fa94ef9ba86"
    );
    assert_eq!(stats.outputs, 4_136);
    chain.stop();
    // Undo data was not copied, but made anew: byte by byte as Core had it.
    let theirs = fs::read(vector("regtest/blocks/rev00000.dat").unwrap()).unwrap();
    let ours = fs::read(dir.path().join("blocks/rev00000.dat")).unwrap();
    assert!(ours.len() >= theirs.len());
    let differs = ours.iter().zip(&theirs).position(|(a, b)| a != b);
    assert_eq!(differs, None);
    assert!(
        ours[theirs.len()..].iter().all(|byte| *byte == 0),
        "only space that was reserved"
    );
}

#[test]
fn damaged_undo_data_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    if !copy_core_blocks(dir.path(), &["blk00000.dat", "xor.dat"]) {
        return;
    }
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        config.reindex = Reindex::All
    });
    chain.import();
    chain.stop();
    let path = dir.path().join("blocks/rev00000.dat");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end - 100] ^= 1;
    fs::write(&path, &bytes).unwrap();
    // At start, when all is checked.
    let error = TestChain::try_open(Net::Regtest, dir.path(), |_| ())
        .err()
        .unwrap();
    assert!(matches!(error, StartError::Corrupted(_)), "{error}");
    assert!(error.to_string().contains("rev00000.dat"), "{error}");
    assert!(error.can_rebuild());
    // While running, when the block is to be taken back.
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| config.check_level = 0);
    let tip = chain.reader.tip().hash;
    assert!(!chain.handle.verify_chain(2, 6).wait().unwrap());
    let error = chain.handle.invalidate_block(tip).wait().unwrap_err();
    assert!(matches!(error, ChainError::Stopped));
    let ended = chain.reader.ended();
    let error = chain.try_stop().unwrap_err();
    assert!(matches!(error, ChainError::File(FileError::Damaged { .. })));
    let ended = ended.borrow().clone();
    let Some(Ended::Fatal(why)) = ended else {
        panic!("{ended:?}")
    };
    assert!(
        why.contains("rev00000.dat is damaged") && why.contains("checksum"),
        "{why}"
    );
    // Built anew, all is well.
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        config.reindex = Reindex::All
    });
    chain.import();
    assert_eq!(chain.reader.height(), 200);
}

#[test]
fn a_cut_block_file_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    if !copy_core_blocks(dir.path(), &["blk00000.dat", "xor.dat"]) {
        return;
    }
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        config.reindex = Reindex::All
    });
    chain.import();
    chain.stop();
    let path = dir.path().join("blocks/blk00000.dat");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = TestChain::try_open(Net::Regtest, dir.path(), |_| ())
        .err()
        .unwrap();
    assert!(matches!(error, StartError::Corrupted(_)), "{error}");
    assert!(error.to_string().contains("blk00000.dat"), "{error}");
}

#[test]
fn a_missing_block_file_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    TestChain::open(Net::Regtest, dir.path(), |_| ()).stop();
    let path = dir.path().join("blocks/blk00000.dat");
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let error = TestChain::try_open(Net::Regtest, dir.path(), |_| ())
        .err()
        .unwrap();
    let text = error.to_string();
    assert!(text.starts_with("Error loading block database: "), "{text}");
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    fs::write(&path, bytes).unwrap();
    // Without the index, coins stand at a block that nobody knows. Nothing is overwritten.
    fs::remove_dir_all(dir.path().join("blocks/index")).unwrap();
    let before = fs::read(&path).unwrap();
    let error = TestChain::try_open(Net::Regtest, dir.path(), |_| ())
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "Error initializing block database");
    assert!(error.can_rebuild());
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn the_key_of_the_block_files_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    TestChain::open(Net::Regtest, dir.path(), |_| ()).stop();
    let path = dir.path().join("blocks/xor.dat");
    assert_ne!(fs::read(&path).unwrap(), [0; 8]);
    let error = TestChain::try_open(Net::Regtest, dir.path(), |config| config.use_xor = false);
    let text = error.err().unwrap().to_string();
    assert!(
        text.starts_with("The blocksdir XOR-key can not be disabled"),
        "{text}"
    );
    fs::write(&path, [1; 7]).unwrap();
    let error = TestChain::try_open(Net::Regtest, dir.path(), |_| ())
        .err()
        .unwrap();
    assert!(
        matches!(error, StartError::Files(FileError::BadKey(_))),
        "{error}"
    );
    let plain = tempfile::tempdir().unwrap();
    TestChain::open(Net::Regtest, plain.path(), |config| config.use_xor = false).stop();
    let raw = fs::read(plain.path().join("blocks/blk00000.dat")).unwrap();
    assert_eq!(raw[..4], Net::Regtest.params().magic);
    assert_eq!(raw[8..8 + 285], *Net::Regtest.params().genesis.block);
}

fn open_store(path: &Path, params: &ChainParams, wipe: bool) -> Result<Store, StoreError> {
    let options = StoreOptions {
        kind: StoreKind::Coins,
        cache_bytes: 1 << 20,
        buffer_bytes: 1 << 20,
        wipe,
    };
    Store::open(path, params, &options)
}

#[test]
fn directories_of_others_are_left_alone() {
    let params = Net::Regtest.params();
    let listing = |path: &Path| {
        let mut names: Vec<_> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    for (name, foreign) in [
        ("CURRENT", true),
        ("MANIFEST-000004", true),
        ("notes.txt", false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), "x").unwrap();
        for wipe in [false, true] {
            let error = open_store(dir.path(), params, wipe).unwrap_err();
            assert!(error.is_refusal());
            assert_eq!(matches!(error, StoreError::Foreign(_)), foreign, "{error}");
            assert_eq!(listing(dir.path()), [name]);
        }
    }
}

#[test]
fn a_store_belongs_to_one_chain_and_format() {
    let dir = tempfile::tempdir().unwrap();
    let params = Net::Regtest.params();
    drop(open_store(dir.path(), params, false).unwrap());
    for (coin, network) in [
        (Coin::Bitcoin, Network::Main),
        (Coin::Groestlcoin, Network::Regtest),
    ] {
        let error = open_store(dir.path(), ChainParams::get(coin, network), true).unwrap_err();
        assert!(
            matches!(&error, StoreError::WrongChain { found, .. } if found == "bitcoin regtest")
        );
    }
    let marker = dir.path().join("bitq-store");
    let text = fs::read_to_string(&marker).unwrap();
    let (own, newer) = (env!("CARGO_PKG_VERSION"), "99.1.2");
    assert!(text.contains(&format!("version={own}\n")), "{text}");
    let later = text.replace("format=1", "format=7");
    let later = later.replace(&format!("version={own}"), &format!("version={newer}"));
    fs::write(&marker, later).unwrap();
    let error = open_store(dir.path(), params, true).unwrap_err();
    let text_of_error = error.to_string();
    assert!(text_of_error.contains("its format is 7"), "{text_of_error}");
    assert!(text_of_error.contains("formats up to 1"), "{text_of_error}");
    assert!(text_of_error.contains(newer), "{text_of_error}");
    assert!(
        text_of_error.contains(&format!("This is bitq {own}")),
        "{text_of_error}"
    );
    fs::write(&marker, "garbage").unwrap();
    assert!(matches!(
        open_store(dir.path(), params, false),
        Err(StoreError::BadMarker(_))
    ));
    fs::write(&marker, text).unwrap();
    open_store(dir.path(), params, false).unwrap();
}

#[test]
fn damaged_store_files_give_an_error() {
    let dir = tempfile::tempdir().unwrap();
    TestChain::open(Net::Regtest, dir.path(), |_| ()).stop();
    for store in ["chainstate", "blocks/index"] {
        let copy = tempfile::tempdir().unwrap();
        copy_dir(dir.path(), copy.path());
        let mut damaged = 0;
        for file in files_below(&copy.path().join(store)) {
            if file.file_name().unwrap() != "bitq-store" {
                fs::write(&file, b"garbage of no use to anyone").unwrap();
                damaged += 1;
            }
        }
        assert!(damaged > 2);
        let error = TestChain::try_open(Net::Regtest, copy.path(), |_| ())
            .err()
            .unwrap();
        assert!(error.can_rebuild(), "{error}");
    }
}

/// What the disk of the test below says of itself.
static FREE: AtomicU64 = AtomicU64::new(u64::MAX);

#[test]
fn nothing_is_begun_that_a_nearly_full_disk_would_end_half_way() {
    let Some(file) = vector("blocks/mainnet-0-to-438.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        TestChain::open(Net::Main, dir.path(), |config| {
            config.free_space = |_| Some(FREE.load(Ordering::Relaxed));
        })
    };
    let chain = open();
    chain.import();
    chain.handle.flush().wait().unwrap();
    let before = files_below(&dir.path().join("chainstate"));
    chain.load(&file);
    FREE.store(10 << 20, Ordering::Relaxed);
    assert!(chain.handle.flush().wait().is_err());
    let error = chain.try_stop().unwrap_err().to_string();
    assert!(error.contains("Disk space is too low!"), "{error}");
    assert!(error.contains(&dir.path().display().to_string()), "{error}");
    assert_eq!(files_below(&dir.path().join("chainstate")), before);
    FREE.store(1 << 30, Ordering::Relaxed);
    let chain = open();
    chain.import();
    assert_eq!(chain.reader.tip().height, 438);
    chain.handle.flush().wait().unwrap();
    chain.stop();
}
