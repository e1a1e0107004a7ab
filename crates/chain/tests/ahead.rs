//! Coins that are read before their block is connected, for several blocks together.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::path::Path;
use std::sync::Arc;

use chain::{Reindex, Submission};
use common::mine::{Parent, coinbase_coin, mine, spend};
use common::{Net, TestChain};
use primitives::{Block, ChainParams, OutPoint, Tx};

const REWARD: i64 = 600_000_000;
/// Coinbases can be spent after so many blocks.
const MATURITY: u32 = 100;
/// Blocks that spend what lies on disk, and coins that each of them spends.
const SPENDING: usize = 30;
const SPENT: usize = 4;
/// The block that spends a coin which one before it has spent.
const BAD: usize = 20;

fn output(tx: &Tx, vout: usize) -> (OutPoint, i64) {
    let place = OutPoint::new(tx.txid(), u32::try_from(vout).unwrap());
    (place, tx.outputs[vout].value.sat())
}

fn submit(chain: &TestChain, block: &Arc<Block>) {
    let submitted = chain
        .handle
        .submit_block(Arc::clone(block), Submission::LOCAL);
    submitted.wait().unwrap().connected.unwrap().unwrap();
}

/// Blocks on `parent`: each spends coins of `split`, some also what a block shortly before it made, and
/// the one at `bad` what one shortly before it spent.
fn spending(params: &ChainParams, mut parent: Parent, split: &Tx, bad: usize) -> Vec<Arc<Block>> {
    let (mut blocks, mut made) = (Vec::new(), Vec::<Arc<Tx>>::new());
    for at in 0..SPENDING {
        let mut coins: Vec<_> = (at * SPENT..(at + 1) * SPENT)
            .map(|vout| output(split, vout))
            .collect();
        if at >= 3 {
            coins.push(output(&made[at - 3], 0));
        }
        if at == bad {
            coins.push(output(split, (at - 2) * SPENT));
        }
        let tx = spend(params, &coins, 2);
        let block = mine(params, parent, &[Arc::clone(&tx)], 1, REWARD);
        parent = Parent::of(&block, parent.height + 1);
        made.push(tx);
        blocks.push(block);
    }
    blocks
}

fn write(file: &Path, params: &ChainParams, blocks: &[Arc<Block>]) {
    let mut bytes = Vec::new();
    for block in blocks {
        let block = block.to_bytes();
        bytes.extend(params.magic);
        bytes.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
        bytes.extend(block);
    }
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn coins_read_for_several_blocks_are_spent_once() {
    let params = Net::Regtest.params();
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    let mut tip = Parent::from(&chain.reader.tip_block().unwrap());
    let mut first = None;
    for _ in 0..MATURITY {
        let block = mine(params, tip, &[], 1, REWARD);
        submit(&chain, &block);
        tip = Parent::of(&block, tip.height + 1);
        first.get_or_insert(block);
    }
    let all = u32::try_from(SPENDING * SPENT).unwrap();
    let split = spend(params, &[coinbase_coin(&first.unwrap())], all);
    let block = mine(params, tip, &[Arc::clone(&split)], 1, REWARD);
    submit(&chain, &block);
    tip = Parent::of(&block, tip.height + 1);
    chain.stop();
    // Now no coin is in memory.
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    let file = dir.path().join("blocks.dat");
    write(&file, params, &spending(params, tip, &split, BAD));
    chain.load(&file);
    let good = tip.height + u32::try_from(BAD).unwrap();
    assert_eq!(chain.reader.height(), good);
    chain.stop();
    // The same blocks but for that one, from a file.
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    assert_eq!(chain.reader.height(), good);
    let blocks = spending(params, tip, &split, usize::MAX);
    write(&file, params, &blocks);
    chain.load(&file);
    let end = tip.height + u32::try_from(SPENDING).unwrap();
    assert_eq!(chain.reader.height(), end);
    assert!(chain.handle.verify_chain(4, 0).wait().unwrap());
    let expected = chain.muhash();
    chain.stop();
    // From the block files, all at once and with a store that changes all the time.
    for cache_bytes in [100 << 20, 1 << 20] {
        let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
            config.reindex = Reindex::Chainstate;
            config.cache_bytes = cache_bytes;
        });
        chain.import();
        assert_eq!(chain.reader.height(), end);
        assert_eq!(chain.muhash(), expected);
        chain.stop();
    }
}
