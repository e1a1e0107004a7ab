//! The descriptors of a wallet: adding, listing, making addresses from them.

use std::collections::BTreeMap;

use keys::descriptor::{NoSecrets, OutputType};
use keys::{Descriptor, SigningKeys};
use primitives::Script;
use primitives::address::Destination;

use super::Wallet;
use crate::WalletError;
use crate::crypter;
use crate::db::key;
use crate::scriptpubkeyman::{DescriptorId, KeyStore, ScriptPubKeyMan, keys_in_text};

/// A descriptor as it is listed.
#[derive(Clone, Debug)]
pub struct DescriptorInfo {
    /// Its text.
    pub text: String,
    /// When it was made.
    pub created: u64,
    /// Whether new addresses come from it.
    pub active: bool,
    /// Whether it is for change; only where it is active.
    pub internal: Option<bool>,
    /// First and last index, where there is a range.
    pub range: Option<(i32, i32)>,
    /// Index of the next address.
    pub next_index: i32,
}

/// A descriptor to add.
#[derive(Clone, Debug)]
pub struct ImportDescriptor {
    /// What it is.
    pub descriptor: Descriptor,
    /// Whether new addresses come from it.
    pub active: bool,
    /// Whether it is for change.
    pub internal: bool,
    /// First index and the one behind the last.
    pub range: (i32, i32),
    /// Index of the next address.
    pub next_index: i32,
    /// When it was made: nothing before concerns it.
    pub created: u64,
    /// Label of its addresses.
    pub label: Option<String>,
}

impl Wallet {
    /// Takes a descriptor with its scripts in.
    pub(super) fn adopt(&mut self, manager: ScriptPubKeyMan) {
        let id = manager.id;
        for script in manager.scripts() {
            let owners = self.scripts.entry(script.clone()).or_default();
            if !owners.contains(&id) {
                owners.push(id);
            }
        }
        let created = i64::try_from(manager.created).unwrap_or(i64::MAX);
        self.note_birth(created);
        self.managers.insert(id, manager);
        self.changes.state = true;
    }

    /// Moves the wallet's birth to `time` if that is earlier.
    pub(super) fn note_birth(&mut self, time: i64) {
        self.birth_time = Some(self.birth_time.map_or(time, |birth| birth.min(time)));
    }

    /// The descriptor that owns a script, with the script's index.
    pub(super) fn owner_of(&self, script: &Script) -> Option<(&ScriptPubKeyMan, i32)> {
        let owners = self.scripts.get(script)?;
        owners.iter().find_map(|id| {
            let manager = self.managers.get(id)?;
            Some((manager, manager.index_of(script)?))
        })
    }

    /// All descriptors that own a script.
    pub fn owners_of(&self, script: &Script) -> impl Iterator<Item = &ScriptPubKeyMan> {
        let owners = self.scripts.get(script).map_or(&[][..], Vec::as_slice);
        owners.iter().filter_map(|id| self.managers.get(id))
    }

    /// Whether a script is the wallet's.
    pub fn is_mine(&self, script: &Script) -> bool {
        self.scripts.contains_key(script)
    }

    /// Whether an address is the wallet's.
    pub fn is_mine_address(&self, destination: &Destination) -> bool {
        self.is_mine(&destination.to_script())
    }

    /// What is known about a script, without private keys.
    pub fn solving_keys(&self, script: &Script) -> Option<SigningKeys> {
        let (manager, index) = self.owner_of(script)?;
        manager.solving_keys(index)
    }

    /// Whether a descriptor's addresses are change; `None` where it is not active.
    pub fn is_internal(&self, id: &DescriptorId) -> Option<bool> {
        let is_active = |map: &BTreeMap<OutputType, DescriptorId>| map.values().any(|v| v == id);
        match (is_active(&self.external), is_active(&self.internal)) {
            (false, false) => None,
            (_, internal) => Some(internal),
        }
    }

    /// Whether new addresses can be made.
    pub fn can_get_addresses(&self) -> bool {
        !self.external.is_empty()
    }

    /// Kinds of addresses that can be made.
    pub fn address_types(&self) -> Vec<OutputType> {
        self.external.keys().copied().collect()
    }

    /// Addresses that old backups already hold: receiving ones, and change.
    pub fn keypool_sizes(&self) -> (u32, u32) {
        let size = |map: &BTreeMap<OutputType, DescriptorId>| {
            map.values()
                .filter_map(|id| self.managers.get(id))
                .map(|m| m.keypool_size())
                .sum()
        };
        (size(&self.external), size(&self.internal))
    }

    /// Number of descriptors.
    pub fn descriptor_count(&self) -> usize {
        self.managers.len()
    }

