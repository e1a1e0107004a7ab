//! Following the chain and the mempool (Core's `CWallet::SyncTransaction` and its callers).

use std::collections::BTreeSet;
use std::sync::Arc;

use primitives::address::Destination;
use primitives::encode::Sink as _;
use primitives::{BlockHash, OutPoint, Tx, Txid};

use super::Wallet;
use super::addresses::Purpose;
use crate::WalletError;
use crate::db::key;
use crate::db::record;
use crate::transaction::{TxState, WalletTx};

mod mempool;
mod place;

pub(super) use place::{placed, with_heights};

/// Blocks so much older than the wallet cannot concern it, whatever their clocks show, in seconds.
const BIRTH_MARGIN: i64 = 14 * 86_400;
/// Blocks without a change for the wallet after which its place is written all the same.
const PLACE_INTERVAL: u32 = 144;

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockPlace {
    /// Height.
    pub height: u32,
    /// The time in its header.
    pub time: i64,
}

/// A block with its transactions.
#[derive(Clone, Debug)]
pub struct BlockData {
    /// Its hash.
    pub hash: BlockHash,
    /// Its place.
    pub place: BlockPlace,
    /// Its transactions.
    pub txs: Vec<Arc<Tx>>,
}

/// One step along the chain.
#[derive(Clone, Debug)]
pub enum Step {
    /// Back by one block.
    Disconnect {
        /// The block that is undone.
        hash: BlockHash,
        /// Its height.
        height: u32,
    },
    /// On by one block.
    Connect(BlockData),
}

/// What the chain knows about a block that a transaction names.
#[derive(Clone, Copy, Debug)]
pub struct KnownBlock {
    /// The block.
    pub hash: BlockHash,
    /// Its place, if it is on the active chain.
    pub place: Option<BlockPlace>,
}

impl Wallet {
    /// Takes steps along the chain, all in one transaction of the file.
    ///
    /// # Errors
    /// Where the file cannot be written; nothing has changed then.
    pub fn apply_steps(&mut self, steps: &[Step], now: i64) -> Result<(), WalletError> {
        if steps.is_empty() {
            return Ok(());
        }
        self.transact(|this| {
            for step in steps {
                match step {
                    Step::Disconnect { hash, height } => {
                        this.disconnect(hash, *height, true);
                        this.retreat(hash, *height);
                    }
                    Step::Connect(block) => {
                        this.advance(block.hash, block.place.height);
                        this.connect(block, now, false);
                    }
                }
            }
            let due = this
                .best
                .is_some_and(|(_, height)| height.is_multiple_of(PLACE_INTERVAL));
            if !this.batch.is_empty() || steps.len() > 1 || due {
                this.record_best_block();
            }
            Ok(())
        })
    }

