//! What the node gives to the wallet.

use primitives::{Amount, BlockHash, FeeRate, Txid};

/// The end of the active chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockTip {
    /// Its hash.
    pub hash: BlockHash,
    /// Its height.
    pub height: u32,
    /// The time in its header.
    pub time: i64,
    /// Median time of it and its ten forerunners (BIP113).
    pub median_time: i64,
}

/// A block of the active chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockInfo {
    /// Hash, height and times.
    pub tip: BlockTip,
    /// The block as on the network, with witnesses; empty where only the place was asked for.
    pub data: Vec<u8>,
}

/// One step of a follower towards the tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainStep {
    /// Undo this block, which must be the follower's best.
    Disconnect {
        /// The block to undo.
        hash: BlockHash,
        /// Its height.
        height: u32,
    },
    /// Add this block on the follower's best.
    Connect(BlockInfo),
}

/// Steps from a follower's best block towards the tip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullReply {
    /// The steps in order; empty when the follower is at the tip.
    pub steps: Vec<ChainStep>,
    /// The tip when the answer was made.
    pub tip: BlockTip,
    /// Set when none of the follower's blocks is known: it must rescan from the start.
    pub unknown: bool,
}

/// What a wallet must know of the node before it trusts a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainState {
    /// The tip; `None` until the chain is loaded.
    pub tip: Option<BlockTip>,
    /// Whether the chain is loaded, what waited on disk is connected, and the node can take transactions.
    pub ready: bool,
    /// Whether it is in initial download.
    pub initial_download: bool,
    /// The mock time set by `setmocktime`; 0 for the real clock.
    pub mock_time: i64,
    /// Whether the node is stopping.
    pub shutting_down: bool,
}

/// Why a transaction left the mempool; numbers as Core's `MemPoolRemovalReason`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RemovalReason {
    /// Too old.
    #[default]
    Expiry,
    /// The mempool was full.
    SizeLimit,
    /// The chain was reorganised.
    Reorg,
    /// It is in a block.
    Block,
    /// A block holds a transaction that spends the same.
    Conflict,
    /// A better one took its place.
    Replaced,
}

/// What happened to one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MempoolChange {
    /// It came in; bytes as on the network, with witnesses.
    Added(Vec<u8>),
    /// It went.
    Removed {
        /// Which one.
        txid: Txid,
        /// Why.
        reason: RemovalReason,
    },
}

/// What the mempool stream brings; it ends after a resync and with the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MempoolEvent {
    /// What is in it; the first event.
    Snapshot(MempoolSnapshot),
    /// One change; numbers go up by one.
    Change {
        /// Its number.
        sequence: u64,
        /// What happened.
        change: MempoolChange,
    },
    /// Changes were lost: subscribe again.
    Resync,
}

/// All of the mempool at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MempoolSnapshot {
    /// Number of the last change it contains.
    pub sequence: u64,
    /// Transactions as on the network, parents before children.
    pub transactions: Vec<Vec<u8>>,
}

/// What became of a transaction given to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BroadcastReply {
    /// In the mempool now, or already.
    Accepted,
    /// Refused, with Core's reject reason.
    Rejected(String),
}

/// A fee estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeEstimate {
    /// The rate; `None` where too little was seen.
    pub rate: Option<FeeRate>,
    /// The number of blocks it is for.
    pub blocks: u32,
}

/// An unspent output: its script and its value.
pub type FoundCoin = (Vec<u8>, Amount);

/// What hangs together with a transaction of the mempool; all zero for one that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ancestry {
    /// Transactions it stands on, itself counted.
    pub ancestors: u64,
    /// Transactions that are connected with it, itself counted.
    pub cluster: u64,
    /// Virtual bytes of those it stands on, its own counted.
    pub vsize: u64,
    /// Fees of those, its own counted.
    pub fees: Amount,
}

/// What hangs together with some transactions, and how much the node's options let a wallet spend from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ancestries {
    /// For each transaction asked for, in order.
    pub found: Vec<Ancestry>,
    /// `-limitancestorcount`.
    pub max_ancestors: u64,
    /// `-limitdescendantcount`.
    pub max_descendants: u64,
}

/// Which blocks of the active chain are on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredBlocks {
    /// The tip.
    pub tip: BlockTip,
    /// The first block from which on all are there; 0 where none is missing.
    pub first: u32,
    /// Whether those that are missing are still to come: they lie below a snapshot of coins, and none was pruned.
    pub below_snapshot: bool,
}

/// The rates below which something is refused or uneconomic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinimumFees {
    /// Rate the mempool asks now.
    pub mempool: FeeRate,
    /// Rate of `-minrelaytxfee`.
    pub relay: FeeRate,
    /// Rate of `-incrementalrelayfee`.
    pub incremental: FeeRate,
    /// Rate of `-dustrelayfee`.
    pub dust: FeeRate,
    /// The most that `-maxtxfee` lets a transaction pay.
    pub max_fee: Amount,
}
