//! Commands about the mempool (Core's `rpc/mempool.cpp`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chain::mempool::accept::{AcceptOptions, MempoolError};
use chain::mempool::{Mempool, MempoolEntry};
use chain::{ChainReader, SubmitTxError};
use keys::univ::amount_value;
use primitives::{Amount, FeeRate, OutPoint, Tx, Txid};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::chainstate::machine;
use super::decode::decode_tx;
use crate::context::Node;

/// Default of `maxfeerate`, in coins per 1,000 virtual bytes.
const DEFAULT_MAX_RATE: Amount = Amount::from_sat(10_000_000);
/// Rates from one coin per 1,000 virtual bytes on are taken for mistakes.
const ABSURD_RATE: Amount = Amount::from_coins(1);
/// Most transactions in one test.
const MAX_PACKAGE: usize = 25;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        send_spec().run(send),
        test_spec().run(test),
        mempool_info_spec().run(mempool_info),
        raw_mempool_spec().run(raw_mempool),
        entry_spec().run(entry),
        prioritise_spec().run(prioritise),
    ]
}

fn max_rate_arg() -> Arg {
    Arg::amount("maxfeerate", "Reject transactions whose fee rate is higher than the specified value, expressed in coins/kvB.\nFee rates larger than 1/kvB are rejected.\nSet to 0 to accept any fee rate.")
        .default("0.10")
}

