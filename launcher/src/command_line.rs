//! What stands on the command line of `bitq` itself, up to the command.

use std::ffi::OsString;
use std::io;

/// A command: what follows it belongs to the program behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Gui,
    Node,
    Rpc,
    Wallet,
    Tx,
    Util,
}

impl Command {
    pub(crate) const ALL: [Self; 6] = [
        Self::Gui,
        Self::Node,
        Self::Rpc,
        Self::Wallet,
        Self::Tx,
        Self::Util,
    ];

    /// The command as it is typed.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Gui => "gui",
            Self::Node => "node",
            Self::Rpc => "rpc",
            Self::Wallet => "wallet",
            Self::Tx => "tx",
            Self::Util => "util",
        }
    }
}

/// How many processes node and wallet are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `-m`: each a process of its own.
    Multiprocess,
    /// `-M`: one process.
    Monolithic,
}

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LauncherError {
    #[error("Unknown option: {0}")]
    UnknownOption(String),
    #[error("Unrecognized command: '{0}'")]
    UnknownCommand(String),
    #[error(
        "Cannot find the program {program}. Looked for it in {places}. Please put it into one of these places."
    )]
    Missing { program: String, places: String },
    #[error("The command '{0}' cannot run: {1}.")]
    NotYet(&'static str, &'static str),
    #[error("Cannot run {path}: {source}")]
    Exec { path: String, source: io::Error },
}

/// The command line, read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CommandLine {
    pub(crate) mode: Option<Mode>,
    pub(crate) show_version: bool,
    pub(crate) show_help: bool,
    pub(crate) command: Option<Command>,
    pub(crate) args: Vec<OsString>,
}

impl CommandLine {
    /// Reads the arguments after the program's name; everything after the command is passed on
    /// unread (Core's `ParseCommandLine` in `bitcoin.cpp`).
    ///
    /// # Errors
    /// An option or command that is not known.
    pub(crate) fn parse(args: Vec<OsString>) -> Result<Self, LauncherError> {
        let mut line = Self::default();
        for arg in args {
            if line.command.is_some() {
                line.args.push(arg);
                continue;
            }
            match arg.to_string_lossy().as_ref() {
                "-m" | "-multiprocess" | "--multiprocess" => line.mode = Some(Mode::Multiprocess),
                "-M" | "-monolithic" | "--monolithic" => line.mode = Some(Mode::Monolithic),
                "-v" | "-version" | "--version" => line.show_version = true,
                "-?" | "-h" | "-help" | "--help" | "help" => line.show_help = true,
                "" => {}
                option if option.starts_with('-') => {
                    return Err(LauncherError::UnknownOption(option.to_owned()));
                }
                word => line.command = Some(find(word)?),
            }
        }
        Ok(line)
    }
}

fn find(word: &str) -> Result<Command, LauncherError> {
    let found = Command::ALL
        .into_iter()
        .find(|command| command.word() == word);
    found.ok_or_else(|| LauncherError::UnknownCommand(word.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &str) -> Result<CommandLine, String> {
        let args = args.split(' ').map(OsString::from).collect();
        CommandLine::parse(args).map_err(|error| error.to_string())
    }

    #[test]
    fn options_end_at_the_command() {
        let line = check("-m node -M --version").unwrap();
        assert_eq!(line.mode, Some(Mode::Multiprocess));
        assert_eq!(line.command, Some(Command::Node));
        assert_eq!(line.args, ["-M", "--version"]);
        assert!(!line.show_version);
    }

    #[test]
    fn the_last_mode_wins() {
        assert_eq!(check("-m -M node").unwrap().mode, Some(Mode::Monolithic));
    }

    #[test]
    fn unknown_words_are_named() {
        assert_eq!(check("-x node").unwrap_err(), "Unknown option: -x");
        assert_eq!(check("nodes").unwrap_err(), "Unrecognized command: 'nodes'");
    }
}
