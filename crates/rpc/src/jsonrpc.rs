//! The JSON-RPC envelope: versions 1.0, 1.1 and 2.0, batches, notifications, and the HTTP status of each reply.
//!
//! Follows Core's `httprpc.cpp` and `rpc/request.cpp`. HTTP and the `executeRpc` call of the IPC socket share
//! [`execute`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::args::{Caller, Params, Request};
use crate::error::{RpcError, RpcResult, code};
use crate::table::Table;

mod message;

use message::{Fields, Item, Message, RawParams};

/// What goes back to the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; `None` for notifications and refusals, which have none.
    pub body: Option<Value>,
}

impl Reply {
    fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
        }
    }

    fn empty(status: u16) -> Self {
        Self { status, body: None }
    }

    /// The answer to text that is not JSON.
    pub fn not_json() -> Self {
        let error = RpcError::new(code::PARSE, "Parse error");
        Self::json(
            500,
            envelope(Err(error), Some(Value::Null), Version::Legacy),
        )
    }

    /// The body's text, `null` where there is none: what `executeRpc` answers.
    pub fn text(&self) -> String {
        self.body
            .as_ref()
            .map_or_else(|| "null".to_owned(), Value::to_string)
    }
}

/// The text is not JSON. HTTP answers [`Reply::not_json`]; the IPC call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request is not JSON")]
pub struct NotJson;

/// A call as the text of a request, for a server that takes only text. Its caller is not in it.
pub fn request_text(request: &Request) -> String {
    let params = match &request.params {
        Params::Positional(values) => json!(values).to_string(),
        // Field by field, because a name given twice has to arrive twice.
        Params::Named(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
    };
    let method = Value::from(request.method.as_str());
    format!(r#"{{"jsonrpc":"2.0","method":{method},"params":{params},"id":1}}"#)
}

/// The answer in the text of a reply to [`request_text`].
///
/// # Errors
/// What the server answered; −32603 where the text is no reply.
pub fn read_reply(text: &str) -> RpcResult {
    let no_reply = || RpcError::new(code::INTERNAL, "The reply is not JSON-RPC");
    let Ok(Value::Object(mut reply)) = serde_json::from_str(text) else {
        return Err(no_reply());
    };
    match reply.remove("error") {
        None | Some(Value::Null) => reply.remove("result").ok_or_else(no_reply),
        Some(error) => Err(serde_json::from_value(error).unwrap_or_else(|_| no_reply())),
    }
}

/// Which methods a user may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whitelist {
    /// The methods of each user that has a list.
    pub users: BTreeMap<String, BTreeSet<String>>,
    /// Whether users without a list may call nothing (`-rpcwhitelistdefault`).
    pub deny_others: bool,
}

impl Whitelist {
    /// Reads the values of `-rpcwhitelist` (`user:method,method`); several of one user allow what all of them name.
    ///
    /// `default` is `-rpcwhitelistdefault`; without it, users without a list are refused once any list is given.
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>, default: Option<bool>) -> Self {
        let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for value in values {
            let Some((user, list)) = value.split_once(':') else {
                users.entry(value.to_owned()).or_default();
                continue;
            };
            let named = list.split([',', ' ']).map(str::to_owned).collect();
            match users.get_mut(user) {
                Some(methods) => methods.retain(|method| BTreeSet::contains(&named, method)),
                None => {
                    users.insert(user.to_owned(), named);
                }
            }
        }
        let deny_others = default.unwrap_or(!users.is_empty());
        Self { users, deny_others }
    }

    fn allows_user(&self, user: &str) -> bool {
        !self.deny_others || self.users.contains_key(user)
    }

    fn allows(&self, user: &str, method: &str) -> bool {
        match self.users.get(user) {
            Some(methods) => methods.contains(method),
            None => !self.deny_others,
        }
    }
}

