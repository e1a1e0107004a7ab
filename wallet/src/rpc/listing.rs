//! Sums over the history: what came in by address, and what is new since a block.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use primitives::address::Destination;
use primitives::{Amount, BlockHash, Txid};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, amount, code};
use serde_json::{Value, json};

use super::transactions::{Listing, payments};
use super::{doc, on_wallet, wallet_name};
use crate::context::Context;
use crate::wallet::Wallet;

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        listreceivedbyaddress_spec().run_async(listreceivedbyaddress),
        listsinceblock_spec().run_async(listsinceblock),
    ]
}

fn listreceivedbyaddress_spec() -> CommandSpec {
    let fields = vec![
        ResultDoc::str("address", "The address"),
        ResultDoc::amount("amount", "What it received"),
        ResultDoc::num("confirmations", "Confirmations of the newest payment"),
        ResultDoc::str("label", "Its label"),
        ResultDoc::array("txids", "The payments", vec![ResultDoc::hex("txid", "")]),
    ];
    CommandSpec::new(
        "wallet",
        "listreceivedbyaddress",
        "Returns what each address received.",
    )
    .arg(Arg::num("minconf", "Fewest confirmations").default(1))
    .arg(Arg::bool("include_empty", "Addresses without payments, too").default(false))
    .arg(Arg::bool("include_watchonly", "Without effect").optional())
    .arg(Arg::str("address_filter", "This address only").optional())
    .arg(
        Arg::bool(
            "include_immature_coinbase",
            "Count rewards that are not ripe",
        )
        .default(false),
    )
    .result(ResultDoc::array(
        "",
        "",
        vec![ResultDoc::object("", "", fields)],
    ))
    .cli("6 true")
    .rpc("6, true, true")
}

#[derive(Default)]
struct Tally {
    sum: Amount,
    depth: Option<i32>,
    txids: Vec<Txid>,
}

fn tally(wallet: &Wallet, min_depth: i32, immature: bool) -> BTreeMap<Destination, Tally> {
    let mut found: BTreeMap<Destination, Tally> = BTreeMap::new();
    for txid in wallet.by_order().values() {
        let Some(tx) = wallet.txs().get(txid) else {
            continue;
        };
        let depth = wallet.depth(tx);
        let unripe =
            tx.tx.is_coinbase() && (depth < 1 || !immature && wallet.blocks_to_maturity(tx) > 0);
        if depth < min_depth || unripe {
            continue;
        }
        for output in tx
            .tx
            .outputs
            .iter()
            .filter(|o| wallet.is_mine(&o.script_pubkey))
        {
            let Some(destination) = Destination::from_script(&output.script_pubkey) else {
                continue;
            };
            let tally = found.entry(destination).or_default();
            tally.sum += output.value;
            tally.depth = Some(tally.depth.map_or(depth, |least| least.min(depth)));
            tally.txids.push(*txid);
        }
    }
    found
}

async fn listreceivedbyaddress(context: Arc<Context>, args: Args) -> RpcResult {
    let min_depth: i32 = args.int("minconf")?;
    let empty = args.bool("include_empty")?;
    let immature = args.bool("include_immature_coinbase")?;
    let filter = match args
        .opt_str("address_filter")?
        .filter(|text| !text.is_empty())
    {
        None => None,
        Some(text) => Some(
            Destination::from_address(text, context.params)
                .map_err(|_| RpcError::new(code::WALLET, "address_filter parameter was invalid"))?,
        ),
    };
    on_wallet(&context, &args, move |wallet| {
        let tallies = tally(wallet, min_depth, immature);
        let mut rows = Vec::new();
        for (destination, entry) in wallet.addresses() {
            let Some(label) = &entry.label else { continue };
            if filter.as_ref().is_some_and(|wanted| wanted != destination) {
                continue;
            }
            let tally = tallies.get(destination);
            if tally.is_none() && (!empty || !wallet.is_mine_address(destination)) {
                continue;
            }
            let txids: Vec<String> = tally
                .map(|t| t.txids.iter().map(ToString::to_string).collect())
                .unwrap_or_default();
            rows.push(json!({
                "address": destination.to_address(wallet.params()),
                "amount": amount(tally.map_or(0, |t| t.sum.sat())),
                "confirmations": tally.and_then(|t| t.depth).unwrap_or(0),
                "label": label,
                "txids": txids,
            }));
        }
        Ok(Value::Array(rows))
    })
    .await
}

