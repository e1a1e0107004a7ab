//! Filters of blocks, and looking blocks up by them (Core's `getblockfilter` and `scanblocks`).

use std::collections::HashSet;

use chain::indexes::{FilterIndex, IndexKind};
use chain::{BlockInfo, ChainReader, ReadError, Validity};
use ipc_schema::TaskState;
use primitives::hash::to_hex;
use primitives::{BlockHash, Script};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Value, json};

use super::blockchain::{read_error, tip_info};
use super::scan::{action_arg, objects_arg, scripts_of};
use crate::context::Node;
use crate::scan::ScanGuard;
use crate::tasks::{SCANNING_BLOCKS, cancel_note};

/// Blocks between two looks at whether the scan is to end.
const LOOK: u32 = 100;
/// The one type of filter.
const BASIC: &str = "basic";

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        block_filter_spec().run(block_filter),
        scan_blocks_spec().run(scan_blocks),
    ]
}

fn type_arg(doc: &'static str) -> Arg {
    Arg::str("filtertype", doc).default(BASIC)
}

/// The index of the filters that are asked for.
fn filter_index<'a>(node: &'a Node, args: &Args) -> Result<&'a FilterIndex, RpcError> {
    let name = args.str("filtertype")?;
    if name != BASIC {
        return Err(RpcError::not_found("Unknown filtertype"));
    }
    let index = node.indexes().and_then(|indexes| indexes.filter());
    index.ok_or_else(|| RpcError::misc(format!("Index is not enabled for filtertype {name}")))
}

fn block_filter_spec() -> CommandSpec {
    let example = "00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09";
    CommandSpec::new(
        "blockchain",
        "getblockfilter",
        "Retrieve a BIP 157 content filter for a particular block.",
    )
    .arg(Arg::hex("blockhash", "The hash of the block"))
    .arg(type_arg("The type name of the filter"))
    .result(ResultDoc::object(
        "",
        "",
        vec![
            ResultDoc::hex("filter", "the hex-encoded filter data"),
            ResultDoc::hex("header", "the hex-encoded filter header"),
        ],
    ))
    .cli(format!("\"{example}\" \"basic\""))
    .rpc(format!("\"{example}\", \"basic\""))
}

/// The index says that it is damaged; the log tells the way out.
fn damaged(error: impl std::fmt::Display) -> RpcError {
    tracing::error!(target: "rpc", "{error}");
    RpcError::new(
        code::INTERNAL,
        "Filter not found. This error is unexpected and indicates index corruption.",
    )
}

fn block_filter(node: &Node, args: &Args) -> RpcResult {
    let hash = BlockHash(args.hash("blockhash")?);
    let index = filter_index(node, args)?;
    let block = node.reader()?.block(&hash);
    let block = block.ok_or_else(|| RpcError::not_found("Block not found"))?;
    let indexes = node.indexes();
    let ready = indexes.is_some_and(|indexes| indexes.wait_for_tip(IndexKind::BasicFilter));
    let filter = index.filter(&block).map_err(damaged)?;
    let header = index.header(&block).map_err(damaged)?;
    match (filter, header) {
        (Some(filter), Some(header)) => Ok(json!({
            "filter": to_hex(filter.as_bytes()),
            "header": header.to_string(),
        })),
        _ if !block.status.is_valid(Validity::Scripts) => Err(RpcError::not_found(
            "Filter not found. Block was not connected to active chain.",
        )),
        _ if !ready => Err(RpcError::misc(
            "Filter not found. Block filters are still in the process of being indexed.",
        )),
        _ => Err(damaged(format!("The filter of block {hash} is missing"))),
    }
}

