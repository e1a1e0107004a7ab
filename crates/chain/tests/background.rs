//! The blocks below a snapshot are checked in the background, and kept apart from those above it.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::sync::Arc;

use chain::{Chain, ChainConfig, Task};
use common::mine::{Parent, anyone, coinbase_coin, mine, mine_padded, spend_to};
use common::snapshot::{
    BASE, HAVE, REWARD, TOP, load, muhash, names, start, start_with, states, submit, wait_until,
    world, young,
};
use primitives::params::AssumeUtxo;
use primitives::{Block, OutPoint, Script, Tx};

/// Gives a node all blocks between those it has and the snapshot's, the last ones first: nothing can be connected before
/// the last of them is there, and then all can.
fn submit_backwards(chain: &Chain, blocks: &[Arc<Block>]) {
    for block in blocks[HAVE as usize + 1..=BASE as usize].iter().rev() {
        submit(chain, block);
    }
}

#[test]
fn many_blocks_that_wait_below_a_snapshot_are_checked() {
    let world = world(|_| ());
    let dir = tempfile::tempdir().unwrap();
    let chain = young(&world, dir.path());
    load(&chain, &world.file).unwrap();
    submit_backwards(&chain, &world.blocks);
    // The active chain goes on meanwhile.
    for block in &world.blocks[BASE as usize + 1..] {
        assert!(submit(&chain, block));
    }
    wait_until(&chain, |chain| states(chain) == [(TOP, true)]);
    assert_eq!(muhash(&chain), world.muhash);
    chain.stop().unwrap();
}

#[test]
fn the_blocks_below_a_snapshot_can_wait_for_the_next_start() {
    let world = world(|_| ());
    let dir = tempfile::tempdir().unwrap();
    young(&world, dir.path()).stop().unwrap();
    let pause = |config: &mut ChainConfig| {
        let cancel = Arc::clone(&config.cancel);
        config.progress = Arc::new(move |progress| {
            if progress.task == Task::BackgroundValidation {
                cancel.pause_background();
            }
        });
    };
    let chain = start_with(world.params, dir.path(), pause).unwrap();
    load(&chain, &world.file).unwrap();
    for block in &world.blocks[HAVE as usize + 1..] {
        submit(&chain, block);
    }
    chain.handle.barrier().wait().unwrap();
    let waiting = states(&chain);
    assert_eq!(waiting[1], (TOP, false));
    assert!(waiting[0].0 < BASE, "{waiting:?}");
    assert_eq!(muhash(&chain), world.muhash);
    assert_eq!(states(&chain), waiting);
    chain.stop().unwrap();
    let chain = start(world.params, dir.path());
    wait_until(&chain, |chain| states(chain) == [(TOP, true)]);
    chain.stop().unwrap();
}

#[test]
fn an_invalid_block_among_many_below_a_snapshot_is_found_out() {
    let mut world = world(|_| ());
    let bad = BASE as usize - 4;
    // One block makes a coin that nobody can spend, and the next spends it.
    let never = Script::new().op(primitives::script::opcodes::OP_0);
    let locked = spend_to(world.params, &[coinbase_coin(&world.blocks[1])], &never);
    let coin = (OutPoint::new(locked.txid(), 0), REWARD);
    let stolen = spend_to(world.params, &[coin], &anyone());
    for height in bad - 1..=TOP as usize {
        let parent = Parent::of(
            &world.blocks[height - 1],
            u32::try_from(height).unwrap() - 1,
        );
        let txs: &[Arc<Tx>] = match height {
            _ if height == bad - 1 => std::slice::from_ref(&locked),
            _ if height == bad => std::slice::from_ref(&stolen),
            _ => &[],
        };
        world.blocks[height] = mine(world.params, parent, txs, 8, REWARD);
    }
    // The program was made to trust coins at the end of such a chain.
    let base = world.blocks[BASE as usize].hash;
    let old = world.params.assumeutxo[0].block;
    let at = world.file.windows(32).position(|bytes| bytes == old.0);
    let at = at.unwrap();
    world.file[at..at + 32].copy_from_slice(&base.0);
    let known = AssumeUtxo {
        block: base,
        ..world.params.assumeutxo[0]
    };
    let mut own = world.params.clone();
    own.assumeutxo = Box::leak(Box::new([known]));
    world.params = Box::leak(Box::new(own));

    let dir = tempfile::tempdir().unwrap();
    let chain = young(&world, dir.path());
    load(&chain, &world.file).unwrap();
    submit_backwards(&chain, &world.blocks);
    wait_until(&chain, |chain| chain.reader.ended().borrow().is_some());
    chain.stop().unwrap();
    let chain = start(world.params, dir.path());
    assert_eq!(states(&chain), [(BASE - 5, true)]);
    let left = muhash(&chain);
    chain.stop().unwrap();
    assert!(names(dir.path()).contains(&"chainstate_snapshot_INVALID".to_owned()));
    // The coins are those of a chain that never saw the bad block.
    let dir = tempfile::tempdir().unwrap();
    let chain = start(world.params, dir.path());
    for block in &world.blocks[1..bad] {
        assert!(submit(&chain, block));
    }
    assert_eq!(muhash(&chain), left);
    chain.stop().unwrap();
}

