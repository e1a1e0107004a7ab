//! Giving transactions to the mempool, and asking what it would say to them.

use std::sync::Arc;

use chain::SubmitTxError;
use chain::mempool::accept::{AcceptOptions, Accepted, MempoolError, reject_text};
use chain::mempool::package::{MAX_COUNT, PackageVerdict};
use keys::univ::amount_value;
use primitives::{Amount, FeeRate, OutPoint, Tx};
use rpc::{Arg, Args, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::super::chainstate::machine;
use super::super::decode::{decode_tx, has_valid_ops};
use crate::context::Node;

/// Default of `maxfeerate`, in coins per 1,000 virtual bytes.
const DEFAULT_MAX_RATE: Amount = Amount::from_sat(10_000_000);
/// Rates from one coin per 1,000 virtual bytes on are taken for mistakes.
const ABSURD_RATE: Amount = Amount::from_coins(1);
/// What only tests.
const TEST_ONLY: AcceptOptions = AcceptOptions {
    test_only: true,
    from_block: false,
    in_package: false,
    saved_at: None,
};

fn max_rate_arg() -> Arg {
    Arg::amount("maxfeerate", "Reject transactions whose fee rate is higher than the specified value, expressed in coins/kvB.\nFee rates larger than 1/kvB are rejected.\nSet to 0 to accept any fee rate.")
        .default("0.10")
}

fn max_rate(args: &Args) -> Result<Option<FeeRate>, RpcError> {
    let given = args
        .opt_amount("maxfeerate", i64::MAX)?
        .map(Amount::from_sat);
    let rate = given.unwrap_or(DEFAULT_MAX_RATE);
    if rate >= ABSURD_RATE {
        return Err(RpcError::invalid_parameter(
            "Fee rates larger than or equal to 1BTC/kvB are not accepted",
        ));
    }
    Ok((rate != Amount::ZERO).then(|| FeeRate::from_sat_per_kvb(rate.sat())))
}

fn parse_tx(node: &Node, text: &str) -> Result<Arc<Tx>, RpcError> {
    rpc::value::decode_hex(text)
        .and_then(|bytes| decode_tx(&bytes, true, true, node.params.hashes))
        .map(Arc::new)
        .ok_or_else(|| {
            RpcError::deserialization("TX decode failed. Make sure the tx has at least one input.")
        })
}

pub(super) fn send_spec() -> CommandSpec {
    CommandSpec::new(
        "rawtransactions",
        "sendrawtransaction",
        "Submit a raw transaction (serialized, hex-encoded) to local node and network.\n\nThe transaction will be sent unconditionally to all peers, so using sendrawtransaction\nfor manual rebroadcast may degrade privacy by leaking the transaction's origin, as\nnodes will normally not rebroadcast non-wallet transactions already in their mempool.\n\nA specific exception, RPC_TRANSACTION_ALREADY_IN_UTXO_SET, may throw if the transaction cannot be added to the mempool.\n\nRelated RPCs: createrawtransaction, signrawtransactionwithkey",
    )
    .arg(Arg::hex("hexstring", "The hex string of the raw transaction"))
    .arg(max_rate_arg())
    .arg(Arg::amount("maxburnamount", "Reject transactions with provably unspendable outputs (e.g. 'datacarrier' outputs that use the OP_RETURN opcode) greater than the specified value, expressed in coins.").default("0.00"))
    .result(ResultDoc::hex("", "The transaction hash in hex"))
    .cli("\"signedhex\"")
    .rpc("\"signedhex\"")
}

pub(super) fn send(node: &Node, args: &Args) -> RpcResult {
    let burn = args
        .opt_amount("maxburnamount", i64::MAX)?
        .map_or(Amount::ZERO, Amount::from_sat);
    let tx = parse_tx(node, args.str("hexstring")?)?;
    if tx.outputs.iter().any(|o| {
        let unspendable = o.script_pubkey.is_unspendable() || !has_valid_ops(&o.script_pubkey);
        unspendable && o.value > burn
    }) {
        return Err(RpcError::new(
            code::VERIFY,
            "Unspendable output exceeds maximum configured by user (maxburnamount)",
        ));
    }
    let limit = max_rate(args)?.map(|rate| rate.fee(tx.vsize() as u64));
    broadcast(node, &tx, limit)?;
    Ok(json!(tx.txid().to_string()))
}

/// Takes a transaction in, unless it pays more than `max_fee` (Core's `BroadcastTransaction`).
pub(crate) fn broadcast(
    node: &Node,
    tx: &Arc<Tx>,
    max_fee: Option<Amount>,
) -> Result<(), RpcError> {
    let (handle, reader) = (node.handle()?, node.reader()?);
    let outputs = 0..u32::try_from(tx.outputs.len()).unwrap_or(u32::MAX);
    let places: Vec<OutPoint> = outputs.map(|vout| OutPoint::new(tx.txid(), vout)).collect();
    let confirmed = handle.coins(places).wait().map_err(machine)?;
    if confirmed.iter().any(Option::is_some) {
        return Err(RpcError::new(
            code::VERIFY_ALREADY_IN_UTXO_SET,
            "Transaction outputs already in utxo set",
        ));
    }
    if reader.mempool().get(&tx.txid()).is_some() {
        return Ok(());
    }
    if let Some(limit) = max_fee {
        let tested = handle
            .submit_tx(Arc::clone(tx), TEST_ONLY)
            .wait()
            .map_err(refused)?;
        if tested.fee > limit {
            return Err(RpcError::new(
                code::VERIFY,
                "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)",
            ));
        }
    }
    handle
        .submit_tx(Arc::clone(tx), AcceptOptions::default())
        .wait()
        .map(drop)
        .map_err(refused)
}

fn refused(error: SubmitTxError) -> RpcError {
    match error {
        SubmitTxError::Rejected(MempoolError::MissingInputs) => {
            RpcError::new(code::VERIFY, "bad-txns-inputs-missingorspent")
        }
        SubmitTxError::Rejected(error) => RpcError::new(code::VERIFY_REJECTED, reject_text(&error)),
        SubmitTxError::Chain(error) => machine(error),
    }
}

pub(super) fn test_spec() -> CommandSpec {
    CommandSpec::new(
        "rawtransactions",
        "testmempoolaccept",
        "Returns result of mempool acceptance tests indicating if raw transaction(s) (serialized, hex-encoded) would be accepted by mempool.\n\nIf multiple transactions are passed in, parents must come before children and package policies apply: the transactions cannot conflict with any mempool transactions or each other.\n\nIf one transaction fails, other transactions may not be fully validated (the 'allowed' key will be blank).\n\nThe maximum number of transactions allowed is 25.\n\nThis checks if transactions violate the consensus or policy rules.\n\nSee sendrawtransaction call.",
    )
    .arg(Arg::array("rawtxs", "An array of hex strings of raw transactions.", vec![Arg::hex("rawtx", "").optional()]))
    .arg(max_rate_arg())
    .result(ResultDoc::array(
        "",
        "The result of the mempool acceptance test for each raw transaction in the input array.",
        vec![ResultDoc::object(
            "",
            "",
            vec![
                ResultDoc::hex("txid", "The transaction hash in hex"),
                ResultDoc::hex("wtxid", "The transaction witness hash in hex"),
                ResultDoc::str("package-error", "Package validation error, if any (only possible if rawtxs had more than 1 transaction).").optional(),
                ResultDoc::bool("allowed", "Whether this tx would be accepted to the mempool and pass client-specified maxfeerate. If not present, the tx was not fully validated due to a failure in another tx in the list.").optional(),
                ResultDoc::num("vsize_adjusted", "Maximum of sigop-adjusted size and virtual transaction size as defined in BIP 141 (only present when 'allowed' is true).").optional(),
                ResultDoc::num("vsize", "(DEPRECATED) The same as vsize_adjusted.").optional(),
                ResultDoc::num("vsize_bip141", "Virtual transaction size as defined in BIP 141.\nThis is different from actual serialized size for witness transactions as witness data is discounted (only present when 'allowed' is true).").optional(),
                ResultDoc::object("fees", "Transaction fees (only present if tx would be accepted)", vec![
                    ResultDoc::amount("base", "transaction fee in coins"),
                    ResultDoc::amount("effective-feerate", "the effective feerate in coins per KvB."),
                    ResultDoc::array("effective-includes", "transactions whose fees and vsizes are included in effective-feerate.", vec![ResultDoc::hex("", "transaction wtxid in hex")]),
                ])
                .optional(),
                ResultDoc::str("reject-reason", "Rejection reason (only present when 'allowed' is false)").optional(),
                ResultDoc::str("reject-details", "Rejection details (only present when 'allowed' is false and rejection details exist)").optional(),
            ],
        )],
    ))
    .cli("'[\"signedhex\"]'")
    .rpc("[\"signedhex\"]")
}

pub(super) fn test(node: &Node, args: &Args) -> RpcResult {
    let texts = args.array("rawtxs")?;
    if texts.is_empty() || texts.len() > MAX_COUNT {
        return Err(RpcError::invalid_parameter(format!(
            "Array must contain between 1 and {MAX_COUNT} transactions."
        )));
    }
    let max_rate = max_rate(args)?;
    let mut txs = Vec::with_capacity(texts.len());
    for text in texts {
        let text = rpc::value::str_from(text)?;
        txs.push(parse_tx(node, text).map_err(|_| {
            RpcError::deserialization(format!(
                "TX decode failed: {text} Make sure the tx has at least one input."
            ))
        })?);
    }
    let mut verdict = verdict_on(node, &txs)?;
    let mut rows = Vec::with_capacity(txs.len());
    let mut too_dear = false;
    for tx in txs {
        let mut row = Map::new();
        row.insert("txid".into(), tx.txid().to_string().into());
        row.insert("wtxid".into(), tx.wtxid().to_string().into());
        if !verdict.error.is_empty() {
            row.insert("package-error".into(), verdict.error.as_str().into());
        }
        // What stands on one that would not be sent is not judged.
        match verdict.results.remove(&tx.wtxid()).filter(|_| !too_dear) {
            Some(Ok(accepted)) => {
                let limit = max_rate.map(|rate| rate.fee(accepted.vsize));
                too_dear = limit.is_some_and(|limit| accepted.fee > limit);
                if too_dear {
                    row.insert("allowed".into(), false.into());
                    row.insert("reject-reason".into(), "max-fee-exceeded".into());
                } else {
                    describe_accepted(&tx, &accepted, &mut row);
                }
            }
            Some(Err(error)) => describe_refused(&error, &mut row),
            None => {}
        }
        rows.push(Value::from(row));
    }
    Ok(rows.into())
}

fn verdict_on(node: &Node, txs: &[Arc<Tx>]) -> Result<PackageVerdict, RpcError> {
    let handle = node.handle()?;
    let [tx] = txs else {
        return handle.test_package(txs.to_vec()).wait().map_err(machine);
    };
    let result = match handle.submit_tx(Arc::clone(tx), TEST_ONLY).wait() {
        Ok(accepted) => Ok(accepted),
        Err(SubmitTxError::Rejected(error)) => Err(error),
        Err(SubmitTxError::Chain(error)) => return Err(machine(error)),
    };
    let mut verdict = PackageVerdict::default();
    verdict.results.insert(tx.wtxid(), result);
    Ok(verdict)
}

fn describe_accepted(tx: &Tx, accepted: &Accepted, row: &mut Map<String, Value>) {
    row.insert("allowed".into(), true.into());
    row.insert("vsize_adjusted".into(), accepted.vsize.into());
    row.insert("vsize".into(), accepted.vsize.into());
    row.insert("vsize_bip141".into(), tx.vsize().into());
    let rate = Amount::from_sat(accepted.rate.sat_per_kvb());
    row.insert(
        "fees".into(),
        json!({
            "base": amount_value(accepted.fee),
            "effective-feerate": amount_value(rate),
            "effective-includes": [tx.wtxid().to_string()],
        }),
    );
}

fn describe_refused(error: &MempoolError, row: &mut Map<String, Value>) {
    row.insert("allowed".into(), false.into());
    if *error == MempoolError::MissingInputs {
        row.insert("reject-reason".into(), "missing-inputs".into());
    } else {
        row.insert("reject-reason".into(), error.to_string().into());
        row.insert("reject-details".into(), reject_text(error).into());
    }
}
