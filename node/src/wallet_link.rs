//! The node's one wallet process: spawned or attached, watched, started again, and asked for what it answers.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::options::Program;
use ipc_schema::process::Restarts;
use ipc_schema::service::ChainService;
use ipc_schema::{
    ChildProcess, Connection, Fault, FaultCode, Hello, Identity, Ipc, IpcError, RpcRequest,
    Services, StartError, WalletLink as LinkState, WalletProcessClient,
};
use rpc::{CommandSpec, RpcError, RpcResult, Table, code};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::context::Node;
use crate::start_options;

/// How long a wallet process may take to start, its wallets included.
const START_TIME: Duration = Duration::from_secs(600);
/// How long one that serves may take to answer what it should know at once.
const ANSWER_TIME: Duration = Duration::from_secs(6);
/// Owner of its commands in the table.
const OWNER: &str = "wallet";

/// Where the wallet process comes from.
#[derive(Clone, Debug)]
pub(crate) enum WalletSource {
    /// This program is spawned.
    Spawn(PathBuf),
    /// It lives in this process; these are its services.
    InProcess(Services),
    /// None is started; one may attach.
    Off,
}

#[derive(Debug, Default)]
struct Live {
    client: Option<WalletProcessClient>,
    connection: Option<Connection>,
    child: Option<ChildProcess>,
    /// One has come by itself and is not asked out yet.
    attaching: bool,
    /// Why there is none, for people.
    reason: String,
}

/// The wallet process as the rest of the node sees it.
#[derive(Debug, Default)]
pub(crate) struct WalletLink {
    live: Mutex<Live>,
    /// The wallets that are open there, as it said last.
    open: Mutex<Vec<String>>,
    restart: Notify,
}

impl WalletLink {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn live(&self) -> std::sync::MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which wallets are open.
    pub(crate) fn set_open(&self, wallets: Vec<String>) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = wallets;
    }

    fn take_open(&self) -> Vec<String> {
        std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The wallet process, where it serves.
    pub(crate) fn client(&self) -> Result<WalletProcessClient, Fault> {
        let live = self.live();
        live.client.clone().ok_or_else(|| {
            let reason = if live.reason.is_empty() {
                "none was started"
            } else {
                &live.reason
            };
            Fault::new(
                FaultCode::NotReady,
                format!("The wallet process is not running: {reason}."),
            )
        })
    }

    /// Starts it again now rather than later.
    pub(crate) fn restart_now(&self) {
        self.restart.notify_one();
    }

    /// Executes a command there, unread.
    pub(crate) async fn execute(&self, request: RpcRequest) -> Result<String, Fault> {
        let client = self.client()?;
        client.execute(request).await.map_err(|error| match error {
            IpcError::Fault(fault) => fault,
            IpcError::Remote(text) => Fault::failed(text),
            error => Fault::new(
                FaultCode::NotReady,
                format!("The wallet process is gone: {error}."),
            ),
        })
    }

    /// Ends it in order; the child gets the grace period of its own.
    pub(crate) async fn stop(&self) {
        let (client, connection, child) = {
            let mut live = self.live();
            (
                live.client.take(),
                live.connection.take(),
                live.child.take(),
            )
        };
        if let Some(client) = client {
            match tokio::time::timeout(ANSWER_TIME, client.stop()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(target: "ipc", "wallet process: {error}"),
                Err(_) => tracing::warn!("The wallet process does not answer the order to stop."),
            }
        }
        if let Some(connection) = connection {
            connection.close();
        }
        if let Some(child) = child {
            child.end().await;
        }
    }
}

/// Everything that starting a wallet process takes.
#[derive(Clone)]
pub(crate) struct Starter {
    pub(crate) node: Arc<Node>,
    pub(crate) ipc: Ipc,
    pub(crate) identity: Identity,
    pub(crate) chain: Arc<dyn ChainService>,
    pub(crate) table: Arc<Table<Node>>,
    pub(crate) source: WalletSource,
}

impl Starter {
    /// Says that there will be wallets, so that a window that looks while the chain loads knows.
    pub(crate) fn announce(&self) {
        if !matches!(self.source, WalletSource::Off) {
            self.show(LinkState::Starting, "");
        }
    }

    /// Starts it for the first time.
    ///
    /// # Errors
    /// The start-up error that becomes the node's own.
    pub(crate) async fn first_start(&self) -> Result<(), StartError> {
        if matches!(self.source, WalletSource::Off) {
            return Ok(());
        }
        self.show(LinkState::Starting, "");
        tokio::select! {
            started = self.start() => started?,
            // What was begun ends with this process.
            () = self.node.stop.stopped() => return Ok(()),
        }
        let starter = self.clone();
        tokio::spawn(async move { starter.watch().await });
        Ok(())
    }

