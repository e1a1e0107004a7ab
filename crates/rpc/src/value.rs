//! JSON values: amounts as exact decimals, and reads with the error texts clients know.

use std::str::FromStr;

use serde_json::{Map, Number, Value};

use crate::error::{RpcError, code};

/// The six types of a JSON value, by the names used in error texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// An object.
    Object,
    /// An array.
    Array,
    /// A string.
    String,
    /// A number.
    Number,
}

impl JsonType {
    /// The type of `value`.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Object(_) => Self::Object,
            Value::Array(_) => Self::Array,
            Value::String(_) => Self::String,
            Value::Number(_) => Self::Number,
        }
    }

    /// The word in error texts (Core's `uvTypeName`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Number => "number",
        }
    }
}

/// The text `JSON value of type X is not of expected type Y`.
pub(crate) fn mismatch(found: &Value, expected: JsonType) -> String {
    format!(
        "JSON value of type {} is not of expected type {}",
        JsonType::of(found).name(),
        expected.name()
    )
}

fn type_error(found: &Value, expected: JsonType) -> RpcError {
    RpcError::type_error(mismatch(found, expected))
}

/// An amount of base units as a JSON number of coins with exactly 8 decimals.
pub fn amount(base_units: i64) -> Value {
    fixed_point(base_units, 8)
}

/// `value` divided by 10^`decimals` as a JSON number with exactly that many decimals (at most 18).
///
/// With 3 decimals it is what fee rates in base units per virtual byte take.
pub fn fixed_point(value: i64, decimals: u32) -> Value {
    let decimals = decimals.min(18);
    let scale = 10u64.pow(decimals);
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = value.unsigned_abs();
    let width = decimals as usize;
    let text = match decimals {
        0 => format!("{sign}{magnitude}"),
        _ => format!("{sign}{}.{:0width$}", magnitude / scale, magnitude % scale),
    };
    Value::Number(Number::from_str(&text).expect("digits, a point and digits are a JSON number"))
}

/// A double as Core prints it: 16 significant digits, without the point where it is whole.
pub fn double(value: f64) -> Value {
    if !value.is_finite() {
        return Value::Null;
    }
    Number::from_str(&significant(value, 16)).map_or(Value::Null, Value::Number)
}

