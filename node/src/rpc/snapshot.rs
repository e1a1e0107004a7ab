//! Snapshots of all coins (Core's `dumptxoutset`, `loadtxoutset`, `getchainstates`).

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _};
use std::path::{Path, PathBuf};

use chain::snapshot::{
    ActivationError, CoinsAt, METADATA_SIZE, RollbackOptions, SnapshotMetadata, Stage, populate,
};
use chain::{BlockInfo, ChainReader};
use rpc::value::{JsonType, check_object};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::blockchain::{difficulty, target_text, tip_info};
use super::blockstats::hash_or_height;
use super::chainstate::machine;
use crate::context::Node;
use crate::long_call::LongCall;

/// Memory for what is rolled back, in bytes.
const ROLLBACK_MEMORY: usize = 256 << 20;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        dump_spec().run(dump),
        load_spec().run(load),
        chainstates_spec().run(chainstates),
    ]
}

fn path_of(node: &Node, args: &Args) -> Result<PathBuf, RpcError> {
    Ok(node.config().network_dir().join(args.str("path")?))
}

fn dump_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "dumptxoutset",
        "Write the serialized UTXO set to a file. This can be used in loadtxoutset afterwards if this snapshot height is supported in the chainparams as well.\nRolling back keeps the main chain intact. Should the node experience an unclean shutdown, the directory chainstate_rollback may need to be removed from the datadir manually.\nFor deep rollbacks, make sure to use no RPC timeout (bitq-cli -rpcclienttimeout=0) as it may take several minutes.",
    )
    .arg(Arg::str("path", "Path to the output file. If relative, will be prefixed by datadir."))
    .arg(Arg::str("type", "The type of snapshot to create. Can be \"latest\" to create a snapshot of the current UTXO set or \"rollback\" to temporarily roll back the state of the node to a historical block before creating the snapshot of a historical UTXO set. This parameter can be omitted if a separate \"rollback\" named parameter is specified indicating the height or hash of a specific historical block. If \"rollback\" is specified and separate \"rollback\" named parameter is not specified, this will roll back to the latest valid snapshot block that can currently be loaded with loadtxoutset.").default(""))
    .arg(
        Arg::options("options", "", vec![
            Arg::num("rollback", "Height or hash of the block to roll back to before creating the snapshot. Note: The further this number is from the tip, the longer this process will take. Consider setting a higher -rpcclienttimeout value in this case.").any_type().type_words("", "string or numeric").optional(),
            Arg::bool("in_memory", "If true, what is rolled back is kept entirely in memory. This can speed up the process but requires sufficient free RAM.").default(false),
        ])
        .optional(),
    )
    .result(ResultDoc::object("", "", vec![
        ResultDoc::num("coins_written", "the number of coins written in the snapshot"),
        ResultDoc::hex("base_hash", "the hash of the base of the snapshot"),
        ResultDoc::num("base_height", "the height of the base of the snapshot"),
        ResultDoc::str("path", "the absolute path that the snapshot was written to"),
        ResultDoc::hex("txoutset_hash", "the hash of the UTXO set contents"),
        ResultDoc::num("nchaintx", "the number of transactions in the chain up to and including the base block"),
    ]))
    .cli("utxo.dat latest")
    .cli("utxo.dat rollback")
    .rpc("\"utxo.dat\", \"latest\"")
}

/// The block whose coins are wanted.
fn dump_target(
    node: &Node,
    args: &Args,
    options: &Map<String, Value>,
) -> Result<BlockInfo, RpcError> {
    let reader = node.reader()?;
    let kind = args.str("type")?;
    match (
        options.get("rollback").filter(|value| !value.is_null()),
        kind,
    ) {
        (Some(block), "" | "rollback") => hash_or_height(reader, block),
        (Some(_), _) => Err(RpcError::invalid_parameter(format!(
            "Invalid snapshot type \"{kind}\" specified with rollback option"
        ))),
        (None, "rollback") => {
            let heights = node.params.assumeutxo.iter().map(|known| known.height);
            let height = heights.max().ok_or_else(|| {
                RpcError::invalid_parameter(
                    "This chain has no snapshot that could be loaded: say by rollback=<height> which block is meant",
                )
            })?;
            hash_or_height(reader, &json!(height))
        }
        (None, "latest") => tip_info(reader),
        (None, _) => Err(RpcError::invalid_parameter(format!(
            "Invalid snapshot type \"{kind}\" specified. Please specify \"rollback\" or \"latest\""
        ))),
    }
}

