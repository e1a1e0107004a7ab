//! The mempool, and what it takes back.

use std::collections::BTreeSet;
use std::sync::Arc;

use ipc_schema::RemovalReason;
use primitives::{OutPoint, Tx, Txid};

use crate::WalletError;
use crate::transaction::TxState;
use crate::wallet::Wallet;

impl Wallet {
    /// Takes a transaction of the mempool.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn mempool_added(&mut self, tx: &Arc<Tx>, now: i64) -> Result<(), WalletError> {
        let rivals: BTreeSet<Txid> = tx
            .inputs
            .iter()
            .filter_map(|input| self.spends.get(&input.prevout))
            .flatten()
            .filter(|txid| **txid != tx.txid())
            .copied()
            .collect();
        let confirmed = self
            .txs
            .get(&tx.txid())
            .is_some_and(|tx| tx.state.is_confirmed());
        self.transact(|this| {
            if !confirmed {
                this.sync_tx(tx, TxState::InMempool, now, None, false);
            }
            for rival in rivals {
                this.add_conflictor(tx.txid(), rival);
            }
            Ok(())
        })
    }

    fn add_conflictor(&mut self, by: Txid, victim: Txid) {
        let mut todo = vec![victim];
        while let Some(txid) = todo.pop() {
            let Some(tx) = self.txs.get_mut(&txid) else {
                continue;
            };
            if tx.state.is_confirmed() || !tx.mempool_conflicts.insert(by) {
                continue;
            }
            self.conflictors.entry(by).or_default().insert(txid);
            let outputs = u32::try_from(tx.tx.outputs.len()).unwrap_or(0);
            self.note_tx(txid);
            for vout in 0..outputs {
                if let Some(spenders) = self.spends.get(&OutPoint::new(txid, vout)) {
                    todo.extend(spenders);
                }
            }
        }
    }

    pub(super) fn forget_conflictor(&mut self, by: &Txid) {
        for victim in self.conflictors.remove(by).unwrap_or_default() {
            if let Some(tx) = self.txs.get_mut(&victim) {
                tx.mempool_conflicts.remove(by);
            }
            self.note_tx(victim);
        }
    }

    /// Notes that a transaction left the mempool. One that went into a block is left as it is: the
    /// block follows.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn mempool_removed(
        &mut self,
        txid: &Txid,
        reason: RemovalReason,
    ) -> Result<(), WalletError> {
        self.forget_conflictor(txid);
        let leaves = self
            .txs
            .get(txid)
            .is_some_and(|tx| tx.state.is_in_mempool());
        if !leaves || reason == RemovalReason::Block {
            return Ok(());
        }
        self.transact(|this| {
            this.set_state(txid, TxState::Inactive { abandoned: false });
            Ok(())
        })
    }

    /// Takes the whole mempool: what is not in it is not in the mempool.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn mempool_is(&mut self, txs: &[Arc<Tx>], now: i64) -> Result<(), WalletError> {
        let there: BTreeSet<Txid> = txs.iter().map(|tx| tx.txid()).collect();
        let gone: Vec<Txid> = self
            .txs
            .values()
            .filter(|tx| tx.state.is_in_mempool() && !there.contains(&tx.tx.txid()))
            .map(|tx| tx.tx.txid())
            .collect();
        let stale: Vec<Txid> = self
            .conflictors
            .keys()
            .filter(|by| !there.contains(by))
            .copied()
            .collect();
        for by in stale {
            self.forget_conflictor(&by);
        }
        self.transact(|this| {
            for txid in gone {
                this.set_state(&txid, TxState::Inactive { abandoned: false });
            }
            Ok(())
        })?;
        for tx in txs {
            self.mempool_added(tx, now)?;
        }
        Ok(())
    }

    /// Takes those transactions of the mempool that the wallet does not know, and gives those that concern it.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn find_in_mempool(&mut self, txs: &[Arc<Tx>], now: i64) -> Result<Vec<Txid>, WalletError> {
        let mut found = Vec::new();
        for tx in txs {
            let txid = tx.txid();
            if self.txs.contains_key(&txid) {
                continue;
            }
            self.mempool_added(tx, now)?;
            if self.txs.contains_key(&txid) {
                found.push(txid);
            }
        }
        Ok(found)
    }

    /// Notes that the node has taken a transaction.
    pub fn mark_in_mempool(&mut self, txid: &Txid) {
        let waits = self
            .txs
            .get(txid)
            .is_some_and(|tx| matches!(tx.state, TxState::Inactive { .. }));
        if !waits {
            return;
        }
        // One that was given up is no longer so in the file, either.
        let marked = self.transact(|this| {
            this.set_state(txid, TxState::InMempool);
            Ok(())
        });
        if let Err(error) = marked {
            tracing::error!("[{}] {error}", self.name);
        }
    }
}
