//! A new target per block, from the last 24; and the rule that came before it, whose floating-point
//! arithmetic was never fit for judging blocks and only proposes bits.

use primitives::{ChainParams, CompactTarget, U256};

use super::{limited, raw_target};
use crate::header_chain::HeaderChain;

/// How many blocks the wave looks back.
const PAST_BLOCKS: u32 = 24;
/// Seconds that those blocks should take, on every network.
const TIMESPAN: i64 = 24 * 60;
/// How many blocks the old rule looks back.
const OLD_PAST_BLOCKS: u32 = 120;
/// How many of those count for its average target.
const OLD_TARGETS: u32 = 12;
/// How many gaps between them count for its recent mean.
const OLD_RECENT_GAPS: i64 = 13;
/// Seconds between blocks under the old rule.
const OLD_SPACING: i64 = 60;

pub(super) fn next_work(
    chain: &(impl HeaderChain + ?Sized),
    new_time: u32,
    params: &ChainParams,
    enforced_from: u32,
) -> CompactTarget {
    let late = i64::from(chain.last().time) + 2 * i64::from(params.target_spacing);
    if params.min_difficulty_blocks && i64::from(new_time) > late {
        return params.pow_limit_bits;
    }
    if chain.height() + 1 >= enforced_from {
        wave(chain, params)
    } else {
        old(chain, params)
    }
}

/// Version 3 of the wave.
fn wave(chain: &(impl HeaderChain + ?Sized), params: &ChainParams) -> CompactTarget {
    let height = chain.height();
    if height < PAST_BLOCKS {
        return params.pow_limit_bits;
    }
    let mut average = raw_target(chain.last().bits);
    for n in 2..=PAST_BLOCKS {
        let target = raw_target(chain.header(height + 1 - n).bits);
        // No true mean: the first two weigh differently, and it must stay so.
        average = (average * number(n) + target) / number(n + 1);
    }
    let first = chain.header(height + 1 - PAST_BLOCKS);
    let span = i64::from(chain.last().time) - i64::from(first.time);
    let span = span.clamp(TIMESPAN / 3, TIMESPAN * 3).unsigned_abs();
    limited(
        average * U256::from(span) / U256::from(TIMESPAN.unsigned_abs()),
        params,
    )
}

fn old(chain: &(impl HeaderChain + ?Sized), params: &ChainParams) -> CompactTarget {
    let height = chain.height();
    if height < OLD_TARGETS {
        return params.pow_limit_bits;
    }
    let count = height.min(OLD_PAST_BLOCKS);
    let mut average = U256::ZERO;
    let (mut sum, mut gaps, mut recent) = (0i64, 0i64, 0i64);
    let mut later_time = None;
    for n in 1..=count {
        let header = chain.header(height + 1 - n);
        if n <= OLD_TARGETS {
            let target = raw_target(header.bits);
            // An older target that is harder makes the difference wrap and the result enormous.
            average = if n == 1 {
                target
            } else {
                (target - average) / number(n) + average
            };
        }
        if let Some(later) = later_time.replace(i64::from(header.time)) {
            let gap = (later - i64::from(header.time)).max(0);
            gaps += 1;
            sum += gap;
            if gaps <= OLD_RECENT_GAPS {
                recent = if gaps == 1 {
                    gap
                } else {
                    (gap - recent) / gaps + recent
                };
            }
        }
    }
    let count = i64::from(count);
    let wanted = count * OLD_SPACING;
    let actual = old_timespan(recent, sum / gaps.max(1), count);
    let actual = actual.clamp(wanted / 3, wanted * 3).unsigned_abs();
    limited(
        average * U256::from(actual) / U256::from(wanted.unsigned_abs()),
        params,
    )
}

/// The time that the blocks took, smoothed with floating-point numbers.
fn old_timespan(recent: i64, mean: i64, count: i64) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "block times fit 53 bits")]
    let (recent, mean, count, spacing) =
        (recent as f64, mean as f64, count as f64, OLD_SPACING as f64);
    let smart = (recent * 0.7 + mean * 0.3).max(1.0);
    let actual = count * spacing / (spacing / smart);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "cut toward zero, as the reference does"
    )]
    let actual = actual as i64;
    actual
}

fn number(n: u32) -> U256 {
    U256::from(u64::from(n))
}
