//! The JSON-RPC server's start from options: who may call, where it listens.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::datadir::{CookieFile, CookiePerms};
use common::options::Config;
use rpc::Table;
use rpc::auth::{self, Credentials};
use rpc::http::{BoundServer, Endpoint, HttpConfig, HttpServer};
use rpc::jsonrpc::Whitelist;
use rpc::listen;

use crate::context::Node;

/// The server and the cookie that goes with it; both end together.
pub(crate) struct RpcServer {
    pub(crate) http: HttpServer,
    _cookie: Option<CookieFile>,
}

/// Whom `-rpcwhitelist` lets call what.
pub(crate) fn whitelist(config: &Config) -> Whitelist {
    let values = config.get_list("rpcwhitelist");
    Whitelist::parse(
        values.iter().map(String::as_str),
        config.opt_bool("rpcwhitelistdefault"),
    )
}

/// From where calls may come.
///
/// # Errors
/// The start-up error for a text that is no address.
pub(crate) fn allowed(config: &Config) -> Result<Vec<listen::Subnet>, String> {
    let mut allow = listen::Subnet::local();
    for text in config.get_list("rpcallowip") {
        allow.push(text.parse().map_err(|_| {
            format!("Invalid -rpcallowip subnet specification: {text}. Valid values are a single IP (e.g. 1.2.3.4), a network/netmask (e.g. 1.2.3.4/255.255.255.0), a network/CIDR (e.g. 1.2.3.4/24), all ipv4 (0.0.0.0/0), or all ipv6 (::/0).")
        })?);
    }
    Ok(allow)
}

/// Binds and serves; every call gets -28 until the table is open.
///
/// # Errors
/// The start-up error.
pub(crate) async fn start(config: &Config, table: Arc<Table<Node>>) -> Result<RpcServer, String> {
    let (credentials, cookie) = credentials(config)?;
    let allow_texts = config.get_list("rpcallowip");
    let allow = allowed(config)?;
    let port = u16::try_from(config.get_int("rpcport")).unwrap_or(config.params().rpc_port);
    let endpoints = listen::endpoints(&config.get_list("rpcbind"), &allow_texts, port)
        .map_err(|error| error.to_string())?;
    let at_least_one = |name: &str| usize::try_from(config.get_int(name)).unwrap_or(1).max(1);
    let mut http = HttpConfig::new(endpoints);
    http.allow = allow;
    http.threads = at_least_one("rpcthreads");
    http.work_queue = at_least_one("rpcworkqueue");
    let seconds = u64::try_from(config.get_int("rpcservertimeout")).unwrap_or(0);
    http.timeout = Duration::from_secs(seconds);
    let failed = || "Unable to start HTTP server. See debug log for details.".to_owned();
    let bound = BoundServer::bind(http).await.map_err(|_| failed())?;
    let whitelist = whitelist(config);
    let http = bound.serve(Endpoint {
        table,
        credentials,
        whitelist,
        rest: None,
    });
    Ok(RpcServer {
        http,
        _cookie: cookie,
    })
}

fn credentials(config: &Config) -> Result<(Credentials, Option<CookieFile>), String> {
    let mut credentials = Credentials::default();
    let no_random = |error: std::io::Error| format!("The system gives no random bytes: {error}");
    let (user, password) = (config.get_str("rpcuser"), config.get_str("rpcpassword"));
    let mut cookie = None;
    if password.is_empty() {
        if let Some(path) = cookie_path(config) {
            let secret = auth::cookie_password().map_err(no_random)?;
            let perms = config
                .opt_str("rpccookieperms")
                .map_or(Ok(CookiePerms::Owner), |text| text.parse())
                .map_err(|_| "Invalid -rpccookieperms".to_owned())?;
            let file = CookieFile::create(&path, &secret, perms).map_err(|error| {
                format!("Unable to start HTTP server. See debug log for details. {error}")
            })?;
            tracing::info!("Generated RPC authentication cookie {}", path.display());
            credentials
                .add_password(auth::COOKIE_USER, &secret)
                .map_err(no_random)?;
            cookie = Some(file);
        } else {
            tracing::info!("RPC authentication cookie file generation is disabled.");
        }
    } else {
        tracing::info!("Using rpcuser/rpcpassword authentication.");
        tracing::warn!(
            "The use of rpcuser/rpcpassword is less secure, because credentials are configured in plain text. It is recommended that locally-run instances switch to cookie-based auth, or otherwise to use hashed rpcauth credentials."
        );
        credentials
            .add_password(&user, &password)
            .map_err(no_random)?;
    }
    for value in config.get_list("rpcauth") {
        if value.is_empty() {
            continue;
        }
        credentials.add_rpcauth(&value).map_err(|error| {
            tracing::warn!("{error}");
            "Unable to start HTTP server. See debug log for details.".to_owned()
        })?;
    }
    Ok((credentials, cookie))
}

/// Where the cookie lies; `None` where there is to be none.
fn cookie_path(config: &Config) -> Option<PathBuf> {
    if config.is_negated("rpccookiefile") {
        return None;
    }
    let dir = config.network_dir();
    Some(
        config
            .path_in("rpccookiefile", &dir)
            .unwrap_or_else(|| Path::new(&dir).join(".cookie")),
    )
}
