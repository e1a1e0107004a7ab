//! The signature hash from before segwit.

use primitives::HashScheme;
use primitives::encode::Sink;
use primitives::hash::Hash256;
use primitives::hash_scheme::TxHasher;
use primitives::script::instructions;
use primitives::script::opcodes::OP_CODESEPARATOR;
use primitives::transaction::TxData;

use super::{HashSink, Outputs, SIGHASH_ANYONECANPAY};

/// What is signed where SINGLE finds no output: the number one.
pub(super) const ONE: [u8; 32] = {
    let mut one = [0; 32];
    one[0] = 1;
    one
};

/// The hash that a signature of input `index` covers, outside segwit (Core's `SignatureHash` for
/// `SigVersion::BASE`).
///
/// `script_code` is the running script from the last separator on, without the signature.
/// `hash_type` has 32 bits because all of them are hashed.
pub fn legacy_sighash(
    tx: &TxData,
    index: usize,
    script_code: &[u8],
    hash_type: u32,
    scheme: HashScheme,
) -> Hash256 {
    Hash256(
        legacy_midstate(tx, index, script_code, hash_type, scheme).map_or(ONE, |mut hasher| {
            hasher.update(&hash_type.to_le_bytes());
            hasher.finalize()
        }),
    )
}

/// The hasher before it takes the hash type; `None` where the hash is the number one.
pub(super) fn legacy_midstate(
    tx: &TxData,
    index: usize,
    script_code: &[u8],
    hash_type: u32,
    scheme: HashScheme,
) -> Option<TxHasher> {
    let outputs = Outputs::of(hash_type);
    let input = tx.inputs.get(index)?;
    if outputs == Outputs::Single && index >= tx.outputs.len() {
        return None;
    }
    let mut sink = HashSink(scheme.tx_hasher());
    sink.put_u32(tx.version);
    if hash_type & SIGHASH_ANYONECANPAY != 0 {
        sink.put_compact_size(1);
        input.prevout.encode(&mut sink);
        put_script_code(&mut sink, script_code);
        sink.put_u32(input.sequence);
    } else {
        sink.put_compact_size(tx.inputs.len() as u64);
        for (i, other) in tx.inputs.iter().enumerate() {
            other.prevout.encode(&mut sink);
            if i == index {
                put_script_code(&mut sink, script_code);
            } else {
                sink.put_compact_size(0);
            }
            let signed = i == index || outputs == Outputs::All;
            sink.put_u32(if signed { other.sequence } else { 0 });
        }
    }
    match outputs {
        Outputs::All => {
            sink.put_compact_size(tx.outputs.len() as u64);
            tx.outputs
                .iter()
                .for_each(|output| output.encode(&mut sink));
        }
        Outputs::None => sink.put_compact_size(0),
        Outputs::Single => {
            sink.put_compact_size(index as u64 + 1);
            for _ in 0..index {
                // An empty output, whose amount is -1.
                sink.put_i64(-1);
                sink.put_compact_size(0);
            }
            tx.outputs[index].encode(&mut sink);
        }
    }
    sink.put_u32(tx.lock_time);
    Some(sink.0)
}

/// Writes the script without its separators. After a push past the end all bytes stay.
fn put_script_code(sink: &mut HashSink, script_code: &[u8]) {
    // Most scripts lack even the byte and need no walk.
    let separators = if script_code.contains(&OP_CODESEPARATOR) {
        let pieces = instructions(script_code).map_while(Result::ok);
        pieces
            .filter(|piece| piece.opcode == OP_CODESEPARATOR)
            .count()
    } else {
        0
    };
    sink.put_compact_size((script_code.len() - separators) as u64);
    if separators == 0 {
        sink.put(script_code);
        return;
    }
    let mut pieces = instructions(script_code);
    let mut start = 0;
    while let Some(Ok(piece)) = pieces.next() {
        if piece.opcode == OP_CODESEPARATOR {
            let end = pieces.position();
            sink.put(&script_code[start..end - 1]);
            start = end;
        }
    }
    sink.put(&script_code[start..]);
}
