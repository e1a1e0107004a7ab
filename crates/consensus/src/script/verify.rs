//! Whether an input may spend an output (Core's `VerifyScript`).

use primitives::Script;
use primitives::script::witness_program;

use super::eval::eval_script;
use super::witness::verify_witness_program;
use super::{
    ExecutionData, ScriptError, ScriptFlags, SigVersion, SignatureChecker, Stack, cast_to_bool,
};

/// Checks that an input's script and witness satisfy the script of the output it spends.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_script<C: SignatureChecker + ?Sized>(
    script_sig: &Script,
    script_pubkey: &Script,
    witness: &[Vec<u8>],
    flags: ScriptFlags,
    checker: &mut C,
) -> Result<(), ScriptError> {
    if flags.contains(ScriptFlags::SIGPUSHONLY) && !script_sig.is_push_only() {
        return Err(ScriptError::SigPushonly);
    }
    let is_p2sh = flags.contains(ScriptFlags::P2SH) && script_pubkey.is_pay_to_script_hash();
    let has_witness_rules = flags.contains(ScriptFlags::WITNESS);
    let mut had_witness = false;

    // One after the other on one stack, never joined (CVE-2010-5141).
    let mut stack = Stack::new();
    run(&mut stack, script_sig, flags, checker)?;
    let before = if is_p2sh { stack.clone() } else { Stack::new() };
    run(&mut stack, script_pubkey, flags, checker)?;
    expect_true(&stack)?;

    if has_witness_rules && let Some(program) = script_pubkey.as_witness_program() {
        had_witness = true;
        if !script_sig.is_empty() {
            return Err(ScriptError::WitnessMalleated);
        }
        verify_witness_program(witness, program, flags, checker, false)?;
        stack.truncate(1);
    }

    let mut left = stack.len();
    if is_p2sh {
        if !script_sig.is_push_only() {
            return Err(ScriptError::SigPushonly);
        }
        let mut stack = before;
        // Not empty, or the output's script had found nothing to hash.
        let redeem = stack.pop().ok_or(ScriptError::EvalFalse)?;
        let mut stack: Stack<'_> = stack;
        run(&mut stack, &redeem, flags, checker)?;
        expect_true(&stack)?;
        left = stack.len();

        if has_witness_rules && let Some(program) = witness_program(&redeem) {
            had_witness = true;
            if *script_sig != Script::new().push(&redeem) {
                return Err(ScriptError::WitnessMalleatedP2sh);
            }
            verify_witness_program(witness, program, flags, checker, true)?;
            left = 1;
        }
    }

    if flags.contains(ScriptFlags::CLEANSTACK) && left != 1 {
        return Err(ScriptError::Cleanstack);
    }
    if has_witness_rules && !had_witness && !witness.is_empty() {
        return Err(ScriptError::WitnessUnexpected);
    }
    Ok(())
}

fn run<'s, C: SignatureChecker + ?Sized>(
    stack: &mut Stack<'s>,
    script: &'s [u8],
    flags: ScriptFlags,
    checker: &mut C,
) -> Result<(), ScriptError> {
    eval_script(
        stack,
        script,
        flags,
        checker,
        SigVersion::Base,
        &mut ExecutionData::default(),
    )
}

fn expect_true(stack: &Stack<'_>) -> Result<(), ScriptError> {
    match stack.last() {
        Some(top) if cast_to_bool(top) => Ok(()),
        _ => Err(ScriptError::EvalFalse),
    }
}
