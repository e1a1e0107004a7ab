//! A connection to another program.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::{ChainClient, NodeClient, WalletClient, WalletProcessClient};
use crate::generated::bitq_capnp::bitq;
use crate::generated::rpc_capnp::rpc;
use crate::remote::{Remote, ask};
use crate::server::{ChainObject, Runner, WalletProcessObject};
use crate::service::{ChainService, WalletProcessService};
use crate::types::{
    FaultCode, Hello, Identity, IpcError, Limits, Role, Secret, Session, StartError, StartOptions,
};
use crate::wire::Wire;

/// A connection to another program. It lives until [`Connection::close`], until the other side
/// ends it, or until the IPC thread stops.
#[derive(Clone, Debug)]
pub struct Connection {
    remote: Remote<bitq::Client>,
    closed: watch::Receiver<Option<String>>,
    close: Arc<Notify>,
    /// Largest message that the other side takes, for the IPC thread.
    most: watch::Sender<u64>,
    runner: Runner,
}

impl Connection {
    pub(crate) fn new(
        client: bitq::Client,
        closed: watch::Receiver<Option<String>>,
        close: Arc<Notify>,
        most: watch::Sender<u64>,
        runner: Runner,
    ) -> Self {
        Self {
            remote: Remote::new(client),
            closed,
            close,
            most,
            runner,
        }
    }

    /// Greets. Both sides compare protocol, coin, network and genesis; the other methods of
    /// bitq's own interface are served after this one.
    ///
    /// # Errors
    /// [`FaultCode::Mismatch`] where the programs do not fit together; [`IpcError::Unimplemented`]
    /// where the other side is not bitq.
    pub async fn hello(&self, hello: Hello) -> Result<Session, IpcError> {
        let ours = hello.identity.clone();
        let session: Session = ask!(
            self.remote,
            hello_request,
            |p| {
                hello.identity.put(p.reborrow().init_identity());
                hello.role.put(p.reborrow().init_role());
            },
            |r| Session {
                identity: Identity::take(r.get_identity()?)?,
                role: Role::take(r.get_role()?)?,
                session: r.get_session()?.to_string()?,
                limits: Limits::take(r.get_limits()?)?,
            }
        )?;
        ours.check(&session.identity)?;
        self.most.send_replace(session.limits.message_bytes);
        Ok(session)
    }

    /// Configures a spawned node.
    ///
    /// # Errors
    /// The outer one where the child is gone, the inner one where it does not start.
    pub async fn start_node(
        &self,
        options: StartOptions,
    ) -> Result<Result<(), StartError>, IpcError> {
        self.remote
            .call("start node", move |client| async move {
                let mut request = client.start_node_request();
                options.put(request.get().init_options());
                let answer = request.send().promise.await?;
                let reply = answer.get()?;
                if reply.has_error() {
                    return Ok(Err(StartError::take(reply.get_error()?)?));
                }
                Ok(Ok(()))
            })
            .await
    }

    /// Configures a spawned wallet process and gives it the chain.
    ///
    /// # Errors
    /// The outer one where the child is gone, the inner one where it does not start.
    pub async fn start_wallet(
        &self,
        options: StartOptions,
        chain: Arc<dyn ChainService>,
    ) -> Result<Result<WalletProcessClient, StartError>, IpcError> {
        let runner = self.runner.clone();
        let closed = self.closed.clone();
        self.remote
            .call("start wallet", move |client| async move {
                let mut request = client.start_wallet_request();
                options.put(request.get().init_options());
                request
                    .get()
                    .set_chain(ChainObject::client(runner, chain, None));
                let answer = request.send().promise.await?;
                let reply = answer.get()?;
                if reply.has_error() {
                    return Ok(Err(StartError::take(reply.get_error()?)?));
                }
                Ok(Ok(WalletProcessClient::new(reply.get_wallet()?, closed)))
            })
            .await
    }

    /// The node behind this connection.
    ///
    /// # Errors
    /// [`FaultCode::Denied`] by role, [`FaultCode::NotReady`] before it is configured.
    pub async fn node(&self) -> Result<NodeClient, IpcError> {
        ask!(self.remote, node_request, |r| NodeClient::new(
            capnp::capability::FromClientHook::cast_to(r.get_node()?)
        ))
    }

    /// The chain behind this connection.
    ///
    /// # Errors
    /// [`FaultCode::Denied`] by role, [`FaultCode::NotReady`] before it is configured.
    pub async fn chain(&self) -> Result<ChainClient, IpcError> {
        ask!(self.remote, chain_request, |r| ChainClient::new(
            r.get_chain()?
        ))
    }

