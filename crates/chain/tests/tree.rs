//! Random trees of blocks, some of them invalid, in random order, with random wishes of people: the
//! tip is the one that the rules give, and the coins are those of its chain alone.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use chain::coinstats::coin_bytes;
use chain::muhash::MuHash;
use chain::{ChainConfig, Coin, Submission, SubmitError};
use common::mine::{Parent, coinbase_coin, mine, spend};
use common::{Net, TestChain, copy_dir};
use primitives::{Block, BlockHash, OutPoint};
use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;

/// Blocks that all branches share.
const TRUNK: u32 = 110;
/// Less than a block may pay at any height here.
const REWARD: i64 = 600_000_000;

fn small(config: &mut ChainConfig) {
    config.cache_bytes = 1 << 20;
    config.script_threads = 1;
    config.fast_prune = true;
}

/// The shared blocks, and a directory in which they are connected.
static BASE: LazyLock<(Vec<Arc<Block>>, TempDir)> = LazyLock::new(|| {
    let params = Net::Regtest.params();
    let genesis = Block::from_bytes(params.genesis.block, params.hashes).unwrap();
    let (dir, mut parent) = (tempfile::tempdir().unwrap(), Parent::of(&genesis, 0));
    let chain = TestChain::open(Net::Regtest, dir.path(), small);
    let mut blocks = Vec::new();
    for height in 1..=TRUNK {
        let block = mine(params, parent, &[], 0, REWARD);
        parent = Parent::of(&block, height);
        let call = chain
            .handle
            .submit_block(Arc::clone(&block), Submission::LOCAL);
        call.wait().unwrap();
        blocks.push(block);
    }
    chain.stop();
    (blocks, dir)
});

/// A block of the tree: what it stands on (`None`: the trunk), and whether its coins are there.
#[derive(Clone, Copy, Debug)]
struct Plan {
    parent: Option<usize>,
    valid: bool,
}

/// What happens to a block.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Submit,
    Invalidate,
    Reconsider,
    Prefer,
    /// The block has no part in it.
    Restart,
}

/// The tree's blocks. Each spends the coin of the trunk that belongs to its height, so that branches
/// are at odds about all of them.
fn build(plans: &[Plan]) -> Vec<Arc<Block>> {
    let (params, trunk) = (Net::Regtest.params(), &BASE.0);
    let root = Parent::of(trunk.last().unwrap(), TRUNK);
    let mut blocks: Vec<(Arc<Block>, Parent)> = Vec::new();
    for (plan, salt) in plans.iter().zip(1..) {
        let parent = plan.parent.map_or(root, |n| blocks[n].1);
        let depth = (parent.height - TRUNK) as usize;
        let mut coins = vec![coinbase_coin(&trunk[depth])];
        if !plan.valid {
            // No such coin, or one that the parent has spent.
            coins.push(match depth {
                0 => (OutPoint::new(trunk[0].txs[0].txid(), 9), 0),
                _ => coinbase_coin(&trunk[depth - 1]),
            });
        }
        let tx = spend(params, &coins, 3);
        let block = mine(params, parent, &[tx], salt, REWARD);
        let place = Parent::of(&block, parent.height + 1);
        blocks.push((block, place));
    }
    blocks.into_iter().map(|(block, _)| block).collect()
}

/// The rules, without any chain.
struct Model<'a> {
    plans: &'a [Plan],
    hashes: Vec<BlockHash>,
    data: Vec<bool>,
    /// All blocks up to this one are there.
    complete: Vec<bool>,
    failed: Vec<bool>,
    sequence: Vec<i32>,
    /// Order in which blocks became known.
    order: Vec<usize>,
    waiting: HashMap<usize, Vec<usize>>,
    next_sequence: i32,
    precious: (i32, u32),
    tip: Option<usize>,
}

impl<'a> Model<'a> {
    fn new(plans: &'a [Plan], blocks: &[Arc<Block>]) -> Self {
        let count = plans.len();
        Self {
            plans,
            hashes: blocks.iter().map(|block| block.hash).collect(),
            data: vec![false; count],
            complete: vec![false; count],
            failed: vec![false; count],
            sequence: vec![1; count],
            order: (0..count).collect(),
            waiting: HashMap::new(),
            next_sequence: 2,
            precious: (-1, 0),
            tip: None,
        }
    }

