//! Old blocks go, and nothing else does: not by a kill either.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::path::Path;
use std::sync::Arc;

use chain::{
    ChainConfig, ChainError, MIN_BLOCKS_TO_KEEP, Prune, ReadError, Reindex, StartError, Submission,
};
use common::crash::{DIR, Kill, WORK, run_and_kill, say_done, stand_still_at_place};
use common::mine::{Parent, mine_padded};
use common::world::{read_records, write_records};
use common::{Net, TestChain, files_below};
use primitives::{Block, ChainParams};
use tempfile::TempDir;

/// Name of the file with all blocks.
const BLOCKS: &str = "blocks-of-the-test.dat";
/// Blocks of the chain: so many more than are kept in any case.
const COUNT: u32 = MIN_BLOCKS_TO_KEEP + 170;
/// Bytes of a block: sixteen fill a file.
const BLOCK_BYTES: usize = 4_000;
/// Less than a block may pay at any height here.
const REWARD: i64 = 600_000_000;

/// Regtest, but old blocks go early.
fn params() -> &'static ChainParams {
    let mut params = Net::Regtest.params().clone();
    params.prune_after_height = 100;
    Box::leak(Box::new(params))
}

fn small(config: &mut ChainConfig) {
    config.params = params();
    config.cache_bytes = 1 << 20;
    config.script_threads = 1;
    config.fast_prune = true;
}

fn manual(config: &mut ChainConfig) {
    small(config);
    config.prune = Prune::Manual;
}

fn blocks() -> Vec<Arc<Block>> {
    let params = Net::Regtest.params();
    let genesis = Block::from_bytes(params.genesis.block, params.hashes).unwrap();
    let mut parent = Parent::of(&genesis, 0);
    (1..=COUNT)
        .map(|height| {
            let block = mine_padded(params, parent, &[], (0, BLOCK_BYTES), REWARD);
            parent = Parent::of(&block, height);
            block
        })
        .collect()
}

fn submit(chain: &TestChain, blocks: &[Arc<Block>]) {
    for block in blocks {
        let call = chain
            .handle
            .submit_block(Arc::clone(block), Submission::LOCAL);
        assert_eq!(call.wait().unwrap().connected, Some(Ok(())));
    }
}

/// Files of blocks and of what they spent.
fn numbers(dir: &Path, kind: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = files_below(&dir.join("blocks"))
        .iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix(kind)?;
            name.strip_suffix(".dat")?.parse().ok()
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

/// A directory with the chain, and its coins' hash.
fn full(blocks: &[Arc<Block>], change: fn(&mut ChainConfig)) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), change);
    submit(&chain, blocks);
    let coins = chain.muhash();
    chain.stop();
    (dir, coins)
}

fn hash_at(blocks: &[Arc<Block>], height: u32) -> primitives::BlockHash {
    blocks[height as usize - 1].hash
}

#[test]
fn old_blocks_go_when_they_are_told_to() {
    let blocks = blocks();
    let (dir, coins) = full(&blocks, small);
    let chain = TestChain::open(Net::Regtest, dir.path(), manual);
    let before = chain.reader.disk_bytes();
    assert_eq!(chain.reader.prune_height(), None);
    chain.handle.prune(5).wait().unwrap();
    assert_eq!(chain.reader.prune_height(), None, "files go as a whole");
    chain.handle.prune(100).wait().unwrap();
    let pruned = chain.reader.prune_height().unwrap();
    assert!((80..=100).contains(&pruned), "{pruned}");
    assert!(chain.reader.disk_bytes() < before);
    let gone = hash_at(&blocks, pruned);
    assert!(matches!(
        chain.reader.read_block(&gone),
        Err(ReadError::Pruned)
    ));
    let info = chain.reader.block(&gone).unwrap();
    assert_eq!((info.tx_count, info.position), (1, None));
    assert!(
        chain
            .reader
            .read_block(&hash_at(&blocks, pruned + 1))
            .is_ok()
    );
    let kept = numbers(dir.path(), "blk");
    assert_eq!(kept, numbers(dir.path(), "rev"));
    assert!(kept[0] > 0);

    // However much is asked for, what a reorganisation may need stays.
    chain.handle.prune(COUNT).wait().unwrap();
    let pruned = chain.reader.prune_height().unwrap();
    assert!(pruned <= COUNT - MIN_BLOCKS_TO_KEEP, "{pruned}");
    let deep = hash_at(&blocks, COUNT - MIN_BLOCKS_TO_KEEP + 1);
    assert!(chain.handle.invalidate_block(deep).wait().unwrap());
    assert_eq!(chain.reader.height(), COUNT - MIN_BLOCKS_TO_KEEP);
    assert!(chain.handle.reconsider_block(deep).wait().unwrap());
    assert_eq!(
        (chain.reader.height(), chain.muhash()),
        (COUNT, coins.clone())
    );
    // Deeper than there is data is refused, and nothing has changed.
    let error = chain.handle.invalidate_block(gone).wait().unwrap_err();
    assert!(matches!(error, ChainError::Pruned(_)), "{error}");
    assert_eq!(chain.reader.height(), COUNT);
    assert!(chain.handle.verify_chain(4, 200).wait().unwrap());
    assert!(!chain.handle.verify_chain(4, 0).wait().unwrap());
    chain.stop();

    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        manual(config);
        config.check_blocks = 0;
        config.check_level = 4;
    });
    chain.import();
    assert!(chain.reader.have_pruned());
    assert_eq!(chain.reader.prune_height(), Some(pruned));
    assert_eq!((chain.reader.height(), chain.muhash()), (COUNT, coins));
    chain.stop();
}

