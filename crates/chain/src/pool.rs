//! The mempool in the hands of the chain's thread: what enters, what blocks take out, what a
//! reorganisation brings back, and blocks made of it.

use std::cell::RefCell;
use std::sync::Arc;

use consensus::block_check::add_witness_commitment;
use consensus::deployments::script_flags;
use consensus::pow::next_work_required;
use consensus::tx_verify::{is_final_tx, sequence_locks};
use consensus::{HeaderChain as _, block_subsidy};
use primitives::{Amount, Block, BlockHash, ChainParams, Hash256, Header, OutPoint, Tx, Txid};

use crate::chainstate::Chainstate;
use crate::coins::{Coin, CoinsView as _};
use crate::error::{ChainError, SubmitError, SubmitTxError};
use crate::index::Branch;
use crate::mempool::accept::{self, AcceptContext, AcceptOptions, Accepted, Checked};
use crate::mempool::package::{self, PackageVerdict};
use crate::mempool::{Mempool, Removal};
use crate::template::{Chosen, TemplateRequest, TemplateTxs, choose, coinbase};

impl Chainstate {
    /// Takes a transaction in, or says whether it would enter.
    pub(crate) fn submit_tx(
        &self,
        tx: &Arc<Tx>,
        options: AcceptOptions,
    ) -> Result<Accepted, SubmitTxError> {
        let checked = self.check_tx(tx, options)?;
        if options.test_only {
            return Ok(checked.accepted().clone());
        }
        let config = self.config();
        let result = {
            let mut pool = self.shared.mempool_mut();
            accept::commit(
                &mut pool,
                checked,
                &config.policy,
                &config.mempool,
                self.now(),
            )
        };
        self.publish_mempool();
        if result.is_ok() {
            tracing::debug!(
                target: "mempool",
                "AcceptToMemoryPool: accepted {} (poolsz {} txn)",
                tx.txid(),
                self.shared.mempool().len()
            );
        }
        Ok(result?)
    }