fn scan_blocks_spec() -> CommandSpec {
    let address = "addr(bcrt1q4u4nsgk6ug0sqz7r3rj9tykjxrsl0yy4d0wwte)";
    let found = vec![
        ResultDoc::num("from_height", "The height we started the scan from"),
        ResultDoc::num("to_height", "The height we ended the scan at"),
        ResultDoc::array(
            "relevant_blocks",
            "Blocks that may have matched a scanobject.",
            vec![ResultDoc::hex("blockhash", "A relevant blockhash")],
        ),
        ResultDoc::bool("completed", "true if the scan process was not aborted"),
    ];
    let progress = vec![
        ResultDoc::num("progress", "Approximate percent complete"),
        ResultDoc::num(
            "current_height",
            "Height of the block currently being scanned",
        ),
    ];
    CommandSpec::new(
        "blockchain",
        "scanblocks",
        "Return relevant blockhashes for given descriptors (requires blockfilterindex).\nThis call may take several minutes. Make sure to use no RPC timeout (bitq-cli -rpcclienttimeout=0)",
    )
    .arg(action_arg())
    .arg(objects_arg())
    .arg(Arg::num("start_height", "Height to start to scan from").default(0))
    .arg(Arg::num("stop_height", "Height to stop to scan").hint("chain tip"))
    .arg(type_arg("The type name of the filter"))
    .arg(
        Arg::options("options", "", vec![
            Arg::bool("filter_false_positives", "Filter false positives (slower and may fail on pruned nodes). Otherwise they may occur at a rate of 1/M").default(false),
        ])
        .oneline("options"),
    )
    .result(ResultDoc::none().when("when action=='status' and no scan is in progress - possibly already completed"))
    .result(ResultDoc::object("", "", found).when("When action=='start'; only returns after scan completes"))
    .result(ResultDoc::object("", "", progress).when("when action=='status' and a scan is currently in progress"))
    .result(ResultDoc::bool("success", "True if scan will be aborted (not necessarily before this RPC returns), or false if there is no scan to abort").when("when action=='abort'"))
    .cli(format!("start '[\"{address}\"]' 300000"))
    .cli(format!("start '[\"{address}\"]' 100 150 basic"))
    .cli("status")
    .rpc(format!("\"start\", [\"{address}\"], 300000"))
    .rpc(format!("\"start\", [\"{address}\"], 100, 150, \"basic\""))
    .rpc("\"status\"")
}

fn scan_blocks(node: &Node, args: &Args) -> RpcResult {
    match args.str("action")? {
        "status" => Ok(node.block_scan.progress().map_or(
            Value::Null,
            |percent| json!({"progress": percent, "current_height": node.block_scan.height()}),
        )),
        "abort" => Ok(json!(node.block_scan.abort())),
        "start" => {
            let guard = node.block_scan.begin().ok_or_else(|| {
                RpcError::invalid_parameter(
                    "Scan already in progress, use action \"abort\" or \"status\"",
                )
            })?;
            start(node, args, &guard)
        }
        other => Err(RpcError::invalid_parameter(format!(
            "Invalid action '{other}'"
        ))),
    }
}

fn start(node: &Node, args: &Args, guard: &ScanGuard<'_>) -> RpcResult {
    let objects = args
        .opt_array("scanobjects")?
        .ok_or_else(|| RpcError::misc("scanobjects argument is required for the start action"))?;
    let index = filter_index(node, args)?;
    let options = args.opt_object("options")?;
    let check = options
        .and_then(|options| options.get("filter_false_positives"))
        .map(rpc::value::bool_from)
        .transpose()?
        .unwrap_or(false);
    let reader = node.reader()?;
    let tip = tip_info(reader)?;
    let at = |height: i32| {
        u32::try_from(height)
            .ok()
            .and_then(|height| reader.block_at(height))
    };
    let first = at(args.int("start_height")?);
    let first = first.ok_or_else(|| RpcError::misc("Invalid start_height"))?;
    let last = match args.opt_int("stop_height")? {
        None => tip,
        Some(height) => at(height)
            .filter(|last| last.height >= first.height)
            .ok_or_else(|| RpcError::misc("Invalid stop_height"))?,
    };
    let mut wanted = HashSet::new();
    for object in objects {
        wanted.extend(scripts_of(object, node.params)?.0);
    }
    let scan = BlockScan {
        node,
        index,
        wanted,
        check,
        first: first.height,
        last,
    };
    let title = "Looking through block filters…";
    let task = node.tasks.begin(SCANNING_BLOCKS, title, node.clock.now());
    node.tasks.update(task, |task| {
        task.cancellable = true;
        cancel_note(SCANNING_BLOCKS).clone_into(&mut task.cancel_note);
    });
    let answer = scan.run(guard, task);
    let state = match &answer {
        Ok((_, true)) => TaskState::Done,
        Ok((_, false)) => TaskState::Cancelled,
        Err(error) => TaskState::Failed(error.message.clone()),
    };
    node.tasks.finish(task, state, "", node.clock.now());
    answer.map(|(answer, _)| answer)
}

