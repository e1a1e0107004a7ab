//! Living on without the window that started the node.

use std::sync::{Arc, Mutex, PoisonError};

use ipc_schema::{Fault, Ipc, Listener, Services, parse_bind, process};
use tokio_util::sync::CancellationToken;

use crate::context::Node;

/// Opens the default socket and lets go of the parent.
#[derive(Debug)]
pub(crate) struct Detach {
    node: Arc<Node>,
    ipc: Ipc,
    services: Services,
    /// Cancelled once the parent's end no longer ends this process.
    detached: CancellationToken,
    listener: Mutex<Option<Listener>>,
}

impl Detach {
    pub(crate) fn new(node: Arc<Node>, ipc: Ipc, services: Services) -> Self {
        let (detached, listener) = (CancellationToken::new(), Mutex::new(None));
        Self {
            node,
            ipc,
            services,
            detached,
            listener,
        }
    }

    /// Whether the parent's end no longer matters.
    pub(crate) fn is_detached(&self) -> bool {
        self.detached.is_cancelled()
    }

    /// Opens the socket; answers with its path.
    pub(crate) async fn run(&self) -> Result<String, Fault> {
        let network_dir = self.node.config().network_dir();
        let default = network_dir.join("node.sock");
        let there = {
            let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
            listener.as_ref().map(|listener| listener.path().to_owned())
        };
        let bound_at_start = self.node.config().get_list("ipcbind");
        let path = match there {
            Some(path) => path,
            // -ipcbind=unix listens there already.
            None if bound_at_start
                .iter()
                .any(|a| matches!(a.as_str(), "unix" | "unix:")) =>
            {
                default
            }
            None => {
                let failed = |text: String| Fault::failed(text);
                let address = parse_bind("unix", &network_dir, "node")
                    .map_err(|error| failed(error.to_string()))?;
                let listener = self.ipc.listen(&address, &self.services).await;
                let listener = listener.map_err(|error| failed(error.to_string()))?;
                let path = listener.path().to_owned();
                *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener);
                path
            }
        };
        process::die_with_parent(false);
        self.detached.cancel();
        tracing::info!("Going on without the program that started this one");
        Ok(path.display().to_string())
    }

    /// Closes the socket.
    pub(crate) fn close(&self) {
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(listener) = listener {
            listener.close();
        }
    }
}
