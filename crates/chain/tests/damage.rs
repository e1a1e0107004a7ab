//! Damaged files give a clear error, or do no harm; never a panic, never wrong coins.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chain::mempool::accept::AcceptOptions;
use chain::store::{Batch, Durability, Store, StoreKind, StoreOptions};
use chain::{ChainConfig, ChainError, Coin, Ended, StartError, Submission};
use common::mine::{Parent, anyone, coinbase_coin, mine, spend};
use common::world::{World, fork};
use common::{Net, TestChain, copy_dir, files_below};
use primitives::{Amount, Tx, TxOut};

/// Directories that are damaged, one after another.
const CASES: u64 = 48;

/// The same pseudo-random numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

fn small(config: &mut ChainConfig) {
    // Coins are read from their store, and block files are many.
    config.cache_bytes = 1 << 20;
    config.script_threads = 2;
    config.fast_prune = true;
}

/// Damages one of the files; says how.
fn damage(dir: &Path, random: &mut Random) -> String {
    let mut files: Vec<PathBuf> = files_below(dir);
    files.retain(|file| file.metadata().unwrap().len() > 0);
    // The kind first, since there are many block files.
    let kinds = ["blk", "rev", "index", "chainstate", "xor", "bitq-store", ""];
    let kind = kinds[random.below(kinds.len())];
    files.retain(|file| {
        file.strip_prefix(dir)
            .unwrap()
            .to_string_lossy()
            .contains(kind)
    });
    files.sort();
    let file = &files[random.below(files.len())];
    let mut bytes = fs::read(file).unwrap();
    // What is only reserved space is of little interest.
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
    let at = random.below(used);
    let how = match random.below(4) {
        0 => {
            bytes.truncate(at);
            "cut"
        }
        1 => {
            let end = (at + 1 + random.below(600)).min(used);
            bytes[at..end].fill(0);
            "zeros"
        }
        2 => {
            let end = (at + 1 + random.below(40)).min(used);
            bytes[at..end].fill_with(|| u8::try_from(random.below(256)).unwrap());
            "noise"
        }
        _ => {
            bytes[at] ^= 1 << random.below(8);
            "a bit"
        }
    };
    fs::write(file, bytes).unwrap();
    format!(
        "{how} at {at} of {}",
        file.strip_prefix(dir).unwrap().display()
    )
}

/// A coin as the store has it under a whole checksum, which no block can have made.
#[test]
fn a_coin_that_cannot_be_is_no_ground_for_a_panic() {
    let params = Net::Regtest.params();
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), small);
    let mut parent = Parent::from(&chain.reader.tip_block().unwrap());
    let mut coins = Vec::new();
    for height in 1..=101 {
        let block = mine(params, parent, &[], 0, 600_000_000);
        parent = Parent::of(&block, height);
        coins.push(coinbase_coin(&block));
        let call = chain.handle.submit_block(block, Submission::LOCAL);
        call.wait().unwrap();
    }
    chain.stop();
    let path = dir.path().join("chainstate");
    let options = StoreOptions {
        kind: StoreKind::Coins,
        cache_bytes: 1 << 20,
        buffer_bytes: 1 << 20,
        wipe: false,
    };
    let store = Store::open(&path, params, &options).unwrap();
    let key = [&b"C"[..], &coins[0].0.txid.0, &[0]].concat();
    let mut value = Vec::new();
    let coin = Coin {
        height: 5_000,
        coinbase: false,
        output: TxOut {
            value: Amount::from_sat(coins[0].1),
            script_pubkey: anyone(),
        },
    };
    coin.encode(&mut value);
    let mut batch = Batch::new();
    batch.put(&key, &value);
    store.write(batch, Durability::Disk).unwrap();
    drop(store);
    let chain = TestChain::open(Net::Regtest, dir.path(), |config| {
        small(config);
        config.policy.require_standard = false;
    });
    let mut data = spend(params, &coins[..1], 2).data().clone();
    // Held back by the age of what it spends.
    data.inputs[0].sequence = 1 << 22 | 1;
    let tx = Arc::new(Tx::new(data, params.hashes));
    let submitted = chain.handle.submit_tx(tx, AcceptOptions::default());
    let error = submitted.wait().unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    assert_eq!(chain.reader.height(), 101);
    chain.stop();
}

