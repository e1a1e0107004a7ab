//! Core's mining interface in plain types (ipc.md 2.3 and 2.4).

use std::sync::Arc;
use std::time::Duration;

use primitives::{BlockHash, Txid, Wtxid};

use super::Reply;
use crate::types::BlockTip;

/// Options of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockCreateOptions {
    /// Whether it holds transactions of the mempool.
    pub use_mempool: bool,
    /// Weight kept free for header, count and coinbase.
    pub reserved_weight: u64,
    /// Signature operations kept free for the coinbase outputs.
    pub coinbase_sigops: u64,
}

/// What a wait for a better template ends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockWaitOptions {
    /// How long to wait; `None` for ever.
    pub timeout: Option<Duration>,
    /// Rise of the fees, in base units, that is worth a new template.
    pub fee_threshold: i64,
}

/// What to leave out of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockCheckOptions {
    /// Whether the merkle root is compared.
    pub merkle_root: bool,
    /// Whether proof of work (and a signet solution) is required.
    pub proof_of_work: bool,
}

/// What became of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockVerdict {
    /// The reject word; empty for none.
    pub reason: String,
    /// Details.
    pub debug: String,
    /// Whether it is valid, or became the tip.
    pub accepted: bool,
}

/// The same for a check alone.
pub type BlockCheck = BlockVerdict;

/// Parts of a coinbase that the miner may not change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoinbaseTx {
    /// Version.
    pub version: u32,
    /// Sequence of its one input.
    pub sequence: u32,
    /// How its script must begin.
    pub script_sig_prefix: Vec<u8>,
    /// Its one witness item; `None` for no witness.
    pub witness: Option<Vec<u8>>,
    /// What may still be paid out, in base units.
    pub reward_remaining: i64,
    /// Outputs it must have, each as value and script.
    pub required_outputs: Vec<Vec<u8>>,
    /// Lock time.
    pub lock_time: u32,
}

/// A solved template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Solution {
    /// Header version.
    pub version: u32,
    /// Header time.
    pub timestamp: u32,
    /// Header nonce.
    pub nonce: u32,
    /// The coinbase as on the network.
    pub coinbase: Vec<u8>,
}

/// A block to mine on.
pub trait BlockTemplate: Send + Sync + 'static {
    /// The 80 header bytes.
    fn header(&self) -> Reply<Vec<u8>>;
    /// The whole block.
    fn block(&self) -> Reply<Vec<u8>>;
    /// Fees by transaction in base units, without the coinbase.
    fn fees(&self) -> Reply<Vec<i64>>;
    /// Signature operation costs by transaction, without the coinbase.
    fn sigops(&self) -> Reply<Vec<i64>>;
    /// The coinbase's fixed parts.
    fn coinbase(&self) -> Reply<CoinbaseTx>;
    /// Merkle path of the coinbase, deepest first.
    fn merkle_path(&self) -> Reply<Vec<[u8; 32]>>;
    /// Puts the solution in place and submits the block.
    fn submit(&self, solution: Solution) -> Reply<BlockVerdict>;
    /// Waits for a better template; `None` at the time-out and at shutdown. Dropped to interrupt.
    fn wait_next(&self, options: BlockWaitOptions) -> Reply<Option<Arc<dyn BlockTemplate>>>;
}

/// Mining.
pub trait MiningService: Send + Sync + 'static {
    /// Whether this is a test chain.
    fn is_test_chain(&self) -> bool;
    /// Whether the node is in initial download.
    fn is_initial_block_download(&self) -> Reply<bool>;
    /// The tip.
    fn tip(&self) -> Reply<Option<BlockTip>>;
    /// Waits for a tip other than `current`; the present one at the time-out. Dropped to
    /// interrupt.
    fn wait_tip_changed(&self, current: BlockHash, timeout: Option<Duration>) -> Reply<BlockTip>;
    /// Makes a template; with `cooldown` it first waits out the sync. Dropped to interrupt.
    fn create_new_block(
        &self,
        options: BlockCreateOptions,
        cooldown: bool,
    ) -> Reply<Option<Arc<dyn BlockTemplate>>>;
    /// Checks a block on the tip.
    fn check_block(&self, block: Vec<u8>, options: BlockCheckOptions) -> Reply<BlockCheck>;
    /// Submits a block.
    fn submit_block(&self, block: Vec<u8>) -> Reply<BlockVerdict>;
    /// Mempool transactions by id; `None` where unknown.
    fn transactions_by_txid(&self, ids: Vec<Txid>) -> Reply<Vec<Option<Vec<u8>>>>;
    /// Mempool transactions by witness id; `None` where unknown.
    fn transactions_by_wtxid(&self, ids: Vec<Wtxid>) -> Reply<Vec<Option<Vec<u8>>>>;
}
