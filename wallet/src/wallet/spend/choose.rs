//! Which coins a payment spends.

use std::collections::HashMap;

use primitives::{Amount, FeeRate, Script};

use super::{Payment, SpendError, Sums, input_weight};
use crate::WalletError;
use crate::coin_selection::{self, Candidate, Randomness, SelectError, Selection, Target};
use crate::scriptpubkeyman::DescriptorId;
use crate::wallet::coins::CoinFilter;
use crate::wallet::{AvailableCoin, Wallet};

impl Wallet {
    fn candidates(
        &self,
        coins: &[AvailableCoin],
        rate: FeeRate,
    ) -> Result<Vec<Candidate>, SpendError> {
        let long_term = self.options.consolidate_fee;
        let mut list = Vec::with_capacity(coins.len());
        // All scripts of one range take proofs of the same size.
        let mut weights: HashMap<DescriptorId, u64> = HashMap::new();
        for (id, coin) in coins.iter().enumerate() {
            let script = &coin.output.script_pubkey;
            let range = self
                .owner_of(script)
                .filter(|(owner, _)| owner.can_get_addresses())
                .map(|(owner, _)| owner.id);
            let known = range.and_then(|range| weights.get(&range).copied());
            let weight = match known {
                Some(weight) => weight,
                None => self
                    .solving_keys(script)
                    .and_then(|keys| input_weight(script, &keys))
                    .ok_or(SpendError::NoSize)?,
            };
            if let Some(range) = range {
                weights.insert(range, weight);
            }
            let fee = rate.fee(weight.div_ceil(4));
            list.push(Candidate {
                id,
                value: coin.output.value,
                effective_value: coin.output.value - fee,
                fee,
                long_term_fee: long_term.fee(weight.div_ceil(4)),
                weight,
            });
        }
        Ok(list)
    }

    fn preset_coins(&self, payment: &Payment) -> Result<Vec<AvailableCoin>, SpendError> {
        let reserved = self.reserved_coins();
        let mut coins = Vec::new();
        for place in &payment.coins {
            let tx = self
                .txs
                .get(&place.txid)
                .filter(|_| self.mine.contains(place));
            let output = self
                .output_of(place)
                .filter(|_| !self.is_spent(place) && !reserved.contains(place));
            let (Some(tx), Some(output)) = (tx, output) else {
                return Err(SpendError::UnknownCoin(*place));
            };
            if coins
                .iter()
                .any(|coin: &AvailableCoin| coin.outpoint == *place)
            {
                continue;
            }
            coins.push(AvailableCoin {
                outpoint: *place,
                output: output.clone(),
                depth: self.depth(tx),
                safe: true,
                from_me: true,
                time: tx.time(),
            });
        }
        Ok(coins)
    }

    /// Chooses coins: those named, and others where they do not suffice.
    pub(super) fn choose(
        &self,
        payment: &Payment,
        sums: &Sums,
        rng: &mut Randomness,
    ) -> Result<(Vec<AvailableCoin>, Selection), WalletError> {
        let preset = self.preset_coins(payment)?;
        let all = payment.payees.iter().any(|payee| payee.amount.is_none());
        let others = if payment.coins.is_empty() || payment.other_coins {
            let filter = CoinFilter {
                include_unsafe: payment.include_unsafe,
                include_used: payment.include_used,
                min_depth: payment.min_depth,
                ..CoinFilter::default()
            };
            let mut found = self.available_coins(&filter);
            found.retain(|coin| !payment.coins.contains(&coin.outpoint));
            found
        } else {
            Vec::new()
        };
        let chosen = self.candidates(&preset, sums.rate)?;
        let worth = |c: &Candidate| {
            if sums.target.subtract_fee {
                c.value
            } else {
                c.effective_value
            }
        };
        let named: Amount = chosen.iter().map(worth).sum();
        let mut target = sums.target;
        target.amount -= named;
        let mut coins = preset;
        let first_other = coins.len();
        if all {
            let rest = self.candidates(&others, sums.rate)?;
            coins.extend(
                rest.iter()
                    .filter(|c| c.effective_value > Amount::ZERO)
                    .map(|c| others[c.id].clone()),
            );
        } else if target.amount > Amount::ZERO || coins.is_empty() {
            if others.is_empty() && first_other > 0 && !payment.other_coins {
                return Err(SpendError::PresetInsufficient.into());
            }
            let (picked, _) = self.choose_others(&others, &target, payment, sums.rate, rng)?;
            coins.extend(picked);
        }
        let all_candidates = self.candidates(&coins, sums.rate)?;
        let total: Amount = all_candidates.iter().map(worth).sum();
        let change = if all {
            Amount::ZERO
        } else {
            coin_selection::change(total, &sums.target)
        };
        let selection = Selection {
            ids: (0..coins.len()).collect(),
            worth: total,
            change,
            waste: Amount::ZERO,
        };
        Ok((coins, selection))
    }

