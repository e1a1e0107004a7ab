//! The wallets in this process, with a connection as a node has it and one as a window has it.

#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;
use std::time::Duration;

use ipc_schema::service::ChainService;
use ipc_schema::{
    Hello, Identity, Ipc, IpcConfig, Limits, OptionLayer, OptionValues, PROTOCOL, Role, RpcRequest,
    SettingSource, StartOptions, WalletClient, WalletProcessClient,
};
use primitives::{ChainParams, Coin, Network};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::node::TestNode;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Running {
    pub(crate) process: WalletProcessClient,
    pub(crate) wallets: WalletClient,
    _connections: [ipc_schema::Connection; 2],
}

fn identity(params: &ChainParams) -> Identity {
    Identity {
        protocol: PROTOCOL,
        program: "bitq-node".into(),
        coin: params.coin.id().into(),
        network: params.network.id().into(),
        genesis: params.genesis.hash,
        ..Identity::default()
    }
}

fn start_options(
    dir: &TempDir,
    params: &ChainParams,
    wallets: &[&str],
    more: &[(&str, &str)],
) -> StartOptions {
    let text = |name: &str, values: &[&str]| OptionValues {
        name: name.into(),
        values: values
            .iter()
            .map(|value| json!(value).to_string())
            .collect(),
    };
    let more = more.iter().map(|(name, value)| text(name, &[value]));
    let layer = OptionLayer {
        source: SettingSource::CommandLine,
        section: String::new(),
        options: [
            text("datadir", &[&dir.path().display().to_string()]),
            text("coin", &[params.coin.id()]),
            text("regtest", &["1"]),
            text("keypool", &["5"]),
            text("unsafesqlitesync", &["1"]),
            text("fallbackfee", &["0.0002"]),
            // Every answer is compared with its document.
            text("rpcdoccheck", &["1"]),
            text("wallet", wallets),
        ]
        .into_iter()
        .chain(more)
        .collect(),
    };
    StartOptions {
        layers: vec![layer],
        config_path: String::new(),
    }
}

pub(crate) async fn start(dir: &TempDir, node: &TestNode, wallets: &[&str]) -> Running {
    start_with(dir, node, wallets, &[]).await
}

/// Starts the wallets in this process and connects as node and as window.
pub(crate) async fn start_with(
    dir: &TempDir,
    node: &TestNode,
    wallets: &[&str],
    more: &[(&str, &str)],
) -> Running {
    let params = node.params();
    let ipc = Ipc::start(IpcConfig {
        program: "test".into(),
        runtime: tokio::runtime::Handle::current(),
        limits: Limits::default(),
    })
    .unwrap();
    let services = wallet::run_in_process(&ipc, true);
    let parent = ipc.pair(&services).await.unwrap();
    let hello = Hello {
        identity: identity(params),
        role: Role::Full,
    };
    parent.hello(hello).await.unwrap();
    let chain: Arc<dyn ChainService> = Arc::new(node.clone());
    let options = start_options(dir, params, wallets, more);
    let process = parent.start_wallet(options, chain).await.unwrap().unwrap();
    let way = process.introduce().await.unwrap();
    let (window, wallets) = ipc.connect_wallet(way, identity(params)).await.unwrap();
    Running {
        process,
        wallets,
        _connections: [parent, window],
    }
}

impl Running {
    pub(crate) async fn try_rpc(
        &self,
        method: &str,
        params: Value,
    ) -> Result<Value, (i64, String)> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = RpcRequest {
            request: request.to_string(),
            uri: "/".into(),
            user: None,
        };
        let answer = tokio::time::timeout(PATIENCE, self.process.execute(request)).await;
        let mut reply: Value = serde_json::from_str(&answer.unwrap().unwrap()).unwrap();
        match reply.get("error") {
            Some(error) if !error.is_null() => {
                let number = error["code"].as_i64().unwrap();
                Err((number, error["message"].as_str().unwrap().to_owned()))
            }
            _ => Ok(reply["result"].take()),
        }
    }

    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let answer = self.try_rpc(method, params).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error:?}"))
    }

    pub(crate) async fn refused(&self, method: &str, params: Value, number: i64, text: &str) {
        let error = self.try_rpc(method, params).await.unwrap_err();
        assert_eq!(error.0, number, "{method}: {}", error.1);
        assert!(error.1.contains(text), "{method}: {}", error.1);
    }

    pub(crate) async fn trusted(&self) -> String {
        self.rpc("getbalances", json!([])).await["mine"]["trusted"].to_string()
    }
}

pub(crate) async fn on(coin: Coin) -> (TempDir, TestNode, Running) {
    let dir = tempfile::tempdir().unwrap();
    let node = TestNode::new(ChainParams::get(coin, Network::Regtest));
    let running = start(&dir, &node, &[]).await;
    (dir, node, running)
}
