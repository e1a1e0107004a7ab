//! What a program offers to others: traits that its owner implements and the IPC thread serves.
//!
//! Methods are called on the IPC thread and must return at once; the futures they give run on the
//! tokio runtime of [`IpcConfig`](crate::IpcConfig). Where the caller leaves, a future that only
//! reads or waits is dropped; one that changes state runs to its end.

mod mining;

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use primitives::{Amount, BlockHash, OutPoint, Txid};
use tokio::sync::{broadcast, watch};

pub use mining::{
    BlockCheck, BlockCheckOptions, BlockCreateOptions, BlockTemplate, BlockVerdict,
    BlockWaitOptions, CoinbaseTx, MiningService, Solution,
};

use crate::client::{ChainClient, WalletProcessClient};
use crate::types::{
    AddressRequest, AddressRow, Ancestries, Ancestry, BackupReport, BlockInfo, BlockTip,
    BroadcastReply, ChainState, CoinRow, CreateWallet, Fault, FaultCode, FeeEstimate, FoundCoin,
    Identity, LogLine, MempoolChange, MempoolSnapshot, MinimumFees, NodeStatus, PreparedSend,
    PullReply, RescanStart, RpcCommand, RpcRequest, Secret, SendReply, SendRequest, SetReply,
    SettingInfo, StartError, StartOptions, StoredBlocks, Task, TxDetails, TxPage, TxQuery,
    WalletDelta, WalletFees, WalletIntroduction, WalletListItem, WalletState,
};

/// What a service method gives.
pub type Reply<T> = BoxFuture<'static, Result<T, Fault>>;

/// The log from now on, with a little of what was before.
#[derive(Debug)]
pub struct LogFeed {
    /// The last lines.
    pub recent: Vec<LogLine>,
    /// What follows them.
    pub lines: broadcast::Receiver<LogLine>,
}

/// The mempool now and its changes from now on.
#[derive(Debug)]
pub struct MempoolFeed {
    /// What is in it.
    pub snapshot: MempoolSnapshot,
    /// What follows, numbered upwards from the snapshot's number.
    pub changes: broadcast::Receiver<(u64, MempoolChange)>,
}

/// A wallet now and its changes from now on.
#[derive(Debug)]
pub struct WalletFeed {
    /// Newest state.
    pub state: watch::Receiver<WalletState>,
    /// Changes of the history.
    pub deltas: broadcast::Receiver<WalletDelta>,
}

/// The node, as a window sees it.
pub trait NodeService: Send + Sync + 'static {
    /// The status.
    fn status(&self) -> watch::Receiver<NodeStatus>;
    /// The tasks.
    fn tasks(&self) -> watch::Receiver<Vec<Task>>;
    /// The log.
    fn log(&self) -> LogFeed;
    /// Commands for completion, the wallet's among them.
    fn rpc_commands(&self) -> Reply<Vec<RpcCommand>>;
    /// Every option with its value.
    fn settings(&self) -> Reply<Vec<SettingInfo>>;
    /// Stores a value (JSON text) in `settings.json`; `None` removes it.
    fn set_setting(&self, name: String, value: Option<String>) -> Reply<SetReply>;
    /// Begins the ordered stop; answers before it is done.
    fn stop(&self) -> Reply<()>;
    /// Opens the default socket and outlives the parent from now on; gives the socket's path.
    fn detach(&self) -> Reply<String>;
    /// Switches the peer-to-peer network.
    fn set_network_active(&self, active: bool) -> Reply<()>;
    /// Cancels a task of the node that says that it may be.
    fn cancel_task(&self, id: u64) -> Reply<()>;
    /// Starts the wallet process again.
    fn restart_wallet(&self) -> Reply<()>;
    /// Asks the wallet process for a way to its own socket.
    fn introduce_wallet(&self) -> Reply<WalletIntroduction>;
    /// Takes a wallet process that connected by itself; refuses a second one.
    fn attach_wallet(&self, identity: Identity, wallet: WalletProcessClient) -> Reply<()>;
}

