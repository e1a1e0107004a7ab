//! Following the chain and the mempool (Core's `CWallet::SyncTransaction` and its callers).

use std::collections::BTreeSet;
use std::sync::Arc;

use ipc_schema::RemovalReason;
use primitives::address::Destination;
use primitives::encode::Sink as _;
use primitives::{BlockHash, OutPoint, Tx, Txid};

use super::Wallet;
use super::addresses::Purpose;
use crate::WalletError;
use crate::db::key;
use crate::db::record;
use crate::transaction::{TxState, WalletTx};

/// How far back from the tip every block stands in a locator.
const LOCATOR_DENSE: u32 = 10;
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

/// Fills in the height of the block that a state names.
pub(super) const fn placed(state: TxState, at: u32) -> TxState {
    match state {
        TxState::Confirmed { block, index, .. } => TxState::Confirmed {
            block,
            height: Some(at),
            index,
        },
        TxState::Conflicted { block, .. } => TxState::Conflicted {
            block,
            height: Some(at),
        },
        other => other,
    }
}

/// Whether a locator of `tip` names the block at `height`: all near the tip, then ever fewer.
const fn in_locator(height: u32, tip: u32) -> bool {
    let age = tip.saturating_sub(height);
    if height == 0 || age <= LOCATOR_DENSE {
        return true;
    }
    let step = 1 << (age / 2).ilog2();
    height.is_multiple_of(step)
}

/// Gives the hashes of a stored locator their heights where those can be told.
pub(super) fn with_heights(
    hashes: Vec<BlockHash>,
    tip: Option<u32>,
) -> Vec<(BlockHash, Option<u32>)> {
    let heights: Vec<u32> = match tip {
        Some(tip) => (0..=tip)
            .rev()
            .filter(|height| in_locator(*height, tip))
            .collect(),
        None => Vec::new(),
    };
    let fits = heights.len() == hashes.len();
    hashes
        .into_iter()
        .enumerate()
        .map(|(i, hash)| (hash, heights.get(i).copied().filter(|_| fits || i == 0)))
        .collect()
}

impl Wallet {
    /// Hashes by which the node finds the last block that both know, newest first.
    pub fn locator(&self) -> Vec<BlockHash> {
        self.locator.iter().map(|(hash, _)| *hash).collect()
    }

    /// Begins at a block without looking at it.
    pub(super) fn start_at(&mut self, hash: BlockHash, height: u32) {
        self.locator.clear();
        if height > 0 {
            self.locator.push((self.params.genesis.hash, Some(0)));
        }
        self.advance(hash, height);
        self.record_best_block();
    }

    fn advance(&mut self, hash: BlockHash, height: u32) {
        self.locator.insert(0, (hash, Some(height)));
        self.locator
            .retain(|(_, at)| at.is_none_or(|at| in_locator(at, height)));
        // Of a foreign locator only its end is kept, once ours has grown long enough.
        if self.locator.iter().filter(|(_, at)| at.is_some()).count() > 64 {
            self.locator.retain(|(_, at)| at.is_some());
        }
        self.best = Some((hash, height));
        self.changes.state = true;
    }

    fn retreat(&mut self, hash: &BlockHash, height: u32) {
        self.locator
            .retain(|(known, at)| known != hash && at.is_none_or(|at| at < height));
        let before = height.saturating_sub(1);
        self.best = match self.locator.first() {
            Some((hash, Some(at))) if *at == before => Some((*hash, before)),
            // The parent is not among the hashes; the next step tells it.
            _ => None,
        };
        self.changes.state = true;
    }

    /// Writes where the wallet stands.
    pub(super) fn record_best_block(&mut self) {
        let Some((hash, height)) = self.best else {
            return;
        };
        let mut place = hash.0.to_vec();
        place.put_u32(height);
        self.batch.put(key::named(key::BEST_PLACE), place);
        self.batch
            .put(key::named(key::BEST_BLOCK), record::locator(&[]));
        self.batch.put(
            key::named(key::BEST_BLOCK_NOMERKLE),
            record::locator(&self.locator()),
        );
    }

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
                        this.disconnect(hash, *height);
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
                this.disconnect(hash, *height);
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

