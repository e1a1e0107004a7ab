//! Base58 and base58check: addresses of the first kinds, private and extended keys.

use crate::HashScheme;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Value of each ASCII character, or [`NO_DIGIT`].
const DIGITS: [u8; 128] = {
    let mut digits = [NO_DIGIT; 128];
    let mut value = 0;
    while value < 58 {
        // Casts widen; `From` is not const.
        digits[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    digits
};
const NO_DIGIT: u8 = 0xff;

/// A text that is not what was expected in base58.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Base58Error {
    /// A character outside of the alphabet.
    #[error("not a base58 text")]
    BadCharacter,
    /// More bytes than allowed, or too few for a checksum.
    #[error("a base58 text of the wrong length")]
    BadLength,
    /// The checksum is that of another text.
    #[error("wrong base58 checksum")]
    BadChecksum,
}

/// Writes bytes in base58. The time grows with the square of the length.
pub fn encode(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    // Least significant digit first; log(256) / log(58) is below 1.38.
    let mut digits: Vec<u8> = Vec::with_capacity((bytes.len() - zeros) * 138 / 100 + 1);
    for byte in &bytes[zeros..] {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = low_digit(carry, 58);
            carry /= 58;
        }
        while carry > 0 {
            digits.push(low_digit(carry, 58));
            carry /= 58;
        }
    }
    let ones = std::iter::repeat_n('1', zeros);
    ones.chain(
        digits
            .iter()
            .rev()
            .map(|d| char::from(ALPHABET[usize::from(*d)])),
    )
    .collect()
}

/// Reads base58 of at most `max_len` bytes, white space around it allowed (Core's `DecodeBase58`).
///
/// The work is bounded by the length of the text times `max_len`, and memory by `max_len`.
///
/// # Errors
/// [`Base58Error::BadCharacter`] or [`Base58Error::BadLength`], whichever shows first.
pub fn decode(text: &str, max_len: usize) -> Result<Vec<u8>, Base58Error> {
    let text = text.trim_matches(is_space).as_bytes();
    let zeros = text.iter().take_while(|c| **c == b'1').count();
    if zeros > max_len {
        return Err(Base58Error::BadLength);
    }
    // Least significant byte first.
    let mut bytes: Vec<u8> = Vec::new();
    for c in &text[zeros..] {
        let digit = DIGITS.get(usize::from(*c)).copied().unwrap_or(NO_DIGIT);
        if digit == NO_DIGIT {
            return Err(Base58Error::BadCharacter);
        }
        let mut carry = u32::from(digit);
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = low_digit(carry, 256);
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(low_digit(carry, 256));
        }
        if zeros + bytes.len() > max_len {
            return Err(Base58Error::BadLength);
        }
    }
    bytes.resize(zeros + bytes.len(), 0);
    bytes.reverse();
    Ok(bytes)
}

/// Writes bytes and their checksum in base58.
pub fn encode_check(bytes: &[u8], scheme: HashScheme) -> String {
    encode(&[bytes, &scheme.checksum(bytes)].concat())
}

/// Reads base58 of at most `max_len` bytes and a checksum, which is verified and cut off.
///
/// # Errors
/// A [`Base58Error`].
pub fn decode_check(
    text: &str,
    max_len: usize,
    scheme: HashScheme,
) -> Result<Vec<u8>, Base58Error> {
    let mut bytes = decode(text, max_len.saturating_add(4))?;
    let (body, checksum) = bytes
        .split_last_chunk::<4>()
        .ok_or(Base58Error::BadLength)?;
    if *checksum != scheme.checksum(body) {
        return Err(Base58Error::BadChecksum);
    }
    bytes.truncate(bytes.len() - 4);
    Ok(bytes)
}

fn low_digit(value: u32, base: u32) -> u8 {
    u8::try_from(value % base).expect("no base here is above 256")
}

/// What C calls white space in its first locale.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

#[cfg(test)]
mod tests {
    use testkit::{from_hex, to_hex};

    use super::*;
    use crate::Coin;
    use crate::params::{ChainParams, Network};

    #[test]
    fn vectors_of_core() {
        let Some(vectors) = testkit::core_vectors("base58_encode_decode.json") else {
            return;
        };
        for v in vectors.as_array().unwrap() {
            let (bytes, text) = (from_hex(&v[0]), v[1].as_str().unwrap());
            assert_eq!(encode(&bytes), text);
            assert_eq!(decode(text, bytes.len()), Ok(bytes.clone()));
            if let Some(less) = bytes.len().checked_sub(1) {
                assert_eq!(decode(text, less), Err(Base58Error::BadLength), "{text}");
            }
        }
    }

    #[test]
    fn vectors_with_checksums() {
        let Some(vectors) = testkit::chain_vectors() else {
            return;
        };
        for v in vectors.of_kind("base58check") {
            let coin: Coin = v["coin"].as_str().unwrap().parse().unwrap();
            let scheme = ChainParams::get(coin, Network::Main).hashes;
            let (bytes, text) = (from_hex(&v["input"]), v["output"].as_str().unwrap());
            assert_eq!(encode_check(&bytes, scheme), text, "{}", v["id"]);
            assert_eq!(
                decode_check(text, bytes.len(), scheme),
                Ok(bytes),
                "{}",
                v["id"]
            );
        }
    }

    #[test]
    fn what_is_refused() {
        let check = |text: &str, want: Result<&str, Base58Error>| {
            assert_eq!(
                decode(text, 100).map(|b| to_hex(&b)),
                want.map(str::to_owned),
                "{text:?}"
            );
        };
        check(" \t\n\u{b}\u{c}\r skip \r\u{c}\u{b}\n\t ", Ok("971a55"));
        check("skip a", Err(Base58Error::BadCharacter));
        check("bad0IOl", Err(Base58Error::BadCharacter));
        check("good\0bad", Err(Base58Error::BadCharacter));
        check("ä", Err(Base58Error::BadCharacter));
        check(&"1".repeat(101), Err(Base58Error::BadLength));
        check(&"z".repeat(1_000_000), Err(Base58Error::BadLength));
        let scheme = HashScheme::Bitcoin;
        assert_eq!(
            decode_check("3vQOB7B6uFG4oH", 100, scheme),
            Err(Base58Error::BadCharacter)
        );
        assert_eq!(
            decode_check("3vQB7B6MrGQZaxCuFg4oi", 100, scheme),
            Err(Base58Error::BadChecksum)
        );
        assert_eq!(decode_check("1", 100, scheme), Err(Base58Error::BadLength));
    }

    #[test]
    fn decoding_inverts_encoding() {
        for len in 0..80u8 {
            for fill in [0, 1, 0x7f, 0xff] {
                let bytes: Vec<u8> = (0..len).map(|i| fill ^ (i & fill)).collect();
                assert_eq!(decode(&encode(&bytes), bytes.len()), Ok(bytes));
            }
        }
    }
}
