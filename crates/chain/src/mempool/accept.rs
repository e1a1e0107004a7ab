//! What may enter the mempool (Core's `MemPoolAccept`).

use std::collections::HashSet;
use std::sync::Arc;

use consensus::script::{SignatureCache, TxChecker, verify_script};
use consensus::tx_verify::{
    SpentCoin, check_tx_inputs, is_final_tx, sequence_locks, transaction_sigop_cost,
};
use consensus::{HeaderChain, PrecomputedTx, ScriptFlags, check_transaction};
use primitives::{Amount, ChainParams, FeeRate, OutPoint, Tx, TxOut, Txid};

pub use super::reject::{MempoolError, reject_text};
use super::replace::{check_cluster, check_replacement, check_spends_no_conflict};
use super::{Mempool, MempoolEntry, MempoolLimits, Removal, truc};
use crate::coins::Coin;
use crate::index::Branch;
use crate::policy::{self, PolicyLimits};

/// What [`accept`] looks at beside the mempool.
pub struct AcceptContext<'a> {
    /// The chain's parameters.
    pub params: &'a ChainParams,
    /// Standardness.
    pub policy: &'a PolicyLimits,
    /// Sizes.
    pub limits: &'a MempoolLimits,
    /// Headers up to the tip.
    pub chain: &'a Branch<'a>,
    /// Confirmed coins.
    pub coins: &'a dyn Fn(&OutPoint) -> Option<Coin>,
    /// Script rules of the next block.
    pub next_block_flags: ScriptFlags,
    /// Signatures already verified.
    pub signatures: &'a dyn SignatureCache,
    /// The clock, in seconds since 1970.
    pub now: i64,
}

/// How strictly to look, and whether to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcceptOptions {
    /// Only say what would happen (`testmempoolaccept`).
    pub test_only: bool,
    /// It comes back from a disconnected block: fee and cluster limits do not hold.
    pub from_block: bool,
    /// Others that are not there yet come with it: nothing is replaced.
    pub in_package: bool,
    /// It was saved, and came in at this time, in seconds since 1970; whether somebody has asked for it
    /// is for the file to say.
    pub saved_at: Option<i64>,
}

/// What an accepted transaction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its fee.
    pub fee: Amount,
    /// Its virtual size with signature operations counted in, in bytes.
    pub vsize: u64,
    /// The fee that counts over its virtual size.
    pub rate: FeeRate,
    /// What it replaced.
    pub replaced: Vec<Txid>,
}

/// A transaction that passed the cheap checks.
pub(super) struct Candidate {
    pub(super) entry: MempoolEntry,
    spent: Vec<TxOut>,
    pub(super) conflicts: HashSet<Txid>,
    /// Whether one of the conflicts is a sibling that spends something else.
    pub(super) sibling: bool,
}

impl Candidate {
    pub(super) fn accepted(&self, replaced: &HashSet<Txid>) -> Accepted {
        let entry = &self.entry;
        Accepted {
            fee: entry.fee,
            vsize: entry.vsize,
            rate: FeeRate::of(entry.modified_fee(), entry.vsize),
            replaced: replaced.iter().copied().collect(),
        }
    }
}

/// A transaction that may enter.
pub struct Checked {
    entry: MempoolEntry,
    conflicts: HashSet<Txid>,
    options: AcceptOptions,
    accepted: Accepted,
}

impl Checked {
    /// What it is.
    pub const fn accepted(&self) -> &Accepted {
        &self.accepted
    }
}

/// Checks whether `tx` may enter.
///
/// # Errors
/// A [`MempoolError`] with Core's reject reason.
pub fn check(
    pool: &Mempool,
    tx: &Arc<Tx>,
    context: &AcceptContext<'_>,
    options: AcceptOptions,
) -> Result<Checked, MempoolError> {
    let candidate = pre_check(pool, tx, &[], context, options)?;
    let replaced = check_replacement(pool, &candidate, context)?;
    if !options.from_block {
        check_cluster(pool, &candidate, &replaced, context.limits)?;
    }
    check_spends_no_conflict(pool, &candidate)?;
    if !options.from_block && context.policy.require_standard {
        check_dust_spent(pool, tx, &[], context)?;
    }
    check_all_scripts(tx, &candidate, context)?;
    let accepted = candidate.accepted(&replaced);
    Ok(Checked {
        entry: candidate.entry,
        conflicts: candidate.conflicts,
        options,
        accepted,
    })
}

/// The checks that come before others' interests and scripts; `package` comes with it, parents first.
pub(super) fn pre_check(
    pool: &Mempool,
    tx: &Arc<Tx>,
    package: &[Arc<Tx>],
    context: &AcceptContext<'_>,
    options: AcceptOptions,
) -> Result<Candidate, MempoolError> {
    check_alone(pool, tx, context)?;
    let spenders = tx
        .inputs
        .iter()
        .filter_map(|input| pool.spender(&input.prevout));
    let conflicts: HashSet<Txid> = spenders.map(|entry| entry.tx.txid()).collect();
    if options.in_package && !conflicts.is_empty() {
        return Err(MempoolError::ReplacementDisallowed);
    }
    check_inputs(pool, tx, package, context, options, conflicts)
}