/// JSON-RPC (Core's `executeRpc`).
pub trait RpcExecutor: Send + Sync + 'static {
    /// Executes a request or batch; gives the body of the HTTP answer. Text that is not JSON is
    /// [`Fault::invalid_json`].
    fn execute(&self, request: RpcRequest) -> Reply<String>;
}

/// The chain, as the wallet follows it.
pub trait ChainService: Send + Sync + 'static {
    /// The doorbell: tip, readiness, mock time.
    fn state(&self) -> watch::Receiver<ChainState>;
    /// Steps from the first known block of `locator` (newest first) towards the tip, blocks of
    /// about `max_bytes` together, at least one where there is one.
    fn pull(&self, locator: Vec<BlockHash>, max_bytes: u64) -> Reply<PullReply>;
    /// The newest block of `locator` on the active chain.
    fn find_fork(&self, locator: Vec<BlockHash>) -> Reply<Option<BlockTip>>;
    /// The active chain's block at a height.
    fn block_at(&self, height: u32) -> Reply<Option<BlockTip>>;
    /// A block's place, and whether it is on the active chain.
    fn find_block(&self, hash: BlockHash) -> Reply<Option<(BlockTip, bool)>>;
    /// A block with its bytes; `None` where unknown, a fault where pruned.
    fn block(&self, hash: BlockHash) -> Reply<Option<BlockInfo>>;
    /// Blocks of the active chain upwards from a height, about `max_bytes` of them, at least one.
    fn blocks(&self, from: u32, max_bytes: u64) -> Reply<Vec<BlockInfo>>;
    /// The first block whose time, and every later block's, is at least `time`.
    fn first_block_since(&self, time: i64) -> Reply<Option<BlockTip>>;
    /// The mempool.
    fn mempool(&self) -> Reply<MempoolFeed>;
    /// Whether a transaction is in the mempool.
    fn is_in_mempool(&self, txid: Txid) -> Reply<bool>;
    /// Values of unspent outputs in the chain or the mempool: script and amount for each that is.
    fn find_coins(&self, outpoints: Vec<OutPoint>) -> Reply<Vec<Option<FoundCoin>>>;
    /// Takes a transaction into the mempool; `max_fee` as Core's `maxTxFee`, `None` for no limit.
    fn broadcast(&self, tx: Vec<u8>, max_fee: Option<Amount>) -> Reply<BroadcastReply>;
    /// Estimates a rate for confirmation within `blocks`.
    fn estimate_fee(&self, blocks: u32, conservative: bool) -> Reply<FeeEstimate>;
    /// Minimum rates.
    fn minimum_fees(&self) -> Reply<MinimumFees>;
    /// Which blocks of the active chain are on disk.
    fn stored_blocks(&self) -> Reply<StoredBlocks>;
    /// Shows a task of the wallet among the node's (Core's `showProgress`).
    fn report_task(&self, task: Task) -> Reply<()>;
    /// Whether a transaction of that size would keep to the mempool's limits on what hangs together
    /// (Core's `checkChainLimits`).
    fn check_limits(&self, tx: Vec<u8>, vsize: u64) -> Reply<bool> {
        let _ = (tx, vsize);
        Box::pin(async { Ok(true) })
    }
    /// What hangs together with transactions of the mempool (Core's `getTransactionAncestry`,
    /// `getPackageLimits`).
    fn ancestry(&self, txids: Vec<Txid>) -> Reply<Ancestries> {
        let none = Ancestries {
            found: vec![Ancestry::default(); txids.len()],
            max_ancestors: u64::MAX,
            max_descendants: u64::MAX,
        };
        Box::pin(async move { Ok(none) })
    }
    /// Notes which wallets are open, so that they can be opened again after a crash of their process.
    fn wallets_open(&self, wallets: Vec<String>) -> Reply<()> {
        drop(wallets);
        Box::pin(async { Ok(()) })
    }
    /// Notes in `settings.json` whether a wallet is opened at every start.
    fn load_on_startup(&self, wallet: String, load: bool) -> Reply<()> {
        let _ = (wallet, load);
        let fault = Fault::new(
            FaultCode::Unsupported,
            "This node does not remember wallets.",
        );
        Box::pin(async move { Err(fault) })
    }
}

