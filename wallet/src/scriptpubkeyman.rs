//! The scripts of one descriptor: which are ours, which come next, and the keys behind them (Core's
//! `DescriptorScriptPubKeyMan`).

use std::collections::{BTreeMap, HashMap};

use keys::descriptor::{
    DescriptorCache, DescriptorError, Expansion, NoSecrets, OutputType, SecretSource,
};
use keys::{Descriptor, PrivateKey, SigningKeys, Xpriv, Xpub};
use primitives::address::Destination;
use primitives::{ChainParams, HashScheme, Script};
use secp256k1::{PublicKey, SecretKey};

use crate::crypter::{self, MasterKey};
use crate::db::record::{self, DescriptorRecord};
use crate::db::{Batch, key};

/// SHA-256 of a descriptor's text: its name in the file.
pub type DescriptorId = [u8; 32];

/// Largest index that can be derived without hardened steps.
const MAX_INDEX: i32 = i32::MAX;

/// The private keys of one descriptor, by the bytes of their public keys.
#[derive(Clone, Debug)]
pub enum KeyStore {
    /// As they are.
    Plain(BTreeMap<Vec<u8>, SecretKey>),
    /// Encrypted.
    Crypted(BTreeMap<Vec<u8>, Vec<u8>>),
}

impl KeyStore {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Plain(keys) => keys.is_empty(),
            Self::Crypted(keys) => keys.is_empty(),
        }
    }

    /// Whether the key of that public key is among them.
    pub fn contains(&self, public: &[u8]) -> bool {
        match self {
            Self::Plain(keys) => keys.contains_key(public),
            Self::Crypted(keys) => keys.contains_key(public),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Plain(keys) => keys.len(),
            Self::Crypted(keys) => keys.len(),
        }
    }

    /// The keys themselves; encrypted ones only with the master key.
    pub fn open(&self, master: Option<&MasterKey>, scheme: HashScheme) -> OpenKeys {
        let keys = match (self, master) {
            (Self::Plain(keys), _) => keys.clone(),
            (Self::Crypted(_), None) => BTreeMap::new(),
            (Self::Crypted(keys), Some(master)) => keys
                .iter()
                .filter_map(|(public, crypted)| {
                    let secret = crypter::decrypt_key(master, crypted, public, scheme)?;
                    Some((public.clone(), secret))
                })
                .collect(),
        };
        OpenKeys(keys)
    }

    /// Whether the master key opens the keys; `None` where there are none to try it on.
    ///
    /// # Errors
    /// [`PartlyCorrupt`] where it opens some of them only.
    pub fn opens_with(
        &self,
        master: &MasterKey,
        scheme: HashScheme,
    ) -> Result<Option<bool>, PartlyCorrupt> {
        let keys = match self {
            Self::Plain(keys) if keys.is_empty() => return Ok(None),
            Self::Plain(_) => return Ok(Some(false)),
            Self::Crypted(keys) => keys,
        };
        let opened = keys
            .iter()
            .filter(|(public, crypted)| {
                crypter::decrypt_key(master, crypted, public, scheme).is_some()
            })
            .count();
        match opened {
            _ if keys.is_empty() => Ok(None),
            0 => Ok(Some(false)),
            n if n == keys.len() => Ok(Some(true)),
            _ => Err(PartlyCorrupt),
        }
    }
}

/// Some keys open and some do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Error unlocking wallet: some keys decrypt but not all. Your wallet file may be corrupt.")]
pub struct PartlyCorrupt;

/// Private keys at hand.
#[derive(Clone, Default)]
pub struct OpenKeys(BTreeMap<Vec<u8>, SecretKey>);

impl std::fmt::Debug for OpenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenKeys({})", self.0.len())
    }
}

impl SecretSource for OpenKeys {
    fn extended(&self, xpub: &Xpub) -> Option<Xpriv> {
        let secret = self.0.get(xpub.key().serialize().as_slice())?;
        Xpriv::from_xpub_and_secret(xpub, *secret)
    }

