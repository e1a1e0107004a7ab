//! Single private keys and their text form (WIF).

use std::fmt;

use primitives::ChainParams;
use primitives::base58;
use secp256k1::SecretKey;
use zeroize::Zeroize;

/// A private key, and whether its public key is written compressed.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// The number.
    pub secret: SecretKey,
    /// Whether the public key takes 33 bytes rather than 65.
    pub compressed: bool,
}

impl PrivateKey {
    /// A key whose public key is compressed, as every modern script wants it.
    pub const fn compressed(secret: SecretKey) -> Self {
        Self {
            secret,
            compressed: true,
        }
    }

    /// The bytes of the public key: 33 or 65.
    pub fn public_key_bytes(&self) -> Vec<u8> {
        let key = self.secret.public_key();
        if self.compressed {
            key.serialize().to_vec()
        } else {
            key.serialize_uncompressed().to_vec()
        }
    }

    /// The wallet import format.
    pub fn to_wif(&self, params: &ChainParams) -> String {
        let mut bytes = vec![params.base58_secret];
        bytes.extend(self.secret.as_secret_bytes());
        if self.compressed {
            bytes.push(1);
        }
        let text = base58::encode_check(&bytes, params.hashes);
        bytes.zeroize();
        text
    }

    /// Reads the wallet import format; `None` where it is none of this chain.
    pub fn from_wif(text: &str, params: &ChainParams) -> Option<Self> {
        let mut bytes = base58::decode_check(text, 34, params.hashes).ok()?;
        let key = match bytes.as_slice() {
            [version, body @ ..] if *version == params.base58_secret => {
                let (body, compressed) = match body {
                    [body @ .., 1] if body.len() == 32 => (body, true),
                    body => (body, false),
                };
                let body: Option<[u8; 32]> = body.try_into().ok();
                body.and_then(|body| SecretKey::from_secret_bytes(body).ok())
                    .map(|secret| Self { secret, compressed })
            }
            _ => None,
        };
        bytes.zeroize();
        key
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(of {})", self.secret.public_key())
    }
}
