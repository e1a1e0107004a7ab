//! Who may call: Basic authorisation by cookie, by password, and by salted hash (`-rpcauth`).

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::value::encode_hex;

/// The user name that goes with the cookie.
pub const COOKIE_USER: &str = "__cookie__";

/// A value of `-rpcauth` that is not `user:salt$hash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid -rpcauth argument.")]
pub struct BadRpcAuth;

struct Credential {
    user: String,
    salt: String,
    /// HMAC-SHA256 of the password under the salt, as hex digits.
    hash: String,
}

/// The users that may call, their passwords as salted hashes only.
#[derive(Default)]
pub struct Credentials {
    list: Vec<Credential>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let users = self.list.iter().map(|credential| &credential.user);
        formatter.debug_list().entries(users).finish()
    }
}

impl Credentials {
    /// Adds a user with a plain password, which is kept as a hash under a random salt.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn add_password(&mut self, user: &str, password: &str) -> io::Result<()> {
        let salt = encode_hex(&random::<16>()?);
        let hash = password_hash(&salt, password);
        self.list.push(Credential {
            user: user.to_owned(),
            salt,
            hash,
        });
        Ok(())
    }

    /// Adds a value of `-rpcauth`.
    ///
    /// # Errors
    /// Where it is not `user:salt$hash`.
    pub fn add_rpcauth(&mut self, value: &str) -> Result<(), BadRpcAuth> {
        let fields: Vec<_> = value.split(':').collect();
        let &[user, secret] = fields.as_slice() else {
            return Err(BadRpcAuth);
        };
        let parts: Vec<_> = secret.split('$').collect();
        let &[salt, hash] = parts.as_slice() else {
            return Err(BadRpcAuth);
        };
        self.list.push(Credential {
            user: user.to_owned(),
            salt: salt.to_owned(),
            hash: hash.to_owned(),
        });
        Ok(())
    }

    /// The user that an `Authorization` header proves to be, or `None`.
    pub fn user_of(&self, header: &[u8]) -> Option<String> {
        let encoded = header.strip_prefix(b"Basic ")?.trim_ascii();
        let decoded = STANDARD.decode(encoded).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
        let known = self.list.iter().any(|credential| {
            same(credential.user.as_bytes(), user)
                && same(
                    credential.hash.as_bytes(),
                    hash_bytes(&credential.salt, password).as_bytes(),
                )
        });
        if !known {
            return None;
        }
        String::from_utf8(user.to_vec()).ok()
    }
}

/// The value of an `Authorization` header for this user and password.
pub fn basic_header(user_and_password: &str) -> String {
    format!("Basic {}", STANDARD.encode(user_and_password))
}

/// The hash part of `-rpcauth` for a password under a salt.
pub fn password_hash(salt: &str, password: &str) -> String {
    hash_bytes(salt, password.as_bytes())
}

fn hash_bytes(salt: &str, password: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(salt.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(password);
    encode_hex(&mac.finalize().into_bytes())
}

/// Compares in a time that depends on the lengths alone.
fn same(left: &[u8], right: &[u8]) -> bool {
    let differs = left
        .iter()
        .zip(right)
        .fold(0, |acc, (left, right)| acc | (left ^ right));
    left.len() == right.len() && std::hint::black_box(differs) == 0
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// Makes the password of a cookie: 32 random bytes as hex digits.
///
/// # Errors
/// Where the system gives no random bytes.
pub fn cookie_password() -> io::Result<String> {
    Ok(encode_hex(&random::<32>()?))
}

/// Reads a cookie file: `user:password`, its first line.
///
/// # Errors
/// Where the file cannot be read.
pub fn read_cookie(path: &Path) -> io::Result<String> {
    let content = fs::read_to_string(path)?;
    Ok(content.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests;