    /// Tries well confirmed coins first, then ever less (Core's `AutomaticCoinSelection`).
    fn choose_others(
        &self,
        coins: &[AvailableCoin],
        target: &Target,
        payment: &Payment,
        rate: FeeRate,
        rng: &mut Randomness,
    ) -> Result<(Vec<AvailableCoin>, Selection), WalletError> {
        let candidates = self.candidates(coins, rate)?;
        let group =
            self.options.avoid_partial_spends || self.has_flag(crate::db::record::FLAG_AVOID_REUSE);
        let mut last = SelectError::Insufficient;
        for (own, foreign) in [(1, 6), (1, 1), (0, 1), (0, 0)] {
            let fits = |coin: &AvailableCoin| {
                let least = if coin.from_me { own } else { foreign };
                coin.depth >= least && (coin.depth > 0 || coin.safe || payment.include_unsafe)
            };
            let some: Vec<Candidate> = candidates
                .iter()
                .filter(|c| fits(&coins[c.id]))
                .copied()
                .collect();
            let (groups, members) = grouped(&some, coins, group);
            match coin_selection::select(&groups, target, rng) {
                Ok(selection) => {
                    let picked = selection
                        .ids
                        .iter()
                        .flat_map(|id| members[*id].iter().map(|c| coins[*c].clone()))
                        .collect();
                    return Ok((picked, selection));
                }
                Err(error) => last = error,
            }
        }
        if last == SelectError::TooHeavy {
            return Err(SpendError::Select(last).into());
        }
        let available: Amount = coins.iter().map(|coin| coin.output.value).sum();
        let paid: Amount = payment.payees.iter().filter_map(|payee| payee.amount).sum();
        if available >= paid && !target.subtract_fee && target.amount > paid {
            return Err(SpendError::InsufficientWithFee(target.amount - paid).into());
        }
        Err(SpendError::Insufficient.into())
    }
}

/// Puts coins of one script together where they are to be spent together; gives the groups, and the
/// coins of each by the group's id.
fn grouped(
    candidates: &[Candidate],
    coins: &[AvailableCoin],
    together: bool,
) -> (Vec<Candidate>, Vec<Vec<usize>>) {
    let mut groups: Vec<Candidate> = Vec::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    let mut by_script: HashMap<&Script, usize> = HashMap::new();
    for candidate in candidates {
        let script = &coins[candidate.id].output.script_pubkey;
        let place = if together {
            by_script.get(script).copied()
        } else {
            None
        };
        match place {
            Some(place) => {
                let group: &mut Candidate = &mut groups[place];
                group.value += candidate.value;
                group.effective_value += candidate.effective_value;
                group.fee += candidate.fee;
                group.long_term_fee += candidate.long_term_fee;
                group.weight += candidate.weight;
                members[place].push(candidate.id);
            }
            None => {
                by_script.insert(script, groups.len());
                groups.push(Candidate {
                    id: groups.len(),
                    ..*candidate
                });
                members.push(vec![candidate.id]);
            }
        }
    }
    (groups, members)
}
