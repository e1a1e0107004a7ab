//! The node, for the window and for `bitq-cli`.

use tokio::sync::mpsc;

use super::sink;
use crate::generated::node_capnp::node;
use crate::remote::{Remote, ask};
use crate::types::{
    IpcError, NodeEvent, NodeTopics, RpcCommand, Secret, SetReply, SettingInfo, WalletIntroduction,
};
use crate::wire;

/// The node. On a connection with a read role, methods that change something are answered with
/// [`IpcError::Unimplemented`].
#[derive(Clone, Debug)]
pub struct NodeClient {
    remote: Remote<node::Client>,
}

impl NodeClient {
    pub(crate) fn new(client: node::Client) -> Self {
        Self {
            remote: Remote::new(client),
        }
    }

    /// Subscribes; each topic begins with its snapshot. The node waits while the channel is full
    /// and then sends the newest status. The channel ends with the connection.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn subscribe(
        &self,
        topics: NodeTopics,
    ) -> Result<mpsc::Receiver<NodeEvent>, IpcError> {
        self.remote
            .call("subscribe", move |client| async move {
                let (sink, alive, events, receiver) = sink::node();
                let mut request = client.cast_view().subscribe_request();
                let mut params = request.get();
                params.set_status(topics.status);
                params.set_log(topics.log);
                params.set_tasks(topics.tasks);
                params.set_sink(sink);
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

    /// Commands for completion.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn rpc_commands(&self) -> Result<Vec<RpcCommand>, IpcError> {
        self.remote
            .call("rpc commands", move |client| async move {
                let answer = client
                    .cast_view()
                    .rpc_commands_request()
                    .send()
                    .promise
                    .await?;
                let reply = answer.get()?;
                sink::check(reply.has_fault(), reply.get_fault())?;
                Ok(wire::take_list(reply.get_commands()?)?)
            })
            .await
    }

    /// Every option with its value.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn settings(&self) -> Result<Vec<SettingInfo>, IpcError> {
        self.remote
            .call("settings", move |client| async move {
                let answer = client.cast_view().settings_request().send().promise.await?;
                let reply = answer.get()?;
                sink::check(reply.has_fault(), reply.get_fault())?;
                Ok(wire::take_list(reply.get_settings()?)?)
            })
            .await
    }

    /// Executes a JSON-RPC request or batch; gives the body that HTTP would.
    ///
    /// # Errors
    /// [`IpcError`] where the text is not JSON or the node is gone.
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

    /// Stores a value (JSON text) in `settings.json`; `None` removes it.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn set_setting(
        &self,
        name: String,
        value: Option<String>,
    ) -> Result<SetReply, IpcError> {
        ask!(
            self.remote,
            set_setting_request,
            |p| {
                p.set_name(name.as_str());
                p.set_remove(value.is_none());
                p.set_value(value.unwrap_or_default().as_str());
            },
            |r| SetReply {
                needs_restart: r.get_needs_restart()
            }
        )
    }

    /// Begins the node's ordered stop.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn stop(&self) -> Result<(), IpcError> {
        ask!(self.remote, stop_request, |_r| ())
    }

    /// Lets the node outlive this program; gives the socket on which it can be found again.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn detach(&self) -> Result<String, IpcError> {
        ask!(self.remote, detach_request, |r| r
            .get_path()?
            .to_string()?)
    }

    /// Switches the peer-to-peer network.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn set_network_active(&self, active: bool) -> Result<(), IpcError> {
        ask!(
            self.remote,
            set_network_active_request,
            |p| p.set_active(active),
            |_r| ()
        )
    }

    /// Cancels a task of the node.
    ///
    /// # Errors
    /// [`IpcError`] where there is none, or the node is gone.
    pub async fn cancel_task(&self, id: u64) -> Result<(), IpcError> {
        ask!(self.remote, cancel_task_request, |p| p.set_id(id), |_r| ())
    }

    /// Starts the wallet process again.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn restart_wallet(&self) -> Result<(), IpcError> {
        ask!(self.remote, restart_wallet_request, |_r| ())
    }

    /// Asks for a way to the wallet process, good for one [`Ipc::connect_wallet`](crate::Ipc).
    ///
    /// # Errors
    /// [`IpcError`] where there is no wallet process, or the node is gone.
    pub async fn introduce_wallet(&self) -> Result<WalletIntroduction, IpcError> {
        ask!(self.remote, introduce_wallet_request, |r| {
            WalletIntroduction {
                path: r.get_path()?.to_string()?,
                token: Secret::new(r.get_token()?.to_vec()),
            }
        })
    }
}

/// `Node` extends `NodeView`: the same object, called under the other id.
trait CastView {
    fn cast_view(self) -> crate::generated::node_capnp::node_view::Client;
}

impl CastView for node::Client {
    fn cast_view(self) -> crate::generated::node_capnp::node_view::Client {
        capnp::capability::FromClientHook::cast_to(self)
    }
}
