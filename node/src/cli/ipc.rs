//! Calls through the node's Unix socket (`-ipcconnect`), which needs no password.

use std::path::Path;
use std::time::Duration;

use common::options::Config;
use ipc_schema::{
    ConnectAddress, Connection, Hello, Identity, Ipc, IpcConfig, IpcError, Limits, PROTOCOL, Role,
    RpcClient, parse_connect,
};

use super::error::CliError;
use super::names::Names;

/// The program that has the socket, whose name the socket's default path is made from.
const NODE: &str = "bitq-node";
/// How long a closed connection may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Sends a request through the socket; `None` where the options lead to HTTP, or `auto` finds nobody at the usual
/// place.
///
/// # Errors
/// Where a socket is demanded and not there, or the call fails behind it.
pub(crate) fn call(
    config: &Config,
    names: &Names,
    request: &str,
    path: &str,
) -> Result<Option<String>, CliError> {
    let unreachable = |reason: String| CliError::Socket {
        reason,
        chain: config.params().network.id(),
        names: Box::new(names.clone()),
    };
    let value = config.get_str("ipcconnect");
    let parsed = parse_connect(&value, &config.network_dir(), NODE);
    let by_http = config.is_set("rpcconnect") && !config.is_negated("rpcconnect");
    let (socket, demanded) = match parsed {
        Ok(ConnectAddress::Never) => return Ok(None),
        Ok(ConnectAddress::Auto(_)) if by_http => return Ok(None),
        _ if by_http => return Err(CliError::TwoWays),
        Ok(ConnectAddress::Auto(socket)) => (socket, false),
        Ok(ConnectAddress::Socket(socket)) => (socket, true),
        Err(reason) => return Err(unreachable(reason)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Ipc(error.to_string()))?;
    let params = config.params();
    let identity = Identity {
        protocol: PROTOCOL,
        program: env!("CARGO_BIN_NAME").to_owned(),
        build: common::VERSION.to_owned(),
        coin: params.coin.id().to_owned(),
        network: params.network.id().to_owned(),
        genesis: params.genesis.hash,
        pid: std::process::id(),
        ..Identity::default()
    };
    match runtime.block_on(execute(&socket, identity, request, path)) {
        Ok(reply) => Ok(Some(reply)),
        Err(IpcError::Connect { absent: true, .. }) if !demanded => Ok(None),
        Err(IpcError::Connect { reason, .. }) => Err(unreachable(reason)),
        Err(error) => Err(CliError::Ipc(error.to_string())),
    }
}

async fn execute(
    socket: &Path,
    identity: Identity,
    request: &str,
    path: &str,
) -> Result<String, IpcError> {
    let ipc = Ipc::start(IpcConfig {
        program: env!("CARGO_BIN_NAME").to_owned(),
        runtime: tokio::runtime::Handle::current(),
        limits: Limits::default(),
    })
    .map_err(|error| IpcError::Remote(error.to_string()))?;
    let connection = ipc.connect(socket).await?;
    let answer = async {
        let rpc = greeted(&connection, identity).await?;
        rpc.execute(request.to_owned(), path.to_owned()).await
    };
    match answer.await {
        Err(IpcError::Disconnected) => {
            let reason = tokio::time::timeout(LAST_WORDS, connection.closed()).await;
            let reason = reason.unwrap_or_else(|_| IpcError::Disconnected.to_string());
            let reason = reason.strip_prefix("remote exception: ").unwrap_or(&reason);
            let shown = socket.display();
            Err(IpcError::Remote(format!(
                "The program behind unix:{shown} ended the connection: {reason}"
            )))
        }
        answer => answer,
    }
}

/// Makes sure that the right chain is asked. A node of another make does not know the greeting, and is taken as it is.
async fn greeted(connection: &Connection, identity: Identity) -> Result<RpcClient, IpcError> {
    let hello = Hello {
        identity,
        role: Role::Full,
    };
    match connection.hello(hello).await {
        Ok(_) | Err(IpcError::Unimplemented(_)) => connection.rpc().await,
        Err(error) => Err(error),
    }
}
