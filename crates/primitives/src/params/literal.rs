//! Hexadecimal literals of the tables, read by the compiler. A bad one does not compile.

use crate::{BlockHash, Hash256, U256};

const fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => panic!("not a lower-case hexadecimal digit"),
    }
}

/// Bytes in the order written.
pub(super) const fn hex<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    assert!(text.len() == 2 * N, "wrong number of digits");
    let mut bytes = [0; N];
    let mut i = 0;
    while i < N {
        bytes[i] = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
        i += 1;
    }
    bytes
}

/// Bytes of a hash written as people read it, reversed.
const fn reversed(text: &str) -> [u8; 32] {
    let shown: [u8; 32] = hex(text);
    let mut bytes = [0; 32];
    let mut i = 0;
    while i < 32 {
        bytes[i] = shown[31 - i];
        i += 1;
    }
    bytes
}

/// A block id as people read it.
pub(super) const fn block_hash(text: &str) -> BlockHash {
    BlockHash(reversed(text))
}

/// Another hash as people read it.
pub(super) const fn hash256(text: &str) -> Hash256 {
    Hash256(reversed(text))
}

/// A number, most significant digit first.
pub(super) const fn number(text: &str) -> U256 {
    let bytes = reversed(text);
    let mut limbs = [0; 4];
    let mut i = 0;
    while i < 32 {
        // Widens; `From` is not const.
        limbs[i / 8] |= (bytes[i] as u64) << (8 * (i % 8));
        i += 1;
    }
    U256::from_limbs(limbs)
}
