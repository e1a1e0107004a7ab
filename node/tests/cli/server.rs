//! A server for the client to talk to, and the client as a program.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ipc_schema::service::{Reply, RpcExecutor};
use ipc_schema::{Fault, RpcRequest};
use rpc::auth::Credentials;
use rpc::http::{BoundServer, Endpoint, HttpConfig, HttpServer};
use rpc::jsonrpc::{self, Whitelist};
use rpc::{
    Arg, Args, Caller, Command as RpcCommand, CommandSpec, RpcError, Table, TableConfig, amount,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// A data directory with a configuration, and a server that answers there.
pub(crate) struct Node {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) port: u16,
    pub(crate) table: Arc<Table<()>>,
    pub(crate) server: Option<HttpServer>,
    pub(crate) runtime: Runtime,
}

fn fixed(name: &'static str, answer: Value) -> RpcCommand<()> {
    CommandSpec::new("test", name, "").run(move |(), _| Ok(answer.clone()))
}

fn wallet_of(args: &Args) -> Result<String, RpcError> {
    match args.caller().wallet_name() {
        Some(name) if ["one", "t wo"].contains(&name.as_str()) => Ok(name),
        Some(_) => Err(RpcError::new(
            -18,
            "Requested wallet does not exist or is not loaded",
        )),
        None => Err(RpcError::new(
            -19,
            "Multiple wallets are loaded. Please select one.",
        )),
    }
}

fn commands() -> Vec<RpcCommand<()>> {
    let mut echo = CommandSpec::new("hidden", "echo", "");
    let mut echojson = CommandSpec::new("hidden", "echojson", "");
    for name in ["arg0", "arg1", "arg2", "arg3"] {
        echo = echo.arg(Arg::str(name, "").optional().any_type());
        echojson = echojson.arg(Arg::str(name, "").optional().any_type());
    }
    let handler =
        |(): &(), args: &Args| Ok(args.values().iter().take(args.len()).cloned().collect());
    vec![
        echo.run(handler),
        echojson.run(handler),
        fixed("getblockcount", json!(199)),
        fixed("getnothing", json!(null)),
        fixed("gettext", json!("two\nlines")),
        fixed(
            "getnetworkinfo",
            json!({
                "version": 310000, "protocolversion": 70016, "subversion": "/x/", "timeoffset": 0,
                "connections": 0, "connections_in": 0, "connections_out": 0, "networks": [],
                "localservicesnames": ["NETWORK"], "localaddresses": [], "warnings": [],
            }),
        ),
        fixed(
            "getblockchaininfo",
            json!({"chain": "regtest", "blocks": 199, "headers": 199, "verificationprogress": 1}),
        ),
        fixed("getpeerinfo", json!([])),
        fixed(
            "getaddrmaninfo",
            json!({"ipv4": {"total": 2, "new": 1}, "all_networks": {"total": 3}}),
        ),
        fixed("listwallets", json!(["one", "t wo"])),
        CommandSpec::new("wallet", "getwalletinfo", "")
            .run(|(), args| wallet_of(args).map(|name| json!({"walletname": name}))),
        CommandSpec::new("wallet", "getbalances", "").run(|(), args| {
            let name = wallet_of(args)?;
            let units = i64::try_from(name.len()).expect("the test's surroundings");
            Ok(json!({"mine": {"trusted": amount(units)}}))
        }),
        CommandSpec::new("wallet", "getnewaddress", "")
            .run(|(), args| wallet_of(args).map(|name| json!(format!("address of {name}")))),
        CommandSpec::new("mining", "generatetoaddress", "")
            .arg(Arg::num("nblocks", ""))
            .arg(Arg::str("address", ""))
            .arg(Arg::num("maxtries", "").default(1_000_000))
            .run(|(), args| {
                Ok(json!([format!(
                    "{} to {}",
                    args.int::<u32>("nblocks")?,
                    args.str("address")?
                )]))
            }),
        CommandSpec::new("wallet", "walletpassphrase", "")
            .arg(Arg::str("passphrase", ""))
            .arg(Arg::num("timeout", ""))
            .run(|(), args| {
                Ok(json!([
                    args.str("passphrase")?,
                    args.int::<u32>("timeout")?
                ]))
            }),
    ]
}

