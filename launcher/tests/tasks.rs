//! Long work of the chain as a window lists it: figures that move.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use ipc_schema::{NodeEvent, NodeTopics, Task, TaskState};
use serde_json::json;
use testkit::process::{Node, PATIENCE, Setup, wait_until};
use testkit::vectors_dir;

use window::{Attached, Window};

const SOCKET: &str = "-ipcbind=unix";

fn height(node: &Node) -> u64 {
    node.call("getblockcount", json!([])).as_u64().unwrap()
}

const TASKS: NodeTopics = NodeTopics {
    status: false,
    log: false,
    tasks: true,
};

/// The tasks of a node, whenever one changes.
fn tasks(attached: &mut Attached<'_>) -> Vec<Task> {
    loop {
        if let NodeEvent::Tasks(list) = attached.next() {
            return list;
        }
    }
}

/// Looks at the tasks of a node until `done` says that one ended in a way that ends the watch; gives that one.
fn watch(window: &Window, node: &Node, mut done: impl FnMut(&Task) -> bool) -> Task {
    let mut attached = window.attach(node, TASKS);
    loop {
        if let Some(task) = tasks(&mut attached).into_iter().find(&mut done) {
            return task;
        }
    }
}

#[test]
fn many_blocks_that_are_left_and_come_back_are_tasks() {
    let node = Setup::new("bitcoin").arg(SOCKET).start();
    node.call("generatetodescriptor", json!([1000, "raw(51)"]));
    let first = node.call("getblockhash", json!([1]));
    let window = Window::new();
    for (method, kind, reached) in [
        ("invalidateblock", "disconnect", 0),
        ("reconsiderblock", "activate", 1000),
    ] {
        let (client, first) = (node.client(), first.clone());
        let call = std::thread::spawn(move || client.call("/", method, &json!([first])));
        let mut figures = Vec::new();
        let task = watch(&window, &node, |task| {
            if task.kind != kind {
                return false;
            }
            figures.extend(task.progress);
            task.is_over()
        });
        assert_eq!(task.state, TaskState::Done);
        assert!(figures.is_sorted(), "{figures:?}");
        call.join().unwrap().unwrap();
        assert_eq!(height(&node), reached);
    }
}

/// Cancels the first task of a kind that begins behind the one of number `seen`, as soon as there is one; gives how it
/// ended, which may be before anybody asked.
fn cancel(window: &Window, node: &Node, kind: &str, seen: u64) -> Task {
    let mut attached = window.attach(node, TASKS);
    let mut asked = None;
    loop {
        let list = tasks(&mut attached);
        let new = |task: &Task| task.kind == kind && task.id > seen;
        for task in list.into_iter().filter(new) {
            if asked.is_none() && task.cancellable {
                attached.cancel(task.id);
                asked = Some(task.id);
            } else if task.is_over() && (asked.is_none() || asked == Some(task.id)) {
                return task;
            }
        }
    }
}

#[test]
fn the_building_of_coins_is_cancelled_and_goes_on_at_the_next_start() {
    let Some(vectors) = vectors_dir() else { return };
    let file = vectors.join("regtest/chain.dat");
    let mut node = Setup::new("bitcoin")
        .arg(format!("-loadblock={}", file.display()))
        .start();
    wait_until("all blocks", PATIENCE, || height(&node) == 467);
    let coins = |node: &Node| node.call("gettxoutsetinfo", json!(["muhash"]))["muhash"].clone();
    let all = coins(&node);
    let window = Window::new();
    node.stop();
    node.spawn_with(&[SOCKET, "-reindex-chainstate"]);
    let task = cancel(&window, &node, "connect", 0);
    assert_eq!(task.state, TaskState::Cancelled, "{task:?}");
    assert!(!task.detail.is_empty() && !task.cancellable, "{task:?}");
    // It serves, and stays where it is.
    let reached = height(&node);
    assert!(reached < 467, "{reached}");
    assert_ne!(coins(&node), all);
    assert_eq!(height(&node), reached);
    node.stop();
    node.start_with(&[SOCKET]);
    wait_until("all blocks", PATIENCE, || height(&node) == 467);
    assert_eq!(coins(&node), all);
    node.stop();
}

#[test]
fn blocks_that_are_taken_back_can_be_kept_by_a_cancel() {
    let node = Setup::new("bitcoin").arg(SOCKET).start();
    node.call("generatetodescriptor", json!([8000, "raw(51)"]));
    let first = node.call("getblockhash", json!([1]));
    let window = Window::new();
    let mut seen = 0;
    let refused = loop {
        let (client, params) = (node.client(), json!([first]));
        let call = std::thread::spawn(move || client.call("/", "invalidateblock", &params));
        let task = cancel(&window, &node, "disconnect", seen);
        let called = call.join().unwrap();
        if task.state == TaskState::Cancelled {
            break called.unwrap_err().to_string();
        }
        seen = task.id;
        // Nobody was fast enough.
        called.unwrap();
        node.call("reconsiderblock", json!([first]));
    };
    assert!(refused.contains("cancelled"), "{refused}");
    let reached = height(&node);
    assert!((1..8000).contains(&reached), "{reached}");
    assert_eq!(height(&node), reached);
    // It goes on from there when asked again, and all can be had back.
    node.call("invalidateblock", json!([first]));
    assert_eq!(height(&node), 0);
    node.call("reconsiderblock", json!([first]));
    assert_eq!(height(&node), 8000);
}
