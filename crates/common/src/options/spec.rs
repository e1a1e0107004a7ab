//! The shape of one entry of the option table.

use primitives::ChainParams;

/// A program that reads options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// `bitq-node`, the node in a process of its own.
    Node,
    /// `bitqd`, node and wallet in one process.
    Daemon,
    /// `bitq-gui`, the window.
    Gui,
    /// `bitq-wallet`, the wallet process and offline wallet tool.
    Wallet,
    /// `bitq-cli`, the RPC client.
    Cli,
    /// `bitq`, the launcher.
    Launcher,
    /// The transaction tool.
    Tx,
    /// The utility tool.
    Util,
}

impl Program {
    /// Every program, in the order of the help pages.
    pub const ALL: [Self; 8] = [
        Self::Node,
        Self::Daemon,
        Self::Gui,
        Self::Wallet,
        Self::Cli,
        Self::Launcher,
        Self::Tx,
        Self::Util,
    ];

    /// Returns the set holding this program alone.
    pub const fn set(self) -> Programs {
        Programs(1 << self as u8)
    }

    /// Returns what the program is called on its `-help` and `-version` pages.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Daemon => "daemon",
            Self::Gui => "window",
            Self::Wallet => "wallet",
            Self::Cli => "RPC client",
            Self::Launcher => "launcher",
            Self::Tx => "transaction tool",
            Self::Util => "utility",
        }
    }

    /// Returns true if words without a dash may stand on the command line.
    pub const fn takes_words(self) -> bool {
        !matches!(self, Self::Node | Self::Daemon)
    }
}

/// A set of programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Programs(u8);

impl Programs {
    /// Returns both sets together.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns this set without the programs of `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns true if `program` is in the set.
    pub const fn contains(self, program: Program) -> bool {
        self.0 & program.set().0 != 0
    }
}

/// The node in both its forms, and the window, which passes node options on.
pub(crate) const SERVERS: Programs = Program::Node
    .set()
    .or(Program::Daemon.set())
    .or(Program::Gui.set());
/// The servers and the wallet process.
pub(crate) const SERVERS_AND_WALLET: Programs = SERVERS.or(Program::Wallet.set());
/// The servers and the RPC client.
pub(crate) const SERVERS_AND_CLI: Programs = SERVERS.or(Program::Cli.set());
/// Every program that works on one chain.
pub(crate) const CHAIN_PROGRAMS: Programs = SERVERS_AND_WALLET
    .or(Program::Cli.set())
    .or(Program::Tx.set())
    .or(Program::Util.set());
/// Every program with a data directory.
pub(crate) const DATADIR_PROGRAMS: Programs = SERVERS_AND_WALLET.or(Program::Cli.set());
/// The RPC client.
pub(crate) const CLI: Programs = Program::Cli.set();
/// The window.
pub(crate) const GUI: Programs = Program::Gui.set();
/// The wallet process and tool.
pub(crate) const WALLET: Programs = Program::Wallet.set();
/// The launcher.
pub(crate) const LAUNCHER: Programs = Program::Launcher.set();
/// The transaction tool.
pub(crate) const TX: Programs = Program::Tx.set();

/// The group under which `-help` lists an option, in the order of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// General options.
    General,
    /// Peers and sockets.
    Connection,
    /// Wallet behaviour.
    Wallet,
    /// Wallet debugging.
    WalletDebug,
    /// ZeroMQ publishers.
    Zmq,
    /// Debugging, logging, testing.
    Debug,
    /// Which chain.
    Chain,
    /// What is relayed.
    Relay,
    /// What is mined.
    Mining,
    /// The RPC server.
    Rpc,
    /// Sockets between processes.
    Ipc,
    /// The window.
    Gui,
    /// Commands of the RPC client that are written as options.
    CliCommand,
    /// Words that a tool takes as its command.
    Command,
    /// Options that belong to some of the commands only.
    CommandOption,
}

impl Category {
    /// Returns the heading on the help page.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::General | Self::CommandOption => "Options:",
            Self::Connection => "Connection options:",
            Self::Wallet => "Wallet options:",
            Self::WalletDebug => "Wallet debugging/testing options:",
            Self::Zmq => "ZeroMQ notification options:",
            Self::Debug => "Debugging/Testing options:",
            Self::Chain => "Chain selection options:",
            Self::Relay => "Node relay options:",
            Self::Mining => "Block creation options:",
            Self::Rpc => "RPC server options:",
            Self::Ipc => "IPC interprocess connection options:",
            Self::Gui => "UI Options:",
            Self::CliCommand => "CLI Commands:",
            Self::Command => "Commands:",
        }
    }
}

/// What the value of an option is, for the typed getters and the settings page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On or off.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// A file or directory.
    Path,
    /// An amount of coins, decimal, often per 1000 virtual bytes.
    Amount,
    /// May be given several times; all values count.
    List,
    /// On, off, or a text or number that says more.
    BoolOrText,
}

