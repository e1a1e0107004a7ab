//! Extended public keys that were derived from private ones, so that a locked wallet can go on
//! making addresses (Core's `DescriptorCache`).

use std::collections::BTreeMap;

use crate::bip32::Xpub;

/// Derived keys by the position of the key expression in its descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescriptorCache {
    /// The key above the wildcard.
    pub parents: BTreeMap<u32, Xpub>,
    /// The final key, by position and index.
    pub derived: BTreeMap<(u32, u32), Xpub>,
    /// The key behind the last hardened step.
    pub last_hardened: BTreeMap<u32, Xpub>,
}

impl DescriptorCache {
    /// Takes everything from `newer` that is not here yet and returns just that: what a wallet file
    /// still lacks.
    pub fn merge(&mut self, newer: &Self) -> Self {
        let mut added = Self::default();
        for (key, xpub) in &newer.parents {
            if self.parents.insert(*key, *xpub).is_none() {
                added.parents.insert(*key, *xpub);
            }
        }
        for (key, xpub) in &newer.derived {
            if self.derived.insert(*key, *xpub).is_none() {
                added.derived.insert(*key, *xpub);
            }
        }
        for (key, xpub) in &newer.last_hardened {
            if self.last_hardened.insert(*key, *xpub).is_none() {
                added.last_hardened.insert(*key, *xpub);
            }
        }
        added
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty() && self.derived.is_empty() && self.last_hardened.is_empty()
    }
}
