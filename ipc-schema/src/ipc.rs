//! The IPC thread: one per process, with every connection on it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use capnp_rpc::RpcSystem;
use capnp_rpc::rpc_twoparty_capnp::Side;
use futures::future::LocalBoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::address::BindAddress;
use crate::client::{Connection, WalletClient};
use crate::generated::bitq_capnp::bitq;
use crate::listener::Listener;
use crate::log::info_line;
use crate::network::{Link, Network, split};
use crate::process::{self, ChildProcess};
use crate::server::{Bootstrap, Runner};
use crate::service::Services;
use crate::session::{Origin, Session};
use crate::types::{Hello, Identity, IpcError, Limits, Role, WalletIntroduction};

/// Requests to the IPC thread that wait.
const QUEUE: usize = 256;
/// Bytes in the pipe between two parts of one process.
const PIPE: usize = 256 << 10;
/// How long calls may take to be answered once the program stops.
const ANSWER_TIME: Duration = Duration::from_secs(1);
/// How often it is looked whether they were.
const IDLE_LOOK: Duration = Duration::from_millis(2);
/// How long connections may take to end.
const STOP_TIME: Duration = Duration::from_secs(2);

/// What the IPC thread needs to know.
#[derive(Clone, Debug)]
pub struct IpcConfig {
    /// The program's name, for logs.
    pub program: String,
    /// Where the services' futures run.
    pub runtime: tokio::runtime::Handle,
    /// What a connection of a listener may use.
    pub limits: Limits,
}

type Job = Box<dyn FnOnce(Rc<Hub>) -> LocalBoxFuture<'static, ()> + Send>;

/// The handle on the IPC thread, which ends with its last handle.
#[derive(Clone, Debug)]
pub struct Ipc {
    jobs: mpsc::Sender<Job>,
    runner: Runner,
    limits: Limits,
}

/// A connection that has not ended.
struct Open {
    /// Ends it.
    close: Arc<Notify>,
    link: Rc<Link>,
}

/// What all connections of the thread share.
#[derive(Default)]
pub(crate) struct Hub {
    connections: RefCell<HashMap<u64, Open>>,
    next: std::cell::Cell<u64>,
    ended: Notify,
}

/// The serving end of a connection with a parent, or with another part of this process.
#[derive(Clone, Debug)]
pub struct Served {
    closed: watch::Receiver<Option<String>>,
}

impl Served {
    /// Waits until the other side is gone; gives the reason.
    pub async fn closed(&self) -> String {
        crate::client::wait_closed(self.closed.clone()).await
    }
}

impl Ipc {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub fn start(config: IpcConfig) -> io::Result<Self> {
        crate::log::set_program(&config.program);
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("ipc".to_owned())
            .spawn(move || {
                let hub = Rc::new(Hub::default());
                tokio::task::LocalSet::new().block_on(&runtime, async move {
                    while let Some(job) = queue.recv().await {
                        tokio::task::spawn_local(job(Rc::clone(&hub)));
                    }
                });
            })?;
        Ok(Self {
            jobs,
            runner: Runner::new(config.runtime),
            limits: config.limits,
        })
    }

