//! The tree of all known block headers, with what is known of each block (Core's `CBlockIndex`,
//! `CChain` and the candidate set of `Chainstate`).

mod candidates;
mod disk;
mod entry;
mod tree;

pub(crate) use disk::{IndexStore, StoredEntry};
pub use entry::{BlockStatus, Validity};
pub(crate) use entry::{Entry, EntryId};
pub use tree::Branch;

use std::collections::{BTreeSet, HashMap};

use primitives::{BlockHash, Header, U256};

use candidates::Candidates;

/// Sequence number of blocks that were on the active chain when the index was loaded.
pub(crate) const SEQUENCE_BEST_CHAIN: i32 = 0;
/// Sequence number of all other loaded blocks.
pub(crate) const SEQUENCE_LOADED: i32 = 1;

/// The tree of block headers.
#[derive(Debug, Default)]
pub struct BlockIndex {
    entries: Vec<Entry>,
    ids: HashMap<BlockHash, EntryId>,
    /// The chain that others see; changes only from one settled tip to the next.
    active: Vec<EntryId>,
    pub(crate) candidates: Candidates,
    /// Blocks whose data came before that of an ancestor, by parent.
    unlinked: HashMap<EntryId, Vec<EntryId>>,
    pub(crate) best_header: Option<EntryId>,
    pub(crate) best_invalid: Option<EntryId>,
    dirty: BTreeSet<EntryId>,
}

impl BlockIndex {
    /// How many headers are known.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn find(&self, hash: &BlockHash) -> Option<EntryId> {
        self.ids.get(hash).copied()
    }

    pub(crate) fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.as_usize()]
    }

    /// The entry, to change it; it will be written with the next flush.
    pub(crate) fn entry_mut(&mut self, id: EntryId) -> &mut Entry {
        self.dirty.insert(id);
        &mut self.entries[id.as_usize()]
    }

    /// The entry, to change what is not stored.
    pub(crate) fn entry_mut_unstored(&mut self, id: EntryId) -> &mut Entry {
        &mut self.entries[id.as_usize()]
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = EntryId> + use<> {
        let end = u32::try_from(self.entries.len()).expect("ids have 32 bits");
        (0..end).map(EntryId::new)
    }

    /// Adds a header whose parent is known, or a first block; returns the known one if it is there.
    pub(crate) fn add(&mut self, header: Header, hash: BlockHash) -> EntryId {
        if let Some(id) = self.find(&hash) {
            return id;
        }
        let id = self.add_unlinked_header(header, hash);
        self.link(id);
        self.entry_mut(id).status.raise(Validity::Tree);
        let work = self.entry(id).chain_work;
        if self
            .best_header
            .is_none_or(|best| self.entry(best).chain_work < work)
        {
            self.best_header = Some(id);
        }
        id
    }

    /// Appends a header; [`BlockIndex::link`] does the rest.
    pub(crate) fn add_unlinked_header(&mut self, header: Header, hash: BlockHash) -> EntryId {
        let id = EntryId::new(u32::try_from(self.entries.len()).expect("ids have 32 bits"));
        let prev = self.find(&header.prev);
        self.ids.insert(hash, id);
        self.entries.push(Entry::new(header, hash, prev));
        id
    }

    /// Computes what an entry has from its parent.
    pub(crate) fn link(&mut self, id: EntryId) {
        let entry = self.entry(id);
        let own_work = entry
            .header
            .bits
            .target()
            .map_or(U256::ZERO, U256::work_of_target);
        let (mut height, mut work, mut time_max, mut skip) = (0, own_work, entry.header.time, None);
        if let Some(prev) = entry.prev {
            let parent = self.entry(prev);
            height = parent.height + 1;
            work = parent.chain_work + own_work;
            time_max = time_max.max(parent.time_max);
            skip = self.ancestor(prev, tree::skip_height(height));
        }
        let entry = self.entry_mut_unstored(id);
        (entry.height, entry.chain_work, entry.time_max, entry.skip) =
            (height, work, time_max, skip);
    }

    /// The chain that others see.
    pub(crate) fn active(&self) -> &[EntryId] {
        &self.active
    }

    /// Replaces the chain that others see, from where it differs.
    pub(crate) fn publish(&mut self, chain: &[EntryId]) {
        let same = chain.len().min(self.active.len());
        // Chains that share a block share all before it.
        let mut keep = same;
        while keep > 0 && self.active[keep - 1] != chain[keep - 1] {
            keep -= 1;
        }
        self.active.truncate(keep);
        self.active.extend_from_slice(&chain[keep..]);
    }

    /// Whether the block is on the chain that others see.
    pub(crate) fn is_active(&self, id: EntryId) -> bool {
        self.active.get(self.entry(id).height as usize) == Some(&id)
    }

    /// Keeps a block whose parent lacks its data in mind.
    pub(crate) fn add_unlinked(&mut self, id: EntryId) {
        let Some(prev) = self.entry(id).prev else {
            return;
        };
        let children = self.unlinked.entry(prev).or_default();
        if !children.contains(&id) {
            children.push(id);
        }
    }

    /// The blocks that waited for the data of `parent`.
    pub(crate) fn take_unlinked(&mut self, parent: EntryId) -> Vec<EntryId> {
        self.unlinked.remove(&parent).unwrap_or_default()
    }

    /// Takes note that the blocks in these files, and what they spent, are not on disk any more.
    pub(crate) fn forget_files(&mut self, files: &BTreeSet<u32>) {
        for id in self.ids() {
            let entry = self.entry(id);
            let here = entry.status.has_data() || entry.status.has_undo();
            if !here || !files.contains(&entry.file) {
                continue;
            }
            let prev = entry.prev;
            let entry = self.entry_mut(id);
            entry.status.set_data(false);
            entry.status.set_undo(false);
            (entry.file, entry.data_offset, entry.undo_offset) = (0, 0, 0);
            // Only a block that is here waits for its parent's data.
            if let Some(waiting) = prev.and_then(|prev| self.unlinked.get_mut(&prev)) {
                waiting.retain(|child| *child != id);
            }
        }
    }

    pub(crate) fn take_dirty(&mut self) -> BTreeSet<EntryId> {
        std::mem::take(&mut self.dirty)
    }

    pub(crate) fn restore_dirty(&mut self, dirty: BTreeSet<EntryId>) {
        self.dirty.extend(dirty);
    }
}

#[cfg(test)]
mod tests;
