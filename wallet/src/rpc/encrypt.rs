//! Passphrases.

use std::sync::Arc;

use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Value, json};

use super::{on_wallet_now, wallet_name};
use crate::WalletError;
use crate::context::Context;

/// Longest time that a wallet stays unlocked, in seconds (Core's `MAX_SLEEP_TIME`).
const MAX_UNLOCK: i64 = 100_000_000;

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        CommandSpec::new("wallet", "walletpassphrase", "Unlocks the keys of a wallet for some time.")
            .arg(Arg::str("passphrase", "The passphrase"))
            .arg(Arg::num("timeout", "Seconds, 100000000 at most"))
            .result(ResultDoc::none())
            .cli("\"my pass phrase\" 60")
            .rpc("\"my pass phrase\", 60")
            .run_async(walletpassphrase),
        CommandSpec::new("wallet", "walletpassphrasechange", "Sets another passphrase.")
            .arg(Arg::str("oldpassphrase", "The present one"))
            .arg(Arg::str("newpassphrase", "The new one"))
            .result(ResultDoc::none())
            .cli("\"old one\" \"new one\"")
            .rpc("\"old one\", \"new one\"")
            .run_async(walletpassphrasechange),
        CommandSpec::new("wallet", "walletlock", "Locks the keys of a wallet.")
            .result(ResultDoc::none())
            .cli("")
            .rpc("")
            .run_async(walletlock),
        CommandSpec::new(
            "wallet",
            "encryptwallet",
            "Encrypts the keys of a wallet that is not encrypted. New keys are made for what comes: make a new backup.",
        )
        .arg(Arg::str("passphrase", "The passphrase"))
        .result(ResultDoc::str("", "What was done"))
        .cli("\"my pass phrase\"")
        .rpc("\"my pass phrase\"")
        .run_async(encryptwallet),
    ]
}

/// Refuses what must not happen during a scan.
fn refuse_while_scanning(context: &Context, name: &str, doing: &str) -> Result<(), RpcError> {
    if !context.is_scanning(name) {
        return Ok(());
    }
    Err(RpcError::new(
        code::WALLET,
        format!(
            "Error: the wallet is currently being used to rescan the blockchain for related transactions. Please call \
             `abortrescan` before {doing}."
        ),
    ))
}

async fn walletpassphrase(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    let passphrase = args.str("passphrase")?;
    let seconds: i64 = args.int("timeout")?;
    let encrypted = context
        .handle
        .with(&name, |wallet| Ok(wallet.is_encrypted()))
        .await?;
    if !encrypted {
        return Err(WalletError::NotEncrypted("walletpassphrase").into());
    }
    if seconds < 0 {
        return Err(RpcError::invalid_parameter("Timeout cannot be negative."));
    }
    let seconds = u32::try_from(seconds.min(MAX_UNLOCK)).unwrap_or(u32::MAX);
    context
        .unlock(&name, passphrase.as_bytes(), seconds)
        .await?;
    Ok(Value::Null)
}

async fn walletpassphrasechange(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    refuse_while_scanning(&context, &name, "changing the passphrase")?;
    let old = zeroize::Zeroizing::new(args.str("oldpassphrase")?.to_owned());
    let new = zeroize::Zeroizing::new(args.str("newpassphrase")?.to_owned());
    on_wallet_now(&context, &args, move |wallet| {
        wallet.change_passphrase(old.as_bytes(), new.as_bytes())?;
        Ok(Value::Null)
    })
    .await
}

async fn walletlock(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    let encrypted = context
        .handle
        .with(&name, |wallet| Ok(wallet.is_encrypted()))
        .await?;
    if encrypted {
        refuse_while_scanning(&context, &name, "locking the wallet")?;
    }
    context.lock(&name).await?;
    Ok(Value::Null)
}

async fn encryptwallet(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    refuse_while_scanning(&context, &name, "encrypting the wallet")?;
    let passphrase = zeroize::Zeroizing::new(args.str("passphrase")?.to_owned());
    let now = context.now();
    on_wallet_now(&context, &args, move |wallet| {
        wallet.encrypt(passphrase.as_bytes(), now)?;
        Ok(json!(
            "wallet encrypted; The keypool has been flushed and a new HD seed was generated. You need to make a new \
             backup with the backupwallet RPC."
        ))
    })
    .await
}