/// Everything that reads files.
fn use_all(chain: &TestChain, world: &World) -> Result<(), ChainError> {
    chain.handle.import(Vec::new()).wait()?;
    let intact = chain.handle.verify_chain(4, 0).wait()?;
    let fork = fork(&world.blocks);
    if chain.handle.invalidate_block(fork).wait()? {
        chain.handle.flush().wait()?;
        chain.handle.reconsider_block(fork).wait()?;
    }
    let snapshot = chain.handle.coins_snapshot().wait()?;
    if !intact || snapshot.iter().any(|coin| coin.is_err()) {
        return Ok(());
    }
    for block in &world.blocks {
        let call = chain
            .handle
            .submit_block(Arc::clone(block), Submission::LOCAL);
        if let Err(chain::SubmitError::Chain(error)) = call.wait() {
            return Err(error);
        }
    }
    let tip = chain.reader.tip();
    assert_eq!(chain.muhash(), world.hashes[&tip.hash], "at {}", tip.height);
    Ok(())
}

/// What is damaged is named, and what to do about it.
fn check_text(text: &str, how: &str, dir: &Path) {
    assert!(!text.contains("internal error"), "{how}: {text}");
    let named = [
        dir.to_str().unwrap(),
        "block index",
        "block database",
        "disconnect block",
        "Corrupt block",
        "replay blocks",
    ];
    assert!(
        named.iter().any(|name| text.contains(name)),
        "{how}: {text}"
    );
    let ways = ["-reindex", "-datadir", "Restore it", "Check the disk"];
    let sentences = [
        "Error ",
        "Corrupted block database",
        "Failed to disconnect",
        "Unable to",
    ];
    let way = ways.iter().any(|way| text.contains(way))
        // To these the node adds what to do.
        || sentences.iter().any(|start| text.starts_with(start));
    assert!(way, "{how}: {text}");
}

#[test]
fn damaged_files_never_end_in_a_panic() {
    let world = World::new(Net::Regtest.params());
    let clean = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, clean.path(), small);
    for (block, count) in world.blocks.iter().zip(1..) {
        let call = chain
            .handle
            .submit_block(Arc::clone(block), Submission::LOCAL);
        call.wait().unwrap();
        if count % 50 == 0 {
            chain.handle.flush().wait().unwrap();
        }
    }
    chain.stop();
    let (mut refused, mut ended, mut fine) = (0, 0, 0);
    for case in 0..CASES {
        let dir = tempfile::tempdir().unwrap();
        copy_dir(clean.path(), dir.path());
        let mut random = Random(case);
        let how = damage(dir.path(), &mut random);
        let level = u8::try_from(random.below(4)).unwrap();
        let opened = TestChain::try_open(Net::Regtest, dir.path(), |config| {
            small(config);
            config.check_level = level;
        });
        let chain = match opened {
            Ok(chain) => chain,
            Err(error) => {
                let inner = matches!(&error, StartError::Chain(ChainError::Panicked(_)));
                assert!(!inner, "{how}: {error}");
                check_text(&error.to_string(), &how, dir.path());
                refused += 1;
                continue;
            }
        };
        let result = use_all(&chain, &world);
        let why = chain.reader.ended();
        let stopped = chain.try_stop();
        if let Some(Ended::Fatal(why)) = &*why.borrow() {
            check_text(why, &how, dir.path());
        }
        if let Err(error) = &stopped {
            check_text(&error.to_string(), &how, dir.path());
        }
        match result.and(stopped) {
            Ok(()) => fine += 1,
            Err(_) => ended += 1,
        }
    }
    println!("{refused} refused to start, {ended} ended, {fine} were well");
    assert!(refused > 0 && fine > 0);
}
