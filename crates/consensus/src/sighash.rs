//! Signature hashes: of the original rules, of witness version 0 (BIP143) and of taproot (BIP341,
//! BIP342).

mod cache;
mod legacy;
mod taproot;
mod witness_v0;

pub(crate) use cache::SighashCache;
pub use legacy::legacy_sighash;
pub(crate) use taproot::taproot_sighash_cached;
pub use taproot::{Annex, TapLeaf, taproot_sighash};
pub use witness_v0::witness_v0_sighash;

use primitives::encode::Sink;
use primitives::hash_scheme::{TxHasher, sha256};
use primitives::script::opcodes::OP_1;
use primitives::transaction::TxData;
use primitives::{HashScheme, TxOut};

/// Signs all outputs.
pub const SIGHASH_ALL: u32 = 1;
/// Signs no outputs.
pub const SIGHASH_NONE: u32 = 2;
/// Signs the output with the input's index.
pub const SIGHASH_SINGLE: u32 = 3;
/// Signs the one input only. Combined with one of the others.
pub const SIGHASH_ANYONECANPAY: u32 = 0x80;
/// In taproot: the same as [`SIGHASH_ALL`], written without a byte.
pub const SIGHASH_DEFAULT: u8 = 0;

/// Which outputs a hash type other than taproot's covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outputs {
    All,
    None,
    Single,
}

impl Outputs {
    /// Only five bits count; what has no name covers all.
    const fn of(hash_type: u32) -> Self {
        match hash_type & 0x1f {
            SIGHASH_NONE => Self::None,
            SIGHASH_SINGLE => Self::Single,
            _ => Self::All,
        }
    }
}

/// A transaction hasher that takes encoded data.
struct HashSink(TxHasher);

impl Sink for HashSink {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// The parts that BIP143 hashes for the whole transaction.
#[derive(Clone, Copy, Debug)]
struct WitnessV0Parts {
    prevouts: [u8; 32],
    sequences: [u8; 32],
    outputs: [u8; 32],
}

impl WitnessV0Parts {
    fn new(tx: &TxData, scheme: HashScheme) -> Self {
        Self {
            prevouts: scheme.tx(&prevouts(tx)),
            sequences: scheme.tx(&sequences(tx)),
            outputs: scheme.tx(&outputs(tx)),
        }
    }
}

/// The parts that BIP341 hashes for the whole transaction, the same on every chain.
#[derive(Clone, Copy, Debug)]
struct TaprootParts {
    prevouts: [u8; 32],
    amounts: [u8; 32],
    scripts: [u8; 32],
    sequences: [u8; 32],
    outputs: [u8; 32],
}

impl TaprootParts {
    fn new(tx: &TxData, spent: &[&TxOut]) -> Self {
        let (mut amounts, mut scripts) = (Vec::new(), Vec::new());
        for output in spent {
            amounts.put_i64(output.value.sat());
            scripts.put_var_bytes(&output.script_pubkey);
        }
        Self {
            prevouts: sha256(&prevouts(tx)),
            amounts: sha256(&amounts),
            scripts: sha256(&scripts),
            sequences: sha256(&sequences(tx)),
            outputs: sha256(&outputs(tx)),
        }
    }
}

fn prevouts(tx: &TxData) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(tx.inputs.len() * 36);
    tx.inputs
        .iter()
        .for_each(|input| input.prevout.encode(&mut bytes));
    bytes
}

fn sequences(tx: &TxData) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(tx.inputs.len() * 4);
    tx.inputs
        .iter()
        .for_each(|input| bytes.put_u32(input.sequence));
    bytes
}

fn outputs(tx: &TxData) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(tx.outputs.len() * 34);
    tx.outputs
        .iter()
        .for_each(|output| output.encode(&mut bytes));
    bytes
}

/// A transaction with what all its signature hashes share, hashed once (Core's
/// `PrecomputedTransactionData`).
#[derive(Clone, Debug)]
pub struct PrecomputedTx<'a> {
    tx: &'a TxData,
    spent: Vec<&'a TxOut>,
    scheme: HashScheme,
    witness_v0: Option<WitnessV0Parts>,
    taproot: Option<TaprootParts>,
}

impl<'a> PrecomputedTx<'a> {
    /// Hashes the parts that the inputs of `tx` will need, judged by their witnesses.
    ///
    /// `spent` holds the output that each input spends, in order, or nothing where they are
    /// unknown; then taproot signatures cannot be checked.
    pub fn new(tx: &'a TxData, spent: Vec<&'a TxOut>, scheme: HashScheme) -> Self {
        let spends_taproot = |index: usize| {
            // As Core: what starts like taproot and has its length counts as such.
            spent.get(index).is_some_and(|o: &&TxOut| {
                o.script_pubkey.len() == 34 && o.script_pubkey.first() == Some(&OP_1)
            })
        };
        let (mut witness_v0, mut taproot) = (false, false);
        for (index, input) in tx.inputs.iter().enumerate() {
            if !input.witness.is_empty() {
                let is_taproot = spends_taproot(index);
                taproot |= is_taproot;
                witness_v0 |= !is_taproot;
            }
        }
        Self::with_parts(tx, spent, scheme, witness_v0, taproot)
    }

    /// Hashes the parts for every kind of input: for signing, where witnesses are yet to come.
    pub fn for_signing(tx: &'a TxData, spent: Vec<&'a TxOut>, scheme: HashScheme) -> Self {
        Self::with_parts(tx, spent, scheme, true, true)
    }

    fn with_parts(
        tx: &'a TxData,
        mut spent: Vec<&'a TxOut>,
        scheme: HashScheme,
        witness_v0: bool,
        taproot: bool,
    ) -> Self {
        if spent.len() != tx.inputs.len() {
            spent.clear();
        }
        let taproot = (taproot && !spent.is_empty()).then(|| TaprootParts::new(tx, &spent));
        let witness_v0 = witness_v0.then(|| WitnessV0Parts::new(tx, scheme));
        Self {
            tx,
            spent,
            scheme,
            witness_v0,
            taproot,
        }
    }

    /// The transaction.
    pub const fn tx(&self) -> &'a TxData {
        self.tx
    }

    /// The output that input `index` spends, where known.
    pub fn spent(&self, index: usize) -> Option<&'a TxOut> {
        self.spent.get(index).copied()
    }

    /// The chain's hash functions.
    pub const fn scheme(&self) -> HashScheme {
        self.scheme
    }
}

#[cfg(test)]
mod tests;
