//! Payments.

use std::sync::Arc;

use primitives::address::Destination;
use primitives::{Amount, FeeRate};
use rpc::value::{self, JsonType};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::{Value, json};

use super::{coins, ensure_unlocked, wallet_name};
use crate::coin_selection::Randomness;
use crate::context::Context;
use crate::wallet::{Payee, Payment, SpendError};
use crate::{WalletError, send};

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        sendtoaddress_spec().run_async(sendtoaddress),
        sendmany_spec().run_async(sendmany),
        sendall_spec().run_async(sendall),
    ]
}

fn sent_doc() -> [ResultDoc; 2] {
    [
        ResultDoc::hex("txid", "The transaction").when("if verbose is not set or set to false"),
        ResultDoc::object(
            "",
            "",
            vec![
                ResultDoc::hex("txid", "The transaction"),
                ResultDoc::str("fee_reason", "Where the fee rate comes from"),
            ],
        )
        .when("if verbose is set to true"),
    ]
}

fn fee_args(spec: CommandSpec) -> CommandSpec {
    spec.arg(
        Arg::num("conf_target", "Blocks within which it should confirm")
            .hint("set by -txconfirmtarget"),
    )
    .arg(Arg::str("estimate_mode", "unset, economical or conservative").default("unset"))
}

fn sendtoaddress_spec() -> CommandSpec {
    let spec = CommandSpec::new("wallet", "sendtoaddress", "Pays to an address.")
        .arg(Arg::str("address", "The address"))
        .arg(Arg::amount("amount", "The amount"))
        .arg(Arg::str("comment", "A note, kept in the wallet alone").optional())
        .arg(
            Arg::str(
                "comment_to",
                "A note about the payee, kept in the wallet alone",
            )
            .optional(),
        )
        .arg(Arg::bool("subtractfeefromamount", "Take the fee from the amount").default(false))
        .arg(
            Arg::bool("replaceable", "Allow it to be replaced (BIP125)").hint("set by -walletrbf"),
        );
    let [plain, verbose] = sent_doc();
    fee_args(spec)
        .arg(Arg::bool("avoid_reuse", "Spend nothing from used addresses").default(true))
        .arg(Arg::amount("fee_rate", "Rate per virtual byte, in base units").hint("estimated"))
        .arg(Arg::bool("verbose", "Answer with more").default(false))
        .result(plain)
        .result(verbose)
        .cli("\"address\" 0.1")
        .rpc("\"address\", 0.1")
}

fn sendmany_spec() -> CommandSpec {
    let spec = CommandSpec::new("wallet", "sendmany", "Pays to several addresses at once.")
        .arg(
            Arg::str("dummy", "Must be \"\"")
                .default("")
                .oneline("\"\""),
        )
        .arg(Arg::user_keys(
            "amounts",
            "Amounts by address",
            vec![Arg::amount("address", "The amount")],
        ))
        .arg(Arg::num("minconf", "Without effect").optional())
        .arg(Arg::str("comment", "A note, kept in the wallet alone").optional())
        .arg(
            Arg::array(
                "subtractfeefrom",
                "Addresses whose amounts bear the fee",
                vec![Arg::str("address", "").optional()],
            )
            .optional(),
        )
        .arg(
            Arg::bool("replaceable", "Allow it to be replaced (BIP125)").hint("set by -walletrbf"),
        );
    let [plain, verbose] = sent_doc();
    fee_args(spec)
        .arg(Arg::amount("fee_rate", "Rate per virtual byte, in base units").hint("estimated"))
        .arg(Arg::bool("verbose", "Answer with more").default(false))
        .result(plain)
        .result(verbose)
        .cli("\"\" \"{\\\"address\\\":0.01}\"")
        .rpc("\"\", {\"address\":0.01}")
}

fn sendall_spec() -> CommandSpec {
    let options = vec![
        Arg::amount("fee_rate", "Rate per virtual byte, in base units")
            .hint("estimated")
            .also_positional(),
        Arg::array(
            "inputs",
            "Spend these coins only",
            vec![
                Arg::object(
                    "",
                    "",
                    vec![
                        Arg::hex("txid", "Its transaction"),
                        Arg::num("vout", "Its number"),
                    ],
                )
                .optional(),
            ],
        )
        .optional(),
        Arg::bool("replaceable", "Allow it to be replaced (BIP125)").hint("set by -walletrbf"),
    ];
    let recipient = Arg::str(
        "address",
        "An address that shares what no amount is named for",
    )
    .any_type()
    .optional();
    let spec = CommandSpec::new(
        "wallet",
        "sendall",
        "Spends all coins, or all named, without change.",
    )
    .arg(Arg::array(
        "recipients",
        "An address, or several with all but one amount",
        vec![recipient],
    ));
    fee_args(spec)
        .arg(Arg::amount("fee_rate", "Rate per virtual byte, in base units").hint("estimated"))
        .arg(Arg::options("options", "", options))
        .result(ResultDoc::object(
            "",
            "",
            vec![
                ResultDoc::bool("complete", "Whether it is signed in full"),
                ResultDoc::hex("txid", "The transaction").optional(),
            ],
        ))
        .cli("'[\"address\"]'")
        .rpc("[\"address\"]")
}

