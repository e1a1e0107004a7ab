//! One call to the server, by the way that the options choose.

use std::time::{Duration, Instant};

use common::options::Config;
use rpc::args::percent_encode;
use rpc::auth::{basic_header, read_cookie};
use rpc::client::{HttpClient, HttpReply};
use rpc::code::IN_WARMUP;
use rpc::listen::host_and_port;
use serde_json::Value;

use super::convert::Params;
use super::error::CliError;
use super::ipc;
use super::names::Names;

/// The text of a request of version 2.0.
pub(crate) fn request(method: &str, params: &Params, id: &Value) -> String {
    let method = Value::from(method);
    format!(
        r#"{{"method":{method},"params":{},"id":{id},"jsonrpc":"2.0"}}"#,
        params.text()
    )
}

/// The server that the options name.
pub(crate) struct Server<'a> {
    config: &'a Config,
    names: Names,
    warnings: String,
}

impl<'a> Server<'a> {
    /// Takes the options; connects to nothing.
    pub(crate) fn new(config: &'a Config) -> Self {
        let names = Names::of(config.params(), config.program_name());
        let both = config
            .opt_str("rpcconnect")
            .and_then(|text| host_and_port(&text))
            .is_some_and(|(_, port)| port.is_some());
        let port = config
            .opt_str("rpcport")
            .and_then(|text| text.parse::<u16>().ok());
        let warnings = match port {
            Some(port) if both => format!(
                "Warning: Port specified in both -rpcconnect and -rpcport. Using -rpcport {port}\n"
            ),
            _ => String::new(),
        };
        Self {
            config,
            names,
            warnings,
        }
    }

    /// The options.
    pub(crate) fn config(&self) -> &Config {
        self.config
    }

    /// Names in messages.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Lines for standard error, whatever the answer is.
    pub(crate) fn warnings(&self) -> &str {
        &self.warnings
    }

    /// Sends a request and reads its reply; with `-rpcwait` again and again until the server is ready.
    ///
    /// # Errors
    /// Where there is no answer. An error that the server answers is in the reply.
    pub(crate) fn call(&self, request: &str, wallet: Option<&str>) -> Result<Value, CliError> {
        let path = match wallet {
            Some(wallet) => format!("/wallet/{}", percent_encode(wallet)),
            None => "/".to_owned(),
        };
        if !self.config.get_bool("rpcwait") {
            return self.call_once(request, &path);
        }
        let seconds = self.config.get_int("rpcwaittimeout");
        let limit = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
        let deadline =
            limit.and_then(|limit| Instant::now().checked_add(Duration::from_secs(limit)));
        loop {
            let reply = self.call_once(request, &path).and_then(|reply| {
                let starting = reply["error"]["code"].as_i64() == Some(i64::from(IN_WARMUP));
                if starting {
                    Err(CliError::Warmup)
                } else {
                    Ok(reply)
                }
            });
            match reply {
                Err(error) if error.is_transient() => {
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                        return Err(CliError::Waited(Box::new(error)));
                    }
                    std::thread::sleep(Duration::from_secs(1));
                }
                reply => return reply,
            }
        }
    }

    fn call_once(&self, request: &str, path: &str) -> Result<Value, CliError> {
        if let Some(text) = ipc::call(self.config, &self.names, request, path)? {
            return checked(serde_json::from_str(&text).map_err(|_| CliError::NotJson)?);
        }
        let (host, port) = self.address()?;
        let seconds = u64::try_from(self.config.get_int("rpcclienttimeout")).unwrap_or_default();
        let timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
        let (login, source) = self.login();
        let client = HttpClient {
            host,
            port,
            timeout,
        };
        let reply = client.post(path, &basic_header(&login), &format!("{request}\n"));
        let reply = reply.map_err(|source| CliError::Http {
            host: client.host,
            port,
            source,
            names: Box::new(self.names.clone()),
        })?;
        checked(self.read(reply, source)?)
    }

    /// Host and port: `-rpcport` counts before the port in `-rpcconnect`, and that before the chain's.
    fn address(&self) -> Result<(String, u16), CliError> {
        let text = self.config.get_str("rpcconnect");
        let (host, port) =
            host_and_port(&text).ok_or_else(|| CliError::ConnectPort(text.clone()))?;
        let port = port.unwrap_or(self.config.params().rpc_port);
        let Some(text) = self.config.opt_str("rpcport") else {
            return Ok((host, port));
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u16>() {
            Ok(port) if port > 0 && digits => Ok((host, port)),
            _ => Err(CliError::Port(text)),
        }
    }

    /// User and password, and what to say if they are refused.
    fn login(&self) -> (String, &'static str) {
        let password = self.config.get_str("rpcpassword");
        if !password.is_empty() {
            let user = self.config.get_str("rpcuser");
            let refused = "Incorrect rpcuser or rpcpassword were specified.";
            return (format!("{user}:{password}"), refused);
        }
        if self.config.is_negated("rpccookiefile") {
            let refused =
                "Cookie file was disabled via -norpccookiefile and no rpcpassword was specified.";
            return (String::new(), refused);
        }
        let network_dir = self.config.network_dir();
        let path = self.config.path_in("rpccookiefile", &network_dir);
        match read_cookie(&path.unwrap_or_else(|| network_dir.join(".cookie"))) {
            Ok(cookie) => {
                let refused =
                    "Cookie file credentials were invalid and no rpcpassword was specified.";
                (cookie, refused)
            }
            Err(_) => {
                let refused = "Failed to read cookie file and no rpcpassword was specified.";
                (String::new(), refused)
            }
        }
    }

    fn read(&self, reply: HttpReply, refused: &'static str) -> Result<Value, CliError> {
        match reply.status {
            401 => {
                let config = self
                    .config
                    .config_file()
                    .unwrap_or(std::path::Path::new(""));
                return Err(CliError::Unauthorized {
                    reason: refused,
                    config: config.to_owned(),
                });
            }
            503 => {
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                return Err(CliError::Unavailable(text));
            }
            // A JSON-RPC error of version 1 comes with one of these.
            400 | 404 | 500 => {}
            status if status >= 400 => return Err(CliError::Status(status)),
            _ => {}
        }
        if reply.body.is_empty() {
            return Err(CliError::NoResponse);
        }
        serde_json::from_slice(&reply.body).map_err(|_| CliError::NotJson)
    }
}

/// A reply that is an answer, or several.
fn checked(reply: Value) -> Result<Value, CliError> {
    match reply {
        Value::Object(fields) if fields.is_empty() => Err(CliError::BadReply),
        Value::Object(_) | Value::Array(_) => Ok(reply),
        _ => Err(CliError::BadReply),
    }
}
