//! Counting signature operations.

use primitives::Script;
use primitives::script::opcodes::{
    OP_1, OP_16, OP_CHECKMULTISIG, OP_CHECKMULTISIGVERIFY, OP_CHECKSIG, OP_CHECKSIGVERIFY,
};
use primitives::script::{MAX_PUBKEYS_PER_MULTISIG, instructions, small_int, witness_program};

use super::ScriptFlags;

/// Signature operations in a script, up to a push that goes past its end (Core's
/// `CScript::GetSigOpCount`).
///
/// A multisig counts 20, or where `accurate` the number of keys that stands before it.
pub fn sigop_count(script: &[u8], accurate: bool) -> u32 {
    let mut count = 0;
    let mut last = u8::MAX;
    for piece in instructions(script).map_while(Result::ok) {
        match piece.opcode {
            OP_CHECKSIG | OP_CHECKSIGVERIFY => count += 1,
            OP_CHECKMULTISIG | OP_CHECKMULTISIGVERIFY => {
                let keys = small_int(last).filter(|_| accurate && (OP_1..=OP_16).contains(&last));
                count += u32::from(keys.unwrap_or(MAX_PUBKEYS_PER_MULTISIG));
            }
            _ => {}
        }
        last = piece.opcode;
    }
    count
}

/// Signature operations of the script behind a script hash, as the input reveals it; zero where the
/// input does more than push.
pub fn p2sh_sigop_count(script_sig: &Script) -> u32 {
    if !script_sig.is_push_only() {
        return 0;
    }
    sigop_count(last_push(script_sig), true)
}

/// Signature operations of a witness, each worth one unit of cost (Core's `CountWitnessSigOps`).
pub fn count_witness_sigops(
    script_sig: &Script,
    script_pubkey: &Script,
    witness: &[Vec<u8>],
    flags: ScriptFlags,
) -> u32 {
    if !flags.contains(ScriptFlags::WITNESS) {
        return 0;
    }
    let program = script_pubkey.as_witness_program().or_else(|| {
        (script_pubkey.is_pay_to_script_hash() && script_sig.is_push_only())
            .then(|| witness_program(last_push(script_sig)))?
    });
    match program {
        Some((0, program)) if program.len() == 20 => 1,
        Some((0, program)) if program.len() == 32 => {
            witness.last().map_or(0, |script| sigop_count(script, true))
        }
        _ => 0,
    }
}

/// The data of the last piece of a script that only pushes.
fn last_push(script: &[u8]) -> &[u8] {
    instructions(script)
        .map_while(Result::ok)
        .last()
        .map_or(&[], |piece| piece.data)
}
