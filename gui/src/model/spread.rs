//! A map that grows in small steps.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};

/// Parts of a map.
const PARTS: usize = 256;

/// A `HashMap` that is full moves all that it holds at once: with a hundred thousand rows that takes longer than a
/// frame may. Here many small ones grow at different times.
#[derive(Debug)]
pub struct Spread<K, V> {
    parts: Vec<HashMap<K, V>>,
    /// Not that of the parts: keys of one part must not look alike to it.
    hasher: RandomState,
}

impl<K: Hash + Eq, V> Spread<K, V> {
    fn part(&self, key: &K) -> usize {
        let parts = u64::try_from(PARTS).unwrap_or(1);
        usize::try_from(self.hasher.hash_one(key) % parts).unwrap_or(0)
    }

    /// What is kept under a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.parts.get(self.part(key))?.get(key)
    }

    /// Whether there is something under a key.
    pub fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Keeps something under a key; what was there before goes.
    pub fn insert(&mut self, key: K, value: V) {
        let part = self.part(&key);
        if let Some(part) = self.parts.get_mut(part) {
            part.insert(key, value);
        }
    }
}

impl<K, V> Default for Spread<K, V> {
    fn default() -> Self {
        Self {
            parts: std::iter::repeat_with(HashMap::new).take(PARTS).collect(),
            hasher: RandomState::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_found_again_and_nothing_moves_all_at_once() {
        let mut map = Spread::default();
        for number in 0..20_000_u32 {
            let before: Vec<usize> = map.parts.iter().map(HashMap::capacity).collect();
            map.insert(number, number * 2);
            let parts = map.parts.iter().zip(before);
            let moved: usize = parts
                .filter(|(part, before)| part.capacity() != *before)
                .map(|(part, _)| part.len())
                .sum();
            assert!(moved < 500, "{moved} moved for one");
        }
        map.insert(7, 1);
        assert_eq!(map.get(&7), Some(&1));
        assert!((8..20_000).all(|number| map.get(&number) == Some(&(number * 2))));
        assert!(!map.contains(&20_000));
    }
}
