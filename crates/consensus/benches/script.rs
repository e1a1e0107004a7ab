//! Checking inputs of every standard kind, beside the curve operations alone that this takes; and
//! signature hashes. The inputs are those of the shared regtest chain.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::sync::Mutex;

use consensus::script::{tap_leaf_hash, verify_taproot_commitment};
use consensus::sighash::{legacy_sighash, witness_v0_sighash};
use consensus::{
    PrecomputedTx, ScriptFlags, SignatureCache, SignatureEntry, TxChecker, verify_script,
};
use criterion::{Criterion, criterion_group, criterion_main};
use primitives::encode::Reader;
use primitives::script::ScriptKind;
use primitives::{Block, Hash256, HashScheme, OutPoint, Tx, TxOut};
use secp256k1::{Message, PublicKey, XOnlyPublicKey, ecdsa, schnorr};
use testkit::vectors_dir;

const SCHEME: HashScheme = HashScheme::Bitcoin;
/// Inputs of a kind that one round checks.
const INPUTS: usize = 100;

/// A transaction, what it spends, and which of its inputs is looked at.
type Spend = (Tx, Vec<TxOut>, usize);

/// The first inputs of every kind.
fn spends() -> BTreeMap<&'static str, Vec<Spend>> {
    let mut kinds: BTreeMap<&'static str, Vec<Spend>> = BTreeMap::new();
    let mut coins: HashMap<OutPoint, TxOut> = HashMap::new();
    for block in blocks() {
        for tx in &block.txs {
            let prevouts = tx.inputs.iter().map(|input| input.prevout);
            let spent: Vec<TxOut> = prevouts.filter_map(|p| coins.remove(&p)).collect();
            for (index, output) in spent.iter().enumerate() {
                let inputs = kinds.entry(kind(tx, index, output)).or_default();
                if inputs.len() < INPUTS {
                    inputs.push((Tx::clone(tx), spent.clone(), index));
                }
            }
            for (vout, output) in (0..).zip(&tx.outputs) {
                coins.insert(OutPoint::new(tx.txid(), vout), output.clone());
            }
        }
    }
    kinds
}

#[expect(clippy::disallowed_methods, reason = "the chain stands in a file")]
fn blocks() -> Vec<Block> {
    let Some(dir) = vectors_dir() else {
        return Vec::new();
    };
    let bytes = std::fs::read(dir.join("regtest/chain.dat")).expect("part of the vectors");
    let mut reader = Reader::new(&bytes);
    let mut blocks = Vec::new();
    while let Ok([_, _, _, _]) = reader.array::<4>() {
        let length = reader.u32().expect("a length follows the magic") as usize;
        let block = reader.take(length).expect("a block follows its length");
        blocks.push(Block::from_bytes(block, SCHEME).expect("the file holds blocks"));
    }
    blocks
}

fn kind(tx: &Tx, index: usize, output: &TxOut) -> &'static str {
    match (output.script_pubkey.kind(), tx.inputs[index].witness.len()) {
        (ScriptKind::WitnessV1Taproot(_), 1) => "taproot by key",
        (ScriptKind::WitnessV1Taproot(_), _) => "taproot by script",
        (kind, _) => kind.name(),
    }
}

fn verify(spend: &Spend, cache: Option<&dyn SignatureCache>) {
    let (tx, spent, index) = spend;
    let precomputed = PrecomputedTx::new(tx, spent.iter().collect(), SCHEME);
    let (input, output) = (&tx.inputs[*index], &spent[*index]);
    let mut checker = TxChecker::new(&precomputed, *index);
    if let Some(cache) = cache {
        checker = checker.with_cache(cache);
    }
    let flags = ScriptFlags::MANDATORY;
    let (script, witness) = (&input.script_sig, &input.witness);
    verify_script(script, &output.script_pubkey, witness, flags, &mut checker)
        .expect("the chain is valid");
}

/// One operation on the curve that a rule demands.
enum CurveOperation {
    Ecdsa(Hash256, Vec<u8>, Vec<u8>),
    Schnorr(Hash256, [u8; 32], [u8; 64]),
    Commitment(Vec<u8>, [u8; 32], [u8; 32]),
}

