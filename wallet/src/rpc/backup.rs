//! Backups and scans.

use std::path::PathBuf;
use std::sync::Arc;

use ipc_schema::{FaultCode, IpcError};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Value, json};

use super::{ensure_unlocked, on_wallet, wallet_name};
use crate::context::Context;
use crate::{WalletError, rescan};

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        CommandSpec::new("wallet", "backupwallet", "Writes a backup of a wallet.")
            .arg(Arg::str("destination", "A file, or a directory"))
            .result(ResultDoc::none())
            .cli("\"backup.dat\"")
            .rpc("\"backup.dat\"")
            .run_async(backupwallet),
        CommandSpec::new(
            "wallet",
            "rescanblockchain",
            "Looks through the chain for transactions.",
        )
        .arg(Arg::num("start_height", "First block").default(0))
        .arg(Arg::num("stop_height", "Last block").hint("the newest block"))
        .result(ResultDoc::object(
            "",
            "",
            vec![
                ResultDoc::num("start_height", "First block looked at"),
                ResultDoc::num("stop_height", "Last block looked at; null where none was")
                    .any_type(),
            ],
        ))
        .cli("100000 120000")
        .rpc("100000, 120000")
        .run_async(rescanblockchain),
        CommandSpec::new("wallet", "abortrescan", "Ends a scan that a command began.")
            .result(ResultDoc::bool("", "Whether there was one"))
            .cli("")
            .rpc("")
            .run_async(abortrescan),
    ]
}

async fn backupwallet(context: Arc<Context>, args: Args) -> RpcResult {
    let target = PathBuf::from(args.str("destination")?);
    let now = context.now();
    on_wallet(&context, &args, move |wallet| {
        match wallet.back_up(&target, now) {
            Ok(_) => Ok(Value::Null),
            Err(error) => {
                tracing::warn!("[{}] {error}", wallet.name());
                Err(RpcError::new(code::WALLET, "Error: Wallet backup failed!"))
            }
        }
    })
    .await
}

/// The error of a scan that failed.
pub(super) fn scan_error(error: WalletError) -> RpcError {
    let pruned = matches!(
        &error,
        WalletError::Node(IpcError::Fault(fault)) if matches!(fault.code, FaultCode::Pruned | FaultCode::NotFound)
    );
    if pruned || matches!(error, WalletError::Pruned) {
        return RpcError::misc(
            "Can't rescan beyond pruned data. Use RPC call getblockchaininfo to determine your pruned height.",
        );
    }
    match error {
        error @ (WalletError::Busy(_) | WalletError::NotLoaded) => error.into(),
        error @ WalletError::BlocksToCome => RpcError::misc(error.to_string()),
        error => {
            tracing::warn!("{error}");
            RpcError::misc("Rescan failed. Potentially corrupted data files.")
        }
    }
}

async fn rescanblockchain(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    context.sync(&name).await;
    let mut scan = rescan::begin(&context, &name)?;
    scan.keep_unlocked(&context).await;
    let tip = context
        .handle
        .with(&name, |wallet| {
            Ok(ensure_unlocked(wallet).map(|()| wallet.best().map_or(0, |(_, height)| height)))
        })
        .await??;
    let (start, stop) = heights(&args, tip)?;
    // Goes on where the caller leaves: `abortrescan` ends it.
    let runner = Arc::clone(&context);
    let scan = context
        .runtime
        .spawn(async move { rescan::run(&runner, scan, start, stop).await });
    let scanned = scan.await.map_err(RpcError::bug)?.map_err(scan_error)?;
    if scanned.aborted {
        return Err(RpcError::misc("Rescan aborted."));
    }
    Ok(json!({"start_height": scanned.start, "stop_height": scanned.stop}))
}

fn heights(args: &Args, tip: u32) -> Result<(u32, Option<u32>), RpcError> {
    let height = |name: &str| -> Result<Option<u32>, RpcError> {
        let Some(given) = args.opt_int::<i64>(name)? else {
            return Ok(None);
        };
        u32::try_from(given)
            .ok()
            .filter(|height| *height <= tip)
            .map(Some)
            .ok_or_else(|| RpcError::invalid_parameter(format!("Invalid {name}")))
    };
    let start = height("start_height")?.unwrap_or(0);
    let stop = height("stop_height")?;
    if stop.is_some_and(|stop| stop < start) {
        return Err(RpcError::invalid_parameter(
            "stop_height must be greater than start_height",
        ));
    }
    Ok((start, stop))
}

async fn abortrescan(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    Ok(json!(context.abort_scan(&name)))
}
