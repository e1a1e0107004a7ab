//! What can go wrong in the client, in the words that outside tools compare.

use std::path::PathBuf;

use rpc::client::ClientError;

use super::names::Names;

/// A failure that is not an answer of the server. The text stands after `error: `.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// No command.
    #[error("too few parameters (need at least command)")]
    NoCommand,
    /// Several options that take the place of a command.
    #[error("Only one of {0} may be specified.")]
    OnlyOne(String),
    /// `-getinfo` or `-addrinfo` with arguments.
    #[error("-{0} takes no arguments")]
    NoArguments(&'static str),
    /// The server does not have the command behind `-addrinfo`.
    #[error("-addrinfo needs a server with the command getaddrmaninfo. Please upgrade the node.")]
    NoAddrmanInfo,
    /// `-generate` with more than two arguments.
    #[error("too many arguments (maximum 2 for nblocks and maxtries)")]
    GenerateArguments,
    /// `-generate 0`.
    #[error(
        "the first argument (number of blocks to generate, default: 1) must be an integer value greater than zero"
    )]
    GenerateNothing,
    /// An unknown value of `-color`.
    #[error("Invalid value for -color option. Valid values: always, auto, never.")]
    Color,
    /// A first argument of `-netinfo` that is no level.
    #[error("invalid -netinfo level argument: {0}\nFor more information, run: {1} -netinfo help")]
    NetinfoLevel(String, String),
    /// A second argument of `-netinfo` that is unknown.
    #[error("invalid -netinfo outonly argument: {0}\nFor more information, run: {1} -netinfo help")]
    NetinfoOutonly(String, String),
    /// A second argument of `-netinfo` where there is no list.
    #[error(
        "invalid -netinfo outonly argument: {0}\nThe outonly argument is only valid for a level greater than 0 \
         (the first argument). For more information, run: {1} -netinfo help"
    )]
    NetinfoNoList(String, String),
    /// An argument that has to be JSON and is not.
    #[error("Error parsing JSON: {0}")]
    Json(String),
    /// Standard input ended before the RPC password.
    #[error("-stdinrpcpass specified but failed to read from standard input")]
    NoPassword,
    /// Standard input ended before the passphrase.
    #[error("-stdinwalletpassphrase specified but failed to read from standard input")]
    NoPassphrase,
    /// `-stdinwalletpassphrase` with another command.
    #[error("-stdinwalletpassphrase is only applicable for walletpassphrase(change)")]
    NoPassphraseCommand,
    /// Standard input cannot be read.
    #[error("Cannot read standard input: {0}")]
    Input(#[source] std::io::Error),
    /// `-rpcconnect` with a port that is none.
    #[error("Invalid port provided in -rpcconnect: {0}")]
    ConnectPort(String),
    /// `-rpcport` that is no port.
    #[error("Invalid port provided in -rpcport: {0}")]
    Port(String),
    /// Both ways to reach the server are demanded.
    #[error("-rpcconnect and -ipcconnect options cannot both be enabled")]
    TwoWays,
    /// No reply by HTTP.
    #[error(
        "Error while attempting to communicate with server {host}:{port} ({source})\n\nMake sure the {} server is \
         running and that you are connecting to the correct RPC port.\nUse \"{} -help\" for more info.{}",
        .names.server, .names.client, .names.hint
    )]
    Http {
        /// The server's host.
        host: String,
        /// The server's port.
        port: u16,
        /// Why.
        source: ClientError,
        /// Names in the text.
        names: Box<Names>,
    },
    /// Nobody answers at the socket.
    #[error(
        "{reason}\n\nProbably {} is not running or not listening on a unix socket. Can be started with:\n\n    \
         {} -chain={chain} -ipcbind=unix{}",
        .names.node, .names.node, .names.hint
    )]
    Socket {
        /// Why.
        reason: String,
        /// The chain's name.
        chain: &'static str,
        /// Names in the text.
        names: Box<Names>,
    },
    /// The value of `-ipcconnect` cannot be used, or the call failed behind the socket.
    #[error("{0}")]
    Ipc(String),
    /// The server refuses user and password.
    #[error("Authorization failed: {reason} Configuration file: ({})", .config.display())]
    Unauthorized {
        /// What the password was.
        reason: &'static str,
        /// Where it may be written.
        config: PathBuf,
    },
    /// The server turns calls away.
    #[error("Server response: {0}")]
    Unavailable(String),
    /// Another HTTP status.
    #[error("server returned HTTP error {0}")]
    Status(u16),
    /// A reply without body.
    #[error("no response from server")]
    NoResponse,
    /// A reply that is no JSON.
    #[error("couldn't parse reply from server")]
    NotJson,
    /// A reply that is no answer.
    #[error("expected reply to have result, error and id properties")]
    BadReply,
    /// The server has not finished its start.
    #[error("server in warmup")]
    Warmup,
    /// `-rpcwaittimeout` is over.
    #[error("timeout on transient error: {0}")]
    Waited(#[source] Box<CliError>),
}

impl CliError {
    /// Whether the server may yet come (`-rpcwait`).
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Http { .. } | Self::Socket { .. } | Self::Warmup)
    }
}
