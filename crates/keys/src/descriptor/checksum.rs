//! The eight characters behind `#` (BIP380).

const INPUT: &str = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";
const OUTPUT: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

fn poly_mod(c: u64, value: u64) -> u64 {
    const GENERATOR: [u64; 5] = [
        0xf5_dee5_1989,
        0xa9_fdca_3312,
        0x1b_ab10_e32d,
        0x37_06b1_677a,
        0x64_4d62_6ffd,
    ];
    let top = c >> 35;
    let mut c = (c & 0x7_ffff_ffff) << 5 ^ value;
    for (bit, generator) in GENERATOR.iter().enumerate() {
        if top >> bit & 1 != 0 {
            c ^= generator;
        }
    }
    c
}

/// The checksum of a descriptor without one; `None` where a character is not allowed in descriptors.
pub fn checksum(text: &str) -> Option<String> {
    let (mut c, mut class, mut class_count) = (1, 0, 0);
    for character in text.chars() {
        let position = INPUT.find(character)? as u64;
        c = poly_mod(c, position & 31);
        class = class * 3 + (position >> 5);
        class_count += 1;
        if class_count == 3 {
            c = poly_mod(c, class);
            (class, class_count) = (0, 0);
        }
    }
    if class_count > 0 {
        c = poly_mod(c, class);
    }
    for _ in 0..8 {
        c = poly_mod(c, 0);
    }
    c ^= 1;
    let symbol = |i: usize| {
        let index = (c >> (5 * (7 - i)) & 31) as usize;
        char::from(OUTPUT[index])
    };
    Some((0..8).map(symbol).collect())
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn bip380_examples() {
        assert_eq!(checksum("raw(deadbeef)").as_deref(), Some("89f8spxm"));
        assert_eq!(checksum("raw(deadbeef\u{e9})"), None);
    }
}
