//! What the serving side keeps for one connection: rights, workers, and the calls on them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use capnp_rpc::CapabilityServerSet;
use tokio::sync::watch;

use crate::generated::proxy_capnp::{context, thread};
use crate::log::{debug_line, info_line};
use crate::network::Link;
use crate::server::{Runner, ThreadObject};
use crate::service::{ServiceSet, Services};
use crate::types::{Fault, FaultCode, Identity, Role};
use crate::worker::{Turn, Worker};

/// How a connection came to us, which decides what it may do beside its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From the parent that spawned us, or from a part of this process.
    Parent,
    /// Over a socket for everybody the listener admits.
    Listener,
    /// Over the wallet's own socket, which asks for a token.
    WalletSocket,
}

/// What a method asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Reading the node.
    View,
    /// Everything.
    Full,
    /// Core's `Mining`.
    Mining,
    /// Core's `Rpc`.
    Rpc,
}

/// One connection, as its server sees it.
pub(crate) struct Session {
    pub(crate) services: Services,
    pub(crate) runner: Runner,
    pub(crate) role: Role,
    pub(crate) origin: Origin,
    /// Names the connection in both sides' logs.
    pub(crate) id: String,
    pub(crate) link: Rc<Link>,
    /// The other side, once it has said hello.
    pub(crate) peer: RefCell<Option<Identity>>,
    pub(crate) closed: watch::Receiver<Option<String>>,
    threads: RefCell<CapabilityServerSet<ThreadObject, thread::Client>>,
    workers: Cell<u32>,
    default_worker: Rc<Worker>,
    pool: RefCell<Option<Vec<Rc<Worker>>>>,
    /// Keeps calls in the order in which they came while their thread is only promised.
    arrivals: Rc<Worker>,
}

impl Session {
    pub(crate) fn new(
        services: Services,
        runner: Runner,
        role: Role,
        origin: Origin,
        link: Rc<Link>,
        closed: watch::Receiver<Option<String>>,
    ) -> Rc<Self> {
        let id = format!("{}-{}", std::process::id(), crate::log::next_connection());
        Rc::new(Self {
            services,
            runner,
            role,
            origin,
            id,
            link,
            peer: RefCell::new(None),
            closed,
            threads: RefCell::new(CapabilityServerSet::new()),
            workers: Cell::new(0),
            default_worker: Worker::new(format!("{} (default)", crate::log::here())),
            pool: RefCell::new(None),
            arrivals: Worker::new(String::new()),
        })
    }

    /// What the program offers now, if it is not stopping.
    pub(crate) fn offered(&self) -> Result<ServiceSet, Fault> {
        let set = self.services.now();
        if set.stopping {
            return Err(Fault::new(
                FaultCode::ShuttingDown,
                "The program is stopping.",
            ));
        }
        Ok(set)
    }

    /// Whether the role includes `right`.
    pub(crate) fn require(&self, right: Right) -> Result<(), Fault> {
        let granted = self.origin != Origin::WalletSocket
            && match &self.role {
                Role::Full => true,
                Role::Mining => right == Right::Mining,
                Role::Read => right == Right::View,
                Role::Rpc(_) => right == Right::Rpc,
            };
        if granted {
            Ok(())
        } else {
            Err(Fault::new(
                FaultCode::Denied,
                "This socket does not give the right to do that.",
            ))
        }
    }

    /// Whether the other side has greeted and fits.
    pub(crate) fn require_hello(&self) -> Result<(), Fault> {
        if self.peer.borrow().is_some() {
            Ok(())
        } else {
            Err(Fault::new(
                FaultCode::NotReady,
                "The first call must be hello.",
            ))
        }
    }

    /// Waits until the program begins to stop.
    pub(crate) async fn stopping(&self) {
        let mut watch = self.services.watch();
        // An error means that the services are gone, which is a stop too.
        let _ = watch.wait_for(|set| set.stopping).await;
    }

    /// Makes a worker for the client's thread `name`.
    pub(crate) fn make_thread(&self, name: &str) -> Result<thread::Client, capnp::Error> {
        self.count_workers(1)?;
        let worker = Worker::new(format!(
            "{} (from {})",
            crate::log::here(),
            crate::log::printable(name)
        ));
        let mut threads = self.threads.borrow_mut();
        threads.gc();
        Ok(threads.new_client(ThreadObject { worker }))
    }

