//! Connecting a block to the coins, and taking it back.

use std::collections::HashSet;
use std::sync::Arc;

use consensus::block_check::check_block;
use consensus::deployments::{
    BuriedDeployment, enforces_bip30, is_bip30_implied, is_bip30_unspendable, script_flags,
};
use consensus::tx_verify::{SpentCoin, check_tx_inputs, sequence_locks, transaction_sigop_cost};
use consensus::{
    BlockChecks, BlockError, BlockErrorKind, HeaderChain, ScriptFlags, TxError, block_subsidy,
};
use primitives::params::MAX_BLOCK_SIGOPS_COST;
use primitives::{Amount, Block, BlockHash, OutPoint, Tx, U256};
use rayon::prelude::*;

use crate::chainstate::Chainstate;
use crate::coins::{Coin, CoinsCache, CoinsView, Found, coins_of};
use crate::error::{BlockRejection, ChainError, SubmitError};
use crate::index::{BlockIndex, EntryId};
use crate::read_ahead::inputs_from_outside;
use crate::script_run::ScriptRules;
use crate::store::StoreError;
use crate::undo::{BlockUndo, TxUndo};

/// Blocks within this of the best header's work are always checked in full, in seconds.
const ASSUME_VALID_AGE: i64 = 14 * 24 * 60 * 60;
/// No block has more outputs than this.
const MAX_OUTPUTS_PER_BLOCK: u32 = 4_000_000 / 4 / 9;

/// Whether scripts are run, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScriptChecks {
    /// They are not: the block is an ancestor of one known to be valid.
    Off,
    /// They are, for this reason.
    On(&'static str),
}

/// What connecting a block is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It becomes the tip. `checked`: it passed [`check_block`] in this process.
    Connect {
        /// Whether the block alone was checked just now.
        checked: bool,
    },
    /// Nothing is kept, but what is found valid is remembered.
    Test,
}

/// A block whose coins are in the view, and all of it checked but its scripts.
pub(crate) struct AppliedBlock {
    pub(crate) undo: BlockUndo,
    pub(crate) checks: Option<ScriptChecks>,
    /// By which its scripts are to be judged; `None` where they are not.
    pub(crate) rules: Option<ScriptRules>,
}

/// Whether all that a block did was found and taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disconnected {
    Clean,
    /// Some coins were not as the block had left them.
    Unclean,
}

/// Where a block stands, as connecting it needs to know.
struct Place {
    height: u32,
    parent_median_time: u32,
    flags: ScriptFlags,
    bip30: bool,
    scripts: ScriptChecks,
}

impl Chainstate {
    /// Reads the coins that a block spends and that are not in memory, unless they were read ahead: for
    /// [`CoinsCache::lend`].
    pub(crate) fn fetch_coins(&mut self, block: &Block) -> Found {
        match self.ahead.take_coins(&block.hash) {
            Some(found) => found,
            None => self.coins.fetch(
                &inputs_from_outside(block, &mut HashSet::new()),
                &self.readers,
            ),
        }
    }

    /// Reads the coins that a block spends into the cache, for one that may be checked again.
    pub(crate) fn prefetch_coins(&mut self, block: &Block) -> Result<(), StoreError> {
        let wanted = inputs_from_outside(block, &mut HashSet::new());
        self.coins.prefetch(&wanted, &self.readers)
    }

    /// Connects a block to `view` with all checks, its scripts included (Core's `ConnectBlock`). On an
    /// error the view is to be thrown away.
    pub(crate) fn connect_block<V: CoinsView>(
        &self,
        block: &Block,
        parent: Option<EntryId>,
        view: &mut CoinsCache<V>,
        purpose: Purpose,
    ) -> Result<(), SubmitError> {
        let applied = self.apply_block(block, parent, view, purpose)?;
        let Some(rules) = applied.rules else {
            return Ok(());
        };
        self.pool
            .install(|| rules.check_block(block, &applied.undo))
            .map_err(reject)
    }

