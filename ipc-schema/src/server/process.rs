//! The wallet process, as the node sees it.

use std::rc::Rc;
use std::sync::Arc;

use super::{Runner, answer};
use crate::generated::wallet_capnp::wallet_process;
use crate::service::WalletProcessService;
use crate::types::RpcRequest;
use crate::wire;

/// Serves `WalletProcess`.
pub(crate) struct WalletProcessObject {
    runner: Runner,
    service: Arc<dyn WalletProcessService>,
}

impl WalletProcessObject {
    pub(crate) fn client(
        runner: Runner,
        service: Arc<dyn WalletProcessService>,
    ) -> wallet_process::Client {
        capnp_rpc::new_client(Self { runner, service })
    }
}

impl wallet_process::Server for WalletProcessObject {
    async fn commands(
        self: Rc<Self>,
        _: wallet_process::CommandsParams,
        mut results: wallet_process::CommandsResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.runner.wait(self.service.commands()).await;
        answer!(results, outcome, |b, table| b.set_table(table.as_str()))
    }

    async fn execute_rpc(
        self: Rc<Self>,
        params: wallet_process::ExecuteRpcParams,
        mut results: wallet_process::ExecuteRpcResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let user = if params.get_has_user() {
            Some(params.get_user()?.to_string()?)
        } else {
            None
        };
        let request = RpcRequest {
            request: params.get_request()?.to_string()?,
            uri: params.get_uri()?.to_string()?,
            user,
        };
        let outcome = self.runner.finish(self.service.execute(request)).await;
        let outcome = outcome.and_then(wire::sendable);
        answer!(results, outcome, |b, reply| b.set_reply(reply.as_str()))
    }

    async fn wallets(
        self: Rc<Self>,
        _: wallet_process::WalletsParams,
        mut results: wallet_process::WalletsResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.runner.wait(self.service.wallets()).await;
        answer!(results, outcome, |b, wallets| wire::put_list(
            b.init_wallets(wire::length(&wallets)),
            &wallets
        ))
    }

    async fn introduce(
        self: Rc<Self>,
        _: wallet_process::IntroduceParams,
        mut results: wallet_process::IntroduceResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.runner.wait(self.service.introduce()).await;
        answer!(results, outcome, |b, way| {
            b.set_path(way.path.as_str());
            b.set_token(way.token.expose());
        })
    }

    async fn stop(
        self: Rc<Self>,
        _: wallet_process::StopParams,
        mut results: wallet_process::StopResults,
    ) -> Result<(), capnp::Error> {
        answer!(results, self.runner.finish(self.service.stop()).await)
    }
}
