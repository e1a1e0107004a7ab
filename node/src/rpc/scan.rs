//! Looking through all coins for descriptors (Core's `scantxoutset`).

use std::collections::{BTreeMap, HashMap};

use chain::coinstats::share_below;
use chain::{Coin, CoinsSnapshot};
use ipc_schema::TaskState;
use keys::univ::amount_value;
use keys::{Descriptor, SigningKeys};
use primitives::hash::to_hex;
use primitives::{Amount, ChainParams, OutPoint, Script};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::chainstate::machine;
use crate::context::Node;
use crate::scan::ScanGuard;
use crate::tasks::{SCANNING, cancel_note};

/// Coins between two looks at whether the scan is to end.
const LOOK: u64 = 8192;
/// Coins between two reports.
const REPORT: u64 = 256;
/// Last index of a descriptor with a range, where none is given.
const DEFAULT_RANGE_END: u32 = 1000;
/// For examples: the script of the main network's address 12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S.
const EXAMPLE: &str = "raw(76a91411b366edfc0a8b66feebae5c2e25a7b6a5d1cf3188ac)#fm24fxxy";

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![spec().run(scan_tx_out_set)]
}

/// The argument that says what a scan is to do.
pub(super) fn action_arg() -> Arg {
    Arg::str(
        "action",
        "The action to execute\n\"start\" for starting a scan\n\"abort\" for aborting the current scan (returns true when abort was successful)\n\"status\" for progress report (in %) of the current scan",
    )
}

/// The argument that says what a scan looks for.
pub(super) fn objects_arg() -> Arg {
    Arg::array(
        "scanobjects",
        "Array of scan objects. Required for \"start\" action\nEvery scan object is either a string descriptor or an object:",
        vec![
            Arg::str("descriptor", "An output descriptor").optional(),
            Arg::object(
                "",
                "An object with output descriptor and metadata",
                vec![
                    Arg::str("desc", "An output descriptor"),
                    Arg::range("range", "The range of HD chain indexes to explore (either end or [begin,end])").default(DEFAULT_RANGE_END),
                ],
            )
            .optional(),
        ],
    )
    .oneline("[scanobjects,...]")
    .optional()
}

fn spec() -> CommandSpec {
    let unspent = vec![
        ResultDoc::hex("txid", "The transaction id"),
        ResultDoc::num("vout", "The vout value"),
        ResultDoc::hex("scriptPubKey", "The output script"),
        ResultDoc::str(
            "desc",
            "A specialized descriptor for the matched output script",
        ),
        ResultDoc::amount("amount", "The total amount in coins of the unspent output"),
        ResultDoc::bool("coinbase", "Whether this is a coinbase output"),
        ResultDoc::num("height", "Height of the unspent transaction output"),
        ResultDoc::hex("blockhash", "Blockhash of the unspent transaction output"),
        ResultDoc::num(
            "confirmations",
            "Number of confirmations of the unspent transaction output when the scan was done",
        ),
    ];
    let found = vec![
        ResultDoc::bool("success", "Whether the scan was completed"),
        ResultDoc::num(
            "txouts",
            "The number of unspent transaction outputs scanned",
        ),
        ResultDoc::num("height", "The block height at which the scan was done"),
        ResultDoc::hex("bestblock", "The hash of the block at the tip of the chain"),
        ResultDoc::array("unspents", "", vec![ResultDoc::object("", "", unspent)]),
        ResultDoc::amount(
            "total_amount",
            "The total amount of all found unspent outputs in coins",
        ),
    ];
    CommandSpec::new(
        "blockchain",
        "scantxoutset",
        "Scans the unspent transaction output set for entries that match certain output descriptors.\nExamples of output descriptors are:\n    addr(<address>)                      Outputs whose output script corresponds to the specified address (does not include P2PK)\n    raw(<hex script>)                    Outputs whose output script equals the specified hex-encoded bytes\n    combo(<pubkey>)                      P2PK, P2PKH, P2WPKH, and P2SH-P2WPKH outputs for the given pubkey\n    pkh(<pubkey>)                        P2PKH outputs for the given pubkey\n    sh(multi(<n>,<pubkey>,<pubkey>,...)) P2SH-multisig outputs for the given threshold and pubkeys\n    tr(<pubkey>)                         P2TR\n    tr(<pubkey>,{pk(<pubkey>)})          P2TR with single fallback pubkey in tapscript\n    rawtr(<pubkey>)                      P2TR with the specified key as output key rather than inner\n\nIn the above, <pubkey> either refers to a fixed public key in hexadecimal notation, or to an xpub/xprv optionally followed by one\nor more path elements separated by \"/\", and optionally ending in \"/*\" (unhardened), or \"/*'\" or \"/*h\" (hardened) to specify all\nunhardened or hardened child keys.\nIn the latter case, a range needs to be specified by below if different from 1000.\n",
    )
    .arg(action_arg())
    .arg(objects_arg())
    .result(ResultDoc::object("", "", found).when("when action=='start'; only returns after scan completes"))
    .result(ResultDoc::bool("success", "True if scan will be aborted (not necessarily before this RPC returns), or false if there is no scan to abort").when("when action=='abort'"))
    .result(
        ResultDoc::object("", "", vec![ResultDoc::num("progress", "Approximate percent complete")])
            .when("when action=='status' and a scan is currently in progress"),
    )
    .result(ResultDoc::none().when("when action=='status' and no scan is in progress - possibly already completed"))
    .cli(format!("start '[\"{EXAMPLE}\"]'"))
    .cli("status")
    .cli("abort")
    .rpc(format!("\"start\", [\"{EXAMPLE}\"]"))
    .rpc("\"status\"")
    .rpc("\"abort\"")
}

