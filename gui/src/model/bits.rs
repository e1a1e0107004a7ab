//! A set of small numbers, such as the rows of a list that are selected.

/// The set, one bit for each number up to the largest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

fn place(number: u32) -> (usize, u64) {
    // A `usize` holds every `u32` on the machines that this is built for.
    let word = usize::try_from(number / 64).unwrap_or(usize::MAX);
    (word, 1 << (number % 64))
}

impl Bits {
    /// Takes a number in; whether it was missing.
    pub fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = place(number);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let missing = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += usize::from(missing);
        missing
    }

    /// Takes a number out; whether it was there.
    pub fn remove(&mut self, number: u32) -> bool {
        let (word, bit) = place(number);
        let Some(word) = self.words.get_mut(word) else {
            return false;
        };
        let there = *word & bit != 0;
        *word &= !bit;
        self.len -= usize::from(there);
        there
    }

    /// Whether a number is there.
    pub fn contains(&self, number: u32) -> bool {
        let (word, bit) = place(number);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The numbers, smallest first.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0_u32..).zip(&self.words).flat_map(|(word, bits)| {
            let mut left = *bits;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(word * 64 + bit)
            })
        })
    }
}

impl FromIterator<u32> for Bits {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut bits = Self::default();
        for number in numbers {
            bits.insert(number);
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_and_go() {
        let mut bits: Bits = [700, 3, 64, 3].into_iter().collect();
        assert_eq!(
            (bits.len(), bits.iter().collect::<Vec<_>>()),
            (3, vec![3, 64, 700])
        );
        assert!(bits.remove(64) && !bits.remove(64) && !bits.remove(9999));
        assert!(bits.contains(700) && !bits.contains(64) && !bits.contains(9999));
        assert!(bits.insert(64) && !bits.insert(64));
    }
}
