//! The last blocks are checked against the coins (`-checkblocks`, `verifychain`).

use crate::chainstate::Chainstate;
use crate::coins::CoinsCache;
use crate::config::Task;
use crate::connect::{Disconnected, Purpose};
use crate::error::{ChainError, SubmitError};
use crate::index::EntryId;

use consensus::BlockChecks;
use consensus::block_check::check_block;
use primitives::Block;

/// The most thorough level.
const MAX_LEVEL: u8 = 4;

/// What a check of the last blocks gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    Intact,
    /// As far as blocks are here, it is intact.
    Partial,
    /// It is intact, but there was no memory to compare all blocks with the coins.
    Skipped,
    Damaged,
    /// The process is to stop.
    Interrupted,
    /// Somebody asked for the end; what was looked at is sound.
    Cancelled,
}

impl Chainstate {
    /// Checks the last `blocks` blocks, 0 for all: from level 0 that they can be read, from 1 that
    /// they are valid alone, from 2 their undo data, from 3 that they fit the coins, from 4 that
    /// they can be connected again (Core's `VerifyDB`).
    ///
    /// # Errors
    /// Where the store of the coins fails.
    pub(crate) fn verify(&self, level: u8, blocks: u32) -> Result<Verified, ChainError> {
        let top = self.chain.len().saturating_sub(1);
        if top == 0 {
            return Ok(Verified::Intact);
        }
        let depth = match blocks as usize {
            blocks @ 1.. if blocks <= top => blocks,
            _ => top,
        };
        let level = level.min(MAX_LEVEL);
        tracing::info!(target: "validation", "Verifying last {depth} blocks at level {level}");
        // A wish that came too late for an earlier one.
        self.config().cancel.take_verification();
        let chain = self.chain.clone();
        let mut view = CoinsCache::new(&self.coins);
        let (mut good, mut stopped_at, mut skipped) = (0, 0, false);
        let mut verified = Verified::Intact;
        for (done, id) in chain[top + 1 - depth..].iter().rev().enumerate() {
            self.report_verify(done, depth, level);
            if self.config().is_stopping() {
                return Ok(Verified::Interrupted);
            }
            if self.config().cancel.take_verification() {
                self.config().report(Task::Verifying, 100);
                tracing::warn!(
                    target: "validation",
                    "Verification was cancelled: {done} of the last {depth} blocks were checked"
                );
                return Ok(Verified::Cancelled);
            }
            if self.is_pruned(*id) {
                verified = Verified::Partial;
                break;
            }
            let Some(block) = self.verify_alone(*id, level)? else {
                return Ok(Verified::Damaged);
            };
            stopped_at = done + 1;
            if level < 3 {
                continue;
            }
            skipped |= view.memory() + self.coins.memory() > self.coins_limit;
            if skipped {
                continue;
            }
            if !self.verify_undo(*id, &block, &mut view)? {
                return Ok(Verified::Damaged);
            }
            good += block.txs.len();
        }
        if skipped {
            verified = Verified::Skipped;
            tracing::warn!(
                target: "validation",
                "Skipped verification of level >=3 (insufficient database cache size). Consider \
                 increasing -dbcache."
            );
        } else if level >= 4 && !self.verify_again(&chain[top + 1 - stopped_at..], &mut view)? {
            return Ok(Verified::Damaged);
        }
        self.config().report(Task::Verifying, 100);
        tracing::info!(
            target: "validation",
            "Verification: checked last {stopped_at} blocks at level {level}"
        );
        if level >= 3 && !skipped {
            tracing::info!(
                target: "validation",
                "Verification: no coin database inconsistencies ({good} transactions)"
            );
        }
        Ok(verified)
    }

    /// Whether a block cannot be looked at, since it was deleted.
    fn is_pruned(&self, id: EntryId) -> bool {
        let index = self.shared.index();
        let entry = index.entry(id);
        let pruned = (self.have_pruned() || self.assumed.is_some()) && !entry.status.has_data();
        if pruned {
            tracing::info!(
                target: "validation",
                "Block verification stopping at height {} (no data). This could be due to pruning \
                 or use of an assumeutxo snapshot.",
                entry.height
            );
        }
        pruned
    }