    /// Runs `work` on the IPC thread.
    pub(crate) async fn run<T, F, Fut>(&self, work: F) -> Result<T, IpcError>
    where
        T: Send + 'static,
        F: FnOnce(Rc<Hub>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, IpcError>> + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |hub| {
            let work = work(hub);
            Box::pin(async move {
                // Nobody waits where this fails.
                drop(answer.send(work.await));
            })
        });
        self.jobs
            .send(job)
            .await
            .map_err(|_| IpcError::Disconnected)?;
        answered.await.map_err(|_| IpcError::Disconnected)?
    }

    pub(crate) const fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn runner(&self) -> Runner {
        self.runner.clone()
    }

    /// Listens at `address` and serves `services` there.
    ///
    /// # Errors
    /// [`IpcError::Address`] with the whole start-up error.
    pub async fn listen(
        &self,
        address: &BindAddress,
        services: &Services,
    ) -> Result<Listener, IpcError> {
        Listener::bind(self, address.clone(), services.clone(), Origin::Listener).await
    }

    /// Listens on the wallet's own socket: owner only, and every client needs a token of
    /// [`Services::issue_token`].
    ///
    /// # Errors
    /// [`IpcError::Address`] with the whole start-up error.
    pub async fn listen_wallet(
        &self,
        path: &Path,
        services: &Services,
    ) -> Result<Listener, IpcError> {
        let mut address = BindAddress::owner_only(path.to_owned());
        address.mode = 0o600;
        Listener::bind(self, address, services.clone(), Origin::WalletSocket).await
    }

    /// Connects to a socket. It must belong to this user or root, in a folder that others cannot
    /// change.
    ///
    /// # Errors
    /// [`IpcError::Connect`], which says whether nobody is there.
    pub async fn connect(&self, path: &Path) -> Result<Connection, IpcError> {
        let stream = crate::listener::connect(path)?;
        self.adopt(stream).await
    }

    /// Connects to a wallet process the way the node showed, greets and shows the token.
    ///
    /// # Errors
    /// As [`Ipc::connect`], [`Connection::hello`] and [`Connection::wallets`].
    pub async fn connect_wallet(
        &self,
        way: WalletIntroduction,
        identity: Identity,
    ) -> Result<(Connection, WalletClient), IpcError> {
        let connection = self.connect(Path::new(&way.path)).await?;
        connection
            .hello(Hello {
                identity,
                role: Role::Full,
            })
            .await?;
        let wallets = connection.wallets(way.token).await?;
        Ok((connection, wallets))
    }

    /// Speaks as client over a connected socket.
    ///
    /// # Errors
    /// The system's, as [`IpcError::Connect`].
    pub async fn adopt(&self, stream: StdStream) -> Result<Connection, IpcError> {
        let runner = self.runner.clone();
        let limits = self.limits;
        self.run(move |hub| async move {
            let (reader, writer) = split(stream).map_err(|error| connect_error(&error))?;
            Ok(hub.open(reader, writer, limits, runner))
        })
        .await
    }

    /// Serves a parent over the descriptor that it gave with `-ipcfd`.
    ///
    /// # Errors
    /// Where the descriptor is no socket.
    pub async fn serve_parent(
        &self,
        socket: OwnedFd,
        services: &Services,
    ) -> Result<Served, IpcError> {
        let (runner, services, limits) = (self.runner.clone(), services.clone(), self.limits);
        self.run(move |hub| async move {
            let socket = split(StdStream::from(socket));
            let (reader, writer) = socket.map_err(|error| connect_error(&error))?;
            let link = Link::trusted(limits);
            let serving = Serving {
                services,
                runner,
                role: Role::Full,
                origin: Origin::Parent,
                link,
            };
            Ok(Served {
                closed: hub.serve(reader, writer, serving),
            })
        })
        .await
    }

    /// Connects two parts of this process: `services` are served over a pipe in memory.
    ///
    /// # Errors
    /// [`IpcError::Disconnected`] where the thread is gone.
    pub async fn pair(&self, services: &Services) -> Result<Connection, IpcError> {
        let (runner, services, limits) = (self.runner.clone(), services.clone(), self.limits);
        self.run(move |hub| async move {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            let (reader, writer) = tokio::io::split(theirs);
            let serving = Serving {
                services,
                runner: runner.clone(),
                role: Role::Full,
                origin: Origin::Parent,
                link: Link::trusted(limits),
            };
            hub.serve(reader, writer, serving);
            let (reader, writer) = tokio::io::split(ours);
            Ok(hub.open(reader, writer, limits, runner))
        })
        .await
    }

    /// Spawns `program -ipcfd <n>` and connects to it.
    ///
    /// # Errors
    /// [`IpcError::Spawn`] with the system's words.
    pub async fn spawn(&self, program: &Path) -> Result<(Connection, ChildProcess), IpcError> {
        let (stream, child) = process::spawn(program)?;
        let connection = self.adopt(stream).await?;
        Ok((connection, child))
    }

    /// Ends every connection, after calls at work are answered (the one that asked for the stop among them) and what
    /// was sent is written, and waits for that a little.
    pub async fn stop(&self) {
        let done = self.run(|hub| async move {
            // A call that does not end by itself loses its answer.
            let _ = tokio::time::timeout(ANSWER_TIME, hub.idle()).await;
            hub.close_all();
            let empty = async {
                while !hub.connections.borrow().is_empty() {
                    hub.ended.notified().await;
                }
            };
            // Whoever does not read its last words in time loses them.
            let _ = tokio::time::timeout(STOP_TIME, empty).await;
            Ok(())
        });
        // Fails only where the thread has stopped already.
        let _ = done.await;
    }
}

