//! Many clients, and clients that break the rules: nobody but the offender may notice.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use capnp::message::ReaderOptions;
use capnp_rpc::rpc_capnp::message;
use serde_json::json;
use testkit::process::{Node, PATIENCE, Setup, Signal, wait_until};

use crate::client::{self, Plain, outcome, run, say, soon};
use crate::generated::echo_capnp::echo;

/// Bytes of answers that a node keeps for a client that does not read.
const UNREAD: usize = 16 << 20;
/// What one rude client may cost.
const ALLOWED: u64 = 64 << 20;
/// The longest that others may wait meanwhile.
const NOTICEABLE: Duration = Duration::from_millis(250);

fn listening() -> Node {
    Setup::new("bitcoin").arg("-ipcbind=unix").start()
}

fn socket(node: &Node) -> PathBuf {
    node.file("node.sock")
}

/// A number of a process's `status`, such as its threads or its memory in KiB.
fn status(node: &Node, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn memory(node: &Node) -> u64 {
    status(node, "VmRSS:") << 10
}

fn descriptors(node: &Node) -> usize {
    let folder = format!("/proc/{}/fd", node.pid());
    fs::read_dir(folder).unwrap().count()
}

/// Says something as a well-behaved client does.
fn still_serves(node: &Node) {
    run(async || {
        let (_client, echo) = guest(node).await;
        assert_eq!(say(&echo, "hello").await, "hello");
    });
}

/// A client that is let in: a place is free again a moment after another one has gone.
async fn guest(node: &Node) -> (Plain, echo::Client) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let client = Plain::connect(&socket(node)).await;
        match client.try_echo().await {
            Ok(echo) => return (client, echo),
            Err(error) => assert!(
                error.kind == capnp::ErrorKind::Overloaded && Instant::now() < deadline,
                "{error}"
            ),
        }
    }
}

#[test]
fn fifty_at_once_are_served_and_leave_nothing() {
    let mut node = listening();
    still_serves(&node);
    // The blocking pool's threads come and go; none of them counts as one too many while they come.
    node.call("getblockcount", json!([]));
    let (open, threads) = (descriptors(&node), status(&node, "Threads:"));
    run(async || {
        // None of these waits for a place in the queue: without one it would fail.
        let path = socket(&node);
        let clients = futures::future::join_all((0..50).map(|_| Plain::connect(&path))).await;
        let said = clients.iter().map(async |client| {
            let echo = client.echo().await;
            say(&echo, "me too").await
        });
        let said = futures::future::join_all(said).await;
        assert!(said.iter().all(|said| said == "me too"));
        assert!(
            status(&node, "Threads:") < threads + 50,
            "no thread for each"
        );
    });
    wait_until("descriptors and threads to be given back", PATIENCE, || {
        descriptors(&node) <= open && status(&node, "Threads:") <= threads
    });
    node.stop();
}

#[test]
fn threads_are_no_threads_of_the_system() {
    let mut node = listening();
    still_serves(&node);
    let (threads, before) = (status(&node, "Threads:"), memory(&node));
    run(async || {
        let client = Plain::connect(&socket(&node)).await;
        let map = client.thread_map().await;
        let mut request = map.make_pool_request();
        request.get().set_count(100_000);
        let pool = outcome(soon(request.send().promise).await);
        assert!(
            pool.starts_with("Failed: remote exception: std::exception: "),
            "{pool}"
        );
        let made = (0..2_000).map(|_| map.make_thread_request().send().promise);
        let made = soon(futures::future::join_all(made)).await;
        assert!(made.iter().any(Result::is_ok));
        assert!(status(&node, "Threads:") < threads + 10);
        assert_eq!(say(&client.echo().await, "hello").await, "hello");
    });
    assert!(memory(&node).saturating_sub(before) < ALLOWED);
    node.stop();
}

