//! Which rows of a list are selected: by what they are, not by where they stand, so that the list may move.

use std::collections::HashSet;
use std::hash::Hash;

/// How a row was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// This row alone.
    Only,
    /// This row too, or no longer (Ctrl).
    Toggle,
    /// All rows from the last pick to this one (Shift).
    Range,
}

/// The selected rows.
#[derive(Debug, Clone)]
pub struct Selection<K> {
    picked: HashSet<K>,
    /// Where a range begins.
    anchor: Option<K>,
    cursor: Option<K>,
}

impl<K> Default for Selection<K> {
    fn default() -> Self {
        Self {
            picked: HashSet::new(),
            anchor: None,
            cursor: None,
        }
    }
}

impl<K: Copy + Eq + Hash> Selection<K> {
    /// Picks the row at `place`; `key_at` and `place_of` know the list.
    pub fn pick(
        &mut self,
        place: usize,
        pick: Pick,
        key_at: impl Fn(usize) -> Option<K>,
        place_of: impl Fn(&K) -> Option<usize>,
    ) {
        let Some(key) = key_at(place) else {
            return;
        };
        match pick {
            Pick::Only => {
                self.only(key);
                return;
            }
            Pick::Toggle => {
                if !self.picked.remove(&key) {
                    self.picked.insert(key);
                }
                self.anchor = Some(key);
            }
            Pick::Range => {
                let from = self.anchor.as_ref().and_then(place_of).unwrap_or(place);
                let range = from.min(place)..=from.max(place);
                self.picked = range.filter_map(key_at).collect();
                self.anchor.get_or_insert(key);
            }
        }
        self.cursor = Some(key);
    }

    /// Picks this row alone.
    pub fn only(&mut self, key: K) {
        self.picked = HashSet::from([key]);
        self.anchor = Some(key);
        self.cursor = Some(key);
    }

    /// Picks all of these.
    pub fn all(&mut self, keys: impl Iterator<Item = K>) {
        self.picked = keys.collect();
    }

    /// Picks nothing.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The row that was picked last.
    pub fn cursor(&self) -> Option<K> {
        self.cursor
    }

    /// Whether this row is picked.
    pub fn contains(&self, key: &K) -> bool {
        self.picked.contains(key)
    }

    /// Number of picked rows.
    pub fn len(&self) -> usize {
        self.picked.len()
    }

    /// Whether nothing is picked.
    pub fn is_empty(&self) -> bool {
        self.picked.is_empty()
    }

    /// The picked rows, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &K> {
        self.picked.iter()
    }

    /// Lets go of rows that are gone.
    pub fn retain(&mut self, still: impl Fn(&K) -> bool) {
        self.picked.retain(&still);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(selection: &Selection<usize>) -> Vec<usize> {
        let mut all: Vec<usize> = selection.iter().copied().collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn ranges_begin_at_the_last_plain_pick() {
        let mut selection = Selection::default();
        let key_at = |place: usize| (place < 10).then_some(place * 10);
        let place_of = |key: &usize| Some(key / 10);
        let mut pick = |place, how| {
            selection.pick(place, how, key_at, place_of);
            picked(&selection)
        };
        assert_eq!(pick(3, Pick::Only), [30]);
        assert_eq!(pick(5, Pick::Range), [30, 40, 50]);
        assert_eq!(pick(2, Pick::Range), [20, 30]);
        assert_eq!(pick(9, Pick::Toggle), [20, 30, 90]);
        assert_eq!(pick(9, Pick::Toggle), [20, 30]);
        assert_eq!(pick(99, Pick::Only), [20, 30], "there is no such row");
        assert_eq!(pick(1, Pick::Only), [10]);
    }
}
