//! The project's own source files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{process, workspace};

/// One source file: its path from the root, with `/`, and its text.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// Whether the file holds tests, measurements or made-up data only.
    pub(crate) fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        let in_folder = parts.iter().any(|part| {
            matches!(
                *part,
                "tests" | "benches" | "examples" | "testdata" | "testkit"
            )
        });
        in_folder || self.path.starts_with("fuzz/") || self.path.ends_with("/tests.rs")
    }

    /// Whether a program wrote the file.
    pub(crate) fn is_generated(&self) -> bool {
        self.path.ends_with("_capnp.rs") || self.path.contains("/generated/")
    }

    /// The lines before the tests at the end of the file.
    pub(crate) fn lines_without_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self
            .text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line));
        numbered.take_while(|(_, line)| line.trim_end() != "#[cfg(test)]")
    }
}

/// All `.rs` files that git tracks or would track, by path.
///
/// # Errors
/// When git fails or a file cannot be read.
pub(crate) fn rust_files() -> Result<Vec<Source>> {
    let root = workspace::root();
    let listing = process::capture(
        std::process::Command::new("git")
            .args([
                "ls-files",
                "--cached",
                "--others",
                "--exclude-standard",
                "*.rs",
            ])
            .current_dir(root),
    );
    let mut paths: Vec<PathBuf> = match listing {
        Ok(text) => text.lines().map(PathBuf::from).collect(),
        // A source archive has no git folder.
        Err(_) => walk(root, Path::new(""))?,
    };
    paths.sort();
    paths.dedup();
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        let full = root.join(&path);
        // A tracked file may be deleted in the work tree.
        if full.is_file() {
            let text = std::fs::read_to_string(&full)
                .with_context(|| format!("cannot read {}", full.display()))?;
            sources.push(Source {
                path: path.to_string_lossy().replace('\\', "/"),
                text,
            });
        }
    }
    Ok(sources)
}

fn walk(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let full = root.join(folder);
    let entries =
        std::fs::read_dir(&full).with_context(|| format!("cannot list {}", full.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() {
            if !hidden && path != Path::new("target") {
                found.extend(walk(root, &path)?);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}
