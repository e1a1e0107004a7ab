//! The task that keeps the connection: attaches or spawns, forwards events, notices ends, tries again.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use iced::futures::SinkExt as _;
use iced::futures::channel::mpsc::Sender;
use ipc_schema::{
    ChildProcess, ConnectAddress, Hello, Ipc, IpcConfig, IpcError, Limits, NodeClient, NodeEvent,
    NodeTopics, Role, Session, Task, WalletLink,
};
use tokio::sync::mpsc;

use super::state::{Exit, Exits, Origin, exit_words, wait_before};
use super::{Connection, Control, Event, Start};
use crate::page::words;

/// Events that wait for the window.
const QUEUE: usize = 64;
/// Controls that wait for this task.
const CONTROLS: usize = 16;
/// How long a node may take until it says hello.
const GREETING: Duration = Duration::from_secs(10);
/// How long a crashed node is left alone before it is started again.
const PAUSE: i64 = 10;
/// Lines of the log that a report of a crash holds.
const LOG_LINES: usize = 30;
/// Pause between two attempts to reach the wallet process.
const WALLET_PAUSE: Duration = Duration::from_secs(1);

/// Runs the link; the stream ends with the window.
pub fn run(start: &Start) -> iced::futures::stream::BoxStream<'static, Event> {
    use iced::futures::StreamExt as _;
    let start = start.clone();
    iced::stream::channel(QUEUE, async move |out: Sender<Event>| {
        let (sender, controls) = mpsc::channel(CONTROLS);
        let mut worker = Worker {
            start,
            out,
            controls,
            exits: Exits::default(),
            quitting: false,
        };
        worker.emit(Event::Ready(sender)).await;
        worker.run().await;
    })
    .boxed()
}

struct Worker {
    start: Start,
    out: Sender<Event>,
    controls: mpsc::Receiver<Control>,
    exits: Exits,
    quitting: bool,
}

/// A connection that answers.
struct Up {
    connection: ipc_schema::Connection,
    child: Option<ChildProcess>,
    node: NodeClient,
    session: Session,
    events: mpsc::Receiver<NodeEvent>,
    since: Instant,
}

/// Why a connection is no longer up.
enum End {
    /// Asked for: with this control.
    Asked(Control),
    /// The other side went away.
    Gone,
    /// The window is gone.
    Window,
}

/// What to do next.
enum Next {
    Attach,
    Spawn,
    Finish,
}

fn now() -> i64 {
    let age = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    age.map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX))
}

impl Worker {
    async fn emit(&mut self, event: Event) {
        // Fails only when the window is gone, which ends this task at its next step.
        drop(self.out.send(event).await);
    }

    async fn show(&mut self, connection: Connection) {
        self.emit(Event::Connection(connection)).await;
    }

    async fn run(&mut self) {
        let config = IpcConfig {
            program: "bitq-gui".to_owned(),
            runtime: tokio::runtime::Handle::current(),
            limits: Limits::default(),
        };
        let ipc = match Ipc::start(config) {
            Ok(ipc) => ipc,
            Err(error) => {
                let reason = format!("The system gives no thread for the connection: {error}.");
                self.show(Connection::Refused { reason }).await;
                return;
            }
        };
        let mut next = match self.start.plan.connect {
            ConnectAddress::Never => Next::Spawn,
            ConnectAddress::Auto(_) | ConnectAddress::Socket(_) => Next::Attach,
        };
        loop {
            next = match next {
                Next::Attach => self.attach_once(&ipc).await,
                Next::Spawn => self.spawn(&ipc).await,
                Next::Finish => break,
            };
        }
        ipc.stop().await;
        if self.quitting {
            self.emit(Event::MayQuit).await;
        }
    }

    /// Looks for a running node; stays with it as long as it is there.
    async fn attach_once(&mut self, ipc: &Ipc) -> Next {
        let (path, must) = match &self.start.plan.connect {
            ConnectAddress::Auto(path) => (path.clone(), false),
            ConnectAddress::Socket(path) => (path.clone(), true),
            ConnectAddress::Never => return Next::Spawn,
        };
        self.show(Connection::Connecting {
            origin: Origin::Attached,
        })
        .await;
        let up = match self.connect(ipc, &path).await {
            Ok(up) => up,
            Err(IpcError::Connect { absent: true, .. }) if !must => return Next::Spawn,
            Err(error) => return self.refused(&error, Some(&path)).await,
        };
        self.attached(ipc, up, path).await
    }

    async fn attached(&mut self, ipc: &Ipc, mut up: Up, path: PathBuf) -> Next {
        loop {
            match self.serve(ipc, &mut up, Origin::Attached).await {
                End::Window => return Next::Finish,
                End::Asked(control) => return self.leave_attached(up, control).await,
                End::Gone => {}
            }
            match self.wait_for_return(ipc, &path).await {
                Ok(back) => up = back,
                Err(next) => return next,
            }
        }
    }

