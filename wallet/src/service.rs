//! What the process offers over IPC: the wallets to the window, itself to the node.

use std::path::PathBuf;
use std::sync::Arc;

use ipc_schema::service::{Reply, WalletFeed, WalletProcessService, WalletService};
use ipc_schema::{
    AddressRequest, AddressRow, BackupReport, CoinRow, CreateWallet, Fault, FaultCode,
    PreparedInput, PreparedOutput, PreparedSend, RescanStart, RpcRequest, Secret, SendReply,
    SendRequest, Services, Task, TxDetails, TxPage, TxQuery, WalletFees, WalletIntroduction,
    WalletListItem,
};
use primitives::address::Destination;
use primitives::{Amount, ChainParams, FeeRate, OutPoint, TxOut, Txid};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::context::{Context, Opening};
use crate::rpc::RpcServer;
use crate::wallet::{NewWallet, Payee, Payment, PreparedTx, ReceiveRequest, Wallet};
use crate::wallets::{address_type, output_type};
use crate::{WalletError, rescan, send};

/// Most rows of one answer.
const MAX_ROWS: usize = 500;
/// Targets whose estimates are shown, in blocks.
const FEE_TARGETS: [u32; 4] = [2, 6, 24, 144];
/// A fee above this share of a payment is worth a warning, in per cent.
const HIGH_FEE_SHARE: i64 = 5;

/// The wallets, as window and node use them.
#[derive(Clone)]
pub struct WalletServer {
    context: Arc<Context>,
    rpc: RpcServer,
    services: Services,
    /// Path of `wallet.sock`; `None` where it could not be made.
    socket: Option<PathBuf>,
    on_stop: OnStop,
}

/// What the node's order to stop does.
#[derive(Clone, Debug)]
pub enum OnStop {
    /// Ends the process, which the node sees.
    End,
    /// Closes everything and answers when this is cancelled: within the node's process nobody else
    /// could tell.
    Close(CancellationToken),
    /// Nothing: the process was started by itself and waits for the node to come back.
    Stay,
}

impl std::fmt::Debug for WalletServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalletServer")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

impl WalletServer {
    /// Serves the wallets of `context`; `services` gives out tokens for `socket`.
    pub fn new(
        context: Arc<Context>,
        rpc: RpcServer,
        services: Services,
        socket: Option<PathBuf>,
        on_stop: OnStop,
    ) -> Self {
        Self {
            context,
            rpc,
            services,
            socket,
            on_stop,
        }
    }

    /// Runs `work` with a wallet.
    fn with<T: Send + 'static>(
        &self,
        name: String,
        work: impl FnOnce(&mut Wallet) -> Result<T, WalletError> + Send + 'static,
    ) -> Reply<T> {
        let context = Arc::clone(&self.context);
        Box::pin(async move { Ok(context.handle.with(&name, work).await?) })
    }

    /// Runs `work` with the context.
    fn run<T, F>(&self, work: impl FnOnce(Arc<Context>) -> F) -> Reply<T>
    where
        T: 'static,
        F: Future<Output = Result<T, WalletError>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.context));
        Box::pin(async move { Ok(work.await?) })
    }

    fn list(&self) -> Reply<Vec<WalletListItem>> {
        self.run(|context| async move { Ok(context.handle.call(|wallets| wallets.list()).await?) })
    }
}

/// Reads an address that a person typed.
///
/// # Errors
/// [`WalletError::InvalidAddress`] with what is wrong.
pub fn parse_address(text: &str, params: &ChainParams) -> Result<Destination, WalletError> {
    Destination::from_address(text.trim(), params).map_err(|error| {
        WalletError::InvalidAddress(format!("{text} is no address of {}: {error}", params.name))
    })
}

fn payment_of(request: &SendRequest, params: &ChainParams) -> Result<Payment, WalletError> {
    let payees: Result<Vec<Payee>, WalletError> = request
        .recipients
        .iter()
        .map(|recipient| {
            Ok(Payee {
                destination: parse_address(&recipient.address, params)?,
                amount: recipient.amount,
                subtract_fee: recipient.subtract_fee,
                label: recipient.label.clone(),
            })
        })
        .collect();
    let change = match request.change_address.trim() {
        "" => None,
        text => Some(parse_address(text, params)?),
    };
    Ok(Payment {
        payees: payees?,
        fee_rate: request.fee_rate,
        coins: request.coins.clone(),
        other_coins: request.allow_other_coins,
        change,
        replaceable: request.replaceable,
        comment: request.comment.clone(),
        preview: true,
        ..Payment::default()
    })
}

