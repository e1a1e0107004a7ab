//! Licences, banned crates and sources of all packages in the lock file, as `deny.toml` says.
//!
//! `cargo deny` does it where it is installed; otherwise the same file is checked here. The list
//! of advisories needs the network and is left to `cargo deny check advisories`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use toml::Table;

use crate::output::say;
use crate::process;
use crate::workspace::{full_metadata, list, root, text};

mod licence;

/// The manifests with a lock file: the workspace, and the runtime of the AppImage.
const MANIFESTS: &[&str] = &["Cargo.toml", "packaging/appimage-runtime/Cargo.toml"];

/// Checks all packages of all lock files.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    for manifest in MANIFESTS {
        check_manifest(manifest)?;
    }
    Ok(())
}

fn check_manifest(manifest: &str) -> Result<()> {
    if process::find("cargo-deny").is_some() {
        let mut command = process::cargo();
        command.args(["deny", "--offline", "--manifest-path", manifest, "check"]);
        command.args(["--config", "deny.toml", "licenses", "bans", "sources"]);
        return process::run(&mut command);
    }
    let path = root().join("deny.toml");
    let rules = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let rules: Table = rules.parse().context("deny.toml")?;
    let data = full_metadata(manifest)?;
    let skipped = names(&rules, "bans", "skip");
    let twice: Vec<&str> = duplicates(&data)
        .into_keys()
        .filter(|name| !skipped.contains(name))
        .collect();
    if !twice.is_empty() {
        say(&format!("note: in several versions: {}", twice.join(", ")));
    }
    let found = faults(&rules, &data);
    if !found.is_empty() {
        bail!(
            "packages of {manifest} against deny.toml:\n{}",
            found.join("\n")
        );
    }
    say(&format!(
        "{manifest}: {} packages are as deny.toml asks",
        list(&data, "packages").len()
    ));
    Ok(())
}

fn faults(rules: &Table, data: &Value) -> Vec<String> {
    let allowed = names(rules, "licenses", "allow");
    let banned = names(rules, "bans", "deny");
    let registries = names(rules, "sources", "allow-registry");
    let mut faults = Vec::new();
    for package in list(data, "packages") {
        let name = text(package, "name");
        let full = format!("{name} {}", text(package, "version"));
        let mut permitted = allowed.clone();
        permitted.extend(exceptions(rules, name));
        let licence = text(package, "license");
        if !licence::satisfied(licence, &permitted) {
            faults.push(format!("  {full}: licence '{licence}'"));
        }
        if banned.contains(&name) {
            faults.push(format!("  {full}: banned"));
        }
        if let Some(source) = package["source"].as_str() {
            let place = source.strip_prefix("registry+").unwrap_or(source);
            if !registries.contains(&place) {
                faults.push(format!("  {full}: from {source}"));
            }
        }
    }
    faults
}

/// The texts, or the `name` or `crate` fields, of the list `key` in the table `section`.
fn names<'a>(rules: &'a Table, section: &str, key: &str) -> Vec<&'a str> {
    let entries = rules
        .get(section)
        .and_then(|table| table.get(key))
        .and_then(|v| v.as_array());
    let name = |entry: &'a toml::Value| {
        let named = || entry.get("crate").or_else(|| entry.get("name"));
        entry
            .as_str()
            .or_else(|| named().and_then(toml::Value::as_str))
    };
    entries.into_iter().flatten().filter_map(name).collect()
}

/// Licences that only the crate `name` may have.
fn exceptions<'a>(rules: &'a Table, name: &str) -> Vec<&'a str> {
    let entries = rules
        .get("licenses")
        .and_then(|t| t.get("exceptions"))
        .and_then(|v| v.as_array());
    let of_crate = entries.into_iter().flatten().filter(|entry| {
        entry
            .get("crate")
            .or_else(|| entry.get("name"))
            .and_then(toml::Value::as_str)
            == Some(name)
    });
    let allowed = of_crate
        .filter_map(|entry| entry.get("allow"))
        .filter_map(|v| v.as_array());
    allowed.flatten().filter_map(toml::Value::as_str).collect()
}

fn duplicates(data: &Value) -> BTreeMap<&str, Vec<&str>> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in list(data, "packages") {
        versions
            .entry(text(package, "name"))
            .or_default()
            .push(text(package, "version"));
    }
    versions.retain(|_, found| found.len() > 1);
    versions
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(name: &str, licence: &str, source: &str) -> Vec<String> {
        let rules = r#"
            [licenses]
            allow = ["MIT"]
            exceptions = [{ crate = "font", allow = ["OFL-1.1"] }]
            [bans]
            deny = [{ crate = "openssl" }]
            [sources]
            allow-registry = ["https://index"]
        "#;
        let package = json!({
            "name": name, "version": "1.0.0", "license": licence, "source": source,
        });
        faults(&rules.parse().unwrap(), &json!({ "packages": [package] }))
    }

    #[test]
    fn each_rule_finds_its_fault() {
        let registry = "registry+https://index";
        assert_eq!(
            check("a", "MIT OR Apache-2.0", registry),
            Vec::<String>::new()
        );
        assert_eq!(check("font", "OFL-1.1", registry), Vec::<String>::new());
        assert_eq!(
            check("a", "OFL-1.1", registry),
            ["  a 1.0.0: licence 'OFL-1.1'"]
        );
        assert_eq!(
            check("openssl", "MIT", registry),
            ["  openssl 1.0.0: banned"]
        );
        assert_eq!(
            check("a", "MIT", "git+https://x"),
            ["  a 1.0.0: from git+https://x"]
        );
    }
}
