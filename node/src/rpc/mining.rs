//! Commands that make blocks (Core's `rpc/mining.cpp`).

use std::sync::Arc;

use chain::{BlockRejection, Submission, SubmitError, TemplateRequest, TemplateTxs};
use consensus::BlockError;
use consensus::merkle::block_merkle_root;
use keys::Descriptor;
use primitives::address::Destination;
use primitives::hash::to_hex;
use primitives::params::{MAX_FUTURE_BLOCK_TIME, MiningPace};
use primitives::{Block, BlockHash, ChainParams, Script, Tx, Txid};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, json};

use super::blockchain::{difficulty, target_text, tip_info};
use super::chainstate::machine;
use super::decode::decode_tx;
use super::doc;
use crate::context::Node;

/// Nonces tried for a block unless the caller says otherwise.
const DEFAULT_MAX_TRIES: u64 = 1_000_000;
/// Nonces between two looks at the stop signal.
const STOP_INTERVAL: u32 = 1 << 12;

/// A descriptor whose script only its owner can tell.
const NO_PRIVATE_KEYS: &str = "Cannot derive script without private keys";

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        generate_to_address_spec().run(generate_to_address),
        generate_to_descriptor_spec().run(generate_to_descriptor),
        generate_block_spec().run(generate_block),
        mining_info_spec().run(mining_info),
    ]
}

fn hashes_result(doc: &'static str) -> ResultDoc {
    ResultDoc::array("", doc, vec![ResultDoc::hex("", "blockhash")])
}

fn generate_to_address_spec() -> CommandSpec {
    CommandSpec::new(
        "hidden",
        "generatetoaddress",
        "Mine to a specified address and return the block hashes.",
    )
    .arg(Arg::num("nblocks", "How many blocks are generated."))
    .arg(Arg::str(
        "address",
        "The address to send the newly generated coins to.",
    ))
    .arg(Arg::num("maxtries", "How many iterations to try.").default(DEFAULT_MAX_TRIES))
    .result(hashes_result("hashes of blocks generated"))
    .cli("11 \"myaddress\"")
    .rpc("11, \"myaddress\"")
}

fn generate_to_address(node: &Node, args: &Args) -> RpcResult {
    let destination = Destination::from_address(args.str("address")?, node.params)
        .map_err(|_| RpcError::not_found("Error: Invalid address"))?;
    generate_many(node, args, "nblocks", &destination.to_script())
}

fn generate_to_descriptor_spec() -> CommandSpec {
    CommandSpec::new(
        "hidden",
        "generatetodescriptor",
        "Mine to a specified descriptor and return the block hashes.",
    )
    .arg(Arg::num("num_blocks", "How many blocks are generated."))
    .arg(Arg::str(
        "descriptor",
        "The descriptor to send the newly generated coins to.",
    ))
    .arg(Arg::num("maxtries", "How many iterations to try.").default(DEFAULT_MAX_TRIES))
    .result(hashes_result("hashes of blocks generated"))
    .cli("11 \"mydesc\"")
    .rpc("11, \"mydesc\"")
}

fn generate_to_descriptor(node: &Node, args: &Args) -> RpcResult {
    let script = descriptor_script(args.str("descriptor")?, node.params)?;
    generate_many(node, args, "num_blocks", &script)
}

/// The script that coins go to, of an un-ranged descriptor.
fn descriptor_script(text: &str, params: &ChainParams) -> Result<Script, RpcError> {
    let invalid = |text: String| RpcError::new(code::INVALID_ADDRESS_OR_KEY, text);
    let all = Descriptor::parse(text, params, false).map_err(|error| invalid(error.to_string()))?;
    let [parsed] = all.as_slice() else {
        return Err(RpcError::invalid_parameter(
            "Multipath descriptor not accepted",
        ));
    };
    if parsed.is_range() {
        return Err(RpcError::invalid_parameter(
            "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?",
        ));
    }
    let expansion = parsed
        .expand_alone(0)
        .map_err(|_| invalid(NO_PRIVATE_KEYS.to_owned()))?;
    // Of combo, the segwit form is taken where there is one.
    match expansion.scripts.as_slice() {
        [one] | [_, _, one, _] | [_, one] => Ok(one.clone()),
        _ => Err(invalid("Descriptor gives no script".to_owned())),
    }
}