    fn single(&self, key: &PublicKey) -> Option<PrivateKey> {
        if let Some(secret) = self.0.get(key.serialize().as_slice()) {
            return Some(PrivateKey::compressed(*secret));
        }
        if let Some(secret) = self.0.get(key.serialize_uncompressed().as_slice()) {
            return Some(PrivateKey {
                secret: *secret,
                compressed: false,
            });
        }
        // An x coordinate alone stands for the even key; the wallet may hold the odd one.
        let x = key.x_only_public_key().0;
        let found = self
            .0
            .values()
            .find(|secret| secret.x_only_public_key().0 == x);
        found.map(|secret| PrivateKey::compressed(*secret))
    }
}

/// A descriptor with its range, its cache and its keys.
#[derive(Clone, Debug)]
pub struct ScriptPubKeyMan {
    /// Its name in the file.
    pub id: DescriptorId,
    /// What it is made of.
    pub descriptor: Descriptor,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// Index of the next address to give out.
    pub next_index: i32,
    /// First index.
    pub range_start: i32,
    /// Index behind the last one watched.
    pub range_end: i32,
    /// Derived extended keys.
    pub cache: DescriptorCache,
    /// Private keys.
    pub keys: KeyStore,
    /// Scripts and their indices.
    scripts: HashMap<Script, i32>,
    max_cached: i32,
}

/// A new address of a descriptor cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NewAddressError {
    /// All keys known are used, and no more can be made.
    #[error("Error: Keypool ran out, please call keypoolrefill first")]
    KeypoolRanOut,
    /// The script has no address.
    #[error("Error: Cannot extract destination from the generated scriptpubkey")]
    NoAddress,
}

/// What topping up changed.
#[derive(Debug, Default)]
pub struct TopUp {
    /// Scripts that are watched from now on.
    pub scripts: Vec<Script>,
}

impl ScriptPubKeyMan {
    /// Takes a descriptor over, from the user or from a file; no script is known until
    /// [`ScriptPubKeyMan::top_up`] or [`ScriptPubKeyMan::load_scripts`].
    pub fn new(
        descriptor: Descriptor,
        created: u64,
        range: (i32, i32),
        next_index: i32,
        keys: KeyStore,
        params: &ChainParams,
    ) -> Self {
        Self {
            id: descriptor.id(params),
            descriptor,
            created,
            next_index,
            range_start: range.0,
            range_end: range.1,
            cache: DescriptorCache::default(),
            keys,
            scripts: HashMap::new(),
            max_cached: range.0 - 1,
        }
    }

    /// Makes the scripts of the whole range from what the file holds.
    ///
    /// # Errors
    /// [`DescriptorError`] where the cache lacks a key.
    pub fn load_scripts(&mut self) -> Result<(), DescriptorError> {
        self.max_cached = self.range_start - 1;
        for index in self.range_start..self.range_end {
            let mut fresh = DescriptorCache::default();
            let expansion = self.expand_at(index, &NoSecrets, &mut fresh)?;
            for script in expansion.scripts {
                self.scripts.insert(script, index);
            }
            self.max_cached = index;
        }
        Ok(())
    }

    fn expand_at(
        &self,
        index: i32,
        secrets: &dyn SecretSource,
        fresh: &mut DescriptorCache,
    ) -> Result<Expansion, DescriptorError> {
        let index = u32::try_from(index).unwrap_or(0);
        self.descriptor.expand(index, secrets, &self.cache, fresh)
    }

    /// Watches `size` scripts ahead of the next address, and records what that takes.
    ///
    /// # Errors
    /// [`DescriptorError::NeedsPrivateKey`] where a hardened step cannot be derived.
    pub fn top_up(
        &mut self,
        size: u32,
        master: Option<&MasterKey>,
        params: &ChainParams,
        batch: &mut Batch,
    ) -> Result<TopUp, DescriptorError> {
        let (old_start, old_end) = (self.range_start, self.range_end);
        let end = if self.descriptor.is_range() {
            let ahead = i32::try_from(size).unwrap_or(MAX_INDEX);
            self.next_index.saturating_add(ahead).max(self.range_end)
        } else {
            self.range_start = 0;
            1
        };
        if !self.descriptor.is_range() {
            self.max_cached = self.max_cached.clamp(-1, 0);
        }
        let mut result = TopUp::default();
        let mut secrets = None;
        for index in self.max_cached + 1..end {
            let mut fresh = DescriptorCache::default();
            let expansion = match self.expand_at(index, &NoSecrets, &mut fresh) {
                Ok(expansion) => expansion,
                Err(_) => {
                    let secrets =
                        secrets.get_or_insert_with(|| self.keys.open(master, params.hashes));
                    self.descriptor.expand(
                        u32::try_from(index).unwrap_or(0),
                        &*secrets,
                        &self.cache,
                        &mut fresh,
                    )?
                }
            };
            for script in expansion.scripts {
                self.scripts.insert(script.clone(), index);
                result.scripts.push(script);
            }
            let added = self.cache.merge(&fresh);
            self.record_cache(&added, batch);
            self.max_cached = index;
        }
        self.range_end = end;
        if (self.range_start, self.range_end) != (old_start, old_end) || !result.scripts.is_empty()
        {
            self.record(params, batch);
        }
        Ok(result)
    }

