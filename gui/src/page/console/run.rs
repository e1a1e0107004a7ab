//! Runs a line of the console: inner calls first, then the outer one with their results.

use std::future::Future;
use std::pin::Pin;

use ipc_schema::{IpcError, NodeClient, RpcCommand, WalletClient};
use serde_json::{Value as Json, json};

use crate::model::console::{Call, Value, argument, pick};
use crate::page::{Context, words};

/// What a call needs on its way.
struct Runner {
    node: Result<NodeClient, IpcError>,
    wallet: Option<(String, Result<WalletClient, IpcError>)>,
    commands: Vec<RpcCommand>,
}

/// Runs `call`; gives the text to show, or the error's.
pub(super) fn run(
    call: Call,
    context: &Context<'_>,
    wallet: Option<String>,
) -> impl Future<Output = Result<String, String>> + Send + 'static {
    let runner = Runner {
        node: context.link.node(),
        wallet: wallet.map(|name| (name, context.link.wallet())),
        commands: context.model.commands.clone(),
    };
    async move { runner.evaluate(call).await.map(|value| shown(&value)) }
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
            let result = self.execute(&call.name, params, command).await?;
            if call.picks.is_empty() {
                return Ok(result);
            }
            pick(&result, &call.picks)
                .ok_or_else(|| format!("The result of {} has no such part.", call.name))
        })
    }

    async fn execute(
        &self,
        name: &str,
        params: Vec<Json>,
        command: Option<&RpcCommand>,
    ) -> Result<Json, String> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": name, "params": params}).to_string();
        let is_wallet = command.is_some_and(|command| command.wallet);
        let answer = match (&self.wallet, is_wallet) {
            // Commands of the wallet go to its own process, so that no passphrase passes through the node.
            (Some((wallet, Ok(client))), true) => {
                client
                    .execute_rpc(body, format!("/wallet/{}", percent(wallet)))
                    .await
            }
            (Some((_, Err(error))), true) => Err(error.clone()),
            _ => match &self.node {
                Ok(node) => node.execute_rpc(body, "/".to_owned()).await,
                Err(error) => Err(error.clone()),
            },
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

fn percent(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string");
        }
        out
    })
}
