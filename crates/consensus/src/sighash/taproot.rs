//! The signature hash of taproot and tapscript (BIP341, BIP342), the same on every chain.

use std::sync::LazyLock;

use primitives::encode::Sink;
use primitives::hash::Hash256;
use primitives::hash_scheme::{TaggedHasher, sha256};

use super::{PrecomputedTx, SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_SINGLE};

static TAP_SIGHASH: LazyLock<TaggedHasher> = LazyLock::new(|| TaggedHasher::new("TapSighash"));

/// A taproot input's annex, hashed with its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Annex(pub [u8; 32]);

impl Annex {
    /// Hashes the annex, whose first byte is 0x50.
    pub fn new(bytes: &[u8]) -> Self {
        let mut encoded = Vec::with_capacity(bytes.len() + 5);
        encoded.put_var_bytes(bytes);
        Self(sha256(&encoded))
    }
}

/// The leaf that a tapscript signature covers (BIP342).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapLeaf {
    /// Hash of leaf version and script.
    pub hash: [u8; 32],
    /// Which piece of the script the last separator was; [`u32::MAX`] where none ran.
    pub codeseparator_position: u32,
}

/// The hash that a Schnorr signature of input `index` covers (Core's `SignatureHashSchnorr`).
///
/// `leaf` is there for script paths only. `None` where the hash type has no meaning, SINGLE finds no
/// output, or the spent outputs are unknown.
pub fn taproot_sighash(
    tx: &PrecomputedTx<'_>,
    index: usize,
    annex: Option<Annex>,
    leaf: Option<TapLeaf>,
    hash_type: u8,
) -> Option<Hash256> {
    taproot_sighash_cached(tx, index, annex, leaf, hash_type, &mut None)
}

/// [`taproot_sighash`] that keeps the hash of the single output, which one script can ask for often.
pub(crate) fn taproot_sighash_cached(
    precomputed: &PrecomputedTx<'_>,
    index: usize,
    annex: Option<Annex>,
    leaf: Option<TapLeaf>,
    hash_type: u8,
    single_output: &mut Option<[u8; 32]>,
) -> Option<Hash256> {
    let tx = precomputed.tx;
    let input = tx.inputs.get(index)?;
    let (parts, spent) = (precomputed.taproot.as_ref()?, precomputed.spent(index)?);
    if !matches!(hash_type, 0..=3 | 0x81..=0x83) {
        return None;
    }
    let outputs = match u32::from(hash_type) & 3 {
        0 => SIGHASH_ALL,
        outputs => outputs,
    };
    let anyone_can_pay = u32::from(hash_type) & SIGHASH_ANYONECANPAY != 0;

    // Epoch, hash type and the rest: 275 bytes at most beside a spent script.
    let mut bytes = Vec::with_capacity(288);
    bytes.extend([0, hash_type]);
    bytes.put_u32(tx.version);
    bytes.put_u32(tx.lock_time);
    if !anyone_can_pay {
        bytes.put(&parts.prevouts);
        bytes.put(&parts.amounts);
        bytes.put(&parts.scripts);
        bytes.put(&parts.sequences);
    }
    if outputs == SIGHASH_ALL {
        bytes.put(&parts.outputs);
    }
    bytes.put_u8(u8::from(leaf.is_some()) * 2 + u8::from(annex.is_some()));
    if anyone_can_pay {
        input.prevout.encode(&mut bytes);
        spent.encode(&mut bytes);
        bytes.put_u32(input.sequence);
    } else {
        bytes.put_u32(u32::try_from(index).ok()?);
    }
    if let Some(Annex(hash)) = annex {
        bytes.put(&hash);
    }
    if outputs == SIGHASH_SINGLE {
        let output = tx.outputs.get(index)?;
        let hash = single_output.get_or_insert_with(|| {
            let mut encoded = Vec::new();
            output.encode(&mut encoded);
            sha256(&encoded)
        });
        bytes.put(hash);
    }
    if let Some(leaf) = leaf {
        bytes.put(&leaf.hash);
        // Version of 32-byte keys.
        bytes.put_u8(0);
        bytes.put_u32(leaf.codeseparator_position);
    }

    let mut hasher = TAP_SIGHASH.clone();
    hasher.update(&bytes);
    Some(Hash256(hasher.finalize()))
}
