//! The history, transaction by transaction.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use keys::univ::{TxJson, tx_to_json};
use primitives::hash::to_hex;
use primitives::{Amount, Tx, Txid};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, amount};
use serde_json::{Map, Value, json};

use super::{doc, last_processed, on_wallet};
use crate::context::Context;
use crate::transaction::{TxState, WalletTx};
use crate::wallet::{AmountEntry, Wallet};

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        gettransaction_spec().run_async(gettransaction),
        listtransactions_spec().run_async(listtransactions),
        CommandSpec::new(
            "wallet",
            "abandontransaction",
            "Gives up a transaction that is neither in a block nor in the mempool, with all that spend from it. Their \
             coins can be spent again.",
        )
        .arg(Arg::hex("txid", "The transaction"))
        .result(ResultDoc::none())
        .cli("\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\"")
        .rpc("\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\"")
        .run_async(abandontransaction),
    ]
}

/// Transactions of the wallet that spend the same as this one (Core's `GetConflicts`).
fn conflicts(wallet: &Wallet, tx: &WalletTx) -> BTreeSet<Txid> {
    let own = tx.tx.txid();
    tx.tx
        .inputs
        .iter()
        .flat_map(|input| wallet.spenders(&input.prevout))
        .filter(|txid| **txid != own)
        .copied()
        .collect()
}

/// What every form of a transaction has (Core's `WalletTxToJSON`).
pub(super) fn describe(wallet: &Wallet, tx: &WalletTx, map: &mut Map<String, Value>) {
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("confirmations", json!(wallet.depth(tx)));
    if tx.tx.is_coinbase() {
        put("generated", json!(true));
    }
    match tx.state {
        TxState::Confirmed {
            block,
            height,
            index,
        } => {
            put("blockhash", json!(block.to_string()));
            put("blockheight", json!(height.map_or(-1, i64::from)));
            put("blockindex", json!(index));
            put(
                "blocktime",
                json!(wallet.block_time(&block).unwrap_or_default()),
            );
        }
        _ => {
            put("trusted", json!(wallet.is_trusted(tx, &mut HashSet::new())));
        }
    }
    put("txid", json!(tx.tx.txid().to_string()));
    put("wtxid", json!(tx.tx.wtxid().to_string()));
    let alternates: Vec<String> = tx.alternates().map(ToString::to_string).collect();
    put("alternate_wtxids", json!(alternates));
    let texts =
        |ids: &BTreeSet<Txid>| -> Vec<String> { ids.iter().map(ToString::to_string).collect() };
    put("walletconflicts", json!(texts(&conflicts(wallet, tx))));
    put("mempoolconflicts", json!(texts(&tx.mempool_conflicts)));
    put("time", json!(tx.time()));
    put("timereceived", json!(tx.time_received));
    if let Some(comment) = &tx.comment {
        put("comment", json!(comment));
    }
    if let Some(to) = &tx.comment_to {
        put("to", json!(to));
    }
    if let Some(txid) = &tx.replaces {
        put("replaces_txid", json!(txid.to_string()));
    }
    if let Some(txid) = &tx.replaced_by {
        put("replaced_by_txid", json!(txid.to_string()));
    }
}

/// Which payments of a transaction are wanted.
pub(super) struct Listing<'a> {
    pub(super) min_depth: i32,
    /// With what every form of a transaction has.
    pub(super) long: bool,
    /// Only payments to addresses of this label.
    pub(super) label: Option<&'a str>,
    pub(super) include_change: bool,
}

/// A transaction payment by payment (Core's `ListTransactions`).
pub(super) fn payments(wallet: &Wallet, tx: &WalletTx, want: &Listing<'_>) -> Vec<Value> {
    let amounts = wallet.amounts(tx, want.include_change);
    let mut rows = Vec::new();
    if want.label.is_none() {
        for entry in &amounts.sent {
            rows.push(sent(wallet, tx, entry, amounts.fee, want.long));
        }
    }
    if wallet.depth(tx) >= want.min_depth {
        for entry in &amounts.received {
            let label = entry.destination.as_ref().map(|d| wallet.label_of(d));
            if want
                .label
                .is_some_and(|wanted| label.unwrap_or_default() != wanted)
            {
                continue;
            }
            rows.push(received(wallet, tx, entry, want.long));
        }
    }
    rows
}

