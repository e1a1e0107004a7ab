//! A small program that offers services, and a plain client for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::{RpcSystem, twoparty};
use primitives::{Amount, BlockHash, OutPoint, Txid};
use tokio::net::UnixStream;
use tokio::sync::{broadcast, watch};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::client::{ChainClient, WalletProcessClient};
use crate::generated::bitq_capnp::bitq;
use crate::generated::init_capnp::init;
use crate::service::*;
use crate::types::*;
use crate::{BindAddress, Ipc, IpcConfig, Listener, Services};

/// Longest wait of a test for something that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// What the offered services are made of, for the test to turn.
pub(super) struct Levers {
    pub(super) status: watch::Sender<NodeStatus>,
    pub(super) tasks: watch::Sender<Vec<Task>>,
    pub(super) log: broadcast::Sender<LogLine>,
    pub(super) chain: watch::Sender<ChainState>,
    pub(super) mempool: broadcast::Sender<(u64, MempoolChange)>,
    pub(super) wallet: watch::Sender<WalletState>,
    pub(super) deltas: broadcast::Sender<WalletDelta>,
    /// Secrets that a wallet method was given.
    pub(super) heard: watch::Sender<Vec<Secret>>,
    pub(super) attached: watch::Sender<Option<WalletProcessClient>>,
}

impl Levers {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            status: watch::Sender::default(),
            tasks: watch::Sender::default(),
            log: broadcast::Sender::new(8),
            chain: watch::Sender::default(),
            mempool: broadcast::Sender::new(8),
            wallet: watch::Sender::default(),
            deltas: broadcast::Sender::new(8),
            heard: watch::Sender::default(),
            attached: watch::Sender::default(),
        })
    }
}

/// A listening program.
pub(super) struct Program {
    pub(super) ipc: Ipc,
    pub(super) services: Services,
    pub(super) levers: Arc<Levers>,
    pub(super) listener: Listener,
    pub(super) dir: tempfile::TempDir,
}

pub(super) fn identity(program: &str) -> Identity {
    Identity {
        protocol: PROTOCOL,
        program: program.to_owned(),
        build: "0.1.0".to_owned(),
        coin: "bitcoin".to_owned(),
        network: "regtest".to_owned(),
        genesis: BlockHash([7; 32]),
        ..Identity::default()
    }
}

pub(super) fn services(levers: &Arc<Levers>) -> Services {
    let offer = Arc::new(Offer(Arc::clone(levers)));
    Services::new(ServiceSet {
        identity: identity("bitq-node"),
        start: Some(offer.clone()),
        node: Some(offer.clone()),
        rpc: Some(offer.clone()),
        chain: Some(offer.clone()),
        mining: Some(Arc::new(super::mining::Miner::new(levers))),
        wallet: Some(offer),
        stopping: false,
    })
}

pub(super) fn ipc(limits: Limits) -> Ipc {
    let runtime = tokio::runtime::Handle::current();
    Ipc::start(IpcConfig {
        program: "test".to_owned(),
        runtime,
        limits,
    })
    .unwrap()
}

impl Program {
    pub(super) async fn start(limits: Limits, options: impl FnOnce(&mut BindAddress)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut address = BindAddress::owner_only(dir.path().join("node.sock"));
        options(&mut address);
        let levers = Levers::new();
        let services = services(&levers);
        let ipc = ipc(limits);
        let listener = ipc.listen(&address, &services).await.unwrap();
        Self {
            ipc,
            services,
            levers,
            listener,
            dir,
        }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.listener.path().to_owned()
    }
}

/// Runs a test on a program that listens with all rights.
pub(super) fn with_program<F: Future<Output = ()>>(test: impl FnOnce(Program) -> F) {
    with_limits(Limits::default(), |_| {}, test);
}

/// Runs a test on a program with other limits or a narrower door.
pub(super) fn with_limits<F: Future<Output = ()>>(
    limits: Limits,
    options: impl FnOnce(&mut BindAddress),
    test: impl FnOnce(Program) -> F,
) {
    let services = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let _entered = services.enter();
    let client = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&client, async {
        let _entered = services.enter();
        let program = Program::start(limits, options).await;
        drop(_entered);
        tokio::time::timeout(PATIENCE * 3, test(program))
            .await
            .expect("the test takes too long");
    });
}

/// Waits for what must come.
pub(super) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("nothing came")
}

/// A plain client's connection, which ends with it.
pub(super) struct Plain {
    pub(super) init: init::Client,
    task: tokio::task::JoinHandle<()>,
}

