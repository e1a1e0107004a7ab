//! The indexes agree with the chain, wherever it goes.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chain::indexes::{IndexError, IndexKind, IndexProgress, Indexes};
use chain::{ChainConfig, ChainReader};
use common::indexed::{Indexed, check_block, check_world, config};
use common::world::World;
use common::{Net, TestChain, copy_dir, files_below, vector};
use primitives::OutPoint;
use primitives::hash::to_hex;
use primitives::hash_scheme::sha256;

/// How long an index may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Whatever `gettxoutsetinfo` and `getblockfilter` tell, block by block.
fn figures(reader: &ChainReader, indexes: &Indexes) -> String {
    let (stats, filters) = (indexes.coin_stats().unwrap(), indexes.filter().unwrap());
    let mut text = String::new();
    let mut before = chain::indexes::IndexedStats::default();
    for height in 0..=reader.height() {
        let info = reader.block_at(height).unwrap();
        let now = stats.stats(&info).unwrap().unwrap();
        let coins = |sat: u128| primitives::Amount::from_sat(i64::try_from(sat).unwrap());
        let filter = filters.filter(&info).unwrap().unwrap();
        writeln!(
            text,
            "{height} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}",
            info.hash,
            now.outputs,
            now.bogo_size,
            now.muhash,
            now.total_amount,
            now.unspendable(),
            coins(now.prevout_spent - before.prevout_spent),
            coins(now.coinbase - before.coinbase),
            coins(now.new_outputs_ex_coinbase - before.new_outputs_ex_coinbase),
            now.unspendable() - before.unspendable(),
            now.unspendable_genesis - before.unspendable_genesis,
            now.unspendable_bip30 - before.unspendable_bip30,
            now.unspendable_scripts - before.unspendable_scripts,
            now.unclaimed_rewards - before.unclaimed_rewards,
            to_hex(filter.as_bytes()),
            filters.header(&info).unwrap().unwrap(),
        )
        .unwrap();
        before = now;
    }
    text
}

#[test]
fn all_figures_are_those_of_the_reference() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let indexed = Indexed::open(dir.path());
    indexed.chain.load(&file);
    indexed.settle();
    let (reader, indexes) = (&indexed.chain.reader, &indexed.indexes);
    assert_eq!(reader.height(), 467);
    // The hash of the same lines, made of what the reference program answers for this chain.
    assert_eq!(
        to_hex(&sha256(figures(reader, indexes).as_bytes())),
        "50931b1d7c805473cd7874e4b274d6bf35460f1f3283c1491e6b3d5b89203566"
    );
    for height in [0, 1, 110, 250, 467] {
        check_block(reader, indexes, &reader.block_at(height).unwrap());
    }
    let tip = reader.tip_block().unwrap();
    let coinbase = &reader.read_block(&tip.hash).unwrap().txs[0];
    let unspent = OutPoint::new(coinbase.txid(), 0);
    let spender = indexes.spender().unwrap().find(&unspent).unwrap();
    assert!(spender.is_none(), "{spender:?}");
    indexed.stop();
}

#[test]
fn indexes_follow_a_reorganisation() {
    let (world, dir) = (
        World::new(Net::Regtest.params()),
        tempfile::tempdir().unwrap(),
    );
    let indexed = Indexed::open(dir.path());
    // Whether they see each block or many at once.
    for part in world.blocks.chunks(world.blocks.len() - 15) {
        indexed.submit(part);
        indexed.settle();
    }
    assert_eq!(indexed.chain.reader.tip().hash, world.best());
    check_world(&world, &indexed);
    // Who spent a coin on the branch that lost is not told.
    let lost = indexed.chain.reader.chain_tips();
    let lost = lost.iter().find(|tip| tip.hash != world.best()).unwrap();
    let block = indexed.chain.reader.read_block(&lost.hash).unwrap();
    let spent = block.txs[1].inputs[0].prevout;
    if let Some(spender) = indexed.indexes.spender().unwrap().find(&spent).unwrap() {
        assert!(indexed.chain.reader.is_active(&spender.block));
    }
    for summary in indexed.indexes.summaries() {
        let best = (summary.synced, summary.best_hash);
        assert_eq!(best, (true, world.best()), "{summary:?}");
    }
    indexed.stop();
}

