//! The licences of everything that is compiled in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::bitq::PACKAGES;
use crate::workspace::{self, list, text};

/// Returns the page: every crate with its licence, then each licence text once.
pub(super) fn page() -> Result<String> {
    let data = workspace::full_metadata("Cargo.toml")?;
    let shipped = shipped(&data);
    let mut page = String::from("Parts of bitq that others wrote, and their licences.\n\n");
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in list(&data, "packages") {
        if package["source"].is_null() || !shipped.contains(text(package, "id")) {
            continue;
        }
        let name = format!("{} {}", text(package, "name"), text(package, "version"));
        let licence = text(package, "license");
        writeln!(page, "{name}  {licence}  {}", text(package, "repository"))?;
        if let Some(folder) = Path::new(text(package, "manifest_path")).parent() {
            for licence in licence_files(folder) {
                texts.entry(licence).or_default().push(name.clone());
            }
        }
    }
    let root = workspace::root();
    for (what, file) in [
        ("Noto Sans, JetBrains Mono", "assets/fonts/OFL.txt"),
        ("Lucide icons", "assets/icons/LICENSE-lucide.txt"),
    ] {
        texts
            .entry(fs::read_to_string(root.join(file))?)
            .or_default()
            .push(what.to_owned());
    }
    for (licence, names) in texts {
        write!(
            page,
            "\n{}\n{}\n\n{}\n",
            "=".repeat(80),
            names.join(", "),
            licence.trim()
        )?;
    }
    Ok(page)
}

/// The ids of all packages that the programs are built from, for any platform.
fn shipped(data: &Value) -> BTreeSet<&str> {
    let nodes: BTreeMap<&str, &Value> = list(&data["resolve"], "nodes")
        .iter()
        .map(|node| (text(node, "id"), node))
        .collect();
    let own = list(data, "packages")
        .iter()
        .filter(|p| PACKAGES.contains(&text(p, "name")));
    let mut open: Vec<&str> = own.map(|package| text(package, "id")).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(node) = nodes.get(id) else { continue };
        for dependency in list(node, "deps") {
            let compiled_in = |kind: &Value| kind["kind"].is_null();
            if list(dependency, "dep_kinds").iter().any(compiled_in) {
                open.push(text(dependency, "pkg"));
            }
        }
    }
    seen
}

fn licence_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let wanted = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT"];
        if wanted.iter().any(|start| name.starts_with(start))
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(text);
        }
    }
    found
}
