//! What the wallet process shows to the window and to the node.

use primitives::{Amount, BlockHash, FeeRate, OutPoint, Txid};

use super::Secret;

/// The way to a wallet process' own socket, good for one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalletIntroduction {
    /// Path of `wallet.sock`; empty where wallet and node share one process.
    pub path: String,
    /// The one-time token.
    pub token: Secret,
}

/// A wallet on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalletListItem {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: String,
    /// Whether it is open.
    pub loaded: bool,
    /// Whether it asks for a passphrase, where that is known.
    pub encrypted: Option<bool>,
    /// When its file was last written.
    pub modified: i64,
}

/// Kinds of addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddressType {
    /// `legacy`: pkh (BIP44).
    Legacy,
    /// `p2sh-segwit`: sh(wpkh) (BIP49).
    P2shSegwit,
    /// `bech32`: wpkh (BIP84).
    #[default]
    Bech32,
    /// `bech32m`: tr (BIP86).
    Bech32m,
}

/// How to make a wallet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateWallet {
    /// Its name.
    pub name: String,
    /// Empty: no encryption.
    pub passphrase: Secret,
    /// No keys, nothing that watches either.
    pub blank: bool,
    /// Watch only.
    pub disable_private_keys: bool,
    /// Do not spend from addresses that were used before unless all of it is spent.
    pub avoid_reuse: bool,
    /// Open it at every start.
    pub load_on_startup: bool,
}

/// Whether keys can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockState {
    /// There is no passphrase.
    #[default]
    Unencrypted,
    /// A passphrase is needed.
    Locked,
    /// Unlocked until then.
    Unlocked {
        /// Seconds since 1970.
        until: i64,
    },
}

/// What does not change while a wallet is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalletInfo {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: String,
    /// Whether it holds no private keys.
    pub watch_only: bool,
    /// Whether it can make addresses.
    pub can_get_addresses: bool,
    /// Address types it has descriptors for.
    pub address_types: Vec<AddressType>,
    /// The type used where none is named.
    pub default_address_type: AddressType,
    /// When its first key was made.
    pub birth_time: i64,
}

/// Money by state, as Core's `getbalances` counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    /// Ready to spend.
    pub trusted: Amount,
    /// From others, not confirmed.
    pub pending: Amount,
    /// Mined, not ripe.
    pub immature: Amount,
    /// On addresses used before, where the wallet avoids reuse.
    pub used: Amount,
}

/// The coalescing state of one wallet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WalletState {
    /// What stays.
    pub info: WalletInfo,
    /// Money as of `block`.
    pub balances: Balances,
    /// The wallet's best block: what all numbers are as of.
    pub block: Option<(BlockHash, u32)>,
    /// Whether that is the node's tip.
    pub at_tip: bool,
    /// Whether keys can be used.
    pub lock: LockState,
    /// Number of transactions.
    pub transactions: u64,
    /// Counts changes of the history, up to and with the newest [`WalletDelta`].
    pub sequence: u64,
    /// Counts changes of addresses, labels and requests: read them again.
    pub addresses_revision: u64,
    /// Counts changes of coins: read them again.
    pub coins_revision: u64,
    /// Progress of a scan that is running, between 0 and 1.
    pub scanning: Option<f64>,
    /// When the last backup was made and whether it was read back.
    pub backup: Option<(i64, bool)>,
    /// Whether something worth a backup happened since.
    pub backup_outdated: bool,
}

/// What a transaction did for the wallet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TxKind {
    /// Money came in.
    #[default]
    Received,
    /// Money went out.
    Sent,
    /// Only to itself.
    SelfTransfer,
    /// Mined.
    Mined,
}

/// Where a transaction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TxState {
    /// In a block of the active chain.
    Confirmed {
        /// Its height, from which the reader counts confirmations.
        height: u32,
        /// The block.
        block: BlockHash,
        /// The time in the block's header.
        time: i64,
    },
    /// In the node's mempool.
    InMempool,
    /// Stored here, not in the mempool.
    #[default]
    Inactive,
    /// Given up by the user.
    Abandoned,
    /// A block spends the same coins otherwise.
    Conflicted {
        /// Height of that block.
        height: u32,
    },
}

/// An output, as the history shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxOutputRow {
    /// Its number in the transaction.
    pub vout: u32,
    /// Address; empty where the script has none.
    pub address: String,
    /// Its label.
    pub label: String,
    /// Value.
    pub amount: Amount,
    /// Whether the wallet owns it.
    pub is_mine: bool,
    /// Whether it is change.
    pub is_change: bool,
}

