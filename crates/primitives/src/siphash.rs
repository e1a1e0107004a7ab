//! SipHash-2-4, the keyed hash of block filters (BIP158) and short transaction ids (BIP152).

/// A running SipHash-2-4.
#[derive(Clone, Copy, Debug)]
pub struct SipHasher {
    state: [u64; 4],
    /// Bytes that do not fill a word yet, the first one lowest.
    tail: u64,
    /// How many bytes there were; only the lowest eight bits count.
    length: u8,
}

impl SipHasher {
    /// Starts with the two halves of the key.
    pub const fn new(k0: u64, k1: u64) -> Self {
        Self {
            state: [
                0x736f_6d65_7073_6575 ^ k0,
                0x646f_7261_6e64_6f6d ^ k1,
                0x6c79_6765_6e65_7261 ^ k0,
                0x7465_6462_7974_6573 ^ k1,
            ],
            tail: 0,
            length: 0,
        }
    }

    /// Appends data.
    pub fn update(&mut self, data: &[u8]) {
        for byte in data {
            self.tail |= u64::from(*byte) << (8 * (self.length % 8));
            self.length = self.length.wrapping_add(1);
            if self.length.is_multiple_of(8) {
                self.absorb(self.tail);
                self.tail = 0;
            }
        }
    }

    /// The hash of all data so far.
    pub fn finalize(mut self) -> u64 {
        self.absorb(self.tail | u64::from(self.length) << 56);
        self.state[2] ^= 0xff;
        (0..4).for_each(|_| self.round());
        self.state.iter().fold(0, |all, word| all ^ word)
    }

    fn absorb(&mut self, word: u64) {
        self.state[3] ^= word;
        self.round();
        self.round();
        self.state[0] ^= word;
    }

    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.state;
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        b = b.rotate_left(13) ^ a;
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32).wrapping_add(d);
        c = c.wrapping_add(b);
        d = d.rotate_left(21) ^ a;
        b = b.rotate_left(17) ^ c;
        self.state = [a, b, c.rotate_left(32), d];
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn word(value: &Value) -> u64 {
        u64::from_str_radix(value.as_str().unwrap(), 16).unwrap()
    }

    #[test]
    fn vectors() {
        let Some(vectors) = testkit::core_vectors("siphash.json") else {
            return;
        };
        let vectors = vectors.as_array().unwrap();
        assert!(vectors.len() > 50, "{}", vectors.len());
        for vector in vectors {
            let start = SipHasher::new(word(&vector["key"][0]), word(&vector["key"][1]));
            let words = vector["input"].as_array().unwrap();
            let data: Vec<u8> = words.iter().flat_map(testkit::from_hex).collect();
            // However the data is cut.
            for piece in [1, 3, 8, 1000] {
                let mut hasher = start;
                data.chunks(piece).for_each(|piece| hasher.update(piece));
                let expected = word(&vector["expected"]["siphash24"]);
                assert_eq!(hasher.finalize(), expected, "{vector}");
            }
        }
    }

    /// The authors' own vector, whose length is not a multiple of eight.
    #[test]
    fn fifteen_bytes() {
        let mut hasher = SipHasher::new(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        hasher.update(&(0..15).collect::<Vec<u8>>());
        assert_eq!(hasher.finalize(), 0xa129_ca61_49be_45e5);
    }
}