/// Runs the request or batch in `text` for `caller`.
///
/// `gone` ends waits when the client leaves.
///
/// # Errors
/// Only where the text is not JSON; every other fault is a reply.
pub async fn execute<C: Send + Sync + 'static>(
    table: &Arc<Table<C>>,
    text: &[u8],
    caller: &Caller,
    whitelist: &Whitelist,
    gone: &CancellationToken,
) -> Result<Reply, NotJson> {
    let message: Message = serde_json::from_slice(text).map_err(|_| NotJson)?;
    if !whitelist.allows_user(&caller.user) {
        tracing::warn!("RPC User {} not allowed to call any methods", caller.user);
        return Ok(Reply::empty(403));
    }
    Ok(match message {
        Message::Single(fields) => single(table, fields, caller, whitelist, gone).await,
        Message::Batch(items) => batch(table, items, caller, whitelist, gone).await,
        Message::Other => {
            let error = RpcError::new(code::PARSE, "Top-level object parse error");
            failed(error, Some(Value::Null), Version::Legacy)
        }
    })
}

async fn single<C: Send + Sync + 'static>(
    table: &Arc<Table<C>>,
    fields: Fields,
    caller: &Caller,
    whitelist: &Whitelist,
    gone: &CancellationToken,
) -> Reply {
    let call = Call::read(fields);
    let request = match call.request {
        Ok(request) => request,
        Err(error) => return failed(error, call.id, call.version),
    };
    log_call(table, &request.0, caller, call.id.as_ref());
    if !whitelist.allows(&caller.user, &request.0) {
        tracing::warn!(
            "RPC User {} not allowed to call method {}",
            caller.user,
            request.0
        );
        return Reply::empty(403);
    }
    let request = Request {
        method: request.0,
        params: request.1,
        caller: caller.clone(),
    };
    let answer = table.call_until(request, gone).await;
    match (answer, call.version) {
        (_, Version::Two) if call.id.is_none() => Reply::empty(204),
        (Err(error), Version::Legacy) => failed(error, call.id, call.version),
        (answer, version) => Reply::json(200, envelope(answer, call.id, version)),
    }
}

async fn batch<C: Send + Sync + 'static>(
    table: &Arc<Table<C>>,
    items: Vec<Item>,
    caller: &Caller,
    whitelist: &Whitelist,
    gone: &CancellationToken,
) -> Reply {
    // The whole batch is checked before any of it runs.
    if whitelist.users.contains_key(&caller.user) {
        for item in &items {
            let refusal = match item {
                Item::Other => Some(RpcError::new(
                    code::INVALID_REQUEST,
                    "Invalid Request object",
                )),
                Item::Call(fields) => match fields.get("method") {
                    Some(Value::String(method)) if whitelist.allows(&caller.user, method) => None,
                    Some(Value::String(method)) => {
                        tracing::warn!(
                            "RPC User {} not allowed to call method {method}",
                            caller.user
                        );
                        return Reply::empty(403);
                    }
                    _ => Some(RpcError::new(code::PARSE, "Method must be a string")),
                },
            };
            if let Some(error) = refusal {
                return failed(error, Some(Value::Null), Version::Legacy);
            }
        }
    }
    let count = items.len();
    let mut replies = Vec::new();
    for item in items {
        let Item::Call(fields) = item else {
            let error = RpcError::new(code::INVALID_REQUEST, "Invalid Request object");
            replies.push(envelope(Err(error), Some(Value::Null), Version::Legacy));
            continue;
        };
        let call = Call::read(fields);
        let silent = call.id.is_none() && call.version == Version::Two;
        let answer = match call.request {
            Err(error) => Err(error),
            Ok((method, params)) => {
                log_call(table, &method, caller, call.id.as_ref());
                let request = Request {
                    method,
                    params,
                    caller: caller.clone(),
                };
                table.call_until(request, gone).await
            }
        };
        if !silent {
            replies.push(envelope(answer, call.id, call.version));
        }
    }
    // An empty batch names no version, and clients of version 1 expect an array.
    if replies.is_empty() && count > 0 {
        return Reply::empty(204);
    }
    Reply::json(200, Value::Array(replies))
}

