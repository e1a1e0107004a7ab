//! The program: child of a node, daemon beside a running node, or offline tool.
//!
//! Threads: `main` waits; `wallet` owns the wallets; `ipc` holds every connection; `signal` hears
//! signals; tokio's workers run the services. Started in that order by [`start`], stopped in the
//! reverse order by [`Process::stop`].

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::datadir;
use common::log::{self, LogOptions};
use common::options::{self, CommandLine, Config, Program, Snapshot, SnapshotLayer, Source};
use common::stop::{self, OnInterrupt, StopHandle};
use ipc_schema::process::die_with_parent;
use ipc_schema::service::{StartService, WalletProcessService};
use ipc_schema::{
    ChainClient, ConnectAddress, Connection, Hello, Identity, Ipc, IpcConfig, IpcError, Limits,
    Listener, OptionLayer, PROTOCOL, Role, ServiceSet, Services, SettingSource, StartError,
    StartOptions, inherited_socket, parse_connect, wallet_socket_path,
};
use primitives::{ChainParams, Coin};
use rpc::TableConfig;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::context::{ChainLink, Context, Opening};
use crate::handle::WalletHandle;
use crate::options::WalletOptions;
use crate::rpc::RpcServer;
use crate::service::{OnStop, WalletServer};
use crate::wallets::Wallets;
use crate::{WalletError, db, follow, tool};

/// The program of a node, whose socket the daemon looks for.
const NODE: &str = "bitq-node";
/// How long socket and files may still be held by a forerunner that ends.
const FORERUNNER: Duration = Duration::from_secs(10);
/// How long the ordered stop may take before the process ends all the same.
const STOP_TIME: Duration = Duration::from_secs(5);
/// How long a parent is given to read why its child did not start.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Pause before a socket is tried again that a forerunner still holds: its end makes no event here.
const RETRY: Duration = Duration::from_millis(50);
/// The option that opens what can be opened.
const SKIP: &str = "skipbrokenwallets";
/// Pause before a lost node is looked for again.
const RECONNECT: Duration = Duration::from_secs(1);

/// A result of an async start.
type Started<T> = std::pin::Pin<Box<dyn Future<Output = Result<T, StartError>> + Send>>;

/// The one place where this program writes to the terminal.
fn say(out: &str, error: Option<&str>) {
    // A closed terminal leaves nowhere to say anything.
    let _ = write!(std::io::stdout(), "{out}");
    if let Some(error) = error {
        let _ = writeln!(std::io::stderr(), "{}", error.trim_end());
    }
}

fn fail(text: &str) -> ExitCode {
    say("", Some(&format!("Error: {text}")));
    ExitCode::FAILURE
}

fn start_error(text: impl Into<String>) -> StartError {
    StartError {
        text: text.into(),
        exit_code: 1,
    }
}

/// The directory of the wallets, with Core's errors for `-walletdir`.
///
/// # Errors
/// The sentence to show.
pub fn wallet_dir(config: &Config) -> Result<PathBuf, String> {
    if let Some(named) = config.get_path("walletdir") {
        let shown = named.display();
        return match named.canonicalize() {
            Err(_) => Err(format!("Specified -walletdir \"{shown}\" does not exist")),
            Ok(path) if !path.is_dir() => Err(format!(
                "Specified -walletdir \"{shown}\" is not a directory"
            )),
            Ok(_) if !named.is_absolute() => Err(format!(
                "Specified -walletdir \"{shown}\" is a relative path"
            )),
            Ok(path) => Ok(path),
        };
    }
    let network = config.network_dir();
    let wallets = network.join("wallets");
    Ok(if wallets.is_dir() { wallets } else { network })
}

fn identity(name: &str, params: Option<&ChainParams>) -> Identity {
    let started = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Identity {
        protocol: PROTOCOL,
        program: name.to_owned(),
        build: common::VERSION.to_owned(),
        coin: params.map_or_else(String::new, |params| params.coin.id().to_owned()),
        network: params.map_or_else(String::new, |params| params.network.id().to_owned()),
        genesis: params.map_or_else(Default::default, |params| params.genesis.hash),
        features: 0,
        pid: std::process::id(),
        started: i64::try_from(started.as_secs()).unwrap_or_default(),
    }
}