fn put_address(wallet: &Wallet, entry: &AmountEntry, map: &mut Map<String, Value>) {
    if let Some(destination) = &entry.destination {
        map.insert(
            "address".into(),
            json!(destination.to_address(wallet.params())),
        );
    }
}

fn put_label(wallet: &Wallet, entry: &AmountEntry, map: &mut Map<String, Value>) {
    let known = entry
        .destination
        .as_ref()
        .and_then(|d| wallet.address_entry(d));
    if let Some(entry) = known {
        map.insert("label".into(), json!(entry.label));
    }
}

fn sent(wallet: &Wallet, tx: &WalletTx, entry: &AmountEntry, fee: Amount, long: bool) -> Value {
    let mut map = Map::new();
    put_address(wallet, entry, &mut map);
    map.insert("category".into(), json!("send"));
    map.insert("amount".into(), amount(-entry.amount.sat()));
    put_label(wallet, entry, &mut map);
    map.insert("vout".into(), json!(entry.vout));
    map.insert("fee".into(), amount(-fee.sat()));
    if long {
        describe(wallet, tx, &mut map);
    }
    map.insert("abandoned".into(), json!(tx.state.is_abandoned()));
    Value::Object(map)
}

fn received(wallet: &Wallet, tx: &WalletTx, entry: &AmountEntry, long: bool) -> Value {
    let mut map = Map::new();
    put_address(wallet, entry, &mut map);
    let script = usize::try_from(entry.vout)
        .ok()
        .and_then(|vout| tx.tx.outputs.get(vout));
    let parents = script.map(|output| wallet.parent_descriptors(&output.script_pubkey));
    map.insert("parent_descs".into(), json!(parents.unwrap_or_default()));
    let category = match () {
        () if !tx.tx.is_coinbase() => "receive",
        () if wallet.depth(tx) < 1 => "orphan",
        () if wallet.blocks_to_maturity(tx) > 0 => "immature",
        () => "generate",
    };
    map.insert("category".into(), json!(category));
    map.insert("amount".into(), amount(entry.amount.sat()));
    put_label(wallet, entry, &mut map);
    map.insert("vout".into(), json!(entry.vout));
    map.insert("abandoned".into(), json!(tx.state.is_abandoned()));
    if long {
        describe(wallet, tx, &mut map);
    }
    Value::Object(map)
}

fn gettransaction_spec() -> CommandSpec {
    let mut fields = vec![
        ResultDoc::amount("amount", "What it brought; negative for money sent"),
        ResultDoc::amount("fee", "The fee, negative, for money sent").optional(),
    ];
    fields.extend(doc::transaction());
    fields.push(ResultDoc::array(
        "details",
        "Payment by payment",
        vec![ResultDoc::object("", "", doc::payment())],
    ));
    fields.push(ResultDoc::hex("hex", "The transaction"));
    fields.push(ResultDoc::any("decoded", "The transaction in parts, where asked for").optional());
    fields.push(doc::last_processed());
    CommandSpec::new(
        "wallet",
        "gettransaction",
        "Returns a transaction of a wallet.",
    )
    .arg(Arg::str("txid", "The transaction"))
    .arg(Arg::bool("include_watchonly", "Without effect").optional())
    .arg(Arg::bool("verbose", "Show it in parts, too").default(false))
    .result(ResultDoc::object("", "", fields))
    .cli("\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\"")
    .rpc("\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\"")
}

