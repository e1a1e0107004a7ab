//! Sending, keys, rescans and the console.

use super::WalletClient;
use crate::remote::ask;
use crate::types::{
    IpcError, PreparedSend, RescanStart, Secret, SendReply, SendRequest, WalletFees,
};
use crate::wire::Wire;

impl WalletClient {
    /// Rates to choose from.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn fees(&self, wallet: String) -> Result<WalletFees, IpcError> {
        ask!(
            self.remote,
            fees_request,
            |p| {
                p.set_wallet(wallet.as_str());
            },
            |r| WalletFees::take(r.get_fees()?)?
        )
    }

    /// Chooses coins and makes an unsigned transaction, reserved until it is sent or dropped.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn prepare(
        &self,
        wallet: String,
        request: SendRequest,
    ) -> Result<PreparedSend, IpcError> {
        ask!(
            self.remote,
            prepare_request,
            |p| {
                p.set_wallet(wallet.as_str());
                request.put(p.reborrow().init_request());
            },
            |r| PreparedSend::take(r.get_prepared()?)?
        )
    }

    /// Drops a prepared transaction.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn discard(&self, wallet: String, prepared: u64) -> Result<(), IpcError> {
        ask!(
            self.remote,
            discard_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_prepared(prepared);
            },
            |_r| ()
        )
    }

    /// Signs, stores and broadcasts a prepared transaction.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn send(&self, wallet: String, prepared: u64) -> Result<SendReply, IpcError> {
        ask!(
            self.remote,
            send_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_prepared(prepared);
            },
            |r| SendReply::take(r.get_reply()?)?
        )
    }

    /// Unlocks the keys for some seconds.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn unlock(
        &self,
        wallet: String,
        passphrase: Secret,
        seconds: u32,
    ) -> Result<(), IpcError> {
        ask!(
            self.remote,
            unlock_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_passphrase(passphrase.expose());
                p.set_seconds(seconds);
            },
            |_r| ()
        )
    }

    /// Locks the keys.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn lock(&self, wallet: String) -> Result<(), IpcError> {
        ask!(
            self.remote,
            lock_request,
            |p| {
                p.set_wallet(wallet.as_str());
            },
            |_r| ()
        )
    }

    /// Encrypts a wallet that is not.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn encrypt(&self, wallet: String, passphrase: Secret) -> Result<(), IpcError> {
        ask!(
            self.remote,
            encrypt_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_passphrase(passphrase.expose());
            },
            |_r| ()
        )
    }

    /// Changes the passphrase.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn change_passphrase(
        &self,
        wallet: String,
        old: Secret,
        new: Secret,
    ) -> Result<(), IpcError> {
        ask!(
            self.remote,
            change_passphrase_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_old(old.expose());
                p.set_new(new.expose());
            },
            |_r| ()
        )
    }

    /// Starts looking through the chain again; gives the task's number.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn rescan(&self, wallet: String, start: RescanStart) -> Result<u64, IpcError> {
        ask!(
            self.remote,
            rescan_request,
            |p| {
                p.set_wallet(wallet.as_str());
                start.put(p.reborrow().init_start());
            },
            |r| r.get_task()
        )
    }

    /// Executes a wallet command of the console.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn execute_rpc(&self, request: String, uri: String) -> Result<String, IpcError> {
        ask!(
            self.remote,
            execute_rpc_request,
            |p| {
                p.set_request(request.as_str());
                p.set_uri(uri.as_str());
            },
            |r| r.get_reply()?.to_string()?
        )
    }
}
