//! Transactions that have the id of an earlier one (BIP30).

use primitives::{BlockHash, ChainParams, U256};

use crate::header_chain::HeaderChain;

/// A block by height and displayed id.
type Place = (u32, &'static str);

/// Blocks whose coinbases overwrote earlier ones.
const REPEATS: [Place; 2] = [
    (
        91_842,
        "00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec",
    ),
    (
        91_880,
        "00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721",
    ),
];
/// Blocks whose coinbases were overwritten.
const OVERWRITTEN: [Place; 2] = [
    (
        91_722,
        "00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e",
    ),
    (
        91_812,
        "00000000000af0aed4792b1acee3d966af36cf5def14935db8de83d6f9306f2f",
    ),
];

fn is_one_of(places: &[Place], height: u32, hash: &BlockHash) -> bool {
    places.iter().any(|(known, hex)| {
        *known == height && U256::from_hex(hex) == Some(U256::from_le_bytes(hash.0))
    })
}

/// Whether this block's coinbase has the id of an earlier one and is valid nevertheless (Core's
/// `IsBIP30Repeat`).
pub fn is_bip30_repeat(height: u32, hash: &BlockHash) -> bool {
    is_one_of(&REPEATS, height, hash)
}

/// Whether this block's coinbase was overwritten by a later one, so that disconnecting it finds
/// nothing to take back (Core's `IsBIP30Unspendable`).
pub fn is_bip30_unspendable(height: u32, hash: &BlockHash) -> bool {
    is_one_of(&OVERWRITTEN, height, hash)
}

/// Whether the block with this id on top of `parent` must not make outputs that exist already.
///
/// From BIP34 on coinbases differ by their heights, so on the known chain nothing needs to be looked
/// up, up to the first height that an older coinbase had claimed.
pub fn enforces_bip30(
    parent: &(impl HeaderChain + ?Sized),
    hash: &BlockHash,
    params: &ChainParams,
) -> bool {
    let height = parent.height() + 1;
    if height >= params.bip30_recheck_height {
        return true;
    }
    let is_known_chain = params.bip34_hash.is_some_and(|known| {
        params.bip34_height <= parent.height() && parent.hash(params.bip34_height) == known
    });
    !is_bip30_repeat(height, hash) && !is_known_chain
}

/// Whether no block that is valid otherwise can break BIP30: where all coinbases name their heights, none
/// comes twice, and without that no other transaction does.
pub const fn is_bip30_implied(params: &ChainParams) -> bool {
    params.bip34_height <= 1
}
