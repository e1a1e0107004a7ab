//! Options: one table, from which command line, configuration file, `settings.json`, help pages and the window's
//! settings are read.
//!
//! The way is [`CommandLine::parse`], then [`Config::load`] (servers), [`Config::load_client`] or
//! [`Config::load_plain`]; a child process takes [`Config::from_snapshot`] instead and reads nothing from disk.
//! Highest first, these layers make the value in force: forced by a rule, command line, `settings.json`, the
//! network's section of the configuration file, the file's part before any section, the table's default.

mod chain_override;
mod check;
mod command_line;
mod conf_file;
mod config;
mod error;
pub mod fuzzing;
mod help;
mod interaction;
mod key;
mod load;
mod next_start;
mod report;
mod settings;
mod settings_file;
mod snapshot;
mod spec;
pub mod table;

pub use check::{byte_units, split_host_port, user_hex};
pub use command_line::{CommandLine, child_descriptor};
pub use config::{Config, Notice};
pub use error::OptionsError;
pub use help::{help_page, version_page};
pub use settings::Source;
pub use snapshot::{LayerOptions, Snapshot, SnapshotLayer};
pub use spec::{
    Category, DefaultValue, Kind, OptionSpec, Program, Programs, Setting, SettingGroup,
};

#[cfg(test)]
mod tests;