/// C's `%.{digits}g`.
fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let scientific = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = scientific
        .split_once('e')
        .expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the format's exponent is a number");
    let limit = i32::try_from(digits).expect("a handful of digits");
    if (-4..limit).contains(&exponent) {
        let decimals = usize::try_from(limit - 1 - exponent).expect("exponent is below the limit");
        let fixed = format!("{value:.decimals$}");
        if !fixed.contains('.') {
            return fixed;
        }
        return fixed.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// Reads a decimal number as an integer count of 10^−`decimals` (Core's `ParseFixedPoint`).
///
/// `None` for anything else, for more decimals than that, and beyond 18 digits.
pub fn parse_fixed_point(text: &str, decimals: u32) -> Option<i64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (rest, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    let significant = format!("{whole}{fraction}");
    let trimmed = significant.trim_end_matches('0');
    let zeros = i64::try_from(significant.len() - trimmed.len()).ok()?;
    let trimmed = trimmed.trim_start_matches('0');
    if trimmed.is_empty() {
        return Some(0);
    }
    let scale = exponent
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(zeros)?
        .checked_add(i64::from(decimals))?;
    let scale = u32::try_from(scale).ok().filter(|scale| *scale < 18)?;
    let value = trimmed
        .parse::<i64>()
        .ok()?
        .checked_mul(10i64.checked_pow(scale)?)?;
    if value > 999_999_999_999_999_999 {
        return None;
    }
    Some(if negative { -value } else { value })
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Longer than this it is out of every range; the sign decides nothing then.
    let magnitude = digits
        .parse::<i64>()
        .ok()
        .filter(|value| *value < 1_000_000)?;
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

/// Reads an amount given as a number or a string of coins, in base units (Core's `AmountFromValue`).
///
/// # Errors
/// −3 where it is neither, has more than 8 decimals, is negative or above `max`.
pub fn amount_from(value: &Value, max: i64) -> Result<i64, RpcError> {
    fixed_point_from(value, 8, max)
}

/// As [`amount_from`], with another number of decimals (3 for fee rates in base units per virtual byte).
///
/// # Errors
/// As [`amount_from`].
pub fn fixed_point_from(value: &Value, decimals: u32, max: i64) -> Result<i64, RpcError> {
    let parsed = match value {
        Value::Number(number) => parse_fixed_point(number.as_str(), decimals),
        Value::String(text) => parse_fixed_point(text, decimals),
        _ => return Err(RpcError::type_error("Amount is not a number or string")),
    };
    let amount = parsed.ok_or_else(|| RpcError::type_error("Invalid amount"))?;
    if !(0..=max).contains(&amount) {
        return Err(RpcError::type_error("Amount out of range"));
    }
    Ok(amount)
}

/// Reads a string.
///
/// # Errors
/// −3 for another type.
pub fn str_from(value: &Value) -> Result<&str, RpcError> {
    value
        .as_str()
        .ok_or_else(|| type_error(value, JsonType::String))
}

/// Reads a boolean.
///
/// # Errors
/// −3 for another type.
pub fn bool_from(value: &Value) -> Result<bool, RpcError> {
    value
        .as_bool()
        .ok_or_else(|| type_error(value, JsonType::Bool))
}

/// Reads a whole number of any integer type.
///
/// # Errors
/// −3 for another JSON type; −1 `JSON integer out of range` for fractions and what the type does not hold.
pub fn int_from<T: FromStr>(value: &Value) -> Result<T, RpcError> {
    match value {
        Value::Number(number) => number
            .as_str()
            .parse()
            .map_err(|_| RpcError::misc("JSON integer out of range")),
        _ => Err(type_error(value, JsonType::Number)),
    }
}

/// Reads a number as a double.
///
/// # Errors
/// −3 for another type; −1 where it is too large.
pub fn double_from(value: &Value) -> Result<f64, RpcError> {
    match value {
        Value::Number(number) => number
            .as_str()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .ok_or_else(|| RpcError::misc("JSON double out of range")),
        _ => Err(type_error(value, JsonType::Number)),
    }
}

/// Reads an array.
///
/// # Errors
/// −3 for another type.
pub fn array_from(value: &Value) -> Result<&[Value], RpcError> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| type_error(value, JsonType::Array))
}

/// Reads an object.
///
/// # Errors
/// −3 for another type.
pub fn object_from(value: &Value) -> Result<&Map<String, Value>, RpcError> {
    value
        .as_object()
        .ok_or_else(|| type_error(value, JsonType::Object))
}

/// The field `key` of an object, `null` where it is missing (Core's `find_value`).
pub fn field<'a>(object: &'a Map<String, Value>, key: &str) -> &'a Value {
    object.get(key).unwrap_or(&Value::Null)
}

/// Reads bytes from hex digits; `name` stands in the error text (Core's `ParseHexV`).
///
/// # Errors
/// −8 where it is not an even number of hex digits.
pub fn hex_from(value: &Value, name: &str) -> Result<Vec<u8>, RpcError> {
    let text = value.as_str().unwrap_or_default();
    match decode_hex(text) {
        Some(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(not_hex(name, text)),
    }
}

/// Reads a 32-byte hash, turned into internal order: the text's last byte comes first (Core's `ParseHashV`).
///
/// # Errors
/// −3 where it is no string, −8 where it is not 64 hex digits.
pub fn hash_from(value: &Value, name: &str) -> Result<[u8; 32], RpcError> {
    let text = str_from(value)?;
    let bytes = decode_hex(text).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    match bytes {
        Some(mut hash) => {
            hash.reverse();
            Ok(hash)
        }
        None if text.len() != 64 => Err(RpcError::invalid_parameter(format!(
            "{name} must be of length 64 (not {}, for '{text}')",
            text.len()
        ))),
        None => Err(not_hex(name, text)),
    }
}

fn not_hex(name: &str, text: &str) -> RpcError {
    RpcError::invalid_parameter(format!("{name} must be hexadecimal string (not '{text}')"))
}

/// Decodes pairs of hex digits; `None` for anything else.
pub fn decode_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

/// Writes bytes as lower-case hex digits.
pub fn encode_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string does not fail");
            text
        })
}