/// Whether something reads what is written to this path.
fn is_pipe(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn dump(node: &Node, args: &Args) -> RpcResult {
    let empty = Map::new();
    let options = args.opt_object("options")?.unwrap_or(&empty);
    let known = [("rollback", None), ("in_memory", Some(JsonType::Bool))];
    check_object(options, &known, true, true)?;
    let target = dump_target(node, args, options)?;
    let in_memory = options.get("in_memory").and_then(Value::as_bool);
    let path = path_of(node, args)?;
    let piped = is_pipe(&path);
    if path.exists() && !piped {
        return Err(RpcError::invalid_parameter(format!(
            "{} already exists. If you are sure this is what you want, move it out of the way first",
            path.display()
        )));
    }
    let mut unfinished = path.clone().into_os_string();
    if !piped {
        unfinished.push(".incomplete");
    }
    let unfinished = PathBuf::from(unfinished);
    let file = File::create(&unfinished).map_err(|_| {
        let place = unfinished.display();
        RpcError::invalid_parameter(format!("Couldn't open file {place} for writing."))
    })?;
    let note = "The unfinished file is deleted.";
    let call = LongCall::begin(node, "dump", "Writing all coins to a file…", note);
    let result = write_dump(&call, &target, file, in_memory == Some(true));
    let result = result.and_then(|figures| {
        if !piped {
            fs::rename(&unfinished, &path).map_err(machine)?;
        }
        Ok(figures)
    });
    if result.is_err() && !piped {
        // It may be gone already; what is left does no harm.
        let _gone = fs::remove_file(&unfinished);
    }
    let (coins, hash) = call.end(result)?;
    Ok(json!({
        "coins_written": coins,
        "base_hash": target.hash.to_string(),
        "base_height": target.height,
        "path": path.display().to_string(),
        "txoutset_hash": hash,
        "nchaintx": target.chain_tx_count,
    }))
}

/// Gives the number of coins and their hash.
fn write_dump(
    call: &LongCall<'_>,
    target: &BlockInfo,
    file: File,
    in_memory: bool,
) -> Result<(u64, String), RpcError> {
    let node = call.node;
    let failed = |error: chain::snapshot::DumpError| match error {
        chain::snapshot::DumpError::NotOnChain => RpcError::invalid_parameter(error.to_string()),
        error => RpcError::new(code::INTERNAL, error.to_string()),
    };
    let snapshot = node.handle()?.coins_snapshot().wait().map_err(machine)?;
    let coins = if snapshot.best_block() == target.hash {
        CoinsAt::now(snapshot)
    } else {
        let options = RollbackOptions {
            in_memory,
            memory: ROLLBACK_MEMORY,
        };
        let go_on = |done, total| call.go_on("Going back…", u64::from(done), u64::from(total));
        CoinsAt::rolled_back(node.reader()?, snapshot, target, options, go_on).map_err(failed)?
    };
    let counting = |percent: u8| call.go_on("Counting coins…", percent.into(), 100);
    let stats = coins
        .stats(node.params.hashes, counting)
        .map_err(|error| RpcError::new(code::INTERNAL, error.to_string()))?;
    let total = stats.outputs;
    let mut out = BufWriter::new(file);
    let go_on = |done| call.go_on("Writing…", done, total);
    let written = coins
        .write(&mut out, node.params, total, go_on)
        .map_err(failed)?;
    let file = out.into_inner().map_err(machine)?;
    // Something that reads a pipe cannot make it durable.
    let synced = file.sync_all();
    synced
        .or_else(|error| match error.kind() {
            io::ErrorKind::InvalidInput => Ok(()),
            _ => Err(error),
        })
        .map_err(machine)?;
    let hash = stats.hash.unwrap_or_default().to_string();
    Ok((written, hash))
}

fn load_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "loadtxoutset",
        "Load the serialized UTXO set from a file.\nOnce this snapshot is loaded, its contents will be deserialized into a second chainstate data structure, which is then used to sync to the network's tip. Meanwhile, the original chainstate will complete the initial block download process in the background, eventually validating up to the block that the snapshot is based upon.\n\nThe result is a usable node that is current with the network tip in a matter of minutes rather than hours. UTXO snapshot are typically obtained from third-party sources (HTTP, torrent, etc.) which is reasonable since their contents are always checked by hash.",
    )
    .arg(Arg::str("path", "path to the snapshot file. If relative, will be prefixed by datadir."))
    .result(ResultDoc::object("", "", vec![
        ResultDoc::num("coins_loaded", "the number of coins loaded from the snapshot"),
        ResultDoc::hex("tip_hash", "the hash of the base of the snapshot"),
        ResultDoc::num("base_height", "the height of the base of the snapshot"),
        ResultDoc::str("path", "the absolute path that the snapshot was loaded from"),
    ]))
    .cli("utxo.dat")
}

