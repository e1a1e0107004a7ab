//! Chains that compete.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::sync::Arc;

use chain::{BlockRejection, Submission, SubmitError, TipStatus};
use common::mine::{Parent, coinbase_coin, mine, spend};
use common::{Net, TestChain};
use primitives::{Block, BlockHash};
use proptest::prelude::*;

const SUBSIDY: i64 = 5_000_000_000;

fn open(dir: &std::path::Path) -> TestChain {
    TestChain::open(Net::Regtest, dir, |config| config.script_threads = 2)
}

/// Submits a block and says what became of it, as `submitblock` does.
fn submit(chain: &TestChain, block: &Arc<Block>) -> String {
    match chain
        .handle
        .submit_block(Arc::clone(block), Submission::LOCAL)
        .wait()
    {
        Ok(accepted) if !accepted.new => "duplicate".to_owned(),
        Ok(accepted) => match accepted.connected {
            None => "inconclusive".to_owned(),
            Some(Ok(())) => "ok".to_owned(),
            Some(Err(rejection)) => rejection.to_string(),
        },
        Err(SubmitError::Rejected(rejection)) => rejection.to_string(),
        Err(SubmitError::Chain(error)) => panic!("{error}"),
    }
}

/// Mines `count` blocks on `parent`, without submitting them.
fn branch(chain: &TestChain, parent: Parent, count: u32, salt: u32) -> Vec<Arc<Block>> {
    let (params, mut parent) = (chain.reader.params(), parent);
    let mut blocks = Vec::new();
    for _ in 0..count {
        // Below half of what any height on regtest in these tests allows.
        let block = mine(params, parent, &[], salt, SUBSIDY / 8);
        parent = Parent::of(&block, parent.height + 1);
        blocks.push(block);
    }
    blocks
}

fn tip_parent(chain: &TestChain) -> Parent {
    Parent::from(&chain.reader.tip_block().unwrap())
}

#[test]
fn a_longer_branch_takes_over() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [chain, clean] = dirs.each_ref().map(|dir| open(dir.path()));
    let start = tip_parent(&chain);
    let (a, b) = (branch(&chain, start, 400, 1), branch(&chain, start, 401, 2));
    for block in &a {
        assert_eq!(submit(&chain, block), "ok");
    }
    assert_eq!(submit(&chain, &a[0]), "duplicate");
    let with_a = chain.muhash();
    let (last, others) = b.split_last().unwrap();
    for block in others {
        assert_eq!(submit(&chain, block), "inconclusive");
    }
    assert_eq!(
        chain.reader.tip().hash,
        a[399].hash,
        "the first of two equals stays"
    );
    assert_eq!(submit(&chain, last), "ok");
    assert_eq!(chain.reader.tip().hash, last.hash);
    assert_eq!(chain.reader.hash_at(7), Some(b[6].hash));
    b.iter()
        .for_each(|block| assert_eq!(submit(&clean, block), "ok"));
    assert_eq!(chain.muhash(), clean.muhash());
    let tips = chain.reader.chain_tips();
    let ends: Vec<_> = tips
        .iter()
        .map(|tip| (tip.height, tip.branch_length, tip.status))
        .collect();
    assert_eq!(
        ends,
        [
            (401, 0, TipStatus::Active),
            (400, 400, TipStatus::ValidFork)
        ]
    );
    // And back, by decision.
    assert!(chain.handle.invalidate_block(b[0].hash).wait().unwrap());
    assert_eq!(chain.reader.tip().hash, a[399].hash);
    assert_eq!(chain.muhash(), with_a);
    assert_eq!(submit(&chain, &b[5]), "duplicate-invalid");
    assert!(chain.handle.reconsider_block(b[200].hash).wait().unwrap());
    assert_eq!(chain.reader.tip().hash, last.hash);
    assert!(
        !chain
            .handle
            .invalidate_block(BlockHash::ZERO)
            .wait()
            .unwrap()
    );
}

