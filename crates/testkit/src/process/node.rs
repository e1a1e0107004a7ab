//! A node under test.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Pid;
use serde_json::{Value, json};

use super::rpc::{RpcClient, RpcFailure};
use super::{
    Ended, Folder, PATIENCE, Signal, children, free_port, program, read_text, signal, wait_for,
    wait_until,
};

/// Lines of a log that a failed test shows.
const SHOWN_LINES: usize = 60;

/// How to start a node.
#[derive(Clone, Debug)]
pub struct Setup {
    program: PathBuf,
    /// Arguments of the launcher before `-datadir`, such as `node`.
    words: Vec<OsString>,
    coin: &'static str,
    network: &'static str,
    wallet: bool,
    args: Vec<OsString>,
    rpc_port: u16,
    folder: Arc<Folder>,
}

impl Setup {
    /// A node of a coin's regtest, without a wallet, on a new data directory.
    pub fn new(coin: &'static str) -> Self {
        Self {
            program: program("bitq-node"),
            words: Vec::new(),
            coin,
            network: "regtest",
            wallet: false,
            args: Vec::new(),
            rpc_port: free_port(),
            folder: Arc::new(Folder::new()),
        }
    }

    /// Another program, with the words that stand before its options.
    #[must_use]
    pub fn program(mut self, name: &str, words: &[&str]) -> Self {
        self.program = program(name);
        self.words = words.iter().map(OsString::from).collect();
        self
    }

    /// Another coin.
    #[must_use]
    pub const fn coin(mut self, coin: &'static str) -> Self {
        self.coin = coin;
        self
    }

    /// Another network, by its `-chain` name.
    #[must_use]
    pub const fn network(mut self, network: &'static str) -> Self {
        self.network = network;
        self
    }

    /// With a wallet process.
    #[must_use]
    pub const fn wallet(mut self) -> Self {
        self.wallet = true;
        self
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// On a data directory that is there already.
    #[must_use]
    pub fn folder(mut self, folder: Folder) -> Self {
        self.folder = Arc::new(folder);
        self
    }

    /// On the data directory of another node.
    #[must_use]
    pub fn beside(mut self, node: &Node) -> Self {
        self.folder = Arc::clone(&node.setup.folder);
        self
    }

    /// On a given port for RPC.
    #[must_use]
    pub const fn rpc_port(mut self, port: u16) -> Self {
        self.rpc_port = port;
        self
    }

    /// The folder with its data directory.
    pub fn data(&self) -> &Folder {
        &self.folder
    }

    /// The directory of its network.
    pub fn network_dir(&self) -> PathBuf {
        self.folder.network(self.network)
    }

    /// The options that lead a program to this node's directory, chain and port.
    pub fn place(&self) -> Vec<OsString> {
        let mut datadir = OsString::from("-datadir=");
        datadir.push(self.folder.data());
        vec![
            datadir,
            format!("-coin={}", self.coin).into(),
            format!("-chain={}", self.network).into(),
            format!("-rpcport={}", self.rpc_port).into(),
        ]
    }

    /// The command, not started.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.words)
            .args(self.place())
            .args(["-listen=0", "-printtoconsole=0", "-logthreadnames"])
            .args((!self.wallet).then_some("-disablewallet"))
            .args(&self.args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Starts the node and waits until it serves.
    ///
    /// # Panics
    /// Where it does not.
    pub fn start(self) -> Node {
        let mut node = self.spawn();
        node.wait_until_ready();
        node
    }

    /// Starts the node and does not wait.
    pub fn spawn(self) -> Node {
        let mut node = Node {
            setup: self,
            child: None,
            starts: 0,
            group: 0,
        };
        node.spawn();
        node
    }

    /// Starts a node that must not come up.
    ///
    /// # Panics
    /// Where it does not end by itself.
    pub fn fail(&self) -> Ended {
        let mut node = self.clone().spawn();
        node.wait_for_end(PATIENCE)
    }
}

/// A node process. It is killed, with what it started, when this value goes.
#[derive(Debug)]
pub struct Node {
    setup: Setup,
    child: Option<Child>,
    /// Counts the starts, for the files with its output.
    starts: u32,
    /// The process group of the newest start.
    group: u32,
}

impl Node {
    fn output(&self, stream: &str) -> PathBuf {
        let name = format!("{}-{}.{stream}", self.setup.rpc_port, self.starts);
        self.setup.folder.path().join(name)
    }

    fn spawn(&mut self) {
        self.starts += 1;
        let open = |stream| File::create(self.output(stream)).expect("a file for output");
        let child = self
            .setup
            .command()
            .stdout(open("stdout"))
            .stderr(open("stderr"))
            // A terminal would do the same; the group is what a test signals and kills as a whole.
            .process_group(0)
            .spawn()
            .expect("the program starts");
        self.group = child.id();
        self.child = Some(child);
    }

    /// How it was started.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The process number.
    ///
    /// # Panics
    /// Where it has ended.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running node").id()
    }

    /// The number of its wallet process; waits until there is one.
    pub fn wallet_pid(&self) -> u32 {
        wait_for("a wallet process", PATIENCE, || {
            children(self.pid(), "bitq-wallet").first().copied()
        })
    }

    /// The directory of its network.
    pub fn network_dir(&self) -> PathBuf {
        self.setup.network_dir()
    }

    /// A file in the directory of its network.
    pub fn file(&self, name: &str) -> PathBuf {
        self.network_dir().join(name)
    }

    /// The log so far.
    pub fn log(&self) -> String {
        read_text(&self.file("debug.log"))
    }

    /// Waits until the log has this text.
    pub fn wait_for_log(&self, text: &str) {
        wait_until(&format!("{text:?} in the log"), PATIENCE, || {
            self.log().contains(text)
        });
    }

    /// What it wrote to standard error since it was started.
    pub fn stderr(&self) -> String {
        read_text(&self.output("stderr"))
    }

    /// The RPC client with the cookie.
    pub fn client(&self) -> RpcClient {
        RpcClient {
            port: self.setup.rpc_port,
            credentials: read_text(&self.file(".cookie")).trim().to_owned(),
        }
    }

    /// Calls a method.
    ///
    /// # Errors
    /// Everything but a result.
    pub fn try_call(&self, method: &str, params: Value) -> Result<Value, RpcFailure> {
        self.client().call("/", method, &params)
    }

    /// Calls a method that must succeed.
    ///
    /// # Panics
    /// Where it does not.
    pub fn call(&self, method: &str, params: Value) -> Value {
        let shown = params.to_string();
        self.try_call(method, params)
            .unwrap_or_else(|error| panic!("{method} {shown}: {error}"))
    }

    /// Calls a method that must be refused; gives code and text.
    ///
    /// # Panics
    /// Where it is not.
    pub fn refused(&self, method: &str, params: Value) -> (i64, String) {
        let shown = params.to_string();
        match self.try_call(method, params) {
            Ok(result) => panic!("{method} {shown} gave {result}"),
            Err(error) => (error.code(), error.message()),
        }
    }

    /// Runs `bitq-cli` for this node.
    pub fn cli<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ended {
        let output = Command::new(program("bitq-cli"))
            .args(self.setup.place())
            .args(args)
            .current_dir(self.setup.folder.path())
            .stdin(Stdio::null())
            .output();
        output.expect("bitq-cli starts").into()
    }

    /// Runs `bitq-cli`, which must succeed; gives what it printed, as JSON where it is that.
    ///
    /// # Panics
    /// Where it fails.
    pub fn cli_ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        let args: Vec<OsString> = args
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        let ended = self.cli(&args);
        assert!(
            ended.code == Some(0) && ended.stderr.is_empty(),
            "bitq-cli {args:?}: {ended:?}"
        );
        let text = ended.stdout.trim_end();
        serde_json::from_str(text).unwrap_or_else(|_| json!(text))
    }

