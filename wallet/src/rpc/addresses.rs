//! Addresses and labels.

use std::sync::Arc;

use keys::bip32::format_path;
use keys::descriptor::OutputType;
use keys::{Descriptor, SigningKeys};
use primitives::address::Destination;
use primitives::hash::to_hex;
use primitives::script::ScriptKind;
use primitives::{ChainParams, Hash160, Script};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Map, Value, json};

use super::{label_from, on_wallet_now};
use crate::context::Context;
use crate::wallet::{Purpose, Wallet};

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        CommandSpec::new(
            "wallet",
            "getnewaddress",
            "Returns a new address for a payer.",
        )
        .arg(Arg::str("label", "Its label").default(""))
        .arg(address_type())
        .result(ResultDoc::str("address", "The address"))
        .cli("")
        .rpc("")
        .run_async(getnewaddress),
        CommandSpec::new(
            "wallet",
            "getrawchangeaddress",
            "Returns a new address for change.",
        )
        .arg(address_type())
        .result(ResultDoc::str("address", "The address"))
        .cli("")
        .rpc("")
        .run_async(getrawchangeaddress),
        CommandSpec::new("wallet", "setlabel", "Labels an address.")
            .arg(Arg::str("address", "The address"))
            .arg(Arg::str("label", "Its label"))
            .result(ResultDoc::none())
            .cli("\"address\" \"tabby\"")
            .rpc("\"address\", \"tabby\"")
            .run_async(setlabel),
        CommandSpec::new("wallet", "listlabels", "Returns the labels in use.")
            .arg(Arg::str("purpose", "Of such addresses only: send or receive").optional())
            .result(ResultDoc::array(
                "",
                "",
                vec![ResultDoc::str("label", "A label")],
            ))
            .cli("")
            .rpc("receive")
            .run_async(listlabels),
        CommandSpec::new(
            "wallet",
            "getaddressesbylabel",
            "Returns the addresses of a label.",
        )
        .arg(Arg::str("label", "The label"))
        .result(ResultDoc::dyn_object(
            "",
            "By address",
            vec![ResultDoc::object(
                "address",
                "",
                vec![ResultDoc::str("purpose", "send or receive")],
            )],
        ))
        .cli("\"tabby\"")
        .rpc("\"tabby\"")
        .run_async(getaddressesbylabel),
        getaddressinfo_spec().run_async(getaddressinfo),
    ]
}

fn address_type() -> Arg {
    Arg::str(
        "address_type",
        "Its kind: legacy, p2sh-segwit, bech32 or bech32m",
    )
    .hint("set by -addresstype")
}

pub(super) fn kind_from(text: Option<&str>) -> Result<Option<OutputType>, RpcError> {
    let Some(text) = text else { return Ok(None) };
    let kind = OutputType::from_name(text);
    kind.map(Some)
        .ok_or_else(|| RpcError::not_found(format!("Unknown address type '{text}'")))
}

pub(super) fn destination_from(text: &str, params: &ChainParams) -> Result<Destination, RpcError> {
    Destination::from_address(text, params)
        .map_err(|_| RpcError::not_found(format!("Invalid {} address", params.name)))
}

async fn getnewaddress(context: Arc<Context>, args: Args) -> RpcResult {
    let label = label_from(args.opt_str("label")?)?;
    let kind = kind_from(args.opt_str("address_type")?)?;
    let now = context.now();
    on_wallet_now(&context, &args, move |wallet| {
        let destination = wallet.new_address(kind, &label, now)?;
        Ok(json!(destination.to_address(wallet.params())))
    })
    .await
}

async fn getrawchangeaddress(context: Arc<Context>, args: Args) -> RpcResult {
    let kind = kind_from(args.opt_str("address_type")?)?;
    on_wallet_now(&context, &args, move |wallet| {
        let destination = wallet.new_change_address(kind)?;
        Ok(json!(destination.to_address(wallet.params())))
    })
    .await
}

async fn setlabel(context: Arc<Context>, args: Args) -> RpcResult {
    let destination = destination_from(args.str("address")?, context.params)?;
    let label = label_from(Some(args.str("label")?))?;
    on_wallet_now(&context, &args, move |wallet| {
        wallet.set_label(&destination, &label)?;
        Ok(Value::Null)
    })
    .await
}

async fn listlabels(context: Arc<Context>, args: Args) -> RpcResult {
    let purpose = match args.opt_str("purpose")?.filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(Purpose::from_name(text).ok_or_else(|| {
            RpcError::invalid_parameter(
                "Invalid 'purpose' argument, must be a known purpose string, typically 'send', or 'receive'.",
            )
        })?),
    };
    on_wallet_now(&context, &args, move |wallet| {
        Ok(json!(wallet.labels(purpose)))
    })
    .await
}

