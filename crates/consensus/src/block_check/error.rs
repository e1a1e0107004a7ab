//! Why a block or header is invalid.

use std::borrow::Cow;

use primitives::{OutPoint, Txid, Wtxid};

use crate::script::ScriptError;
use crate::tx_check::TxError;

/// What kind of rule a block breaks (Core's `BlockValidationResult`): what its sender deserves, and
/// whether the block may be marked invalid for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockErrorKind {
    /// A rule about the block's contents: it will never be valid.
    Consensus,
    /// A rule about the header: it will never be valid.
    InvalidHeader,
    /// The transactions are not those that the header was made for. The real block may be valid.
    Mutated,
    /// The header's time is too far ahead. It may be valid later.
    TimeFuture,
}

/// A rule that a block or header breaks. Shown as Core's reject reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The id does not meet the target, or the target is out of range.
    #[error("high-hash")]
    HighHash,
    /// The target is not the one that the ancestors demand.
    #[error("bad-diffbits")]
    BadDiffBits,
    /// The time is not after the ancestors' median.
    #[error("time-too-old")]
    TimeTooOld,
    /// The first block of a period lies too long before its parent (BIP94).
    #[error("time-timewarp-attack")]
    TimeWarp,
    /// The time is more than two hours ahead of the clock.
    #[error("time-too-new")]
    TimeTooNew,
    /// The version is from before a rule that is in force (BIP34, 65, 66).
    #[error("bad-version(0x{0:08x})")]
    BadVersion(
        /// The version.
        i32,
    ),
    /// The header's root is not that of the transactions.
    #[error("bad-txnmrklroot")]
    BadMerkleRoot,
    /// Transactions are repeated so that the root stays the same (CVE-2012-2459).
    #[error("bad-txns-duplicate")]
    DuplicateTransactions,
    /// No transaction, or too many.
    #[error("bad-blk-length")]
    BadLength,
    /// The first transaction is no coinbase.
    #[error("bad-cb-missing")]
    CoinbaseMissing,
    /// Another transaction is a coinbase.
    #[error("bad-cb-multiple")]
    CoinbaseMultiple,
    /// Too many signature operations stand in the block itself.
    #[error("bad-blk-sigops")]
    TooManyLegacySigops,
    /// Too many signature operations, those behind hashes and in witnesses included.
    #[error("bad-blk-sigops")]
    TooManySigops,
    /// The signature of the block is invalid (BIP325).
    #[error("bad-signet-blksig")]
    BadSignetSignature,
    /// A transaction is not final, by lock time or by relative lock time.
    #[error("bad-txns-nonfinal")]
    NonFinal(
        /// The transaction, where a relative lock time holds it back.
        Option<Txid>,
    ),
    /// The coinbase does not begin with the height (BIP34).
    #[error("bad-cb-height")]
    CoinbaseHeight,
    /// The coinbase's witness is not one element of 32 bytes.
    #[error("bad-witness-nonce-size")]
    WitnessNonceSize,
    /// The commitment is not to the block's witnesses.
    #[error("bad-witness-merkle-match")]
    WitnessMerkleMatch,
    /// There are witnesses, and no commitment to them.
    #[error("unexpected-witness")]
    UnexpectedWitness,
    /// Heavier than a block may be.
    #[error("bad-blk-weight")]
    BadWeight,
    /// A transaction has the id of one whose outputs are not yet spent (BIP30).
    #[error("bad-txns-BIP30")]
    OverwritesTransaction,
    /// All fees are more than all the money.
    #[error("bad-txns-accumulated-fee-outofrange")]
    FeesOutOfRange,
    /// The coinbase pays out more than subsidy and fees.
    #[error("bad-cb-amount")]
    CoinbaseAmount {
        /// What it pays out, in base units.
        actual: i64,
        /// What it may, in base units.
        limit: i64,
    },
    /// A transaction breaks a rule of its own.
    #[error("{error}")]
    Tx {
        /// The transaction.
        txid: Txid,
        /// The rule.
        error: TxError,
        /// Whether it was found with the coins at hand.
        connecting: bool,
    },
    /// An input does not satisfy the script of the output that it spends.
    #[error("block-script-verify-flag-failed ({error})")]
    Script {
        /// The rule.
        error: ScriptError,
        /// The transaction.
        txid: Txid,
        /// Its id with witness.
        wtxid: Wtxid,
        /// The index of the input.
        input: u32,
        /// What it spends.
        spends: OutPoint,
    },
}