fn generate_many(node: &Node, args: &Args, count: &str, script: &Script) -> RpcResult {
    let count: i64 = args.int(count)?;
    let mut tries = args.opt_int("maxtries")?.unwrap_or(DEFAULT_MAX_TRIES);
    let mut hashes = Vec::new();
    for left in (0..count.max(0)).rev() {
        if node.stop.is_stopping() || has_ended(node)? {
            break;
        }
        let request = TemplateRequest {
            script: script.clone(),
            txs: TemplateTxs::Mempool,
            time: paced_time(node, u64::try_from(left).unwrap_or(0))?,
        };
        let block = match node.handle()?.create_block(request).wait() {
            Ok(block) => block,
            Err(SubmitError::Rejected(BlockRejection::Invalid(BlockError::TimeTooNew)))
                if node.params.mining_pace.is_some() =>
            {
                // What was made is there, whatever comes after it.
                match hashes.is_empty() {
                    true => return Err(too_far_ahead(node)?),
                    false => break,
                }
            }
            Err(error) => return Err(template_error(error, code::MISC)),
        };
        let Some(block) = solve(node, block, &mut tries) else {
            break;
        };
        hashes.push(block.hash.to_string());
        process(node, Arc::new(block))?;
    }
    Ok(json!(hashes))
}

/// Whether the chain takes no more blocks, as at the height of `-stopatheight`.
fn has_ended(node: &Node) -> Result<bool, RpcError> {
    let ended = node.reader()?.ended().borrow().is_some();
    Ok(ended)
}

/// A template that breaks a rule, with the error number of the command.
fn template_error(error: SubmitError, number: i32) -> RpcError {
    let error = match error {
        SubmitError::Rejected(error) => error,
        SubmitError::Chain(error) => return machine(error),
    };
    let details = match error.debug_message(&BlockHash::ZERO) {
        details if details.is_empty() => details,
        details => format!(", {details}"),
    };
    RpcError::new(
        number,
        format!("TestBlockValidity failed: {error}{details}"),
    )
}

/// Blocks that must lie apart have run as far ahead of the clock as blocks may.
fn too_far_ahead(node: &Node) -> Result<RpcError, RpcError> {
    let gap = node.params.mining_pace.map_or(0, |pace| pace.gap);
    let tip = node.reader()?.tip();
    let next = i64::from(tip.time) + i64::from(gap);
    let wait = next - i64::from(MAX_FUTURE_BLOCK_TIME) - node.clock.now();
    Ok(RpcError::misc(format!(
        "Blocks of this chain lie at least {gap} seconds apart, and the newest is as far ahead of the clock as a block \
         may be. The next one can be made in {} seconds.",
        wait.max(1)
    )))
}

/// The time of the next block where the chain is mined at a pace; `left` blocks follow it in this call.
fn paced_time(node: &Node, left: u64) -> Result<Option<u32>, RpcError> {
    let Some(pace) = node.params.mining_pace else {
        return Ok(None);
    };
    let tip = node.reader()?.tip();
    Ok(pace_block(
        pace,
        tip.height,
        tip.time,
        node.clock.now(),
        left,
    ))
}

/// Lets the last paced block stand at the clock, and each one far enough behind its parent.
fn pace_block(pace: MiningPace, tip: u32, tip_time: u32, now: i64, left: u64) -> Option<u32> {
    let height = tip + 1;
    if height >= pace.until_height {
        return None;
    }
    let slow_ahead =
        u64::from(pace.until_height - 1 - height).min(if pace.until_height == u32::MAX {
            left
        } else {
            u64::MAX
        });
    let behind = i64::try_from(slow_ahead)
        .ok()?
        .checked_mul(i64::from(pace.gap))?;
    let earliest = i64::from(tip_time) + i64::from(pace.gap);
    u32::try_from(earliest.max(now - behind)).ok()
}

/// Looks for a nonce; `None` where the tries are used up or the process stops.
fn solve(node: &Node, mut block: Block, tries: &mut u64) -> Option<Block> {
    let (root, _) = block_merkle_root(&block);
    block.header.merkle_root = root;
    let target = block.header.bits.target()?;
    loop {
        if *tries == 0
            || (block.header.nonce.is_multiple_of(STOP_INTERVAL) && node.stop.is_stopping())
        {
            return None;
        }
        block.hash = block.header.hash(node.params.hashes);
        if primitives::U256::from_le_bytes(block.hash.0) <= target {
            return Some(block);
        }
        *tries -= 1;
        block.header.nonce = block.header.nonce.checked_add(1)?;
    }
}