fn scan_tx_out_set(node: &Node, args: &Args) -> RpcResult {
    match args.str("action")? {
        "status" => Ok(node
            .coins_scan
            .progress()
            .map_or(Value::Null, |percent| json!({"progress": percent}))),
        "abort" => Ok(json!(node.coins_scan.abort())),
        "start" => {
            let guard = node.coins_scan.begin().ok_or_else(|| {
                RpcError::invalid_parameter(
                    "Scan already in progress, use action \"abort\" or \"status\"",
                )
            })?;
            let objects = args.opt_array("scanobjects")?.ok_or_else(|| {
                RpcError::misc("scanobjects argument is required for the start action")
            })?;
            start(node, objects, &guard)
        }
        other => Err(RpcError::invalid_parameter(format!(
            "Invalid action '{other}'"
        ))),
    }
}

/// The scripts of a scan object, with what is known about them (Core's `EvalDescriptorStringOrObject`).
pub(super) fn scripts_of(
    object: &Value,
    params: &ChainParams,
) -> Result<(Vec<Script>, SigningKeys), RpcError> {
    let (text, range) = match object {
        Value::String(text) => (text.as_str(), None),
        Value::Object(fields) => {
            let text = rpc::value::field(fields, "desc");
            if text.is_null() {
                return Err(RpcError::invalid_parameter(
                    "Descriptor needs to be provided in scan object",
                ));
            }
            let range = rpc::value::field(fields, "range");
            let range = (!range.is_null()).then(|| rpc::value::range_from(range));
            (rpc::value::str_from(text)?, range.transpose()?)
        }
        _ => {
            return Err(RpcError::invalid_parameter(
                "Scan object needs to be either a string or an object",
            ));
        }
    };
    let invalid = |text: String| RpcError::new(code::INVALID_ADDRESS_OR_KEY, text);
    let all = Descriptor::parse(text, params, false).map_err(|error| invalid(error.to_string()))?;
    let ranged = all.first().is_some_and(Descriptor::is_range);
    let (begin, end) = match (ranged, range) {
        (false, _) => (0, 0),
        (true, range) => range.unwrap_or((0, DEFAULT_RANGE_END)),
    };
    let (mut scripts, mut keys) = (Vec::new(), SigningKeys::default());
    for index in begin..=end {
        for descriptor in &all {
            let expansion = descriptor.expand_alone(index).map_err(|_| {
                invalid(format!(
                    "Cannot derive script without private keys: '{text}'"
                ))
            })?;
            scripts.extend(expansion.scripts);
            keys.merge(expansion.keys);
        }
    }
    Ok((scripts, keys))
}

