//! Builds all programs in release and becomes the launcher, so that signals and the exit code
//! are those of `bitq`.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// The packages whose programs work together.
pub(crate) const PACKAGES: &[&str] = &["node", "wallet", "gui", "launcher"];

/// Builds, then runs `target/release/bitq` with the arguments.
pub(crate) fn run(args: &[String]) -> Result<()> {
    build_release()?;
    let program = workspace::target_dir()?.join("release/bitq");
    let error = Command::new(&program).args(args).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}

/// Builds every program in release.
pub(crate) fn build_release() -> Result<()> {
    let mut command = process::cargo();
    command.args(["build", "--release", "--bins"]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    process::run(&mut command)
}
