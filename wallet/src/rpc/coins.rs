//! Balances and coins.

use std::sync::Arc;

use ipc_schema::Ancestry;
use keys::Descriptor;
use primitives::address::Destination;
use primitives::script::ScriptKind;
use primitives::{Amount, OutPoint, Txid};
use rpc::value::{self, JsonType};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, amount, code};
use serde_json::{Map, Value, json};

use super::{doc, last_processed, on_wallet, on_wallet_now, wallet_name};
use crate::context::{self, Context};
use crate::db::record;
use crate::wallet::{AvailableCoin, BalanceQuery, CoinFilter, Wallet};

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        CommandSpec::new("wallet", "getbalance", "Returns what can be spent.")
            .arg(Arg::str("dummy", "Must be left out, or \"*\"").optional())
            .arg(Arg::num("minconf", "Fewest confirmations").default(0))
            .arg(Arg::bool("include_watchonly", "Without effect").optional())
            .arg(Arg::bool("avoid_reuse", "Leave out what lies on used addresses").default(true))
            .result(ResultDoc::amount("amount", "The sum"))
            .cli("")
            .rpc("\"*\", 6")
            .run_async(getbalance),
        getbalances_spec().run_async(getbalances),
        listunspent_spec().run_async(listunspent),
        lockunspent_spec().run_async(lockunspent),
        CommandSpec::new(
            "wallet",
            "listlockunspent",
            "Returns the coins that are frozen.",
        )
        .result(ResultDoc::array("", "", vec![outpoint_doc()]))
        .cli("")
        .rpc("")
        .run_async(listlockunspent),
        CommandSpec::new(
            "wallet",
            "getreceivedbyaddress",
            "Returns what an address received.",
        )
        .arg(Arg::str("address", "The address"))
        .arg(Arg::num("minconf", "Fewest confirmations").default(1))
        .arg(
            Arg::bool(
                "include_immature_coinbase",
                "Count rewards that are not ripe",
            )
            .default(false),
        )
        .result(ResultDoc::amount("amount", "The sum"))
        .cli("\"address\"")
        .rpc("\"address\", 6")
        .run_async(getreceivedbyaddress),
    ]
}

fn outpoint_doc() -> ResultDoc {
    ResultDoc::object(
        "",
        "",
        vec![
            ResultDoc::hex("txid", "Its transaction"),
            ResultDoc::num("vout", "Its number"),
        ],
    )
}

async fn getbalance(context: Arc<Context>, args: Args) -> RpcResult {
    if args.opt_str("dummy")?.is_some_and(|dummy| dummy != "*") {
        return Err(RpcError::new(
            code::METHOD_DEPRECATED,
            "dummy first argument must be excluded or set to \"*\".",
        ));
    }
    let min_depth: i32 = args.int("minconf")?;
    let avoid_reuse = args
        .is_given("avoid_reuse")
        .then(|| args.bool("avoid_reuse"))
        .transpose()?;
    on_wallet(&context, &args, move |wallet| {
        let avoid_reuse = avoid_reuse_flag(wallet, avoid_reuse)?;
        let query = BalanceQuery {
            min_depth,
            avoid_reuse,
            include_nonmempool: false,
        };
        Ok(amount(wallet.balances(query).trusted.sat()))
    })
    .await
}

/// The value of an `avoid_reuse` argument (Core's `GetAvoidReuseFlag`).
pub(super) fn avoid_reuse_flag(wallet: &Wallet, given: Option<bool>) -> Result<bool, RpcError> {
    let can = wallet.has_flag(record::FLAG_AVOID_REUSE);
    match given {
        Some(true) if !can => Err(RpcError::new(
            code::WALLET,
            "wallet does not have the \"avoid reuse\" feature enabled",
        )),
        given => Ok(given.unwrap_or(can)),
    }
}

fn getbalances_spec() -> CommandSpec {
    let mine = vec![
        ResultDoc::amount("trusted", "Ready to spend"),
        ResultDoc::amount("untrusted_pending", "From others, in the mempool"),
        ResultDoc::amount("immature", "Mined, not ripe"),
        ResultDoc::amount(
            "nonmempool",
            "Coins spent by payments outside the mempool, negative",
        ),
        ResultDoc::amount(
            "used",
            "On used addresses, where the wallet keeps them apart",
        )
        .optional(),
    ];
    CommandSpec::new("wallet", "getbalances", "Returns all balances.")
        .result(ResultDoc::object(
            "",
            "",
            vec![
                ResultDoc::object("mine", "The wallet's", mine),
                doc::last_processed(),
            ],
        ))
        .cli("")
        .rpc("")
}