    /// The attached node is gone: tries again at growing distance.
    async fn wait_for_return(&mut self, ipc: &Ipc, path: &std::path::Path) -> Result<Up, Next> {
        let since = now();
        let mut attempts = 0;
        let mut reason = "the node closed the connection".to_owned();
        let mut trying = true;
        loop {
            let wait = wait_before(attempts + 1);
            let due = now() + i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
            let next = trying.then_some(due);
            self.show(Connection::Lost {
                since,
                attempts,
                next,
                reason: reason.clone(),
            })
            .await;
            let control = tokio::select! {
                control = self.controls.recv() => Some(control.ok_or(Next::Finish)?),
                () = tokio::time::sleep(wait), if trying => None,
            };
            match control {
                None | Some(Control::TryNow | Control::Restart) => {}
                Some(Control::StartOwn) => return Err(Next::Spawn),
                Some(Control::StopTrying | Control::Stop) => {
                    trying = false;
                    continue;
                }
                Some(Control::RestartWallet) => continue,
                Some(Control::Quit { .. }) => {
                    self.quitting = true;
                    return Err(Next::Finish);
                }
            }
            attempts += 1;
            match self.connect(ipc, path).await {
                Ok(up) => return Ok(up),
                Err(IpcError::Fault(fault)) if fault.code == ipc_schema::FaultCode::Mismatch => {
                    return Err(self.refused(&IpcError::Fault(fault), Some(path)).await);
                }
                Err(error) => reason = words(&error),
            }
        }
    }

    async fn leave_attached(&mut self, up: Up, control: Control) -> Next {
        match control {
            Control::Quit { leave_running } => {
                self.quitting = true;
                if !leave_running {
                    self.stop_in_order(&up).await;
                }
                up.connection.close();
                Next::Finish
            }
            Control::Stop => {
                self.stop_in_order(&up).await;
                self.ended().await
            }
            Control::Restart => {
                self.stop_in_order(&up).await;
                Next::Spawn
            }
            Control::StartOwn => Next::Spawn,
            _ => Next::Attach,
        }
    }

    async fn connect(&self, ipc: &Ipc, path: &std::path::Path) -> Result<Up, IpcError> {
        let connection = ipc.connect(path).await?;
        self.greet(connection, None).await
    }

    async fn greet(
        &self,
        connection: ipc_schema::Connection,
        child: Option<ChildProcess>,
    ) -> Result<Up, IpcError> {
        let identity = self.start.plan.identity.clone();
        let hello = connection.hello(Hello {
            identity,
            role: Role::Full,
        });
        let session = tokio::time::timeout(GREETING, hello)
            .await
            .map_err(|_| IpcError::Timeout("the node".to_owned()))??;
        let node = connection.node().await?;
        let events = node.subscribe(NodeTopics::ALL).await?;
        Ok(Up {
            connection,
            child,
            node,
            session,
            events,
            since: Instant::now(),
        })
    }

    /// Says why a node cannot be used, and waits for a decision.
    async fn refused(&mut self, error: &IpcError, path: Option<&std::path::Path>) -> Next {
        let reason = match (error, path) {
            (IpcError::Connect { reason, .. }, Some(path)) => {
                format!("The socket {} cannot be used: {reason}.", path.display())
            }
            _ => words(error),
        };
        self.show(Connection::Refused { reason }).await;
        loop {
            match self.controls.recv().await {
                None => return Next::Finish,
                Some(Control::StartOwn) => return Next::Spawn,
                Some(Control::TryNow | Control::Restart) => return Next::Attach,
                Some(Control::Quit { .. }) => {
                    self.quitting = true;
                    return Next::Finish;
                }
                Some(Control::Stop | Control::StopTrying | Control::RestartWallet) => {}
            }
        }
    }

    /// Starts an own node and stays with it.
    async fn spawn(&mut self, ipc: &Ipc) -> Next {
        self.show(Connection::Connecting {
            origin: Origin::Spawned,
        })
        .await;
        let started = Instant::now();
        let (connection, child) = match ipc.spawn(&self.start.plan.program).await {
            Ok(pair) => pair,
            Err(error) => return self.stopped(at_start(words(&error), String::new())).await,
        };
        let up = match self.configure(connection, child.clone()).await {
            Ok(up) => up,
            Err(exit) => {
                let mut exit = *exit;
                if exit.status.is_empty() {
                    // It went without a word: the log knows why.
                    let ended = child.end().await;
                    let (cause, status, _) = exit_words(ended.code(), ended.signal());
                    (exit.cause, exit.status) = (cause, status);
                    (exit.log, exit.log_file) = self.log_tail().await;
                }
                return self.stopped(exit).await;
            }
        };
        self.with_spawned(ipc, up, child, started).await
    }

