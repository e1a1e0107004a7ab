//! Golomb-Rice codes in a stream of bits, the highest bit of each byte first.

use crate::encode::DecodeError;

/// Bits that a filter's codes keep of each number; the rest is written in unary.
const REMAINDER_BITS: u32 = 19;

/// Collects codes.
#[derive(Debug)]
pub(super) struct CodeWriter {
    bytes: Vec<u8>,
    /// How many bits of the last byte are free.
    free: u32,
}

impl CodeWriter {
    /// Goes on after whole bytes.
    pub(super) const fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, free: 0 }
    }

    /// Appends the code of one number.
    pub(super) fn put(&mut self, value: u64) {
        for _ in 0..value >> REMAINDER_BITS {
            self.bit(true);
        }
        self.bit(false);
        for place in (0..REMAINDER_BITS).rev() {
            self.bit(value >> place & 1 == 1);
        }
    }

    fn bit(&mut self, bit: bool) {
        if self.free == 0 {
            self.bytes.push(0);
            self.free = 8;
        }
        self.free -= 1;
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << self.free;
        }
    }

    /// The bytes, the last filled up with zeros.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads codes.
#[derive(Debug)]
pub(super) struct CodeReader<'a> {
    bytes: &'a [u8],
    /// Bits read so far.
    position: usize,
}

impl<'a> CodeReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Reads one number, which wraps where it does not fit.
    pub(super) fn take(&mut self) -> Result<u64, DecodeError> {
        let mut value: u64 = 0;
        while self.bit()? {
            value = value.wrapping_add(1);
        }
        for _ in 0..REMAINDER_BITS {
            value = value << 1 | u64::from(self.bit()?);
        }
        Ok(value)
    }

    fn bit(&mut self) -> Result<bool, DecodeError> {
        let byte = self.bytes.get(self.position / 8);
        let byte = byte.ok_or(DecodeError::EndOfData)?;
        let bit = byte >> (7 - self.position % 8) & 1 == 1;
        self.position += 1;
        Ok(bit)
    }

    /// How many whole bytes have not been touched.
    pub(super) const fn untouched(&self) -> usize {
        self.bytes.len() - self.position.div_ceil(8)
    }
}