/// The wallet process, as the node sees it.
pub trait WalletProcessService: Send + Sync + 'static {
    /// The table of its RPC commands: category, names, arguments, help, as JSON text.
    fn commands(&self) -> Reply<String>;
    /// Executes a wallet command unread by the node.
    fn execute(&self, request: RpcRequest) -> Reply<String>;
    /// Wallets on disk and in use.
    fn wallets(&self) -> Reply<Vec<WalletListItem>>;
    /// Path of its socket and a new one-time token for it.
    fn introduce(&self) -> Reply<WalletIntroduction>;
    /// Begins the ordered stop; answers before it is done.
    fn stop(&self) -> Reply<()>;
}

/// The wallets, as the window uses them. `wallet` is the name of an open one.
pub trait WalletService: Send + Sync + 'static {
    /// Wallets on disk and in use.
    fn wallets(&self) -> Reply<Vec<WalletListItem>>;
    /// The tasks of the wallet process.
    fn tasks(&self) -> watch::Receiver<Vec<Task>>;
    /// Cancels one.
    fn cancel_task(&self, id: u64) -> Reply<()>;
    /// Makes a wallet and opens it; gives warnings.
    fn create(&self, options: CreateWallet) -> Reply<Vec<String>>;
    /// Opens a wallet; gives warnings. Reads its file alone: the blocks that it has missed are looked at afterwards,
    /// which is shown as a task and ends with the wallet.
    fn open(&self, wallet: String) -> Reply<Vec<String>>;
    /// Closes a wallet.
    fn close(&self, wallet: String) -> Reply<()>;
    /// Writes a backup file.
    fn backup(&self, wallet: String, path: String) -> Reply<BackupReport>;
    /// Reads a backup back and compares; the passphrase may be empty.
    fn verify_backup(
        &self,
        wallet: String,
        path: String,
        passphrase: Secret,
    ) -> Reply<BackupReport>;
    /// Makes a wallet from a backup file and opens it; gives warnings. Bounded as [`WalletService::open`] is.
    fn restore(&self, wallet: String, path: String) -> Reply<Vec<String>>;
    /// The wallet and its changes.
    fn subscribe(&self, wallet: String) -> Reply<WalletFeed>;
    /// A page of the history.
    fn transactions(&self, wallet: String, query: TxQuery) -> Reply<TxPage>;
    /// All about one transaction.
    fn transaction(&self, wallet: String, txid: Txid) -> Reply<TxDetails>;
    /// Gives a transaction up.
    fn abandon(&self, wallet: String, txid: Txid) -> Reply<()>;
    /// Gives a stored transaction to the node again.
    fn resend(&self, wallet: String, txid: Txid) -> Reply<SendReply>;
    /// Addresses with labels and requests, newest first, from row `skip` on, 500 at most.
    fn addresses(&self, wallet: String, skip: u32) -> Reply<Vec<AddressRow>>;
    /// A new address.
    fn new_address(&self, wallet: String, request: AddressRequest) -> Reply<AddressRow>;
    /// Labels an address, own or not.
    fn set_label(&self, wallet: String, address: String, label: String) -> Reply<()>;
    /// Forgets what was asked for at an address.
    fn remove_request(&self, wallet: String, address: String) -> Reply<()>;
    /// Coins, largest first, from row `skip` on, 500 at most.
    fn coins(&self, wallet: String, skip: u32) -> Reply<Vec<CoinRow>>;
    /// Freezes or frees a coin.
    fn set_frozen(&self, wallet: String, outpoint: OutPoint, frozen: bool) -> Reply<()>;
    /// Rates to choose from.
    fn fees(&self, wallet: String) -> Reply<WalletFees>;
    /// Chooses coins and makes an unsigned transaction, reserved until it is sent or dropped.
    fn prepare(&self, wallet: String, request: SendRequest) -> Reply<PreparedSend>;
    /// Drops a prepared transaction.
    fn discard(&self, wallet: String, prepared: u64) -> Reply<()>;
    /// Signs, stores and broadcasts a prepared transaction.
    fn send(&self, wallet: String, prepared: u64) -> Reply<SendReply>;
    /// Unlocks the keys for some seconds.
    fn unlock(&self, wallet: String, passphrase: Secret, seconds: u32) -> Reply<()>;
    /// Locks the keys.
    fn lock(&self, wallet: String) -> Reply<()>;
    /// Encrypts a wallet that is not.
    fn encrypt(&self, wallet: String, passphrase: Secret) -> Reply<()>;
    /// Changes the passphrase.
    fn change_passphrase(&self, wallet: String, old: Secret, new: Secret) -> Reply<()>;
    /// Starts looking through the chain again; gives the task's number.
    fn rescan(&self, wallet: String, start: RescanStart) -> Reply<u64>;
    /// Executes a wallet command of the console.
    fn execute(&self, request: RpcRequest) -> Reply<String>;
}

