//! The HTTP/1.1 server: one task for each listener and each connection.
//!
//! A caller that `-rpcallowip` does not allow is dropped before a byte is read. A request is authorised before its
//! body is read, and then waits for one of `-rpcthreads` turns; `-rpcworkqueue` bounds how many wait.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::args::Caller;
use crate::auth::Credentials;
use crate::jsonrpc::{self, Reply, Whitelist};
use crate::listen::{self, Subnet};
use crate::table::Table;

mod activity;
mod reply;

use activity::{Activity, Watched};
use reply::{Response, json_reply, plain, queue_full, read_body, refusal, response, unauthorized};

/// Largest request head, in bytes.
const MAX_HEADER_SIZE: usize = 8192;
/// Most header lines in a request.
const MAX_HEADERS: usize = 512;
/// How long a wrong password waits for its answer, against guessing.
const WRONG_PASSWORD_DELAY: Duration = Duration::from_millis(250);

/// Where to listen, whom to hear, and how much at once.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Hosts (addresses or names) and ports, see [`listen::endpoints`].
    pub endpoints: Vec<(String, u16)>,
    /// Who may connect, besides this machine (`-rpcallowip`).
    pub allow: Vec<Subnet>,
    /// How many calls run at once (`-rpcthreads`), at least 1.
    pub threads: usize,
    /// How many calls may wait for a turn (`-rpcworkqueue`), at least 1.
    pub work_queue: usize,
    /// How long a connection may be silent (`-rpcservertimeout`); zero for ever.
    pub timeout: Duration,
    /// How many connections are open at once; more wait to be accepted.
    pub max_connections: usize,
}

impl HttpConfig {
    /// Core's defaults: 16 calls at once, 64 waiting, 30 s.
    pub fn new(endpoints: Vec<(String, u16)>) -> Self {
        Self {
            endpoints,
            allow: Vec::new(),
            threads: 16,
            work_queue: 64,
            timeout: Duration::from_secs(30),
            max_connections: 512,
        }
    }
}

/// None of the addresses could be bound; the log has each one's reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unable to bind any endpoint for RPC server")]
pub struct CannotBind;

/// A request for the REST interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestRequest {
    /// The path and query as sent, from `/rest/` on.
    pub target: String,
    /// The body.
    pub body: Bytes,
}

/// An answer of the REST interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestReply {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// Answers REST requests, on the blocking pool.
pub type RestHook = Arc<dyn Fn(RestRequest) -> RestReply + Send + Sync>;

/// What the server answers with.
pub struct Endpoint<C> {
    /// The commands.
    pub table: Arc<Table<C>>,
    /// Who may call.
    pub credentials: Credentials,
    /// What they may call.
    pub whitelist: Whitelist,
    /// The REST interface, where it is on (`-rest`).
    pub rest: Option<RestHook>,
}

/// Bound listeners that do not accept yet.
pub struct BoundServer {
    config: HttpConfig,
    listeners: Vec<TcpListener>,
}

