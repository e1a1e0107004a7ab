//! Bech32 (BIP173) and bech32m (BIP350), and where in a text its errors probably are.

/// Longest text of an address.
pub(super) const MAX_LENGTH: usize = 90;

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM_LENGTH: usize = 6;
const SEPARATOR: u8 = b'1';

/// Which checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    Bech32,
    Bech32m,
}

impl Variant {
    /// What the remainder of a text with its checksum is.
    const fn residue(self) -> u32 {
        match self {
            Self::Bech32 => 1,
            Self::Bech32m => 0x2bc8_30a3,
        }
    }
}

/// A text whose checksum is right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) variant: Variant,
    /// In lower case.
    pub(super) hrp: String,
    /// Values below 32, without the checksum.
    pub(super) values: Vec<u8>,
}

/// Why a text is none, and the indices of the characters that are to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) message: &'static str,
    pub(super) locations: Vec<usize>,
}

/// Writes values below 32 with a checksum.
pub(super) fn encode(variant: Variant, hrp: &str, values: &[u8]) -> String {
    let padded = [values, &[0; CHECKSUM_LENGTH]].concat();
    let checksum = polymod(hrp, &padded) ^ variant.residue();
    let mut text = format!("{hrp}1");
    text.extend(
        values
            .iter()
            .map(|v| char::from(ALPHABET[usize::from(v & 31)])),
    );
    text.extend(
        (0..6)
            .rev()
            .map(|i| char::from(ALPHABET[(checksum >> (5 * i)) as usize & 31])),
    );
    text
}

/// Reads a text. Its errors are found by [`locate_errors`].
pub(super) fn decode(text: &str) -> Option<Decoded> {
    let Parts { hrp, mut values } = split(text).ok()?;
    let residue = polymod(&hrp, &values);
    let variant = [Variant::Bech32, Variant::Bech32m]
        .into_iter()
        .find(|v| v.residue() == residue)?;
    values.truncate(values.len() - CHECKSUM_LENGTH);
    Some(Decoded {
        variant,
        hrp,
        values,
    })
}

/// Says what is wrong with a text that [`decode`] refuses (Core's `LocateErrors`). Up to two wrong
/// characters of an address are found by its checksum; what should stand there is not told, because
/// a correction that fits may still be a wrong one.
pub(super) fn locate_errors(text: &str) -> Located {
    let Parts { hrp, values } = match split(text) {
        Ok(parts) => parts,
        Err(located) => return located,
    };
    let residue = polymod(&hrp, &values);
    let mut best = Located {
        message: "Invalid checksum",
        locations: Vec::new(),
    };
    for (variant, message) in [
        (Variant::Bech32, "Invalid Bech32 checksum"),
        (Variant::Bech32m, "Invalid Bech32m checksum"),
    ] {
        let difference = residue ^ variant.residue();
        let places = field::error_places(difference, values.len());
        // The fewer errors are the likelier ones, whichever checksum was meant.
        let better = best.locations.is_empty() || places.len() < best.locations.len();
        if !places.is_empty() && better {
            let mut locations: Vec<_> = places.iter().map(|p| text.len() - 1 - p).collect();
            locations.sort_unstable();
            best = Located { message, locations };
        }
    }
    best
}

struct Parts {
    hrp: String,
    /// With the checksum.
    values: Vec<u8>,
}

fn split(text: &str) -> Result<Parts, Located> {
    let error = |message, locations| Err(Located { message, locations });
    if text.len() > MAX_LENGTH {
        return error("Bech32 string too long", (MAX_LENGTH..text.len()).collect());
    }
    let bad = bad_characters(text.as_bytes());
    if !bad.is_empty() {
        return error("Invalid character or mixed case", bad);
    }
    let Some(separator) = text.bytes().rposition(|c| c == SEPARATOR) else {
        return error("Missing separator", Vec::new());
    };
    if separator == 0 || separator + CHECKSUM_LENGTH >= text.len() {
        return error("Invalid separator position", vec![separator]);
    }
    let lower = text.to_ascii_lowercase();
    let (hrp, data) = lower.split_at(separator);
    let mut values = Vec::with_capacity(data.len());
    for (i, c) in data.bytes().enumerate().skip(1) {
        match (0..).zip(ALPHABET).find(|(_, known)| **known == c) {
            Some((value, _)) => values.push(value),
            None => return error("Invalid Base 32 character", vec![separator + i]),
        }
    }
    Ok(Parts {
        hrp: hrp.to_owned(),
        values,
    })
}

/// Indices of control characters and of letters in another case than the first letter.
fn bad_characters(text: &[u8]) -> Vec<usize> {
    let first_is_upper = text
        .iter()
        .find(|c| c.is_ascii_alphabetic())
        .is_some_and(u8::is_ascii_uppercase);
    let is_bad = |c: &u8| match c {
        b'a'..=b'z' => first_is_upper,
        b'A'..=b'Z' => !first_is_upper,
        _ => !c.is_ascii_graphic(),
    };
    (0..)
        .zip(text)
        .filter(|(_, c)| is_bad(c))
        .map(|(i, _)| i)
        .collect()
}

/// The remainder modulo the code's generator, six values of 5 bits.
fn polymod(hrp: &str, values: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let high = hrp.bytes().map(|c| c >> 5);
    let low = hrp.bytes().map(|c| c & 31);
    let all = high.chain([0]).chain(low).chain(values.iter().copied());
    all.fold(1, |sum, value| {
        let top = sum >> 25;
        let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        (0..5)
            .filter(|i| top >> i & 1 == 1)
            .fold(shifted, |sum, i| sum ^ GENERATOR[i])
    })
}

/// Regroups bits, most significant first, filling the last group with zeros.
pub(super) fn to_groups_of_5(bytes: &[u8]) -> Vec<u8> {
    let bit = |i: usize| bytes.get(i / 8).map_or(0, |byte| byte >> (7 - i % 8) & 1);
    let groups = (bytes.len() * 8).div_ceil(5);
    (0..groups)
        .map(|g| (0..5).fold(0, |sum, i| sum << 1 | bit(5 * g + i)))
        .collect()
}

/// Regroups bits the other way; `None` where more than the filling is left over.
pub(super) fn to_bytes(groups: &[u8]) -> Option<Vec<u8>> {
    let bit = |i: usize| groups[i / 5] >> (4 - i % 5) & 1;
    let bits = groups.len() * 5;
    let whole = bits / 8 * 8;
    if bits - whole >= 5 || (whole..bits).any(|i| bit(i) == 1) {
        return None;
    }
    Some(
        (0..whole / 8)
            .map(|b| (0..8).fold(0, |sum, i| sum << 1 | bit(8 * b + i)))
            .collect(),
    )
}

mod field;

#[cfg(test)]
mod tests;
