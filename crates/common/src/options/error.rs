//! What can be wrong with options, in the words that outside tools compare.

use std::path::PathBuf;

use crate::datadir::DataDirError;

/// A refusal while options are read. The text stands after `Error: ` on the one line of a failed start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The command line cannot be read.
    #[error("Error parsing command line arguments: {0}")]
    CommandLine(#[source] Box<OptionsError>),
    /// The configuration file cannot be read.
    #[error("Error reading configuration file: {0}")]
    ConfigFile(#[source] Box<OptionsError>),

    /// No option of this program has that name.
    #[error("Invalid parameter {0}")]
    UnknownOption(String),
    /// The first word is no command of this tool.
    #[error("Invalid command '{0}'")]
    UnknownCommand(String),
    /// An argument is not UTF-8.
    #[error("Invalid parameter {0:?} (not valid UTF-8)")]
    NotText(std::ffi::OsString),
    /// A child is not told the number of its socket.
    #[error("Invalid -ipcfd number '{0}' ({1})")]
    ChildDescriptor(String, String),
    /// A word without a dash where only options may stand.
    #[error(
        "Command line contains unexpected token '{token}', see {program} -h for a list of options."
    )]
    StrayWord {
        /// The word.
        token: String,
        /// File name of the program.
        program: String,
    },
    /// The option cannot be negated.
    #[error("Negating of -{0} is meaningless and therefore forbidden")]
    NoNegation(String),
    /// The option needs a value.
    #[error("Can not set -{0} with no value. Please specify value with -{0}=value.")]
    NoElision(String),
    /// `-includeconf` stands on the command line.
    #[error("-includeconf cannot be used from commandline; -includeconf={0}")]
    IncludeOnCommandLine(String),
    /// An option that only the command line may set stands in a file.
    #[error("{0} cannot be set in a file; it is a command line option only")]
    CommandLineOnly(String),
    /// `conf` stands in a configuration file.
    #[error(
        "conf cannot be set in the configuration file; use includeconf= if you want to include additional config files"
    )]
    ConfInFile,
    /// A line of the configuration file begins with a dash.
    #[error(
        "parse error on line {line}: {text}, options in configuration file must be specified without leading -"
    )]
    DashInFile {
        /// Line number, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// A password line has a comment sign in it.
    #[error(
        "parse error on line {0}, using # in rpcpassword can be ambiguous and should be avoided"
    )]
    HashInPassword(usize),
    /// A line of the configuration file is no setting.
    #[error("parse error on line {line}: {text}{hint}")]
    NotASetting {
        /// Line number, from 1.
        line: usize,
        /// The line.
        text: String,
        /// What may have been meant, beginning with a comma, or nothing.
        hint: String,
    },
    /// The configuration file holds bytes that are no UTF-8 text.
    #[error("configuration file \"{}\" is not valid UTF-8 text.", .0.display())]
    ConfigNotText(PathBuf),
    /// The configuration file is a directory.
    #[error("Config file \"{}\" is a directory.", .0.display())]
    ConfigIsDirectory(PathBuf),
    /// An included file is a directory.
    #[error("Included config file \"{}\" is a directory.", .0.display())]
    IncludeIsDirectory(PathBuf),
    /// The configuration file named by `-conf` cannot be opened.
    #[error("specified config file \"{}\" could not be opened.", .0.display())]
    ConfigUnreadable(PathBuf),
    /// An included file cannot be opened.
    #[error("Failed to include configuration file {0}")]
    IncludeUnreadable(String),
    /// The directory named by `datadir=` in the file does not exist.
    #[error("specified data directory \"{0}\" does not exist.")]
    ConfiguredDataDirMissing(String),
    /// The directory named by `-datadir` does not exist.
    #[error("Specified data directory \"{0}\" does not exist.")]
    DataDirMissing(String),
    /// The machine tells no place for data files.
    #[error(
        "Cannot find the home directory of this user. Please give the data directory with -datadir=<dir>."
    )]
    NoHome,
    /// The directory named by `-blocksdir` does not exist.
    #[error("Specified blocks directory \"{0}\" does not exist.")]
    BlocksDirMissing(String),
    /// More than one option chooses the chain.
    #[error(
        "Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most one."
    )]
    SeveralChains,
    /// `-chain` names no chain.
    #[error("Unknown chain {0}.")]
    UnknownChain(String),
    /// `-coin` names no coin.
    #[error("Unknown coin '{name}'. Possible values: {known}.")]
    UnknownCoin {
        /// What was given.
        name: String,
        /// The names that are known, with commas.
        known: String,
    },
    /// The data directory holds a configuration file that is not the one in use.
    #[error(
        "{0}\n- Set allowignoredconf=1 option to treat this condition as a warning, not an error."
    )]
    IgnoredConfig(String),
    /// `settings.json` cannot be read.
    #[error("Settings file could not be read:\n{}", unordered(.0))]
    SettingsUnreadable(Vec<String>),
    /// `settings.json` cannot be written.
    #[error("Settings file could not be written:\n{}", unordered(.0))]
    SettingsUnwritable(Vec<String>),
    /// A directory cannot be made or does not belong here.
    #[error(transparent)]
    DataDir(#[from] DataDirError),

    /// A network-only option stands outside its section.
    #[error("{0}")]
    WrongSection(String),
    /// A value breaks a rule; the text says which.
    #[error("{0}")]
    Value(String),
    /// A value is no amount of coins.
    #[error("Invalid amount for -{name}=<amount>: '{text}'")]
    Amount {
        /// The option.
        name: String,
        /// What was given.
        text: String,
    },
    /// A value is no port, or no address with a port.
    #[error("Invalid port specified in {name}: '{text}'")]
    Port {
        /// The option with its dash.
        name: String,
        /// What was given.
        text: String,
    },
    /// A parent handed over settings that cannot be read.
    #[error("The settings handed over by the parent process cannot be read: {0}")]
    Snapshot(String),
}

/// Returns the lines as a list of points.
fn unordered(lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| format!("- {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
