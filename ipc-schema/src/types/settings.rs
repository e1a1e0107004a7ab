//! The options of the node as the settings page shows them.

/// Where the value of an option comes from, from strongest to weakest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SettingSource {
    /// Set by the program itself.
    Forced,
    /// The command line.
    CommandLine,
    /// `settings.json`, which the window writes.
    SettingsFile,
    /// The configuration file.
    ConfigFile,
    /// Nobody set it.
    #[default]
    Default,
}

/// What kind of value an option takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SettingKind {
    /// On or off.
    Bool,
    /// A whole number.
    Integer,
    /// An amount of coins.
    Amount,
    /// Any text.
    #[default]
    Text,
    /// A path.
    Path,
    /// Several values.
    List,
}

/// One option of the node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingInfo {
    /// Name without the leading minus.
    pub name: String,
    /// Heading of `-help` under which it stands.
    pub category: String,
    /// What it takes.
    pub kind: SettingKind,
    /// The value in force, as JSON text.
    pub value: String,
    /// Where that comes from.
    pub source: SettingSource,
    /// The default, as JSON text.
    pub default: String,
    /// The value stored in `settings.json`, as JSON text; empty where there is none.
    pub stored: String,
    /// The help text.
    pub help: String,
    /// Whether a change takes effect only after a restart.
    pub needs_restart: bool,
    /// Whether a stronger source hides what the settings page stores.
    pub overridden: bool,
    /// Whether the value is chosen at the start of the program and can only be shown.
    pub read_only: bool,
}

/// What a changed setting leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetReply {
    /// Whether it waits for a restart.
    pub needs_restart: bool,
}
