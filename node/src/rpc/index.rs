//! How far the indexes are (Core's `getindexinfo`).

use chain::indexes::IndexKind;
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcResult};
use serde_json::{Map, json};

use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![spec().run(index_info)]
}

fn spec() -> CommandSpec {
    let fields = vec![
        ResultDoc::bool("synced", "Whether the index is synced or not"),
        ResultDoc::num(
            "best_block_height",
            "The block height to which the index is synced",
        ),
    ];
    CommandSpec::new(
        "util",
        "getindexinfo",
        "Returns the status of one or all available indices currently running in the node.",
    )
    .arg(
        Arg::str(
            "index_name",
            "Filter results for an index with a specific name.",
        )
        .optional(),
    )
    .result(ResultDoc::dyn_object(
        "",
        "",
        vec![ResultDoc::object("name", "The name of the index", fields)],
    ))
    .cli("")
    .rpc("")
    .cli("txindex")
    .rpc("txindex")
}

fn index_info(node: &Node, args: &Args) -> RpcResult {
    let wanted = args.opt_str("index_name")?.unwrap_or_default();
    let mut map = Map::new();
    // In the reference's order.
    for kind in [
        IndexKind::Tx,
        IndexKind::CoinStats,
        IndexKind::TxoSpender,
        IndexKind::BasicFilter,
    ] {
        let summary = node.indexes().and_then(|indexes| indexes.summary(kind));
        let Some(summary) = summary.filter(|_| wanted.is_empty() || wanted == kind.name()) else {
            continue;
        };
        let fields = json!({
            "synced": summary.synced,
            "best_block_height": summary.best_height,
        });
        map.insert(kind.name().into(), fields);
    }
    Ok(map.into())
}
