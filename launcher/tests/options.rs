//! The option table against the sources: an option that nothing reads says so, and one that is read does not.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use common::options::{Category, Program, table};

/// Options that work in another way than by being asked for.
const BY_RULE: &[(&str, &str)] = &[
    ("blocksonly", "a rule between options sets two others"),
    ("blockfilterindex", "an index names its option"),
    ("checkpoints", "removed; a start warns of it"),
    ("coinstatsindex", "an index names its option"),
    ("limitancestorsize", "removed; a start warns of it"),
    ("limitdescendantsize", "removed; a start warns of it"),
    ("txospenderindex", "an index names its option"),
];

/// Options that are asked for, and still change nothing that a user could see.
const READ_IN_VAIN: &[(&str, &str)] = &[
    ("connect", "the word names a kind of task too"),
    (
        "daemon",
        "decides where the log goes, as with a real daemon",
    ),
    ("networkactive", "the word is also a field"),
    ("onion", "the word names a network too"),
    ("port", "shown by the client; the word is also a field"),
    ("proxy", "the word names a log category too"),
    ("privatebroadcast", "the word names a log category too"),
    ("prune", "the word names a log category too"),
    ("timeout", "the word is also a field"),
    (
        "txconfirmtarget",
        "asked of an estimator that knows nothing",
    ),
    ("txreconciliation", "the word names a log category too"),
];

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let left_out = [
            "tests",
            "tests.rs",
            "testdata",
            "table",
            "generated",
            "target",
            "check.rs",
            "interaction.rs",
            "labels.rs",
        ];
        if left_out.contains(&name) {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).unwrap();
            let shipped = text.split("#[cfg(test)]").next().unwrap();
            found.push(shipped.to_owned());
        }
    }
}

/// Whether the name stands where a function is asked for it, or in a list that such a function goes through.
fn is_read(name: &str, text: &str) -> bool {
    let quoted = format!("\"{name}\"");
    text.match_indices(&quoted).any(|(at, _)| {
        let before = text[..at].trim_end();
        let after = text[at + quoted.len()..].trim_start();
        before.ends_with(['(', '[', ',']) && !after.starts_with(':') && !after.starts_with("=>")
    })
}

#[test]
fn every_option_is_read_or_said_to_be_without_effect() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut texts = Vec::new();
    for folder in [
        "crates",
        "node/src",
        "wallet/src",
        "gui/src",
        "launcher/src",
    ] {
        sources(&root.join(PathBuf::from(folder)), &mut texts);
    }
    assert!(texts.len() > 200, "only {} sources", texts.len());
    let listed = |list: &[(&str, &str)], name: &str| list.iter().any(|(listed, _)| *listed == name);
    let here = [
        Program::Node,
        Program::Daemon,
        Program::Gui,
        Program::Wallet,
        Program::Cli,
    ];
    let mut wrong = Vec::new();
    for spec in table::all().filter(|spec| spec.category != Category::Command) {
        // The window's options stand once more, hidden, for the programs without one.
        let elsewhere = spec.category == Category::Gui && spec.hidden;
        if elsewhere || !here.iter().any(|program| spec.programs.contains(*program)) {
            continue;
        }
        let read = texts.iter().any(|text| is_read(spec.name, text));
        match spec.inert {
            None if !read && !listed(BY_RULE, spec.name) => {
                wrong.push(format!(
                    "-{} is read nowhere: mark it inert, or wire it",
                    spec.name
                ));
            }
            Some(_) if read && !listed(READ_IN_VAIN, spec.name) => {
                wrong.push(format!("-{} is read: take the mark inert away", spec.name));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
