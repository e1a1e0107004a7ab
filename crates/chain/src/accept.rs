//! Headers and blocks come in: checks without coins, index, block files.

use std::collections::VecDeque;
use std::sync::Arc;

use consensus::block_check::{
    check_block, check_header, contextual_check_block, contextual_check_header, is_block_mutated,
};
use consensus::deployments::BuriedDeployment;
use consensus::{BlockChecks, BlockError, BlockErrorKind};
use primitives::{Block, BlockHash, Header};

use crate::block_files::FilePos;
use crate::chainstate::{Chainstate, log2_work};
use crate::error::{BlockRejection, ChainError, SubmitError};
use crate::flush::FlushMode;
use crate::handle::Submission;
use crate::index::{EntryId, Validity};
use crate::text::iso_date_time;

/// Blocks that nobody asked for are kept if they are no farther than this above the tip.
const MAX_UNREQUESTED_AHEAD: u32 = 288;

impl Chainstate {
    /// Checks a header and adds it to the index (Core's `AcceptBlockHeader`).
    pub(crate) fn accept_header(
        &mut self,
        header: &Header,
        hash: BlockHash,
        work_checked: bool,
    ) -> Result<EntryId, BlockRejection> {
        let mut index = self.shared.index_mut();
        if hash != self.params().genesis.hash {
            if let Some(id) = index.find(&hash) {
                if index.entry(id).status.has_failed() {
                    debug_header(&hash, "is marked invalid");
                    return Err(BlockRejection::KnownInvalid);
                }
                return Ok(id);
            }
            check_header(&hash, header, self.params()).inspect_err(|error| {
                log_header("CheckBlockHeader", &hash, &(*error).into());
            })?;
            let Some(prev) = index.find(&header.prev) else {
                debug_header(&hash, &format!("has prev block not found: {}", header.prev));
                return Err(BlockRejection::UnknownParent);
            };
            if index.entry(prev).status.has_failed() {
                debug_header(&hash, &format!("has prev block invalid: {}", header.prev));
                return Err(BlockRejection::InvalidParent);
            }
            contextual_check_header(header, &index.branch(prev), self.now(), self.params())
                .inspect_err(|error| {
                    log_header("ContextualCheckBlockHeader", &hash, &(*error).into());
                })?;
        }
        if !work_checked {
            tracing::debug!(
                target: "validation",
                "AcceptBlockHeader: not adding new block header {hash}, missing anti-dos \
                 proof-of-work validation"
            );
            return Err(BlockRejection::LowWork);
        }
        Ok(index.add(*header, hash))
    }

    /// Checks headers in a row and adds them to the index (Core's `ProcessNewBlockHeaders`).
    pub(crate) fn accept_headers(
        &mut self,
        headers: &[Header],
        work_checked: bool,
    ) -> Result<Option<BlockHash>, BlockRejection> {
        use rayon::prelude::*;
        let scheme = self.params().hashes;
        let hashes: Vec<_> = self.pool.install(|| {
            headers
                .par_iter()
                .map(|header| header.hash(scheme))
                .collect()
        });
        let mut last = None;
        let mut result = Ok(());
        for (header, hash) in headers.iter().zip(hashes) {
            match self.accept_header(header, hash, work_checked) {
                Ok(_) => last = Some(hash),
                Err(rejection) => {
                    result = Err(rejection);
                    break;
                }
            }
        }
        self.publish_tip();
        result.map(|()| last)
    }

    /// Checks a block that came in and stores it (Core's first half of `ProcessNewBlock`). The
    /// second value says whether it was stored just now.
    pub(crate) fn accept_new_block(
        &mut self,
        block: &Arc<Block>,
        submission: Submission,
    ) -> Result<(EntryId, bool), SubmitError> {
        // A block that fails here is never marked invalid: its transactions may not be its own.
        let checked = check_block(block, self.params(), BlockChecks::ALL)
            .map_err(|error| BlockRejection::from(error).into());
        let accepted = checked.and_then(|()| self.accept_checked_block(block, submission, None));
        if let Err(error) = &accepted {
            let text = describe(error, &block.hash);
            tracing::error!(target: "validation", "ProcessNewBlock: AcceptBlock FAILED ({text})");
        }
        self.publish_tip();
        accepted
    }

