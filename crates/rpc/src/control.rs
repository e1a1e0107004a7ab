//! The commands about the server itself: `help`, `getrpcinfo`, `stop`, `uptime`, `getopenrpcinfo`, `rpc.discover`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::args::Args;
use crate::error::RpcResult;
use crate::openrpc;
use crate::spec::{Arg, CommandSpec, ResultDoc};
use crate::table::{Command, Table};

/// Longest time that `stop` waits before it answers, in milliseconds.
const MAX_STOP_WAIT: u64 = 60_000;

/// What the control commands need from the program.
#[derive(Clone)]
pub struct Control {
    /// The program's name in texts.
    pub client_name: String,
    /// Its version, as `getopenrpcinfo` shows it.
    pub version: String,
    /// The full path of the log file.
    pub log_path: String,
    /// Seconds since the start, by a clock that nobody sets.
    pub uptime: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// Asks the program to end; returns at once.
    pub stop: Arc<dyn Fn() + Send + Sync>,
}

impl Control {
    /// The commands.
    pub fn commands<C: Send + Sync + 'static>(self) -> Vec<Command<C>> {
        let discover = |name: &'static str, doc: &'static str| {
            CommandSpec::new("control", name, doc)
                .result(ResultDoc::object("", "", Vec::new()).any_type())
                .cli("")
                .rpc("")
        };
        let (info, described) = (self.clone(), self.clone());
        vec![
            help_spec().on_table(help),
            rpc_info_spec().on_table(move |table: &Table<C>, _| {
                let active = table.active().into_iter().map(|(method, since)| {
                    let micros = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
                    json!({"method": method, "duration": micros})
                });
                let active: Vec<Value> = active.collect();
                Ok(json!({"active_commands": active, "logpath": info.log_path}))
            }),
            discover(
                "getopenrpcinfo",
                "Returns an OpenRPC document for currently available RPC commands.",
            )
            .arg(
                Arg::bool(
                    "show_hidden",
                    "Also include hidden RPC commands and arguments.",
                )
                .default(false),
            )
            .on_table(move |table: &Table<C>, args| {
                let hidden = args.bool("show_hidden")?;
                Ok(openrpc::document(&table.specs(), &described, hidden))
            }),
            {
                let described = self.clone();
                discover(
                    "rpc.discover",
                    "Returns an OpenRPC schema as a description of this service.",
                )
                .on_table(move |table: &Table<C>, _| {
                    Ok(openrpc::document(&table.specs(), &described, false))
                })
            },
            self.stop_command(),
            self.uptime_command(),
        ]
    }

    fn stop_command<C: Send + Sync + 'static>(&self) -> Command<C> {
        let text = format!("{} stopping", self.client_name);
        let stop = Arc::clone(&self.stop);
        CommandSpec::new(
            "control",
            "stop",
            format!("Request a graceful shutdown of {}.", self.client_name),
        )
        .arg(
            Arg::num("wait", "how long to wait in ms")
                .optional()
                .hidden(),
        )
        .result(ResultDoc::str(
            "",
            format!("A string with the content '{text}'"),
        ))
        .run_async(move |_, args: Args| {
            let (stop, text) = (Arc::clone(&stop), text.clone());
            async move {
                let wait = args.opt_int::<u64>("wait")?.unwrap_or(0);
                stop();
                tokio::time::sleep(Duration::from_millis(wait.min(MAX_STOP_WAIT))).await;
                Ok(json!(text))
            }
        })
    }

    fn uptime_command<C: Send + Sync + 'static>(&self) -> Command<C> {
        let uptime = Arc::clone(&self.uptime);
        CommandSpec::new(
            "control",
            "uptime",
            "Returns the total uptime of the server.",
        )
        .result(ResultDoc::num(
            "",
            "The number of seconds that the server has been running",
        ))
        .cli("")
        .rpc("")
        .on_table(move |_, _| Ok(json!(uptime())))
    }
}

fn help_spec() -> CommandSpec {
    let doc = "List all commands, or get help for a specified command.";
    CommandSpec::new("control", "help", doc)
        .arg(Arg::str("command", "The command to get help on").hint("all commands"))
        .result(ResultDoc::str("", "The help text"))
        .result(ResultDoc::any("", "The argument conversions").skipped())
}

fn help<C: Send + Sync + 'static>(table: &Table<C>, args: &Args) -> RpcResult {
    match args.opt_str("command")? {
        // For tests of clients; help does not mention it.
        Some("dump_all_command_conversions") => Ok(table.conversions()),
        command => Ok(json!(table.help(command.unwrap_or_default()))),
    }
}

fn rpc_info_spec() -> CommandSpec {
    let call = vec![
        ResultDoc::str("method", "The name of the RPC command"),
        ResultDoc::num("duration", "The running time in microseconds"),
    ];
    let call = ResultDoc::object("", "Information about an active command", call);
    CommandSpec::new(
        "control",
        "getrpcinfo",
        "Returns details of the RPC server.",
    )
    .result(ResultDoc::object(
        "",
        "",
        vec![
            ResultDoc::array("active_commands", "All active commands", vec![call]),
            ResultDoc::str("logpath", "The complete file path to the debug log"),
        ],
    ))
    .cli("")
    .rpc("")
}

#[cfg(test)]
mod tests;
