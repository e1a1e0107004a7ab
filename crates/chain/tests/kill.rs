//! Killed at any moment, a chain loses nothing that it had on disk and asks for no rebuild.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chain::{ChainConfig, Reindex, Submission, Task, TipStatus};
use common::crash::{
    DIR, Kill, Killed, WORK, run_and_kill, say_done, say_stored, stand_still_at_place,
};
use common::world::{World, fork, read_records, write_records};
use common::{Net, TestChain};
use primitives::Block;
use tempfile::TempDir;

/// Name of the file with all blocks in their order.
const BLOCKS: &str = "in-order.dat";
/// Name of the file with all blocks in another order, for an import.
const SHUFFLED: &str = "shuffled.dat";
/// Blocks between two writes that the child asks for.
const FLUSH_EVERY: usize = 40;

fn busy(config: &mut ChainConfig) {
    // Coins are written often, and in many parts; block files are left after a few blocks.
    config.cache_bytes = 1 << 20;
    config.batch_bytes = 8_000;
    config.script_threads = 1;
    config.fast_prune = true;
    config.check_blocks = 3;
}

/// Runs in a process of its own, which the other tests kill.
#[test]
fn child() {
    let (Some(dir), Ok(work)) = (std::env::var_os(DIR), std::env::var(WORK)) else {
        return;
    };
    let dir: &Path = dir.as_ref();
    let blocks = read_records(&dir.join(BLOCKS), Net::Regtest.params());
    stand_still_at_place();
    let chain = TestChain::open(Net::Regtest, dir, |config| {
        busy(config);
        config.reindex = match work.as_str() {
            "reindex" => Reindex::All,
            "rebuild" => Reindex::Chainstate,
            _ => Reindex::No,
        };
    });
    match work.as_str() {
        "submit" => submit_all(&chain, &blocks, say_stored),
        "import" => chain.load(&dir.join(SHUFFLED)),
        "reorganise" => {
            chain.import();
            // An earlier child may have been killed while the block was invalid.
            chain.handle.reconsider_block(fork(&blocks)).wait().unwrap();
            chain.handle.invalidate_block(fork(&blocks)).wait().unwrap();
            chain.handle.flush().wait().unwrap();
            chain.handle.reconsider_block(fork(&blocks)).wait().unwrap();
            chain.handle.flush().wait().unwrap();
        }
        _ => chain.import(),
    }
    chain.stop();
    say_done();
}

fn submit_all(chain: &TestChain, blocks: &[Arc<Block>], stored: impl Fn(usize)) {
    chain.import();
    for (block, count) in blocks.iter().zip(1..) {
        let call = chain
            .handle
            .submit_block(Arc::clone(block), Submission::LOCAL);
        call.wait().unwrap();
        stored(count);
        if count % FLUSH_EVERY == 0 {
            chain.handle.flush().wait().unwrap();
        }
    }
}

/// A directory in which children work and are killed.
struct Scene {
    world: World,
    dir: TempDir,
}

impl Scene {
    /// A directory without a chain.
    fn empty() -> Self {
        Self::of(World::new(Net::Regtest.params()))
    }

    /// A directory without a chain, for blocks that were made before.
    fn of(world: World) -> Self {
        let (params, dir) = (Net::Regtest.params(), tempfile::tempdir().unwrap());
        write_records(&dir.path().join(BLOCKS), params, &world.blocks);
        let mut blocks = world.blocks.clone();
        // Some come before their parents.
        blocks.chunks_mut(7).for_each(<[_]>::reverse);
        write_records(&dir.path().join(SHUFFLED), params, &blocks);
        Self { world, dir }
    }

    /// A directory with all blocks.
    fn full() -> Self {
        let scene = Self::empty();
        let chain = TestChain::open(Net::Regtest, scene.dir.path(), busy);
        submit_all(&chain, &scene.world.blocks, |_| ());
        assert_eq!(chain.reader.tip().hash, scene.world.best());
        assert_eq!(chain.muhash(), scene.world.hashes[&scene.world.best()]);
        chain.stop();
        scene
    }

    /// Kills a child at a place that it must come to, and looks at what it left.
    fn kill_at(&self, work: &str, place: &'static str, count: u32) -> Found {
        let killed = self.kill(work, Kill::At(place, count));
        assert!(
            !killed.done,
            "{work} never comes to {place:?} {count} times"
        );
        self.look(killed)
    }

    fn kill(&self, work: &str, kill: Kill) -> Killed {
        run_and_kill(self.dir.path(), work, kill)
    }

