//! Descriptors: listing and importing them.

use std::sync::Arc;

use keys::Descriptor;
use keys::descriptor::DescriptorCache;
use primitives::ChainParams;
use rpc::value::{self, JsonType};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::{backup, ensure_unlocked, label_from, on_wallet_now, wallet_name};
use crate::WalletError;
use crate::context::Context;
use crate::rescan;
use crate::scriptpubkeyman::{KeyStore, keys_in_text};
use crate::wallet::{ImportDescriptor, Wallet};

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        listdescriptors_spec().run_async(listdescriptors),
        importdescriptors_spec().run_async(importdescriptors),
    ]
}

fn listdescriptors_spec() -> CommandSpec {
    let fields = vec![
        ResultDoc::str("desc", "Its text"),
        ResultDoc::num("timestamp", "When it was made"),
        ResultDoc::bool("active", "Whether new addresses come from it"),
        ResultDoc::bool("internal", "Whether those are for change").optional(),
        ResultDoc::array(
            "range",
            "First and last index",
            vec![ResultDoc::num("", "")],
        )
        .optional(),
        ResultDoc::num("next", "Same as next_index").optional(),
        ResultDoc::num("next_index", "Index of the next address").optional(),
    ];
    CommandSpec::new(
        "wallet",
        "listdescriptors",
        "Returns the descriptors of a wallet.",
    )
    .arg(Arg::bool("private", "Show private keys").default(false))
    .result(ResultDoc::object(
        "",
        "",
        vec![
            ResultDoc::str("wallet_name", "The wallet"),
            ResultDoc::array("descriptors", "", vec![ResultDoc::object("", "", fields)]),
        ],
    ))
    .cli("")
    .rpc("true")
}

async fn listdescriptors(context: Arc<Context>, args: Args) -> RpcResult {
    let private = args.bool("private")?;
    on_wallet_now(&context, &args, move |wallet| {
        if private && wallet.is_watch_only() {
            return Err(RpcError::new(
                code::WALLET,
                "Can't get private descriptor string for watch-only wallets",
            ));
        }
        let list: Vec<Value> = wallet
            .list_descriptors(private)?
            .into_iter()
            .map(|info| {
                let mut map = Map::new();
                map.insert("desc".into(), json!(info.text));
                map.insert("timestamp".into(), json!(info.created));
                map.insert("active".into(), json!(info.active));
                if let Some(internal) = info.internal {
                    map.insert("internal".into(), json!(internal));
                }
                if let Some((first, last)) = info.range {
                    map.insert("range".into(), json!([first, last]));
                    map.insert("next".into(), json!(info.next_index));
                    map.insert("next_index".into(), json!(info.next_index));
                }
                Value::Object(map)
            })
            .collect();
        Ok(json!({"wallet_name": wallet.name(), "descriptors": list}))
    })
    .await
}

fn importdescriptors_spec() -> CommandSpec {
    let request = Arg::object(
        "",
        "",
        vec![
            Arg::str("desc", "The descriptor"),
            Arg::bool("active", "Make new addresses from it").default(false),
            Arg::range("range", "Indices to watch").optional(),
            Arg::num("next_index", "Index of the next address").optional(),
            Arg::num(
                "timestamp",
                "When it was made, in seconds since 1970, or \"now\": nothing before is looked at",
            )
            .any_type()
            .type_words("timestamp | \"now\"", "integer / string"),
            Arg::bool("internal", "Its addresses are for change").default(false),
            Arg::str("label", "Label of its address").default(""),
        ],
    )
    .optional();
    let result = vec![
        ResultDoc::bool("success", ""),
        super::doc::warnings(),
        ResultDoc::object(
            "error",
            "",
            vec![
                ResultDoc::num("code", "Its number"),
                ResultDoc::str("message", "Its text"),
            ],
        )
        .optional(),
    ];
    CommandSpec::new(
        "wallet",
        "importdescriptors",
        "Adds descriptors and looks through the chain for their transactions. Make a new backup afterwards.",
    )
    .arg(Arg::array("requests", "The descriptors", vec![request]).oneline("requests"))
    .result(ResultDoc::array("", "One for each", vec![ResultDoc::object("", "", result)]))
    .cli("'[{ \"desc\": \"<my descriptor>\", \"timestamp\": 1455191478, \"internal\": true }]'")
}