fn listsinceblock_spec() -> CommandSpec {
    let mut fields = doc::payment();
    fields.extend(doc::transaction());
    let list = |key: &'static str, text: &'static str| {
        ResultDoc::array(key, text, vec![ResultDoc::object("", "", fields.clone())])
    };
    CommandSpec::new(
        "wallet",
        "listsinceblock",
        "Returns the payments since a block, or all. If the block is no longer in the chain, from the fork on.",
    )
    .arg(Arg::str("blockhash", "The block").optional())
    .arg(Arg::num("target_confirmations", "Which block to name as the last").default(1))
    .arg(Arg::bool("include_watchonly", "Without effect").optional())
    .arg(Arg::bool("include_removed", "Show payments of blocks that left the chain").default(true))
    .arg(Arg::bool("include_change", "Show change").default(false))
    .arg(Arg::str("label", "Only payments to addresses of this label").optional())
    .result(ResultDoc::object(
        "",
        "",
        vec![
            list("transactions", "The payments"),
            list("removed", "Payments of blocks that left the chain").optional(),
            ResultDoc::hex("lastblock", "The block to begin at next time"),
        ],
    ))
    .cli("")
    .rpc("\"000000000000000bacf66f7497b7dc45ef753ee9a7d38571037cdb1a57f663ad\", 6")
}

/// The height up to which everything is known to the caller, and blocks that left the chain since.
async fn known_height(context: &Context, hash: Option<BlockHash>) -> Result<Option<u32>, RpcError> {
    let Some(hash) = hash else { return Ok(None) };
    let found = context
        .ask(|chain| async move { chain.find_block(hash).await })
        .await?;
    let not_found = || RpcError::not_found("Block not found");
    let (block, active) = found.ok_or_else(not_found)?;
    if active {
        return Ok(Some(block.height));
    }
    let fork = context
        .ask(|chain| async move { chain.find_fork(vec![hash]).await })
        .await?;
    // A fork below the block itself is found by walking down; without one nothing is known.
    Ok(fork.map(|fork| fork.height))
}

async fn listsinceblock(context: Arc<Context>, args: Args) -> RpcResult {
    let hash = if args.opt_str("blockhash")?.is_none_or(str::is_empty) {
        None
    } else {
        args.opt_hash("blockhash")?.map(BlockHash)
    };
    let target: i64 = args.int("target_confirmations")?;
    if target < 1 {
        return Err(RpcError::invalid_parameter("Invalid parameter"));
    }
    let include_change = args.bool("include_change")?;
    let removed = args.bool("include_removed")?;
    let label = args.opt_str("label")?.map(str::to_owned);
    // The wallet's blocks and the one that is named as the last must be of one chain.
    let name = wallet_name(&context, &args).await?;
    context.sync(&name).await;
    let known = known_height(&context, hash).await?;
    let best = context
        .handle
        .with(&name, |wallet| Ok(wallet.best()))
        .await?;
    let tip = best.map_or(0, |(_, height)| height);
    let back = u32::try_from(target - 1).unwrap_or(u32::MAX);
    let last_height = tip.checked_sub(back);
    let last = match last_height {
        Some(height) => {
            let block = context
                .ask(|chain| async move { chain.block_at(height).await })
                .await?;
            block.map_or_else(|| "0".repeat(64), |block| block.hash.to_string())
        }
        None => "0".repeat(64),
    };
    on_wallet(&context, &args, move |wallet| {
        let want = Listing {
            min_depth: 0,
            long: true,
            label: label.as_deref(),
            include_change,
        };
        let depth_limit = known.map(|known| i64::from(tip) + 1 - i64::from(known));
        let ids: BTreeSet<i64> = wallet.by_order().keys().copied().collect();
        let mut rows = Vec::new();
        for order in ids {
            let Some(tx) = wallet
                .by_order()
                .get(&order)
                .and_then(|txid| wallet.txs().get(txid))
            else {
                continue;
            };
            let depth = i64::from(wallet.depth(tx)).abs();
            if depth_limit.is_none_or(|limit| depth < limit) {
                rows.extend(payments(wallet, tx, &want));
            }
        }
        let mut answer = serde_json::Map::new();
        answer.insert("transactions".into(), Value::Array(rows));
        if removed {
            answer.insert("removed".into(), json!([]));
        }
        answer.insert("lastblock".into(), json!(last));
        Ok(Value::Object(answer))
    })
    .await
}
