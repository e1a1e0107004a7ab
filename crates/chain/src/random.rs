//! Secrets that keep strangers from choosing what collides in our tables.

use std::hash::{BuildHasher, RandomState};

use primitives::hash_scheme::sha256;

/// 64 bits from the operating system's randomness.
pub(crate) fn random_u64() -> u64 {
    // The keys of the standard library's hash maps come from there.
    RandomState::new().hash_one(0x6269_7471_u64)
}

/// 32 bytes that nobody outside can guess.
pub(crate) fn random_salt() -> [u8; 32] {
    let parts: [[u8; 8]; 8] = std::array::from_fn(|_| random_u64().to_le_bytes());
    sha256(parts.as_flattened())
}
