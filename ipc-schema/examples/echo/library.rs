//! `capnp-rpc` with its own network over tokio's stream: no rights, limits, workers or logs.

use std::process::Child;
use std::rc::Rc;
use std::time::Instant;

use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::{RpcSystem, twoparty};
use tokio::net::UnixStream;
use tokio::task::LocalSet;
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

use crate::generated::echo_capnp::echo;
use crate::{Outcome, TEXT, bare};

struct Server;

impl echo::Server for Server {
    async fn echo(
        self: Rc<Self>,
        params: echo::EchoParams,
        mut results: echo::EchoResults,
    ) -> Result<(), capnp::Error> {
        results.get().set_result(params.get()?.get_echo()?);
        Ok(())
    }
}

fn system(
    socket: std::os::unix::net::UnixStream,
    side: Side,
    offered: Option<capnp::capability::Client>,
) -> Outcome<RpcSystem<Side>> {
    socket.set_nonblocking(true)?;
    let (reader, writer) = UnixStream::from_std(socket)?.into_split();
    let network = twoparty::VatNetwork::new(
        reader.compat(),
        writer.compat_write(),
        side,
        capnp::message::ReaderOptions::new(),
    );
    Ok(RpcSystem::new(Box::new(network), offered))
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    Ok(builder.enable_all().build()?)
}

/// Serves an echo until the end.
pub(crate) fn answer() -> Outcome {
    let socket = bare::given()?;
    let client: echo::Client = capnp_rpc::new_client(Server);
    LocalSet::new().block_on(&runtime()?, async {
        Ok(system(socket, Side::Server, Some(client.client))?.await?)
    })
}

/// The side that asks.
pub(crate) struct Caller {
    runtime: tokio::runtime::Runtime,
    tasks: LocalSet,
    client: echo::Client,
    child: Child,
}

impl Caller {
    pub(crate) fn start() -> Outcome<Self> {
        let (socket, child) = bare::spawn("library")?;
        let (runtime, tasks) = (runtime()?, LocalSet::new());
        let client = tasks.block_on(&runtime, async {
            let mut system = system(socket, Side::Client, None)?;
            let client = system.bootstrap(Side::Server);
            tokio::task::spawn_local(system);
            Outcome::Ok(client)
        })?;
        Ok(Self {
            runtime,
            tasks,
            client,
            child,
        })
    }

    /// The nanoseconds of each call.
    pub(crate) fn round(&mut self, calls: u32) -> Outcome<Vec<u64>> {
        let client = &self.client;
        self.tasks.block_on(&self.runtime, async {
            let mut times = Vec::new();
            for _ in 0..calls {
                let start = Instant::now();
                let mut request = client.echo_request();
                request.get().set_echo(TEXT);
                let answer = request.send().promise.await?;
                let same = answer.get()?.get_result()?.as_bytes() == TEXT.as_bytes();
                times.push(u64::try_from(start.elapsed().as_nanos())?);
                if !same {
                    return Err("the echo differs".into());
                }
            }
            Ok(times)
        })
    }

    pub(crate) fn end(mut self) -> Outcome {
        drop((self.client, self.tasks));
        self.child.wait()?;
        Ok(())
    }
}
