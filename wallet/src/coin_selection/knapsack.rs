//! The stochastic subset sum that Core began with (`KnapsackSolver`): always finds something where
//! there is enough.

use primitives::Amount;

use super::{Candidate, Randomness, Selection, Target};

/// Rounds of the approximation.
const ROUNDS: usize = 1000;

/// Looks for coins near the target, or near the target and the change aimed at.
pub(super) fn select(
    candidates: &[Candidate],
    target: &Target,
    rng: &mut Randomness,
) -> Option<Selection> {
    let mut order = candidates.to_vec();
    rng.shuffle(&mut order);
    let worth = |candidate: &Candidate| target.worth(candidate);
    let with_change = target.amount + target.change_target;
    let mut lowest_larger: Option<Candidate> = None;
    let mut lower = Vec::new();
    for candidate in order {
        if worth(&candidate) == target.amount {
            return Some(Selection::of([candidate], target));
        }
        if worth(&candidate) < with_change {
            lower.push(candidate);
        } else if lowest_larger.is_none_or(|larger| worth(&candidate) < worth(&larger)) {
            lowest_larger = Some(candidate);
        }
    }
    let total: Amount = lower.iter().map(worth).sum();
    if total == target.amount {
        return Some(Selection::of(lower, target));
    }
    if total < target.amount {
        return lowest_larger.map(|larger| Selection::of([larger], target));
    }
    lower.sort_by_key(|candidate| std::cmp::Reverse(worth(candidate)));
    let mut best = approximate(&lower, total, target.amount, target, rng);
    if best.0 != target.amount && total >= with_change {
        best = approximate(&lower, total, with_change, target, rng);
    }
    let larger_is_better = lowest_larger.filter(|larger| {
        (best.0 != target.amount && best.0 < with_change) || worth(larger) <= best.0
    });
    Some(match larger_is_better {
        Some(larger) => Selection::of([larger], target),
        None => {
            let chosen = lower
                .iter()
                .zip(&best.1)
                .filter(|(_, taken)| **taken)
                .map(|(c, _)| *c);
            Selection::of(chosen, target)
        }
    })
}

/// The best subset found that reaches `goal`, with its sum.
fn approximate(
    coins: &[Candidate],
    total: Amount,
    goal: Amount,
    target: &Target,
    rng: &mut Randomness,
) -> (Amount, Vec<bool>) {
    let mut best = (total, vec![true; coins.len()]);
    for _ in 0..ROUNDS {
        if best.0 == goal {
            break;
        }
        let mut taken = vec![false; coins.len()];
        let mut sum = Amount::ZERO;
        let mut reached = false;
        // First at random, then everything that was left out.
        for pass in 0..2 {
            if reached {
                break;
            }
            for (i, coin) in coins.iter().enumerate() {
                let take = if pass == 0 { rng.flip() } else { !taken[i] };
                if !take {
                    continue;
                }
                sum += target.worth(coin);
                taken[i] = true;
                if sum >= goal {
                    reached = true;
                    if sum < best.0 {
                        best = (sum, taken.clone());
                    }
                    sum -= target.worth(coin);
                    taken[i] = false;
                }
            }
        }
    }
    best
}