fn timestamp_of(object: &Map<String, Value>, now: i64) -> Result<i64, RpcError> {
    match object.get("timestamp") {
        Some(stamp @ Value::Number(_)) => value::int_from(stamp),
        Some(Value::String(text)) if text == "now" => Ok(now),
        Some(other) => Err(RpcError::type_error(format!(
            "Expected number or \"now\" timestamp value for key. got type {}",
            JsonType::of(other).name()
        ))),
        None => Err(RpcError::type_error(
            "Missing required timestamp field for key",
        )),
    }
}

fn checked_range(
    object: &Map<String, Value>,
    is_range: bool,
    keypool: u32,
    warnings: &mut Vec<String>,
) -> Result<((i32, i32), i32), RpcError> {
    let given = object.get("range");
    if !is_range {
        return match given {
            Some(_) => Err(RpcError::invalid_parameter(
                "Range should not be specified for an un-ranged descriptor",
            )),
            None => Ok(((0, 1), 0)),
        };
    }
    let narrow = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let (start, end) = match given {
        Some(range) => {
            let (first, last) = value::range_from(range)?;
            (narrow(first), narrow(last).saturating_add(1))
        }
        None => {
            warnings.push("Range not given, using default keypool range".to_owned());
            (0, narrow(keypool))
        }
    };
    let next = match object.get("next_index") {
        Some(next) => value::int_from::<i64>(next)?,
        None => i64::from(start),
    };
    let next = i32::try_from(next)
        .ok()
        .filter(|next| (start..end).contains(next))
        .ok_or_else(|| RpcError::invalid_parameter("next_index is out of range"))?;
    Ok(((start, end), next))
}

fn flag(object: &Map<String, Value>, key: &str) -> Result<bool, RpcError> {
    object.get(key).map_or(Ok(false), value::bool_from)
}

/// Checks a request (Core's `ProcessDescriptorImport`).
fn read_request(
    wallet: &Wallet,
    object: &Map<String, Value>,
    timestamp: i64,
    warnings: &mut Vec<String>,
) -> Result<Vec<ImportDescriptor>, RpcError> {
    let params: &ChainParams = wallet.params();
    let text = object
        .get("desc")
        .ok_or_else(|| RpcError::invalid_parameter("Descriptor not found."))?;
    let text = value::str_from(text)?;
    let (active, internal) = (flag(object, "active")?, flag(object, "internal")?);
    let label = object.get("label").map(value::str_from).transpose()?;
    let label_text = label_from(label)?;
    let parsed = Descriptor::parse(text, params, true)
        .map_err(|error| RpcError::not_found(error.to_string()))?;
    let first = parsed
        .first()
        .ok_or_else(|| RpcError::bug("no descriptor in a descriptor"))?;
    if parsed.len() > 1 && object.contains_key("internal") {
        return Err(RpcError::not_found(
            "Cannot have multipath descriptor while also specifying 'internal'",
        ));
    }
    let is_range = first.is_range();
    let keypool = wallet.options().keypool;
    let (range, next_index) = checked_range(object, is_range, keypool, warnings)?;
    let invalid = |text: &str| Err(RpcError::invalid_parameter(text));
    match label {
        _ if active && !is_range => return invalid("Active descriptors must be ranged"),
        Some(_) if parsed.len() > 1 => {
            return invalid("Multipath descriptors should not have a label");
        }
        Some(_) if is_range => return invalid("Ranged descriptors should not have a label"),
        Some(_) if internal => return invalid("Internal addresses should not have a label"),
        _ => {}
    }
    let refused = |text: &str| Err(RpcError::new(code::WALLET, text));
    if active && !first.is_single_type() {
        return refused("Combo descriptors cannot be set to active");
    }
    check_keys(wallet, &parsed, warnings)?;
    let several = parsed.len();
    let imports = parsed
        .into_iter()
        .enumerate()
        .map(|(place, descriptor)| ImportDescriptor {
            descriptor,
            active,
            internal: if several == 2 { place == 1 } else { internal },
            range,
            next_index,
            created: u64::try_from(timestamp).unwrap_or(0),
            label: (!is_range).then(|| label_text.clone()),
        })
        .collect();
    Ok(imports)
}

