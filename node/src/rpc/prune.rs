//! Deleting old blocks (of Core's `rpc/blockchain.cpp`).

use chain::{ChainReader, MIN_BLOCKS_TO_KEEP, Prune};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::{Map, Value, json};

use super::chainstate::machine;
use crate::context::Node;

/// Numbers above this are times: as a height too high, as a time in 2001.
const FIRST_TIME: i32 = 1_000_000_000;
/// How far a block may be older than its successors, in seconds.
const TIMESTAMP_WINDOW: i64 = 2 * 60 * 60;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![prune_spec().run(prune)]
}

fn prune_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "pruneblockchain",
        "Attempts to delete block and undo data up to a specified height or timestamp, if eligible for pruning.\nRequires `-prune` to be enabled at startup. While pruned data may be re-fetched in some cases (e.g., via `getblockfrompeer`), local deletion is irreversible.",
    )
    .arg(Arg::num("height", "The block height to prune up to. May be set to a discrete height, or to a UNIX epoch time\nto prune blocks whose block time is at least 2 hours older than the provided timestamp."))
    .result(ResultDoc::num("", "Height of the last block pruned"))
    .cli("1000")
    .rpc("1000")
}

fn prune(node: &Node, args: &Args) -> RpcResult {
    let reader = node.reader()?;
    if !reader.config().prune.is_on() {
        return Err(RpcError::misc(
            "Cannot prune blocks because node is not in prune mode.",
        ));
    }
    let wanted: i32 = args.int("height")?;
    let height =
        u32::try_from(wanted).map_err(|_| RpcError::invalid_parameter("Negative block height."))?;
    let height = if wanted > FIRST_TIME {
        reader
            .earliest_at_least(i64::from(wanted) - TIMESTAMP_WINDOW)
            .ok_or_else(|| {
                RpcError::invalid_parameter(
                    "Could not find block with at least the specified timestamp.",
                )
            })?
    } else {
        height
    };
    let top = reader.height();
    if u64::from(top) < u64::from(node.params.prune_after_height) {
        return Err(RpcError::misc("Blockchain is too short for pruning."));
    }
    if height > top {
        return Err(RpcError::invalid_parameter(
            "Blockchain is shorter than the attempted prune height.",
        ));
    }
    if height > top.saturating_sub(MIN_BLOCKS_TO_KEEP) {
        tracing::debug!(
            target: "rpc",
            "Attempt to prune blocks close to the tip.  Retaining the minimum number of blocks."
        );
    }
    node.handle()?.prune(height).wait().map_err(machine)?;
    Ok(json!(reader.prune_height().map_or(-1, i64::from)))
}

/// What `getblockchaininfo` says of pruning.
pub(super) fn add_info(reader: &ChainReader, map: &mut Map<String, Value>) {
    let prune = reader.config().prune;
    map.insert("pruned".into(), prune.is_on().into());
    if !prune.is_on() {
        return;
    }
    let first = reader.prune_height().map_or(0, |height| height + 1);
    map.insert("pruneheight".into(), first.into());
    let automatic = matches!(prune, Prune::Automatic(_));
    map.insert("automatic_pruning".into(), automatic.into());
    if let Prune::Automatic(target) = prune {
        map.insert("prune_target_size".into(), target.into());
    }
}