    async fn with_spawned(
        &mut self,
        ipc: &Ipc,
        mut up: Up,
        child: ChildProcess,
        started: Instant,
    ) -> Next {
        match self.serve(ipc, &mut up, Origin::Spawned).await {
            End::Window => Next::Finish,
            End::Gone => {
                let exit = self.crash_report(&child, started).await;
                self.stopped(exit).await
            }
            End::Asked(control) => match control {
                Control::Quit {
                    leave_running: true,
                } => {
                    self.quitting = true;
                    match up.node.detach().await {
                        Ok(_) => Next::Finish,
                        Err(error) => {
                            tracing::warn!(target: "ipc", "detach failed: {error}");
                            self.stop_in_order(&up).await;
                            Next::Finish
                        }
                    }
                }
                Control::Quit {
                    leave_running: false,
                } => {
                    self.quitting = true;
                    self.stop_in_order(&up).await;
                    Next::Finish
                }
                Control::Restart => {
                    self.stop_in_order(&up).await;
                    self.exits.forgive();
                    Next::Spawn
                }
                _ => {
                    self.stop_in_order(&up).await;
                    self.ended().await
                }
            },
        }
    }

    async fn configure(
        &self,
        connection: ipc_schema::Connection,
        child: ChildProcess,
    ) -> Result<Up, Box<Exit>> {
        let fail = |error: &IpcError| Box::new(at_start(words(error), String::new()));
        let identity = self.start.plan.identity.clone();
        if let Err(error) = connection
            .hello(Hello {
                identity,
                role: Role::Full,
            })
            .await
        {
            return Err(fail(&error));
        }
        let options = self.start.plan.options.clone();
        match connection.start_node(options).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let status = format!("exit status {}", error.exit_code);
                return Err(Box::new(at_start(error.text, status)));
            }
            Err(error) => return Err(fail(&error)),
        }
        // The second greeting tells coin and network, which the node knows only now.
        self.greet(connection, Some(child))
            .await
            .map_err(|error| fail(&error))
    }

    /// Forwards events until the connection ends or something is asked that ends it.
    async fn serve(&mut self, ipc: &Ipc, up: &mut Up, origin: Origin) -> End {
        self.show(Connection::Up { origin }).await;
        let session = Box::new(up.session.clone());
        self.emit(Event::Node(up.node.clone(), session)).await;
        let mut wallet = WalletSide::default();
        loop {
            let connection = up.connection.clone();
            tokio::select! {
                event = up.events.recv() => match event {
                    None => return self.gone(&mut wallet).await,
                    Some(event) => {
                        if let NodeEvent::Status(status) = &event {
                            wallet.wanted = status.wallet.link == WalletLink::Running;
                        }
                        self.emit(Event::Told(event)).await;
                        if self.out.is_closed() {
                            return End::Window;
                        }
                    }
                },
                _ = connection.closed() => return self.gone(&mut wallet).await,
                control = self.controls.recv() => match control {
                    None => return End::Window,
                    Some(Control::RestartWallet) => {
                        if let Err(error) = up.node.restart_wallet().await {
                            tracing::warn!(target: "ipc", "the wallet is not restarted: {error}");
                        }
                    }
                    Some(Control::TryNow | Control::StopTrying) => {}
                    Some(control) => return End::Asked(control),
                },
                step = wallet.step() => match step {
                    WalletStep::Tasks(tasks) => self.emit(Event::WalletTasks(tasks)).await,
                    WalletStep::Lost => {
                        wallet.drop_connection();
                        self.emit(Event::WalletGone).await;
                    }
                    WalletStep::Due => self.connect_wallet(ipc, up, &mut wallet).await,
                },
            }
        }
    }

    async fn gone(&mut self, wallet: &mut WalletSide) -> End {
        if wallet.tasks.is_some() {
            self.emit(Event::WalletGone).await;
        }
        End::Gone
    }

    async fn connect_wallet(&mut self, ipc: &Ipc, up: &Up, side: &mut WalletSide) {
        side.tried = Some(Instant::now());
        match reach_wallet(ipc, up, &self.start).await {
            Ok((connection, client, tasks)) => {
                side.connection = connection;
                side.tasks = Some(tasks);
                self.emit(Event::Wallet(client)).await;
            }
            Err(error) => tracing::debug!(target: "ipc", "the wallet is not reached: {error}"),
        }
    }

    /// Asks the node to stop and waits until it has.
    async fn stop_in_order(&mut self, up: &Up) {
        self.show(Connection::Stopping).await;
        if up.node.stop().await.is_err() {
            up.connection.close();
        }
        match &up.child {
            Some(child) => drop(child.exited().await),
            None => drop(up.connection.closed().await),
        }
        tracing::debug!(target: "ipc", "the node ran for {} s", up.since.elapsed().as_secs());
    }

    /// The node has stopped because it was asked to.
    async fn ended(&mut self) -> Next {
        self.show(Connection::Ended).await;
        self.wait_for_start(None).await
    }

    /// Shows how the node ended and waits for a decision, or for the time of the next start.
    async fn stopped(&mut self, exit: Exit) -> Next {
        let restart_at = exit.restart_at;
        self.show(Connection::Stopped(exit)).await;
        self.wait_for_start(restart_at).await
    }

    async fn wait_for_start(&mut self, restart_at: Option<i64>) -> Next {
        let seconds = restart_at.map(|at| u64::try_from(at - now()).unwrap_or(0));
        let timer = tokio::time::sleep(Duration::from_secs(seconds.unwrap_or(0)));
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = &mut timer, if seconds.is_some() => return Next::Spawn,
                control = self.controls.recv() => match control {
                    None => return Next::Finish,
                    Some(Control::Quit { .. }) => {
                        self.quitting = true;
                        return Next::Finish;
                    }
                    Some(Control::Restart | Control::StartOwn | Control::TryNow) => {
                        self.exits.forgive();
                        return Next::Attach;
                    }
                    Some(Control::StopTrying | Control::Stop) if seconds.is_some() => {
                        return Box::pin(self.wait_for_start(None)).await;
                    }
                    Some(_) => {}
                },
            }
        }
    }

    /// The last lines of the node's log, and where it is.
    async fn log_tail(&self) -> (Vec<String>, String) {
        let path = self.start.plan.network_dir.join("debug.log");
        let shown = path.display().to_string();
        let lines = tokio::task::spawn_blocking(move || last_lines(&path)).await;
        (lines.unwrap_or_default(), shown)
    }

    async fn crash_report(&mut self, child: &ChildProcess, started: Instant) -> Exit {
        let ended = child.end().await;
        let again = self.exits.note(started.elapsed());
        let (cause, status, killed) = exit_words(ended.code(), ended.signal());
        let (log, log_file) = self.log_tail().await;
        Exit {
            at: now(),
            cause,
            status,
            log,
            log_file,
            gave_up: !again,
            killed,
            restart_at: again.then(|| now() + PAUSE),
            at_start: false,
        }
    }
}