fn start(node: &Node, objects: &[Value], guard: &ScanGuard<'_>) -> RpcResult {
    let mut wanted: HashMap<Script, String> = HashMap::new();
    for object in objects {
        let (scripts, keys) = scripts_of(object, node.params)?;
        for script in scripts {
            let text = Descriptor::infer(&script, &keys).to_text(node.params);
            wanted.entry(script).or_insert(text);
        }
    }
    let snapshot = node.handle()?.coins_snapshot().wait().map_err(machine)?;
    let title = "Looking through all coins…";
    let task = node.tasks.begin(SCANNING, title, node.clock.now());
    node.tasks.update(task, |task| {
        task.cancellable = true;
        cancel_note(SCANNING).clone_into(&mut task.cancel_note);
    });
    let scanned = look_through(node, &snapshot, &wanted, guard, task);
    let state = match &scanned {
        Ok(scanned) if scanned.complete => TaskState::Done,
        Ok(_) => TaskState::Cancelled,
        Err(error) => TaskState::Failed(error.message.to_string()),
    };
    node.tasks.finish(task, state, "", node.clock.now());
    answer(node, &snapshot, &wanted, scanned?)
}

/// What a scan gave.
struct Scanned {
    complete: bool,
    count: u64,
    found: BTreeMap<OutPoint, Coin>,
}

fn look_through(
    node: &Node,
    snapshot: &CoinsSnapshot,
    wanted: &HashMap<Script, String>,
    guard: &ScanGuard<'_>,
    task: u64,
) -> Result<Scanned, RpcError> {
    let mut scanned = Scanned {
        complete: false,
        count: 0,
        found: BTreeMap::new(),
    };
    for row in snapshot.iter() {
        let (outpoint, coin) = row.map_err(machine)?;
        if scanned.count.is_multiple_of(LOOK) {
            if node.stop.is_stopping() {
                return Err(RpcError::misc("Shutting down"));
            }
            if guard.is_aborted() {
                return Ok(scanned);
            }
        }
        scanned.count += 1;
        if scanned.count.is_multiple_of(REPORT) {
            // Ids are spread evenly, and the store has them in order.
            let [first, second] = [outpoint.txid.0[0], outpoint.txid.0[1]];
            let share = f64::from(u16::from_be_bytes([first, second])) / 65_536.0;
            if guard.report(share_below(&outpoint.txid)) {
                node.tasks.update(task, |task| task.progress = Some(share));
            }
        }
        if wanted.contains_key(&coin.output.script_pubkey) {
            scanned.found.insert(outpoint, coin);
        }
    }
    scanned.complete = true;
    Ok(scanned)
}

fn answer(
    node: &Node,
    snapshot: &CoinsSnapshot,
    wanted: &HashMap<Script, String>,
    scanned: Scanned,
) -> RpcResult {
    let reader = node.reader()?;
    let tip = snapshot.best_block();
    let height = reader.block(&tip).map_or(0, |info| info.height);
    let mut total = Amount::ZERO;
    let mut unspents = Vec::with_capacity(scanned.found.len());
    for (outpoint, coin) in scanned.found {
        let Coin {
            height: made,
            coinbase,
            output,
        } = coin;
        total += output.value;
        let block = reader
            .ancestor(&tip, made)
            .ok_or_else(|| RpcError::bug("a coin lies above the tip"))?;
        let mut map = Map::new();
        map.insert("txid".into(), outpoint.txid.to_string().into());
        map.insert("vout".into(), outpoint.vout.into());
        let script = to_hex(output.script_pubkey.as_bytes());
        map.insert("scriptPubKey".into(), script.into());
        let descriptor = wanted.get(&output.script_pubkey).cloned();
        map.insert("desc".into(), descriptor.unwrap_or_default().into());
        map.insert("amount".into(), amount_value(output.value));
        map.insert("coinbase".into(), coinbase.into());
        map.insert("height".into(), made.into());
        map.insert("blockhash".into(), block.hash.to_string().into());
        let confirmations = i64::from(height) - i64::from(made) + 1;
        map.insert("confirmations".into(), confirmations.into());
        unspents.push(Value::from(map));
    }
    Ok(json!({
        "success": scanned.complete,
        "txouts": scanned.count,
        "height": height,
        "bestblock": tip.to_string(),
        "unspents": unspents,
        "total_amount": amount_value(total),
    }))
}
