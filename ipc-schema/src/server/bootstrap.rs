//! The bootstrap object: Core's `Init` and our own `Bitq` in one.

use std::rc::Rc;

use super::core::{EchoObject, RpcObject, ThreadMapObject, retired};
use super::mining::MiningObject;
use super::node::NodeObject;
use super::wallet::WalletsObject;
use super::{ChainObject, answer};
use crate::client::{ChainClient, WalletProcessClient};
use crate::generated::bitq_capnp::bitq;
use crate::generated::init_capnp::init;
use crate::session::{Origin, Right, Session};
use crate::types::{Fault, FaultCode, Identity, Role, Secret, StartError, StartOptions};
use crate::wire::Wire;

/// What the other side gets first.
pub(crate) struct Bootstrap {
    session: Rc<Session>,
}

impl Bootstrap {
    /// The capability for a connection.
    pub(crate) fn client(session: Rc<Session>) -> capnp::capability::Client {
        let client: bitq::Client = capnp_rpc::new_client(Self { session });
        client.client
    }

    fn greet(&self, theirs: Identity) -> Result<Identity, Fault> {
        let ours = self.session.services.now().identity;
        ours.check(&theirs)?;
        crate::log::debug_line!(
            "hello from {} {} pid {}, session {}",
            theirs.program,
            theirs.build,
            theirs.pid,
            self.session.id
        );
        self.session.peer.replace(Some(theirs));
        // Programs that greet read large answers.
        self.session.link.set_outgoing(crate::types::LARGE_MESSAGE);
        Ok(ours)
    }

    fn node(&self) -> Result<crate::generated::node_capnp::node_view::Client, Fault> {
        self.session.require_hello()?;
        self.session.require(Right::View)?;
        let set = self.session.offered()?;
        let node = set.node.ok_or_else(|| not_offered("node"))?;
        let full = self.session.require(Right::Full).is_ok();
        let held = self.session.hold("Node").map_err(too_many)?;
        let object = NodeObject::new(&self.session, node, set.rpc, held);
        Ok(object.client(full))
    }

    fn chain(&self) -> Result<crate::generated::chain_capnp::chain::Client, Fault> {
        self.session.require_hello()?;
        self.session.require(Right::Full)?;
        let chain = self
            .session
            .offered()?
            .chain
            .ok_or_else(|| not_offered("chain"))?;
        let held = self.session.hold("Chain").map_err(too_many)?;
        let watch = Some((Rc::clone(&self.session), held));
        Ok(ChainObject::client(
            self.session.runner.clone(),
            chain,
            watch,
        ))
    }

    async fn attach(
        &self,
        wallet: crate::generated::wallet_capnp::wallet_process::Client,
    ) -> Result<crate::generated::chain_capnp::chain::Client, Fault> {
        let chain = self.chain()?;
        let node = self
            .session
            .offered()?
            .node
            .ok_or_else(|| not_offered("node"))?;
        let identity = self.session.peer.borrow().clone().unwrap_or_default();
        let client = WalletProcessClient::new(wallet, self.session.closed.clone());
        self.session
            .runner
            .finish(node.attach_wallet(identity, client))
            .await?;
        Ok(chain)
    }

    fn wallets(
        &self,
        token: &Secret,
    ) -> Result<crate::generated::wallet_capnp::wallets::Client, Fault> {
        self.session.require_hello()?;
        if !self.session.services.redeem_token(token) {
            return Err(Fault::new(
                FaultCode::BadToken,
                "The wallet does not know this token: ask the node for a new one.",
            ));
        }
        let wallet = self
            .session
            .offered()?
            .wallet
            .ok_or_else(|| not_offered("wallet"))?;
        let held = self.session.hold("Wallets").map_err(too_many)?;
        Ok(WalletsObject::client(&self.session, wallet, held))
    }

    /// A parent may configure its child, nobody else.
    fn starter(&self) -> Result<std::sync::Arc<dyn crate::service::StartService>, Fault> {
        self.session.require_hello()?;
        if self.session.origin != Origin::Parent {
            return Err(Fault::new(
                FaultCode::Denied,
                "Only the parent may start its child.",
            ));
        }
        self.session
            .offered()?
            .start
            .ok_or_else(|| not_offered("start"))
    }
}

fn not_offered(what: &str) -> Fault {
    Fault::new(
        FaultCode::NotReady,
        format!("This program does not offer its {what} (yet)."),
    )
}

/// The refusal of an object above the budget, where faults are answered.
fn too_many(error: capnp::Error) -> Fault {
    let text = error.extra.strip_prefix("std::exception: ");
    Fault::new(FaultCode::Busy, text.unwrap_or(&error.extra))
}

fn start_error(fault: Fault) -> StartError {
    StartError {
        text: fault.message,
        exit_code: 1,
    }
}

impl init::Server for Bootstrap {
    async fn construct(
        self: Rc<Self>,
        _: init::ConstructParams,
        mut results: init::ConstructResults,
    ) -> Result<(), capnp::Error> {
        let map = ThreadMapObject::client(&self.session)?;
        results.get().set_thread_map(map);
        Ok(())
    }

    async fn make_echo(
        self: Rc<Self>,
        params: init::MakeEchoParams,
        mut results: init::MakeEchoResults,
    ) -> Result<(), capnp::Error> {
        let context = params.get()?.get_context();
        let call = self
            .session
            .call("Init.makeEcho", context, String::new)
            .await?;
        results.get().set_result(EchoObject::client(&self.session)?);
        call.answered(String::new);
        Ok(())
    }