/// How a spawned child becomes what it is.
pub trait StartService: Send + Sync + 'static {
    /// Starts the node; services are in the [`ServiceSet`] when it returns.
    fn start_node(&self, options: StartOptions) -> BoxFuture<'static, Result<(), StartError>>;
    /// Starts the wallet process on this chain.
    fn start_wallet(
        &self,
        options: StartOptions,
        chain: ChainClient,
    ) -> BoxFuture<'static, Result<Arc<dyn WalletProcessService>, StartError>>;
}

/// What is offered at one moment. What is missing answers "not ready" or "not offered".
#[derive(Clone, Default)]
pub struct ServiceSet {
    /// Who we are.
    pub identity: Identity,
    /// For children: how to start.
    pub start: Option<Arc<dyn StartService>>,
    /// The node.
    pub node: Option<Arc<dyn NodeService>>,
    /// JSON-RPC.
    pub rpc: Option<Arc<dyn RpcExecutor>>,
    /// The chain.
    pub chain: Option<Arc<dyn ChainService>>,
    /// Core's mining interface; `makeMining` waits for it.
    pub mining: Option<Arc<dyn MiningService>>,
    /// The wallets.
    pub wallet: Option<Arc<dyn WalletService>>,
    /// Set when the program stops: waits end, nothing new is served.
    pub stopping: bool,
}

impl fmt::Debug for ServiceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceSet")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// The services of one program, filled as it starts; cloning shares them.
#[derive(Clone, Debug)]
pub struct Services {
    set: Arc<watch::Sender<ServiceSet>>,
    tokens: crate::token::Tokens,
}

impl Services {
    /// Begins with `set`.
    pub fn new(set: ServiceSet) -> Self {
        Self {
            set: Arc::new(watch::Sender::new(set)),
            tokens: crate::token::Tokens::default(),
        }
    }

    /// Changes what is offered, for new and for living connections.
    pub fn update(&self, change: impl FnOnce(&mut ServiceSet)) {
        self.set.send_modify(change);
    }

    /// A new one-time token for the wallets, good for one minute.
    ///
    /// # Errors
    /// A fault where the system gives no random bytes.
    pub fn issue_token(&self) -> Result<Secret, Fault> {
        self.tokens.issue()
    }

    pub(crate) fn redeem_token(&self, token: &Secret) -> bool {
        self.tokens.redeem(token)
    }

    pub(crate) fn now(&self) -> ServiceSet {
        self.set.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<ServiceSet> {
        self.set.subscribe()
    }
}