    fn check_tx(&self, tx: &Arc<Tx>, options: AcceptOptions) -> Result<Checked, SubmitTxError> {
        let check = |context: &AcceptContext<'_>| {
            accept::check(&self.shared.mempool(), tx, context, options)
        };
        Ok(self.with_context(check)??)
    }

    /// Says whether several transactions would enter together.
    pub(crate) fn test_package(&self, txs: &[Arc<Tx>]) -> Result<PackageVerdict, ChainError> {
        self.with_context(|context| package::test(&self.shared.mempool(), txs, context))
    }

    /// Lets `check` see what the mempool's rules look at.
    fn with_context<T>(
        &self,
        check: impl FnOnce(&AcceptContext<'_>) -> T,
    ) -> Result<T, ChainError> {
        let tip = self.tip().ok_or(ChainError::NoTip)?;
        let failure: RefCell<Option<ChainError>> = RefCell::new(None);
        let coins = |outpoint: &OutPoint| match self.coin_at_tip(outpoint) {
            Ok(coin) => coin,
            Err(error) => {
                *failure.borrow_mut() = Some(error);
                None
            }
        };
        let config = self.config();
        let result = {
            let index = self.shared.index();
            let branch = index.branch(tip);
            let signatures = self.caches.remembering();
            check(&AcceptContext {
                params: self.params(),
                policy: &config.policy,
                limits: &config.mempool,
                chain: &branch,
                coins: &coins,
                next_block_flags: script_flags(
                    branch.height() + 1,
                    &BlockHash::ZERO,
                    self.params(),
                ),
                signatures: &signatures,
                now: self.now(),
            })
        };
        match failure.into_inner() {
            Some(error) => Err(error),
            None => Ok(result),
        }
    }

    /// A coin that a block on the tip could spend.
    fn coin_at_tip(&self, outpoint: &OutPoint) -> Result<Option<Coin>, ChainError> {
        let coin = self.coins.coin(outpoint)?;
        let height = self.chain.len().saturating_sub(1);
        let height = u32::try_from(height).expect("heights have 32 bits");
        self.check_coins(coin.as_slice(), height)?;
        Ok(coin)
    }

    /// Shows changes of the mempool to whoever listens.
    fn publish_mempool(&self) {
        let changes = self.shared.mempool_mut().take_changes();
        for change in changes {
            // Nobody may be listening.
            let _ = self.shared.mempool_changes.send(change);
        }
    }

    /// A block became the tip: its transactions wait no longer.
    pub(crate) fn note_connected(&mut self, block: &Block) {
        self.disconnected.remove_block(block);
        self.shared.mempool_mut().remove_for_block(block);
    }

    /// A block was taken back: its transactions will wait again.
    pub(crate) fn note_disconnected(&mut self, block: &Block) {
        let dropped = self.disconnected.add_block(block);
        let mut pool = self.shared.mempool_mut();
        for tx in dropped {
            pool.remove_spenders(&tx, Removal::Reorg);
        }
    }

    /// Brings the mempool in line with a tip that has just changed (Core's
    /// `MaybeUpdateMempoolForReorg`).
    pub(crate) fn settle_mempool(&mut self) {
        if let Some(txs) = self.disconnected.take() {
            for tx in &txs {
                let options = AcceptOptions {
                    from_block: true,
                    ..AcceptOptions::default()
                };
                if let Err(error) = self.submit_tx(tx, options) {
                    tracing::debug!(
                        target: "mempool", "{} does not come back: {error}", tx.txid()
                    );
                    // What spends it cannot stay, either.
                    self.shared
                        .mempool_mut()
                        .remove_spenders(tx, Removal::Reorg);
                }
            }
            self.remove_what_the_tip_forbids();
            let (config, now) = (self.config(), self.now());
            let incremental = config.policy.incremental_relay_fee;
            let mut pool = self.shared.mempool_mut();
            pool.trim(config.mempool.max_usage, incremental, now);
        }
        self.publish_mempool();
    }

    /// Throws out what a shorter or other chain no longer allows (Core's `removeForReorg`).
    fn remove_what_the_tip_forbids(&self) {
        let Some(tip) = self.tip() else { return };
        let forbidden: Vec<Txid> = {
            let index = self.shared.index();
            let branch = index.branch(tip);
            let pool = self.shared.mempool();
            let height = branch.height();
            let median = branch.median_time_past(height);
            let allowed = |tx: &Tx| {
                let coins = self.coins_of_inputs(&pool, tx, height + 1)?;
                let locks = sequence_locks(tx, coins.iter().map(|coin| coin.height), |height| {
                    branch.median_time_past(height)
                });
                let mature = coins.iter().all(|coin| {
                    !coin.coinbase || height + 1 - coin.height >= self.params().coinbase_maturity
                });
                (mature
                    && is_final_tx(tx, height + 1, i64::from(median))
                    && locks.allow(height + 1, median))
                .then_some(())
            };
            pool.entries()
                .filter(|entry| allowed(&entry.tx).is_none())
                .map(|entry| entry.tx.txid())
                .collect()
        };
        let mut pool = self.shared.mempool_mut();
        for txid in forbidden {
            pool.remove_recursive(&txid, Removal::Reorg);
        }
    }

    fn coins_of_inputs(&self, pool: &Mempool, tx: &Tx, next_height: u32) -> Option<Vec<Coin>> {
        let coin = |outpoint: &OutPoint| match pool.output(outpoint) {
            Some(output) => Some(Coin {
                height: next_height,
                coinbase: false,
                output: output.clone(),
            }),
            // What cannot be read is thrown out here; whoever needs the disk will say more.
            None => self.coin_at_tip(outpoint).ok().flatten(),
        };
        tx.inputs.iter().map(|input| coin(&input.prevout)).collect()
    }

    /// Builds a block on the tip. Its merkle root is set; its nonce is 0.
    pub(crate) fn assemble(&mut self, request: TemplateRequest) -> Result<Block, SubmitError> {
        let tip = self.tip().ok_or(ChainError::NoTip)?;
        let (params, now) = (self.params(), self.now());
        let index = self.shared.index();
        let branch = index.branch(tip);
        let height = branch.height() + 1;
        let median = branch.median_time_past(height - 1);
        let wanted = request
            .time
            .unwrap_or_else(|| u32::try_from(now).unwrap_or(u32::MAX));
        let time = wanted.max(minimum_time(&branch, params));
        let (chosen, keep_fees) = match request.txs {
            TemplateTxs::Mempool => {
                let is_final = |tx: &Tx| is_final_tx(tx, height, i64::from(median));
                let limits = &self.shared.config.template;
                (choose(&self.shared.mempool(), limits, is_final), true)
            }
            TemplateTxs::These(txs) => {
                let one = |tx| Chosen {
                    tx,
                    fee: Amount::ZERO,
                    sigops_cost: 0,
                };
                (txs.into_iter().map(one).collect(), false)
            }
        };
        let fees: Amount = chosen
            .iter()
            .filter(|_| keep_fees)
            .map(|chosen| chosen.fee)
            .sum();
        let reward = block_subsidy(height, params) + fees;
        let coinbase = coinbase(height, reward, request.script, params.hashes);
        let txs = std::iter::once(Arc::new(coinbase)).chain(chosen.into_iter().map(|c| c.tx));
        let header = Header {
            version: self.version_bits.compute_block_version(&branch, params),
            prev: branch.hash(height - 1),
            merkle_root: Hash256::ZERO,
            time,
            bits: next_work_required(&branch, time, params),
            nonce: 0,
        };
        let mut block = Block {
            header,
            hash: BlockHash::ZERO,
            txs: txs.collect(),
        };
        let segwit = height >= params.segwit_height;
        add_witness_commitment(&mut block, segwit, params.hashes);
        block.header.merkle_root = consensus::merkle::block_merkle_root(&block).0;
        block.hash = block.header.hash(params.hashes);
        Ok(block)
    }
}

/// The earliest time of the block after `branch` (Core's `GetMinimumTime`). That a period's first block lies near its
/// parent (BIP94) is kept where it is no rule, too: it becomes one some day.
fn minimum_time(branch: &Branch<'_>, params: &ChainParams) -> u32 {
    let height = branch.height() + 1;
    let after_median = branch.median_time_past(height - 1).saturating_add(1);
    if height.is_multiple_of(params.difficulty_adjustment_interval) {
        let near_parent = branch.last().time.saturating_sub(params.bip94_max_timewarp);
        after_median.max(near_parent)
    } else {
        after_median
    }
}
