//! The task that keeps the connection: attaches or spawns, forwards events, notices ends, tries again.

mod attach;
mod pulse;
mod spawn;
mod wallet;

use std::time::{Duration, Instant};

use iced::futures::SinkExt as _;
use iced::futures::channel::mpsc::Sender;
use ipc_schema::{
    ChildProcess, ConnectAddress, Hello, Identity, Ipc, IpcConfig, IpcError, Limits, NodeClient,
    NodeEvent, NodeTopics, Role, Session, WalletLink,
};
use primitives::{BlockHash, Coin, Network};
use tokio::sync::mpsc;

use self::pulse::Pulse;
use self::wallet::{WalletSide, WalletStep, reach_wallet};
use super::state::{Exits, Origin};
use super::{Connection, Control, Event, Repair, Start};

/// Events that wait for the window.
const QUEUE: usize = 64;
/// Controls that wait for this task.
const CONTROLS: usize = 16;
/// How long a node may take until it says hello.
const GREETING: Duration = Duration::from_secs(10);

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
            repair: None,
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
    /// How the next own node is started, if not as usual.
    repair: Option<Repair>,
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
                let other = None;
                self.show(Connection::Refused { reason, other }).await;
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

    async fn connect(&self, ipc: &Ipc, path: &std::path::Path) -> Result<Up, IpcError> {
        let connection = ipc.connect(path).await?;
        self.greet(connection, None).await
    }

    /// The chain of a node that refuses us for having another one.
    async fn chain_at(&self, ipc: &Ipc, path: &std::path::Path) -> Option<(Coin, Network)> {
        let open = Identity {
            coin: String::new(),
            network: String::new(),
            genesis: BlockHash::ZERO,
            ..self.start.plan.identity.clone()
        };
        let connection = ipc.connect(path).await.ok()?;
        let hello = connection.hello(Hello {
            identity: open,
            role: Role::Full,
        });
        let session = tokio::time::timeout(GREETING, hello).await.ok()?.ok()?;
        connection.close();
        let theirs = session.identity;
        let chain = (theirs.coin.parse().ok()?, theirs.network.parse().ok()?);
        let ours = self.start.plan.params;
        (chain != (ours.coin, ours.network)).then_some(chain)
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

    /// Forwards events until the connection ends or something is asked that ends it.
    async fn serve(&mut self, ipc: &Ipc, up: &mut Up, origin: Origin) -> End {
        self.show(Connection::Up { origin }).await;
        let session = Box::new(up.session.clone());
        self.emit(Event::Node(up.node.clone(), session)).await;
        let mut wallet = WalletSide::default();
        let mut pulse = Pulse::new(up.connection.clone());
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
                silent = pulse.beat() => self.emit(Event::Silent(silent)).await,
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
}