impl Plain {
    /// Connects with the library's own network and no knowledge of this crate's.
    pub(super) async fn connect(program: &Program) -> Self {
        let stream = UnixStream::connect(program.socket()).await.unwrap();
        let (reader, writer) = stream.into_split();
        let network = twoparty::VatNetwork::new(
            reader.compat(),
            writer.compat_write(),
            Side::Client,
            capnp::message::ReaderOptions::new(),
        );
        let mut system = RpcSystem::new(Box::new(network), None);
        let init = system.bootstrap(Side::Server);
        let task = tokio::task::spawn_local(async move {
            // Ends with the connection, which the tests end in all sorts of ways.
            let _ = system.await;
        });
        Self { init, task }
    }

    pub(super) fn bitq(&self) -> bitq::Client {
        capnp::capability::FromClientHook::cast_to(self.init.clone())
    }

    pub(super) async fn echo(&self) -> crate::generated::echo_capnp::echo::Client {
        let answer = soon(self.init.make_echo_request().send().promise)
            .await
            .unwrap();
        answer.get().unwrap().get_result().unwrap()
    }

    /// Ends when the server ended the connection.
    pub(super) async fn ended(&mut self) {
        soon(&mut self.task).await.unwrap();
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What came back, or the exception's text.
pub(super) fn text<T>(result: Result<T, capnp::Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{:?}: {}", error.kind, error.extra),
    }
}

/// All services in one.
pub(super) struct Offer(Arc<Levers>);

fn ready<T: Send + 'static>(value: T) -> Reply<T> {
    Box::pin(async move { Ok(value) })
}

fn unsupported<T: Send + 'static>() -> Reply<T> {
    Box::pin(async { Err(Fault::new(FaultCode::Unsupported, "not in this test")) })
}

impl Offer {
    pub(super) fn over(levers: &Arc<Levers>) -> Self {
        Self(Arc::clone(levers))
    }

    fn hear<T: Send + 'static>(
        &self,
        secrets: impl IntoIterator<Item = Secret>,
        value: T,
    ) -> Reply<T> {
        self.0.heard.send_modify(|heard| heard.extend(secrets));
        ready(value)
    }
}

impl NodeService for Offer {
    fn status(&self) -> watch::Receiver<NodeStatus> {
        self.0.status.subscribe()
    }
    fn tasks(&self) -> watch::Receiver<Vec<Task>> {
        self.0.tasks.subscribe()
    }
    fn log(&self) -> LogFeed {
        let recent = vec![LogLine {
            sequence: 1,
            text: "before".to_owned(),
            ..LogLine::default()
        }];
        LogFeed {
            recent,
            lines: self.0.log.subscribe(),
        }
    }
    fn rpc_commands(&self) -> Reply<Vec<RpcCommand>> {
        ready(vec![RpcCommand {
            name: "stop".to_owned(),
            ..RpcCommand::default()
        }])
    }
    fn settings(&self) -> Reply<Vec<SettingInfo>> {
        ready(vec![SettingInfo {
            name: "dbcache".to_owned(),
            ..SettingInfo::default()
        }])
    }
    fn set_setting(&self, name: String, value: Option<String>) -> Reply<SetReply> {
        assert_eq!((name.as_str(), value.as_deref()), ("dbcache", Some("450")));
        ready(SetReply {
            needs_restart: true,
        })
    }
    fn stop(&self) -> Reply<()> {
        ready(())
    }
    fn detach(&self) -> Reply<String> {
        ready("/run/node.sock".to_owned())
    }
    fn set_network_active(&self, _: bool) -> Reply<()> {
        unsupported()
    }
    fn cancel_task(&self, id: u64) -> Reply<()> {
        Box::pin(async move { Err(Fault::new(FaultCode::NotFound, format!("no task {id}"))) })
    }
    fn restart_wallet(&self) -> Reply<()> {
        Box::pin(async { panic!("a service that fails") })
    }
    fn introduce_wallet(&self) -> Reply<WalletIntroduction> {
        unsupported()
    }
    fn attach_wallet(&self, identity: Identity, wallet: WalletProcessClient) -> Reply<()> {
        if identity.program != "bitq-wallet" || self.0.attached.borrow().is_some() {
            let fault = Fault::new(FaultCode::Busy, "There is a wallet process already.");
            return Box::pin(async move { Err(fault) });
        }
        self.0.attached.send_replace(Some(wallet));
        ready(())
    }
}

impl RpcExecutor for Offer {
    fn execute(&self, request: RpcRequest) -> Reply<String> {
        if !request.request.starts_with(['{', '[']) {
            return Box::pin(async { Err(Fault::invalid_json()) });
        }
        ready(format!(
            "{} {} {:?}",
            request.request, request.uri, request.user
        ))
    }
}

