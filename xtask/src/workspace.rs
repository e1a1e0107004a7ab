//! Facts about the workspace, from `cargo metadata`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The root folder of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask stands in a folder of the root")
}

/// What `cargo metadata` says of the workspace alone.
///
/// # Errors
/// When cargo fails or prints no JSON.
pub(crate) fn metadata() -> Result<Value> {
    read(&["metadata", "--format-version", "1", "--no-deps"])
}

/// What `cargo metadata` says of all packages of the lock file beside `manifest`, a path from the root.
///
/// # Errors
/// As [`metadata`].
pub(crate) fn full_metadata(manifest: &str) -> Result<Value> {
    read(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--manifest-path",
        manifest,
    ])
}

fn read(args: &[&str]) -> Result<Value> {
    let text = process::capture(process::cargo().args(args))?;
    serde_json::from_str(&text).context("cargo metadata prints JSON")
}

/// The array under `key`, empty where there is none.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// The text under `key`, empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The folder that cargo builds into.
///
/// # Errors
/// As [`metadata`].
pub(crate) fn target_dir() -> Result<PathBuf> {
    Ok(PathBuf::from(text(&metadata()?, "target_directory")))
}

/// The version of the workspace's packages.
///
/// # Errors
/// As [`metadata`].
pub(crate) fn version() -> Result<String> {
    let data = metadata()?;
    let own = list(&data, "packages")
        .iter()
        .find(|package| text(package, "name") == "xtask");
    Ok(own
        .map(|package| text(package, "version").to_owned())
        .unwrap_or_default())
}
