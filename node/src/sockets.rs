//! The node's sockets in the file system: opened at the start or by a detach, made anew where their files have gone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::stop::StopHandle;
use ipc_schema::{BindAddress, Ipc, IpcError, Listener, Role, Services};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Mutex;

/// A socket and how it was asked for.
#[derive(Debug)]
struct Door {
    address: BindAddress,
    listener: Listener,
}

/// The sockets that are listened on.
#[derive(Debug)]
pub(crate) struct Sockets {
    ipc: Ipc,
    services: Services,
    /// `None` once the node stops.
    doors: Mutex<Option<Vec<Door>>>,
}

impl Sockets {
    /// None yet; all of them will serve `services`.
    pub(crate) fn new(ipc: Ipc, services: Services) -> Self {
        Self {
            ipc,
            services,
            doors: Mutex::new(Some(Vec::new())),
        }
    }

    /// Listens at one more address, unless all rights are given there already; answers with its path.
    ///
    /// # Errors
    /// The whole start-up error.
    pub(crate) async fn open(&self, address: BindAddress) -> Result<PathBuf, IpcError> {
        let path = address.path.clone();
        let mut doors = self.doors.lock().await;
        let doors = doors.as_mut().ok_or(IpcError::Disconnected)?;
        let serves = |door: &Door| door.address.path == path && door.address.role == Role::Full;
        let there = doors.iter().position(serves);
        if let Some(place) = there {
            if doors[place].listener.is_reachable() {
                return Ok(path);
            }
            doors.remove(place);
        }
        let listener = self.ipc.listen(&address, &self.services).await?;
        doors.push(Door { address, listener });
        Ok(path)
    }

    /// Makes those sockets anew whose files somebody removed. Who is connected stays connected.
    async fn renew(&self) {
        let mut doors = self.doors.lock().await;
        for door in doors.iter_mut().flatten() {
            if door.listener.is_reachable() {
                continue;
            }
            let shown = door.address.canonical();
            match self.ipc.listen(&door.address, &self.services).await {
                Ok(listener) => {
                    tracing::warn!("The socket {shown} was gone and is made anew");
                    door.listener = listener;
                }
                Err(error) => tracing::warn!("The socket {shown} is gone: {error}"),
            }
        }
    }

    /// Looks after the files at every SIGHUP, until the node stops.
    ///
    /// # Errors
    /// The system's, where it does not tell of the signal.
    pub(crate) fn renew_at_hangup(self: &Arc<Self>, stop: &StopHandle) -> std::io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let (sockets, stop) = (Arc::clone(self), stop.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(()) = hangup.recv() => sockets.renew().await,
                    () = stop.stopped() => return,
                }
            }
        });
        Ok(())
    }

    /// Closes all of them for good.
    pub(crate) async fn close(&self) {
        for door in self.doors.lock().await.take().unwrap_or_default() {
            door.listener.close();
        }
    }
}

/// Where the socket of a node is looked for.
pub(crate) fn default_socket(network_dir: &Path) -> Result<BindAddress, String> {
    ipc_schema::parse_bind("unix", network_dir, "node")
}
