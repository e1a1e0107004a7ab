use super::*;

/// The valid texts of BIP173 and BIP350.
const VALID: [(Variant, &[&str]); 2] = [
    (
        Variant::Bech32,
        &[
            "A12UEL5L",
            "a12uel5l",
            "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
            "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
            "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
            "?1ezyfcl",
        ],
    ),
    (
        Variant::Bech32m,
        &[
            "A1LQFN3A",
            "a1lqfn3a",
            "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
            "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
            "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
            "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
            "?1v759aa",
        ],
    ),
];

#[test]
fn valid_texts() {
    for (variant, texts) in VALID {
        for text in texts {
            let decoded = decode(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(decoded.variant, variant, "{text}");
            assert_eq!(
                encode(variant, &decoded.hrp, &decoded.values),
                text.to_ascii_lowercase()
            );
        }
    }
}

fn check(text: &str, message: &str, locations: &[usize]) {
    assert_eq!(decode(text), None, "{text}");
    let located = locate_errors(text);
    assert_eq!(
        (located.message, located.locations.as_slice()),
        (message, locations),
        "{text}"
    );
}

#[test]
fn invalid_texts_of_bip173() {
    check(" 1nwldj5", "Invalid character or mixed case", &[0]);
    check("\x7f1axkwrx", "Invalid character or mixed case", &[0]);
    check("\u{80}1eym55h", "Invalid character or mixed case", &[0, 1]);
    check(
        "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
        "Bech32 string too long",
        &[90],
    );
    check("pzry9x0s0muk", "Missing separator", &[]);
    check("1pzry9x0s0muk", "Invalid separator position", &[0]);
    check("x1b4n0q5v", "Invalid Base 32 character", &[2]);
    check("li1dgmt3", "Invalid separator position", &[2]);
    // The checksum was made over the prefix in upper case.
    check("A1G7SGD8", "Invalid checksum", &[]);
    check("10a06t8", "Invalid separator position", &[0]);
    check("1qzzfhee", "Invalid separator position", &[0]);
    check("a12UEL5L", "Invalid character or mixed case", &[3, 4, 5, 7]);
    check("A12uEL5L", "Invalid character or mixed case", &[3]);
    check(
        "abcdef1qpzrz9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
        "Invalid Bech32 checksum",
        &[11],
    );
    check(
        "test1zg69w7y6hn0aqy352euf40x77qddq3dc",
        "Invalid Bech32 checksum",
        &[9, 16],
    );
}

#[test]
fn invalid_texts_of_bip350() {
    check(" 1xj0phk", "Invalid character or mixed case", &[0]);
    check("\x7f1g6xzxy", "Invalid character or mixed case", &[0]);
    check(
        "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
        "Bech32 string too long",
        &[90],
    );
    check("qyrz8wqd2c9m", "Missing separator", &[]);
    check("1qyrz8wqd2c9m", "Invalid separator position", &[0]);
    check("y1b0jsk6g", "Invalid Base 32 character", &[2]);
    check("lt1igcx5c0", "Invalid Base 32 character", &[3]);
    check("in1muywd", "Invalid separator position", &[2]);
    check("mm1crxm3i", "Invalid Base 32 character", &[8]);
    check("au1s5cgom", "Invalid Base 32 character", &[7]);
    check("M1VUXWEZ", "Invalid checksum", &[]);
    check("16plkw9", "Invalid separator position", &[0]);
    check("1p2gdwpf", "Invalid separator position", &[0]);
    check(
        "abcdef1l7aum6echk45nj2s0wdvt2fg8x9yrzpqzd3ryx",
        "Invalid Bech32m checksum",
        &[21],
    );
    check(
        "test1zg69v7y60n00qy352euf40x77qcusag6",
        "Invalid Bech32m checksum",
        &[13, 32],
    );
}

#[test]
fn a_single_wrong_character_is_always_found() {
    let text = "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3";
    for place in 3..text.len() {
        for c in ALPHABET {
            let mut bytes = text.as_bytes().to_vec();
            if bytes[place] == *c {
                continue;
            }
            bytes[place] = *c;
            check(
                std::str::from_utf8(&bytes).unwrap(),
                "Invalid Bech32 checksum",
                &[place],
            );
        }
    }
}

#[test]
fn regrouping_is_inverted_and_padding_is_strict() {
    for len in 0..45u8 {
        let bytes: Vec<u8> = (0..len).map(|i| i.wrapping_mul(37) ^ 0xa5).collect();
        assert_eq!(to_bytes(&to_groups_of_5(&bytes)), Some(bytes));
    }
    assert_eq!(to_bytes(&[]), Some(vec![]));
    assert_eq!(to_bytes(&[0]), None, "a whole group is left over");
    assert_eq!(to_bytes(&[31, 28]), Some(vec![0xff]));
    assert_eq!(to_bytes(&[31, 29]), None, "a bit is left over");
}
