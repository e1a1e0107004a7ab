//! JSON-RPC as opaque text.

/// A request to execute: the body and path that an HTTP client would send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RpcRequest {
    /// A JSON-RPC request object or batch.
    pub request: String,
    /// `/` or `/wallet/<url-encoded name>`.
    pub uri: String,
    /// The `-rpcwhitelist` user that the listener's role names; `None` means no whitelist.
    pub user: Option<String>,
}

/// A command, for the console's completion and forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RpcCommand {
    /// Its name.
    pub name: String,
    /// The heading under which `help` lists it.
    pub category: String,
    /// Names of its arguments in order.
    pub arguments: Vec<String>,
    /// First line of its help.
    pub summary: String,
    /// Whether the wallet process executes it.
    pub wallet: bool,
}
