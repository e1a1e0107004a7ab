//! Addresses: what can be paid to, as people write it and as a script.

use crate::base58;
use crate::hash::Hash160;
use crate::params::ChainParams;
use crate::script::{Script, ScriptKind};

mod bech32;

use bech32::Variant;

/// Something that an address names (Core's `CTxDestination`). A bare public key has no address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// Pay to public key hash.
    PubKeyHash(Hash160),
    /// Pay to script hash (BIP16).
    ScriptHash(Hash160),
    /// Pay to witness public key hash (BIP141).
    WitnessV0KeyHash(Hash160),
    /// Pay to witness script hash (BIP141).
    WitnessV0ScriptHash([u8; 32]),
    /// Pay to taproot (BIP341): the output key.
    WitnessV1Taproot([u8; 32]),
    /// Pay to anchor, which anyone can spend.
    Anchor,
    /// A witness program without a meaning yet.
    WitnessUnknown(WitnessProgram),
}

/// A witness program of a version or length without a meaning yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WitnessProgram {
    version: u8,
    program: Vec<u8>,
}

impl WitnessProgram {
    /// The version, 1 to 16.
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The program, 2 to 40 bytes.
    pub fn program(&self) -> &[u8] {
        &self.program
    }
}

/// Why a text is no address of the chain. The messages are Core's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither base58 nor with the chain's prefix.
    #[error("Invalid or unsupported Segwit (Bech32) or Base58 encoding.")]
    UnknownEncoding,
    /// Base58 with a wrong checksum, or too long.
    #[error("Invalid checksum or length of Base58 address (P2PKH or P2SH)")]
    Base58Checksum,
    /// The first byte is that of an address, but the length is not.
    #[error("Invalid length for Base58 address (P2PKH or P2SH)")]
    Base58Length,
    /// The first byte is not that of an address of this chain.
    #[error("Invalid or unsupported Base58-encoded address.")]
    Base58Version,
    /// There is nothing between prefix and checksum.
    #[error("Empty Bech32 data section")]
    EmptyBech32,
    /// The prefix only begins like the chain's.
    #[error(
        "Invalid or unsupported prefix for Segwit (Bech32) address (expected {expected}, got {got})."
    )]
    WrongPrefix {
        /// The chain's prefix.
        expected: &'static str,
        /// The text's.
        got: String,
    },
    /// Version 0 with the later checksum.
    #[error("Version 0 witness address must use Bech32 checksum")]
    Version0NeedsBech32,
    /// A later version with the first checksum.
    #[error("Version 1+ witness address must use Bech32m checksum")]
    Version1NeedsBech32m,
    /// Bits left over behind the last byte.
    #[error("Invalid padding in Bech32 data section")]
    Padding,
    /// Neither 20 nor 32 bytes.
    #[error("Invalid Bech32 v0 address program size ({}), per BIP141", bytes(*.0))]
    Version0Size(usize),
    /// A version above 16.
    #[error("Invalid Bech32 address witness version")]
    WitnessVersion,
    /// Not 2 to 40 bytes.
    #[error("Invalid Bech32 address program size ({})", bytes(*.0))]
    ProgramSize(usize),
    /// With the chain's prefix, but no bech32.
    #[error("{message}")]
    Bech32 {
        /// What is wrong.
        message: &'static str,
        /// Indices of the characters to blame, ascending.
        locations: Vec<usize>,
    },
}

fn bytes(count: usize) -> String {
    format!("{count} {}", if count == 1 { "byte" } else { "bytes" })
}

impl AddressError {
    /// Indices of the characters that are probably wrong, where that can be told.
    pub fn locations(&self) -> &[usize] {
        match self {
            Self::Bech32 { locations, .. } => locations,
            _ => &[],
        }
    }
}

impl Destination {
    /// Reads an address of the chain (Core's `DecodeDestination`).
    ///
    /// # Errors
    /// An [`AddressError`] with the message that Core would give.
    pub fn from_address(text: &str, params: &ChainParams) -> Result<Self, AddressError> {
        let prefix = text.as_bytes().get(..params.bech32_hrp.len());
        if !prefix.is_some_and(|p| p.eq_ignore_ascii_case(params.bech32_hrp.as_bytes())) {
            return from_base58(text, params);
        }
        if let Some(decoded) = bech32::decode(text) {
            return from_bech32(decoded, params);
        }
        // Base58 addresses may begin with these letters, too.
        from_base58(text, params).map_err(|_| {
            let bech32::Located { message, locations } = bech32::locate_errors(text);
            AddressError::Bech32 { message, locations }
        })
    }

    /// Writes the address.
    pub fn to_address(&self, params: &ChainParams) -> String {
        let base58 = |version: u8, hash: &Hash160| {
            base58::encode_check(&[&[version], hash.0.as_slice()].concat(), params.hashes)
        };
        let segwit = |variant, version, program: &[u8]| {
            let values = [&[version], bech32::to_groups_of_5(program).as_slice()].concat();
            bech32::encode(variant, params.bech32_hrp, &values)
        };
        match self {
            Self::PubKeyHash(hash) => base58(params.base58_pubkey, hash),
            Self::ScriptHash(hash) => base58(params.base58_script, hash),
            Self::WitnessV0KeyHash(hash) => segwit(Variant::Bech32, 0, &hash.0),
            Self::WitnessV0ScriptHash(hash) => segwit(Variant::Bech32, 0, hash),
            Self::WitnessV1Taproot(key) => segwit(Variant::Bech32m, 1, key),
            Self::Anchor => segwit(Variant::Bech32m, 1, ANCHOR_PROGRAM),
            Self::WitnessUnknown(w) => segwit(Variant::Bech32m, w.version, &w.program),
        }
    }

