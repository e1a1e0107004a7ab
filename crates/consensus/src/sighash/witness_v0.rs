//! The signature hash of witness version 0 (BIP143).

use primitives::Amount;
use primitives::encode::Sink;
use primitives::hash::Hash256;
use primitives::hash_scheme::TxHasher;

use super::{HashSink, Outputs, PrecomputedTx, SIGHASH_ANYONECANPAY, WitnessV0Parts};

/// The hash that a signature of input `index` covers in witness version 0 (BIP143).
///
/// `amount` is that of the output it spends. Zero where there is no such input.
pub fn witness_v0_sighash(
    tx: &PrecomputedTx<'_>,
    index: usize,
    script_code: &[u8],
    amount: Amount,
    hash_type: u32,
) -> Hash256 {
    witness_v0_midstate(tx, index, script_code, amount, hash_type).map_or(
        Hash256::ZERO,
        |mut hasher| {
            hasher.update(&hash_type.to_le_bytes());
            Hash256(hasher.finalize())
        },
    )
}

/// The hasher before it takes the hash type; `None` where there is no such input.
pub(super) fn witness_v0_midstate(
    precomputed: &PrecomputedTx<'_>,
    index: usize,
    script_code: &[u8],
    amount: Amount,
    hash_type: u32,
) -> Option<TxHasher> {
    const NONE: [u8; 32] = [0; 32];
    let PrecomputedTx { tx, scheme, .. } = *precomputed;
    let input = tx.inputs.get(index)?;
    let parts = precomputed
        .witness_v0
        .unwrap_or_else(|| WitnessV0Parts::new(tx, scheme));
    let all_inputs = hash_type & SIGHASH_ANYONECANPAY == 0;
    let outputs = Outputs::of(hash_type);

    let mut sink = HashSink(scheme.tx_hasher());
    sink.put_u32(tx.version);
    sink.put(if all_inputs { &parts.prevouts } else { &NONE });
    sink.put(if all_inputs && outputs == Outputs::All {
        &parts.sequences
    } else {
        &NONE
    });
    input.prevout.encode(&mut sink);
    sink.put_var_bytes(script_code);
    sink.put_i64(amount.sat());
    sink.put_u32(input.sequence);
    match (outputs, tx.outputs.get(index)) {
        (Outputs::All, _) => sink.put(&parts.outputs),
        (Outputs::Single, Some(output)) => {
            let mut one = HashSink(scheme.tx_hasher());
            output.encode(&mut one);
            sink.put(&one.0.finalize());
        }
        (Outputs::Single, None) | (Outputs::None, _) => sink.put(&NONE),
    }
    sink.put_u32(tx.lock_time);
    Some(sink.0)
}