#[test]
fn going_back_to_all_blocks_means_downloading_them() {
    let blocks = blocks();
    let (dir, _) = full(&blocks, manual);
    let chain = TestChain::open(Net::Regtest, dir.path(), manual);
    chain.handle.prune(100).wait().unwrap();
    // A block file that another program holds open may outlive its blocks.
    std::fs::write(dir.path().join("blocks/blk00000.dat"), "left over").unwrap();
    chain.stop();
    let error = TestChain::try_open(Net::Regtest, dir.path(), small)
        .err()
        .unwrap();
    assert!(matches!(error, StartError::WasPruned), "{error}");
    assert!(error.can_rebuild());
    TestChain::open(Net::Regtest, dir.path(), manual).stop();
    assert!(!numbers(dir.path(), "blk").contains(&0));
    // A new index cannot begin in the middle.
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        manual(config);
        config.reindex = Reindex::All;
    });
    chain.import();
    assert_eq!(chain.reader.height(), 0);
    submit(&chain, &blocks[..50]);
    chain.stop();
    assert_eq!(numbers(dir.path(), "blk"), numbers(dir.path(), "rev"));
    let chain = TestChain::open(Net::Regtest, dir.path(), small);
    assert_eq!(chain.reader.height(), 50);
}

/// Bytes that files grow by before they are looked at again.
const BUFFER: u64 = 17 << 20;
/// Bytes of files that may stay.
const TARGET: u64 = BUFFER + (3 << 19);

fn automatic(config: &mut ChainConfig) {
    small(config);
    config.prune = Prune::Automatic(TARGET);
}

#[test]
fn old_blocks_go_when_there_are_too_many() {
    let blocks = blocks();
    let (dir, coins) = full(&blocks, small);
    let check = |chain: &TestChain| {
        let (pruned, bytes) = (chain.reader.prune_height(), chain.reader.disk_bytes());
        assert!(pruned.is_some_and(|height| height > 16), "{pruned:?}");
        assert!(bytes < TARGET - BUFFER + (64 << 10), "{bytes}");
        assert_eq!(
            (chain.reader.height(), chain.muhash()),
            (COUNT, coins.clone())
        );
    };
    let whole = TestChain::open(Net::Regtest, dir.path(), small);
    assert!(whole.reader.disk_bytes() > TARGET - BUFFER + (64 << 10));
    whole.stop();
    // By the start.
    let chain = TestChain::open(Net::Regtest, dir.path(), automatic);
    chain.import();
    check(&chain);
    chain.stop();
    // By blocks that come.
    let (dir, _) = full(&blocks, automatic);
    let chain = TestChain::open(Net::Regtest, dir.path(), automatic);
    check(&chain);
    chain.stop();
    // By an import, while it goes on.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(BLOCKS);
    write_records(&file, params(), &blocks);
    let chain = TestChain::open(Net::Regtest, dir.path(), automatic);
    chain.load(&file);
    check(&chain);
    chain.stop();
}

/// Runs in a process of its own, which the other test kills.
#[test]
fn child() {
    let (Some(dir), Ok(work)) = (std::env::var_os(DIR), std::env::var(WORK)) else {
        return;
    };
    let dir: &Path = dir.as_ref();
    let blocks = read_records(&dir.join(BLOCKS), Net::Regtest.params());
    stand_still_at_place();
    let chain = TestChain::open(Net::Regtest, dir, manual);
    chain.import();
    submit(&chain, &blocks[chain.reader.height() as usize..]);
    chain.handle.prune(work.parse().unwrap()).wait().unwrap();
    chain.stop();
    say_done();
}

#[test]
fn a_kill_while_blocks_go_costs_nothing() {
    let blocks = blocks();
    let clean = tempfile::tempdir().unwrap();
    write_records(&clean.path().join(BLOCKS), params(), &blocks);
    let chain = TestChain::open(Net::Regtest, clean.path(), small);
    // The last blocks are in the block files alone, and coins far behind.
    submit(&chain, &blocks[..60]);
    chain.handle.flush().wait().unwrap();
    chain.stop();
    for (place, count) in [
        ("Prune (Manual)", 1),
        ("Writing chainstate", 1),
        ("Committed", 1),
        ("Prune: UnlinkPrunedFiles", 1),
        ("Prune: UnlinkPrunedFiles", 3),
    ] {
        let dir = tempfile::tempdir().unwrap();
        common::copy_dir(clean.path(), dir.path());
        let killed = run_and_kill(dir.path(), "150", Kill::At(place, count));
        assert!(!killed.done, "{place} does not come {count} times");
        let chain = TestChain::open(Net::Regtest, dir.path(), manual);
        chain.import();
        assert_eq!(chain.reader.tip().hash, hash_at(&blocks, COUNT), "{place}");
        let known = chain.reader.prune_height().unwrap_or(0);
        for height in known + 1..=COUNT {
            assert!(chain.reader.read_block(&hash_at(&blocks, height)).is_ok());
        }
        chain.handle.prune(150).wait().unwrap();
        let first = numbers(dir.path(), "blk")[0];
        assert!(first > 0, "{place}: what was to go is gone");
        assert!(chain.handle.verify_chain(4, 300).wait().unwrap());
        chain.stop();
    }
}
