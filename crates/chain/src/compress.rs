//! The short forms in which coins lie in the store and in undo files: variable-length integers,
//! compressed amounts and scripts (Core's `serialize.h` and `compressor.cpp`).

use primitives::encode::{DecodeError, Reader, Sink};
use primitives::script::MAX_SCRIPT_SIZE;
use primitives::script::opcodes::{
    OP_CHECKSIG, OP_DUP, OP_EQUAL, OP_EQUALVERIFY, OP_HASH160, OP_RETURN,
};
use primitives::{Amount, Script, TxOut};
use secp256k1::PublicKey;

/// Numbers below this name a special form of script; others are its length plus this.
const SPECIAL_SCRIPTS: u64 = 6;

/// Writes an integer in groups of seven bits, the highest first (Core's `WriteVarInt`).
pub(crate) fn put_varint(out: &mut impl Sink, mut value: u64) {
    let mut bytes = [0; 10];
    let mut start = bytes.len() - 1;
    loop {
        let last = start == bytes.len() - 1;
        let low = u8::try_from(value & 0x7f).expect("seven bits");
        bytes[start] = low | if last { 0 } else { 0x80 };
        if value <= 0x7f {
            break;
        }
        value = (value >> 7) - 1;
        start -= 1;
    }
    out.put(&bytes[start..]);
}

