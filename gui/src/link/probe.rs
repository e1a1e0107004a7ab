//! Looks whether a node of a chain runs already, without disturbing it.

use std::time::Duration;

use ipc_schema::{Hello, Identity, Ipc, IpcConfig, Limits, NodeEvent, NodeTopics, PROTOCOL, Role};
use primitives::ChainParams;

/// A running node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its program.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Height of its tip.
    pub height: Option<u32>,
    /// When it was started.
    pub started: i64,
}

/// Longest look.
const PATIENCE: Duration = Duration::from_secs(3);

/// Looks at the default socket of the chain's default data directory.
pub async fn probe(params: &'static ChainParams) -> Option<Found> {
    tokio::time::timeout(PATIENCE, look(params))
        .await
        .ok()
        .flatten()
}

async fn look(params: &'static ChainParams) -> Option<Found> {
    let folder = common::datadir::default_base(params.coin)
        .ok()?
        .join(params.data_subdir);
    let address = ipc_schema::parse_connect("auto", &folder, "bitq-node").ok()?;
    let ipc_schema::ConnectAddress::Auto(path) = address else {
        return None;
    };
    if !path.exists() {
        return None;
    }
    let config = IpcConfig {
        program: "bitq-gui".to_owned(),
        runtime: tokio::runtime::Handle::current(),
        limits: Limits::default(),
    };
    let ipc = Ipc::start(config).ok()?;
    let connection = ipc.connect(&path).await.ok()?;
    let identity = Identity {
        protocol: PROTOCOL,
        program: "bitq-gui".to_owned(),
        build: common::VERSION.to_owned(),
        coin: params.coin.id().to_owned(),
        network: params.network.id().to_owned(),
        genesis: params.genesis.hash,
        pid: std::process::id(),
        ..Identity::default()
    };
    let session = connection
        .hello(Hello {
            identity,
            role: Role::Full,
        })
        .await
        .ok()?;
    let node = connection.node().await.ok()?;
    let topics = NodeTopics {
        status: true,
        ..NodeTopics::default()
    };
    let mut events = node.subscribe(topics).await.ok()?;
    let height = match events.recv().await {
        Some(NodeEvent::Status(status)) => status.tip.map(|tip| tip.height),
        _ => None,
    };
    connection.close();
    Some(Found {
        program: session.identity.program,
        version: session.identity.build,
        height,
        started: session.identity.started,
    })
}