/// What holds when an option is not set.
#[derive(Clone, Copy, Debug)]
pub enum DefaultValue {
    /// Nothing, or something that a sentence of the help text explains.
    None,
    /// This text, written as it would be on the command line.
    Is(&'static str),
    /// A value that differs from chain to chain.
    ByChain(fn(&ChainParams) -> String),
}

/// A group of the window's settings page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingGroup {
    /// Language, start, directories.
    General,
    /// Colours, units, sizes.
    Appearance,
    /// Fees, coins, addresses.
    Wallet,
    /// Peers and proxies.
    Network,
    /// Caches, indexes, RPC.
    Node,
    /// What others may learn.
    Privacy,
    /// What few people change.
    Advanced,
}

/// How the settings page shows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The page.
    pub group: SettingGroup,
    /// True if a change takes effect only when the node or wallet starts again.
    pub needs_restart: bool,
    /// True if it is chosen before `settings.json` is read, so that the page can only show it.
    pub read_only: bool,
}

/// One option: everything that parser, help page, configuration file and settings page know of it.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Name without dash.
    pub name: &'static str,
    /// What follows the name on the help page, with its `=`; empty for a plain switch.
    pub arg: &'static str,
    /// Heading on the help page.
    pub category: Category,
    /// Type of the value.
    pub kind: Kind,
    /// Value when nothing is set.
    pub default: DefaultValue,
    /// Help text without the default, which is added from `default`.
    pub help: &'static str,
    /// Programs that take it.
    pub programs: Programs,
    /// Shown by `-help-debug` only.
    pub debug_only: bool,
    /// Never shown.
    pub hidden: bool,
    /// Outside the main network it counts in a file only inside that network's section.
    pub network_only: bool,
    /// Its value never reaches a log or a wallet process.
    pub sensitive: bool,
    /// `-noname` is refused.
    pub no_negation: bool,
    /// `-name` without `=value` is refused.
    pub no_elision: bool,
    /// An error in any file.
    pub command_line_only: bool,
    /// Accepted without effect, and why.
    pub inert: Option<&'static str>,
    /// Place on the settings page.
    pub setting: Option<Setting>,
    /// Smallest and largest sensible number.
    pub range: Option<(i64, i64)>,
}

impl OptionSpec {
    /// Returns an entry with no default and no special rule, taken by the servers.
    pub const fn new(
        category: Category,
        kind: Kind,
        name: &'static str,
        arg: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            name,
            arg,
            category,
            kind,
            default: DefaultValue::None,
            help,
            programs: SERVERS,
            debug_only: false,
            hidden: false,
            network_only: false,
            sensitive: false,
            no_negation: false,
            no_elision: false,
            command_line_only: false,
            inert: None,
            setting: None,
            range: None,
        }
    }

    /// Sets a default that is the same on every chain.
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = DefaultValue::Is(value);
        self
    }

    /// Sets a default that depends on the chain.
    pub const fn by_chain(mut self, value: fn(&ChainParams) -> String) -> Self {
        self.default = DefaultValue::ByChain(value);
        self
    }

    /// Sets the programs that take the option.
    pub const fn programs(mut self, programs: Programs) -> Self {
        self.programs = programs;
        self
    }

    /// Leaves the option to `-help-debug`.
    pub const fn debug(mut self) -> Self {
        self.debug_only = true;
        self
    }

    /// Takes the option off every help page.
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Makes the option count only in its network's section of a file.
    pub const fn network_only(mut self) -> Self {
        self.network_only = true;
        self
    }

    /// Keeps the value out of logs and of the wallet process.
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Refuses `-noname`.
    pub const fn no_negation(mut self) -> Self {
        self.no_negation = true;
        self
    }

    /// Refuses the name without a value.
    pub const fn no_elision(mut self) -> Self {
        self.no_elision = true;
        self
    }

    /// Refuses the option in files.
    pub const fn command_line_only(mut self) -> Self {
        self.command_line_only = true;
        self
    }

    /// Marks an option that is accepted but does nothing, and says why.
    pub const fn inert(mut self, reason: &'static str) -> Self {
        self.inert = Some(reason);
        self
    }

    /// Puts the option on a settings page; a change needs a restart.
    pub const fn setting(mut self, group: SettingGroup) -> Self {
        self.setting = Some(Setting {
            group,
            needs_restart: true,
            read_only: false,
        });
        self
    }

    /// Puts the option on a settings page, where it is shown and cannot be changed.
    pub const fn shown_setting(mut self, group: SettingGroup) -> Self {
        self.setting = Some(Setting {
            group,
            needs_restart: true,
            read_only: true,
        });
        self
    }

    /// Puts the option on a settings page; a change takes effect at once.
    pub const fn live_setting(mut self, group: SettingGroup) -> Self {
        self.setting = Some(Setting {
            group,
            needs_restart: false,
            read_only: false,
        });
        self
    }

    /// Sets the smallest and largest sensible number.
    pub const fn range(mut self, low: i64, high: i64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Returns the help text, which says so of an option without effect.
    pub fn help_with_note(&self) -> String {
        match self.inert {
            Some(reason) => format!("{} (without effect: {reason})", self.help),
            None => self.help.to_owned(),
        }
    }

    /// Returns the default on one chain, written as on the command line.
    pub fn default_on(&self, params: &ChainParams) -> Option<String> {
        match self.default {
            DefaultValue::None => None,
            DefaultValue::Is(text) => Some(text.to_owned()),
            DefaultValue::ByChain(value) => Some(value(params)),
        }
    }
}
