//! Chains that begin with a snapshot of all coins.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chain::coinstats::{CoinStatsHash, coin_stats};
use chain::snapshot::{
    ActivationError, CoinsAt, METADATA_SIZE, RollbackOptions, SnapshotMetadata, populate,
};
use chain::{Chain, ChainConfig, StartError, Submission};
use primitives::params::AssumeUtxo;
use primitives::{Block, ChainParams, Hash256};

use super::Net;
use super::mine::{Parent, coinbase_coin, mine, spend};

pub(crate) const REWARD: i64 = 600_000_000;
/// Height of the snapshot.
pub(crate) const BASE: u32 = 112;
/// Height of the last block.
pub(crate) const TOP: u32 = 124;
/// Blocks that a node has before it loads the snapshot.
pub(crate) const HAVE: u32 = 40;
/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// A chain whose later blocks spend what earlier ones made.
pub(crate) fn blocks(params: &ChainParams) -> Vec<Arc<Block>> {
    blocks_of_coins(params, 3)
}

/// As [`blocks`]; each later block makes so many coins.
pub(crate) fn blocks_of_coins(params: &ChainParams, coins: u32) -> Vec<Arc<Block>> {
    let genesis = Block::from_bytes(params.genesis.block, params.hashes).unwrap();
    let mut blocks = vec![Arc::new(genesis)];
    for height in 1..=TOP {
        let parent = Parent::of(blocks.last().unwrap(), height - 1);
        let txs = match height {
            104.. => {
                let coin = coinbase_coin(&blocks[height as usize - 102]);
                let first = spend(params, &[coin], coins);
                vec![first]
            }
            _ => Vec::new(),
        };
        blocks.push(mine(params, parent, &txs, 7, REWARD));
    }
    blocks
}

/// The chain with a snapshot that the program knows.
pub(crate) struct World {
    pub(crate) params: &'static ChainParams,
    pub(crate) blocks: Vec<Arc<Block>>,
    pub(crate) file: Vec<u8>,
    /// The coins' hash at the end.
    pub(crate) muhash: String,
}

pub(crate) fn start_with(
    params: &'static ChainParams,
    dir: &Path,
    change: impl FnOnce(&mut ChainConfig),
) -> Result<Chain, StartError> {
    fs::create_dir_all(dir.join("blocks")).unwrap();
    let mut config = ChainConfig::new(params, dir);
    config.script_threads = 2;
    change(&mut config);
    let chain = chain::start(config)?;
    chain.handle.import(Vec::new()).wait().unwrap();
    Ok(chain)
}

pub(crate) fn start(params: &'static ChainParams, dir: &Path) -> Chain {
    start_with(params, dir, |_| ()).unwrap()
}

pub(crate) fn submit(chain: &Chain, block: &Arc<Block>) -> bool {
    let submitted = chain
        .handle
        .submit_block(Arc::clone(block), Submission::LOCAL);
    submitted.wait().unwrap().connected == Some(Ok(()))
}

pub(crate) fn muhash(chain: &Chain) -> String {
    let snapshot = chain.handle.coins_snapshot().wait().unwrap();
    let scheme = chain.reader.params().hashes;
    let stats = coin_stats(&snapshot, CoinStatsHash::MuHash, scheme, |_| true).unwrap();
    stats.hash.unwrap().to_string()
}

pub(crate) fn dump(coins: &CoinsAt, params: &'static ChainParams) -> (Vec<u8>, Hash256) {
    let stats = coins.stats(params.hashes, |_| true).unwrap();
    let mut file = Vec::new();
    let written = coins.write(&mut file, params, stats.outputs, |_| true);
    assert_eq!(written.unwrap(), stats.outputs);
    (file, stats.hash.unwrap())
}

/// `spoil` may change the coins of the snapshot that the program takes for right.
pub(crate) fn world(spoil: impl FnOnce(&mut Vec<u8>)) -> World {
    world_of(blocks(Net::Regtest.params()), spoil)
}

