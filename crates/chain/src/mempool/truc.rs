//! Transactions of version 3, which keep to one parent and one child (BIP431; Core's `truc_policy.cpp`).

use std::collections::HashSet;
use std::sync::Arc;

use primitives::{Tx, Txid};

use super::Mempool;
use super::accept::MempoolError;

/// Version of transactions that keep to small topologies.
const VERSION: u32 = 3;
/// Largest such transaction, and largest with an unconfirmed parent, in virtual bytes.
const MAX_VSIZE: u64 = 10_000;
const CHILD_MAX_VSIZE: u64 = 1_000;

fn name(tx: &Tx) -> String {
    format!("{} (wtxid={})", tx.txid(), tx.wtxid())
}

fn violation<T>(text: String) -> Result<T, MempoolError> {
    Err(MempoolError::Truc(text))
}

fn check_inheritance(tx: &Tx, parent: &Tx) -> Result<(), MempoolError> {
    let (child, other) = match (tx.version == VERSION, parent.version == VERSION) {
        (true, false) => ("version=3", "non-version=3"),
        (false, true) => ("non-version=3", "version=3"),
        _ => return Ok(()),
    };
    let (tx, parent) = (name(tx), name(parent));
    violation(format!(
        "{child} tx {tx} cannot spend from {other} tx {parent}"
    ))
}

fn check_size(tx: &Tx, vsize: u64) -> Result<(), MempoolError> {
    if vsize > MAX_VSIZE {
        let tx = name(tx);
        return violation(format!(
            "version=3 tx {tx} is too big: {vsize} > {MAX_VSIZE} virtual bytes"
        ));
    }
    Ok(())
}

fn check_child_size(tx: &Tx, vsize: u64) -> Result<(), MempoolError> {
    if vsize > CHILD_MAX_VSIZE {
        let tx = name(tx);
        return violation(format!(
            "version=3 child tx {tx} is too big: {vsize} > {CHILD_MAX_VSIZE} virtual bytes"
        ));
    }
    Ok(())
}

fn too_many_ancestors<T>(tx: &Tx) -> Result<T, MempoolError> {
    let tx = name(tx);
    violation(format!("tx {tx} would have too many ancestors"))
}

fn too_many_descendants<T>(parent: &Tx) -> Result<T, MempoolError> {
    let parent = name(parent);
    violation(format!("tx {parent} would exceed descendant count limit"))
}

/// Checks a transaction against its parents in the mempool. Gives the one other child that may make way for it under
/// the rules of replacement, if `may_evict`.
pub(super) fn check(
    pool: &Mempool,
    tx: &Tx,
    vsize: u64,
    conflicts: &HashSet<Txid>,
    may_evict: bool,
) -> Result<Option<Txid>, MempoolError> {
    let parents = pool.parents(tx);
    for parent in parents.iter().filter_map(|id| pool.get(id)) {
        check_inheritance(tx, &parent.tx)?;
    }
    if tx.version != VERSION {
        return Ok(None);
    }
    check_size(tx, vsize)?;
    if parents.len() > 1 {
        return too_many_ancestors(tx);
    }
    let Some(parent) = parents.first().and_then(|id| pool.get(id)) else {
        return Ok(None);
    };
    let parent_id = parent.tx.txid();
    if !pool.ancestors(&parent_id).is_empty() {
        return too_many_ancestors(tx);
    }
    check_child_size(tx, vsize)?;
    let others = pool.descendants(&parent_id);
    if others.is_empty() || others.iter().any(|other| conflicts.contains(other)) {
        return Ok(None);
    }
    // A reorganisation may leave more than one child, or a grandchild; nobody could say which of them goes.
    match others.iter().next() {
        Some(only) if may_evict && others.len() == 1 && pool.ancestors(only).len() == 1 => {
            Ok(Some(*only))
        }
        _ => too_many_descendants(&parent.tx),
    }
}

/// Checks a transaction among those that are given with it; `vsize` is its own.
pub(super) fn check_in_package(
    pool: &Mempool,
    tx: &Tx,
    vsize: u64,
    package: &[Arc<Tx>],
) -> Result<(), MempoolError> {
    let spends = |child: &Tx, parent: Txid| {
        let mut inputs = child.inputs.iter();
        inputs.any(|input| input.prevout.txid == parent)
    };
    let near: Vec<&Arc<Tx>> = package
        .iter()
        .filter(|other| other.txid() != tx.txid() && spends(tx, other.txid()))
        .collect();
    let in_pool = pool.parents(tx);
    if tx.version != VERSION {
        for parent in in_pool.iter().filter_map(|id| pool.get(id)) {
            check_inheritance(tx, &parent.tx)?;
        }
        return near
            .into_iter()
            .try_for_each(|parent| check_inheritance(tx, parent));
    }
    check_size(tx, vsize)?;
    if in_pool.len() + near.len() > 1 {
        return too_many_ancestors(tx);
    }
    let pool_parent = in_pool.first().and_then(|id| pool.get(id));
    if pool_parent.is_some_and(|parent| !pool.ancestors(&parent.tx.txid()).is_empty()) {
        return too_many_ancestors(tx);
    }
    let parent = match (pool_parent, near.first()) {
        (Some(entry), _) => &entry.tx,
        (None, Some(parent)) => *parent,
        (None, None) => return Ok(()),
    };
    check_child_size(tx, vsize)?;
    check_inheritance(tx, parent)?;
    for other in package.iter().filter(|other| other.txid() != tx.txid()) {
        for input in &other.inputs {
            if input.prevout.txid == parent.txid() {
                return too_many_descendants(parent);
            }
            if input.prevout.txid == tx.txid() {
                return too_many_ancestors(other);
            }
        }
    }
    if pool_parent.is_some() && !pool.descendants(&parent.txid()).is_empty() {
        return too_many_descendants(parent);
    }
    Ok(())
}
