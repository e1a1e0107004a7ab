//! Commands that look at the chain (Core's `rpc/blockchain.cpp`).

use chain::{BlockInfo, BlockUndo, ChainReader, FileError, ReadError};
use keys::univ::{SpentCoin, TxJson, tx_to_json};
use primitives::hash::to_hex;
use primitives::{Block, BlockHash, CompactTarget, U256};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::doc;
use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        blockchain_info_spec().run(blockchain_info),
        simple("getblockcount", "Returns the height of the most-work fully-validated chain.\nThe genesis block has height 0.", ResultDoc::num("", "The current block count"))
            .run(|node: &Node, _| Ok(json!(node.reader()?.height()))),
        simple("getbestblockhash", "Returns the hash of the best (tip) block in the most-work fully-validated chain.", ResultDoc::hex("", "the block hash, hex-encoded"))
            .run(|node: &Node, _| Ok(json!(node.reader()?.tip().hash.to_string()))),
        simple("getdifficulty", "Returns the proof-of-work difficulty as a multiple of the minimum difficulty.", ResultDoc::num("", "the proof-of-work difficulty as a multiple of the minimum difficulty."))
            .run(|node: &Node, _| {
                let tip = tip_info(node.reader()?)?;
                Ok(rpc::value::double(difficulty(tip.header.bits)))
            }),
        block_hash_spec().run(block_hash),
        block_header_spec().run(block_header),
        block_spec().run(block),
        chain_tips_spec().run(chain_tips),
    ]
}

fn simple(name: &'static str, doc: &'static str, result: ResultDoc) -> CommandSpec {
    CommandSpec::new("blockchain", name, doc)
        .result(result)
        .cli("")
        .rpc("")
}

/// Difficulty as a multiple of the easiest target of the first chain (Core's `GetDifficulty`).
pub(crate) fn difficulty(bits: CompactTarget) -> f64 {
    let mut shift = bits.0 >> 24 & 0xff;
    let mut difficulty = f64::from(0x0000_ffff) / f64::from(bits.0 & 0x00ff_ffff);
    while shift < 29 {
        difficulty *= 256.0;
        shift += 1;
    }
    while shift > 29 {
        difficulty /= 256.0;
        shift -= 1;
    }
    difficulty
}

/// The target in full, zero where the bits have no meaning.
pub(crate) fn target_text(bits: CompactTarget) -> String {
    bits.target().unwrap_or(U256::ZERO).to_string()
}

pub(crate) fn tip_info(reader: &ChainReader) -> Result<BlockInfo, RpcError> {
    reader
        .tip_block()
        .ok_or_else(|| RpcError::new(code::IN_WARMUP, "Loading block index…"))
}

/// The block with the id that the argument `blockhash` gives; errors call it otherwise.
pub(super) fn find_block(
    reader: &ChainReader,
    args: &Args,
    called: &str,
) -> Result<BlockInfo, RpcError> {
    let hash = BlockHash(args.hash_called("blockhash", called)?);
    reader
        .block(&hash)
        .ok_or_else(|| RpcError::not_found("Block not found"))
}

/// A block that cannot be read. The log names the file.
pub(super) fn read_error(error: &ReadError) -> RpcError {
    if let ReadError::File(file) = error {
        tracing::error!(target: "rpc", "{file}");
        if matches!(file, FileError::Io { .. }) {
            return RpcError::misc("Block not found on disk");
        }
    }
    RpcError::misc(error.to_string())
}

/// What a block spent; `None` where it was never connected.
pub(super) fn undo_of(
    reader: &ChainReader,
    hash: &BlockHash,
) -> Result<Option<BlockUndo>, RpcError> {
    match reader.read_undo(hash) {
        Ok(undo) => Ok(Some(undo)),
        Err(ReadError::NoUndo) => Ok(None),
        Err(error) => {
            tracing::error!(target: "rpc", "{error}");
            Err(RpcError::new(code::INTERNAL, ReadError::NoUndo.to_string()))
        }
    }
}

