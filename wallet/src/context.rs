//! What every part of the process shares: the wallets, the chain, the clock, the tasks.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::stop::StopHandle;
use ipc_schema::{Ancestry, ChainClient, ChainState, Fault, FaultCode, IpcError, Task, TaskState};
use primitives::{ChainParams, Txid};
use tokio::sync::watch;

use crate::WalletError;
use crate::follow::Follower;
use crate::handle::WalletHandle;
use crate::options::WalletOptions;
use crate::relock::Relock;
use crate::scans::Scans;
use crate::tasks::TaskList;
use crate::wallet::{NewWallet, SpendPlan};

/// How long a call of the node may take before it counts as lost.
const NODE_TIME: Duration = Duration::from_secs(30);
/// What the node takes for a warning among the tasks it is told of.
const WARNING: &str = "warning";

/// Unconfirmed transactions whose ancestry the node is asked for at once.
const MAX_SOURCES: usize = 10_000;

/// The chain as the wallets see it: a node, or none for a while.
#[derive(Clone, Debug)]
pub struct ChainLink {
    node: Arc<watch::Sender<Option<ChainClient>>>,
    state: Arc<watch::Sender<ChainState>>,
}

impl Default for ChainLink {
    fn default() -> Self {
        Self {
            node: Arc::new(watch::Sender::new(None)),
            state: Arc::new(watch::Sender::new(ChainState::default())),
        }
    }
}

impl ChainLink {
    /// Takes a node's chain, or notes that it is gone.
    pub fn set(&self, chain: Option<ChainClient>) {
        self.node.send_replace(chain);
    }

    /// The node, as it comes and goes.
    pub fn watch(&self) -> watch::Receiver<Option<ChainClient>> {
        self.node.subscribe()
    }

    /// The node's chain.
    ///
    /// # Errors
    /// [`IpcError::Fault`] where there is no node.
    pub fn get(&self) -> Result<ChainClient, IpcError> {
        self.node.borrow().clone().ok_or_else(|| {
            Fault::new(
                FaultCode::NotReady,
                "The wallet is not connected with a node.",
            )
            .into()
        })
    }

    /// The node's newest state.
    pub fn state(&self) -> ChainState {
        *self.state.borrow()
    }

    /// Those who wait for a new state.
    pub fn watch_state(&self) -> watch::Receiver<ChainState> {
        self.state.subscribe()
    }

    /// Notes the node's state.
    pub(crate) fn set_state(&self, state: ChainState) {
        self.state.send_replace(state);
    }
}

/// What unconfirmed coins stand on in the mempool, and how much of that a payment may spend from.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// By transaction.
    pub found: HashMap<Txid, Ancestry>,
    /// Most transactions above and with a coin.
    pub max_ancestors: u64,
    /// Most transactions that are connected with it.
    pub max_cluster: u64,
}

/// Why a wallet is opened.
#[derive(Clone, Copy, Debug)]
pub enum Opening {
    /// The process starts, and a forerunner may hold the file for so long.
    AtStart(Duration),
    /// Somebody asks for it.
    OnRequest,
}

/// The wallet process.
#[derive(Debug)]
pub struct Context {
    /// The chain's parameters.
    pub params: &'static ChainParams,
    /// The options of the wallets.
    pub options: WalletOptions,
    /// The directory of the network.
    pub network_dir: PathBuf,
    /// The directory of the wallets.
    pub wallet_dir: PathBuf,
    /// The wallets.
    pub handle: WalletHandle,
    /// The chain.
    pub chain: ChainLink,
    /// What takes longer.
    pub tasks: TaskList,
    /// Asks the process to stop.
    pub stop: StopHandle,
    /// Where futures run.
    pub runtime: tokio::runtime::Handle,
    mock_time: AtomicI64,
    followers: Mutex<HashMap<String, Follower>>,
    pub(crate) relock: Relock,
    pub(crate) scans: Scans,
    warnings: Mutex<Vec<String>>,
    /// Held while the node is told which wallets are open, so that it hears the newest list last.
    telling: tokio::sync::Mutex<()>,
}

