//! Real chains: loaded from files, flushed, reopened, rebuilt.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chain::coinstats::CoinStatsHash;
use chain::{ChainConfig, ChainError, Clock, Ended, Reindex, StartError, Submission, Task};
use common::mine::{Parent, mine};
use common::{Net, TestChain, vector};

/// How long anything may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

#[test]
fn main_network_blocks_validate() {
    let Some(file) = vector("blocks/mainnet-0-to-438.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Main, dir.path(), |_| ());
    chain.load(&file);
    let tip = chain.reader.tip();
    assert_eq!(tip.height, 438);
    assert_eq!(
        tip.hash.to_string(),
        "0000000025c6b644f8add734be7e666fa4afa43ca0204d623a0c0b1fd2104c7a"
    );
    // Each block but the first has made one coin, and seven were spent for change.
    let stats = chain.stats(CoinStatsHash::None);
    assert_eq!(stats.total_amount.unwrap().sat(), 438 * 50 * 100_000_000);
    // Counting wrote all coins and kept them; each takes more than its 8 bytes of value.
    let (used, most) = chain.reader.coins_memory();
    assert!((438 * 8..most).contains(&used), "{used} of {most} bytes");
}

#[test]
fn regtest_chain_has_the_coins_of_core() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    chain.load(&file);
    check_regtest(&chain);
    chain.stop();
    // The same after a restart, after building the coins anew, and after building all anew.
    for reindex in [Reindex::No, Reindex::Chainstate, Reindex::All, Reindex::No] {
        let chain = TestChain::open(Net::Regtest, dir.path(), |config| config.reindex = reindex);
        chain.import();
        check_regtest(&chain);
        assert!(chain.handle.verify_chain(4, 0).wait().unwrap());
        chain.stop();
    }
}

#[test]
fn a_tiny_cache_gives_the_same_coins() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let tiny = |config: &mut ChainConfig| {
        config.cache_bytes = 1 << 20;
        config.batch_bytes = 10_000;
        config.fast_prune = true;
        config.script_threads = 1;
    };
    let chain = TestChain::open(Net::Regtest, dir.path(), tiny);
    chain.load(&file);
    check_regtest(&chain);
    assert!(dir.path().join("blocks/blk00042.dat").exists());
    chain.stop();
    let chain = TestChain::open(Net::Regtest, dir.path(), tiny);
    check_regtest(&chain);
}

fn check_regtest(chain: &TestChain) {
    let tip = chain.reader.tip();
    assert_eq!(tip.height, 467);
    assert_eq!(
        tip.hash.to_string(),
        "10baab34e3363769f6817cc096c3efd74abcacf104e12f44ad3542e32d3d540f"
    );
    let stats = chain.stats(CoinStatsHash::MuHash);
    assert_eq!(
        stats.hash.unwrap().to_string(),
        "eaa2c75db89576fabdab4620e8ee2c85f5a37f991ac03042b473be364d2b6b89"
    );
    let stats = chain.stats(CoinStatsHash::Serialized);
    assert_eq!(
        stats.hash.unwrap().to_string(),
        "63e68dc04914d7c8825b021900cb38bf2833df92504b79b1135721b20ace1f32"
    );
    assert_eq!(stats.outputs, 14_692);
}

/// The records of a block file, each with magic and length.
fn records(file: &std::path::Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(file).unwrap();
    let mut rest = &bytes[..];
    let mut records = Vec::new();
    while let Some(length) = rest.get(4..8) {
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize + 8;
        let (record, others) = rest.split_at(length);
        records.push(record.to_vec());
        rest = others;
    }
    records
}

