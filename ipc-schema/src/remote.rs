//! Handles that may leave the IPC thread: they send it what to do and wait for the answer.

use std::fmt;
use std::str::Utf8Error;

use futures::future::LocalBoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::types::{Fault, FaultCode, IpcError, TOO_LARGE};

/// Calls that wait for the IPC thread before the caller waits too.
const QUEUE: usize = 64;

type Job<C> = Box<dyn FnOnce(C) -> LocalBoxFuture<'static, ()> + Send>;

/// A capability `C` that stays on the IPC thread.
pub(crate) struct Remote<C> {
    jobs: mpsc::Sender<Job<C>>,
}

impl<C> Clone for Remote<C> {
    fn clone(&self) -> Self {
        Self {
            jobs: self.jobs.clone(),
        }
    }
}

impl<C> fmt::Debug for Remote<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}

impl<C: Clone + 'static> Remote<C> {
    /// Takes over a capability. Must be called on the IPC thread.
    pub(crate) fn new(client: C) -> Self {
        let (jobs, mut queue) = mpsc::channel::<Job<C>>(QUEUE);
        tokio::task::spawn_local(async move {
            while let Some(job) = queue.recv().await {
                tokio::task::spawn_local(job(client.clone()));
            }
        });
        Self { jobs }
    }

    /// Runs `call` with the capability on the IPC thread. Dropping the answer cancels the call. Where the other side does
    /// not know what is asked, the error names it by `what`.
    pub(crate) async fn call<T, F, Fut>(&self, what: &str, call: F) -> Result<T, IpcError>
    where
        T: Send + 'static,
        F: FnOnce(C) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, IpcError>> + 'static,
    {
        let (mut answer, answered) = oneshot::channel();
        let job: Job<C> = Box::new(move |client| {
            let work = call(client);
            Box::pin(async move {
                tokio::select! {
                    biased;
                    // Nobody waits where this fails.
                    result = work => drop(answer.send(result)),
                    () = answer.closed() => {}
                }
            })
        });
        self.jobs
            .send(job)
            .await
            .map_err(|_| IpcError::Disconnected)?;
        let result = answered.await.map_err(|_| IpcError::Disconnected)?;
        // The exception itself tells only that some method is not there.
        result.map_err(|error| match error {
            IpcError::Unimplemented(_) => IpcError::Unimplemented(words(what)),
            other => other,
        })
    }
}

/// The name of a request as people read it.
fn words(request: &str) -> String {
    let name = request.strip_suffix("_request").unwrap_or(request);
    name.replace('_', " ")
}

impl From<capnp::Error> for IpcError {
    fn from(error: capnp::Error) -> Self {
        let text = || {
            let text = error.extra.as_str();
            let text = text.strip_prefix("remote exception: ").unwrap_or(text);
            text.strip_prefix("std::exception: ")
                .unwrap_or(text)
                .to_owned()
        };
        if error.extra.contains(TOO_LARGE) {
            return Self::Fault(Fault::new(FaultCode::TooLarge, text()));
        }
        match error.kind {
            capnp::ErrorKind::Disconnected => Self::Disconnected,
            capnp::ErrorKind::Unimplemented => Self::Unimplemented(text()),
            capnp::ErrorKind::Failed | capnp::ErrorKind::Overloaded => Self::Remote(text()),
            _ => Self::Remote(error.to_string()),
        }
    }
}

impl From<Utf8Error> for IpcError {
    fn from(error: Utf8Error) -> Self {
        Self::Remote(format!("the answer holds text that is not UTF-8: {error}"))
    }
}

/// Makes a request of our own interfaces, and its fault an error.
macro_rules! ask {
    ($remote:expr, $request:ident, |$reply:ident| $read:expr) => {
        $crate::remote::ask!($remote, $request, |_params| {}, |$reply| $read)
    };
    ($remote:expr, $request:ident, |$params:ident| $fill:expr, |$reply:ident| $read:expr) => {
        $remote
            .call(stringify!($request), move |client| async move {
                let mut request = client.$request();
                {
                    let $params = &mut request.get();
                    $fill;
                }
                let answer = request.send().promise.await?;
                let $reply = answer.get()?;
                if $reply.has_fault() {
                    let fault =
                        <$crate::types::Fault as $crate::wire::Wire>::take($reply.get_fault()?)?;
                    return Err($crate::types::IpcError::Fault(fault));
                }
                Ok($read)
            })
            .await
    };
}

pub(crate) use ask;
