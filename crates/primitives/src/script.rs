//! Script bytes: opcodes, the pieces of a script, and the standard forms of output scripts.
//! What a script does is decided in `consensus`.

use std::fmt;
use std::ops::Deref;

use crate::hash::{Hash160, to_hex};

mod number;
pub mod opcodes;

pub use number::{NumberError, decode_number, encode_number};
use opcodes::*;

/// Most bytes that a stack element or push may have outside tapscript.
pub const MAX_SCRIPT_ELEMENT_SIZE: usize = 520;
/// Most bytes of a script that can run.
pub const MAX_SCRIPT_SIZE: usize = 10_000;
/// Most keys in a multisig.
pub const MAX_PUBKEYS_PER_MULTISIG: u8 = 20;

/// The bytes of a script.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Script(Vec<u8>);

/// One piece of a script: an opcode and the bytes it pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// The opcode; 0 to 78 push data.
    pub opcode: u8,
    /// What a push pushes, empty otherwise.
    pub data: &'a [u8],
}

/// A push that goes past the end of the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a push goes past the end of the script")]
pub struct BadPush;

/// Walks over the pieces of a script.
#[derive(Clone, Debug)]
pub struct Instructions<'a> {
    script: &'a [u8],
    position: usize,
    failed: bool,
}

impl Instructions<'_> {
    /// Offset of the next piece from the script's start.
    pub const fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Instructions<'a> {
    type Item = Result<Instruction<'a>, BadPush>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.script.get(self.position..)?;
        let (&opcode, rest) = rest.split_first()?;
        if self.failed {
            return None;
        }
        let (length_size, length) = match opcode {
            ..OP_PUSHDATA1 => (0, Some(usize::from(opcode))),
            OP_PUSHDATA1 => (1, rest.first().map(|b| usize::from(*b))),
            OP_PUSHDATA2 => (
                2,
                rest.first_chunk()
                    .map(|b| usize::from(u16::from_le_bytes(*b))),
            ),
            OP_PUSHDATA4 => (
                4,
                rest.first_chunk()
                    .and_then(|b| usize::try_from(u32::from_le_bytes(*b)).ok()),
            ),
            _ => (0, Some(0)),
        };
        let data = length.and_then(|length| rest.get(length_size..)?.get(..length));
        let Some(data) = data else {
            self.failed = true;
            return Some(Err(BadPush));
        };
        self.position += 1 + length_size + data.len();
        Some(Ok(Instruction { opcode, data }))
    }
}

/// The pieces of any script bytes.
pub const fn instructions(script: &[u8]) -> Instructions<'_> {
    Instructions {
        script,
        position: 0,
        failed: false,
    }
}

/// The standard forms of an output script (Core's `Solver`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptKind {
    /// A key and OP_CHECKSIG.
    PubKey(Vec<u8>),
    /// Pay to public key hash.
    PubKeyHash(Hash160),
    /// Pay to script hash (BIP16).
    ScriptHash(Hash160),
    /// Bare multisig: how many signatures, and the keys.
    Multisig(u8, Vec<Vec<u8>>),
    /// OP_RETURN and pushes only.
    NullData,
    /// Version 0, 20 bytes.
    WitnessV0KeyHash(Hash160),
    /// Version 0, 32 bytes.
    WitnessV0ScriptHash([u8; 32]),
    /// Version 1, 32 bytes (BIP341).
    WitnessV1Taproot([u8; 32]),
    /// Pay to anchor: version 1, `4e73`.
    Anchor,
    /// A witness program of another version or length.
    WitnessUnknown(u8, Vec<u8>),
    /// Anything else.
    NonStandard,
}

impl ScriptKind {
    /// The name that JSON-RPC gives it (Core's `GetTxnOutputType`).
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PubKey(_) => "pubkey",
            Self::PubKeyHash(_) => "pubkeyhash",
            Self::ScriptHash(_) => "scripthash",
            Self::Multisig(..) => "multisig",
            Self::NullData => "nulldata",
            Self::WitnessV0KeyHash(_) => "witness_v0_keyhash",
            Self::WitnessV0ScriptHash(_) => "witness_v0_scripthash",
            Self::WitnessV1Taproot(_) => "witness_v1_taproot",
            Self::Anchor => "anchor",
            Self::WitnessUnknown(..) => "witness_unknown",
            Self::NonStandard => "nonstandard",
        }
    }
}

