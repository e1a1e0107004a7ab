//! Encryption of keys as Core does it: AES-256-CBC under a master key, which a passphrase opens.

use std::time::{Duration, Instant};

use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use primitives::HashScheme;
use secp256k1::SecretKey;
use sha2::{Digest as _, Sha512};
use zeroize::{Zeroize as _, Zeroizing};

use crate::db::record::MasterKeyRecord;

/// Fewest rounds of the derivation.
pub const MIN_ITERATIONS: u32 = 25_000;
/// How long one try of a passphrase should take.
const TARGET: Duration = Duration::from_millis(100);
const SALT_SIZE: usize = 8;
const IV_SIZE: usize = 16;

/// The key that encrypts a wallet's private keys.
pub type MasterKey = Zeroizing<[u8; 32]>;

/// Encryption failed. A wrong passphrase is no error but `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrypterError {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandom,
    /// The wallet was encrypted by a method that is not known.
    #[error("unknown key derivation method {0}")]
    UnknownMethod(u32),
}

/// Key and IV from a passphrase: `EVP_BytesToKey` with SHA-512.
fn derive(passphrase: &[u8], salt: &[u8], rounds: u32) -> (MasterKey, Zeroizing<[u8; IV_SIZE]>) {
    let mut digest: [u8; 64] = Sha512::new()
        .chain_update(passphrase)
        .chain_update(salt)
        .finalize()
        .into();
    for _ in 1..rounds.max(1) {
        digest = Sha512::digest(digest).into();
    }
    let mut key = Zeroizing::new([0; 32]);
    let mut iv = Zeroizing::new([0; IV_SIZE]);
    key.copy_from_slice(&digest[..32]);
    iv.copy_from_slice(&digest[32..32 + IV_SIZE]);
    digest.zeroize();
    (key, iv)
}

fn encrypt(key: &[u8; 32], iv: &[u8; IV_SIZE], plain: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<Aes256>::new(key.into(), iv.into()).encrypt_padded_vec::<Pkcs7>(plain)
}

fn decrypt(key: &[u8; 32], iv: &[u8; IV_SIZE], crypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    cbc::Decryptor::<Aes256>::new(key.into(), iv.into())
        .decrypt_padded_vec::<Pkcs7>(crypted)
        .ok()
        .map(Zeroizing::new)
}

/// How many rounds take about 100 ms on this machine, 25,000 at least.
fn measured_iterations(passphrase: &[u8], salt: &[u8]) -> u32 {
    let mut rounds = u64::from(MIN_ITERATIONS);
    for run in 0..2u64 {
        let start = Instant::now();
        derive(passphrase, salt, u32::try_from(rounds).unwrap_or(u32::MAX));
        let took = start.elapsed().as_nanos().max(1);
        let wanted = u128::from(rounds) * TARGET.as_nanos() / took;
        let wanted = u64::try_from(wanted)
            .unwrap_or(u64::MAX)
            .min(u64::from(u32::MAX));
        rounds = (rounds * run + wanted) / (run + 1);
    }
    u32::try_from(rounds)
        .unwrap_or(u32::MAX)
        .max(MIN_ITERATIONS)
}

/// Makes a random master key.
///
/// # Errors
/// [`CrypterError::NoRandom`].
pub fn new_master_key() -> Result<MasterKey, CrypterError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *key).map_err(|_| CrypterError::NoRandom)?;
    Ok(key)
}

/// Encrypts the master key under a passphrase, with a fresh salt.
///
/// # Errors
/// [`CrypterError::NoRandom`].
pub fn lock_master_key(
    key: &MasterKey,
    passphrase: &[u8],
) -> Result<MasterKeyRecord, CrypterError> {
    let mut salt = [0; SALT_SIZE];
    getrandom::fill(&mut salt).map_err(|_| CrypterError::NoRandom)?;
    let iterations = measured_iterations(passphrase, &salt);
    let (pass_key, iv) = derive(passphrase, &salt, iterations);
    Ok(MasterKeyRecord {
        crypted: encrypt(&pass_key, &iv, key.as_slice()),
        salt: salt.to_vec(),
        method: 0,
        iterations,
        other: Vec::new(),
    })
}