fn blockchain_info_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "getblockchaininfo",
        "Returns an object containing various state info regarding blockchain processing.",
    )
    .result(ResultDoc::object(
        "",
        "",
        vec![
            ResultDoc::str("chain", "current network name (main, test, testnet4, signet, regtest)"),
            ResultDoc::num("blocks", "the height of the most-work fully-validated chain. The genesis block has height 0"),
            ResultDoc::num("headers", "the current number of headers we have validated"),
            ResultDoc::str("bestblockhash", "the hash of the currently best block"),
            ResultDoc::hex("bits", "nBits: compact representation of the block difficulty target"),
            ResultDoc::hex("target", "The difficulty target"),
            ResultDoc::num("difficulty", "the current difficulty"),
            ResultDoc::time("time", "The block time expressed in UNIX epoch time"),
            ResultDoc::time("mediantime", "The median block time expressed in UNIX epoch time"),
            ResultDoc::num("verificationprogress", "estimate of verification progress [0..1]"),
            ResultDoc::bool("initialblockdownload", "(debug information) estimate of whether this node is in Initial Block Download mode"),
            ResultDoc::hex("chainwork", "total amount of work in active chain, in hexadecimal"),
            ResultDoc::num("size_on_disk", "the estimated size of the block and undo files on disk"),
            ResultDoc::bool("pruned", "if the blocks are subject to pruning"),
            ResultDoc::num("pruneheight", "the first block unpruned, all previous blocks were pruned (only present if pruning is enabled)").optional(),
            ResultDoc::bool("automatic_pruning", "whether automatic pruning is enabled (only present if pruning is enabled)").optional(),
            ResultDoc::num("prune_target_size", "the target size used by pruning (only present if automatic pruning is enabled)").optional(),
            super::snapshot::background_doc(),
            ResultDoc::hex("signet_challenge", "the block challenge (aka. block script), in hexadecimal (only present if the current network is a signet)").optional(),
            doc::warnings(),
        ],
    ))
    .cli("")
    .rpc("")
}

fn blockchain_info(node: &Node, _: &Args) -> RpcResult {
    let reader = node.reader()?;
    let (tip, info) = (reader.tip(), tip_info(reader)?);
    let mut map = Map::new();
    map.insert("chain".into(), node.params.network.id().into());
    map.insert("blocks".into(), info.height.into());
    map.insert("headers".into(), tip.headers.into());
    map.insert("bestblockhash".into(), info.hash.to_string().into());
    map.insert("bits".into(), info.header.bits.to_string().into());
    map.insert("target".into(), target_text(info.header.bits).into());
    map.insert(
        "difficulty".into(),
        rpc::value::double(difficulty(info.header.bits)),
    );
    map.insert("time".into(), info.header.time.into());
    map.insert("mediantime".into(), info.median_time.into());
    map.insert(
        "verificationprogress".into(),
        rpc::value::double(tip.progress),
    );
    map.insert("initialblockdownload".into(), tip.initial_download.into());
    map.insert("chainwork".into(), info.chain_work.to_string().into());
    map.insert("size_on_disk".into(), reader.disk_bytes().into());
    super::prune::add_info(reader, &mut map);
    if let Some(background) = super::snapshot::background_json(reader) {
        map.insert("backgroundvalidation".into(), background);
    }
    if let Some(challenge) = node.params.signet_challenge {
        map.insert("signet_challenge".into(), to_hex(challenge).into());
    }
    map.insert("warnings".into(), json!(node.status.borrow().warnings));
    Ok(map.into())
}

fn block_hash_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "getblockhash",
        "Returns hash of block in best-block-chain at height provided.",
    )
    .arg(Arg::num("height", "The height index"))
    .result(ResultDoc::hex("", "The block hash"))
    .cli("1000")
    .rpc("1000")
}

fn block_hash(node: &Node, args: &Args) -> RpcResult {
    let height: i32 = args.int("height")?;
    let hash = u32::try_from(height)
        .ok()
        .and_then(|height| node.reader().ok()?.hash_at(height));
    hash.map(|hash| json!(hash.to_string()))
        .ok_or_else(|| RpcError::invalid_parameter("Block height out of range"))
}

fn header_fields() -> Vec<ResultDoc> {
    vec![
        ResultDoc::hex("hash", "the block hash (same as provided)"),
        ResultDoc::num(
            "confirmations",
            "The number of confirmations, or -1 if the block is not on the main chain",
        ),
        ResultDoc::num("height", "The block height or index"),
        ResultDoc::num("version", "The block version"),
        ResultDoc::hex("versionHex", "The block version formatted in hexadecimal"),
        ResultDoc::hex("merkleroot", "The merkle root"),
        ResultDoc::time("time", "The block time expressed in UNIX epoch time"),
        ResultDoc::time(
            "mediantime",
            "The median block time expressed in UNIX epoch time",
        ),
        ResultDoc::num("nonce", "The nonce"),
        ResultDoc::hex(
            "bits",
            "nBits: compact representation of the block difficulty target",
        ),
        ResultDoc::hex("target", "The difficulty target"),
        ResultDoc::num("difficulty", "The difficulty"),
        ResultDoc::hex(
            "chainwork",
            "Expected number of hashes required to produce the current chain",
        ),
        ResultDoc::num("nTx", "The number of transactions in the block"),
        ResultDoc::hex(
            "previousblockhash",
            "The hash of the previous block (if available)",
        )
        .optional(),
        ResultDoc::hex("nextblockhash", "The hash of the next block (if available)").optional(),
    ]
}