async fn gettransaction(context: Arc<Context>, args: Args) -> RpcResult {
    let txid = Txid(args.hash("txid")?);
    let verbose = args.bool("verbose")?;
    on_wallet(&context, &args, move |wallet| {
        let tx = wallet
            .txs()
            .get(&txid)
            .ok_or_else(|| RpcError::not_found("Invalid or non-wallet transaction id"))?;
        let debit = wallet.debit(&tx.tx);
        let from_us = debit > Amount::ZERO;
        let fee = if from_us {
            tx.tx.value_out() - debit
        } else {
            Amount::ZERO
        };
        let credit = if tx.tx.is_coinbase() && wallet.blocks_to_maturity(tx) > 0 {
            Amount::ZERO
        } else {
            wallet.credit(&tx.tx)
        };
        let mut map = Map::new();
        map.insert("amount".into(), amount((credit - debit - fee).sat()));
        if from_us {
            map.insert("fee".into(), amount(fee.sat()));
        }
        describe(wallet, tx, &mut map);
        let want = Listing {
            min_depth: i32::MIN,
            long: false,
            label: None,
            include_change: false,
        };
        map.insert("details".into(), Value::Array(payments(wallet, tx, &want)));
        map.insert("hex".into(), json!(to_hex(&tx.tx.to_bytes())));
        if verbose {
            let mut decoded = tx_to_json(&tx.tx, &TxJson::default(), wallet.params());
            mark_change(wallet, &tx.tx, &mut decoded);
            map.insert("decoded".into(), Value::Object(decoded));
        }
        last_processed(wallet, &mut map);
        Ok(Value::Object(map))
    })
    .await
}

/// Tells which outputs of a decoded transaction are change.
fn mark_change(wallet: &Wallet, tx: &Tx, decoded: &mut Map<String, Value>) {
    let Some(Value::Array(shown)) = decoded.get_mut("vout") else {
        return;
    };
    for (output, shown) in tx.outputs.iter().zip(shown) {
        if let Value::Object(shown) = shown
            && wallet.is_change(&output.script_pubkey)
        {
            shown.insert("ischange".into(), json!(true));
        }
    }
}

fn listtransactions_spec() -> CommandSpec {
    let mut fields = doc::payment();
    fields.extend(doc::transaction());
    CommandSpec::new(
        "wallet",
        "listtransactions",
        "Returns the newest payments, oldest first. With a label, only payments to its addresses.",
    )
    .arg(Arg::str("label", "The label, or \"*\" for all").optional())
    .arg(Arg::num("count", "How many").default(10))
    .arg(Arg::num("skip", "How many newer ones to leave out").default(0))
    .arg(Arg::bool("include_watchonly", "Without effect").optional())
    .result(ResultDoc::array(
        "",
        "",
        vec![ResultDoc::object("", "", fields)],
    ))
    .cli("\"*\" 20 100")
    .rpc("\"*\", 20, 100")
}

async fn listtransactions(context: Arc<Context>, args: Args) -> RpcResult {
    let label = match args.opt_str("label")? {
        Some("") => {
            return Err(RpcError::invalid_parameter(
                "Label argument must be a valid label name or \"*\".",
            ));
        }
        Some("*") | None => None,
        Some(label) => Some(label.to_owned()),
    };
    let (count, skip): (i64, i64) = (args.int("count")?, args.int("skip")?);
    let count =
        usize::try_from(count).map_err(|_| RpcError::invalid_parameter("Negative count"))?;
    let skip = usize::try_from(skip).map_err(|_| RpcError::invalid_parameter("Negative from"))?;
    on_wallet(&context, &args, move |wallet| {
        let want = Listing {
            min_depth: 0,
            long: true,
            label: label.as_deref(),
            include_change: false,
        };
        let mut rows: Vec<Value> = Vec::new();
        for txid in wallet.by_order().values().rev() {
            if rows.len() >= count.saturating_add(skip) {
                break;
            }
            if let Some(tx) = wallet.txs().get(txid) {
                rows.extend(payments(wallet, tx, &want));
            }
        }
        let mut rows: Vec<Value> = rows.into_iter().skip(skip).take(count).collect();
        rows.reverse();
        Ok(Value::Array(rows))
    })
    .await
}

async fn abandontransaction(context: Arc<Context>, args: Args) -> RpcResult {
    let txid = Txid(args.hash("txid")?);
    on_wallet(&context, &args, move |wallet| {
        wallet.abandon(&txid)?;
        Ok(Value::Null)
    })
    .await
}