fn process(node: &Node, block: Arc<Block>) -> Result<(), RpcError> {
    match node.handle()?.submit_block(block, Submission::LOCAL).wait() {
        Ok(accepted) => match accepted.connected {
            Some(Err(error)) => Err(RpcError::new(
                code::INTERNAL,
                format!("ProcessNewBlock, block not accepted: {error}"),
            )),
            _ => Ok(()),
        },
        Err(SubmitError::Rejected(error)) => Err(RpcError::new(
            code::INTERNAL,
            format!("ProcessNewBlock, block not accepted: {error}"),
        )),
        Err(SubmitError::Chain(error)) => Err(machine(error)),
    }
}

fn generate_block_spec() -> CommandSpec {
    CommandSpec::new("hidden", "generateblock", "Mine a set of ordered transactions to a specified address or descriptor and return the block hash.")
        .arg(Arg::str("output", "The address or descriptor to send the newly generated coins to."))
        .arg(Arg::array("transactions", "An array of hex strings which are either txids or raw transactions.\nTxids must reference transactions currently in the mempool.\nAll transactions must be valid and in valid order, otherwise the block will be rejected.", vec![Arg::str("rawtx/txid", "").optional()]))
        .arg(Arg::bool("submit", "Whether to submit the block before the RPC call returns or to return it as hex.").default(true))
        .result(ResultDoc::object("", "", vec![
            ResultDoc::hex("hash", "hash of generated block"),
            ResultDoc::hex("hex", "hex of generated block, only present when submit=false").optional(),
        ]))
        .cli("\"myaddress\" '[\"rawtx\", \"mempool_txid\"]'")
        .rpc("\"myaddress\", [\"rawtx\", \"mempool_txid\"]")
}

fn generate_block(node: &Node, args: &Args) -> RpcResult {
    let output = args.str("output")?;
    let script = match descriptor_script(output, node.params) {
        Ok(script) => script,
        Err(error) if error.code == code::INVALID_PARAMETER || error.message == NO_PRIVATE_KEYS => {
            return Err(error);
        }
        Err(_) => Destination::from_address(output, node.params)
            .map(|destination| destination.to_script())
            .map_err(|_| RpcError::not_found("Error: Invalid address or descriptor"))?,
    };
    let submit = args.bool("submit")?;
    let mut txs = Vec::new();
    for item in args.array("transactions")? {
        txs.push(transaction_of(node, rpc::value::str_from(item)?)?);
    }
    let time = paced_time(node, 0)?;
    let request = TemplateRequest {
        script,
        txs: TemplateTxs::These(txs),
        time,
    };
    let block = node
        .handle()?
        .create_block(request)
        .wait()
        .map_err(|error| match error {
            // No transaction is to blame for that.
            SubmitError::Rejected(BlockRejection::Invalid(BlockError::TimeTooNew)) => {
                match node.params.mining_pace {
                    Some(_) => too_far_ahead(node).unwrap_or_else(|error| error),
                    None => template_error(error, code::MISC),
                }
            }
            error => template_error(error, code::VERIFY),
        })?;
    let mut tries = DEFAULT_MAX_TRIES;
    let block =
        solve(node, block, &mut tries).ok_or_else(|| RpcError::misc("Failed to make block."))?;
    let mut map = Map::new();
    map.insert("hash".into(), block.hash.to_string().into());
    if submit {
        process(node, Arc::new(block))?;
    } else {
        map.insert("hex".into(), to_hex(&block.to_bytes()).into());
    }
    Ok(map.into())
}

/// A transaction by its id in the mempool, or by its bytes.
fn transaction_of(node: &Node, text: &str) -> Result<Arc<Tx>, RpcError> {
    if let Ok(txid) = text.parse::<Txid>() {
        let pool = node.reader()?.mempool();
        return pool
            .get(&txid)
            .map(|entry| Arc::clone(&entry.tx))
            .ok_or_else(|| RpcError::not_found(format!("Transaction {text} not in mempool.")));
    }
    rpc::value::decode_hex(text)
        .and_then(|bytes| decode_tx(&bytes, true, true, node.params.hashes))
        .map(Arc::new)
        .ok_or_else(|| {
            RpcError::deserialization(format!(
                "Transaction decode failed for {text}. Make sure the tx has at least one input."
            ))
        })
}

