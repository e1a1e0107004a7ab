//! Coins that are spent together, and which of them may be chosen at which turn (Core's `GroupOutputs` and
//! `CoinEligibilityFilter`).

use std::collections::HashMap;

use keys::descriptor::OutputType;
use primitives::Script;

use super::SpendPlan;
use crate::coin_selection::Candidate;
use crate::options::WalletOptions;
use crate::wallet::AvailableCoin;

/// Most coins of one group (Core's `OUTPUT_GROUP_MAX_ENTRIES`): more would cost more than anybody expects.
const MAX_COINS: usize = 100;

/// Which groups may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Eligible {
    /// Fewest confirmations of coins from the wallet itself.
    own: i32,
    /// Fewest confirmations of others.
    foreign: i32,
    /// Most unconfirmed ancestors.
    ancestors: u64,
    /// Most unconfirmed transactions that hang together.
    cluster: u64,
    /// Whether a part of an address' coins is enough.
    partial: bool,
    /// Whether coins of several kinds of addresses may be mixed.
    pub(super) mixed: bool,
}

impl Eligible {
    const fn unconfirmed(ancestors: u64, cluster: u64) -> Self {
        Self {
            own: 0,
            foreign: 1,
            ancestors,
            cluster,
            partial: false,
            mixed: true,
        }
    }

    /// The turns, the strictest first: confirmed coins, then own change, then ever longer chains of it.
    pub(super) fn turns(options: &WalletOptions, plan: &SpendPlan, unsafe_too: bool) -> Vec<Self> {
        let confirmed = |foreign, mixed| Self {
            own: 1,
            foreign,
            mixed,
            ..Self::unconfirmed(0, 0)
        };
        let mut turns = vec![confirmed(6, false), confirmed(1, true)];
        if !options.spend_zero_conf_change {
            return turns;
        }
        let (most, cluster) = limits(plan);
        turns.push(Self::unconfirmed(2, 2));
        turns.push(Self::unconfirmed((most / 3).min(4), (cluster / 3).min(4)));
        turns.push(Self::unconfirmed(most / 2, cluster / 2));
        let longest = Self {
            partial: true,
            ..Self::unconfirmed(most - 1, cluster - 1)
        };
        turns.push(longest);
        if unsafe_too {
            turns.push(Self {
                foreign: 0,
                ..longest
            });
        }
        if !options.reject_long_chains {
            turns.push(Self {
                partial: true,
                ..Self::unconfirmed(u64::MAX, u64::MAX)
            });
        }
        turns
    }

    /// Whether a group may be chosen.
    pub(super) fn takes(&self, group: &Group) -> bool {
        let least = if group.from_me {
            self.own
        } else {
            self.foreign
        };
        group.depth >= least
            && group.ancestors <= self.ancestors
            && group.cluster <= self.cluster
            && (self.partial || !group.rest)
    }
}

/// Ancestors and connected transactions that a coin may not have any more.
pub(super) fn limits(plan: &SpendPlan) -> (u64, u64) {
    (plan.max_ancestors.max(1), plan.max_cluster.max(1))
}

/// Coins that are spent together or not at all.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Their sums; its id is the group's place.
    pub(super) candidate: Candidate,
    /// The coins' places.
    pub(super) members: Vec<usize>,
    /// The kind of their address.
    pub(super) kind: Option<OutputType>,
    depth: i32,
    from_me: bool,
    pub(super) ancestors: u64,
    pub(super) cluster: u64,
    /// The rest of an address whose other groups are full.
    rest: bool,
}

impl Group {
    fn add(&mut self, other: &Self) {
        let (sum, more) = (&mut self.candidate, &other.candidate);
        sum.value += more.value;
        sum.effective_value += more.effective_value;
        sum.fee += more.fee;
        sum.long_term_fee += more.long_term_fee;
        sum.weight += more.weight;
        self.members.extend(&other.members);
        self.depth = self.depth.min(other.depth);
        self.from_me &= other.from_me;
        // May count some twice, as Core does: rather too many than too few.
        self.ancestors = self.ancestors.saturating_add(other.ancestors);
        self.cluster = self.cluster.max(other.cluster);
    }
}

/// Puts coins of one script together where they are to be spent together.
pub(super) fn grouped(
    candidates: &[Candidate],
    coins: &[AvailableCoin],
    kinds: &[Option<OutputType>],
    plan: &SpendPlan,
    together: bool,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_script: HashMap<&Script, Vec<usize>> = HashMap::new();
    for candidate in candidates {
        let coin = &coins[candidate.id];
        let ancestry = plan.ancestry.get(&coin.outpoint.txid);
        let alone = Group {
            candidate: Candidate {
                id: groups.len(),
                ..*candidate
            },
            members: vec![candidate.id],
            kind: kinds[candidate.id],
            depth: coin.depth,
            from_me: coin.from_me,
            ancestors: ancestry.map_or(0, |found| found.ancestors),
            cluster: ancestry.map_or(0, |found| found.cluster),
            rest: false,
        };
        if together {
            let of_script = by_script.entry(&coin.output.script_pubkey).or_default();
            let open = of_script
                .last()
                .copied()
                .filter(|place| groups[*place].members.len() < MAX_COINS);
            if let Some(place) = open {
                groups[place].add(&alone);
                continue;
            }
            of_script.push(groups.len());
        }
        groups.push(alone);
    }
    for places in by_script.values().filter(|places| places.len() > 1) {
        if let Some(last) = places.last() {
            groups[*last].rest = true;
        }
    }
    groups
}
