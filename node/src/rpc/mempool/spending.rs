//! Which transactions spend given outputs (Core's `gettxspendingprevout`).

use std::sync::Arc;

use chain::indexes::{IndexKind, Indexes, TxoSpenderIndex};
use primitives::hash::to_hex;
use primitives::{OutPoint, Tx, Txid};
use rpc::value::{JsonType, check_object, field, hash_from, int_from, object_from};
use rpc::{Arg, Args, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::{Map, Value};

use crate::context::Node;

pub(super) fn spec() -> CommandSpec {
    let output = Arg::object(
        "",
        "",
        vec![
            Arg::hex("txid", "The transaction id"),
            Arg::num("vout", "The output number"),
        ],
    );
    let example = "a08e6907dbbd3d809776dbfc5d82e371b764ed838b5655e72f463568df1aadf0";
    CommandSpec::new("blockchain", "gettxspendingprevout", "Scans the mempool (and the txospenderindex, if available) to find transactions spending any of the given outputs")
        .arg(Arg::array("outputs", "The transaction outputs that we want to check, and within each, the txid (string) vout (numeric).", vec![output.optional()]))
        .arg(
            Arg::options("options", "", vec![
                Arg::bool("mempool_only", "If false and mempool lacks a relevant spend, use txospenderindex (throws an exception if not available).").hint("true if txospenderindex unavailable, otherwise false"),
                Arg::bool("return_spending_tx", "If true, return the full spending tx.").hint("false"),
            ])
            .optional(),
        )
        .result(ResultDoc::array("", "", vec![ResultDoc::object("", "", vec![
            ResultDoc::hex("txid", "the transaction id of the checked output"),
            ResultDoc::num("vout", "the vout value of the checked output"),
            ResultDoc::hex("spendingtxid", "the transaction id of the mempool transaction spending this output (omitted if unspent)").optional(),
            ResultDoc::hex("spendingtx", "the transaction spending this output (only if return_spending_tx is set, omitted if unspent)").optional(),
            ResultDoc::hex("blockhash", "the hash of the spending block (omitted if unspent or the spending tx is not confirmed)").optional(),
        ])]))
        .cli(format!("\"[{{\\\"txid\\\":\\\"{example}\\\",\\\"vout\\\":3}}]\""))
        .rpc(format!("\"[{{\\\"txid\\\":\\\"{example}\\\",\\\"vout\\\":3}}]\""))
        .example(rpc::Example::CliNamed(serde_json::json!({
            "outputs": format!("[{{\"txid\":\"{example}\",\"vout\":3}}]"),
            "return_spending_tx": true,
        })))
}

pub(super) fn spenders(node: &Node, args: &Args) -> RpcResult {
    let outputs = args.array("outputs")?;
    if outputs.is_empty() {
        return Err(RpcError::invalid_parameter(
            "Invalid parameter, outputs are missing",
        ));
    }
    let empty = Map::new();
    let options = args.opt_object("options")?.unwrap_or(&empty);
    let flag = Some(JsonType::Bool);
    let known = [("mempool_only", flag), ("return_spending_tx", flag)];
    check_object(options, &known, true, true)?;
    // Without an index of spent outputs there is no other place to look.
    let index = node.indexes().and_then(Indexes::spender);
    let mempool_only = options.get("mempool_only").and_then(Value::as_bool);
    let mempool_only = mempool_only.unwrap_or(index.is_none());
    let with_tx = options.get("return_spending_tx").and_then(Value::as_bool);
    let outpoints = outputs.iter().map(outpoint_of);
    let outpoints = outpoints.collect::<Result<Vec<_>, _>>()?;
    let spent_by = |tx: &Tx| {
        let mut map = Map::new();
        map.insert("spendingtxid".into(), tx.txid().to_string().into());
        if with_tx == Some(true) {
            map.insert("spendingtx".into(), to_hex(&tx.to_bytes()).into());
        }
        map
    };
    let waiting: Vec<Option<Arc<Tx>>> = {
        let pool = node.reader()?.mempool();
        let spender = |place: &OutPoint| pool.spender(place).map(|entry| Arc::clone(&entry.tx));
        outpoints.iter().map(spender).collect()
    };
    let index = if mempool_only || waiting.iter().all(Option::is_some) {
        None
    } else {
        Some(ready_index(node)?)
    };
    let mut answer = Vec::with_capacity(outputs.len());
    for ((output, outpoint), waiting) in outputs.iter().zip(outpoints).zip(waiting) {
        let mut map = object_from(output)?.clone();
        match (waiting, index) {
            (Some(tx), _) => map.append(&mut spent_by(&tx)),
            (None, None) => {}
            (None, Some(index)) => {
                if let Some(spender) = index.find(&outpoint).map_err(|error| {
                    tracing::error!(target: "rpc", "{error}");
                    let text = format!("IO error finding spending tx for outpoint {outpoint}.");
                    RpcError::misc(text)
                })? {
                    map.append(&mut spent_by(&spender.tx));
                    map.insert("blockhash".into(), spender.block.to_string().into());
                }
            }
        }
        answer.push(Value::from(map));
    }
    Ok(answer.into())
}

/// The index of spent outputs, where it has seen the tip.
fn ready_index(node: &Node) -> Result<&TxoSpenderIndex, RpcError> {
    let indexes = node
        .indexes()
        .filter(|indexes| indexes.wait_for_tip(IndexKind::TxoSpender));
    indexes.and_then(Indexes::spender).ok_or_else(|| {
        RpcError::misc("Mempool lacks a relevant spend, and txospenderindex is unavailable.")
    })
}

fn outpoint_of(output: &Value) -> Result<OutPoint, RpcError> {
    let fields = object_from(output)?;
    let known = [
        ("txid", Some(JsonType::String)),
        ("vout", Some(JsonType::Number)),
    ];
    check_object(fields, &known, false, true)?;
    let txid = Txid(hash_from(field(fields, "txid"), "txid")?);
    let vout: i32 = int_from(field(fields, "vout"))?;
    let vout = u32::try_from(vout)
        .map_err(|_| RpcError::invalid_parameter("Invalid parameter, vout cannot be negative"))?;
    Ok(OutPoint::new(txid, vout))
}
