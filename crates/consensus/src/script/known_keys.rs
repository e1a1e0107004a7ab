//! Public keys that a thread parsed of late: a key's point takes a square root, a tenth of the time of a
//! signature, and many keys sign more than once.

use std::cell::RefCell;

use secp256k1::{PublicKey, XOnlyPublicKey};

/// Keys that a thread remembers: about 100 kB.
const PLACES: usize = 1024;

thread_local! {
    static COMPRESSED: RefCell<Known<33, PublicKey>> = RefCell::default();
    static X_ONLY: RefCell<Known<32, XOnlyPublicKey>> = RefCell::default();
}

/// Keys by their bytes, each at the one place that its bytes name; a newer one takes it.
struct Known<const N: usize, T>(Vec<Option<([u8; N], T)>>);

impl<const N: usize, T> Default for Known<N, T> {
    fn default() -> Self {
        Self((0..PLACES).map(|_| None).collect())
    }
}

impl<const N: usize, T: Copy> Known<N, T> {
    /// The key of these bytes; what `parse` gives is remembered.
    fn get(&mut self, bytes: &[u8; N], parse: impl FnOnce() -> Option<T>) -> Option<T> {
        // The last bytes belong to the coordinate in both forms.
        let place = usize::from(u16::from_le_bytes([bytes[N - 2], bytes[N - 1]])) % PLACES;
        match &mut self.0[place] {
            Some((known, key)) if known == bytes => Some(*key),
            other => {
                let key = parse()?;
                *other = Some((*bytes, key));
                Some(key)
            }
        }
    }
}

/// Parses a key of any form; `None` where it is no point on the curve.
pub(super) fn public_key(bytes: &[u8]) -> Option<PublicKey> {
    let parse = || PublicKey::from_slice(bytes).ok();
    match bytes.try_into() {
        Ok(compressed) => COMPRESSED.with_borrow_mut(|known| known.get(compressed, parse)),
        Err(_) => parse(),
    }
}

/// Parses the key of a taproot output or of a tapscript.
pub(super) fn x_only_key(bytes: &[u8; 32]) -> Option<XOnlyPublicKey> {
    X_ONLY
        .with_borrow_mut(|known| known.get(bytes, || XOnlyPublicKey::from_byte_array(*bytes).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The points of this many multiples of the generator; several share a place.
    fn keys() -> Vec<PublicKey> {
        let secret = |n: u16| {
            let mut bytes = [0; 32];
            bytes[30..].copy_from_slice(&n.to_be_bytes());
            secp256k1::SecretKey::from_secret_bytes(bytes).unwrap()
        };
        (1..3000)
            .map(|n| PublicKey::from_secret_key(&secret(n)))
            .collect()
    }

    #[test]
    fn keys_are_theirs_however_often_they_are_asked_for() {
        let keys = keys();
        for _ in 0..2 {
            for key in &keys {
                assert_eq!(public_key(&key.serialize()), Some(*key));
                assert_eq!(public_key(&key.serialize()), Some(*key));
                let (x_only, _) = key.x_only_public_key();
                assert_eq!(x_only_key(&x_only.to_byte_array()), Some(x_only));
                assert_eq!(public_key(&key.serialize_uncompressed()), Some(*key));
            }
        }
    }

    #[test]
    fn what_is_no_point_is_no_key_and_forgets_none() {
        let key = keys()[0];
        let bytes = key.serialize();
        assert_eq!(public_key(&bytes), Some(key));
        let mut wrong = bytes;
        wrong[1..31].fill(0xff);
        assert_eq!(public_key(&wrong), None);
        assert_eq!(public_key(&wrong), None);
        wrong = bytes;
        wrong[0] = 5;
        assert_eq!(public_key(&wrong), None);
        assert_eq!(public_key(&bytes), Some(key));
        let mut other = bytes;
        other[0] ^= 1;
        assert_ne!(public_key(&other), Some(key), "the other point of two");
        assert_eq!(x_only_key(&[0xff; 32]), None);
    }
}
