//! Transactions that wait for a block: what is in the mempool and how it hangs together.
//! What may enter is decided in [`accept`].
//!
//! Only the `chain` thread changes it; others read it under its lock.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use primitives::{Amount, Block, FeeRate, OutPoint, Tx, TxOut, Txid, Wtxid};

pub mod accept;
mod chunks;
pub mod file;
mod limits;
pub mod package;
mod reject;
mod replace;
mod truc;

pub use chunks::Chunk;
pub use limits::{MempoolLimits, RollingMinimum};

/// Why a transaction left the mempool (Core's `MemPoolRemovalReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Removal {
    /// Too old.
    Expiry,
    /// The mempool was full.
    SizeLimit,
    /// No longer final or mature after a reorganisation.
    Reorg,
    /// It is in a block.
    Block,
    /// A block holds a transaction that spends the same.
    Conflict,
    /// A better one took its place.
    Replaced,
}

impl Removal {
    /// The word in the log (Core's `RemovalReasonToString`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::SizeLimit => "sizelimit",
            Self::Reorg => "reorg",
            Self::Block => "block",
            Self::Conflict => "conflict",
            Self::Replaced => "replaced",
        }
    }
}

/// A change of the mempool, numbered without gaps.
#[derive(Clone, Debug)]
pub enum MempoolChange {
    /// A transaction came in.
    Added(Arc<Tx>),
    /// A transaction went.
    Removed(Arc<Tx>, Removal),
}

/// A transaction in the mempool.
#[derive(Clone, Debug)]
pub struct MempoolEntry {
    /// The transaction.
    pub tx: Arc<Tx>,
    /// The fee it pays.
    pub fee: Amount,
    /// What `prioritisetransaction` added to the fee, for selection only.
    pub fee_delta: Amount,
    /// Virtual size with signature operations counted in, in bytes.
    pub vsize: u64,
    /// Weight in weight units.
    pub weight: u64,
    /// Weight with signature operations counted in, in weight units.
    pub adjusted_weight: u64,
    /// When it came in, in seconds since 1970.
    pub time: i64,
    /// Height of the tip when it came in.
    pub height: u32,
    /// Number of the change that brought it; 0 where it came back from a disconnected block.
    pub sequence: u64,
    /// Signature operation cost.
    pub sigops_cost: u64,
    /// Whether it spends a coinbase, so that a reorganisation can make it immature.
    pub spends_coinbase: bool,
    /// Whether nobody has asked for it yet since it was broadcast from here.
    pub unbroadcast: bool,
}

impl MempoolEntry {
    /// The fee that selection counts with.
    pub fn modified_fee(&self) -> Amount {
        self.fee + self.fee_delta
    }

    /// Rough memory use in bytes.
    fn usage(&self) -> usize {
        // Twice the serialised size for vectors and pointers, and the maps that point here.
        2 * self.tx.size(true) + 512 + 96 * self.tx.inputs.len()
    }
}

/// The mempool.
#[derive(Debug, Default)]
pub struct Mempool {
    entries: HashMap<Txid, MempoolEntry>,
    by_wtxid: HashMap<Wtxid, Txid>,
    spent: HashMap<OutPoint, Txid>,
    children: HashMap<Txid, BTreeSet<Txid>>,
    deltas: HashMap<Txid, Amount>,
    /// What each transaction pays with all that stands on it, the worst first.
    worst: BTreeSet<(FeeRate, Txid)>,
    /// What each transaction and all that stands on it pay and take: modified fees and virtual bytes.
    packages: HashMap<Txid, (Amount, u64)>,
    total_vsize: u64,
    total_fee: Amount,
    usage: usize,
    sequence: u64,
    minimum: RollingMinimum,
    pending: Vec<(u64, MempoolChange)>,
    loaded: bool,
}

impl Mempool {
    /// Number of transactions.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Virtual bytes of all transactions.
    pub const fn total_vsize(&self) -> u64 {
        self.total_vsize
    }

    /// Fees of all transactions.
    pub const fn total_fee(&self) -> Amount {
        self.total_fee
    }

    /// Memory in use, in bytes, roughly.
    pub const fn usage(&self) -> usize {
        self.usage
    }

