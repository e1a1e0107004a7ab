//! The lightest inputs that pay for a payment and its change: where fees are high, weight is what a
//! choice costs (Core's `CoinGrinder`).

use primitives::Amount;

use super::{Candidate, Selection, Target};

/// Steps after which the best choice so far is taken.
const MAX_TRIES: usize = 100_000;

/// What the search does after a look at the coins chosen so far.
enum Step {
    /// Takes the next coin, too.
    Explore,
    /// Leaves out the last coin and takes a later one instead.
    Shift,
    /// Does so with the last but one: nothing behind it can help.
    Cut,
}

/// A choice during the search, by places in the pool.
#[derive(Clone, Default)]
struct Chosen {
    places: Vec<usize>,
    sum: Amount,
    weight: u64,
}

/// The coins, most worth first, and what lies behind each.
struct Pool<'a> {
    target: &'a Target,
    coins: Vec<Candidate>,
    /// Worth of all coins behind a place.
    sum_behind: Vec<Amount>,
    /// Weight of the lightest coin behind a place.
    least_behind: Vec<u64>,
    total: Amount,
}

impl<'a> Pool<'a> {
    fn new(candidates: &[Candidate], target: &'a Target) -> Self {
        let mut coins = candidates.to_vec();
        coins.sort_by(|a, b| {
            let by_worth = target.worth(b).cmp(&target.worth(a));
            by_worth.then(a.weight.cmp(&b.weight))
        });
        let (mut total, mut least) = (Amount::ZERO, u64::MAX);
        let (mut sum_behind, mut least_behind) = (Vec::new(), Vec::new());
        for coin in coins.iter().rev() {
            sum_behind.push(total);
            least_behind.push(least);
            total += target.worth(coin);
            least = least.min(coin.weight);
        }
        sum_behind.reverse();
        least_behind.reverse();
        Self {
            target,
            coins,
            sum_behind,
            least_behind,
            total,
        }
    }

    fn worth(&self, place: usize) -> Amount {
        self.target.worth(&self.coins[place])
    }

    fn take(&self, chosen: &mut Chosen, place: usize) {
        chosen.places.push(place);
        chosen.sum += self.worth(place);
        chosen.weight += self.coins[place].weight;
    }

    fn drop_last(&self, chosen: &mut Chosen) -> Option<usize> {
        let last = chosen.places.pop()?;
        chosen.sum -= self.worth(last);
        chosen.weight -= self.coins[last].weight;
        Some(last)
    }

    /// The next place to try instead of the last one; `None` where everything was tried.
    fn shift(&self, chosen: &mut Chosen) -> Option<usize> {
        loop {
            let last = self.drop_last(chosen)?;
            // Of equal worth, those behind are as heavy or heavier.
            let next = (last + 1..self.coins.len())
                .find(|place| self.worth(*place) != self.worth(*place - 1));
            if next.is_some() {
                return next;
            }
        }
    }

    fn step(&self, chosen: &Chosen, best: Option<&Chosen>, goal: Amount, tail: usize) -> Step {
        let most = best.map_or(self.target.max_weight, |best| best.weight);
        let give_up = if self.coins[tail].weight <= self.least_behind[tail] {
            Step::Cut
        } else {
            Step::Shift
        };
        if chosen.sum + self.sum_behind[tail] < goal {
            return Step::Cut;
        }
        if chosen.weight > most {
            return give_up;
        }
        if chosen.sum >= goal {
            return Step::Shift;
        }
        // At least so many more coins are needed, none of them worth more than the last.
        let (missing, each) = ((goal - chosen.sum).sat(), self.worth(tail).sat().max(1));
        let count = u64::try_from(missing.saturating_add(each - 1) / each).unwrap_or(0);
        let least = self.least_behind[tail].saturating_mul(count);
        if best.is_some() && chosen.weight.saturating_add(least) > most {
            return give_up;
        }
        Step::Explore
    }
}

/// Looks for the lightest coins that reach the target and the change aimed at.
pub(super) fn select(candidates: &[Candidate], target: &Target) -> Option<Selection> {
    let pool = Pool::new(candidates, target);
    let goal = target.amount + target.change_target;
    if pool.total < goal {
        return None;
    }
    let mut chosen = Chosen::default();
    let mut best: Option<Chosen> = None;
    let mut next = 0;
    for _ in 0..MAX_TRIES {
        pool.take(&mut chosen, next);
        let step = pool.step(&chosen, best.as_ref(), goal, next);
        let reached = chosen.sum >= goal && chosen.weight <= target.max_weight;
        let better = |best: &Chosen| (chosen.weight, chosen.sum) < (best.weight, best.sum);
        if reached && best.as_ref().is_none_or(better) {
            best = Some(chosen.clone());
        }
        let place = match step {
            Step::Explore => Some(next + 1),
            Step::Shift => pool.shift(&mut chosen),
            Step::Cut => {
                pool.drop_last(&mut chosen);
                pool.shift(&mut chosen)
            }
        };
        let Some(place) = place else { break };
        next = place;
    }
    let coins = best?.places.into_iter().map(|place| pool.coins[place]);
    Some(Selection::of(coins, target))
}
