//! Whether several transactions would enter together (Core's package acceptance, test only).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use primitives::{OutPoint, Tx, Txid, Wtxid};

use super::accept::{self, AcceptContext, AcceptOptions, Accepted, Candidate, MempoolError};
use super::{Mempool, truc};

/// Most transactions in one package.
pub const MAX_COUNT: usize = 25;
/// Heaviest package, in weight units.
const MAX_WEIGHT: usize = 404_000;

/// What is known of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageVerdict {
    /// Why the package is refused as a whole; empty where it is not.
    pub error: String,
    /// What is known of its transactions. After a refusal some are missing: they were not looked at.
    pub results: HashMap<Wtxid, Result<Accepted, MempoolError>>,
}

impl PackageVerdict {
    fn refused(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            results: HashMap::new(),
        }
    }

    fn failed(wtxid: Wtxid, error: MempoolError) -> Self {
        Self {
            error: String::new(),
            results: HashMap::from([(wtxid, Err(error))]),
        }
    }
}

/// What is wrong with a package by itself (Core's `IsWellFormedPackage`).
fn fault(txs: &[Arc<Tx>]) -> Option<&'static str> {
    if txs.len() > MAX_COUNT {
        return Some("package-too-many-transactions");
    }
    let weight: usize = txs.iter().map(|tx| tx.weight()).sum();
    if txs.len() > 1 && weight > MAX_WEIGHT {
        return Some("package-too-large");
    }
    let mut later: HashSet<Txid> = txs.iter().map(|tx| tx.txid()).collect();
    if later.len() != txs.len() {
        return Some("package-contains-duplicates");
    }
    for tx in txs {
        // A transaction that spent itself would stand before its parent, too.
        let mut spends = tx.inputs.iter().map(|input| input.prevout.txid);
        if spends.any(|txid| later.contains(&txid)) {
            return Some("package-not-sorted");
        }
        later.remove(&tx.txid());
    }
    let mut spent: HashSet<OutPoint> = HashSet::new();
    for tx in txs {
        let inputs = || tx.inputs.iter().map(|input| input.prevout);
        if tx.inputs.is_empty() || inputs().any(|place| spent.contains(&place)) {
            return Some("conflict-in-package");
        }
        // An output that one transaction spends twice is that transaction's own fault.
        spent.extend(inputs());
    }
    None
}

/// Says whether the transactions, parents first, would enter. Nothing is replaced by them.
pub fn test(pool: &Mempool, txs: &[Arc<Tx>], context: &AcceptContext<'_>) -> PackageVerdict {
    if let Some(fault) = fault(txs) {
        return PackageVerdict::refused(fault);
    }
    let options = AcceptOptions {
        test_only: true,
        in_package: true,
        ..AcceptOptions::default()
    };
    let mut candidates = Vec::with_capacity(txs.len());
    for (index, tx) in txs.iter().enumerate() {
        match accept::pre_check(pool, tx, &txs[..index], context, options) {
            Ok(candidate) => candidates.push(candidate),
            Err(error) => return PackageVerdict::failed(tx.wtxid(), error),
        }
    }
    for (tx, candidate) in txs.iter().zip(&candidates) {
        if let Err(error) = truc::check_in_package(pool, tx, candidate.entry.vsize, txs) {
            return PackageVerdict::refused(accept::reject_text(&error));
        }
    }
    if !clusters_fit(pool, &candidates, context) {
        return PackageVerdict::refused(MempoolError::TooLargeCluster.to_string());
    }
    if context.policy.require_standard {
        for tx in txs {
            if let Err(error) = accept::check_dust_spent(pool, tx, txs, context) {
                return PackageVerdict::failed(tx.wtxid(), error);
            }
        }
    }
    let mut verdict = PackageVerdict::default();
    for (tx, candidate) in txs.iter().zip(candidates) {
        let result = accept::check_all_scripts(tx, &candidate, context);
        let is_failure = result.is_err();
        let result = result.map(|()| candidate.accepted(&HashSet::new()));
        verdict.results.insert(tx.wtxid(), result);
        if is_failure {
            break;
        }
    }
    verdict
}

/// Whether what would hang together keeps to the limits.
fn clusters_fit(pool: &Mempool, package: &[Candidate], context: &AcceptContext<'_>) -> bool {
    /// Part of the package with what it hangs on in the mempool.
    struct Group {
        members: HashSet<Txid>,
        waiting: HashSet<Txid>,
        weight: u64,
    }
    let mut groups: Vec<Group> = Vec::new();
    for candidate in package {
        let tx = &candidate.entry.tx;
        let parents: BTreeSet<Txid> = tx.inputs.iter().map(|i| i.prevout.txid).collect();
        let mut group = Group {
            members: HashSet::from([tx.txid()]),
            waiting: pool.cluster(pool.parents(tx)),
            weight: candidate.entry.adjusted_weight,
        };
        let (near, apart): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(|other| {
            !other.waiting.is_disjoint(&group.waiting)
                || parents.iter().any(|parent| other.members.contains(parent))
        });
        groups = apart;
        for other in near {
            group.members.extend(other.members);
            group.waiting.extend(other.waiting);
            group.weight += other.weight;
        }
        groups.push(group);
    }
    groups.iter().all(|group| {
        let weight = group.weight + pool.adjusted_weight(&group.waiting);
        context
            .limits
            .allow(group.members.len() + group.waiting.len(), weight)
    })
}
