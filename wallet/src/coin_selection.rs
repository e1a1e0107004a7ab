//! Choosing coins (Core's `coinselection.cpp`): branch and bound for a sum without change; the
//! knapsack, a single random draw and, where fees are high, the lightest inputs otherwise. The least
//! wasteful result wins. Other than Core's knapsack, ours leaves coins alone that cost more than they
//! bring, and no fees of unconfirmed ancestors are paid.

use std::collections::BTreeSet;

use primitives::Amount;

mod bnb;
mod grinder;
mod knapsack;
mod random;

pub use random::Randomness;

/// Change is worth at least so much where it can be chosen (Core's `CHANGE_LOWER`).
pub const CHANGE_LOWER: Amount = Amount::from_sat(50_000);
/// Change is hidden among amounts up to this (Core's `CHANGE_UPPER`).
pub const CHANGE_UPPER: Amount = Amount::from_sat(1_000_000);

/// Coins that are spent together or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which one, for the caller.
    pub id: usize,
    /// Value.
    pub value: Amount,
    /// Value without the fee for spending it now.
    pub effective_value: Amount,
    /// The fee for spending it now.
    pub fee: Amount,
    /// The fee for spending it some time when fees are usual.
    pub long_term_fee: Amount,
    /// Weight of the inputs, in weight units.
    pub weight: u64,
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What the coins must bring: payments, and the fee for all but inputs and change.
    pub amount: Amount,
    /// The fee for an output with change.
    pub change_fee: Amount,
    /// That, and the fee for spending it later.
    pub cost_of_change: Amount,
    /// Change below this is left to the fee.
    pub min_viable_change: Amount,
    /// Change aimed at.
    pub change_target: Amount,
    /// Whether fees are taken from the payments, so that values count in full.
    pub subtract_fee: bool,
    /// Most weight that inputs may have.
    pub max_weight: u64,
    /// Weight of an output with change.
    pub change_weight: u64,
    /// Whether fees are so high that few and light inputs matter most.
    pub grind: bool,
}

impl Target {
    /// What a coin counts for.
    pub const fn worth(&self, candidate: &Candidate) -> Amount {
        if self.subtract_fee {
            candidate.value
        } else {
            candidate.effective_value
        }
    }
}

/// Coins that were chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Their [`Candidate::id`]s, ascending.
    pub ids: Vec<usize>,
    /// What they count for.
    pub worth: Amount,
    /// The change; zero where there is none.
    pub change: Amount,
    /// What is lost against an ideal choice; less is better.
    pub waste: Amount,
}

/// Why nothing was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// All coins together are not enough.
    #[error("Insufficient funds")]
    Insufficient,
    /// They would be, but the transaction would be too heavy.
    #[error(
        "The inputs size exceeds the maximum weight. Please try sending a smaller amount or manually consolidating your \
         wallet's UTXOs"
    )]
    TooHeavy,
}

impl Selection {
    /// Whether it wastes less, or as much with more coins (which tidies up).
    pub fn is_better_than(&self, other: &Self) -> bool {
        (self.waste, other.ids.len()) < (other.waste, self.ids.len())
    }

    /// Sums a choice up.
    fn of(chosen: impl IntoIterator<Item = Candidate>, target: &Target) -> Self {
        let mut this = Self {
            ids: Vec::new(),
            worth: Amount::ZERO,
            change: Amount::ZERO,
            waste: Amount::ZERO,
        };
        let mut ids = BTreeSet::new();
        for candidate in chosen {
            this.worth += target.worth(&candidate);
            this.waste += candidate.fee - candidate.long_term_fee;
            ids.insert(candidate.id);
        }
        this.ids = ids.into_iter().collect();
        this.change = change(this.worth, target);
        this.waste += if this.change > Amount::ZERO {
            target.cost_of_change
        } else {
            this.worth - target.amount
        };
        this
    }
}

/// The change that a sum leaves; zero where it is not worth an output.
pub fn change(worth: Amount, target: &Target) -> Amount {
    let rest = worth - target.amount - target.change_fee;
    if rest < target.min_viable_change {
        Amount::ZERO
    } else {
        rest
    }
}

/// Chooses among `candidates` so that they reach `target`.
///
/// # Errors
/// A [`SelectError`].
pub fn select(
    candidates: &[Candidate],
    target: &Target,
    rng: &mut Randomness,
) -> Result<Selection, SelectError> {
    let useful: Vec<Candidate> = candidates
        .iter()
        .filter(|c| target.worth(c) > Amount::ZERO)
        .copied()
        .collect();
    let total: Amount = useful.iter().map(|c| target.worth(c)).sum();
    if total < target.amount {
        return Err(SelectError::Insufficient);
    }
    let mut results = Vec::new();
    // Where the payments bear the fee, a sum without change cannot be told in advance.
    if !target.subtract_fee {
        results.extend(bnb::select(&useful, target));
    }
    let changeless_weight = target.max_weight;
    // The others may need an output for change.
    let target = &Target {
        max_weight: changeless_weight.saturating_sub(target.change_weight),
        ..*target
    };
    results.extend(knapsack::select(&useful, target, rng));
    if target.grind {
        results.extend(grinder::select(&useful, target));
    }
    results.extend(single_random_draw(&useful, target, rng));
    let weight = |selection: &Selection| -> u64 {
        useful
            .iter()
            .filter(|c| selection.ids.binary_search(&c.id).is_ok())
            .map(|c| c.weight)
            .sum()
    };
    results
        .into_iter()
        .filter(|selection| {
            let change = selection.change > Amount::ZERO;
            weight(selection)
                <= if change {
                    target.max_weight
                } else {
                    changeless_weight
                }
        })
        .reduce(|best, found| {
            if found.is_better_than(&best) {
                found
            } else {
                best
            }
        })
        .or_else(|| largest_first(&useful, target).filter(|s| weight(s) <= target.max_weight))
        .ok_or(SelectError::TooHeavy)
}

/// Draws coins until there is enough for the payments and some change.
fn single_random_draw(
    candidates: &[Candidate],
    target: &Target,
    rng: &mut Randomness,
) -> Option<Selection> {
    let mut order = candidates.to_vec();
    rng.shuffle(&mut order);
    let goal = target.amount + CHANGE_LOWER + target.change_fee;
    let mut sum = Amount::ZERO;
    let mut chosen: Vec<Candidate> = Vec::new();
    for candidate in order {
        sum += target.worth(&candidate);
        chosen.push(candidate);
        // Too heavy a choice drops its least coin, as Core does.
        while chosen.iter().map(|c| c.weight).sum::<u64>() > target.max_weight {
            let (least, _) = chosen
                .iter()
                .enumerate()
                .min_by_key(|(_, candidate)| target.worth(candidate))?;
            sum -= target.worth(&chosen.swap_remove(least));
        }
        if sum >= goal {
            return Some(Selection::of(chosen, target));
        }
    }
    None
}

/// The fewest coins: for sums that only nearly everything reaches.
fn largest_first(candidates: &[Candidate], target: &Target) -> Option<Selection> {
    let mut order = candidates.to_vec();
    order.sort_by_key(|candidate| std::cmp::Reverse(target.worth(candidate)));
    let mut sum = Amount::ZERO;
    let mut chosen = Vec::new();
    for candidate in order {
        sum += target.worth(&candidate);
        chosen.push(candidate);
        if sum >= target.amount {
            return Some(Selection::of(chosen, target));
        }
    }
    None
}

#[cfg(test)]
mod tests;
