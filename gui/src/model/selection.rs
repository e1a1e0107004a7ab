//! Which rows of a list are selected: by what they are, not by where they stand, so that the list may move.

use super::bits::Bits;

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

/// The selected rows. Each has a number that it keeps, besides the key that it is asked for by.
#[derive(Debug, Clone)]
pub struct Selection<K> {
    picked: Bits,
    /// Where a range begins.
    anchor: Option<K>,
    cursor: Option<K>,
}

impl<K> Default for Selection<K> {
    fn default() -> Self {
        Self {
            picked: Bits::default(),
            anchor: None,
            cursor: None,
        }
    }
}

impl<K: Copy> Selection<K> {
    /// Picks the row at `place`; `row_at` gives the number and the key of a place, `place_of` the place of a key.
    pub fn pick(
        &mut self,
        place: usize,
        pick: Pick,
        row_at: impl Fn(usize) -> Option<(u32, K)>,
        place_of: impl Fn(&K) -> Option<usize>,
    ) {
        let Some((number, key)) = row_at(place) else {
            return;
        };
        match pick {
            Pick::Only => {
                self.only(Some(number), key);
                return;
            }
            Pick::Toggle => {
                if !self.picked.remove(number) {
                    self.picked.insert(number);
                }
                self.anchor = Some(key);
            }
            Pick::Range => {
                let from = self.anchor.as_ref().and_then(place_of).unwrap_or(place);
                let range = from.min(place)..=from.max(place);
                self.picked = range.filter_map(row_at).map(|(number, _)| number).collect();
                self.anchor.get_or_insert(key);
            }
        }
        self.cursor = Some(key);
    }

    /// Picks this row alone; its number is missing where the list does not have it.
    pub fn only(&mut self, number: Option<u32>, key: K) {
        self.picked = number.into_iter().collect();
        self.anchor = Some(key);
        self.cursor = Some(key);
    }

    /// Picks all of these.
    pub fn all(&mut self, numbers: Bits) {
        self.picked = numbers;
    }

    /// The row that was picked last.
    pub fn cursor(&self) -> Option<K> {
        self.cursor
    }

    /// The numbers of the picked rows.
    pub fn picked(&self) -> &Bits {
        &self.picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(selection: &Selection<u32>) -> Vec<usize> {
        let numbers = selection.picked().iter();
        numbers
            .map(|number| usize::try_from(number).expect("small"))
            .collect()
    }

    #[test]
    fn ranges_begin_at_the_last_plain_pick() {
        let mut selection = Selection::default();
        let row_at = |place: u32| (place < 10).then_some((place * 10, place));
        let row_at = |place: usize| row_at(u32::try_from(place).expect("small"));
        let place_of = |key: &u32| usize::try_from(*key).ok();
        let mut pick = |place, how| {
            selection.pick(place, how, row_at, place_of);
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
