//! A small server for the tests of this crate.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::args::{Args, Caller};
use crate::jsonrpc::{self, Reply, Whitelist};
use crate::spec::{Arg, CommandSpec, ResultDoc};
use crate::table::{Command, Table, TableConfig};
use crate::{RpcError, RpcResult, amount};

#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) open: Notify,
    pub(crate) waiting: Notify,
}

fn echo(_: &Shop, args: &Args) -> RpcResult {
    let values = args.values().iter().take(args.len()).cloned().collect();
    Ok(Value::Array(values))
}

fn echo_spec(name: &'static str) -> CommandSpec {
    let mut spec = CommandSpec::new("hidden", name, "Returns its arguments.");
    for name in ["arg0", "arg1", "arg2"] {
        spec = spec.arg(Arg::str(name, "").optional().any_type());
    }
    spec.result(ResultDoc::any("", ""))
}

pub(crate) fn commands() -> Vec<Command<Shop>> {
    vec![
        echo_spec("echo").run(echo),
        CommandSpec::new("stock", "getcount", "Returns how many there are.")
            .result(ResultDoc::num("", "The number"))
            .run(|_, _| Ok(json!(7))),
        CommandSpec::new("stock", "getprice", "Returns a price.")
            .arg(Arg::num("place", "Where it lies"))
            .arg(Arg::bool("gross|with_tax", "Tax included").default(true))
            .result(ResultDoc::amount("", "The price"))
            .run(|_, args: &Args| match args.int::<u8>("place")? {
                0 => Ok(amount(150_000_000)),
                _ => Err(RpcError::invalid_parameter("No such place")),
            }),
        CommandSpec::new("sales", "sell", "Sells it.")
            .arg(Arg::str("item", "What"))
            .arg(Arg::options(
                "options",
                "",
                vec![
                    Arg::num("discount|rebate", "Per cent").default(0),
                    Arg::str("note", "For the bill").optional(),
                ],
            ))
            .arg(Arg::amount("tip", "Extra").optional())
            .run(echo),
        CommandSpec::new("sales", "waitforcustomer", "Waits.").run_async(
            |shop: Arc<Shop>, _| async move {
                shop.waiting.notify_one();
                shop.open.notified().await;
                Ok(json!("hello"))
            },
        ),
        CommandSpec::new("sales", "crash", "Fails.").run(|_, _| panic!("the till is on fire")),
    ]
}

pub(crate) fn table() -> Arc<Table<Shop>> {
    let table = Table::new(Shop::default(), TableConfig::new("shop-cli", 80));
    assert!(table.add("shop", commands()).is_empty());
    table.finish_warmup();
    table
}

pub(crate) async fn ask_as(
    table: &Arc<Table<Shop>>,
    user: &str,
    list: &Whitelist,
    body: &str,
) -> Reply {
    let caller = Caller {
        user: user.into(),
        uri: "/".into(),
        peer: String::new(),
    };
    let gone = tokio_util::sync::CancellationToken::new();
    let done = jsonrpc::execute(table, body.as_bytes(), &caller, list, &gone);
    let done = tokio::time::timeout(Duration::from_secs(20), done).await;
    done.expect("an answer in time")
        .unwrap_or_else(|_| Reply::not_json())
}

/// The status and the body's text.
pub(crate) async fn ask(table: &Arc<Table<Shop>>, body: &str) -> String {
    let reply = ask_as(table, "user", &Whitelist::default(), body).await;
    match reply.body {
        Some(body) => format!("{} {body}", reply.status),
        None => reply.status.to_string(),
    }
}
