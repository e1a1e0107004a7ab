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

/// Objects that one connection may hold at once.
const MAX_OBJECTS: u32 = 10_000;
/// Subscriptions among what it may hold.
const MAX_SUBSCRIPTIONS: u32 = 64;

/// A share of a counter, given back when it is dropped.
pub(crate) struct Counted {
    counter: Rc<Cell<u32>>,
    share: u32,
}

impl Counted {
    /// Takes `share`, if the counter stays within `limit`.
    fn take(counter: &Rc<Cell<u32>>, share: u32, limit: u32) -> Option<Self> {
        let total = counter.get().checked_add(share)?;
        (total <= limit).then(|| {
            counter.set(total);
            let counter = Rc::clone(counter);
            Self { counter, share }
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counter
            .set(self.counter.get().saturating_sub(self.share));
    }
}

/// An object's place among those of its connection; the log tells of its beginning and end.
pub(crate) struct Held {
    name: &'static str,
    _counted: Counted,
}

impl Held {
    fn new(name: &'static str, counted: Counted) -> Self {
        debug_line!("Creating {name}");
        Self {
            name,
            _counted: counted,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        debug_line!("Cleaning up {}", self.name);
        debug_line!("Destroying {}", self.name);
    }
}

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
    /// What the other side may do: what its door gives, or less where it asked for less.
    role: RefCell<Role>,
    pub(crate) origin: Origin,
    /// Names the connection in both sides' logs.
    pub(crate) id: String,
    pub(crate) link: Rc<Link>,
    /// The other side, once it has said hello.
    pub(crate) peer: RefCell<Option<Identity>>,
    pub(crate) closed: watch::Receiver<Option<String>>,
    threads: RefCell<CapabilityServerSet<ThreadObject, thread::Client>>,
    workers: Rc<Cell<u32>>,
    objects: Rc<Cell<u32>>,
    subscriptions: Rc<Cell<u32>>,
    default_worker: Rc<Worker>,
    pool: RefCell<Option<(Vec<Rc<Worker>>, Counted)>>,
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
            role: RefCell::new(role),
            origin,
            id,
            link,
            peer: RefCell::new(None),
            closed,
            threads: RefCell::new(CapabilityServerSet::new()),
            workers: Rc::default(),
            objects: Rc::default(),
            subscriptions: Rc::default(),
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

    /// What the other side may do.
    pub(crate) fn role(&self) -> Role {
        self.role.borrow().clone()
    }

    /// Gives up what `asked` does not include, for the life of the connection; what is left.
    pub(crate) fn narrow(&self, asked: Role) -> Role {
        let mut role = self.role.borrow_mut();
        if *role == Role::Full {
            *role = asked;
        }
        role.clone()
    }

    /// Whether the role includes `right`.
    pub(crate) fn require(&self, right: Right) -> Result<(), Fault> {
        let granted = self.origin != Origin::WalletSocket
            && match &*self.role.borrow() {
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
        let counted = self.count_workers(1)?;
        let worker = Worker::new(format!(
            "{} (from {})",
            crate::log::here(),
            crate::log::printable(name)
        ));
        let thread = ThreadObject {
            worker,
            _counted: counted,
        };
        Ok(self.threads.borrow_mut().new_client(thread))
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
        let counted = self.count_workers(count)?;
        let worker = |n| Worker::new(format!("{} (pool {n})", crate::log::here()));
        let workers = (0..count).map(worker).collect();
        *self.pool.borrow_mut() = Some((workers, counted));
        Ok(())
    }

    /// Counts workers as long as the count is held.
    fn count_workers(&self, more: u32) -> Result<Counted, capnp::Error> {
        self.threads.borrow_mut().gc();
        let limit = self.link.limits().workers;
        Counted::take(&self.workers, more, limit)
            .ok_or_else(|| exception(&format!("no more than {limit} workers for one connection")))
    }

    /// Counts an object that the other side gets, until it has let go of it.
    pub(crate) fn hold(&self, name: &'static str) -> Result<Held, capnp::Error> {
        let counted = Counted::take(&self.objects, 1, MAX_OBJECTS).ok_or_else(|| {
            exception(&format!(
                "no more than {MAX_OBJECTS} objects for one connection"
            ))
        })?;
        Ok(Held::new(name, counted))
    }

    /// Counts a subscription likewise.
    pub(crate) fn hold_subscription(&self) -> Result<Held, capnp::Error> {
        let counted =
            Counted::take(&self.subscriptions, 1, MAX_SUBSCRIPTIONS).ok_or_else(|| {
                exception(&format!(
                    "no more than {MAX_SUBSCRIPTIONS} subscriptions for one connection"
                ))
            })?;
        Ok(Held::new("Subscription", counted))
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
            waits: Cell::new(false),
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
        let workers = pool.iter().flat_map(|(workers, _)| workers);
        let least = workers.min_by_key(|worker| worker.load());
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
    /// Whether it only waits, so that it ends with its caller.
    waits: Cell<bool>,
    link: Rc<Link>,
}

impl Call {
    /// Notes that the call does nothing but wait.
    pub(crate) fn begin_wait(&self) {
        self.waits.set(true);
    }

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
        debug_line!(
            "IPC server request #{} uncaught exception (std::exception: {})",
            self.number,
            fault.message
        );
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
                if self.waits.get() {
                    info_line!("IPC server request #{} interrupted (canceled)", self.number);
                }
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