/// Messages that are none, with the allocation that they claim.
fn garbage() -> Vec<(&'static str, Vec<u8>)> {
    let words = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
    vec![
        ("too many segments", words(&[u32::MAX, 0, 0, 0])),
        ("a segment of 4 Gi words", words(&[0, u32::MAX, 0, 0])),
        (
            "another protocol",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
        (
            "a pointer out of range",
            words(&[0, 1, 0x7fff_fffc, 0x0001_0001]),
        ),
        (
            "a pointer to itself",
            words(&[0, 1, 0xffff_fffc, 0x0001_0000]),
        ),
        ("an empty root", words(&[0, 1, 0, 0])),
    ]
}

#[test]
fn garbage_is_answered_with_an_abort() {
    let mut node = listening();
    let before = memory(&node);
    for (what, bytes) in garbage() {
        let mut stream = UnixStream::connect(socket(&node)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&bytes).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let reader = capnp::serialize::read_message(answer.as_slice(), ReaderOptions::new());
        let reader = reader.unwrap_or_else(|error| panic!("{what}: {error}"));
        let root: message::Reader<'_> = reader.get_root().unwrap();
        let message::Abort(Ok(abort)) = root.which().unwrap() else {
            panic!("{what} is not answered with an abort");
        };
        assert!(!abort.get_reason().unwrap().is_empty(), "{what}");
        still_serves(&node);
    }
    let grown = memory(&node).saturating_sub(before);
    assert!(grown < ALLOWED, "{grown} bytes more than before");
    node.stop();
}

#[test]
fn who_speaks_byte_by_byte_holds_nobody_up() {
    let node = listening();
    run(async || {
        let other = Plain::connect(&socket(&node)).await;
        let echo = other.echo().await;
        let mut bytes = Vec::new();
        client::bootstrap(&mut bytes);
        client::make_echo(&mut bytes);
        client::echo(&mut bytes, 2, "slowly");
        let mut slow = UnixStream::connect(socket(&node)).unwrap();
        slow.set_read_timeout(Some(PATIENCE)).unwrap();
        for byte in &bytes {
            slow.write_all(&[*byte]).unwrap();
            assert_eq!(say(&echo, "quickly").await, "quickly");
        }
        for _ in 0..3 {
            let answer = capnp::serialize::read_message(&mut slow, ReaderOptions::new());
            assert!(answer.is_ok(), "it is served all the same");
        }
    });
}

/// Asks for 2,000 echoes of 64 KiB and reads none; counts the bytes that were taken.
fn flood(mut stream: UnixStream, taken: &AtomicUsize) {
    let mut bytes = Vec::new();
    client::bootstrap(&mut bytes);
    client::make_echo(&mut bytes);
    for number in 0..2_000 {
        client::echo(&mut bytes, number + 2, &"x".repeat(64 << 10));
        if stream.write_all(&bytes).is_err() {
            return;
        }
        taken.fetch_add(bytes.len(), Ordering::Relaxed);
        bytes.clear();
    }
}

#[test]
fn who_never_reads_costs_little_and_slows_nobody() {
    let mut node = listening();
    still_serves(&node);
    let before = memory(&node);
    let rude = UnixStream::connect(socket(&node)).unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let flooding = {
        let (stream, taken) = (rude.try_clone().unwrap(), Arc::clone(&taken));
        std::thread::spawn(move || flood(stream, &taken))
    };
    run(async || {
        let client = Plain::connect(&socket(&node)).await;
        let echo = client.echo().await;
        let mut times = Vec::new();
        // Until the budget is used up, and then some.
        while times.len() < 1_000 || taken.load(Ordering::Relaxed) < UNREAD {
            let began = Instant::now();
            say(&echo, "ping").await;
            times.push(began.elapsed());
        }
        times.sort();
        let most = times[times.len() * 99 / 100];
        assert!(most < NOTICEABLE, "p99 of the others is {most:?}");
    });
    assert!(!flooding.is_finished(), "the node stopped reading");
    let taken = taken.load(Ordering::Relaxed);
    assert!(taken < 2 * UNREAD, "{taken} bytes were taken");
    let grown = memory(&node).saturating_sub(before);
    assert!(grown < ALLOWED, "{grown} bytes more than before");
    rude.shutdown(Shutdown::Both).unwrap();
    flooding.join().unwrap();
    still_serves(&node);
    node.stop();
}

#[test]
fn clients_that_die_anywhere_in_a_call_leave_nothing() {
    // More than the usual number may be on their way out at once.
    let setup = Setup::new("bitcoin").arg("-ipcbind=unix:node.sock,max=500");
    let mut node = setup.start();
    still_serves(&node);
    let (open, before) = (descriptors(&node), memory(&node));
    let mut bytes = Vec::new();
    client::bootstrap(&mut bytes);
    client::make_echo(&mut bytes);
    client::echo(&mut bytes, 2, &"x".repeat(64 << 10));
    for end in 0..100 {
        let mut stream = UnixStream::connect(socket(&node)).unwrap();
        stream.write_all(&bytes[..bytes.len() * end / 99]).unwrap();
    }
    run(async || {
        for _ in 0..100 {
            let client = Plain::connect(&socket(&node)).await;
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
        }
    });
    wait_until("the descriptors to be given back", PATIENCE, || {
        descriptors(&node) <= open
    });
    let grown = memory(&node).saturating_sub(before);
    assert!(grown < ALLOWED, "{grown} bytes more than before");
    still_serves(&node);
    node.stop();
}

#[test]
fn a_node_stops_at_once_with_clients_that_wait() {
    let mut node = listening();
    run(async || {
        let client = Plain::connect(&socket(&node)).await;
        let mining = client
            .init
            .make_mining_request()
            .send()
            .pipeline
            .get_result();
        let tip = soon(mining.get_tip_request().send().promise).await.unwrap();
        let tip = tip.get().unwrap().get_result().unwrap();
        let waits = (0..20).map(|number| {
            let mut wait = mining.wait_tip_changed_request();
            let mut context = wait.get().init_context();
            context.set_thread(client.thread(&number.to_string()));
            wait.get().set_current_tip(tip.get_hash().unwrap());
            wait.send().promise
        });
        let waits: Vec<_> = waits.collect();
        client.echo().await;
        node.signal(Signal::TERM);
        for wait in waits {
            // Nothing, as after an interrupt.
            let answer = soon(wait).await.unwrap();
            let tip = answer.get().unwrap().get_result().unwrap();
            assert!(tip.get_hash().unwrap().is_empty());
        }
    });
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_socket_whose_file_was_removed_comes_back_at_a_hangup() {
    let mut node = listening();
    run(async || {
        let before = Plain::connect(&socket(&node)).await;
        let echo = before.echo().await;
        fs::remove_file(socket(&node)).unwrap();
        node.signal(Signal::HUP);
        node.wait_for_log("was gone and is made anew");
        assert_eq!(say(&echo, "still here").await, "still here");
    });
    still_serves(&node);
    assert_eq!(node.call("getblockcount", json!([])), json!(0));
    node.stop();
    assert!(!socket(&node).exists());
}

/// A node whose socket is quick to lose patience.
fn impatient(options: &str) -> Node {
    let setup = Setup::new("bitcoin").arg(format!("-ipcbind=unix:node.sock,stall=1{options}"));
    setup.start()
}

#[test]
fn who_never_reads_is_dropped_after_a_time() {
    let mut node = impatient("");
    let rude = UnixStream::connect(socket(&node)).unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    // It ends when the node has hung up, and not before.
    let flooding = {
        let (stream, taken) = (rude.try_clone().unwrap(), Arc::clone(&taken));
        std::thread::spawn(move || flood(stream, &taken))
    };
    run(async || {
        let client = Plain::connect(&socket(&node)).await;
        let echo = client.echo().await;
        while !flooding.is_finished() {
            assert_eq!(say(&echo, "others go on").await, "others go on");
        }
    });
    flooding.join().unwrap();
    node.wait_for_log("the peer made no progress in 1 s");
    assert!(taken.load(Ordering::Relaxed) < 2 * UNREAD);
    drop(rude);
    node.stop();
}

#[test]
fn half_a_message_locks_nobody_out() {
    let mut node = impatient(",max=2");
    let half = |_| {
        let mut stream = UnixStream::connect(socket(&node)).unwrap();
        stream.write_all(&[0, 0, 0, 0, 8, 0, 0, 0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let mut halves: Vec<_> = (0..2).map(half).collect();
    for stream in &mut halves {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
    node.wait_for_log("the peer did not finish its message within 1 s");
    still_serves(&node);
    // Nor does one who says a byte whenever another has had an answer.
    let mut slow = UnixStream::connect(socket(&node)).unwrap();
    run(async || {
        let (_client, echo) = guest(&node).await;
        let table = [0, 0, 0, 0, 0xff, 0xff, 0x1f, 0].into_iter();
        for byte in table.chain(std::iter::repeat(0)) {
            assert_eq!(say(&echo, "others go on").await, "others go on");
            if slow.write_all(&[byte]).is_err() {
                break;
            }
        }
    });
    still_serves(&node);
    node.stop();
}

#[test]
fn a_full_socket_says_so() {
    let mut node = Setup::new("bitcoin")
        .arg("-ipcbind=unix:node.sock,max=1")
        .start();
    run(async || {
        let client = Plain::connect(&socket(&node)).await;
        client.echo().await;
        let refused = node.cli(["-ipcconnect=unix", "getblockcount"]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let text = "error: 1 clients are connected already, and this socket takes no more.";
        assert!(refused.stderr.starts_with(text), "{refused:?}");
    });
    wait_until("the place to be free", PATIENCE, || {
        node.cli(["-ipcconnect=unix", "getblockcount"]).code == Some(0)
    });
    node.stop();
}

#[test]
fn what_is_too_large_is_refused_and_no_more() {
    let mut node = listening();
    run(async || {
        let client = Plain::connect(&socket(&node)).await;
        let echo = client.echo().await;
        let mut request = echo.echo_request();
        request.get().set_echo("x".repeat(17 << 20).as_str());
        let refused = outcome(soon(request.send().promise).await);
        let text = "Failed: remote exception: std::exception: Message too large: the request has ";
        assert!(refused.starts_with(text), "{refused}");
        assert_eq!(
            say(&echo, "the connection goes on").await,
            "the connection goes on"
        );
        assert_eq!(say(&echo, &"y".repeat(10 << 20)).await.len(), 10 << 20);
    });
    node.stop();
}

#[test]
fn threads_and_objects_are_given_back() {
    let mut node = listening();
    run(async || {
        let client = Plain::connect(&socket(&node)).await;
        let map = client.thread_map().await;
        // More than may be held at once, one after the other.
        for _ in 0..300 {
            let made = soon(map.make_thread_request().send().promise)
                .await
                .unwrap();
            let thread = made.get().unwrap().get_result().unwrap();
            soon(thread.get_name_request().send().promise)
                .await
                .unwrap();
        }
        let made = (0..10_000).map(|_| client.init.make_echo_request().send().promise);
        let held = soon(futures::future::join_all(made)).await;
        let refused = held.iter().filter(|made| made.is_err()).count();
        // The thread map is one of them.
        assert_eq!(refused, 1, "of 10,000");
        let more = client.init.make_echo_request().send().promise;
        let text = outcome(soon(more).await);
        assert!(
            text.ends_with("no more than 10000 objects for one connection"),
            "{text}"
        );
        drop(held);
        assert_eq!(say(&client.echo().await, "again").await, "again");
    });
    node.stop();
}

#[test]
fn a_socket_for_miners_and_a_group_gives_that() {
    // A folder of one's own has the group of whoever made it.
    let gid = fs::metadata(testkit::process::Folder::new().path())
        .unwrap()
        .gid();
    let setup = Setup::new("bitcoin").arg(format!(
        "-ipcbind=unix:miners.sock,role=mining,mode=0660,group={gid}"
    ));
    let mut node = setup.start();
    let path = node.file("miners.sock");
    let meta = fs::metadata(&path).unwrap();
    assert_eq!(meta.permissions().mode() & 0o777, 0o660);
    assert_eq!(meta.gid(), gid);
    run(async || {
        let client = Plain::connect(&path).await;
        let mining = client
            .init
            .make_mining_request()
            .send()
            .pipeline
            .get_result();
        let tip = soon(mining.get_tip_request().send().promise).await.unwrap();
        assert!(tip.get().unwrap().get_has_result());
        let refused = outcome(soon(client.init.make_rpc_request().send().promise).await);
        let text = "Failed: remote exception: std::exception: This socket does not give the right";
        assert!(refused.starts_with(text), "{refused}");
    });
    node.stop();
}
