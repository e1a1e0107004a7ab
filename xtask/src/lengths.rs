//! Checks the length of source files: 800 lines at most, nine of ten at most 500.
//!
//! Tests, tables of data and generated code do not count.

use anyhow::{Result, bail};

use crate::output::say;
use crate::sources::{Source, rust_files};

/// No source file is longer.
const LIMIT: usize = 800;
/// Nine of ten source files are not longer.
const MOST: usize = 500;

/// Counts, prints the distribution, and fails on a file over the limit.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    let sources = rust_files()?;
    let mut counts: Vec<(usize, &str)> = sources
        .iter()
        .filter(|source| !source.is_test() && !source.is_generated() && !is_table(source))
        .map(|source| (source.text.lines().count(), source.path.as_str()))
        .collect();
    counts.sort_unstable();
    let Some(&(longest, path)) = counts.last() else {
        bail!("no source files found")
    };
    let (median, ninth) = (counts[counts.len() / 2].0, counts[counts.len() * 9 / 10].0);
    say(&format!(
        "{} files: median {median}, nine of ten up to {ninth}, longest {longest} ({path})",
        counts.len()
    ));
    let over: Vec<String> = counts
        .iter()
        .filter(|(lines, _)| *lines > LIMIT)
        .map(|(lines, path)| format!("  {path}: {lines}"))
        .collect();
    if !over.is_empty() {
        bail!(
            "files of more than {LIMIT} lines, split them by noun:\n{}",
            over.join("\n")
        );
    }
    if ninth > MOST {
        bail!("more than one file in ten has over {MOST} lines");
    }
    Ok(())
}

/// The chain parameters and word lists are data written as source.
fn is_table(source: &Source) -> bool {
    source.path.contains("/params/") || source.path.ends_with("_table.rs")
}
