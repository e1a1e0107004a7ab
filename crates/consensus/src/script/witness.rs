//! Witness programs (BIP141, BIP341, BIP342).

use std::borrow::Cow;

use primitives::encode::{Sink, SizeCounter};
use primitives::hash_scheme::sha256;
use primitives::script::opcodes::{OP_CHECKSIG, OP_DUP, OP_EQUALVERIFY, OP_HASH160};
use primitives::script::{MAX_SCRIPT_ELEMENT_SIZE, instructions};

use super::eval::{MAX_STACK_SIZE, eval_script};
use super::taproot::{
    ANNEX_TAG, TAPROOT_CONTROL_BASE_SIZE, TAPROOT_CONTROL_MAX_NODES, TAPROOT_LEAF_MASK,
    TAPROOT_LEAF_TAPSCRIPT, is_op_success, tap_leaf_hash, verify_taproot_commitment,
};
use super::{
    ExecutionData, ScriptError, ScriptFlags, SigVersion, SignatureChecker, Stack, cast_to_bool,
};
use crate::sighash::Annex;

/// Weight units that a tapscript may use up without paying for them.
const VALIDATION_WEIGHT_OFFSET: i64 = 50;
/// The program of version 1 that anybody may spend (pay to anchor).
const ANCHOR: [u8; 2] = [0x4e, 0x73];

/// Checks that `witness` satisfies a program.
pub(super) fn verify_witness_program<C: SignatureChecker + ?Sized>(
    witness: &[Vec<u8>],
    (version, program): (u8, &[u8]),
    flags: ScriptFlags,
    checker: &mut C,
    is_p2sh: bool,
) -> Result<(), ScriptError> {
    match (version, program) {
        (0, _) => verify_v0(witness, program, flags, checker),
        (1, _) if !is_p2sh && program.len() == 32 => {
            let Ok(program) = program.try_into() else {
                return Ok(());
            };
            verify_taproot(witness, program, flags, checker)
        }
        (1, _) if !is_p2sh && program == ANCHOR => Ok(()),
        // Kept for upgrades: anybody may spend.
        _ if flags.contains(ScriptFlags::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM) => {
            Err(ScriptError::DiscourageUpgradableWitnessProgram)
        }
        _ => Ok(()),
    }
}

fn verify_v0<C: SignatureChecker + ?Sized>(
    witness: &[Vec<u8>],
    program: &[u8],
    flags: ScriptFlags,
    checker: &mut C,
) -> Result<(), ScriptError> {
    let mut data = ExecutionData::default();
    match program.len() {
        32 => {
            let (script, stack) = witness
                .split_last()
                .ok_or(ScriptError::WitnessProgramWitnessEmpty)?;
            if sha256(script) != program {
                return Err(ScriptError::WitnessProgramMismatch);
            }
            execute(
                stack,
                script,
                flags,
                SigVersion::WitnessV0,
                checker,
                &mut data,
            )
        }
        20 => {
            if witness.len() != 2 {
                return Err(ScriptError::WitnessProgramMismatch);
            }
            let mut script = [
                OP_DUP,
                OP_HASH160,
                20,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                OP_EQUALVERIFY,
                OP_CHECKSIG,
            ];
            script[3..23].copy_from_slice(program);
            execute(
                witness,
                &script,
                flags,
                SigVersion::WitnessV0,
                checker,
                &mut data,
            )
        }
        _ => Err(ScriptError::WitnessProgramWrongLength),
    }
}

fn verify_taproot<C: SignatureChecker + ?Sized>(
    witness: &[Vec<u8>],
    program: &[u8; 32],
    flags: ScriptFlags,
    checker: &mut C,
) -> Result<(), ScriptError> {
    if !flags.contains(ScriptFlags::TAPROOT) {
        return Ok(());
    }
    let mut data = ExecutionData::default();
    let stack = match witness {
        [] => return Err(ScriptError::WitnessProgramWitnessEmpty),
        [_, .., annex] if annex.first() == Some(&ANNEX_TAG) => {
            data.annex = Some(Annex::new(annex));
            &witness[..witness.len() - 1]
        }
        _ => witness,
    };
    let [stack @ .., script, control] = stack else {
        let [signature] = stack else {
            return Err(ScriptError::WitnessProgramWitnessEmpty);
        };
        return checker.check_schnorr(signature, program, SigVersion::Taproot, &mut data);
    };
    let path = control.len().checked_sub(TAPROOT_CONTROL_BASE_SIZE);
    if !path.is_some_and(|len| len % 32 == 0 && len / 32 <= TAPROOT_CONTROL_MAX_NODES) {
        return Err(ScriptError::TaprootWrongControlSize);
    }
    let leaf_version = control[0] & TAPROOT_LEAF_MASK;
    data.tapleaf_hash = tap_leaf_hash(leaf_version, script);
    if !verify_taproot_commitment(control, program, data.tapleaf_hash) {
        return Err(ScriptError::WitnessProgramMismatch);
    }
    if leaf_version == TAPROOT_LEAF_TAPSCRIPT {
        data.validation_weight_left = serialized_size(witness) + VALIDATION_WEIGHT_OFFSET;
        return execute(
            stack,
            script,
            flags,
            SigVersion::Tapscript,
            checker,
            &mut data,
        );
    }
    if flags.contains(ScriptFlags::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION) {
        return Err(ScriptError::DiscourageUpgradableTaprootVersion);
    }
    Ok(())
}

fn serialized_size(witness: &[Vec<u8>]) -> i64 {
    let mut counter = SizeCounter::default();
    counter.put_compact_size(witness.len() as u64);
    witness
        .iter()
        .for_each(|element| counter.put_var_bytes(element));
    i64::try_from(counter.0).expect("lengths of memory fit")
}

/// Runs a witness script, which must leave exactly one true element.
fn execute<C: SignatureChecker + ?Sized>(
    witness: &[Vec<u8>],
    script: &[u8],
    flags: ScriptFlags,
    version: SigVersion,
    checker: &mut C,
    data: &mut ExecutionData,
) -> Result<(), ScriptError> {
    if version == SigVersion::Tapscript {
        // Succeeds whatever else the script or the stack holds.
        for piece in instructions(script) {
            let piece = piece.map_err(|_| ScriptError::BadOpcode)?;
            if is_op_success(piece.opcode) {
                return if flags.contains(ScriptFlags::DISCOURAGE_OP_SUCCESS) {
                    Err(ScriptError::DiscourageOpSuccess)
                } else {
                    Ok(())
                };
            }
        }
        if witness.len() > MAX_STACK_SIZE {
            return Err(ScriptError::StackSize);
        }
    }
    if witness
        .iter()
        .any(|element| element.len() > MAX_SCRIPT_ELEMENT_SIZE)
    {
        return Err(ScriptError::PushSize);
    }
    let mut stack: Stack<'_> = witness
        .iter()
        .map(|e| Cow::Borrowed(e.as_slice()))
        .collect();
    eval_script(&mut stack, script, flags, checker, version, data)?;
    match stack.as_slice() {
        [result] if cast_to_bool(result) => Ok(()),
        [_] => Err(ScriptError::EvalFalse),
        _ => Err(ScriptError::Cleanstack),
    }
}
