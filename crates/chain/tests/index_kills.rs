//! Indexes whose process is killed go on where they stood, or a little before, and nothing is missing afterwards.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::path::Path;
use std::time::Duration;

use common::Net;
use common::crash::{DIR, Kill, WORK, run_and_kill, say_done, say_stored, stand_still_at_place};
use common::indexed::{Indexed, check_block, check_world};
use common::world::{World, read_records, write_records};

/// Name of the file with all blocks in their order.
const BLOCKS: &str = "in-order.dat";

/// Runs in a process of its own, which the other tests kill.
#[test]
fn child() {
    let (Some(dir), Ok(_)) = (std::env::var_os(DIR), std::env::var(WORK)) else {
        return;
    };
    let dir: &Path = dir.as_ref();
    let blocks = read_records(&dir.join(BLOCKS), Net::Regtest.params());
    stand_still_at_place();
    let indexed = Indexed::open(dir);
    for (block, count) in blocks.iter().zip(1..) {
        indexed.submit(std::slice::from_ref(block));
        say_stored(count);
        indexed.settle();
        if count % 20 == 0 {
            indexed.chain.handle.flush().wait().unwrap();
        }
    }
    indexed.settle();
    indexed.stop();
    say_done();
}

/// A directory in which children work and are killed.
struct Scene {
    world: World,
    dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let (world, dir) = (
            World::new(Net::Regtest.params()),
            tempfile::tempdir().unwrap(),
        );
        let file = dir.path().join(BLOCKS);
        write_records(&file, Net::Regtest.params(), &world.blocks);
        Self { world, dir }
    }

    /// Kills a child, and finds the indexes in order after it.
    fn kill(&self, kill: Kill) -> bool {
        let killed = run_and_kill(self.dir.path(), "follow", kill);
        let indexed = Indexed::open(self.dir.path());
        indexed.settle();
        let (reader, indexes) = (&indexed.chain.reader, &indexed.indexes);
        let stats = indexes.coin_stats().unwrap();
        for height in 0..=reader.height() {
            let info = reader.block_at(height).unwrap();
            let stats = stats.stats(&info).unwrap().unwrap();
            assert_eq!(stats.muhash.to_string(), self.world.hashes[&info.hash]);
        }
        let tip = reader.tip_block().unwrap();
        check_block(reader, indexes, &tip);
        indexed.indexes.stop();
        drop(indexed.indexes);
        indexed.chain.stop();
        killed.done
    }

    fn finish(self) {
        let indexed = Indexed::open(self.dir.path());
        indexed.submit(&self.world.blocks);
        indexed.settle();
        assert_eq!(indexed.chain.reader.tip().hash, self.world.best());
        check_world(&self.world, &indexed);
        indexed.stop();
    }
}

#[test]
fn an_index_that_is_killed_goes_on() {
    let kill_at = |scene: &Scene, place, count| {
        let done = scene.kill(Kill::At(place, count));
        assert!(!done, "it never comes to {place:?} {count} times");
    };
    let scene = Scene::new();
    for (place, count) in [
        ("Writing coinstatsindex", 1),
        ("Writing basic block filter index", 30),
        ("Committed txindex", 2),
        ("Writing txospenderindex", 25),
        ("Committed coinstatsindex", 1),
        ("coinstatsindex took block", 3),
    ] {
        kill_at(&scene, place, count);
    }
    scene.finish();
    // The reorganisation is over by the next start.
    let scene = Scene::new();
    kill_at(&scene, "basic block filter index took block", 8);
    scene.finish();
}

#[test]
fn a_kill_at_any_moment_leaves_indexes_in_order() {
    let scene = Scene::new();
    for millis in [30, 170, 90, 400, 250] {
        scene.kill(Kill::After(Duration::from_millis(millis)));
    }
    scene.finish();
}