impl ChainService for Offer {
    fn state(&self) -> watch::Receiver<ChainState> {
        self.0.chain.subscribe()
    }
    fn pull(&self, locator: Vec<BlockHash>, max_bytes: u64) -> Reply<PullReply> {
        assert!(max_bytes <= 8 << 20);
        let tip = BlockTip {
            height: 9,
            ..BlockTip::default()
        };
        let steps = vec![
            ChainStep::Disconnect {
                hash: locator[0],
                height: 8,
            },
            ChainStep::Connect(BlockInfo {
                tip,
                data: vec![5; 4_000_000],
            }),
        ];
        ready(PullReply {
            steps,
            tip,
            unknown: false,
        })
    }
    fn find_fork(&self, _: Vec<BlockHash>) -> Reply<Option<BlockTip>> {
        ready(None)
    }
    fn block_at(&self, height: u32) -> Reply<Option<BlockTip>> {
        ready((height < 10).then(|| BlockTip {
            height,
            ..BlockTip::default()
        }))
    }
    fn find_block(&self, _: BlockHash) -> Reply<Option<(BlockTip, bool)>> {
        unsupported()
    }
    fn block(&self, _: BlockHash) -> Reply<Option<BlockInfo>> {
        Box::pin(async { Err(Fault::new(FaultCode::Pruned, "It was pruned.")) })
    }
    fn blocks(&self, _: u32, _: u64) -> Reply<Vec<BlockInfo>> {
        unsupported()
    }
    fn first_block_since(&self, _: i64) -> Reply<Option<BlockTip>> {
        unsupported()
    }
    fn mempool(&self) -> Reply<MempoolFeed> {
        let changes = self.0.mempool.subscribe();
        let transactions = vec![vec![1; 900_000], vec![2; 900_000], vec![3; 10]];
        ready(MempoolFeed {
            snapshot: MempoolSnapshot {
                sequence: 5,
                transactions,
            },
            changes,
        })
    }
    fn is_in_mempool(&self, _: Txid) -> Reply<bool> {
        unsupported()
    }
    fn find_coins(&self, outpoints: Vec<OutPoint>) -> Reply<Vec<Option<FoundCoin>>> {
        let coin =
            |outpoint: OutPoint| (outpoint.vout == 1).then(|| (vec![0x51], Amount::from_sat(50)));
        ready(outpoints.into_iter().map(coin).collect())
    }
    fn broadcast(&self, tx: Vec<u8>, _: Option<Amount>) -> Reply<BroadcastReply> {
        ready(if tx.is_empty() {
            BroadcastReply::Rejected("bad-txns-vin-empty".to_owned())
        } else {
            BroadcastReply::Accepted
        })
    }
    fn estimate_fee(&self, _: u32, _: bool) -> Reply<FeeEstimate> {
        unsupported()
    }
    fn minimum_fees(&self) -> Reply<MinimumFees> {
        unsupported()
    }
    fn stored_blocks(&self) -> Reply<StoredBlocks> {
        unsupported()
    }
    fn report_task(&self, _: Task) -> Reply<()> {
        unsupported()
    }
}

impl WalletProcessService for Offer {
    fn commands(&self) -> Reply<String> {
        ready("[]".to_owned())
    }
    fn execute(&self, request: RpcRequest) -> Reply<String> {
        RpcExecutor::execute(self, request)
    }
    fn wallets(&self) -> Reply<Vec<WalletListItem>> {
        ready(Vec::new())
    }
    fn introduce(&self) -> Reply<WalletIntroduction> {
        unsupported()
    }
    fn stop(&self) -> Reply<()> {
        ready(())
    }
}

impl StartService for Offer {
    fn start_node(
        &self,
        options: StartOptions,
    ) -> futures::future::BoxFuture<'static, Result<(), StartError>> {
        Box::pin(async move {
            match options.config_path.as_str() {
                "" => Ok(()),
                path => Err(StartError {
                    text: format!("Cannot read {path}"),
                    exit_code: 1,
                }),
            }
        })
    }
    fn start_wallet(
        &self,
        _: StartOptions,
        chain: ChainClient,
    ) -> futures::future::BoxFuture<'static, Result<Arc<dyn WalletProcessService>, StartError>>
    {
        let levers = Arc::clone(&self.0);
        Box::pin(async move {
            assert_eq!(chain.block_at(3).await.unwrap().unwrap().height, 3);
            Ok(Arc::new(Self(levers)) as Arc<dyn WalletProcessService>)
        })
    }
}