/// Rate and target of a call (Core's `SetFeeEstimateMode`).
fn fee_from(args: &Args, fee_rate: &Value, payment: &mut Payment) -> Result<Option<u32>, RpcError> {
    let target = args.opt_int::<i64>("conf_target")?;
    let mode = args
        .opt_str("estimate_mode")?
        .filter(|_| args.is_given("estimate_mode"));
    if !fee_rate.is_null() {
        if target.is_some() {
            return Err(RpcError::invalid_parameter(
                "Cannot specify both conf_target and fee_rate. Please provide either a confirmation target in blocks \
                 for automatic fee estimation, or an explicit fee rate.",
            ));
        }
        if mode.is_some_and(|mode| mode != "unset") {
            return Err(RpcError::invalid_parameter(
                "Cannot specify both estimate_mode and fee_rate",
            ));
        }
        // With three decimals per virtual byte the number counts per 1,000 of them.
        let rate = value::fixed_point_from(fee_rate, 3, i64::MAX)?;
        payment.fee_rate = Some(FeeRate::from_sat_per_kvb(rate));
        payment.replaceable = payment.replaceable.or(Some(true));
        return Ok(None);
    }
    let known = ["unset", "economical", "conservative"];
    if mode.is_some_and(|mode| !known.contains(&mode.to_lowercase().as_str())) {
        return Err(RpcError::invalid_parameter(
            "Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \"conservative\"",
        ));
    }
    target
        .map(|target| {
            u32::try_from(target)
                .ok()
                .filter(|target| (1..=1008).contains(target))
                .ok_or_else(|| {
                    RpcError::invalid_parameter("Invalid conf_target, must be between 1 and 1008")
                })
        })
        .transpose()
}

fn payee(context: &Context, address: &str, amount: &Value) -> Result<Payee, RpcError> {
    // Nothing is an amount as well: it is dust, and refused as such.
    let amount = value::amount_from(amount, context.params.max_money.sat())?;
    let destination = Destination::from_address(address, context.params).map_err(|_| {
        RpcError::not_found(format!(
            "Invalid {} address: {address}",
            context.params.name
        ))
    })?;
    Ok(Payee {
        destination,
        amount: Some(Amount::from_sat(amount)),
        subtract_fee: false,
        label: String::new(),
    })
}

/// Refuses a wallet that cannot sign now, or never.
async fn ensure_can_sign(context: &Context, name: &str) -> Result<(), RpcError> {
    let can = context.handle.with(name, |wallet| {
        Ok(ensure_unlocked(wallet).and_then(|()| {
            if wallet.is_watch_only() {
                return Err(WalletError::from(SpendError::NoPrivateKeys).into());
            }
            Ok(())
        }))
    });
    can.await?
}

/// Prepares, signs, stores and broadcasts; gives the transaction's id and where its rate comes from.
async fn pay(
    context: &Arc<Context>,
    name: &str,
    payment: Payment,
    target: Option<u32>,
) -> Result<(String, &'static str), RpcError> {
    ensure_can_sign(context, name).await?;
    // Goes on where the caller leaves: what is stored must be told to the node.
    let (context, wallet) = (Arc::clone(context), name.to_owned());
    let work = context.runtime.clone().spawn(async move {
        let prepared = send::prepare(&context, &wallet, payment, target).await?;
        let sent = send::send_prepared(&context, &wallet, prepared.id).await;
        if sent.is_err() {
            send::discard(&context, &wallet, prepared.id).await;
        }
        sent.map(|sent| (sent.txid.to_string(), prepared.reason.text()))
    });
    Ok(work.await.map_err(RpcError::bug)??)
}

fn answer(txid: String, reason: &str, verbose: bool) -> Value {
    if verbose {
        json!({"txid": txid, "fee_reason": reason})
    } else {
        json!(txid)
    }
}