    async fn make_mining_old2(
        self: Rc<Self>,
        _: init::MakeMiningOld2Params,
        _: init::MakeMiningOld2Results,
    ) -> Result<(), capnp::Error> {
        Err(retired("mining interface (@2)"))
    }

    async fn make_mining(
        self: Rc<Self>,
        params: init::MakeMiningParams,
        mut results: init::MakeMiningResults,
    ) -> Result<(), capnp::Error> {
        let context = params.get()?.get_context();
        let call = self
            .session
            .call("Init.makeMining", context, String::new)
            .await?;
        self.session
            .require(Right::Mining)
            .map_err(|fault| call.failed(&fault))?;
        let mut watch = self.session.services.watch();
        let service = match watch
            .wait_for(|set| set.mining.is_some() || set.stopping)
            .await
        {
            Ok(set) if !set.stopping => set.mining.clone(),
            _ => None,
        };
        if let Some(service) = service {
            results
                .get()
                .set_result(MiningObject::client(&self.session, service)?);
        }
        call.answered(String::new);
        Ok(())
    }

    async fn make_rpc(
        self: Rc<Self>,
        params: init::MakeRpcParams,
        mut results: init::MakeRpcResults,
    ) -> Result<(), capnp::Error> {
        let context = params.get()?.get_context();
        let call = self
            .session
            .call("Init.makeRpc", context, String::new)
            .await?;
        self.session
            .require(Right::Rpc)
            .map_err(|fault| call.failed(&fault))?;
        let mut watch = self.session.services.watch();
        let executor = match watch
            .wait_for(|set| set.rpc.is_some() || set.stopping)
            .await
        {
            Ok(set) if !set.stopping => set.rpc.clone(),
            _ => None,
        };
        if let Some(executor) = executor {
            results
                .get()
                .set_result(RpcObject::client(&self.session, executor)?);
        }
        call.answered(String::new);
        Ok(())
    }
}

impl bitq::Server for Bootstrap {
    async fn hello(
        self: Rc<Self>,
        params: bitq::HelloParams,
        mut results: bitq::HelloResults,
    ) -> Result<(), capnp::Error> {
        let theirs = Identity::take(params.get()?.get_identity()?)?;
        let asked = Role::take(params.get()?.get_role()?)?;
        let limits = *self.session.link.limits();
        let outcome = self.greet(theirs);
        let granted = match &outcome {
            Ok(_) => self.session.narrow(asked),
            Err(_) => self.session.role(),
        };
        answer!(results, outcome, |b, ours| {
            ours.put(b.reborrow().init_identity());
            granted.put(b.reborrow().init_role());
            b.set_session(self.session.id.as_str());
            limits.put(b.init_limits());
        })
    }

    async fn start_node(
        self: Rc<Self>,
        params: bitq::StartNodeParams,
        mut results: bitq::StartNodeResults,
    ) -> Result<(), capnp::Error> {
        let options = StartOptions::take(params.get()?.get_options()?)?;
        let outcome = match self.starter() {
            Ok(start) => {
                let work = self.session.runner.complete(start.start_node(options));
                work.await.unwrap_or_else(|fault| Err(start_error(fault)))
            }
            Err(fault) => Err(start_error(fault)),
        };
        if let Err(error) = outcome {
            error.put(results.get().init_error());
        }
        Ok(())
    }

    async fn start_wallet(
        self: Rc<Self>,
        params: bitq::StartWalletParams,
        mut results: bitq::StartWalletResults,
    ) -> Result<(), capnp::Error> {
        let options = StartOptions::take(params.get()?.get_options()?)?;
        let chain = params.get()?.get_chain()?;
        let outcome = match self.starter() {
            Ok(start) => {
                let work = start.start_wallet(options, ChainClient::new(chain));
                let work = self.session.runner.complete(work);
                work.await.unwrap_or_else(|fault| Err(start_error(fault)))
            }
            Err(fault) => Err(start_error(fault)),
        };
        match outcome {
            Ok(service) => {
                let runner = self.session.runner.clone();
                results
                    .get()
                    .set_wallet(super::WalletProcessObject::client(runner, service));
            }
            Err(error) => error.put(results.get().init_error()),
        }
        Ok(())
    }

    async fn node(
        self: Rc<Self>,
        _: bitq::NodeParams,
        mut results: bitq::NodeResults,
    ) -> Result<(), capnp::Error> {
        answer!(results, Self::node(&self), |b, node| b.set_node(node))
    }

    async fn chain(
        self: Rc<Self>,
        _: bitq::ChainParams,
        mut results: bitq::ChainResults,
    ) -> Result<(), capnp::Error> {
        answer!(results, Self::chain(&self), |b, chain| b.set_chain(chain))
    }

    async fn attach_wallet(
        self: Rc<Self>,
        params: bitq::AttachWalletParams,
        mut results: bitq::AttachWalletResults,
    ) -> Result<(), capnp::Error> {
        let wallet = params.get()?.get_wallet()?;
        answer!(results, self.attach(wallet).await, |b, chain| b
            .set_chain(chain))
    }

    async fn wallets(
        self: Rc<Self>,
        params: bitq::WalletsParams,
        mut results: bitq::WalletsResults,
    ) -> Result<(), capnp::Error> {
        let token = Secret::new(params.get()?.get_token()?.to_vec());
        answer!(results, Self::wallets(&self, &token), |b, wallets| b
            .set_wallets(wallets))
    }
}
