//! Coins in memory above another view, with the changes that the view does not know yet (Core's
//! `CCoinsViewCache`).

use primitives::{BlockHash, OutPoint};
use rayon::ThreadPool;
use rayon::prelude::*;

use super::disk::key_order;
use super::slot::{Slot, SlotRef};
use super::table::{CoinTable, Number};
use super::{Coin, CoinsStore, CoinsView};
use crate::store::StoreError;

/// Coins that one thread reads at a time.
const PART: usize = 128;

/// Coins in memory above another view.
#[derive(Debug)]
pub struct CoinsCache<V> {
    base: V,
    coins: CoinTable,
    best: Option<BlockHash>,
}

/// Changes that a view above made, with the block that they lead to.
#[derive(Debug)]
pub(crate) struct Changes {
    slots: Vec<Slot>,
    best: Option<BlockHash>,
}

/// Coins that the view below has.
pub(crate) type Found = Result<Vec<Slot>, StoreError>;

/// Reads coins, many of them at a time on the current pool, for as many blocks as `blocks` says: each
/// place comes with the number of its block.
pub(crate) fn read_coins(
    store: &CoinsStore,
    mut wanted: Vec<(OutPoint, usize)>,
    blocks: usize,
) -> Result<Vec<Vec<Slot>>, StoreError> {
    // Neighbours share what the store looks at; for that, their first bytes are enough.
    wanted.sort_unstable_by_key(|(outpoint, _)| {
        let first = outpoint.txid.0.first_chunk().expect("ids are longer");
        u64::from_be_bytes(*first)
    });
    let read = |part: &[(OutPoint, usize)]| {
        let mut found = Vec::with_capacity(part.len());
        for (outpoint, block) in part {
            if let Some(slot) = store.slot(outpoint)? {
                found.push((*block, slot));
            }
        }
        Ok(found)
    };
    let parts = wanted.par_chunks(PART).map(read);
    let parts: Vec<Result<_, StoreError>> = parts.collect();
    let mut found = vec![Vec::new(); blocks];
    for part in parts {
        for (block, slot) in part? {
            found[block].push(slot);
        }
    }
    Ok(found)
}

impl<V: CoinsView> CoinsCache<V> {
    /// An empty cache above `base`.
    pub fn new(base: V) -> Self {
        Self {
            base,
            coins: CoinTable::default(),
            best: None,
        }
    }

    /// The view below.
    pub const fn base(&self) -> &V {
        &self.base
    }

    /// Coins that are held, spent ones that the view below does not know of included.
    pub fn len(&self) -> usize {
        self.coins.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.coins.len() == 0
    }

    /// Coins that the view below does not know as they are.
    pub const fn dirty_count(&self) -> usize {
        self.coins.dirty_count()
    }

    /// Memory in use, in bytes, as near as can be told from outside the allocator.
    pub fn memory(&self) -> usize {
        self.coins.memory()
    }

    /// Sets the block that the coins stand at.
    pub fn set_best_block(&mut self, hash: BlockHash) {
        self.best = Some(hash);
    }

    /// Whether something is known of `outpoint` without asking the view below.
    pub(crate) fn knows(&self, outpoint: &OutPoint) -> bool {
        self.coins.contains(outpoint)
    }

    /// Keeps what was read from the view below, unless more is known already.
    pub(crate) fn take_over(&mut self, found: Vec<Slot>) {
        for slot in found {
            let outpoint = slot.outpoint;
            self.coins
                .change(&outpoint, |old| (Some(old.unwrap_or(slot)), ()));
        }
    }

    /// As [`CoinsCache::take_over`], for a view above this one: what was read below both, some time ago.
    pub(crate) fn lend(&self, found: Vec<Slot>) -> CoinsCache<&Self> {
        let mut view = CoinsCache::new(self);
        // What is known here may have been changed since.
        let unchanged = found.into_iter().filter(|slot| !self.knows(&slot.outpoint));
        view.take_over(unchanged.collect());
        view
    }

    /// Spends the coin at `outpoint` and returns it; `None` where there is none.
    ///
    /// # Errors
    /// Where the view below cannot be read.
    pub fn spend(&mut self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        let base = &self.base;
        self.coins.change(outpoint, |old| match old {
            Some(slot) => match slot.coin() {
                None => (Some(slot), Ok(None)),
                Some(coin) if slot.fresh => (None, Ok(Some(coin))),
                Some(coin) => (Some(Slot::dirty(*outpoint, None, false)), Ok(Some(coin))),
            },
            None => match base.coin(outpoint) {
                Ok(Some(coin)) => (Some(Slot::dirty(*outpoint, None, false)), Ok(Some(coin))),
                nothing => (None, nothing),
            },
        })
    }

