//! Core's interfaces at a real node's socket, as a plain Cap'n Proto client meets them.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use capnp::capability::FromClientHook as _;
use capnp::message::ReaderOptions;
use capnp_rpc::rpc_capnp::{message, return_};
use serde_json::{Value, json};
use testkit::process::{Node, PATIENCE, Setup};

use crate::client::{self, Plain, outcome, run, say, soon};
use crate::generated::mining_capnp::mining;
use crate::generated::proxy_capnp::{thread, thread_map};
use crate::window::spawn;

fn listening() -> Node {
    Setup::new("bitcoin").arg("-ipcbind=unix").start()
}

/// Runs a test with a connection to a new node.
fn connected(test: impl AsyncFnOnce(&Node, Plain)) {
    let mut node = listening();
    run(async || {
        let client = Plain::connect(&node.file("node.sock")).await;
        test(&node, client).await;
    });
    node.stop();
}

/// A thread and a thread map of the client's own, as C++ clients export them.
struct Own;
impl thread::Server for Own {}
impl thread_map::Server for Own {}

#[test]
fn threads_and_pools_are_made() {
    connected(async |_, client| {
        // Without a pool and without a thread: Core refuses, we serve.
        client.echo().await;
        let map = client.thread_map().await;
        let mut request = map.make_thread_request();
        request.get().set_name("tester");
        let made = soon(request.send().promise).await.unwrap();
        let thread = made.get().unwrap().get_result().unwrap();
        let answer = soon(thread.get_name_request().send().promise)
            .await
            .unwrap();
        let name = answer.get().unwrap().get_result().unwrap();
        let name = name.to_str().unwrap();
        assert!(name.starts_with("bitq-node-"), "{name}");
        assert!(name.ends_with(" (from tester)"), "{name}");
        let mut request = client.init.construct_request();
        request.get().set_thread_map(capnp_rpc::new_client(Own));
        let answer = soon(request.send().promise).await.unwrap();
        assert!(answer.get().unwrap().has_thread_map());

        let pool = async || {
            let mut request = map.make_pool_request();
            request.get().set_count(2);
            outcome(soon(request.send().promise).await)
        };
        assert_eq!(pool().await, "ok");
        client.echo().await;
        assert_eq!(
            pool().await,
            "Failed: remote exception: std::exception: makePool called on connection with existing pool"
        );
        client.echo().await;
    });
}

#[test]
fn wrong_calls_are_exceptions_and_no_more() {
    connected(async |_, client| {
        let old = client.init.make_mining_old2_request().send().promise;
        assert_eq!(
            outcome(soon(old).await),
            "Failed: remote exception: std::exception: Old mining interface (@2) not supported. \
             Please update your client!"
        );
        let wrong: mining::Client = mining::Client::new(client.init.client.hook.add_ref());
        let unknown = outcome(soon(wrong.get_tip_request().send().promise).await);
        assert!(unknown.starts_with("Unimplemented: "), "{unknown}");
        let mut request = client.init.make_echo_request();
        let mut context = request.get().init_context();
        context.set_thread(capnp_rpc::new_client(Own));
        assert_eq!(
            outcome(soon(request.send().promise).await),
            "Failed: remote exception: std::exception: invalid thread handle"
        );
        let echo = client.echo().await;
        soon(echo.destroy_request().send().promise).await.unwrap();
        let dead = outcome(soon(echo.echo_request().send().promise).await);
        assert!(
            dead.starts_with("Failed: remote exception: std::exception: "),
            "{dead}"
        );
        assert_eq!(say(&client.echo().await, "still here").await, "still here");
    });
}

