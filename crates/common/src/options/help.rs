//! Help and version pages, made from the table.

use std::fmt::Write as _;

use primitives::{ChainParams, Coin, Network};

use super::spec::{Category, DefaultValue, OptionSpec, Program};
use super::table;
use crate::{CLIENT_NAME, VERSION};

/// Columns of the page.
const WIDTH: usize = 79;
/// Column of the option names.
const NAME_INDENT: usize = 2;
/// Column of the texts.
const TEXT_INDENT: usize = 7;

/// Order of the groups on the page.
const ORDER: [Category; 15] = [
    Category::General,
    Category::Connection,
    Category::Wallet,
    Category::WalletDebug,
    Category::Zmq,
    Category::Debug,
    Category::Chain,
    Category::Relay,
    Category::Mining,
    Category::Rpc,
    Category::Ipc,
    Category::Gui,
    Category::CliCommand,
    Category::Command,
    Category::CommandOption,
];

/// Returns the page of `-version`. The first line ends with the file name of the program.
pub fn version_page(program: Program, program_name: &str) -> String {
    format!(
        "{CLIENT_NAME} {} version {VERSION} {program_name}\n\
         Copyright (C) the {CLIENT_NAME} developers. Free software under the MIT licence, without any warranty.\n",
        program.role()
    )
}

/// Returns the page of `-help`, for `-help-debug` with the debugging options. Defaults are those of `coin`.
pub fn help_page(program: Program, program_name: &str, coin: Coin, debug: bool) -> String {
    let mut page = format!(
        "{CLIENT_NAME} {} version {VERSION} {program_name}\n\n{}\n\n",
        program.role(),
        usage(program, program_name)
    );
    for category in ORDER {
        let shown: Vec<&OptionSpec> = table::of(program)
            .filter(|spec| group_for(program, spec) == category)
            .filter(|spec| !spec.hidden && (debug || !spec.debug_only))
            .collect();
        if shown.is_empty() {
            continue;
        }
        page.push_str(category.heading());
        page.push_str("\n\n");
        let mut sorted = shown;
        sorted.sort_by_key(|spec| spec.name);
        for spec in sorted {
            push_option(&mut page, spec, coin);
        }
    }
    page
}

/// Returns the group under which a program shows an option: for a client there is only its own side.
fn group_for(program: Program, spec: &OptionSpec) -> Category {
    match spec.category {
        Category::Rpc if program == Program::Cli => Category::General,
        category => category,
    }
}

fn usage(program: Program, name: &str) -> String {
    match program {
        Program::Node | Program::Daemon => format!("Usage: {name} [options]"),
        Program::Gui => format!("Usage: {name} [options] [payment link]"),
        Program::Wallet => format!(
            "Usage: {name} [options] <command>            Work on a wallet file\n   \
             or: {name} [options] -ipcconnect=<address>  Serve wallets to a running node"
        ),
        Program::Cli => format!(
            "Usage: {name} [options] <command> [params]           Send a command\n   \
             or: {name} [options] -named <command> [name=value]…  Send it with named arguments\n   \
             or: {name} [options] help                            List the commands\n   \
             or: {name} [options] help <command>                  Explain a command"
        ),
        Program::Launcher => format!("Usage: {name} [options] <command> [options of the command]"),
        Program::Tx => format!(
            "Usage: {name} [options] <hex-tx> [commands]\n   or: {name} [options] -create [commands]"
        ),
        Program::Util => format!("Usage: {name} [options] <command>"),
    }
}

fn push_option(page: &mut String, spec: &OptionSpec, coin: Coin) {
    let dash = if spec.category == Category::Command {
        ""
    } else {
        "-"
    };
    let mut text = format!("{}{}", spec.help, default_text(spec, coin));
    if let Some(reason) = spec.inert {
        write!(text, " (without effect: {reason})").expect("writing to a string does not fail");
    }
    writeln!(page, "{:NAME_INDENT$}{dash}{}{}", "", spec.name, spec.arg)
        .expect("writing to a string does not fail");
    for line in wrap(&text, WIDTH - TEXT_INDENT) {
        writeln!(page, "{:TEXT_INDENT$}{line}", "").expect("writing to a string does not fail");
    }
    page.push('\n');
}

/// Returns ` (default: …)`, by network where that differs.
fn default_text(spec: &OptionSpec, coin: Coin) -> String {
    match spec.default {
        DefaultValue::None => String::new(),
        DefaultValue::Is(text) => format!(" (default: {text})"),
        DefaultValue::ByChain(value) => {
            let of = |network| value(ChainParams::get(coin, network));
            let main = of(Network::Main);
            let mut text = format!(" (default: {main}");
            for network in Network::ALL.into_iter().skip(1) {
                let other = of(network);
                if other != main {
                    write!(text, ", {}: {other}", network.id())
                        .expect("writing to a string does not fail");
                }
            }
            text + ")"
        }
    }
}

/// Breaks a text at blanks; a word longer than a line has a line of its own.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