/// The settings that a parent sent.
fn snapshot(options: StartOptions) -> Snapshot {
    let layer = |layer: OptionLayer| SnapshotLayer {
        source: match layer.source {
            SettingSource::Forced => Source::Forced,
            SettingSource::CommandLine => Source::CommandLine,
            SettingSource::SettingsFile => Source::SettingsFile,
            SettingSource::ConfigFile if layer.section.is_empty() => Source::ConfigDefault,
            SettingSource::ConfigFile => Source::ConfigSection,
            SettingSource::Default => Source::Default,
        },
        section: layer.section,
        options: layer
            .options
            .into_iter()
            .map(|o| (o.name, o.values))
            .collect(),
    };
    Snapshot {
        layers: options.layers.into_iter().map(layer).collect(),
        config_path: options.config_path,
    }
}

/// The running wallets.
#[derive(Debug)]
pub struct Process {
    context: Arc<Context>,
    server: Arc<WalletServer>,
    listener: Option<Listener>,
}

impl Process {
    /// Closes doors and files, in order.
    pub async fn stop(self) {
        self.context.stop.stop();
        if let Some(listener) = self.listener {
            listener.close();
        }
        let ended = tokio::time::timeout(STOP_TIME, self.context.shut_down());
        if ended.await.is_err() {
            tracing::warn!("The wallets do not close in time.");
        }
        tracing::info!("Wallets closed");
    }
}

/// Starts the wallets: thread, socket, services, the wallets of `-wallet`. Without a socket, for which `listens` stands,
/// no window reaches them.
///
/// # Errors
/// The one line to show.
pub async fn start(
    config: &Config,
    ipc: &Ipc,
    services: &Services,
    chain: Option<ChainClient>,
    stop: StopHandle,
    on_stop: OnStop,
    listens: bool,
) -> Result<Process, StartError> {
    let params = config.params();
    let dir = wallet_dir(config).map_err(start_error)?;
    let (wallet_options, warnings) = WalletOptions::from_config(config).map_err(start_error)?;
    tracing::info!("Using wallet directory {}", dir.display());
    tracing::info!("Using SQLite Version {}", db::sqlite_version());
    let wallets = Wallets::new(params, wallet_options.clone(), dir.clone());
    let handle = WalletHandle::start(wallets)
        .map_err(|error| start_error(format!("The system gives no thread: {error}.")))?;
    // A child may follow another one closely. Who was started by himself is to hear at once that there is another.
    let patience = chain.as_ref().map_or(Duration::ZERO, |_| FORERUNNER);
    let deadline = Instant::now() + patience;
    let link = ChainLink::default();
    link.set(chain);
    let context = Context::new(
        params,
        wallet_options,
        config.network_dir(),
        dir,
        handle,
        link,
        stop,
        tokio::runtime::Handle::current(),
    );
    for warning in warnings {
        context.warn(warning);
    }
    tokio::spawn(follow::follow_state(Arc::clone(&context)));
    tokio::spawn(follow::follow_mempool(Arc::clone(&context)));

    let server_config = TableConfig {
        check_results: config.get_bool("rpcdoccheck"),
        ..TableConfig::new("bitq-cli", params.rpc_port)
    };
    let rpc = RpcServer::new(&context, server_config);
    let (listener, socket) = match listens {
        true => listen(ipc, services, &context, deadline).await,
        false => (None, None),
    };
    let server = Arc::new(WalletServer::new(
        Arc::clone(&context),
        rpc,
        services.clone(),
        socket,
        on_stop,
    ));
    let name = config.program_name().to_owned();
    services.update(|set| {
        set.identity = identity(&name, Some(params));
        set.wallet = Some(Arc::clone(&server) as _);
    });
    let process = Process {
        context,
        server,
        listener,
    };
    if let Err(error) = load_wallets(&process.context, config, deadline).await {
        process.stop().await;
        return Err(error);
    }
    process.context.tell_warnings().await;
    Ok(process)
}

/// Opens the wallet's own socket. Without it the window cannot reach the wallets, but the node can.
async fn listen(
    ipc: &Ipc,
    services: &Services,
    context: &Context,
    deadline: Instant,
) -> (Option<Listener>, Option<PathBuf>) {
    let path = match wallet_socket_path(&context.network_dir) {
        Ok(path) => path,
        Err(error) => {
            context.warn(format!(
                "The wallets cannot be reached by a window: {error}"
            ));
            return (None, None);
        }
    };
    loop {
        match ipc.listen_wallet(&path, services).await {
            Ok(listener) => return (Some(listener), Some(path)),
            Err(error) if error.is_in_use() && Instant::now() < deadline => {
                tokio::time::sleep(RETRY).await;
            }
            Err(error) => {
                context.warn(format!(
                    "The wallets cannot be reached by a window: {error}"
                ));
                return (None, None);
            }
        }
    }
}

