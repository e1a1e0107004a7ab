//! Fails where a chain's name stands in code: what differs between chains is data in
//! `primitives/src/params`.

use anyhow::{Result, bail};

use crate::output::say;
use crate::sources::{Source, rust_files};

/// Where the names belong.
const HOME: &str = "crates/primitives/src/params";

/// Names that nothing but a chain has. `randomq` and `groestl` are hash functions, not chains.
const NAMES: &[&str] = &["bitquantum", "groestlcoin", "smithcoin"];

/// The oldest chain's name is also that of the field, of its reference program and of its hash
/// scheme, so only these spellings tell that code asks for one chain.
const SPELLINGS: &[&str] = &[
    "\"bitcoin\"",
    "\"Bitcoin\"",
    "Coin::Bitcoin",
    "params::bitcoin",
    "bitcoin::MAIN",
];

/// Files that may name chains, and why.
const ALLOWED: &[(&str, &str)] = &[
    ("xtask/src/names.rs", "holds the list"),
    ("xtask/src/params", "writes the parameters"),
    (
        "gui/src/model/strength.rs",
        "lists words that make a poor passphrase",
    ),
];

/// Reads every source file and fails on a name outside the parameters and the tests.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    let sources = rust_files()?;
    let found: Vec<String> = sources
        .iter()
        .filter(|source| !is_exempt(source))
        .flat_map(faults)
        .collect();
    if !found.is_empty() {
        bail!(
            "chain names outside {HOME}, make them a field of ChainParams:\n{}",
            found.join("\n")
        );
    }
    say("no chain is named outside the chain parameters");
    Ok(())
}

/// Tests name chains as a user does, on the command line.
fn is_exempt(source: &Source) -> bool {
    let allowed = ALLOWED
        .iter()
        .any(|(path, _)| source.path.starts_with(path));
    allowed || source.path.starts_with(HOME) || source.is_test()
}

fn faults(source: &Source) -> Vec<String> {
    let lines = source
        .lines_without_tests()
        .filter(|(_, line)| names_a_chain(line));
    lines
        .map(|(number, line)| format!("  {}:{number}: {}", source.path, line.trim()))
        .collect()
}

fn names_a_chain(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    NAMES.iter().any(|name| lower.contains(name))
        || SPELLINGS.iter().any(|spelling| line.contains(spelling))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> usize {
        let source = Source {
            path: "node/src/x.rs".to_owned(),
            text: text.to_owned(),
        };
        faults(&source).len()
    }

    #[test]
    fn a_name_in_code_is_found() {
        assert_eq!(check("if params.name == \"Bitcoin\" {"), 1);
        assert_eq!(check("// as Groestlcoin does\nlet x = 1;"), 1);
    }

    #[test]
    fn the_field_and_the_tests_may_be_named() {
        assert_eq!(check("/// Follows Bitcoin Core's `CheckBlock`."), 0);
        assert_eq!(
            check("fn f() {}\n#[cfg(test)]\nmod tests {\n\"groestlcoin\""),
            0
        );
    }
}