    /// Starts as after any crash, and finds all in order.
    fn look(&self, killed: Killed) -> Found {
        let replays = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&replays);
        let chain = TestChain::open(Net::Regtest, self.dir.path(), |config| {
            busy(config);
            config.progress = Arc::new(move |progress| {
                if (progress.task, progress.percent) == (Task::Replaying, 100) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        });
        // None yet where a reindex is to go on.
        if chain.reader.tip_block().is_some() {
            self.check_tip(&chain);
        }
        chain.import();
        self.check_tip(&chain);
        for block in &self.world.blocks[..killed.stored] {
            let known = chain.reader.block(&block.hash);
            assert!(known.is_some_and(|block| block.status.has_data()));
        }
        let tip = chain.reader.tip();
        for other in chain.reader.chain_tips() {
            let worse = other.height <= tip.height || other.status == TipStatus::Invalid;
            assert!(worse, "{other:?} is better than {tip:?}");
        }
        chain.stop();
        Found {
            all: tip.hash == self.world.best(),
            replayed: replays.load(Ordering::Relaxed) > 0,
        }
    }

    fn check_tip(&self, chain: &TestChain) {
        let tip = chain.reader.tip_block().unwrap();
        assert!(!tip.status.has_failed(), "{tip:?}");
        let hash = &self.world.hashes[&tip.hash];
        assert_eq!(&chain.muhash(), hash, "at height {}", tip.height);
    }

    /// Does what is left to do, and checks every block.
    fn finish(self) {
        let chain = TestChain::open(Net::Regtest, self.dir.path(), busy);
        // Where it was invalid, those above it would not be taken.
        let fork = fork(&self.world.blocks);
        chain.handle.reconsider_block(fork).wait().unwrap();
        submit_all(&chain, &self.world.blocks, |_| ());
        assert_eq!(chain.reader.tip().hash, self.world.best());
        self.check_tip(&chain);
        chain.stop();
        let chain = TestChain::open(Net::Regtest, self.dir.path(), |config| {
            config.check_blocks = 0;
            config.check_level = 4;
        });
        self.check_tip(&chain);
    }
}

/// What a start after a kill found.
struct Found {
    /// The whole chain.
    all: bool,
    /// Coins that were written in part.
    replayed: bool,
}

#[test]
fn a_first_start_that_is_killed_can_be_repeated() {
    let mut scene = Scene::empty();
    for (place, count) in [
        ("Opening LevelDB", 1),
        ("Opened LevelDB", 1),
        ("Opening LevelDB", 2),
        ("Opened LevelDB", 2),
        ("UpdateTip", 1),
    ] {
        scene.kill_at("submit", place, count);
        scene = Scene::of(scene.world);
    }
}

#[test]
fn blocks_that_came_before_a_kill_are_there() {
    let scene = Scene::empty();
    for (place, count) in [
        ("UpdateTip", 30),
        ("Writing chainstate", 1),
        ("Writing final batch", 1),
        ("Committed", 1),
        ("Leaving block file", 1),
        ("UpdateTip", 8),
        // The better branch takes over.
        ("- Disconnect block", 5),
    ] {
        scene.kill_at("submit", place, count);
    }
    scene.finish();
}

#[test]
fn an_import_that_is_killed_can_be_repeated() {
    let mut scene = Scene::empty();
    for (place, count) in [
        ("Importing blocks file", 1),
        ("Leaving block file", 3),
        ("UpdateTip", 50),
        ("Writing partial batch", 1),
        ("Committed", 1),
    ] {
        scene.kill_at("import", place, count);
        assert!(scene.kill_at("import", "initload thread exit", 1).all);
        scene = Scene::of(scene.world);
    }
}

#[test]
fn a_write_in_parts_is_completed() {
    let scene = Scene::empty();
    assert!(scene.kill_at("submit", "Writing partial batch", 2).replayed);
    // What completes it can be killed as well.
    let killed = scene.kill("submit", Kill::At("Writing partial batch", 3));
    assert!(!killed.done);
    for (place, count) in [
        ("Rolling forward", 1),
        ("Writing partial batch", 2),
        ("Writing final batch", 1),
    ] {
        let again = scene.kill("open", Kill::At(place, count));
        assert!(!again.done, "{place} does not come {count} times");
    }
    assert!(scene.look(killed).replayed);
    scene.finish();
}

#[test]
fn a_reorganisation_can_be_killed() {
    let scene = Scene::full();
    for (place, count, parts) in [
        ("- Disconnect block", 5, false),
        ("Writing chainstate", 1, false),
        // The index says that blocks are invalid which the coins stand above.
        ("Writing partial batch", 1, false),
        ("Writing partial batch", 3, true),
        ("Writing final batch", 1, true),
        ("Committed", 1, false),
        ("UpdateTip", 30, false),
    ] {
        let found = scene.kill_at("reorganise", place, count);
        assert_eq!(found.replayed, parts, "{place} {count}");
    }
    scene.finish();
}

#[test]
fn a_rebuild_that_is_killed_goes_on_by_itself() {
    let scene = Scene::full();
    for (work, place, count) in [
        ("reindex", "Wiping LevelDB", 1),
        ("reindex", "Opening LevelDB", 1),
        ("reindex", "Opening LevelDB", 2),
        ("reindex", "Opened LevelDB", 2),
        ("reindex", "Reindexing block file", 3),
        ("reindex", "Reindexing finished", 1),
        ("reindex", "UpdateTip", 50),
        ("reindex", "Writing partial batch", 2),
        ("rebuild", "Opening LevelDB", 2),
        ("rebuild", "Committed", 1),
    ] {
        assert!(scene.kill_at(work, place, count).all, "{work} {place}");
    }
    scene.finish();
}

/// The same pseudo-random numbers every time, so that a failure is the easier to see again.
fn next(seed: &mut u64, below: u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    let (empty, full) = (Scene::empty(), Scene::full());
    let mut seed = 1;
    for _ in 0..3 {
        let time = Duration::from_millis(next(&mut seed, 500));
        empty.look(empty.kill("submit", Kill::After(time)));
        for work in ["reorganise", "reindex"] {
            let time = Duration::from_millis(next(&mut seed, 500));
            full.look(full.kill(work, Kill::After(time)));
        }
    }
    empty.finish();
    full.finish();
}