fn check_keys(
    wallet: &Wallet,
    parsed: &[Descriptor],
    warnings: &mut Vec<String>,
) -> Result<(), RpcError> {
    let refused = |text: &str| Err(RpcError::new(code::WALLET, text));
    let private = parsed.iter().any(Descriptor::has_private_keys);
    if wallet.is_watch_only() && private {
        return refused("Cannot import private keys to a wallet with private keys disabled");
    }
    for descriptor in parsed {
        // A key that stands in the text is known wherever its public key stands.
        let own = KeyStore::Plain(keys_in_text(descriptor)).open(None, wallet.params().hashes);
        let mut fresh = DescriptorCache::default();
        let known = DescriptorCache::default();
        if descriptor.expand(0, &own, &known, &mut fresh).is_err() {
            return refused(
                "Cannot expand descriptor. Probably because of hardened derivations without private keys provided",
            );
        }
        if !wallet.is_watch_only() {
            if !descriptor.has_private_keys() {
                return refused(
                    "Cannot import descriptor without private keys to a wallet with private keys enabled",
                );
            }
            if !descriptor.has_all_private_keys(&own) {
                warnings.push(
                    "Not all private keys provided. Some wallet functionality may return unexpected errors"
                        .to_owned(),
                );
            }
        }
        if !descriptor.has_scripts() {
            if wallet.is_watch_only() {
                return refused("Cannot import unused() to wallet without private keys enabled");
            }
            if wallet.has_key_of(descriptor) {
                return refused(
                    "Cannot import an unused() descriptor when its private key is already in the wallet",
                );
            }
        }
    }
    Ok(())
}

/// Imports one descriptor. A value of the wrong type ends the whole call, as in Core; any other fault is told for this one.
fn import_one(
    wallet: &mut Wallet,
    object: &Map<String, Value>,
    timestamp: i64,
) -> Result<Value, RpcError> {
    let mut answer = Map::new();
    let mut warnings = Vec::new();
    let read = read_request(wallet, object, timestamp, &mut warnings);
    if let Err(error) = &read
        && error.code == code::TYPE
    {
        return Err(error.clone());
    }
    let done = read.and_then(|imports| {
        for import in &imports {
            let imported = wallet.import_descriptor(import).map_err(|error| {
                // The text is the caller's own, with whatever keys stand in it.
                let text = value::field(object, "desc").as_str().unwrap_or_default();
                RpcError::new(
                    code::WALLET,
                    format!("Could not add descriptor '{text}': {error}"),
                )
            })?;
            warnings.extend(imported.map(str::to_owned));
        }
        Ok(())
    });
    answer.insert("success".into(), json!(done.is_ok()));
    if let Err(error) = done {
        answer.insert("error".into(), error.to_value());
    }
    Ok(super::with_warnings(answer, warnings))
}

async fn importdescriptors(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    let mut scan = rescan::begin(&context, &name)?;
    scan.keep_unlocked(&context).await;
    context.sync(&name).await;
    let tip = context.chain.state().tip;
    let now = tip.map_or_else(|| context.now(), |tip| tip.median_time);
    let requests: Vec<Value> = args.array("requests")?.to_vec();
    let mut stamps: Vec<i64> = Vec::new();
    for request in &requests {
        let empty = Map::new();
        let stamp = timestamp_of(request.as_object().unwrap_or(&empty), now)?;
        stamps.push(stamp);
    }
    let given: Vec<i64> = stamps.iter().map(|stamp| *stamp.max(&1)).collect();
    let lowest = given
        .iter()
        .copied()
        .min()
        .unwrap_or(now)
        .min(tip.map_or(now, |tip| tip.time));
    let mut answers = context
        .handle
        .with(&name, move |wallet| {
            Ok(ensure_unlocked(wallet).and_then(|()| {
                requests
                    .iter()
                    .zip(given)
                    .filter_map(|(request, stamp)| {
                        Some(import_one(wallet, request.as_object()?, stamp))
                    })
                    .collect::<Result<Vec<Value>, RpcError>>()
            }))
        })
        .await??;
    if answers
        .iter()
        .any(|answer| answer["success"] == json!(true))
        && let Some(unread) = scan_after_import(&context, &name, lowest, scan).await?
    {
        for (answer, stamp) in answers.iter_mut().zip(stamps) {
            // Nothing of a later descriptor lies in what could not be read.
            let concerned = stamp <= unread.time + rescan::TIMESTAMP_WINDOW;
            if concerned && answer["success"] == json!(true) {
                *answer = not_scanned(stamp, unread);
            }
        }
    }
    Ok(Value::Array(answers))
}

