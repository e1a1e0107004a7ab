//! The program around the node: command line, child of a window or not, exit status.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use common::datadir;
use common::log;
use common::options::{self, CommandLine, Config, Program};
use common::stop::{self, OnInterrupt, StopHandle};
use futures::future::BoxFuture;
use ipc_schema::service::{StartService, WalletProcessService};
use ipc_schema::{
    ChainClient, Identity, Ipc, IpcConfig, Limits, PROTOCOL, ServiceSet, Services, StartError,
    StartOptions, inherited_socket,
};
use primitives::Coin;
use tokio::sync::{mpsc, oneshot};

use crate::init::{self, Launch};
use crate::start_options;

/// Makes the services of a wallet that lives in this process: `bitqd`'s. It listens on a socket of its own for the
/// window that is the process' parent, if there is one.
pub type InProcessWallet = Box<dyn FnOnce(&Ipc, bool) -> Services>;

/// Writes a line where the user or the parent's terminal sees it.
fn say_error(text: &str) {
    // A closed standard error leaves nowhere to say anything.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn say(text: &str) {
    // A closed standard output is the reader's choice.
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

fn fail(text: &str) -> ExitCode {
    say_error(&format!("Error: {text}"));
    ExitCode::FAILURE
}

/// Runs the program to its end.
pub fn main(program: Program, wallet: Option<InProcessWallet>) -> ExitCode {
    datadir::restrict_umask();
    datadir::raise_open_files();
    if let Err(error) = log::install() {
        return fail(&error.to_string());
    }
    let args: Vec<OsString> = std::env::args_os().collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("The system gives no threads: {error}.")),
    };
    let main = Main {
        program,
        wallet,
        stop: StopHandle::new(),
    };
    let code = match options::child_descriptor(&args) {
        Ok(Some(number)) => runtime.block_on(main.run_child(number, &args)),
        Ok(None) => main.by_itself(args, &runtime),
        Err(error) => return fail(&error.to_string()),
    };
    // What still runs on the blocking pool is a read that nobody waits for.
    runtime.shutdown_background();
    code
}

struct Main {
    program: Program,
    wallet: Option<InProcessWallet>,
    stop: StopHandle,
}