impl CurveOperation {
    fn run(&self) -> bool {
        match self {
            Self::Ecdsa(sighash, key, der) => {
                let key = PublicKey::from_slice(key).expect("checked before");
                let mut signature = ecdsa::Signature::from_der_lax(der).expect("checked before");
                signature.normalize_s();
                ecdsa::verify(&signature, Message::from_digest(sighash.0), &key).is_ok()
            }
            Self::Schnorr(sighash, key, signature) => {
                let key = XOnlyPublicKey::from_byte_array(*key).expect("checked before");
                let signature = schnorr::Signature::from_byte_array(*signature);
                schnorr::verify(&signature, &sighash.0, &key).is_ok()
            }
            Self::Commitment(control, key, leaf) => verify_taproot_commitment(control, key, *leaf),
        }
    }
}

/// Writes down every signature that is checked.
#[derive(Default)]
struct Recorder(Mutex<Vec<CurveOperation>>);

impl SignatureCache for Recorder {
    fn get(&self, entry: &SignatureEntry<'_>) -> bool {
        let signature = entry.signature.to_vec();
        let operation = match (entry.key.try_into(), entry.signature.try_into()) {
            (Ok(key), Ok(signature)) if entry.schnorr => {
                CurveOperation::Schnorr(*entry.sighash, key, signature)
            }
            _ => CurveOperation::Ecdsa(*entry.sighash, entry.key.to_vec(), signature),
        };
        self.0.lock().expect("one thread").push(operation);
        false
    }

    fn insert(&self, _entry: &SignatureEntry<'_>) {}
}

fn curve_operations(spends: &[Spend]) -> Vec<CurveOperation> {
    let recorder = Recorder::default();
    spends
        .iter()
        .for_each(|spend| verify(spend, Some(&recorder)));
    let mut operations = recorder.0.into_inner().expect("one thread");
    for (tx, spent, index) in spends {
        let kind = spent[*index].script_pubkey.kind();
        let witness = tx.inputs[*index].witness.as_slice();
        if let (ScriptKind::WitnessV1Taproot(key), [.., script, control]) = (kind, witness) {
            let leaf = tap_leaf_hash(control[0] & 0xfe, script);
            operations.push(CurveOperation::Commitment(control.clone(), key, leaf));
        }
    }
    operations
}

fn scripts(criterion: &mut Criterion) {
    for (kind, spends) in spends() {
        let operations = curve_operations(&spends);
        let mut group = criterion.benchmark_group(format!("{} {kind}", spends.len()));
        group.bench_function("inputs", |bencher| {
            bencher.iter(|| {
                spends
                    .iter()
                    .for_each(|spend| verify(black_box(spend), None))
            });
        });
        group.bench_function("curve alone", |bencher| {
            bencher.iter(|| {
                operations
                    .iter()
                    .filter(|operation| operation.run())
                    .count()
            });
        });
        group.finish();
    }
}

fn sighashes(criterion: &mut Criterion) {
    let Some((tx, spent, index)) = spends().into_values().flatten().next() else {
        return;
    };
    let precomputed = PrecomputedTx::for_signing(&tx, spent.iter().collect(), SCHEME);
    let (code, amount) = (spent[index].script_pubkey.as_bytes(), spent[index].value);
    let mut group = criterion.benchmark_group("sighash");
    group.bench_function("legacy", |bencher| {
        bencher.iter(|| legacy_sighash(&tx, index, black_box(code), 1, SCHEME));
    });
    group.bench_function("witness v0", |bencher| {
        bencher.iter(|| witness_v0_sighash(&precomputed, index, black_box(code), amount, 1));
    });
    group.bench_function("taproot", |bencher| {
        bencher.iter(|| {
            consensus::sighash::taproot_sighash(&precomputed, black_box(index), None, None, 0)
        });
    });
    group.bench_function("parts", |bencher| {
        bencher.iter(|| PrecomputedTx::for_signing(black_box(&tx), spent.iter().collect(), SCHEME));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = scripts, sighashes
}
criterion_main!(benches);
