//! Taking in a block (Core's `submitblock`).

use std::sync::Arc;

use chain::{Submission, SubmitError};
use primitives::encode::Reader;
use primitives::{Block, Tx};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::{Value, json};

use super::chainstate::machine;
use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![submit_block_spec().run(submit_block)]
}

fn submit_block_spec() -> CommandSpec {
    CommandSpec::new("mining", "submitblock", "Attempts to submit new block to network.\nSee https://en.bitcoin.it/wiki/BIP_0022 for full specification.")
        .arg(Arg::hex("hexdata", "the hex-encoded block data to submit"))
        .arg(Arg::str("dummy", "dummy value, for compatibility with BIP22. This value is ignored.").hint("ignored"))
        .result(ResultDoc::none().when("If the block was accepted"))
        .result(ResultDoc::str("", "According to BIP22").when("Otherwise"))
        .cli("\"mydata\"")
        .rpc("\"mydata\"")
}

fn submit_block(node: &Node, args: &Args) -> RpcResult {
    let undecodable = || RpcError::deserialization("Block decode failed");
    let bytes = rpc::value::decode_hex(args.str("hexdata")?).ok_or_else(undecodable)?;
    // As the reference, which does not look at what follows the block.
    let block =
        Block::decode(&mut Reader::new(&bytes), node.params.hashes).map_err(|_| undecodable())?;
    let reader = node.reader()?;
    let block = restore_nonce(node, block)?;
    let (hash, prev) = (block.hash, block.header.prev);
    match node
        .handle()?
        .submit_block(Arc::new(block), Submission::LOCAL)
        .wait()
    {
        Ok(accepted) => Ok(match accepted.connected {
            _ if !accepted.new => json!("duplicate"),
            Some(Ok(())) => Value::Null,
            Some(Err(error)) => json!(error.to_string()),
            None => json!("inconclusive"),
        }),
        // By the words of BIP22.
        Err(SubmitError::Rejected(error)) => Ok(json!(error.to_string())),
        Err(SubmitError::Chain(error)) if reader.block(&prev).is_none() => {
            tracing::debug!("submitted block {hash}: {error}");
            Err(machine(error))
        }
        Err(SubmitError::Chain(error)) => Err(machine(error)),
    }
}

/// Adds the coinbase's reserved witness where the submitter left it out (Core's
/// `UpdateUncommittedBlockStructures`).
fn restore_nonce(node: &Node, block: Block) -> Result<Block, RpcError> {
    let reader = node.reader()?;
    let active = reader
        .block(&block.header.prev)
        .is_some_and(|parent| parent.height + 1 >= node.params.segwit_height);
    let has_commitment = consensus::block_check::witness_commitment_index(&block).is_some();
    let Some(coinbase) = block.txs.first() else {
        return Ok(block);
    };
    if !active || !has_commitment || coinbase.has_witness() || coinbase.inputs.is_empty() {
        return Ok(block);
    }
    let mut data = coinbase.data().clone();
    data.inputs[0].witness = vec![vec![0; 32]];
    let mut txs = block.txs.clone();
    txs[0] = Arc::new(Tx::new(data, node.params.hashes));
    Ok(Block { txs, ..block })
}