    /// Stores a block that lies in a file, or is read from one (`-reindex`, `-loadblock`).
    pub(crate) fn accept_loaded_block(
        &mut self,
        block: &Arc<Block>,
        checked: Result<(), BlockError>,
        pos: Option<FilePos>,
    ) -> Result<(EntryId, bool), SubmitError> {
        let id = self.accept_header(&block.header, block.hash, true)?;
        if let Err(error) = checked {
            // Not where its transactions may be others than those that the header was made for.
            let stored = self.shared.index().entry(id).status.has_data();
            if !stored && !is_block_mutated(block, true) {
                self.mark_invalid(id);
            }
            tracing::error!(target: "validation", "AcceptBlock: {error}, {}", error.debug_message());
            return Err(BlockRejection::from(error).into());
        }
        self.accept_checked_block(block, Submission::LOCAL, pos)
    }

    /// Stores a block that [`check_block`] has passed, unless it is not wanted.
    fn accept_checked_block(
        &mut self,
        block: &Arc<Block>,
        submission: Submission,
        pos: Option<FilePos>,
    ) -> Result<(EntryId, bool), SubmitError> {
        let id = self.accept_header(&block.header, block.hash, submission.work_checked)?;
        if !self.wants_block(id, submission.requested) {
            return Ok((id, false));
        }
        let (height, median_time) = {
            let index = self.shared.index();
            let entry = index.entry(id);
            (
                entry.height,
                entry.prev.map_or(0, |prev| index.median_time_past(prev)),
            )
        };
        if let Err(error) = contextual_check_block(block, height, median_time, self.params()) {
            if error.kind() != BlockErrorKind::Mutated {
                self.mark_invalid(id);
            }
            tracing::error!(target: "validation", "AcceptBlock: {error}, {}", error.debug_message());
            return Err(BlockRejection::from(error).into());
        }
        let pos = match pos {
            Some(pos) => {
                self.writer.add_known(block, height, pos);
                pos
            }
            None => self
                .writer
                .write_block(block, height)
                .map_err(ChainError::from)?,
        };
        self.received_transactions(id, block, pos);
        self.ahead.keep(block);
        self.flush(FlushMode::PruneOnly)?;
        Ok((id, true))
    }

    /// Whether a block is to be stored: it is not here, and was asked for or may soon be the tip.
    fn wants_block(&self, id: EntryId, requested: bool) -> bool {
        let index = self.shared.index();
        let entry = index.entry(id);
        if entry.status.has_data() {
            return false;
        }
        let tip = self.tip().map(|tip| index.entry(tip));
        let tip_height = tip.map_or(0, |tip| tip.height);
        requested
            || (entry.tx_count == 0
                && tip.is_none_or(|tip| entry.chain_work >= tip.chain_work)
                && entry.height <= tip_height.saturating_add(MAX_UNREQUESTED_AHEAD)
                && entry.chain_work >= self.config().min_chain_work)
    }

