//! The ChaCha20 key stream with nonce and counter zero (RFC 8439), which [`crate::muhash`] spreads
//! a hash with.

/// Fills `out` with the key stream.
pub(crate) fn keystream(key: &[u8; 32], out: &mut [u8]) {
    let (words, _) = key.as_chunks::<4>();
    let mut state = [0u32; 16];
    state[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
    for (slot, word) in state[4..12].iter_mut().zip(words) {
        *slot = u32::from_le_bytes(*word);
    }
    for chunk in out.chunks_mut(64) {
        let block = block(&state);
        state[12] = state[12].wrapping_add(1);
        let len = chunk.len();
        chunk.copy_from_slice(&block[..len]);
    }
}

fn block(state: &[u32; 16]) -> [u8; 64] {
    let mut x = *state;
    for _ in 0..10 {
        for [a, b, c, d] in [
            [0, 4, 8, 12],
            [1, 5, 9, 13],
            [2, 6, 10, 14],
            [3, 7, 11, 15],
            [0, 5, 10, 15],
            [1, 6, 11, 12],
            [2, 7, 8, 13],
            [3, 4, 9, 14],
        ] {
            for (add, to, turn, bits) in [(b, a, d, 16), (d, c, b, 12), (b, a, d, 8), (d, c, b, 7)]
            {
                x[to] = x[to].wrapping_add(x[add]);
                x[turn] = (x[turn] ^ x[to]).rotate_left(bits);
            }
        }
    }
    let mut bytes = [0; 64];
    let (chunks, _) = bytes.as_chunks_mut::<4>();
    for (chunk, (word, start)) in chunks.iter_mut().zip(x.iter().zip(state)) {
        *chunk = word.wrapping_add(*start).to_le_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use primitives::hash::to_hex;

    use super::*;

    #[test]
    fn follows_the_rfc() {
        // RFC 8439, appendix A.1, vectors 1 and 2.
        let mut out = [0; 128];
        keystream(&[0; 32], &mut out);
        assert_eq!(
            to_hex(&out[..32]),
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        );
        assert_eq!(
            to_hex(&out[64..96]),
            "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
        );
    }
}
