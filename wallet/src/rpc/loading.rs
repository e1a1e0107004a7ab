//! Making, opening and closing wallets.

use std::path::PathBuf;
use std::sync::Arc;

use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::{doc, with_warnings};
use crate::WalletError;
use crate::context::{Context, Opening};
use crate::wallet::NewWallet;

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        createwallet_spec().run_async(createwallet),
        CommandSpec::new("wallet", "loadwallet", "Opens a wallet.")
            .arg(Arg::str("filename", "Its directory below the wallet directory, or its file"))
            .arg(load_on_startup())
            .result(named_result())
            .cli("\"walletname\"")
            .rpc("\"walletname\"")
            .run_async(loadwallet),
        CommandSpec::new(
            "wallet",
            "unloadwallet",
            "Closes the wallet that the path or the argument names; both must agree where both are given.",
        )
        .arg(Arg::str("wallet_name", "Its name").hint("the wallet of the path"))
        .arg(load_on_startup())
        .result(ResultDoc::object("", "", vec![doc::warnings()]))
        .cli("wallet_name")
        .rpc("\"wallet_name\"")
        .run_async(unloadwallet),
        CommandSpec::new("wallet", "restorewallet", "Makes a wallet from a backup and opens it.")
            .arg(Arg::str("wallet_name", "Name of the new wallet"))
            .arg(Arg::str("backup_file", "The backup"))
            .arg(load_on_startup())
            .result(named_result())
            .cli("\"testwallet\" \"home\\backups\\backup-file.bak\"")
            .rpc("\"testwallet\", \"home\\backups\\backup-file.bak\"")
            .run_async(restorewallet),
        CommandSpec::new("wallet", "listwallets", "Returns the names of the open wallets.")
            .result(ResultDoc::array("", "", vec![ResultDoc::str("walletname", "A name")]))
            .cli("")
            .rpc("")
            .run_async(listwallets),
        CommandSpec::new("wallet", "listwalletdir", "Returns the wallets of the wallet directory.")
            .result(ResultDoc::object(
                "",
                "",
                vec![ResultDoc::array(
                    "wallets",
                    "",
                    vec![ResultDoc::object(
                        "",
                        "",
                        vec![ResultDoc::str("name", "Its name"), doc::warnings()],
                    )],
                )],
            ))
            .cli("")
            .rpc("")
            .run_async(listwalletdir),
    ]
}

fn load_on_startup() -> Arg {
    Arg::bool(
        "load_on_startup",
        "Open it at every start, or no longer; left as it is where this is not given",
    )
    .optional()
}

fn named_result() -> ResultDoc {
    ResultDoc::object(
        "",
        "",
        vec![ResultDoc::str("name", "Its name"), doc::warnings()],
    )
}

fn createwallet_spec() -> CommandSpec {
    CommandSpec::new("wallet", "createwallet", "Makes a wallet and opens it.")
        .arg(Arg::str(
            "wallet_name",
            "Its name, also that of its directory",
        ))
        .arg(Arg::bool("disable_private_keys", "Never hold private keys").default(false))
        .arg(Arg::bool("blank", "Make no keys; they can be imported").default(false))
        .arg(Arg::str("passphrase", "Encrypt the keys with this").optional())
        .arg(Arg::bool("avoid_reuse", "Keep used addresses apart").default(false))
        .arg(Arg::bool("descriptors", "Must be true").default(true))
        .arg(load_on_startup())
        .arg(Arg::bool("external_signer", "Must be false").default(false))
        .result(named_result())
        .cli("\"testwallet\"")
        .rpc("\"testwallet\"")
}

/// Tells at which step a wallet could not be opened, as Core does.
fn loading_error(error: WalletError) -> RpcError {
    let stage = match &error {
        WalletError::Db(_) | WalletError::Name(_) => "Wallet file verification failed. ",
        WalletError::Corrupt { .. }
        | WalletError::TooNew(_)
        | WalletError::UnknownDescriptor { .. }
        | WalletError::ExternalSigner(_)
        | WalletError::Legacy(_)
        | WalletError::LegacyEntry(_)
        | WalletError::OtherChain
        | WalletError::Pruned
        | WalletError::BelowSnapshot(_) => "Wallet loading failed. ",
        _ => "",
    };
    let loaded = matches!(&error, WalletError::File(text) if text.ends_with("is already loaded."));
    let empty = matches!(&error, WalletError::File(text) if text == "Wallet name cannot be empty");
    let missing = matches!(&error, WalletError::File(text) if text == "Backup file does not exist");
    let exists =
        matches!(&error, WalletError::File(text) if text.starts_with("Failed to restore wallet."));
    let mut error = RpcError::from(error);
    error.message = format!("{stage}{}", error.message);
    if loaded {
        error.code = code::WALLET_ALREADY_LOADED;
    } else if empty || missing {
        error.code = code::INVALID_PARAMETER;
    } else if exists {
        error.code = code::WALLET_ALREADY_EXISTS;
    }
    error
}

