//! Looking a transaction up (Core's `getrawtransaction`).

use std::sync::Arc;

use chain::indexes::IndexKind;
use chain::{BlockInfo, TxUndo};
use keys::univ::{TxJson, tx_to_json};
use primitives::hash::to_hex;
use primitives::{BlockHash, Tx, Txid};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::json;

use super::blockchain::{read_error, spent_coins, undo_of};
use super::chainstate::machine;
use super::doc;
use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![spec().run(get_raw_transaction)]
}

fn spec() -> CommandSpec {
    let verbose = |spent| {
        let mut fields = vec![ResultDoc::bool("in_active_chain", "Whether specified block is in the active chain or not (only present with explicit \"blockhash\" argument)").optional()];
        fields.push(
            ResultDoc::num(
                "vsize_adjusted",
                "Sigop-adjusted virtual size in bytes, present for mempool transactions.",
            )
            .optional(),
        );
        fields.extend(doc::transaction(spent, true));
        fields.extend([
            ResultDoc::hex("blockhash", "the block hash").optional(),
            ResultDoc::num("confirmations", "The confirmations").optional(),
            ResultDoc::time("blocktime", "The block time expressed in UNIX epoch time").optional(),
            ResultDoc::num("time", "Same as \"blocktime\"").optional(),
        ]);
        ResultDoc::object("", "", fields)
    };
    CommandSpec::new(
        "rawtransactions",
        "getrawtransaction",
        "By default, this call only returns a transaction if it is in the mempool. If -txindex is enabled\nand no blockhash argument is passed, it will return the transaction if it is in the mempool or any block.\nIf a blockhash argument is passed, it will return the transaction if\nthe specified block is available and the transaction is in that block.",
    )
    .arg(Arg::hex("txid", "The transaction id"))
    .arg(Arg::num("verbosity|verbose", "0 for hex-encoded data, 1 for a JSON object, and 2 for JSON object with fee and prevout").default(0).any_type())
    .arg(Arg::hex("blockhash", "The block in which to look for the transaction").optional())
    .result(ResultDoc::str("", "The serialized transaction as a hex-encoded string for 'txid'").when("if verbosity is not set or set to 0"))
    .result(verbose(false).when("if verbosity is set to 1"))
    .result(verbose(true).when("for verbosity = 2"))
    .cli("\"mytxid\"")
    .rpc("\"mytxid\"")
}

fn get_raw_transaction(node: &Node, args: &Args) -> RpcResult {
    let txid = Txid(args.hash_called("txid", "parameter 1")?);
    let reader = node.reader()?;
    if txid.0 == node.params.genesis.merkle_root.0 {
        return Err(RpcError::not_found(
            "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved",
        ));
    }
    let verbosity = args.verbosity("verbosity", 0, true)?;
    let block_hash = args
        .is_given("blockhash")
        .then(|| args.hash_called("blockhash", "parameter 3"))
        .transpose()?
        .map(BlockHash);
    let block = block_hash
        .map(|hash| {
            reader
                .block(&hash)
                .ok_or_else(|| RpcError::not_found("Block hash not found"))
        })
        .transpose()?;
    let named = block.is_some();
    let Found {
        tx,
        block,
        vsize,
        undo,
    } = match block {
        Some(info) => in_block(node, &txid, info, verbosity)?,
        None => anywhere(node, &txid, verbosity)?,
    };
    if verbosity <= 0 {
        return Ok(json!(to_hex(&tx.to_bytes())));
    }
    let spent = undo.map(|undo| spent_coins(&undo.spent));
    let extra = TxJson {
        spent: spent.as_deref(),
        show_spent: true,
        include_hex: true,
    };
    let mut map = serde_json::Map::new();
    if let Some(info) = block.as_ref().filter(|_| named) {
        map.insert("in_active_chain".into(), info.active.into());
    }
    if let Some(vsize) = vsize {
        map.insert("vsize_adjusted".into(), vsize.into());
    }
    map.append(&mut tx_to_json(&tx, &extra, node.params));
    if let Some(info) = &block {
        map.insert("blockhash".into(), info.hash.to_string().into());
        let confirmations = info.confirmations.max(0);
        map.insert("confirmations".into(), confirmations.into());
        if info.active {
            map.insert("time".into(), info.header.time.into());
            map.insert("blocktime".into(), info.header.time.into());
        }
    }
    Ok(map.into())
}

/// A transaction, and what is known of it.
struct Found {
    tx: Arc<Tx>,
    /// The block that it is in.
    block: Option<BlockInfo>,
    /// Its size as the mempool counts it.
    vsize: Option<u64>,
    /// What it spent, where that was asked for.
    undo: Option<TxUndo>,
}

/// Finds a transaction in a block.
fn in_block(node: &Node, txid: &Txid, info: BlockInfo, verbosity: i32) -> Result<Found, RpcError> {
    let reader = node.reader()?;
    if info.position.is_none() {
        return Err(RpcError::misc("Block not available"));
    }
    let block = reader
        .read_block(&info.hash)
        .map_err(|error| read_error(&error))?;
    let index = block.txs.iter().position(|tx| tx.txid() == *txid);
    let index = index.ok_or_else(|| RpcError::not_found("No such transaction found in the provided block. Use gettransaction for wallet transactions."))?;
    let undo = match (verbosity, index.checked_sub(1)) {
        (2.., Some(index)) => undo_of(reader, &info.hash)?
            .filter(|undo| index < undo.txs.len())
            .map(|mut undo| undo.txs.swap_remove(index)),
        _ => None,
    };
    Ok(Found {
        tx: Arc::clone(&block.txs[index]),
        block: Some(info),
        vsize: None,
        undo,
    })
}

/// Finds a transaction in the mempool, or in any block where there is an index.
fn anywhere(node: &Node, txid: &Txid, verbosity: i32) -> Result<Found, RpcError> {
    let reader = node.reader()?;
    let index = node
        .indexes()
        .and_then(|indexes| Some((indexes, indexes.tx()?)));
    let waiting = {
        let pool = reader.mempool();
        let entry = pool.get(txid);
        entry.map(|entry| (Arc::clone(&entry.tx), entry.vsize))
    };
    if let Some((tx, vsize)) = waiting {
        return Ok(Found {
            tx,
            block: None,
            vsize: Some(vsize),
            undo: None,
        });
    }
    // One that was mined just now is in the index by then.
    let ready = index.map(|(indexes, _)| indexes.wait_for_tip(IndexKind::Tx));
    let found = index.map(|(_, index)| index.find(txid).map_err(machine));
    let Some(found) = found.transpose()?.flatten() else {
        let text = match ready {
            None => {
                "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries"
            }
            Some(false) => {
                "No such mempool transaction. Blockchain transactions are still in the process of being indexed"
            }
            Some(true) => "No such mempool or blockchain transaction",
        };
        let text = format!("{text}. Use gettransaction for wallet transactions.");
        return Err(RpcError::not_found(text));
    };
    let block = reader.block(&found.block);
    match block {
        Some(info) if verbosity >= 2 => in_block(node, txid, info, verbosity),
        block => Ok(Found {
            tx: Arc::new(found.tx),
            block,
            vsize: None,
            undo: None,
        }),
    }
}