/// The numbers of the files in which the blocks at these heights lie.
fn files_of(chain: &Chain, heights: impl Iterator<Item = u32>) -> Vec<u32> {
    let file = |height| chain.reader.block_at(height)?.position;
    let mut files: Vec<_> = heights.filter_map(file).map(|pos| pos.file).collect();
    files.dedup();
    files
}

#[test]
fn blocks_above_a_snapshot_lie_in_files_of_their_own() {
    let world = world(|_| ());
    let dir = tempfile::tempdir().unwrap();
    let chain = young(&world, dir.path());
    load(&chain, &world.file).unwrap();
    let (below, above) = (&world.blocks[41..BASE as usize], &world.blocks[113..]);
    let mut chain = chain;
    for (n, block) in below[..40].iter().enumerate() {
        submit(&chain, block);
        if let Some(block) = above.get(n) {
            submit(&chain, block);
        }
        if n == 5 {
            chain.stop().unwrap();
            chain = start(world.params, dir.path());
        }
    }
    let check = |chain: &Chain| {
        assert_eq!(files_of(chain, 1..BASE), [0]);
        assert_eq!(files_of(chain, BASE..TOP + 1), [1]);
    };
    check(&chain);
    for block in &below[40..] {
        submit(&chain, block);
    }
    check(&chain);
    submit(&chain, &world.blocks[BASE as usize]);
    wait_until(&chain, |chain| states(chain) == [(TOP, true)]);
    chain.stop().unwrap();
    let chain = start(world.params, dir.path());
    check(&chain);
    assert_eq!(muhash(&chain), world.muhash);
    chain.stop().unwrap();
    // An index that is made anew finds them all.
    let reindex = |config: &mut ChainConfig| config.reindex = chain::Reindex::All;
    let chain = start_with(world.params, dir.path(), reindex).unwrap();
    assert_eq!(
        (states(&chain), muhash(&chain)),
        (vec![(TOP, true)], world.muhash)
    );
    chain.stop().unwrap();
}

#[test]
fn blocks_on_both_sides_of_a_snapshot_are_pruned() {
    let mut world = world(|_| ());
    let mut own = world.params.clone();
    own.prune_after_height = 100;
    world.params = Box::leak(Box::new(own));
    let mut last = Parent::of(&world.blocks[TOP as usize], TOP);
    for height in TOP + 1..=TOP + 320 {
        let block = mine_padded(world.params, last, &[], (0, 4_000), REWARD);
        last = Parent::of(&block, height);
        world.blocks.push(block);
    }
    let dir = tempfile::tempdir().unwrap();
    young(&world, dir.path()).stop().unwrap();
    let small = |config: &mut ChainConfig| {
        config.fast_prune = true;
        config.prune = chain::Prune::Manual;
    };
    let chain = start_with(world.params, dir.path(), small).unwrap();
    load(&chain, &world.file).unwrap();
    // The older chain waits for a block, and what it has is needed.
    for block in world.blocks[HAVE as usize + 2..].iter() {
        submit(&chain, block);
    }
    let files = || {
        let names = names(&dir.path().join("blocks")).into_iter();
        let files = names.filter(|name| name.starts_with("blk"));
        files.collect::<Vec<_>>().len()
    };
    let before = files();
    chain.handle.prune(TOP + 31).wait().unwrap();
    let between = files();
    assert!(between < before, "{between} of {before}");
    let has = |height: u32| chain.reader.block_at(height).unwrap().position.is_some();
    assert_eq!(
        [1, HAVE + 2, BASE - 1, BASE, TOP + 20, TOP + 40].map(has),
        [true, true, true, true, false, true]
    );
    submit(&chain, &world.blocks[HAVE as usize + 1]);
    wait_until(&chain, |chain| states(chain).len() == 1);
    chain.handle.prune(TOP + 31).wait().unwrap();
    assert!(files() < between);
    assert_eq!(
        [1, HAVE + 2, BASE - 1, TOP + 40].map(has),
        [false, false, false, true]
    );
    let coins = muhash(&chain);
    chain.stop().unwrap();
    let chain = start_with(world.params, dir.path(), small).unwrap();
    assert_eq!(muhash(&chain), coins);
    chain.stop().unwrap();
}
