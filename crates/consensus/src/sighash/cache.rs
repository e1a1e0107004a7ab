//! Hashers of one input's ECDSA signature hashes, so that a script with many signatures hashes its
//! transaction once per kind of hash type (Core's `SigHashCache`).

use primitives::Amount;
use primitives::hash::Hash256;
use primitives::hash_scheme::TxHasher;

use super::legacy::{ONE, legacy_midstate};
use super::witness_v0::witness_v0_midstate;
use super::{Outputs, PrecomputedTx, SIGHASH_ANYONECANPAY};

/// A hasher that lacks only the hash type, with the script code that went into it.
#[derive(Clone)]
struct Entry {
    script_code: Vec<u8>,
    hasher: TxHasher,
}

/// The hashers of one input, by what its hash types cover. An input is either of the original
/// rules or of witness version 0, so both share the six places.
#[derive(Clone, Default)]
pub(crate) struct SighashCache([Option<Entry>; 6]);

impl SighashCache {
    /// The hash of witness version 0 where an `amount` is given, else that of the original rules.
    pub(crate) fn sighash(
        &mut self,
        tx: &PrecomputedTx<'_>,
        index: usize,
        script_code: &[u8],
        amount: Option<Amount>,
        hash_type: u32,
    ) -> Hash256 {
        let entry = &mut self.0[place(hash_type)];
        let known = entry
            .as_ref()
            .filter(|known| known.script_code == script_code);
        let hasher = if let Some(known) = known {
            Some(known.hasher.clone())
        } else {
            let hasher = midstate(tx, index, script_code, amount, hash_type);
            *entry = hasher.clone().map(|hasher| Entry {
                script_code: script_code.to_vec(),
                hasher,
            });
            hasher
        };
        match hasher {
            Some(mut hasher) => {
                hasher.update(&hash_type.to_le_bytes());
                Hash256(hasher.finalize())
            }
            None => Hash256(ONE),
        }
    }
}

fn midstate(
    tx: &PrecomputedTx<'_>,
    index: usize,
    script_code: &[u8],
    amount: Option<Amount>,
    hash_type: u32,
) -> Option<TxHasher> {
    match amount {
        Some(amount) => witness_v0_midstate(tx, index, script_code, amount, hash_type),
        None => legacy_midstate(tx.tx(), index, script_code, hash_type, tx.scheme()),
    }
}

const fn place(hash_type: u32) -> usize {
    let outputs = match Outputs::of(hash_type) {
        Outputs::All => 0,
        Outputs::None => 1,
        Outputs::Single => 2,
    };
    if hash_type & SIGHASH_ANYONECANPAY != 0 {
        outputs + 3
    } else {
        outputs
    }
}
