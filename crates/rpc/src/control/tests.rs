use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::args::{Params, Request};
use crate::fixture::{Shop, commands};
use crate::table::TableConfig;

fn server() -> (Arc<Table<Shop>>, Arc<AtomicUsize>) {
    let stops = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&stops);
    let control = Control {
        client_name: "bitq".into(),
        version: "v0.1.0".into(),
        log_path: "/data/debug.log".into(),
        uptime: Arc::new(|| 5),
        stop: Arc::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        }),
    };
    let mut config = TableConfig::new("bitq-cli", 8332);
    config.check_results = true;
    let table = Table::new(Shop::default(), config);
    table.add("control", control.commands());
    table.add("shop", commands());
    table.finish_warmup();
    (table, stops)
}

async fn call(table: &Arc<Table<Shop>>, method: &str, params: &[Value]) -> Value {
    let params = Params::Positional(params.to_vec());
    let request = Request {
        method: method.into(),
        params,
        ..Default::default()
    };
    table.call(request).await.unwrap()
}

#[tokio::test]
async fn the_server_describes_itself() {
    let (table, stops) = server();
    assert_eq!(call(&table, "uptime", &[]).await, json!(5));
    let info = call(&table, "getrpcinfo", &[]).await;
    assert_eq!(info["logpath"], "/data/debug.log");
    assert_eq!(info["active_commands"].as_array().unwrap().len(), 1);
    assert_eq!(info["active_commands"][0]["method"], "getrpcinfo");
    assert!(info["active_commands"][0]["duration"].is_u64());
    assert_eq!(call(&table, "stop", &[]).await, json!("bitq stopping"));
    assert_eq!(stops.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn help_lists_and_explains() {
    let (table, _) = server();
    let all = call(&table, "help", &[]).await;
    let all = all.as_str().unwrap();
    assert!(all.starts_with(
        "== Control ==\ngetopenrpcinfo ( show_hidden )\ngetrpcinfo\nhelp ( \"command\" )\n\
         rpc.discover\nstop\nuptime\n\n== Sales ==\n"
    ));
    let one = call(&table, "help", &[json!("stop")]).await;
    assert_eq!(
        one,
        "stop\n\nRequest a graceful shutdown of bitq.\n\nResult:\n\
         \"str\"    (string) A string with the content 'bitq stopping'\n"
    );
    let rows = call(&table, "help", &[json!("dump_all_command_conversions")]).await;
    assert!(
        rows.as_array()
            .unwrap()
            .contains(&json!(["stop", 0, "wait", false]))
    );
    assert!(
        rows.as_array()
            .unwrap()
            .contains(&json!(["help", 0, "command", true]))
    );
}

#[tokio::test]
async fn openrpc_describes_arguments_and_results() {
    let (table, _) = server();
    let document = call(&table, "getopenrpcinfo", &[]).await;
    assert_eq!(document["info"]["title"], "bitq JSON-RPC");
    let methods = document["methods"].as_array().unwrap();
    let method = |name: &str| methods.iter().find(|one| one["name"] == name);
    assert!(method("echo").is_none(), "hidden commands are left out");
    assert_eq!(method("stop").unwrap()["params"], json!([]));
    assert_eq!(
        *method("getprice").unwrap(),
        json!({
            "name": "getprice",
            "description": "Returns a price.",
            "params": [
                {"name": "place", "required": true, "schema": {"type": "number"},
                 "description": "Where it lies"},
                {"name": "gross", "required": false,
                 "schema": {"type": "boolean", "default": true},
                 "x-bitcoin-aliases": ["with_tax"], "description": "Tax included"},
            ],
            "result": {"name": "result",
                       "schema": {"type": "number", "x-bitcoin-unit": "amount"}},
            "x-bitcoin-category": "stock",
        })
    );
    let all = call(&table, "getopenrpcinfo", &[json!(true)]).await;
    let hidden = all["methods"].as_array().unwrap().len();
    assert_eq!(hidden, methods.len() + 1);
    assert_eq!(call(&table, "rpc.discover", &[]).await, document);
}
