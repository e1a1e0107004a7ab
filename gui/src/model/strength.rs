//! How strong a passphrase is, in bits, judged carefully low.

/// Longest passphrase a wallet takes, in bytes.
pub const MAX_BYTES: usize = 1024;

/// Sequences that guessing programs try first.
const COMMON: [&str; 14] = [
    "password",
    "passphrase",
    "bitcoin",
    "satoshi",
    "wallet",
    "qwertz",
    "qwerty",
    "letmein",
    "welcome",
    "secret",
    "dragon",
    "monkey",
    "123456",
    "abc123",
];

/// How a passphrase is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// Guessed in no time.
    Weak,
    /// Holds a while.
    Fair,
    /// Holds.
    Good,
    /// Holds against anyone.
    Strong,
}

impl Grade {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Fair => "fair",
            Self::Good => "good",
            Self::Strong => "strong",
        }
    }
}

/// Estimates the bits of a passphrase.
pub fn bits(passphrase: &str) -> u32 {
    let words = passphrase
        .split_whitespace()
        .filter(|word| word.chars().count() >= 3)
        .count();
    let per_character = by_characters(passphrase);
    // Several words are guessed as words: 11 bits each, as from a list of 2048.
    let estimate = if words >= 3 {
        per_character.min(f64::from(u32::try_from(words).unwrap_or(u32::MAX)) * 11.0 + 4.0)
    } else {
        per_character
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to some thousands"
    )]
    let bits = estimate.max(0.0) as u32;
    bits
}

fn by_characters(passphrase: &str) -> f64 {
    let has = |test: fn(char) -> bool| passphrase.chars().any(test);
    let mut alphabet = 0.0;
    for (present, size) in [
        (has(|c| c.is_ascii_lowercase()), 26.0),
        (has(|c| c.is_ascii_uppercase()), 26.0),
        (has(|c| c.is_ascii_digit()), 10.0),
        (has(|c| c.is_ascii_punctuation() || c == ' '), 33.0),
        (has(|c| !c.is_ascii()), 100.0),
    ] {
        if present {
            alphabet += size;
        }
    }
    if alphabet == 0.0 {
        return 0.0;
    }
    let lower = passphrase.to_lowercase();
    let mut surprising = 0.0;
    let mut before: Option<char> = None;
    for c in lower.chars() {
        // A repeated or next character adds little.
        let expected = before.is_some_and(|b| {
            let step = i64::from(u32::from(c)) - i64::from(u32::from(b));
            step.abs() <= 1
        });
        surprising += if expected { 0.25 } else { 1.0 };
        before = Some(c);
    }
    for common in COMMON {
        if lower.contains(common) {
            #[expect(clippy::cast_precision_loss, reason = "a short word")]
            let length = common.len() as f64;
            surprising -= length - 1.0;
        }
    }
    surprising.max(0.0) * f64::log2(alphabet)
}

/// Grades a passphrase.
pub fn grade(passphrase: &str) -> Grade {
    match bits(passphrase) {
        0..40 => Grade::Weak,
        40..60 => Grade::Fair,
        60..90 => Grade::Good,
        _ => Grade::Strong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_of_people_are_graded_low() {
        for weak in [
            "",
            "password",
            "aaaaaaaaaaaaaaaa",
            "12345678901234567890",
            "Bitcoin2026",
        ] {
            assert_eq!(grade(weak), Grade::Weak, "{weak}");
        }
        assert_eq!(grade("correct horse battery staple"), Grade::Fair);
        assert_eq!(
            grade("seven purple ducks walk over mossy bridges"),
            Grade::Good
        );
        assert_eq!(grade("xK9#mQ2$vL7!pR4w"), Grade::Strong);
    }

    #[test]
    fn longer_is_never_weaker() {
        let mut text = String::new();
        let mut before = 0;
        for c in "tr0ub4dor&3 zx9 Q".chars() {
            text.push(c);
            let now = bits(&text);
            assert!(now >= before.min(now + 12), "{text}: {now} after {before}");
            before = now;
        }
    }
}
