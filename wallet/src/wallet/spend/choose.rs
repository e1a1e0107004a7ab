//! Which coins a payment spends.

use std::collections::{BTreeMap, HashMap};

use keys::descriptor::OutputType;
use primitives::address::Destination;
use primitives::{Amount, FeeRate, Script};

use super::group::{Eligible, Group, grouped, limits};
use super::{Payment, SpendError, SpendPlan, Sums, Way, input_weight};
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

    fn preset_coins(&self, payment: &Payment, way: Way) -> Result<Vec<AvailableCoin>, SpendError> {
        let reserved = self.reserved_coins(way.take_previews);
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
        plan: &SpendPlan,
        sums: &Sums,
        way: Way,
        rng: &mut Randomness,
    ) -> Result<(Vec<AvailableCoin>, Selection), WalletError> {
        let preset = self.preset_coins(payment, way)?;
        let all = payment.payees.iter().any(|payee| payee.amount.is_none());
        let others = if payment.coins.is_empty() || payment.other_coins {
            let filter = CoinFilter {
                include_unsafe: payment.include_unsafe,
                include_used: payment.include_used,
                min_depth: payment.min_depth,
                ..CoinFilter::default()
            };
            let reserved = self.reserved_coins(way.take_previews);
            let mut found = self.available_coins(&filter);
            found.retain(|coin| {
                !payment.coins.contains(&coin.outpoint) && !reserved.contains(&coin.outpoint)
            });
            found
        } else {
            Vec::new()
        };
        let chosen = self.candidates(&preset, sums.rate)?;
        let worth = |c: &Candidate| sums.target.worth(c);
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
            let way = (way, sums.rate);
            coins.extend(self.choose_others(&others, &target, payment, plan, way, rng)?);
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

    /// The kind of address that holds a coin; `None` for others.
    fn address_kind(&self, script: &Script) -> Option<OutputType> {
        match Destination::from_script(script)? {
            Destination::PubKeyHash(_) => Some(OutputType::Legacy),
            Destination::ScriptHash(_) => {
                let kind = self
                    .owner_of(script)
                    .and_then(|(owner, _)| owner.output_type());
                kind.or(Some(OutputType::Legacy))
            }
            Destination::WitnessV0KeyHash(_) | Destination::WitnessV0ScriptHash(_) => {
                Some(OutputType::Bech32)
            }
            Destination::WitnessV1Taproot(_) => Some(OutputType::Bech32m),
            _ => None,
        }
    }

    /// Tries well confirmed coins first, then ever less (Core's `AutomaticCoinSelection`).
    fn choose_others(
        &self,
        coins: &[AvailableCoin],
        target: &Target,
        payment: &Payment,
        plan: &SpendPlan,
        way: (Way, FeeRate),
        rng: &mut Randomness,
    ) -> Result<Vec<AvailableCoin>, WalletError> {
        let (Way { together, .. }, rate) = way;
        let mut candidates = self.candidates(coins, rate)?;
        candidates.retain(|candidate| target.worth(candidate) > Amount::ZERO);
        if together {
            // Which coins of a much used address share a group is nobody's business.
            rng.shuffle(&mut candidates);
        }
        let kinds: Vec<Option<OutputType>> = coins
            .iter()
            .map(|coin| self.address_kind(&coin.output.script_pubkey))
            .collect();
        let groups = grouped(&candidates, coins, &kinds, plan, together);
        let turns = Eligible::turns(&self.options, plan, payment.include_unsafe);
        let mut heavy = false;
        for turn in &turns {
            match choose_groups(&groups, turn, target, rng) {
                Ok(selection) => {
                    let members = selection.ids.iter().flat_map(|id| &groups[*id].members);
                    return Ok(members.map(|place| coins[*place].clone()).collect());
                }
                Err(error) => heavy |= error == SelectError::TooHeavy,
            }
        }
        if heavy {
            return Err(SpendError::Select(SelectError::TooHeavy).into());
        }
        let worth = |wanted: &dyn Fn(&Group) -> bool| -> Amount {
            let some = groups.iter().filter(|group| wanted(group));
            some.map(|group| target.worth(&group.candidate)).sum()
        };
        let taken = |group: &Group| turns.iter().any(|turn| turn.takes(group));
        let (ancestors, cluster) = limits(plan);
        let long = |group: &Group| {
            !taken(group) && (group.ancestors >= ancestors || group.cluster >= cluster)
        };
        let (usable, in_chains) = (worth(&taken), worth(&long));
        if usable < target.amount && usable + in_chains > target.amount {
            return Err(SpendError::LongChainCoins.into());
        }
        let available: Amount = coins.iter().map(|coin| coin.output.value).sum();
        let paid: Amount = payment.payees.iter().filter_map(|payee| payee.amount).sum();
        if available >= paid && !target.subtract_fee && target.amount > paid {
            return Err(SpendError::InsufficientWithFee(target.amount - paid).into());
        }
        Err(SpendError::Insufficient.into())
    }
}

/// Chooses among the groups of one kind of address, or among all where none suffices and that is
/// allowed (Core's `AttemptSelection`): a mix tells an onlooker what belongs together.
fn choose_groups(
    groups: &[Group],
    turn: &Eligible,
    target: &Target,
    rng: &mut Randomness,
) -> Result<Selection, SelectError> {
    let mut by_kind: BTreeMap<Option<OutputType>, Vec<Candidate>> = BTreeMap::new();
    for group in groups.iter().filter(|group| turn.takes(group)) {
        by_kind.entry(group.kind).or_default().push(group.candidate);
    }
    let mut best: Option<Selection> = None;
    for some in by_kind.values() {
        match coin_selection::select(some, target, rng) {
            Ok(found) if best.as_ref().is_none_or(|best| found.is_better_than(best)) => {
                best = Some(found);
            }
            Ok(_) | Err(SelectError::Insufficient) => {}
            Err(SelectError::TooHeavy) => return Err(SelectError::TooHeavy),
        }
    }
    match best {
        Some(best) => Ok(best),
        None if turn.mixed && by_kind.len() > 1 => {
            let all: Vec<Candidate> = by_kind.into_values().flatten().collect();
            coin_selection::select(&all, target, rng)
        }
        None => Err(SelectError::Insufficient),
    }
}
