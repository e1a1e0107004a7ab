//! `cargo xtask gen [--check]`: Rust code from the Cap'n Proto schema files of `ipc-schema`.
//!
//! The generated files are committed, so that a build needs no `capnp`; where it is installed,
//! `--check` makes them again and compares.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::vectors;

/// The schema files, in the order in which they build on each other.
const SCHEMAS: [&str; 11] = [
    "proxy", "common", "echo", "mining", "rpc", "init", "types", "node", "chain", "wallet", "bitq",
];

/// Writes the generated files, or compares them with `--check`.
///
/// # Errors
/// Where `capnp` fails, a file cannot be written, or a committed file is not what `capnp` gives.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("Usage: cargo xtask gen [--check]"),
    };
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask has a parent folder")?
        .join("ipc-schema");
    let committed = crate_dir.join("src/generated");
    if !has_capnp() {
        if check && vectors::in_ci() {
            bail!(
                "`capnp` is not installed, so the generated files cannot be compared: install the package capnproto"
            );
        }
        if check {
            say("gen: capnp is not installed, the generated files were not compared");
            return Ok(());
        }
        bail!("`capnp` is not installed: install the package capnproto");
    }
    let fresh = generate(&crate_dir)?;
    for schema in SCHEMAS {
        let name = format!("{schema}_capnp.rs");
        let new =
            fs::read_to_string(fresh.join(&name)).with_context(|| format!("Cannot read {name}"))?;
        let target = committed.join(&name);
        if check {
            let old = fs::read_to_string(&target).unwrap_or_default();
            if without_version(&old) != without_version(&new) {
                bail!("{} is not fresh: run `cargo xtask gen`", target.display());
            }
        } else {
            fs::create_dir_all(&committed)?;
            fs::write(&target, &new)
                .with_context(|| format!("Cannot write {}", target.display()))?;
        }
    }
    fs::remove_dir_all(&fresh)?;
    Ok(())
}

/// The text without the line that names the version of the installed `capnp`.
fn without_version(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.starts_with("// capnp binary version"))
        .collect()
}

fn has_capnp() -> bool {
    Command::new("capnp")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Generates into a folder of its own and returns that.
fn generate(crate_dir: &Path) -> Result<PathBuf> {
    let out = std::env::temp_dir().join(format!("bitq-schema-{}", std::process::id()));
    fs::create_dir_all(&out)?;
    let schema_dir = crate_dir.join("schema");
    let mut command = capnpc::CompilerCommand::new();
    command
        .src_prefix(&schema_dir)
        .no_standard_import()
        .default_parent_module(vec!["generated".to_owned()])
        .output_path(&out);
    for schema in SCHEMAS {
        command.file(schema_dir.join(format!("{schema}.capnp")));
    }
    command
        .run()
        .context("capnp does not accept the schema files")?;
    Ok(out)
}

/// The one place of this task that prints.
#[expect(clippy::print_stderr, reason = "a note to the person at the terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}