impl BoundServer {
    /// Binds all endpoints; those that cannot be bound are logged and left out.
    ///
    /// # Errors
    /// Where none could be bound.
    pub async fn bind(config: HttpConfig) -> Result<Self, CannotBind> {
        let mut listeners = Vec::new();
        for (host, port) in &config.endpoints {
            tracing::info!("Binding RPC on address {host} port {port}");
            let mut found = match tokio::net::lookup_host((host.as_str(), *port)).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!("Could not bind RPC on address {host} port {port}: {error}");
                    continue;
                }
            };
            let Some(address) = found.next() else {
                tracing::warn!(
                    "Could not bind RPC on address {host} port {port}: Address lookup failed."
                );
                continue;
            };
            if address.ip().is_unspecified() {
                tracing::warn!(
                    "The RPC server is not safe to expose to untrusted networks such as the public \
                     internet"
                );
            }
            match listen::listen(address) {
                Ok(listener) => listeners.push(listener),
                Err(error) => {
                    tracing::warn!("Binding RPC on address {address} failed: {error}");
                }
            }
        }
        if listeners.is_empty() {
            tracing::error!("Unable to bind any endpoint for RPC server");
            return Err(CannotBind);
        }
        Ok(Self { config, listeners })
    }

    /// The addresses bound, with the ports the system chose where 0 was asked for.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect()
    }

    /// Accepts calls until [`HttpServer::stop`]. Must run inside a tokio runtime.
    pub fn serve<C: Send + Sync + 'static>(self, endpoint: Endpoint<C>) -> HttpServer {
        let addresses = self.addresses();
        let config = self.config;
        tracing::info!(
            "Starting HTTP server with {} worker threads",
            config.threads.max(1)
        );
        let mut allow = Subnet::local();
        allow.extend(config.allow);
        let shared = Arc::new(Shared {
            endpoint,
            allow,
            timeout: config.timeout,
            turns: Arc::new(Semaphore::new(config.threads.max(1))),
            waiting: AtomicUsize::new(0),
            work_queue: config.work_queue.max(1),
            connections: Arc::new(Semaphore::new(config.max_connections.max(1))),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            killed: CancellationToken::new(),
        });
        for listener in self.listeners {
            let task = accept(Arc::clone(&shared), listener);
            shared.tasks.spawn(task);
        }
        HttpServer {
            addresses,
            tasks: shared.tasks.clone(),
            closing: shared.closing.clone(),
            killed: shared.killed.clone(),
        }
    }
}

/// A running server.
pub struct HttpServer {
    addresses: Vec<SocketAddr>,
    tasks: TaskTracker,
    closing: CancellationToken,
    killed: CancellationToken,
}

impl HttpServer {
    /// The addresses it listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Refuses new requests from now on; calls in flight go on. Safe to call twice.
    pub fn interrupt(&self) {
        self.closing.cancel();
    }

    /// Stops accepting, lets calls in flight end for at most `grace`, then closes all connections.
    pub async fn stop(self, grace: Duration) {
        self.closing.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                "Timeout waiting for HTTP clients to disconnect gracefully, continuing shutdown"
            );
        }
        self.killed.cancel();
    }
}

struct Shared<C> {
    endpoint: Endpoint<C>,
    allow: Vec<Subnet>,
    timeout: Duration,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    work_queue: usize,
    connections: Arc<Semaphore>,
    tasks: TaskTracker,
    /// No new connections and requests.
    closing: CancellationToken,
    /// No connections at all.
    killed: CancellationToken,
}

async fn accept<C: Send + Sync + 'static>(shared: Arc<Shared<C>>, listener: TcpListener) {
    loop {
        let next = async {
            let place = Arc::clone(&shared.connections)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = shared.closing.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(target: "http", "Cannot accept a connection: {error}");
                // Without file descriptors the next attempt fails too.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if !shared.allow.iter().any(|subnet| subnet.contains(peer.ip())) {
            tracing::debug!(
                target: "http",
                "HTTP request from {peer} rejected: Client network is not allowed RPC access"
            );
            continue;
        }
        let shared = Arc::clone(&shared);
        let tasks = shared.tasks.clone();
        tasks.spawn(async move {
            connection(shared, stream, peer).await;
            drop(place);
        });
    }
}