impl Script {
    /// An empty script.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, taken out.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Appends an opcode.
    #[must_use]
    pub fn op(mut self, opcode: u8) -> Self {
        self.0.push(opcode);
        self
    }

    /// Appends a push of `data` with the shortest length prefix (not OP_1 to OP_16: Core's `<<` of a vector).
    ///
    /// # Panics
    /// Never in practice: only for 4 GiB of data.
    #[must_use]
    pub fn push(mut self, data: &[u8]) -> Self {
        match data.len() {
            len @ 0..=75 => self.0.push(u8::try_from(len).expect("at most 75")),
            len @ 76..=0xff => {
                self.0
                    .extend([OP_PUSHDATA1, u8::try_from(len).expect("at most 255")]);
            }
            len @ 0x100..=0xffff => {
                self.0.push(OP_PUSHDATA2);
                self.0
                    .extend(u16::try_from(len).expect("two bytes").to_le_bytes());
            }
            len => {
                self.0.push(OP_PUSHDATA4);
                self.0.extend(
                    u32::try_from(len)
                        .expect("a script below 4 GiB")
                        .to_le_bytes(),
                );
            }
        }
        self.0.extend_from_slice(data);
        self
    }

    /// Appends a number in its shortest form, OP_1NEGATE and OP_0 to OP_16 included.
    #[must_use]
    pub fn push_int(self, value: i64) -> Self {
        match u8::try_from(value) {
            Ok(0) => self.op(OP_0),
            Ok(small @ 1..=16) => self.op(OP_1 + small - 1),
            _ if value == -1 => self.op(OP_1NEGATE),
            _ => {
                let bytes = encode_number(value);
                self.push(&bytes)
            }
        }
    }

    /// Pay to public key.
    pub fn pay_to_pubkey(key: &[u8]) -> Self {
        Self::new().push(key).op(OP_CHECKSIG)
    }

    /// Pay to public key hash.
    pub fn pay_to_pubkey_hash(hash: &Hash160) -> Self {
        Self::new()
            .op(OP_DUP)
            .op(OP_HASH160)
            .push(&hash.0)
            .op(OP_EQUALVERIFY)
            .op(OP_CHECKSIG)
    }

    /// Pay to script hash (BIP16).
    pub fn pay_to_script_hash(hash: &Hash160) -> Self {
        Self::new().op(OP_HASH160).push(&hash.0).op(OP_EQUAL)
    }

    /// Pay to a witness program. `version` is 0 to 16; a higher one is cut to 16.
    pub fn witness_program(version: u8, program: &[u8]) -> Self {
        Self::new()
            .push_int(i64::from(version.min(16)))
            .push(program)
    }

    /// Version and program, where this is a witness program (BIP141).
    pub fn as_witness_program(&self) -> Option<(u8, &[u8])> {
        witness_program(&self.0)
    }

    /// Whether this is exactly a pay-to-script-hash output (BIP16).
    pub fn is_pay_to_script_hash(&self) -> bool {
        matches!(self.0.as_slice(), [OP_HASH160, 20, .., OP_EQUAL] if self.0.len() == 23)
    }

    /// Whether no coin with this script can ever be spent (Core's `IsUnspendable`).
    pub fn is_unspendable(&self) -> bool {
        self.0.first() == Some(&OP_RETURN) || self.0.len() > MAX_SCRIPT_SIZE
    }

    /// Whether it pushes data and does nothing else.
    pub fn is_push_only(&self) -> bool {
        is_push_only(&self.0)
    }

