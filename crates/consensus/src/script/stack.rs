//! The stack of the script machine.

use std::borrow::Cow;

use primitives::script::{decode_number, encode_number};

use super::ScriptError;

/// One element, borrowed from the script or witness that pushed it where that is possible.
pub type Element<'a> = Cow<'a, [u8]>;

/// The elements, the top one last.
pub type Stack<'a> = Vec<Element<'a>>;

/// Whether an element counts as true: any bit set except the sign of a zero.
pub fn cast_to_bool(element: &[u8]) -> bool {
    match element.split_last() {
        Some((last, head)) => head.iter().any(|byte| *byte != 0) || !matches!(last, 0 | 0x80),
        None => false,
    }
}

/// The element of a truth value.
pub(super) const fn bool_element(value: bool) -> Element<'static> {
    if value {
        Cow::Borrowed(&[1])
    } else {
        Cow::Borrowed(&[])
    }
}

/// The element of a number.
pub(super) fn number_element(value: i64) -> Element<'static> {
    match value {
        0 => Cow::Borrowed(&[]),
        1 => Cow::Borrowed(&[1]),
        _ => Cow::Owned(encode_number(value)),
    }
}

/// Reads a number of at most `max_size` bytes.
pub(super) fn number(element: &[u8], minimal: bool, max_size: usize) -> Result<i64, ScriptError> {
    decode_number(element, minimal, max_size).map_err(|_| ScriptError::Scriptnum)
}

/// The element `depth` places below the top, which is at 1.
pub(super) fn peek<'s, 'a>(
    stack: &'s [Element<'a>],
    depth: usize,
) -> Result<&'s Element<'a>, ScriptError> {
    let index = stack
        .len()
        .checked_sub(depth)
        .ok_or(ScriptError::InvalidStackOperation)?;
    stack.get(index).ok_or(ScriptError::InvalidStackOperation)
}

/// Takes the top element.
pub(super) fn pop<'a>(stack: &mut Stack<'a>) -> Result<Element<'a>, ScriptError> {
    stack.pop().ok_or(ScriptError::InvalidStackOperation)
}

/// Fails where there are fewer than `count` elements.
pub(super) fn need(stack: &[Element<'_>], count: usize) -> Result<(), ScriptError> {
    if stack.len() < count {
        Err(ScriptError::InvalidStackOperation)
    } else {
        Ok(())
    }
}

/// The branches of `OP_IF` that are open. Only two facts can be seen from outside: how many there
/// are, and whether one of them is not taken; so the place of the first such one is enough.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Conditions {
    depth: usize,
    first_false: Option<usize>,
}

impl Conditions {
    pub(super) const fn is_empty(self) -> bool {
        self.depth == 0
    }

    pub(super) const fn all_true(self) -> bool {
        self.first_false.is_none()
    }

    pub(super) fn push(&mut self, taken: bool) {
        if !taken && self.first_false.is_none() {
            self.first_false = Some(self.depth);
        }
        self.depth += 1;
    }

    /// Leaves the innermost branch; `None` where there is none.
    pub(super) fn pop(&mut self) -> Option<()> {
        self.depth = self.depth.checked_sub(1)?;
        if self.first_false == Some(self.depth) {
            self.first_false = None;
        }
        Some(())
    }

    /// Goes over to the other half of the innermost branch; `None` where there is none.
    pub(super) fn toggle(&mut self) -> Option<()> {
        let top = self.depth.checked_sub(1)?;
        match self.first_false {
            None => self.first_false = Some(top),
            Some(first) if first == top => self.first_false = None,
            // An outer branch is not taken, so this one cannot be seen.
            Some(_) => {}
        }
        Some(())
    }
}
