//! Forms that signatures and keys must have.

use secp256k1::ecdsa::Signature;

use super::{ScriptError, ScriptFlags, SigVersion};
use crate::sighash::{SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_SINGLE};

/// Whether a signature with its hash type is strict DER (BIP66):
/// `30 len 02 len R 02 len S hashtype`, both numbers positive and as short as possible.
pub fn is_valid_signature_encoding(signature: &[u8]) -> bool {
    if !(9..=73).contains(&signature.len()) {
        return false;
    }
    let Some((_hash_type, [0x30, total, 0x02, r_len, rest @ ..])) = signature.split_last() else {
        return false;
    };
    if usize::from(*total) + 3 != signature.len() {
        return false;
    }
    let Some((r, [0x02, s_len, s @ ..])) = rest.split_at_checked(usize::from(*r_len)) else {
        return false;
    };
    usize::from(*s_len) == s.len() && is_positive_and_short(r) && is_positive_and_short(s)
}

fn is_positive_and_short(number: &[u8]) -> bool {
    match number {
        [] | [0x80..=0xff, ..] | [0, 0..0x80, ..] => false,
        [_, ..] => true,
    }
}

/// Whether the S value is in the lower half. The hash type is cut off.
fn is_low_s(der: &[u8]) -> bool {
    let Ok(signature) = Signature::from_der_lax(der) else {
        return false;
    };
    let mut normalized = signature;
    normalized.normalize_s();
    normalized == signature
}

/// Checks the form of an ECDSA signature with its hash type, as far as `flags` ask for it. An empty
/// one passes: it is the short way to write an invalid signature.
///
/// # Errors
/// [`ScriptError::SigDer`], [`ScriptError::SigHighS`] or [`ScriptError::SigHashtype`].
pub fn check_signature_encoding(signature: &[u8], flags: ScriptFlags) -> Result<(), ScriptError> {
    let Some((hash_type, der)) = signature.split_last() else {
        return Ok(());
    };
    let strict = ScriptFlags::DERSIG | ScriptFlags::LOW_S | ScriptFlags::STRICTENC;
    if flags.intersects(strict) && !is_valid_signature_encoding(signature) {
        return Err(ScriptError::SigDer);
    }
    if flags.contains(ScriptFlags::LOW_S) && !is_low_s(der) {
        return Err(ScriptError::SigHighS);
    }
    let outputs = u32::from(*hash_type) & !SIGHASH_ANYONECANPAY;
    if flags.contains(ScriptFlags::STRICTENC) && !(SIGHASH_ALL..=SIGHASH_SINGLE).contains(&outputs)
    {
        return Err(ScriptError::SigHashtype);
    }
    Ok(())
}

/// Checks the form of an ECDSA key, as far as `flags` ask for it.
pub(super) fn check_pubkey_encoding(
    key: &[u8],
    flags: ScriptFlags,
    version: SigVersion,
) -> Result<(), ScriptError> {
    let compressed = matches!(key, [2 | 3, ..] if key.len() == 33);
    let uncompressed = matches!(key, [4, ..] if key.len() == 65);
    if flags.contains(ScriptFlags::STRICTENC) && !compressed && !uncompressed {
        return Err(ScriptError::Pubkeytype);
    }
    if flags.contains(ScriptFlags::WITNESS_PUBKEYTYPE)
        && version == SigVersion::WitnessV0
        && !compressed
    {
        return Err(ScriptError::WitnessPubkeytype);
    }
    Ok(())
}

/// Whether a push has the shortest form. `opcode` is one that carries data.
pub(super) fn is_minimal_push(opcode: u8, data: &[u8]) -> bool {
    use primitives::script::opcodes::{OP_0, OP_PUSHDATA1, OP_PUSHDATA2};
    match (data, data.len()) {
        ([], _) => opcode == OP_0,
        // OP_1 to OP_16 and OP_1NEGATE are shorter.
        ([1..=16 | 0x81], _) => false,
        (_, len @ ..=75) => usize::from(opcode) == len,
        (_, ..=0xff) => opcode == OP_PUSHDATA1,
        (_, ..=0xffff) => opcode == OP_PUSHDATA2,
        _ => true,
    }
}