fn load(node: &Node, args: &Args) -> RpcResult {
    let path = path_of(node, args)?;
    let mut file = File::open(&path).map_err(|_| {
        let place = path.display();
        RpcError::invalid_parameter(format!("Couldn't open file {place} for reading."))
    })?;
    let unparsable =
        |error: String| RpcError::deserialization(format!("Unable to parse metadata: {error}"));
    let mut head = Vec::with_capacity(METADATA_SIZE);
    (&mut file)
        .take(METADATA_SIZE as u64)
        .read_to_end(&mut head)
        .map_err(|error| unparsable(error.to_string()))?;
    let metadata = SnapshotMetadata::from_bytes(&head, node.params)
        .map_err(|error| unparsable(error.to_string()))?;
    let failed = |error: ActivationError| match error {
        ActivationError::Chain(error) => machine(error),
        error => RpcError::new(
            code::INTERNAL,
            format!(
                "Unable to load UTXO snapshot: {error}. ({})",
                path.display()
            ),
        ),
    };
    let plan = node
        .handle()?
        .plan_snapshot(metadata)
        .wait()
        .map_err(failed)?;
    let note = "What was read is deleted. The chain goes on as before.";
    let call = LongCall::begin(node, "loadsnapshot", "Loading a snapshot of coins…", note);
    let go_on = |stage, done, total| {
        let detail = match stage {
            Stage::Reading => "Reading coins…",
            Stage::Hashing => "Checking coins…",
        };
        call.go_on(detail, done, total)
    };
    let populated = populate(&plan, &file, go_on).map_err(ActivationError::from);
    let activated = populated.and_then(|populated| {
        node.handle()
            .map_err(|_| chain::ChainError::Stopped)?
            .activate_snapshot(populated)
            .wait()
    });
    call.end(activated.map_err(failed))?;
    Ok(json!({
        "coins_loaded": metadata.coins,
        "tip_hash": metadata.base.to_string(),
        "base_height": plan.height(),
        "path": path.display().to_string(),
    }))
}

