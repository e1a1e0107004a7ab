//! What the window knows: plain data, changed by events of the link and by nothing else. No drawing in here.

pub mod amount;
pub mod bits;
pub mod clock;
pub mod coins;
pub mod console;
pub mod export;
pub mod filter;
pub mod first_run;
pub mod history;
pub mod log;
pub mod prefs;
pub mod rows;
pub mod selection;
pub mod sort;
pub mod spread;
pub mod strength;
pub mod sync;
pub mod task_pace;
pub mod uri;
pub mod wallet;

use ipc_schema::{
    NodeEvent, NodeStatus, Phase, RpcCommand, Session, SettingInfo, Task, WalletListItem,
};
use primitives::ChainParams;

pub use amount::{Money, UnitIndex};
pub use history::History;
pub use prefs::Prefs;
pub use rows::Rows;
pub use selection::{Pick, Selection};
pub use sort::Sort;
pub use wallet::Wallet;

use crate::link::Connection;
use log::LogBuffer;
use sync::Pace;
use task_pace::TaskPaces;

/// On a private chain only an import of more blocks than this is worth a word about progress.
const IMPORT: u32 = 1000;

/// First blocks of a chain that come at a fixed pace are made in one go only where they are fewer than this.
const MOST_PACED: u32 = 1000;

/// Everything the pages show.
#[derive(Debug)]
pub struct Model {
    /// The chain this window is for.
    pub params: &'static ChainParams,
    /// The user's choices.
    pub prefs: Prefs,
    /// How we stand with the node.
    pub connection: Connection,
    /// Whether the node is away because the user wanted it started anew.
    pub restarting: bool,
    /// Who the node said it is.
    pub session: Option<Session>,
    /// The node's newest status; kept, and shown as old, while it is away.
    pub node: Option<NodeStatus>,
    /// When `node` came, in seconds since 1970.
    pub node_seen: i64,
    /// Since when the node, though connected, has not answered; `None` while it does.
    pub silent_since: Option<i64>,
    /// Bytes per second over the peer-to-peer network: in, out.
    pub traffic_rate: (u64, u64),
    /// Tasks of the node.
    pub node_tasks: Vec<Task>,
    /// Tasks of the wallet process.
    pub wallet_tasks: Vec<Task>,
    /// How fast they get on.
    pub task_paces: TaskPaces,
    /// The end of the node's log.
    pub log: LogBuffer,
    /// Wallets on disk.
    pub wallets: Vec<WalletListItem>,
    /// Whether the list of wallets was read since the connection was made.
    pub wallets_known: bool,
    /// The wallet process ended while the node went on, and is not back yet.
    pub wallet_ended: bool,
    /// The wallet in view.
    pub wallet: Option<Wallet>,
    /// The node's options.
    pub settings: Vec<SettingInfo>,
    /// The option that was stored last in this window.
    pub last_setting: Option<String>,
    /// Commands of the console.
    pub commands: Vec<RpcCommand>,
    /// How fast the chain comes in.
    pub pace: Pace,
    /// The clock, in seconds since 1970; moves once a second while something depends on it.
    pub now: i64,
    /// The local time zone.
    pub zone: clock::Zone,
    /// Whether the last letter typed was a capital without Shift: caps lock is on.
    pub capitals: bool,
}

/// What came of a change, for those who act on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// The first status since the connection was made.
    pub first_status: bool,
    /// There is a new tip.
    pub tip: bool,
    /// The wallet process became usable.
    pub wallet_ready: bool,
}

impl Model {
    /// A model that knows nothing yet.
    pub fn new(params: &'static ChainParams, prefs: Prefs, now: i64) -> Self {
        Self {
            params,
            prefs,
            connection: Connection::default(),
            restarting: false,
            session: None,
            node: None,
            node_seen: now,
            silent_since: None,
            traffic_rate: (0, 0),
            node_tasks: Vec::new(),
            wallet_tasks: Vec::new(),
            task_paces: TaskPaces::default(),
            log: LogBuffer::default(),
            wallets: Vec::new(),
            wallets_known: false,
            wallet_ended: false,
            wallet: None,
            settings: Vec::new(),
            last_setting: None,
            commands: Vec::new(),
            pace: Pace::default(),
            now,
            zone: clock::Zone::utc(),
            capitals: false,
        }
    }

    /// Takes in an event of the node.
    pub fn apply_node(&mut self, event: NodeEvent) -> Changed {
        match event {
            NodeEvent::Status(status) => return self.apply_status(*status),
            NodeEvent::Log { lines, dropped } => self.log.extend(lines, dropped),
            NodeEvent::Tasks(tasks) => {
                self.node_tasks = tasks;
                self.sample_tasks();
            }
        }
        Changed::default()
    }

    fn apply_status(&mut self, status: NodeStatus) -> Changed {
        use ipc_schema::WalletLink;
        let before = self.node.as_ref();
        let was_ready = before.is_some_and(|old| old.wallet.link == WalletLink::Running);
        let changed = Changed {
            first_status: before.is_none(),
            tip: before.and_then(|old| old.tip) != status.tip,
            wallet_ready: !was_ready && status.wallet.link == WalletLink::Running,
        };
        if let Some(old) = before {
            let seconds = u64::try_from(self.now - self.node_seen).unwrap_or(0);
            if seconds > 0 {
                let rate = |new: u64, old: u64| new.saturating_sub(old) / seconds;
                self.traffic_rate = (
                    rate(status.traffic.received, old.traffic.received),
                    rate(status.traffic.sent, old.traffic.sent),
                );
            }
        }
        let height = status.tip.map_or(0, |tip| tip.height);
        if status.initial_download && status.phase == Phase::Running {
            self.pace.sample(self.now, status.progress, height);
        } else {
            self.pace = Pace::default();
        }
        self.node_seen = self.now;
        self.node = Some(status);
        changed
    }

