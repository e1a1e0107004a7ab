//! New wallets.

use keys::descriptor::OutputType;
use keys::{Descriptor, Xpriv};
use primitives::{BlockHash, ChainParams};
use zeroize::Zeroizing;

use super::Wallet;
use crate::WalletError;
use crate::crypter::CrypterError;
use crate::db::record;
use crate::db::{Database, key};
use crate::options::WalletOptions;
use crate::scriptpubkeyman::{KeyStore, ScriptPubKeyMan};

/// What a new wallet is to be.
#[derive(Clone, Debug, Default)]
pub struct NewWallet {
    /// No keys until they are imported.
    pub blank: bool,
    /// Never any private keys.
    pub disable_private_keys: bool,
    /// Used and fresh addresses are kept apart.
    pub avoid_reuse: bool,
    /// The node's tip: nothing before it can concern the wallet.
    pub tip: Option<(BlockHash, u32)>,
    /// The time, in seconds since 1970.
    pub now: i64,
}

impl NewWallet {
    fn flags(&self) -> u64 {
        let set = |on: bool, flag: u64| if on { flag } else { 0 };
        record::FLAG_DESCRIPTORS
            | record::FLAG_LAST_HARDENED_CACHED
            | set(self.blank, record::FLAG_BLANK)
            | set(self.disable_private_keys, record::FLAG_DISABLE_PRIVATE_KEYS)
            | set(self.avoid_reuse, record::FLAG_AVOID_REUSE)
    }
}

impl Wallet {
    /// Makes a wallet in an empty file. With a passphrase its keys never touch the disk unencrypted.
    ///
    /// # Errors
    /// A [`WalletError`] where the file cannot be written or the system gives no random bytes.
    pub fn create(
        name: &str,
        db: Database,
        params: &'static ChainParams,
        options: WalletOptions,
        new: &NewWallet,
        passphrase: &[u8],
    ) -> Result<Self, WalletError> {
        let mut wallet = Self::blank(name.to_owned(), Some(db), params, options);
        wallet.transact(|this| {
            this.batch
                .put(key::named(key::VERSION), record::named_version().to_vec());
            this.set_flags(new.flags());
            if let Some((hash, height)) = new.tip {
                this.start_at(hash, height);
            }
            if !passphrase.is_empty() {
                this.make_master_key(passphrase)?;
            }
            if !new.blank && !new.disable_private_keys {
                this.generate_keys(new.now)?;
            }
            Ok(())
        })?;
        if !passphrase.is_empty() {
            wallet.lock();
        }
        Ok(wallet)
    }

    /// Makes a seed and the descriptors of all kinds below it (Core's `SetupOwnDescriptorScriptPubKeyMans`).
    pub(super) fn generate_keys(&mut self, now: i64) -> Result<(), WalletError> {
        // As Core: the seed is a random private key, not words.
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| CrypterError::NoRandom)?;
        let root =
            Xpriv::from_seed(&*seed).map_err(|error| WalletError::Descriptor(error.into()))?;
        for internal in [false, true] {
            for kind in OutputType::ALL {
                self.add_generated(&root, kind, internal, now)?;
            }
        }
        Ok(())
    }

    fn add_generated(
        &mut self,
        root: &Xpriv,
        kind: OutputType,
        internal: bool,
        now: i64,
    ) -> Result<(), WalletError> {
        let xpub = root.xpub();
        let coin_type = self.params.bip44_coin_type;
        let descriptor = Descriptor::for_new_wallet(&xpub, kind, coin_type, internal, self.params);
        let public = xpub.key().serialize().to_vec();
        let keys = KeyStore::Plain([(public, *root.secret())].into());
        let created = u64::try_from(now).unwrap_or(0);
        let mut manager = ScriptPubKeyMan::new(descriptor, created, (0, 0), 0, keys, self.params);
        let mut batch = std::mem::take(&mut self.batch);
        let topped = manager.top_up(self.options.keypool, None, self.params, &mut batch);
        if let Some(master) = &self.master {
            manager.encrypt(master, self.params.hashes, &mut batch);
        } else {
            manager.record_keys(&mut batch);
        }
        batch.put(key::active(kind, internal), manager.id.to_vec());
        self.batch = batch;
        topped?;
        let active = if internal {
            &mut self.internal
        } else {
            &mut self.external
        };
        active.insert(kind, manager.id);
        self.adopt(manager);
        Ok(())
    }
}