async fn getbalances(context: Arc<Context>, args: Args) -> RpcResult {
    on_wallet(&context, &args, |wallet| {
        let query = BalanceQuery {
            min_depth: 0,
            avoid_reuse: true,
            include_nonmempool: true,
        };
        let sums = wallet.balances(query);
        let mut mine = Map::new();
        mine.insert("trusted".into(), amount(sums.trusted.sat()));
        mine.insert(
            "untrusted_pending".into(),
            amount(sums.untrusted_pending.sat()),
        );
        mine.insert("immature".into(), amount(sums.immature.sat()));
        mine.insert("nonmempool".into(), amount(sums.nonmempool.sat()));
        if wallet.has_flag(record::FLAG_AVOID_REUSE) {
            mine.insert("used".into(), amount(sums.used.sat()));
        }
        let mut answer = Map::new();
        answer.insert("mine".into(), Value::Object(mine));
        last_processed(wallet, &mut answer);
        Ok(Value::Object(answer))
    })
    .await
}

fn listunspent_spec() -> CommandSpec {
    let options = vec![
        Arg::amount("minimumAmount", "Least value").default("0.00"),
        Arg::amount("maximumAmount", "Greatest value").hint("unlimited"),
        Arg::num("maximumCount", "Most coins").hint("unlimited"),
        Arg::amount("minimumSumAmount", "Enough once they sum up to this").hint("unlimited"),
        Arg::bool(
            "include_immature_coinbase",
            "Rewards that are not ripe, too",
        )
        .default(false),
    ];
    let fields = vec![
        ResultDoc::hex("txid", "Its transaction"),
        ResultDoc::num("vout", "Its number"),
        ResultDoc::str("address", "Its address").optional(),
        ResultDoc::str("label", "Label of the address").optional(),
        ResultDoc::str("scriptPubKey", "Its script"),
        ResultDoc::amount("amount", "Its value"),
        ResultDoc::num("confirmations", "Its confirmations"),
        ResultDoc::num(
            "ancestorcount",
            "In the mempool: transactions it stands on, its own counted",
        )
        .optional(),
        ResultDoc::num(
            "ancestorsize",
            "In the mempool: virtual bytes of those, its own counted",
        )
        .optional(),
        ResultDoc::num(
            "ancestorfees",
            "In the mempool: fees of those in base units, as mining counts them, its own counted",
        )
        .optional(),
        ResultDoc::hex("redeemScript", "The script behind its hash").optional(),
        ResultDoc::str("witnessScript", "The script behind its program").optional(),
        ResultDoc::bool("spendable", "Always true"),
        ResultDoc::bool("solvable", "Whether the wallet knows how to spend it"),
        ResultDoc::bool("reused", "Whether its address was spent from").optional(),
        ResultDoc::str("desc", "Its descriptor").optional(),
        doc::parents(),
        ResultDoc::bool("safe", "Whether it can be relied on"),
    ];
    CommandSpec::new("wallet", "listunspent", "Returns the coins of a wallet.")
        .arg(Arg::num("minconf", "Fewest confirmations").default(1))
        .arg(Arg::num("maxconf", "Most confirmations").default(9_999_999))
        .arg(
            Arg::array(
                "addresses",
                "Of these addresses only",
                vec![Arg::str("address", "").optional()],
            )
            .hint("all"),
        )
        .arg(Arg::bool("include_unsafe", "Unconfirmed ones of others, too").default(true))
        .arg(Arg::options("query_options", "More conditions", options))
        .result(ResultDoc::array(
            "",
            "",
            vec![ResultDoc::object("", "", fields)],
        ))
        .cli("")
        .rpc("6, 9999999, []")
}

