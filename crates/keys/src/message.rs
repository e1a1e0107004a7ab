//! Signed messages: 65 bytes of recoverable signature in base64.

use primitives::encode::Sink;
use primitives::hash_scheme::hash160;
use primitives::{ChainParams, Hash160};
use secp256k1::Message;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

use crate::private_key::PrivateKey;

/// The hash that is signed: the chain's magic and the message, each with its length.
pub fn message_hash(message: &[u8], params: &ChainParams) -> [u8; 32] {
    let mut bytes = Vec::new();
    bytes.put_var_bytes(params.signed_message_magic.as_bytes());
    bytes.put_var_bytes(message);
    params.hashes.tx(&bytes)
}

/// Signs `message`; the result is the 65 bytes that people see in base64.
pub fn sign_message(key: &PrivateKey, message: &[u8], params: &ChainParams) -> [u8; 65] {
    let digest = Message::from_digest(message_hash(message, params));
    let signature = RecoverableSignature::sign_ecdsa_recoverable(digest, &key.secret);
    let (id, compact) = signature.serialize_compact();
    let id = [
        RecoveryId::Zero,
        RecoveryId::One,
        RecoveryId::Two,
        RecoveryId::Three,
    ]
    .iter()
    .zip(0u8..)
    .find_map(|(known, number)| (*known == id).then_some(number))
    .unwrap_or(0);
    let mut bytes = [0; 65];
    bytes[0] = 27 + id + if key.compressed { 4 } else { 0 };
    bytes[1..].copy_from_slice(&compact);
    bytes
}

/// The hash of the key that made `signature`; `None` where the bytes are no signature.
pub fn recover_key_hash(message: &[u8], signature: &[u8], params: &ChainParams) -> Option<Hash160> {
    let (first, compact) = signature.split_first()?;
    let header = first.checked_sub(27).filter(|header| *header < 8)?;
    let id = match header & 3 {
        0 => RecoveryId::Zero,
        1 => RecoveryId::One,
        2 => RecoveryId::Two,
        _ => RecoveryId::Three,
    };
    let signature = RecoverableSignature::from_compact(compact, id).ok()?;
    let digest = Message::from_digest(message_hash(message, params));
    let key = signature.recover_ecdsa(digest).ok()?;
    Some(if header & 4 != 0 {
        hash160(&key.serialize())
    } else {
        hash160(&key.serialize_uncompressed())
    })
}
