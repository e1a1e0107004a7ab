//! Long work of the chain as a window lists it: figures that move.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use ipc_schema::{Connection, NodeEvent, NodeTopics, Task, TaskState};
use serde_json::json;
use testkit::process::{Node, PATIENCE, Setup};

use window::{Window, hello};

const SOCKET: &str = "-ipcbind=unix";

fn height(node: &Node) -> u64 {
    node.call("getblockcount", json!([])).as_u64().unwrap()
}

/// Looks at the tasks of a node until `done` says that one ended in a way that ends the watch; gives that one.
fn watch(window: &Window, node: &Node, mut done: impl FnMut(&Task) -> bool) -> Task {
    let watched = async {
        let connection: Connection = window.ipc.connect(&node.file("node.sock")).await.unwrap();
        connection.hello(hello()).await.unwrap();
        let client = connection.node().await.unwrap();
        let topics = NodeTopics {
            tasks: true,
            ..NodeTopics::default()
        };
        let mut events = client.subscribe(topics).await.unwrap();
        loop {
            let event = events.recv().await.expect("the node is there");
            let NodeEvent::Tasks(list) = event else {
                continue;
            };
            for task in list {
                if done(&task) {
                    return task;
                }
            }
        }
    };
    let watched = async { tokio::time::timeout(PATIENCE, watched).await };
    window.runtime.block_on(watched).expect("a task that ends")
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