    async fn start(&self) -> Result<(), StartError> {
        let failed = |text: String| StartError { text, exit_code: 1 };
        let (connection, child) = match &self.source {
            WalletSource::Spawn(program) => {
                let spawned = self.ipc.spawn(program).await;
                let (connection, child) = spawned.map_err(|error| {
                    failed(format!(
                        "Cannot start the wallet process {}: {error}",
                        program.display()
                    ))
                })?;
                (connection, Some(child))
            }
            WalletSource::InProcess(services) => {
                let pair = self.ipc.pair(services).await;
                (pair.map_err(|error| failed(error.to_string()))?, None)
            }
            WalletSource::Off => return Ok(()),
        };
        let started = tokio::time::timeout(START_TIME, self.configure(&connection)).await;
        let client = match started {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => {
                connection.close();
                if let Some(child) = child {
                    child.end().await;
                }
                return Err(error);
            }
            Err(_) => {
                connection.close();
                if let Some(child) = child {
                    child.kill();
                }
                return Err(failed(
                    "The wallet process did not start in time.".to_owned(),
                ));
            }
        };
        // One in this process has no number of its own.
        let pid = child.as_ref().map_or(0, ChildProcess::pid);
        self.adopt(client, Some(connection), child, pid)
            .await
            .map_err(failed)
    }

    async fn configure(&self, connection: &Connection) -> Result<WalletProcessClient, StartError> {
        let failed = |error: ipc_schema::IpcError| StartError {
            text: format!("Cannot start the wallet process: {error}"),
            exit_code: 1,
        };
        let hello = Hello {
            identity: self.identity.clone(),
            ..Hello::default()
        };
        connection.hello(hello).await.map_err(failed)?;
        let options = start_options::to_wire(self.node.config().snapshot_for(Program::Wallet));
        connection
            .start_wallet(options, Arc::clone(&self.chain))
            .await
            .map_err(failed)?
    }

    /// Takes over a wallet process that serves, with its commands.
    pub(crate) async fn adopt(
        &self,
        client: WalletProcessClient,
        connection: Option<Connection>,
        child: Option<ChildProcess>,
        pid: u32,
    ) -> Result<(), String> {
        let table = client.commands().await.map_err(|error| error.to_string())?;
        let specs: Vec<CommandSpec> = serde_json::from_str(&table)
            .map_err(|error| format!("The wallet process sent no command table: {error}"))?;
        let commands = specs
            .into_iter()
            .map(|spec| {
                let node = Arc::clone(&self.node);
                spec.forward(move |request| forward(Arc::clone(&node), request))
            })
            .collect();
        self.table.remove(OWNER);
        let taken = self.table.add(OWNER, commands);
        if !taken.is_empty() {
            tracing::warn!(
                "The wallet process offers commands of the node: {}",
                taken.join(", ")
            );
        }
        *self.node.wallet.live() = Live {
            client: Some(client),
            connection,
            child,
            ..Live::default()
        };
        self.show(LinkState::Running, "");
        self.node
            .status
            .send_modify(|status| status.wallet.pid = pid);
        Ok(())
    }

    /// Starts it again whenever it dies, until the node stops.
    async fn watch(&self) {
        let mut restarts = Restarts::default();
        let mut lost: BTreeSet<String> = BTreeSet::new();
        loop {
            let began = Instant::now();
            let reason = self.wait_for_end().await;
            if self.node.stop.is_stopping() {
                return;
            }
            tracing::warn!("The wallet process is gone: {reason}");
            lost.extend(self.node.wallet.take_open());
            self.lose(&reason);
            loop {
                match restarts.after(began.elapsed()) {
                    Some(pause) => {
                        self.show(LinkState::Starting, &reason);
                        tokio::select! {
                            () = tokio::time::sleep(pause) => {}
                            () = self.node.wallet.restart.notified() => {}
                            () = self.node.stop.stopped() => return,
                        }
                    }
                    None => {
                        tracing::warn!(
                            "The wallet process was started again three times and died within a minute each time: it is not started \
                             again by itself."
                        );
                        self.show(LinkState::Down, &reason);
                        tokio::select! {
                            () = self.node.wallet.restart.notified() => restarts = Restarts::default(),
                            () = self.node.stop.stopped() => return,
                        }
                    }
                }
                match self.start().await {
                    Ok(()) => break,
                    Err(error) => {
                        tracing::warn!("The wallet process does not start: {error}");
                        self.lose(&error.text);
                    }
                }
            }
            self.node
                .status
                .send_modify(|status| status.wallet.restarts += 1);
            self.reopen(&mut lost).await;
        }
    }

