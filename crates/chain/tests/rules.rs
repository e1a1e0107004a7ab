//! Which scripts are run, and what followers see.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::sync::Arc;

use chain::{ChainFollower, FollowStep, Submission, SubmitError};
use common::mine::{Parent, coinbase_coin, mine, spend, spend_to};
use common::world::write_records;
use common::{Net, TestChain};
use primitives::script::opcodes::OP_0;
use primitives::{Block, BlockHash, OutPoint, Script, U256};

const REWARD: i64 = 600_000_000;

fn open(dir: &std::path::Path, assume_valid: Option<BlockHash>) -> TestChain {
    TestChain::open(Net::Regtest, dir, |config| {
        config.assume_valid = assume_valid;
        config.min_chain_work = U256::ZERO;
    })
}

fn submit(chain: &TestChain, block: &Arc<Block>) -> String {
    match chain
        .handle
        .submit_block(Arc::clone(block), Submission::LOCAL)
        .wait()
    {
        Ok(accepted) => match accepted.connected {
            None => "not tried".to_owned(),
            Some(Ok(())) => "ok".to_owned(),
            Some(Err(rejection)) => rejection.to_string(),
        },
        Err(SubmitError::Rejected(rejection)) => rejection.to_string(),
        Err(SubmitError::Chain(error)) => panic!("{error}"),
    }
}

/// A hundred empty blocks, one that makes a coin which nobody can spend, and one that spends it.
fn chain_with_bad_script(params: &primitives::ChainParams, start: Parent) -> Vec<Arc<Block>> {
    let (mut parent, mut blocks) = (start, Vec::new());
    for _ in 0..100 {
        let block = mine(params, parent, &[], 1, REWARD);
        parent = Parent::of(&block, parent.height + 1);
        blocks.push(block);
    }
    let never = Script::new().op(OP_0);
    let locked = spend_to(params, &[coinbase_coin(&blocks[0])], &never);
    let from = (OutPoint::new(locked.txid(), 0), REWARD);
    let stolen = spend_to(params, &[from], &common::mine::anyone());
    for tx in [locked, stolen] {
        let block = mine(params, parent, &[tx], 1, REWARD);
        parent = Parent::of(&block, parent.height + 1);
        blocks.push(block);
    }
    blocks
}

#[test]
fn scripts_below_an_assumed_block_are_not_run() {
    let params = Net::Regtest.params();
    let dirs: [_; 3] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    let start = Parent {
        hash: params.genesis.hash,
        height: 0,
        time: params.genesis.time,
    };
    let mut blocks = chain_with_bad_script(params, start);
    let bad = blocks[101].hash;
    let mut parent = Parent::of(&blocks[101], 102);
    // Two weeks of work and a little more.
    for _ in 0..2020 {
        let block = mine(params, parent, &[], 1, 0);
        parent = Parent::of(&block, parent.height + 1);
        blocks.push(block);
    }
    let headers: Vec<_> = blocks.iter().map(|block| block.header).collect();
    let reason = "block-script-verify-flag-failed (Script evaluated without error but finished with \
                  a false/empty top stack element)";
    for (dir, assumed, count, expected) in [
        (&dirs[0], None, headers.len(), reason),
        // The best header lies less than two weeks of work above.
        (&dirs[1], Some(bad), 2000, reason),
        (&dirs[2], Some(bad), headers.len(), "ok"),
    ] {
        let chain = open(dir.path(), assumed);
        chain
            .handle
            .submit_headers(headers[..count].to_vec(), true)
            .wait()
            .unwrap();
        for block in &blocks[..101] {
            assert_eq!(submit(&chain, block), "ok");
        }
        assert_eq!(submit(&chain, &blocks[101]), expected);
        if expected == "ok" {
            assert_eq!(submit(&chain, &blocks[102]), "ok");
        } else {
            assert_eq!(chain.reader.height(), 101);
            assert_eq!(submit(&chain, &blocks[102]), "duplicate-invalid");
        }
    }
}

