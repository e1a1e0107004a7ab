//! From a prepared payment to a stored transaction.

use std::sync::Arc;

use primitives::{Tx, Txid};

use super::{PreparedTx, SpendError};
use crate::WalletError;
use crate::transaction::{TxState, WalletTx};
use crate::wallet::{Purpose, Wallet};

impl Wallet {
    /// A prepared payment.
    pub fn prepared(&self, id: u64) -> Option<&PreparedTx> {
        self.prepared.get(&id)
    }

    /// Drops prepared payments that are too old.
    pub fn forget_expired(&mut self, now: i64) {
        let old: Vec<u64> = self
            .prepared
            .values()
            .filter(|p| p.expires <= now)
            .map(|p| p.id)
            .collect();
        for id in old {
            if let Err(error) = self.discard(id) {
                tracing::warn!("[{}] {error}", self.name);
            }
        }
    }

    /// Drops a prepared payment; its coins are free again.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn discard(&mut self, id: u64) -> Result<(), WalletError> {
        if let Some(prepared) = self.prepared.remove(&id) {
            self.changes.coins = true;
            self.return_change(prepared.change_key)?;
        }
        Ok(())
    }

    /// Signs a prepared payment and stores it durably. From here on it can be given to the node, by
    /// whatever program has the file.
    ///
    /// # Errors
    /// [`SpendError::Stale`], [`WalletError::Locked`] (the payment stays prepared), or where the file
    /// cannot be written.
    pub fn send_prepared(&mut self, id: u64, now: i64) -> Result<Arc<Tx>, WalletError> {
        self.forget_expired(now);
        if self.is_watch_only() {
            return Err(SpendError::NoPrivateKeys.into());
        }
        let prepared = self.prepared.get(&id).ok_or(SpendError::Stale)?;
        if prepared.tx.inputs.iter().any(|input| {
            self.is_spent(&input.prevout) || !self.txs.contains_key(&input.prevout.txid)
        }) {
            self.prepared.remove(&id);
            return Err(SpendError::Stale.into());
        }
        let tx = Arc::new(self.sign(prepared.tx.clone(), &prepared.spent)?);
        let prepared = prepared.clone();
        self.transact(|this| {
            let mut new = WalletTx::new(Arc::clone(&tx), TxState::Inactive { abandoned: false });
            new.time_received = u32::try_from(now).unwrap_or(0);
            new.time_smart = new.time_received;
            new.comment = Some(prepared.comment.clone()).filter(|text| !text.is_empty());
            new.comment_to = Some(prepared.comment_to.clone()).filter(|text| !text.is_empty());
            for (destination, label) in &prepared.labels {
                if !label.is_empty() && !this.is_mine_address(destination) {
                    this.put_label(destination, label, Some(Purpose::Send));
                }
            }
            this.store_new(new);
            Ok(())
        })?;
        self.prepared.remove(&id);
        Ok(tx)
    }

    /// A stored transaction that can be given to the node again.
    ///
    /// # Errors
    /// [`WalletError::UnknownTx`], or [`SpendError::Stale`] where a block settled the matter.
    pub fn resendable(&self, txid: &Txid) -> Result<Arc<Tx>, WalletError> {
        let tx = self.txs.get(txid).ok_or(WalletError::UnknownTx(*txid))?;
        match tx.state {
            TxState::Inactive { .. } | TxState::InMempool | TxState::Unrecognized { .. } => {
                Ok(Arc::clone(&tx.tx))
            }
            TxState::Confirmed { .. } | TxState::Conflicted { .. } => Err(SpendError::Stale.into()),
        }
    }
}
