//! Figures of all coins (Core's `gettxoutsetinfo`).

use chain::BlockInfo;
use chain::coinstats::{CoinStats, CoinStatsHash, coin_stats};
use chain::indexes::{CoinStatsIndex, IndexKind, IndexedStats};
use keys::univ::amount_value;
use primitives::{Amount, BlockHash};
use rpc::value::{hash_from, int_from};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::blockchain::tip_info;
use super::chainstate::machine;
use crate::context::Node;
use crate::long_call::LongCall;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![spec().run(tx_out_set_info)]
}

fn block_info_doc() -> ResultDoc {
    let unspendables = vec![
        ResultDoc::amount(
            "genesis_block",
            "The unspendable amount of the Genesis block subsidy",
        ),
        ResultDoc::amount(
            "bip30",
            "Transactions overridden by duplicates (no longer possible with BIP30)",
        ),
        ResultDoc::amount(
            "scripts",
            "Amounts sent to scripts that are unspendable (for example OP_RETURN outputs)",
        ),
        ResultDoc::amount(
            "unclaimed_rewards",
            "Fee rewards that miners did not claim in their coinbase transaction",
        ),
    ];
    ResultDoc::object(
        "block_info",
        "Info on amounts in the block at this block height (only available if coinstatsindex is used)",
        vec![
            ResultDoc::amount("prevout_spent", "Total amount of all prevouts spent in this block"),
            ResultDoc::amount("coinbase", "Coinbase subsidy amount of this block"),
            ResultDoc::amount("new_outputs_ex_coinbase", "Total amount of new outputs created by this block"),
            ResultDoc::amount("unspendable", "Total amount of unspendable outputs created in this block"),
            ResultDoc::object("unspendables", "Detailed view of the unspendable categories", unspendables),
        ],
    )
    .optional()
}

fn spec() -> CommandSpec {
    let example = "00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09";
    CommandSpec::new(
        "blockchain",
        "gettxoutsetinfo",
        "Returns statistics about the unspent transaction output set.\nNote this call may take some time if you are not using coinstatsindex.",
    )
    .arg(Arg::str("hash_type", "Which UTXO set hash should be calculated. Options: 'hash_serialized_3' (the legacy algorithm), 'muhash', 'none'.").default("hash_serialized_3"))
    .arg(Arg::num("hash_or_height", "The block hash or height of the target height (only available with coinstatsindex).").any_type().type_words("", "string or numeric").hint("the current best block"))
    .arg(Arg::bool("use_index", "Use coinstatsindex, if available.").default(true))
    .result(ResultDoc::object(
        "",
        "",
        vec![
            ResultDoc::num("height", "The block height (index) of the returned statistics"),
            ResultDoc::hex("bestblock", "The hash of the block at which these statistics are calculated"),
            ResultDoc::num("txouts", "The number of unspent transaction outputs"),
            ResultDoc::num("bogosize", "Database-independent, meaningless metric indicating the UTXO set size"),
            ResultDoc::hex("hash_serialized_3", "The serialized hash (only present if 'hash_serialized_3' hash_type is chosen)").optional(),
            ResultDoc::hex("muhash", "The serialized hash (only present if 'muhash' hash_type is chosen)").optional(),
            ResultDoc::num("transactions", "The number of transactions with unspent outputs (not available when coinstatsindex is used)").optional(),
            ResultDoc::num("disk_size", "The estimated size of the chainstate on disk (not available when coinstatsindex is used)").optional(),
            ResultDoc::amount("total_amount", "The total amount of coins in the UTXO set"),
            ResultDoc::amount("total_unspendable_amount", "The total amount of coins permanently excluded from the UTXO set (only available if coinstatsindex is used)").optional(),
            block_info_doc(),
        ],
    ))
    .cli("")
    .cli("\"none\"")
    .cli("\"none\" 1000")
    .cli(format!("\"none\" '\"{example}\"'"))
    .example(rpc::Example::CliNamed(json!({"hash_type": "muhash", "use_index": "false"})))
    .rpc("")
    .rpc("\"none\"")
    .rpc("\"none\", 1000")
    .rpc(format!("\"none\", \"{example}\""))
}

fn tx_out_set_info(node: &Node, args: &Args) -> RpcResult {
    let name = args.str("hash_type")?;
    let hash = match name {
        "hash_serialized_3" => CoinStatsHash::Serialized,
        "muhash" => CoinStatsHash::MuHash,
        "none" => CoinStatsHash::None,
        other => {
            let text = format!("'{other}' is not a valid hash_type");
            return Err(RpcError::invalid_parameter(text));
        }
    };
    let use_index = args.bool("use_index")?;
    let index = node.indexes().and_then(|indexes| indexes.coin_stats());
    let mut block = None;
    if args.is_given("hash_or_height") {
        let refusal = match (index, hash) {
            (None, _) => Some("Querying specific block heights requires coinstatsindex"),
            (_, CoinStatsHash::Serialized) => {
                Some("hash_serialized_3 hash type cannot be queried for a specific block")
            }
            _ if !use_index => {
                Some("Cannot set use_index to false when querying for a specific block")
            }
            _ => None,
        };
        if let Some(text) = refusal {
            return Err(RpcError::invalid_parameter(text));
        }
        block = Some(hash_or_height(node, args.value("hash_or_height")?)?);
    }
    match index.filter(|_| use_index && hash != CoinStatsHash::Serialized) {
        Some(index) => from_index(node, index, block, name),
        None => from_coins(node, hash, name),
    }
}

