//! Compares the dependencies between the project's crates with the drawing in `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::output::say;
use crate::workspace::{list, metadata, root, text};

/// Where the drawing stands: the one list of arrows. What a path of arrows reaches is allowed too.
const DRAWING: &str = "ARCHITECTURE.md";
/// Crates that stand in no drawing and may use none of the others.
const ALONE: &[&str] = &["xtask"];

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
    let path = root().join(DRAWING);
    let page = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let found = faults(&metadata()?, &Arrows::read(&page)?);
    if !found.is_empty() {
        bail!("dependencies against the drawing:\n{}", found.join("\n"));
    }
    say("every dependency between crates is drawn");
    Ok(())
}

fn faults(data: &Value, arrows: &Arrows) -> Vec<String> {
    let drawn = arrows.closure();
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

/// A crate and the crates it points to, as drawn.
struct Arrows(BTreeMap<String, BTreeSet<String>>);

impl Arrows {
    /// Reads the first drawing of a page: statements `a --> b`, where `b[c]` says that b stands for c.
    fn read(page: &str) -> Result<Self> {
        let drawing = page
            .split_once("```mermaid\n")
            .and_then(|(_, rest)| rest.split_once("```"))
            .map(|(drawing, _)| drawing)
            .with_context(|| format!("{DRAWING} has no drawing"))?;
        let mut full_names = BTreeMap::new();
        let mut pairs = Vec::new();
        for statement in drawing.lines().skip(1).flat_map(|line| line.split(';')) {
            let statement = statement.trim();
            if statement.is_empty() {
                continue;
            }
            let (from, to) = statement
                .split_once("-->")
                .with_context(|| format!("no arrow in '{statement}' in {DRAWING}"))?;
            let mut node = |text: &str| {
                let text = text.trim();
                let (short, full) = text.split_once('[').unwrap_or((text, text));
                if full != text {
                    full_names.insert(short.to_owned(), full.trim_end_matches(']').to_owned());
                }
                short.to_owned()
            };
            pairs.push((node(from), node(to)));
        }
        let full = |short: String| full_names.get(&short).cloned().unwrap_or(short);
        let mut arrows: BTreeMap<String, BTreeSet<String>> = ALONE
            .iter()
            .map(|name| ((*name).to_owned(), BTreeSet::new()))
            .collect();
        for (from, to) in pairs {
            let (from, to) = (full(from), full(to));
            arrows.entry(to.clone()).or_default();
            arrows.entry(from).or_default().insert(to);
        }
        Ok(Self(arrows))
    }

    /// For each crate, everything that its arrows reach.
    fn closure(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut reached = BTreeMap::new();
        for name in self.0.keys() {
            let mut seen = BTreeSet::new();
            let mut open = vec![name.as_str()];
            while let Some(at) = open.pop() {
                for to in self.0.get(at).into_iter().flatten() {
                    if seen.insert(to.as_str()) {
                        open.push(to);
                    }
                }
            }
            reached.insert(name.as_str(), seen);
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn drawn() -> Arrows {
        Arrows::read(&std::fs::read_to_string(root().join(DRAWING)).unwrap()).unwrap()
    }

    fn check(dependencies: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let arrows = drawn();
        let mut packages: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for name in arrows.0.keys() {
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
        faults(&json!({ "packages": packages }), &arrows)
    }

    #[test]
    fn the_drawing_is_the_list() {
        let page =
            "x\n```mermaid\ngraph TD\n  a --> long[a-long-name]; a --> b\n  long --> b\n```\n";
        let arrows = Arrows::read(page).unwrap();
        let names: Vec<_> = arrows.0.keys().map(String::as_str).collect();
        assert_eq!(names, ["a", "a-long-name", "b", "xtask"]);
        assert!(arrows.0["a"].contains("a-long-name"));
        assert!(arrows.0["a-long-name"].contains("b"));
        assert!(Arrows::read("no drawing").is_err());
        assert!(Arrows::read("```mermaid\ngraph TD\n  a - b\n```").is_err());
        // A crate without an arrow of its own is drawn by those that point to it.
        assert!(drawn().0["rpc"].is_empty());
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
