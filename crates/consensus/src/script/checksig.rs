//! The opcodes that check signatures.

use std::borrow::Cow;

use primitives::Script;
use primitives::script::opcodes::*;
use primitives::script::{MAX_PUBKEYS_PER_MULTISIG, instructions};

use super::encoding::{check_pubkey_encoding, check_signature_encoding};
use super::eval::{Machine, NUMBER_SIZE};
use super::stack::{need, number, number_element, peek};
use super::{ScriptError, ScriptFlags, SigVersion, SignatureChecker};

/// Weight units that a signature in tapscript uses up (BIP342).
const VALIDATION_WEIGHT_PER_SIGOP_PASSED: i64 = 50;

/// Removes every `pattern` that begins where a piece of `script` begins, and counts them (Core's
/// `FindAndDelete`).
pub fn find_and_delete<'a>(script: &'a [u8], pattern: &[u8]) -> (Cow<'a, [u8]>, usize) {
    let mut found = 0;
    let mut kept = Vec::new();
    // Where the bytes begin that are not yet copied, and where the next piece begins.
    let (mut start, mut position) = (0, 0);
    if pattern.is_empty() {
        return (Cow::Borrowed(script), 0);
    }
    loop {
        let from = position;
        while script[position..].starts_with(pattern) {
            position += pattern.len();
            found += 1;
        }
        if position > from {
            kept.extend_from_slice(&script[start..from]);
            start = position;
        }
        let mut pieces = instructions(&script[position..]);
        match pieces.next() {
            Some(Ok(_)) => position += pieces.position(),
            // The rest stays, also where it is no piece.
            Some(Err(_)) | None => break,
        }
    }
    if found == 0 {
        return (Cow::Borrowed(script), 0);
    }
    kept.extend_from_slice(&script[start..]);
    (Cow::Owned(kept), found)
}

