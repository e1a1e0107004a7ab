//! The wallets, for the window.

mod send;

use primitives::{OutPoint, Txid};
use tokio::sync::mpsc;

use super::sink;
use crate::generated::wallet_capnp::wallets;
use crate::remote::{Remote, ask};
use crate::types::{
    AddressRequest, AddressRow, BackupReport, CoinRow, CreateWallet, IpcError, Secret, SendReply,
    Task, TxDetails, TxPage, TxQuery, WalletEvent, WalletListItem,
};
use crate::wire::{self, Wire};

/// The wallets of a wallet process. `wallet` is always the name of an open one.
///
/// # Errors
/// Every method gives [`IpcError::Fault`] where the wallet refuses, or another [`IpcError`] where
/// the process is gone.
#[derive(Clone, Debug)]
pub struct WalletClient {
    remote: Remote<wallets::Client>,
}

impl WalletClient {
    pub(crate) fn new(client: wallets::Client) -> Self {
        Self {
            remote: Remote::new(client),
        }
    }

    /// The tasks of the wallet process, all of them at each change. Ends with the connection.
    ///
    /// # Errors
    /// [`IpcError`] where the process is gone.
    pub async fn tasks(&self) -> Result<mpsc::Receiver<Vec<Task>>, IpcError> {
        self.remote
            .call("subscribe tasks", move |client| async move {
                let (sink, alive, events, receiver) = sink::tasks();
                let mut request = client.subscribe_tasks_request();
                request.get().set_sink(sink);
                let answer = request.send().promise.await?;
                let reply = answer.get()?;
                sink::check(reply.has_fault(), reply.get_fault())?;
                sink::hold(reply.get_subscription()?, alive, async move {
                    events.closed().await
                });
                Ok(receiver)
            })
            .await
    }

    /// One wallet: its state first, then changes. Ends with the connection.
    ///
    /// # Errors
    /// [`IpcError`] where there is no such wallet.
    pub async fn subscribe(&self, wallet: String) -> Result<mpsc::Receiver<WalletEvent>, IpcError> {
        self.remote
            .call("subscribe", move |client| async move {
                let (sink, alive, events, receiver) = sink::wallet();
                let mut request = client.subscribe_request();
                request.get().set_wallet(wallet.as_str());
                request.get().set_sink(sink);
                let answer = request.send().promise.await?;
                let reply = answer.get()?;
                sink::check(reply.has_fault(), reply.get_fault())?;
                sink::hold(reply.get_subscription()?, alive, async move {
                    events.closed().await
                });
                Ok(receiver)
            })
            .await
    }

