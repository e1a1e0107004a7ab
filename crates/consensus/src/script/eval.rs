//! The machine that runs one script (Core's `EvalScript`).

use std::borrow::Cow;

use primitives::hash_scheme::{hash160, ripemd160, sha256};
use primitives::script::opcodes::*;
use primitives::script::{Instruction, MAX_SCRIPT_ELEMENT_SIZE, MAX_SCRIPT_SIZE, instructions};
use sha1::{Digest, Sha1};

use super::encoding::is_minimal_push;
use super::stack::{Conditions, bool_element, need, number, number_element, peek, pop};
use super::{
    ExecutionData, ScriptError, ScriptFlags, SigVersion, SignatureChecker, Stack, cast_to_bool,
};
use crate::tx_verify::SEQUENCE_LOCKTIME_DISABLE_FLAG;

/// Most operations beside pushes in a script, except in tapscript.
pub(super) const MAX_OPS_PER_SCRIPT: usize = 201;
/// Most elements on both stacks together.
pub(super) const MAX_STACK_SIZE: usize = 1000;
/// Most bytes of an operand.
pub(super) const NUMBER_SIZE: usize = 4;
/// Most bytes of a lock time, which goes beyond 2038.
const LOCK_TIME_SIZE: usize = 5;

/// Runs `script` on `stack`.
///
/// # Errors
/// The first rule that is broken. A false result is none: the caller looks at the stack.
pub fn eval_script<'s, C: SignatureChecker + ?Sized>(
    stack: &mut Stack<'s>,
    script: &'s [u8],
    flags: ScriptFlags,
    checker: &mut C,
    version: SigVersion,
    data: &mut ExecutionData,
) -> Result<(), ScriptError> {
    data.codeseparator_position = u32::MAX;
    let minimal = flags.contains(ScriptFlags::MINIMALDATA);
    let machine = Machine {
        stack,
        alt: Stack::new(),
        conditions: Conditions::default(),
        script,
        code_start: 0,
        ops: 0,
        flags,
        minimal,
        version,
        checker,
        data,
    };
    machine.run()
}

/// A script that runs.
pub(super) struct Machine<'m, 's, C: ?Sized> {
    pub(super) stack: &'m mut Stack<'s>,
    alt: Stack<'s>,
    conditions: Conditions,
    pub(super) script: &'s [u8],
    /// Where the part begins that signatures cover.
    pub(super) code_start: usize,
    pub(super) ops: usize,
    pub(super) flags: ScriptFlags,
    pub(super) minimal: bool,
    pub(super) version: SigVersion,
    pub(super) checker: &'m mut C,
    pub(super) data: &'m mut ExecutionData,
}

impl<C: SignatureChecker + ?Sized> Machine<'_, '_, C> {
    fn run(mut self) -> Result<(), ScriptError> {
        if self.version != SigVersion::Tapscript && self.script.len() > MAX_SCRIPT_SIZE {
            return Err(ScriptError::ScriptSize);
        }
        let mut pieces = instructions(self.script);
        let mut position = 0;
        while let Some(piece) = pieces.next() {
            let piece = piece.map_err(|_| ScriptError::BadOpcode)?;
            if piece.opcode == OP_CODESEPARATOR && self.conditions.all_true() {
                self.admit(piece)?;
                self.code_start = pieces.position();
                self.data.codeseparator_position = position;
            } else {
                self.step(piece)?;
            }
            if self.stack.len() + self.alt.len() > MAX_STACK_SIZE {
                return Err(ScriptError::StackSize);
            }
            position += 1;
        }
        if self.conditions.is_empty() {
            Ok(())
        } else {
            Err(ScriptError::UnbalancedConditional)
        }
    }
}