impl BlockError {
    /// What kind of rule it is.
    pub const fn kind(&self) -> BlockErrorKind {
        match self {
            Self::HighHash
            | Self::BadDiffBits
            | Self::TimeTooOld
            | Self::TimeWarp
            | Self::BadVersion(_) => BlockErrorKind::InvalidHeader,
            Self::TimeTooNew => BlockErrorKind::TimeFuture,
            Self::BadMerkleRoot
            | Self::DuplicateTransactions
            | Self::WitnessNonceSize
            | Self::WitnessMerkleMatch
            | Self::UnexpectedWitness => BlockErrorKind::Mutated,
            Self::BadLength
            | Self::CoinbaseMissing
            | Self::CoinbaseMultiple
            | Self::TooManyLegacySigops
            | Self::TooManySigops
            | Self::BadSignetSignature
            | Self::NonFinal(_)
            | Self::CoinbaseHeight
            | Self::BadWeight
            | Self::OverwritesTransaction
            | Self::FeesOutOfRange
            | Self::CoinbaseAmount { .. }
            | Self::Tx { .. }
            | Self::Script { .. } => BlockErrorKind::Consensus,
        }
    }

    /// Core's reject reason.
    pub fn reject_reason(&self) -> Cow<'static, str> {
        match self {
            Self::Tx { error, .. } => Cow::Borrowed(error.reject_reason()),
            other => Cow::Owned(other.to_string()),
        }
    }

    /// What Core adds for the log.
    pub fn debug_message(&self) -> String {
        let text = match self {
            Self::HighHash => "proof of work failed",
            Self::BadDiffBits => "incorrect proof of work",
            Self::TimeTooOld => "block's timestamp is too early",
            Self::TimeWarp => "block's timestamp is too early on diff adjustment block",
            Self::TimeTooNew => "block timestamp too far in the future",
            Self::BadVersion(version) => {
                return format!("rejected nVersion=0x{version:08x} block");
            }
            Self::BadMerkleRoot => "hashMerkleRoot mismatch",
            Self::DuplicateTransactions => "duplicate transaction",
            Self::BadLength => "size limits failed",
            Self::CoinbaseMissing => "first tx is not coinbase",
            Self::CoinbaseMultiple => "more than one coinbase",
            Self::TooManyLegacySigops => "out-of-bounds SigOpCount",
            Self::TooManySigops => "too many sigops",
            Self::BadSignetSignature => "signet block signature validation failure",
            Self::NonFinal(None) => "non-final transaction",
            Self::NonFinal(Some(txid)) => {
                return format!("contains a non-BIP68-final transaction {txid}");
            }
            Self::CoinbaseHeight => "block height mismatch in coinbase",
            Self::WitnessNonceSize => {
                "CheckWitnessMalleation : invalid witness reserved value size"
            }
            Self::WitnessMerkleMatch => {
                "CheckWitnessMalleation : witness merkle commitment mismatch"
            }
            Self::UnexpectedWitness => "CheckWitnessMalleation : unexpected witness data found",
            Self::BadWeight => "ContextualCheckBlock : weight limit failed",
            Self::OverwritesTransaction => "tried to overwrite transaction",
            Self::FeesOutOfRange => "accumulated fee in the block out of range",
            Self::CoinbaseAmount { actual, limit } => {
                return format!("coinbase pays too much (actual={actual} vs limit={limit})");
            }
            Self::Tx {
                txid,
                error,
                connecting: false,
            } => {
                return format!(
                    "Transaction check failed (tx hash {txid}) {}",
                    error.debug_message()
                );
            }
            Self::Tx {
                txid,
                error,
                connecting: true,
            } => {
                return format!("{} in transaction {txid}", error.debug_message());
            }
            Self::Script {
                txid,
                wtxid,
                input,
                spends,
                ..
            } => {
                return format!("input {input} of {txid} (wtxid {wtxid}), spending {spends}");
            }
        };
        text.to_owned()
    }
}
