//! Runs other programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::output::say;
use crate::workspace;

/// The cargo that runs this program, so that its version is the one of the checkout.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    command
}

/// Shows the command line, runs it and waits.
///
/// # Errors
/// When the program cannot be started or does not end with status 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say(&format!("$ {}", line(command)));
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", line(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", line(command));
    }
    Ok(())
}

/// Runs the command and returns its standard output.
///
/// # Errors
/// When the program cannot be started, fails, or prints what is not UTF-8.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", line(command)))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed: {}\n{text}", line(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of {}", line(command)))
}

/// The first program of that name on the search path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let program = |word: &OsStr| word.to_string_lossy().into_owned();
    words.map(program).collect::<Vec<_>>().join(" ")
}