fn header_json(info: &BlockInfo) -> Map<String, Value> {
    let header = &info.header;
    let mut map = Map::new();
    map.insert("hash".into(), info.hash.to_string().into());
    map.insert("confirmations".into(), info.confirmations.into());
    map.insert("height".into(), info.height.into());
    map.insert("version".into(), header.version.into());
    map.insert(
        "versionHex".into(),
        format!("{:08x}", header.version).into(),
    );
    map.insert("merkleroot".into(), header.merkle_root.to_string().into());
    map.insert("time".into(), header.time.into());
    map.insert("mediantime".into(), info.median_time.into());
    map.insert("nonce".into(), header.nonce.into());
    map.insert("bits".into(), header.bits.to_string().into());
    map.insert("target".into(), target_text(header.bits).into());
    map.insert(
        "difficulty".into(),
        rpc::value::double(difficulty(header.bits)),
    );
    map.insert("chainwork".into(), info.chain_work.to_string().into());
    map.insert("nTx".into(), info.tx_count.into());
    if info.height > 0 {
        map.insert("previousblockhash".into(), header.prev.to_string().into());
    }
    if let Some(next) = info.next {
        map.insert("nextblockhash".into(), next.to_string().into());
    }
    map
}

fn block_header_spec() -> CommandSpec {
    CommandSpec::new(
        "blockchain",
        "getblockheader",
        "If verbose is false, returns a string that is serialized, hex-encoded data for blockheader 'hash'.\nIf verbose is true, returns an Object with information about blockheader <hash>.",
    )
    .arg(Arg::hex("blockhash", "The block hash"))
    .arg(Arg::bool("verbose", "true for a json object, false for the hex-encoded data").default(true))
    .result(ResultDoc::object("", "", header_fields()).when("for verbose = true"))
    .result(ResultDoc::hex("", "A string that is serialized, hex-encoded data for block 'hash'").when("for verbose=false"))
    .cli("\"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\"")
    .rpc("\"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\"")
}

fn block_header(node: &Node, args: &Args) -> RpcResult {
    let info = find_block(node.reader()?, args, "hash")?;
    if !args.bool("verbose")? {
        return Ok(json!(to_hex(&info.header.to_bytes())));
    }
    Ok(header_json(&info).into())
}

#[expect(clippy::too_many_lines, reason = "a table of fields")]
fn block_spec() -> CommandSpec {
    let fields = |txs: ResultDoc| {
        let mut fields = header_fields();
        fields.push(ResultDoc::num(
            "strippedsize",
            "The block size excluding witness data",
        ));
        fields.push(ResultDoc::num("size", "The block size"));
        fields.push(ResultDoc::num(
            "weight",
            "The block weight as defined in BIP 141",
        ));
        let coinbase = vec![
            ResultDoc::num("version", "The coinbase transaction version"),
            ResultDoc::num(
                "locktime",
                "The coinbase transaction's locktime (nLockTime)",
            ),
            ResultDoc::num(
                "sequence",
                "The coinbase input's sequence number (nSequence)",
            ),
            ResultDoc::hex("coinbase", "The coinbase input's script"),
            ResultDoc::hex(
                "witness",
                "The coinbase input's first (and only) witness stack element, if present",
            )
            .optional(),
        ];
        fields.push(ResultDoc::object(
            "coinbase_tx",
            "Coinbase transaction metadata",
            coinbase,
        ));
        fields.push(txs);
        fields
    };
    let ids = ResultDoc::array(
        "tx",
        "The transaction ids",
        vec![ResultDoc::hex("", "The transaction id")],
    );
    let decoded = |spent| {
        ResultDoc::array(
            "tx",
            "",
            vec![ResultDoc::object("", "", doc::transaction(spent, true))],
        )
    };
    let with_fee = |mut doc: Vec<ResultDoc>| {
        doc.push(
            ResultDoc::amount(
                "fee",
                "The transaction fee, omitted if block undo data is not available",
            )
            .optional(),
        );
        doc
    };
    let two = ResultDoc::array(
        "tx",
        "",
        vec![ResultDoc::object(
            "",
            "",
            with_fee(doc::transaction(false, true)),
        )],
    );
    CommandSpec::new(
        "blockchain",
        "getblock",
        "If verbosity is 0, returns a string that is serialized, hex-encoded data for block 'hash'.\nIf verbosity is 1, returns an Object with information about block <hash>.\nIf verbosity is 2, returns an Object with information about block <hash> and information about each transaction.\nIf verbosity is 3, returns an Object with information about block <hash> and information about each transaction, including prevout information for inputs (only for unpruned blocks in the current best chain).",
    )
    .arg(Arg::hex("blockhash", "The block hash"))
    .arg(
        Arg::num("verbosity|verbose", "0 for hex-encoded data, 1 for a JSON object, 2 for JSON object with transaction data, and 3 for JSON object with transaction data including prevout information for inputs")
            .default(1)
            .any_type(),
    )
    .result(ResultDoc::hex("", "A string that is serialized, hex-encoded data for block 'hash'").when("for verbosity = 0"))
    .result(ResultDoc::object("", "", fields(ids)).when("for verbosity = 1"))
    .result(ResultDoc::object("", "", fields(two)).when("for verbosity = 2"))
    .result(ResultDoc::object("", "", fields(decoded(true))).when("for verbosity = 3"))
    .cli("\"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\"")
    .rpc("\"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\"")
}