fn connect_error(error: &io::Error) -> IpcError {
    IpcError::Connect {
        reason: process::system_text(error),
        absent: false,
    }
}

/// How a connection is served.
pub(crate) struct Serving {
    pub(crate) services: Services,
    pub(crate) runner: Runner,
    pub(crate) role: Role,
    pub(crate) origin: Origin,
    pub(crate) link: Rc<Link>,
}

impl Hub {
    /// The client side of a stream.
    fn open<R, W>(
        self: &Rc<Self>,
        reader: R,
        writer: W,
        limits: Limits,
        runner: Runner,
    ) -> Connection
    where
        R: AsyncRead + Unpin + 'static,
        W: AsyncWrite + Unpin + 'static,
    {
        let link = Link::trusted(limits);
        let network = Network::new(reader, writer, Side::Client, &link);
        let mut system = RpcSystem::new(Box::new(network), None);
        let client: bitq::Client = system.bootstrap(Side::Server);
        let (tell, closed) = watch::channel(None);
        let most = link.outgoing();
        let close = self.drive(system, link, tell, None);
        Connection::new(client, closed, close, most, runner)
    }

    /// The serving side of a stream; gives the signal of its end.
    pub(crate) fn serve<R, W>(
        self: &Rc<Self>,
        reader: R,
        writer: W,
        serving: Serving,
    ) -> watch::Receiver<Option<String>>
    where
        R: AsyncRead + Unpin + 'static,
        W: AsyncWrite + Unpin + 'static,
    {
        let Serving {
            services,
            runner,
            role,
            origin,
            link,
        } = serving;
        let network = Network::new(reader, writer, Side::Server, &link);
        let (tell, closed) = watch::channel(None);
        let session = Session::new(
            services,
            runner,
            role,
            origin,
            Rc::clone(&link),
            closed.clone(),
        );
        let id = session.id.clone();
        info_line!("IPC server: socket connected.");
        let system = RpcSystem::new(Box::new(network), Some(Bootstrap::client(session)));
        self.drive(system, link, tell, Some(id));
        closed
    }

    /// Runs a connection to its end.
    fn drive(
        self: &Rc<Self>,
        system: RpcSystem<Side>,
        link: Rc<Link>,
        tell: watch::Sender<Option<String>>,
        served: Option<String>,
    ) -> Arc<Notify> {
        let key = self.next.get();
        self.next.set(key + 1);
        let close = Arc::new(Notify::new());
        self.connections.borrow_mut().insert(
            key,
            Open {
                close: Arc::clone(&close),
                link: Rc::clone(&link),
            },
        );
        let (hub, ending) = (Rc::clone(self), Arc::clone(&close));
        // In a task of its own, so that a panic ends this connection and nothing else.
        let running = tokio::task::spawn_local(async move {
            let disconnector = system.get_disconnector();
            let mut system = std::pin::pin!(system);
            tokio::select! {
                biased;
                result = &mut system => result.map_err(|error| error.extra),
                () = ending.notified() => {
                    let both = futures::future::join(disconnector, system);
                    let _ = tokio::time::timeout(STOP_TIME, both).await;
                    Ok(())
                }
            }
        });
        tokio::task::spawn_local(async move {
            let outcome = running.await;
            hub.connections.borrow_mut().remove(&key);
            hub.ended.notify_waiters();
            hub.ended.notify_one();
            let reason = match (link.broken(), outcome) {
                (Some(reason), _) => reason,
                (None, Ok(Ok(()))) => "the other side closed the connection".to_owned(),
                (None, Ok(Err(reason))) => reason,
                (None, Err(error)) => {
                    crate::log::warn_line!("IPC server unhandled exception: {error}");
                    "internal error".to_owned()
                }
            };
            if served.is_some() {
                info_line!("IPC server: socket disconnected.");
            }
            if link.broken().is_some() {
                info_line!("connection ended: {reason}");
            }
            // Nobody may be waiting for it.
            tell.send_replace(Some(reason));
        });
        close
    }

    fn close_all(&self) {
        for open in self.connections.borrow().values() {
            open.close.notify_one();
        }
    }

    /// Returns when no call is at work any more.
    async fn idle(&self) {
        while self
            .connections
            .borrow()
            .values()
            .any(|open| open.link.is_executing())
        {
            tokio::time::sleep(IDLE_LOOK).await;
        }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}
