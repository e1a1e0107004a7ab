//! How much a block may create.

use primitives::params::Subsidy;
use primitives::{Amount, ChainParams};

/// Height of the first block with the second rate of decay.
const SECOND_ERA: u32 = 120_000;
/// Height of the first block with the third rate of decay.
const THIRD_ERA: u32 = 150_000;

/// What the block at `height` may create beside its fees (Core's `GetBlockSubsidy`).
pub fn block_subsidy(height: u32, params: &ChainParams) -> Amount {
    match params.subsidy {
        Subsidy::Halving { initial, interval } => match height / interval {
            halvings @ ..64 => Amount::from_sat(initial.sat() >> halvings),
            _ => Amount::ZERO,
        },
        Subsidy::Groestl => groestl(height),
    }
}

fn groestl(height: u32) -> Amount {
    let floor = Amount::from_coins(5);
    match height {
        0 => Amount::ZERO,
        // Stands for all that had been paid out before the chain began.
        1 => Amount::from_coins(240_640),
        2..SECOND_ERA => decay(512, (47, 50), height / 10_080).max(floor),
        SECOND_ERA..THIRD_ERA => decay(250, (45, 50), (height - SECOND_ERA) / 1440),
        _ => decay(25, (99, 100), (height - THIRD_ERA) / 10_080).max(floor),
    }
}

/// Takes a fraction `times` times, cutting to whole base units each time.
fn decay(coins: i64, (numerator, denominator): (i64, i64), times: u32) -> Amount {
    let mut sat = Amount::from_coins(coins).sat();
    for _ in 0..times {
        // Once it is gone, the heights of the far future need no more steps.
        if sat == 0 {
            break;
        }
        sat = sat * numerator / denominator;
    }
    Amount::from_sat(sat)
}
