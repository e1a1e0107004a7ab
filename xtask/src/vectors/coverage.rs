//! Looks whether some test reads each file of vectors, and each kind of the family's.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::output::say;
use crate::sources::{Source, rust_files};

/// What no test reads, and why. A path names a file or a folder.
const UNREAD: &[(&str, &str)] = &[
    (
        "bips/bip-0324",
        "the encrypted transport comes with the connections to peers",
    ),
    ("bips/bip-0327", "there is no musig() yet"),
    ("bips/bip-0328", "there is no musig() yet"),
    ("bips/bip-0352", "there are no silent payments"),
    ("core/rpc_psbt.json", "there are no PSBTs yet"),
    (
        "chains/bip324",
        "the encrypted transport comes with the connections to peers",
    ),
];

/// Fails for vectors that no test reads, and for reasons that no longer hold.
pub(super) fn check(root: &Path) -> Result<()> {
    let sources = rust_files()?;
    let mut names = BTreeSet::new();
    for folder in ["core", "bips"] {
        collect(&root.join(folder), folder, &mut names)?;
    }
    let mut faults = Vec::new();
    for name in &names {
        // The reference's files have a loader that takes their names alone.
        let wanted = name.strip_prefix("core/").unwrap_or(name);
        judge(name, is_named(&sources, wanted), &mut faults);
    }
    let kinds = kinds(&root.join("../chains/vectors.json"))?;
    for kind in &kinds {
        judge(
            &format!("chains/{kind}"),
            is_named(&sources, kind),
            &mut faults,
        );
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    say(&format!(
        "tests read {} files and {} kinds of vectors; {} have a reason not to be read",
        names.len(),
        kinds.len(),
        UNREAD.len()
    ));
    Ok(())
}

/// Takes down a fault where reading and reason do not fit.
fn judge(name: &str, is_read: bool, faults: &mut Vec<String>) {
    let reason = UNREAD.iter().find(|(path, _)| {
        name.strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    match (is_read, reason) {
        (false, None) => faults.push(format!("no test reads {name}")),
        (true, Some((_, reason))) => {
            faults.push(format!(
                "{name} is read, although '{reason}': take it off the list"
            ));
        }
        _ => {}
    }
}

/// Whether a source file that loads vectors has this text in quotes.
fn is_named(sources: &[Source], wanted: &str) -> bool {
    let wanted = format!("\"{wanted}\"");
    let loads = |text: &str| {
        ["core_vectors", "chain_vectors", "vectors_dir"]
            .iter()
            .any(|loader| text.contains(loader))
    };
    let mut texts = sources
        .iter()
        .filter(|source| !source.path.starts_with("xtask"));
    texts.any(|source| loads(&source.text) && source.text.contains(&wanted))
}

/// The files below a folder, by their paths from the vectors' root.
fn collect(folder: &Path, name: &str, names: &mut BTreeSet<String>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &name, names)?;
        } else {
            names.insert(name);
        }
    }
    Ok(())
}

/// The kinds of vectors in the family's file.
fn kinds(file: &Path) -> Result<BTreeSet<String>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let file: Value = serde_json::from_str(&text).context("vectors.json is JSON")?;
    let vectors = file["vectors"].as_array().context("a list of vectors")?;
    let kinds = vectors.iter().filter_map(|vector| vector["kind"].as_str());
    Ok(kinds.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_read_all_vectors() {
        let root = super::super::folder();
        if root.is_dir() {
            check(&root).unwrap();
        }
    }

    #[test]
    fn what_nobody_reads_needs_a_reason() {
        let check = |name: &str, is_read| {
            let mut faults = Vec::new();
            judge(name, is_read, &mut faults);
            faults.len()
        };
        assert_eq!(check("core/new.json", false), 1);
        assert_eq!(check("core/new.json", true), 0);
        assert_eq!(check("bips/bip-0327/vectors/x.json", false), 0);
        assert_eq!(check("core/rpc_psbt.json", true), 1);
    }
}
