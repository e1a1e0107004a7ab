//! Finds the other programs and becomes one of them.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process;

use common::options::{Category, Program, table};

use crate::command_line::{Command, LauncherError};

/// Replaces this process by `program`, looked for in `../libexec` of a `bin` folder, then beside
/// this program, then on the search path if this program was itself found there.
///
/// Returns only when that was not possible.
pub(crate) fn exec(
    launcher: &OsString,
    command: Command,
    program: &str,
    first: Option<&str>,
    args: Vec<OsString>,
) -> LauncherError {
    let mut tried = Vec::new();
    for path in candidates(launcher, program) {
        let error = process::Command::new(&path).args(first).args(&args).exec();
        if error.kind() != io::ErrorKind::NotFound {
            return LauncherError::Exec {
                path: path.display().to_string(),
                source: error,
            };
        }
        tried.push(place(&path));
    }
    if let Some((word, reason)) = absent(command) {
        return LauncherError::NotYet(word, reason);
    }
    LauncherError::Missing {
        program: program.to_owned(),
        places: tried.join(" and in "),
    }
}

/// A command whose program this version does not have, and why.
fn absent(command: Command) -> Option<(&'static str, &'static str)> {
    table::of(Program::Launcher)
        .filter(|spec| spec.category == Category::Command && spec.name == command.word())
        .find_map(|spec| Some((spec.name, spec.inert?)))
}

fn candidates(launcher: &OsString, program: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if let Some(folder) = own_folder() {
        if folder.file_name().is_some_and(|name| name == "bin") {
            found.push(folder.with_file_name("libexec").join(program));
        }
        found.push(folder.join(program));
    }
    // Started by a path, as from a build folder, programs of the system are not meant.
    if !launcher.to_string_lossy().contains('/') {
        found.push(PathBuf::from(program));
    }
    found
}

/// The folder of this program with links followed.
fn own_folder() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?;
    let path = path.canonicalize().unwrap_or(path);
    path.parent().map(Path::to_path_buf)
}

fn place(path: &Path) -> String {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.display().to_string(),
        _ => "the search path".to_owned(),
    }
}