/// As [`world`], with these blocks.
pub(crate) fn world_of(blocks: Vec<Arc<Block>>, spoil: impl FnOnce(&mut Vec<u8>)) -> World {
    let params = Net::Regtest.params();
    let dir = tempfile::tempdir().unwrap();
    let chain = start(params, dir.path());
    for block in &blocks[1..] {
        assert!(submit(&chain, block));
        if block.hash == blocks[BASE as usize].hash {
            chain.handle.flush().wait().unwrap();
        }
    }
    let snapshot = chain.handle.coins_snapshot().wait().unwrap();
    let base = chain.reader.block_at(BASE).unwrap();
    let options = RollbackOptions {
        in_memory: false,
        memory: 0,
    };
    let coins = CoinsAt::rolled_back(&chain.reader, snapshot, &base, options, |_, _| true);
    let (mut file, mut hash) = dump(&coins.unwrap(), params);
    let before = file.clone();
    spoil(&mut file);
    if file != before {
        hash = hash_of(&file, params, base.height);
    }
    let known = AssumeUtxo {
        height: BASE,
        block: base.hash,
        hash_serialized: hash,
        chain_tx_count: base.chain_tx_count,
    };
    let muhash = muhash(&chain);
    chain.stop().unwrap();
    let mut own = params.clone();
    own.assumeutxo = Box::leak(Box::new([known]));
    World {
        params: Box::leak(Box::new(own)),
        blocks,
        file,
        muhash,
    }
}

/// What loading a file gives for its hash: told by the refusal of it.
pub(crate) fn hash_of(file: &[u8], params: &'static ChainParams, height: u32) -> Hash256 {
    let metadata = SnapshotMetadata::from_bytes(file, params).unwrap();
    let mut own = params.clone();
    own.assumeutxo = Box::leak(Box::new([AssumeUtxo {
        height,
        block: metadata.base,
        hash_serialized: Hash256::ZERO,
        chain_tx_count: 1,
    }]));
    let params: &'static ChainParams = Box::leak(Box::new(own));
    let dir = tempfile::tempdir().unwrap();
    let chain = start(params, dir.path());
    let blocks = blocks(params);
    let headers = blocks[1..].iter().map(|block| block.header);
    let headers = chain.handle.submit_headers(headers.collect(), true);
    headers.wait().unwrap();
    let error = load(&chain, file).unwrap_err().to_string();
    let (_, hash) = error.split_once("got ").unwrap();
    let hash = hash.parse().unwrap();
    assert!(!dir.path().join("chainstate_snapshot").exists());
    chain.stop().unwrap();
    hash
}

pub(crate) fn load(chain: &Chain, file: &[u8]) -> Result<(), ActivationError> {
    let metadata = SnapshotMetadata::from_bytes(file, chain.reader.params()).unwrap();
    let plan = chain.handle.plan_snapshot(metadata).wait()?;
    let populated = populate(&plan, &file[METADATA_SIZE..], |_, _, _| true)?;
    chain.handle.activate_snapshot(populated).wait()
}

/// A node with all headers and the first blocks.
pub(crate) fn young(world: &World, dir: &Path) -> Chain {
    young_with(world, dir, |_| ())
}

/// As [`young`], configured by `change`.
pub(crate) fn young_with(
    world: &World,
    dir: &Path,
    change: impl FnOnce(&mut ChainConfig),
) -> Chain {
    let chain = start_with(world.params, dir, change).unwrap();
    let headers = world.blocks[1..].iter().map(|block| block.header);
    let headers = chain.handle.submit_headers(headers.collect(), true);
    headers.wait().unwrap();
    for block in &world.blocks[1..=HAVE as usize] {
        assert!(submit(&chain, block));
    }
    chain
}

/// Heights of the chains, and whether they are checked in full.
pub(crate) fn states(chain: &Chain) -> Vec<(u32, bool)> {
    let states = chain.reader.chainstates();
    let height = |state: &chain::snapshot::ChainstateInfo| {
        (
            chain.reader.block(&state.tip).unwrap().height,
            state.validated,
        )
    };
    states.iter().map(height).collect()
}

/// Waits for the chain's thread: between two commands the older chain goes on.
pub(crate) fn wait_until(chain: &Chain, reached: impl Fn(&Chain) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached(chain) {
        assert!(Instant::now() < deadline, "{:?}", states(chain));
        // It may have ended, which is what is waited for.
        let _ended = chain.handle.barrier().wait();
        std::thread::yield_now();
    }
}

pub(crate) fn names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