    /// Makes the connection's pool.
    pub(crate) fn make_pool(&self, count: u32) -> Result<(), capnp::Error> {
        if self.pool.borrow().is_some() {
            return Err(exception(
                "makePool called on connection with existing pool",
            ));
        }
        if count == 0 {
            return Err(exception("makePool needs at least one worker"));
        }
        self.count_workers(count)?;
        let worker = |n| Worker::new(format!("{} (pool {n})", crate::log::here()));
        *self.pool.borrow_mut() = Some((0..count).map(worker).collect());
        Ok(())
    }

    fn count_workers(&self, more: u32) -> Result<(), capnp::Error> {
        self.threads.borrow_mut().gc();
        let total = self.workers.get().saturating_add(more);
        let limit = self.link.limits().workers;
        if total > limit {
            return Err(exception(&format!(
                "no more than {limit} workers for one connection"
            )));
        }
        self.workers.set(total);
        Ok(())
    }

    /// Takes a call with a `Context` to its worker and waits for its turn there.
    ///
    /// Up to the first wait this runs in the order in which calls came.
    pub(crate) async fn call(
        &self,
        method: &'static str,
        context: capnp::Result<context::Reader<'_>>,
        data: impl FnOnce() -> String,
    ) -> Result<Call, capnp::Error> {
        let mut call = Call {
            number: crate::log::next_request(),
            method,
            turn: None,
            stage: Cell::new(Stage::Waiting),
            link: Rc::clone(&self.link),
        };
        debug_line!("IPC server recv request  #{} {method}$Params", call.number);
        crate::log::trace_line!("request data: {}", data());
        let context = context?;
        let mut turn = if context.has_thread() {
            self.enter_thread(context.get_thread()?).await?
        } else {
            self.any_worker().enter()
        };
        debug_line!(
            "IPC server post request  #{} {{{}}}",
            call.number,
            turn.worker().name()
        );
        turn.reached().await;
        call.turn = Some(turn);
        call.stage.set(Stage::Executing);
        call.link.begin_call();
        debug_line!("IPC server executing request #{}", call.number);
        Ok(call)
    }

    /// The worker of calls that name none: the least busy of the pool.
    fn any_worker(&self) -> Rc<Worker> {
        let pool = self.pool.borrow();
        let least = pool.iter().flatten().min_by_key(|worker| worker.load());
        Rc::clone(least.unwrap_or(&self.default_worker))
    }

    async fn enter_thread(&self, thread: thread::Client) -> Result<Turn, capnp::Error> {
        let invalid = || exception("invalid thread handle");
        if self.arrivals.load() == 0 {
            let known = self.threads.borrow().get_local_server_of_resolved(&thread);
            if let Some(known) = known {
                return Ok(known.worker.enter());
            }
        }
        let mut arrival = self.arrivals.enter();
        arrival.reached().await;
        let resolved = capnp::capability::get_resolved_cap(thread).await;
        let known = self
            .threads
            .borrow()
            .get_local_server_of_resolved(&resolved);
        Ok(known.ok_or_else(invalid)?.worker.enter())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Executing,
    Answered,
}

/// A call that runs on its worker until it is dropped.
pub(crate) struct Call {
    number: u64,
    method: &'static str,
    turn: Option<Turn>,
    stage: Cell<Stage>,
    link: Rc<Link>,
}

impl Call {
    /// Notes that the answer is complete.
    pub(crate) fn answered(&self, data: impl FnOnce() -> String) {
        self.stage.set(Stage::Answered);
        debug_line!(
            "IPC server send response #{} {}$Results",
            self.number,
            self.method
        );
        crate::log::trace_line!("response data: {}", data());
    }

    /// Makes `fault` the exception that answers this call.
    pub(crate) fn failed(&self, fault: &Fault) -> capnp::Error {
        self.stage.set(Stage::Answered);
        info_line!(
            "IPC server error request #{} {}",
            self.number,
            fault.message
        );
        exception(&fault.message)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        match self.stage.get() {
            Stage::Answered => {}
            Stage::Executing => {
                info_line!(
                    "IPC server request #{} canceled while executing.",
                    self.number
                );
            }
            Stage::Waiting => {
                info_line!(
                    "IPC server request #{} canceled before it could be executed",
                    self.number
                );
            }
        }
        if self.turn.take().is_some() {
            self.link.end_call();
        }
    }
}

/// An application error in the form that Core's clients compare.
pub(crate) fn exception(message: &str) -> capnp::Error {
    capnp::Error::failed(format!("std::exception: {message}"))
}
