//! The block index as it is read at the start.

use std::collections::BTreeSet;
use std::fs::File;

use consensus::pow::check_proof_of_work;
use primitives::params::AssumeUtxo;

use crate::block_files::{BlockFiles, FileError};
use crate::config::ChainConfig;
use crate::error::{ChainError, StartError};
use crate::index::{BlockIndex, IndexStore, StoredEntry, Validity};

/// Reads the index, parents before their children.
pub(super) fn load_index(
    store: &IndexStore,
    config: &ChainConfig,
    snapshot: Option<&AssumeUtxo>,
) -> Result<BlockIndex, StartError> {
    let damaged = |error: ChainError| StartError::LoadIndex(error);
    let mut entries = Vec::new();
    for entry in store.blocks() {
        let entry = entry.map_err(|error| damaged(error.into()))?;
        if !check_proof_of_work(&entry.hash, entry.header.bits, config.params) {
            return Err(damaged(ChainError::BadIndex("a block lacks its work")));
        }
        entries.push(entry);
        if config.is_stopping() {
            return Err(StartError::Interrupted);
        }
    }
    entries.sort_unstable_by_key(|entry| (entry.height, entry.hash));
    if entries
        .first()
        .is_some_and(|entry| entry.hash != config.params.genesis.hash)
    {
        return Err(StartError::WrongGenesis);
    }
    let mut index = BlockIndex::default();
    for entry in entries {
        index
            .add_stored(&entry, snapshot)
            .map_err(|what| damaged(ChainError::BadIndex(what)))?;
    }
    Ok(index)
}

/// Makes sure that the block files which the index speaks of can be opened, and that it knows
/// `known` of them.
pub(super) fn check_files(
    index: &BlockIndex,
    files: &BlockFiles,
    known: usize,
) -> Result<(), StartError> {
    tracing::info!(target: "validation", "Checking all blk files are present...");
    let numbers: BTreeSet<u32> = index
        .ids()
        .filter_map(|id| index.entry(id).data_pos().map(|pos| pos.file))
        .collect();
    if numbers.last().is_some_and(|last| *last as usize >= known) {
        let what = "a block lies in a file that it does not know";
        return Err(StartError::LoadIndex(ChainError::BadIndex(what)));
    }
    for number in numbers {
        let path = files.block_path(number);
        File::open(&path)
            .map_err(|error| StartError::LoadIndex(FileError::io("open", &path, error).into()))?;
    }
    Ok(())
}

impl BlockIndex {
    /// Adds a block as stored. Its parent, lower by one, was added before.
    fn add_stored(
        &mut self,
        stored: &StoredEntry,
        snapshot: Option<&AssumeUtxo>,
    ) -> Result<(), &'static str> {
        let id = self.add_unlinked_header(stored.header, stored.hash);
        if self.entry(id).prev.is_none() && stored.height > 0 {
            return Err("a block lacks its parent");
        }
        self.link(id);
        let entry = self.entry_mut_unstored(id);
        if entry.height != stored.height {
            return Err("a block has a wrong height");
        }
        entry.status = stored.status;
        entry.tx_count = stored.tx_count;
        entry.file = stored.file;
        (entry.data_offset, entry.undo_offset) = (stored.data_offset, stored.undo_offset);
        let (prev, work) = (entry.prev, entry.chain_work);
        let base = snapshot.filter(|snapshot| snapshot.block == stored.hash);
        if let Some(base) = base {
            self.entry_mut_unstored(id).chain_tx_count = base.chain_tx_count;
        }
        if stored.tx_count > 0 {
            let before = prev.map(|prev| self.entry(prev).chain_tx_count);
            if before == Some(0) {
                if stored.status.has_data() {
                    self.add_unlinked(id);
                }
            } else {
                self.entry_mut_unstored(id).chain_tx_count =
                    before.unwrap_or(0) + u64::from(stored.tx_count);
            }
        }
        let parent_failed = prev.is_some_and(|prev| self.entry(prev).status.has_failed());
        if parent_failed && !stored.status.has_failed() {
            self.entry_mut(id).status.set_failed(true);
        }
        let status = self.entry(id).status;
        if status.has_failed() {
            if self
                .best_invalid
                .is_none_or(|best| work > self.entry(best).chain_work)
            {
                self.best_invalid = Some(id);
            }
        } else if status.is_valid(Validity::Tree)
            && self
                .best_header
                .is_none_or(|best| self.rank(best) < self.rank(id))
        {
            self.best_header = Some(id);
        }
        Ok(())
    }
}