/// Opens the wallets that settings and command line name (Core's `VerifyWallets`, `LoadWallets`).
async fn load_wallets(
    context: &Arc<Context>,
    config: &Config,
    deadline: Instant,
) -> Result<(), StartError> {
    let mut names = config.get_list("wallet");
    if !config.is_set("wallet") && context.wallet_dir.join(db::FILE_NAME).is_file() {
        names.push(String::new());
    }
    let mut wait = deadline.saturating_duration_since(Instant::now());
    for (place, name) in names.iter().enumerate() {
        if names[..place].contains(name) {
            context.warn(format!("Ignoring duplicate -wallet {name}."));
            continue;
        }
        match context.open(name, Opening::AtStart(wait)).await {
            Ok(warnings) => {
                for warning in warnings {
                    context.warn(warning);
                }
                // A forerunner holds all files or none.
                wait = Duration::ZERO;
            }
            Err(WalletError::Db(error @ db::DbError::NotFound(_))) => {
                context.warn(format!("Skipping -wallet path that doesn't exist. {error}"));
            }
            Err(WalletError::Db(error @ db::DbError::Legacy(_))) => context.warn(error.to_string()),
            Err(error) => {
                let text = error.to_string();
                let text = text.trim_end();
                if !config.get_bool(SKIP) {
                    let end = if text.ends_with('.') { "" } else { "." };
                    return Err(start_error(format!(
                        "{text}{end} Wallet \"{name}\" was left as it is. Please restart with -{SKIP} to go on without it; \
                         the other wallets open then."
                    )));
                }
                context.warn(format!(
                    "Wallet \"{name}\" is not open, and was left as it is: {text}"
                ));
            }
        }
    }
    Ok(())
}

fn ipc_of(name: &str) -> Result<Ipc, String> {
    Ipc::start(IpcConfig {
        program: name.to_owned(),
        runtime: tokio::runtime::Handle::current(),
        limits: Limits::default(),
    })
    .map_err(|error| format!("The system gives no thread: {error}."))
}

/// Takes a parent's one order to start the wallets.
struct WalletStart {
    name: String,
    ipc: Ipc,
    services: Services,
    stop: StopHandle,
    /// Set within the node's process, which has opened the log already.
    closed: Option<CancellationToken>,
    listens: bool,
    started: Mutex<Option<mpsc::Sender<Process>>>,
}

impl WalletStart {
    fn config(&self, options: StartOptions) -> Result<Config, StartError> {
        let config = Config::from_snapshot(Program::Wallet, &self.name, &snapshot(options))
            .map_err(|error| start_error(error.to_string()))?;
        if self.closed.is_none() {
            open_log(&config).map_err(start_error)?;
        }
        config
            .prepare_directories()
            .map_err(|error| start_error(error.to_string()))?;
        Ok(config)
    }
}

