//! Figures of blocks and of windows of blocks (Core's `getblockstats`, `getchaintxstats`).

use std::collections::BTreeSet;

use chain::{BlockInfo, BlockUndo, ChainReader, ReadError};
use consensus::block_subsidy;
use consensus::deployments::is_bip30_repeat;
use primitives::{Block, BlockHash, ChainParams, TxOut};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::{Map, Value, json};

use super::blockchain::{read_error, tip_info};
use crate::context::Node;

/// What a coin takes beside its output in an index of coins, in bytes (Core's `PER_UTXO_OVERHEAD`).
const COIN_OVERHEAD: i64 = 36 + 4;
/// Weight units of a virtual byte.
const WITNESS_SCALE: i64 = 4;
/// Seconds of the window that `getchaintxstats` takes by default.
const MONTH: u32 = 30 * 24 * 60 * 60;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        chain_tx_stats_spec().run(chain_tx_stats),
        block_stats_spec().run(block_stats),
    ]
}

fn chain_tx_stats_spec() -> CommandSpec {
    CommandSpec::new("blockchain", "getchaintxstats", "Compute statistics about the total number and rate of transactions in the chain.\n")
        .arg(Arg::num("nblocks", "Size of the window in number of blocks").hint("one month"))
        .arg(Arg::hex("blockhash", "The hash of the block that ends the window.").hint("chain tip"))
        .result(ResultDoc::object("", "", vec![
            ResultDoc::time("time", "The timestamp for the final block in the window, expressed in UNIX epoch time"),
            ResultDoc::num("txcount", "The total number of transactions in the chain up to that point, if known. It may be unknown when using assumeutxo.").optional(),
            ResultDoc::hex("window_final_block_hash", "The hash of the final block in the window"),
            ResultDoc::num("window_final_block_height", "The height of the final block in the window."),
            ResultDoc::num("window_block_count", "Size of the window in number of blocks"),
            ResultDoc::num("window_interval", "The elapsed time in the window in seconds. Only returned if \"window_block_count\" is > 0").optional(),
            ResultDoc::num("window_tx_count", "The number of transactions in the window. Only returned if \"window_block_count\" is > 0 and if txcount exists for the start and end of the window.").optional(),
            ResultDoc::num("txrate", "The average rate of transactions per second in the window. Only returned if \"window_interval\" is > 0 and if window_tx_count exists.").optional(),
        ]))
        .cli("")
        .rpc("2016")
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn chain_tx_stats(node: &Node, args: &Args) -> RpcResult {
    let reader = node.reader()?;
    let last = match args.opt_hash("blockhash")? {
        None => tip_info(reader)?,
        Some(hash) => {
            let block = reader.block(&BlockHash(hash));
            let block = block.ok_or_else(|| RpcError::not_found("Block not found"))?;
            if !block.active {
                return Err(RpcError::invalid_parameter("Block is not in main chain"));
            }
            block
        }
    };
    let most = last.height.saturating_sub(1);
    let count = match args.opt_int::<i32>("nblocks")? {
        None => (MONTH / node.params.target_spacing.max(1)).min(most),
        Some(count) => u32::try_from(count)
            .ok()
            .filter(|count| *count == 0 || *count < last.height)
            .ok_or_else(|| {
                RpcError::invalid_parameter(
                    "Invalid block count: should be between 0 and the block's height - 1",
                )
            })?,
    };
    let first = reader
        .ancestor(&last.hash, last.height - count)
        .ok_or_else(|| RpcError::bug("a block lacks an ancestor"))?;
    let mut map = Map::new();
    map.insert("time".into(), last.header.time.into());
    if last.chain_tx_count > 0 {
        map.insert("txcount".into(), last.chain_tx_count.into());
    }
    let hash = last.hash.to_string();
    map.insert("window_final_block_hash".into(), hash.into());
    map.insert("window_final_block_height".into(), last.height.into());
    map.insert("window_block_count".into(), count.into());
    if count > 0 {
        let interval = i64::from(last.median_time) - i64::from(first.median_time);
        map.insert("window_interval".into(), interval.into());
        if last.chain_tx_count > 0 && first.chain_tx_count > 0 {
            let txs = last.chain_tx_count.saturating_sub(first.chain_tx_count);
            map.insert("window_tx_count".into(), txs.into());
            if interval > 0 {
                let rate = txs as f64 / interval as f64;
                map.insert("txrate".into(), rpc::value::double(rate));
            }
        }
    }
    Ok(map.into())
}

/// The block that an argument names by id or by its height on the active chain (Core's `ParseHashOrHeight`).
pub(super) fn hash_or_height(reader: &ChainReader, value: &Value) -> Result<BlockInfo, RpcError> {
    if !value.is_number() {
        let hash = BlockHash(rpc::value::hash_from(value, "hash_or_height")?);
        return reader
            .block(&hash)
            .ok_or_else(|| RpcError::not_found("Block not found"));
    }
    let height: i32 = rpc::value::int_from(value)?;
    let tip = reader.height();
    let Ok(wanted) = u32::try_from(height) else {
        let text = format!("Target block height {height} is negative");
        return Err(RpcError::invalid_parameter(text));
    };
    reader.block_at(wanted).ok_or_else(|| {
        RpcError::invalid_parameter(format!(
            "Target block height {height} after current tip {tip}"
        ))
    })
}

fn block_stats_spec() -> CommandSpec {
    let percentiles = ["10th", "25th", "50th", "75th", "90th"].map(|name| {
        let text = format!("The {name} percentile feerate");
        ResultDoc::num(format!("{name}_percentile_feerate"), text)
    });
    let mut fields: Vec<ResultDoc> = FIELDS
        .iter()
        .map(|(name, doc)| ResultDoc::num(*name, *doc).optional())
        .collect();
    let hash = "The block hash (to check for potential reorgs)";
    fields.insert(3, ResultDoc::hex("blockhash", hash).optional());
    let doc = "Feerates at the 10th, 25th, 50th, 75th, and 90th percentile weight unit (in satoshis per virtual byte)";
    let rates = ResultDoc::fixed_array("feerate_percentiles", doc, percentiles.into());
    fields.insert(4, rates.optional());
    CommandSpec::new("blockchain", "getblockstats", "Compute per block statistics for a given window. All amounts are in satoshis.\nIt won't work for some heights with pruning.\n")
        .arg(Arg::num("hash_or_height", "The block hash or height of the target block").any_type().type_words("", "string or numeric"))
        .arg(
            Arg::array("stats", "Values to plot (see result below)", vec![
                Arg::str("height", "Selected statistic").optional(),
                Arg::str("time", "Selected statistic").optional(),
            ])
            .oneline("stats")
            .hint("all values"),
        )
        .result(ResultDoc::object("", "", fields))
        .cli("'\"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\"' '[\"minfeerate\",\"avgfeerate\"]'")
        .cli("1000 '[\"minfeerate\",\"avgfeerate\"]'")
        .rpc("\"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\", [\"minfeerate\",\"avgfeerate\"]")
        .rpc("1000, [\"minfeerate\",\"avgfeerate\"]")
}

/// Names and meanings of the figures that are numbers, in alphabetical order but for the last few.
const FIELDS: [(&str, &str); 29] = [
    ("avgfee", "Average fee in the block"),
    (
        "avgfeerate",
        "Average feerate (in satoshis per virtual byte)",
    ),
    ("avgtxsize", "Average transaction size"),
    ("height", "The height of the block"),
    ("ins", "The number of inputs (excluding coinbase)"),
    ("maxfee", "Maximum fee in the block"),
    (
        "maxfeerate",
        "Maximum feerate (in satoshis per virtual byte)",
    ),
    ("maxtxsize", "Maximum transaction size"),
    ("medianfee", "Truncated median fee in the block"),
    ("mediantime", "The block median time past"),
    ("mediantxsize", "Truncated median transaction size"),
    ("minfee", "Minimum fee in the block"),
    (
        "minfeerate",
        "Minimum feerate (in satoshis per virtual byte)",
    ),
    ("mintxsize", "Minimum transaction size"),
    ("outs", "The number of outputs"),
    ("subsidy", "The block subsidy"),
    ("swtotal_size", "Total size of all segwit transactions"),
    ("swtotal_weight", "Total weight of all segwit transactions"),
    ("swtxs", "The number of segwit transactions"),
    ("time", "The block time"),
    (
        "total_out",
        "Total amount in all outputs (excluding coinbase and thus reward [ie subsidy + totalfee])",
    ),
    ("total_size", "Total size of all non-coinbase transactions"),
    (
        "total_weight",
        "Total weight of all non-coinbase transactions",
    ),
    ("totalfee", "The fee total"),
    ("txs", "The number of transactions (including coinbase)"),
    (
        "utxo_increase",
        "The increase/decrease in the number of unspent outputs (not discounting op_return and similar)",
    ),
    (
        "utxo_size_inc",
        "The increase/decrease in size for the utxo index (not discounting op_return and similar)",
    ),
    (
        "utxo_increase_actual",
        "The increase/decrease in the number of unspent outputs, not counting unspendables",
    ),
    (
        "utxo_size_inc_actual",
        "The increase/decrease in size for the utxo index, not counting unspendables",
    ),
];

fn block_stats(node: &Node, args: &Args) -> RpcResult {
    let reader = node.reader()?;
    let info = hash_or_height(reader, args.value("hash_or_height")?)?;
    let mut wanted = BTreeSet::new();
    for name in args.opt_array("stats")?.unwrap_or_default() {
        wanted.insert(rpc::value::str_from(name)?);
    }
    let block = reader
        .read_block(&info.hash)
        .map_err(|error| read_error(&error))?;
    let undo = reader.read_undo(&info.hash).map_err(|error| match error {
        ReadError::NoUndo => RpcError::misc("Undo data not available"),
        ReadError::File(file) => {
            tracing::error!(target: "rpc", "{file}");
            RpcError::misc("Can't read undo data from disk")
        }
        error => read_error(&error),
    })?;
    let all = figures(&info, &block, &undo, node.params)?;
    if wanted.is_empty() {
        return Ok(all.into());
    }
    let mut map = Map::new();
    for name in wanted {
        let value = all.get(name).ok_or_else(|| {
            RpcError::invalid_parameter(format!("Invalid selected statistic '{name}'"))
        })?;
        map.insert(name.to_owned(), value.clone());
    }
    Ok(map.into())
}

/// Sums over a block.
#[derive(Default)]
struct Sums {
    inputs: i64,
    outputs: i64,
    coins: i64,
    out: i64,
    size: i64,
    weight: i64,
    fee: i64,
    segwit: [i64; 3],
    size_change: i64,
    size_change_actual: i64,
    sizes: Vec<i64>,
    fees: Vec<i64>,
    /// Satoshis per virtual byte, and weight.
    rates: Vec<(i64, i64)>,
}

fn count(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn coin_size(output: &TxOut) -> i64 {
    let mut bytes = Vec::with_capacity(64);
    output.encode(&mut bytes);
    count(bytes.len()) + COIN_OVERHEAD
}

impl Sums {
    /// # Errors
    /// Where the record of what the block spent does not fit it.
    fn of(info: &BlockInfo, block: &Block, undo: &BlockUndo) -> Result<Self, RpcError> {
        let mut sums = Self::default();
        // These changed no set of coins: nobody can spend the first block, and two were repeated.
        let first = info.height == 0;
        let repeated = is_bip30_repeat(info.height, &info.hash);
        for (index, tx) in block.txs.iter().enumerate() {
            sums.outputs += count(tx.outputs.len());
            let mut out = 0;
            for output in &tx.outputs {
                out += output.value.sat();
                let size = coin_size(output);
                sums.size_change += size;
                let kept = !(first || repeated && tx.is_coinbase());
                if kept && !output.script_pubkey.is_unspendable() {
                    sums.coins += 1;
                    sums.size_change_actual += size;
                }
            }
            if tx.is_coinbase() {
                continue;
            }
            sums.inputs += count(tx.inputs.len());
            sums.out += out;
            let (size, weight) = (count(tx.size(true)), count(tx.weight()));
            sums.size += size;
            sums.sizes.push(size);
            sums.weight += weight;
            if tx.has_witness() {
                let [txs, total, weights] = sums.segwit;
                sums.segwit = [txs + 1, total + size, weights + weight];
            }
            let spent = index.checked_sub(1).and_then(|index| undo.txs.get(index));
            let spent = spent.ok_or_else(|| RpcError::misc("Can't read undo data from disk"))?;
            let mut fee = -out;
            for coin in &spent.spent {
                fee += coin.output.value.sat();
                let size = coin_size(&coin.output);
                sums.size_change -= size;
                sums.size_change_actual -= size;
            }
            sums.fee += fee;
            sums.fees.push(fee);
            let rate = if weight > 0 {
                fee * WITNESS_SCALE / weight
            } else {
                0
            };
            sums.rates.push((rate, weight));
        }
        Ok(sums)
    }
}

/// The middle value, rounded towards zero between two; 0 of none.
fn truncated_median(values: &mut [i64]) -> i64 {
    values.sort_unstable();
    let middle = values.len() / 2;
    match values.len() {
        0 => 0,
        len if len % 2 == 0 => i64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

/// The rates below which a tenth, a quarter, a half, three quarters and nine tenths of the weight lie.
fn percentiles(rates: &mut [(i64, i64)], total_weight: i64) -> [i64; 5] {
    rates.sort_unstable();
    let mut found = [rates.last().map_or(0, |(rate, _)| *rate); 5];
    // In twentieths of the weight.
    let limits = [2, 5, 10, 15, 18].map(|share| total_weight * share);
    let (mut next, mut cumulative) = (0, 0);
    for (rate, weight) in rates.iter() {
        cumulative += weight * 20;
        while next < limits.len() && cumulative >= limits[next] {
            found[next] = *rate;
            next += 1;
        }
    }
    found
}

fn figures(
    info: &BlockInfo,
    block: &Block,
    undo: &BlockUndo,
    params: &ChainParams,
) -> Result<Map<String, Value>, RpcError> {
    let mut sums = Sums::of(info, block, undo)?;
    let txs = count(block.txs.len());
    let average = |sum: i64| if txs > 1 { sum / (txs - 1) } else { 0 };
    let least = |values: &[i64]| values.iter().copied().min();
    let most = |values: &[i64]| values.iter().copied().max().unwrap_or(0);
    let rates: Vec<i64> = sums.rates.iter().map(|(rate, _)| *rate).collect();
    let mut map = Map::new();
    let rate = if sums.weight > 0 {
        sums.fee * WITNESS_SCALE / sums.weight
    } else {
        0
    };
    let [segwit_txs, segwit_size, segwit_weight] = sums.segwit;
    let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
    put("avgfee", average(sums.fee).into());
    put("avgfeerate", rate.into());
    put("avgtxsize", average(sums.size).into());
    put("blockhash", info.hash.to_string().into());
    put(
        "feerate_percentiles",
        json!(percentiles(&mut sums.rates, sums.weight)),
    );
    put("height", info.height.into());
    put("ins", sums.inputs.into());
    put("maxfee", most(&sums.fees).into());
    put("maxfeerate", most(&rates).into());
    put("maxtxsize", most(&sums.sizes).into());
    put("medianfee", truncated_median(&mut sums.fees).into());
    put("mediantime", info.median_time.into());
    put("mediantxsize", truncated_median(&mut sums.sizes).into());
    put("minfee", least(&sums.fees).unwrap_or(0).into());
    put("minfeerate", least(&rates).unwrap_or(0).into());
    put("mintxsize", least(&sums.sizes).unwrap_or(0).into());
    put("outs", sums.outputs.into());
    put("subsidy", block_subsidy(info.height, params).sat().into());
    put("swtotal_size", segwit_size.into());
    put("swtotal_weight", segwit_weight.into());
    put("swtxs", segwit_txs.into());
    put("time", info.header.time.into());
    put("total_out", sums.out.into());
    put("total_size", sums.size.into());
    put("total_weight", sums.weight.into());
    put("totalfee", sums.fee.into());
    put("txs", txs.into());
    put("utxo_increase", (sums.outputs - sums.inputs).into());
    put("utxo_size_inc", sums.size_change.into());
    put("utxo_increase_actual", (sums.coins - sums.inputs).into());
    put("utxo_size_inc_actual", sums.size_change_actual.into());
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles_are_those_of_core() {
        let median = |values: &[i64]| truncated_median(&mut values.to_vec());
        assert_eq!(
            [
                median(&[]),
                median(&[7]),
                median(&[4, 1]),
                median(&[9, 1, 5])
            ],
            [0, 7, 2, 5]
        );
        // From the reference's tests: equal weights, then weights that cross the limits.
        let mut even: Vec<_> = (0..100)
            .map(|_| (1, 1))
            .chain((0..100).map(|_| (2, 1)))
            .collect();
        assert_eq!(percentiles(&mut even, 200), [1, 1, 1, 2, 2]);
        let mut steps = vec![(1, 9), (2, 16), (4, 50), (5, 10), (9, 15)];
        assert_eq!(percentiles(&mut steps, 100), [2, 2, 4, 4, 9]);
        assert_eq!(percentiles(&mut [], 0), [0; 5]);
    }
}
