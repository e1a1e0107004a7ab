//! What is known to be valid already: signatures, and all scripts of a transaction (Core's
//! `ValidationCache`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use consensus::{ScriptFlags, SignatureCache, SignatureEntry};
use primitives::Wtxid;
use primitives::hash_scheme::sha256;

use crate::random::random_salt;

/// Places in which an entry may lie.
const WAYS: usize = 8;
/// Parts with a lock of their own.
const SHARDS: usize = 16;

/// A salted hash of what was found valid.
type Key = [u8; 32];

/// A set of fixed size that forgets: a new key takes the place of an old one where its bucket is
/// full.
#[derive(Debug)]
struct KeySet {
    shards: Vec<Mutex<Vec<Key>>>,
    buckets: usize,
    len: AtomicUsize,
}

impl KeySet {
    fn new(bytes: usize) -> Self {
        let buckets = (bytes / (WAYS * SHARDS * size_of::<Key>())).max(1);
        // Filled on first use, so that a node that needs no cache has none.
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self {
            shards,
            buckets,
            len: AtomicUsize::new(0),
        }
    }

    fn with_bucket<T>(&self, key: &Key, act: impl FnOnce(&mut [Key]) -> T) -> T {
        let number = |part: &[u8]| {
            part.iter()
                .fold(0, |number: usize, byte| number << 8 | usize::from(*byte))
        };
        let (shard, bucket) = (
            number(&key[..1]) % SHARDS,
            number(&key[1..5]) % self.buckets,
        );
        // Every change is one store: a panic elsewhere leaves nothing half done.
        let mut keys = self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if keys.is_empty() {
            keys.resize(self.buckets * WAYS, [0; 32]);
        }
        act(&mut keys[bucket * WAYS..][..WAYS])
    }

    fn contains(&self, key: &Key, erase: bool) -> bool {
        if self.len.load(Ordering::Relaxed) == 0 {
            return false;
        }
        self.with_bucket(key, |bucket| {
            let found = bucket.iter_mut().find(|known| *known == key);
            if erase && let Some(known) = found {
                *known = [0; 32];
                true
            } else {
                bucket.contains(key)
            }
        })
    }

    fn insert(&self, key: Key) {
        self.len.store(1, Ordering::Relaxed);
        self.with_bucket(&key, |bucket| {
            let free = bucket
                .iter()
                .position(|known| *known == [0; 32] || *known == key);
            // The last bytes of the key are as good as chance.
            bucket[free.unwrap_or(usize::from(key[31]) % WAYS)] = key;
        });
    }
}

/// What is known to be valid already. Shared by blocks and mempool.
#[derive(Debug)]
pub(crate) struct ValidationCaches {
    salt: [u8; 32],
    signatures: KeySet,
    scripts: KeySet,
}

impl ValidationCaches {
    /// Caches of `bytes` together.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            salt: random_salt(),
            signatures: KeySet::new(bytes / 2),
            scripts: KeySet::new(bytes / 2),
        }
    }

    /// Whether all scripts of the transaction are known to be valid under these rules. The outputs
    /// it spends need no mention: its id commits to them.
    pub(crate) fn has_scripts(&self, wtxid: &Wtxid, flags: ScriptFlags, erase: bool) -> bool {
        self.scripts.contains(&self.script_key(wtxid, flags), erase)
    }

    /// Takes note that all scripts of the transaction are valid under these rules.
    pub(crate) fn add_scripts(&self, wtxid: &Wtxid, flags: ScriptFlags) {
        self.scripts.insert(self.script_key(wtxid, flags));
    }

    fn script_key(&self, wtxid: &Wtxid, flags: ScriptFlags) -> Key {
        let mut bytes = [0; 68];
        bytes[..32].copy_from_slice(&self.salt);
        bytes[32..64].copy_from_slice(&wtxid.0);
        bytes[64..].copy_from_slice(&flags.bits().to_le_bytes());
        sha256(&bytes)
    }

    fn signature_key(&self, entry: &SignatureEntry<'_>) -> Key {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend(self.salt);
        bytes.push(u8::from(entry.schnorr));
        bytes.extend(entry.sighash.0);
        // The length keeps key and signature apart.
        bytes.extend((entry.key.len() as u64).to_le_bytes());
        bytes.extend(entry.key);
        bytes.extend(entry.signature);
        sha256(&bytes)
    }

    /// The cache for transactions that may be checked again: it remembers.
    pub(crate) const fn remembering(&self) -> Signatures<'_> {
        Signatures {
            caches: self,
            remember: true,
        }
    }

    /// The cache for blocks that are connected: what is found in it is not needed again.
    pub(crate) const fn forgetting(&self) -> Signatures<'_> {
        Signatures {
            caches: self,
            remember: false,
        }
    }
}

/// The signature cache as an interpreter sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signatures<'a> {
    caches: &'a ValidationCaches,
    remember: bool,
}

impl SignatureCache for Signatures<'_> {
    fn get(&self, entry: &SignatureEntry<'_>) -> bool {
        let known = &self.caches.signatures;
        known.len.load(Ordering::Relaxed) != 0
            && known.contains(&self.caches.signature_key(entry), !self.remember)
    }

    fn insert(&self, entry: &SignatureEntry<'_>) {
        if self.remember {
            self.caches
                .signatures
                .insert(self.caches.signature_key(entry));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_and_forgets_within_its_bound() {
        let caches = ValidationCaches::new(1 << 16);
        let flags = ScriptFlags::MANDATORY;
        let id = |n: u64| Wtxid(sha256(&n.to_le_bytes()));
        assert!(!caches.has_scripts(&id(0), flags, false));
        caches.add_scripts(&id(0), flags);
        assert!(caches.has_scripts(&id(0), flags, false));
        assert!(!caches.has_scripts(&id(0), ScriptFlags::STANDARD, false));
        assert!(caches.has_scripts(&id(0), flags, true));
        assert!(!caches.has_scripts(&id(0), flags, false), "erased");
        (0..100_000).for_each(|n| caches.add_scripts(&id(n), flags));
        let kept = (0..100_000)
            .filter(|n| caches.has_scripts(&id(*n), flags, false))
            .count();
        assert!((500..=1024).contains(&kept), "{kept}");
    }

    #[test]
    fn blocks_take_signatures_out() {
        let caches = ValidationCaches::new(1 << 16);
        let sighash = primitives::Hash256([1; 32]);
        let entry = SignatureEntry {
            schnorr: false,
            sighash: &sighash,
            key: &[2; 33],
            signature: &[3],
        };
        caches.forgetting().insert(&entry);
        assert!(!caches.remembering().get(&entry));
        caches.remembering().insert(&entry);
        assert!(caches.remembering().get(&entry));
        assert!(!caches.remembering().get(&SignatureEntry {
            schnorr: true,
            ..entry
        }));
        assert!(caches.forgetting().get(&entry));
        assert!(!caches.forgetting().get(&entry));
    }
}
