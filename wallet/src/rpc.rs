//! The wallet's JSON-RPC commands. The node forwards the calls unread; they are parsed, checked and
//! answered here.

use std::sync::Arc;

use ipc_schema::service::Reply;
use ipc_schema::{Fault, RpcRequest};
use rpc::jsonrpc::{self, Whitelist};
use rpc::{Args, Caller, CommandSpec, RpcError, RpcResult, Table, TableConfig, code};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::WalletError;
use crate::context::Context;
use crate::db::DbError;
use crate::wallet::{SpendError, Wallet};

mod addresses;
mod backup;
mod coins;
mod descriptors;
mod doc;
mod encrypt;
mod listing;
mod loading;
mod signmessage;
mod spend;
mod transactions;
mod wallet;

/// Answers the commands; clones are the same.
#[derive(Clone)]
pub struct RpcServer {
    table: Arc<Table<Context>>,
}

impl RpcServer {
    /// Serves the wallets of `context`.
    pub fn new(context: &Arc<Context>, config: TableConfig) -> Self {
        let table = Table::from_arc(Arc::clone(context), config);
        for commands in [
            wallet::commands(),
            loading::commands(),
            addresses::commands(),
            coins::commands(),
            encrypt::commands(),
            backup::commands(),
            descriptors::commands(),
            transactions::commands(),
            listing::commands(),
            spend::commands(),
            signmessage::commands(),
        ] {
            let taken = table.add("wallet", commands);
            debug_assert!(taken.is_empty(), "each name stands once: {taken:?}");
        }
        table.finish_warmup();
        Self { table }
    }

    /// The commands' specs as JSON text, for the node's table.
    pub fn commands(&self) -> Result<String, Fault> {
        let specs: Vec<Arc<CommandSpec>> = self.table.specs();
        let specs: Vec<&CommandSpec> = specs.iter().map(AsRef::as_ref).collect();
        serde_json::to_string(&specs).map_err(|error| Fault::failed(error.to_string()))
    }

    /// Executes a request or batch.
    pub fn execute(&self, request: RpcRequest) -> Reply<String> {
        let table = Arc::clone(&self.table);
        Box::pin(async move {
            let caller = Caller {
                user: request.user.unwrap_or_default(),
                uri: request.uri,
                peer: String::new(),
            };
            let gone = CancellationToken::new();
            let text = request.request.as_bytes();
            let done = jsonrpc::execute(&table, text, &caller, &Whitelist::default(), &gone).await;
            done.map(|reply| reply.text())
                .map_err(|_| Fault::invalid_json())
        })
    }
}

/// The wallet that a call is for (Core's `GetWalletForJSONRPCRequest`).
async fn wallet_name(context: &Context, args: &Args) -> Result<String, RpcError> {
    let names = context
        .handle
        .call(|wallets| wallets.names())
        .await
        .map_err(WalletError::from)?;
    if let Some(name) = args.caller().wallet_name() {
        return if names.contains(&name) {
            Ok(name)
        } else {
            Err(WalletError::NotLoaded.into())
        };
    }
    match <[String; 1]>::try_from(names) {
        Ok([name]) => Ok(name),
        Err(names) if names.is_empty() => Err(RpcError::new(
            code::WALLET_NOT_FOUND,
            "No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. (Note: A default \
             wallet is no longer automatically created)",
        )),
        Err(_) => Err(RpcError::new(
            code::WALLET_NOT_SPECIFIED,
            "Multiple wallets are loaded. Please select which wallet to use by requesting the RPC through the \
             /wallet/<walletname> URI path.",
        )),
    }
}

/// Runs `work` with the wallet of a call, once it is where the node is.
async fn on_wallet(
    context: &Context,
    args: &Args,
    work: impl FnOnce(&mut Wallet) -> RpcResult + Send + 'static,
) -> RpcResult {
    let name = wallet_name(context, args).await?;
    context.sync(&name).await;
    context
        .handle
        .with(&name, move |wallet| Ok(work(wallet)))
        .await?
}

/// Runs `work` with the wallet of a call as it is.
async fn on_wallet_now(
    context: &Context,
    args: &Args,
    work: impl FnOnce(&mut Wallet) -> RpcResult + Send + 'static,
) -> RpcResult {
    let name = wallet_name(context, args).await?;
    context
        .handle
        .with(&name, move |wallet| Ok(work(wallet)))
        .await?
}

/// Refuses while the wallet is locked.
fn ensure_unlocked(wallet: &Wallet) -> Result<(), RpcError> {
    if wallet.is_locked() {
        Err(WalletError::Locked.into())
    } else {
        Ok(())
    }
}

/// Reads a label; `*` is none.
fn label_from(text: Option<&str>) -> Result<String, RpcError> {
    match text {
        Some("*") => Err(RpcError::new(
            code::WALLET_INVALID_LABEL_NAME,
            "Invalid label name",
        )),
        text => Ok(text.unwrap_or_default().to_owned()),
    }
}

/// The block that an answer is as of.
fn last_processed(wallet: &Wallet, entry: &mut Map<String, Value>) {
    let (hash, height) = match wallet.best() {
        Some((hash, height)) => (hash.to_string(), i64::from(height)),
        None => ("0".repeat(64), -1),
    };
    entry.insert(
        "lastprocessedblock".into(),
        json!({"hash": hash, "height": height}),
    );
}

/// Adds the `warnings` field where there are some.
fn with_warnings(mut entry: Map<String, Value>, warnings: Vec<String>) -> Value {
    if !warnings.is_empty() {
        entry.insert("warnings".into(), json!(warnings));
    }
    Value::Object(entry)
}

impl From<WalletError> for RpcError {
    fn from(error: WalletError) -> Self {
        let number = match &error {
            WalletError::Db(error) => match error {
                DbError::NotFound(_)
                | DbError::NotRecognized(_)
                | DbError::Foreign { .. }
                | DbError::Legacy(_) => code::WALLET_NOT_FOUND,
                DbError::Exists(_) => code::WALLET_ALREADY_EXISTS,
                _ => code::WALLET,
            },
            WalletError::Locked => code::WALLET_UNLOCK_NEEDED,
            WalletError::WrongPassphrase => code::WALLET_PASSPHRASE_INCORRECT,
            WalletError::AlreadyEncrypted | WalletError::NotEncrypted(_) => {
                code::WALLET_WRONG_ENC_STATE
            }
            WalletError::NothingToEncrypt => code::WALLET_ENCRYPTION_FAILED,
            WalletError::EmptyPassphrase | WalletError::Coin(_) => code::INVALID_PARAMETER,
            WalletError::NoAddresses(_) | WalletError::NewAddress(_) => {
                code::WALLET_KEYPOOL_RAN_OUT
            }
            WalletError::UnknownTx(_)
            | WalletError::NotAbandonable
            | WalletError::InvalidAddress(_) => code::INVALID_ADDRESS_OR_KEY,
            WalletError::NotLoaded => code::WALLET_NOT_FOUND,
            WalletError::Spend(SpendError::NoPrivateKeys) => code::WALLET,
            WalletError::Spend(_) => code::WALLET_INSUFFICIENT_FUNDS,
            WalletError::Node(_) => code::CLIENT_NOT_CONNECTED,
            WalletError::Stopped(_) => code::MISC,
            _ => code::WALLET,
        };
        Self::new(number, error.to_string())
    }
}