    /// What an output script pays to, where that has an address (Core's `ExtractDestination`).
    pub fn from_script(script: &Script) -> Option<Self> {
        match script.kind() {
            ScriptKind::PubKeyHash(hash) => Some(Self::PubKeyHash(hash)),
            ScriptKind::ScriptHash(hash) => Some(Self::ScriptHash(hash)),
            ScriptKind::WitnessV0KeyHash(hash) => Some(Self::WitnessV0KeyHash(hash)),
            ScriptKind::WitnessV0ScriptHash(hash) => Some(Self::WitnessV0ScriptHash(hash)),
            ScriptKind::WitnessV1Taproot(key) => Some(Self::WitnessV1Taproot(key)),
            ScriptKind::Anchor => Some(Self::Anchor),
            ScriptKind::WitnessUnknown(version, program) => {
                Some(Self::WitnessUnknown(WitnessProgram { version, program }))
            }
            ScriptKind::PubKey(_)
            | ScriptKind::Multisig(..)
            | ScriptKind::NullData
            | ScriptKind::NonStandard => None,
        }
    }

    /// The output script that pays to it.
    pub fn to_script(&self) -> Script {
        match self {
            Self::PubKeyHash(hash) => Script::pay_to_pubkey_hash(hash),
            Self::ScriptHash(hash) => Script::pay_to_script_hash(hash),
            Self::WitnessV0KeyHash(hash) => Script::witness_program(0, &hash.0),
            Self::WitnessV0ScriptHash(hash) => Script::witness_program(0, hash),
            Self::WitnessV1Taproot(key) => Script::witness_program(1, key),
            Self::Anchor => Script::witness_program(1, ANCHOR_PROGRAM),
            Self::WitnessUnknown(w) => Script::witness_program(w.version, &w.program),
        }
    }
}

/// The witness program, of version 1, of pay to anchor.
const ANCHOR_PROGRAM: &[u8] = &[0x4e, 0x73];

fn from_base58(text: &str, params: &ChainParams) -> Result<Destination, AddressError> {
    let Ok(data) = base58::decode_check(text, 21, params.hashes) else {
        // A text far too long for an address is still told from one that is no base58.
        return Err(match base58::decode(text, 100) {
            Ok(_) => AddressError::Base58Checksum,
            Err(_) => AddressError::UnknownEncoding,
        });
    };
    match data.split_first() {
        Some((version, hash)) if *version == params.base58_pubkey => Hash160::from_slice(hash)
            .map(Destination::PubKeyHash)
            .ok_or(AddressError::Base58Length),
        Some((version, hash)) if *version == params.base58_script => Hash160::from_slice(hash)
            .map(Destination::ScriptHash)
            .ok_or(AddressError::Base58Length),
        _ => Err(AddressError::Base58Version),
    }
}

fn from_bech32(
    decoded: bech32::Decoded,
    params: &ChainParams,
) -> Result<Destination, AddressError> {
    let Some((&version, groups)) = decoded.values.split_first() else {
        return Err(AddressError::EmptyBech32);
    };
    if decoded.hrp != params.bech32_hrp {
        return Err(AddressError::WrongPrefix {
            expected: params.bech32_hrp,
            got: decoded.hrp,
        });
    }
    match (version, decoded.variant) {
        (0, Variant::Bech32m) => return Err(AddressError::Version0NeedsBech32),
        (1.., Variant::Bech32) => return Err(AddressError::Version1NeedsBech32m),
        (0, Variant::Bech32) | (1.., Variant::Bech32m) => {}
    }
    let program = bech32::to_bytes(groups).ok_or(AddressError::Padding)?;
    match version {
        0 => match (
            Hash160::from_slice(&program),
            <[u8; 32]>::try_from(program.as_slice()),
        ) {
            (Some(hash), _) => Ok(Destination::WitnessV0KeyHash(hash)),
            (None, Ok(hash)) => Ok(Destination::WitnessV0ScriptHash(hash)),
            (None, Err(_)) => Err(AddressError::Version0Size(program.len())),
        },
        17.. => Err(AddressError::WitnessVersion),
        1..=16 if !(2..=40).contains(&program.len()) => {
            Err(AddressError::ProgramSize(program.len()))
        }
        1 if program == ANCHOR_PROGRAM => Ok(Destination::Anchor),
        1..=16 => Ok(match (version, <[u8; 32]>::try_from(program)) {
            (1, Ok(key)) => Destination::WitnessV1Taproot(key),
            (_, program) => {
                let program = program.map_or_else(|bytes| bytes, |bytes| bytes.to_vec());
                Destination::WitnessUnknown(WitnessProgram { version, program })
            }
        }),
    }
}

#[cfg(test)]
mod tests;