fn chainstates_spec() -> CommandSpec {
    let fields = vec![
        ResultDoc::num("blocks", "number of blocks in this chainstate"),
        ResultDoc::hex("bestblockhash", "blockhash of the tip"),
        ResultDoc::hex(
            "bits",
            "nBits: compact representation of the block difficulty target",
        ),
        ResultDoc::hex("target", "The difficulty target"),
        ResultDoc::num("difficulty", "difficulty of the tip"),
        ResultDoc::num("verificationprogress", "progress towards the network tip"),
        ResultDoc::hex(
            "snapshot_blockhash",
            "the base block of the snapshot this chainstate is based on, if any",
        )
        .optional(),
        ResultDoc::num("coins_db_cache_bytes", "size of the coinsdb cache"),
        ResultDoc::num("coins_tip_cache_bytes", "size of the coinstip cache"),
        ResultDoc::bool(
            "validated",
            "whether the chainstate is fully validated. True if all blocks in the chainstate were validated, false if the chain is based on a snapshot and the snapshot has not yet been validated.",
        ),
    ];
    CommandSpec::new("blockchain", "getchainstates", "Return information about chainstates.\n")
        .result(ResultDoc::object("", "", vec![
            ResultDoc::num("headers", "the number of headers seen so far"),
            ResultDoc::array("chainstates", "list of the chainstates ordered by work, with the most-work (active) chainstate last", vec![ResultDoc::object("", "", fields)]),
        ]))
        .cli("")
        .rpc("")
}

fn chainstates(node: &Node, _: &Args) -> RpcResult {
    let reader = node.reader()?;
    let mut list = Vec::new();
    for state in reader.chainstates() {
        let Some(tip) = reader.block(&state.tip) else {
            continue;
        };
        let bits = tip.header.bits;
        let mut map = Map::new();
        map.insert("blocks".into(), tip.height.into());
        map.insert("bestblockhash".into(), tip.hash.to_string().into());
        map.insert("bits".into(), bits.to_string().into());
        map.insert("target".into(), target_text(bits).into());
        map.insert("difficulty".into(), rpc::value::double(difficulty(bits)));
        let progress = rpc::value::double(reader.progress(&tip.hash));
        map.insert("verificationprogress".into(), progress);
        let store = state.store_cache_bytes;
        map.insert("coins_db_cache_bytes".into(), store.into());
        let coins = state.coins_cache_bytes;
        map.insert("coins_tip_cache_bytes".into(), coins.into());
        if let Some(snapshot) = state.snapshot {
            map.insert("snapshot_blockhash".into(), snapshot.to_string().into());
        }
        map.insert("validated".into(), state.validated.into());
        list.push(Value::from(map));
    }
    Ok(json!({"headers": reader.tip().headers, "chainstates": list}))
}

/// What `getblockchaininfo` tells of the chain below a snapshot, while that is being checked.
pub(super) fn background_doc() -> ResultDoc {
    ResultDoc::object("backgroundvalidation", "state info regarding background validation process", vec![
        ResultDoc::num("snapshotheight", "the height of the snapshot block. Background validation verifies the chain from genesis up to this height"),
        ResultDoc::num("blocks", "the height of the most-work background fully-validated chain. The genesis block has height 0"),
        ResultDoc::str("bestblockhash", "the hash of the currently best block validated in the background"),
        ResultDoc::time("mediantime", "the median block time expressed in UNIX epoch time"),
        ResultDoc::num("verificationprogress", "estimate of background verification progress [0..1]"),
        ResultDoc::hex("chainwork", "total amount of work in background validated chain, in hexadecimal"),
    ])
    .optional()
}

/// See [`background_doc`]; `None` where there is no such chain.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) fn background_json(reader: &ChainReader) -> Option<Value> {
    let states = reader.chainstates();
    let [older, active] = states.as_slice() else {
        return None;
    };
    let (base, tip) = (reader.block(&active.snapshot?)?, reader.block(&older.tip)?);
    let progress = match (tip.chain_tx_count, base.chain_tx_count) {
        (0, _) | (_, 0) => 0.0,
        (done, total) => (done as f64 / total as f64).min(1.0),
    };
    Some(json!({
        "snapshotheight": base.height,
        "blocks": tip.height,
        "bestblockhash": tip.hash.to_string(),
        "mediantime": tip.median_time,
        "verificationprogress": rpc::value::double(progress),
        "chainwork": tip.chain_work.to_string(),
    }))
}
