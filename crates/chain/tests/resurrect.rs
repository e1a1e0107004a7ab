//! Transactions of blocks that are left for a better branch wait again.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::sync::{Arc, Mutex};

use chain::mempool::accept::AcceptOptions;
use chain::{ChainConfig, Progress, Submission, Task};
use common::mine::{Parent, coinbase_coin, mine, spend};
use common::{Net, TestChain};
use primitives::{Block, OutPoint, Tx};

/// Less than a block may pay at any height here.
const REWARD: i64 = 30_000_000;
/// Blocks below the branches.
const TRUNK: u32 = 110;
/// Blocks of the branch that is left.
const DEPTH: u32 = 1000;

fn submit(chain: &TestChain, block: &Arc<Block>) {
    let submitted = chain
        .handle
        .submit_block(Arc::clone(block), Submission::LOCAL);
    submitted.wait().unwrap();
}

fn outputs_of(tx: &Tx) -> Vec<(OutPoint, i64)> {
    let outputs = (0u32..).zip(&tx.outputs);
    let place =
        |(n, output): (u32, &primitives::TxOut)| (OutPoint::new(tx.txid(), n), output.value.sat());
    outputs.map(place).collect()
}

fn pool(chain: &TestChain) -> Vec<primitives::Txid> {
    let mempool = chain.reader.mempool();
    let mut ids: Vec<_> = mempool.entries().map(|entry| entry.tx.txid()).collect();
    ids.sort();
    ids
}

/// Checks that a long task was told of step by step, up to its end, and forgets what was told.
fn assert_moved(told: &Mutex<Vec<Progress>>, task: Task) {
    let mut told = told.lock().unwrap();
    let of_task = told.iter().filter(|progress| progress.task == task);
    let percents: Vec<u8> = of_task.map(|progress| progress.percent).collect();
    assert!(percents.is_sorted(), "{task:?}: {percents:?}");
    assert_eq!(percents.last(), Some(&100), "{task:?}");
    assert!(
        (1..100).all(|percent| percents.contains(&percent)),
        "{task:?}: {percents:?}"
    );
    told.retain(|progress| progress.task != task);
}

#[test]
fn a_thousand_blocks_are_left_and_their_transactions_wait_again() {
    let dir = tempfile::tempdir().unwrap();
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let chain = TestChain::open(Net::Regtest, dir.path(), |config: &mut ChainConfig| {
        let told = Arc::clone(&told);
        config.progress = Arc::new(move |progress| told.lock().unwrap().push(progress));
        config.script_threads = 2;
        config.policy.require_standard = false;
        config.policy.min_relay_fee = primitives::FeeRate::from_sat_per_kvb(0);
    });
    chain.import();
    let params = chain.reader.params();
    let mut parent = Parent::from(&chain.reader.tip_block().unwrap());
    let mut trunk: Vec<Arc<Block>> = Vec::new();
    let extend = |parent: &mut Parent, txs: &[Arc<Tx>], salt| {
        let block = mine(params, *parent, txs, salt, REWARD);
        *parent = Parent::of(&block, parent.height + 1);
        submit(&chain, &block);
        block
    };
    let mut split = None;
    for height in 1..=TRUNK {
        let mut txs = Vec::new();
        if height == TRUNK {
            let tx = spend(params, &[coinbase_coin(&trunk[0])], DEPTH + 2);
            split = Some(Arc::clone(&tx));
            txs.push(tx);
        }
        trunk.push(extend(&mut parent, &txs, 1));
    }
    let coins = outputs_of(&split.unwrap());
    let fork = parent;
    // Each block of the branch spends a coin of the trunk, and what the block before made of one.
    let (mut spent, mut last): (Vec<Arc<Tx>>, Option<Arc<Tx>>) = (Vec::new(), None);
    let mut branch: Vec<Arc<Block>> = Vec::new();
    for coin in &coins[..DEPTH as usize] {
        let mut from = vec![*coin];
        // Chains of ten: more is no business of the mempool.
        if spent.len() % 10 != 0 {
            from.extend(last.iter().flat_map(|tx| outputs_of(tx)));
        }
        let tx = spend(params, &from, 2);
        last = Some(Arc::clone(&tx));
        spent.push(Arc::clone(&tx));
        branch.push(extend(&mut parent, &[tx], 2));
    }
    // One more waits already, and spends what a block made; so does one that spends a coinbase of the branch.
    let child = spend(params, &outputs_of(&spent[DEPTH as usize - 1]), 2);
    let of_coinbase = spend(params, &[coinbase_coin(&branch[0])], 2);
    for tx in [&child, &of_coinbase] {
        let submitted = chain
            .handle
            .submit_tx(Arc::clone(tx), AcceptOptions::default());
        submitted.wait().unwrap();
    }
    assert_eq!(chain.reader.height(), TRUNK + DEPTH);
    let with_branch = chain.muhash();
    // The better branch takes one of the transactions along, and spends a coin that another spent.
    let rival = spend(params, &coins[20..21], 3);
    let taken = [Arc::clone(&spent[0]), rival];
    let mut parent = fork;
    for number in 0..=DEPTH {
        let txs = if number == 0 { &taken[..] } else { &[] };
        extend(&mut parent, txs, 3);
    }
    assert_eq!(chain.reader.tip().hash, parent.hash);
    assert_moved(&told, Task::Activating);
    let mut expected: Vec<_> = spent[1..20].iter().map(|tx| tx.txid()).collect();
    expected.extend(spent[30..].iter().map(|tx| tx.txid()));
    expected.push(child.txid());
    expected.sort();
    assert!(pool(&chain) == expected, "{} wait", pool(&chain).len());
    // Back again, they are in blocks once more.
    let first = chain.reader.hash_at(TRUNK + 1).unwrap();
    assert!(chain.handle.invalidate_block(first).wait().unwrap());
    assert_moved(&told, Task::Disconnecting);
    assert_moved(&told, Task::Activating);
    assert_eq!(chain.reader.tip().hash, branch[DEPTH as usize - 1].hash);
    assert_eq!(chain.muhash(), with_branch);
    assert_eq!(pool(&chain), [child.txid()]);
    assert!(chain.handle.verify_chain(4, 50).wait().unwrap());
    chain.stop();
}
