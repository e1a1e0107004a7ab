//! The script interpreter, in the order and with the errors of Core's `interpreter.cpp`.

mod checker;
mod checksig;
mod encoding;
mod error;
mod eval;
mod flags;
mod known_keys;
mod numeric;
mod sigops;
mod stack;
mod taproot;
mod verify;
mod witness;

pub use checker::{DummyChecker, SignatureCache, SignatureChecker, SignatureEntry, TxChecker};
pub use checksig::find_and_delete;
pub use encoding::{check_signature_encoding, is_valid_signature_encoding};
pub use error::ScriptError;
pub use eval::eval_script;
pub use flags::ScriptFlags;
pub use sigops::{count_witness_sigops, p2sh_sigop_count, sigop_count};
pub use stack::{Element, Stack, cast_to_bool};
pub use taproot::{
    ANNEX_TAG, TAPROOT_CONTROL_BASE_SIZE, TAPROOT_CONTROL_MAX_NODES, TAPROOT_LEAF_MASK,
    TAPROOT_LEAF_TAPSCRIPT, is_op_success, tap_branch_hash, tap_leaf_hash, taproot_merkle_root,
    verify_taproot_commitment,
};
pub use verify::verify_script;

use crate::sighash::Annex;

/// Under which rules a script runs (Core's `SigVersion`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigVersion {
    /// Bare scripts and those behind a script hash.
    Base,
    /// Witness version 0 (BIP141).
    WitnessV0,
    /// Taproot by key; runs no script (BIP341).
    Taproot,
    /// Taproot by script, leaf version 0xc0 (BIP342).
    Tapscript,
}

/// What a taproot signature covers beside the transaction, and what it may still cost.
#[derive(Clone, Debug)]
pub struct ExecutionData {
    /// Hash of the annex, where there is one.
    pub annex: Option<Annex>,
    /// Hash of the leaf that runs; zero outside tapscript.
    pub tapleaf_hash: [u8; 32],
    /// Which piece of the script the last separator was; [`u32::MAX`] where none ran.
    pub codeseparator_position: u32,
    /// Weight units of witness that are not used up by signatures.
    pub validation_weight_left: i64,
    /// Hash of the output with the input's index, once a signature asked for it.
    pub single_output: Option<[u8; 32]>,
}

impl Default for ExecutionData {
    fn default() -> Self {
        Self {
            annex: None,
            tapleaf_hash: [0; 32],
            codeseparator_position: u32::MAX,
            validation_weight_left: 0,
            single_output: None,
        }
    }
}

#[cfg(test)]
mod tests;