/// What a person should see before saying yes.
fn preview(wallet: &Wallet, prepared: &PreparedTx) -> PreparedSend {
    let row = |output: &TxOut| wallet.output_row(0, output);
    let inputs: Vec<PreparedInput> = prepared
        .tx
        .inputs
        .iter()
        .zip(&prepared.spent)
        .map(|(input, output)| {
            let row = row(output);
            PreparedInput {
                outpoint: input.prevout,
                address: row.address,
                label: row.label,
                amount: output.value,
            }
        })
        .collect();
    let outputs: Vec<PreparedOutput> = prepared
        .tx
        .outputs
        .iter()
        .enumerate()
        .map(|(place, output)| {
            let row = row(output);
            // What was typed for it now comes before what is known of it.
            let typed = prepared.labels.iter().find(|(destination, label)| {
                !label.is_empty() && destination.to_script() == output.script_pubkey
            });
            PreparedOutput {
                address: row.address,
                label: typed.map_or(row.label, |(_, label)| label.clone()),
                amount: output.value,
                is_change: prepared.change == Some(place),
            }
        })
        .collect();
    let change: Amount = outputs
        .iter()
        .filter(|o| o.is_change)
        .map(|o| o.amount)
        .sum();
    let value_in: Amount = prepared.spent.iter().map(|output| output.value).sum();
    let paid = value_in - change - prepared.fee;
    let mut warnings = Vec::new();
    if prepared.fee.sat().saturating_mul(100) > paid.sat().saturating_mul(HIGH_FEE_SHARE) {
        let share = prepared.fee.sat().saturating_mul(100) / paid.sat().max(1);
        warnings.push(format!("The fee is {share} % of what is paid."));
    }
    if outputs.iter().any(|output| {
        !output.is_change
            && Destination::from_address(&output.address, wallet.params())
                .is_ok_and(|d| wallet.is_mine_address(&d))
    }) {
        warnings.push("An address of this wallet is among the payees.".to_owned());
    }
    PreparedSend {
        id: prepared.id,
        fee: prepared.fee,
        fee_rate: FeeRate::of(prepared.fee, prepared.vsize()),
        vsize: prepared.vsize(),
        total: value_in - change,
        inputs,
        outputs,
        warnings,
        needs_unlock: wallet.is_locked(),
        expires: prepared.expires,
    }
}

fn address_rows(wallet: &Wallet) -> Vec<AddressRow> {
    let received = wallet.received_by();
    let mut rows: Vec<AddressRow> = wallet
        .addresses()
        .iter()
        .filter(|(_, entry)| entry.label.is_some())
        .map(|(destination, entry)| {
            let script = destination.to_script();
            let kind = wallet
                .owners_of(&script)
                .find_map(|owner| owner.output_type());
            let request = entry
                .requests
                .values()
                .filter_map(|bytes| ReceiveRequest::decode(bytes).ok())
                .max_by_key(|request| request.id);
            let (sum, payments) = received.get(destination).copied().unwrap_or_default();
            let created = request
                .as_ref()
                .map_or(0, |request| i64::from(request.date));
            AddressRow {
                address: destination.to_address(wallet.params()),
                address_type: kind.map(address_type).unwrap_or_default(),
                label: entry.label.clone().unwrap_or_default(),
                amount: request
                    .as_ref()
                    .map(|r| r.amount)
                    .filter(|a| *a > Amount::ZERO),
                message: request.map(|request| request.message).unwrap_or_default(),
                created: entry.created.max(created),
                received: sum,
                payments,
                is_mine: kind.is_some() || wallet.is_mine(&script),
            }
        })
        .collect();
    rows.sort_by(|a, b| {
        b.created
            .cmp(&a.created)
            .then_with(|| a.address.cmp(&b.address))
    });
    rows
}

fn page<T>(rows: Vec<T>, skip: u32) -> Vec<T> {
    rows.into_iter()
        .skip(usize::try_from(skip).unwrap_or(usize::MAX))
        .take(MAX_ROWS)
        .collect()
}

async fn fees(context: &Context) -> Result<WalletFees, WalletError> {
    let plan = context.spend_plan(None).await?;
    let mut estimates = Vec::new();
    for blocks in FEE_TARGETS {
        let found = context
            .ask(|chain| async move { chain.estimate_fee(blocks, false).await })
            .await?;
        if let Some(rate) = found.rate {
            estimates.push((blocks, rate));
        }
    }
    let minimum = context
        .options
        .min_fee
        .max(plan.relay_min)
        .max(plan.mempool_min);
    let fallback = context.options.fallback_fee.max(minimum);
    Ok(WalletFees {
        minimum,
        default: plan.estimate.map_or(fallback, |rate| rate.max(minimum)),
        estimates,
        max_fee: plan.max_fee.map_or(context.options.max_fee, |fee| {
            fee.min(context.options.max_fee)
        }),
    })
}

