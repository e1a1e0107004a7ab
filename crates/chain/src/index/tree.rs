//! Ways through the tree: ancestors, forks, branches.

use consensus::{HeaderChain, HeaderInfo};
use primitives::BlockHash;

use super::BlockIndex;
use super::entry::{Entry, EntryId};
use crate::index::candidates::Rank;

/// The height to which an entry at `height` keeps a link, so that every ancestor is a few links
/// away (Core's `GetSkipHeight`).
pub(super) const fn skip_height(height: u32) -> u32 {
    const fn clear_lowest_one(n: u32) -> u32 {
        n & n.wrapping_sub(1)
    }
    if height < 2 {
        0
    } else if height & 1 == 1 {
        clear_lowest_one(clear_lowest_one(height - 1)) + 1
    } else {
        clear_lowest_one(height)
    }
}

impl BlockIndex {
    /// The ancestor of `id` at `height`, itself included.
    pub(crate) fn ancestor(&self, id: EntryId, height: u32) -> Option<EntryId> {
        let mut id = id;
        let mut entry = self.entry(id);
        if height > entry.height {
            return None;
        }
        while entry.height > height {
            let skip = skip_height(entry.height);
            let skip_of_prev = skip_height(entry.height - 1);
            // The link is worth it unless the parent's reaches nearer to the goal.
            let far = skip == height
                || skip > height && !(skip_of_prev + 2 < skip && skip_of_prev >= height);
            id = match entry.skip {
                Some(skip) if far => skip,
                _ => entry.prev?,
            };
            entry = self.entry(id);
        }
        Some(id)
    }

    /// Whether `id` is `ancestor` or descends from it.
    pub(crate) fn descends(&self, id: EntryId, ancestor: EntryId) -> bool {
        self.ancestor(id, self.entry(ancestor).height) == Some(ancestor)
    }

    /// The last block that two branches share.
    pub(crate) fn last_common(&self, a: EntryId, b: EntryId) -> Option<EntryId> {
        let height = self.entry(a).height.min(self.entry(b).height);
        let (mut a, mut b) = (self.ancestor(a, height)?, self.ancestor(b, height)?);
        while a != b {
            let (x, y) = (self.entry(a), self.entry(b));
            (a, b) = match (x.skip, y.skip) {
                (Some(x), Some(y)) if x != y => (x, y),
                _ => (x.prev?, y.prev?),
            };
        }
        Some(a)
    }

    pub(crate) fn rank(&self, id: EntryId) -> Rank {
        Rank::of(id, self.entry(id))
    }

    /// The branch that ends at `id`.
    pub(crate) const fn branch(&self, id: EntryId) -> Branch<'_> {
        Branch {
            index: self,
            tip: id,
        }
    }

    /// Median time of the block and the ten before it (BIP113), in seconds since 1970.
    pub(crate) fn median_time_past(&self, id: EntryId) -> u32 {
        self.branch(id).median_time_past(self.entry(id).height)
    }
}

/// A branch of the tree from the first block to a tip, as the rules want to see it.
#[derive(Clone, Copy, Debug)]
pub struct Branch<'a> {
    index: &'a BlockIndex,
    tip: EntryId,
}

impl Branch<'_> {
    fn at(&self, height: u32) -> &Entry {
        let id = self.index.ancestor(self.tip, height);
        self.index
            .entry(id.expect("callers stay below the branch's height"))
    }
}

impl HeaderChain for Branch<'_> {
    fn height(&self) -> u32 {
        self.index.entry(self.tip).height
    }

    fn header(&self, height: u32) -> HeaderInfo {
        let header = &self.at(height).header;
        HeaderInfo {
            version: header.version,
            time: header.time,
            bits: header.bits,
        }
    }

    fn hash(&self, height: u32) -> BlockHash {
        self.at(height).hash
    }
}