/// Reads what [`put_varint`] wrote.
pub(crate) fn varint(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    let mut value: u64 = 0;
    loop {
        let byte = reader.u8()?;
        if value > u64::MAX >> 7 {
            return Err(DecodeError::Invalid("variable-length integer"));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        value = value
            .checked_add(1)
            .ok_or(DecodeError::Invalid("variable-length integer"))?;
    }
}

/// Reads a [`varint`] of 32 bits.
pub(crate) fn varint_u32(reader: &mut Reader<'_>) -> Result<u32, DecodeError> {
    u32::try_from(varint(reader)?).map_err(|_| DecodeError::Invalid("variable-length integer"))
}

/// Shortens amounts that end in zeros (Core's `CompressAmount`).
pub(crate) fn compress_amount(amount: u64) -> u64 {
    if amount == 0 {
        return 0;
    }
    let (mut n, mut exponent) = (amount, 0);
    while n.is_multiple_of(10) && exponent < 9 {
        n /= 10;
        exponent += 1;
    }
    // Wraps as Core does; amounts in the money range never get there.
    if exponent < 9 {
        let digit = n % 10;
        let n = (n / 10).wrapping_mul(9).wrapping_add(digit - 1);
        n.wrapping_mul(10).wrapping_add(exponent).wrapping_add(1)
    } else {
        (n - 1).wrapping_mul(10).wrapping_add(10)
    }
}

/// Inverts [`compress_amount`].
pub(crate) fn decompress_amount(short: u64) -> u64 {
    let Some(x) = short.checked_sub(1) else {
        return 0;
    };
    let (exponent, x) = (x % 10, x / 10);
    let n = if exponent < 9 {
        (x / 9).wrapping_mul(10).wrapping_add(x % 9 + 1)
    } else {
        x.wrapping_add(1)
    };
    (0..exponent).fold(n, |n, _| n.wrapping_mul(10))
}

/// Writes an output in its short form (Core's `TxOutCompression`).
pub(crate) fn put_output(out: &mut impl Sink, output: &TxOut) {
    put_varint(out, compress_amount(output.value.sat().cast_unsigned()));
    put_script(out, &output.script_pubkey);
}

/// As [`put_output`], whole public keys as they are: [`output`] reads them without work.
pub(crate) fn put_plain_output(out: &mut impl Sink, output: &TxOut) {
    put_varint(out, compress_amount(output.value.sat().cast_unsigned()));
    let script = output.script_pubkey.as_ref();
    match script {
        [65, 4, ..] => put_long_script(out, script),
        _ => put_script(out, script),
    }
}

/// Reads what [`put_output`] wrote.
pub(crate) fn output(reader: &mut Reader<'_>) -> Result<TxOut, DecodeError> {
    let value = decompress_amount(varint(reader)?).cast_signed();
    Ok(TxOut {
        value: Amount::from_sat(value),
        script_pubkey: script(reader)?,
    })
}

fn put_script(out: &mut impl Sink, script: &[u8]) {
    match script {
        [
            OP_DUP,
            OP_HASH160,
            20,
            hash @ ..,
            OP_EQUALVERIFY,
            OP_CHECKSIG,
        ] if hash.len() == 20 => {
            out.put_u8(0);
            out.put(hash);
        }
        [OP_HASH160, 20, hash @ .., OP_EQUAL] if hash.len() == 20 => {
            out.put_u8(1);
            out.put(hash);
        }
        [33, sign @ (2 | 3), x @ .., OP_CHECKSIG] if x.len() == 32 => {
            out.put_u8(*sign);
            out.put(x);
        }
        // Only a point on the curve can be restored from half of it.
        [65, 4, key @ .., OP_CHECKSIG]
            if key.len() == 64 && PublicKey::from_slice(&script[1..66]).is_ok() =>
        {
            out.put_u8(4 | key[63] & 1);
            out.put(&key[..32]);
        }
        _ => put_long_script(out, script),
    }
}

fn put_long_script(out: &mut impl Sink, script: &[u8]) {
    put_varint(out, script.len() as u64 + SPECIAL_SCRIPTS);
    out.put(script);
}

fn script(reader: &mut Reader<'_>) -> Result<Script, DecodeError> {
    let form = varint(reader)?;
    match form {
        // At its full length at once: there are many of these.
        0 => {
            let hash = reader.take(20)?;
            let parts = [
                &[OP_DUP, OP_HASH160, 20],
                hash,
                &[OP_EQUALVERIFY, OP_CHECKSIG],
            ];
            Ok(parts.concat().into())
        }
        1 => {
            let hash = reader.take(20)?;
            Ok([&[OP_HASH160, 20], hash, &[OP_EQUAL]].concat().into())
        }
        2 | 3 => {
            let mut key = [0; 33];
            key[0] = u8::try_from(form).expect("2 or 3");
            key[1..].copy_from_slice(reader.take(32)?);
            Ok(Script::pay_to_pubkey(&key))
        }
        4 | 5 => {
            let mut key = [0; 33];
            key[0] = u8::try_from(form - 2).expect("2 or 3");
            key[1..].copy_from_slice(reader.take(32)?);
            let key = PublicKey::from_slice(&key)
                .map_err(|_| DecodeError::Invalid("compressed public key"))?;
            Ok(Script::pay_to_pubkey(&key.serialize_uncompressed()))
        }
        _ => long_script(reader, form - SPECIAL_SCRIPTS),
    }
}

/// Bytes that a script takes behind its form, which is read; `None` where they may not make one.
pub(crate) fn script_len(reader: &mut Reader<'_>) -> Option<usize> {
    match varint(reader).ok()? {
        0 | 1 => Some(20),
        2 | 3 => Some(32),
        // Not every half is one of a key.
        4 | 5 => None,
        form => usize::try_from(form - SPECIAL_SCRIPTS).ok(),
    }
}

fn long_script(reader: &mut Reader<'_>, len: u64) -> Result<Script, DecodeError> {
    let len = usize::try_from(len).map_err(|_| DecodeError::EndOfData)?;
    let bytes = reader.take(len)?;
    // As Core: what cannot be spent anyway is not carried along.
    Ok(if len > MAX_SCRIPT_SIZE {
        Script::new().op(OP_RETURN)
    } else {
        Script::from(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_script(script: Script, bytes: usize) {
        let mut out = Vec::new();
        put_script(&mut out, &script);
        assert_eq!(out.len(), bytes, "{script}");
        let mut reader = Reader::new(&out);
        assert_eq!(super::script(&mut reader), Ok(script));
        reader.finish().unwrap();
    }

    #[test]
    fn varints_follow_core() {
        // From the table in Core's `serialize.h`.
        for (value, bytes) in [
            (0, &[0x00][..]),
            (1, &[0x01]),
            (127, &[0x7f]),
            (128, &[0x80, 0x00]),
            (255, &[0x80, 0x7f]),
            (256, &[0x81, 0x00]),
            (16383, &[0xfe, 0x7f]),
            (16384, &[0xff, 0x00]),
            (16511, &[0xff, 0x7f]),
            (65535, &[0x82, 0xfe, 0x7f]),
            (1 << 32, &[0x8e, 0xfe, 0xfe, 0xff, 0x00]),
        ] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out, bytes, "{value}");
            assert_eq!(varint(&mut Reader::new(&out)), Ok(value));
        }
        let mut out = Vec::new();
        put_varint(&mut out, u64::MAX);
        assert_eq!(varint(&mut Reader::new(&out)), Ok(u64::MAX));
        assert!(varint(&mut Reader::new(&[0xff; 12])).is_err());
    }

    #[test]
    fn amounts_follow_core() {
        // From Core's `compress_tests.cpp`.
        for (amount, short) in [
            (0, 0),
            (1, 1),
            (1_000_000, 7),
            (100_000_000, 9),
            (5_000_000_000, 0x32),
            (2_100_000_000_000_000, 21_000_000),
        ] {
            assert_eq!(compress_amount(amount), short, "{amount}");
            assert_eq!(decompress_amount(short), amount);
        }
        for amount in (0..100_000).chain((0..1000).map(|n| n * 7_654_321_000)) {
            assert_eq!(decompress_amount(compress_amount(amount)), amount);
        }
    }

    #[test]
    fn scripts_come_back() {
        check_script(
            Script::pay_to_pubkey_hash(&primitives::Hash160([7; 20])),
            21,
        );
        check_script(
            Script::pay_to_script_hash(&primitives::Hash160([7; 20])),
            21,
        );
        check_script(Script::pay_to_pubkey(&[2; 33]), 33);
        // The generator of the curve, then a point that is not on it.
        let point = PublicKey::from_slice(
            &primitives::hash::from_hex(
                "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            )
            .unwrap(),
        )
        .unwrap();
        check_script(Script::pay_to_pubkey(&point.serialize_uncompressed()), 33);
        check_script(Script::pay_to_pubkey(&[4; 65]), 68);
        check_script(Script::new(), 1);
        check_script(Script::from(vec![0x51]), 2);
        let mut long = Vec::new();
        put_script(&mut long, &[0x51; MAX_SCRIPT_SIZE + 1]);
        assert_eq!(
            script(&mut Reader::new(&long)),
            Ok(Script::from(vec![OP_RETURN]))
        );
    }
}
