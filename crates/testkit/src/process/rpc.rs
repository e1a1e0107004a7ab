//! JSON-RPC calls.

use std::fmt;
use std::io;

use serde_json::{Value, json};

use super::http::{HttpReply, basic_auth, http_post};

/// Why a call gave no result.
#[derive(Debug)]
pub enum RpcFailure {
    /// The server answered with an error.
    Error {
        /// Its number.
        code: i64,
        /// Its text.
        message: String,
    },
    /// The server answered something else, such as 401.
    Http(HttpReply),
    /// There was no answer.
    Io(io::Error),
}

impl RpcFailure {
    /// The error's number, or 0 where there was no such answer.
    pub fn code(&self) -> i64 {
        match self {
            Self::Error { code, .. } => *code,
            _ => 0,
        }
    }

    /// The error's text, or what came instead.
    pub fn message(&self) -> String {
        match self {
            Self::Error { message, .. } => message.clone(),
            Self::Http(reply) => format!("HTTP {}: {}", reply.status, reply.body),
            Self::Io(error) => error.to_string(),
        }
    }
}

impl fmt::Display for RpcFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.message(), self.code())
    }
}

/// A server's address and the credentials for it.
#[derive(Clone, Debug)]
pub struct RpcClient {
    /// The port on this machine.
    pub port: u16,
    /// `user:password`.
    pub credentials: String,
}

impl RpcClient {
    /// Sends a body as it is.
    ///
    /// # Errors
    /// Where no reply came.
    pub fn post(&self, path: &str, body: &str) -> io::Result<HttpReply> {
        http_post(self.port, path, &[&basic_auth(&self.credentials)], body)
    }

    /// Calls a method with positional parameters (an array) or named ones (an object).
    ///
    /// # Errors
    /// Everything but a result.
    pub fn call(&self, path: &str, method: &str, params: &Value) -> Result<Value, RpcFailure> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let reply = self
            .post(path, &request.to_string())
            .map_err(RpcFailure::Io)?;
        let Ok(mut answer) = serde_json::from_str::<Value>(&reply.body) else {
            return Err(RpcFailure::Http(reply));
        };
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return Err(RpcFailure::Error {
                code: error["code"].as_i64().unwrap_or_default(),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
            });
        }
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(RpcFailure::Http(reply)),
        }
    }
}

/// Reads an amount as the smallest unit, without a detour over floating point.
///
/// # Panics
/// Where the value is no number with exactly eight decimals, the form of all amounts.
pub fn sats(value: &Value) -> i64 {
    let text = value.to_string();
    let digits = text
        .split_once('.')
        .filter(|(_, decimals)| decimals.len() == 8)
        .map(|(whole, decimals)| format!("{whole}{decimals}"));
    digits
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_else(|| panic!("{text} is no amount"))
}