/// Serves one connection until either side ends it, or it is silent for too long.
async fn connection<C: Send + Sync + 'static>(
    shared: Arc<Shared<C>>,
    stream: TcpStream,
    peer: SocketAddr,
) {
    // Replies are whole; waiting for more to send only delays them. Failing means a dead socket.
    let _ = stream.set_nodelay(true);
    let activity = Arc::new(Activity::new());
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
    let service = service_fn(|request| {
        let (shared, activity) = (Arc::clone(&shared), Arc::clone(&activity));
        async move { Ok::<_, Infallible>(respond(&shared, &activity, request, peer).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .max_header_size(MAX_HEADER_SIZE)
        .max_headers(MAX_HEADERS)
        .title_case_headers(true)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let mut closing = false;
    loop {
        let deadline = activity.deadline(shared.timeout);
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(target: "http", "HTTP connection of {peer} ended: {error}");
                }
                return;
            }
            () = tokio::time::sleep_until(deadline), if !shared.timeout.is_zero() => {
                if activity.is_idle(shared.timeout) {
                    tracing::debug!(target: "http", "HTTP client idle timeout {peer}");
                    return;
                }
            }
            () = shared.closing.cancelled(), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
            () = shared.killed.cancelled() => return,
        }
    }
}

async fn respond<C: Send + Sync + 'static>(
    shared: &Arc<Shared<C>>,
    activity: &Arc<Activity>,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> Response {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    let method = request.method().clone();
    tracing::debug!(target: "http", "Received a {method} request for {target} from {peer}");
    if shared.closing.is_cancelled() {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "");
    }
    if ![Method::GET, Method::POST, Method::HEAD, Method::PUT].contains(&method) {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "");
    }
    if target == "/" || target.starts_with("/wallet/") {
        return rpc(shared, activity, request, target, peer).await;
    }
    match &shared.endpoint.rest {
        Some(hook) if target.starts_with("/rest/") => {
            rest(shared, activity, request, target, Arc::clone(hook)).await
        }
        _ => refusal(StatusCode::NOT_FOUND, ""),
    }
}

async fn rpc<C: Send + Sync + 'static>(
    shared: &Arc<Shared<C>>,
    activity: &Arc<Activity>,
    request: hyper::Request<Incoming>,
    uri: String,
    peer: SocketAddr,
) -> Response {
    if request.method() != Method::POST {
        let text = "JSONRPC server handles only POST requests";
        return plain(StatusCode::METHOD_NOT_ALLOWED, text);
    }
    let Some(header) = request.headers().get(AUTHORIZATION) else {
        return unauthorized();
    };
    let Some(user) = shared.endpoint.credentials.user_of(header.as_bytes()) else {
        tracing::warn!("ThreadRPCServer incorrect password attempt from {peer}");
        let _busy = activity.busy();
        tokio::time::sleep(WRONG_PASSWORD_DELAY).await;
        return unauthorized();
    };
    let body = match read_body(request.into_body()).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let busy = activity.busy();
    let Some(turn) = take_turn(shared).await else {
        return queue_full();
    };
    let caller = Caller {
        user,
        uri,
        peer: peer.to_string(),
    };
    // A task of its own: when the client leaves, the call still holds its turn until it ends.
    let gone = CancellationToken::new();
    let leaves = gone.clone().drop_guard();
    let call = {
        let shared = Arc::clone(shared);
        async move {
            let endpoint = &shared.endpoint;
            let done =
                jsonrpc::execute(&endpoint.table, &body, &caller, &endpoint.whitelist, &gone).await;
            drop(turn);
            done.unwrap_or_else(|_| Reply::not_json())
        }
    };
    let done = shared.tasks.spawn(call).await;
    drop((leaves, busy));
    match done {
        Ok(reply) => json_reply(&reply),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn rest<C: Send + Sync + 'static>(
    shared: &Arc<Shared<C>>,
    activity: &Arc<Activity>,
    request: hyper::Request<Incoming>,
    target: String,
    hook: RestHook,
) -> Response {
    let body = match read_body(request.into_body()).await {
        Ok(body) => Bytes::from(body),
        Err(response) => return response,
    };
    let _busy = activity.busy();
    let Some(turn) = take_turn(shared).await else {
        return queue_full();
    };
    let work = move || {
        let reply = hook(RestRequest { target, body });
        drop(turn);
        reply
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(reply) => {
            let status =
                StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response(
                status,
                HeaderValue::from_static(reply.content_type),
                reply.body,
            )
        }
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Waits for one of the turns; `None` where too many wait already.
fn take_turn<C>(shared: &Shared<C>) -> impl Future<Output = Option<OwnedSemaphorePermit>> {
    struct Waiting<'a>(&'a AtomicUsize);
    impl Drop for Waiting<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    async {
        if let Ok(turn) = Arc::clone(&shared.turns).try_acquire_owned() {
            return Some(turn);
        }
        let place = |waiting| (waiting < shared.work_queue).then_some(waiting + 1);
        shared
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, place)
            .ok()?;
        let _waiting = Waiting(&shared.waiting);
        Arc::clone(&shared.turns).acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests;
