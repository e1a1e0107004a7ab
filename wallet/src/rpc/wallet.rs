//! Facts about a wallet.

use std::sync::Arc;

use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::{doc, last_processed, on_wallet, on_wallet_now, wallet_name};
use crate::context::Context;
use crate::db::record;
use crate::wallet::Wallet;

/// The version that files of descriptor wallets carry for old readers.
const WALLET_VERSION: u32 = 169_900;

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        getwalletinfo_spec().run_async(getwalletinfo),
        CommandSpec::new(
            "wallet",
            "keypoolrefill",
            "Makes addresses ahead of their use.",
        )
        .arg(Arg::num("newsize", "How many").default(1000))
        .result(ResultDoc::none())
        .cli("")
        .rpc("")
        .run_async(keypoolrefill),
        CommandSpec::new("wallet", "setwalletflag", "Changes a flag of a wallet.")
            .arg(Arg::str("flag", "The flag: avoid_reuse"))
            .arg(Arg::bool("value", "Its new value").default(true))
            .result(ResultDoc::object(
                "",
                "",
                vec![
                    ResultDoc::str("flag_name", "The flag"),
                    ResultDoc::bool("flag_state", "Its value"),
                    ResultDoc::str("warnings", "What should be known").optional(),
                ],
            ))
            .cli("avoid_reuse")
            .rpc("\"avoid_reuse\"")
            .run_async(setwalletflag),
    ]
}

fn getwalletinfo_spec() -> CommandSpec {
    let fields = vec![
        ResultDoc::str("walletname", "Its name"),
        ResultDoc::num("walletversion", "Always 169900"),
        ResultDoc::str("format", "Always sqlite"),
        ResultDoc::num("txcount", "Number of transactions"),
        ResultDoc::num("keypoolsize", "Addresses for payers made ahead"),
        ResultDoc::num("keypoolsize_hd_internal", "Addresses for change made ahead").optional(),
        ResultDoc::time("unlocked_until", "When it is locked; 0 where it is").optional(),
        ResultDoc::bool("private_keys_enabled", "Whether it may hold private keys"),
        ResultDoc::bool("avoid_reuse", "Whether it keeps used addresses apart"),
        ResultDoc::object(
            "scanning",
            "How far a scan is, or false",
            vec![
                ResultDoc::num("duration", "Seconds since it began"),
                ResultDoc::num("progress", "Between 0 and 1"),
            ],
        )
        .any_type(),
        ResultDoc::bool("descriptors", "Always true"),
        ResultDoc::bool("external_signer", "Always false"),
        ResultDoc::bool("blank", "Whether it makes no keys by itself"),
        ResultDoc::time("birthtime", "When its first key was made").optional(),
        ResultDoc::array(
            "flags",
            "Flags that are set",
            vec![ResultDoc::str("flag", "A flag")],
        ),
        doc::last_processed(),
    ];
    CommandSpec::new("wallet", "getwalletinfo", "Returns facts about a wallet.")
        .result(ResultDoc::object("", "", fields))
        .cli("")
        .rpc("")
}

async fn getwalletinfo(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    let task = context
        .tasks
        .watch()
        .borrow()
        .iter()
        .find(|task| task.kind == "rescan" && task.wallet == name && !task.is_over())
        .cloned();
    let scanning = task.map_or(json!(false), |task| {
        json!({
            "duration": (context.now() - task.started).max(0),
            "progress": task.progress.unwrap_or_default(),
        })
    });
    on_wallet(&context, &args, move |wallet| Ok(info(wallet, scanning))).await
}

fn info(wallet: &Wallet, scanning: Value) -> Value {
    let (external, internal) = wallet.keypool_sizes();
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("walletname", json!(wallet.name()));
    put("walletversion", json!(WALLET_VERSION));
    put("format", json!("sqlite"));
    put("txcount", json!(wallet.txs().len()));
    put("keypoolsize", json!(external));
    put("keypoolsize_hd_internal", json!(internal));
    if wallet.is_encrypted() {
        put("unlocked_until", json!(wallet.unlocked_until()));
    }
    put("private_keys_enabled", json!(!wallet.is_watch_only()));
    put(
        "avoid_reuse",
        json!(wallet.has_flag(record::FLAG_AVOID_REUSE)),
    );
    put("scanning", scanning);
    put("descriptors", json!(true));
    put("external_signer", json!(false));
    put("blank", json!(wallet.has_flag(record::FLAG_BLANK)));
    if let Some(birth) = wallet.birth_time() {
        put("birthtime", json!(birth));
    }
    let flags: Vec<String> = (0..64)
        .filter(|bit| wallet.flags() & (1 << bit) != 0)
        .map(|bit| {
            let known = record::FLAG_NAMES
                .iter()
                .find(|(flag, _)| *flag == 1 << bit);
            known.map_or_else(
                || format!("unknown_flag_{bit}"),
                |(_, name)| (*name).to_owned(),
            )
        })
        .collect();
    put("flags", json!(flags));
    last_processed(wallet, &mut map);
    Value::Object(map)
}

async fn keypoolrefill(context: Arc<Context>, args: Args) -> RpcResult {
    let size: i64 = args
        .opt_int("newsize")?
        .unwrap_or(i64::from(context.options.keypool));
    let size = u32::try_from(size)
        .map_err(|_| RpcError::invalid_parameter("Invalid parameter, expected valid size."))?;
    on_wallet_now(&context, &args, move |wallet| {
        super::ensure_unlocked(wallet)?;
        wallet.top_up_to(size)?;
        let (external, _) = wallet.keypool_sizes();
        if wallet.can_get_addresses() && external < size {
            return Err(RpcError::new(code::WALLET, "Error refreshing keypool."));
        }
        Ok(Value::Null)
    })
    .await
}

async fn setwalletflag(context: Arc<Context>, args: Args) -> RpcResult {
    let flag = args.str("flag")?.to_owned();
    let value = args.bool("value")?;
    on_wallet_now(&context, &args, move |wallet| {
        let known = record::FLAG_NAMES.iter().find(|(_, name)| *name == flag);
        let Some((bit, _)) = known else {
            return Err(RpcError::invalid_parameter(format!("Unknown wallet flag: {flag}")));
        };
        if *bit != record::FLAG_AVOID_REUSE {
            return Err(RpcError::invalid_parameter(format!("Wallet flag is immutable: {flag}")));
        }
        if wallet.has_flag(*bit) == value {
            return Err(RpcError::invalid_parameter(format!(
                "Wallet flag is already set to {value}: {flag}"
            )));
        }
        wallet.set_avoid_reuse(value)?;
        let mut answer = Map::new();
        answer.insert("flag_name".into(), json!(flag));
        answer.insert("flag_state".into(), json!(value));
        if value {
            answer.insert(
                "warnings".into(),
                json!(
                    "You need to rescan the blockchain in order to correctly mark used destinations in the past. Until \
                     this is done, some destinations may be considered unused, even if the opposite is the case."
                ),
            );
        }
        Ok(Value::Object(answer))
    })
    .await
}