    /// The pieces of the script.
    pub const fn instructions(&self) -> Instructions<'_> {
        Instructions {
            script: self.0.as_slice(),
            position: 0,
            failed: false,
        }
    }

    /// The standard form it has (Core's `Solver`).
    pub fn kind(&self) -> ScriptKind {
        if self.is_pay_to_script_hash() {
            return ScriptKind::ScriptHash(hash160_at(&self.0, 2));
        }
        if let Some((version, program)) = self.as_witness_program() {
            return witness_kind(version, program);
        }
        if self.0.first() == Some(&OP_RETURN) && is_push_only(&self.0[1..]) {
            return ScriptKind::NullData;
        }
        match self.0.as_slice() {
            [len @ (33 | 65), key @ .., OP_CHECKSIG]
                if key.len() == usize::from(*len) && key_has_valid_size(key) =>
            {
                ScriptKind::PubKey(key.to_vec())
            }
            [OP_DUP, OP_HASH160, 20, .., OP_EQUALVERIFY, OP_CHECKSIG] if self.0.len() == 25 => {
                ScriptKind::PubKeyHash(hash160_at(&self.0, 3))
            }
            _ => match_multisig(&self.0).map_or(ScriptKind::NonStandard, |(m, keys)| {
                ScriptKind::Multisig(m, keys)
            }),
        }
    }
}

/// Whether the bytes push data and do nothing else.
pub fn is_push_only(script: &[u8]) -> bool {
    instructions(script).all(|piece| piece.is_ok_and(|piece| piece.opcode <= OP_16))
}

/// Version and program, where the bytes are a witness program (BIP141).
pub fn witness_program(script: &[u8]) -> Option<(u8, &[u8])> {
    match script {
        [op, len @ 2..=40, program @ ..] if program.len() == usize::from(*len) => {
            Some((small_int(*op)?, program))
        }
        _ => None,
    }
}

/// The number that OP_0 and OP_1 to OP_16 stand for.
pub const fn small_int(opcode: u8) -> Option<u8> {
    match opcode {
        OP_0 => Some(0),
        OP_1..=OP_16 => Some(opcode - OP_1 + 1),
        _ => None,
    }
}

/// Whether first byte and length of a public key agree (Core's `CPubKey::ValidSize`).
pub const fn key_has_valid_size(key: &[u8]) -> bool {
    matches!(
        (key.first(), key.len()),
        (Some(2 | 3), 33) | (Some(4 | 6 | 7), 65)
    )
}

fn witness_kind(version: u8, program: &[u8]) -> ScriptKind {
    if let (0, Some(hash)) = (version, Hash160::from_slice(program)) {
        return ScriptKind::WitnessV0KeyHash(hash);
    }
    match (version, <[u8; 32]>::try_from(program)) {
        (0, Ok(program)) => ScriptKind::WitnessV0ScriptHash(program),
        (0, Err(_)) => ScriptKind::NonStandard,
        (1, Ok(program)) => ScriptKind::WitnessV1Taproot(program),
        (1, Err(_)) if program == [0x4e, 0x73] => ScriptKind::Anchor,
        _ => ScriptKind::WitnessUnknown(version, program.to_vec()),
    }
}

fn hash160_at(script: &[u8], at: usize) -> Hash160 {
    Hash160::from_slice(&script[at..at + 20]).expect("the caller checked the length")
}

/// Core's `MatchMultisig`: m, keys, n, OP_CHECKMULTISIG with minimally pushed numbers up to 20.
fn match_multisig(script: &[u8]) -> Option<(u8, Vec<Vec<u8>>)> {
    if script.last() != Some(&OP_CHECKMULTISIG) {
        return None;
    }
    let mut pieces = instructions(script);
    let required = multisig_count(pieces.next()?.ok()?)?;
    let mut keys = Vec::new();
    let total = loop {
        let piece = pieces.next()?.ok()?;
        if !key_has_valid_size(piece.data) {
            break multisig_count(piece)?;
        }
        keys.push(piece.data.to_vec());
    };
    let ends = pieces.position() + 1 == script.len();
    (ends && usize::from(total) == keys.len() && required >= 1 && total >= required)
        .then_some((required, keys))
}

fn multisig_count(piece: Instruction<'_>) -> Option<u8> {
    let count = match small_int(piece.opcode) {
        Some(count) => count,
        // 17 to 20 are one-byte pushes.
        None => match piece {
            Instruction {
                opcode: 1,
                data: [count @ 17..=MAX_PUBKEYS_PER_MULTISIG],
            } => *count,
            _ => return None,
        },
    };
    (1..=MAX_PUBKEYS_PER_MULTISIG)
        .contains(&count)
        .then_some(count)
}

impl Deref for Script {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Script {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Script {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Script {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Display for Script {
    /// Hexadecimal bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
