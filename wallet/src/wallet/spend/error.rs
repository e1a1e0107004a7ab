//! Why a payment cannot be made.

use primitives::{Amount, OutPoint};

use crate::coin_selection::SelectError;

/// Why a payment cannot be made. Texts are Core's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpendError {
    /// Nobody is paid.
    #[error("Transaction must have at least one recipient")]
    NoRecipient,
    /// An amount is negative or more than there can be, or more than one is left open.
    #[error("Invalid amount for send")]
    BadAmount,
    /// A payment is worth less than spending it.
    #[error("Transaction amount too small")]
    Dust,
    /// The money does not suffice.
    #[error("Insufficient funds")]
    Insufficient,
    /// It would suffice without the fee.
    #[error("The total exceeds your balance when the {0} transaction fee is included.")]
    InsufficientWithFee(Amount),
    /// The chosen coins do not suffice.
    #[error(
        "The preselected coins total amount does not cover the transaction target. Please allow other inputs to be \
         automatically selected or include more coins manually"
    )]
    PresetInsufficient,
    /// What would suffice are coins of payments that wait in too long a chain.
    #[error(
        "Unconfirmed UTXOs are available, but spending them creates a chain of transactions that will be rejected by the \
         mempool"
    )]
    LongChainCoins,
    /// The mempool has no room for one more transaction on those that it spends from.
    #[error("too many unconfirmed transactions in cluster")]
    LongChain,
    /// Too many coins are needed.
    #[error("{0}")]
    Select(#[from] SelectError),
    /// A chosen coin is not there.
    #[error("Not found pre-selected input {0}")]
    UnknownCoin(OutPoint),
    /// The fee would eat a payment that bears it.
    #[error("The transaction amount is too small to pay the fee")]
    TooSmallForFee,
    /// The fee would leave dust of a payment that bears it.
    #[error("The transaction amount is too small to send after the fee has been deducted")]
    DustAfterFee,
    /// The rate is below what the wallet or the node takes.
    #[error(
        "Fee rate ({given} {atom}/vB) is lower than the minimum fee rate setting ({least} {atom}/vB).\nConsider modifying \
         -mintxfee ({own} {atom}/vB) or -minrelaytxfee ({relay} {atom}/vB)."
    )]
    RateTooLow {
        /// As given.
        given: String,
        /// The least.
        least: String,
        /// What the wallet takes.
        own: String,
        /// What the node takes.
        relay: String,
        /// Name of the base unit.
        atom: &'static str,
    },
    /// There is no estimate, and nothing to fall back on.
    #[error(
        "Fee estimation failed. Fallbackfee is disabled. Wait a few blocks or enable -fallbackfee."
    )]
    NoEstimate,
    /// The fee is above the limit.
    #[error("Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")]
    FeeTooHigh,
    /// It would not be relayed.
    #[error("Transaction too large")]
    TooLarge,
    /// It cannot be told how large it will be.
    #[error("Missing solving data for estimating transaction size")]
    NoSize,
    /// There is change, but no address for it.
    #[error("Transaction needs a change address, but we can't generate it. {0}")]
    NoChangeAddress(String),
    /// The place of change lies behind the last output.
    #[error("Transaction change output index out of range")]
    ChangePosition,
    /// Keys are missing.
    #[error("Signing transaction failed")]
    Signing,
    /// The wallet has no private keys.
    #[error("Error: Private keys are disabled for this wallet")]
    NoPrivateKeys,
    /// The prepared payment is gone, or its coins are.
    #[error(
        "This payment was prepared too long ago, or its coins were spent since. Please prepare it again."
    )]
    Stale,
}
