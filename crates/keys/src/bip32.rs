//! Hierarchical keys (BIP32): derivation, paths and the extended key texts.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use primitives::ChainParams;
use primitives::base58;
use primitives::hash_scheme::hash160;
use secp256k1::{PublicKey, Scalar, SecretKey};
use sha2::Sha512;
use zeroize::Zeroize;

/// First child number that is derived from the private key.
pub const HARDENED: u32 = 0x8000_0000;

/// Bytes of an extended key behind the version: depth, parent, child number, chain code, key.
const BODY_SIZE: usize = 74;

/// Why a key could not be derived or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bip32Error {
    /// A hardened child was asked of a public key.
    #[error("a hardened child needs the private key")]
    HardenedFromPublic,
    /// The derivation hit one of the 2^-127 invalid children.
    #[error("this child key does not exist")]
    InvalidChild,
    /// Depth 255 has no children.
    #[error("the key is at the greatest depth")]
    TooDeep,
    /// The text is no extended key of this chain.
    #[error("not an extended key of this chain")]
    NotAnExtendedKey,
    /// A step of a path is no number below 2^31, with or without `h` or `'`.
    #[error("Key path value is not a valid uint32")]
    BadPath,
    /// The seed gives an invalid key.
    #[error("the seed gives no valid key")]
    BadSeed,
}

/// Where an extended key stands in its tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Position {
    depth: u8,
    parent: [u8; 4],
    child: u32,
    chain_code: [u8; 32],
}

impl Position {
    fn below(&self, parent: [u8; 4], child: u32, chain_code: [u8; 32]) -> Result<Self, Bip32Error> {
        let depth = self.depth.checked_add(1).ok_or(Bip32Error::TooDeep)?;
        Ok(Self {
            depth,
            parent,
            child,
            chain_code,
        })
    }

    fn body(&self, key: &[u8; 33]) -> [u8; BODY_SIZE] {
        let mut body = [0; BODY_SIZE];
        body[0] = self.depth;
        body[1..5].copy_from_slice(&self.parent);
        body[5..9].copy_from_slice(&self.child.to_be_bytes());
        body[9..41].copy_from_slice(&self.chain_code);
        body[41..].copy_from_slice(key);
        body
    }

    fn from_body(body: &[u8; BODY_SIZE]) -> Self {
        let mut position = Self {
            depth: body[0],
            parent: [0; 4],
            child: 0,
            chain_code: [0; 32],
        };
        position.parent.copy_from_slice(&body[1..5]);
        let mut child = [0; 4];
        child.copy_from_slice(&body[5..9]);
        position.child = u32::from_be_bytes(child);
        position.chain_code.copy_from_slice(&body[9..41]);
        position
    }

    /// A root has no parent and no child number.
    fn is_plausible(&self) -> bool {
        self.depth != 0 || (self.parent == [0; 4] && self.child == 0)
    }
}

/// HMAC-SHA512 split in its two halves.
fn hmac_halves(key: &[u8], parts: &[&[u8]]) -> ([u8; 32], [u8; 32]) {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("HMAC takes keys of any size");
    for part in parts {
        mac.update(part);
    }
    let mut both: [u8; 64] = mac.finalize().into_bytes().into();
    let (mut left, mut right) = ([0; 32], [0; 32]);
    left.copy_from_slice(&both[..32]);
    right.copy_from_slice(&both[32..]);
    both.zeroize();
    (left, right)
}

/// An extended private key.
#[derive(Clone, PartialEq, Eq)]
pub struct Xpriv {
    position: Position,
    secret: SecretKey,
}

impl Xpriv {
    /// The root of the tree that grows from `seed`.
    ///
    /// # Errors
    /// [`Bip32Error::BadSeed`], with a chance of about 2^-127.
    pub fn from_seed(seed: &[u8]) -> Result<Self, Bip32Error> {
        let (left, chain_code) = hmac_halves(b"Bitcoin seed", &[seed]);
        let secret = SecretKey::from_secret_bytes(left).map_err(|_| Bip32Error::BadSeed)?;
        let position = Position {
            depth: 0,
            parent: [0; 4],
            child: 0,
            chain_code,
        };
        Ok(Self { position, secret })
    }

