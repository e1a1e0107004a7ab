//! How a parent configures a spawned child, which reads nothing from disk before.

use super::SettingSource;

/// One option and its values in one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionValues {
    /// Name without the leading minus.
    pub name: String,
    /// Values in order, each as JSON text (a string, a number, `true`, `false` for `-noname`).
    pub values: Vec<String>,
}

/// The options from one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionLayer {
    /// Where they come from, which decides what wins.
    pub source: SettingSource,
    /// Section of the configuration file; empty for its head and for other sources.
    pub section: String,
    /// The options.
    pub options: Vec<OptionValues>,
}

/// Everything a child needs before it may read its data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartOptions {
    /// The parent's layers, or the part that concerns the child.
    pub layers: Vec<OptionLayer>,
    /// The configuration file they were read from; empty for none.
    pub config_path: String,
}

/// Why a child does not start; becomes the parent's one `Error:` line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct StartError {
    /// The text after `Error: `.
    pub text: String,
    /// The exit status the child ends with.
    pub exit_code: u8,
}