fn mining_info_spec() -> CommandSpec {
    let next = vec![
        ResultDoc::num("height", "The next height"),
        ResultDoc::hex("bits", "The next target nBits"),
        ResultDoc::num("difficulty", "The next difficulty"),
        ResultDoc::hex("target", "The next target"),
    ];
    CommandSpec::new("mining", "getmininginfo", "Returns a json object containing mining-related information.")
        .result(ResultDoc::object(
            "",
            "",
            vec![
                ResultDoc::num("blocks", "The current block"),
                ResultDoc::hex("bits", "The current nBits, compact representation of the block difficulty target"),
                ResultDoc::num("difficulty", "The current difficulty"),
                ResultDoc::hex("target", "The current target"),
                ResultDoc::num("networkhashps", "The network hashes per second"),
                ResultDoc::num("pooledtx", "The size of the mempool"),
                ResultDoc::amount("blockmintxfee", "Minimum feerate of packages selected for block inclusion in coins/kvB"),
                ResultDoc::str("chain", "current network name (main, test, testnet4, signet, regtest)"),
                ResultDoc::hex("signet_challenge", "The block challenge (aka. block script), in hexadecimal (only present if the current network is a signet)").optional(),
                ResultDoc::object("next", "The next block", next),
                doc::warnings(),
            ],
        ))
        .cli("")
        .rpc("")
}

fn mining_info(node: &Node, _: &Args) -> RpcResult {
    let reader = node.reader()?;
    let tip = tip_info(reader)?;
    let bits = tip.header.bits;
    let now = u32::try_from(node.clock.now()).unwrap_or(u32::MAX);
    let next_time = now.max(tip.median_time + 1);
    let next = reader
        .with_branch(&tip.hash, |branch| {
            consensus::pow::next_work_required(branch, next_time, node.params)
        })
        .unwrap_or(bits);
    let mut map = Map::new();
    map.insert("blocks".into(), tip.height.into());
    map.insert("bits".into(), bits.to_string().into());
    map.insert("difficulty".into(), rpc::value::double(difficulty(bits)));
    map.insert("target".into(), target_text(bits).into());
    map.insert(
        "networkhashps".into(),
        rpc::value::double(network_hashes(node, &tip.hash)),
    );
    map.insert("pooledtx".into(), reader.mempool().len().into());
    let rate = node.params.policy.block_min_tx_fee.sat_per_kvb();
    map.insert("blockmintxfee".into(), rpc::amount(rate));
    map.insert("chain".into(), node.params.network.id().into());
    let next_json = json!({
        "height": tip.height + 1,
        "bits": next.to_string(),
        "difficulty": rpc::value::double(difficulty(next)),
        "target": target_text(next),
    });
    map.insert("next".into(), next_json);
    if let Some(challenge) = node.params.signet_challenge {
        map.insert("signet_challenge".into(), to_hex(challenge).into());
    }
    map.insert("warnings".into(), json!(node.status.borrow().warnings));
    Ok(map.into())
}

/// Work of the last 120 blocks over the time they took, in hashes a second.
fn network_hashes(node: &Node, tip: &BlockHash) -> f64 {
    const BLOCKS: u32 = 120;
    let Ok(reader) = node.reader() else {
        return 0.0;
    };
    let Some(last) = reader.block(tip) else {
        return 0.0;
    };
    let times = |height| reader.block_at(height).map(|block| block.header.time);
    let from = last.height.saturating_sub(BLOCKS);
    let range: Vec<u32> = (from..=last.height).filter_map(times).collect();
    let (Some(least), Some(most)) = (range.iter().min(), range.iter().max()) else {
        return 0.0;
    };
    let Some(first) = reader.block_at(from) else {
        return 0.0;
    };
    if most == least {
        return 0.0;
    }
    (last.chain_work - first.chain_work).to_f64() / f64::from(most - least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paced_blocks_end_at_the_clock() {
        let check = |pace: MiningPace, genesis: u32, now: i64, count: u32| {
            let mut time = genesis;
            for tip in 0..count {
                let left = u64::from(count - tip - 1);
                let Some(next) = pace_block(pace, tip, time, now, left) else {
                    break;
                };
                assert!(next >= time + pace.gap, "height {}", tip + 1);
                time = next;
            }
            time
        };
        let slow = MiningPace {
            gap: 1201,
            until_height: 144,
        };
        let (genesis, now) = (1_756_857_263, 1_795_000_000);
        assert_eq!(i64::from(check(slow, genesis, now, 143)), now);
        assert_eq!(pace_block(slow, 143, genesis, now, 0), None);
        assert!(i64::from(check(slow, genesis, now, 5)) < now - 24 * 60 * 60);
        let steady = MiningPace {
            gap: 3,
            until_height: u32::MAX,
        };
        assert_eq!(i64::from(check(steady, genesis, now, 200)), now);
    }
}
