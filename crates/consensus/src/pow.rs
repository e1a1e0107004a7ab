//! Proof of work and difficulty.

mod dark_gravity_wave;
mod periodic;

use primitives::params::Retarget;
use primitives::{BlockHash, ChainParams, CompactTarget, U256};

use crate::header_chain::HeaderChain;

/// The target of `bits`, or `None` where it is negative, zero, too large for 256 bits or easier
/// than the chain allows (Core's `DeriveTarget`).
pub fn derive_target(bits: CompactTarget, params: &ChainParams) -> Option<U256> {
    bits.target().filter(|target| *target <= params.pow_limit)
}

/// Whether a block's id meets the target that its header claims (Core's `CheckProofOfWork`).
pub fn check_proof_of_work(hash: &BlockHash, bits: CompactTarget, params: &ChainParams) -> bool {
    derive_target(bits, params).is_some_and(|target| U256::from_le_bytes(hash.0) <= target)
}

/// The bits of a block with time `new_time` after the last one of `chain` (Core's
/// `GetNextWorkRequired`).
pub fn next_work_required(
    chain: &(impl HeaderChain + ?Sized),
    new_time: u32,
    params: &ChainParams,
) -> CompactTarget {
    match params.retarget {
        Retarget::Periodic => periodic::next_work(chain, new_time, params),
        Retarget::DarkGravityWave { enforced_from } => {
            dark_gravity_wave::next_work(chain, new_time, params, enforced_from)
        }
    }
}

/// Whether the bits at `height` are judged at all. Where they are not, any target within the limit
/// will do.
pub const fn is_work_enforced(height: u32, params: &ChainParams) -> bool {
    match params.retarget {
        Retarget::Periodic => true,
        Retarget::DarkGravityWave { enforced_from } => height >= enforced_from,
    }
}

/// Whether bits at `height` can follow upon those of its parent, whatever the times were (Core's
/// `PermittedDifficultyTransition`). A quick look for headers whose ancestors are not at hand.
pub fn permitted_difficulty_transition(
    height: u32,
    old: CompactTarget,
    new: CompactTarget,
    params: &ChainParams,
) -> bool {
    match params.retarget {
        Retarget::Periodic => periodic::permitted_transition(height, old, new, params),
        Retarget::DarkGravityWave { .. } => true,
    }
}

/// The number that bits stand for in difficulty arithmetic, which does not look at the flags.
fn raw_target(bits: CompactTarget) -> U256 {
    bits.expand().target
}

/// Cuts a target to the limit and to compact form.
fn limited(target: U256, params: &ChainParams) -> CompactTarget {
    CompactTarget::from_target(target.min(params.pow_limit))
}