fn block(node: &Node, args: &Args) -> RpcResult {
    let reader = node.reader()?;
    let verbosity = args.verbosity("verbosity", 1, true)?;
    let info = find_block(reader, args, "blockhash")?;
    if verbosity <= 0 {
        let bytes = reader
            .read_raw_block(&info.hash)
            .map_err(|error| read_error(&error))?;
        return Ok(json!(to_hex(&bytes)));
    }
    let block = reader
        .read_block(&info.hash)
        .map_err(|error| read_error(&error))?;
    let undo = match verbosity {
        1 => None,
        _ => undo_of(reader, &info.hash)?,
    };
    Ok(block_json(node, &info, &block, undo.as_ref(), verbosity).into())
}

fn block_json(
    node: &Node,
    info: &BlockInfo,
    block: &Block,
    undo: Option<&BlockUndo>,
    verbosity: i32,
) -> Map<String, Value> {
    let mut map = header_json(info);
    map.insert("strippedsize".into(), block.size(false).into());
    map.insert("size".into(), block.size(true).into());
    map.insert("weight".into(), block.weight().into());
    if let Some(coinbase) = block.txs.first() {
        let input = &coinbase.inputs[0];
        let mut fields = Map::new();
        fields.insert("version".into(), coinbase.version.into());
        fields.insert("locktime".into(), coinbase.lock_time.into());
        fields.insert("sequence".into(), input.sequence.into());
        fields.insert("coinbase".into(), input.script_sig.to_string().into());
        if let Some(item) = input.witness.first() {
            fields.insert("witness".into(), to_hex(item).into());
        }
        map.insert("coinbase_tx".into(), fields.into());
    }
    let txs: Vec<Value> = if verbosity == 1 {
        block
            .txs
            .iter()
            .map(|tx| json!(tx.txid().to_string()))
            .collect()
    } else {
        let one = |(index, tx): (usize, &std::sync::Arc<primitives::Tx>)| {
            let spent = undo.and_then(|undo| {
                // The coinbase has no record.
                undo.txs
                    .get(index.checked_sub(1)?)
                    .map(|tx| spent_coins(&tx.spent))
            });
            let extra = TxJson {
                spent: spent.as_deref(),
                show_spent: verbosity >= 3,
                include_hex: true,
            };
            Value::from(tx_to_json(tx, &extra, node.params))
        };
        block.txs.iter().enumerate().map(one).collect()
    };
    map.insert("tx".into(), txs.into());
    map
}

pub(super) fn spent_coins(coins: &[chain::Coin]) -> Vec<SpentCoin> {
    let one = |coin: &chain::Coin| SpentCoin {
        output: coin.output.clone(),
        height: coin.height,
        coinbase: coin.coinbase,
    };
    coins.iter().map(one).collect()
}

fn chain_tips_spec() -> CommandSpec {
    CommandSpec::new("blockchain", "getchaintips", "Return information about all known tips in the block tree, including the main chain as well as orphaned branches.")
        .result(ResultDoc::array(
            "",
            "",
            vec![ResultDoc::object(
                "",
                "",
                vec![
                    ResultDoc::num("height", "height of the chain tip"),
                    ResultDoc::hex("hash", "block hash of the tip"),
                    ResultDoc::num("branchlen", "zero for main chain, otherwise length of branch connecting the tip to the main chain"),
                    ResultDoc::str("status", "status of the chain, \"active\" for the main chain"),
                ],
            )],
        ))
        .cli("")
        .rpc("")
}

fn chain_tips(node: &Node, _: &Args) -> RpcResult {
    let tips = node.reader()?.chain_tips().into_iter().map(|tip| {
        json!({
            "height": tip.height,
            "hash": tip.hash.to_string(),
            "branchlen": tip.branch_length,
            "status": tip.status.name(),
        })
    });
    Ok(tips.collect::<Vec<_>>().into())
}
