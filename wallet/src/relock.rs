//! The timers that lock wallets again, and what may hold them up (Core's `m_relock_mutex`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;

use crate::WalletError;
use crate::context::{Context, locked};

/// Keeps a wallet that is unlocked from being locked by its timer, as long as it is held.
pub(crate) type KeptUnlocked = OwnedMutexGuard<()>;

/// The timer of each unlocked wallet, and who holds it up.
#[derive(Debug, Default)]
pub(crate) struct Relock {
    timers: Mutex<HashMap<String, JoinHandle<()>>>,
    holds: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Relock {
    fn hold_of(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut holds = locked(&self.holds);
        Arc::clone(holds.entry(name.to_owned()).or_default())
    }

    /// Holds up the timer of a wallet: one that runs out waits for the end of what is done.
    pub(crate) async fn keep_unlocked(&self, name: &str) -> KeptUnlocked {
        self.hold_of(name).lock_owned().await
    }

    fn stop_timer(&self, name: &str) {
        if let Some(timer) = locked(&self.timers).remove(name) {
            timer.abort();
        }
    }

    /// Ends what there is for a wallet that is closed.
    pub(crate) fn forget(&self, name: &str) {
        self.stop_timer(name);
        locked(&self.holds).remove(name);
    }

    /// Ends all timers.
    pub(crate) fn end_all(&self) {
        for (_, timer) in locked(&self.timers).drain() {
            timer.abort();
        }
    }
}

impl Context {
    /// Unlocks a wallet for some seconds.
    ///
    /// # Errors
    /// [`WalletError::WrongPassphrase`] and others.
    pub async fn unlock(
        self: &Arc<Self>,
        name: &str,
        passphrase: &[u8],
        seconds: u32,
    ) -> Result<(), WalletError> {
        let until = self.now() + i64::from(seconds);
        let passphrase = zeroize::Zeroizing::new(passphrase.to_vec());
        self.handle
            .with(name, move |wallet| wallet.unlock(&passphrase, until))
            .await?;
        let (context, wallet) = (Arc::clone(self), name.to_owned());
        let timer = self.runtime.spawn(async move {
            tokio::time::sleep(Duration::from_secs(u64::from(seconds))).await;
            let _alone = context.relock.keep_unlocked(&wallet).await;
            // Gone where the wallet was closed in between.
            let locked = context.handle.with(&wallet, |w| {
                w.lock();
                Ok(())
            });
            if let Err(error) = locked.await {
                tracing::debug!("[{wallet}] {error}");
            }
        });
        if let Some(old) = locked(&self.relock.timers).insert(name.to_owned(), timer) {
            old.abort();
        }
        Ok(())
    }

    /// Locks a wallet.
    ///
    /// # Errors
    /// [`WalletError::NotEncrypted`] or [`WalletError::NotLoaded`].
    pub async fn lock(&self, name: &str) -> Result<(), WalletError> {
        self.relock.stop_timer(name);
        self.handle
            .with(name, |wallet| {
                if !wallet.is_encrypted() {
                    return Err(WalletError::NotEncrypted("walletlock"));
                }
                wallet.lock();
                Ok(())
            })
            .await
    }
}