    fn disconnect(&mut self, hash: &BlockHash, height: u32) {
        let in_block: Vec<Txid> = self
            .txs
            .values()
            .filter(|tx| matches!(tx.state, TxState::Confirmed { block, .. } if block == *hash))
            .map(|tx| tx.tx.txid())
            .collect();
        for txid in &in_block {
            let coinbase = self.txs.get(txid).is_some_and(|tx| tx.tx.is_coinbase());
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
    fn set_state(&mut self, txid: &Txid, state: TxState) {
        let Some(tx) = self.txs.get_mut(txid) else {
            return;
        };
        if tx.state == state {
            return;
        }
        // The mempool is not remembered by the file.
        let same_on_disk = matches!(
            (tx.state, state),
            (TxState::InMempool, TxState::Inactive { abandoned: false })
                | (TxState::Inactive { abandoned: false }, TxState::InMempool)
        );
        tx.state = state;
        if state.is_confirmed() || state.is_in_mempool() {
            tx.mempool_conflicts.clear();
        }
        if !same_on_disk {
            let value = tx.encode();
            self.batch.put(key::tx(txid), value);
        }
        self.note_tx(*txid);
    }

    /// Remembers that people see something new of a transaction and of what it touches.
    fn note_tx(&mut self, txid: Txid) {
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
    fn sync_tx(
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
            self.set_state(&txid, state);
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
        self.batch
            .put(key::wtx_variant(&txid, &new.tx.wtxid()), new.tx.to_bytes());
        self.batch.put(key::tx(&txid), new.encode());
        tracing::debug!("[{}] AddToWallet {txid} new", self.name);
        self.insert_loaded(new);
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
            let value = tx.encode();
            self.batch.put(key::tx(txid), value);
            self.by_order.insert(order, *txid);
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

    fn forget_conflictor(&mut self, by: &Txid) {
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

    /// Notes that the node has taken a transaction.
    pub fn mark_in_mempool(&mut self, txid: &Txid) {
        if let Some(tx) = self.txs.get_mut(txid)
            && matches!(tx.state, TxState::Inactive { .. })
        {
            let was_abandoned = tx.state.is_abandoned();
            tx.state = TxState::InMempool;
            self.note_tx(*txid);
            if was_abandoned {
                tracing::debug!("[{}] {txid} is back in the mempool", self.name);
            }
        }
    }

    /// Blocks that transactions name and whose heights are not known.
    pub fn unplaced_blocks(&self) -> BTreeSet<BlockHash> {
        self.txs
            .values()
            .filter(|tx| tx.state.height().is_none())
            .filter_map(|tx| tx.state.block())
            .collect()
    }

    /// Takes what the chain knows about blocks that transactions name.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn place_blocks(&mut self, known: &[KnownBlock]) -> Result<(), WalletError> {
        self.transact(|this| {
            for block in known {
                let named: Vec<Txid> = this
                    .txs
                    .values()
                    .filter(|tx| tx.state.block() == Some(block.hash))
                    .map(|tx| tx.tx.txid())
                    .collect();
                if let Some(place) = block.place {
                    this.put_place(block.hash, place);
                }
                for txid in named {
                    let Some(tx) = this.txs.get(&txid) else {
                        continue;
                    };
                    let state = match block.place {
                        Some(place) => placed(tx.state, place.height),
                        None => TxState::Inactive {
                            abandoned: tx.tx.is_coinbase(),
                        },
                    };
                    this.set_state(&txid, state);
                }
            }
            Ok(())
        })
    }

    /// Goes back to a block without being told the blocks between: the chain that the wallet knew is
    /// not the node's.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn rewind_to(&mut self, hash: BlockHash, height: u32) -> Result<(), WalletError> {
        self.transact(|this| {
            let above: BTreeSet<(u32, BlockHash)> = this
                .txs
                .values()
                .filter_map(|tx| Some((tx.state.height()?, tx.state.block()?)))
                .filter(|(at, _)| *at > height)
                .collect();
            for (at, block) in above.into_iter().rev() {
                this.disconnect(&block, at);
            }
            this.locator
                .retain(|(_, at)| at.is_some_and(|at| at < height));
            this.advance(hash, height);
            this.record_best_block();
            Ok(())
        })
    }

    /// Fixes the height of the wallet's best block, which old files do not tell.
    pub fn place_best(&mut self, hash: BlockHash, height: u32) {
        let hashes = self.locator();
        self.locator = with_heights(hashes, Some(height));
        self.best = Some((hash, height));
        self.changes.state = true;
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
