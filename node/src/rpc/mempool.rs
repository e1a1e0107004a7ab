//! Commands about the mempool (Core's `rpc/mempool.cpp`).

use std::collections::{BTreeMap, HashMap, HashSet};

use chain::ChainReader;
use chain::mempool::{Chunk, Mempool, MempoolEntry};
use keys::univ::amount_value;
use primitives::{Amount, FeeRate, Txid};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::{Value, json};

use super::chainstate::machine;
use crate::context::Node;

mod file;
mod spending;
mod submit;

pub(crate) use submit::broadcast;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        submit::send_spec().run(submit::send),
        submit::test_spec().run(submit::test),
        mempool_info_spec().run(mempool_info),
        raw_mempool_spec().run(raw_mempool),
        entry_spec().run(entry),
        prioritise_spec().run(prioritise),
        spending::spec().run(spending::spenders),
        file::save_spec().run(file::save),
        file::import_spec().run(file::import),
    ]
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
                ResultDoc::bool("permitbaremultisig", "True if the mempool accepts transactions with bare multisig outputs"),
                ResultDoc::num("maxdatacarriersize", "Maximum number of bytes that can be used by OP_RETURN outputs in the mempool"),
                ResultDoc::num("limitclustercount", "Maximum number of transactions that can be in a cluster (configured by -limitclustercount)"),
                ResultDoc::num("limitclustersize", "Maximum size of a cluster in virtual bytes (configured by -limitclustersize)"),
                ResultDoc::bool("optimal", "If the mempool is in a known-optimal transaction ordering"),
                ResultDoc::bool("fullrbf", "True if the mempool accepts RBF without replaceability signaling inspection (only with -deprecatedrpc=fullrbf)").optional(),
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
    let mut info = json!({
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
        "permitbaremultisig": policy.permit_bare_multisig,
        "maxdatacarriersize": policy.max_datacarrier_bytes.unwrap_or(0),
        "limitclustercount": limits.cluster_count,
        "limitclustersize": limits.cluster_vsize,
        // Clusters are put in order when somebody asks, and always in the best one.
        "optimal": true,
    });
    if is_deprecated_on(node, "fullrbf") {
        info["fullrbf"] = true.into();
    }
    Ok(info)
}

/// Whether `-deprecatedrpc` asks for a field that is going away.
fn is_deprecated_on(node: &Node, what: &str) -> bool {
    let mut asked = node.config().get_list("deprecatedrpc").into_iter();
    asked.any(|name| name == what)
}

/// The rate below which nothing enters now.
pub(crate) fn minimum_rate(reader: &ChainReader, now: i64) -> FeeRate {
    let (policy, limits) = (reader.policy(), reader.mempool_limits());
    let full = reader
        .mempool()
        .minimum_rate(&limits, policy.incremental_relay_fee, now);
    full.max(policy.min_relay_fee)
}

fn fee_fields() -> Vec<ResultDoc> {
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
        ResultDoc::amount("chunk", "transaction fees of chunk, denominated in coins"),
    ]
}

fn entry_fields() -> Vec<ResultDoc> {
    vec![
        ResultDoc::num(
            "vsize_adjusted",
            "Maximum of sigop-adjusted size and virtual transaction size as defined in BIP 141.",
        ),
        ResultDoc::num("vsize", "(DEPRECATED) The same as vsize_adjusted."),
        ResultDoc::num(
            "vsize_bip141",
            "Virtual transaction size as defined in BIP 141.\nThis is different from actual serialized size for witness transactions as witness data is discounted.",
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
        ResultDoc::num(
            "chunkweight",
            "sigops-adjusted weight (as defined in BIP 141) of this transaction's chunk",
        ),
        ResultDoc::object("fees", "", fee_fields()),
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
            "unbroadcast",
            "Whether this transaction is currently unbroadcast (initial broadcast not yet acknowledged by any peers)",
        ),
        ResultDoc::bool(
            "bip125-replaceable",
            "Whether this transaction signals BIP125 replaceability or has an unconfirmed ancestor signaling BIP125 replaceability (only with -deprecatedrpc=bip125)",
        )
        .optional(),
    ]
}

/// `chunks` knows the piece of the transaction; `bip125` adds whether it can be replaced.
fn entry_json(
    pool: &Mempool,
    entry: &MempoolEntry,
    chunks: &HashMap<Txid, Chunk>,
    bip125: bool,
) -> Value {
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
    let chunk = chunks.get(&txid).copied().unwrap_or_default();
    let texts = |ids: std::collections::BTreeSet<Txid>| -> Vec<String> {
        ids.iter().map(Txid::to_string).collect()
    };
    let signals = |id: &Txid| {
        pool.get(id)
            .is_some_and(|e| e.tx.inputs.iter().any(|input| input.sequence < 0xffff_fffe))
    };
    let mut row = json!({
        "vsize_adjusted": entry.vsize,
        "vsize": entry.vsize,
        "vsize_bip141": entry.weight.div_ceil(4),
        "weight": entry.weight,
        "time": entry.time,
        "height": entry.height,
        "descendantcount": descendants.len(),
        "descendantsize": descendant_size,
        "ancestorcount": ancestors.len(),
        "ancestorsize": ancestor_size,
        "wtxid": entry.tx.wtxid().to_string(),
        "chunkweight": chunk.weight,
        "fees": {
            "base": amount_value(entry.fee),
            "modified": amount_value(entry.modified_fee()),
            "ancestor": amount_value(ancestor_fee),
            "descendant": amount_value(descendant_fee),
            "chunk": amount_value(Amount::from_sat(chunk.fee)),
        },
        "depends": texts(pool.parents(&entry.tx)),
        "spentby": texts(pool.children(&txid)),
        "unbroadcast": entry.unbroadcast,
    });
    if bip125 {
        row["bip125-replaceable"] = ancestors.iter().any(signals).into();
    }
    row
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
        let bip125 = is_deprecated_on(node, "bip125");
        let ids: HashSet<Txid> = pool.entries().map(|entry| entry.tx.txid()).collect();
        let chunks = pool.chunks(&ids);
        let rows: BTreeMap<String, Value> = pool
            .entries()
            .map(|entry| {
                let row = entry_json(&pool, entry, &chunks, bip125);
                (entry.tx.txid().to_string(), row)
            })
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
    let txid = Txid(args.hash("txid")?);
    let bip125 = is_deprecated_on(node, "bip125");
    let pool = node.reader()?.mempool();
    let entry = pool.get(&txid);
    let entry = entry.ok_or_else(|| RpcError::not_found("Transaction not in mempool"))?;
    let chunks = pool.chunks(&HashSet::from([txid]));
    Ok(entry_json(&pool, entry, &chunks, bip125))
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