impl WalletProcessService for WalletServer {
    fn commands(&self) -> Reply<String> {
        let table = self.rpc.commands();
        Box::pin(async move { table })
    }

    fn execute(&self, request: RpcRequest) -> Reply<String> {
        self.rpc.execute(request)
    }

    fn wallets(&self) -> Reply<Vec<WalletListItem>> {
        self.list()
    }

    fn introduce(&self) -> Reply<WalletIntroduction> {
        let Some(socket) = &self.socket else {
            let text = "These wallets have no socket for a window: see the warnings in debug.log, or start the node \
                        and its wallets as two programs.";
            return Box::pin(async move { Err(Fault::new(FaultCode::NotReady, text)) });
        };
        let path = socket.display().to_string();
        let introduction = self
            .services
            .issue_token()
            .map(|token| WalletIntroduction { path, token });
        Box::pin(async move { introduction })
    }

    fn stop(&self) -> Reply<()> {
        let closed = match &self.on_stop {
            OnStop::Stay => {
                tracing::info!("The node stops; the wallets wait for it to come back");
                return Box::pin(async { Ok(()) });
            }
            OnStop::End => None,
            OnStop::Close(closed) => Some(closed.clone()),
        };
        self.context.stop.stop();
        Box::pin(async move {
            if let Some(closed) = closed {
                closed.cancelled().await;
            }
            Ok(())
        })
    }
}

impl WalletService for WalletServer {
    fn wallets(&self) -> Reply<Vec<WalletListItem>> {
        self.list()
    }

    fn tasks(&self) -> watch::Receiver<Vec<Task>> {
        self.context.tasks.watch()
    }

    fn cancel_task(&self, id: u64) -> Reply<()> {
        let found = self.context.tasks.cancel(id);
        Box::pin(async move {
            if found {
                Ok(())
            } else {
                Err(Fault::new(
                    FaultCode::NotFound,
                    format!("There is no running task {id}."),
                ))
            }
        })
    }

    fn create(&self, options: CreateWallet) -> Reply<Vec<String>> {
        self.run(|context| async move {
            let new = NewWallet {
                blank: options.blank,
                disable_private_keys: options.disable_private_keys,
                avoid_reuse: options.avoid_reuse,
                ..NewWallet::default()
            };
            let mut warnings = context
                .create(&options.name, new, options.passphrase.expose())
                .await?;
            if options.load_on_startup {
                warnings.extend(context.load_on_startup(&options.name, true).await);
            }
            Ok(warnings)
        })
    }

    fn open(&self, wallet: String) -> Reply<Vec<String>> {
        self.run(|context| async move {
            let mut warnings = context.open(&wallet, Opening::OnRequest).await?;
            warnings.extend(context.load_on_startup(&wallet, true).await);
            Ok(warnings)
        })
    }

    fn close(&self, wallet: String) -> Reply<()> {
        self.run(|context| async move {
            context.close(&wallet).await?;
            for warning in context.load_on_startup(&wallet, false).await {
                tracing::warn!("{warning}");
            }
            Ok(())
        })
    }

    fn backup(&self, wallet: String, path: String) -> Reply<BackupReport> {
        let now = self.context.now();
        self.with(wallet, move |wallet| {
            wallet.back_up(&PathBuf::from(path), now)
        })
    }

    fn verify_backup(
        &self,
        wallet: String,
        path: String,
        passphrase: Secret,
    ) -> Reply<BackupReport> {
        self.with(wallet, move |wallet| {
            wallet.check_backup(&PathBuf::from(path), passphrase.expose())
        })
    }

    fn restore(&self, wallet: String, path: String) -> Reply<Vec<String>> {
        self.run(|context| async move {
            let mut warnings = context.restore(&wallet, PathBuf::from(path)).await?;
            warnings.extend(context.load_on_startup(&wallet, true).await);
            Ok(warnings)
        })
    }

    fn subscribe(&self, wallet: String) -> Reply<WalletFeed> {
        self.run(|context| async move {
            context
                .handle
                .with_open(&wallet, |open| Ok(open.feed()))
                .await
        })
    }

    fn transactions(&self, wallet: String, query: TxQuery) -> Reply<TxPage> {
        self.run(|context| async move {
            context
                .handle
                .with_open(&wallet, move |open| {
                    let page = open.wallet.page(&query);
                    Ok(TxPage {
                        sequence: open.sequence(),
                        ..page
                    })
                })
                .await
        })
    }

