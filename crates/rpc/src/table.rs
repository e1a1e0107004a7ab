//! The commands of a server: what they are called, what they take, and who answers.
//!
//! Defining commands, in the file of the data they are about:
//!
//! ```
//! use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, amount};
//! use serde_json::json;
//!
//! struct Node { blocks: Vec<String>, balance: i64 }
//!
//! pub fn commands() -> Vec<Command<Node>> {
//!     vec![
//!         CommandSpec::new("blockchain", "getblockhash", "Returns hash of block at height provided.")
//!             .arg(Arg::num("height", "The height index"))
//!             .result(ResultDoc::hex("", "The block hash"))
//!             .cli("1000")
//!             .rpc("1000")
//!             .run(getblockhash),
//!         CommandSpec::new("wallet", "getbalance", "Returns the balance.")
//!             .arg(Arg::str("dummy", "Must be \"*\".").optional())
//!             .arg(Arg::num("minconf", "Confirmations wanted").default(0))
//!             .result(ResultDoc::amount("", "The balance"))
//!             .run(|node: &Node, args| {
//!                 let _minconf: u32 = args.int("minconf")?;
//!                 Ok(amount(node.balance))
//!             }),
//!         // Waits belong to the async kind: they hold no thread, and end when the client leaves.
//!         CommandSpec::new("blockchain", "waitfornewblock", "Waits for a new block.")
//!             .arg(Arg::num("timeout", "Milliseconds, 0 for ever").default(0))
//!             .result(ResultDoc::any("", ""))
//!             .run_async(|_node, args| async move {
//!                 let _timeout: u64 = args.int("timeout")?;
//!                 Ok(json!(null))
//!             }),
//!     ]
//! }
//!
//! fn getblockhash(node: &Node, args: &Args) -> RpcResult {
//!     let height: usize = args.int("height")?;
//!     let hash = node.blocks.get(height);
//!     hash.map(|hash| json!(hash)).ok_or_else(|| RpcError::invalid_parameter("Block height out of range"))
//! }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let node = Node { blocks: vec!["0f91".into()], balance: 5_000_000_000 };
//! let table = rpc::Table::new(node, rpc::TableConfig::new("bitq-cli", 8332));
//! table.add("node", commands());
//! table.finish_warmup();
//! let request = rpc::Request { method: "getbalance".into(), ..Default::default() };
//! assert_eq!(table.call(request).await.unwrap().to_string(), "50.00000000");
//! # });
//! ```
//!
//! Commands of another process: send its [`CommandSpec`]s over, make each a command with
//! [`CommandSpec::forward`], and run the received [`Request`] there with [`Table::call`] on a table of its own.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::args::{Args, Request};
use crate::doccheck;
use crate::error::{RpcError, RpcResult, code};
use crate::help::{self, HelpNames};
use crate::spec::{ArgType, CommandSpec, Text};

/// The future of an answer.
pub type RpcFuture = Pin<Box<dyn Future<Output = RpcResult> + Send>>;

type Sync<C> = Arc<dyn Fn(&C, &Args) -> RpcResult + Send + std::marker::Sync>;
type Async<C> = Arc<dyn Fn(Arc<C>, Args) -> RpcFuture + Send + std::marker::Sync>;
type OnTable<C> = Arc<dyn Fn(&Table<C>, &Args) -> RpcResult + Send + std::marker::Sync>;
type Forward = Arc<dyn Fn(Request) -> RpcFuture + Send + std::marker::Sync>;

enum Run<C> {
    /// Runs on the blocking pool.
    Sync(Sync<C>),
    /// Waits without a thread.
    Async(Async<C>),
    /// Asks the table itself.
    OnTable(OnTable<C>),
    /// Is answered elsewhere; the parameters are checked there.
    Forward(Forward),
}

/// A command with its handler. `C` is what handlers of this process work on.
pub struct Command<C> {
    spec: Arc<CommandSpec>,
    run: Run<C>,
}

impl<C> Command<C> {
    /// What it is called, takes and answers.
    pub fn spec(&self) -> &CommandSpec {
        &self.spec
    }
}

impl CommandSpec {
    /// Makes a command whose handler runs on the blocking pool.
    pub fn run<C>(
        self,
        handler: impl Fn(&C, &Args) -> RpcResult + Send + std::marker::Sync + 'static,
    ) -> Command<C> {
        Command {
            spec: Arc::new(self),
            run: Run::Sync(Arc::new(handler)),
        }
    }

    /// Makes a command whose handler waits; it is dropped when the client leaves.
    pub fn run_async<C, F>(
        self,
        handler: impl Fn(Arc<C>, Args) -> F + Send + std::marker::Sync + 'static,
    ) -> Command<C>
    where
        F: Future<Output = RpcResult> + Send + 'static,
    {
        let handler = move |context, args| -> RpcFuture { Box::pin(handler(context, args)) };
        Command {
            spec: Arc::new(self),
            run: Run::Async(Arc::new(handler)),
        }
    }