#[test]
fn a_preferred_block_wins_among_equals() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let start = tip_parent(&chain);
    let tips: Vec<_> = (1..4).map(|salt| branch(&chain, start, 2, salt)).collect();
    for blocks in &tips {
        blocks.iter().for_each(|block| drop(submit(&chain, block)));
    }
    assert_eq!(chain.reader.tip().hash, tips[0][1].hash);
    for want in [2, 1, 0, 1] {
        assert!(
            chain
                .handle
                .precious_block(tips[want][1].hash)
                .wait()
                .unwrap()
        );
        assert_eq!(chain.reader.tip().hash, tips[want][1].hash);
    }
    chain.stop();
    let chain = open(dir.path());
    assert_eq!(
        chain.reader.tip().hash,
        tips[1][1].hash,
        "the last tip stays after a restart"
    );
}

#[test]
fn a_branch_with_an_invalid_block_is_left_again() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let params = chain.reader.params();
    let start = tip_parent(&chain);
    let a = branch(&chain, start, 5, 1);
    a.iter()
        .for_each(|block| assert_eq!(submit(&chain, block), "ok"));
    let before = chain.muhash();
    let mut b = branch(&chain, start, 4, 2);
    let greedy = mine(params, Parent::of(&b[3], 4), &[], 2, SUBSIDY + 1);
    b.push(Arc::clone(&greedy));
    b.extend(branch(&chain, Parent::of(&greedy, 5), 2, 2));
    // The last one first: its parents come later.
    assert_eq!(submit(&chain, &b[6]), "prev-blk-not-found");
    let headers = b.iter().map(|block| block.header).collect();
    let last = chain.handle.submit_headers(headers, true).wait().unwrap();
    assert_eq!(last, Some(b[6].hash));
    assert_eq!(chain.reader.best_header().unwrap().hash, b[6].hash);
    for n in [6, 0, 1, 2, 3, 5] {
        assert_eq!(submit(&chain, &b[n]), "inconclusive");
    }
    assert_eq!(submit(&chain, &greedy), "bad-cb-amount");
    assert_eq!(chain.reader.tip().hash, a[4].hash);
    assert_eq!(chain.muhash(), before);
    let tips = chain.reader.chain_tips();
    assert_eq!(tips[0].status, TipStatus::Invalid);
    assert_eq!(chain.reader.best_header().unwrap().hash, a[4].hash);
    chain.stop();
    let chain = open(dir.path());
    assert_eq!(chain.reader.tip().hash, a[4].hash);
    assert_eq!(submit(&chain, &greedy), "duplicate-invalid");
    let child = branch(&chain, Parent::of(&greedy, 5), 1, 9);
    assert_eq!(submit(&chain, &child[0]), "bad-prevblk");
}

#[test]
fn rules_about_coins_have_their_reasons() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let params = chain.reader.params();
    let blocks = branch(&chain, tip_parent(&chain), 101, 1);
    blocks
        .iter()
        .for_each(|block| assert_eq!(submit(&chain, block), "ok"));
    let at = tip_parent(&chain);
    let check = |txs: &[_], reward, expected: &str| {
        let block = mine(params, at, txs, 1, reward);
        let test = chain
            .handle
            .test_block(Arc::clone(&block), true, true)
            .wait();
        assert_eq!(test.unwrap_err().to_string(), expected);
        assert_eq!(submit(&chain, &block), expected);
        assert_eq!(chain.reader.tip().height, 101);
    };
    let old = coinbase_coin(&blocks[0]);
    let young = coinbase_coin(&blocks[2]);
    let once = spend(params, &[old], 2);
    let again = spend(params, &[old], 3);
    check(
        &[spend(params, &[young], 1)],
        0,
        "bad-txns-premature-spend-of-coinbase",
    );
    check(
        &[Arc::clone(&once), again],
        0,
        "bad-txns-inputs-missingorspent",
    );
    check(
        &[spend(params, &[(old.0, old.1 + 1)], 1)],
        0,
        "bad-txns-in-belowout",
    );
    check(&[Arc::clone(&once)], SUBSIDY + 1, "bad-cb-amount");
    check(
        &[Arc::clone(&once), Arc::clone(&once)],
        0,
        "bad-txns-inputs-missingorspent",
    );
    // What was made earlier in a block can be spent in it.
    let (txid, half) = (once.txid(), old.1 / 2);
    let parts = [0, 1].map(|n| (primitives::OutPoint::new(txid, n), half));
    let joined = spend(params, &parts, 1);
    let good = mine(params, at, &[once, joined], 1, SUBSIDY);
    assert!(
        chain
            .handle
            .test_block(Arc::clone(&good), true, true)
            .wait()
            .is_ok()
    );
    assert_eq!(submit(&chain, &good), "ok");
    let stale = chain
        .handle
        .test_block(good, true, true)
        .wait()
        .unwrap_err();
    assert!(matches!(
        stale,
        SubmitError::Rejected(BlockRejection::NotOnTip)
    ));
}

