//! Commands that wait for a block (the waits of Core's `rpc/blockchain.cpp`).

use std::sync::Arc;
use std::time::Duration;

use chain::Tip;
use primitives::BlockHash;
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::json;

use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        new_block_spec().run_async(|node: Arc<Node>, args: Args| async move {
            let before = match args.opt_hash("current_tip")? {
                Some(hash) => BlockHash(hash),
                None => node.reader()?.tip().hash,
            };
            tip_when(&node, &args, |tip| tip.hash != before).await
        }),
        block_spec().run_async(|node: Arc<Node>, args: Args| async move {
            let wanted = BlockHash(args.hash("blockhash")?);
            tip_when(&node, &args, |tip| tip.hash == wanted).await
        }),
        height_spec().run_async(|node: Arc<Node>, args: Args| async move {
            let wanted: i32 = args.int("height")?;
            tip_when(&node, &args, |tip| i64::from(tip.height) >= wanted.into()).await
        }),
    ]
}

/// The tip once it is as wanted, or as it is when the time is up or the node stops.
async fn tip_when(node: &Node, args: &Args, mut wanted: impl FnMut(&Tip) -> bool) -> RpcResult {
    let timeout: i32 = args.int("timeout")?;
    let timeout =
        u64::try_from(timeout).map_err(|_| RpcError::misc("Negative timeout".to_owned()))?;
    let mut tips = node.reader()?.subscribe();
    {
        let found = tips.wait_for(|tip| wanted(tip));
        let time_is_up = async {
            match timeout {
                0 => std::future::pending().await,
                _ => tokio::time::sleep(Duration::from_millis(timeout)).await,
            }
        };
        tokio::select! {
            biased;
            // The chain's end looks like the node's stop: the newest tip is the answer.
            _ = found => {}
            () = node.stop.stopped() => {}
            () = time_is_up => {}
        }
    }
    let tip = *tips.borrow();
    Ok(json!({"hash": tip.hash.to_string(), "height": tip.height}))
}

fn spec(name: &'static str, what: &str) -> CommandSpec {
    let doc = format!(
        "{what}\n\nReturns the current block on timeout or exit.\n\n\
         Make sure to use no RPC timeout (bitq-cli -rpcclienttimeout=0)"
    );
    CommandSpec::new("blockchain", name, doc).result(ResultDoc::object(
        "",
        "",
        vec![
            ResultDoc::hex("hash", "The blockhash"),
            ResultDoc::num("height", "Block height"),
        ],
    ))
}

fn timeout_arg() -> Arg {
    Arg::num(
        "timeout",
        "Time in milliseconds to wait for a response. 0 indicates no timeout.",
    )
    .default(0)
}

fn new_block_spec() -> CommandSpec {
    spec(
        "waitfornewblock",
        "Waits for any new block and returns useful info about it.",
    )
    .arg(timeout_arg())
    .arg(
        Arg::hex(
            "current_tip",
            "Method waits for the chain tip to differ from this.",
        )
        .optional(),
    )
    .cli("1000")
    .rpc("1000")
}

fn block_spec() -> CommandSpec {
    spec(
        "waitforblock",
        "Waits for a specific new block and returns useful info about it.",
    )
    .arg(Arg::hex("blockhash", "Block hash to wait for."))
    .arg(timeout_arg())
    .cli("\"blockhash\" 1000")
    .rpc("\"blockhash\", 1000")
}

fn height_spec() -> CommandSpec {
    spec(
        "waitforblockheight",
        "Waits for (at least) block height and returns the height and hash\nof the current tip.",
    )
    .arg(Arg::num("height", "Block height to wait for."))
    .arg(timeout_arg())
    .cli("100 1000")
    .rpc("100, 1000")
}
