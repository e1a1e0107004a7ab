//! Starts the node, and stops it in the opposite order.
//!
//! Start: locks → log → IPC sockets → RPC server (answers -28) → chain → status → indexes (which stand still) →
//! wallet → open the doors → blocks from files → indexes run. Stop: doors → wallet → indexes → chain → cookie, pid
//! file, locks.

mod own_files;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chain::indexes::Indexes;
use chain::{Ended, Reindex};
use common::log::LogOptions;
use common::options::{Config, Program};
use common::stop::StopHandle;
use ipc_schema::{Ipc, Phase, Served, Services, StartError, parse_bind};
use rpc::{Table, TableConfig, control::Control};
use tokio::task::JoinHandle;

use crate::chain_options;
use crate::context::{Chain, Node};
use crate::detach::Detach;
use crate::indexes;
use crate::mempool_file;
use crate::program::{InProcessWallet, identity};
use crate::rpc_server::{self, RpcServer};
use crate::service::chain::ChainServer;
use crate::service::executor::Executor;
use crate::service::mining::MiningServer;
use crate::service::node::{LogRing, NodeServer};
use crate::settings;
use crate::sockets::Sockets;
use crate::start_options::wire_source;
use crate::status;
use crate::wallet_link::{Starter, WalletSource};
pub(crate) use own_files::warn_user;
use own_files::{OwnFiles, own_directories, pid_file, start_log};

/// How long a parent may take to read the last words of a child.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(5);
/// What to do where databases cannot be read.
const REBUILD_ADVICE: &str = "Please restart with -reindex or -reindex-chainstate to recover.";
/// How long calls in flight may take when the doors close.
const GRACE: Duration = Duration::from_secs(30);

/// What the node is started with.
pub(crate) struct Launch {
    pub(crate) config: Config,
    pub(crate) name: String,
    pub(crate) stop: StopHandle,
    pub(crate) wallet: Option<InProcessWallet>,
    pub(crate) ipc: Ipc,
    pub(crate) services: Services,
    pub(crate) parent: Option<Served>,
}

/// The node while it runs.
pub(crate) struct Running {
    node: Arc<Node>,
    ipc: Ipc,
    services: Services,
    sockets: Arc<Sockets>,
    rpc: Option<RpcServer>,
    chain: chain::Chain,
    following: JoinHandle<Option<Ended>>,
    /// Given back last.
    files: OwnFiles,
}

pub(crate) fn failed(error: impl std::fmt::Display) -> StartError {
    StartError {
        text: error.to_string(),
        exit_code: 1,
    }
}

/// Starts the node.
///
/// # Errors
/// The one line to show, with the exit status.
#[expect(
    clippy::too_many_lines,
    reason = "the whole start, in order, on one page"
)]
pub(crate) async fn start(launch: Launch) -> Result<Running, StartError> {
    let Launch {
        mut config,
        name,
        stop,
        wallet,
        ipc,
        services,
        parent,
    } = launch;
    let lines = config.apply_interactions();
    let warnings = config
        .check()
        .map_err(|error| failed(settings::with_place(&config, &error.to_string())))?;
    let files = own_directories(&config)?;
    start_log(&mut config, &lines, &warnings)?;
    let files = files.with_pid(pid_file(&config)?);
    let log_ring = LogRing::install();

    let source = wallet_source(&config, wallet, &ipc, parent.is_some());
    let node = Node::new(config, stop);
    describe(&node);
    let table = table(&node, &name);
    let id = identity(&name, Some(&node.config()));
    services.update(|set| set.identity = id.clone());
    let sockets = Arc::new(Sockets::new(ipc.clone(), services.clone()));
    let detach = Arc::new(Detach::new(Arc::clone(&node), Arc::clone(&sockets)));
    if let Some(parent) = parent {
        tokio::spawn(stop_with(parent, Arc::clone(&detach), node.stop.clone()));
    }
    let chain_server = Arc::new(ChainServer {
        node: Arc::clone(&node),
    });
    let starter = Starter {
        node: Arc::clone(&node),
        ipc: ipc.clone(),
        identity: id,
        chain: chain_server.clone(),
        table: Arc::clone(&table),
        source,
    };
    starter.announce();
    let whitelist = rpc_server::whitelist(&node.config());
    services.update(|set| {
        set.node = Some(Arc::new(NodeServer {
            node: Arc::clone(&node),
            table: Arc::clone(&table),
            log: log_ring,
            wallet: starter.clone(),
            detach: Arc::clone(&detach),
        }));
        set.rpc = Some(Arc::new(Executor {
            table: Arc::clone(&table),
            whitelist,
        }));
        set.chain = Some(chain_server);
    });
    listen(&node, &sockets).await?;
    let config = node.config().clone();
    let rpc = if config.opt_bool("server").unwrap_or(true) {
        let server = rpc_server::start(&config, Arc::clone(&table)).await;
        Some(server.map_err(|text| failed(settings::with_place(&config, &text)))?)
    } else {
        None
    };

    // From here on a failure has something to stop.
    let engine = match open_chain(&node, &table, &config).await {
        Ok(chain) => chain,
        Err(error) => {
            node.stop.stop();
            if let Some(rpc) = rpc {
                rpc.http.stop(Duration::from_secs(1)).await;
            }
            return Err(error);
        }
    };
    let chain = Chain {
        handle: engine.handle.clone(),
        reader: engine.reader.clone(),
    };
    node.set_chain(chain.clone());
    services.update(|set| {
        set.mining = Some(Arc::new(MiningServer {
            node: Arc::clone(&node),
        }));
    });
    let following = tokio::spawn(status::follow(Arc::clone(&node), chain.clone()));
    let running = Running {
        node: Arc::clone(&node),
        ipc,
        services,
        sockets,
        rpc,
        chain: engine,
        following,
        files,
    };
    if let Err(error) = indexes::open(&node, &chain, &config).await {
        drop(running.stop_serving().await);
        return Err(error);
    }
    node.status
        .send_modify(|status| status.message = "Starting the wallet…".to_owned());
    if let Err(error) = starter.first_start().await {
        // The connection to a parent stays: it still has to carry the error.
        drop(running.stop_serving().await);
        return Err(StartError {
            text: settings::with_place(&config, &error.text),
            ..error
        });
    }
    table.finish_warmup();
    tracing::info!("Done loading");
    node.status.send_modify(|status| {
        status.phase = Phase::Running;
        status.message.clear();
    });
    tokio::spawn(import(node, chain, config.get_list("loadblock")));
    Ok(running)
}