#[test]
fn blocks_may_come_in_any_order_with_garbage_between() {
    let Some(file) = vector("blocks/mainnet-0-to-438.dat") else {
        return;
    };
    let mut records = records(&file);
    assert_eq!(records.len(), 439);
    // Genesis first as everywhere; the others backwards, but for some.
    records[1..].reverse();
    records.swap(100, 300);
    let mut bytes = Vec::new();
    for (n, record) in records.iter().enumerate() {
        bytes.extend(vec![0xf9; n % 7]);
        bytes.extend(record);
        if n % 50 == 49 {
            bytes.extend(&record[..60]);
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let shuffled = dir.path().join("shuffled.dat");
    std::fs::write(&shuffled, &bytes).unwrap();
    let chain = TestChain::open(Net::Main, &dir.path().join("a"), |_| ());
    chain.load(&shuffled);
    assert_eq!(chain.reader.height(), 438);
    let expected = chain.muhash();
    chain.stop();
    // The same as a block file of our own.
    let blocks = dir.path().join("b/blocks");
    std::fs::create_dir_all(&blocks).unwrap();
    std::fs::write(blocks.join("blk00000.dat"), &bytes).unwrap();
    std::fs::write(blocks.join("xor.dat"), [0; 8]).unwrap();
    let all = |config: &mut ChainConfig| config.reindex = Reindex::All;
    let chain = TestChain::open(Net::Main, &dir.path().join("b"), all);
    chain.import();
    assert_eq!(chain.reader.height(), 438);
    assert_eq!(chain.muhash(), expected);
    assert_eq!(
        std::fs::read(blocks.join("blk00000.dat")).unwrap()[..bytes.len()],
        bytes
    );
    // A block that comes later goes behind all others.
    chain.stop();
    let chain = TestChain::open(Net::Main, &dir.path().join("b"), |_| ());
    assert!(chain.handle.verify_chain(4, 0).wait().unwrap());
}

#[test]
fn an_interrupted_import_and_reindex_go_on() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    for reindex in [Reindex::No, Reindex::All] {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
            config.reindex = reindex;
            config.fast_prune = true;
            let progressed = Arc::clone(&stop);
            config.progress = Arc::new(move |progress| {
                if matches!(progress.task, Task::Importing | Task::Reindexing)
                    && (10..100).contains(&progress.percent)
                {
                    progressed.store(true, Ordering::Relaxed);
                }
            });
            config.stop = Arc::new(move || asked.load(Ordering::Relaxed));
        });
        chain.load(&file);
        assert!(stop.load(Ordering::Relaxed));
        assert!(chain.reader.height() < 467);
        chain.stop();
    }
    // Without being told again, the reindex goes on; then the rest is loaded.
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| config.fast_prune = true);
    chain.load(&file);
    check_regtest(&chain);
}

#[test]
fn a_cancelled_import_leaves_a_sound_chain_and_can_be_repeated() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        let cancel = Arc::clone(&config.cancel);
        config.progress = Arc::new(move |progress| {
            if progress.task == Task::Importing && (10..100).contains(&progress.percent) {
                cancel.cancel_import();
            }
        });
    });
    chain.load(&file);
    let reached = chain.reader.height();
    assert!((1..467).contains(&reached), "{reached}");
    assert!(chain.handle.verify_chain(4, 0).wait().unwrap());
    chain.stop();
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    assert_eq!(chain.reader.height(), reached);
    chain.load(&file);
    check_regtest(&chain);
}

#[test]
fn a_cancelled_verification_takes_the_blocks_as_they_are() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    chain.load(&file);
    chain.stop();
    let seen = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = Arc::clone(&seen);
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        config.check_blocks = 0;
        let cancel = Arc::clone(&config.cancel);
        config.progress = Arc::new(move |progress| {
            if progress.task == Task::Verifying {
                counted.fetch_add(1, Ordering::Relaxed);
                cancel.cancel_verification();
            }
        });
    });
    // One block, and the end.
    assert_eq!(seen.load(Ordering::Relaxed), 2);
    check_regtest(&chain);
}

/// Opens a chain whose blocks on disk wait once the import has come so far, and begins the import; returns when they wait.
fn open_and_pause(
    dir: &std::path::Path,
    reindex: Reindex,
    task: Task,
) -> (TestChain, std::thread::JoinHandle<Result<(), ChainError>>) {
    let (tell, paused) = std::sync::mpsc::sync_channel(100);
    let chain = TestChain::open(Net::Regtest, dir, |config| {
        config.fast_prune = true;
        config.reindex = reindex;
        let cancel = Arc::clone(&config.cancel);
        config.progress = Arc::new(move |progress| {
            if progress.task == task && (30..100).contains(&progress.percent) {
                cancel.pause_import();
            } else if progress.task == task && progress.percent == 100 {
                let _late = tell.send(());
            }
        });
    });
    let import = chain.handle.import(Vec::new());
    let import = std::thread::spawn(move || import.wait());
    paused.recv_timeout(PATIENCE).unwrap();
    (chain, import)
}

/// Another block on the tip, which is stored whatever waits.
fn mine_on_tip(chain: &TestChain) -> Arc<primitives::Block> {
    let tip = chain.reader.tip_block().unwrap();
    let tip = chain.reader.read_block(&tip.hash).unwrap();
    let parent = Parent::of(&tip, chain.reader.height());
    let block = mine(chain.reader.params(), parent, &[], 77, 600_000_000);
    let submitted = chain
        .handle
        .submit_block(Arc::clone(&block), Submission::LOCAL);
    assert!(submitted.wait().unwrap().new);
    block
}