    /// Number of the last change.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether what was saved at the last stop has been read.
    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Says that what was saved has been read, or that there was nothing.
    pub const fn set_loaded(&mut self) {
        self.loaded = true;
    }

    /// The entry of a transaction.
    pub fn get(&self, txid: &Txid) -> Option<&MempoolEntry> {
        self.entries.get(txid)
    }

    /// The entry of a transaction with that witness.
    pub fn get_by_wtxid(&self, wtxid: &Wtxid) -> Option<&MempoolEntry> {
        self.entries.get(self.by_wtxid.get(wtxid)?)
    }

    /// All entries, in no order.
    pub fn entries(&self) -> impl Iterator<Item = &MempoolEntry> {
        self.entries.values()
    }

    /// All entries, parents before children, the oldest first.
    pub fn in_order(&self) -> Vec<&MempoolEntry> {
        let mut ids: Vec<&Txid> = self.entries.keys().collect();
        ids.sort_by_key(|txid| {
            (
                self.entries[*txid].time,
                self.entries[*txid].sequence,
                **txid,
            )
        });
        let (mut done, mut order) = (HashSet::new(), Vec::with_capacity(ids.len()));
        for txid in ids {
            let mut before: Vec<Txid> = self.ancestors(txid).into_iter().collect();
            before.retain(|id| !done.contains(id));
            before.sort_by_key(|id| self.ancestors(id).len());
            before.push(*txid);
            for id in before {
                if done.insert(id) {
                    order.push(&self.entries[&id]);
                }
            }
        }
        order
    }

    /// Whether one more transaction would keep to the limits on what hangs together, were it not to
    /// replace any (Core's `CheckPolicyLimits`).
    pub fn has_room_for(&self, tx: &Tx, vsize: u64, limits: &MempoolLimits) -> bool {
        let cluster = self.cluster(self.parents(tx));
        let (_, size) = self.package(&cluster);
        cluster.len() < limits.cluster_count && size.saturating_add(vsize) <= limits.cluster_vsize
    }

    /// The transaction that spends an output.
    pub fn spender(&self, outpoint: &OutPoint) -> Option<&MempoolEntry> {
        self.entries.get(self.spent.get(outpoint)?)
    }

    /// An output of a transaction in the mempool.
    pub fn output(&self, outpoint: &OutPoint) -> Option<&TxOut> {
        let index = usize::try_from(outpoint.vout).ok()?;
        self.entries.get(&outpoint.txid)?.tx.outputs.get(index)
    }

    /// Transactions here that `tx` spends from.
    pub fn parents(&self, tx: &Tx) -> BTreeSet<Txid> {
        let ids = tx.inputs.iter().map(|input| input.prevout.txid);
        ids.filter(|txid| self.entries.contains_key(txid)).collect()
    }

    /// Transactions here that spend from `txid`.
    pub fn children(&self, txid: &Txid) -> BTreeSet<Txid> {
        self.children.get(txid).cloned().unwrap_or_default()
    }

    /// All that `txid` stands on, itself left out.
    pub fn ancestors(&self, txid: &Txid) -> HashSet<Txid> {
        let start = self.entries.get(txid).map(|entry| self.parents(&entry.tx));
        self.closure(start.unwrap_or_default(), |pool, id| {
            pool.entries
                .get(id)
                .map(|entry| pool.parents(&entry.tx))
                .unwrap_or_default()
        })
    }

    /// All that stands on `txid`, itself left out.
    pub fn descendants(&self, txid: &Txid) -> HashSet<Txid> {
        self.closure(self.children(txid), Self::children)
    }

    /// All that is connected with the given transactions, themselves included (Core's cluster).
    pub fn cluster(&self, start: BTreeSet<Txid>) -> HashSet<Txid> {
        self.closure(start, |pool, id| {
            let mut near = pool.children(id);
            if let Some(entry) = pool.entries.get(id) {
                near.extend(pool.parents(&entry.tx));
            }
            near
        })
    }

