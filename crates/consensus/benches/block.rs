//! A full block of the main network: decoding, roots, and checks without coins; and headers by the
//! hundred, as a sync brings them, on one thread and on all.

use std::hint::black_box;
use std::time::Duration;

use consensus::BlockChecks;
use consensus::block_check::check_block;
use consensus::merkle::{block_merkle_root, block_witness_merkle_root};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use primitives::params::{ChainParams, Coin, Network};
use primitives::{Block, BlockFilter, CompactTarget, HashScheme, Header};
use testkit::vectors_dir;

/// A block with witnesses, at the limit of weight.
const FILE: &str = "blocks/segwit-00000000000000000021868c.blk";
/// Headers of one round.
const HEADERS: u32 = 400;

#[expect(clippy::disallowed_methods, reason = "the block stands in a file")]
fn block(criterion: &mut Criterion) {
    let Some(dir) = vectors_dir() else { return };
    let bytes = std::fs::read(dir.join(FILE)).expect("part of the vectors");
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let block = Block::from_bytes(&bytes, params.hashes).expect("the file holds a block");
    let name = format!("block of {} transactions", block.txs.len());
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| Block::from_bytes(black_box(&bytes), params.hashes));
    });
    group.bench_function("encode", |bencher| {
        bencher.iter(|| black_box(&block).to_bytes())
    });
    group.bench_function("merkle root", |bencher| {
        bencher.iter(|| block_merkle_root(black_box(&block)));
    });
    group.bench_function("witness root", |bencher| {
        bencher.iter(|| block_witness_merkle_root(black_box(&block)));
    });
    group.bench_function("check", |bencher| {
        bencher.iter(|| check_block(black_box(&block), params, BlockChecks::ALL));
    });
    group.bench_function("filter", |bencher| {
        bencher.iter(|| BlockFilter::basic(black_box(&block), []));
    });
    group.finish();
}

/// Figures per header beside those of a plain loop: 127 µs for RandomQ, 3.6 µs for Groestl.
fn headers(criterion: &mut Criterion) {
    let headers: Vec<[u8; 80]> = (0..HEADERS)
        .map(|nonce| {
            let bits = CompactTarget(0x1d00_ffff);
            let header = Header {
                version: 4,
                bits,
                nonce,
                ..Header::default()
            };
            header.to_bytes()
        })
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = criterion.benchmark_group("headers");
    group.throughput(Throughput::Elements(u64::from(HEADERS)));
    for (name, scheme) in [
        ("sha256d", HashScheme::Bitcoin),
        ("groestl", HashScheme::Groestl),
        ("randomq", HashScheme::RandomQ),
    ] {
        group.bench_function(format!("{name}, one thread"), |bencher| {
            bencher.iter(|| hash_all(black_box(&headers), scheme));
        });
        group.bench_function(format!("{name}, {threads} threads"), |bencher| {
            bencher.iter(|| {
                in_threads(|scope| {
                    for part in headers.chunks(headers.len().div_ceil(threads)) {
                        scope.spawn(move || hash_all(black_box(part), scheme));
                    }
                });
            });
        });
    }
    group.finish();
}

#[expect(clippy::disallowed_methods, reason = "a program, not the crate")]
fn in_threads<'scope>(work: impl for<'s> FnOnce(&'s std::thread::Scope<'s, 'scope>)) {
    std::thread::scope(work);
}

fn hash_all(headers: &[[u8; 80]], scheme: HashScheme) {
    for header in headers {
        black_box(scheme.header(header));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = block, headers
}
criterion_main!(benches);