#[test]
fn an_index_catches_up_after_it_was_off() {
    let (world, dir) = (
        World::new(Net::Regtest.params()),
        tempfile::tempdir().unwrap(),
    );
    let (first, rest) = world.blocks.split_at(130);
    let indexed = Indexed::open(dir.path());
    indexed.submit(first);
    indexed.settle();
    indexed.stop();
    // Meanwhile its branch loses.
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    chain.import();
    for block in rest {
        let submission = chain::Submission::LOCAL;
        let call = chain.handle.submit_block(Arc::clone(block), submission);
        call.wait().unwrap();
    }
    chain.stop();
    let indexed = Indexed::open(dir.path());
    indexed.settle();
    assert_eq!(indexed.chain.reader.tip().hash, world.best());
    check_world(&world, &indexed);
    indexed.stop();
}

#[test]
fn an_index_can_be_ahead_of_a_chain_that_lost_blocks() {
    let (world, dir) = (
        World::new(Net::Regtest.params()),
        tempfile::tempdir().unwrap(),
    );
    let (first, rest) = world.blocks.split_at(130);
    let indexed = Indexed::open(dir.path());
    indexed.submit(first);
    indexed.settle();
    indexed.stop();
    // As a loss of power would leave it: what was written last of the chain is gone.
    let kept = tempfile::tempdir().unwrap();
    for name in ["blocks", "chainstate"] {
        copy_dir(&dir.path().join(name), &kept.path().join(name));
    }
    let indexed = Indexed::open(dir.path());
    indexed.submit(&rest[..4]);
    indexed.settle();
    let best = indexed.indexes.summary(IndexKind::CoinStats).unwrap();
    assert_eq!(best.best_height, 134);
    indexed.indexes.stop();
    drop(indexed.indexes);
    indexed.chain.stop();
    let restore = |kept: &Path| {
        for name in ["blocks", "chainstate"] {
            std::fs::remove_dir_all(dir.path().join(name)).unwrap();
            copy_dir(&kept.join(name), &dir.path().join(name));
        }
    };
    restore(kept.path());
    let indexed = Indexed::open(dir.path());
    indexed.settle();
    assert_eq!(indexed.chain.reader.height(), 130);
    indexed.submit(rest);
    indexed.settle();
    check_world(&world, &indexed);
    indexed.stop();
    // An older copy than that lacks what every mark names.
    restore(kept.path());
    let error = Indexed::try_open(dir.path(), |_| ()).err().unwrap();
    assert!(matches!(error, IndexError::UnknownBest { .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("best block of txindex not found. Please rebuild the index."));
    assert!(
        text.contains("Delete ") && text.contains("indexes/txindex"),
        "{text}"
    );
    // And so it is built anew.
    let chain = ChainConfig::new(Net::Regtest.params(), dir.path());
    Indexes::wipe(&chain, &IndexKind::ALL).unwrap();
    let indexed = Indexed::open(dir.path());
    indexed.submit(rest);
    indexed.settle();
    check_world(&world, &indexed);
    indexed.stop();
}

#[test]
fn the_building_of_an_index_can_wait_for_the_next_start() {
    let (world, dir) = (
        World::new(Net::Regtest.params()),
        tempfile::tempdir().unwrap(),
    );
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    chain.import();
    for block in &world.blocks {
        let submission = chain::Submission::LOCAL;
        let call = chain.handle.submit_block(Arc::clone(block), submission);
        call.wait().unwrap();
    }
    let (tell, told) = std::sync::mpsc::sync_channel(100);
    let (go_on, waiting) = std::sync::mpsc::sync_channel::<()>(1);
    let waiting = std::sync::Mutex::new(waiting);
    let mut slow = config();
    slow.kinds = vec![IndexKind::Tx];
    slow.progress = Arc::new(move |_, progress| {
        tell.send(progress).unwrap();
        if matches!(progress, IndexProgress::Percent(_)) {
            // It ends with the test.
            let _gone = waiting.lock().unwrap().recv();
        }
    });
    let indexes = Indexes::open(chain.reader.clone(), &slow).unwrap();
    indexes.start().unwrap();
    let first = told.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(first, IndexProgress::Percent(0..100)), "{first:?}");
    indexes.pause(IndexKind::Tx);
    drop(go_on);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), IndexProgress::Paused);
    let summary = indexes.summary(IndexKind::Tx).unwrap();
    assert!(!summary.synced && summary.best_height < chain.reader.height());
    assert!(!indexes.wait_for_tip(IndexKind::Tx));
    indexes.stop();
    drop(indexes);
    let indexes = Indexes::open(chain.reader.clone(), &config()).unwrap();
    assert_eq!(
        indexes.summary(IndexKind::Tx).unwrap().best_height,
        summary.best_height
    );
    indexes.start().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !indexes.wait_for_tip(IndexKind::Tx) {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    indexes.stop();
    chain.stop();
}

