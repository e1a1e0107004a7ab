//! Calls through the node's Unix socket (`-ipcconnect`), which needs no password.

use std::path::Path;

use common::options::Config;
use ipc_schema::{ConnectAddress, Ipc, IpcConfig, IpcError, Limits, parse_connect};

use super::error::CliError;
use super::names::Names;

/// The program that has the socket, whose name the socket's default path is made from.
const NODE: &str = "bitq-node";
/// Largest reply, in bytes.
const MAX_REPLY: u64 = 512 << 20;

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
    match runtime.block_on(execute(&socket, request, path)) {
        Ok(reply) => Ok(Some(reply)),
        Err(IpcError::Connect { absent: true, .. }) if !demanded => Ok(None),
        Err(IpcError::Connect { reason, .. }) => Err(unreachable(reason)),
        Err(error) => Err(CliError::Ipc(error.to_string())),
    }
}

async fn execute(socket: &Path, request: &str, path: &str) -> Result<String, IpcError> {
    let ipc = Ipc::start(IpcConfig {
        program: env!("CARGO_BIN_NAME").to_owned(),
        runtime: tokio::runtime::Handle::current(),
        limits: Limits {
            message_bytes: MAX_REPLY,
            ..Limits::default()
        },
    })
    .map_err(|error| IpcError::Remote(error.to_string()))?;
    let connection = ipc.connect(socket).await?;
    let rpc = connection.rpc().await?;
    rpc.execute(request.to_owned(), path.to_owned()).await
}
