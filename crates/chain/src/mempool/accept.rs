//! What may enter the mempool (Core's `MemPoolAccept`).

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use consensus::script::{SignatureCache, TxChecker, verify_script};
use consensus::tx_verify::{
    SpentCoin, check_tx_inputs, is_final_tx, sequence_locks, transaction_sigop_cost,
};
use consensus::{HeaderChain, PrecomputedTx, ScriptError, ScriptFlags, TxError, check_transaction};
use primitives::{Amount, ChainParams, FeeRate, OutPoint, Tx, TxOut, Txid};

use super::{Mempool, MempoolEntry, MempoolLimits, Removal};
use crate::coins::Coin;
use crate::index::Branch;
use crate::policy::{self, NotStandard, PolicyLimits};

/// Most transactions that one may replace, with all that stands on them.
const MAX_REPLACED: usize = 100;
/// Version of transactions that keep to small topologies (BIP431).
const TRUC_VERSION: u32 = 3;
/// Largest TRUC transaction, and largest with an unconfirmed parent, in virtual bytes.
const TRUC_MAX_VSIZE: u64 = 10_000;
const TRUC_CHILD_MAX_VSIZE: u64 = 1_000;

/// Why a transaction does not enter: the reason that peers and clients see, and details.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MempoolError {
    /// A rule of consensus that needs no coins, or one about coins.
    #[error(transparent)]
    Tx(#[from] TxError),
    /// A coinbase outside a block.
    #[error("coinbase")]
    Coinbase,
    /// Not standard.
    #[error("{}", .0.reason)]
    NotStandard(NotStandard),
    /// Its lock time forbids it in the next block.
    #[error("non-final")]
    NonFinal,
    /// Its relative lock times forbid it in the next block.
    #[error("non-BIP68-final")]
    NonBip68Final,
    /// The very same is there.
    #[error("txn-already-in-mempool")]
    AlreadyInMempool,
    /// It is there with another witness.
    #[error("txn-same-nonwitness-data-in-mempool")]
    SameNonWitnessData,
    /// It is in a block.
    #[error("txn-already-known")]
    AlreadyKnown,
    /// A coin that it spends is not known or is spent.
    #[error("bad-txns-inputs-missingorspent")]
    MissingInputs,
    /// Its witness is larger than its kind needs.
    #[error("bad-witness-nonstandard")]
    WitnessNonStandard,
    /// Too many signature operations.
    #[error("bad-txns-too-many-sigops")]
    TooManySigops(u64),
    /// Dust is allowed without a fee only.
    #[error("dust")]
    DustWithFee,
    /// Below the rate that the mempool asks while it is full.
    #[error("mempool min fee not met")]
    MempoolMinFee {
        /// What it pays.
        fee: Amount,
        /// What is asked.
        needed: Amount,
    },
    /// Below the rate of relay.
    #[error("min relay fee not met")]
    MinRelayFee {
        /// What it pays.
        fee: Amount,
        /// What is asked.
        needed: Amount,
    },
    /// It breaks the topology of version 3 (BIP431).
    #[error("TRUC-violation")]
    Truc(String),
    /// It replaces too many.
    #[error("too many potential replacements")]
    TooManyReplacements(usize),
    /// It pays too little to replace others.
    #[error("insufficient fee")]
    InsufficientFee(String),
    /// It spends outputs of what it replaces.
    #[error("bad-txns-spends-conflicting-tx")]
    SpendsConflicting(Txid),
    /// Too many would hang together.
    #[error("too-large-cluster")]
    TooLargeCluster,
    /// The mempool was full and this paid least.
    #[error("mempool full")]
    Full,
    /// An input's proof fails.
    #[error("mempool-script-verify-flag-failed ({error})")]
    Script {
        /// What failed.
        error: ScriptError,
        /// The input.
        input: usize,
    },
}

