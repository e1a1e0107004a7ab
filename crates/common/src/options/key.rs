//! Keys and values as they are written: `name`, `noname`, `section.name`.

use serde_json::Value;

use super::error::OptionsError;
use super::spec::OptionSpec;

/// A key taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Text before the first dot, empty without one.
    pub(super) section: String,
    /// The option's name.
    pub(super) name: String,
    /// True if the name was written with `no` before it.
    pub(super) negated: bool,
}

impl Key {
    /// Takes `section.noname` apart. Any name that begins with `no` is a negation; so no option has such a name.
    pub(super) fn parse(text: &str) -> Self {
        let (section, name) = text.split_once('.').unwrap_or(("", text));
        let (name, negated) = match name.strip_prefix("no") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        Self {
            section: section.to_owned(),
            name: name.to_owned(),
            negated,
        }
    }
}

/// Reads a text as a truth value: empty is true, otherwise the number at its start decides.
pub(super) fn truth(text: &str) -> bool {
    text.is_empty() || leading_int(text) != 0
}

/// Reads the whole number at the start of a text as C's `strtoll` without its leniency for other bases:
/// blanks and a sign are allowed, what follows the digits is ignored, no digits give 0, and a number out
/// of range gives the nearest that fits.
pub(super) fn leading_int(text: &str) -> i64 {
    let text = text.trim_start_matches([' ', '\x0c', '\n', '\r', '\t', '\x0b']);
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let mut value: i64 = 0;
    for digit in digits.bytes().take_while(u8::is_ascii_digit) {
        let digit = i64::from(digit - b'0');
        value = value.saturating_mul(10);
        value = if negative {
            value.saturating_sub(digit)
        } else {
            value.saturating_add(digit)
        };
    }
    value
}

/// What a key with its text means.
pub(super) struct Interpreted {
    /// False and true for negations, otherwise the text.
    pub(super) value: Value,
    /// A line for the log about a confusing spelling.
    pub(super) warning: Option<String>,
}

/// Gives the value of a key by the rules of its option.
///
/// # Errors
/// [`OptionsError::NoNegation`] and [`OptionsError::NoElision`] where the option forbids the spelling.
pub(super) fn interpret(
    key: &Key,
    text: Option<&str>,
    spec: &OptionSpec,
) -> Result<Interpreted, OptionsError> {
    if key.negated {
        if spec.no_negation {
            return Err(OptionsError::NoNegation(key.name.clone()));
        }
        if let Some(text) = text
            && !truth(text)
        {
            let warning = format!(
                "Parsed potentially confusing double-negative -{}={}",
                key.name,
                if spec.sensitive { "****" } else { text }
            );
            return Ok(Interpreted {
                value: Value::Bool(true),
                warning: Some(warning),
            });
        }
        return Ok(Interpreted {
            value: Value::Bool(false),
            warning: None,
        });
    }
    if text.is_none() && spec.no_elision {
        return Err(OptionsError::NoElision(key.name.clone()));
    }
    Ok(Interpreted {
        value: Value::String(text.unwrap_or("").to_owned()),
        warning: None,
    })
}