/// A lock whose holder panicked: the maps are whole after every statement, so they are used.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    /// Puts the parts together.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of the process, each once"
    )]
    pub fn new(
        params: &'static ChainParams,
        options: WalletOptions,
        network_dir: PathBuf,
        wallet_dir: PathBuf,
        handle: WalletHandle,
        chain: ChainLink,
        stop: StopHandle,
        runtime: tokio::runtime::Handle,
    ) -> Arc<Self> {
        Arc::new(Self {
            params,
            options,
            network_dir,
            wallet_dir,
            handle,
            chain,
            tasks: TaskList::default(),
            stop,
            runtime,
            mock_time: AtomicI64::new(0),
            followers: Mutex::default(),
            relock: Relock::default(),
            scans: Scans::default(),
            warnings: Mutex::default(),
            telling: tokio::sync::Mutex::default(),
        })
    }

    /// The time in seconds since 1970, as `setmocktime` has it.
    pub fn now(&self) -> i64 {
        match self.mock_time.load(Ordering::Relaxed) {
            0 => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_secs()).ok())
                .unwrap_or_default(),
            mock => mock,
        }
    }

    pub(crate) fn set_mock_time(&self, time: i64) {
        self.mock_time.store(time, Ordering::Relaxed);
    }

    /// A seed for chance that is no secret.
    pub fn seed(&self) -> u64 {
        let mut bytes = [0; 8];
        // Without the system's chance the order of coins is merely foreseeable.
        if getrandom::fill(&mut bytes).is_err() {
            tracing::warn!("The system gives no random bytes.");
        }
        u64::from_le_bytes(bytes)
    }

    /// Asks the node, within a time.
    ///
    /// # Errors
    /// [`WalletError::Node`].
    pub async fn ask<T, F>(&self, ask: impl FnOnce(ChainClient) -> F) -> Result<T, WalletError>
    where
        F: Future<Output = Result<T, IpcError>>,
    {
        let chain = self.chain.get()?;
        match tokio::time::timeout(NODE_TIME, ask(chain)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(IpcError::Timeout("the node".to_owned()).into()),
        }
    }

    /// What a payment must know of the node: rates and the tip.
    ///
    /// # Errors
    /// [`WalletError::Node`].
    pub async fn spend_plan(&self, target: Option<u32>) -> Result<SpendPlan, WalletError> {
        let blocks = target.unwrap_or(self.options.confirm_target);
        let conservative = !self.options.signal_rbf;
        let fees = self
            .ask(|chain| async move { chain.minimum_fees().await })
            .await?;
        let estimate = self
            .ask(|chain| async move { chain.estimate_fee(blocks, conservative).await })
            .await?;
        let state = self.chain.state();
        Ok(SpendPlan {
            estimate: estimate.rate,
            mempool_min: fees.mempool,
            relay_min: fees.relay,
            dust: fees.dust,
            max_fee: Some(fees.max_fee).filter(|fee| fee.sat() > 0),
            tip_time: state.tip.map_or(0, |tip| tip.time),
            initial_download: state.initial_download,
            now: self.now(),
            seed: self.seed(),
            ..SpendPlan::default()
        })
    }

    /// What a payment of a wallet must know of the node: that, and what its unconfirmed coins stand on.
    ///
    /// # Errors
    /// [`WalletError::Node`], or where the wallet was closed.
    pub async fn payment_plan(
        &self,
        name: &str,
        target: Option<u32>,
    ) -> Result<SpendPlan, WalletError> {
        let mut plan = self.spend_plan(target).await?;
        let standing = self.ancestry(name).await?;
        plan.ancestry = standing.found;
        plan.max_ancestors = standing.max_ancestors;
        plan.max_cluster = standing.max_cluster;
        Ok(plan)
    }

    /// What the unconfirmed coins of a wallet stand on.
    ///
    /// # Errors
    /// [`WalletError::Node`], or where the wallet was closed.
    pub async fn ancestry(&self, name: &str) -> Result<Standing, WalletError> {
        let txids = self
            .handle
            .with(name, |wallet| Ok(wallet.unconfirmed_sources(MAX_SOURCES)))
            .await?;
        let asked = txids.clone();
        let all = self
            .ask(|chain| async move { chain.ancestry(asked).await })
            .await?;
        Ok(Standing {
            found: txids.into_iter().zip(all.found).collect(),
            max_ancestors: all.max_ancestors,
            max_cluster: all.max_descendants,
        })
    }

    /// Follows the chain for a wallet that was opened.
    pub fn follow(self: &Arc<Self>, name: &str) {
        let follower = Follower::start(Arc::clone(self), name.to_owned());
        locked(&self.followers).insert(name.to_owned(), follower);
    }

    /// Waits until a wallet is where the node is, if there is one (Core's
    /// `BlockUntilSyncedToCurrentChain`).
    pub async fn sync(&self, name: &str) {
        let follower = locked(&self.followers).get(name).cloned();
        if let Some(follower) = follower {
            follower.sync().await;
        }
    }

    /// Opens a wallet and follows the chain for it; gives warnings.
    ///
    /// # Errors
    /// A [`WalletError`].
    pub async fn open(
        self: &Arc<Self>,
        name: &str,
        opening: Opening,
    ) -> Result<Vec<String>, WalletError> {
        let file = name.to_owned();
        let wait = match opening {
            Opening::AtStart(wait) => wait,
            Opening::OnRequest => Duration::ZERO,
        };
        let mut warnings = self
            .handle
            .call(move |wallets| wallets.load(&file, wait))
            .await??;
        match (self.adopt(name).await, opening) {
            (Ok(()), _) => {}
            // It was open when the snapshot was loaded: no start may fail for that.
            (Err(error @ WalletError::BelowSnapshot(_)), Opening::AtStart(_)) => {
                warnings.push(format!(
                    "Wallet \"{name}\" waits for blocks below a snapshot of coins, and shows no later payments until \
                     then. {error}."
                ));
                self.follow(name);
            }
            (Err(error), _) => {
                self.drop_wallet(name).await?;
                return Err(error);
            }
        }
        self.tell_open().await;
        Ok(warnings)
    }

    /// Checks a wallet against the chain and follows that.
    async fn adopt(self: &Arc<Self>, name: &str) -> Result<(), WalletError> {
        crate::follow::check_chain(self, name).await?;
        self.follow(name);
        Ok(())
    }

    /// Closes the file of a wallet that is not followed.
    async fn drop_wallet(&self, name: &str) -> Result<(), WalletError> {
        let file = name.to_owned();
        self.handle
            .call(move |wallets| wallets.unload(&file))
            .await?
    }

    /// Makes a wallet, opens it and follows the chain for it; gives warnings.
    ///
    /// # Errors
    /// A [`WalletError`].
    pub async fn create(
        self: &Arc<Self>,
        name: &str,
        new: NewWallet,
        passphrase: &[u8],
    ) -> Result<Vec<String>, WalletError> {
        let tip = self.chain.state().tip.map(|tip| (tip.hash, tip.height));
        let new = NewWallet {
            tip,
            now: self.now(),
            ..new
        };
        let file = name.to_owned();
        let passphrase = zeroize::Zeroizing::new(passphrase.to_vec());
        let warnings = self
            .handle
            .call(move |wallets| wallets.create(&file, &new, &passphrase))
            .await??;
        self.follow(name);
        self.tell_open().await;
        Ok(warnings)
    }

    /// Makes a wallet from a backup, opens it and follows the chain for it; gives warnings.
    ///
    /// # Errors
    /// A [`WalletError`].
    pub async fn restore(
        self: &Arc<Self>,
        name: &str,
        backup: PathBuf,
    ) -> Result<Vec<String>, WalletError> {
        let file = name.to_owned();
        let warnings = self
            .handle
            .call(move |wallets| wallets.restore(&file, &backup))
            .await??;
        if let Err(error) = self.adopt(name).await {
            self.drop_wallet(name).await?;
            let file = name.to_owned();
            // The backup itself is still there, and can be restored under this name another time.
            self.handle
                .call(move |wallets| wallets.remove_restored(&file))
                .await?;
            return Err(error);
        }
        self.tell_open().await;
        Ok(warnings)
    }

    /// Closes a wallet.
    ///
    /// # Errors
    /// [`WalletError::NotLoaded`], or where the file cannot be written.
    pub async fn close(&self, name: &str) -> Result<(), WalletError> {
        let follower = locked(&self.followers).remove(name);
        if let Some(follower) = follower {
            follower.stop();
        }
        self.abort_scan(name);
        self.relock.forget(name);
        let file = name.to_owned();
        let closed = self.handle.call(move |wallets| wallets.unload(&file));
        closed.await??;
        self.tell_open().await;
        Ok(())
    }

    /// Tells the node which wallets are open: it opens them again where this process dies.
    async fn tell_open(&self) {
        let _alone = self.telling.lock().await;
        let Ok(names) = self.handle.call(|wallets| wallets.names()).await else {
            return;
        };
        let told = self.ask(|chain| async move { chain.wallets_open(names).await });
        if let Err(error) = told.await {
            // A node that is gone does not start this process again.
            tracing::debug!("{error}");
        }
    }

    /// Ends a scan; false where none runs.
    pub fn abort_scan(&self, name: &str) -> bool {
        self.scans.abort(name)
    }

    /// Whether a scan runs for a wallet.
    pub fn is_scanning(&self, name: &str) -> bool {
        self.scans.is_running(name)
    }

    /// Ends everything in order and closes the files.
    pub async fn shut_down(&self) {
        for (_, follower) in locked(&self.followers).drain() {
            follower.stop();
        }
        self.scans.abort_all();
        self.relock.end_all();
        if let Err(error) = self.handle.close_all().await {
            tracing::debug!("{error}");
        }
    }

    /// Keeps a warning of the start for the node to tell.
    pub fn warn(&self, text: String) {
        tracing::warn!("{text}");
        locked(&self.warnings).push(text);
    }
}