    fn transaction(&self, wallet: String, txid: Txid) -> Reply<TxDetails> {
        self.with(wallet, move |wallet| wallet.details(&txid))
    }

    fn abandon(&self, wallet: String, txid: Txid) -> Reply<()> {
        self.with(wallet, move |wallet| wallet.abandon(&txid))
    }

    fn resend(&self, wallet: String, txid: Txid) -> Reply<SendReply> {
        self.run(|context| async move { send::resend(&context, &wallet, txid).await })
    }

    fn addresses(&self, wallet: String, skip: u32) -> Reply<Vec<AddressRow>> {
        self.with(wallet, move |wallet| Ok(page(address_rows(wallet), skip)))
    }

    fn new_address(&self, wallet: String, request: AddressRequest) -> Reply<AddressRow> {
        let now = self.context.now();
        self.with(wallet, move |wallet| {
            let kind = request.address_type.map(output_type);
            let destination = wallet.request_payment(
                kind,
                &request.label,
                request.amount,
                &request.message,
                now,
            )?;
            let address = destination.to_address(wallet.params());
            let row = address_rows(wallet)
                .into_iter()
                .find(|row| row.address == address);
            Ok(row.unwrap_or_default())
        })
    }

    fn set_label(&self, wallet: String, address: String, label: String) -> Reply<()> {
        self.with(wallet, move |wallet| {
            let destination = parse_address(&address, wallet.params())?;
            wallet.set_label(&destination, &label)
        })
    }

    fn remove_request(&self, wallet: String, address: String) -> Reply<()> {
        self.with(wallet, move |wallet| {
            let destination = parse_address(&address, wallet.params())?;
            wallet.remove_requests(&destination)
        })
    }

    fn coins(&self, wallet: String, skip: u32) -> Reply<Vec<CoinRow>> {
        self.with(wallet, move |wallet| {
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            Ok(wallet.coin_rows(skip, MAX_ROWS))
        })
    }

    fn set_frozen(&self, wallet: String, outpoint: OutPoint, frozen: bool) -> Reply<()> {
        self.with(wallet, move |wallet| {
            wallet.set_frozen(&[outpoint], frozen, true)
        })
    }

    fn fees(&self, _wallet: String) -> Reply<WalletFees> {
        self.run(|context| async move { fees(&context).await })
    }

    fn prepare(&self, wallet: String, request: SendRequest) -> Reply<PreparedSend> {
        self.run(|context| async move {
            let payment = payment_of(&request, context.params)?;
            context.sync(&wallet).await;
            let prepared = send::prepare(&context, &wallet, payment, request.conf_target).await?;
            context
                .handle
                .with(&wallet, move |wallet| Ok(preview(wallet, &prepared)))
                .await
        })
    }

    fn discard(&self, wallet: String, prepared: u64) -> Reply<()> {
        self.with(wallet, move |wallet| wallet.discard(prepared))
    }

    fn send(&self, wallet: String, prepared: u64) -> Reply<SendReply> {
        self.run(|context| async move { send::send_prepared(&context, &wallet, prepared).await })
    }

    fn unlock(&self, wallet: String, passphrase: Secret, seconds: u32) -> Reply<()> {
        self.run(
            |context| async move { context.unlock(&wallet, passphrase.expose(), seconds).await },
        )
    }

    fn lock(&self, wallet: String) -> Reply<()> {
        self.run(|context| async move { context.lock(&wallet).await })
    }

    fn encrypt(&self, wallet: String, passphrase: Secret) -> Reply<()> {
        let now = self.context.now();
        self.with(wallet, move |wallet| {
            wallet.encrypt(passphrase.expose(), now)
        })
    }

    fn change_passphrase(&self, wallet: String, old: Secret, new: Secret) -> Reply<()> {
        self.with(wallet, move |wallet| {
            wallet.change_passphrase(old.expose(), new.expose())
        })
    }

    fn rescan(&self, wallet: String, start: RescanStart) -> Reply<u64> {
        self.run(|context| async move {
            let height = rescan::start_height(&context, start).await?;
            let scan = rescan::begin(&context, &wallet)?;
            let id = scan.id();
            let runtime = context.runtime.clone();
            runtime.spawn(async move {
                if let Err(error) = rescan::run(&context, scan, height, None).await {
                    tracing::warn!("[{wallet}] the rescan failed: {error}");
                }
            });
            Ok(id)
        })
    }

    fn execute(&self, request: RpcRequest) -> Reply<String> {
        self.rpc.execute(request)
    }
}