#[test]
fn unrequested_blocks_are_kept_only_near_the_tip() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let start = tip_parent(&chain);
    let (a, b) = (branch(&chain, start, 3, 1), branch(&chain, start, 1, 2));
    a.iter()
        .for_each(|block| assert_eq!(submit(&chain, block), "ok"));
    let unrequested = Submission {
        requested: false,
        work_checked: true,
    };
    let send = |block: &Arc<Block>, submission| {
        chain
            .handle
            .submit_block(Arc::clone(block), submission)
            .wait()
    };
    assert!(
        !send(&b[0], unrequested).unwrap().new,
        "less work than the tip"
    );
    assert!(!chain.reader.block(&b[0].hash).unwrap().status.has_data());
    let next = branch(&chain, tip_parent(&chain), 1, 1);
    let cheap = Submission {
        requested: false,
        work_checked: false,
    };
    let refused = send(&next[0], cheap).unwrap_err();
    assert!(matches!(
        refused,
        SubmitError::Rejected(BlockRejection::LowWork)
    ));
    assert!(send(&next[0], unrequested).unwrap().new);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Blocks of a random tree, in a random order, leave the same coins as the winning branch alone.
    #[test]
    fn coins_depend_on_the_tip_alone(parents in proptest::collection::vec(any::<u16>(), 8..30)) {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [chain, clean] = dirs.each_ref().map(|dir| open(dir.path()));
        let base = branch(&chain, tip_parent(&chain), 110, 1);
        for block in &base {
            submit(&chain, block);
            submit(&clean, block);
        }
        let before = chain.muhash();
        // Each block spends the same old coin as others at its height, and one made by its parent.
        let params = chain.reader.params();
        let root = Parent::from(&chain.reader.tip_block().unwrap());
        let mut tree: Vec<(Parent, Option<usize>, Arc<Block>)> = Vec::new();
        for (salt, choice) in (100u32..).zip(&parents) {
            let choice = usize::from(*choice) % (tree.len() + 1);
            let parent = choice.checked_sub(1);
            let at = parent.map_or(root, |p| Parent::of(&tree[p].2, tree[p].0.height + 1));
            let old = coinbase_coin(&base[(at.height - root.height) as usize % 10]);
            let free = at.height - root.height < 10;
            let mut txs = Vec::new();
            if free {
                txs.push(spend(params, &[old], 2 + salt % 3));
            }
            if let Some(tx) = parent.and_then(|p| tree[p].2.txs.get(1).cloned()) {
                let from = (primitives::OutPoint::new(tx.txid(), 0), tx.outputs[0].value.sat());
                txs.push(spend(params, &[from], 1));
            }
            let block = mine(params, at, &txs, salt, SUBSIDY / 8);
            tree.push((at, parent, block));
        }
        for (_, _, block) in &tree {
            submit(&chain, block);
        }
        let tip = chain.reader.tip();
        let best = tree.iter().map(|(parent, ..)| parent.height + 1).max().unwrap();
        prop_assert_eq!(tip.height, best);
        let mut path = Vec::new();
        let mut at = tree.iter().position(|(.., block)| block.hash == tip.hash);
        while let Some(n) = at {
            path.push(n);
            at = tree[n].1;
        }
        for n in path.iter().rev() {
            prop_assert_eq!(submit(&clean, &tree[*n].2), "ok");
        }
        prop_assert_eq!(chain.muhash(), clean.muhash());
        prop_assert!(chain.handle.verify_chain(4, 0).wait().unwrap());
        for (.., block) in tree.iter().filter(|(_, parent, _)| parent.is_none()) {
            prop_assert!(chain.handle.invalidate_block(block.hash).wait().unwrap());
        }
        prop_assert_eq!(chain.reader.tip().hash, root.hash);
        prop_assert_eq!(chain.muhash(), before);
    }
}
