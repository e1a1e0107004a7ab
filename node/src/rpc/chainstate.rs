//! Commands about coins, and those that change the active chain (the rest of Core's `rpc/blockchain.cpp`).

use keys::univ::{amount_value, script_to_json};
use primitives::{BlockHash, OutPoint, Txid};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Value, json};

use super::blockchain::tip_info;
use super::doc;
use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        tx_out_spec().run(tx_out),
        verify_chain_spec().run(verify_chain),
        on_block("invalidateblock", "Permanently marks a block as invalid, as if it violated a consensus rule.", "the hash of the block to mark as invalid")
            .run(|node: &Node, args| {
                let hash = BlockHash(args.hash("blockhash")?);
                if hash == node.params.genesis.hash {
                    // Nothing can take its place, and the reference keeps silent about it.
                    return Ok(Value::Null);
                }
                changed(node.handle()?.invalidate_block(hash).wait())
            }),
        on_block("reconsiderblock", "Removes invalidity status of a block, its ancestors and its descendants, reconsider them for activation.\nThis can be used to undo the effects of invalidateblock.", "the hash of the block to reconsider")
            .run(|node: &Node, args| {
                let hash = BlockHash(args.hash("blockhash")?);
                changed(node.handle()?.reconsider_block(hash).wait())
            }),
        on_block("preciousblock", "Treats a block as if it were received before others with the same work.\n\nA later preciousblock call can override the effect of an earlier one.\n\nThe effects of preciousblock are not retained across restarts.", "the hash of the block to mark as precious")
            .run(|node: &Node, args| {
                let hash = BlockHash(args.hash("blockhash")?);
                changed(node.handle()?.precious_block(hash).wait())
            }),
    ]
}

/// A failure of the machine as an error of a command.
pub(super) fn machine(error: impl std::fmt::Display) -> RpcError {
    RpcError::new(code::DATABASE, error.to_string())
}

fn changed(known: Result<bool, chain::ChainError>) -> RpcResult {
    match known {
        Ok(true) => Ok(Value::Null),
        Ok(false) => Err(RpcError::not_found("Block not found")),
        Err(error) => Err(machine(error)),
    }
}

fn on_block(name: &'static str, doc: &'static str, arg: &'static str) -> CommandSpec {
    CommandSpec::new("blockchain", name, doc)
        .arg(Arg::hex("blockhash", arg))
        .result(ResultDoc::none())
        .cli("\"blockhash\"")
        .rpc("\"blockhash\"")
}

fn tx_out_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "gettxout",
        "Returns details about an unspent transaction output.",
    )
    .arg(Arg::hex("txid", "The transaction id"))
    .arg(Arg::num("n", "vout number"))
    .arg(Arg::bool("include_mempool", "Whether to include the mempool. Note that an unspent output that is spent in the mempool won't appear.").default(true))
    .result(ResultDoc::none().when("If the UTXO was not found"))
    .result(
        ResultDoc::object(
            "",
            "",
            vec![
                ResultDoc::hex("bestblock", "The hash of the block at the tip of the chain"),
                ResultDoc::num("confirmations", "The number of confirmations"),
                ResultDoc::amount("value", "The transaction value in coins"),
                ResultDoc::object("scriptPubKey", "", doc::script_pub_key(true)),
                ResultDoc::bool("coinbase", "Coinbase or not"),
            ],
        )
        .when("Otherwise"),
    )
    .cli("\"txid\" 1")
    .rpc("\"txid\", 1")
}

fn tx_out(node: &Node, args: &Args) -> RpcResult {
    let outpoint = OutPoint::new(Txid(args.hash("txid")?), args.int("n")?);
    let reader = node.reader()?;
    let tip = tip_info(reader)?;
    let confirmed = |node: &Node| -> Result<Option<chain::Coin>, RpcError> {
        let coins = node
            .handle()?
            .coins(vec![outpoint])
            .wait()
            .map_err(machine)?;
        Ok(coins.into_iter().next().flatten())
    };
    let (output, height, coinbase) = if args.bool("include_mempool")? {
        let waiting = {
            let pool = reader.mempool();
            if pool.spender(&outpoint).is_some() {
                return Ok(Value::Null);
            }
            pool.output(&outpoint).cloned()
        };
        match (waiting, confirmed(node)?) {
            (Some(output), _) => (output, None, false),
            (None, Some(coin)) => (coin.output, Some(coin.height), coin.coinbase),
            (None, None) => return Ok(Value::Null),
        }
    } else {
        match confirmed(node)? {
            Some(coin) => (coin.output, Some(coin.height), coin.coinbase),
            None => return Ok(Value::Null),
        }
    };
    let confirmations = height.map_or(0, |height| i64::from(tip.height) - i64::from(height) + 1);
    Ok(json!({
        "bestblock": tip.hash.to_string(),
        "confirmations": confirmations,
        "value": amount_value(output.value),
        "scriptPubKey": script_to_json(&output.script_pubkey, true, true, node.params),
        "coinbase": coinbase,
    }))
}

fn verify_chain_spec() -> CommandSpec {
    CommandSpec::new("blockchain", "verifychain", "Verifies blockchain database.")
        .arg(
            Arg::num(
                "checklevel",
                "How thorough the block verification is (0 to 4)",
            )
            .default(3),
        )
        .arg(Arg::num("nblocks", "The number of blocks to check.").hint("6, 0=all"))
        .result(ResultDoc::bool(
            "",
            "Verification finished successfully. If false, check debug log for reason.",
        ))
        .cli("")
        .rpc("")
}

fn verify_chain(node: &Node, args: &Args) -> RpcResult {
    let level: i32 = args.int("checklevel")?;
    let blocks: i32 = args.opt_int("nblocks")?.unwrap_or(6);
    // As 0 and all numbers that are too large: all blocks.
    let blocks = u32::try_from(blocks).unwrap_or(0);
    let level = u8::try_from(level.clamp(0, 4)).unwrap_or(4);
    node.handle()?
        .verify_chain(level, blocks)
        .wait()
        .map(|fine| json!(fine))
        .map_err(machine)
}