impl MempoolError {
    /// Details beside the reason, empty where there are none.
    pub fn details(&self) -> String {
        match self {
            Self::Tx(error) => error.debug_message(),
            Self::NotStandard(error) => error.details.clone(),
            Self::TooManySigops(cost) => cost.to_string(),
            Self::DustWithFee => "tx with dust output must be 0-fee".to_owned(),
            Self::MempoolMinFee { fee, needed } | Self::MinRelayFee { fee, needed } => {
                format!("{} < {}", fee.sat(), needed.sat())
            }
            Self::Truc(text) | Self::InsufficientFee(text) => text.clone(),
            Self::TooManyReplacements(count) => {
                format!(
                    "rejecting replacement; too many conflicting transactions ({count} > {MAX_REPLACED})"
                )
            }
            Self::SpendsConflicting(txid) => format!("spends conflicting transaction {txid}"),
            Self::Script { input, .. } => format!("input {input}"),
            _ => String::new(),
        }
    }
}

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
}

/// What an accepted transaction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its fee.
    pub fee: Amount,
    /// Its virtual size with signature operations counted in, in bytes.
    pub vsize: u64,
    /// What it replaced.
    pub replaced: Vec<Txid>,
}

struct Candidate {
    entry: MempoolEntry,
    spent: Vec<TxOut>,
    conflicts: HashSet<Txid>,
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
    check_alone(pool, tx, context)?;
    let candidate = check_inputs(pool, tx, context, options)?;
    let replaced = check_replacement(pool, &candidate, context)?;
    if !options.from_block {
        check_cluster(pool, tx, candidate.entry.vsize, &replaced, context.limits)?;
    }
    check_scripts(tx, &candidate.spent, ScriptFlags::STANDARD, context)?;
    check_scripts(tx, &candidate.spent, context.next_block_flags, context)?;
    let accepted = Accepted {
        fee: candidate.entry.fee,
        vsize: candidate.entry.vsize,
        replaced: replaced.iter().copied().collect(),
    };
    Ok(Checked {
        entry: candidate.entry,
        conflicts: candidate.conflicts,
        options,
        accepted,
    })
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
    context: &AcceptContext<'_>,
) -> Result<Vec<Coin>, MempoolError> {
    let next_height = context.chain.height() + 1;
    let find = |outpoint: &OutPoint| match pool.output(outpoint) {
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
    context: &AcceptContext<'_>,
    options: AcceptOptions,
) -> Result<Candidate, MempoolError> {
    let spenders = tx
        .inputs
        .iter()
        .filter_map(|input| pool.spender(&input.prevout));
    let conflicts: HashSet<Txid> = spenders.map(|entry| entry.tx.txid()).collect();
    let coins = find_coins(pool, tx, context)?;
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
        let has_dust = policy::dust_count(tx, context.policy.dust_relay_fee) > 0;
        if has_dust && fee != Amount::ZERO {
            return Err(MempoolError::DustWithFee);
        }
    }
    let sigops_cost = transaction_sigop_cost(tx, outputs.iter().copied(), ScriptFlags::STANDARD);
    if sigops_cost > context.policy.max_sigops_cost {
        return Err(MempoolError::TooManySigops(sigops_cost));
    }
    let weight = tx.weight();
    let vsize = policy::sigop_vsize(weight, sigops_cost, context.policy.bytes_per_sigop);
    let delta = pool.deltas().get(&tx.txid()).copied().unwrap_or_default();
    if !options.from_block {
        check_rate(pool, fee + delta, vsize, context)?;
        check_truc(pool, tx, vsize, &conflicts)?;
    }
    let entry = MempoolEntry {
        tx: Arc::clone(tx),
        fee,
        fee_delta: delta,
        vsize,
        weight: weight as u64,
        time: context.now,
        height,
        // The pool gives the real number; 0 marks what came back from a block.
        sequence: u64::from(!options.from_block),
        sigops_cost,
        spends_coinbase: coins.iter().any(|coin| coin.coinbase),
        unbroadcast: !options.from_block,
    };
    let spent = coins.into_iter().map(|coin| coin.output).collect();
    Ok(Candidate {
        entry,
        spent,
        conflicts,
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

/// Version 3 keeps to one parent and one child (BIP431).
fn check_truc(
    pool: &Mempool,
    tx: &Tx,
    vsize: u64,
    conflicts: &HashSet<Txid>,
) -> Result<(), MempoolError> {
    let parents = pool.parents(tx);
    let is_truc = tx.version == TRUC_VERSION;
    for parent in parents.iter().filter_map(|id| pool.get(id)) {
        let parent_is_truc = parent.tx.version == TRUC_VERSION;
        if is_truc != parent_is_truc {
            let (a, b) = if is_truc {
                ("version=3", "non-version=3")
            } else {
                ("non-version=3", "version=3")
            };
            return Err(MempoolError::Truc(format!(
                "{a} tx {} (wtxid={}) cannot spend from {b} tx {} (wtxid={})",
                tx.txid(),
                tx.wtxid(),
                parent.tx.txid(),
                parent.tx.wtxid()
            )));
        }
    }
    if !is_truc {
        return Ok(());
    }
    let name = format!("version=3 tx {} (wtxid={})", tx.txid(), tx.wtxid());
    if vsize > TRUC_MAX_VSIZE {
        return Err(MempoolError::Truc(format!(
            "{name} is too big: {vsize} > {TRUC_MAX_VSIZE} virtual bytes"
        )));
    }
    let Some(parent) = parents.first() else {
        return Ok(());
    };
    if parents.len() > 1 || !pool.ancestors(parent).is_empty() {
        return Err(MempoolError::Truc(format!(
            "{name} would have too many ancestors"
        )));
    }
    if vsize > TRUC_CHILD_MAX_VSIZE {
        return Err(MempoolError::Truc(format!(
            "version=3 child tx {} (wtxid={}) is too big: {vsize} > {TRUC_CHILD_MAX_VSIZE} virtual bytes",
            tx.txid(),
            tx.wtxid()
        )));
    }
    if pool
        .descendants(parent)
        .iter()
        .any(|sibling| !conflicts.contains(sibling))
    {
        return Err(MempoolError::Truc(format!(
            "tx {parent} would exceed descendant count limit"
        )));
    }
    Ok(())
}

/// Checks that replacing pays (BIP125 rules 3 to 5, without opting in). Gives all that would go.
fn check_replacement(
    pool: &Mempool,
    candidate: &Candidate,
    context: &AcceptContext<'_>,
) -> Result<HashSet<Txid>, MempoolError> {
    let entry = &candidate.entry;
    let mut all = candidate.conflicts.clone();
    for txid in &candidate.conflicts {
        all.extend(pool.descendants(txid));
    }
    if all.is_empty() {
        return Ok(all);
    }
    let ancestors = pool.parents(&entry.tx).into_iter().flat_map(|parent| {
        let mut above = pool.ancestors(&parent);
        above.insert(parent);
        above
    });
    if let Some(txid) = ancestors.into_iter().find(|txid| all.contains(txid)) {
        return Err(MempoolError::SpendsConflicting(txid));
    }
    if all.len() > MAX_REPLACED {
        return Err(MempoolError::TooManyReplacements(all.len()));
    }
    let id = entry.tx.txid();
    let fee = entry.modified_fee();
    let (old_fee, _) = pool.package(&all);
    if fee < old_fee {
        return Err(MempoolError::InsufficientFee(format!(
            "rejecting replacement {id}, less fees than conflicting txs; {fee} < {old_fee}"
        )));
    }
    let needed = context.policy.incremental_relay_fee.fee(entry.vsize);
    if fee - old_fee < needed {
        return Err(MempoolError::InsufficientFee(format!(
            "rejecting replacement {id}, not enough additional fees to relay; {} < {needed}",
            fee - old_fee
        )));
    }
    let rate = FeeRate::of(fee, entry.vsize);
    for old in candidate.conflicts.iter().filter_map(|txid| pool.get(txid)) {
        let old_rate = FeeRate::of(old.modified_fee(), old.vsize);
        if rate <= old_rate {
            return Err(MempoolError::InsufficientFee(
                "insufficient feerate: does not improve feerate diagram".to_owned(),
            ));
        }
    }
    Ok(all)
}

fn check_cluster(
    pool: &Mempool,
    tx: &Tx,
    vsize: u64,
    replaced: &HashSet<Txid>,
    limits: &MempoolLimits,
) -> Result<(), MempoolError> {
    let near: BTreeSet<Txid> = pool.parents(tx);
    let mut cluster = pool.cluster(near);
    cluster.retain(|txid| !replaced.contains(txid));
    let (_, size) = pool.package(&cluster);
    if cluster.len() + 1 > limits.cluster_count || size + vsize > limits.cluster_vsize {
        return Err(MempoolError::TooLargeCluster);
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
            input: index,
        })?;
    }
    Ok(())
}
