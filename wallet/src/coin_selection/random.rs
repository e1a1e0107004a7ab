//! Chance for choices that an onlooker should not foresee. Not for keys.

/// A stream of numbers from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Randomness {
    state: u64,
}

impl Randomness {
    /// Begins at a seed; the caller draws that from the system.
    pub const fn from_seed(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        // Wraps by design.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).expect("a product of two 64-bit numbers, without its lower half")
    }

    /// Heads or tails.
    pub const fn flip(&mut self) -> bool {
        self.next() >> 63 == 1
    }

    /// Puts items in any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1);
            items.swap(last, usize::try_from(other).unwrap_or(last));
        }
    }
}