/// Runs all scripts, by the rules of relay and by those of the next block.
pub(super) fn check_all_scripts(
    tx: &Tx,
    candidate: &Candidate,
    context: &AcceptContext<'_>,
) -> Result<(), MempoolError> {
    check_scripts(tx, &candidate.spent, ScriptFlags::STANDARD, context)?;
    check_scripts(tx, &candidate.spent, context.next_block_flags, context)
}

/// Takes in what [`check`] allowed, with nothing changed in between.
///
/// # Errors
/// [`MempoolError::Full`] where it is thrown out again at once.
pub(crate) fn commit(
    pool: &mut Mempool,
    checked: Checked,
    policy: &PolicyLimits,
    limits: &MempoolLimits,
    now: i64,
) -> Result<Accepted, MempoolError> {
    for txid in &checked.conflicts {
        pool.remove_recursive(txid, Removal::Replaced);
    }
    let txid = checked.entry.tx.txid();
    pool.add(checked.entry);
    if !checked.options.from_block {
        pool.expire(now - limits.expiry);
        pool.trim(limits.max_usage, policy.incremental_relay_fee, now);
        if pool.get(&txid).is_none() {
            return Err(MempoolError::Full);
        }
    }
    Ok(checked.accepted)
}

/// What can be said without coins.
fn check_alone(pool: &Mempool, tx: &Tx, context: &AcceptContext<'_>) -> Result<(), MempoolError> {
    check_transaction(tx, context.params)?;
    if tx.is_coinbase() {
        return Err(MempoolError::Coinbase);
    }
    if context.policy.require_standard {
        policy::check_standard(tx, context.policy).map_err(MempoolError::NotStandard)?;
    }
    policy::check_minimum_size(tx).map_err(MempoolError::NotStandard)?;
    let height = context.chain.height();
    let median_time = context.chain.median_time_past(height);
    if !is_final_tx(tx, height + 1, i64::from(median_time)) {
        return Err(MempoolError::NonFinal);
    }
    if pool.get_by_wtxid(&tx.wtxid()).is_some() {
        return Err(MempoolError::AlreadyInMempool);
    }
    if pool.get(&tx.txid()).is_some() {
        return Err(MempoolError::SameNonWitnessData);
    }
    Ok(())
}

/// The coins that a transaction spends, confirmed or in the mempool.
fn find_coins(
    pool: &Mempool,
    tx: &Tx,
    package: &[Arc<Tx>],
    context: &AcceptContext<'_>,
) -> Result<Vec<Coin>, MempoolError> {
    let next_height = context.chain.height() + 1;
    let in_package = |outpoint: &OutPoint| {
        let tx = package.iter().find(|tx| tx.txid() == outpoint.txid)?;
        tx.outputs.get(usize::try_from(outpoint.vout).ok()?)
    };
    let find = |outpoint: &OutPoint| match pool.output(outpoint).or_else(|| in_package(outpoint)) {
        Some(output) => Some(Coin {
            output: output.clone(),
            height: next_height,
            coinbase: false,
        }),
        None => (context.coins)(outpoint),
    };
    let coins: Option<Vec<Coin>> = tx.inputs.iter().map(|input| find(&input.prevout)).collect();
    coins.ok_or_else(|| {
        let outputs = 0..u32::try_from(tx.outputs.len()).unwrap_or(u32::MAX);
        let known = outputs
            .map(|vout| OutPoint::new(tx.txid(), vout))
            .any(|outpoint| (context.coins)(&outpoint).is_some());
        if known {
            MempoolError::AlreadyKnown
        } else {
            MempoolError::MissingInputs
        }
    })
}

