//! How large inputs are once they carry their proofs (Core's `MaxInputWeight`).

use keys::SigningKeys;
use primitives::encode::{SizeCounter, compact_size_len};
use primitives::script::ScriptKind;
use primitives::transaction::TxData;
use primitives::{Amount, FeeRate, Script, TxOut};

/// Bytes of an ECDSA signature with a low R, hash type included.
const ECDSA: u64 = 71;
/// Bytes of a Schnorr signature of the default hash type.
const SCHNORR: u64 = 64;
/// Weight of an input's fixed parts: transaction, number, sequence.
const FIXED: u64 = (32 + 4 + 4) * 4;

/// Sizes of a proof: in the input's script, and in its witness.
#[derive(Clone, Copy, Default)]
struct Proof {
    script: u64,
    witness: u64,
}

/// Bytes of pushing `len` bytes in a script.
const fn push_len(len: u64) -> u64 {
    match len {
        0 => 1,
        1..=75 => 1 + len,
        76..=255 => 2 + len,
        _ => 3 + len,
    }
}

/// Sizes of the items that satisfy a script outside taproot.
fn items(script: &Script, keys: &SigningKeys) -> Option<Vec<u64>> {
    match script.kind() {
        ScriptKind::PubKey(_) => Some(vec![ECDSA]),
        ScriptKind::PubKeyHash(hash) => Some(vec![
            ECDSA,
            keys.public_key(&hash).map_or(33, <[u8]>::len) as u64,
        ]),
        ScriptKind::Multisig(need, _) => {
            Some(std::iter::once(0).chain((0..need).map(|_| ECDSA)).collect())
        }
        _ => None,
    }
}

fn pushed(items: &[u64]) -> u64 {
    items.iter().map(|len| push_len(*len)).sum()
}

fn witnessed(items: &[u64]) -> u64 {
    let count = compact_size_len(items.len() as u64) as u64;
    count
        + items
            .iter()
            .map(|len| compact_size_len(*len) as u64 + len)
            .sum::<u64>()
}

/// The witness of a version 0 program.
fn witness_v0(script: &Script, keys: &SigningKeys) -> Option<u64> {
    match script.kind() {
        ScriptKind::WitnessV0KeyHash(_) => Some(witnessed(&[ECDSA, 33])),
        ScriptKind::WitnessV0ScriptHash(program) => {
            let inner = keys.witness_script(&program)?;
            let mut all = items(inner, keys)?;
            all.push(inner.len() as u64);
            Some(witnessed(&all))
        }
        _ => None,
    }
}

fn proof(script: &Script, keys: &SigningKeys) -> Option<Proof> {
    if let Some(witness) = witness_v0(script, keys) {
        return Some(Proof { script: 0, witness });
    }
    match script.kind() {
        ScriptKind::WitnessV1Taproot(_) => Some(Proof {
            script: 0,
            witness: witnessed(&[SCHNORR]),
        }),
        ScriptKind::ScriptHash(hash) => {
            let redeem = keys.script(&hash)?;
            let own = push_len(redeem.len() as u64);
            match witness_v0(redeem, keys) {
                Some(witness) => Some(Proof {
                    script: own,
                    witness,
                }),
                None => Some(Proof {
                    script: pushed(&items(redeem, keys)?) + own,
                    witness: 0,
                }),
            }
        }
        _ => Some(Proof {
            script: pushed(&items(script, keys)?),
            witness: 0,
        }),
    }
}

/// Weight of an input that spends `script`, in weight units; `None` where that cannot be told.
pub(super) fn input_weight(script: &Script, keys: &SigningKeys) -> Option<u64> {
    let proof = proof(script, keys)?;
    let script_len = compact_size_len(proof.script) as u64 + proof.script;
    // Beside inputs with a witness every input needs one byte for it.
    Some(FIXED + script_len * 4 + proof.witness.max(1))
}

/// Weight of a transaction whose inputs weigh so much.
pub(super) fn signed_weight(tx: &TxData, inputs: &[u64]) -> u64 {
    let counts =
        compact_size_len(tx.inputs.len() as u64) + compact_size_len(tx.outputs.len() as u64);
    let mut outputs = SizeCounter::default();
    tx.outputs
        .iter()
        .for_each(|output| output.encode(&mut outputs));
    (8 + counts as u64 + outputs.0 as u64) * 4 + 2 + inputs.iter().sum::<u64>()
}

/// The least value that is worth spending at `rate` (Core's `GetDustThreshold`).
pub(super) fn dust_threshold(output: &TxOut, rate: FeeRate) -> Amount {
    if output.script_pubkey.is_unspendable() {
        return Amount::ZERO;
    }
    let mut size = SizeCounter::default();
    output.encode(&mut size);
    let spend = if output.script_pubkey.as_witness_program().is_some() {
        67
    } else {
        148
    };
    rate.fee(size.0 as u64 + spend)
}
