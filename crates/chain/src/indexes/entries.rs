//! Keys of what an index has for each block.
//!
//! Height and id stand in the key, so what belongs to a block that left the active chain stays where
//! it is, and nothing needs to be moved when the chain is reorganised.

use primitives::BlockHash;

/// First byte of the keys.
const PREFIX: u8 = b't';

/// The key of a block's entry.
pub(super) fn entry_key(height: u32, hash: &BlockHash) -> [u8; 37] {
    let mut key = [PREFIX; 37];
    key[1..5].copy_from_slice(&height.to_be_bytes());
    key[5..].copy_from_slice(&hash.0);
    key
}