/// Opens a master key with a passphrase; `None` where it is the wrong one. One in 256 wrong ones
/// passes here, so the key must be tried on what it encrypts.
///
/// # Errors
/// [`CrypterError::UnknownMethod`].
pub fn open_master_key(
    record: &MasterKeyRecord,
    passphrase: &[u8],
) -> Result<Option<MasterKey>, CrypterError> {
    if record.method != 0 {
        return Err(CrypterError::UnknownMethod(record.method));
    }
    let (pass_key, iv) = derive(passphrase, &record.salt, record.iterations);
    let plain = decrypt(&pass_key, &iv, &record.crypted);
    Ok(plain.and_then(|plain| {
        let mut key = Zeroizing::new([0; 32]);
        (plain.len() == 32).then(|| {
            key.copy_from_slice(&plain);
            key
        })
    }))
}

/// The IV of a private key: the front of its public key's hash.
fn key_iv(public: &[u8], scheme: HashScheme) -> [u8; IV_SIZE] {
    let hash = scheme.op_hash256(public);
    let mut iv = [0; IV_SIZE];
    iv.copy_from_slice(&hash[..IV_SIZE]);
    iv
}

/// Encrypts a private key.
pub fn encrypt_key(
    master: &MasterKey,
    secret: &SecretKey,
    public: &[u8],
    scheme: HashScheme,
) -> Vec<u8> {
    encrypt(master, &key_iv(public, scheme), secret.as_secret_bytes())
}

/// Decrypts a private key; `None` where the result does not belong to the public key.
pub fn decrypt_key(
    master: &MasterKey,
    crypted: &[u8],
    public: &[u8],
    scheme: HashScheme,
) -> Option<SecretKey> {
    let plain = decrypt(master, &key_iv(public, scheme), crypted)?;
    let bytes: [u8; 32] = plain.as_slice().try_into().ok()?;
    let secret = SecretKey::from_secret_bytes(bytes).ok()?;
    let key = secret.public_key();
    let same = if public.len() == 33 {
        key.serialize() == public
    } else {
        key.serialize_uncompressed() == public
    };
    same.then_some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_opens_what_it_locked() {
        let master = new_master_key().unwrap();
        let record = lock_master_key(&master, b"correct horse").unwrap();
        assert!(record.iterations >= MIN_ITERATIONS);
        assert_eq!(
            open_master_key(&record, b"correct horse").unwrap(),
            Some(master.clone())
        );
        let wrong = open_master_key(&record, b"wrong").unwrap();
        assert_ne!(wrong, Some(master));
    }

    #[test]
    fn keys_come_back_on_every_hash_scheme() {
        let master = new_master_key().unwrap();
        let secret = SecretKey::from_secret_bytes([7; 32]).unwrap();
        for scheme in [
            HashScheme::Bitcoin,
            HashScheme::Groestl,
            HashScheme::RandomQ,
        ] {
            for public in [
                secret.public_key().serialize().to_vec(),
                secret.public_key().serialize_uncompressed().to_vec(),
            ] {
                let crypted = encrypt_key(&master, &secret, &public, scheme);
                assert_eq!(crypted.len(), 48);
                assert_eq!(
                    decrypt_key(&master, &crypted, &public, scheme),
                    Some(secret)
                );
                let other = new_master_key().unwrap();
                assert_eq!(decrypt_key(&other, &crypted, &public, scheme), None);
            }
        }
    }

    /// One vector of Core's `wallet_crypto_tests.cpp`.
    #[test]
    fn derivation_follows_core() {
        let salt = primitives::hash::from_hex("0000deadbeef0000").unwrap();
        let (key, iv) = derive(b"test", &salt, 25_000);
        let expect_key = "fc7aba077ad5f4c3a0988d8daa4810d0d4a0e3bcb53af662998898f33df0556a";
        assert_eq!(primitives::hash::to_hex(key.as_slice()), expect_key);
        let expect_iv = "cf2f2691526dd1aa220896fb8bf7c369";
        assert_eq!(primitives::hash::to_hex(iv.as_slice()), expect_iv);
    }
}
