//! One new target per period, from the time that the period took.

use primitives::{ChainParams, CompactTarget, U256};

use super::{limited, raw_target};
use crate::header_chain::HeaderChain;

pub(super) fn next_work(
    chain: &(impl HeaderChain + ?Sized),
    new_time: u32,
    params: &ChainParams,
) -> CompactTarget {
    let last = chain.last();
    let interval = params.difficulty_adjustment_interval;
    if !(chain.height() + 1).is_multiple_of(interval) {
        if !params.min_difficulty_blocks {
            return last.bits;
        }
        let late = i64::from(last.time) + 2 * i64::from(params.target_spacing);
        if i64::from(new_time) > late {
            return params.pow_limit_bits;
        }
        return last_real_bits(chain, params);
    }
    if params.no_retargeting {
        return last.bits;
    }
    let first = chain.header(chain.height() + 1 - interval);
    let timespan = i64::from(params.target_timespan);
    let measured = i64::from(last.time) - i64::from(first.time);
    let measured = measured.clamp(timespan / 4, timespan * 4);
    // BIP94: the period's first block never has the minimum difficulty of a late one.
    let base = if params.bip94 { first.bits } else { last.bits };
    limited(
        scale(raw_target(base), measured.unsigned_abs(), params),
        params,
    )
}

/// The bits of the last block that did not use the exception for late blocks.
fn last_real_bits(chain: &(impl HeaderChain + ?Sized), params: &ChainParams) -> CompactTarget {
    let mut height = chain.height();
    loop {
        let bits = chain.header(height).bits;
        let at_start = height.is_multiple_of(params.difficulty_adjustment_interval);
        if at_start || bits != params.pow_limit_bits {
            return bits;
        }
        height -= 1;
    }
}

/// The product wraps at 2^256 as the reference's does, which matters on easy test networks.
fn scale(target: U256, measured: u64, params: &ChainParams) -> U256 {
    target * U256::from(measured) / U256::from(u64::from(params.target_timespan))
}

pub(super) fn permitted_transition(
    height: u32,
    old: CompactTarget,
    new: CompactTarget,
    params: &ChainParams,
) -> bool {
    if params.min_difficulty_blocks {
        return true;
    }
    if !height.is_multiple_of(params.difficulty_adjustment_interval) {
        return old == new;
    }
    let (old, new) = (raw_target(old), raw_target(new));
    let timespan = u64::from(params.target_timespan);
    let bound = |measured| raw_target(limited(scale(old, measured, params), params));
    new <= bound(timespan * 4) && new >= bound(timespan / 4)
}
