//! Commands about the process: log, clock, chain names (Core's `rpc/node.cpp`).

use common::log;
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};
use serde_json::{Map, Value, json};

use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        logging_spec().run(logging),
        set_mock_time_spec().run(set_mock_time),
        mock_scheduler_spec().run(mock_scheduler),
        echo_spec("echo").run(|_: &Node, args| Ok(echo(args))),
        echo_spec("echojson").run(|_: &Node, args| Ok(echo(args))),
        CommandSpec::new("hidden", "syncwithvalidationinterfacequeue", "Waits for the validation interface queue to catch up on everything that was there when we entered this function.")
            .result(ResultDoc::none())
            .cli("")
            .rpc("")
            .run(|node: &Node, _| {
                node.handle()?.barrier().wait().map_err(super::chainstate::machine)?;
                Ok(Value::Null)
            }),
    ]
}

fn logging_spec() -> CommandSpec {
    CommandSpec::new(
        "control",
        "logging",
        "Gets and sets the logging configuration.\nWhen called without an argument, returns the list of categories with status that are currently being debug logged or not.\nWhen called with arguments, adds or removes categories from debug logging and return the lists above.\nThe arguments are evaluated in order \"include\", \"exclude\".\nIf an item is both included and excluded, it will thus end up being excluded.",
    )
    .arg(Arg::array("include", "The categories to add to debug logging", vec![Arg::str("include_category", "the valid logging category").optional()]).optional())
    .arg(Arg::array("exclude", "The categories to remove from debug logging", vec![Arg::str("exclude_category", "the valid logging category").optional()]).optional())
    .result(ResultDoc::dyn_object(
        "",
        "keys are the logging categories, and values indicates its status",
        vec![ResultDoc::bool("category", "if being debug logged or not. false:inactive, true:active")],
    ))
    .cli("\"[\\\"all\\\"]\" \"[\\\"http\\\"]\"")
    .rpc("[\"all\"], [\"libevent\"]")
}

fn logging(_: &Node, args: &Args) -> RpcResult {
    let logger = log::installed().ok_or_else(|| RpcError::bug("no log"))?;
    let unknown =
        |name: &str| RpcError::invalid_parameter(format!("unknown logging category {name}"));
    for name in args.opt_array("include")?.unwrap_or_default() {
        let name = rpc::value::str_from(name)?;
        if !logger.enable(name) {
            return Err(unknown(name));
        }
    }
    for name in args.opt_array("exclude")?.unwrap_or_default() {
        let name = rpc::value::str_from(name)?;
        if !logger.disable(name) {
            return Err(unknown(name));
        }
    }
    let map: Map<String, Value> = logger
        .categories()
        .into_iter()
        .map(|(name, on)| (name.to_owned(), on.into()))
        .collect();
    Ok(map.into())
}

fn set_mock_time_spec() -> CommandSpec {
    CommandSpec::new(
        "hidden",
        "setmocktime",
        "Set the local time to given timestamp (-regtest only)",
    )
    .arg(Arg::num(
        "timestamp",
        "UNIX epoch time\nPass 0 to go back to using the system time.",
    ))
    .result(ResultDoc::none())
}

fn set_mock_time(node: &Node, args: &Args) -> RpcResult {
    if !node.params.mockable {
        return Err(RpcError::misc(
            "setmocktime is for regression testing (-regtest mode) only",
        ));
    }
    let time: i64 = args.int("timestamp")?;
    let most = i64::from(u32::MAX);
    if !(0..=most).contains(&time) {
        return Err(RpcError::invalid_parameter(format!(
            "Mocktime must be in the range [0, {most}], not {time}."
        )));
    }
    node.clock.set_mock(time);
    if let Some(logger) = log::installed() {
        logger.set_mock_time(time);
    }
    node.chain_state.send_modify(|state| state.mock_time = time);
    Ok(Value::Null)
}

fn mock_scheduler_spec() -> CommandSpec {
    CommandSpec::new(
        "hidden",
        "mockscheduler",
        "Bump the scheduler into the future (-regtest only)\n",
    )
    .arg(Arg::num(
        "delta_time",
        "Number of seconds to forward the scheduler into the future.",
    ))
    .result(ResultDoc::none())
}

fn mock_scheduler(node: &Node, args: &Args) -> RpcResult {
    if !node.params.mockable {
        return Err(RpcError::misc(
            "mockscheduler is for regression testing (-regtest mode) only",
        ));
    }
    if !(1..=3600).contains(&args.int::<i64>("delta_time")?) {
        return Err(RpcError::misc(
            "delta_time must be between 1 and 3600 seconds (1 hr)",
        ));
    }
    // The node has no job that waits for a clock: what was begun before is all there is to wait for.
    node.handle()?
        .barrier()
        .wait()
        .map_err(super::chainstate::machine)?;
    Ok(Value::Null)
}

fn echo_spec(name: &'static str) -> CommandSpec {
    let spec = CommandSpec::new(
        "hidden",
        name,
        "Simply echo back the input arguments. This command is for testing.",
    );
    (0..10)
        .fold(spec, |spec, n| {
            spec.arg(Arg::str(format!("arg{n}"), "").any_type().optional())
        })
        .result(ResultDoc::any("", "Returns whatever was passed in"))
}

fn echo(args: &Args) -> Value {
    json!(args.values()[..args.len()])
}