/// The scripts of a block run while its children are already being connected.
#[test]
fn a_bad_script_in_the_middle_of_an_import_leaves_no_trace() {
    let params = Net::Regtest.params();
    let start = Parent {
        hash: params.genesis.hash,
        height: 0,
        time: params.genesis.time,
    };
    let mut blocks = chain_with_bad_script(params, start);
    blocks.truncate(101);
    let locked = blocks[100].txs[1].txid();
    let mut parent = Parent::of(&blocks[100], 101);
    let fan = spend(params, &[coinbase_coin(&blocks[1])], 6);
    let mut from: Vec<_> = (0..6)
        .map(|n| (OutPoint::new(fan.txid(), n), REWARD / 6))
        .collect();
    from.push((OutPoint::new(locked, 0), REWARD));
    let stolen = spend_to(params, &from, &common::mine::anyone());
    let spends_it = spend(params, &[(OutPoint::new(stolen.txid(), 0), 2 * REWARD)], 5);
    for txs in [vec![fan, stolen], vec![spends_it], vec![], vec![]] {
        let block = mine(params, parent, &txs, 1, REWARD);
        parent = Parent::of(&block, parent.height + 1);
        blocks.push(block);
    }
    let load = |name: &str, dir: &std::path::Path, blocks: &[Arc<Block>]| {
        let file = dir.join(name);
        write_records(&file, params, blocks);
        let chain = open(dir, None);
        chain.load(&file);
        chain
    };
    let dirs: [_; 2] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    let clean = load("good.dat", dirs[0].path(), &blocks[..101]);
    let chain = load("bad.dat", dirs[1].path(), &blocks);
    assert_eq!(chain.reader.tip().hash, blocks[100].hash);
    assert_eq!(chain.muhash(), clean.muhash());
    // What stands on it is not tried again, and another child of its parent is.
    assert_eq!(submit(&chain, &blocks[102]), "duplicate-invalid");
    let other = mine(params, Parent::of(&blocks[100], 101), &[], 2, REWARD);
    assert_eq!(submit(&chain, &other), "ok");
    chain.stop();
    let chain = open(dirs[1].path(), None);
    assert_eq!(chain.reader.tip().hash, other.hash);
    assert_eq!(submit(&clean, &other), "ok");
    assert_eq!(chain.muhash(), clean.muhash());
}

/// A block that is invalid for what it holds, and one whose transactions are others.
#[test]
fn an_invalid_block_in_a_file_is_never_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path(), None);
    let params = chain.reader.params();
    let start = Parent::from(&chain.reader.tip_block().unwrap());
    let coinbase = mine(params, start, &[], 7, REWARD).txs[0].clone();
    let two = mine(params, start, &[coinbase], 1, REWARD);
    let good = mine(params, start, &[], 2, REWARD);
    let mut other = Block::clone(&good);
    other.txs.push(two.txs[1].clone());
    let file = dir.path().join("two.dat");
    write_records(&file, params, &[Arc::clone(&two), Arc::new(other)]);
    chain.load(&file);
    assert_eq!(chain.reader.height(), 0);
    let child = mine(params, Parent::of(&two, 1), &[], 1, REWARD);
    assert_eq!(submit(&chain, &child), "bad-prevblk");
    assert_eq!(submit(&chain, &good), "ok");
    let child = mine(params, Parent::of(&good, 1), &[], 1, REWARD);
    assert_eq!(submit(&chain, &child), "ok");
}

#[test]
fn a_follower_finds_its_way_over_a_fork() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path(), None);
    let params = chain.reader.params();
    let start = Parent::from(&chain.reader.tip_block().unwrap());
    let branch = |count: u32, salt| {
        let (mut parent, mut blocks) = (start, Vec::new());
        for _ in 0..count {
            let block = mine(params, parent, &[], salt, REWARD);
            parent = Parent::of(&block, parent.height + 1);
            blocks.push(block);
        }
        blocks
    };
    let mut follower = ChainFollower::new(chain.reader.clone(), None);
    let follow = |follower: &mut ChainFollower| {
        let mut steps = Vec::new();
        while let Some(step) = follower.next().unwrap() {
            steps.push(match &step {
                FollowStep::Connect { info, block } => {
                    assert_eq!(info.hash, block.hash);
                    format!("+{}", info.height)
                }
                FollowStep::Disconnect { info, .. } => format!("-{}", info.height),
            });
            follower.advance(&step);
        }
        steps.join(" ")
    };
    let (short, long) = (branch(3, 1), branch(5, 2));
    short.iter().for_each(|block| drop(submit(&chain, block)));
    assert_eq!(follow(&mut follower), "+0 +1 +2 +3");
    assert_eq!(follow(&mut follower), "");
    long.iter().for_each(|block| drop(submit(&chain, block)));
    let stored = follower.best();
    assert_eq!(follow(&mut follower), "-3 -2 -1 +1 +2 +3 +4 +5");
    // The same way again, after a restart.
    chain.stop();
    let chain = open(dir.path(), None);
    let mut follower = ChainFollower::new(chain.reader.clone(), stored);
    assert_eq!(follow(&mut follower), "-3 -2 -1 +1 +2 +3 +4 +5");
    assert_eq!(follower.best(), Some(long[4].hash));
    let lost = ChainFollower::new(chain.reader, Some(BlockHash([9; 32])));
    assert!(lost.next().is_err());
}