/// The node's own words about a start that failed.
fn at_start(cause: String, status: String) -> Exit {
    Exit {
        at: now(),
        cause,
        status,
        at_start: true,
        ..Exit::default()
    }
}

/// The last lines of a log, without reading all of it.
fn last_lines(path: &std::path::Path) -> Vec<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    const TAIL: u64 = 16 << 10;
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    lines[from..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

/// The connection to the wallet process, beside that to the node.
#[derive(Default)]
struct WalletSide {
    /// The node says that the wallet process serves.
    wanted: bool,
    connection: Option<ipc_schema::Connection>,
    tasks: Option<mpsc::Receiver<Vec<Task>>>,
    tried: Option<Instant>,
}

impl WalletSide {
    fn drop_connection(&mut self) {
        self.tasks = None;
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }

    /// Waits for the next thing that concerns the wallet process.
    async fn step(&mut self) -> WalletStep {
        match &mut self.tasks {
            Some(tasks) => tasks
                .recv()
                .await
                .map_or(WalletStep::Lost, WalletStep::Tasks),
            None if self.wanted => {
                if let Some(tried) = self.tried {
                    tokio::time::sleep_until((tried + WALLET_PAUSE).into()).await;
                }
                WalletStep::Due
            }
            None => std::future::pending().await,
        }
    }
}

/// What happened on the side of the wallet process.
enum WalletStep {
    Tasks(Vec<Task>),
    /// Its connection has ended.
    Lost,
    /// Another attempt to connect is due.
    Due,
}

type WalletReached = (
    Option<ipc_schema::Connection>,
    ipc_schema::WalletClient,
    mpsc::Receiver<Vec<Task>>,
);

async fn reach_wallet(ipc: &Ipc, up: &Up, start: &Start) -> Result<WalletReached, IpcError> {
    let way = up.node.introduce_wallet().await?;
    let (connection, client) = if way.path.is_empty() {
        (None, up.connection.wallets(way.token).await?)
    } else {
        let (connection, client) = ipc.connect_wallet(way, start.plan.identity.clone()).await?;
        (Some(connection), client)
    };
    let tasks = client.tasks().await?;
    Ok((connection, client, tasks))
}
