//! The scripts of a block, run on the pool while the chain's thread goes on with the next block.

use std::sync::mpsc;
use std::sync::{Arc, mpsc::Receiver};

use consensus::{BlockError, PrecomputedTx, ScriptFlags, TxChecker, verify_script};
use primitives::{Block, ChainParams, Tx, TxOut};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::coins::Coin;
use crate::error::ChainError;
use crate::signature_cache::ValidationCaches;
use crate::undo::{BlockUndo, TxUndo};

/// Inputs that are worth several threads.
const PARALLEL_INPUTS: usize = 4;

/// The rules by which scripts are judged, and what is known already.
#[derive(Clone)]
pub(crate) struct ScriptRules {
    pub(crate) params: &'static ChainParams,
    pub(crate) caches: Arc<ValidationCaches>,
    pub(crate) flags: ScriptFlags,
    /// Whether the transactions will be seen again in a block.
    pub(crate) remember: bool,
}

/// The verdict over a block's scripts, which may not be there yet.
pub(crate) enum Verdict {
    /// It is there.
    Given(Result<(), BlockError>),
    /// The pool is at work.
    Awaited(Receiver<Result<(), BlockError>>),
}

impl Verdict {
    /// Waits for it.
    ///
    /// # Errors
    /// Where a check panicked.
    pub(crate) fn wait(self) -> Result<Result<(), BlockError>, ChainError> {
        match self {
            Self::Given(verdict) => Ok(verdict),
            Self::Awaited(verdict) => verdict
                .recv()
                .map_err(|_| ChainError::Panicked("a script check".to_owned())),
        }
    }
}

impl ScriptRules {
    /// Begins to check all scripts of a block.
    pub(crate) fn begin(
        self,
        pool: &ThreadPool,
        block: &Arc<Block>,
        undo: &Arc<BlockUndo>,
    ) -> Verdict {
        let inputs: usize = undo.txs.iter().map(|tx| tx.spent.len()).sum();
        if inputs < PARALLEL_INPUTS {
            // The other threads would take longer to wake.
            let pairs = block.txs[1..].iter().zip(&undo.txs);
            let failed = pairs
                .map(|(tx, undo)| self.check_tx(tx, &undo.spent))
                .find(Result::is_err);
            return Verdict::Given(failed.unwrap_or(Ok(())));
        }
        let (tell, verdict) = mpsc::sync_channel(1);
        let (block, undo) = (Arc::clone(block), Arc::clone(undo));
        pool.spawn(move || {
            let outcome = self.check_block(&block, &undo);
            drop((block, undo));
            // Nobody waits any more where the chain's thread has failed.
            let _gone = tell.send(outcome);
        });
        Verdict::Awaited(verdict)
    }

    /// Checks all scripts of a block on the current pool. Of several errors the first in the block
    /// is told.
    pub(crate) fn check_block(&self, block: &Block, undo: &BlockUndo) -> Result<(), BlockError> {
        let check = |(tx, undo): (&Arc<Tx>, &TxUndo)| self.check_tx(tx, &undo.spent).err();
        let txs = &block.txs[1..];
        let error = txs.par_iter().zip(&undo.txs).find_map_first(check);
        error.map_or(Ok(()), Err)
    }

    /// Runs the scripts of one transaction's inputs, `spent` being the coins that they spend (Core's
    /// `CheckInputScripts`).
    fn check_tx(&self, tx: &Tx, spent: &[Coin]) -> Result<(), BlockError> {
        let (flags, remember) = (self.flags, self.remember);
        if self.caches.has_scripts(&tx.wtxid(), flags, !remember) {
            return Ok(());
        }
        let outputs: Vec<&TxOut> = spent.iter().map(|coin| &coin.output).collect();
        let known = PrecomputedTx::new(tx, outputs, self.params.hashes);
        let signatures = if remember {
            self.caches.remembering()
        } else {
            self.caches.forgetting()
        };
        let check = |number: usize| {
            let input = &tx.inputs[number];
            let mut checker = TxChecker::new(&known, number).with_cache(&signatures);
            let script = &spent[number].output.script_pubkey;
            let result = verify_script(
                &input.script_sig,
                script,
                &input.witness,
                flags,
                &mut checker,
            );
            result.err().map(|error| BlockError::Script {
                error,
                txid: tx.txid(),
                wtxid: tx.wtxid(),
                input: u32::try_from(number).expect("checked transactions are below 4 MB"),
                spends: input.prevout,
            })
        };
        let inputs = 0..tx.inputs.len();
        let error = if inputs.len() < PARALLEL_INPUTS {
            inputs.into_iter().find_map(check)
        } else {
            inputs.into_par_iter().find_map_first(check)
        };
        if let Some(error) = error {
            return Err(error);
        }
        if remember {
            self.caches.add_scripts(&tx.wtxid(), flags);
        }
        Ok(())
    }
}