    /// Applies a block to `view`, whose best block is its parent, after checking all that depends on
    /// coins but the scripts. On an error the view is to be thrown away.
    pub(crate) fn apply_block<V: CoinsView>(
        &self,
        block: &Block,
        parent: Option<EntryId>,
        view: &mut CoinsCache<V>,
        purpose: Purpose,
    ) -> Result<AppliedBlock, SubmitError> {
        let params = self.params();
        if purpose == (Purpose::Connect { checked: false }) {
            check_block(block, params, BlockChecks::ALL).map_err(|error| match error.kind() {
                // It was not like this when it was stored.
                BlockErrorKind::Mutated => ChainError::CorruptBlock(block.hash).into(),
                _ => SubmitError::from(BlockRejection::from(error)),
            })?;
        }
        view.set_best_block(block.hash);
        let Some(parent) = parent else {
            // The first block's outputs cannot be spent.
            return Ok(AppliedBlock {
                undo: BlockUndo::default(),
                checks: None,
                rules: None,
            });
        };
        let place = self.place_of(block, parent);
        // Where only the reason can differ, it is looked for when there is need of one.
        let late = is_bip30_implied(params);
        if place.bip30 && !late && self.overwrites(block, view.base())? {
            return Err(reject(BlockError::OverwritesTransaction));
        }
        let undo = match self.apply_transactions(block, parent, &place, view) {
            Err(SubmitError::Rejected(_))
                if place.bip30 && late && self.overwrites(block, view.base())? =>
            {
                return Err(reject(BlockError::OverwritesTransaction));
            }
            applied => applied?,
        };
        let rules = (place.scripts != ScriptChecks::Off).then(|| ScriptRules {
            params,
            caches: Arc::clone(&self.caches),
            flags: place.flags,
            remember: purpose == Purpose::Test,
        });
        Ok(AppliedBlock {
            undo,
            checks: Some(place.scripts),
            rules,
        })
    }

    fn place_of(&self, block: &Block, parent: EntryId) -> Place {
        let (params, index) = (self.params(), self.shared.index());
        let branch = index.branch(parent);
        let height = branch.height() + 1;
        Place {
            height,
            parent_median_time: branch.median_time_past(height - 1),
            flags: script_flags(height, &block.hash, params),
            bip30: enforces_bip30(&branch, &block.hash, params),
            scripts: self.script_checks(&index, height, &block.hash),
        }
    }

    /// Whether the scripts of a block are run: not below a block known to be valid, if that lies
    /// deep enough in the best chain of headers.
    fn script_checks(&self, index: &BlockIndex, height: u32, hash: &BlockHash) -> ScriptChecks {
        let Some(assumed) = self.config().assume_valid else {
            return ScriptChecks::On("assumevalid=0 (always verify)");
        };
        let Some(assumed) = index.find(&assumed) else {
            return ScriptChecks::On("assumevalid hash not in headers");
        };
        let Some(id) = index.find(hash) else {
            return ScriptChecks::On("block not in assumevalid chain");
        };
        if index.ancestor(assumed, height) != Some(id) {
            return ScriptChecks::On(if height > index.entry(assumed).height {
                "block height above assumevalid height"
            } else {
                "block not in assumevalid chain"
            });
        }
        let Some(best) = index.best_header.filter(|best| index.descends(*best, id)) else {
            return ScriptChecks::On("block not in best header chain");
        };
        let (best, entry) = (index.entry(best), index.entry(id));
        if best.chain_work < self.config().min_chain_work {
            return ScriptChecks::On("best header chainwork below minimumchainwork");
        }
        let above = best.chain_work - entry.chain_work;
        let block_work = best
            .header
            .bits
            .target()
            .map_or(U256::ZERO, U256::work_of_target);
        let seconds = above * U256::from(u64::from(self.params().target_spacing)) / block_work;
        let age = if seconds.bits() > 63 {
            i64::MAX
        } else {
            seconds.low_u64().cast_signed()
        };
        if age <= ASSUME_VALID_AGE {
            return ScriptChecks::On("block too recent relative to best header");
        }
        ScriptChecks::Off
    }

