//! The node, as a window sees it.

use std::rc::Rc;
use std::sync::Arc;

use capnp::capability::FromClientHook;

use super::{Runner, Subscribed, answer, feed};
use crate::generated::node_capnp::{node, node_view};
use crate::service::{NodeService, RpcExecutor};
use crate::session::{Held, Session};
use crate::types::{Fault, FaultCode, RpcRequest};
use crate::wire;

/// Serves `Node`, or only `NodeView`.
pub(super) struct NodeObject {
    session: Rc<Session>,
    runner: Runner,
    service: Arc<dyn NodeService>,
    rpc: Option<Arc<dyn RpcExecutor>>,
    _held: Held,
}

/// The same without anything that changes the node: the interface is not there at all.
struct ViewObject(NodeObject);

impl NodeObject {
    pub(super) fn new(
        session: &Rc<Session>,
        service: Arc<dyn NodeService>,
        rpc: Option<Arc<dyn RpcExecutor>>,
        held: Held,
    ) -> Self {
        Self {
            session: Rc::clone(session),
            runner: session.runner.clone(),
            service,
            rpc,
            _held: held,
        }
    }

    /// The whole node, or what may be read of it.
    pub(super) fn client(self, full: bool) -> node_view::Client {
        if full {
            let client: node::Client = capnp_rpc::new_client(self);
            client.cast_to()
        } else {
            capnp_rpc::new_client(ViewObject(self))
        }
    }

    fn subscribe(
        &self,
        params: &node_view::SubscribeParams,
        results: &mut node_view::SubscribeResults,
    ) -> capnp::Result<()> {
        let held = self.session.hold_subscription()?;
        let params = params.get()?;
        let sink = params.get_sink()?;
        let status = params
            .get_status()
            .then(|| feed::status(self.service.status(), sink.clone()));
        let tasks = params
            .get_tasks()
            .then(|| feed::tasks(self.service.tasks(), sink.clone()));
        let log = params
            .get_log()
            .then(|| feed::log(self.service.log(), sink.clone()));
        let all = async move {
            let run = futures::future::join3(
                futures::future::OptionFuture::from(status),
                futures::future::OptionFuture::from(tasks),
                futures::future::OptionFuture::from(log),
            );
            run.await;
        };
        let subscription = Subscribed::start(all, Some(held));
        results.get().set_subscription(subscription);
        Ok(())
    }

    async fn rpc_commands(&self, mut results: node_view::RpcCommandsResults) -> capnp::Result<()> {
        let outcome = self.runner.wait(self.service.rpc_commands()).await;
        answer!(results, outcome, |b, commands| wire::put_list(
            b.init_commands(wire::length(&commands)),
            &commands
        ))
    }

    async fn settings(&self, mut results: node_view::SettingsResults) -> capnp::Result<()> {
        let outcome = self.runner.wait(self.service.settings()).await;
        answer!(results, outcome, |b, settings| wire::put_list(
            b.init_settings(wire::length(&settings)),
            &settings
        ))
    }
}

impl node_view::Server for NodeObject {
    async fn subscribe(
        self: Rc<Self>,
        params: node_view::SubscribeParams,
        mut results: node_view::SubscribeResults,
    ) -> Result<(), capnp::Error> {
        Self::subscribe(&self, &params, &mut results)
    }

    async fn rpc_commands(
        self: Rc<Self>,
        _: node_view::RpcCommandsParams,
        results: node_view::RpcCommandsResults,
    ) -> Result<(), capnp::Error> {
        Self::rpc_commands(&self, results).await
    }

    async fn settings(
        self: Rc<Self>,
        _: node_view::SettingsParams,
        results: node_view::SettingsResults,
    ) -> Result<(), capnp::Error> {
        Self::settings(&self, results).await
    }
}

impl node_view::Server for ViewObject {
    async fn subscribe(
        self: Rc<Self>,
        params: node_view::SubscribeParams,
        mut results: node_view::SubscribeResults,
    ) -> Result<(), capnp::Error> {
        self.0.subscribe(&params, &mut results)
    }

    async fn rpc_commands(
        self: Rc<Self>,
        _: node_view::RpcCommandsParams,
        results: node_view::RpcCommandsResults,
    ) -> Result<(), capnp::Error> {
        self.0.rpc_commands(results).await
    }

    async fn settings(
        self: Rc<Self>,
        _: node_view::SettingsParams,
        results: node_view::SettingsResults,
    ) -> Result<(), capnp::Error> {
        self.0.settings(results).await
    }
}

impl node::Server for NodeObject {
    async fn execute_rpc(
        self: Rc<Self>,
        params: node::ExecuteRpcParams,
        mut results: node::ExecuteRpcResults,
    ) -> Result<(), capnp::Error> {
        let request = RpcRequest {
            request: params.get()?.get_request()?.to_string()?,
            uri: params.get()?.get_uri()?.to_string()?,
            user: None,
        };
        // The console stops waiting when the user cancels; the command itself is not undone.
        let outcome = match &self.rpc {
            Some(rpc) => {
                let reply = self.runner.finish(rpc.execute(request)).await;
                reply.and_then(wire::sendable)
            }
            None => Err(Fault::new(
                FaultCode::NotReady,
                "The node takes no commands yet.",
            )),
        };
        answer!(results, outcome, |b, reply| b.set_reply(reply.as_str()))
    }

    async fn set_setting(
        self: Rc<Self>,
        params: node::SetSettingParams,
        mut results: node::SetSettingResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let name = params.get_name()?.to_string()?;
        let value = if params.get_remove() {
            None
        } else {
            Some(params.get_value()?.to_string()?)
        };
        let outcome = self
            .runner
            .finish(self.service.set_setting(name, value))
            .await;
        answer!(results, outcome, |b, reply| b
            .set_needs_restart(reply.needs_restart))
    }

    async fn stop(
        self: Rc<Self>,
        _: node::StopParams,
        mut results: node::StopResults,
    ) -> Result<(), capnp::Error> {
        answer!(results, self.runner.finish(self.service.stop()).await)
    }

    async fn detach(
        self: Rc<Self>,
        _: node::DetachParams,
        mut results: node::DetachResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.runner.finish(self.service.detach()).await;
        answer!(results, outcome, |b, path| b.set_path(path.as_str()))
    }

    async fn set_network_active(
        self: Rc<Self>,
        params: node::SetNetworkActiveParams,
        mut results: node::SetNetworkActiveResults,
    ) -> Result<(), capnp::Error> {
        let work = self.service.set_network_active(params.get()?.get_active());
        answer!(results, self.runner.finish(work).await)
    }

    async fn cancel_task(
        self: Rc<Self>,
        params: node::CancelTaskParams,
        mut results: node::CancelTaskResults,
    ) -> Result<(), capnp::Error> {
        let work = self.service.cancel_task(params.get()?.get_id());
        answer!(results, self.runner.finish(work).await)
    }

    async fn restart_wallet(
        self: Rc<Self>,
        _: node::RestartWalletParams,
        mut results: node::RestartWalletResults,
    ) -> Result<(), capnp::Error> {
        answer!(
            results,
            self.runner.finish(self.service.restart_wallet()).await
        )
    }

    async fn introduce_wallet(
        self: Rc<Self>,
        _: node::IntroduceWalletParams,
        mut results: node::IntroduceWalletResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.runner.wait(self.service.introduce_wallet()).await;
        answer!(results, outcome, |b, way| {
            b.set_path(way.path.as_str());
            b.set_token(way.token.expose());
        })
    }
}