    fn report_verify(&self, done: usize, depth: usize, level: u8) {
        let share = if level >= 4 { 50 } else { 100 };
        let percent = (done * share / depth).clamp(1, 99);
        self.config().report(Task::Verifying, percent as u64);
    }

    /// Levels 0 to 2: the block and its undo data alone.
    fn verify_alone(&self, id: EntryId, level: u8) -> Result<Option<Block>, ChainError> {
        let (hash, height, prev, data, undo) = {
            let index = self.shared.index();
            let entry = index.entry(id);
            (
                entry.hash,
                entry.height,
                entry.header.prev,
                entry.data_pos(),
                entry.undo_pos(),
            )
        };
        let bad = |what: &str, why: &dyn std::fmt::Display| {
            let text = format!("{what} at {height}, hash={hash} ({why})");
            tracing::error!(target: "validation", "Verification error: {text}");
            // Later ones follow from the first.
            self.damage.get_or_init(|| text);
            Ok(None)
        };
        let files = self.writer.files();
        let Some(pos) = data else {
            return bad("ReadBlock failed", &"no data");
        };
        let block = match files.read_block(pos, &hash) {
            Ok(block) => block,
            Err(error) => return bad("ReadBlock failed", &error),
        };
        if level >= 1
            && let Err(error) = check_block(&block, self.params(), BlockChecks::ALL)
        {
            return bad("found bad block", &error);
        }
        if level >= 2
            && let Some(pos) = undo
            && let Err(error) = files.read_undo(pos, &prev)
        {
            return bad("found bad undo data", &error);
        }
        Ok(Some(block))
    }

    /// Level 3: the block can be taken back, and all it did is found.
    fn verify_undo<'a>(
        &'a self,
        id: EntryId,
        block: &Block,
        view: &mut CoinsCache<&'a CoinsCache<crate::coins::CoinsStore>>,
    ) -> Result<bool, ChainError> {
        let height = self.shared.index().entry(id).height;
        let undone = self
            .read_with_undo(id)
            .and_then(|(_, undo)| self.disconnect_block(block, undo, height, view));
        let bad = |what: &str| {
            let text = format!("{what} at {height}, hash={}", block.hash);
            tracing::error!(target: "validation", "Verification error: {text}");
            self.damage.get_or_init(|| text);
            Ok(false)
        };
        match undone {
            Ok(Disconnected::Clean) => Ok(true),
            Ok(Disconnected::Unclean) => bad("coin database inconsistencies found"),
            Err(ChainError::Store(error)) => Err(error.into()),
            Err(error) => bad(&format!(
                "irrecoverable inconsistency in block data ({error})"
            )),
        }
    }

    /// Level 4: the blocks that were taken back can be connected.
    fn verify_again<'a>(
        &'a self,
        chain: &[EntryId],
        view: &mut CoinsCache<&'a CoinsCache<crate::coins::CoinsStore>>,
    ) -> Result<bool, ChainError> {
        for (done, id) in chain.iter().enumerate() {
            self.config()
                .report(Task::Verifying, (50 + done * 50 / chain.len()) as u64);
            let Some(block) = self.verify_alone(*id, 0)? else {
                return Ok(false);
            };
            let parent = self.shared.index().entry(*id).prev;
            let mut above = CoinsCache::new(&*view);
            let connected = self.connect_block(
                &block,
                parent,
                &mut above,
                Purpose::Connect { checked: false },
            );
            match connected {
                Ok(_) => {
                    let changes = above.into_changes();
                    view.apply(changes);
                }
                Err(SubmitError::Chain(error)) => return Err(error),
                Err(SubmitError::Rejected(rejection)) => {
                    tracing::error!(
                        target: "validation",
                        "Verification error: found unconnectable block, hash={} ({rejection})",
                        block.hash
                    );
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
