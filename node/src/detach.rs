//! Living on without the window that started the node.

use std::sync::Arc;

use ipc_schema::{Fault, process};
use tokio_util::sync::CancellationToken;

use crate::context::Node;
use crate::sockets::{Sockets, default_socket};

/// Opens the default socket and lets go of the parent.
#[derive(Debug)]
pub(crate) struct Detach {
    node: Arc<Node>,
    sockets: Arc<Sockets>,
    /// Cancelled once the parent's end no longer ends this process.
    detached: CancellationToken,
}

impl Detach {
    pub(crate) fn new(node: Arc<Node>, sockets: Arc<Sockets>) -> Self {
        Self {
            node,
            sockets,
            detached: CancellationToken::new(),
        }
    }

    /// Whether the parent's end no longer matters.
    pub(crate) fn is_detached(&self) -> bool {
        self.detached.is_cancelled()
    }

    /// Opens the socket; answers with its path.
    pub(crate) async fn run(&self) -> Result<String, Fault> {
        let network_dir = self.node.config().network_dir();
        let address = default_socket(&network_dir).map_err(Fault::failed)?;
        let opened = self.sockets.open(address).await;
        let path = opened.map_err(|error| Fault::failed(error.to_string()))?;
        process::die_with_parent(false);
        self.node.stop.leave_parent();
        self.detached.cancel();
        tracing::info!("Going on without the program that started this one");
        Ok(path.display().to_string())
    }
}
