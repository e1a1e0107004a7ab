//! Which transactions spend given outputs (Core's `gettxspendingprevout`).

use primitives::hash::to_hex;
use primitives::{OutPoint, Txid};
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
    let mempool_only = options.get("mempool_only").and_then(Value::as_bool);
    let mempool_only = mempool_only.unwrap_or(true);
    let with_tx = options.get("return_spending_tx").and_then(Value::as_bool);
    let outpoints = outputs.iter().map(outpoint_of);
    let outpoints = outpoints.collect::<Result<Vec<_>, _>>()?;
    let mut answer = Vec::with_capacity(outputs.len());
    let pool = node.reader()?.mempool();
    for (output, outpoint) in outputs.iter().zip(outpoints) {
        let mut map = object_from(output)?.clone();
        let spender = pool.spender(&outpoint);
        match spender {
            Some(spender) => {
                let txid = spender.tx.txid().to_string();
                map.insert("spendingtxid".into(), txid.into());
                if with_tx == Some(true) {
                    let bytes = to_hex(&spender.tx.to_bytes());
                    map.insert("spendingtx".into(), bytes.into());
                }
            }
            None if mempool_only => {}
            None => {
                return Err(RpcError::misc(
                    "Mempool lacks a relevant spend, and txospenderindex is unavailable.",
                ));
            }
        }
        answer.push(Value::from(map));
    }
    Ok(answer.into())
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