fn program_name(args: &[OsString]) -> String {
    let path = args.first().map(std::path::Path::new);
    path.and_then(|path| path.file_name()).map_or_else(
        || "bitq-node".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

impl Main {
    fn by_itself(self, args: Vec<OsString>, runtime: &tokio::runtime::Runtime) -> ExitCode {
        let name = program_name(&args);
        let command_line = match CommandLine::parse(self.program, args) {
            Ok(command_line) => command_line,
            Err(error) => return fail(&error.to_string()),
        };
        if command_line.wants_help() {
            let coin = command_line
                .text("coin")
                .and_then(|coin| coin.parse::<Coin>().ok());
            let debug = command_line.wants_debug_help();
            say(&options::help_page(
                self.program,
                &name,
                coin.unwrap_or_default(),
                debug,
            ));
            return ExitCode::SUCCESS;
        }
        if command_line.wants_version() {
            say(&options::version_page(self.program, &name));
            return ExitCode::SUCCESS;
        }
        if let Err(error) = stop::listen(&self.stop, OnInterrupt::Stop) {
            return fail(&format!("Cannot listen to signals: {error}."));
        }
        let config = match Config::load(command_line) {
            Ok(config) => config,
            Err(error) => return fail(&error.to_string()),
        };
        runtime.block_on(async {
            let services = Services::new(ServiceSet {
                identity: identity(&name, None),
                ..ServiceSet::default()
            });
            let ipc = match start_ipc(&name) {
                Ok(ipc) => ipc,
                Err(error) => return fail(&error),
            };
            let launch = Launch {
                config,
                name,
                stop: self.stop.clone(),
                wallet: self.wallet,
                ipc,
                services,
                parent: None,
            };
            match init::start(launch).await {
                Ok(running) => running.wait_and_stop().await,
                Err(error) => {
                    tracing::error!("{}", error.text);
                    say_error(&init::shown(&error));
                    ExitCode::from(error.exit_code)
                }
            }
        })
    }

    /// Serves a parent over the descriptor it gave; the parent says everything else.
    async fn run_child(self, number: i32, args: &[OsString]) -> ExitCode {
        let name = program_name(args);
        if let Err(error) = stop::listen(
            &self.stop,
            OnInterrupt::WaitForParent {
                program: name.clone(),
            },
        ) {
            return fail(&format!("Cannot listen to signals: {error}."));
        }
        let socket = match inherited_socket(&number.to_string()) {
            Ok(socket) => socket,
            Err(error) => return fail(&error),
        };
        let ipc = match start_ipc(&name) {
            Ok(ipc) => ipc,
            Err(error) => return fail(&error),
        };
        let (sender, mut orders) = mpsc::channel(1);
        let services = Services::new(ServiceSet {
            identity: identity(&name, None),
            start: Some(Arc::new(ChildStart {
                orders: Mutex::new(Some(sender)),
            })),
            ..ServiceSet::default()
        });
        let parent = match ipc.serve_parent(socket, &services).await {
            Ok(parent) => parent,
            Err(error) => return fail(&error.to_string()),
        };
        let order = tokio::select! {
            order = orders.recv() => order,
            _ = parent.closed() => None,
            () = self.stop.stopped() => None,
        };
        let Some(Order { options, reply }) = order else {
            ipc.stop().await;
            return ExitCode::SUCCESS;
        };
        let snapshot = start_options::from_wire(options);
        let started = match Config::from_snapshot(self.program, &name, &snapshot) {
            Ok(config) => match config.prepare_directories() {
                Ok(()) => {
                    let launch = Launch {
                        config,
                        name,
                        stop: self.stop.clone(),
                        wallet: self.wallet,
                        ipc: ipc.clone(),
                        services,
                        parent: Some(parent.clone()),
                    };
                    init::start(launch).await
                }
                Err(error) => Err(StartError {
                    text: error.to_string(),
                    exit_code: 1,
                }),
            },
            Err(error) => Err(StartError {
                text: error.to_string(),
                exit_code: 1,
            }),
        };
        match started {
            Ok(running) => {
                // A parent that left meanwhile ends the process by its closed connection.
                let _ = reply.send(Ok(()));
                running.wait_and_stop().await
            }
            Err(error) => {
                tracing::error!("{}", error.text);
                let code = ExitCode::from(error.exit_code);
                let _ = reply.send(Err(error));
                // The parent shows the text and closes the connection; it is given time to read it.
                let _ = tokio::time::timeout(init::LAST_WORDS, parent.closed()).await;
                ipc.stop().await;
                code
            }
        }
    }
}

fn start_ipc(name: &str) -> Result<Ipc, String> {
    let config = IpcConfig {
        program: name.to_owned(),
        runtime: tokio::runtime::Handle::current(),
        limits: Limits::default(),
    };
    Ipc::start(config).map_err(|error| format!("The system gives no thread: {error}."))
}

/// How this process describes itself; coin and network once they are known.
pub(crate) fn identity(name: &str, config: Option<&Config>) -> Identity {
    let params = config.map(Config::params);
    Identity {
        protocol: PROTOCOL,
        program: name.to_owned(),
        build: common::VERSION.to_owned(),
        coin: params.map_or_else(String::new, |params| params.coin.id().to_owned()),
        network: params.map_or_else(String::new, |params| params.network.id().to_owned()),
        genesis: params.map_or_else(Default::default, |params| params.genesis.hash),
        features: 0,
        pid: std::process::id(),
        started: chain::Clock::new().now(),
    }
}

struct Order {
    options: StartOptions,
    reply: oneshot::Sender<Result<(), StartError>>,
}

/// Takes the parent's one order to start.
struct ChildStart {
    orders: Mutex<Option<mpsc::Sender<Order>>>,
}

impl StartService for ChildStart {
    fn start_node(&self, options: StartOptions) -> BoxFuture<'static, Result<(), StartError>> {
        let sender = self
            .orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        Box::pin(async move {
            let refused = |text: &str| StartError {
                text: text.to_owned(),
                exit_code: 1,
            };
            let sender = sender.ok_or_else(|| refused("This node was started already."))?;
            let (reply, answer) = oneshot::channel();
            sender
                .send(Order { options, reply })
                .await
                .map_err(|_| refused("The node is ending."))?;
            answer
                .await
                .unwrap_or_else(|_| Err(refused("The node ended while it started.")))
        })
    }

    fn start_wallet(
        &self,
        _: StartOptions,
        _: ChainClient,
    ) -> BoxFuture<'static, Result<Arc<dyn WalletProcessService>, StartError>> {
        Box::pin(async {
            Err(StartError {
                text: "This program is no wallet process.".to_owned(),
                exit_code: 1,
            })
        })
    }
}
