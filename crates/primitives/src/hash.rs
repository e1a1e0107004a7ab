//! Hash newtypes. Bytes stand in the order in which the hash function gave them; people read the
//! 32-byte ones reversed.

use std::fmt;
use std::str::FromStr;

/// A text that is not the hexadecimal form of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} hexadecimal digits")]
pub struct ParseHashError {
    /// How many digits the hash has.
    pub expected: usize,
}

/// The value of one hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Reads hexadecimal text of any even length; `None` where it is not that.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

/// Writes bytes as lower-case hexadecimal text.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident, $len:literal, reversed: $reversed:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// All bytes zero: "none" in many places of the protocol.
            pub const ZERO: Self = Self([0; $len]);

            /// The bytes in hashing order.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Takes bytes in hashing order; `None` where the length is wrong.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Whether every byte is zero.
            pub fn is_zero(&self) -> bool {
                self.0.iter().all(|b| *b == 0)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut bytes = self.0;
                if $reversed {
                    bytes.reverse();
                }
                f.write_str(&to_hex(&bytes))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseHashError;
            /// Reads the displayed form.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let error = ParseHashError { expected: $len * 2 };
                let bytes = from_hex(text).ok_or(error)?;
                let mut bytes: [u8; $len] = bytes.try_into().map_err(|_| error)?;
                if $reversed {
                    bytes.reverse();
                }
                Ok(Self(bytes))
            }
        }
    };
}

hash_type!(
    /// The id of a block: the chain's header hash.
    BlockHash, 32, reversed: true
);
hash_type!(
    /// The id of a transaction, without witness.
    Txid, 32, reversed: true
);
hash_type!(
    /// The id of a transaction with its witness (BIP141).
    Wtxid, 32, reversed: true
);
hash_type!(
    /// Any other 32-byte hash that people read reversed, such as a merkle root.
    Hash256, 32, reversed: true
);
hash_type!(
    /// RIPEMD-160 of SHA-256: a key or script hash.
    Hash160, 20, reversed: false
);