    /// Wallets on disk and in use.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn wallets(&self) -> Result<Vec<WalletListItem>, IpcError> {
        ask!(self.remote, wallets_request, |r| wire::take_list(
            r.get_wallets()?
        )?)
    }

    /// Cancels a task.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn cancel_task(&self, id: u64) -> Result<(), IpcError> {
        ask!(
            self.remote,
            cancel_task_request,
            |p| {
                p.set_id(id);
            },
            |_r| ()
        )
    }

    /// Makes a wallet and opens it; gives warnings.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn create(&self, options: CreateWallet) -> Result<Vec<String>, IpcError> {
        ask!(
            self.remote,
            create_request,
            |p| {
                options.put(p.reborrow().init_options());
            },
            |r| wire::take_texts(r.get_warnings()?)?
        )
    }

    /// Opens a wallet; gives warnings.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn open(&self, wallet: String) -> Result<Vec<String>, IpcError> {
        ask!(
            self.remote,
            open_request,
            |p| {
                p.set_wallet(wallet.as_str());
            },
            |r| wire::take_texts(r.get_warnings()?)?
        )
    }

    /// Closes a wallet.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn close(&self, wallet: String) -> Result<(), IpcError> {
        ask!(
            self.remote,
            close_request,
            |p| {
                p.set_wallet(wallet.as_str());
            },
            |_r| ()
        )
    }

    /// Writes a backup file.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn backup(&self, wallet: String, path: String) -> Result<BackupReport, IpcError> {
        ask!(
            self.remote,
            backup_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_path(path.as_str());
            },
            |r| BackupReport::take(r.get_report()?)?
        )
    }

    /// Reads a backup back and compares; the passphrase may be empty.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn verify_backup(
        &self,
        wallet: String,
        path: String,
        passphrase: Secret,
    ) -> Result<BackupReport, IpcError> {
        ask!(
            self.remote,
            verify_backup_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_path(path.as_str());
                p.set_passphrase(passphrase.expose());
            },
            |r| BackupReport::take(r.get_report()?)?
        )
    }

    /// Makes a wallet from a backup file and opens it; gives warnings.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn restore(&self, wallet: String, path: String) -> Result<Vec<String>, IpcError> {
        ask!(
            self.remote,
            restore_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_path(path.as_str());
            },
            |r| wire::take_texts(r.get_warnings()?)?
        )
    }

    /// A page of the history.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn transactions(&self, wallet: String, query: TxQuery) -> Result<TxPage, IpcError> {
        ask!(
            self.remote,
            transactions_request,
            |p| {
                p.set_wallet(wallet.as_str());
                query.put(p.reborrow().init_query());
            },
            |r| TxPage::take(r.get_page()?)?
        )
    }

    /// All about one transaction.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn transaction(&self, wallet: String, txid: Txid) -> Result<TxDetails, IpcError> {
        ask!(
            self.remote,
            transaction_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_txid(txid.as_bytes());
            },
            |r| TxDetails::take(r.get_details()?)?
        )
    }

    /// Gives a transaction up.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn abandon(&self, wallet: String, txid: Txid) -> Result<(), IpcError> {
        ask!(
            self.remote,
            abandon_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_txid(txid.as_bytes());
            },
            |_r| ()
        )
    }

    /// Gives a stored transaction to the node again.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn resend(&self, wallet: String, txid: Txid) -> Result<SendReply, IpcError> {
        ask!(
            self.remote,
            resend_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_txid(txid.as_bytes());
            },
            |r| SendReply::take(r.get_reply()?)?
        )
    }

    /// Addresses with labels and requests, newest first, from row `skip` on, 500 at most.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn addresses(&self, wallet: String, skip: u32) -> Result<Vec<AddressRow>, IpcError> {
        ask!(
            self.remote,
            addresses_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_skip(skip);
            },
            |r| wire::take_list(r.get_rows()?)?
        )
    }

    /// A new address.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn new_address(
        &self,
        wallet: String,
        request: AddressRequest,
    ) -> Result<AddressRow, IpcError> {
        ask!(
            self.remote,
            new_address_request,
            |p| {
                p.set_wallet(wallet.as_str());
                request.put(p.reborrow().init_request());
            },
            |r| AddressRow::take(r.get_row()?)?
        )
    }

    /// Labels an address, own or not.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn set_label(
        &self,
        wallet: String,
        address: String,
        label: String,
    ) -> Result<(), IpcError> {
        ask!(
            self.remote,
            set_label_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_address(address.as_str());
                p.set_label(label.as_str());
            },
            |_r| ()
        )
    }

    /// Forgets what was asked for at an address; the address and its label stay.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn remove_request(&self, wallet: String, address: String) -> Result<(), IpcError> {
        ask!(
            self.remote,
            remove_request_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_address(address.as_str());
            },
            |_r| ()
        )
    }

    /// Coins, largest first, from row `skip` on, 500 at most.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn coins(&self, wallet: String, skip: u32) -> Result<Vec<CoinRow>, IpcError> {
        ask!(
            self.remote,
            coins_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_skip(skip);
            },
            |r| wire::take_list(r.get_rows()?)?
        )
    }

    /// Freezes or frees a coin.
    ///
    /// # Errors
    /// [`IpcError`] where the wallet refuses or the process is gone.
    pub async fn set_frozen(
        &self,
        wallet: String,
        outpoint: OutPoint,
        frozen: bool,
    ) -> Result<(), IpcError> {
        ask!(
            self.remote,
            set_frozen_request,
            |p| {
                p.set_wallet(wallet.as_str());
                outpoint.put(p.reborrow().init_outpoint());
                p.set_frozen(frozen);
            },
            |_r| ()
        )
    }
}