/// The reply to a failed call of version 1, and to any that cannot be read.
fn failed(error: RpcError, id: Option<Value>, version: Version) -> Reply {
    let status = match error.code {
        code::INVALID_REQUEST => 400,
        code::METHOD_NOT_FOUND => 404,
        _ => 500,
    };
    Reply::json(status, envelope(Err(error), id, version))
}

fn envelope(answer: RpcResult, id: Option<Value>, version: Version) -> Value {
    let mut reply = Map::new();
    match (version, answer) {
        (Version::Legacy, Ok(result)) => {
            reply.insert("result".into(), result);
            reply.insert("error".into(), Value::Null);
        }
        (Version::Legacy, Err(error)) => {
            reply.insert("result".into(), Value::Null);
            reply.insert("error".into(), error.to_value());
        }
        (Version::Two, Ok(result)) => {
            reply.insert("jsonrpc".into(), json!("2.0"));
            reply.insert("result".into(), result);
        }
        (Version::Two, Err(error)) => {
            reply.insert("jsonrpc".into(), json!("2.0"));
            reply.insert("error".into(), error.to_value());
        }
    }
    if let Some(id) = id {
        reply.insert("id".into(), id);
    }
    Value::Object(reply)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Legacy,
    Two,
}

/// A request object as far as it could be read.
struct Call {
    id: Option<Value>,
    version: Version,
    request: Result<(String, Params), RpcError>,
}

impl Call {
    fn read(mut fields: Fields) -> Self {
        let id = fields.take("id");
        let (version, problem) = match fields.get("jsonrpc") {
            None | Some(Value::Null) => (Version::Legacy, None),
            Some(Value::String(version)) => match version.as_str() {
                "1.0" => (Version::Legacy, None),
                "2.0" => (Version::Two, None),
                _ => (Version::Legacy, Some("JSON-RPC version not supported")),
            },
            Some(_) => (Version::Legacy, Some("jsonrpc field must be a string")),
        };
        let request = match (problem, fields.take("method")) {
            (Some(problem), _) => Err(problem),
            (None, Some(Value::String(method))) => match fields.params.take() {
                None | Some(RawParams::Null) => Ok((method, Params::default())),
                Some(RawParams::Array(values)) => Ok((method, Params::Positional(values))),
                Some(RawParams::Object(fields)) => Ok((method, Params::Named(fields))),
                Some(RawParams::Other) => Err("Params must be an array or object"),
            },
            (None, None | Some(Value::Null)) => Err("Missing method"),
            (None, Some(_)) => Err("Method must be a string"),
        };
        let request = request.map_err(|text| RpcError::new(code::INVALID_REQUEST, text));
        Self {
            id,
            version,
            request,
        }
    }
}

fn log_call<C: Send + Sync + 'static>(
    table: &Table<C>,
    method: &str,
    caller: &Caller,
    id: Option<&Value>,
) {
    let id = match id {
        Some(Value::String(text)) => sanitize(text),
        Some(Value::Number(number)) => sanitize(number.as_str()),
        _ => String::new(),
    };
    let (method, user) = (sanitize(method), sanitize(&caller.user));
    if table.config().log_ips {
        let peer = &caller.peer;
        tracing::debug!(
            target: "rpc",
            "ThreadRPCServer method={method} user={user} peeraddr={peer} id={id}"
        );
    } else {
        tracing::debug!(target: "rpc", "ThreadRPCServer method={method} user={user} id={id}");
    }
}

/// Keeps letters, digits and a few harmless signs (Core's `SanitizeString`).
fn sanitize(text: &str) -> String {
    text.chars()
        .filter(|sign| sign.is_ascii_alphanumeric() || " .,;-_/:?@()".contains(*sign))
        .collect()
}

#[cfg(test)]
mod tests;