    /// The block and its ancestors, itself first.
    fn line(&self, block: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(block), |block| self.plans[*block].parent)
    }

    fn descends(&self, block: usize, ancestor: usize) -> bool {
        self.line(block).any(|at| at == ancestor)
    }

    fn height(&self, block: usize) -> u32 {
        u32::try_from(self.line(block).count()).unwrap()
    }

    /// More work, then the one that could be connected first, then the one known first.
    fn rank(&self, block: usize) -> (u32, Reverse<i32>, Reverse<usize>) {
        let order = self.order[block];
        (
            self.height(block),
            Reverse(self.sequence[block]),
            Reverse(order),
        )
    }

    fn submit(&mut self, block: usize) {
        if self.failed[block] || self.data[block] {
            return;
        }
        self.data[block] = true;
        if let Some(parent) = self.plans[block].parent
            && !self.complete[parent]
        {
            self.waiting.entry(parent).or_default().push(block);
            return;
        }
        let mut queue = VecDeque::from([block]);
        while let Some(block) = queue.pop_front() {
            self.complete[block] = true;
            self.sequence[block] = self.next_sequence;
            self.next_sequence += 1;
            queue.extend(self.waiting.remove(&block).unwrap_or_default());
        }
    }

    fn fail(&mut self, block: usize) {
        for other in 0..self.plans.len() {
            self.failed[other] |= self.descends(other, block);
        }
    }

    fn invalidate(&mut self, block: usize) {
        if self.tip.is_some_and(|tip| self.descends(tip, block)) {
            self.tip = self.plans[block].parent;
        }
        self.fail(block);
    }

    fn reconsider(&mut self, block: usize) {
        for other in 0..self.plans.len() {
            if self.descends(other, block) || self.descends(block, other) {
                self.failed[other] = false;
            }
        }
    }

    fn prefer(&mut self, block: usize) {
        let work = self.tip.map_or(0, |tip| self.height(tip));
        if self.height(block) < work {
            return;
        }
        if work > self.precious.1 {
            self.precious.0 = -1;
        }
        self.precious.1 = work;
        self.sequence[block] = self.precious.0;
        self.precious.0 -= 1;
    }

    fn restart(&mut self) {
        let mut sorted: Vec<usize> = (0..self.plans.len()).collect();
        sorted.sort_by_key(|block| (self.height(*block), self.hashes[*block]));
        for (place, block) in sorted.into_iter().enumerate() {
            self.order[block] = place;
            let on_chain = self.tip.is_some_and(|tip| self.descends(tip, block));
            self.sequence[block] = i32::from(!on_chain);
        }
        for waiting in self.waiting.values_mut() {
            waiting.sort_by_key(|block| self.order[*block]);
        }
        (self.next_sequence, self.precious) = (2, (-1, 0));
    }

    /// Goes to the best chain.
    fn activate(&mut self) {
        loop {
            let may_be = |block: &usize| self.complete[*block] && !self.failed[*block];
            let best = (0..self.plans.len())
                .filter(may_be)
                .max_by_key(|block| self.rank(*block));
            let better =
                |best: &usize| self.tip.is_none_or(|tip| self.rank(*best) > self.rank(tip));
            let Some(best) = best.filter(better) else {
                return;
            };
            let mut path: Vec<usize> = self.line(best).collect();
            path.reverse();
            let shared = |block: &usize| self.tip.is_some_and(|tip| self.descends(tip, *block));
            let new = path.iter().position(|block| !shared(block)).unwrap();
            self.tip = new.checked_sub(1).map(|last| path[last]);
            for block in &path[new..] {
                if !self.plans[*block].valid {
                    self.fail(*block);
                    break;
                }
                self.tip = Some(*block);
            }
        }
    }

    /// The tree's blocks on the active chain, the first one first.
    fn chain(&self) -> Vec<usize> {
        let mut chain: Vec<usize> = self
            .tip
            .into_iter()
            .flat_map(|tip| self.line(tip))
            .collect();
        chain.reverse();
        chain
    }
}