fn filter_from(args: &Args, max_money: i64) -> Result<CoinFilter, RpcError> {
    let mut filter = CoinFilter {
        min_depth: args.int("minconf")?,
        max_depth: args.int("maxconf")?,
        include_unsafe: args.bool("include_unsafe")?,
        min_amount: Amount::ZERO,
        ..CoinFilter::default()
    };
    let Some(options) = args.opt_object("query_options")? else {
        return Ok(filter);
    };
    value::check_object(
        options,
        &[
            ("minimumAmount", None),
            ("maximumAmount", None),
            ("minimumSumAmount", None),
            ("maximumCount", Some(JsonType::Number)),
            ("include_immature_coinbase", Some(JsonType::Bool)),
        ],
        true,
        true,
    )?;
    let money = |key: &str| -> Result<Option<Amount>, RpcError> {
        match value::field(options, key) {
            Value::Null => Ok(None),
            given => value::amount_from(given, max_money).map(|sat| Some(Amount::from_sat(sat))),
        }
    };
    filter.min_amount = money("minimumAmount")?.unwrap_or(filter.min_amount);
    filter.max_amount = money("maximumAmount")?.unwrap_or(filter.max_amount);
    filter.min_sum = money("minimumSumAmount")?.unwrap_or(filter.min_sum);
    if let count @ Value::Number(_) = value::field(options, "maximumCount") {
        filter.max_count = value::int_from(count)?;
    }
    filter.include_immature = value::field(options, "include_immature_coinbase")
        .as_bool()
        .unwrap_or(false);
    Ok(filter)
}

async fn listunspent(context: Arc<Context>, args: Args) -> RpcResult {
    let filter = filter_from(&args, context.params.max_money.sat())?;
    let mut wanted: Vec<Destination> = Vec::new();
    for entry in args.opt_array("addresses")?.unwrap_or_default() {
        let text = value::str_from(entry)?;
        let destination = Destination::from_address(text, context.params).map_err(|_| {
            RpcError::not_found(format!("Invalid {} address: {text}", context.params.name))
        })?;
        if wanted.contains(&destination) {
            return Err(RpcError::invalid_parameter(format!(
                "Invalid parameter, duplicated address: {text}"
            )));
        }
        wanted.push(destination);
    }
    let name = wallet_name(&context, &args).await?;
    context.sync(&name).await;
    let ancestry = if filter.min_depth <= 0 {
        // A node that does not answer leaves out what only it knows.
        context.ancestry(&name).await.unwrap_or_else(|error| {
            tracing::debug!("[{name}] {error}");
            context::Standing::default()
        })
    } else {
        context::Standing::default()
    };
    on_wallet_now(&context, &args, move |wallet| {
        let coins = wallet.available_coins(&filter);
        let rows = coins
            .iter()
            .filter(|coin| {
                wanted.is_empty()
                    || Destination::from_script(&coin.output.script_pubkey)
                        .is_some_and(|destination| wanted.contains(&destination))
            })
            .map(|coin| unspent(wallet, coin, ancestry.found.get(&coin.outpoint.txid)))
            .collect();
        Ok(Value::Array(rows))
    })
    .await
}

fn unspent(wallet: &Wallet, coin: &AvailableCoin, ancestry: Option<&Ancestry>) -> Value {
    let script = &coin.output.script_pubkey;
    let destination = Destination::from_script(script);
    let keys = wallet.solving_keys(script);
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("txid", json!(coin.outpoint.txid.to_string()));
    put("vout", json!(coin.outpoint.vout));
    if let Some(destination) = &destination {
        put("address", json!(destination.to_address(wallet.params())));
        if let Some(entry) = wallet.address_entry(destination) {
            put("label", json!(entry.label));
        }
    }
    if let Some(keys) = &keys {
        let mut program = script.clone();
        if let ScriptKind::ScriptHash(hash) = script.kind()
            && let Some(redeem) = keys.script(&hash)
        {
            put("redeemScript", json!(redeem.to_string()));
            program = redeem.clone();
        }
        if let ScriptKind::WitnessV0ScriptHash(hash) = program.kind()
            && let Some(witness) = keys.witness_script(&hash)
        {
            put("witnessScript", json!(witness.to_string()));
        }
    }
    put("scriptPubKey", json!(script.to_string()));
    put("amount", amount(coin.output.value.sat()));
    put("confirmations", json!(coin.depth));
    // The node knows nothing of what left its mempool meanwhile.
    if let Some(above) = ancestry.filter(|above| coin.depth == 0 && above.ancestors > 0) {
        put("ancestorcount", json!(above.ancestors));
        put("ancestorsize", json!(above.vsize));
        put("ancestorfees", json!(above.fees.sat()));
    }
    put("spendable", json!(true));
    let descriptor = keys.as_ref().map(|keys| Descriptor::infer(script, keys));
    let descriptor = descriptor.filter(Descriptor::is_solvable);
    put("solvable", json!(descriptor.is_some()));
    if let Some(descriptor) = descriptor {
        put("desc", json!(descriptor.to_text(wallet.params())));
    }
    put("parent_descs", json!(wallet.parent_descriptors(script)));
    if wallet.has_flag(record::FLAG_AVOID_REUSE) {
        let reused = destination.is_some_and(|destination| wallet.is_spent_from(&destination));
        put("reused", json!(reused));
    }
    put("safe", json!(coin.safe));
    Value::Object(map)
}

