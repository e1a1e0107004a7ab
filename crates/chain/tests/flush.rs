//! What is in memory goes to disk after some time by the node's clock, and not before.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::path::Path;
use std::sync::Arc;

use chain::mempool::accept::AcceptOptions;
use chain::store::{Store, StoreKind, StoreOptions};
use chain::{Clock, Submission};
use common::mine::{Parent, coinbase_coin, mine, spend};
use common::snapshot::{BASE, HAVE, blocks_of_coins, load, submit, world_of, young_with};
use common::{Net, TestChain, copy_dir};
use primitives::{Block, ChainParams, Tx};

/// When a test begins, in seconds since 1970.
const BEGIN: i64 = 1_700_000_000;
/// Nothing is written so soon.
const SHORTEST: i64 = 50 * 60;
/// Everything is written by then.
const LONGEST: i64 = 70 * 60;
/// Less than a block may pay at any height here.
const REWARD: i64 = 600_000_000;

/// A chain with a clock that the test moves.
struct Timed {
    chain: TestChain,
    clock: Clock,
    tip: Parent,
    dir: tempfile::TempDir,
}

impl Timed {
    fn new() -> Self {
        let (clock, dir) = (Clock::new(), tempfile::tempdir().unwrap());
        clock.set_mock(BEGIN);
        let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
            config.clock = clock.clone();
            config.script_threads = 1;
        });
        chain.import();
        let tip = Parent::from(&chain.reader.tip_block().unwrap());
        Self {
            chain,
            clock,
            tip,
            dir,
        }
    }

    /// Adds a block and waits until all that belongs to that is done.
    fn grow(&mut self) -> Arc<Block> {
        let block = mine(self.chain.reader.params(), self.tip, &[], 0, REWARD);
        let submitted = self
            .chain
            .handle
            .submit_block(Arc::clone(&block), Submission::LOCAL);
        assert_eq!(submitted.wait().unwrap().connected, Some(Ok(())));
        self.tip = Parent::of(&block, self.tip.height + 1);
        block
    }

    fn set(&self, after: i64) {
        self.clock.set_mock(BEGIN + after);
    }

    /// What a kill would leave: the height of the coins, and how many blocks above the first one the index knows.
    fn on_disk(&self) -> (u32, usize) {
        on_disk(self.dir.path(), self.chain.reader.params())
    }
}

fn on_disk(dir: &Path, params: &'static ChainParams) -> (u32, usize) {
    let copy = tempfile::tempdir().unwrap();
    copy_dir(dir, copy.path());
    // Before a start looks for blocks that the index does not know.
    let options = StoreOptions {
        kind: StoreKind::BlockIndex,
        cache_bytes: 1 << 20,
        buffer_bytes: 1 << 20,
        wipe: false,
    };
    let store = Store::open(&copy.path().join("blocks/index"), params, &options).unwrap();
    let known = store.scan(b"b").count();
    drop(store);
    let chain = TestChain::open(Net::Regtest, copy.path(), |config| config.params = params);
    let height = chain.reader.height();
    chain.stop();
    (height, known.saturating_sub(1))
}

#[test]
fn everything_is_written_after_an_hour_or_so() {
    let mut timed = Timed::new();
    timed.grow();
    timed.set(SHORTEST - 1);
    timed.grow();
    assert_eq!(timed.on_disk(), (0, 0));
    timed.set(LONGEST);
    timed.grow();
    assert_eq!(timed.on_disk(), (3, 3));
    // And the next time as long after that.
    timed.set(LONGEST + SHORTEST - 1);
    timed.grow();
    assert_eq!(timed.on_disk(), (3, 3));
    timed.set(LONGEST + LONGEST);
    timed.grow();
    assert_eq!(timed.on_disk(), (5, 5));
    timed.chain.stop();
}

#[test]
fn transactions_give_occasion_to_write() {
    let mut timed = Timed::new();
    let coin = coinbase_coin(&timed.grow());
    for _ in 0..100 {
        timed.grow();
    }
    timed.set(LONGEST);
    assert_eq!(timed.on_disk(), (0, 0));
    let tx: Arc<Tx> = spend(timed.chain.reader.params(), &[coin], 1);
    let options = AcceptOptions::default();
    // It pays no fee: what comes of it does not matter.
    let refused = timed.chain.handle.submit_tx(tx, options).wait();
    assert!(refused.is_err());
    assert_eq!(timed.on_disk(), (101, 101));
    timed.chain.stop();
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_everything_in_memory() {
    let mut timed = Timed::new();
    // A year that never comes.
    timed.set(50 * 365 * 24 * 60 * 60);
    timed.grow();
    assert_eq!(timed.on_disk(), (1, 1));
    timed.set(0);
    timed.grow();
    timed.set(SHORTEST - 1);
    timed.grow();
    assert_eq!(timed.on_disk(), (1, 1));
    timed.set(LONGEST);
    timed.grow();
    assert_eq!(timed.on_disk(), (4, 4));
    // A little back puts it off by no more than that.
    timed.set(LONGEST - 60);
    timed.grow();
    timed.set(LONGEST + LONGEST);
    timed.grow();
    assert_eq!(timed.on_disk(), (6, 6));
    timed.chain.stop();
}

#[test]
fn coins_below_a_snapshot_do_not_put_off_those_above() {
    let blocks = blocks_of_coins(Net::Regtest.params(), 200);
    let world = world_of(blocks, |_| ());
    let (clock, dir) = (Clock::new(), tempfile::tempdir().unwrap());
    clock.set_mock(BEGIN);
    let chain = young_with(&world, dir.path(), |config| {
        config.clock = clock.clone();
        config.cache_bytes = 1 << 20;
    });
    load(&chain, &world.file).unwrap();
    clock.set_mock(BEGIN + SHORTEST - 1);
    let (written, base) = (chain.reader.flushed(), BASE as usize);
    // They fill the small part of the memory that is theirs, and are written for that.
    for block in &world.blocks[HAVE as usize + 1..base] {
        submit(&chain, block);
    }
    assert_eq!(*written.borrow(), world.blocks[base].hash);
    clock.set_mock(BEGIN + LONGEST);
    assert!(submit(&chain, &world.blocks[base + 1]));
    assert_eq!(*written.borrow(), world.blocks[base + 1].hash);
    let (height, _) = on_disk(dir.path(), world.params);
    assert_eq!(height, BASE + 1);
    chain.stop().unwrap();
}