fn check_inputs(
    pool: &Mempool,
    tx: &Arc<Tx>,
    package: &[Arc<Tx>],
    context: &AcceptContext<'_>,
    options: AcceptOptions,
    mut conflicts: HashSet<Txid>,
) -> Result<Candidate, MempoolError> {
    let coins = find_coins(pool, tx, package, context)?;
    let height = context.chain.height();
    let median = |height| context.chain.median_time_past(height);
    let locks = sequence_locks(tx, coins.iter().map(|coin| coin.height), median);
    if !locks.allow(height + 1, median(height)) {
        return Err(MempoolError::NonBip68Final);
    }
    let spent_coins = coins.iter().map(|coin| {
        Some(SpentCoin {
            output: &coin.output,
            height: coin.height,
            coinbase: coin.coinbase,
        })
    });
    let fee = check_tx_inputs(tx, spent_coins, height + 1, context.params)?;
    let outputs: Vec<&TxOut> = coins.iter().map(|coin| &coin.output).collect();
    if context.policy.require_standard {
        policy::check_standard_inputs(tx, &outputs, context.policy)
            .map_err(MempoolError::NotStandard)?;
        if tx.has_witness() && !policy::is_witness_standard(tx, &outputs) {
            return Err(MempoolError::WitnessNonStandard);
        }
    }
    let delta = pool.deltas().get(&tx.txid()).copied().unwrap_or_default();
    let has_fee = fee != Amount::ZERO || fee + delta != Amount::ZERO;
    if context.policy.require_standard
        && has_fee
        && policy::dust_count(tx, context.policy.dust_relay_fee) > 0
    {
        return Err(MempoolError::DustWithFee);
    }
    let sigops_cost = transaction_sigop_cost(tx, outputs.iter().copied(), ScriptFlags::STANDARD);
    if sigops_cost > context.policy.max_sigops_cost {
        return Err(MempoolError::TooManySigops(sigops_cost));
    }
    let weight = tx.weight();
    let adjusted_weight = policy::sigop_weight(weight, sigops_cost, context.policy.bytes_per_sigop);
    let vsize = adjusted_weight.div_ceil(4);
    let mut sibling = None;
    if !options.from_block {
        check_rate(pool, fee + delta, vsize, context)?;
        sibling = truc::check(pool, tx, vsize, &conflicts, !options.in_package)?;
        conflicts.extend(sibling);
    }
    let entry = MempoolEntry {
        tx: Arc::clone(tx),
        fee,
        fee_delta: delta,
        vsize,
        weight: weight as u64,
        adjusted_weight,
        time: options.saved_at.unwrap_or(context.now),
        height,
        // The pool gives the real number; 0 marks what came back from a block.
        sequence: u64::from(!options.from_block),
        sigops_cost,
        spends_coinbase: coins.iter().any(|coin| coin.coinbase),
        unbroadcast: !options.from_block && options.saved_at.is_none(),
    };
    let spent = coins.into_iter().map(|coin| coin.output).collect();
    Ok(Candidate {
        entry,
        spent,
        conflicts,
        sibling: sibling.is_some(),
    })
}

fn check_rate(
    pool: &Mempool,
    fee: Amount,
    vsize: u64,
    context: &AcceptContext<'_>,
) -> Result<(), MempoolError> {
    let incremental = context.policy.incremental_relay_fee;
    let needed = pool
        .minimum_rate(context.limits, incremental, context.now)
        .fee(vsize);
    if needed > Amount::ZERO && fee < needed {
        return Err(MempoolError::MempoolMinFee { fee, needed });
    }
    let needed = context.policy.min_relay_fee.fee(vsize);
    if fee < needed {
        return Err(MempoolError::MinRelayFee { fee, needed });
    }
    Ok(())
}

/// Checks that it spends all the dust of each parent that is not in a block yet (Core's `CheckEphemeralSpends`).
pub(super) fn check_dust_spent(
    pool: &Mempool,
    tx: &Tx,
    package: &[Arc<Tx>],
    context: &AcceptContext<'_>,
) -> Result<(), MempoolError> {
    let spent: HashSet<OutPoint> = tx.inputs.iter().map(|input| input.prevout).collect();
    let parents: HashSet<Txid> = spent.iter().map(|place| place.txid).collect();
    let rate = context.policy.dust_relay_fee;
    for txid in parents {
        let given = package.iter().find(|other| other.txid() == txid);
        let Some(parent) = given.or_else(|| pool.get(&txid).map(|entry| &entry.tx)) else {
            continue;
        };
        let mut places = (0..).zip(&parent.outputs);
        if places.any(|(vout, output)| {
            policy::is_dust(output, rate) && !spent.contains(&OutPoint::new(txid, vout))
        }) {
            return Err(MempoolError::DustUnspent {
                txid: tx.txid(),
                wtxid: tx.wtxid(),
            });
        }
    }
    Ok(())
}

fn check_scripts(
    tx: &Tx,
    spent: &[TxOut],
    flags: ScriptFlags,
    context: &AcceptContext<'_>,
) -> Result<(), MempoolError> {
    let precomputed = PrecomputedTx::new(tx, spent.iter().collect(), context.params.hashes);
    for (index, (input, output)) in tx.inputs.iter().zip(spent).enumerate() {
        let mut checker = TxChecker::new(&precomputed, index).with_cache(context.signatures);
        verify_script(
            &input.script_sig,
            &output.script_pubkey,
            &input.witness,
            flags,
            &mut checker,
        )
        .map_err(|error| MempoolError::Script {
            error,
            place: format!(
                "input {index} of {} (wtxid {}), spending {}",
                tx.txid(),
                tx.wtxid(),
                input.prevout
            ),
        })?;
    }
    Ok(())
}
