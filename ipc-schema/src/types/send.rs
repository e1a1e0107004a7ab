//! Sending: preview, then send what was previewed.

use primitives::{Amount, FeeRate, OutPoint, Txid};

/// Who gets how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// The amount; `None` for all that the coins hold.
    pub amount: Option<Amount>,
    /// Label to store for the address.
    pub label: String,
    /// Whether the fee is taken from this amount.
    pub subtract_fee: bool,
}

/// What to prepare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendRequest {
    /// At least one.
    pub recipients: Vec<Recipient>,
    /// Rate to pay; `None` for the wallet's choice.
    pub fee_rate: Option<FeeRate>,
    /// Blocks within which it should confirm, where no rate is given.
    pub conf_target: Option<u32>,
    /// Coins that must be spent; empty for the wallet's choice.
    pub coins: Vec<OutPoint>,
    /// Whether others may be added to `coins`.
    pub allow_other_coins: bool,
    /// Where change goes; empty for a new address.
    pub change_address: String,
    /// Whether it may be replaced by one with a higher fee (BIP125); `None` for the default.
    pub replaceable: Option<bool>,
    /// A note to store with the transaction.
    pub comment: String,
}

/// A coin that will be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedInput {
    /// Which one.
    pub outpoint: OutPoint,
    /// Its address.
    pub address: String,
    /// Its label.
    pub label: String,
    /// Its value.
    pub amount: Amount,
}

/// An output that will be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreparedOutput {
    /// Its address.
    pub address: String,
    /// Its label.
    pub label: String,
    /// Its value.
    pub amount: Amount,
    /// Whether it is change.
    pub is_change: bool,
}

/// A transaction that waits for the user's yes; its coins are reserved until then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreparedSend {
    /// Names it in `send`.
    pub id: u64,
    /// The fee.
    pub fee: Amount,
    /// The fee by size.
    pub fee_rate: FeeRate,
    /// Virtual bytes once signed.
    pub vsize: u64,
    /// What leaves the wallet, fee included.
    pub total: Amount,
    /// The coins.
    pub inputs: Vec<PreparedInput>,
    /// The outputs in order.
    pub outputs: Vec<PreparedOutput>,
    /// What the user should know before saying yes.
    pub warnings: Vec<String>,
    /// Whether keys are locked, so that sending will ask for the passphrase.
    pub needs_unlock: bool,
    /// When the reservation ends.
    pub expires: i64,
}

/// Whether the network has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Broadcast {
    /// In the node's mempool.
    #[default]
    Accepted,
    /// Stored here; the node could not be asked and will be when it is back.
    Waiting,
    /// Stored here; the node refused it for this reason.
    Rejected(String),
}

/// What became of a sent transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendReply {
    /// Its id.
    pub txid: Txid,
    /// Whether the network has it.
    pub broadcast: Broadcast,
}

/// Rates to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalletFees {
    /// The lowest the node takes.
    pub minimum: FeeRate,
    /// What the wallet takes where nothing is chosen.
    pub default: FeeRate,
    /// Estimates: blocks and rate; empty where too little was seen.
    pub estimates: Vec<(u32, FeeRate)>,
    /// The most a transaction may pay.
    pub max_fee: Amount,
}
