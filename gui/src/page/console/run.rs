//! Runs a line of the console: inner calls first, then the outer one with their results.
//!
//! A command of the wallet goes to the wallet's own process and nowhere else: its arguments may hold a passphrase,
//! which must not pass through the node. So nothing is sent before it is known whose command it is.

use std::future::Future;
use std::pin::Pin;

use ipc_schema::{IpcError, NodeClient, RpcCommand, WalletClient};
use serde_json::{Value as Json, json};

use crate::model::console::{Call, Value, argument, pick};
use crate::page::{Context, wallet_uri, words};

/// What a call needs on its way.
struct Runner {
    node: Result<NodeClient, IpcError>,
    wallet: Result<WalletClient, IpcError>,
    /// Where the wallet's commands are addressed to.
    uri: String,
    commands: Vec<RpcCommand>,
}

/// Who executes a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Node,
    Wallet,
}

/// Runs `call`, for the wallet of that name if there is one; gives the text to show, or the error's.
pub(super) fn run(
    call: Call,
    context: &Context<'_>,
    wallet: Option<&str>,
) -> impl Future<Output = Result<String, String>> + Send + 'static {
    let runner = Runner {
        node: context.link.node(),
        wallet: context.link.wallet(),
        uri: uri(wallet),
        commands: context.model.commands.clone(),
    };
    async move { runner.evaluate(call).await.map(|value| shown(&value)) }
}

/// Whose command `name` is.
pub(super) fn side(commands: &[RpcCommand], name: &str) -> Result<Side, String> {
    if commands.is_empty() {
        return Err(format!(
            "Nothing was sent: the list of commands is not here yet, so it is not known whether {name} is for the \
             node or for the wallet. Try again when the node answers."
        ));
    }
    match commands.iter().find(|command| command.name == name) {
        Some(command) if command.wallet => Ok(Side::Wallet),
        Some(_) => Ok(Side::Node),
        None => Err(format!(
            "Nothing was sent: there is no command {name}. Commands of wallets are known once the wallet process \
             runs; \"help\" lists all."
        )),
    }
}

/// The address of a call: a wallet's, also one without a name, or none.
fn uri(wallet: Option<&str>) -> String {
    wallet.map_or_else(|| "/".to_owned(), wallet_uri)
}

/// A result as text: strings as they are, all else indented.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => "null".to_owned(),
        other => serde_json::to_string_pretty(other).unwrap_or_else(|_| other.to_string()),
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Json, String>> + Send + 'a>>;

impl Runner {
    fn evaluate(&self, call: Call) -> Answer<'_> {
        Box::pin(async move {
            let command = self
                .commands
                .iter()
                .find(|command| command.name == call.name);
            let mut params = Vec::new();
            for (index, value) in call.arguments.into_iter().enumerate() {
                params.push(match value {
                    Value::Text(text) => argument(command, index, &text),
                    Value::Call(inner) => self.evaluate(inner).await?,
                });
            }
            let result = self.execute(&call.name, params).await?;
            if call.picks.is_empty() {
                return Ok(result);
            }
            pick(&result, &call.picks)
                .ok_or_else(|| format!("The result of {} has no such part.", call.name))
        })
    }

    async fn execute(&self, name: &str, params: Vec<Json>) -> Result<Json, String> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": name, "params": params}).to_string();
        let answer = match (side(&self.commands, name)?, &self.wallet, &self.node) {
            (Side::Wallet, Ok(wallet), _) => wallet.execute_rpc(body, self.uri.clone()).await,
            (Side::Wallet, Err(_), _) => {
                return Err(format!(
                    "Nothing was sent: {name} is for the wallet process, which is not running."
                ));
            }
            (Side::Node, _, Ok(node)) => node.execute_rpc(body, "/".to_owned()).await,
            (Side::Node, _, Err(error)) => Err(error.clone()),
        };
        let answer = answer.map_err(|error| words(&error))?;
        let answer: Json =
            serde_json::from_str(&answer).map_err(|_| "The answer is not JSON.".to_owned())?;
        match answer.get("error") {
            Some(error) if !error.is_null() => {
                let code = error.get("code").and_then(Json::as_i64).unwrap_or(0);
                let message = error
                    .get("message")
                    .and_then(Json::as_str)
                    .unwrap_or("unknown error");
                Err(format!("{message} (code {code})"))
            }
            _ => Ok(answer.get("result").cloned().unwrap_or(Json::Null)),
        }
    }
}
