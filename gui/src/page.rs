//! The screens. Each is a module with its state, its messages, `update` (no I/O, only tasks) and `view`.

pub mod activity;
pub mod coins;
pub mod console;
pub mod first_run;
pub mod overview;
pub mod receive;
pub mod send;
pub mod settings;
pub mod status;
pub mod tasks;
pub mod wallets;

use iced::Task;

use crate::link::{Control, Link};
use crate::model::Model;
use crate::theme::{Icon, Tone};

/// What stands under a passphrase that is typed in capitals.
pub(crate) const CAPITALS: &str = "Caps lock is on.";

/// Which page is in view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum PageId {
    /// Balances, what is next, recent payments.
    #[default]
    Overview,
    /// Pay.
    Send,
    /// Be paid.
    Receive,
    /// Every transaction.
    Activity,
    /// What the wallet holds, coin by coin.
    Coins,
    /// Create, open, close, back up, restore.
    Wallets,
    /// The node, its chain and its log.
    Status,
    /// Commands.
    Console,
    /// Long work.
    Tasks,
    /// Choices.
    Settings,
}

impl PageId {
    /// All pages in the order of the rail.
    pub const ALL: [Self; 10] = [
        Self::Overview,
        Self::Send,
        Self::Receive,
        Self::Activity,
        Self::Coins,
        Self::Wallets,
        Self::Status,
        Self::Console,
        Self::Tasks,
        Self::Settings,
    ];

    /// Pages of a wallet; absent where wallets are switched off.
    pub const WALLET: [Self; 6] = [
        Self::Overview,
        Self::Send,
        Self::Receive,
        Self::Activity,
        Self::Coins,
        Self::Wallets,
    ];
    /// Pages of the node.
    pub const NODE: [Self; 2] = [Self::Status, Self::Console];

    /// The word in the rail.
    pub fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Send => "Send",
            Self::Receive => "Receive",
            Self::Activity => "Activity",
            Self::Coins => "Coins",
            Self::Wallets => "Wallets",
            Self::Status => "Node",
            Self::Console => "Console",
            Self::Tasks => "Tasks",
            Self::Settings => "Settings",
        }
    }

    /// The icon in the rail.
    pub fn icon(self) -> Icon {
        match self {
            Self::Overview => Icon::LayoutDashboard,
            Self::Send => Icon::ArrowUpRight,
            Self::Receive => Icon::ArrowDownLeft,
            Self::Activity => Icon::History,
            Self::Coins => Icon::Coins,
            Self::Wallets => Icon::Wallet,
            Self::Status => Icon::Server,
            Self::Console => Icon::SquareTerminal,
            Self::Tasks => Icon::ListChecks,
            Self::Settings => Icon::Settings,
        }
    }

    /// The name for tests and for focus by code.
    pub fn id(self) -> &'static str {
        match self {
            Self::Overview => "nav-overview",
            Self::Send => "nav-send",
            Self::Receive => "nav-receive",
            Self::Activity => "nav-activity",
            Self::Coins => "nav-coins",
            Self::Wallets => "nav-wallets",
            Self::Status => "nav-node",
            Self::Console => "nav-console",
            Self::Tasks => "nav-tasks",
            Self::Settings => "nav-settings",
        }
    }
}

/// What a page may look at while it handles a message.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What is known.
    pub model: &'a Model,
    /// The way to node and wallet.
    pub link: &'a Link,
}

impl Context<'_> {
    /// The name of the wallet in view; empty without one.
    pub fn wallet_name(&self) -> String {
        self.model
            .wallet
            .as_ref()
            .map(|wallet| wallet.name.clone())
            .unwrap_or_default()
    }
}

/// What a page wishes its parent to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Show a short notice.
    Notify(Tone, String),
    /// Put a text on the clipboard; the words name it in the notice.
    Copy(String, &'static str),
    /// Show another page.
    Open(PageId),
    /// Show the wallet pages at the backup.
    OpenBackup,
    /// Show a transaction in Activity.
    ShowTransaction(primitives::Txid),
    /// Make a payment of these coins.
    SendCoins(coins::Chosen),
    /// Bring the coins into the order of another column.
    SortCoins(crate::model::Sort<crate::model::coins::CoinKey>),
    /// Show this wallet.
    ShowWallet(String),
    /// Show the form for a new wallet; whether it is to have no keys.
    NewWallet {
        /// It only watches.
        watch_only: bool,
    },
    /// Show the form for a backup file.
    RestoreWallet,
    /// This wallet was closed on request: it stays closed until it is asked for.
    WalletClosed(String),
    /// Wallets were made, opened or closed: read their list again.
    WalletsChanged,
    /// Change the user's choices.
    Prefs(PrefsChange),
    /// Ask the link for something.
    Link(Control),
    /// Ask for the passphrase of the wallet in view.
    Unlock,
    /// Make blocks on a private chain.
    Mine(u32),
    /// Show the options of the command line.
    CommandLine,
    /// Show what this program is.
    About,
    /// Ask for another coin or network.
    ChooseChain,
    /// Ask whether all choices of the window are to be set back.
    Reset,
    /// The first run is through.
    FirstRun(first_run::Outcome),
}

/// A change of the user's choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrefsChange {
    /// Light, dark or system.
    Theme(crate::theme::Choice),
    /// High contrast.
    Contrast(crate::theme::Contrast),
    /// Scale in percent.
    Scale(u16),
    /// Less air in rows.
    Compact(bool),
    /// Unit of amounts.
    Unit(crate::model::UnitIndex),
    /// Amounts hidden.
    Masked(bool),
    /// What becomes of the node at quit.
    LeaveNodeRunning(Option<bool>),
    /// Lines of the console.
    ConsoleHistory(Vec<String>),
    /// Size of the console's text.
    ConsoleSize(u16),
    /// How long a wallet stays unlocked, in seconds.
    UnlockSeconds(u32),
    /// The width of a column; whether the drag is over.
    Width(&'static str, u16, bool),
}

/// What came of a message.
#[derive(Debug)]
pub struct Update<Message> {
    /// Work that brings further messages.
    pub task: Task<Message>,
    /// A wish of the page.
    pub event: Option<Event>,
}

impl<Message> Update<Message> {
    /// Nothing more.
    pub fn none() -> Self {
        Self {
            task: Task::none(),
            event: None,
        }
    }

    /// Some work.
    pub fn task(task: Task<Message>) -> Self {
        Self { task, event: None }
    }

    /// A wish.
    pub fn event(event: Event) -> Self {
        Self {
            task: Task::none(),
            event: Some(event),
        }
    }

    /// The same with a wish.
    pub fn and(self, event: Event) -> Self {
        Self {
            event: Some(event),
            ..self
        }
    }
}

/// The words for an error of the link, with a way out.
pub fn words(error: &ipc_schema::IpcError) -> String {
    use ipc_schema::IpcError;
    match error {
        IpcError::Disconnected => "The node does not answer. Try again when it is back.".to_owned(),
        IpcError::Unimplemented(what) => {
            format!(
                "The node does not answer to \"{what}\" here: its socket only lets windows look, or its version is \
                 another. Start it with a socket for everything, or use the same version for all programs."
            )
        }
        other => other.to_string(),
    }
}

/// Where calls for a wallet are addressed to, also for one without a name.
pub(crate) fn wallet_uri(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold("/wallet/".to_owned(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string");
        }
        out
    })
}