    /// Waits until it has loaded everything and serves.
    ///
    /// # Panics
    /// Where it ends instead, or takes too long.
    pub fn wait_until_ready(&mut self) {
        wait_until("the node to serve", PATIENCE, || {
            if let Some(status) = self.try_wait() {
                panic!("the node ended with {status:?}: {}", self.stderr());
            }
            self.try_call("getmempoolinfo", json!([]))
                .is_ok_and(|info| info["loaded"] == json!(true))
        });
    }

    fn try_wait(&mut self) -> Option<Option<i32>> {
        let child = self.child.as_mut()?;
        let status = child.try_wait().expect("the state of a child")?;
        Some(status.code())
    }

    /// Whether the process runs.
    pub fn is_running(&mut self) -> bool {
        self.child.is_some() && self.try_wait().is_none()
    }

    /// Waits until the process has ended.
    ///
    /// # Panics
    /// After `limit`.
    pub fn wait_for_end(&mut self, limit: Duration) -> Ended {
        let code = wait_for("the node to end", limit, || self.try_wait());
        self.child = None;
        Ended {
            code,
            stdout: read_text(&self.output("stdout")),
            stderr: self.stderr(),
        }
    }

    /// Asks it to stop, which it must do in order and without a word.
    ///
    /// # Panics
    /// Where it does not.
    pub fn stop(&mut self) {
        self.call("stop", json!([]));
        let ended = self.wait_for_end(PATIENCE);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    }

    /// Sends it a signal.
    pub fn signal(&self, what: Signal) {
        signal(self.pid(), what);
    }

    /// Kills the node alone, at once; what it started notices by itself.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        let ended = self.wait_for_end(PATIENCE);
        assert_eq!(ended.code, None, "{}", ended.stderr);
    }

    /// Starts it again and waits until it serves.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "the node still runs");
        self.spawn();
        self.wait_until_ready();
    }

    /// Stops it and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Starts it again with these arguments instead of the former ones.
    pub fn start_with(&mut self, args: &[&str]) {
        self.spawn_with(args);
        self.wait_until_ready();
    }

    /// As [`Node::start_with`], and does not wait.
    pub fn spawn_with(&mut self, args: &[&str]) {
        assert!(self.child.is_none(), "the node still runs");
        self.setup.args = args.iter().map(OsString::from).collect();
        self.spawn();
    }
}

impl Drop for Node {
    #[expect(
        clippy::print_stderr,
        reason = "a failed test shows what the node said"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!(
                "--- stderr of the node\n{}--- end of its log\n{}\n---",
                self.stderr(),
                shown.join("\n")
            );
        }
        for pid in group_members(self.group) {
            // It may have ended by itself meanwhile.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

/// The processes of a group: a node and what it started, whether the node itself still runs or not.
fn group_members(group: u32) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let stat = read_text(&PathBuf::from(format!("/proc/{pid}/stat")));
        let fields = stat.rsplit(") ").next().unwrap_or_default();
        // After the name: state, parent, group.
        fields.split(' ').nth(2) == Some(group.to_string().as_str())
    })
    .filter_map(Pid::from_raw)
    .collect()
}