    /// Puts the private key of `xpub` beside it; `None` where they do not belong together.
    pub fn from_xpub_and_secret(xpub: &Xpub, secret: SecretKey) -> Option<Self> {
        (secret.public_key() == xpub.key).then_some(Self {
            position: xpub.position,
            secret,
        })
    }

    /// The private key itself.
    pub const fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// Its public twin.
    pub fn xpub(&self) -> Xpub {
        Xpub {
            position: self.position,
            key: self.secret.public_key(),
        }
    }

    /// Derives one child.
    ///
    /// # Errors
    /// [`Bip32Error::TooDeep`] or [`Bip32Error::InvalidChild`].
    pub fn child(&self, number: u32) -> Result<Self, Bip32Error> {
        let public = self.secret.public_key().serialize();
        let tail = number.to_be_bytes();
        let (tweak, chain_code) = if number & HARDENED != 0 {
            let mut secret = self.secret.to_secret_bytes();
            let halves = hmac_halves(&self.position.chain_code, &[&[0], &secret, &tail]);
            secret.zeroize();
            halves
        } else {
            hmac_halves(&self.position.chain_code, &[&public, &tail])
        };
        let tweak = Scalar::from_be_bytes(tweak).map_err(|_| Bip32Error::InvalidChild)?;
        let secret = self
            .secret
            .add_tweak(&tweak)
            .map_err(|_| Bip32Error::InvalidChild)?;
        let position = self
            .position
            .below(fingerprint(&public), number, chain_code)?;
        Ok(Self { position, secret })
    }

    /// Derives along `path`.
    ///
    /// # Errors
    /// Those of [`Xpriv::child`].
    pub fn derive(&self, path: &[u32]) -> Result<Self, Bip32Error> {
        path.iter()
            .try_fold(self.clone(), |key, number| key.child(*number))
    }

    /// First four bytes of the hash of the public key.
    pub fn fingerprint(&self) -> [u8; 4] {
        fingerprint(&self.secret.public_key().serialize())
    }

    /// The text form (`xprv…` on main networks).
    pub fn to_text(&self, params: &ChainParams) -> String {
        let mut key = [0; 33];
        key[1..].copy_from_slice(self.secret.as_secret_bytes());
        let body = self.position.body(&key);
        key.zeroize();
        base58::encode_check(
            &[&params.base58_ext_secret[..], &body].concat(),
            params.hashes,
        )
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`Bip32Error::NotAnExtendedKey`].
    pub fn from_text(text: &str, params: &ChainParams) -> Result<Self, Bip32Error> {
        let body = decode_body(text, params.base58_ext_secret, params)?;
        let position = Position::from_body(&body);
        let mut secret = [0; 32];
        secret.copy_from_slice(&body[42..]);
        let secret = SecretKey::from_secret_bytes(secret);
        match secret {
            Ok(secret) if body[41] == 0 && position.is_plausible() => Ok(Self { position, secret }),
            _ => Err(Bip32Error::NotAnExtendedKey),
        }
    }
}

impl fmt::Debug for Xpriv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Xpriv({:?})", self.xpub())
    }
}

/// An extended public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Xpub {
    position: Position,
    key: PublicKey,
}

impl Xpub {
    /// The public key itself.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// How many steps it stands below its root.
    pub const fn depth(&self) -> u8 {
        self.position.depth
    }

    /// Derives one child.
    ///
    /// # Errors
    /// A [`Bip32Error`]; hardened children need the private key.
    pub fn child(&self, number: u32) -> Result<Self, Bip32Error> {
        if number & HARDENED != 0 {
            return Err(Bip32Error::HardenedFromPublic);
        }
        let public = self.key.serialize();
        let (tweak, chain_code) =
            hmac_halves(&self.position.chain_code, &[&public, &number.to_be_bytes()]);
        let tweak = Scalar::from_be_bytes(tweak).map_err(|_| Bip32Error::InvalidChild)?;
        let key = self
            .key
            .add_exp_tweak(&tweak)
            .map_err(|_| Bip32Error::InvalidChild)?;
        let position = self
            .position
            .below(fingerprint(&public), number, chain_code)?;
        Ok(Self { position, key })
    }