/// A row of the history. The height stands for confirmations, which the reader counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxRow {
    /// Its id.
    pub txid: Txid,
    /// When the wallet first saw it, or the block's time; the order is (time, txid).
    pub time: i64,
    /// What it did.
    pub kind: TxKind,
    /// Where it is.
    pub state: TxState,
    /// What changed for the wallet; negative for money sent, fee included.
    pub amount: Amount,
    /// The fee, where the wallet paid it.
    pub fee: Option<Amount>,
    /// The label of the most telling address.
    pub label: String,
    /// A note that was stored with it.
    pub comment: String,
    /// Outputs that concern the user (not change of sent money).
    pub outputs: Vec<TxOutputRow>,
    /// Height from which mined money can be spent.
    pub mature_height: Option<u32>,
    /// Whether it can be abandoned now.
    pub can_abandon: bool,
    /// Whether it can be replaced by one with a higher fee now.
    pub can_bump: bool,
}

/// A place in the history. Survives reconnecting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TxCursor {
    /// Time of the last row of the page before.
    pub time: i64,
    /// Its id.
    pub txid: Txid,
}

/// Which page of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxQuery {
    /// Rows older than this; `None` starts with the newest.
    pub before: Option<TxCursor>,
    /// At most so many; never more than 500 come.
    pub limit: u32,
    /// Words that must be in label, address, comment or id; empty for all.
    pub filter: String,
}

/// A page of the history, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxPage {
    /// The rows, 500 or 1 MiB at most.
    pub rows: Vec<TxRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<TxCursor>,
    /// How many rows match in all.
    pub total: u64,
    /// The history's number at this moment; deltas up to it are contained.
    pub sequence: u64,
}

/// All about one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxDetails {
    /// Its row.
    pub row: TxRow,
    /// As on the network, with witnesses.
    pub raw: Vec<u8>,
    /// The coins it spends, where known.
    pub inputs: Vec<TxOutputRow>,
    /// Every output.
    pub outputs: Vec<TxOutputRow>,
    /// Virtual bytes.
    pub vsize: u64,
    /// Its rate, where the fee is known.
    pub fee_rate: Option<FeeRate>,
}

/// A change of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalletDelta {
    /// Goes up by one.
    pub sequence: u64,
    /// Rows that are new or changed.
    pub rows: Vec<TxRow>,
    /// Rows that are gone.
    pub removed: Vec<Txid>,
}

/// What a subscription to a wallet brings; the first is its state.
#[derive(Clone, Debug, PartialEq)]
pub enum WalletEvent {
    /// The newest state.
    State(Box<WalletState>),
    /// A change of the history, in order.
    Delta(WalletDelta),
    /// Changes were lost: read the history again.
    Resync,
    /// The wallet was closed; nothing follows. Without it the connection is gone.
    Closed,
}

/// What a new address is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRequest {
    /// Kind; `None` for the wallet's default.
    pub address_type: Option<AddressType>,
    /// Label.
    pub label: String,
    /// Amount asked for; `None` for any.
    pub amount: Option<Amount>,
    /// Message for the payer.
    pub message: String,
}

/// An address with its request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRow {
    /// The address.
    pub address: String,
    /// Its kind, where the wallet owns it.
    pub address_type: AddressType,
    /// Its label.
    pub label: String,
    /// Amount asked for.
    pub amount: Option<Amount>,
    /// Message for the payer.
    pub message: String,
    /// When it was made.
    pub created: i64,
    /// Received so far, unconfirmed included.
    pub received: Amount,
    /// How many payments came.
    pub payments: u32,
    /// Whether the wallet owns it (otherwise a contact).
    pub is_mine: bool,
}

/// A coin of the wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinRow {
    /// Which one.
    pub outpoint: OutPoint,
    /// Address.
    pub address: String,
    /// The address' label.
    pub label: String,
    /// Value.
    pub amount: Amount,
    /// Height of its block; `None` while unconfirmed.
    pub height: Option<u32>,
    /// Whether it is change.
    pub is_change: bool,
    /// Whether it is frozen by the user.
    pub frozen: bool,
    /// Whether it can be spent now.
    pub spendable: bool,
    /// Whether coin selection may take it while unconfirmed.
    pub safe: bool,
}

/// From where to look through the chain again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RescanStart {
    /// The first block.
    #[default]
    Genesis,
    /// This height.
    Height(u32),
    /// Two hours before this time.
    Time(i64),
}

/// What reading a backup showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupReport {
    /// The file.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Number of descriptors in it.
    pub descriptors: u32,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The first address it gives; empty where there is none.
    pub first_address: String,
    /// Whether it holds all that the open wallet holds.
    pub identical: bool,
}
