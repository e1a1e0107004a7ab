//! Calls that wait for a block: what ends them, and what they answer then.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::thread;

use serde_json::{Value, json};
use testkit::process::{Node, PATIENCE, Setup, wait_until};

/// Calls, and does `then` once the call waits; gives the answer.
fn while_waiting(
    node: &mut Node,
    method: &str,
    params: Value,
    then: impl FnOnce(&mut Node),
) -> Value {
    let client = node.client();
    let name = method.to_owned();
    let call = thread::spawn(move || client.call("/", &name, &params));
    wait_until("the call to wait", PATIENCE, || {
        let info = node.call("getrpcinfo", json!([]));
        let calls = info["active_commands"].as_array().unwrap();
        calls.iter().any(|call| call["method"] == json!(method))
    });
    then(node);
    call.join().unwrap().unwrap()
}

fn mine(node: &Node) -> Value {
    let made = node.call("generatetodescriptor", json!([1, "raw(51)"]));
    made[0].clone()
}

fn tip(node: &Node) -> Value {
    json!({
        "hash": node.call("getbestblockhash", json!([])),
        "height": node.call("getblockcount", json!([])),
    })
}

#[test]
fn a_new_block_ends_a_wait() {
    let mut node = Setup::new("bitcoin").start();
    // Named, because a tip that changes before the call looks is no change to it.
    let before = node.call("getbestblockhash", json!([]));
    let answer = while_waiting(&mut node, "waitfornewblock", json!([0, before]), |node| {
        mine(node);
    });
    assert_eq!((&answer["height"], &answer), (&json!(1), &tip(&node)));
    let answer = while_waiting(&mut node, "waitforblockheight", json!([3]), |node| {
        mine(node);
        mine(node);
    });
    assert_eq!(answer, tip(&node));

    // A block that comes back after it was invalid is one to wait for.
    let last = mine(&node);
    node.call("invalidateblock", json!([last]));
    let answer = while_waiting(&mut node, "waitforblock", json!([last]), |node| {
        node.call("reconsiderblock", json!([last]));
    });
    assert_eq!(answer, json!({"hash": last, "height": 4}));
}

#[test]
fn a_wait_may_be_over_at_once() {
    let node = Setup::new("bitcoin").start();
    let block = mine(&node);
    let tip = tip(&node);
    let nothing = "00".repeat(32);
    for (method, params) in [
        ("waitfornewblock", json!([0, nothing])),
        ("waitfornewblock", json!([1])),
        ("waitforblock", json!([block])),
        ("waitforblock", json!([nothing, 1])),
        ("waitforblockheight", json!([0])),
        ("waitforblockheight", json!([-1])),
        ("waitforblockheight", json!([2, 1])),
    ] {
        assert_eq!(node.call(method, params.clone()), tip, "{method} {params}");
    }
    for (method, params) in [
        ("waitfornewblock", json!([-1])),
        ("waitforblock", json!([block, -1])),
        ("waitforblockheight", json!([2, -1])),
    ] {
        let refused = node.refused(method, params);
        assert_eq!(refused, (-1, "Negative timeout".to_owned()), "{method}");
    }
    let (code, text) = node.refused("waitforblock", json!(["zz"]));
    assert_eq!(code, -8, "{text}");
}

#[test]
fn a_stop_answers_who_waits() {
    let mut node = Setup::new("bitcoin").start();
    let before = tip(&node);
    let answer = while_waiting(&mut node, "waitfornewblock", json!([]), |node| {
        node.call("stop", json!([]));
    });
    assert_eq!(answer, before);
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}
