//! Passphrases: encrypting, locking, unlocking.

use super::Wallet;
use crate::WalletError;
use crate::crypter::{self, MasterKey};
use crate::db::key;
use crate::db::record;

impl Wallet {
    /// Whether there is a passphrase.
    pub fn is_encrypted(&self) -> bool {
        !self.master_keys.is_empty()
    }

    /// Whether the keys cannot be used now.
    pub fn is_locked(&self) -> bool {
        self.is_encrypted() && self.master.is_none()
    }

    /// When the keys are locked again, in seconds since 1970; 0 while they are locked.
    pub const fn unlocked_until(&self) -> i64 {
        if self.master.is_some() {
            self.unlocked_until
        } else {
            0
        }
    }

    /// Forgets the key of the keys.
    pub fn lock(&mut self) {
        if self.master.take().is_some() {
            self.changes.state = true;
        }
        self.unlocked_until = 0;
    }

    /// Locks the keys if their time is over.
    pub fn lock_when_due(&mut self, now: i64) {
        if self.master.is_some() && self.is_encrypted() && now >= self.unlocked_until {
            tracing::info!("[{}] wallet locked", self.name);
            self.lock();
        }
    }

    /// Makes the key of the keys and records it, locked by a passphrase. The wallet is unlocked then.
    pub(super) fn make_master_key(&mut self, passphrase: &[u8]) -> Result<(), WalletError> {
        let master = crypter::new_master_key()?;
        let record = crypter::lock_master_key(&master, passphrase)?;
        tracing::info!(
            "[{}] Encrypting Wallet with an nDeriveIterations of {}",
            self.name,
            record.iterations
        );
        let id = self
            .master_keys
            .keys()
            .next_back()
            .map_or(1, |last| last + 1);
        self.batch.put(key::master_key(id), record.encode());
        self.master_keys.insert(id, record);
        self.master = Some(master);
        self.changes.state = true;
        Ok(())
    }

    /// Encrypts all keys and makes new ones for what comes, since old backups hold the old ones
    /// unencrypted. The wallet is locked afterwards.
    ///
    /// # Errors
    /// [`WalletError::AlreadyEncrypted`], [`WalletError::NothingToEncrypt`],
    /// [`WalletError::EmptyPassphrase`], or where the file cannot be written.
    pub fn encrypt(&mut self, passphrase: &[u8], now: i64) -> Result<(), WalletError> {
        if self.is_watch_only() {
            return Err(WalletError::NothingToEncrypt);
        }
        if self.is_encrypted() {
            return Err(WalletError::AlreadyEncrypted);
        }
        if passphrase.is_empty() {
            return Err(WalletError::EmptyPassphrase);
        }
        self.transact(|this| {
            this.make_master_key(passphrase)?;
            let mut batch = std::mem::take(&mut this.batch);
            if let Some(master) = &this.master {
                for manager in this.managers.values_mut() {
                    manager.encrypt(master, this.params.hashes, &mut batch);
                }
            }
            this.batch = batch;
            if !this.has_flag(record::FLAG_BLANK) {
                this.generate_keys(now)?;
            }
            Ok(())
        })?;
        self.lock();
        // The old keys must not stay in free pages of the file.
        self.db().rewrite()?;
        self.changes.addresses = true;
        Ok(())
    }

    fn open_master(&self, passphrase: &[u8]) -> Result<Option<(u32, MasterKey)>, WalletError> {
        for (id, record) in &self.master_keys {
            let Some(master) = crypter::open_master_key(record, passphrase)? else {
                continue;
            };
            let mut fits = true;
            for manager in self.managers.values() {
                // Without keys there is nothing to compare with.
                fits &= manager
                    .keys
                    .opens_with(&master, self.params.hashes)?
                    .unwrap_or(true);
            }
            if fits {
                return Ok(Some((*id, master)));
            }
        }
        Ok(None)
    }

    /// Unlocks the keys until a time, in seconds since 1970.
    ///
    /// # Errors
    /// [`WalletError::NotEncrypted`] or [`WalletError::WrongPassphrase`].
    pub fn unlock(&mut self, passphrase: &[u8], until: i64) -> Result<(), WalletError> {
        if !self.is_encrypted() {
            return Err(WalletError::NotEncrypted("walletpassphrase"));
        }
        if passphrase.is_empty() {
            return Err(WalletError::EmptyPassphrase);
        }
        let (_, master) = self
            .open_master(passphrase)?
            .ok_or(WalletError::WrongPassphrase)?;
        self.master = Some(master);
        self.unlocked_until = until;
        self.changes.state = true;
        self.transact(|this| {
            this.upgrade_caches();
            Ok(())
        })?;
        self.top_up()
    }

    /// Sets another passphrase; whether the wallet is locked stays as it is.
    ///
    /// # Errors
    /// [`WalletError::NotEncrypted`], [`WalletError::WrongPassphrase`],
    /// [`WalletError::EmptyPassphrase`], or where the file cannot be written.
    pub fn change_passphrase(&mut self, old: &[u8], new: &[u8]) -> Result<(), WalletError> {
        if !self.is_encrypted() {
            return Err(WalletError::NotEncrypted("walletpassphrasechange"));
        }
        if old.is_empty() || new.is_empty() {
            return Err(WalletError::EmptyPassphrase);
        }
        let (id, master) = self.open_master(old)?.ok_or(WalletError::WrongPassphrase)?;
        let record = crypter::lock_master_key(&master, new)?;
        self.transact(|this| {
            tracing::info!(
                "[{}] Wallet passphrase changed to an nDeriveIterations of {}",
                this.name,
                record.iterations
            );
            this.batch.put(key::master_key(id), record.encode());
            this.master_keys.insert(id, record);
            Ok(())
        })?;
        // The old passphrase must not open a page that was freed.
        self.db().rewrite()?;
        Ok(())
    }

    /// Completes the caches of descriptors that came from old versions.
    pub(super) fn upgrade_caches(&mut self) {
        if self.has_flag(record::FLAG_LAST_HARDENED_CACHED) {
            return;
        }
        let mut batch = std::mem::take(&mut self.batch);
        for manager in self.managers.values_mut() {
            if let Err(error) =
                manager.upgrade_cache(self.master.as_ref(), self.params.hashes, &mut batch)
            {
                tracing::debug!("[{}] cache stays as it is: {error}", self.name);
            }
        }
        self.batch = batch;
        self.set_flags(self.flags | record::FLAG_LAST_HARDENED_CACHED);
    }
}