    fn record_cache(&self, added: &DescriptorCache, batch: &mut Batch) {
        // Core writes an extended key as a vector of bytes.
        let value = |xpub: &Xpub| {
            let mut value = Vec::new();
            primitives::encode::Sink::put_var_bytes(&mut value, &xpub.to_body());
            value
        };
        for (position, xpub) in &added.parents {
            batch.put(key::parent_cache(&self.id, *position), value(xpub));
        }
        for ((position, index), xpub) in &added.derived {
            batch.put(key::derived_cache(&self.id, *position, *index), value(xpub));
        }
        for (position, xpub) in &added.last_hardened {
            batch.put(key::last_hardened_cache(&self.id, *position), value(xpub));
        }
    }

    /// Records range and position, not keys.
    pub fn record(&self, params: &ChainParams, batch: &mut Batch) {
        let record = DescriptorRecord {
            text: self.descriptor.to_text(params),
            created: self.created,
            next_index: self.next_index,
            range_start: self.range_start,
            range_end: self.range_end,
        };
        batch.put(key::descriptor(&self.id), record.encode());
    }

    /// Records the private keys.
    pub fn record_keys(&self, batch: &mut Batch) {
        match &self.keys {
            KeyStore::Plain(keys) => {
                for (public, secret) in keys {
                    let value = record::private_key(secret, public);
                    batch.put(key::descriptor_key(&self.id, public), value);
                }
            }
            KeyStore::Crypted(keys) => {
                for (public, crypted) in keys {
                    let mut value = Vec::new();
                    primitives::encode::Sink::put_var_bytes(&mut value, crypted);
                    batch.put(key::descriptor_ckey(&self.id, public), value);
                    batch.delete(key::descriptor_key(&self.id, public));
                }
            }
        }
    }

    /// Encrypts the private keys.
    pub fn encrypt(&mut self, master: &MasterKey, scheme: HashScheme, batch: &mut Batch) {
        if let KeyStore::Plain(keys) = &self.keys {
            let crypted = keys
                .iter()
                .map(|(public, secret)| {
                    (
                        public.clone(),
                        crypter::encrypt_key(master, secret, public, scheme),
                    )
                })
                .collect();
            self.keys = KeyStore::Crypted(crypted);
            self.record_keys(batch);
        }
    }

    /// The index of a script, where it is one of these.
    pub fn index_of(&self, script: &Script) -> Option<i32> {
        self.scripts.get(script).copied()
    }

