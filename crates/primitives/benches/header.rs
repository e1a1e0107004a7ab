//! Hashing of one block header under each scheme.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use primitives::{ChainParams, Coin, HashScheme, Network};

fn header(c: &mut Criterion) {
    let genesis = ChainParams::get(Coin::Bitcoin, Network::Main).genesis.block;
    let header: &[u8; 80] = genesis.first_chunk().expect("a block has a header");
    let mut group = c.benchmark_group("header");
    for (name, scheme) in [
        ("sha256d", HashScheme::Bitcoin),
        ("groestl", HashScheme::Groestl),
        ("randomq", HashScheme::RandomQ),
    ] {
        group.bench_function(name, |b| b.iter(|| scheme.header(black_box(header))));
    }
    group.finish();
}

criterion_group!(benches, header);
criterion_main!(benches);