async fn sendtoaddress(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    context.sync(&name).await;
    let mut payment = Payment {
        comment: args.opt_str("comment")?.unwrap_or_default().to_owned(),
        comment_to: args.opt_str("comment_to")?.unwrap_or_default().to_owned(),
        replaceable: args.opt_bool("replaceable")?,
        ..Payment::default()
    };
    let avoid_reuse = args
        .is_given("avoid_reuse")
        .then(|| args.bool("avoid_reuse"))
        .transpose()?;
    let flag = context
        .handle
        .with(&name, move |w| Ok(coins::avoid_reuse_flag(w, avoid_reuse)))
        .await??;
    payment.include_used = !flag;
    // Whoever avoids used addresses wants no coins left behind on those that are used now.
    payment.together = flag;
    let target = fee_from(&args, args.value("fee_rate")?, &mut payment)?;
    let unlocked = context
        .handle
        .with(&name, |wallet| Ok(ensure_unlocked(wallet)));
    unlocked.await??;
    let mut payee = payee(&context, args.str("address")?, args.value("amount")?)?;
    payee.subtract_fee = args.bool("subtractfeefromamount")?;
    payment.payees.push(payee);
    let (txid, reason) = pay(&context, &name, payment, target).await?;
    Ok(answer(txid, reason, args.bool("verbose")?))
}

async fn sendmany(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    context.sync(&name).await;
    if args
        .opt_str("dummy")?
        .is_some_and(|dummy| !dummy.is_empty())
    {
        return Err(RpcError::invalid_parameter(
            "Dummy value must be set to \"\"",
        ));
    }
    let mut payment = Payment {
        comment: args.opt_str("comment")?.unwrap_or_default().to_owned(),
        replaceable: args.opt_bool("replaceable")?,
        ..Payment::default()
    };
    let bearers = args.opt_array("subtractfeefrom")?.unwrap_or_default();
    let target = fee_from(&args, args.value("fee_rate")?, &mut payment)?;
    for (address, amount) in args.object("amounts")? {
        let mut payee = payee(&context, address, amount)?;
        payee.subtract_fee = bearers.iter().any(|bearer| bearer == address);
        if payment
            .payees
            .iter()
            .any(|known| known.destination == payee.destination)
        {
            return Err(RpcError::invalid_parameter(format!(
                "Invalid parameter, duplicated address: {address}"
            )));
        }
        payment.payees.push(payee);
    }
    // The order in which they were named is nobody's business.
    Randomness::from_seed(context.seed()).shuffle(&mut payment.payees);
    let (txid, reason) = pay(&context, &name, payment, target).await?;
    Ok(answer(txid, reason, args.bool("verbose")?))
}

async fn sendall(context: Arc<Context>, args: Args) -> RpcResult {
    let name = wallet_name(&context, &args).await?;
    context.sync(&name).await;
    let empty = serde_json::Map::new();
    let options = args.opt_object("options")?.unwrap_or(&empty);
    let mut payment = Payment {
        replaceable: value::field(options, "replaceable").as_bool(),
        ..Payment::default()
    };
    for recipient in args.array("recipients")? {
        match recipient {
            Value::String(address) => {
                let mut payee = payee(&context, address, &json!("1"))?;
                payee.amount = None;
                payment.payees.push(payee);
            }
            Value::Object(pairs) => {
                for (address, amount) in pairs {
                    payment.payees.push(payee(&context, address, amount)?);
                }
            }
            other => {
                return Err(RpcError::type_error(format!(
                    "JSON value of type {} is not of expected type string",
                    JsonType::of(other).name()
                )));
            }
        }
    }
    match payment
        .payees
        .iter()
        .filter(|payee| payee.amount.is_none())
        .count()
    {
        0 => {
            return Err(RpcError::invalid_parameter(
                "Must provide at least one address without a specified amount",
            ));
        }
        1 => {}
        _ => {
            return Err(RpcError::new(
                code::INVALID_PARAMETER,
                "Only one address without a specified amount is supported",
            ));
        }
    }
    if let Value::Array(inputs) = value::field(options, "inputs") {
        payment.coins = coins::outpoints_from(inputs)?;
    }
    let in_options = value::field(options, "fee_rate");
    let rate = if in_options.is_null() {
        args.value("fee_rate")?
    } else {
        in_options
    };
    let target = fee_from(&args, rate, &mut payment)?;
    let (txid, _) = pay(&context, &name, payment, target).await?;
    Ok(json!({"txid": txid, "complete": true}))
}