    /// All scripts watched.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.scripts.keys()
    }

    /// The kind of address it gives; `None` for `combo` and bare scripts.
    pub fn output_type(&self) -> Option<OutputType> {
        self.descriptor.output_type()
    }

    /// Whether it can give new addresses: a range, and one script at each index.
    pub fn can_get_addresses(&self) -> bool {
        self.descriptor.is_range()
            && self.descriptor.is_single_type()
            && self.output_type().is_some()
    }

    /// Addresses ready to be given out without further keys.
    pub fn keypool_size(&self) -> u32 {
        u32::try_from(self.range_end - self.next_index).unwrap_or(0)
    }

    /// Gives out the next address. The pool was topped up before, where that is possible.
    ///
    /// # Errors
    /// A [`NewAddressError`].
    pub fn next_address(
        &mut self,
        params: &ChainParams,
        batch: &mut Batch,
    ) -> Result<Destination, NewAddressError> {
        if self.next_index >= self.range_end {
            return Err(NewAddressError::KeypoolRanOut);
        }
        let mut fresh = DescriptorCache::default();
        let expansion = self
            .expand_at(self.next_index, &NoSecrets, &mut fresh)
            .map_err(|_| NewAddressError::KeypoolRanOut)?;
        let script = expansion
            .scripts
            .first()
            .ok_or(NewAddressError::NoAddress)?;
        let destination = Destination::from_script(script).ok_or(NewAddressError::NoAddress)?;
        self.next_index += 1;
        self.record(params, batch);
        Ok(destination)
    }

    /// Takes the address of `index` back, if it was the last one given out.
    pub fn return_address(&mut self, index: i32, params: &ChainParams, batch: &mut Batch) {
        if self.next_index - 1 == index {
            self.next_index -= 1;
            self.record(params, batch);
        }
    }

    /// Notes that the script at `index` was seen on the chain: every address up to it counts as given
    /// out. Returns those that were not.
    pub fn mark_used(
        &mut self,
        index: i32,
        params: &ChainParams,
        batch: &mut Batch,
    ) -> Vec<Destination> {
        let mut found = Vec::new();
        if index < self.next_index {
            return found;
        }
        while self.next_index <= index {
            let mut fresh = DescriptorCache::default();
            if let Ok(expansion) = self.expand_at(self.next_index, &NoSecrets, &mut fresh)
                && let Some(script) = expansion.scripts.first()
                && let Some(destination) = Destination::from_script(script)
            {
                found.push(destination);
            }
            self.next_index += 1;
        }
        self.record(params, batch);
        found
    }

    /// What is known about the script at `index`: public keys, inner scripts, origins.
    pub fn solving_keys(&self, index: i32) -> Option<SigningKeys> {
        let mut fresh = DescriptorCache::default();
        self.expand_at(index, &NoSecrets, &mut fresh)
            .ok()
            .map(|expansion| expansion.keys)
    }

    /// The same with private keys, as far as they can be had.
    pub fn signing_keys(
        &self,
        index: i32,
        master: Option<&MasterKey>,
        scheme: HashScheme,
    ) -> Option<SigningKeys> {
        let open = self.keys.open(master, scheme);
        let mut fresh = DescriptorCache::default();
        self.expand_at(index, &open, &mut fresh)
            .ok()
            .map(|expansion| expansion.keys)
    }

    /// The first address, for people to compare.
    pub fn first_address(&self) -> Option<Destination> {
        let mut fresh = DescriptorCache::default();
        let expansion = self
            .expand_at(self.range_start, &NoSecrets, &mut fresh)
            .ok()?;
        Destination::from_script(expansion.scripts.first()?)
    }

    /// Adds the keys behind last hardened steps to the cache, which files of old versions lack.
    ///
    /// # Errors
    /// [`DescriptorError::NeedsPrivateKey`] while the wallet is locked.
    pub fn upgrade_cache(
        &mut self,
        master: Option<&MasterKey>,
        scheme: HashScheme,
        batch: &mut Batch,
    ) -> Result<(), DescriptorError> {
        if !self.cache.last_hardened.is_empty() || !self.descriptor.is_range() {
            return Ok(());
        }
        let open = self.keys.open(master, scheme);
        let mut fresh = DescriptorCache::default();
        self.expand_at(self.range_start, &open, &mut fresh)?;
        fresh.parents.clear();
        fresh.derived.clear();
        let added = self.cache.merge(&fresh);
        self.record_cache(&added, batch);
        Ok(())
    }
}

/// The private keys that stand in a descriptor's text, by public key.
pub fn keys_in_text(descriptor: &Descriptor) -> BTreeMap<Vec<u8>, SecretKey> {
    let (extended, single) = descriptor.secrets();
    let extended = extended
        .into_iter()
        .map(|xpriv| (xpriv.xpub().key().serialize().to_vec(), *xpriv.secret()));
    let single = single
        .into_iter()
        .map(|key| (key.public_key_bytes(), key.secret));
    extended.chain(single).collect()
}
