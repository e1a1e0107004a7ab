//! The connection to the wallet process, beside that to the node.

use std::time::{Duration, Instant};

use ipc_schema::{Ipc, IpcError, Task};
use tokio::sync::mpsc;

use super::Up;
use crate::link::Start;

/// Pause between two attempts to reach the wallet process.
const WALLET_PAUSE: Duration = Duration::from_secs(1);

/// The connection to the wallet process, beside that to the node.
#[derive(Default)]
pub(super) struct WalletSide {
    /// The node says that the wallet process serves.
    pub(super) wanted: bool,
    pub(super) connection: Option<ipc_schema::Connection>,
    pub(super) tasks: Option<mpsc::Receiver<Vec<Task>>>,
    pub(super) tried: Option<Instant>,
}

impl WalletSide {
    pub(super) fn drop_connection(&mut self) {
        self.tasks = None;
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }

    /// Waits for the next thing that concerns the wallet process.
    pub(super) async fn step(&mut self) -> WalletStep {
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
pub(super) enum WalletStep {
    Tasks(Vec<Task>),
    /// Its connection has ended.
    Lost,
    /// Another attempt to connect is due.
    Due,
}

pub(super) type WalletReached = (
    Option<ipc_schema::Connection>,
    ipc_schema::WalletClient,
    mpsc::Receiver<Vec<Task>>,
);

pub(super) async fn reach_wallet(
    ipc: &Ipc,
    up: &Up,
    start: &Start,
) -> Result<WalletReached, IpcError> {
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