/// Stops the node when its parent goes, also while it starts; not after a detach.
async fn stop_with(parent: Served, detach: Arc<Detach>, stop: StopHandle) {
    let reason = parent.closed().await;
    if !detach.is_detached() {
        tracing::info!("The program that started this one is gone: {reason}");
        stop.stop();
    }
}

fn wallet_source(
    config: &Config,
    wallet: Option<InProcessWallet>,
    ipc: &Ipc,
    has_parent: bool,
) -> WalletSource {
    if config.get_bool("disablewallet") {
        return WalletSource::Off;
    }
    match wallet {
        Some(make) => WalletSource::InProcess(make(ipc, has_parent)),
        None => WalletSource::Spawn(sibling("bitq-wallet")),
    }
}

/// A program that lies beside this one.
fn sibling(name: &str) -> PathBuf {
    let here = std::env::current_exe().ok();
    here.and_then(|path| path.parent().map(|dir| dir.join(name)))
        .unwrap_or_else(|| PathBuf::from(name))
}

/// Tells windows what does not change.
fn describe(node: &Node) {
    let config = node.config();
    let params = config.params();
    let log_file = LogOptions::from_config(&config)
        .ok()
        .and_then(|options| options.file);
    node.status.send_modify(|status| {
        status.phase = Phase::Loading;
        status.started = node.clock.now();
        status.datadir = config.network_dir().display().to_string();
        // The start went on, so the folder is there.
        let blocks = config.blocks_dir().unwrap_or_default();
        status.blocks_dir = blocks.display().to_string();
        status.datadir_source = wire_source(config.source_of("datadir"));
        status.version = common::VERSION.to_owned();
        status.coin = params.coin.id().to_owned();
        status.network = params.network.id().to_owned();
        status.log_file = log_file.map_or_else(String::new, |path| path.display().to_string());
        status.progress = 0.0;
        status.initial_download = true;
    });
}

fn table(node: &Arc<Node>, name: &str) -> Arc<Table<Node>> {
    let config = node.config();
    let cli = match config.program() {
        Program::Daemon | Program::Node => "bitq-cli",
        _ => name,
    };
    let mut table_config = TableConfig::new(cli, node.params.rpc_port);
    table_config.check_results = config.get_bool("rpcdoccheck");
    table_config.log_ips = config.get_bool("logips");
    let log_path = LogOptions::from_config(&config)
        .ok()
        .and_then(|options| options.file);
    drop(config);
    let (stop, started) = (node.stop.clone(), node.started);
    let control = Control {
        client_name: common::CLIENT_NAME.to_owned(),
        version: common::VERSION.to_owned(),
        log_path: log_path.map_or_else(String::new, |path| path.display().to_string()),
        uptime: Arc::new(move || started.elapsed().as_secs()),
        stop: Arc::new(move || stop.stop()),
    };
    let table = Table::from_arc(Arc::clone(node), table_config);
    table.add("control", control.commands());
    table.add("node", crate::rpc::commands());
    table.set_warmup("Starting…");
    table
}

/// Opens the sockets of `-ipcbind`, and looks after them.
async fn listen(node: &Node, sockets: &Arc<Sockets>) -> Result<(), StartError> {
    let (addresses, dir) = {
        let config = node.config();
        (config.get_list("ipcbind"), config.network_dir())
    };
    for text in addresses {
        let address = parse_bind(&text, &dir, "node").map_err(failed)?;
        sockets.open(address).await.map_err(failed)?;
    }
    sockets.renew_at_hangup(&node.stop).map_err(failed)
}