    /// Derives along `path`.
    ///
    /// # Errors
    /// Those of [`Xpub::child`].
    pub fn derive(&self, path: &[u32]) -> Result<Self, Bip32Error> {
        path.iter()
            .try_fold(*self, |key, number| key.child(*number))
    }

    /// First four bytes of the hash of the public key.
    pub fn fingerprint(&self) -> [u8; 4] {
        fingerprint(&self.key.serialize())
    }

    /// The 74 bytes that Core keeps in wallet files: no version in front.
    pub fn to_body(&self) -> [u8; BODY_SIZE] {
        self.position.body(&self.key.serialize())
    }

    /// Reads those 74 bytes.
    ///
    /// # Errors
    /// [`Bip32Error::NotAnExtendedKey`].
    pub fn from_body(body: &[u8]) -> Result<Self, Bip32Error> {
        let body: &[u8; BODY_SIZE] = body.try_into().map_err(|_| Bip32Error::NotAnExtendedKey)?;
        let position = Position::from_body(body);
        let key = PublicKey::from_slice(&body[41..]).map_err(|_| Bip32Error::NotAnExtendedKey)?;
        Ok(Self { position, key })
    }

    /// The text form (`xpub…` on main networks).
    pub fn to_text(&self, params: &ChainParams) -> String {
        let bytes = [&params.base58_ext_public[..], &self.to_body()].concat();
        base58::encode_check(&bytes, params.hashes)
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`Bip32Error::NotAnExtendedKey`].
    pub fn from_text(text: &str, params: &ChainParams) -> Result<Self, Bip32Error> {
        let xpub = Self::from_body(&decode_body(text, params.base58_ext_public, params)?)?;
        if xpub.position.is_plausible() {
            Ok(xpub)
        } else {
            Err(Bip32Error::NotAnExtendedKey)
        }
    }
}

impl fmt::Debug for Xpub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at depth {}", self.key, self.position.depth)
    }
}

/// First four bytes of the hash of a compressed public key.
pub fn fingerprint(key: &[u8]) -> [u8; 4] {
    let hash = hash160(key);
    [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
}

fn decode_body(
    text: &str,
    version: [u8; 4],
    params: &ChainParams,
) -> Result<[u8; BODY_SIZE], Bip32Error> {
    let bytes = base58::decode_check(text, 4 + BODY_SIZE, params.hashes)
        .map_err(|_| Bip32Error::NotAnExtendedKey)?;
    match bytes.split_first_chunk::<4>() {
        Some((found, body)) if *found == version => {
            body.try_into().map_err(|_| Bip32Error::NotAnExtendedKey)
        }
        _ => Err(Bip32Error::NotAnExtendedKey),
    }
}

/// Reads one step of a path: a number below 2^31, hardened by a final `h` or `'`.
///
/// # Errors
/// [`Bip32Error::BadPath`].
pub fn parse_step(text: &str) -> Result<u32, Bip32Error> {
    let plain = text.strip_suffix(['h', '\'']);
    let digits = plain.unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Bip32Error::BadPath);
    }
    let number: u32 = digits.parse().map_err(|_| Bip32Error::BadPath)?;
    if number >= HARDENED {
        return Err(Bip32Error::BadPath);
    }
    Ok(if plain.is_some() {
        number | HARDENED
    } else {
        number
    })
}

/// Reads a path such as `m/84h/0h/0h/0/5`; the leading `m` may be left out.
///
/// # Errors
/// [`Bip32Error::BadPath`].
pub fn parse_path(text: &str) -> Result<Vec<u32>, Bip32Error> {
    let steps = text
        .strip_prefix('m')
        .map_or(text, |rest| rest.strip_prefix('/').unwrap_or(rest));
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    steps.split('/').map(parse_step).collect()
}

/// Writes a path with a slash before every step; `apostrophe` marks hardened steps with `'`.
pub fn format_path(path: &[u32], apostrophe: bool) -> String {
    let mark = if apostrophe { "'" } else { "h" };
    let mut text = String::new();
    for step in path {
        let suffix = if step & HARDENED != 0 { mark } else { "" };
        text.push_str(&format!("/{}{suffix}", step & !HARDENED));
    }
    text
}