#[test]
fn what_is_sent_in_one_write_is_answered_in_order() {
    let node = listening();
    let mut stream = UnixStream::connect(node.file("node.sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    client::bootstrap(&mut bytes);
    client::make_echo(&mut bytes);
    client::echo(&mut bytes, 2, "all at once");
    stream.write_all(&bytes).unwrap();
    let mut answered = Vec::new();
    while answered.len() < 3 {
        let reader = capnp::serialize::read_message(&mut stream, ReaderOptions::new()).unwrap();
        let root: message::Reader<'_> = reader.get_root().unwrap();
        let message::Return(Ok(answer)) = root.which().unwrap() else {
            continue;
        };
        answered.push(answer.get_answer_id());
        let return_::Results(Ok(results)) = answer.which().unwrap() else {
            panic!("no result for question {}", answer.get_answer_id());
        };
        if answer.get_answer_id() == 2 {
            let said: crate::generated::echo_capnp::echo::echo_results::Reader<'_> =
                results.get_content().get_as().unwrap();
            assert_eq!(said.get_result().unwrap().to_str().unwrap(), "all at once");
        }
    }
    assert_eq!(answered, [0, 1, 2]);
}

#[test]
fn echoes_are_identical_and_in_order() {
    connected(async |_, client| {
        let echo = client.echo().await;
        for text in ["", "näive ☃ \u{1f980}", &"x".repeat(1 << 20)] {
            assert!(say(&echo, text).await == text);
        }
        let thread = client.thread("worker");
        let order = Rc::new(std::cell::RefCell::new(Vec::new()));
        let calls = (0..200).map(|number: usize| {
            let mut request = echo.echo_request();
            request.get().init_context().set_thread(thread.clone());
            request.get().set_echo(number.to_string().as_str());
            let (answer, order) = (request.send().promise, Rc::clone(&order));
            async move {
                let answer = answer.await.unwrap();
                let said = answer.get().unwrap().get_result().unwrap();
                assert_eq!(said.to_str().unwrap(), number.to_string());
                order.borrow_mut().push(number);
            }
        });
        soon(futures::future::join_all(calls)).await;
        assert_eq!(*order.borrow(), (0..200).collect::<Vec<_>>());
    });
}

#[test]
fn ten_thousand_calls_are_quick() {
    connected(async |_, client| {
        let echo = client.echo().await;
        let mut times = Vec::new();
        for _ in 0..10_000 {
            let began = Instant::now();
            say(&echo, "ping").await;
            times.push(began.elapsed());
        }
        times.sort();
        let (half, most) = (times[5_000], times[9_900]);
        // A build without optimisation on a busy machine: what is tested is that nothing piles up.
        assert!(
            half < Duration::from_millis(20),
            "p50 {half:?}, p99 {most:?}"
        );
    });
}

fn parsed(reply: Result<String, String>) -> Value {
    serde_json::from_str(&reply.unwrap()).unwrap()
}

#[test]
fn commands_are_executed() {
    let setup = Setup::new("bitcoin").wallet().arg("-ipcbind=unix");
    let mut node = setup.start();
    run(async || {
        let client = Plain::connect(&node.file("node.sock")).await;
        let call = async |request: Value| parsed(client.execute(&request.to_string(), "/").await);
        assert_eq!(
            call(json!({"id": "x", "method": "getblockcount", "params": []})).await,
            json!({"result": 0, "error": null, "id": "x"})
        );
        let unknown = call(json!({"id": 7, "method": "nothing"})).await;
        let error = json!({"code": -32601, "message": "Method not found"});
        assert_eq!(unknown, json!({"result": null, "error": error, "id": 7}));
        let modern = |id: u32| json!({"jsonrpc": "2.0", "id": id, "method": "getblockcount"});
        let answer = |id: u32| json!({"jsonrpc": "2.0", "id": id, "result": 0});
        assert_eq!(call(modern(1)).await, answer(1));
        assert_eq!(
            call(json!([modern(1), modern(2)])).await,
            json!([answer(1), answer(2)])
        );
        let quiet = json!({"jsonrpc": "2.0", "method": "getblockcount"});
        assert_eq!(call(quiet.clone()).await, json!(null));
        assert_eq!(call(json!([quiet.clone(), quiet])).await, json!(null));
        assert_eq!(
            client.execute("not json", "/").await.unwrap_err(),
            "remote exception: std::exception: invalid JSON received over IPC"
        );
        let request = json!({"id": 1, "method": "getwalletinfo"}).to_string();
        let none = parsed(client.execute(&request, "/wallet/none").await);
        assert_eq!(none["error"]["code"], json!(-18), "{none}");
        let stop = call(json!({"id": 1, "method": "stop"})).await;
        assert_eq!(stop["result"], json!("bitq stopping"));
    });
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_log_has_the_words_that_tools_look_for() {
    let setup = Setup::new("bitcoin").arg("-ipcbind=unix");
    let node = setup.arg("-debug=ipc").arg("-loglevel=ipc:trace").start();
    run(async || {
        let client = Plain::connect(&node.file("node.sock")).await;
        say(&client.echo().await, "a word").await;
    });
    node.wait_for_log("IPC server: socket disconnected.");
    let log = node.log();
    let pid = node.pid();
    let mut rest = log.as_str();
    for (category, text) in [
        (" ipc: {", "IPC server: socket connected."),
        (
            "[ipc] {",
            "IPC server recv request  #1 Init.makeEcho$Params",
        ),
        ("[ipc] {", "IPC server recv request  #2 Echo.echo$Params"),
        ("[ipc:trace] {", "request data: ("),
        ("[ipc] {", "IPC server post request  #2 {"),
        ("[ipc] {", "IPC server executing request #2"),
        ("[ipc] {", "IPC server send response #2 Echo.echo$Results"),
        ("[ipc:trace] {", "response data: ("),
        (" ipc: {", "IPC server: socket disconnected."),
    ] {
        let at = rest
            .find(text)
            .unwrap_or_else(|| panic!("no {text:?} in\n{rest}"));
        let start = rest[..at].rfind('\n').map_or(0, |end| end + 1);
        let place = format!("{category}bitq-node-{pid}/ipc-");
        assert!(rest[start..at].contains(&place), "{}", &rest[start..at]);
        rest = &rest[at + text.len()..];
    }
    assert!(log.contains("a word"), "the data are shown at trace level");
}

#[test]
fn the_log_tells_of_calls_that_fail_and_of_those_that_are_given_up() {
    let setup = Setup::new("bitcoin").arg("-ipcbind=unix");
    let node = setup.arg("-debug=ipc").start();
    run(async || {
        let client = Plain::connect(&node.file("node.sock")).await;
        client.execute("not json", "/").await.unwrap_err();
        let mining = client
            .init
            .make_mining_request()
            .send()
            .pipeline
            .get_result();
        let tip = soon(mining.get_tip_request().send().promise).await.unwrap();
        let tip = tip.get().unwrap().get_result().unwrap();
        let mut wait = mining.wait_tip_changed_request();
        let mut context = wait.get().init_context();
        context.set_thread(client.thread("waits"));
        wait.get().set_current_tip(tip.get_hash().unwrap());
        let waiting = wait.send().promise;
        // The answer to this says that the wait has begun.
        client.echo().await;
        drop(client);
        drop(waiting);
    });
    let number = |method: &str| {
        let log = node.log();
        let asked = log.lines().find_map(|line| {
            let (_, asked) = line.split_once("IPC server recv request  #")?;
            asked.strip_suffix(method)
        });
        asked.map(str::to_owned).expect("it was logged")
    };
    let failed = number(" Rpc.executeRpc$Params");
    let waited = number(" Mining.waitTipChanged$Params");
    let reason = "invalid JSON received over IPC";
    for text in [
        format!("IPC server request #{failed} uncaught exception (std::exception: {reason})"),
        format!("IPC server error request #{failed} {reason}"),
        format!("IPC server request #{waited} canceled while executing."),
        format!("IPC server request #{waited} interrupted (canceled)"),
    ] {
        node.wait_for_log(&text);
        let log = node.log();
        let ended = |line: &&str| line.ends_with(&text);
        let line = log.lines().find(ended).expect("it ends the line");
        let place = format!("{{bitq-node-{}/ipc-", node.pid());
        assert!(line.contains(&place), "{line}");
    }
}

#[test]
fn a_child_serves_any_client_and_ends_in_the_midst_of_calls() {
    for name in ["bitq-node", "bitq-wallet"] {
        let mut child = spawn(name);
        let socket = child.socket.take().unwrap();
        run(async || {
            let client = Plain::over(socket);
            let echo = client.echo().await;
            assert_eq!(say(&echo, "not started yet").await, "not started yet");
            client.thread_map().await;
            let calls = (0..200).map(|_| {
                let mut request = echo.echo_request();
                request.get().set_echo("x".repeat(10_000).as_str());
                request.send().promise
            });
            let calls: Vec<_> = calls.collect();
            say(&echo, "the others are under way").await;
            drop(client);
            drop(calls);
        });
        let ended = child.wait(PATIENCE);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{name}");
    }
}