impl<'s, C: SignatureChecker + ?Sized> Machine<'_, 's, C> {
    /// Checks what holds even in a branch that is not taken.
    fn admit(&mut self, piece: Instruction<'_>) -> Result<(), ScriptError> {
        if piece.data.len() > MAX_SCRIPT_ELEMENT_SIZE {
            return Err(ScriptError::PushSize);
        }
        // OP_RESERVED is below OP_16 and does not count.
        if self.version != SigVersion::Tapscript && piece.opcode > OP_16 {
            self.count_ops(1)?;
        }
        if is_disabled(piece.opcode) {
            return Err(ScriptError::DisabledOpcode);
        }
        let const_code = self.flags.contains(ScriptFlags::CONST_SCRIPTCODE);
        if piece.opcode == OP_CODESEPARATOR && self.version == SigVersion::Base && const_code {
            return Err(ScriptError::OpCodeseparator);
        }
        Ok(())
    }

    pub(super) fn count_ops(&mut self, count: usize) -> Result<(), ScriptError> {
        self.ops += count;
        if self.ops > MAX_OPS_PER_SCRIPT {
            Err(ScriptError::OpCount)
        } else {
            Ok(())
        }
    }

    fn step(&mut self, piece: Instruction<'s>) -> Result<(), ScriptError> {
        self.admit(piece)?;
        let executing = self.conditions.all_true();
        match piece.opcode {
            OP_IF..=OP_ENDIF => self.branch(piece.opcode, executing),
            _ if !executing => Ok(()),
            ..=OP_PUSHDATA4 => {
                if self.minimal && !is_minimal_push(piece.opcode, piece.data) {
                    return Err(ScriptError::Minimaldata);
                }
                self.stack.push(Cow::Borrowed(piece.data));
                Ok(())
            }
            opcode => self.operate(opcode),
        }
    }

    fn operate(&mut self, opcode: u8) -> Result<(), ScriptError> {
        match opcode {
            OP_1NEGATE | OP_1..=OP_16 => {
                self.stack
                    .push(number_element(i64::from(opcode) - i64::from(OP_1) + 1));
                Ok(())
            }
            OP_NOP => Ok(()),
            OP_CHECKLOCKTIMEVERIFY => self.check_lock_time(),
            OP_CHECKSEQUENCEVERIFY => self.check_sequence(),
            OP_NOP1 | OP_NOP4..=OP_NOP10 => {
                if self.flags.contains(ScriptFlags::DISCOURAGE_UPGRADABLE_NOPS) {
                    return Err(ScriptError::DiscourageUpgradableNops);
                }
                Ok(())
            }
            OP_VERIFY => {
                let value = cast_to_bool(&pop(self.stack)?);
                if value {
                    Ok(())
                } else {
                    Err(ScriptError::Verify)
                }
            }
            OP_RETURN => Err(ScriptError::OpReturn),
            OP_TOALTSTACK => {
                let element = pop(self.stack)?;
                self.alt.push(element);
                Ok(())
            }
            OP_FROMALTSTACK => {
                let element = self
                    .alt
                    .pop()
                    .ok_or(ScriptError::InvalidAltstackOperation)?;
                self.stack.push(element);
                Ok(())
            }
            OP_2DROP..=OP_TUCK => self.rearrange(opcode),
            OP_SIZE => {
                let size = peek(self.stack, 1)?.len();
                self.stack.push(size_element(size));
                Ok(())
            }
            OP_EQUAL | OP_EQUALVERIFY => {
                need(self.stack, 2)?;
                let equal = pop(self.stack)? == pop(self.stack)?;
                self.finish(equal, opcode == OP_EQUALVERIFY, ScriptError::Equalverify)
            }
            OP_1ADD..=OP_WITHIN => self.calculate(opcode),
            OP_RIPEMD160..=OP_HASH256 => self.hash(opcode),
            OP_CHECKSIG..=OP_CHECKMULTISIGVERIFY | OP_CHECKSIGADD => self.check_signatures(opcode),
            _ => Err(ScriptError::BadOpcode),
        }
    }

    /// Pushes a truth value, or for the VERIFY form of an opcode fails with `error` on false.
    pub(super) fn finish(
        &mut self,
        value: bool,
        verify: bool,
        error: ScriptError,
    ) -> Result<(), ScriptError> {
        match (verify, value) {
            (true, true) => Ok(()),
            (true, false) => Err(error),
            (false, _) => {
                self.stack.push(bool_element(value));
                Ok(())
            }
        }
    }

    fn branch(&mut self, opcode: u8, executing: bool) -> Result<(), ScriptError> {
        let unbalanced = ScriptError::UnbalancedConditional;
        match opcode {
            OP_IF | OP_NOTIF => {
                let mut taken = false;
                if executing {
                    let element = pop(self.stack)?;
                    self.check_minimal_if(&element)?;
                    taken = cast_to_bool(&element) == (opcode == OP_IF);
                }
                self.conditions.push(taken);
                Ok(())
            }
            OP_ELSE => self.conditions.toggle().ok_or(unbalanced),
            OP_ENDIF => self.conditions.pop().ok_or(unbalanced),
            // OP_VERIF and OP_VERNOTIF fail even where they do not run.
            _ => Err(ScriptError::BadOpcode),
        }
    }

    fn check_minimal_if(&self, element: &[u8]) -> Result<(), ScriptError> {
        if matches!(element, [] | [1]) {
            return Ok(());
        }
        match self.version {
            SigVersion::Tapscript => Err(ScriptError::TapscriptMinimalif),
            SigVersion::WitnessV0 if self.flags.contains(ScriptFlags::MINIMALIF) => {
                Err(ScriptError::Minimalif)
            }
            _ => Ok(()),
        }
    }

    fn check_lock_time(&self) -> Result<(), ScriptError> {
        if !self.flags.contains(ScriptFlags::CHECKLOCKTIMEVERIFY) {
            return Ok(());
        }
        let lock_time = self.lock_time_operand()?;
        if self.checker.check_lock_time(lock_time) {
            Ok(())
        } else {
            Err(ScriptError::UnsatisfiedLocktime)
        }
    }

    fn check_sequence(&self) -> Result<(), ScriptError> {
        if !self.flags.contains(ScriptFlags::CHECKSEQUENCEVERIFY) {
            return Ok(());
        }
        let sequence = self.lock_time_operand()?;
        let disabled = sequence & i64::from(SEQUENCE_LOCKTIME_DISABLE_FLAG) != 0;
        if disabled || self.checker.check_sequence(sequence) {
            Ok(())
        } else {
            Err(ScriptError::UnsatisfiedLocktime)
        }
    }

    /// The top element, which stays where it is.
    fn lock_time_operand(&self) -> Result<i64, ScriptError> {
        match number(peek(self.stack, 1)?, self.minimal, LOCK_TIME_SIZE)? {
            ..0 => Err(ScriptError::NegativeLocktime),
            operand => Ok(operand),
        }
    }

    /// Operations that only move and copy elements. `x1` is the lowest that takes part.
    fn rearrange(&mut self, opcode: u8) -> Result<(), ScriptError> {
        let stack = &mut *self.stack;
        let len = stack.len();
        match opcode {
            OP_2DROP => {
                need(stack, 2)?;
                stack.truncate(len - 2);
            }
            OP_2DUP => {
                need(stack, 2)?;
                stack.extend_from_within(len - 2..);
            }
            OP_3DUP => {
                need(stack, 3)?;
                stack.extend_from_within(len - 3..);
            }
            OP_2OVER => {
                need(stack, 4)?;
                stack.extend_from_within(len - 4..len - 2);
            }
            OP_2ROT => {
                need(stack, 6)?;
                stack[len - 6..].rotate_left(2);
            }
            OP_2SWAP => {
                need(stack, 4)?;
                stack[len - 4..].rotate_left(2);
            }
            OP_IFDUP => {
                if cast_to_bool(peek(stack, 1)?) {
                    stack.extend_from_within(len - 1..);
                }
            }
            OP_DEPTH => stack.push(size_element(len)),
            OP_DROP => {
                pop(stack)?;
            }
            OP_DUP => {
                need(stack, 1)?;
                stack.extend_from_within(len - 1..);
            }
            OP_NIP => {
                need(stack, 2)?;
                stack.remove(len - 2);
            }
            OP_OVER => {
                need(stack, 2)?;
                stack.extend_from_within(len - 2..len - 1);
            }
            OP_PICK | OP_ROLL => return self.pick(opcode == OP_ROLL),
            OP_ROT => {
                need(stack, 3)?;
                stack[len - 3..].rotate_left(1);
            }
            OP_SWAP => {
                need(stack, 2)?;
                stack.swap(len - 2, len - 1);
            }
            OP_TUCK => {
                need(stack, 2)?;
                let top = stack[len - 1].clone();
                stack.insert(len - 2, top);
            }
            _ => return Err(ScriptError::BadOpcode),
        }
        Ok(())
    }

    fn pick(&mut self, take: bool) -> Result<(), ScriptError> {
        need(self.stack, 2)?;
        let depth = number(&pop(self.stack)?, self.minimal, NUMBER_SIZE)?;
        let index = usize::try_from(depth)
            .ok()
            .and_then(|depth| self.stack.len().checked_sub(depth + 1))
            .ok_or(ScriptError::InvalidStackOperation)?;
        let element = if take {
            self.stack.remove(index)
        } else {
            self.stack[index].clone()
        };
        self.stack.push(element);
        Ok(())
    }

    fn hash(&mut self, opcode: u8) -> Result<(), ScriptError> {
        let element = pop(self.stack)?;
        let hash = match opcode {
            OP_RIPEMD160 => ripemd160(&element).to_vec(),
            OP_SHA1 => Sha1::digest(&element).to_vec(),
            OP_SHA256 => sha256(&element).to_vec(),
            OP_HASH160 => hash160(&element).0.to_vec(),
            _ => self.checker.hashes().op_hash256(&element).to_vec(),
        };
        self.stack.push(Cow::Owned(hash));
        Ok(())
    }
}

/// The element of a length, which never exceeds the length of a script.
fn size_element(size: usize) -> super::Element<'static> {
    number_element(i64::try_from(size).expect("lengths of memory fit"))
}

/// Opcodes that fail even in a branch that is not taken (CVE-2010-5137).
const fn is_disabled(opcode: u8) -> bool {
    matches!(
        opcode,
        OP_CAT
            | OP_SUBSTR
            | OP_LEFT
            | OP_RIGHT
            | OP_INVERT
            | OP_AND
            | OP_OR
            | OP_XOR
            | OP_2MUL
            | OP_2DIV
            | OP_MUL
            | OP_DIV
            | OP_MOD
            | OP_LSHIFT
            | OP_RSHIFT
    )
}