    /// Number of private keys in the file, of all descriptors together.
    pub fn key_count(&self) -> usize {
        self.managers
            .values()
            .map(|manager| manager.keys.len())
            .sum()
    }

    /// Watches as many scripts ahead as the options say.
    ///
    /// # Errors
    /// Where private keys are needed and locked, or the file cannot be written.
    pub fn top_up(&mut self) -> Result<(), WalletError> {
        self.top_up_to(self.options.keypool)
    }

    /// Watches `size` scripts ahead.
    ///
    /// # Errors
    /// As [`Wallet::top_up`].
    pub fn top_up_to(&mut self, size: u32) -> Result<(), WalletError> {
        let known = self.scripts.len();
        let topped = self.transact(|this| {
            let ids: Vec<DescriptorId> = this.managers.keys().copied().collect();
            let mut failed = None;
            for id in ids {
                if let Err(error) = this.top_up_one(&id, size) {
                    failed = Some(error);
                }
            }
            // What could be derived is kept, whatever else could not.
            match failed {
                Some(error) if this.batch.is_empty() => Err(error),
                _ => Ok(()),
            }
        });
        if self.scripts.len() > known && !self.txs.is_empty() {
            // A payment that is known already may pay one of them, too.
            self.refresh_mine();
        }
        topped
    }

    pub(super) fn top_up_one(&mut self, id: &DescriptorId, size: u32) -> Result<(), WalletError> {
        let Some(manager) = self.managers.get_mut(id) else {
            return Ok(());
        };
        let mut batch = std::mem::take(&mut self.batch);
        let topped = manager.top_up(size, self.master.as_ref(), self.params, &mut batch);
        self.batch = batch;
        for script in topped?.scripts {
            let owners = self.scripts.entry(script).or_default();
            if !owners.contains(id) {
                owners.push(*id);
            }
        }
        Ok(())
    }

    /// Gives out the next address of a kind, for payers or for change.
    pub(super) fn next_address(
        &mut self,
        kind: OutputType,
        internal: bool,
    ) -> Result<Destination, WalletError> {
        let active = if internal {
            &self.internal
        } else {
            &self.external
        };
        let id = *active
            .get(&kind)
            .ok_or(WalletError::NoAddresses(kind.name()))?;
        if let Err(error) = self.top_up_one(&id, self.options.keypool) {
            tracing::debug!("[{}] {error}", self.name);
        }
        let manager = self
            .managers
            .get_mut(&id)
            .ok_or(WalletError::NoAddresses(kind.name()))?;
        let destination = manager.next_address(self.params, &mut self.batch)?;
        self.changes.addresses = true;
        Ok(destination)
    }

    /// Lists the descriptors; with `private`, private keys stand in the texts.
    ///
    /// # Errors
    /// [`WalletError::Locked`] where private keys are asked for and locked.
    pub fn list_descriptors(&self, private: bool) -> Result<Vec<DescriptorInfo>, WalletError> {
        if private && self.is_locked() {
            return Err(WalletError::Locked);
        }
        let mut list = Vec::new();
        for (id, manager) in &self.managers {
            let open = manager.keys.open(self.master.as_ref(), self.params.hashes);
            let text = if private {
                manager.descriptor.to_private_text(&open, self.params)
            } else {
                let normalized =
                    manager
                        .descriptor
                        .to_normalized_text(&NoSecrets, &manager.cache, self.params);
                match normalized {
                    Ok(text) => text,
                    Err(_) => {
                        manager
                            .descriptor
                            .to_normalized_text(&open, &manager.cache, self.params)?
                    }
                }
            };
            let internal = self.is_internal(id);
            list.push(DescriptorInfo {
                text,
                created: manager.created,
                active: internal.is_some(),
                internal,
                range: manager
                    .descriptor
                    .is_range()
                    .then_some((manager.range_start, manager.range_end - 1)),
                next_index: manager.next_index,
            });
        }
        list.sort_by(|a, b| a.text.cmp(&b.text));
        Ok(list)
    }

    /// The normalized texts of the descriptors that own a script (`parent_descs`).
    pub fn parent_descriptors(&self, script: &Script) -> Vec<String> {
        self.owners_of(script)
            .filter_map(|manager| {
                manager
                    .descriptor
                    .to_normalized_text(&NoSecrets, &manager.cache, self.params)
                    .ok()
            })
            .collect()
    }

