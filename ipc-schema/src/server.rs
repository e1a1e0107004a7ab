//! The objects that serve the interfaces; each holds a service and translates.

mod bootstrap;
mod chain;
mod core;
mod feed;
mod mining;
mod node;
mod process;
mod wallet;

pub(crate) use bootstrap::Bootstrap;
pub(crate) use chain::ChainObject;
pub(crate) use core::ThreadObject;
pub(crate) use process::WalletProcessObject;

use std::rc::Rc;

use futures::future::BoxFuture;
use tokio::task::{AbortHandle, JoinHandle};

use crate::session::Held;
use crate::types::Fault;

/// Runs the services' futures on the program's own runtime.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    runtime: tokio::runtime::Handle,
}

/// Ends a task with its owner.
pub(crate) struct Abort<T>(pub(crate) JoinHandle<T>);

impl<T> Drop for Abort<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Runner {
    pub(crate) const fn new(runtime: tokio::runtime::Handle) -> Self {
        Self { runtime }
    }

    /// Runs what only reads or waits: it ends when the caller leaves.
    pub(crate) async fn wait<T: Send + 'static>(
        &self,
        work: BoxFuture<'static, Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let mut task = Abort(self.runtime.spawn(work));
        (&mut task.0)
            .await
            .unwrap_or_else(|error| Err(broken(&error)))
    }

    /// Runs what changes something: it goes on when the caller leaves.
    pub(crate) async fn finish<T: Send + 'static>(
        &self,
        work: BoxFuture<'static, Result<T, Fault>>,
    ) -> Result<T, Fault> {
        self.runtime
            .spawn(work)
            .await
            .unwrap_or_else(|error| Err(broken(&error)))
    }

    /// The same for work that cannot refuse.
    pub(crate) async fn complete<T: Send + 'static>(
        &self,
        work: BoxFuture<'static, T>,
    ) -> Result<T, Fault> {
        self.runtime
            .spawn(work)
            .await
            .map_err(|error| broken(&error))
    }
}

/// A service that panicked, or a runtime that is gone.
fn broken(error: &tokio::task::JoinError) -> Fault {
    let text = if error.is_cancelled() {
        "The program is stopping."
    } else {
        "Internal error."
    };
    crate::log::warn_line!("IPC server unhandled exception: {error}");
    Fault::failed(text)
}

/// Writes the outcome of a service call: the value, or the fault.
macro_rules! answer {
    ($results:ident, $outcome:expr) => {
        $crate::server::answer!($results, $outcome, |_b, _value| ())
    };
    ($results:ident, $outcome:expr, |$b:ident, $value:ident| $write:expr) => {{
        let outcome = $outcome;
        #[allow(unused_mut, unused_variables, reason = "some answers hold nothing")]
        let mut $b = $results.get();
        match outcome {
            #[allow(unused_variables, reason = "some answers hold nothing")]
            Ok($value) => $write,
            Err(fault) => $crate::wire::Wire::put(&fault, $b.init_fault()),
        }
        Ok(())
    }};
}
pub(crate) use answer;

/// A subscription of the other side: its task ends with it.
pub(crate) struct Subscribed {
    task: AbortHandle,
    _held: Option<Held>,
}

impl Subscribed {
    /// Starts a feed on the IPC thread.
    pub(crate) fn start(
        feed: impl Future<Output = ()> + 'static,
        held: Option<Held>,
    ) -> crate::generated::types_capnp::subscription::Client {
        let task = tokio::task::spawn_local(feed);
        capnp_rpc::new_client_from_rc(Rc::new(Self {
            task: task.abort_handle(),
            _held: held,
        }))
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl crate::generated::types_capnp::subscription::Server for Subscribed {}
