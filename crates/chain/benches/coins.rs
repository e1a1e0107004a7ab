//! Coins: looking one up in memory and in the store, adding and spending, merging what a block
//! changed, and writing changes to the store.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use chain::benching::{flush, merge, open_coins};
use chain::{Coin, CoinsCache, CoinsStore, CoinsView};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use primitives::params::{Coin as Currency, Network};
use primitives::{Amount, BlockHash, ChainParams, OutPoint, Script, TxOut, Txid};

/// Coins in the store.
const STORED: u64 = 200_000;
/// Coins that a block of 2,500 transactions makes, and as many that it spends.
const CHANGED: u64 = 5_000;
/// Coins that a flush writes, and as many that it removes.
const FLUSHED: u64 = 50_000;
/// Memory of the store for what it reads, in bytes.
const STORE_CACHE: u64 = 8 << 20;

/// The place of a coin; ids are as scattered as real ones.
fn place(n: u64) -> OutPoint {
    let mut id = [0; 32];
    let mut state = n;
    for part in id.chunks_exact_mut(8) {
        // The SplitMix64 sequence.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        part.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    OutPoint::new(Txid(id), 0)
}

/// A coin with a script of 22 bytes, as P2WPKH has it.
fn coin() -> Coin {
    let mut script = vec![0x00, 0x14];
    script.extend([7; 20]);
    Coin {
        height: 100,
        coinbase: false,
        output: TxOut {
            value: Amount::from_sat(123_456),
            script_pubkey: Script::from(script),
        },
    }
}

/// A store with the coins 0 to [`STORED`].
fn filled(path: &Path) -> CoinsStore {
    let params = ChainParams::get(Currency::Bitcoin, Network::Regtest);
    let store = open_coins(path, params, STORE_CACHE).expect("the folder is empty");
    let mut cache = CoinsCache::new(store.clone());
    (0..STORED).for_each(|n| cache.add(place(n), &coin(), false));
    cache.set_best_block(BlockHash([1; 32]));
    flush(&mut cache).expect("there is room");
    store
}

/// A cache with the coins 0 to [`CHANGED`] in memory.
fn fetched(base: CoinsStore) -> CoinsCache<CoinsStore> {
    let readers = rayon::ThreadPoolBuilder::new().build();
    let places: Vec<OutPoint> = (0..CHANGED).map(place).collect();
    let mut cache = CoinsCache::new(base);
    cache
        .prefetch(&places, &readers.expect("threads can be made"))
        .expect("the coins can be read");
    cache
}

/// Walks over the coins from 0 to `end`, each far from the one before, and begins anew.
fn walk(end: u64) -> impl FnMut() -> OutPoint {
    let mut n = 0;
    move || {
        n = (n + 1) % end;
        place(n)
    }
}

fn lookup(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("there is room");
    let store = filled(dir.path());
    let mut group = criterion.benchmark_group("coin");
    group.throughput(Throughput::Elements(1));
    let cache = fetched(store.clone());
    let mut next = walk(CHANGED);
    group.bench_function("in memory", |bencher| {
        bencher.iter(|| cache.coin(&next()).expect("in memory").is_some());
    });
    let mut next = walk(STORED);
    group.bench_function("in the store", |bencher| {
        bencher.iter(|| store.coin(&next()).expect("the store can be read"));
    });
    let mut next = walk(STORED);
    group.bench_function("nowhere", |bencher| {
        bencher.iter(|| {
            let nowhere = OutPoint { vout: 1, ..next() };
            store.coin(&nowhere).expect("the store can be read")
        });
    });
    group.finish();
}

fn changes(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("there is room");
    let store = filled(dir.path());
    let mut group = criterion.benchmark_group("changes");
    group.throughput(Throughput::Elements(CHANGED));
    let places: Vec<OutPoint> = (0..CHANGED).map(place).collect();
    let new: Vec<OutPoint> = (STORED..STORED + CHANGED).map(place).collect();
    let fetched = fetched(store.clone());
    group.bench_function(format!("add {CHANGED}"), |bencher| {
        bencher.iter_batched(
            || (CoinsCache::new(&fetched), vec![coin(); new.len()]),
            |(mut view, coins)| {
                for (place, coin) in new.iter().zip(coins) {
                    view.add(*place, &coin, false);
                }
                view
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function(format!("spend {CHANGED}"), |bencher| {
        bencher.iter_batched(
            || CoinsCache::new(&fetched),
            |mut view| {
                for place in &places {
                    black_box(view.spend(place).expect("in memory"));
                }
                view
            },
            BatchSize::LargeInput,
        );
    });
    let empty = CoinsCache::new(&fetched);
    group.throughput(Throughput::Elements(2 * CHANGED));
    group.bench_function(format!("merge {} of a block", 2 * CHANGED), |bencher| {
        bencher.iter_batched(
            || {
                let below = self::fetched(store.clone());
                let mut above = CoinsCache::new(&empty);
                for place in &places {
                    above.spend(place).expect("in memory");
                }
                new.iter()
                    .for_each(|place| above.add(*place, &coin(), false));
                (above, below)
            },
            |(above, mut below)| {
                merge(above, &mut below);
                below
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn flushes(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("there is room");
    let store = filled(dir.path());
    let mut group = criterion.benchmark_group("flush");
    group.sample_size(10);
    group.throughput(Throughput::Elements(2 * FLUSHED));
    // What one flush removes is what an earlier one wrote, so that the store keeps its size.
    let mut first = 0;
    group.bench_function(format!("{} changes", 2 * FLUSHED), |bencher| {
        bencher.iter_batched(
            || {
                let mut cache = CoinsCache::new(store.clone());
                for n in first..first + FLUSHED {
                    cache.spend(&place(n)).expect("the store can be read");
                    cache.add(place(n + STORED), &coin(), false);
                }
                first += FLUSHED;
                cache.set_best_block(BlockHash([2; 32]));
                cache
            },
            |mut cache| {
                flush(&mut cache).expect("there is room");
                cache
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = lookup, changes, flushes
}
criterion_main!(benches);
