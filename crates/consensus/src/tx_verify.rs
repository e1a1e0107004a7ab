//! Checks of a transaction with the coins that it spends and its place in the chain.

use primitives::transaction::{SEQUENCE_FINAL, TxData, WITNESS_SCALE_FACTOR};
use primitives::{Amount, ChainParams, TxOut};

use crate::script::{ScriptFlags, count_witness_sigops, p2sh_sigop_count, sigop_count};
use crate::tx_check::TxError;

/// Lock times below are heights, others are seconds since 1970.
pub const LOCKTIME_THRESHOLD: u32 = 500_000_000;
/// A sequence number with this bit locks nothing (BIP68).
pub const SEQUENCE_LOCKTIME_DISABLE_FLAG: u32 = 1 << 31;
/// A sequence number with this bit counts time, one without counts blocks (BIP68).
pub const SEQUENCE_LOCKTIME_TYPE_FLAG: u32 = 1 << 22;
/// The bits of a sequence number that count (BIP68).
pub const SEQUENCE_LOCKTIME_MASK: u32 = 0xffff;
/// A unit of time in a sequence number is two to this power in seconds (BIP68).
pub const SEQUENCE_LOCKTIME_GRANULARITY: u32 = 9;

/// An output that a transaction spends.
#[derive(Clone, Copy, Debug)]
pub struct SpentCoin<'a> {
    /// The output.
    pub output: &'a TxOut,
    /// Height of the block that made it.
    pub height: u32,
    /// Whether a block's reward made it.
    pub coinbase: bool,
}

/// Whether the lock time allows `tx` in a block of this height and time (Core's `IsFinalTx`).
///
/// `block_time` is the median time of the parent where BIP113 is in force.
pub fn is_final_tx(tx: &TxData, height: u32, block_time: i64) -> bool {
    let limit = if tx.lock_time < LOCKTIME_THRESHOLD {
        i64::from(height)
    } else {
        block_time
    };
    tx.lock_time == 0
        || i64::from(tx.lock_time) < limit
        || tx
            .inputs
            .iter()
            .all(|input| input.sequence == SEQUENCE_FINAL)
}

/// The last height and time at which a transaction's relative lock times hold it back (BIP68); -1
/// where nothing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceLocks {
    /// Height of a block.
    pub height: i64,
    /// Median time of a block's parent, in seconds since 1970.
    pub time: i64,
}

impl SequenceLocks {
    /// Nothing is held back.
    pub const NONE: Self = Self {
        height: -1,
        time: -1,
    };

    /// Whether a block at `height` whose parent has this median time may hold the transaction
    /// (Core's `EvaluateSequenceLocks`).
    pub fn allow(self, height: u32, parent_median_time: u32) -> bool {
        self.height < i64::from(height) && self.time < i64::from(parent_median_time)
    }
}

/// The relative lock times of `tx` (Core's `CalculateSequenceLocks` with BIP68 in force).
///
/// `coin_heights` are those of the coins it spends, in order; `median_time_past` tells the median
/// time of the block at a height on this branch.
pub fn sequence_locks(
    tx: &TxData,
    coin_heights: impl IntoIterator<Item = u32>,
    mut median_time_past: impl FnMut(u32) -> u32,
) -> SequenceLocks {
    let mut locks = SequenceLocks::NONE;
    if tx.version < 2 {
        return locks;
    }
    for (input, coin_height) in tx.inputs.iter().zip(coin_heights) {
        if input.sequence & SEQUENCE_LOCKTIME_DISABLE_FLAG != 0 {
            continue;
        }
        // One less, because the locks name the last block that is too early.
        let value = i64::from(input.sequence & SEQUENCE_LOCKTIME_MASK);
        if input.sequence & SEQUENCE_LOCKTIME_TYPE_FLAG != 0 {
            // From the earliest time that the coin's block could have had.
            let start = i64::from(median_time_past(coin_height.saturating_sub(1)));
            locks.time = locks
                .time
                .max(start + (value << SEQUENCE_LOCKTIME_GRANULARITY) - 1);
        } else {
            locks.height = locks.height.max(i64::from(coin_height) + value - 1);
        }
    }
    locks
}

/// Checks maturity and amounts of what `tx` spends in a block at `height`, and returns the fee
/// (Core's `CheckTxInputs`). A coin that was not found is `None`.
///
/// # Errors
/// A [`TxError`].
pub fn check_tx_inputs<'a>(
    tx: &TxData,
    coins: impl IntoIterator<Item = Option<SpentCoin<'a>>>,
    height: u32,
    params: &ChainParams,
) -> Result<Amount, TxError> {
    let mut value_in = Amount::ZERO;
    let mut found = 0;
    // That all are there comes before any other rule.
    let mut broken = None;
    for coin in coins {
        let coin = coin.ok_or(TxError::MissingInputs)?;
        found += 1;
        if broken.is_some() {
            continue;
        }
        let depth = i64::from(height) - i64::from(coin.height);
        if coin.coinbase && depth < i64::from(params.coinbase_maturity) {
            broken = Some(TxError::PrematureSpend { depth });
            continue;
        }
        value_in += coin.output.value;
        if !coin.output.value.in_range(params.max_money) || !value_in.in_range(params.max_money) {
            broken = Some(TxError::InputValuesOutOfRange);
        }
    }
    if found != tx.inputs.len() {
        return Err(TxError::MissingInputs);
    }
    if let Some(error) = broken {
        return Err(error);
    }
    let value_out = tx.value_out();
    if value_in < value_out {
        return Err(TxError::InBelowOut {
            value_in,
            value_out,
        });
    }
    let fee = value_in - value_out;
    if fee.in_range(params.max_money) {
        Ok(fee)
    } else {
        Err(TxError::FeeOutOfRange)
    }
}

/// Signature operations that stand in the scripts of a transaction itself (Core's
/// `GetLegacySigOpCount`).
pub fn legacy_sigop_count(tx: &TxData) -> u32 {
    let inputs = tx
        .inputs
        .iter()
        .map(|input| sigop_count(&input.script_sig, false));
    let outputs = tx
        .outputs
        .iter()
        .map(|output| sigop_count(&output.script_pubkey, false));
    inputs.chain(outputs).sum()
}

/// Cost of all signature operations of a transaction (Core's `GetTransactionSigOpCost`).
///
/// `spent` are the outputs that it spends, in order; nothing for a coinbase.
pub fn transaction_sigop_cost<'a>(
    tx: &TxData,
    spent: impl IntoIterator<Item = &'a TxOut>,
    flags: ScriptFlags,
) -> u64 {
    let mut scaled = u64::from(legacy_sigop_count(tx));
    let mut witness = 0;
    if !tx.is_coinbase() {
        for (input, output) in tx.inputs.iter().zip(spent) {
            let script_pubkey = &output.script_pubkey;
            if flags.contains(ScriptFlags::P2SH) && script_pubkey.is_pay_to_script_hash() {
                scaled += u64::from(p2sh_sigop_count(&input.script_sig));
            }
            witness += u64::from(count_witness_sigops(
                &input.script_sig,
                script_pubkey,
                &input.witness,
                flags,
            ));
        }
    }
    scaled * WITNESS_SCALE_FACTOR as u64 + witness
}

#[cfg(test)]
mod tests;
