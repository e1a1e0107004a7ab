//! What the node tells about itself.

use primitives::{Amount, FeeRate};

use super::{BlockTip, SettingSource, Task};

/// Where the node is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Options are known, nothing is loaded.
    #[default]
    Starting,
    /// Loads or rebuilds the chain; calls that need it answer "warming up".
    Loading,
    /// Serves everything.
    Running,
    /// Ends in order.
    Stopping,
    /// Cannot go on; the message says why.
    Failed,
}

/// The mempool at a glance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MempoolStatus {
    /// Number of transactions.
    pub count: u64,
    /// Their virtual bytes.
    pub vbytes: u64,
    /// Memory they take, in bytes.
    pub usage: u64,
    /// Memory they may take, in bytes.
    pub max_usage: u64,
    /// Their fees together.
    pub fees: Amount,
    /// Rate below which nothing enters.
    pub min_rate: FeeRate,
}

/// Bytes over the peer-to-peer network since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Received.
    pub received: u64,
    /// Sent.
    pub sent: u64,
}

/// Where the wallet process is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WalletLink {
    /// Switched off by `-disablewallet`, and none is attached.
    #[default]
    Off,
    /// Starting, or waiting for its start after a crash.
    Starting,
    /// Serves.
    Running,
    /// Gone and not started again by itself.
    Down,
}

/// The node's view of its wallet process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalletProcessState {
    /// Where it is.
    pub link: WalletLink,
    /// Why it is down, or what it waits for.
    pub message: String,
    /// Its process number, 0 where there is none of its own.
    pub pid: u32,
    /// How often it was started again after a crash.
    pub restarts: u32,
}

/// The coalescing status: only the newest is kept, at most four are sent a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeStatus {
    /// Where the node is in its life.
    pub phase: Phase,
    /// What it does at start, or why it failed.
    pub message: String,
    /// Exit status it will end with, where it failed.
    pub exit_code: u8,
    /// The tip of the active chain; `None` until it is loaded.
    pub tip: Option<BlockTip>,
    /// Height of the best header.
    pub headers_height: u32,
    /// Time of the best header.
    pub headers_time: i64,
    /// Whether the node counts itself as in initial download.
    pub initial_download: bool,
    /// Work done between 0 and 1, weighted by transactions.
    pub progress: f64,
    /// The mempool.
    pub mempool: MempoolStatus,
    /// Whether the peer-to-peer network is switched on.
    pub network_active: bool,
    /// Connected peers that we called.
    pub peers_out: u32,
    /// Connected peers that called us.
    pub peers_in: u32,
    /// Bytes since the start.
    pub traffic: Traffic,
    /// Warnings that stay until they are no longer true.
    pub warnings: Vec<String>,
    /// Free bytes on the file system of the blocks, where known.
    pub disk_free: Option<u64>,
    /// Bytes of block and undo files and databases.
    pub disk_used: u64,
    /// First block that is still stored, where older ones were pruned.
    pub prune_height: Option<u32>,
    /// The wallet process.
    pub wallet: WalletProcessState,
    /// When the node started.
    pub started: i64,
    /// The network's data directory.
    pub datadir: String,
    /// Where block files lie.
    pub blocks_dir: String,
    /// Program version.
    pub version: String,
    /// Coin name as in `-coin`.
    pub coin: String,
    /// Network name as in `-chain`.
    pub network: String,
    /// Where the data directory setting comes from.
    pub datadir_source: SettingSource,
    /// The node's log file; empty where there is none.
    pub log_file: String,
    /// Cache in use and allowed, in bytes.
    pub cache: (u64, u64),
}

/// How bad a log line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Finest.
    Trace,
    /// For developers, by category.
    Debug,
    /// Rare and ordinary.
    #[default]
    Info,
    /// The user should act.
    Warning,
    /// The node stops.
    Error,
}

/// One line of `debug.log`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLine {
    /// Counts up by one per line in the process.
    pub sequence: u64,
    /// How bad.
    pub level: LogLevel,
    /// Category such as `net`; empty for none.
    pub category: String,
    /// The line as in the file, with its time, without its end.
    pub text: String,
}

/// What a window wants to hear of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeTopics {
    /// [`NodeEvent::Status`].
    pub status: bool,
    /// [`NodeEvent::Log`].
    pub log: bool,
    /// [`NodeEvent::Tasks`].
    pub tasks: bool,
}

impl NodeTopics {
    /// Every topic.
    pub const ALL: Self = Self {
        status: true,
        log: true,
        tasks: true,
    };
}

/// What a subscription to the node brings. The first of each kind is the snapshot.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeEvent {
    /// The newest status.
    Status(Box<NodeStatus>),
    /// Log lines in order.
    Log {
        /// The lines.
        lines: Vec<LogLine>,
        /// How many lines before them were lost, because nobody took them in time.
        dropped: u64,
    },
    /// All tasks, running and recently ended.
    Tasks(Vec<Task>),
}