    /// Takes note that a block's data is here; it and what waited for it may become the tip (Core's
    /// `ReceivedBlockTransactions`).
    pub(crate) fn received_transactions(&mut self, id: EntryId, block: &Block, pos: FilePos) {
        let mut index = self.shared.index_mut();
        let entry = index.entry_mut(id);
        entry.tx_count = u32::try_from(block.txs.len()).expect("checked blocks are below 4 MB");
        (entry.file, entry.data_offset, entry.undo_offset) = (pos.file, pos.offset, 0);
        entry.status.set_data(true);
        if BuriedDeployment::Segwit.is_active(entry.height, self.shared.config.params) {
            entry.status.set_witness();
        }
        entry.status.raise(Validity::Transactions);
        let prev = entry.prev;
        if prev.is_some_and(|prev| index.entry(prev).chain_tx_count == 0) {
            index.add_unlinked(id);
            return;
        }
        // Those that waited longest come first: among equals they win.
        let mut queue = VecDeque::from([id]);
        while let Some(id) = queue.pop_front() {
            let entry = index.entry(id);
            let before = entry
                .prev
                .map_or(0, |prev| index.entry(prev).chain_tx_count);
            let sequence = self.next_sequence;
            self.next_sequence = self.next_sequence.saturating_add(1);
            let entry = index.entry_mut_unstored(id);
            entry.chain_tx_count = before + u64::from(entry.tx_count);
            // The rank changes with the number, so it must not be in the set meanwhile.
            let (old, tip) = (
                index.rank(id),
                self.chain.last().map(|tip| index.rank(*tip)),
            );
            index.candidates.remove(old);
            index.entry_mut_unstored(id).sequence = sequence;
            let rank = index.rank(id);
            if tip.is_none_or(|tip| rank >= tip) {
                index.candidates.insert(rank);
            }
            queue.extend(index.take_unlinked(id));
        }
    }

    /// Marks a block and all its descendants invalid (Core's `InvalidBlockFound`).
    pub(crate) fn mark_invalid(&mut self, id: EntryId) {
        {
            let mut index = self.shared.index_mut();
            index.entry_mut(id).status.set_failed(true);
            let rank = index.rank(id);
            index.candidates.remove(rank);
        }
        self.invalid_chain_found(id);
    }

    /// Marks the descendants of an invalid block, and looks for another best header.
    pub(crate) fn invalid_chain_found(&mut self, invalid: EntryId) {
        let mut index = self.shared.index_mut();
        let work = index.entry(invalid).chain_work;
        if index
            .best_invalid
            .is_none_or(|best| work > index.entry(best).chain_work)
        {
            index.best_invalid = Some(invalid);
        }
        let height = index.entry(invalid).height;
        for id in index.ids() {
            if id != invalid && index.entry(id).height > height && index.descends(id, invalid) {
                index.entry_mut(id).status.set_failed(true);
                let rank = index.rank(id);
                index.candidates.remove(rank);
            }
        }
        if index
            .best_header
            .is_some_and(|best| index.descends(best, invalid))
        {
            let valid = index
                .ids()
                .filter(|id| !index.entry(*id).status.has_failed());
            let best = valid.fold(self.chain.last().copied(), |best, id| match best {
                Some(best) if index.entry(best).chain_work >= index.entry(id).chain_work => {
                    Some(best)
                }
                _ => Some(id),
            });
            index.best_header = best;
        }
        for (what, id) in [
            ("invalid block", Some(invalid)),
            ("current best", self.tip()),
        ] {
            let Some(entry) = id.map(|id| index.entry(id)) else {
                continue;
            };
            tracing::info!(
                target: "validation",
                "InvalidChainFound: {what}={} height={} log2_work={:.6} date={}",
                entry.hash,
                entry.height,
                log2_work(entry.chain_work),
                iso_date_time(entry.header.time.into()),
            );
        }
    }
}

fn debug_header(hash: &BlockHash, what: &str) {
    tracing::debug!(target: "validation", "header {hash} {what}");
}

fn log_header(check: &str, hash: &BlockHash, rejection: &BlockRejection) {
    let text = with_debug(rejection, hash);
    tracing::debug!(
        target: "validation", "AcceptBlockHeader: Consensus::{check}: {hash}, {text}"
    );
}

/// Reason and explanation, as Core's `ValidationState::ToString` joins them.
pub(crate) fn with_debug(rejection: &BlockRejection, hash: &BlockHash) -> String {
    match rejection.debug_message(hash) {
        more if more.is_empty() => rejection.to_string(),
        more => format!("{rejection}, {more}"),
    }
}

fn describe(error: &SubmitError, hash: &BlockHash) -> String {
    match error {
        SubmitError::Rejected(rejection) => with_debug(rejection, hash),
        SubmitError::Chain(error) => error.to_string(),
    }
}