    /// Whether an output of the block exists already, unspent (BIP30).
    fn overwrites<V: CoinsView>(&self, block: &Block, view: &V) -> Result<bool, StoreError> {
        let exists = |tx: &Tx| {
            let places = (0u32..)
                .map(|n| OutPoint::new(tx.txid(), n))
                .take(tx.outputs.len());
            places
                .map(|place| view.has_coin(&place))
                .find(|found| !matches!(found, Ok(false)))
        };
        let exists = |tx: &std::sync::Arc<Tx>| exists(tx);
        let found = if block.txs.len() < 16 {
            block.txs.iter().find_map(exists)
        } else {
            self.readers
                .install(|| block.txs.par_iter().with_min_len(8).find_map_any(exists))
        };
        found.unwrap_or(Ok(false))
    }

    /// Spends and makes coins, transaction by transaction, checking all but the scripts.
    fn apply_transactions<V: CoinsView>(
        &self,
        block: &Block,
        parent: EntryId,
        place: &Place,
        view: &mut CoinsCache<V>,
    ) -> Result<BlockUndo, SubmitError> {
        let params = self.params();
        let (mut fees, mut sigops) = (Amount::ZERO, 0);
        let mut undo = BlockUndo {
            txs: Vec::with_capacity(block.txs.len()),
        };
        for tx in &block.txs {
            let coinbase = tx.is_coinbase();
            let mut spent = Vec::new();
            if !coinbase {
                spent = spend_inputs(tx, view)?
                    .ok_or_else(|| reject(tx_error(tx, TxError::MissingInputs)))?;
                self.check_coins(&spent, place.height)?;
                let coins = spent.iter().map(|coin| Some(spent_coin(coin)));
                let fee = check_tx_inputs(tx, coins, place.height, params)
                    .map_err(|error| reject(tx_error(tx, error)))?;
                fees += fee;
                if !fees.in_range(params.max_money) {
                    return Err(reject(BlockError::FeesOutOfRange));
                }
                if BuriedDeployment::Csv.is_active(place.height, params)
                    && !self.allows_sequence(tx, &spent, parent, place)
                {
                    return Err(reject(BlockError::NonFinal(Some(tx.txid()))));
                }
            }
            sigops += transaction_sigop_cost(tx, spent.iter().map(|c| &c.output), place.flags);
            if sigops > u64::from(MAX_BLOCK_SIGOPS_COST) {
                return Err(reject(BlockError::TooManySigops));
            }
            for (outpoint, coin) in coins_of(tx, place.height) {
                // Coinbases of old could be repeated.
                view.add(outpoint, &coin, coinbase);
            }
            if !coinbase {
                undo.txs.push(TxUndo { spent });
            }
        }
        let limit = fees + block_subsidy(place.height, params);
        let actual = block.txs[0].value_out();
        if actual > limit {
            let (actual, limit) = (actual.sat(), limit.sat());
            return Err(reject(BlockError::CoinbaseAmount { actual, limit }));
        }
        Ok(undo)
    }

    /// Refuses coins that no block can have made: the store is damaged, not the block invalid.
    pub(crate) fn check_coins(&self, spent: &[Coin], height: u32) -> Result<(), ChainError> {
        let max = self.params().max_money;
        let is_possible = |coin: &Coin| coin.height <= height && coin.output.value.in_range(max);
        match spent.iter().all(is_possible) {
            true => Ok(()),
            false => Err(self.coins.base().bad_value("a coin").into()),
        }
    }

    /// Whether relative lock times allow the transaction in the block after `parent` (BIP68).
    fn allows_sequence(&self, tx: &Tx, spent: &[Coin], parent: EntryId, place: &Place) -> bool {
        let heights = spent.iter().map(|coin| coin.height);
        let index = self.shared.index();
        let branch = index.branch(parent);
        let locks = sequence_locks(tx, heights, |height| branch.median_time_past(height));
        locks.allow(place.height, place.parent_median_time)
    }

