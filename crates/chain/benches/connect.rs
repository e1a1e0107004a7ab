//! Connecting a block and taking it back: the block of the shared regtest chain that has the most
//! inputs, all of them signed, and one of 2,500 transactions that anyone may spend, where the coins
//! are the work.

#[path = "../tests/common/mine.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod mine;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chain::ChainConfig;
use chain::benching::BenchChain;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use primitives::encode::Reader;
use primitives::params::{Coin, Network};
use primitives::{Block, ChainParams, OutPoint};
use testkit::vectors_dir;

use mine::{Parent, coinbase_coin, spend};

/// Transactions of a full block.
const TXS: usize = 2_500;
/// Transactions that make the coins for it.
const SOURCES: usize = 100;
/// Coinbases can be spent after so many blocks.
const MATURITY: usize = 100;
/// Less than a block may pay at any height here.
const REWARD: i64 = 600_000_000;

fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Regtest)
}

/// The blocks of the shared chain up to the one with the most inputs.
fn signed() -> Vec<Arc<Block>> {
    let Some(dir) = vectors_dir() else {
        return Vec::new();
    };
    let bytes = std::fs::read(dir.join("regtest/chain.dat")).expect("part of the vectors");
    let mut reader = Reader::new(&bytes);
    let mut blocks = Vec::new();
    while let Ok([_, _, _, _]) = reader.array::<4>() {
        let length = reader.u32().expect("a length follows the magic") as usize;
        let block = reader.take(length).expect("a block follows its length");
        let block = Block::from_bytes(block, params().hashes).expect("the file holds blocks");
        blocks.push(Arc::new(block));
    }
    let largest = (0..blocks.len()).max_by_key(|n| inputs(&blocks[*n]));
    blocks.truncate(largest.map_or(0, |n| n + 1));
    blocks.drain(..1);
    blocks
}

fn inputs(block: &Block) -> usize {
    block.txs[1..].iter().map(|tx| tx.inputs.len()).sum()
}

/// Blocks, the last of which has [`TXS`] transactions with two inputs and two outputs each.
fn unsigned() -> Vec<Arc<Block>> {
    let params = params();
    let genesis = Block::from_bytes(params.genesis.block, params.hashes).expect("a valid block");
    let mut tip = Parent::of(&genesis, 0);
    let mut blocks: Vec<Arc<Block>> = Vec::new();
    let outputs = TXS * 2 / SOURCES;
    for _ in 0..SOURCES + MATURITY {
        let ripe = blocks.len().checked_sub(MATURITY);
        let outputs = u32::try_from(outputs).expect("a small number");
        let source = ripe.map(|ripe| spend(params, &[coinbase_coin(&blocks[ripe])], outputs));
        let txs: Vec<_> = source.into_iter().collect();
        let block = mine::mine(params, tip, &txs, 0, REWARD);
        tip = Parent::of(&block, tip.height + 1);
        blocks.push(block);
    }
    let coins: Vec<(OutPoint, i64)> = blocks[MATURITY..]
        .iter()
        .flat_map(|block| {
            (0u32..)
                .zip(&block.txs[1].outputs)
                .map(|(n, output)| (OutPoint::new(block.txs[1].txid(), n), output.value.sat()))
        })
        .collect();
    let (near, far) = coins.split_at(TXS);
    let pairs = near.iter().zip(far);
    let txs: Vec<_> = pairs
        .map(|(near, far)| spend(params, &[*near, *far], 2))
        .collect();
    blocks.push(mine::mine(params, tip, &txs, 0, REWARD));
    blocks
}

/// Measures the last of `blocks`, on a chain of the others.
fn measure(criterion: &mut Criterion, name: &str, blocks: &[Arc<Block>]) {
    let Some((block, below)) = blocks.split_last() else {
        return;
    };
    let dir = tempfile::tempdir().expect("there is room");
    std::fs::create_dir_all(dir.path().join("blocks")).expect("there is room");
    let mut config = ChainConfig::new(params(), dir.path());
    config.assume_valid = None;
    let mut chain = BenchChain::load(config).expect("the folder is empty");
    for block in below {
        chain.add(block).expect("a valid chain");
    }
    let (txs, inputs) = (block.txs.len(), inputs(block));
    let name = format!("{name} block of {txs} transactions with {inputs} inputs");
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(txs as u64));
    group.bench_function("connect, coins in the store", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut taken = Duration::ZERO;
            for _ in 0..rounds {
                // Nothing is to be written; what was fetched is forgotten.
                chain.flush(false).expect("there is room");
                let started = Instant::now();
                chain.connect(block).expect("a valid block");
                taken += started.elapsed();
            }
            taken
        });
    });
    group.bench_function("connect, coins in memory", |bencher| {
        bencher.iter(|| chain.connect(block).expect("a valid block"));
    });
    chain.add(block).expect("a valid block");
    group.bench_function("disconnect, coins in memory", |bencher| {
        bencher.iter(|| chain.disconnect().expect("the tip can be taken back"));
    });
    chain.flush(false).expect("there is room");
    group.bench_function("disconnect, coins in the store", |bencher| {
        bencher.iter(|| chain.disconnect().expect("the tip can be taken back"));
    });
    group.finish();
}

fn connect(criterion: &mut Criterion) {
    measure(criterion, "signed", &signed());
    measure(criterion, "unsigned", &unsigned());
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = connect
}
criterion_main!(benches);
