//! Checks of a transaction alone.

use std::collections::HashSet;
use std::fmt;

use primitives::params::{MAX_BLOCK_WEIGHT, WITNESS_SCALE_FACTOR};
use primitives::transaction::TxData;
use primitives::{Amount, ChainParams, OutPoint};

/// A consensus rule that a transaction breaks. Shown as Core's reject reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TxError {
    /// No inputs.
    NoInputs,
    /// No outputs.
    NoOutputs,
    /// Larger than a block, without its witnesses.
    Oversize,
    /// An output has a negative amount (CVE-2010-5139).
    NegativeOutput,
    /// An output has more than all the money.
    OutputTooLarge,
    /// All outputs have more than all the money.
    OutputTotalTooLarge,
    /// Two inputs spend one output (CVE-2018-17144).
    DuplicateInputs,
    /// A coinbase's script has not 2 to 100 bytes.
    CoinbaseScriptLength,
    /// An input names no output, and this is no coinbase.
    NullPrevout,
    /// An output that is spent does not exist, or not any more.
    MissingInputs,
    /// A block's reward is spent too early.
    PrematureSpend {
        /// How many blocks have passed.
        depth: i64,
    },
    /// Amounts that are spent are negative, or more than all the money.
    InputValuesOutOfRange,
    /// More goes out than comes in.
    InBelowOut {
        /// What comes in.
        value_in: Amount,
        /// What goes out.
        value_out: Amount,
    },
    /// The fee is negative, or more than all the money.
    FeeOutOfRange,
}

impl fmt::Display for TxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reject_reason())
    }
}

impl TxError {
    /// Core's reject reason.
    pub const fn reject_reason(&self) -> &'static str {
        match self {
            Self::NoInputs => "bad-txns-vin-empty",
            Self::NoOutputs => "bad-txns-vout-empty",
            Self::Oversize => "bad-txns-oversize",
            Self::NegativeOutput => "bad-txns-vout-negative",
            Self::OutputTooLarge => "bad-txns-vout-toolarge",
            Self::OutputTotalTooLarge => "bad-txns-txouttotal-toolarge",
            Self::DuplicateInputs => "bad-txns-inputs-duplicate",
            Self::CoinbaseScriptLength => "bad-cb-length",
            Self::NullPrevout => "bad-txns-prevout-null",
            Self::MissingInputs => "bad-txns-inputs-missingorspent",
            Self::PrematureSpend { .. } => "bad-txns-premature-spend-of-coinbase",
            Self::InputValuesOutOfRange => "bad-txns-inputvalues-outofrange",
            Self::InBelowOut { .. } => "bad-txns-in-belowout",
            Self::FeeOutOfRange => "bad-txns-fee-outofrange",
        }
    }

    /// What Core adds for the log; empty where it adds nothing.
    pub fn debug_message(&self) -> String {
        match self {
            Self::MissingInputs => "CheckTxInputs: inputs missing/spent".to_owned(),
            Self::PrematureSpend { depth } => {
                format!("tried to spend coinbase at depth {depth}")
            }
            Self::InBelowOut {
                value_in,
                value_out,
            } => {
                let (value_in, value_out) = (format_money(*value_in), format_money(*value_out));
                format!("value in ({value_in}) < value out ({value_out})")
            }
            _ => String::new(),
        }
    }
}

/// Coins with at least two decimals, as Core's `FormatMoney`.
pub fn format_money(amount: Amount) -> String {
    let full = amount.to_string();
    let cut = full.trim_end_matches('0');
    let least = full.len() - 6;
    full[..cut.len().max(least)].to_owned()
}

/// Checks what a transaction shows by itself (Core's `CheckTransaction`).
///
/// # Errors
/// A [`TxError`].
pub fn check_transaction(tx: &TxData, params: &ChainParams) -> Result<(), TxError> {
    if tx.inputs.is_empty() {
        return Err(TxError::NoInputs);
    }
    if tx.outputs.is_empty() {
        return Err(TxError::NoOutputs);
    }
    // Without witnesses: that those are the right ones is not known yet.
    if tx.size(false) > (MAX_BLOCK_WEIGHT / WITNESS_SCALE_FACTOR) as usize {
        return Err(TxError::Oversize);
    }
    let mut total = Amount::ZERO;
    for output in &tx.outputs {
        if output.value < Amount::ZERO {
            return Err(TxError::NegativeOutput);
        }
        if output.value > params.max_money {
            return Err(TxError::OutputTooLarge);
        }
        total += output.value;
        if !total.in_range(params.max_money) {
            return Err(TxError::OutputTotalTooLarge);
        }
    }
    if has_duplicate_inputs(tx) {
        return Err(TxError::DuplicateInputs);
    }
    if tx.is_coinbase() {
        if !(2..=100).contains(&tx.inputs[0].script_sig.len()) {
            return Err(TxError::CoinbaseScriptLength);
        }
    } else if tx.inputs.iter().any(|input| input.prevout.is_null()) {
        return Err(TxError::NullPrevout);
    }
    Ok(())
}

fn has_duplicate_inputs(tx: &TxData) -> bool {
    match tx.inputs.as_slice() {
        [] | [_] => false,
        [a, b] => a.prevout == b.prevout,
        inputs => {
            let mut seen: HashSet<OutPoint> = HashSet::with_capacity(inputs.len());
            !inputs.iter().all(|input| seen.insert(input.prevout))
        }
    }
}

#[cfg(test)]
mod tests;