    /// Opens wallets again that were open when their process died; those that could not be asked for
    /// stay in the list.
    async fn reopen(&self, lost: &mut BTreeSet<String>) {
        let open = match self.ask("listwallets", json!([])).await {
            Ok(Ok(open)) => open,
            Ok(Err(error)) => return tracing::warn!("listwallets: {}", error.message),
            // It has died again.
            Err(fault) => return tracing::debug!(target: "ipc", "listwallets: {fault}"),
        };
        let is_open = |name: &String| {
            let mut names = open.as_array().into_iter().flatten();
            names.any(|known| known == name)
        };
        lost.retain(|name| !is_open(name));
        while let Some(name) = lost.first().cloned() {
            match self.ask("loadwallet", json!([name])).await {
                Ok(Ok(_)) => tracing::info!("Wallet {name} is open again"),
                Ok(Err(error)) => {
                    tracing::warn!("Wallet {name} cannot be opened again: {}", error.message);
                }
                Err(fault) => return tracing::debug!(target: "ipc", "loadwallet: {fault}"),
            }
            lost.remove(&name);
        }
    }

    /// Calls a command of the wallet process.
    async fn ask(&self, method: &str, params: Value) -> Result<RpcResult, Fault> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let call = RpcRequest {
            request: request.to_string(),
            uri: "/".to_owned(),
            user: None,
        };
        let reply = self.node.wallet.execute(call).await?;
        Ok(rpc::jsonrpc::read_reply(&reply))
    }

    /// Waits until the process or its connection has ended; gives the reason in words.
    async fn wait_for_end(&self) -> String {
        let (client, child) = {
            let live = self.node.wallet.live();
            (live.client.clone(), live.child.clone())
        };
        let Some(client) = client else {
            return "it was ended".to_owned();
        };
        let closed = client.closed().await;
        match child {
            // The status says more than the end of the connection.
            Some(child) => match tokio::time::timeout(Duration::from_secs(5), child.exited()).await
            {
                Ok(exit) => exit.describe(),
                Err(_) => {
                    child.kill();
                    closed
                }
            },
            None => closed,
        }
    }

    fn lose(&self, reason: &str) {
        let mut live = self.node.wallet.live();
        *live = Live {
            reason: reason.to_owned(),
            ..Live::default()
        };
        drop(live);
        self.show(LinkState::Down, reason);
    }

    fn show(&self, link: LinkState, message: &str) {
        self.node.status.send_modify(|status| {
            status.wallet.link = link;
            message.clone_into(&mut status.wallet.message);
            if link != LinkState::Running {
                status.wallet.pid = 0;
            }
        });
    }

    /// Takes a wallet process that connected by itself.
    ///
    /// # Errors
    /// Where there is one already, or this node starts its own.
    pub(crate) async fn attach(&self, client: WalletProcessClient, pid: u32) -> Result<(), Fault> {
        let busy = |text: &str| Err(Fault::new(FaultCode::Busy, text.to_owned()));
        if !matches!(self.source, WalletSource::Off) {
            return busy(
                "This node starts a wallet process of its own. Start it with -disablewallet to attach another one.",
            );
        }
        {
            let mut live = self.node.wallet.live();
            if live.attaching || live.client.is_some() {
                return busy("This node has a wallet process already.");
            }
            live.attaching = true;
        }
        let adopted = self.adopt(client.clone(), None, None, pid);
        let adopted = match tokio::time::timeout(ANSWER_TIME, adopted).await {
            Ok(adopted) => adopted,
            Err(_) => Err("The wallet process does not send its command table.".to_owned()),
        };
        if let Err(text) = adopted {
            self.node.wallet.live().attaching = false;
            return Err(Fault::new(FaultCode::Failed, text));
        }
        let starter = self.clone();
        tokio::spawn(async move {
            let reason = client.closed().await;
            if !starter.node.stop.is_stopping() {
                tracing::warn!("The wallet process is gone: {reason}");
                starter.lose(&reason);
            }
        });
        Ok(())
    }
}

/// Sends a call to the wallet process as it came.
async fn forward(node: Arc<Node>, request: rpc::Request) -> RpcResult {
    let text = rpc::jsonrpc::request_text(&request);
    let call = RpcRequest {
        request: text,
        uri: request.caller.uri,
        user: None,
    };
    match node.wallet.execute(call).await {
        Ok(reply) => rpc::jsonrpc::read_reply(&reply),
        Err(fault) => {
            let code = match fault.code {
                FaultCode::Failed | FaultCode::TooLarge => code::MISC,
                _ => code::WALLET_NOT_FOUND,
            };
            Err(RpcError::new(code, fault.message))
        }
    }
}