    /// Takes a block back from `view`, whose best block it is (Core's `DisconnectBlock`).
    ///
    /// # Errors
    /// Where the undo data does not fit; then the view is to be thrown away.
    pub(crate) fn disconnect_block<V: CoinsView>(
        &self,
        block: &Block,
        undo: BlockUndo,
        height: u32,
        view: &mut CoinsCache<V>,
    ) -> Result<Disconnected, ChainError> {
        take_back(block, undo, height, view)
    }
}

/// Takes a block back from `view`, whose best block it is (Core's `DisconnectBlock`).
///
/// # Errors
/// Where the undo data does not fit; then the view is to be thrown away.
pub(crate) fn take_back<V: CoinsView>(
    block: &Block,
    undo: BlockUndo,
    height: u32,
    view: &mut CoinsCache<V>,
) -> Result<Disconnected, ChainError> {
    let mismatch = || ChainError::Disconnect(block.hash);
    if undo.txs.len() + 1 != block.txs.len() {
        return Err(mismatch());
    }
    let mut clean = true;
    // The coinbase spends nothing; everything goes backwards.
    let undos = std::iter::once(TxUndo::default()).chain(undo.txs);
    let pairs: Vec<_> = block.txs.iter().zip(undos).collect();
    for (tx, undo) in pairs.into_iter().rev() {
        let overwritten = tx.is_coinbase() && is_bip30_unspendable(height, &block.hash);
        for (outpoint, coin) in coins_of(tx, height) {
            let found = view.spend(&outpoint)?;
            clean &= overwritten || found == Some(coin);
        }
        if tx.is_coinbase() {
            continue;
        }
        if undo.spent.len() != tx.inputs.len() {
            return Err(mismatch());
        }
        for (input, coin) in tx.inputs.iter().zip(undo.spent).rev() {
            clean &= restore(coin, &input.prevout, view)?.ok_or_else(mismatch)?;
        }
    }
    view.set_best_block(block.header.prev);
    Ok(if clean {
        Disconnected::Clean
    } else {
        Disconnected::Unclean
    })
}

fn reject(error: BlockError) -> SubmitError {
    BlockRejection::from(error).into()
}

fn tx_error(tx: &Tx, error: TxError) -> BlockError {
    BlockError::Tx {
        txid: tx.txid(),
        error,
        connecting: true,
    }
}

/// A coin as the checks want to see it.
pub(crate) const fn spent_coin(coin: &Coin) -> SpentCoin<'_> {
    SpentCoin {
        output: &coin.output,
        height: coin.height,
        coinbase: coin.coinbase,
    }
}

/// Spends all inputs; `None` where a coin is missing.
fn spend_inputs<V: CoinsView>(
    tx: &Tx,
    view: &mut CoinsCache<V>,
) -> Result<Option<Vec<Coin>>, StoreError> {
    let mut spent = Vec::with_capacity(tx.inputs.len());
    for input in &tx.inputs {
        match view.spend(&input.prevout)? {
            Some(coin) => spent.push(coin),
            None => return Ok(None),
        }
    }
    Ok(Some(spent))
}

/// Puts a spent coin back; says whether there was none in its place, or `None` where the record is
/// too old to say where the coin came from.
fn restore<V: CoinsView>(
    mut coin: Coin,
    outpoint: &OutPoint,
    view: &mut CoinsCache<V>,
) -> Result<Option<bool>, StoreError> {
    let vacant = !view.has_coin(outpoint)?;
    if coin.height == 0 {
        // Old records name height and kind only with the last spent output of a transaction.
        let mut others = (0..MAX_OUTPUTS_PER_BLOCK).map(|n| OutPoint::new(outpoint.txid, n));
        let other = others
            .find_map(|place| view.coin(&place).transpose())
            .transpose()?;
        let Some(other) = other else { return Ok(None) };
        (coin.height, coin.coinbase) = (other.height, other.coinbase);
    }
    view.add(*outpoint, &coin, !vacant);
    Ok(Some(vacant))
}