#[test]
fn blocks_on_disk_can_wait_for_the_next_start() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| config.fast_prune = true);
    chain.load(&file);
    chain.stop();
    for (reindex, task) in [
        (Reindex::All, Task::Reindexing),
        (Reindex::Chainstate, Task::Connecting),
    ] {
        let (chain, import) = open_and_pause(dir.path(), reindex, task);
        let reached = chain.reader.tip_block().unwrap().height;
        let headers = chain.reader.subscribe().borrow().headers;
        match task {
            Task::Reindexing => assert!((1..467).contains(&headers), "{headers}"),
            _ => assert!((1..467).contains(&reached), "{reached}"),
        }
        // It goes on serving, and what comes in is stored without harm to what was not read.
        let block = mine_on_tip(&chain);
        let after = chain.reader.height();
        assert!(after <= reached + 1, "{reached}, {after}");
        chain.handle.barrier().wait().unwrap();
        assert_eq!(chain.reader.height(), after);
        assert!(!import.is_finished());
        chain.stop();
        assert!(matches!(import.join().unwrap(), Err(ChainError::Stopped)));
        let chain = TestChain::open(Net::Regtest, dir.path(), |config| config.fast_prune = true);
        chain.import();
        check_regtest(&chain);
        assert!(chain.reader.read_block(&block.hash).is_ok());
        chain.stop();
    }
}

#[test]
fn the_height_to_stop_at_is_kept() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let old = Clock::new();
    old.set_mock(i64::from(u32::MAX));
    let open = |height| {
        TestChain::open(Net::Regtest, dir.path(), |config| {
            config.stop_at_height = height;
            config.clock = old.clone();
        })
    };
    let chain = open(Some(100));
    chain.load(&file);
    assert_eq!(chain.reader.height(), 100);
    assert_eq!(*chain.reader.ended().borrow(), Some(Ended::StopHeight(100)));
    chain.stop();
    let chain = open(None);
    assert_eq!(chain.reader.height(), 100);
    chain.import();
    check_regtest(&chain);
    assert!(chain.reader.tip().initial_download, "the tip is old");
    let time = chain.reader.tip().time;
    chain.stop();
    // With a clock near the tip, the download is over.
    let clock = Clock::new();
    clock.set_mock(i64::from(time) + 60);
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        config.clock = clock.clone()
    });
    assert!(!chain.reader.tip().initial_download);
    chain.stop();
    // A tip from the future is refused.
    clock.set_mock(i64::from(time) - 7201);
    let error = TestChain::try_open(Net::Regtest, dir.path(), |config| config.clock = clock);
    let error = error.err().unwrap();
    assert!(matches!(error, StartError::FutureTip) && error.can_rebuild());
}

#[test]
fn no_block_is_connected_above_the_height_to_stop_at() {
    let params = Net::Regtest.params();
    let dir = tempfile::tempdir().unwrap();
    let open = |height, reindex| {
        TestChain::open(Net::Regtest, dir.path(), |config| {
            config.stop_at_height = height;
            config.reindex = reindex;
        })
    };
    let chain = open(Some(5), Reindex::No);
    let mut parent = Parent::from(&chain.reader.tip_block().unwrap());
    let mut hashes = Vec::new();
    for height in 1..=8 {
        let block = mine(params, parent, &[], 0, 1);
        parent = Parent::of(&block, height);
        hashes.push(block.hash);
        let call = chain.handle.submit_block(block, Submission::LOCAL);
        let connected = call.wait().unwrap().connected;
        // Those above are kept for later.
        assert_eq!(connected.is_some(), height <= 5, "{height}: {connected:?}");
    }
    assert_eq!(*chain.reader.ended().borrow(), Some(Ended::StopHeight(5)));
    // Nor by what people decide about blocks.
    chain.handle.invalidate_block(hashes[4]).wait().unwrap();
    chain.handle.reconsider_block(hashes[4]).wait().unwrap();
    assert_eq!(chain.reader.height(), 4);
    chain.import();
    assert_eq!(chain.reader.height(), 4);
    chain.stop();
    for reindex in [Reindex::No, Reindex::Chainstate, Reindex::All] {
        let chain = open(Some(6), reindex);
        chain.import();
        assert_eq!(chain.reader.height(), 6, "{reindex:?}");
        assert_eq!(*chain.reader.ended().borrow(), Some(Ended::StopHeight(6)));
        chain.stop();
    }
    let chain = open(None, Reindex::No);
    chain.import();
    assert_eq!(chain.reader.height(), 8);
    chain.stop();
}
