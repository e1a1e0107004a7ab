//! What a transaction takes the place of, and what it hangs together with.

use std::collections::HashSet;

use consensus::tx_check::format_money;
use primitives::{Amount, Txid};

use super::accept::{AcceptContext, Candidate, MempoolError};
use super::{Mempool, MempoolLimits};

/// Most clusters from which one may replace others.
const MAX_REPLACED_CLUSTERS: usize = 100;

/// Checks that replacing pays (Core's `ReplacementChecks`). Gives all that would go.
pub(super) fn check_replacement(
    pool: &Mempool,
    candidate: &Candidate,
    context: &AcceptContext<'_>,
) -> Result<HashSet<Txid>, MempoolError> {
    let entry = &candidate.entry;
    let suffix = match candidate.sibling {
        true => " (including sibling eviction)",
        false => "",
    };
    let mut all = candidate.conflicts.clone();
    if all.is_empty() {
        return Ok(all);
    }
    let id = entry.tx.txid();
    let (mut clusters, mut seen) = (0, HashSet::new());
    for txid in &candidate.conflicts {
        if !seen.contains(txid) {
            clusters += 1;
            seen.extend(pool.cluster(std::iter::once(*txid).collect()));
        }
        if clusters > MAX_REPLACED_CLUSTERS {
            break;
        }
    }
    if clusters > MAX_REPLACED_CLUSTERS {
        return Err(MempoolError::TooManyReplacements {
            details: format!(
                "rejecting replacement {id}; too many conflicting clusters ({clusters} > {MAX_REPLACED_CLUSTERS})"
            ),
            suffix,
        });
    }
    for txid in &candidate.conflicts {
        all.extend(pool.descendants(txid));
    }
    let fee = entry.modified_fee();
    let (old_fee, _) = pool.package(&all);
    let poor = |what: &str, is: Amount, wanted: Amount| MempoolError::InsufficientFee {
        details: format!(
            "rejecting replacement {id}, {what}; {} < {}",
            format_money(is),
            format_money(wanted)
        ),
        suffix,
    };
    if fee < old_fee {
        return Err(poor("less fees than conflicting txs", fee, old_fee));
    }
    let needed = context.policy.incremental_relay_fee.fee(entry.vsize);
    if fee - old_fee < needed {
        let what = "not enough additional fees to relay";
        return Err(poor(what, fee - old_fee, needed));
    }
    check_cluster(pool, candidate, &all, context.limits)?;
    if pool.improves(entry, &all) {
        Ok(all)
    } else {
        Err(MempoolError::NoImprovement)
    }
}

/// Checks that it does not stand on what it replaces.
pub(super) fn check_spends_no_conflict(
    pool: &Mempool,
    candidate: &Candidate,
) -> Result<(), MempoolError> {
    if candidate.conflicts.is_empty() {
        return Ok(());
    }
    let tx = &candidate.entry.tx;
    let ancestors = pool.parents(tx).into_iter().flat_map(|parent| {
        let mut above = pool.ancestors(&parent);
        above.insert(parent);
        above
    });
    match ancestors
        .into_iter()
        .find(|txid| candidate.conflicts.contains(txid))
    {
        Some(conflict) => Err(MempoolError::SpendsConflicting {
            txid: tx.txid(),
            conflict,
        }),
        None => Ok(()),
    }
}

pub(super) fn check_cluster(
    pool: &Mempool,
    candidate: &Candidate,
    replaced: &HashSet<Txid>,
    limits: &MempoolLimits,
) -> Result<(), MempoolError> {
    let near = pool.parents(&candidate.entry.tx);
    let mut cluster = pool.cluster(near);
    cluster.retain(|txid| !replaced.contains(txid));
    let weight = pool.adjusted_weight(&cluster) + candidate.entry.adjusted_weight;
    match limits.allow(cluster.len() + 1, weight) {
        true => Ok(()),
        false => Err(MempoolError::TooLargeCluster),
    }
}
