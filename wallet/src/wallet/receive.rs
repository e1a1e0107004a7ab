//! Money by state (Core's `receive.cpp`).

use std::collections::HashSet;

use primitives::address::Destination;
use primitives::{Amount, OutPoint, Script, Tx, Txid};

use super::Wallet;
use crate::db::record;
use crate::transaction::{TxState, WalletTx};

/// Which coins a balance counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct BalanceQuery {
    /// Fewest confirmations.
    pub min_depth: i32,
    /// Whether coins on addresses that were spent from are counted apart.
    pub avoid_reuse: bool,
    /// Whether coins spent by payments outside the mempool are counted, and their sum told apart.
    pub include_nonmempool: bool,
}

/// Money by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    /// Ready to spend.
    pub trusted: Amount,
    /// From others, not confirmed.
    pub untrusted_pending: Amount,
    /// Mined, not ripe.
    pub immature: Amount,
    /// On addresses that were spent from.
    pub used: Amount,
    /// What payments outside the mempool and the chain take away, negative.
    pub nonmempool: Amount,
}

/// How an output is spent, if it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// It is not.
    No,
    /// By a transaction of the wallet that is neither in a block nor in the mempool.
    Nonmempool,
    /// By a transaction of the mempool.
    Mempool,
    /// By a block.
    Confirmed,
}

impl Wallet {
    /// How often a transaction is confirmed; negative for conflicts.
    pub fn depth(&self, tx: &WalletTx) -> i32 {
        let Some((_, best)) = self.best else { return 0 };
        let behind = best.saturating_add(1);
        let deep = |height: u32| i32::try_from(behind.saturating_sub(height)).unwrap_or(i32::MAX);
        match tx.state {
            TxState::Confirmed {
                height: Some(height),
                ..
            } => deep(height),
            TxState::Conflicted {
                height: Some(height),
                ..
            } => -deep(height),
            _ => 0,
        }
    }

    /// How many more blocks a block's reward needs before it can be spent.
    pub fn blocks_to_maturity(&self, tx: &WalletTx) -> i32 {
        if !tx.tx.is_coinbase() {
            return 0;
        }
        let maturity = i32::try_from(self.params.coinbase_maturity).unwrap_or(i32::MAX);
        (maturity.saturating_add(1) - self.depth(tx)).max(0)
    }

    /// How an output is spent.
    pub fn how_spent(&self, place: &OutPoint) -> Spent {
        let mut result = Spent::No;
        for txid in self.spends.get(place).map_or(&[][..], Vec::as_slice) {
            match self.txs.get(txid).map(|tx| tx.state) {
                Some(TxState::Confirmed { .. }) => return Spent::Confirmed,
                Some(TxState::InMempool) => result = Spent::Mempool,
                Some(TxState::Inactive { abandoned: false } | TxState::Unrecognized { .. })
                    if result == Spent::No =>
                {
                    result = Spent::Nonmempool;
                }
                _ => {}
            }
        }
        result
    }

    /// Transactions of the wallet that spend an output.
    pub fn spenders(&self, place: &OutPoint) -> &[Txid] {
        self.spends.get(place).map_or(&[], Vec::as_slice)
    }

    /// Time of a block that holds transactions of the wallet.
    pub fn block_time(&self, hash: &primitives::BlockHash) -> Option<i64> {
        self.blocks.get(hash).map(|place| place.time)
    }

    /// Whether an output is spent, be it by a transaction that is not yet known to the node.
    pub fn is_spent(&self, place: &OutPoint) -> bool {
        self.how_spent(place) != Spent::No
    }

    /// What the wallet's inputs of a transaction were worth.
    pub fn debit(&self, tx: &Tx) -> Amount {
        tx.inputs
            .iter()
            .filter(|input| self.mine.contains(&input.prevout))
            .filter_map(|input| self.output_of(&input.prevout))
            .map(|output| output.value)
            .sum()
    }

    /// What a transaction's outputs give to the wallet.
    pub fn credit(&self, tx: &Tx) -> Amount {
        tx.outputs
            .iter()
            .filter(|output| self.is_mine(&output.script_pubkey))
            .map(|output| output.value)
            .sum()
    }

    /// Whether a transaction spends coins of the wallet.
    pub fn is_from_me(&self, tx: &Tx) -> bool {
        self.debit(tx) > Amount::ZERO
    }

    /// Whether an own output is change: its address was never given to anybody.
    pub fn is_change(&self, script: &Script) -> bool {
        self.is_mine(script)
            && Destination::from_script(script)
                .is_none_or(|destination| self.address_entry(&destination).is_none())
    }

    /// Whether what a transaction brings can be relied on (Core's `CachedTxIsTrusted`).
    pub fn is_trusted(&self, tx: &WalletTx, known: &mut HashSet<Txid>) -> bool {
        if tx.state.is_confirmed() {
            return true;
        }
        let mut todo = vec![tx.tx.txid()];
        let mut seen = HashSet::new();
        while let Some(txid) = todo.pop() {
            if known.contains(&txid) || !seen.insert(txid) {
                continue;
            }
            let Some(tx) = self.txs.get(&txid) else {
                return false;
            };
            if tx.state.is_confirmed() {
                continue;
            }
            if !tx.state.is_in_mempool()
                || !self.options.spend_zero_conf_change
                || !self.is_from_me(&tx.tx)
            {
                return false;
            }
            for input in &tx.tx.inputs {
                if !self.mine.contains(&input.prevout) {
                    return false;
                }
                todo.push(input.prevout.txid);
            }
        }
        known.extend(seen);
        true
    }

    /// Counts the money.
    pub fn balances(&self, query: BalanceQuery) -> Balances {
        let apart = query.avoid_reuse && self.has_flag(record::FLAG_AVOID_REUSE);
        let mut sums = Balances::default();
        let mut trusted = HashSet::new();
        for place in &self.mine {
            let spent = self.how_spent(place);
            match spent {
                Spent::Confirmed | Spent::Mempool => continue,
                Spent::Nonmempool if !query.include_nonmempool => continue,
                Spent::Nonmempool | Spent::No => {}
            }
            let (Some(tx), Some(output)) = (self.txs.get(&place.txid), self.output_of(place))
            else {
                continue;
            };
            let is_trusted = self.is_trusted(tx, &mut trusted);
            let mut bucket = if tx.state.is_confirmed() && self.blocks_to_maturity(tx) > 0 {
                &mut sums.immature
            } else if is_trusted && self.depth(tx) >= query.min_depth {
                &mut sums.trusted
            } else if !is_trusted && tx.state.is_in_mempool() {
                &mut sums.untrusted_pending
            } else {
                continue;
            };
            if apart
                && Destination::from_script(&output.script_pubkey)
                    .is_some_and(|destination| self.is_spent_from(&destination))
            {
                bucket = &mut sums.used;
            }
            *bucket += output.value;
            if spent == Spent::Nonmempool {
                sums.nonmempool -= output.value;
            }
        }
        sums
    }
}