    /// Offers a wallet process that runs by itself to the node.
    ///
    /// # Errors
    /// [`FaultCode::Busy`] where the node has one already.
    pub async fn attach_wallet(
        &self,
        wallet: Arc<dyn WalletProcessService>,
    ) -> Result<ChainClient, IpcError> {
        let runner = self.runner.clone();
        ask!(
            self.remote,
            attach_wallet_request,
            |p| p.set_wallet(WalletProcessObject::client(runner, wallet)),
            |r| ChainClient::new(r.get_chain()?)
        )
    }

    /// The wallets, for whoever holds a one-time token of their process.
    ///
    /// # Errors
    /// [`FaultCode::BadToken`] where the token is unknown, used or too old.
    pub async fn wallets(&self, token: Secret) -> Result<WalletClient, IpcError> {
        ask!(
            self.remote,
            wallets_request,
            |p| p.set_token(token.expose()),
            |r| WalletClient::new(r.get_wallets()?)
        )
    }

    /// Core's `Rpc`, which a Core node serves as well.
    ///
    /// # Errors
    /// [`IpcError`] where it is refused by role, or the other side is gone.
    pub async fn rpc(&self) -> Result<RpcClient, IpcError> {
        self.remote
            .call("make rpc", move |client| async move {
                let init: crate::generated::init_capnp::init::Client =
                    capnp::capability::FromClientHook::cast_to(client);
                let answer = init.make_rpc_request().send().promise.await?;
                let reply = answer.get()?;
                if !reply.has_result() {
                    return Err(IpcError::Fault(crate::types::Fault::new(
                        FaultCode::ShuttingDown,
                        "The node is stopping.",
                    )));
                }
                Ok(RpcClient {
                    remote: Remote::new(reply.get_result()?),
                })
            })
            .await
    }

    /// Sends `text` through Core's `Echo` and gives what comes back, once for each of `count`
    /// calls; the times of the calls in nanoseconds. A measure of the connection.
    ///
    /// # Errors
    /// [`IpcError`] where the other side is gone.
    pub async fn echo(&self, text: String, count: u32) -> Result<Vec<u64>, IpcError> {
        self.remote
            .call("make echo", move |client| async move {
                let init: crate::generated::init_capnp::init::Client =
                    capnp::capability::FromClientHook::cast_to(client);
                let echo = init
                    .make_echo_request()
                    .send()
                    .promise
                    .await?
                    .get()?
                    .get_result()?;
                let mut times = Vec::new();
                for _ in 0..count {
                    let start = std::time::Instant::now();
                    let mut request = echo.echo_request();
                    request.get().set_echo(text.as_str());
                    let answer = request.send().promise.await?;
                    let same = answer.get()?.get_result()?.as_bytes() == text.as_bytes();
                    times.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
                    if !same {
                        return Err(IpcError::Remote("the echo differs".to_owned()));
                    }
                }
                Ok(times)
            })
            .await
    }

    /// Waits until the connection has ended; gives the reason.
    pub async fn closed(&self) -> String {
        wait_closed(self.closed.clone()).await
    }

    /// Whether it has ended.
    pub fn is_closed(&self) -> bool {
        self.closed.borrow().is_some() || self.closed.has_changed().is_err()
    }

    /// Ends it, after what was sent is written.
    pub fn close(&self) {
        self.close.notify_one();
    }
}

/// Waits for a connection's end.
pub(crate) async fn wait_closed(mut closed: watch::Receiver<Option<String>>) -> String {
    let reason = closed
        .wait_for(Option::is_some)
        .await
        .map(|reason| reason.clone());
    // Without a reason the IPC thread is gone.
    reason
        .ok()
        .flatten()
        .unwrap_or_else(|| "the IPC thread has stopped".to_owned())
}

/// Core's `Rpc`.
#[derive(Clone, Debug)]
pub struct RpcClient {
    remote: Remote<rpc::Client>,
}

impl RpcClient {
    /// Executes a JSON-RPC request or batch; gives the body that HTTP would.
    ///
    /// # Errors
    /// [`IpcError`] where the text is not JSON or the node is gone.
    pub async fn execute(&self, request: String, uri: String) -> Result<String, IpcError> {
        self.remote
            .call("execute rpc", move |client| async move {
                let mut call = client.execute_rpc_request();
                let mut params = call.get();
                params.set_request(request.as_str());
                params.set_uri(uri.as_str());
                let answer = call.send().promise.await?;
                Ok(answer.get()?.get_result()?.to_string()?)
            })
            .await
    }
}