    /// Whether the node serves everything.
    pub fn is_node_running(&self) -> bool {
        self.connection.is_up()
            && self
                .node
                .as_ref()
                .is_some_and(|node| node.phase == Phase::Running)
    }

    /// Whether wallets can be made, opened and asked.
    pub fn can_use_wallets(&self) -> bool {
        self.is_node_running() && self.wallets_known
    }

    /// Whether amounts may be out of date because the chain is still coming in.
    pub fn is_catching_up(&self) -> bool {
        self.node
            .as_ref()
            .is_some_and(|node| node.initial_download && self.has_work_left(node))
    }

    /// Whether blocks that the node knows of are still to be connected. One that has just come in is not worth a word.
    pub fn is_behind(&self) -> bool {
        self.node.as_ref().is_some_and(|node| {
            let next = |tip: ipc_schema::BlockTip| tip.height.saturating_add(1);
            node.tip.is_some_and(|tip| node.headers_height > next(tip))
        })
    }

    fn has_work_left(&self, node: &NodeStatus) -> bool {
        // A private chain whose tip is old counts as "initial download" for the node, yet there is nothing to wait
        // for: nobody but the user adds blocks to it, and those take no time worth a word.
        let behind = node
            .headers_height
            .saturating_sub(node.tip.map_or(0, |tip| tip.height));
        !self.params.is_private() || behind > IMPORT
    }

    /// Height of the tip, where known.
    pub fn height(&self) -> Option<u32> {
        self.node.as_ref()?.tip.map(|tip| tip.height)
    }

    /// Seconds since the node last told anything, where that is worth a word: more than five.
    pub fn stale_seconds(&self) -> Option<i64> {
        let since = match self.silent_since {
            Some(since) => since,
            None if !self.connection.is_up() => self.node_seen,
            None => return None,
        };
        let age = self.now - since;
        (self.node.is_some() && age >= 5).then_some(age)
    }

    /// How many blocks a wish for `blocks` makes on a private chain: one whose first blocks must be paced counts as
    /// behind until all of them are there.
    pub fn blocks_to_mine(&self, blocks: u32) -> u32 {
        let paced = self.params.mining_pace.map_or(0, |pace| pace.until_height);
        let missing = paced.saturating_sub(self.height().unwrap_or(0));
        if paced < MOST_PACED {
            blocks.max(missing)
        } else {
            blocks
        }
    }

    /// Formats amounts as the user wants them.
    pub fn money(&self) -> Money<'_> {
        Money {
            params: self.params,
            unit: self.prefs.unit,
            masked: self.prefs.masked,
        }
    }

    /// All tasks, running ones first, each kind with what changed last before the others.
    pub fn tasks(&self) -> Vec<&Task> {
        let mut tasks: Vec<&Task> = self.all_tasks().collect();
        tasks.sort_by_key(|task| {
            let changed = task.finished.unwrap_or(task.started);
            (task.is_over(), std::cmp::Reverse(changed))
        });
        tasks
    }

    /// Takes in how far the tasks are.
    pub(crate) fn sample_tasks(&mut self) {
        let mut paces = std::mem::take(&mut self.task_paces);
        paces.sample(self.now, self.all_tasks());
        self.task_paces = paces;
    }

    /// How many tasks are at work.
    pub fn running_tasks(&self) -> usize {
        self.all_tasks().filter(|task| !task.is_over()).count()
    }

    /// The tasks of node and wallets. What the node heard of a wallet's task is left out where the wallet tells of it
    /// itself.
    fn all_tasks(&self) -> impl Iterator<Item = &Task> {
        let told = |task: &&Task| {
            let same = |own: &Task| {
                (own.id, &own.wallet, &own.kind) == (task.id, &task.wallet, &task.kind)
            };
            !self.wallet_tasks.iter().any(same)
        };
        self.node_tasks
            .iter()
            .filter(told)
            .chain(&self.wallet_tasks)
    }

    /// Forgets what belonged to a connection that is gone; what pages show stays, marked old.
    pub fn disconnected(&mut self) {
        self.traffic_rate = (0, 0);
        self.silent_since = None;
        self.wallets_known = false;
        // It went with the node, which is what is told then.
        self.wallet_ended = false;
        self.pace = Pace::default();
        // What was at work ended with the node, or is told anew.
        self.node_tasks.retain(Task::is_over);
        self.sample_tasks();
        if let Some(node) = &mut self.node {
            // It is about a start that is over; the next one says its own.
            node.message.clear();
        }
    }
}

/// What a chain is for, as far as the window cares.
pub trait ChainKind {
    /// Whether blocks come only from the user: the Mine button is offered.
    fn is_private(&self) -> bool;
}

impl ChainKind for ChainParams {
    fn is_private(&self) -> bool {
        self.network == primitives::Network::Regtest
    }
}

/// A network in words.
pub fn network_words(network: primitives::Network) -> &'static str {
    match network {
        primitives::Network::Main => "the main network",
        primitives::Network::Test => "testnet 3",
        primitives::Network::Testnet4 => "testnet 4",
        primitives::Network::Signet => "signet",
        primitives::Network::Regtest => "a private chain",
    }
}

#[cfg(test)]
mod tests;