#[test]
fn an_index_that_was_deleted_is_built_anew() {
    let (world, dir) = (
        World::new(Net::Regtest.params()),
        tempfile::tempdir().unwrap(),
    );
    let indexed = Indexed::open(dir.path());
    indexed.submit(&world.blocks);
    indexed.settle();
    indexed.stop();
    std::fs::remove_dir_all(dir.path().join("indexes/blockfilter/basic")).unwrap();
    std::fs::remove_dir_all(dir.path().join("indexes/coinstatsindex")).unwrap();
    let indexed = Indexed::open(dir.path());
    indexed.settle();
    let stats = indexed.indexes.coin_stats().unwrap();
    for height in 0..=indexed.chain.reader.height() {
        let info = indexed.chain.reader.block_at(height).unwrap();
        if let Some(hash) = world.hashes.get(&info.hash) {
            let stats = stats.stats(&info).unwrap().unwrap();
            assert_eq!(&stats.muhash.to_string(), hash);
        }
        check_block(&indexed.chain.reader, &indexed.indexes, &info);
    }
    indexed.stop();
}

/// Damages what an index has on disk, and gives what the next start says.
fn damage(world: &World, spoil: impl FnOnce(&Path)) -> String {
    let dir = tempfile::tempdir().unwrap();
    let indexed = Indexed::open(dir.path());
    indexed.submit(&world.blocks[..5]);
    indexed.settle();
    indexed.stop();
    spoil(&dir.path().join("indexes"));
    let error = Indexed::try_open(dir.path(), |_| ()).err().unwrap();
    error.to_string()
}

#[test]
fn a_damaged_index_says_so_and_what_to_do() {
    let world = World::new(Net::Regtest.params());
    let text = damage(&world, |dir| {
        std::fs::remove_file(dir.join("blockfilter/basic/fltr00000.dat")).unwrap();
    });
    let starts = "basic block filter index is damaged: a filter is missing at offset";
    assert!(text.starts_with(starts), "{text}");
    assert!(text.contains("fltr00000.dat. Delete ") && text.ends_with("anew from the blocks."));
    let text = damage(&world, |dir| {
        let path = dir.join("blockfilter/basic/fltr00000.dat");
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
    });
    let starts = "basic block filter index is damaged: a filter is not the one that was written";
    assert!(text.starts_with(starts), "{text}");
    for (name, index) in [
        ("txindex", "txindex"),
        ("coinstatsindex/db", "coinstatsindex"),
        ("txospenderindex/db", "txospenderindex"),
    ] {
        let text = damage(&world, |dir| {
            for path in files_below(&dir.join(name)) {
                if !path.ends_with("bitq-store") && !path.ends_with("lock") {
                    let len = std::fs::metadata(&path).unwrap().len();
                    std::fs::write(&path, vec![0x5a; usize::try_from(len).unwrap()]).unwrap();
                }
            }
        });
        assert!(text.starts_with(&format!("{index} is damaged: ")), "{text}");
        assert!(
            text.contains("Delete ") && text.ends_with("anew from the blocks."),
            "{text}"
        );
    }
}

#[test]
fn indexes_hold_blocks_back_from_pruning() {
    let (world, dir) = (
        World::new(Net::Regtest.params()),
        tempfile::tempdir().unwrap(),
    );
    let indexed = Indexed::open(dir.path());
    let reader = indexed.chain.reader.clone();
    indexed.submit(&world.blocks[..40]);
    indexed.settle();
    // Two of them need old blocks as long as they have not seen them.
    assert_eq!(reader.prune_locks().limit(100), 29);
    indexed.stop();
    let config_of_chain = ChainConfig::new(Net::Regtest.params(), dir.path());
    Indexes::wipe(&config_of_chain, &IndexKind::ALL).unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    let indexes = Indexes::open(chain.reader.clone(), &config()).unwrap();
    assert_eq!(chain.reader.prune_locks().limit(100), 1);
    drop(indexes);
    chain.stop();
}
