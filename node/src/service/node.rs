//! The node as a window sees and steers it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use common::log;
use ipc_schema::service::{LogFeed, NodeService, Reply};
use ipc_schema::{
    Fault, FaultCode, Identity, LogLevel, LogLine, NodeStatus, RpcCommand, SetReply, SettingInfo,
    Task, WalletIntroduction, WalletProcessClient,
};
use rpc::Table;
use tokio::sync::{broadcast, watch};

use crate::context::Node;
use crate::detach::Detach;
use crate::indexes;
use crate::settings;
use crate::tasks::{
    BACKGROUND, CONNECTING, DISCONNECTING, LOADING, REINDEXING, SCANNING, SCANNING_BLOCKS,
    VERIFYING,
};
use crate::wallet_link::Starter;

/// Lines kept for a window that comes later.
const RECENT: usize = 200;
/// Lines that wait for a slow window.
const FEED: usize = 2048;

/// The last lines of the log, and who listens.
#[derive(Debug)]
pub(crate) struct LogRing {
    recent: Mutex<(u64, VecDeque<LogLine>)>,
    lines: broadcast::Sender<LogLine>,
}

impl LogRing {
    /// Listens to the process' log from now on.
    pub(crate) fn install() -> Arc<Self> {
        let (lines, _) = broadcast::channel(FEED);
        let ring = Arc::new(Self {
            recent: Mutex::new((0, VecDeque::new())),
            lines,
        });
        if let Some(logger) = log::installed() {
            let ring = Arc::clone(&ring);
            logger.observe(Box::new(move |line| ring.take(line)));
        }
        ring
    }

    fn take(&self, line: &log::Line<'_>) {
        // What the IPC thread says of itself would grow with every line shown.
        if line.category == "ipc" && line.level < log::Level::Info {
            return;
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.0 += 1;
        let line = LogLine {
            sequence: recent.0,
            level: match line.level {
                log::Level::Trace => LogLevel::Trace,
                log::Level::Debug => LogLevel::Debug,
                log::Level::Info => LogLevel::Info,
                log::Level::Warning => LogLevel::Warning,
                log::Level::Error => LogLevel::Error,
            },
            category: line.category.to_owned(),
            text: line.text.to_owned(),
        };
        if recent.1.len() == RECENT {
            recent.1.pop_front();
        }
        recent.1.push_back(line.clone());
        // Nobody listens until a window does.
        let _ = self.lines.send(line);
    }

    fn feed(&self) -> LogFeed {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        LogFeed {
            recent: recent.1.iter().cloned().collect(),
            lines: self.lines.subscribe(),
        }
    }
}

/// Serves windows.
pub(crate) struct NodeServer {
    pub(crate) node: Arc<Node>,
    pub(crate) table: Arc<Table<Node>>,
    pub(crate) log: Arc<LogRing>,
    pub(crate) wallet: Starter,
    pub(crate) detach: Arc<Detach>,
}

impl NodeService for NodeServer {
    fn status(&self) -> watch::Receiver<NodeStatus> {
        self.node.status.subscribe()
    }

    fn tasks(&self) -> watch::Receiver<Vec<Task>> {
        self.node.tasks.watch()
    }

    fn log(&self) -> LogFeed {
        self.log.feed()
    }

    fn rpc_commands(&self) -> Reply<Vec<RpcCommand>> {
        let mut commands: Vec<RpcCommand> = self
            .table
            .specs()
            .iter()
            .map(|spec| RpcCommand {
                name: spec.name.to_string(),
                category: spec.category.to_string(),
                arguments: spec.args.iter().map(|arg| arg.name().to_owned()).collect(),
                summary: spec.doc.lines().next().unwrap_or_default().to_owned(),
                wallet: spec.category == "wallet",
            })
            .collect();
        commands.sort_by(|a, b| a.name.cmp(&b.name));
        Box::pin(async move { Ok(commands) })
    }

    fn settings(&self) -> Reply<Vec<SettingInfo>> {
        let list = settings::list(&self.node.config());
        Box::pin(async move { Ok(list) })
    }

    fn set_setting(&self, name: String, value: Option<String>) -> Reply<SetReply> {
        let node = Arc::clone(&self.node);
        Box::pin(async move {
            let work = tokio::task::spawn_blocking(move || {
                let pruned = node
                    .try_chain()
                    .is_some_and(|chain| chain.reader.have_pruned());
                settings::set(&mut node.config(), &name, value.as_deref(), pruned)
            });
            work.await
                .unwrap_or_else(|error| Err(Fault::failed(error.to_string())))
        })
    }

    fn stop(&self) -> Reply<()> {
        self.node.stop.stop();
        Box::pin(async { Ok(()) })
    }

    fn detach(&self) -> Reply<String> {
        let detach = Arc::clone(&self.detach);
        Box::pin(async move { detach.run().await })
    }

    fn set_network_active(&self, _active: bool) -> Reply<()> {
        let text = "This node has no peer-to-peer network to switch.";
        Box::pin(async move { Err(Fault::new(FaultCode::Failed, text)) })
    }

    fn cancel_task(&self, id: u64) -> Reply<()> {
        let node = Arc::clone(&self.node);
        Box::pin(async move {
            match node.tasks.begin_cancel(id) {
                Some(kind) if kind == LOADING => node.cancel.cancel_import(),
                Some(_) if node.tasks.raise(id) => {}
                Some(kind) if kind == SCANNING => {
                    node.coins_scan.abort();
                }
                Some(kind) if kind == SCANNING_BLOCKS => {
                    node.block_scan.abort();
                }
                Some(kind) if kind == REINDEXING || kind == CONNECTING => {
                    node.cancel.pause_import()
                }
                Some(kind) if kind == BACKGROUND => node.cancel.pause_background(),
                Some(kind) if kind == DISCONNECTING => node.cancel.cancel_invalidation(),
                Some(kind) if kind == VERIFYING => node.cancel.cancel_verification(),
                Some(kind) => indexes::pause(&node, &kind),
                None => {
                    let text = format!(
                        "Task {id} cannot be cancelled: stop the node to interrupt it. It goes on at the next start."
                    );
                    return Err(Fault::new(FaultCode::InvalidArgument, text));
                }
            }
            Ok(())
        })
    }

    fn restart_wallet(&self) -> Reply<()> {
        self.node.wallet.restart_now();
        Box::pin(async { Ok(()) })
    }

    fn introduce_wallet(&self) -> Reply<WalletIntroduction> {
        let node = Arc::clone(&self.node);
        Box::pin(async move {
            let client = node.wallet.client()?;
            client
                .introduce()
                .await
                .map_err(|error| match error.fault() {
                    Some(fault) => fault.clone(),
                    None => Fault::failed(error.to_string()),
                })
        })
    }

    fn attach_wallet(&self, identity: Identity, wallet: WalletProcessClient) -> Reply<()> {
        let starter = self.wallet.clone();
        Box::pin(async move { starter.attach(wallet, identity.pid).await })
    }
}