impl<'s, C: SignatureChecker + ?Sized> Machine<'_, 's, C> {
    pub(super) fn check_signatures(&mut self, opcode: u8) -> Result<(), ScriptError> {
        match opcode {
            OP_CHECKSIG | OP_CHECKSIGVERIFY => {
                need(self.stack, 2)?;
                let valid = self.check_signature(2)?;
                self.stack.truncate(self.stack.len() - 2);
                let verify = opcode == OP_CHECKSIGVERIFY;
                self.finish(valid, verify, ScriptError::Checksigverify)
            }
            OP_CHECKSIGADD if self.version == SigVersion::Tapscript => {
                need(self.stack, 3)?;
                let count = number(peek(self.stack, 2)?, self.minimal, NUMBER_SIZE)?;
                let valid = self.check_signature(3)?;
                self.stack.truncate(self.stack.len() - 3);
                self.stack.push(number_element(count + i64::from(valid)));
                Ok(())
            }
            OP_CHECKMULTISIG | OP_CHECKMULTISIGVERIFY => {
                let valid = self.check_multisig()?;
                let verify = opcode == OP_CHECKMULTISIGVERIFY;
                self.finish(valid, verify, ScriptError::Checkmultisigverify)
            }
            _ => Err(ScriptError::BadOpcode),
        }
    }

    /// Checks the signature at `depth` against the key on top.
    fn check_signature(&mut self, depth: usize) -> Result<bool, ScriptError> {
        match self.version {
            SigVersion::Tapscript => self.check_signature_tapscript(depth),
            SigVersion::Base | SigVersion::WitnessV0 | SigVersion::Taproot => {
                self.check_signature_ecdsa(depth)
            }
        }
    }

    fn check_signature_ecdsa(&mut self, depth: usize) -> Result<bool, ScriptError> {
        let code = self.code_without(depth, 1)?;
        let (signature, key) = (peek(self.stack, depth)?, peek(self.stack, 1)?);
        check_signature_encoding(signature, self.flags)?;
        check_pubkey_encoding(key, self.flags, self.version)?;
        let valid = self
            .checker
            .check_ecdsa(signature, key, &code, self.version);
        if !valid && self.flags.contains(ScriptFlags::NULLFAIL) && !signature.is_empty() {
            return Err(ScriptError::SigNullfail);
        }
        Ok(valid)
    }

    /// The order of these checks is consensus: weight, then key, then signature.
    fn check_signature_tapscript(&mut self, depth: usize) -> Result<bool, ScriptError> {
        let (signature, key) = (peek(self.stack, depth)?, peek(self.stack, 1)?);
        let signed = !signature.is_empty();
        if signed {
            self.data.validation_weight_left -= VALIDATION_WEIGHT_PER_SIGOP_PASSED;
            if self.data.validation_weight_left < 0 {
                return Err(ScriptError::TapscriptValidationWeight);
            }
        }
        if key.is_empty() {
            return Err(ScriptError::TapscriptEmptyPubkey);
        }
        match <&[u8; 32]>::try_from(key.as_ref()) {
            Ok(key) if signed => {
                self.checker
                    .check_schnorr(signature, key, self.version, self.data)?;
            }
            Ok(_) => {}
            // Keys of other lengths may get a meaning; until then every signature fits them.
            Err(_) => {
                if self
                    .flags
                    .contains(ScriptFlags::DISCOURAGE_UPGRADABLE_PUBKEYTYPE)
                {
                    return Err(ScriptError::DiscourageUpgradablePubkeytype);
                }
            }
        }
        Ok(signed)
    }

    /// The script that signatures cover: from the last separator on and, before segwit, without
    /// the `count` signatures from `depth` downwards.
    fn code_without(&self, depth: usize, count: usize) -> Result<Cow<'s, [u8]>, ScriptError> {
        let script: &'s [u8] = self.script;
        let mut code = Cow::Borrowed(&script[self.code_start..]);
        if self.version != SigVersion::Base {
            return Ok(code);
        }
        for depth in depth..depth + count {
            let push = Script::new().push(peek(self.stack, depth)?);
            // Owned only where something was found.
            let Cow::Owned(rest) = find_and_delete(&code, &push).0 else {
                continue;
            };
            if self.flags.contains(ScriptFlags::CONST_SCRIPTCODE) {
                return Err(ScriptError::SigFindanddelete);
            }
            code = Cow::Owned(rest);
        }
        Ok(code)
    }

    /// `OP_CHECKMULTISIG`: an extra element, signatures, their number, keys, their number. Takes all
    /// of them and says whether the signatures are valid for keys in the same order.
    fn check_multisig(&mut self) -> Result<bool, ScriptError> {
        if self.version == SigVersion::Tapscript {
            return Err(ScriptError::TapscriptCheckmultisig);
        }
        let keys = number(peek(self.stack, 1)?, self.minimal, NUMBER_SIZE)?;
        let keys = small(keys, MAX_PUBKEYS_PER_MULTISIG.into()).ok_or(ScriptError::PubkeyCount)?;
        self.count_ops(keys)?;
        let first_key = 2;
        let count_place = first_key + keys;
        need(self.stack, count_place)?;
        let signatures = number(peek(self.stack, count_place)?, self.minimal, NUMBER_SIZE)?;
        let signatures = small(signatures, keys).ok_or(ScriptError::SigCount)?;
        let first_signature = count_place + 1;
        let extra = first_signature + signatures;
        need(self.stack, extra)?;

        let code = self.code_without(first_signature, signatures)?;
        let valid = self.match_keys(&code, (first_key, keys), (first_signature, signatures))?;

        if !valid && self.flags.contains(ScriptFlags::NULLFAIL) {
            for depth in first_signature..extra {
                if !peek(self.stack, depth)?.is_empty() {
                    return Err(ScriptError::SigNullfail);
                }
            }
        }
        // One element more is taken than is used, an old mistake that is consensus.
        if self.flags.contains(ScriptFlags::NULLDUMMY) && !peek(self.stack, extra)?.is_empty() {
            return Err(ScriptError::SigNulldummy);
        }
        self.stack.truncate(self.stack.len() - extra);
        Ok(valid)
    }

    /// Tries signatures on keys, both from the top down; each place is a depth and a number.
    fn match_keys(
        &mut self,
        code: &[u8],
        (mut key_place, mut keys): (usize, usize),
        (mut signature_place, mut signatures): (usize, usize),
    ) -> Result<bool, ScriptError> {
        while signatures > 0 {
            // Too few keys are left: the rest is not even looked at.
            if signatures > keys {
                return Ok(false);
            }
            let signature = peek(self.stack, signature_place)?;
            let key = peek(self.stack, key_place)?;
            check_signature_encoding(signature, self.flags)?;
            check_pubkey_encoding(key, self.flags, self.version)?;
            if self.checker.check_ecdsa(signature, key, code, self.version) {
                signature_place += 1;
                signatures -= 1;
            }
            key_place += 1;
            keys -= 1;
        }
        Ok(true)
    }
}

fn small(value: i64, limit: usize) -> Option<usize> {
    usize::try_from(value).ok().filter(|value| *value <= limit)
}