/// A look through the filters from one block to another.
struct BlockScan<'a> {
    node: &'a Node,
    index: &'a FilterIndex,
    wanted: HashSet<Script>,
    /// Whether blocks are looked at where a filter matches.
    check: bool,
    first: u32,
    last: BlockInfo,
}

impl BlockScan<'_> {
    /// The answer, and whether it was not aborted.
    fn run(&self, guard: &ScanGuard<'_>, task: u64) -> Result<(Value, bool), RpcError> {
        let reader = self.node.reader()?;
        let mut found = Vec::new();
        let mut reached = self.first;
        let all = u64::from(self.last.height - self.first).max(1);
        for height in self.first..=self.last.height {
            if height.is_multiple_of(LOOK) || height == self.first {
                if self.node.stop.is_stopping() {
                    return Err(RpcError::misc("Shutting down"));
                }
                if guard.is_aborted() {
                    return Ok((self.answer(reached, found, false), false));
                }
                let percent = u64::from(height - self.first) * 100 / all;
                let percent = u8::try_from(percent).unwrap_or(100);
                guard.set_height(height);
                if guard.report(percent) {
                    let share = f64::from(percent) / 100.0;
                    let tasks = &self.node.tasks;
                    tasks.update(task, |task| task.progress = Some(share));
                }
            }
            reached = height;
            // Blocks that leave the active chain meanwhile are looked at all the same.
            let block = reader.ancestor(&self.last.hash, height);
            let block = block.ok_or_else(|| RpcError::bug("a block below another is missing"))?;
            if self.matches(reader, &block)? {
                found.push(block.hash.to_string());
            }
        }
        Ok((self.answer(reached, found, true), true))
    }

    fn answer(&self, reached: u32, found: Vec<String>, completed: bool) -> Value {
        json!({
            "from_height": self.first,
            "to_height": reached,
            "relevant_blocks": found,
            "completed": completed,
        })
    }

    fn matches(&self, reader: &ChainReader, block: &BlockInfo) -> Result<bool, RpcError> {
        // What the index has not reached yet is passed over, as the reference does.
        let Some(filter) = self.index.filter(block).map_err(damaged)? else {
            return Ok(false);
        };
        if !filter.matches_any(self.wanted.iter().map(Script::as_bytes)) {
            return Ok(false);
        }
        Ok(!self.check || self.is_in(reader, block)?)
    }

    /// Whether the block itself pays or spends one of the scripts.
    fn is_in(&self, reader: &ChainReader, info: &BlockInfo) -> Result<bool, RpcError> {
        let failed = |error: ReadError| read_error(&error);
        let block = reader.read_block(&info.hash).map_err(failed)?;
        let undo = reader.read_undo(&info.hash).map_err(failed)?;
        let mut paid = block.txs.iter().flat_map(|tx| &tx.outputs);
        let mut spent = undo.txs.iter().flat_map(|tx| &tx.spent);
        Ok(
            paid.any(|output| self.wanted.contains(&output.script_pubkey))
                || spent.any(|coin| self.wanted.contains(&coin.output.script_pubkey)),
        )
    }
}
