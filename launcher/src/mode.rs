//! Which program a command means.

use std::ffi::{OsStr, OsString};

use common::options::{CommandLine, Config, Program};

use crate::command_line::{Command, Mode};

/// Options that only a node with sockets to other processes can serve.
const IPC_OPTIONS: [&str; 3] = ["ipcbind", "ipcconnect", "ipcfd"];

/// Those of them that a configuration file may hold.
const FILE_OPTIONS: [&str; 2] = ["ipcbind", "ipcconnect"];

/// A program and what is put before the user's arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) program: &'static str,
    pub(crate) first: Option<&'static str>,
}

/// Chooses the program.
pub(crate) fn target(command: Command, mode: Option<Mode>, args: &[OsString]) -> Target {
    let (program, first) = match command {
        // The window is a process of its own in every mode; it passes the mode on to its child.
        Command::Gui if mode == Some(Mode::Monolithic) => ("bitq-gui", Some("-M")),
        Command::Gui => ("bitq-gui", None),
        Command::Node if multiprocess(mode, args) => ("bitq-node", None),
        Command::Node => ("bitqd", None),
        Command::Rpc => ("bitq-cli", Some("-named")),
        Command::Wallet => ("bitq-wallet", None),
        Command::Tx => ("bitq-tx", None),
        Command::Util => ("bitq-util", None),
    };
    Target { program, first }
}

/// Whether the node runs apart from the wallet: as asked, or because an option needs it.
fn multiprocess(mode: Option<Mode>, args: &[OsString]) -> bool {
    match mode {
        Some(mode) => mode == Mode::Multiprocess,
        None => args.iter().any(|arg| is_ipc_option(arg)) || configured(args),
    }
}

fn is_ipc_option(arg: &OsStr) -> bool {
    let text = arg.to_string_lossy();
    let Some(option) = text.strip_prefix("--").or_else(|| text.strip_prefix('-')) else {
        return false;
    };
    let name = option.split('=').next().unwrap_or_default();
    IPC_OPTIONS.contains(&name.strip_prefix("no").unwrap_or(name))
}

/// Whether the configuration file that the arguments lead to holds such an option.
///
/// A fault in arguments or file is left for the program to report: it reads both again.
fn configured(args: &[OsString]) -> bool {
    let line = std::iter::once(OsString::from("bitq-gui")).chain(args.iter().cloned());
    // The window's options are the node's and those of a client, so none of the names is unknown.
    let config = CommandLine::parse(Program::Gui, line).and_then(Config::load_client);
    config.is_ok_and(|config| FILE_OPTIONS.iter().any(|name| config.is_set(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: Command, mode: Option<Mode>, args: &[&str]) -> &'static str {
        let mut args: Vec<OsString> = args.iter().map(OsString::from).collect();
        // No file of the user's may decide.
        args.push("-noconf".into());
        target(command, mode, &args).program
    }

    #[test]
    fn an_option_for_sockets_needs_the_node_alone() {
        for option in ["-ipcbind=unix", "--ipcbind", "-noipcbind", "-ipcfd"] {
            assert_eq!(
                check(Command::Node, None, &[option]),
                "bitq-node",
                "{option}"
            );
        }
        for option in ["-ipcbinding", "ipcbind", "-regtest"] {
            assert_eq!(check(Command::Node, None, &[option]), "bitqd", "{option}");
        }
    }

    #[test]
    fn the_mode_decides_first() {
        assert_eq!(
            check(Command::Node, Some(Mode::Multiprocess), &[]),
            "bitq-node"
        );
        assert_eq!(
            check(Command::Node, Some(Mode::Monolithic), &["-ipcbind=unix"]),
            "bitqd"
        );
        assert_eq!(check(Command::Gui, Some(Mode::Monolithic), &[]), "bitq-gui");
    }
}