async fn getaddressesbylabel(context: Arc<Context>, args: Args) -> RpcResult {
    let label = label_from(Some(args.str("label")?))?;
    on_wallet_now(&context, &args, move |wallet| {
        let mut found = Map::new();
        for (destination, entry) in wallet.addresses() {
            if entry.label.as_deref() == Some(label.as_str()) {
                let purpose = entry.purpose.map_or("unknown", Purpose::name);
                let address = destination.to_address(wallet.params());
                found.insert(address, json!({"purpose": purpose}));
            }
        }
        if found.is_empty() {
            return Err(RpcError::new(
                code::WALLET_INVALID_LABEL_NAME,
                format!("No addresses with label {label}"),
            ));
        }
        Ok(Value::Object(found))
    })
    .await
}

fn getaddressinfo_spec() -> CommandSpec {
    let fields = vec![
        ResultDoc::str("address", "The address"),
        ResultDoc::hex("scriptPubKey", "The output script"),
        ResultDoc::bool("ismine", "Whether the wallet owns it"),
        ResultDoc::bool("iswatchonly", "Always false"),
        ResultDoc::bool("solvable", "Whether the wallet knows how to spend it"),
        ResultDoc::str("desc", "Descriptor of the address").optional(),
        ResultDoc::str("parent_desc", "Descriptor it comes from").optional(),
        ResultDoc::bool("isscript", "Whether a script stands behind it").optional(),
        ResultDoc::bool("ischange", "Whether it was used for change"),
        ResultDoc::bool("iswitness", "Whether it is a witness program"),
        ResultDoc::num("witness_version", "Version of the program").optional(),
        ResultDoc::hex("witness_program", "The program").optional(),
        ResultDoc::str("script", "Kind of the script behind it").optional(),
        ResultDoc::hex("hex", "The script behind it").optional(),
        ResultDoc::array(
            "pubkeys",
            "Its keys",
            vec![ResultDoc::str("pubkey", "A key")],
        )
        .optional(),
        ResultDoc::num("sigsrequired", "Signatures it wants").optional(),
        ResultDoc::hex("pubkey", "The key behind it").optional(),
        ResultDoc::object(
            "embedded",
            "The address inside",
            vec![ResultDoc::any("", "")],
        )
        .any_type()
        .optional(),
        ResultDoc::bool("iscompressed", "Whether the key is compressed").optional(),
        ResultDoc::time("timestamp", "When its key was made").optional(),
        ResultDoc::str("hdkeypath", "Path of the key").optional(),
        ResultDoc::hex("hdseedid", "Always zero").optional(),
        ResultDoc::hex("hdmasterfingerprint", "Fingerprint of the root key").optional(),
        ResultDoc::array(
            "labels",
            "Its labels",
            vec![ResultDoc::str("label name", "A label")],
        ),
    ];
    CommandSpec::new(
        "wallet",
        "getaddressinfo",
        "Returns what the wallet knows about an address.",
    )
    .arg(Arg::str("address", "The address"))
    .result(ResultDoc::object("", "", fields))
    .cli("\"address\"")
    .rpc("\"address\"")
}

async fn getaddressinfo(context: Arc<Context>, args: Args) -> RpcResult {
    let destination = Destination::from_address(args.str("address")?, context.params)
        .map_err(|error| RpcError::not_found(error.to_string()))?;
    on_wallet_now(&context, &args, move |wallet| {
        Ok(info(wallet, &destination))
    })
    .await
}

fn info(wallet: &Wallet, destination: &Destination) -> Value {
    let script = destination.to_script();
    let keys = wallet.solving_keys(&script);
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("address", json!(destination.to_address(wallet.params())));
    put("scriptPubKey", json!(script.to_string()));
    put("ismine", json!(wallet.is_mine(&script)));
    let inferred = keys.as_ref().map(|keys| Descriptor::infer(&script, keys));
    let solvable = inferred.as_ref().is_some_and(Descriptor::is_solvable);
    put("solvable", json!(solvable));
    if let Some(descriptor) = inferred.filter(|_| solvable) {
        put("desc", json!(descriptor.to_text(wallet.params())));
    }
    let owner = wallet.owners_of(&script).next();
    if let Some(parent) = wallet.parent_descriptors(&script).into_iter().next() {
        put("parent_desc", json!(parent));
    }
    put("iswatchonly", json!(false));
    for (key, value) in details(&script) {
        put(&key, value);
    }
    if let Some(keys) = &keys {
        for (key, value) in inner(&script, keys, wallet.params()) {
            put(&key, value);
        }
    }
    put("ischange", json!(wallet.is_change(&script)));
    let origin = keys.as_ref().and_then(|keys| {
        let key = key_of(destination, keys)?;
        keys.origin(&key)
    });
    if let (Some(owner), Some(origin)) = (owner, origin) {
        put("timestamp", json!(owner.created));
        put(
            "hdkeypath",
            json!(format!("m{}", format_path(&origin.path, false))),
        );
        put("hdseedid", json!("0".repeat(40)));
        put("hdmasterfingerprint", json!(to_hex(&origin.fingerprint)));
    }
    let labels: Vec<&str> = wallet
        .address_entry(destination)
        .and_then(|entry| entry.label.as_deref())
        .into_iter()
        .collect();
    put("labels", json!(labels));
    Value::Object(map)
}

