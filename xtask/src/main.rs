//! The one door for checks, tests, measurements and packages: `cargo xtask <command>`.

mod arrows;
mod bench;
mod bitq;
mod check;
mod deny;
mod display;
mod fuzz;
mod lengths;
mod names;
mod output;
mod package;
mod params;
mod pictures;
mod process;
mod schema;
mod sources;
mod test;
mod vectors;
mod windows;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::output::{complain, say};

/// One command: its name, its line in the help, and what runs.
struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<()>,
}

/// All commands, in the order of the help.
const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        help: "all checks and all tests that need no display",
        run: check::ci,
    },
    Command {
        name: "test",
        help: "all tests that need no display",
        run: test::run,
    },
    Command {
        name: "windows",
        help: "window tests, on a private Xvfb display",
        run: windows::run,
    },
    Command {
        name: "lint",
        help: "all checks, no tests",
        run: check::lint,
    },
    Command {
        name: "arrows",
        help: "dependencies between crates",
        run: arrows::run,
    },
    Command {
        name: "names",
        help: "chain names outside the chain parameters",
        run: names::run,
    },
    Command {
        name: "lengths",
        help: "lengths of source files",
        run: lengths::run,
    },
    Command {
        name: "deny",
        help: "licences, banned crates and sources",
        run: deny::run,
    },
    Command {
        name: "params",
        help: "write the chain parameters (--check)",
        run: params::run,
    },
    Command {
        name: "gen",
        help: "write the Cap'n Proto code (--check)",
        run: schema::run,
    },
    Command {
        name: "vectors",
        help: "tests on stored vectors, which must exist",
        run: vectors::run,
    },
    Command {
        name: "fuzz",
        help: "the oracle and the fuzz targets (needs C++)",
        run: fuzz::run,
    },
    Command {
        name: "bitq",
        help: "build all programs, then run `bitq <args>`",
        run: bitq::run,
    },
    Command {
        name: "bench",
        help: "measurements",
        run: bench::run,
    },
    Command {
        name: "package",
        help: "tar.gz, .deb and AppImage",
        run: package::run,
    },
    Command {
        name: "pictures",
        help: "screenshots into docs/pictures",
        run: pictures::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("Error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let Some((name, rest)) = args.split_first() else {
        help();
        bail!("a command is missing");
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        help();
        return Ok(());
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest),
        None => {
            help();
            bail!("no command is named '{name}'");
        }
    }
}

fn help() {
    say("Usage: cargo xtask <command> [arguments]\n");
    for command in COMMANDS {
        say(&format!("  {:<9} {}", command.name, command.help));
    }
    say("");
}