impl WalletService for Offer {
    fn wallets(&self) -> Reply<Vec<WalletListItem>> {
        ready(vec![WalletListItem {
            name: "w".to_owned(),
            ..WalletListItem::default()
        }])
    }
    fn tasks(&self) -> watch::Receiver<Vec<Task>> {
        self.0.tasks.subscribe()
    }
    fn cancel_task(&self, _: u64) -> Reply<()> {
        ready(())
    }
    fn create(&self, options: CreateWallet) -> Reply<Vec<String>> {
        self.hear([options.passphrase.clone()], vec!["warning".to_owned()])
    }
    fn open(&self, wallet: String) -> Reply<Vec<String>> {
        Box::pin(async move {
            Err(Fault::new(
                FaultCode::NotFound,
                format!("no wallet {wallet}"),
            ))
        })
    }
    fn close(&self, _: String) -> Reply<()> {
        ready(())
    }
    fn backup(&self, _: String, path: String) -> Reply<BackupReport> {
        ready(BackupReport {
            path,
            ..BackupReport::default()
        })
    }
    fn verify_backup(&self, _: String, _: String, secret: Secret) -> Reply<BackupReport> {
        self.hear([secret], BackupReport::default())
    }
    fn restore(&self, _: String, _: String) -> Reply<Vec<String>> {
        ready(Vec::new())
    }
    fn subscribe(&self, _: String) -> Reply<WalletFeed> {
        let (state, deltas) = (self.0.wallet.subscribe(), self.0.deltas.subscribe());
        ready(WalletFeed { state, deltas })
    }
    fn transactions(&self, _: String, query: TxQuery) -> Reply<TxPage> {
        let row = |n: u32| TxRow {
            time: i64::from(n),
            ..TxRow::default()
        };
        let rows = (0..query.limit).map(row).collect();
        ready(TxPage {
            rows,
            next: query.before,
            total: 1,
            sequence: 2,
        })
    }
    fn transaction(&self, _: String, _: Txid) -> Reply<TxDetails> {
        unsupported()
    }
    fn abandon(&self, _: String, _: Txid) -> Reply<()> {
        unsupported()
    }
    fn resend(&self, _: String, _: Txid) -> Reply<SendReply> {
        unsupported()
    }
    fn addresses(&self, _: String, _: u32) -> Reply<Vec<AddressRow>> {
        unsupported()
    }
    fn new_address(&self, _: String, request: AddressRequest) -> Reply<AddressRow> {
        ready(AddressRow {
            label: request.label,
            amount: request.amount,
            ..AddressRow::default()
        })
    }
    fn set_label(&self, _: String, _: String, _: String) -> Reply<()> {
        ready(())
    }
    fn remove_request(&self, _: String, _: String) -> Reply<()> {
        ready(())
    }
    fn coins(&self, _: String, _: u32) -> Reply<Vec<CoinRow>> {
        unsupported()
    }
    fn set_frozen(&self, _: String, _: OutPoint, _: bool) -> Reply<()> {
        ready(())
    }
    fn fees(&self, _: String) -> Reply<WalletFees> {
        unsupported()
    }
    fn prepare(&self, _: String, request: SendRequest) -> Reply<PreparedSend> {
        let total = request.recipients.iter().filter_map(|to| to.amount).sum();
        ready(PreparedSend {
            id: 4,
            total,
            ..PreparedSend::default()
        })
    }
    fn discard(&self, _: String, _: u64) -> Reply<()> {
        ready(())
    }
    fn send(&self, _: String, prepared: u64) -> Reply<SendReply> {
        assert_eq!(prepared, 4);
        let broadcast = Broadcast::Rejected("min relay fee not met".to_owned());
        ready(SendReply {
            txid: Txid([9; 32]),
            broadcast,
        })
    }
    fn unlock(&self, _: String, secret: Secret, _: u32) -> Reply<()> {
        self.hear([secret], ())
    }
    fn lock(&self, _: String) -> Reply<()> {
        ready(())
    }
    fn encrypt(&self, _: String, secret: Secret) -> Reply<()> {
        self.hear([secret], ())
    }
    fn change_passphrase(&self, _: String, old: Secret, new: Secret) -> Reply<()> {
        self.hear([old, new], ())
    }
    fn rescan(&self, _: String, start: RescanStart) -> Reply<u64> {
        assert_eq!(start, RescanStart::Height(7));
        ready(11)
    }
    fn execute(&self, request: RpcRequest) -> Reply<String> {
        RpcExecutor::execute(self, request)
    }
}