/// The one key behind an address, where it is one (Core's `GetKeyForDestination`).
fn key_of(destination: &Destination, keys: &SigningKeys) -> Option<Hash160> {
    match destination {
        Destination::PubKeyHash(hash) | Destination::WitnessV0KeyHash(hash) => Some(*hash),
        Destination::ScriptHash(hash) => match keys.script(hash)?.kind() {
            ScriptKind::WitnessV0KeyHash(hash) => Some(hash),
            _ => None,
        },
        Destination::WitnessV1Taproot(output) => {
            let spend = keys.taproot(output)?;
            match spend.merkle_root {
                None => keys.id_of_x_only(&spend.internal),
                Some(_) => None,
            }
        }
        _ => None,
    }
}

/// What the script itself tells (Core's `DescribeAddress`).
fn details(script: &Script) -> Vec<(String, Value)> {
    let mut list: Vec<(&str, Value)> = Vec::new();
    match script.kind() {
        ScriptKind::PubKeyHash(_) => {
            list.extend([("isscript", json!(false)), ("iswitness", json!(false))]);
        }
        ScriptKind::ScriptHash(_) => {
            list.extend([("isscript", json!(true)), ("iswitness", json!(false))]);
        }
        ScriptKind::Anchor => {
            list.extend([("isscript", json!(true)), ("iswitness", json!(true))]);
        }
        kind => {
            match kind {
                ScriptKind::WitnessV0KeyHash(_) => list.push(("isscript", json!(false))),
                ScriptKind::WitnessV0ScriptHash(_) | ScriptKind::WitnessV1Taproot(_) => {
                    list.push(("isscript", json!(true)));
                }
                _ => {}
            }
            if let Some((version, program)) = script.as_witness_program() {
                list.push(("iswitness", json!(true)));
                list.push(("witness_version", json!(version)));
                list.push(("witness_program", json!(to_hex(program))));
            }
        }
    }
    list.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// What the wallet's keys tell about the script (Core's `DescribeWalletAddress`).
fn inner(script: &Script, keys: &SigningKeys, params: &ChainParams) -> Vec<(String, Value)> {
    let mut list: Vec<(&str, Value)> = Vec::new();
    let key_of = |hash| keys.public_key(hash).map(to_hex);
    match script.kind() {
        ScriptKind::PubKeyHash(hash) => {
            if let Some(bytes) = keys.public_key(&hash) {
                list.push(("pubkey", json!(to_hex(bytes))));
                list.push(("iscompressed", json!(bytes.len() == 33)));
            }
        }
        ScriptKind::WitnessV0KeyHash(hash) => {
            list.extend(key_of(&hash).map(|key| ("pubkey", json!(key))));
        }
        ScriptKind::ScriptHash(hash) => {
            if let Some(redeem) = keys.script(&hash) {
                behind(redeem, keys, params, &mut list);
            }
        }
        ScriptKind::WitnessV0ScriptHash(program) => {
            if let Some(witness) = keys.witness_script(&program) {
                behind(witness, keys, params, &mut list);
            }
        }
        _ => {}
    }
    list.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// The script behind a hash.
fn behind(
    script: &Script,
    keys: &SigningKeys,
    params: &ChainParams,
    list: &mut Vec<(&str, Value)>,
) {
    list.push(("script", json!(script.kind().name())));
    list.push(("hex", json!(script.to_string())));
    if let ScriptKind::Multisig(need, all) = script.kind() {
        list.push(("sigsrequired", json!(need)));
        let all: Vec<String> = all.iter().map(|key| to_hex(key)).collect();
        list.push(("pubkeys", json!(all)));
    } else if let Some(destination) = Destination::from_script(script) {
        let mut embedded: Map<String, Value> = details(script)
            .into_iter()
            .chain(inner(script, keys, params))
            .collect();
        embedded.insert("address".into(), json!(destination.to_address(params)));
        embedded.insert("scriptPubKey".into(), json!(script.to_string()));
        if let Some(key) = embedded.get("pubkey") {
            list.push(("pubkey", key.clone()));
        }
        list.push(("embedded", Value::Object(embedded)));
    }
}
