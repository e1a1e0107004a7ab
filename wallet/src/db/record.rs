//! Values of the records, byte for byte as Core writes them.

use primitives::BlockHash;
use primitives::encode::{DecodeError, Reader, Sink as _};
use primitives::hash_scheme::sha256d;
use secp256k1::{PublicKey, SecretKey};
use zeroize::Zeroizing;

/// Version number in front of a locator, kept for old readers.
const LOCATOR_VERSION: i32 = 70016;
/// The flag "descriptor wallet".
pub const FLAG_DESCRIPTORS: u64 = 1 << 34;
/// The flag "no keys on purpose".
pub const FLAG_BLANK: u64 = 1 << 33;
/// The flag "watch only".
pub const FLAG_DISABLE_PRIVATE_KEYS: u64 = 1 << 32;
/// The flag "keys are in an external signer".
pub const FLAG_EXTERNAL_SIGNER: u64 = 1 << 35;
/// The flag "do not mix used and fresh addresses".
pub const FLAG_AVOID_REUSE: u64 = 1;
/// The flag "key origins are recorded".
pub const FLAG_KEY_ORIGIN_METADATA: u64 = 1 << 1;
/// The flag "the keys behind last hardened steps are recorded".
pub const FLAG_LAST_HARDENED_CACHED: u64 = 1 << 2;
/// All flags that are understood. Unknown ones above bit 31 forbid opening.
const KNOWN_FLAGS: u64 = FLAG_DESCRIPTORS
    | FLAG_BLANK
    | FLAG_DISABLE_PRIVATE_KEYS
    | FLAG_AVOID_REUSE
    | FLAG_KEY_ORIGIN_METADATA
    | FLAG_LAST_HARDENED_CACHED;

/// Whether a wallet with these flags may be opened.
pub const fn flags_are_known(flags: u64) -> bool {
    (flags & !KNOWN_FLAGS) >> 32 == 0
}

/// Flags by the names that JSON-RPC gives them, in the order of their bits.
pub const FLAG_NAMES: [(u64, &str); 7] = [
    (FLAG_AVOID_REUSE, "avoid_reuse"),
    (FLAG_KEY_ORIGIN_METADATA, "key_origin_metadata"),
    (FLAG_LAST_HARDENED_CACHED, "last_hardened_xpub_cached"),
    (FLAG_DISABLE_PRIVATE_KEYS, "disable_private_keys"),
    (FLAG_BLANK, "blank"),
    (FLAG_DESCRIPTORS, "descriptor_wallet"),
    (FLAG_EXTERNAL_SIGNER, "external_signer"),
];

/// A text.
pub fn text(text: &str) -> Vec<u8> {
    let mut value = Vec::new();
    value.put_var_bytes(text.as_bytes());
    value
}

/// Reads a text.
///
/// # Errors
/// A [`DecodeError`], also where it is not UTF-8.
pub fn read_text(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let bytes = reader.var_bytes()?;
    String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::Invalid("text"))
}

/// A locator: hashes of blocks, newest first.
pub fn locator(hashes: &[BlockHash]) -> Vec<u8> {
    let mut value = Vec::new();
    value.put_i32(LOCATOR_VERSION);
    value.put_compact_size(hashes.len() as u64);
    for hash in hashes {
        value.put(&hash.0);
    }
    value
}

/// Reads a locator.
///
/// # Errors
/// A [`DecodeError`].
pub fn read_locator(bytes: &[u8]) -> Result<Vec<BlockHash>, DecodeError> {
    let mut reader = Reader::new(bytes);
    reader.i32()?;
    reader.list(32, |r| r.array().map(BlockHash))
}

/// Most indices of one descriptor: more would take days to look at, so it is damage that asks for them.
const MOST_INDICES: u32 = 1 << 24;

/// What the file holds of a descriptor beside its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptorRecord {
    /// Its public text with checksum.
    pub text: String,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// Index of the next address to give out.
    pub next_index: i32,
    /// First index.
    pub range_start: i32,
    /// Index behind the last.
    pub range_end: i32,
}

impl DescriptorRecord {
    /// Writes it.
    pub fn encode(&self) -> Vec<u8> {
        let mut value = text(&self.text);
        value.put_u64(self.created);
        value.put_i32(self.next_index);
        value.put_i32(self.range_start);
        value.put_i32(self.range_end);
        value
    }

    /// Reads it.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            text: read_text(&mut reader)?,
            created: reader.u64()?,
            next_index: reader.i32()?,
            range_start: reader.i32()?,
            range_end: reader.i32()?,
        })
    }

    /// How many indices are watched, or were given out; `None` where no descriptor can have such a range.
    pub fn indices(&self) -> Option<u32> {
        let end = self.range_end.max(self.next_index);
        let in_order = 0 <= self.range_start && self.range_start <= self.range_end;
        let indices = u32::try_from(end.checked_sub(self.range_start)?).ok()?;
        (in_order && self.next_index >= 0 && indices <= MOST_INDICES).then_some(indices)
    }
}

/// Encrypted key of all other keys (Core's `CMasterKey`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterKeyRecord {
    /// The key, encrypted.
    pub crypted: Vec<u8>,
    /// Salt of the derivation.
    pub salt: Vec<u8>,
    /// Method of the derivation: 0, SHA-512.
    pub method: u32,
    /// Rounds of the derivation.
    pub iterations: u32,
    /// Unused.
    pub other: Vec<u8>,
}

impl MasterKeyRecord {
    /// Writes it.
    pub fn encode(&self) -> Vec<u8> {
        let mut value = Vec::new();
        value.put_var_bytes(&self.crypted);
        value.put_var_bytes(&self.salt);
        value.put_u32(self.method);
        value.put_u32(self.iterations);
        value.put_var_bytes(&self.other);
        value
    }

