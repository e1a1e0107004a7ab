//! Saving the mempool, and reading what was saved.

use std::path::Path;

use rpc::value::{self, JsonType};
use rpc::{Arg, Args, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Value, json};

use crate::context::Node;
use crate::mempool_file::{self, Belief};

pub(super) fn save_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "savemempool",
        "Writes the mempool to its file. Fails until what was saved before has been read.",
    )
    .result(ResultDoc::object(
        "",
        "",
        vec![ResultDoc::str("filename", "The file")],
    ))
    .cli("")
    .rpc("")
}

pub(super) fn save(node: &Node, _: &Args) -> RpcResult {
    let chain = node.chain()?;
    if !chain.reader.mempool().is_loaded() {
        return Err(RpcError::misc("The mempool was not loaded yet"));
    }
    let path = mempool_file::path(node);
    mempool_file::save(node, chain, &path).map_err(|error| {
        tracing::warn!("{error}");
        RpcError::misc("Unable to dump mempool to disk")
    })?;
    Ok(json!({"filename": path.display().to_string()}))
}

pub(super) fn import_spec() -> CommandSpec {
    let options = vec![
        Arg::bool(
            "use_current_time",
            "Whether its transactions come in now, and not when the file says",
        )
        .default(true),
        Arg::bool(
            "apply_fee_delta_priority",
            "Whether to add what prioritisetransaction added there",
        )
        .default(false),
        Arg::bool(
            "apply_unbroadcast_set",
            "Whether to believe which of them nobody asked for yet",
        )
        .default(false),
    ];
    CommandSpec::new(
        "blockchain",
        "importmempool",
        "Reads a mempool.dat file and offers its transactions to the mempool.\nWarning: a file of others can do harm, above \
         all where more than its transactions is believed.",
    )
    .arg(Arg::str("filepath", "The file"))
    .arg(Arg::options("options", "", options))
    .result(ResultDoc::object("", "", vec![]))
    .cli("/path/to/mempool.dat")
    .rpc("\"/path/to/mempool.dat\"")
}

pub(super) fn import(node: &Node, args: &Args) -> RpcResult {
    let chain = node.chain()?;
    if chain.reader.tip().initial_download {
        return Err(RpcError::new(
            code::CLIENT_IN_INITIAL_DOWNLOAD,
            "Can only import the mempool after the block download and sync is done.",
        ));
    }
    let empty = serde_json::Map::new();
    let options = args.opt_object("options")?.unwrap_or(&empty);
    let flag = |name: &str, default: bool| -> Result<bool, RpcError> {
        match value::field(options, name) {
            Value::Null => Ok(default),
            Value::Bool(given) => Ok(*given),
            other => Err(RpcError::type_error(format!(
                "JSON value of type {} is not of expected type bool",
                JsonType::of(other).name()
            ))),
        }
    };
    let belief = Belief {
        times: !flag("use_current_time", true)?,
        deltas: flag("apply_fee_delta_priority", false)?,
        unbroadcast: flag("apply_unbroadcast_set", false)?,
    };
    let path = Path::new(args.str("filepath")?);
    mempool_file::load(node, chain, path, belief).map_err(|error| {
        tracing::warn!("{error}");
        RpcError::misc("Unable to import mempool file, see debug log for details.")
    })?;
    Ok(json!({}))
}
