//! Coins in memory above another view, with the changes that the view does not know yet (Core's
//! `CCoinsViewCache`).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem::size_of;

use primitives::{BlockHash, OutPoint};
use rayon::ThreadPool;
use rayon::prelude::*;

use super::{Coin, CoinsView};
use crate::store::StoreError;

/// A coin in the cache; spent where `coin` is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cached {
    coin: Option<Coin>,
    /// The view below has something else.
    dirty: bool,
    /// The view below has nothing, so that a spent coin need not be mentioned to it.
    fresh: bool,
}

/// Coins in memory above another view.
#[derive(Debug)]
pub struct CoinsCache<V> {
    base: V,
    coins: HashMap<OutPoint, Cached>,
    best: Option<BlockHash>,
    heap_bytes: usize,
    dirty: usize,
}

/// A change that a view above made: the coin, or `None` where it is spent.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) outpoint: OutPoint,
    pub(crate) coin: Option<Coin>,
    pub(crate) fresh: bool,
}

impl<V: CoinsView> CoinsCache<V> {
    /// An empty cache above `base`.
    pub fn new(base: V) -> Self {
        Self {
            base,
            coins: HashMap::new(),
            best: None,
            heap_bytes: 0,
            dirty: 0,
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
        self.coins.is_empty()
    }

    /// Coins that the view below does not know as they are.
    pub const fn dirty_count(&self) -> usize {
        self.dirty
    }

    /// Memory in use, in bytes, as near as can be told from outside the allocator.
    pub fn memory(&self) -> usize {
        // A table of n slots holds 7/8 n entries, with a byte of control each.
        let slots = (self.coins.capacity() * 8).div_ceil(7);
        slots * (size_of::<(OutPoint, Cached)>() + 1) + self.heap_bytes
    }

    /// Sets the block that the coins stand at.
    pub fn set_best_block(&mut self, hash: BlockHash) {
        self.best = Some(hash);
    }

    /// The coin at `outpoint`, which stays in memory.
    ///
    /// # Errors
    /// Where the view below cannot be read.
    pub fn fetch(&mut self, outpoint: &OutPoint) -> Result<Option<&Coin>, StoreError> {
        // Looked up twice: a found entry cannot be returned early from a mutable borrow.
        if !self.coins.contains_key(outpoint) {
            let Some(coin) = self.base.coin(outpoint)? else {
                return Ok(None);
            };
            self.insert_clean(*outpoint, coin);
        }
        Ok(self
            .coins
            .get(outpoint)
            .and_then(|cached| cached.coin.as_ref()))
    }

    fn insert_clean(&mut self, outpoint: OutPoint, coin: Coin) {
        self.heap_bytes += coin.heap_bytes();
        let clean = Cached {
            coin: Some(coin),
            dirty: false,
            fresh: false,
        };
        self.coins.insert(outpoint, clean);
    }

    /// Reads the coins at `outpoints` that are not in memory, many of them at a time on `readers`.
    ///
    /// # Errors
    /// Where the view below cannot be read.
    pub fn prefetch(
        &mut self,
        outpoints: &[OutPoint],
        readers: &ThreadPool,
    ) -> Result<(), StoreError> {
        let missing: Vec<_> = outpoints
            .iter()
            .filter(|outpoint| !self.coins.contains_key(outpoint))
            .collect();
        let read = |outpoint: &&OutPoint| match self.base.coin(outpoint) {
            Ok(coin) => coin.map(|coin| Ok((**outpoint, coin))),
            Err(error) => Some(Err(error)),
        };
        // A few reads are done before the other threads are awake.
        let found: Vec<_> = if missing.len() < 16 {
            missing.iter().filter_map(read).collect::<Result<_, _>>()?
        } else {
            readers.install(|| {
                let read = missing.par_iter().with_min_len(8).filter_map(read);
                read.collect::<Result<_, _>>()
            })?
        };
        for (outpoint, coin) in found {
            if !self.coins.contains_key(&outpoint) {
                self.insert_clean(outpoint, coin);
            }
        }
        Ok(())
    }

    /// Spends the coin at `outpoint` and returns it; `None` where there is none.
    ///
    /// # Errors
    /// Where the view below cannot be read.
    pub fn spend(&mut self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        match self.coins.entry(*outpoint) {
            Entry::Occupied(mut entry) => {
                let cached = entry.get_mut();
                let Some(coin) = cached.coin.take() else {
                    return Ok(None);
                };
                self.heap_bytes -= coin.heap_bytes();
                if cached.fresh {
                    self.dirty -= usize::from(cached.dirty);
                    entry.remove();
                } else {
                    self.dirty += usize::from(!cached.dirty);
                    cached.dirty = true;
                }
                Ok(Some(coin))
            }
            Entry::Vacant(entry) => {
                let Some(coin) = self.base.coin(outpoint)? else {
                    return Ok(None);
                };
                entry.insert(Cached {
                    coin: None,
                    dirty: true,
                    fresh: false,
                });
                self.dirty += 1;
                Ok(Some(coin))
            }
        }
    }

    /// Adds a coin. `overwrite` says that there may be an unspent one at this place already, here
    /// or below.
    pub fn add(&mut self, outpoint: OutPoint, coin: Coin, overwrite: bool) {
        let heap_bytes = coin.heap_bytes();
        match self.coins.entry(outpoint) {
            Entry::Occupied(mut entry) => {
                let cached = entry.get_mut();
                if let Some(old) = cached.coin.replace(coin) {
                    self.heap_bytes -= old.heap_bytes();
                }
                // Below, a coin may still stand whose spending is known only here.
                cached.fresh |= !overwrite && !cached.dirty;
                self.dirty += usize::from(!cached.dirty);
                cached.dirty = true;
            }
            Entry::Vacant(entry) => {
                entry.insert(Cached {
                    coin: Some(coin),
                    dirty: true,
                    fresh: !overwrite,
                });
                self.dirty += 1;
            }
        }
        self.heap_bytes += heap_bytes;
    }

    /// Forgets a coin that the view below knows as well.
    pub fn uncache(&mut self, outpoint: &OutPoint) {
        if self.coins.get(outpoint).is_some_and(|cached| !cached.dirty)
            && let Some(Cached {
                coin: Some(coin), ..
            }) = self.coins.remove(outpoint)
        {
            self.heap_bytes -= coin.heap_bytes();
        }
    }

    /// Whether the coin at `outpoint` is in memory, unspent.
    pub fn holds(&self, outpoint: &OutPoint) -> bool {
        self.coins
            .get(outpoint)
            .is_some_and(|cached| cached.coin.is_some())
    }

    /// The changes, for [`CoinsCache::apply`] of the cache below.
    pub(crate) fn into_changes(self) -> (Vec<Change>, Option<BlockHash>) {
        let changed = self.coins.into_iter().filter(|(_, cached)| cached.dirty);
        let changes = changed
            .map(|(outpoint, Cached { coin, fresh, .. })| Change {
                outpoint,
                coin,
                fresh,
            })
            .collect();
        (changes, self.best)
    }

    /// Takes over the changes of a view above.
    pub(crate) fn apply(&mut self, (changes, best): (Vec<Change>, Option<BlockHash>)) {
        for Change {
            outpoint,
            coin,
            fresh,
        } in changes
        {
            let heap_bytes = coin.as_ref().map_or(0, Coin::heap_bytes);
            match self.coins.entry(outpoint) {
                Entry::Occupied(mut entry) => {
                    let cached = entry.get_mut();
                    self.heap_bytes -= cached.coin.as_ref().map_or(0, Coin::heap_bytes);
                    if cached.fresh && coin.is_none() {
                        self.dirty -= usize::from(cached.dirty);
                        entry.remove();
                        continue;
                    }
                    // Not fresh even if the change is: it may have been spent here already.
                    self.dirty += usize::from(!cached.dirty);
                    *cached = Cached {
                        coin,
                        dirty: true,
                        fresh: cached.fresh,
                    };
                }
                Entry::Vacant(entry) => {
                    if fresh && coin.is_none() {
                        continue;
                    }
                    entry.insert(Cached {
                        coin,
                        dirty: true,
                        fresh,
                    });
                    self.dirty += 1;
                }
            }
            self.heap_bytes += heap_bytes;
        }
        if best.is_some() {
            self.best = best;
        }
    }

    /// The changes in the order of their places, for the store.
    pub(crate) fn sorted_changes(&self) -> Vec<(&OutPoint, Option<&Coin>)> {
        let dirty = self.coins.iter().filter(|(_, cached)| cached.dirty);
        let mut changes: Vec<_> = dirty
            .map(|(outpoint, cached)| (outpoint, cached.coin.as_ref()))
            .collect();
        changes.sort_unstable_by_key(|(outpoint, _)| *outpoint);
        changes
    }

    /// Says that the view below now has all changes. Unspent coins stay in memory if `keep`.
    pub(crate) fn written(&mut self, keep: bool) {
        if keep {
            self.coins.retain(|_, cached| {
                (cached.dirty, cached.fresh) = (false, false);
                cached.coin.is_some()
            });
        } else {
            self.coins = HashMap::new();
            self.heap_bytes = 0;
        }
        self.dirty = 0;
    }
}

impl<V: CoinsView> CoinsView for CoinsCache<V> {
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        match self.coins.get(outpoint) {
            Some(cached) => Ok(cached.coin.clone()),
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
            Some(cached) => Ok(cached.coin.is_some()),
            None => self.base.has_coin(outpoint),
        }
    }
}