    /// Reads it.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            crypted: reader.var_bytes()?.to_vec(),
            salt: reader.var_bytes()?.to_vec(),
            method: reader.u32()?,
            iterations: reader.u32()?,
            other: reader.var_bytes()?.to_vec(),
        })
    }
}

/// Parts of a private key in SEC 1 form that never change: the curve secp256k1, written out.
struct KeyForm {
    begin: &'static [u8],
    middle_head: &'static [u8],
    generator: &'static [u8],
    public_head: &'static [u8],
}

/// Field, curve and prime, between the heads and the generator.
const CURVE: &[u8] = &[
    0x02, 0x01, 0x01, 0x30, 0x2c, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01, 0x02, 0x21,
    0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xfc,
    0x2f, 0x30, 0x06, 0x04, 0x01, 0x00, 0x04, 0x01, 0x07, 0x04,
];
/// X coordinate of the generator.
const GENERATOR_X: [u8; 32] = [
    0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07,
    0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
];
/// Y coordinate of the generator.
const GENERATOR_Y: [u8; 32] = [
    0x48, 0x3a, 0xda, 0x77, 0x26, 0xa3, 0xc4, 0x65, 0x5d, 0xa4, 0xfb, 0xfc, 0x0e, 0x11, 0x08, 0xa8,
    0xfd, 0x17, 0xb4, 0x48, 0xa6, 0x85, 0x54, 0x19, 0x9c, 0x47, 0xd0, 0x8f, 0xfb, 0x10, 0xd4, 0xb8,
];
/// Order of the group, and the cofactor.
const ORDER: &[u8] = &[
    0x02, 0x21, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0,
    0x36, 0x41, 0x41, 0x02, 0x01, 0x01,
];
const COMPRESSED: KeyForm = KeyForm {
    begin: &[0x30, 0x81, 0xd3, 0x02, 0x01, 0x01, 0x04, 0x20],
    middle_head: &[0xa0, 0x81, 0x85, 0x30, 0x81, 0x82],
    generator: &[0x21, 0x02],
    public_head: &[0xa1, 0x24, 0x03, 0x22, 0x00],
};
const UNCOMPRESSED: KeyForm = KeyForm {
    begin: &[0x30, 0x82, 0x01, 0x13, 0x02, 0x01, 0x01, 0x04, 0x20],
    middle_head: &[0xa0, 0x81, 0xa5, 0x30, 0x81, 0xa2],
    generator: &[0x41, 0x04],
    public_head: &[0xa1, 0x44, 0x03, 0x42, 0x00],
};

/// A private key in SEC 1 form with the curve written out (Core's `CPrivKey`).
fn private_key_der(secret: &SecretKey, public: &[u8]) -> Zeroizing<Vec<u8>> {
    let compressed = public.len() == 33;
    let form = if compressed {
        &COMPRESSED
    } else {
        &UNCOMPRESSED
    };
    let mut der = Zeroizing::new(Vec::with_capacity(279));
    der.extend_from_slice(form.begin);
    der.extend_from_slice(secret.as_secret_bytes());
    der.extend_from_slice(form.middle_head);
    der.extend_from_slice(CURVE);
    der.extend_from_slice(form.generator);
    der.extend_from_slice(&GENERATOR_X);
    if !compressed {
        der.extend_from_slice(&GENERATOR_Y);
    }
    der.extend_from_slice(ORDER);
    der.extend_from_slice(form.public_head);
    der.extend_from_slice(public);
    der
}

/// The value of a private key's record: the key, and a hash over public and private key.
pub fn private_key(secret: &SecretKey, public: &[u8]) -> Vec<u8> {
    let der = private_key_der(secret, public);
    let mut value = Vec::with_capacity(der.len() + 35);
    value.put_var_bytes(&der);
    let joined = Zeroizing::new([public, &der].concat());
    value.put(&sha256d(&joined));
    value
}

/// Reads a private key's record and checks it against its public key.
///
/// # Errors
/// [`DecodeError::Invalid`] where they do not belong together.
pub fn read_private_key(value: &[u8], public: &[u8]) -> Result<SecretKey, DecodeError> {
    let invalid = DecodeError::Invalid("descriptor unencrypted key");
    let mut reader = Reader::new(value);
    let der = reader.var_bytes()?;
    let hash: [u8; 32] = reader.array()?;
    let joined = Zeroizing::new([public, der].concat());
    if sha256d(&joined) != hash {
        return Err(invalid);
    }
    let begin = if public.len() == 33 {
        COMPRESSED.begin
    } else {
        UNCOMPRESSED.begin
    };
    let bytes: [u8; 32] = der
        .get(begin.len()..begin.len() + 32)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(invalid)?;
    SecretKey::from_secret_bytes(bytes).map_err(|_| invalid)
}

/// Reads a public key as it stands in keys of records.
///
/// # Errors
/// A [`DecodeError`], also for bytes that are no point.
pub fn read_public_key(reader: &mut Reader<'_>) -> Result<(Vec<u8>, PublicKey), DecodeError> {
    let bytes = reader.var_bytes()?;
    let key = PublicKey::from_slice(bytes).map_err(|_| DecodeError::Invalid("public key"))?;
    Ok((bytes.to_vec(), key))
}

/// The version that this program leaves in files: the reference version whose format it writes, as
/// Core numbers its own.
pub fn named_version() -> [u8; 4] {
    FORMAT_VERSION.to_le_bytes()
}

/// Core 32.0, in its own numbers.
const FORMAT_VERSION: i32 = 320_000;
