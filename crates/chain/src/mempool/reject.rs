//! Why a transaction does not enter the mempool.

use consensus::{ScriptError, TxError};
use primitives::{Amount, Txid, Wtxid};

use crate::policy::NotStandard;

/// Why a transaction does not enter: the reason that peers and clients see, and details.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MempoolError {
    /// A rule of consensus that needs no coins, or one about coins.
    #[error(transparent)]
    Tx(#[from] TxError),
    /// A coinbase outside a block.
    #[error("coinbase")]
    Coinbase,
    /// Not standard.
    #[error("{}", .0.reason)]
    NotStandard(NotStandard),
    /// Its lock time forbids it in the next block.
    #[error("non-final")]
    NonFinal,
    /// Its relative lock times forbid it in the next block.
    #[error("non-BIP68-final")]
    NonBip68Final,
    /// The very same is there.
    #[error("txn-already-in-mempool")]
    AlreadyInMempool,
    /// It is there with another witness.
    #[error("txn-same-nonwitness-data-in-mempool")]
    SameNonWitnessData,
    /// It is in a block.
    #[error("txn-already-known")]
    AlreadyKnown,
    /// A coin that it spends is not known or is spent.
    #[error("bad-txns-inputs-missingorspent")]
    MissingInputs,
    /// Its witness is larger than its kind needs.
    #[error("bad-witness-nonstandard")]
    WitnessNonStandard,
    /// Too many signature operations.
    #[error("bad-txns-too-many-sigops")]
    TooManySigops(u64),
    /// Dust is allowed without a fee only.
    #[error("dust")]
    DustWithFee,
    /// Below the rate that the mempool asks while it is full.
    #[error("mempool min fee not met")]
    MempoolMinFee {
        /// What it pays.
        fee: Amount,
        /// What is asked.
        needed: Amount,
    },
    /// Below the rate of relay.
    #[error("min relay fee not met")]
    MinRelayFee {
        /// What it pays.
        fee: Amount,
        /// What is asked.
        needed: Amount,
    },
    /// It breaks the topology of version 3 (BIP431).
    #[error("TRUC-violation")]
    Truc(String),
    /// It replaces too many.
    #[error("too many potential replacements{suffix}")]
    TooManyReplacements {
        /// Details.
        details: String,
        /// Says so where a sibling is among them that it does not conflict with.
        suffix: &'static str,
    },
    /// It pays too little to replace others.
    #[error("insufficient fee{suffix}")]
    InsufficientFee {
        /// Details.
        details: String,
        /// As above.
        suffix: &'static str,
    },
    /// Miners would not be better off with it.
    #[error("replacement-failed")]
    NoImprovement,
    /// It spends outputs of what it replaces.
    #[error("bad-txns-spends-conflicting-tx")]
    SpendsConflicting {
        /// It.
        txid: Txid,
        /// What it replaces.
        conflict: Txid,
    },
    /// It conflicts with one in the mempool where nothing may be replaced.
    #[error("bip125-replacement-disallowed")]
    ReplacementDisallowed,
    /// It leaves its parent's dust unspent.
    #[error("missing-ephemeral-spends")]
    DustUnspent {
        /// It.
        txid: Txid,
        /// Its id with witness.
        wtxid: Wtxid,
    },
    /// Too many would hang together.
    #[error("too-large-cluster")]
    TooLargeCluster,
    /// The mempool was full and this paid least.
    #[error("mempool full")]
    Full,
    /// An input's proof fails.
    #[error("mempool-script-verify-flag-failed ({error})")]
    Script {
        /// What failed.
        error: ScriptError,
        /// Which input of which transaction.
        place: String,
    },
}

impl MempoolError {
    /// Details beside the reason, empty where there are none.
    pub fn details(&self) -> String {
        match self {
            Self::Tx(error) => error.debug_message(),
            Self::NotStandard(error) => error.details.clone(),
            Self::TooManySigops(cost) => cost.to_string(),
            Self::DustWithFee => "tx with dust output must be 0-fee".to_owned(),
            Self::MempoolMinFee { fee, needed } | Self::MinRelayFee { fee, needed } => {
                format!("{} < {}", fee.sat(), needed.sat())
            }
            Self::Truc(text) => text.clone(),
            Self::TooManyReplacements { details, .. } | Self::InsufficientFee { details, .. } => {
                details.clone()
            }
            Self::NoImprovement => {
                "insufficient feerate: does not improve feerate diagram".to_owned()
            }
            Self::SpendsConflicting { txid, conflict } => {
                format!("{txid} spends conflicting transaction {conflict}")
            }
            Self::DustUnspent { txid, wtxid } => {
                format!("tx {txid} (wtxid={wtxid}) did not spend parent's ephemeral dust")
            }
            Self::Script { place, .. } => place.clone(),
            _ => String::new(),
        }
    }
}

/// Reason and details in one line (Core's `ValidationState::ToString`).
pub fn reject_text(error: &MempoolError) -> String {
    match error.details() {
        details if details.is_empty() => error.to_string(),
        details => format!("{error}, {details}"),
    }
}