fn open_log(config: &Config) -> Result<(), String> {
    let options = LogOptions::for_child(config).map_err(|error| error.to_string())?;
    match log::installed() {
        Some(logger) => logger.start(&options).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

impl StartService for WalletStart {
    fn start_node(&self, _: StartOptions) -> Started<()> {
        Box::pin(async { Err(start_error("This program is no node.")) })
    }

    fn start_wallet(
        &self,
        options: StartOptions,
        chain: ChainClient,
    ) -> Started<Arc<dyn WalletProcessService>> {
        let sender = self
            .started
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let config = match sender {
            Some(_) => self.config(options),
            None => Err(start_error("This wallet process was started already.")),
        };
        let (ipc, services, stop) = (self.ipc.clone(), self.services.clone(), self.stop.clone());
        let on_stop = self.closed.clone().map_or(OnStop::End, OnStop::Close);
        let listens = self.listens;
        Box::pin(async move {
            let process = start(
                &config?,
                &ipc,
                &services,
                Some(chain),
                stop,
                on_stop,
                listens,
            )
            .await?;
            let server = Arc::clone(&process.server) as Arc<dyn WalletProcessService>;
            if let Some(sender) = sender
                && sender.send(process).await.is_err()
            {
                return Err(start_error("The wallet process is ending."));
            }
            Ok(server)
        })
    }
}

fn child_services(
    name: &str,
    ipc: &Ipc,
    stop: &StopHandle,
    closed: Option<CancellationToken>,
    listens: bool,
) -> (Services, mpsc::Receiver<Process>) {
    let (sender, started) = mpsc::channel(1);
    let services = Services::new(ServiceSet {
        identity: identity(name, None),
        ..ServiceSet::default()
    });
    let start = WalletStart {
        name: name.to_owned(),
        ipc: ipc.clone(),
        services: services.clone(),
        stop: stop.clone(),
        closed,
        listens,
        started: Mutex::new(Some(sender)),
    };
    services.update(|set| set.start = Some(Arc::new(start)));
    (services, started)
}

/// Serves wallets within the node's process: the node pairs with these services and starts them as
/// it would start a child. A socket of their own they have only where a window is the process' parent. To be called on a
/// tokio runtime.
pub fn run_in_process(ipc: &Ipc, listens: bool) -> Services {
    let stop = StopHandle::new();
    let closed = CancellationToken::new();
    let (services, mut started) =
        child_services("bitqd", ipc, &stop, Some(closed.clone()), listens);
    tokio::spawn(async move {
        if let Some(process) = started.recv().await {
            stop.stopped().await;
            process.stop().await;
        }
        closed.cancel();
    });
    services
}

fn program_name(args: &[OsString]) -> String {
    let path = args.first().map(std::path::Path::new);
    path.and_then(|path| path.file_name()).map_or_else(
        || "bitq-wallet".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Runs the program to its end.
pub fn main() -> ExitCode {
    datadir::restrict_umask();
    if let Err(error) = log::install() {
        return fail(&error.to_string());
    }
    let args: Vec<OsString> = std::env::args_os().collect();
    let name = program_name(&args);
    match options::child_descriptor(&args) {
        Ok(Some(number)) => on_runtime(|stop| as_child(number, name, stop)),
        Ok(None) => by_itself(args, &name),
        Err(error) => fail(&error.to_string()),
    }
}

fn on_runtime<F: Future<Output = ExitCode>>(run: impl FnOnce(StopHandle) -> F) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("The system gives no threads: {error}.")),
    };
    let code = runtime.block_on(run(StopHandle::new()));
    // What still runs on the blocking pool is nothing that anybody waits for.
    runtime.shutdown_background();
    code
}

/// Serves a parent over the descriptor it gave; the parent says everything else.
async fn as_child(number: i32, name: String, stop: StopHandle) -> ExitCode {
    die_with_parent(true);
    let interrupt = OnInterrupt::WaitForParent {
        program: name.clone(),
    };
    if let Err(error) = stop::listen(&stop, interrupt) {
        return fail(&format!("Cannot listen to signals: {error}."));
    }
    let socket = match inherited_socket(&number.to_string()) {
        Ok(socket) => socket,
        Err(error) => return fail(&error),
    };
    let ipc = match ipc_of(&name) {
        Ok(ipc) => ipc,
        Err(error) => return fail(&error),
    };
    let (services, mut started) = child_services(&name, &ipc, &stop, None, true);
    let parent = match ipc.serve_parent(socket, &services).await {
        Ok(parent) => parent,
        Err(error) => return fail(&error.to_string()),
    };
    let process = tokio::select! {
        process = started.recv() => process,
        _ = parent.closed() => None,
        () = stop.stopped() => None,
    };
    match process {
        Some(process) => {
            tokio::select! {
                reason = parent.closed() => tracing::info!("The node is gone: {reason}"),
                () = stop.stopped() => {}
            }
            services.update(|set| set.stopping = true);
            process.stop().await;
        }
        // The start failed or never came; the parent is given time to read why.
        None => {
            let _ = tokio::time::timeout(LAST_WORDS, parent.closed()).await;
        }
    }
    ipc.stop().await;
    ExitCode::SUCCESS
}

fn by_itself(args: Vec<OsString>, name: &str) -> ExitCode {
    let few = args.len() < 2;
    let command_line = match CommandLine::parse(Program::Wallet, args) {
        Ok(command_line) => command_line,
        Err(error) => {
            // Core's tool says this without the word in front.
            let text = error.to_string();
            say("", Some(&text));
            return ExitCode::FAILURE;
        }
    };
    if command_line.wants_version() && !command_line.wants_help() {
        say(&options::version_page(Program::Wallet, name), None);
        return ExitCode::SUCCESS;
    }
    if few || command_line.wants_help() {
        let coin = command_line
            .text("coin")
            .and_then(|coin| coin.parse::<Coin>().ok());
        let debug = command_line.wants_debug_help();
        let page = options::help_page(Program::Wallet, name, coin.unwrap_or_default(), debug);
        say(&page, few.then_some("Error: too few parameters"));
        return if few {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        };
    }
    let connect = command_line
        .text("ipcconnect")
        .filter(|_| command_line.is_set("ipcconnect"));
    match connect {
        Some(text) if text != "0" => {
            let name = name.to_owned();
            on_runtime(|stop| daemon(command_line, text, name, stop))
        }
        _ => match Config::load_plain(command_line) {
            Ok(config) => {
                let said = tool::run(&config);
                say(&said.out, said.error.as_deref());
                if said.error.is_some() {
                    ExitCode::FAILURE
                } else {
                    ExitCode::SUCCESS
                }
            }
            Err(error) => fail(&error.to_string()),
        },
    }
}

/// Attaches to a node that runs, and to the next one where that ends.
async fn daemon(
    command_line: CommandLine,
    address: String,
    name: String,
    stop: StopHandle,
) -> ExitCode {
    if let Err(error) = stop::listen(&stop, OnInterrupt::Stop) {
        return fail(&format!("Cannot listen to signals: {error}."));
    }
    let config = match Config::load_beside(command_line) {
        Ok(config) => config,
        Err(error) => return fail(&error.to_string()),
    };
    let path = match parse_connect(&address, &config.network_dir(), NODE) {
        Ok(ConnectAddress::Auto(path) | ConnectAddress::Socket(path)) => path,
        Ok(ConnectAddress::Never) => return fail("-ipcconnect=0 leaves no node to serve."),
        Err(error) => return fail(&error),
    };
    let ipc = match ipc_of(&name) {
        Ok(ipc) => ipc,
        Err(error) => return fail(&error),
    };
    let services = Services::new(ServiceSet {
        identity: identity(&name, Some(config.params())),
        ..ServiceSet::default()
    });
    let first = match connect(&ipc, &path, &name, config.params()).await {
        Ok(connection) => connection,
        Err(error) => {
            return fail(&format!(
                "Cannot use the node at unix:{}: {error}. Please start {NODE} with -ipcbind=unix and -disablewallet \
                 first.",
                path.display()
            ));
        }
    };
    if let Err(error) = open_log(&config) {
        return fail(&error);
    }
    let process = match start(
        &config,
        &ipc,
        &services,
        None,
        stop.clone(),
        OnStop::Stay,
        true,
    )
    .await
    {
        Ok(process) => process,
        Err(error) => return fail(&error.text),
    };
    let served = serve_nodes(&process, first, &ipc, &path, &name, &stop).await;
    services.update(|set| set.stopping = true);
    process.stop().await;
    ipc.stop().await;
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn connect(
    ipc: &Ipc,
    path: &std::path::Path,
    name: &str,
    params: &'static ChainParams,
) -> Result<Connection, IpcError> {
    let connection = ipc.connect(path).await?;
    let hello = Hello {
        identity: identity(name, Some(params)),
        role: Role::Full,
    };
    connection.hello(hello).await?;
    Ok(connection)
}

/// Serves one node after the other until the process stops; a first node that refuses is an error.
async fn serve_nodes(
    process: &Process,
    first: Connection,
    ipc: &Ipc,
    path: &std::path::Path,
    name: &str,
    stop: &StopHandle,
) -> Result<(), String> {
    let mut next = Some(first);
    let mut attached_before = false;
    loop {
        if let Some(connection) = next.take() {
            let server = Arc::clone(&process.server) as Arc<dyn WalletProcessService>;
            match connection.attach_wallet(server).await {
                Ok(chain) => {
                    attached_before = true;
                    tracing::info!("Attached to the node at unix:{}", path.display());
                    process.context.chain.set(Some(chain));
                    tokio::select! {
                        reason = connection.closed() => {
                            tracing::warn!("The node is gone: {reason}. Waiting for it to come back.");
                        }
                        () = stop.stopped() => return Ok(()),
                    }
                    process.context.chain.set(None);
                }
                Err(error) if !attached_before => {
                    return Err(format!(
                        "The node does not take this wallet process: {error}"
                    ));
                }
                Err(error) => tracing::warn!("The node does not take this wallet process: {error}"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(RECONNECT) => {}
            () = stop.stopped() => return Ok(()),
        }
        match connect(ipc, path, name, process.context.params).await {
            Ok(connection) => next = Some(connection),
            Err(error) => tracing::debug!("unix:{}: {error}", path.display()),
        }
    }
}
