//! Compares the dependencies between the project's crates with the drawing in `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::output::say;
use crate::workspace::{list, metadata, text};

/// The drawing: a crate and the crates it points to. What a path of arrows reaches is allowed too.
const ARROWS: &[(&str, &[&str])] = &[
    ("primitives", &[]),
    ("consensus", &["primitives"]),
    ("keys", &["consensus"]),
    ("chain", &["consensus"]),
    ("p2p", &["chain"]),
    ("rpc", &[]),
    ("ipc-schema", &["primitives"]),
    ("common", &["primitives"]),
    (
        "node",
        &["p2p", "chain", "rpc", "ipc-schema", "common", "keys"],
    ),
    ("wallet", &["keys", "rpc", "ipc-schema", "common"]),
    ("gui", &["ipc-schema", "common", "primitives"]),
    ("launcher", &["node", "wallet", "common"]),
    ("xtask", &[]),
];

/// The development crate: any crate may use it in its tests, none in what ships.
const TESTKIT: &str = "testkit";

/// Outside crates that have one home, so that what stands on them can be exchanged.
const HOMES: &[(&str, &[&str])] = &[
    ("capnp", &["ipc-schema"]),
    ("capnp-rpc", &["ipc-schema"]),
    ("capnpc", &["xtask"]),
    ("fjall", &["chain"]),
    ("hyper", &["rpc"]),
    ("iced", &["gui"]),
    ("rusqlite", &["wallet"]),
    ("tracing-subscriber", &["common"]),
];

/// Crates without input, output, clock or chance, and the outside crates that would bring them.
const PURE: &[&str] = &["primitives", "consensus", "keys"];
const IMPURE: &[&str] = &[
    "tokio",
    "rayon",
    "rand",
    "getrandom",
    "fjall",
    "rustix",
    "tempfile",
];

/// Reads the manifests and fails on an arrow that is not drawn.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    let found = faults(&metadata()?);
    if !found.is_empty() {
        bail!("dependencies against the drawing:\n{}", found.join("\n"));
    }
    say("every dependency between crates is drawn");
    Ok(())
}

fn faults(data: &Value) -> Vec<String> {
    let drawn = closure();
    let packages = list(data, "packages");
    let own: BTreeSet<&str> = packages
        .iter()
        .map(|package| text(package, "name"))
        .collect();
    let mut faults = Vec::new();
    for package in packages {
        let name = text(package, "name");
        if name == TESTKIT {
            continue;
        }
        let Some(allowed) = drawn.get(name) else {
            faults.push(format!("  {name} stands in no drawing"));
            continue;
        };
        for dependency in list(package, "dependencies") {
            let to = text(dependency, "name");
            let in_tests = text(dependency, "kind") == "dev";
            let fault = if own.contains(to) {
                !(allowed.contains(to) || in_tests && to == TESTKIT)
            } else {
                !in_tests && outside_fault(name, to)
            };
            if fault {
                faults.push(format!("  {name} -> {to}"));
            }
        }
    }
    faults
}

fn outside_fault(name: &str, to: &str) -> bool {
    let homeless = HOMES
        .iter()
        .any(|(outside, homes)| *outside == to && !homes.contains(&name));
    homeless || (PURE.contains(&name) && IMPURE.contains(&to))
}

/// For each crate, everything that its arrows reach.
fn closure() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let direct: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut reached = BTreeMap::new();
    for (name, _) in ARROWS {
        let mut seen = BTreeSet::new();
        let mut open = vec![*name];
        while let Some(at) = open.pop() {
            for to in direct.get(at).copied().unwrap_or_default() {
                if seen.insert(*to) {
                    open.push(to);
                }
            }
        }
        reached.insert(*name, seen);
    }
    reached
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(dependencies: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let mut packages: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for (name, _) in ARROWS {
            packages.insert(name, Vec::new());
        }
        packages.insert(TESTKIT, Vec::new());
        for (from, to, kind) in dependencies {
            packages
                .get_mut(from)
                .unwrap()
                .push(json!({ "name": to, "kind": kind }));
        }
        let packages: Vec<Value> = packages
            .into_iter()
            .map(|(name, dependencies)| json!({ "name": name, "dependencies": dependencies }))
            .collect();
        faults(&json!({ "packages": packages }))
    }

    #[test]
    fn drawn_arrows_and_paths_pass() {
        let none: Vec<String> = Vec::new();
        assert_eq!(
            check(&[("node", "chain", None), ("node", "primitives", None)]),
            none
        );
        assert_eq!(check(&[("chain", "testkit", Some("dev"))]), none);
    }

    #[test]
    fn undrawn_arrows_fail() {
        assert_eq!(check(&[("gui", "keys", None)]), ["  gui -> keys"]);
        assert_eq!(
            check(&[("wallet", "node", Some("dev"))]),
            ["  wallet -> node"]
        );
        assert_eq!(check(&[("chain", "testkit", None)]), ["  chain -> testkit"]);
    }

    #[test]
    fn engines_stay_at_home() {
        assert_eq!(check(&[("gui", "capnp", None)]), ["  gui -> capnp"]);
        assert_eq!(
            check(&[("consensus", "tokio", None)]),
            ["  consensus -> tokio"]
        );
    }
}
