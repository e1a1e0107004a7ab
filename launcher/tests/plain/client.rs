//! A client that knows Cap'n Proto and nothing of bitq, as other programs are.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;

use capnp::message::{Builder, HeapAllocator, ReaderOptions};
use capnp_rpc::rpc_capnp::{message, payload};
use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::{RpcSystem, twoparty};
use testkit::process::PATIENCE;
use tokio::net::UnixStream;
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

use crate::generated::echo_capnp::echo;
use crate::generated::init_capnp::init;
use crate::generated::proxy_capnp::{thread, thread_map};

/// Runs a test's client on a thread of its own, as `capnp-rpc` demands.
pub(crate) fn run(test: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(PATIENCE * 2, test())
            .await
            .expect("the test takes too long");
    });
}

/// Waits for what must come.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("nothing came")
}

/// A connection, which ends with this value.
pub(crate) struct Plain {
    pub(crate) init: init::Client,
    task: tokio::task::JoinHandle<()>,
}

impl Plain {
    /// Connects without waiting: a full queue of the listener would be an error.
    pub(crate) async fn connect(path: &Path) -> Self {
        Self::speak(UnixStream::connect(path).await.unwrap())
    }

    /// Speaks over a socket that is connected already.
    pub(crate) fn over(stream: StdStream) -> Self {
        stream.set_nonblocking(true).unwrap();
        Self::speak(UnixStream::from_std(stream).unwrap())
    }

    fn speak(stream: UnixStream) -> Self {
        let (reader, writer) = stream.into_split();
        let network = twoparty::VatNetwork::new(
            reader.compat(),
            writer.compat_write(),
            Side::Client,
            ReaderOptions::new(),
        );
        let mut system = RpcSystem::new(Box::new(network), None);
        let init = system.bootstrap(Side::Server);
        let task = tokio::task::spawn_local(async move {
            // It ends with the connection, which the tests end in all sorts of ways.
            let _ = system.await;
        });
        Self { init, task }
    }

    /// An `Echo`, asked for without a thread.
    pub(crate) async fn echo(&self) -> echo::Client {
        self.try_echo().await.unwrap()
    }

    /// The same where the server may have no place.
    pub(crate) async fn try_echo(&self) -> Result<echo::Client, capnp::Error> {
        let answer = soon(self.init.make_echo_request().send().promise).await?;
        answer.get()?.get_result()
    }

    /// The server's thread map.
    pub(crate) async fn thread_map(&self) -> thread_map::Client {
        let answer = soon(self.init.construct_request().send().promise).await;
        answer.unwrap().get().unwrap().get_thread_map().unwrap()
    }

    /// A thread of the server, not waited for.
    pub(crate) fn thread(&self, name: &str) -> thread::Client {
        let map = self.init.construct_request().send();
        let mut request = map.pipeline.get_thread_map().make_thread_request();
        request.get().set_name(name);
        request.send().pipeline.get_result()
    }

    /// Executes a command as Core's `bitcoin-cli` does; gives the reply's text, or the exception's.
    pub(crate) async fn execute(&self, request: &str, uri: &str) -> Result<String, String> {
        let rpc = self.init.make_rpc_request().send().pipeline.get_result();
        let mut call = rpc.execute_rpc_request();
        call.get().set_request(request);
        call.get().set_uri(uri);
        call.get().set_user("somebody");
        let answer = soon(call.send().promise).await;
        let answer = answer.map_err(|error| error.extra)?;
        let text = answer.get().unwrap().get_result().unwrap();
        Ok(text.to_string().unwrap())
    }

    /// Waits until the server has ended the connection.
    pub(crate) async fn ended(&mut self) {
        soon(&mut self.task).await.unwrap();
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Has something said back.
pub(crate) async fn say(echo: &echo::Client, text: &str) -> String {
    let mut request = echo.echo_request();
    request.get().set_echo(text);
    let answer = soon(request.send().promise).await.unwrap();
    let said = answer.get().unwrap().get_result().unwrap();
    said.to_string().unwrap()
}

/// `ok`, or the kind and text of the exception.
pub(crate) fn outcome<T>(result: Result<T, capnp::Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{:?}: {}", error.kind, error.extra),
    }
}

/// Number of the question that [`make_echo`] asks, on whose answer echoes are called.
const ECHO: u32 = 1;

fn append(out: &mut Vec<u8>, fill: impl FnOnce(message::Builder<'_>)) {
    let mut builder = Builder::new(HeapAllocator::new());
    fill(builder.init_root());
    capnp::serialize::write_message(out, &builder).unwrap();
}

/// Appends the first message of every client, question 0.
pub(crate) fn bootstrap(out: &mut Vec<u8>) {
    append(out, |message| message.init_bootstrap().set_question_id(0));
}

fn call(
    out: &mut Vec<u8>,
    (question, target, interface, method): (u32, u32, u64, u16),
    fill: impl FnOnce(payload::Builder<'_>),
) {
    append(out, |message| {
        let mut call = message.init_call();
        call.set_question_id(question);
        call.set_interface_id(interface);
        call.set_method_id(method);
        let mut promised = call.reborrow().init_target().init_promised_answer();
        promised.set_question_id(target);
        if target != 0 {
            promised.init_transform(1).get(0).set_get_pointer_field(0);
        }
        fill(call.init_params());
    });
}

/// Appends `makeEcho` on the bootstrap's answer, question 1.
pub(crate) fn make_echo(out: &mut Vec<u8>) {
    let interface = <init::Client as capnp::traits::HasTypeId>::TYPE_ID;
    call(out, (ECHO, 0, interface, 1), |params| {
        let content = params.get_content();
        content.init_as::<init::make_echo_params::Builder<'_>>();
    });
}

/// Appends `echo` on the answer of [`make_echo`]; questions are numbered from 2.
pub(crate) fn echo(out: &mut Vec<u8>, question: u32, text: &str) {
    let interface = <echo::Client as capnp::traits::HasTypeId>::TYPE_ID;
    call(out, (question, ECHO, interface, 1), |params| {
        let content = params.get_content();
        let mut content = content.init_as::<echo::echo_params::Builder<'_>>();
        content.set_echo(text);
    });
}
