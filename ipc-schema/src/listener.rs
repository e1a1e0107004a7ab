//! Sockets in the file system: who may sit where, and who may come in.

mod path;

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};

use crate::address::BindAddress;
use crate::ipc::{Hub, Ipc, Serving};
use crate::log::{debug_line, info_line, warn_line};
use crate::network::Link;
use crate::process::system_text;
use crate::server::Runner;
use crate::service::Services;
use crate::session::Origin;
use crate::types::{IpcError, Limits};

pub(crate) use path::connect;

/// Pause after the system had no descriptor to give.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);
/// At most one line about refused clients in this time.
const LOG_PAUSE: Duration = Duration::from_secs(1);

/// A socket that is listened on until this handle is dropped or closed.
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    /// The file that was made, by device and number.
    file: (u64, u64),
    connections: watch::Receiver<usize>,
    _stop: mpsc::Sender<()>,
}

impl Listener {
    pub(crate) async fn bind(
        ipc: &Ipc,
        address: BindAddress,
        services: Services,
        origin: Origin,
    ) -> Result<Self, IpcError> {
        let (listener, file) = path::bind(&address).map_err(|reason| {
            IpcError::Address(crate::address::bind_error(&address.canonical(), &reason))
        })?;
        let (stop, stopped) = mpsc::channel(1);
        let (count, connections) = watch::channel(0);
        let path = address.path.clone();
        let (runner, limits) = (ipc.runner(), ipc.limits());
        ipc.run(move |hub| async move {
            let listener =
                local_listener(listener).map_err(|error| IpcError::Address(system_text(&error)))?;
            let door = Door {
                allowed_uid: rustix::process::getuid().as_raw(),
                address,
                services,
                runner,
                limits,
                origin,
                hub,
                count,
                refused: RefCell::default(),
                spare: Cell::new(spare()),
            };
            tokio::task::spawn_local(Rc::new(door).accept_loop(listener, stopped));
            Ok(())
        })
        .await?;
        tracing::info!(
            "Listening for IPC requests on address unix:{}",
            path.display()
        );
        Ok(Self {
            path,
            file,
            connections,
            _stop: stop,
        })
    }

    /// The socket's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many clients are connected.
    pub fn connections(&self) -> usize {
        *self.connections.borrow()
    }

    /// How many clients are connected, as it changes.
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.connections.clone()
    }

    /// Whether the socket's file is still the one that was made.
    pub fn is_reachable(&self) -> bool {
        path::file_number(&self.path).is_ok_and(|file| file == self.file)
    }

    /// Stops listening and removes the socket's file, if it is still ours.
    pub fn close(self) {
        if self.is_reachable() {
            // A stale file is normal; the next start replaces it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn local_listener(listener: StdListener) -> io::Result<UnixListener> {
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

/// Tells a client why it is turned away.
fn say_why(stream: UnixStream, reason: &str) {
    let bytes = crate::network::abort(reason);
    // A client that is gone already does not want to know.
    if let Ok(mut stream) = stream.into_std() {
        let _ = io::Write::write(&mut stream, &bytes);
    }
}

/// A descriptor that is given up to turn a client away when there is no other.
fn spare() -> Option<OwnedFd> {
    std::fs::File::open("/dev/null").ok().map(OwnedFd::from)
}

/// What is decided for everybody who knocks.
struct Door {
    address: BindAddress,
    allowed_uid: u32,
    services: Services,
    runner: Runner,
    limits: Limits,
    origin: Origin,
    hub: Rc<Hub>,
    count: watch::Sender<usize>,
    refused: RefCell<Refused>,
    spare: Cell<Option<OwnedFd>>,
}

/// Counts refusals, so that a flood makes few lines.
#[derive(Default)]
struct Refused {
    last_line: Option<Instant>,
    unsaid: u64,
}

impl Door {
    async fn accept_loop(self: Rc<Self>, listener: UnixListener, mut stopped: mpsc::Receiver<()>) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                // Nobody sends: it ends with the handle.
                _ = stopped.recv() => return,
            };
            match accepted {
                Ok((stream, _)) => self.admit(stream),
                Err(error) => self.turn_away(&listener, &error).await,
            }
        }
    }

    /// Out of descriptors: closes one client with the spare one, then waits a little.
    async fn turn_away(&self, listener: &UnixListener, error: &io::Error) {
        self.refuse(&format!("accept failed: {}", system_text(error)));
        if let Some(descriptor) = self.spare.take() {
            drop(descriptor);
            let waiting = tokio::time::timeout(EXHAUSTED_PAUSE, listener.accept()).await;
            drop(waiting);
            self.spare.set(spare());
        }
        tokio::time::sleep(EXHAUSTED_PAUSE).await;
    }

    fn admit(self: &Rc<Self>, stream: UnixStream) {
        let peer = match stream.peer_cred() {
            Ok(peer) => peer,
            Err(error) => return self.refuse(&format!("no peer credentials: {error}")),
        };
        let known = peer.uid() == self.allowed_uid || peer.uid() == 0;
        if !known && self.address.group.is_none() {
            return self.refuse(&format!("user {} is not admitted", peer.uid()));
        }
        let max = usize::try_from(self.address.max).unwrap_or(usize::MAX);
        if *self.count.borrow() >= max {
            self.refuse(&format!("{max} clients are connected already"));
            return say_why(
                stream,
                &format!(
                    "{max} clients are connected already, and this socket takes no more. Close one of them, or give \
                     -ipcbind a larger max=."
                ),
            );
        }
        debug_line!(
            "client uid {} pid {}",
            peer.uid(),
            peer.pid().unwrap_or_default()
        );
        let (reader, writer) = match stream.into_std().and_then(crate::network::split) {
            Ok(halves) => halves,
            Err(error) => return self.refuse(&format!("cannot watch it: {error}")),
        };
        self.count.send_modify(|count| *count += 1);
        let serving = Serving {
            services: self.services.clone(),
            runner: self.runner.clone(),
            role: self.address.role.clone(),
            origin: self.origin,
            link: Link::guarded(Limits {
                stall_seconds: self.address.stall.unwrap_or(self.limits.stall_seconds),
                ..self.limits
            }),
        };
        let closed = self.hub.serve(reader, writer, serving);
        let door = Rc::clone(self);
        tokio::task::spawn_local(async move {
            crate::client::wait_closed(closed).await;
            door.count.send_modify(|count| *count -= 1);
        });
    }

    fn refuse(&self, reason: &str) {
        let mut refused = self.refused.borrow_mut();
        if refused
            .last_line
            .is_some_and(|last| last.elapsed() < LOG_PAUSE)
        {
            refused.unsaid += 1;
            return;
        }
        refused.last_line = Some(Instant::now());
        match std::mem::take(&mut refused.unsaid) {
            0 => warn_line!("IPC server: client refused: {reason}"),
            more => warn_line!("IPC server: client refused: {reason} (and {more} before)"),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        info_line!(
            "IPC server: no longer listening on {}",
            self.address.canonical()
        );
    }
}

/// A connected stream, for callers that speak by themselves.
pub(crate) type Stream = StdStream;