/// Reads a range given as its end or as `[begin, end]`, both within 0 and 2^31 − 1 and less than a million
/// apart (Core's `ParseDescriptorRange`).
///
/// # Errors
/// −8 where it is not.
pub fn range_from(value: &Value) -> Result<(u32, u32), RpcError> {
    let (low, high) = match value {
        Value::Number(_) => (0, int_from::<i64>(value)?),
        Value::Array(ends) if ends.len() == 2 && ends.iter().all(Value::is_number) => {
            (int_from::<i64>(&ends[0])?, int_from::<i64>(&ends[1])?)
        }
        _ => {
            return Err(RpcError::invalid_parameter(
                "Range must be specified as end or as [begin,end]",
            ));
        }
    };
    if low > high && value.is_array() {
        return Err(RpcError::invalid_parameter(
            "Range specified as [begin,end] must not have begin after end",
        ));
    }
    if low < 0 {
        return Err(RpcError::invalid_parameter(
            "Range should be greater or equal than 0",
        ));
    }
    if !(0..1 << 31).contains(&high) {
        return Err(RpcError::invalid_parameter("End of range is too high"));
    }
    if high >= low + 1_000_000 {
        return Err(RpcError::invalid_parameter("Range is too large"));
    }
    match (u32::try_from(low), u32::try_from(high)) {
        (Ok(low), Ok(high)) => Ok((low, high)),
        _ => Err(RpcError::invalid_parameter("End of range is too high")),
    }
}

/// Checks the types of an object's fields (Core's `RPCTypeCheckObj`); `None` allows any type.
///
/// # Errors
/// −3 for a field of another type, for a missing one unless `allow_null`, and with `strict` for one that is not
/// listed.
pub fn check_object(
    object: &Map<String, Value>,
    expected: &[(&str, Option<JsonType>)],
    allow_null: bool,
    strict: bool,
) -> Result<(), RpcError> {
    for (name, kind) in expected {
        let value = field(object, name);
        if value.is_null() && !allow_null {
            return Err(RpcError::type_error(format!("Missing {name}")));
        }
        match kind {
            Some(kind) if JsonType::of(value) != *kind && !value.is_null() => {
                return Err(RpcError::type_error(format!(
                    "JSON value of type {} for field {name} is not of expected type {}",
                    JsonType::of(value).name(),
                    kind.name()
                )));
            }
            _ => {}
        }
    }
    let unknown = object
        .keys()
        .find(|key| !expected.iter().any(|(name, _)| name == key));
    match unknown {
        Some(key) if strict => Err(RpcError::type_error(format!("Unexpected key {key}"))),
        _ => Ok(()),
    }
}

/// Reads a level of detail: a number, or a boolean where `allow_bool` (Core's `ParseVerbosity`).
///
/// # Errors
/// −3 for another type, −1 for a number that 32 bits do not hold.
pub fn verbosity_from(value: &Value, default: i32, allow_bool: bool) -> Result<i32, RpcError> {
    match value {
        Value::Null => Ok(default),
        Value::Bool(flag) if allow_bool => Ok(i32::from(*flag)),
        Value::Bool(_) => Err(RpcError::new(
            code::TYPE,
            "Verbosity was boolean but only integer allowed",
        )),
        _ => int_from(value),
    }
}

#[cfg(test)]
mod tests;