    /// Looks at blocks that the wallet is past already.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn rescan_blocks(&mut self, blocks: &[BlockData], now: i64) -> Result<(), WalletError> {
        self.transact(|this| {
            for block in blocks {
                // What the follower has yet to connect is left to it.
                if this.best.is_none_or(|(_, best)| block.place.height <= best) {
                    this.connect(block, now, true);
                }
            }
            Ok(())
        })
    }

    /// Undoes blocks that a rescan took for blocks of the active chain.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn undo_rescan(&mut self, blocks: &[(BlockHash, u32)]) -> Result<(), WalletError> {
        self.transact(|this| {
            for (hash, height) in blocks.iter().rev() {
                this.disconnect(hash, *height, true);
            }
            Ok(())
        })
    }

    fn connect(&mut self, block: &BlockData, now: i64, old: bool) {
        let too_old = self
            .birth_time
            .is_none_or(|birth| block.place.time < birth - BIRTH_MARGIN);
        if too_old && !old && self.txs.is_empty() {
            return;
        }
        for (index, tx) in (0i32..).zip(&block.txs) {
            let state = TxState::Confirmed {
                block: block.hash,
                height: Some(block.place.height),
                index,
            };
            if self.sync_tx(tx, state, now, Some(block.place), old) {
                self.put_place(block.hash, block.place);
            }
            if !self.conflictors.is_empty() {
                self.forget_conflictor(&tx.txid());
            }
        }
    }

    pub(super) fn put_place(&mut self, hash: BlockHash, place: BlockPlace) {
        if self.blocks.insert(hash, place) != Some(place) {
            let mut value = place.height.to_le_bytes().to_vec();
            value.put_i64(place.time);
            self.batch.put(key::block_place(&hash), value);
        }
    }

    /// Takes a block's transactions out of the chain. `give_up` says whether its coinbase, and with it all that was paid
    /// from it, is lost (Core's `AddToWallet` for a coinbase that was reorganised out).
    pub(super) fn disconnect(&mut self, hash: &BlockHash, height: u32, give_up: bool) {
        tracing::debug!("[{}] block {height} {hash} is undone", self.name);
        let in_block: Vec<Txid> = self
            .txs
            .values()
            .filter(|tx| matches!(tx.state, TxState::Confirmed { block, .. } if block == *hash))
            .map(|tx| tx.tx.txid())
            .collect();
        for txid in &in_block {
            let coinbase = give_up && self.txs.get(txid).is_some_and(|tx| tx.tx.is_coinbase());
            self.set_state(
                txid,
                TxState::Inactive {
                    abandoned: coinbase,
                },
            );
            if coinbase {
                self.for_descendants(txid, |tx| {
                    let given_up = TxState::Inactive { abandoned: true };
                    (tx.state != given_up).then_some(given_up)
                });
            }
        }
        let freed: Vec<Txid> = self
            .txs
            .values()
            .filter(|tx| {
                matches!(tx.state, TxState::Conflicted { height: Some(at), .. } if at >= height)
            })
            .map(|tx| tx.tx.txid())
            .collect();
        for txid in freed {
            self.set_state(&txid, TxState::Inactive { abandoned: false });
        }
        if self.blocks.remove(hash).is_some() {
            self.batch.delete(key::block_place(hash));
        }
    }

    /// Changes the state of a transaction and records it.
    pub(super) fn set_state(&mut self, txid: &Txid, state: TxState) {
        let Some(tx) = self.txs.get_mut(txid) else {
            return;
        };
        let (old_state, old_witness) = (tx.state, tx.tx.wtxid());
        tx.state = state;
        if !state.is_confirmed() {
            tx.choose_lightest();
        }
        let same_witness = tx.tx.wtxid() == old_witness;
        if old_state == state && same_witness {
            return;
        }
        if state.is_confirmed() || state.is_in_mempool() {
            tx.mempool_conflicts.clear();
        }
        // The mempool is not remembered by the file.
        let same_on_disk = matches!(
            (old_state, state),
            (TxState::InMempool, TxState::Inactive { abandoned: false })
                | (TxState::Inactive { abandoned: false }, TxState::InMempool)
        );
        if !same_on_disk || !same_witness {
            self.record_tx(txid);
        }
        self.note_tx(*txid);
    }

    /// Records a transaction with all its witnesses.
    fn record_tx(&mut self, txid: &Txid) {
        let Some(tx) = self.txs.get(txid) else { return };
        for variant in tx.variants() {
            let key = key::wtx_variant(txid, &variant.wtxid());
            self.batch.put(key, variant.to_bytes());
        }
        self.batch.put(key::tx(txid), tx.encode());
    }

    /// Takes a transaction again that the wallet has, perhaps with another witness (Core's `CWalletTx::Update`).
    fn update_known(&mut self, tx: &Arc<Tx>, state: TxState) {
        let txid = tx.txid();
        let Some(known) = self.txs.get_mut(&txid) else {
            return;
        };
        let old_witness = known.tx.wtxid();
        let added = known.add_variant(tx);
        if state.is_confirmed() {
            known.choose(&tx.wtxid());
        }
        let chosen = known.tx.wtxid() != old_witness;
        self.set_state(&txid, state);
        if added || chosen {
            self.record_tx(&txid);
            self.note_tx(txid);
        }
    }

    /// Remembers that people see something new of a transaction and of what it touches.
    pub(super) fn note_tx(&mut self, txid: Txid) {
        self.changes.txs.insert(txid);
        self.changes.coins = true;
        self.changes.state = true;
    }

    /// Changes the states of all that spend from a transaction, and so on, where `change` says so.
    fn for_descendants(&mut self, txid: &Txid, change: impl Fn(&WalletTx) -> Option<TxState>) {
        let mut todo = vec![*txid];
        let mut done = BTreeSet::from([*txid]);
        while let Some(parent) = todo.pop() {
            let outputs = self.txs.get(&parent).map_or(0, |tx| tx.tx.outputs.len());
            for vout in 0..u32::try_from(outputs).unwrap_or(0) {
                let place = OutPoint::new(parent, vout);
                let spenders = self.spends.get(&place).cloned().unwrap_or_default();
                for spender in spenders {
                    if !done.insert(spender) {
                        continue;
                    }
                    let state = self.txs.get(&spender).and_then(&change);
                    if let Some(state) = state {
                        self.set_state(&spender, state);
                        todo.push(spender);
                    }
                }
            }
        }
    }

    /// Notes that a block holds another transaction with the same coins (Core's `MarkConflicted`).
    fn mark_conflicted(&mut self, txid: &Txid, block: BlockHash, height: u32) {
        let conflicted = TxState::Conflicted {
            block,
            height: Some(height),
        };
        let applies = |tx: &WalletTx| match tx.state {
            TxState::Confirmed { .. } => None,
            TxState::Conflicted {
                height: Some(at), ..
            } if at <= height => None,
            _ => Some(conflicted),
        };
        if self.txs.get(txid).and_then(applies).is_some() {
            self.set_state(txid, conflicted);
            self.for_descendants(txid, applies);
        }
    }

    /// Takes a transaction in if it concerns the wallet; says whether it does.
    pub(super) fn sync_tx(
        &mut self,
        tx: &Arc<Tx>,
        state: TxState,
        now: i64,
        place: Option<BlockPlace>,
        old_block: bool,
    ) -> bool {
        let txid = tx.txid();
        if let TxState::Confirmed {
            block,
            height: Some(height),
            ..
        } = state
            && !tx.is_coinbase()
        {
            for input in &tx.inputs {
                let rivals: Vec<Txid> = match self.spends.get(&input.prevout) {
                    Some(spenders) => spenders.iter().filter(|s| **s != txid).copied().collect(),
                    None => continue,
                };
                for rival in rivals {
                    self.mark_conflicted(&rival, block, height);
                }
            }
        }
        let known = self.txs.contains_key(&txid);
        let from_us = || {
            tx.inputs
                .iter()
                .any(|input| self.mine.contains(&input.prevout))
        };
        let to_us = || {
            tx.outputs
                .iter()
                .any(|output| self.is_mine(&output.script_pubkey))
        };
        if !known && !to_us() && !from_us() {
            return false;
        }
        self.mark_addresses_used(tx);
        if self.has_flag(record::FLAG_AVOID_REUSE) {
            self.mark_inputs_spent_from(tx);
        }
        if known {
            self.update_known(tx, state);
            self.refresh_outputs(&txid);
        } else {
            self.insert_new(Arc::clone(tx), state, now, place, old_block);
        }
        true
    }

    fn mark_addresses_used(&mut self, tx: &Tx) {
        for output in &tx.outputs {
            let Some(owners) = self.scripts.get(&output.script_pubkey).cloned() else {
                continue;
            };
            for id in owners {
                let internal = self.is_internal(&id);
                let Some(manager) = self.managers.get_mut(&id) else {
                    continue;
                };
                let Some(index) = manager.index_of(&output.script_pubkey) else {
                    continue;
                };
                if index < manager.next_index || !manager.descriptor.is_range() {
                    continue;
                }
                let fresh = manager.mark_used(index, self.params, &mut self.batch);
                for destination in fresh {
                    if internal == Some(false) && self.address_entry(&destination).is_none() {
                        self.put_label(&destination, "", Some(Purpose::Receive));
                    }
                }
                if let Err(error) = self.top_up_one(&id, self.options.keypool) {
                    tracing::debug!("[{}] {error}", self.name);
                }
            }
        }
    }

    fn mark_inputs_spent_from(&mut self, tx: &Tx) {
        for input in &tx.inputs {
            if let Some(script) = self
                .output_of(&input.prevout)
                .map(|o| o.script_pubkey.clone())
                && self.is_mine(&script)
                && let Some(destination) = Destination::from_script(&script)
            {
                self.mark_spent_from(&destination);
            }
        }
    }

    /// The output at a place, where the wallet has its transaction.
    pub fn output_of(&self, place: &OutPoint) -> Option<&primitives::TxOut> {
        let tx = self.txs.get(&place.txid)?;
        tx.tx.outputs.get(usize::try_from(place.vout).ok()?)
    }

    fn insert_new(
        &mut self,
        tx: Arc<Tx>,
        state: TxState,
        now: i64,
        place: Option<BlockPlace>,
        old_block: bool,
    ) {
        let mut new = WalletTx::new(tx, state);
        new.time_received = u32::try_from(now).unwrap_or(0);
        new.time_smart = self.smart_time(new.time_received, place, old_block);
        self.store_new(new);
    }

    /// Takes over a transaction that the wallet did not have, and records it.
    pub(super) fn store_new(&mut self, mut new: WalletTx) {
        new.order_pos = self.order_next;
        self.order_next += 1;
        let order = self.order_next.to_le_bytes().to_vec();
        self.batch.put(key::named(key::ORDER_POS_NEXT), order);
        let txid = new.tx.txid();
        tracing::debug!("[{}] AddToWallet {txid} new", self.name);
        self.insert_loaded(new);
        self.record_tx(&txid);
        self.note_tx(txid);
        self.changes.addresses = true;
    }

    /// Puts a transaction into memory.
    pub(super) fn insert_loaded(&mut self, tx: WalletTx) {
        let txid = tx.tx.txid();
        self.note_birth(i64::from(tx.time()));
        self.by_time.insert((tx.time(), txid));
        if tx.order_pos != -1 {
            self.by_order.insert(tx.order_pos, txid);
        }
        for input in &tx.tx.inputs {
            if !input.prevout.is_null() {
                self.spends.entry(input.prevout).or_default().push(txid);
            }
        }
        self.txs.insert(txid, tx);
        self.refresh_outputs(&txid);
    }

    /// Numbers a transaction from a file that has no order yet.
    pub(super) fn give_order(&mut self, txid: &Txid) {
        let order = self.order_next;
        self.order_next += 1;
        if let Some(tx) = self.txs.get_mut(txid) {
            tx.order_pos = order;
            self.by_order.insert(order, *txid);
            self.record_tx(txid);
        }
        let next = self.order_next.to_le_bytes().to_vec();
        self.batch.put(key::named(key::ORDER_POS_NEXT), next);
    }

    fn refresh_outputs(&mut self, txid: &Txid) {
        let Some(tx) = self.txs.get(txid) else { return };
        for (vout, output) in (0u32..).zip(&tx.tx.outputs) {
            if self.scripts.contains_key(&output.script_pubkey) {
                self.mine.insert(OutPoint::new(*txid, vout));
            }
        }
    }

    /// Looks for own outputs again, after scripts were added.
    pub(super) fn refresh_mine(&mut self) {
        let all: Vec<Txid> = self.txs.keys().copied().collect();
        for txid in &all {
            self.refresh_outputs(txid);
        }
        self.changes.txs.extend(all);
        self.changes.coins = true;
        self.changes.state = true;
    }

    /// The time that is shown: fits the block and the order of transactions (Core's `ComputeTimeSmart`).
    fn smart_time(&self, received: u32, place: Option<BlockPlace>, old_block: bool) -> u32 {
        let Some(place) = place else { return received };
        let block_time = u32::try_from(place.time).unwrap_or(0);
        if old_block {
            return block_time;
        }
        let tolerated = received.saturating_add(300);
        let latest = self
            .by_order
            .values()
            .rev()
            .filter_map(|txid| self.txs.get(txid))
            .map(WalletTx::time)
            .find(|time| *time <= tolerated)
            .unwrap_or(0);
        latest.max(block_time.min(received.max(latest)))
    }

    /// Gives a transaction up, with all that spends from it.
    ///
    /// # Errors
    /// [`WalletError::UnknownTx`], [`WalletError::NotAbandonable`], or where the file cannot be
    /// written.
    pub fn abandon(&mut self, txid: &Txid) -> Result<(), WalletError> {
        let tx = self.txs.get(txid).ok_or(WalletError::UnknownTx(*txid))?;
        match tx.state {
            TxState::Inactive { .. } | TxState::Unrecognized { .. } => {}
            _ => return Err(WalletError::NotAbandonable),
        }
        self.transact(|this| {
            let given_up = TxState::Inactive { abandoned: true };
            this.set_state(txid, given_up);
            this.for_descendants(txid, |tx| match tx.state {
                TxState::Inactive { abandoned: false } | TxState::Unrecognized { .. } => {
                    Some(given_up)
                }
                _ => None,
            });
            Ok(())
        })
    }

    /// Whether a transaction can be given up.
    pub fn can_abandon(&self, tx: &WalletTx) -> bool {
        matches!(
            tx.state,
            TxState::Inactive { abandoned: false } | TxState::Unrecognized { .. }
        )
    }

    /// Transactions to give to the node again, in the order in which they came.
    pub fn unconfirmed(&self) -> Vec<Arc<Tx>> {
        self.by_order
            .values()
            .filter_map(|txid| self.txs.get(txid))
            .filter(|tx| tx.state == TxState::Inactive { abandoned: false } && !tx.tx.is_coinbase())
            .map(|tx| Arc::clone(&tx.tx))
            .collect()
    }
}