fn lockunspent_spec() -> CommandSpec {
    let place = Arg::object(
        "",
        "",
        vec![
            Arg::hex("txid", "Its transaction"),
            Arg::num("vout", "Its number"),
        ],
    )
    .optional();
    CommandSpec::new(
        "wallet",
        "lockunspent",
        "Freezes coins, so that no payment chooses them, or frees them. Without coins, frees all.",
    )
    .arg(Arg::bool("unlock", "true frees, false freezes"))
    .arg(Arg::array("transactions", "The coins", vec![place]).optional())
    .arg(Arg::bool("persistent", "Keep them frozen over restarts").default(false))
    .result(ResultDoc::bool("", "Whether it was done"))
    .cli("")
    .rpc("false, \"[{\\\"txid\\\":\\\"a08e6907dbbd3d809776dbfc5d82e371b764ed838b5655e72f463568df1aadf0\\\",\\\"vout\\\":1}]\"")
}

pub(super) fn outpoints_from(list: &[Value]) -> Result<Vec<OutPoint>, RpcError> {
    list.iter()
        .map(|entry| {
            let object = value::object_from(entry)?;
            value::check_object(
                object,
                &[
                    ("txid", Some(JsonType::String)),
                    ("vout", Some(JsonType::Number)),
                ],
                false,
                false,
            )?;
            let txid = Txid(value::hash_from(value::field(object, "txid"), "txid")?);
            let vout: i64 = value::int_from(value::field(object, "vout"))?;
            let vout = u32::try_from(vout).map_err(|_| {
                RpcError::invalid_parameter("Invalid parameter, vout cannot be negative")
            })?;
            Ok(OutPoint::new(txid, vout))
        })
        .collect()
}

async fn lockunspent(context: Arc<Context>, args: Args) -> RpcResult {
    let free = args.bool("unlock")?;
    let persistent = args.bool("persistent")?;
    let places = args
        .opt_array("transactions")?
        .map(outpoints_from)
        .transpose()?;
    on_wallet(&context, &args, move |wallet| {
        match places {
            Some(places) => wallet.set_frozen(&places, !free, persistent)?,
            None if free => wallet.free_all()?,
            None => {}
        }
        Ok(json!(true))
    })
    .await
}

async fn listlockunspent(context: Arc<Context>, args: Args) -> RpcResult {
    on_wallet_now(&context, &args, |wallet| {
        let list: Vec<Value> = wallet
            .frozen()
            .keys()
            .map(|place| json!({"txid": place.txid.to_string(), "vout": place.vout}))
            .collect();
        Ok(Value::Array(list))
    })
    .await
}

async fn getreceivedbyaddress(context: Arc<Context>, args: Args) -> RpcResult {
    let destination = super::addresses::destination_from(args.str("address")?, context.params)?;
    let min_depth: i32 = args.int("minconf")?;
    let immature = args.bool("include_immature_coinbase")?;
    on_wallet(&context, &args, move |wallet| {
        let script = destination.to_script();
        if !wallet.is_mine(&script) {
            return Err(RpcError::new(code::WALLET, "Address not found in wallet"));
        }
        let sum: Amount = wallet
            .txs()
            .values()
            .filter(|tx| {
                let depth = wallet.depth(tx);
                let unripe = tx.tx.is_coinbase()
                    && (depth < 1 || !immature && wallet.blocks_to_maturity(tx) > 0);
                depth >= min_depth && !unripe
            })
            .flat_map(|tx| &tx.tx.outputs)
            .filter(|output| output.script_pubkey == script)
            .map(|output| output.value)
            .sum();
        Ok(amount(sum.sat()))
    })
    .await
}
