//! The tar.gz: the tree as it is, to be unpacked anywhere.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Release;
use crate::process;

/// Packs the tree.
pub(super) fn make(release: &Release) -> Result<PathBuf> {
    let name = release
        .tree
        .file_name()
        .context("the tree has a name")?
        .to_string_lossy();
    let tar = release.out.join(format!("{name}.tar"));
    let mut command = release.command("tar")?;
    command
        .args([
            "--create",
            "--sort=name",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
        ])
        .args(["--mode=go-w", "--format=gnu"])
        .arg(format!("--mtime=@{}", release.time))
        .arg("--file")
        .arg(&tar)
        .arg(name.as_ref());
    process::run(&mut command)?;
    process::run(
        release
            .command("gzip")?
            .args(["--best", "--no-name", "--force"])
            .arg(&tar),
    )?;
    Ok(tar.with_extension("tar.gz"))
}