fn max_rate(args: &Args) -> Result<Option<FeeRate>, RpcError> {
    let given = args
        .opt_amount("maxfeerate", i64::MAX)?
        .map(Amount::from_sat);
    let rate = given.unwrap_or(DEFAULT_MAX_RATE);
    if rate > ABSURD_RATE {
        return Err(RpcError::invalid_parameter(
            "Fee rates larger than 1BTC/kvB are rejected",
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

fn send_spec() -> CommandSpec {
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

fn send(node: &Node, args: &Args) -> RpcResult {
    let burn = args
        .opt_amount("maxburnamount", i64::MAX)?
        .map_or(Amount::ZERO, Amount::from_sat);
    let tx = parse_tx(node, args.str("hexstring")?)?;
    if tx
        .outputs
        .iter()
        .any(|o| o.script_pubkey.is_unspendable() && o.value > burn)
    {
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
        let options = AcceptOptions {
            test_only: true,
            from_block: false,
        };
        let tested = handle
            .submit_tx(Arc::clone(tx), options)
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

/// Reason and details in one line (Core's `ValidationState::ToString`).
pub(crate) fn reject_text(error: &MempoolError) -> String {
    match error.details() {
        details if details.is_empty() => error.to_string(),
        details => format!("{error}, {details}"),
    }
}

fn test_spec() -> CommandSpec {
    CommandSpec::new(
        "rawtransactions",
        "testmempoolaccept",
        "Returns result of mempool acceptance tests indicating if raw transaction(s) (serialized, hex-encoded) would be accepted by mempool.\n\nThis checks if transactions violate the consensus or policy rules.\n\nSee sendrawtransaction call.",
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
                ResultDoc::bool("allowed", "Whether this tx would be accepted to the mempool and pass client-specified maxfeerate.").optional(),
                ResultDoc::num("vsize", "Virtual transaction size as defined in BIP 141.").optional(),
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

fn test(node: &Node, args: &Args) -> RpcResult {
    let texts = args.array("rawtxs")?;
    if texts.is_empty() || texts.len() > MAX_PACKAGE {
        return Err(RpcError::invalid_parameter(format!(
            "Array must contain between 1 and {MAX_PACKAGE} transactions."
        )));
    }
    let rate = max_rate(args)?;
    let mut txs = Vec::with_capacity(texts.len());
    for text in texts {
        let text = rpc::value::str_from(text)?;
        txs.push(parse_tx(node, text).map_err(|_| {
            RpcError::deserialization(format!(
                "TX decode failed: {text} Make sure the tx has at least one input."
            ))
        })?);
    }
    if txs.len() > 1 {
        return Err(RpcError::invalid_parameter(
            "Testing packages of several transactions is not offered: test them one at a time.",
        ));
    }
    let mut rows = Vec::new();
    for tx in txs {
        let options = AcceptOptions {
            test_only: true,
            from_block: false,
        };
        let result = node.handle()?.submit_tx(Arc::clone(&tx), options).wait();
        let mut row = Map::new();
        row.insert("txid".into(), tx.txid().to_string().into());
        row.insert("wtxid".into(), tx.wtxid().to_string().into());
        match result {
            Ok(accepted) => {
                let limit = rate.map(|rate| rate.fee(accepted.vsize));
                if limit.is_some_and(|limit| accepted.fee > limit) {
                    row.insert("allowed".into(), false.into());
                    row.insert("reject-reason".into(), "max-fee-exceeded".into());
                } else {
                    let rate = FeeRate::of(accepted.fee, accepted.vsize);
                    row.insert("allowed".into(), true.into());
                    row.insert("vsize".into(), accepted.vsize.into());
                    row.insert(
                        "fees".into(),
                        json!({
                            "base": amount_value(accepted.fee),
                            "effective-feerate": amount_value(Amount::from_sat(rate.sat_per_kvb())),
                            "effective-includes": [tx.wtxid().to_string()],
                        }),
                    );
                }
            }
            Err(SubmitTxError::Rejected(error)) => {
                row.insert("allowed".into(), false.into());
                let reason = match error {
                    MempoolError::MissingInputs => "missing-inputs".to_owned(),
                    _ => error.to_string(),
                };
                row.insert("reject-reason".into(), reason.into());
                let details = reject_text(&error);
                row.insert("reject-details".into(), details.into());
            }
            Err(SubmitTxError::Chain(error)) => return Err(machine(error)),
        }
        rows.push(Value::from(row));
    }
    Ok(rows.into())
}

fn mempool_info_spec() -> CommandSpec {
    CommandSpec::new("blockchain", "getmempoolinfo", "Returns details on the active state of the TX memory pool.")
        .result(ResultDoc::object(
            "",
            "",
            vec![
                ResultDoc::bool("loaded", "True if the initial load attempt of the persisted mempool finished"),
                ResultDoc::num("size", "Current tx count"),
                ResultDoc::num("bytes", "Sum of all virtual transaction sizes as defined in BIP 141. Differs from actual serialized size because witness data is discounted"),
                ResultDoc::num("usage", "Total memory usage for the mempool"),
                ResultDoc::amount("total_fee", "Total fees for the mempool in coins, ignoring modified fees through prioritisetransaction"),
                ResultDoc::num("maxmempool", "Maximum memory usage for the mempool"),
                ResultDoc::amount("mempoolminfee", "Minimum fee rate in coins/kvB for tx to be accepted. Is the maximum of minrelaytxfee and minimum mempool fee"),
                ResultDoc::amount("minrelaytxfee", "Current minimum relay fee for transactions"),
                ResultDoc::amount("incrementalrelayfee", "minimum fee rate increment for mempool limiting or replacement in coins/kvB"),
                ResultDoc::num("unbroadcastcount", "Current number of transactions that haven't passed initial broadcast yet"),
                ResultDoc::bool("fullrbf", "True if the mempool accepts RBF without replaceability signaling inspection (DEPRECATED)"),
                ResultDoc::bool("permitbaremultisig", "True if the mempool accepts transactions with bare multisig outputs"),
                ResultDoc::num("maxdatacarriersize", "Maximum number of bytes that can be used by OP_RETURN outputs in the mempool"),
                ResultDoc::num("limitclustercount", "Maximum number of transactions that can be in a cluster (configured by -limitclustercount)"),
                ResultDoc::num("limitclustersize", "Maximum size of a cluster in virtual bytes (configured by -limitclustersize)"),
            ],
        ))
        .cli("")
        .rpc("")
}

fn mempool_info(node: &Node, _: &Args) -> RpcResult {
    let reader = node.reader()?;
    let (policy, limits) = (reader.policy(), reader.mempool_limits());
    let rate = |rate: FeeRate| amount_value(Amount::from_sat(rate.sat_per_kvb()));
    let minimum = minimum_rate(reader, node.clock.now());
    let pool = reader.mempool();
    Ok(json!({
        "loaded": pool.is_loaded(),
        "size": pool.len(),
        "bytes": pool.total_vsize(),
        "usage": pool.usage(),
        "total_fee": amount_value(pool.total_fee()),
        "maxmempool": limits.max_usage,
        "mempoolminfee": rate(minimum),
        "minrelaytxfee": rate(policy.min_relay_fee),
        "incrementalrelayfee": rate(policy.incremental_relay_fee),
        "unbroadcastcount": pool.entries().filter(|entry| entry.unbroadcast).count(),
        "fullrbf": true,
        "permitbaremultisig": policy.permit_bare_multisig,
        "maxdatacarriersize": policy.max_datacarrier_bytes.unwrap_or(0),
        "limitclustercount": limits.cluster_count,
        "limitclustersize": limits.cluster_vsize,
    }))
}

/// The rate below which nothing enters now.
pub(crate) fn minimum_rate(reader: &ChainReader, now: i64) -> FeeRate {
    let (policy, limits) = (reader.policy(), reader.mempool_limits());
    let full = reader
        .mempool()
        .minimum_rate(&limits, policy.incremental_relay_fee, now);
    full.max(policy.min_relay_fee)
}

fn entry_fields() -> Vec<ResultDoc> {
    vec![
        ResultDoc::num(
            "vsize",
            "virtual transaction size as defined in BIP 141. This is different from actual serialized size for witness transactions as witness data is discounted.",
        ),
        ResultDoc::num("weight", "transaction weight as defined in BIP 141."),
        ResultDoc::time(
            "time",
            "local time transaction entered pool in seconds since 1 Jan 1970 GMT",
        ),
        ResultDoc::num("height", "block height when transaction entered pool"),
        ResultDoc::num(
            "descendantcount",
            "number of in-mempool descendant transactions (including this one)",
        ),
        ResultDoc::num(
            "descendantsize",
            "virtual transaction size of in-mempool descendants (including this one)",
        ),
        ResultDoc::num(
            "ancestorcount",
            "number of in-mempool ancestor transactions (including this one)",
        ),
        ResultDoc::num(
            "ancestorsize",
            "virtual transaction size of in-mempool ancestors (including this one)",
        ),
        ResultDoc::hex(
            "wtxid",
            "hash of serialized transaction, including witness data",
        ),
        ResultDoc::object(
            "fees",
            "",
            vec![
                ResultDoc::amount("base", "transaction fee, denominated in coins"),
                ResultDoc::amount(
                    "modified",
                    "transaction fee with fee deltas used for mining priority, denominated in coins",
                ),
                ResultDoc::amount(
                    "ancestor",
                    "transaction fees of in-mempool ancestors (including this one) with fee deltas used for mining priority, denominated in coins",
                ),
                ResultDoc::amount(
                    "descendant",
                    "transaction fees of in-mempool descendants (including this one) with fee deltas used for mining priority, denominated in coins",
                ),
            ],
        ),
        ResultDoc::array(
            "depends",
            "unconfirmed transactions used as inputs for this transaction",
            vec![ResultDoc::hex("transactionid", "parent transaction id")],
        ),
        ResultDoc::array(
            "spentby",
            "unconfirmed transactions spending outputs from this transaction",
            vec![ResultDoc::hex("transactionid", "child transaction id")],
        ),
        ResultDoc::bool(
            "bip125-replaceable",
            "Whether this transaction signals BIP125 replaceability or has an unconfirmed ancestor signaling BIP125 replaceability. (DEPRECATED)",
        ),
        ResultDoc::bool(
            "unbroadcast",
            "Whether this transaction is currently unbroadcast (initial broadcast not yet acknowledged by any peers)",
        ),
    ]
}

fn entry_json(pool: &Mempool, entry: &MempoolEntry) -> Value {
    let txid = entry.tx.txid();
    let with_self = |mut ids: std::collections::HashSet<Txid>| {
        ids.insert(txid);
        ids
    };
    let (ancestors, descendants) = (
        with_self(pool.ancestors(&txid)),
        with_self(pool.descendants(&txid)),
    );
    let (ancestor_fee, ancestor_size) = pool.package(&ancestors);
    let (descendant_fee, descendant_size) = pool.package(&descendants);
    let texts = |ids: std::collections::BTreeSet<Txid>| -> Vec<String> {
        ids.iter().map(Txid::to_string).collect()
    };
    let signals = |id: &Txid| {
        pool.get(id)
            .is_some_and(|e| e.tx.inputs.iter().any(|input| input.sequence < 0xffff_fffe))
    };
    json!({
        "vsize": entry.vsize,
        "weight": entry.weight,
        "time": entry.time,
        "height": entry.height,
        "descendantcount": descendants.len(),
        "descendantsize": descendant_size,
        "ancestorcount": ancestors.len(),
        "ancestorsize": ancestor_size,
        "wtxid": entry.tx.wtxid().to_string(),
        "fees": {
            "base": amount_value(entry.fee),
            "modified": amount_value(entry.modified_fee()),
            "ancestor": amount_value(ancestor_fee),
            "descendant": amount_value(descendant_fee),
        },
        "depends": texts(pool.parents(&entry.tx)),
        "spentby": texts(pool.children(&txid)),
        "bip125-replaceable": ancestors.iter().any(signals),
        "unbroadcast": entry.unbroadcast,
    })
}

fn raw_mempool_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "getrawmempool",
        "Returns all transaction ids in memory pool as a json array of string transaction ids.\n\nHint: use getmempoolentry to fetch a specific transaction from the mempool.",
    )
    .arg(Arg::bool("verbose", "True for a json object, false for array of transaction ids").default(false))
    .arg(Arg::bool("mempool_sequence", "If verbose=false, returns a json object with transaction list and mempool sequence number attached.").default(false))
    .result(ResultDoc::array("", "", vec![ResultDoc::hex("", "The transaction id")]).when("for verbose = false"))
    .result(ResultDoc::dyn_object("", "", vec![ResultDoc::object("transactionid", "", entry_fields())]).when("for verbose = true"))
    .result(
        ResultDoc::object("", "", vec![
            ResultDoc::array("txids", "", vec![ResultDoc::hex("", "The transaction id")]),
            ResultDoc::num("mempool_sequence", "The mempool sequence value."),
        ])
        .when("for verbose = false and mempool_sequence = true"),
    )
    .cli("true")
    .rpc("true")
}

fn raw_mempool(node: &Node, args: &Args) -> RpcResult {
    let (verbose, with_sequence) = (args.bool("verbose")?, args.bool("mempool_sequence")?);
    let pool = node.reader()?.mempool();
    if verbose {
        if with_sequence {
            return Err(RpcError::invalid_parameter(
                "Verbose results cannot contain mempool sequence values.",
            ));
        }
        let rows: BTreeMap<String, Value> = pool
            .entries()
            .map(|entry| (entry.tx.txid().to_string(), entry_json(&pool, entry)))
            .collect();
        return Ok(json!(rows));
    }
    let ids: Vec<String> = pool
        .in_order()
        .iter()
        .map(|e| e.tx.txid().to_string())
        .collect();
    Ok(if with_sequence {
        json!({"txids": ids, "mempool_sequence": pool.sequence()})
    } else {
        json!(ids)
    })
}

fn entry_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "getmempoolentry",
        "Returns mempool data for given transaction",
    )
    .arg(Arg::hex("txid", "The transaction id (must be in mempool)"))
    .result(ResultDoc::object("", "", entry_fields()))
    .cli("\"mytxid\"")
    .rpc("\"mytxid\"")
}

fn entry(node: &Node, args: &Args) -> RpcResult {
    let pool = node.reader()?.mempool();
    let entry = pool.get(&Txid(args.hash("txid")?));
    let entry = entry.ok_or_else(|| RpcError::not_found("Transaction not in mempool"))?;
    Ok(entry_json(&pool, entry))
}

fn prioritise_spec() -> CommandSpec {
    CommandSpec::new(
        "mining",
        "prioritisetransaction",
        "Accepts the transaction into mined blocks at a higher (or lower) priority",
    )
    .arg(Arg::hex("txid", "The transaction id."))
    .arg(Arg::num("dummy", "API-Compatibility for previous API. Must be zero or null.\nDEPRECATED. For forward compatibility use named arguments and omit this parameter.").optional())
    .arg(Arg::num("fee_delta", "The fee value (in satoshis) to add (or subtract, if negative).\nThe fee is not actually paid, only the algorithm for selecting transactions into a block considers the transaction as it would have paid a higher (or lower) fee."))
    .result(ResultDoc::bool("", "Returns true"))
    .cli("\"txid\" 0.0 10000")
    .rpc("\"txid\", 0.0, 10000")
}

fn prioritise(node: &Node, args: &Args) -> RpcResult {
    if args.opt_double("dummy")?.is_some_and(|dummy| dummy != 0.0) {
        return Err(RpcError::invalid_parameter(
            "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.",
        ));
    }
    let delta = Amount::from_sat(args.int("fee_delta")?);
    let txid = Txid(args.hash("txid")?);
    node.handle()?
        .prioritise(txid, delta)
        .wait()
        .map(|()| json!(true))
        .map_err(machine)
}
