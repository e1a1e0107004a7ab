//! The serialisation of the P2P protocol and the block files: little-endian integers, compact
//! sizes, and a reader that never trusts a count.

/// Largest size that a compact size may announce (Core's `MAX_SIZE`).
pub const MAX_SIZE: u64 = 0x0200_0000;

/// Bytes that do not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("end of data")]
    EndOfData,
    /// A compact size is longer than it needs to be.
    #[error("non-canonical ReadCompactSize()")]
    NonCanonicalSize,
    /// A compact size is above [`MAX_SIZE`].
    #[error("ReadCompactSize(): size too large")]
    SizeTooLarge,
    /// A transaction is marked as having witnesses, but all are empty.
    #[error("Superfluous witness record")]
    SuperfluousWitness,
    /// A transaction has flag bits that nobody has defined.
    #[error("Unknown transaction optional data")]
    UnknownTxFlag,
    /// Bytes are left over after the value.
    #[error("{0} bytes left over")]
    TrailingBytes(usize),
    /// A field has a value that its type does not allow.
    #[error("invalid {0}")]
    Invalid(&'static str),
}

/// Where encoded bytes go.
pub trait Sink {
    /// Takes the next bytes.
    fn put(&mut self, bytes: &[u8]);

    /// Writes one byte.
    fn put_u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    /// Writes two bytes, little-endian.
    fn put_u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    /// Writes four bytes, little-endian.
    fn put_u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    /// Writes four bytes of a signed number, little-endian.
    fn put_i32(&mut self, value: i32) {
        self.put(&value.to_le_bytes());
    }

    /// Writes eight bytes, little-endian.
    fn put_u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    /// Writes eight bytes of a signed number, little-endian.
    fn put_i64(&mut self, value: i64) {
        self.put(&value.to_le_bytes());
    }

    /// Writes a compact size: 1, 3, 5 or 9 bytes.
    fn put_compact_size(&mut self, size: u64) {
        if let Ok(byte @ 0..=0xfc) = u8::try_from(size) {
            self.put_u8(byte);
        } else if let Ok(short) = u16::try_from(size) {
            self.put_u8(0xfd);
            self.put_u16(short);
        } else if let Ok(word) = u32::try_from(size) {
            self.put_u8(0xfe);
            self.put_u32(word);
        } else {
            self.put_u8(0xff);
            self.put_u64(size);
        }
    }

    /// Writes the number of bytes, then the bytes.
    fn put_var_bytes(&mut self, bytes: &[u8]) {
        self.put_compact_size(bytes.len() as u64);
        self.put(bytes);
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Counts bytes and keeps none.
#[derive(Clone, Copy, Debug, Default)]
pub struct SizeCounter(pub usize);

impl Sink for SizeCounter {
    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}

/// How many bytes the compact size of `size` takes.
pub const fn compact_size_len(size: u64) -> usize {
    match size {
        0..=0xfc => 1,
        0xfd..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Reads values off the front of a byte slice.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all bytes have been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes the next `len` bytes.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`], as for every reading method.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(DecodeError::EndOfData)?;
        self.rest = rest;
        Ok(head)
    }

    /// Takes the next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(DecodeError::EndOfData)?;
        self.rest = rest;
        Ok(*head)
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`].
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Reads two bytes, little-endian.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`].
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Reads four bytes, little-endian.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`].
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads four bytes as a signed number, little-endian.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`].
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_le_bytes)
    }

    /// Reads eight bytes, little-endian.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`].
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads eight bytes as a signed number, little-endian.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`].
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    /// Reads a compact size without the upper bound: for values that are no lengths.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`] or [`DecodeError::NonCanonicalSize`].
    pub fn compact_u64(&mut self) -> Result<u64, DecodeError> {
        let (value, least) = match self.u8()? {
            0xfd => (u64::from(self.u16()?), 0xfd),
            0xfe => (u64::from(self.u32()?), 0x1_0000),
            0xff => (self.u64()?, 0x1_0000_0000),
            small => (u64::from(small), 0),
        };
        if value < least {
            Err(DecodeError::NonCanonicalSize)
        } else {
            Ok(value)
        }
    }

    /// Reads a compact size that counts bytes or items.
    ///
    /// # Errors
    /// Those of [`Reader::compact_u64`], and [`DecodeError::SizeTooLarge`].
    pub fn compact_size(&mut self) -> Result<usize, DecodeError> {
        match self.compact_u64()? {
            size if size > MAX_SIZE => Err(DecodeError::SizeTooLarge),
            size => Ok(usize::try_from(size).expect("at most 32 MiB")),
        }
    }

    /// Reads a compact size and that many bytes.
    ///
    /// # Errors
    /// Those of [`Reader::compact_size`].
    pub fn var_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.compact_size()?;
        self.take(len)
    }

    /// Reads a compact size and that many items. Memory grows with the items that are really
    /// there: `least` is the fewest bytes that one item takes.
    ///
    /// # Errors
    /// Those of [`Reader::compact_size`] and of `item`.
    pub fn list<T>(
        &mut self,
        least: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.compact_size()?;
        let mut items = Vec::with_capacity(count.min(self.rest.len() / least.max(1)));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Checks that nothing is left over.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`].
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::TrailingBytes(self.rest.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_sizes_are_canonical() {
        for size in [
            0,
            0xfc,
            0xfd,
            0xffff,
            0x1_0000,
            0xffff_ffff,
            0x1_0000_0000,
            u64::MAX,
        ] {
            let mut bytes = Vec::new();
            bytes.put_compact_size(size);
            assert_eq!(bytes.len(), compact_size_len(size));
            assert_eq!(Reader::new(&bytes).compact_u64(), Ok(size));
        }
        let check = |bytes: &[u8], error| assert_eq!(Reader::new(bytes).compact_size(), Err(error));
        check(&[0xfd, 0xfc, 0], DecodeError::NonCanonicalSize);
        check(&[0xfe, 0xff, 0xff, 0, 0], DecodeError::NonCanonicalSize);
        check(&[0xfe, 1, 0, 0, 2], DecodeError::SizeTooLarge);
        check(&[0xfd, 1], DecodeError::EndOfData);
    }

    #[test]
    fn a_lying_count_allocates_nothing() {
        let bytes = [0xfe, 0, 0, 0, 2, 7];
        let read = Reader::new(&bytes).list(1, Reader::u8);
        assert_eq!(read, Err(DecodeError::EndOfData));
    }
}
