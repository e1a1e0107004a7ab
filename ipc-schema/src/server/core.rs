//! Core's small interfaces: threads, echo, RPC.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use crate::generated::echo_capnp::echo;
use crate::generated::proxy_capnp::{thread, thread_map};
use crate::generated::rpc_capnp::rpc;
use crate::log::{debug_line, printable, rpc_is_public};
use crate::service::RpcExecutor;
use crate::session::{Counted, Held, Session, exception};
use crate::types::{Fault, Role, RpcRequest};
use crate::worker::Worker;

/// A worker, as the client holds it.
pub(crate) struct ThreadObject {
    pub(crate) worker: Rc<Worker>,
    pub(crate) _counted: Counted,
}

impl thread::Server for ThreadObject {
    async fn get_name(
        self: Rc<Self>,
        _: thread::GetNameParams,
        mut results: thread::GetNameResults,
    ) -> Result<(), capnp::Error> {
        results.get().set_result(self.worker.name());
        Ok(())
    }
}

/// Makes workers.
pub(super) struct ThreadMapObject {
    session: Rc<Session>,
    _held: Held,
}

impl ThreadMapObject {
    pub(super) fn client(session: &Rc<Session>) -> capnp::Result<thread_map::Client> {
        Ok(capnp_rpc::new_client(Self {
            session: Rc::clone(session),
            _held: session.hold("ThreadMap")?,
        }))
    }
}

impl thread_map::Server for ThreadMapObject {
    async fn make_thread(
        self: Rc<Self>,
        params: thread_map::MakeThreadParams,
        mut results: thread_map::MakeThreadResults,
    ) -> Result<(), capnp::Error> {
        let name = params.get()?.get_name()?.to_string()?;
        results.get().set_result(self.session.make_thread(&name)?);
        Ok(())
    }

    async fn make_pool(
        self: Rc<Self>,
        params: thread_map::MakePoolParams,
        _: thread_map::MakePoolResults,
    ) -> Result<(), capnp::Error> {
        self.session.make_pool(params.get()?.get_count())
    }
}

/// Core's `Echo`.
pub(super) struct EchoObject {
    session: Rc<Session>,
    destroyed: Cell<bool>,
    _held: Held,
}

impl EchoObject {
    pub(super) fn client(session: &Rc<Session>) -> capnp::Result<echo::Client> {
        Ok(capnp_rpc::new_client(Self {
            session: Rc::clone(session),
            destroyed: Cell::new(false),
            _held: session.hold("Echo")?,
        }))
    }
}

impl echo::Server for EchoObject {
    async fn destroy(
        self: Rc<Self>,
        params: echo::DestroyParams,
        _: echo::DestroyResults,
    ) -> Result<(), capnp::Error> {
        let context = params.get()?.get_context();
        let call = self
            .session
            .call("Echo.destroy", context, String::new)
            .await?;
        self.destroyed.set(true);
        debug_line!("IPC server destroy Echo");
        call.answered(String::new);
        Ok(())
    }

    async fn echo(
        self: Rc<Self>,
        params: echo::EchoParams,
        mut results: echo::EchoResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let data = || printable(&format!("{params:?}"));
        let call = self
            .session
            .call("Echo.echo", params.get_context(), data)
            .await?;
        if self.destroyed.get() {
            return Err(call.failed(&Fault::failed("Echo object was destroyed")));
        }
        let text = params.get_echo()?;
        let mut results = results.get();
        results.set_result(text);
        call.answered(|| printable(&format!("{:?}", results.into_reader())));
        Ok(())
    }
}

/// Core's `Rpc`.
pub(super) struct RpcObject {
    session: Rc<Session>,
    executor: Arc<dyn RpcExecutor>,
    _held: Held,
}

impl RpcObject {
    pub(super) fn client(
        session: &Rc<Session>,
        executor: Arc<dyn RpcExecutor>,
    ) -> capnp::Result<rpc::Client> {
        Ok(capnp_rpc::new_client(Self {
            session: Rc::clone(session),
            executor,
            _held: session.hold("Rpc")?,
        }))
    }
}

impl rpc::Server for RpcObject {
    async fn execute_rpc(
        self: Rc<Self>,
        params: rpc::ExecuteRpcParams,
        mut results: rpc::ExecuteRpcResults,
    ) -> Result<(), capnp::Error> {
        let (request, public) = {
            let params = params.get()?;
            let text = params.get_request()?.to_string()?;
            // The client's own idea of its user counts for nothing; the socket decides.
            let user = match self.session.role() {
                Role::Rpc(user) => Some(user),
                _ => None,
            };
            let public = rpc_is_public(&text);
            (
                RpcRequest {
                    request: text,
                    uri: params.get_uri()?.to_string()?,
                    user,
                },
                public,
            )
        };
        let shown = |text: &str| {
            if public {
                printable(text)
            } else {
                "(...)".to_owned()
            }
        };
        let context = params.get()?.get_context();
        let data = || shown(&request.request);
        let call = self.session.call("Rpc.executeRpc", context, data).await?;
        let work = self.executor.execute(request);
        let outcome = self.session.runner.finish(work).await;
        match outcome.and_then(crate::wire::sendable) {
            Ok(reply) => {
                results.get().set_result(reply.as_str());
                call.answered(|| shown(&reply));
                Ok(())
            }
            Err(fault) => Err(call.failed(&fault)),
        }
    }
}

/// What a retired ordinal answers.
pub(super) fn retired(what: &str) -> capnp::Error {
    exception(&format!(
        "Old {what} not supported. Please update your client!"
    ))
}
