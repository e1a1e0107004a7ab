//! The wallet process, for the node.

use tokio::sync::watch;

use super::connection::wait_closed;
use crate::generated::wallet_capnp::wallet_process;
use crate::remote::{Remote, ask};
use crate::types::{IpcError, RpcRequest, Secret, WalletIntroduction, WalletListItem};
use crate::wire;

/// The wallet process.
#[derive(Clone, Debug)]
pub struct WalletProcessClient {
    remote: Remote<wallet_process::Client>,
    closed: watch::Receiver<Option<String>>,
}

impl WalletProcessClient {
    pub(crate) fn new(
        client: wallet_process::Client,
        closed: watch::Receiver<Option<String>>,
    ) -> Self {
        Self {
            remote: Remote::new(client),
            closed,
        }
    }

    /// Waits until the connection to the process has ended; gives the reason.
    pub async fn closed(&self) -> String {
        wait_closed(self.closed.clone()).await
    }

    /// The table of its RPC commands, as JSON text.
    ///
    /// # Errors
    /// [`IpcError`] where the process is gone.
    pub async fn commands(&self) -> Result<String, IpcError> {
        ask!(self.remote, commands_request, |r| r
            .get_table()?
            .to_string()?)
    }

    /// Executes a wallet command.
    ///
    /// # Errors
    /// [`IpcError`] where the process is gone.
    pub async fn execute(&self, request: RpcRequest) -> Result<String, IpcError> {
        ask!(
            self.remote,
            execute_rpc_request,
            |p| {
                p.set_request(request.request.as_str());
                p.set_uri(request.uri.as_str());
                p.set_has_user(request.user.is_some());
                p.set_user(request.user.unwrap_or_default().as_str());
            },
            |r| r.get_reply()?.to_string()?
        )
    }

    /// Wallets on disk and in use.
    ///
    /// # Errors
    /// [`IpcError`] where the process is gone.
    pub async fn wallets(&self) -> Result<Vec<WalletListItem>, IpcError> {
        ask!(self.remote, wallets_request, |r| wire::take_list(
            r.get_wallets()?
        )?)
    }

    /// Path of its socket and a new one-time token.
    ///
    /// # Errors
    /// [`IpcError`] where the process is gone.
    pub async fn introduce(&self) -> Result<WalletIntroduction, IpcError> {
        ask!(self.remote, introduce_request, |r| WalletIntroduction {
            path: r.get_path()?.to_string()?,
            token: Secret::new(r.get_token()?.to_vec()),
        })
    }

    /// Begins its ordered stop.
    ///
    /// # Errors
    /// [`IpcError`] where the process is gone.
    pub async fn stop(&self) -> Result<(), IpcError> {
        ask!(self.remote, stop_request, |_r| ())
    }
}
