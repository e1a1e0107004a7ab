//! RandomQ: 25 words of 64 bits, stirred 8192 times. The slow middle stage of one header hash.

use sha2::{Digest, Sha256};

/// Rounds after the message was absorbed.
const FINAL_ROUNDS: u32 = 8192;

/// Words in the state.
const WORDS: usize = 25;

/// Pairs of words between the first two and the last.
const PAIRS: usize = 11;

/// Added to word `i` in every round: SHA-512's initial values, then its first round constants.
const ROUND_CONSTANTS: [u64; WORDS] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
    0x428a_2f98_d728_ae22,
    0x7137_4491_23ef_65cd,
    0xb5c0_fbcf_ec4d_3b2f,
    0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538,
    0x59f1_11f1_b605_d019,
    0x923f_82a4_af19_4f9b,
    0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242,
    0x1283_5b01_4570_6fbe,
    0x2431_85be_4ee4_b28c,
    0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f,
    0x80de_b1fe_3b16_96b1,
    0x9bdc_06a7_25c7_1235,
    0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2,
];

/// The state, all zero at the start.
#[derive(Clone)]
struct State([u64; WORDS]);

impl State {
    const fn new() -> Self {
        Self([0; WORDS])
    }

    /// Mixes one word with its right neighbour.
    #[inline(always)]
    const fn mix(i: usize, word: u64, next: u64) -> u64 {
        (word.rotate_left(13) ^ next ^ word.wrapping_add(next)).wrapping_add(ROUND_CONSTANTS[i])
    }

    /// Does one round.
    fn round(&mut self) {
        let s = &mut self.0;
        // In place: the last word meets the first one already mixed.
        for i in 0..WORDS {
            s[i] = Self::mix(i, s[i], s[(i + 1) % WORDS]);
        }
        // Both words of a pair become their difference; the last pairs with the first.
        for i in (0..WORDS).step_by(2) {
            let j = (i + 1) % WORDS;
            let both = s[i] ^ s[j];
            s[i] = both;
            s[j] = both;
        }
    }

    /// Does `count` rounds.
    ///
    /// A round leaves equal words in each pair, so that 13 words tell all 25. The later rounds work
    /// on those, which saves half of the rotations and nearly half of the memory.
    fn rounds(&mut self, count: u32) {
        let Some(more) = count.checked_sub(1) else {
            return;
        };
        self.round();
        let s = &mut self.0;
        // Word 0 equals the last one, because they pair after words 0 and 1 did.
        let (mut outer, mut second) = (s[0], s[1]);
        let mut pairs: [u64; PAIRS] = std::array::from_fn(|i| s[2 * i + 2]);
        for _ in 0..more {
            let first = Self::mix(0, outer, second);
            let last = Self::mix(WORDS - 1, outer, first);
            let both = first ^ Self::mix(1, second, pairs[0]);
            for i in 0..PAIRS {
                let next = pairs.get(i + 1).copied().unwrap_or(outer);
                let left = Self::mix(2 * i + 2, pairs[i], pairs[i]);
                pairs[i] = left ^ Self::mix(2 * i + 3, pairs[i], next);
            }
            second = both;
            outer = last ^ both;
        }
        *s = std::array::from_fn(|i| match i {
            1 => second,
            2..=23 => pairs[i / 2 - 1],
            _ => outer,
        });
    }

    /// Takes a message in pieces of 64 bytes. The rest behind a piece's last whole word is ignored,
    /// but a piece that is all rest still costs its round.
    fn absorb(&mut self, message: &[u8]) {
        for piece in message.chunks(64) {
            let (words, _ignored) = piece.as_chunks::<8>();
            for (word, bytes) in self.0.iter_mut().zip(words) {
                *word ^= u64::from_le_bytes(*bytes);
            }
            self.rounds(1);
        }
    }

    /// SHA-256 of the state.
    fn finish(&self) -> [u8; 32] {
        Sha256::digest(self.to_bytes()).into()
    }

    /// The words, little-endian.
    fn to_bytes(&self) -> [u8; WORDS * 8] {
        let mut bytes = [0; WORDS * 8];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// RandomQ of a message. The chain leaves its nonce word at zero, so there is none here.
pub(crate) fn randomq(message: &[u8]) -> [u8; 32] {
    let mut state = State::new();
    state.absorb(message);
    state.rounds(FINAL_ROUNDS);
    state.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{from_hex as hex, to_hex};

    #[test]
    fn vectors_of_the_whole_function_and_of_its_parts() {
        let Some(vectors) = testkit::chain_vectors() else {
            return;
        };
        let count = |value: &serde_json::Value| u32::try_from(value.as_u64().unwrap()).unwrap();
        for v in vectors.of_kind("randomq") {
            assert_eq!(
                to_hex(&randomq(&hex(&v["input"]))),
                v["output"],
                "{}",
                v["id"]
            );
        }
        for v in vectors.of_kind("randomq_rounds") {
            let input = &v["input"];
            let mut state = State::new();
            state.absorb(&hex(&input["data"]));
            state.0[0] ^= input["nonce"].as_u64().unwrap_or(0);
            state.rounds(count(&input["rounds"]));
            assert_eq!(to_hex(&state.finish()), v["output"], "{}", v["id"]);
        }
        for v in vectors.of_kind("randomq_state") {
            let mut state = State::new();
            state.absorb(&hex(&v["input"]["data"]));
            state.rounds(count(&v["input"]["extra_rounds"]));
            assert_eq!(to_hex(&state.to_bytes()), v["output"], "{}", v["id"]);
        }
    }
}