impl Node {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().expect("the test's surroundings");
        let table = Table::new((), TableConfig::new("x", 1));
        table.add("test", commands());
        table.finish_warmup();
        let mut credentials = Credentials::default();
        credentials
            .add_password("__cookie__", "secret")
            .expect("the test's surroundings");
        credentials
            .add_password("user", "pass")
            .expect("the test's surroundings");
        let endpoint = Endpoint {
            table: Arc::clone(&table),
            credentials,
            whitelist: Whitelist::default(),
            rest: None,
        };
        let config = HttpConfig::new(vec![("127.0.0.1".into(), 0)]);
        let server = runtime.block_on(async {
            BoundServer::bind(config)
                .await
                .expect("the test's surroundings")
                .serve(endpoint)
        });
        let port = server.addresses()[0].port();
        let dir = tempfile::tempdir().expect("the test's surroundings");
        let conf = format!("regtest=1\n[regtest]\nrpcport={port}\n");
        std::fs::write(dir.path().join("bitcoin.conf"), conf).expect("the test's surroundings");
        std::fs::create_dir(dir.path().join("regtest")).expect("the test's surroundings");
        std::fs::write(dir.path().join("regtest/.cookie"), "__cookie__:secret")
            .expect("the test's surroundings");
        Self {
            dir,
            port,
            table,
            server: Some(server),
            runtime,
        }
    }

    pub(crate) fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop(Duration::from_secs(20)));
        }
    }

    pub(crate) fn cli(&self, args: &[&str]) -> Output {
        self.cli_with_input(args, "")
    }

    pub(crate) fn cli_with_input(&self, args: &[&str], input: &str) -> Output {
        run(self.dir.path(), args, input)
    }

    /// Expects success with this output, in which `PORT` stands for the server's.
    pub(crate) fn check(&self, args: &[&str], expected: &str) {
        let output = self.cli(args);
        assert_eq!(
            shown(&output),
            (0, expected.to_owned(), String::new()),
            "{args:?}"
        );
    }

    /// Expects a failure with this code and a text that begins so.
    pub(crate) fn check_error(&self, args: &[&str], code: i32, expected: &str) {
        let (found, out, err) = shown(&self.cli(args));
        let expected = expected.replace("PORT", &self.port.to_string());
        assert_eq!((found, out.as_str()), (code, ""), "{args:?}: {err}");
        assert!(err.starts_with(&expected), "{args:?}: {err}");
    }
}

fn run(dir: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bitq-cli"))
        .arg("-coin=bitcoin")
        .arg(format!("-datadir={}", dir.display()))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the test's surroundings");
    child
        .stdin
        .take()
        .expect("the test's surroundings")
        .write_all(input.as_bytes())
        .expect("the test's surroundings");
    child.wait_with_output().expect("the test's surroundings")
}

pub(crate) fn shown(output: &Output) -> (i32, String, String) {
    (
        output.status.code().expect("the test's surroundings"),
        String::from_utf8(output.stdout.clone()).expect("the test's surroundings"),
        String::from_utf8(output.stderr.clone()).expect("the test's surroundings"),
    )
}

/// Executes requests that come through the socket.
pub(crate) struct Executor(pub(crate) Arc<Table<()>>);

impl RpcExecutor for Executor {
    fn execute(&self, request: RpcRequest) -> Reply<String> {
        let table = Arc::clone(&self.0);
        Box::pin(async move {
            let caller = Caller {
                uri: request.uri,
                ..Caller::default()
            };
            let whitelist = Whitelist::default();
            let gone = CancellationToken::new();
            let text = request.request.as_bytes();
            let done = jsonrpc::execute(&table, text, &caller, &whitelist, &gone).await;
            done.map(|reply| reply.text())
                .map_err(|_| Fault::invalid_json())
        })
    }
}