    /// Makes a command that another process answers; `send` gets the call as it came.
    pub fn forward<C, F>(
        self,
        send: impl Fn(Request) -> F + Send + std::marker::Sync + 'static,
    ) -> Command<C>
    where
        F: Future<Output = RpcResult> + Send + 'static,
    {
        let send = move |request| -> RpcFuture { Box::pin(send(request)) };
        Command {
            spec: Arc::new(self),
            run: Run::Forward(Arc::new(send)),
        }
    }

    /// Makes a command about the table. It must not block.
    pub(crate) fn on_table<C>(
        self,
        handler: impl Fn(&Table<C>, &Args) -> RpcResult + Send + std::marker::Sync + 'static,
    ) -> Command<C> {
        Command {
            spec: Arc::new(self),
            run: Run::OnTable(Arc::new(handler)),
        }
    }
}

/// What a table needs to know besides its commands.
#[derive(Clone, Debug)]
pub struct TableConfig {
    /// Names in the examples of `help`.
    pub help_names: HelpNames,
    /// Whether answers are compared with the documented results (`-rpcdoccheck`).
    pub check_results: bool,
    /// Whether log lines name the peer (`-logips`).
    pub log_ips: bool,
}

impl TableConfig {
    /// No checks of results, no addresses in the log.
    pub fn new(cli: impl Into<String>, port: u16) -> Self {
        Self {
            help_names: HelpNames {
                cli: cli.into(),
                port,
            },
            check_results: false,
            log_ips: false,
        }
    }
}

struct Entry<C> {
    owner: Text,
    command: Arc<Command<C>>,
}

/// The commands of a server by name, and the calls that are running.
///
/// Commands come and go with their owners while the server runs. A new table answers every call with −28 until
/// [`Table::finish_warmup`].
pub struct Table<C> {
    context: Arc<C>,
    config: TableConfig,
    commands: RwLock<BTreeMap<String, Entry<C>>>,
    warmup: Mutex<Option<String>>,
    active: Mutex<ActiveCalls>,
}

#[derive(Default)]
struct ActiveCalls {
    last: u64,
    calls: BTreeMap<u64, (String, Instant)>,
}