/// Core's `ParseHashOrHeight`.
fn hash_or_height(node: &Node, value: &Value) -> Result<BlockInfo, RpcError> {
    let reader = node.reader()?;
    if !value.is_number() {
        let hash = BlockHash(hash_from(value, "hash_or_height")?);
        let info = reader.block(&hash);
        return info.ok_or_else(|| RpcError::not_found("Block not found"));
    }
    let height: i32 = int_from(value)?;
    let tip = reader.height();
    let info = match u32::try_from(height) {
        Ok(height) => reader.block_at(height),
        Err(_) => {
            let text = format!("Target block height {height} is negative");
            return Err(RpcError::invalid_parameter(text));
        }
    };
    info.ok_or_else(|| {
        let text = format!("Target block height {height} after current tip {tip}");
        RpcError::invalid_parameter(text)
    })
}

fn from_coins(node: &Node, hash: CoinStatsHash, name: &str) -> RpcResult {
    let snapshot = node.handle()?.coins_snapshot().wait().map_err(machine)?;
    let call = LongCall::begin(
        node,
        "countcoins",
        "Counting all coins…",
        "Nothing is changed.",
    );
    let stats = coin_stats(&snapshot, hash, node.params.hashes, |percent| {
        call.go_on("", percent.into(), 100)
    });
    let stats: CoinStats = call.end(stats.map_err(machine))?;
    let best = stats.best_block;
    let height = node.reader()?.block(&best).map_or(0, |info| info.height);
    let mut map = Map::new();
    map.insert("height".into(), height.into());
    map.insert("bestblock".into(), best.to_string().into());
    map.insert("txouts".into(), stats.outputs.into());
    map.insert("bogosize".into(), stats.bogo_size.into());
    if let Some(hash) = stats.hash {
        map.insert(name.into(), hash.to_string().into());
    }
    map.insert(
        "total_amount".into(),
        stats.total_amount.map_or(Value::Null, amount_value),
    );
    map.insert("transactions".into(), stats.transactions.into());
    map.insert("disk_size".into(), stats.disk_size.into());
    Ok(map.into())
}

fn unreadable() -> RpcError {
    RpcError::new(code::INTERNAL, "Unable to read UTXO set")
}

fn from_index(
    node: &Node,
    index: &CoinStatsIndex,
    block: Option<BlockInfo>,
    name: &str,
) -> RpcResult {
    let reader = node.reader()?;
    let tip = tip_info(reader)?;
    let indexes = node.indexes().ok_or_else(unreadable)?;
    if !indexes.wait_for_tip(IndexKind::CoinStats) {
        let height = indexes.summary(IndexKind::CoinStats);
        let height = height.map_or(0, |summary| summary.best_height);
        if block.as_ref().is_some_and(|block| block.height > height) {
            let text = format!(
                "Unable to get data because coinstatsindex is still syncing. Current height: {height}"
            );
            return Err(RpcError::new(code::INTERNAL, text));
        }
    }
    let block = block.unwrap_or(tip);
    let read = |block: &BlockInfo| index.stats(block).map_err(machine)?.ok_or_else(unreadable);
    let stats = read(&block)?;
    let before = match block.height {
        0 => IndexedStats::default(),
        _ => read(&reader.block(&block.header.prev).ok_or_else(unreadable)?)?,
    };
    let mut map = Map::new();
    map.insert("height".into(), block.height.into());
    map.insert("bestblock".into(), block.hash.to_string().into());
    map.insert("txouts".into(), stats.outputs.into());
    map.insert("bogosize".into(), stats.bogo_size.into());
    if name == "muhash" {
        map.insert(name.into(), stats.muhash.to_string().into());
    }
    map.insert("total_amount".into(), amount_value(stats.total_amount));
    let unspendable = amount_value(stats.unspendable());
    map.insert("total_unspendable_amount".into(), unspendable);
    map.insert("block_info".into(), block_info(&stats, &before)?);
    Ok(map.into())
}

/// What one block made of the figures `before` it.
fn block_info(stats: &IndexedStats, before: &IndexedStats) -> RpcResult {
    let sum = |after: u128, before: u128| {
        let added = after
            .checked_sub(before)
            .and_then(|n| i64::try_from(n).ok());
        added
            .map(|sat| amount_value(Amount::from_sat(sat)))
            .ok_or_else(unreadable)
    };
    let lost = |after: Amount, before: Amount| amount_value(after - before);
    Ok(json!({
        "prevout_spent": sum(stats.prevout_spent, before.prevout_spent)?,
        "coinbase": sum(stats.coinbase, before.coinbase)?,
        "new_outputs_ex_coinbase": sum(stats.new_outputs_ex_coinbase, before.new_outputs_ex_coinbase)?,
        "unspendable": lost(stats.unspendable(), before.unspendable()),
        "unspendables": {
            "genesis_block": lost(stats.unspendable_genesis, before.unspendable_genesis),
            "bip30": lost(stats.unspendable_bip30, before.unspendable_bip30),
            "scripts": lost(stats.unspendable_scripts, before.unspendable_scripts),
            "unclaimed_rewards": lost(stats.unclaimed_rewards, before.unclaimed_rewards),
        },
    }))
}
