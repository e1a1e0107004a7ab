//! What the node's parts share: RPC handlers, IPC services and the start page look at this.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use chain::indexes::Indexes;
use chain::{ChainHandle, ChainReader, Clock};
use common::options::Config;
use common::stop::StopHandle;
use ipc_schema::{ChainState, NodeStatus};
use primitives::ChainParams;
use rpc::{RpcError, code};
use tokio::sync::watch;

use crate::scan::CoinsScan;
use crate::tasks::Tasks;
use crate::wallet_link::WalletLink;

/// The chain's two handles, there once it is loaded.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) handle: ChainHandle,
    pub(crate) reader: ChainReader,
}

/// The running node.
#[derive(Debug)]
pub(crate) struct Node {
    /// The chain's parameters.
    pub(crate) params: &'static ChainParams,
    /// The clock, which `setmocktime` stops.
    pub(crate) clock: Clock,
    /// When the process started, by a clock that nobody sets.
    pub(crate) started: Instant,
    /// Ends the process.
    pub(crate) stop: StopHandle,
    /// Ends long work of the chain.
    pub(crate) cancel: Arc<chain::Cancel>,
    /// What windows are shown.
    pub(crate) status: watch::Sender<NodeStatus>,
    /// What the wallet follows.
    pub(crate) chain_state: watch::Sender<ChainState>,
    /// Long work.
    pub(crate) tasks: Tasks,
    /// The scan of all coins.
    pub(crate) coins_scan: CoinsScan,
    /// The scan of block filters.
    pub(crate) block_scan: CoinsScan,
    /// The wallet process.
    pub(crate) wallet: WalletLink,
    config: Mutex<Config>,
    chain: OnceLock<Chain>,
    indexes: OnceLock<Indexes>,
}

impl Node {
    pub(crate) fn new(config: Config, stop: StopHandle) -> Arc<Self> {
        Arc::new(Self {
            params: config.params(),
            clock: Clock::new(),
            started: Instant::now(),
            stop,
            status: watch::Sender::new(NodeStatus::default()),
            chain_state: watch::Sender::new(ChainState::default()),
            tasks: Tasks::new(),
            coins_scan: CoinsScan::default(),
            block_scan: CoinsScan::default(),
            wallet: WalletLink::new(),
            cancel: Arc::default(),
            config: Mutex::new(config),
            chain: OnceLock::new(),
            indexes: OnceLock::new(),
        })
    }

    /// The configuration. Held for a look only.
    pub(crate) fn config(&self) -> MutexGuard<'_, Config> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers the chain from now on; only the first call counts.
    pub(crate) fn set_chain(&self, chain: Chain) {
        // A second start of the chain does not happen within one process.
        let _ = self.chain.set(chain);
    }

    /// Offers the indexes from now on; only the first call counts.
    pub(crate) fn set_indexes(&self, indexes: Indexes) {
        // A second start does not happen within one process.
        let _ = self.indexes.set(indexes);
    }

    /// The indexes, once they are open.
    pub(crate) fn indexes(&self) -> Option<&Indexes> {
        self.indexes.get()
    }

    /// The chain, where it is loaded.
    pub(crate) fn try_chain(&self) -> Option<&Chain> {
        self.chain.get()
    }

    /// The chain, for handlers.
    pub(crate) fn chain(&self) -> Result<&Chain, RpcError> {
        self.chain
            .get()
            .ok_or_else(|| RpcError::new(code::IN_WARMUP, "Loading block index…"))
    }

    /// Commands to the chain, for handlers.
    pub(crate) fn handle(&self) -> Result<&ChainHandle, RpcError> {
        self.chain().map(|chain| &chain.handle)
    }

    /// Looks at the chain, for handlers.
    pub(crate) fn reader(&self) -> Result<&ChainReader, RpcError> {
        self.chain().map(|chain| &chain.reader)
    }
}