impl Context {
    /// Tells the node the warnings of the start, for whoever started both. The log has them already.
    pub async fn tell_warnings(&self) {
        let warnings = std::mem::take(&mut *locked(&self.warnings));
        for title in warnings {
            let task = Task {
                kind: WARNING.to_owned(),
                title,
                state: TaskState::Done,
                started: self.now(),
                finished: Some(self.now()),
                ..Task::default()
            };
            let told = self.ask(|chain| async move { chain.report_task(task).await });
            if let Err(error) = told.await {
                tracing::debug!("{error}");
            }
        }
    }

    /// Notes in the node's settings whether a wallet is opened at every start; gives warnings.
    pub async fn load_on_startup(&self, name: &str, load: bool) -> Vec<String> {
        let wallet = name.to_owned();
        let stored = self.ask(|chain| async move { chain.load_on_startup(wallet, load).await });
        match stored.await {
            Ok(()) => Vec::new(),
            Err(error) => {
                tracing::warn!("[{name}] {error}");
                vec![if load {
                    "Wallet load on startup setting could not be updated, so wallet may not be loaded next node startup."
                        .to_owned()
                } else {
                    "Wallet load on startup setting could not be updated, so wallet may still be loaded next node startup."
                        .to_owned()
                }]
            }
        }
    }
}
