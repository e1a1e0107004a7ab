//! How long the filter of a block takes: made, and looked through.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use primitives::block_filter::BlockFilter;
use primitives::hash_scheme::sha256d;
use primitives::transaction::TxData;
use primitives::{Amount, Block, HashScheme, Header, Script, Tx, TxOut};

/// Scripts that a full block pays, and as many that it spends.
const SCRIPTS: u16 = 5000;

fn script(number: u16, salt: u8) -> Script {
    let [a, b] = number.to_le_bytes();
    Script::witness_program(0, &sha256d(&[a, b, salt])[..20])
}

fn block() -> Block {
    let outputs = (0..SCRIPTS).map(|number| TxOut {
        value: Amount::from_sat(1),
        script_pubkey: script(number, 0),
    });
    let data = TxData {
        version: 2,
        inputs: Vec::new(),
        outputs: outputs.collect(),
        lock_time: 0,
    };
    let scheme = HashScheme::Bitcoin;
    let tx = Arc::new(Tx::new(data, scheme));
    Block::new(Header::default(), vec![tx], scheme)
}

fn bench(criterion: &mut Criterion) {
    let block = block();
    let spent: Vec<Script> = (0..SCRIPTS).map(|number| script(number, 1)).collect();
    let make = || BlockFilter::basic(&block, spent.iter().map(Script::as_bytes));
    criterion.bench_function("block_filter/make", |bencher| {
        bencher.iter(|| black_box(make()));
    });
    let filter = make();
    let wanted: Vec<Script> = (0..100).map(|number| script(number, 2)).collect();
    criterion.bench_function("block_filter/match", |bencher| {
        bencher.iter(|| filter.matches_any(wanted.iter().map(Script::as_bytes)));
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
