//! Choosing transactions for a block and building the rest of it (Core's `BlockAssembler`).

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use primitives::params::{MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT};
use primitives::script::Script;
use primitives::script::opcodes::OP_0;
use primitives::transaction::{SEQUENCE_FINAL, TxData};
use primitives::{Amount, ChainParams, FeeRate, HashScheme, OutPoint, Tx, TxIn, TxOut, Txid};

use crate::mempool::{Mempool, MempoolEntry};

/// What a template may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateLimits {
    /// Weight of the block (`-blockmaxweight`).
    pub max_weight: u64,
    /// Weight kept for header, count and coinbase (`-blockreservedweight`).
    pub reserved_weight: u64,
    /// Signature operation cost kept for the coinbase.
    pub reserved_sigops: u64,
    /// Signature operation cost of the block.
    pub max_sigops: u64,
    /// Rate below which a package is left out (`-blockmintxfee`).
    pub min_rate: FeeRate,
}

impl TemplateLimits {
    /// The chain's defaults.
    pub fn of(params: &ChainParams) -> Self {
        Self {
            max_weight: u64::from(MAX_BLOCK_WEIGHT),
            reserved_weight: 8000,
            reserved_sigops: 400,
            max_sigops: u64::from(MAX_BLOCK_SIGOPS_COST),
            min_rate: params.policy.block_min_tx_fee,
        }
    }
}

/// Where a template's transactions come from.
#[derive(Clone, Debug)]
pub enum TemplateTxs {
    /// The best of the mempool, fees to the miner.
    Mempool,
    /// Just these, in this order; their fees are nobody's.
    These(Vec<Arc<Tx>>),
}

/// A block that is wanted.
#[derive(Clone, Debug)]
pub struct TemplateRequest {
    /// Whom the reward pays.
    pub script: Script,
    /// What it holds.
    pub txs: TemplateTxs,
    /// Its time, in seconds since 1970, if the rules allow; `None`: the clock's.
    pub time: Option<u32>,
}

/// A transaction chosen for a block.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The transaction.
    pub tx: Arc<Tx>,
    /// Its fee.
    pub fee: Amount,
    /// Its signature operation cost.
    pub sigops_cost: u64,
}

/// A package's fee over its size, compared without rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Score {
    fee: i64,
    vsize: u64,
    txid: Txid,
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.fee) * i128::from(other.vsize);
        let right = i128::from(other.fee) * i128::from(self.vsize);
        left.cmp(&right).then_with(|| other.txid.cmp(&self.txid))
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a transaction and its ancestors that are not chosen yet weigh and pay.
#[derive(Clone, Copy, Debug, Default)]
struct Package {
    fee: i64,
    vsize: u64,
    weight: u64,
    sigops: u64,
}

impl Package {
    fn add(&mut self, entry: &MempoolEntry) {
        self.fee = self.fee.saturating_add(entry.modified_fee().sat());
        self.vsize += entry.vsize;
        self.weight += entry.weight;
        self.sigops += entry.sigops_cost;
    }

    fn subtract(&mut self, entry: &MempoolEntry) {
        self.fee = self.fee.saturating_sub(entry.modified_fee().sat());
        self.vsize -= entry.vsize;
        self.weight -= entry.weight;
        self.sigops -= entry.sigops_cost;
    }

    const fn score(&self, txid: Txid) -> Score {
        Score {
            fee: self.fee,
            vsize: self.vsize,
            txid,
        }
    }
}

/// Chooses the best-paying packages that fit; `is_final` says whether a transaction's lock time
/// allows it in the block.
pub(crate) fn choose(
    pool: &Mempool,
    limits: &TemplateLimits,
    is_final: impl Fn(&Tx) -> bool,
) -> Vec<Chosen> {
    let mut packages: HashMap<Txid, Package> = HashMap::with_capacity(pool.len());
    let mut queue = BTreeSet::new();
    for entry in pool.entries() {
        let txid = entry.tx.txid();
        let mut package = Package::default();
        package.add(entry);
        pool.ancestors(&txid)
            .iter()
            .filter_map(|id| pool.get(id))
            .for_each(|e| package.add(e));
        queue.insert(package.score(txid));
        packages.insert(txid, package);
    }
    let (mut weight, mut sigops) = (limits.reserved_weight, limits.reserved_sigops);
    let (mut chosen, mut done) = (Vec::new(), HashSet::new());
    while let Some(best) = queue.pop_last() {
        let package = packages[&best.txid];
        if FeeRate::of(Amount::from_sat(package.fee), package.vsize) < limits.min_rate {
            break;
        }
        let too_large = weight + package.weight >= limits.max_weight
            || sigops + package.sigops >= limits.max_sigops;
        let mut ids: Vec<Txid> = pool
            .ancestors(&best.txid)
            .into_iter()
            .filter(|id| !done.contains(id))
            .collect();
        ids.push(best.txid);
        let entries: Vec<&MempoolEntry> = ids.iter().filter_map(|id| pool.get(id)).collect();
        if too_large || !entries.iter().all(|entry| is_final(&entry.tx)) {
            continue;
        }
        weight += package.weight;
        sigops += package.sigops;
        let mut ordered = entries;
        ordered.sort_by_key(|entry| (pool.ancestors(&entry.tx.txid()).len(), entry.tx.txid()));
        for entry in ordered {
            let txid = entry.tx.txid();
            done.insert(txid);
            queue.remove(&packages[&txid].score(txid));
            for id in pool.descendants(&txid) {
                let Some(package) = packages.get_mut(&id) else {
                    continue;
                };
                let waiting = queue.remove(&package.score(id));
                package.subtract(entry);
                if waiting {
                    queue.insert(package.score(id));
                }
            }
            let (fee, sigops_cost) = (entry.fee, entry.sigops_cost);
            chosen.push(Chosen {
                tx: Arc::clone(&entry.tx),
                fee,
                sigops_cost,
            });
        }
    }
    chosen
}

/// The coinbase of a template: `reward` to `script`, and the height in its input. The witness
/// commitment is added when the other transactions are known.
pub(crate) fn coinbase(height: u32, reward: Amount, script: Script, scheme: HashScheme) -> Tx {
    let mut script_sig = Script::new().push_int(i64::from(height));
    if height <= 16 {
        // The rules want two bytes at least.
        script_sig = script_sig.op(OP_0);
    }
    let mut input = TxIn::unsigned(OutPoint::NULL, SEQUENCE_FINAL - 1);
    input.script_sig = script_sig;
    let outputs = vec![TxOut {
        value: reward,
        script_pubkey: script,
    }];
    let lock_time = height.saturating_sub(1);
    Tx::new(
        TxData {
            version: 2,
            inputs: vec![input],
            outputs,
            lock_time,
        },
        scheme,
    )
}