    fn closure(
        &self,
        start: BTreeSet<Txid>,
        next: impl Fn(&Self, &Txid) -> BTreeSet<Txid>,
    ) -> HashSet<Txid> {
        let mut found = HashSet::new();
        let mut open: Vec<Txid> = start.into_iter().collect();
        while let Some(txid) = open.pop() {
            if found.insert(txid) {
                open.extend(
                    next(self, &txid)
                        .into_iter()
                        .filter(|id| !found.contains(id)),
                );
            }
        }
        found
    }

    /// Adds an entry that [`accept`] has checked.
    pub(crate) fn add(&mut self, mut entry: MempoolEntry) {
        let txid = entry.tx.txid();
        self.sequence += 1;
        if entry.sequence != 0 {
            entry.sequence = self.sequence;
        }
        entry.fee_delta = self.deltas.get(&txid).copied().unwrap_or_default();
        for input in &entry.tx.inputs {
            self.spent.insert(input.prevout, txid);
            self.children
                .entry(input.prevout.txid)
                .or_default()
                .insert(txid);
        }
        self.by_wtxid.insert(entry.tx.wtxid(), txid);
        self.total_vsize += entry.vsize;
        self.total_fee += entry.fee;
        self.usage += entry.usage();
        self.pending
            .push((self.sequence, MempoolChange::Added(Arc::clone(&entry.tx))));
        let (fee, vsize) = (entry.modified_fee(), entry.vsize);
        self.entries.insert(txid, entry);
        if self.children.contains_key(&txid) {
            // It came back below what was there before.
            self.rate_with_ancestors(txid);
        } else {
            let own = (fee, vsize);
            for id in self.ancestors(&txid) {
                let (fee, vsize) = self.packages.get(&id).copied().unwrap_or_default();
                self.rate(id, (fee + own.0, vsize + own.1));
            }
            self.rate(txid, own);
        }
    }

    /// Takes note of what a transaction and all that it stands on pay with their descendants, after a change.
    fn rate_with_ancestors(&mut self, txid: Txid) {
        let mut changed = self.ancestors(&txid);
        changed.insert(txid);
        for id in changed {
            let package = self.package_with_descendants(&id);
            self.rate(id, package);
        }
    }

    fn rate(&mut self, txid: Txid, package: (Amount, u64)) {
        self.unrate(&txid);
        self.packages.insert(txid, package);
        self.worst.insert((FeeRate::of(package.0, package.1), txid));
    }

    fn unrate(&mut self, txid: &Txid) {
        if let Some((fee, vsize)) = self.packages.remove(txid) {
            self.worst.remove(&(FeeRate::of(fee, vsize), *txid));
        }
    }

    /// Removes transactions; those above them that stay pay for less then.
    fn remove_all(&mut self, gone: &[Txid], reason: Removal) {
        let above = gone.iter().flat_map(|txid| self.ancestors(txid));
        let mut above: HashSet<Txid> = above.collect();
        for txid in gone {
            above.remove(txid);
        }
        for txid in gone {
            self.remove_one(txid, reason);
        }
        for id in above {
            let package = self.package_with_descendants(&id);
            self.rate(id, package);
        }
    }

    fn remove_one(&mut self, txid: &Txid, reason: Removal) {
        let Some(entry) = self.entries.remove(txid) else {
            return;
        };
        self.unrate(txid);
        for input in &entry.tx.inputs {
            self.spent.remove(&input.prevout);
            if let Some(children) = self.children.get_mut(&input.prevout.txid) {
                children.remove(txid);
                if children.is_empty() {
                    self.children.remove(&input.prevout.txid);
                }
            }
        }
        self.by_wtxid.remove(&entry.tx.wtxid());
        self.total_vsize -= entry.vsize;
        self.total_fee -= entry.fee;
        self.usage = self.usage.saturating_sub(entry.usage());
        self.sequence += 1;
        let change = MempoolChange::Removed(Arc::clone(&entry.tx), reason);
        self.pending.push((self.sequence, change));
    }

    /// Removes a transaction and all that stands on it.
    pub(crate) fn remove_recursive(&mut self, txid: &Txid, reason: Removal) {
        let mut gone: Vec<Txid> = self.descendants(txid).into_iter().collect();
        gone.push(*txid);
        self.remove_all(&gone, reason);
    }