    /// Adds a descriptor, or widens the one of the same text (Core's `AddWalletDescriptor`). Says what should be known
    /// of one that was added, but not in every way that was asked for.
    ///
    /// # Errors
    /// [`WalletError::Import`] where it does not fit, or where the file cannot be written.
    pub fn import_descriptor(
        &mut self,
        import: &ImportDescriptor,
    ) -> Result<Option<&'static str>, WalletError> {
        if self.is_locked() && import.descriptor.has_private_keys() {
            return Err(WalletError::Locked);
        }
        let warning = self.transact(|this| this.import_inner(import))?;
        self.refresh_mine();
        Ok(warning)
    }

    /// Whether a private key of the descriptor's text is in the wallet.
    pub fn has_key_of(&self, descriptor: &Descriptor) -> bool {
        let keys = keys_in_text(descriptor);
        let has = |manager: &ScriptPubKeyMan| keys.keys().any(|key| manager.keys.contains(key));
        self.managers.values().any(has)
    }

    fn import_inner(
        &mut self,
        import: &ImportDescriptor,
    ) -> Result<Option<&'static str>, WalletError> {
        let keys = keys_in_text(&import.descriptor);
        // Only the public text is stored; keys have records of their own.
        let public_text = import.descriptor.to_text(self.params);
        let public = Descriptor::parse_one(&public_text, self.params)?;
        let mut manager = ScriptPubKeyMan::new(
            public,
            import.created,
            import.range,
            import.next_index,
            KeyStore::Plain(keys),
            self.params,
        );
        if let Some(old) = self.managers.get(&manager.id) {
            let (start, end) = import.range;
            if manager.descriptor.is_range() && (start > old.range_start || end < old.range_end) {
                return Err(WalletError::Import(format!(
                    "new range must include current range = [{},{}]",
                    old.range_start,
                    old.range_end - 1
                )));
            }
            // Its age and the next index are those of the import: both can be set back so.
            self.merge_keys(&mut manager)?;
        }
        let mut batch = std::mem::take(&mut self.batch);
        let keypool = self.options.keypool;
        let topped = manager.top_up(keypool, self.master.as_ref(), self.params, &mut batch);
        manager.record(self.params, &mut batch);
        if let Some(master) = &self.master {
            manager.encrypt(master, self.params.hashes, &mut batch);
        }
        manager.record_keys(&mut batch);
        self.batch = batch;
        topped.map_err(|error| WalletError::Import(error.to_string()))?;
        let warning = self.activate(&manager, import);
        if let Some(label) = import.label.as_ref().filter(|_| !import.internal) {
            self.label_imported(&manager, label);
        }
        self.adopt(manager);
        self.changes.addresses = true;
        Ok(warning)
    }

    /// Takes the keys of the descriptor of the same text that is there already.
    fn merge_keys(&self, manager: &mut ScriptPubKeyMan) -> Result<(), WalletError> {
        let Some(old) = self.managers.get(&manager.id) else {
            return Ok(());
        };
        if let (KeyStore::Plain(new), KeyStore::Plain(known)) = (&mut manager.keys, &old.keys) {
            for (public, secret) in known {
                new.entry(public.clone()).or_insert(*secret);
            }
            return Ok(());
        }
        if let (KeyStore::Plain(new), KeyStore::Crypted(known)) = (&manager.keys, &old.keys) {
            let mut all = known.clone();
            if let Some(master) = &self.master {
                for (public, secret) in new {
                    let scheme = self.params.hashes;
                    let crypted = crypter::encrypt_key(master, secret, public, scheme);
                    all.entry(public.clone()).or_insert(crypted);
                }
            } else if new.keys().any(|public| !known.contains_key(public)) {
                return Err(WalletError::Locked);
            }
            manager.keys = KeyStore::Crypted(all);
        }
        Ok(())
    }

    /// Makes a descriptor the source of new addresses of its kind, or no longer so; says why it cannot be.
    fn activate(
        &mut self,
        manager: &ScriptPubKeyMan,
        import: &ImportDescriptor,
    ) -> Option<&'static str> {
        let Some(kind) = manager.output_type() else {
            let refused = "Unknown output type, cannot set descriptor to active.";
            return import.active.then_some(refused);
        };
        if import.active {
            self.side(import.internal).insert(kind, manager.id);
            let record = key::active(kind, import.internal);
            self.batch.put(record, manager.id.to_vec());
        }
        // What is active for payers is not for change; what is asked to be inactive is so on the side that is named.
        let ended = import.internal != import.active;
        if self.side(ended).get(&kind) == Some(&manager.id) {
            self.side(ended).remove(&kind);
            self.batch.delete(key::active(kind, ended));
        }
        None
    }

    fn side(&mut self, internal: bool) -> &mut BTreeMap<OutputType, DescriptorId> {
        if internal {
            &mut self.internal
        } else {
            &mut self.external
        }
    }

    fn label_imported(&mut self, manager: &ScriptPubKeyMan, label: &str) {
        let scripts: Vec<Script> = manager.scripts().cloned().collect();
        for script in scripts {
            if let Some(destination) = Destination::from_script(&script) {
                self.put_label(&destination, label, Some(super::Purpose::Receive));
            }
        }
    }
}
