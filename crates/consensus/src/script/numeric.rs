//! Operations on numbers. Operands have at most four bytes, results may have five.

use primitives::script::opcodes::*;

use super::eval::{Machine, NUMBER_SIZE};
use super::stack::{need, number, number_element, peek};
use super::{ScriptError, SignatureChecker};

impl<C: SignatureChecker + ?Sized> Machine<'_, '_, C> {
    pub(super) fn calculate(&mut self, opcode: u8) -> Result<(), ScriptError> {
        match opcode {
            OP_1ADD..=OP_0NOTEQUAL => {
                need(self.stack, 1)?;
                let result = unary(opcode, self.operand(1)?)?;
                self.replace(1, result);
            }
            OP_WITHIN => {
                need(self.stack, 3)?;
                let (value, least, limit) = (self.operand(3)?, self.operand(2)?, self.operand(1)?);
                self.replace(3, i64::from((least..limit).contains(&value)));
            }
            _ => {
                need(self.stack, 2)?;
                let result = binary(opcode, self.operand(2)?, self.operand(1)?)?;
                if opcode != OP_NUMEQUALVERIFY {
                    self.replace(2, result);
                    return Ok(());
                }
                if result == 0 {
                    return Err(ScriptError::Numequalverify);
                }
                self.stack.truncate(self.stack.len() - 2);
            }
        }
        Ok(())
    }

    fn operand(&self, depth: usize) -> Result<i64, ScriptError> {
        number(peek(self.stack, depth)?, self.minimal, NUMBER_SIZE)
    }

    fn replace(&mut self, count: usize, result: i64) {
        self.stack.truncate(self.stack.len() - count);
        self.stack.push(number_element(result));
    }
}

fn unary(opcode: u8, value: i64) -> Result<i64, ScriptError> {
    Ok(match opcode {
        OP_1ADD => value + 1,
        OP_1SUB => value - 1,
        OP_NEGATE => -value,
        OP_ABS => value.abs(),
        OP_NOT => i64::from(value == 0),
        OP_0NOTEQUAL => i64::from(value != 0),
        _ => return Err(ScriptError::BadOpcode),
    })
}

fn binary(opcode: u8, a: i64, b: i64) -> Result<i64, ScriptError> {
    Ok(match opcode {
        OP_ADD => a + b,
        OP_SUB => a - b,
        OP_BOOLAND => i64::from(a != 0 && b != 0),
        OP_BOOLOR => i64::from(a != 0 || b != 0),
        OP_NUMEQUAL | OP_NUMEQUALVERIFY => i64::from(a == b),
        OP_NUMNOTEQUAL => i64::from(a != b),
        OP_LESSTHAN => i64::from(a < b),
        OP_GREATERTHAN => i64::from(a > b),
        OP_LESSTHANOREQUAL => i64::from(a <= b),
        OP_GREATERTHANOREQUAL => i64::from(a >= b),
        OP_MIN => a.min(b),
        OP_MAX => a.max(b),
        _ => return Err(ScriptError::BadOpcode),
    })
}
