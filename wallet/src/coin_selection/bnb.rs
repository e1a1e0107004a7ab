//! Branch and bound: coins whose sum needs no change (Murch, "An Evaluation of Coin Selection
//! Strategies"; Core's `SelectCoinsBnB`).

use primitives::Amount;

use super::{Candidate, Selection, Target};

/// Steps after which the best choice so far is taken.
const MAX_TRIES: usize = 100_000;

/// Looks for coins that reach the target and exceed it by no more than change would cost.
pub(super) fn select(candidates: &[Candidate], target: &Target) -> Option<Selection> {
    let mut pool = candidates.to_vec();
    pool.sort_by(|a, b| {
        let by_waste = (a.fee - a.long_term_fee).cmp(&(b.fee - b.long_term_fee));
        b.effective_value.cmp(&a.effective_value).then(by_waste)
    });
    let mut left: Amount = pool.iter().map(|c| c.effective_value).sum();
    let high_fees = pool.first().is_some_and(|c| c.fee > c.long_term_fee);
    let ceiling = target.amount + target.cost_of_change;

    let mut chosen: Vec<usize> = Vec::new();
    let mut best: Option<(Amount, Vec<usize>)> = None;
    let (mut sum, mut waste, mut weight) = (Amount::ZERO, Amount::ZERO, 0u64);
    let mut next = 0;
    for _ in 0..MAX_TRIES {
        let too_wasteful = best.as_ref().is_some_and(|(least, _)| waste > *least) && high_fees;
        let mut go_back = false;
        if sum + left < target.amount || sum > ceiling || too_wasteful || weight > target.max_weight
        {
            go_back = true;
        } else if sum >= target.amount {
            let total = waste + (sum - target.amount);
            if best.as_ref().is_none_or(|(least, _)| total <= *least) {
                best = Some((total, chosen.clone()));
            }
            go_back = true;
        }
        if go_back {
            // Leave out the last coin that was taken, and all combinations with it.
            let Some(last) = chosen.pop() else { break };
            for skipped in pool.get(last + 1..next).unwrap_or_default() {
                left += skipped.effective_value;
            }
            let coin = &pool[last];
            sum -= coin.effective_value;
            waste -= coin.fee - coin.long_term_fee;
            weight -= coin.weight;
            next = last + 1;
            continue;
        }
        let Some(coin) = pool.get(next) else {
            // Nothing left to add: treated as a branch without result.
            let Some(last) = chosen.pop() else { break };
            for skipped in pool.get(last + 1..next).unwrap_or_default() {
                left += skipped.effective_value;
            }
            let coin = &pool[last];
            sum -= coin.effective_value;
            waste -= coin.fee - coin.long_term_fee;
            weight -= coin.weight;
            next = last + 1;
            continue;
        };
        left -= coin.effective_value;
        // A twin of a coin that was left out would only repeat what was tried.
        let twin_left_out = next > 0
            && chosen.last() != Some(&(next - 1))
            && pool[next - 1].effective_value == coin.effective_value
            && pool[next - 1].fee == coin.fee;
        if !twin_left_out {
            chosen.push(next);
            sum += coin.effective_value;
            waste += coin.fee - coin.long_term_fee;
            weight += coin.weight;
        }
        next += 1;
    }
    let (_, places) = best?;
    Some(Selection::of(
        places.into_iter().map(|place| pool[place]),
        target,
    ))
}