async fn open_chain(
    node: &Arc<Node>,
    table: &Arc<Table<Node>>,
    config: &Config,
) -> Result<chain::Chain, StartError> {
    table.set_warmup("Loading block index…");
    node.status
        .send_modify(|status| status.message = "Loading block index…".to_owned());
    let mut chain_config = chain_options::read(node, table, config)?;
    let (kinds, wipe) = (indexes::wanted(config), config.get_bool("reindex"));
    let rebuild = config
        .get_list("test")
        .iter()
        .any(|option| option == "reindex_after_failure_noninteractive_yes");
    let opened = tokio::task::spawn_blocking(move || {
        if wipe {
            Indexes::wipe(&chain_config, &kinds).map_err(failed)?;
        }
        let first = chain::start(chain_config.clone());
        Ok::<_, StartError>(match &first {
            Err(error) if rebuild && error.can_rebuild() => {
                tracing::warn!("{error}. The databases are built anew.");
                chain_config.reindex = Reindex::All;
                Indexes::wipe(&chain_config, &kinds).map_err(failed)?;
                chain::start(chain_config)
            }
            _ => first,
        })
    });
    opened.await.map_err(failed)??.map_err(|error| {
        let mut text = error.to_string();
        if error.can_rebuild() {
            text = format!("{text}.\n{REBUILD_ADVICE}");
        }
        failed(text)
    })
}

/// How an error of the start is shown: as a statement, where the reference asks whether to rebuild.
pub(crate) fn shown(error: &StartError) -> String {
    if error.text.ends_with(REBUILD_ADVICE) {
        error.text.clone()
    } else {
        format!("Error: {}", error.text)
    }
}

/// Loads blocks from files, and what waits on disk; then the mempool counts as loaded.
async fn import(node: Arc<Node>, chain: Chain, files: Vec<String>) {
    let files = files.into_iter().map(PathBuf::from).collect();
    if let Err(error) = chain.handle.import(files).await {
        if node.stop.is_stopping() {
            // Blocks that wait for the next start.
            return;
        }
        tracing::warn!("Blocks could not be loaded: {error}");
    }
    let with_indexes = Arc::clone(&node);
    if let Err(error) = tokio::task::spawn_blocking(move || indexes::start(&with_indexes)).await {
        tracing::error!("The indexes could not be started: {error}");
    }
    // Before this the tip may lie below what a wallet has seen: it would take that for a reorganisation.
    node.chain_state.send_modify(|state| state.ready = true);
    if mempool_file::load_own(&node, &chain).await
        && let Err(error) = chain.handle.finish_loading().await
    {
        tracing::debug!("{error}");
    }
    if node.config().get_bool("stopafterblockimport") {
        tracing::info!("Stopping after block import");
        node.stop.stop();
    }
}

impl Running {
    /// Waits for the stop signal or a failure of the chain; then stops in order.
    pub(crate) async fn wait_and_stop(mut self) -> ExitCode {
        let stop = self.node.stop.clone();
        let ended = tokio::select! {
            () = stop.stopped() => None,
            ended = &mut self.following => ended.ok().flatten(),
        };
        let fatal = match ended {
            Some(Ended::Fatal(cause)) => Some(cause),
            Some(Ended::StopHeight(height)) => {
                tracing::info!("Stopping at height {height}");
                None
            }
            None => None,
        };
        // Somebody may have asked for the stop just before the chain failed, or it fails in its last write.
        let failed = self.stop().await;
        match fatal.or(failed) {
            Some(cause) => {
                warn_user(&format!(
                    "Error: A fatal internal error occurred, see debug.log for details: {cause}"
                ));
                ExitCode::FAILURE
            }
            None => ExitCode::SUCCESS,
        }
    }

    /// Stops everything in the opposite order of the start. Says why the chain could not be closed, where it could not.
    pub(crate) async fn stop(self) -> Option<String> {
        let ipc = self.ipc.clone();
        let (files, failed) = self.stop_serving().await;
        ipc.stop().await;
        drop(files);
        tracing::info!("Shutdown done");
        failed
    }

    /// Stops everything but the connections; gives what is to be given back after them, and what failed.
    async fn stop_serving(self) -> (OwnFiles, Option<String>) {
        tracing::info!("Shutdown in progress...");
        self.node.stop.stop();
        self.node.status.send_modify(|status| {
            status.phase = Phase::Stopping;
            status.message = "Stopping…".to_owned();
        });
        self.node
            .chain_state
            .send_modify(|state| state.shutting_down = true);
        self.services.update(|set| set.stopping = true);
        self.sockets.close().await;
        if let Some(rpc) = self.rpc {
            rpc.http.stop(GRACE).await;
        }
        self.node.wallet.stop().await;
        let (node, chain) = (Arc::clone(&self.node), self.chain);
        let closed = tokio::task::spawn_blocking(move || {
            if let Some(chain) = node.try_chain() {
                mempool_file::save_at_stop(&node, chain);
            }
            indexes::stop(&node, &chain.handle);
            chain.stop()
        })
        .await;
        let failed = match closed {
            Ok(result) => result.err().map(|error| error.to_string()),
            Err(panic) => Some(panic.to_string()),
        };
        if let Some(error) = &failed {
            tracing::error!("The chain could not be closed in order: {error}");
        }
        (self.files, failed)
    }
}