/// A lock whose holder panicked: the data are whole after every statement here, so they are used.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: Send + std::marker::Sync + 'static> Table<C> {
    /// Makes a table without commands, in warm-up.
    pub fn new(context: C, config: TableConfig) -> Arc<Self> {
        Self::from_arc(Arc::new(context), config)
    }

    /// As [`Table::new`], for a context that others hold too.
    pub fn from_arc(context: Arc<C>, config: TableConfig) -> Arc<Self> {
        Arc::new(Self {
            context,
            config,
            commands: RwLock::default(),
            warmup: Mutex::new(Some("RPC server started".into())),
            active: Mutex::default(),
        })
    }

    /// What the handlers work on.
    pub fn context(&self) -> &Arc<C> {
        &self.context
    }

    /// Names and switches.
    pub fn config(&self) -> &TableConfig {
        &self.config
    }

    /// Adds the commands of `owner`; a name that is taken already stays with its first owner.
    ///
    /// Returns the names that were taken.
    pub fn add(&self, owner: impl Into<Text>, commands: Vec<Command<C>>) -> Vec<String> {
        let owner = owner.into();
        let mut table = self
            .commands
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        for command in commands {
            let name = command.spec.name.to_string();
            if table.contains_key(&name) {
                taken.push(name);
                continue;
            }
            table.insert(
                name,
                Entry {
                    owner: owner.clone(),
                    command: Arc::new(command),
                },
            );
        }
        taken
    }

    /// Removes all commands of `owner`; calls that run go on.
    pub fn remove(&self, owner: &str) {
        let mut table = self
            .commands
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        table.retain(|_, entry| entry.owner != owner);
    }

    /// The names of all commands, hidden ones too, in order.
    pub fn names(&self) -> Vec<String> {
        let table = self.commands.read().unwrap_or_else(PoisonError::into_inner);
        table.keys().cloned().collect()
    }

    /// The specs of all commands, hidden ones too, ordered by name.
    pub fn specs(&self) -> Vec<Arc<CommandSpec>> {
        let table = self.commands.read().unwrap_or_else(PoisonError::into_inner);
        table
            .values()
            .map(|entry| Arc::clone(&entry.command.spec))
            .collect()
    }

    /// Sets the text of error −28, which every call gets until the start is done.
    pub fn set_warmup(&self, status: impl Into<String>) {
        *locked(&self.warmup) = Some(status.into());
    }

    /// Opens the table to calls.
    pub fn finish_warmup(&self) {
        *locked(&self.warmup) = None;
    }

    /// The text of error −28, or `None` when the start is done.
    pub fn warmup(&self) -> Option<String> {
        locked(&self.warmup).clone()
    }

    /// The calls that are running, oldest first, with the time since they began.
    pub fn active(&self) -> Vec<(String, Duration)> {
        let active = locked(&self.active);
        active
            .calls
            .values()
            .map(|(name, since)| (name.clone(), since.elapsed()))
            .collect()
    }

    /// Runs one call to its end.
    ///
    /// # Errors
    /// −28 during the start, −32601 for an unknown name, and what the command answers.
    pub async fn call(self: &Arc<Self>, request: Request) -> RpcResult {
        self.call_until(request, &CancellationToken::new()).await
    }

    /// As [`Table::call`]; a handler that waits is dropped once `gone` is cancelled.
    ///
    /// # Errors
    /// As [`Table::call`], and −9 where the caller left.
    pub async fn call_until(
        self: &Arc<Self>,
        request: Request,
        gone: &CancellationToken,
    ) -> RpcResult {
        if let Some(status) = self.warmup() {
            return Err(RpcError::new(code::IN_WARMUP, status));
        }
        let command = {
            let table = self.commands.read().unwrap_or_else(PoisonError::into_inner);
            table
                .get(&request.method)
                .map(|entry| Arc::clone(&entry.command))
        };
        let command =
            command.ok_or_else(|| RpcError::new(code::METHOD_NOT_FOUND, "Method not found"))?;
        let _active = Active::begin(Arc::clone(self), &request.method);
        if let Run::Forward(send) = &command.run {
            return send(request).await;
        }
        let args = Args::check(Arc::clone(&command.spec), request, |spec| {
            help::command_help(spec, &self.config.help_names)
        })?;
        let answer = match &command.run {
            Run::Forward(_) => return Err(RpcError::bug("a forwarded call came back")),
            Run::OnTable(handler) => handler(self, &args),
            Run::Async(handler) => {
                let left = || RpcError::new(code::CLIENT_NOT_CONNECTED, "The client left");
                tokio::select! {
                    answer = handler(Arc::clone(&self.context), args) => answer,
                    () = gone.cancelled() => Err(left()),
                }
            }
            Run::Sync(handler) => {
                let (handler, context) = (Arc::clone(handler), Arc::clone(&self.context));
                let done = tokio::task::spawn_blocking(move || handler(&context, &args)).await;
                done.unwrap_or_else(|error| Err(RpcError::bug(error)))
            }
        }?;
        if self.config.check_results {
            doccheck::check(&command.spec, &answer)?;
        }
        Ok(answer)
    }

    /// The text of `help`: all commands by category for an empty name, one command's text otherwise.
    pub fn help(&self, method: &str) -> String {
        let mut specs = self.specs();
        specs.sort_by_key(|spec| format!("{}{}", spec.category, spec.name));
        if !method.is_empty() {
            let found = specs.iter().find(|spec| spec.name == method);
            return found.map_or_else(
                || format!("help: unknown command: {method}"),
                |spec| help::command_help(spec, &self.config.help_names),
            );
        }
        let mut text = String::new();
        let mut category = "";
        for spec in specs.iter().filter(|spec| spec.category != "hidden") {
            if spec.category != category {
                if !category.is_empty() {
                    text.push('\n');
                }
                category = &spec.category;
                text.push_str(&format!("== {} ==\n", capitalize(category)));
            }
            let full = help::command_help(spec, &self.config.help_names);
            text.push_str(full.lines().next().unwrap_or_default());
            text.push('\n');
        }
        text.pop();
        text
    }

    /// Rows `[method, position, argument name, is a string]` of all arguments and aliases, by which a client knows
    /// what to send as JSON (`help dump_all_command_conversions`).
    pub fn conversions(&self) -> Value {
        let mut rows = Vec::new();
        for spec in self.specs() {
            let mut row = |position: usize, name: &str, kind: ArgType| {
                let is_string = matches!(kind, ArgType::Str | ArgType::Hex);
                rows.push(json!([spec.name, position, name, is_string]));
            };
            for (position, arg) in spec.args.iter().enumerate() {
                for name in arg.all_names() {
                    row(position, name, arg.kind);
                    if arg.kind == ArgType::Options {
                        for inner in &arg.inner {
                            inner
                                .all_names()
                                .for_each(|name| row(position, name, inner.kind));
                        }
                    }
                }
            }
        }
        Value::Array(rows)
    }
}

/// A running call's place in the list, given back on every way out.
struct Active<C> {
    table: Arc<Table<C>>,
    number: u64,
}

impl<C> Active<C> {
    fn begin(table: Arc<Table<C>>, method: &str) -> Self {
        let mut active = locked(&table.active);
        active.last += 1;
        let number = active.last;
        active
            .calls
            .insert(number, (method.to_owned(), Instant::now()));
        drop(active);
        Self { table, number }
    }
}

impl<C> Drop for Active<C> {
    fn drop(&mut self) {
        locked(&self.table.active).calls.remove(&self.number);
    }
}

pub(crate) fn capitalize(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests;