/// The coins' hash behind these blocks, from nothing but the blocks.
fn coins_hash<'a>(blocks: impl Iterator<Item = &'a Arc<Block>>) -> String {
    let mut coins: HashMap<OutPoint, Coin> = HashMap::new();
    for (block, height) in blocks.zip(1..) {
        for tx in &block.txs {
            if !tx.is_coinbase() {
                for input in &tx.inputs {
                    coins.remove(&input.prevout).unwrap();
                }
            }
            for (output, n) in tx.outputs.iter().zip(0..) {
                let coin = Coin {
                    height,
                    coinbase: tx.is_coinbase(),
                    output: output.clone(),
                };
                coins.insert(OutPoint::new(tx.txid(), n), coin);
            }
        }
    }
    let mut hash = MuHash::new();
    for (place, coin) in &coins {
        hash.insert(&coin_bytes(place, coin));
    }
    let mut bytes = hash.finalize();
    bytes.reverse();
    primitives::hash::to_hex(&bytes)
}

fn open(dir: &Path) -> TestChain {
    let chain = TestChain::open(Net::Regtest, dir, small);
    chain.import();
    chain
}

fn apply(chain: &TestChain, deed: Deed, block: &Arc<Block>) {
    let handle = &chain.handle;
    match deed {
        Deed::Submit => {
            let call = handle.submit_block(Arc::clone(block), Submission::LOCAL);
            if let Err(SubmitError::Chain(error)) = call.wait() {
                panic!("{error}");
            }
        }
        Deed::Invalidate => assert!(handle.invalidate_block(block.hash).wait().unwrap()),
        Deed::Reconsider => assert!(handle.reconsider_block(block.hash).wait().unwrap()),
        Deed::Prefer => assert!(handle.precious_block(block.hash).wait().unwrap()),
        Deed::Restart => unreachable!("the caller does that"),
    }
}

fn check(plans: &[Plan], deeds: &[(Deed, Index)]) {
    let blocks = build(plans);
    let dir = tempfile::tempdir().unwrap();
    copy_dir(BASE.1.path(), dir.path());
    let mut chain = open(dir.path());
    let mut model = Model::new(plans, &blocks);
    // All headers are known first, so that blocks may come before their parents.
    for block in &blocks {
        let call = chain.handle.submit_headers(vec![block.header], true);
        call.wait().unwrap();
    }
    for (deed, index) in deeds {
        let block = index.index(blocks.len());
        match deed {
            Deed::Submit => model.submit(block),
            Deed::Invalidate => model.invalidate(block),
            Deed::Reconsider => model.reconsider(block),
            Deed::Prefer => model.prefer(block),
            Deed::Restart => {
                chain.stop();
                model.restart();
                chain = open(dir.path());
                model.activate();
                continue;
            }
        }
        model.activate();
        apply(&chain, *deed, &blocks[block]);
        let trunk = BASE.0.last().unwrap().hash;
        let expected = model.tip.map_or(trunk, |tip| blocks[tip].hash);
        let tip = chain.reader.tip().hash;
        let name = |hash| blocks.iter().position(|block| block.hash == hash);
        assert_eq!(name(tip), name(expected), "after {deed:?} of {block}");
    }
    let path = model.chain();
    let path = path.iter().map(|block| &blocks[*block]);
    assert_eq!(chain.muhash(), coins_hash(BASE.0.iter().chain(path)));
    assert!(chain.handle.verify_chain(4, 20).wait().unwrap());
    chain.stop();
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let one = (any::<Index>(), prop::bool::weighted(0.8));
    prop::collection::vec(one, 3..16).prop_map(|drawn| {
        let plan = |(number, (index, valid)): (usize, (Index, bool))| Plan {
            // Nearer to the last blocks, so that branches get long.
            parent: match index.index(number.min(5) + 1) {
                0 if number < 3 => None,
                back => number.checked_sub(back.max(1)),
            },
            valid,
        };
        drawn.into_iter().enumerate().map(plan).collect()
    })
}

fn deeds() -> impl Strategy<Value = Vec<(Deed, Index)>> {
    let deed = prop_oneof![
        12 => Just(Deed::Submit),
        2 => Just(Deed::Invalidate),
        3 => Just(Deed::Reconsider),
        3 => Just(Deed::Prefer),
        1 => Just(Deed::Restart),
    ];
    prop::collection::vec((deed, any::<Index>()), 20..60)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_tip_is_the_one_that_the_rules_give(plans in plans(), deeds in deeds()) {
        check(&plans, &deeds);
    }
}