    /// Adds a coin. `overwrite` says that there may be an unspent one at this place already, here
    /// or below.
    pub fn add(&mut self, outpoint: OutPoint, coin: &Coin, overwrite: bool) {
        self.coins.change(&outpoint, |old| {
            let fresh = match old {
                // Below, a coin may still stand whose spending is known only here.
                Some(slot) => slot.fresh || (!overwrite && !slot.dirty),
                None => !overwrite,
            };
            (Some(Slot::dirty(outpoint, Some(coin), fresh)), ())
        });
    }

    /// The changes, for [`CoinsCache::apply`] of the cache below.
    pub(crate) fn into_changes(self) -> Changes {
        Changes {
            slots: self.coins.into_changes().collect(),
            best: self.best,
        }
    }

    /// Takes over the changes of a view above.
    pub(crate) fn apply(&mut self, changes: Changes) {
        for mut slot in changes.slots {
            let outpoint = slot.outpoint;
            self.coins.change(&outpoint, |old| {
                // Not fresh even if the change is: it may have been spent here already.
                slot.fresh = old.map_or(slot.fresh, |old| old.fresh);
                let needless = slot.fresh && !slot.is_unspent();
                ((!needless).then_some(slot), ())
            });
        }
        if changes.best.is_some() {
            self.best = changes.best;
        }
    }

    /// The changes in the order of their keys, for the store.
    pub(crate) fn sorted_changes(&self) -> impl ExactSizeIterator<Item = SlotRef<'_>> {
        const HALF: u32 = u32::BITS;
        let view = |change: u64| {
            let number = u32::try_from(change & u64::from(u32::MAX)).expect("the lower half");
            self.coins.view(Number::from_bits(number))
        };
        // The first bytes of the id above the number: that orders most without a look at the others.
        let numbers = self.coins.changes().map(|number| {
            let head = self.coins.view(number).outpoint.txid.0;
            let head = u32::from_be_bytes(*head.first_chunk().expect("ids are longer"));
            u64::from(head) << HALF | u64::from(number.bits())
        });
        let mut changes = Vec::with_capacity(self.dirty_count());
        changes.extend(numbers);
        changes.par_sort_unstable();
        let alike = changes.par_chunk_by_mut(|a, b| a >> HALF == b >> HALF);
        alike.filter(|alike| alike.len() > 1).for_each(|alike| {
            alike.sort_unstable_by(|a, b| key_order(&view(*a).outpoint, &view(*b).outpoint));
        });
        changes.into_iter().map(view)
    }

    /// Says that the view below now has all changes. Unspent coins stay in memory if `keep`.
    pub(crate) fn written(&mut self, keep: bool) {
        if keep {
            self.coins.settle();
        } else {
            self.coins = CoinTable::default();
        }
    }
}

impl CoinsCache<CoinsStore> {
    /// Reads the coins at `outpoints` that are not in memory, many of them at a time on `readers`, and
    /// keeps them.
    ///
    /// # Errors
    /// Where the view below cannot be read.
    pub fn prefetch(
        &mut self,
        outpoints: &[OutPoint],
        readers: &ThreadPool,
    ) -> Result<(), StoreError> {
        let found = self.fetch(outpoints, readers)?;
        self.take_over(found);
        Ok(())
    }

    /// As [`CoinsCache::prefetch`], for a view above to keep.
    pub(crate) fn fetch(&self, outpoints: &[OutPoint], readers: &ThreadPool) -> Found {
        let missing = outpoints.iter().filter(|outpoint| !self.knows(outpoint));
        let missing: Vec<_> = missing.copied().collect();
        // A few reads are done before the other threads are awake.
        if missing.len() >= 16 {
            let missing = missing.into_iter().map(|outpoint| (outpoint, 0)).collect();
            let found = readers.install(|| read_coins(&self.base, missing, 1))?;
            return Ok(found.into_iter().flatten().collect());
        }
        let read = missing.iter().map(|outpoint| self.base.slot(outpoint));
        read.filter_map(Result::transpose).collect()
    }
}

impl<V: CoinsView> CoinsView for CoinsCache<V> {
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        match self.coins.get(outpoint) {
            Some(slot) => Ok(slot.coin()),
            None => self.base.coin(outpoint),
        }
    }

    fn best_block(&self) -> Result<Option<BlockHash>, StoreError> {
        match self.best {
            Some(hash) => Ok(Some(hash)),
            None => self.base.best_block(),
        }
    }

    fn has_coin(&self, outpoint: &OutPoint) -> Result<bool, StoreError> {
        match self.coins.get(outpoint) {
            Some(slot) => Ok(slot.is_unspent()),
            None => self.base.has_coin(outpoint),
        }
    }
}