    /// Removes what spends a transaction that is in no block any more and not here.
    pub(crate) fn remove_spenders(&mut self, tx: &Tx, reason: Removal) {
        for n in (0u32..).take(tx.outputs.len()) {
            let place = OutPoint::new(tx.txid(), n);
            if let Some(spender) = self.spent.get(&place).copied() {
                self.remove_recursive(&spender, reason);
            }
        }
    }

    /// Removes what a connected block holds, and what spends the same coins otherwise.
    pub(crate) fn remove_for_block(&mut self, block: &Block) {
        for tx in &block.txs {
            self.remove_all(&[tx.txid()], Removal::Block);
            self.deltas.remove(&tx.txid());
            for input in &tx.inputs {
                if let Some(other) = self.spent.get(&input.prevout).copied() {
                    self.remove_recursive(&other, Removal::Conflict);
                }
            }
        }
        self.minimum.block_connected();
    }

    /// Removes what is older than `before` (seconds since 1970), with all that stands on it.
    pub(crate) fn expire(&mut self, before: i64) -> usize {
        let old: Vec<Txid> = self
            .entries
            .iter()
            .filter(|(_, e)| e.time < before)
            .map(|(id, _)| *id)
            .collect();
        let size = self.len();
        for txid in old {
            self.remove_recursive(&txid, Removal::Expiry);
        }
        size - self.len()
    }

    /// Removes the worst-paying packages until the memory fits in `max_usage` bytes.
    pub(crate) fn trim(&mut self, max_usage: usize, incremental: FeeRate, now: i64) {
        while self.usage > max_usage {
            let Some((rate, worst)) = self.worst.first().copied() else {
                return;
            };
            self.minimum.raise_to(rate, incremental, now);
            self.remove_recursive(&worst, Removal::SizeLimit);
        }
    }

    fn package_with_descendants(&self, txid: &Txid) -> (Amount, u64) {
        let mut ids = self.descendants(txid);
        ids.insert(*txid);
        self.package(&ids)
    }

    /// Modified fees and virtual bytes of some transactions.
    pub fn package(&self, ids: &HashSet<Txid>) -> (Amount, u64) {
        ids.iter()
            .filter_map(|id| self.entries.get(id))
            .fold((Amount::ZERO, 0), |(fee, size), e| {
                (fee + e.modified_fee(), size + e.vsize)
            })
    }

    /// Weight of some transactions with signature operations counted in.
    pub(crate) fn adjusted_weight(&self, ids: &HashSet<Txid>) -> u64 {
        let entries = ids.iter().filter_map(|id| self.entries.get(id));
        entries.map(|entry| entry.adjusted_weight).sum()
    }

    /// The rate below which nothing enters because the mempool was full (Core's `GetMinFee`).
    pub fn minimum_rate(&self, limits: &MempoolLimits, incremental: FeeRate, now: i64) -> FeeRate {
        self.minimum
            .rate(self.usage, limits.max_usage, incremental, now)
    }

    /// Adds to the fee that selection counts with (`prioritisetransaction`).
    pub(crate) fn prioritise(&mut self, txid: Txid, delta: Amount) {
        let total = self.deltas.entry(txid).or_default();
        *total += delta;
        let total = *total;
        if let Some(entry) = self.entries.get_mut(&txid) {
            entry.fee_delta = total;
            self.rate_with_ancestors(txid);
        }
        if total == Amount::ZERO {
            self.deltas.remove(&txid);
        }
    }

    /// Marks transactions that nobody has asked for yet.
    pub(crate) fn mark_unbroadcast(&mut self, txids: &[Txid]) {
        for txid in txids {
            if let Some(entry) = self.entries.get_mut(txid) {
                entry.unbroadcast = true;
            }
        }
    }

    /// What `prioritisetransaction` has added, by transaction, there or not.
    pub const fn deltas(&self) -> &HashMap<Txid, Amount> {
        &self.deltas
    }

    /// Changes since this was last asked, to be published.
    pub(crate) fn take_changes(&mut self) -> Vec<(u64, MempoolChange)> {
        std::mem::take(&mut self.pending)
    }
}

#[cfg(test)]
mod tests;
