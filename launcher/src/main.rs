//! `bitq`: chooses the program for a command and becomes it.
//!
//! There is no process between the user and the program: signals, exit code and `/proc` are the
//! program's own.

mod command_line;
mod help;
mod mode;
mod siblings;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::command_line::{CommandLine, LauncherError};

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let program = args
        .next()
        .unwrap_or_else(|| OsString::from(common::CLIENT_NAME));
    let name = Path::new(&program)
        .file_name()
        .unwrap_or(&program)
        .to_string_lossy();
    match run(&program, args.collect()) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!(
                "Error: {error}\nTry '{name} --help' for more information."
            ));
            ExitCode::FAILURE
        }
    }
}

fn run(program: &OsString, args: Vec<OsString>) -> Result<ExitCode, LauncherError> {
    let line = CommandLine::parse(args)?;
    if line.show_version {
        say(&format!(
            "{} version {}",
            common::CLIENT_NAME,
            common::VERSION
        ));
        return Ok(ExitCode::SUCCESS);
    }
    if line.show_help {
        say(&help::page());
        return Ok(ExitCode::SUCCESS);
    }
    let Some(command) = line.command else {
        say(&help::page());
        return Ok(ExitCode::FAILURE);
    };
    let target = mode::target(command, line.mode, &line.args);
    Err(siblings::exec(
        program,
        command,
        target.program,
        target.first,
        line.args,
    ))
}

#[expect(clippy::print_stdout, reason = "the program's one output function")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the program's one error function")]
fn complain(text: &str) {
    eprintln!("{text}");
}