/// As [`loading_error`]; a name that is taken has no number of its own here, only where a backup is restored.
fn creation_error(error: WalletError) -> RpcError {
    let mut error = loading_error(error);
    if error.code == code::WALLET_ALREADY_EXISTS {
        error.code = code::WALLET;
    }
    error
}

/// The answer about an opened wallet, after the start setting was changed as asked.
async fn named(
    context: &Context,
    name: &str,
    load: Option<bool>,
    mut warnings: Vec<String>,
) -> RpcResult {
    if let Some(load) = load {
        warnings.extend(context.load_on_startup(name, load).await);
    }
    let mut answer = Map::new();
    answer.insert("name".into(), json!(name));
    Ok(with_warnings(answer, warnings))
}

async fn createwallet(context: Arc<Context>, args: Args) -> RpcResult {
    if !args.bool("descriptors")? {
        return Err(RpcError::new(
            code::WALLET,
            "descriptors argument must be set to \"true\"; it is no longer possible to create a legacy wallet.",
        ));
    }
    if args.bool("external_signer")? {
        return Err(RpcError::new(
            code::WALLET,
            "Compiled without external signing support (required for external signing)",
        ));
    }
    let name = args.str("wallet_name")?;
    let new = NewWallet {
        disable_private_keys: args.bool("disable_private_keys")?,
        blank: args.bool("blank")?,
        avoid_reuse: args.bool("avoid_reuse")?,
        ..NewWallet::default()
    };
    let passphrase = args.opt_str("passphrase")?;
    let mut warnings = Vec::new();
    if passphrase == Some("") {
        warnings.push("Empty string given as passphrase, wallet will not be encrypted.".to_owned());
    }
    let passphrase = passphrase.unwrap_or_default();
    if !passphrase.is_empty() && new.disable_private_keys {
        return Err(RpcError::new(
            code::WALLET,
            "Passphrase provided but private keys are disabled. A passphrase is only used to encrypt private keys, so \
             cannot be used for wallets with private keys disabled.",
        ));
    }
    let made = context.create(name, new, passphrase.as_bytes()).await;
    warnings.extend(made.map_err(creation_error)?);
    named(&context, name, args.opt_bool("load_on_startup")?, warnings).await
}

async fn loadwallet(context: Arc<Context>, args: Args) -> RpcResult {
    let name = args.str("filename")?;
    let warnings = context
        .open(name, Opening::OnRequest)
        .await
        .map_err(loading_error)?;
    context.sync(name).await;
    named(&context, name, args.opt_bool("load_on_startup")?, warnings).await
}

async fn restorewallet(context: Arc<Context>, args: Args) -> RpcResult {
    let name = args.str("wallet_name")?;
    let backup = PathBuf::from(args.str("backup_file")?);
    let warnings = context.restore(name, backup).await.map_err(loading_error)?;
    context.sync(name).await;
    named(&context, name, args.opt_bool("load_on_startup")?, warnings).await
}

async fn unloadwallet(context: Arc<Context>, args: Args) -> RpcResult {
    let named = args.opt_str("wallet_name")?.map(str::to_owned);
    let name = match (args.caller().wallet_name(), named) {
        (Some(path), Some(named)) if path != named => {
            return Err(RpcError::invalid_parameter(
                "The RPC endpoint wallet and the wallet name parameter specify different wallets",
            ));
        }
        (Some(path), _) => path,
        (None, Some(named)) => named,
        (None, None) => {
            return Err(RpcError::invalid_parameter(
                "Either the RPC endpoint wallet or the wallet name parameter must be provided",
            ));
        }
    };
    if context.is_scanning(&name) {
        return Err(RpcError::new(
            code::WALLET,
            "Wallet is currently rescanning. Abort existing rescan or wait.",
        ));
    }
    context.close(&name).await?;
    let mut warnings = Vec::new();
    if let Some(load) = args.opt_bool("load_on_startup")? {
        warnings = context.load_on_startup(&name, load).await;
    }
    Ok(with_warnings(Map::new(), warnings))
}

async fn listwallets(context: Arc<Context>, _: Args) -> RpcResult {
    let names = context
        .handle
        .call(|wallets| wallets.names())
        .await
        .map_err(WalletError::from)?;
    Ok(json!(names))
}

async fn listwalletdir(context: Arc<Context>, _: Args) -> RpcResult {
    let list = context
        .handle
        .call(|wallets| wallets.list())
        .await
        .map_err(WalletError::from)?;
    let wallets: Vec<Value> = list
        .into_iter()
        .map(|item| json!({"name": item.name}))
        .collect();
    Ok(json!({"wallets": wallets}))
}
