//! Numbers on the script stack: little-endian bytes with a sign bit (Core's `CScriptNum`).

/// Bytes that are not a number in the asked form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// More bytes than allowed.
    #[error("script number overflow")]
    Overflow,
    /// A shorter form exists.
    #[error("non-minimally encoded script number")]
    NotMinimal,
}

/// The shortest form of `value`; zero is empty.
pub fn encode_number(value: i64) -> Vec<u8> {
    let mut rest = value.unsigned_abs();
    let mut bytes = Vec::with_capacity(9);
    while rest > 0 {
        bytes.push(rest.to_le_bytes()[0]);
        rest >>= 8;
    }
    let sign = if value < 0 { 0x80 } else { 0 };
    match bytes.last_mut() {
        Some(last) if *last & 0x80 == 0 => *last |= sign,
        Some(_) => bytes.push(sign),
        None => {}
    }
    bytes
}

/// Reads a number of at most `max_size` (up to 8) bytes.
///
/// # Errors
/// A [`NumberError`].
pub fn decode_number(bytes: &[u8], minimal: bool, max_size: usize) -> Result<i64, NumberError> {
    if bytes.len() > max_size.min(8) {
        return Err(NumberError::Overflow);
    }
    let Some((&last, head)) = bytes.split_last() else {
        return Ok(0);
    };
    if minimal && last & 0x7f == 0 && head.last().is_none_or(|byte| byte & 0x80 == 0) {
        return Err(NumberError::NotMinimal);
    }
    let mut raw = [0; 8];
    raw[..bytes.len()].copy_from_slice(bytes);
    raw[bytes.len() - 1] &= 0x7f;
    let magnitude = i64::from_le_bytes(raw);
    Ok(if last & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    })
}
