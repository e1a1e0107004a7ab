//! What people decide about blocks: `invalidateblock`, `reconsiderblock`, `preciousblock`.

use std::sync::Arc;

use primitives::{Block, BlockHash};

use crate::chainstate::Chainstate;
use crate::error::ChainError;
use crate::index::{EntryId, Validity};

impl Chainstate {
    /// Begins to make a block and its descendants invalid: gives it, unless it is unknown or the
    /// first one.
    pub(crate) fn find_to_invalidate(&self, hash: &BlockHash) -> Option<EntryId> {
        let index = self.shared.index();
        index
            .find(hash)
            .filter(|id| index.entry(*id).prev.is_some())
    }

    /// Takes the tip back and marks it invalid, if `invalid` is below it (one round of Core's
    /// `InvalidateBlock`). `None` once it is not.
    pub(crate) fn invalidate_step(
        &mut self,
        invalid: EntryId,
    ) -> Result<Option<Arc<Block>>, ChainError> {
        let height = self.shared.index().entry(invalid).height;
        let Some(tip) = self.tip().filter(|_| self.contains(invalid, height)) else {
            return Ok(None);
        };
        self.target = None;
        let block = self.disconnect_tip(tip)?;
        let mut index = self.shared.index_mut();
        index.entry_mut(tip).status.set_failed(true);
        let rank = index.rank(tip);
        index.candidates.remove(rank);
        if let Some(new_tip) = self.chain.last() {
            let rank = index.rank(*new_tip);
            index.candidates.insert(rank);
        }
        Ok(Some(block))
    }

    /// Ends what [`Chainstate::invalidate_step`] did: marks all descendants, and finds what may
    /// become the tip instead.
    pub(crate) fn finish_invalidate(&mut self, invalid: EntryId) {
        self.mark_invalid(invalid);
        self.target = None;
        let mut index = self.shared.index_mut();
        let tip = self.chain.last().map(|tip| index.rank(*tip));
        for id in index.ids() {
            let entry = index.entry(id);
            let rank = index.rank(id);
            if entry.status.is_valid(Validity::Transactions)
                && entry.chain_tx_count > 0
                && tip.is_none_or(|tip| rank >= tip)
            {
                index.candidates.insert(rank);
            }
        }
    }

    /// Takes the mark of invalidity from a block, its ancestors and its descendants (Core's
    /// `ResetBlockFailureFlags`). False where the block is unknown.
    pub(crate) fn reconsider(&mut self, hash: &BlockHash) -> bool {
        let mut index = self.shared.index_mut();
        let Some(block) = index.find(hash) else {
            return false;
        };
        let tip = self.chain.last().map(|tip| index.rank(*tip));
        for id in index.ids() {
            let related = index.descends(id, block) || index.descends(block, id);
            if !related || !index.entry(id).status.has_failed() {
                continue;
            }
            index.entry_mut(id).status.set_failed(false);
            let (entry, rank) = (index.entry(id), index.rank(id));
            if entry.status.is_valid(Validity::Transactions)
                && entry.chain_tx_count > 0
                && tip.is_none_or(|tip| rank > tip)
            {
                index.candidates.insert(rank);
            }
            if index.best_invalid == Some(id) {
                index.best_invalid = None;
            }
        }
        let valid = index
            .ids()
            .filter(|id| !index.entry(*id).status.has_failed());
        let best = valid.fold(index.best_header, |best, id| match best {
            Some(best) if index.entry(best).chain_work >= index.entry(id).chain_work => Some(best),
            _ => Some(id),
        });
        index.best_header = best;
        self.target = None;
        true
    }

    /// Puts a block before others with as much work (Core's `PreciousBlock`). False where it is
    /// unknown.
    pub(crate) fn prefer(&mut self, hash: &BlockHash) -> bool {
        let mut index = self.shared.index_mut();
        let Some(id) = index.find(hash) else {
            return false;
        };
        let Some(tip) = self.chain.last().copied() else {
            return true;
        };
        let tip_work = index.entry(tip).chain_work;
        if index.entry(id).chain_work < tip_work {
            return true;
        }
        if tip_work > self.precious_work {
            // The chain has grown since the last call, so old preferences have no weight.
            self.precious_sequence = -1;
        }
        self.precious_work = tip_work;
        let rank = index.rank(id);
        index.candidates.remove(rank);
        index.entry_mut_unstored(id).sequence = self.precious_sequence;
        self.precious_sequence = self.precious_sequence.saturating_sub(1);
        let entry = index.entry(id);
        if entry.status.is_valid(Validity::Transactions) && entry.chain_tx_count > 0 {
            let rank = index.rank(id);
            index.candidates.insert(rank);
        }
        let rank = index.rank(tip);
        index.candidates.prune(rank);
        self.target = None;
        true
    }
}