/// Why blocks could not be read, and the time of one of them.
#[derive(Clone, Copy)]
struct NotScanned {
    time: i64,
    reason: &'static str,
}

/// What Core says where blocks were pruned.
const PRUNED: &str = "This error could be caused by pruning or data corruption (see debug.log for details) and could be dealt \
                      with by downloading and rescanning the relevant blocks (see -reindex option and rescanblockchain RPC).";
/// What Core says where blocks below a snapshot are still to come.
const TO_COME: &str = "This error is likely caused by an in-progress assumeutxo background sync. Check logs or getchainstates \
                       RPC for assumeutxo background sync progress and try again later.";
/// What Core says where neither is the case.
const CORRUPT: &str = "This error could potentially caused by data corruption. If the issue persists you may want to reindex \
                       (see -reindex option).";

/// The answer for a descriptor whose transactions could not be looked for to the end.
fn not_scanned(stamp: i64, NotScanned { time, reason }: NotScanned) -> Value {
    let window = rescan::TIMESTAMP_WINDOW;
    let text = format!(
        "Rescan failed for descriptor with timestamp {stamp}. There was an error reading a block from time {time}, which \
         is after or within {window} seconds of key creation, and could contain transactions pertaining to the desc. As a \
         result, transactions and coins using this desc may not appear in the wallet. {reason}"
    );
    json!({"success": false, "error": RpcError::misc(text).to_value()})
}

/// Which block from `height` on cannot be read, and why.
async fn unreadable_since(context: &Context, mut height: u32) -> NotScanned {
    let stored = context.ask(|chain| async move { chain.stored_blocks().await });
    let mut reason = CORRUPT;
    match stored.await {
        Ok(stored) if stored.first > height => {
            height = stored.first - 1;
            reason = if stored.below_snapshot {
                TO_COME
            } else {
                PRUNED
            };
        }
        _ => height = first_unreadable(context, height).await,
    }
    let found = context
        .ask(|chain| async move { chain.block_at(height).await })
        .await;
    let tip = || context.chain.state().tip;
    let block = found.ok().flatten().or_else(tip);
    NotScanned {
        time: block.map_or_else(|| context.now(), |block| block.time),
        reason,
    }
}

/// The first block from `height` on that cannot be read.
async fn first_unreadable(context: &Context, mut height: u32) -> u32 {
    // Without the blocks' data there is no telling which one it was: the node answers up to it.
    while let Ok(blocks) = context
        .ask(|chain| async move { chain.blocks(height, rescan::SCAN_BYTES).await })
        .await
    {
        match blocks.last() {
            Some(last) => height = last.tip.height + 1,
            None => break,
        }
    }
    height
}

/// Looks through the chain; says what could not be read, where something could not.
async fn scan_after_import(
    context: &Arc<Context>,
    name: &str,
    lowest: i64,
    scan: rescan::Scan,
) -> Result<Option<NotScanned>, RpcError> {
    // `start_height` goes back two hours by itself.
    let start = ipc_schema::RescanStart::Time(lowest);
    let height = rescan::start_height(context, start)
        .await
        .map_err(backup::scan_error)?;
    let runner = Arc::clone(context);
    let scan = context
        .runtime
        .spawn(async move { rescan::run(&runner, scan, height, None).await });
    match scan.await.map_err(RpcError::bug)? {
        Ok(scanned) if scanned.aborted => Err(RpcError::misc("Rescan aborted by user.")),
        Ok(_) => Ok(None),
        Err(error @ (WalletError::Busy(_) | WalletError::NotLoaded)) => Err(error.into()),
        Err(error) => {
            tracing::warn!("[{name}] {error}");
            Ok(Some(unreadable_since(context, height).await))
        }
    }
}
