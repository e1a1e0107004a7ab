//! Runs the checks one after the other and sums them up.

use anyhow::{Context, Result, bail};

use crate::output::{complain, say};
use crate::{arrows, deny, lengths, names, params, process, schema, test, workspace};

/// One check by name.
type Check = (&'static str, fn() -> Result<()>);

/// Everything but the tests. The quick ones come first.
const CHECKS: &[Check] = &[
    ("fmt", fmt),
    ("arrows", || arrows::run(&[])),
    ("names", || names::run(&[])),
    ("lengths", || lengths::run(&[])),
    ("params", || params::run(&["--check".to_owned()])),
    ("gen", || schema::run(&["--check".to_owned()])),
    ("deny", || deny::run(&[])),
    ("clippy", clippy),
    ("runtime", runtime),
    ("fuzz", fuzz_package),
];

/// All checks and all tests that need no display.
pub(crate) fn ci(_args: &[String]) -> Result<()> {
    let mut checks = CHECKS.to_vec();
    checks.push(("tests", || test::run(&[])));
    run_all(&checks)
}

/// All checks, no tests.
pub(crate) fn lint(_args: &[String]) -> Result<()> {
    run_all(CHECKS)
}

/// Runs every check, also after one has failed, so that one run shows all faults.
fn run_all(checks: &[Check]) -> Result<()> {
    let mut failed = Vec::new();
    for (name, check) in checks {
        say(&format!("== {name}"));
        if let Err(error) = check() {
            complain(&format!("{name}: {error:#}"));
            failed.push(*name);
        }
    }
    say("");
    for (name, _) in checks {
        say(&format!(
            "{}  {name}",
            if failed.contains(name) {
                "FAILED"
            } else {
                "ok    "
            }
        ));
    }
    if !failed.is_empty() {
        bail!(
            "{} of {} checks failed: {}",
            failed.len(),
            checks.len(),
            failed.join(", ")
        );
    }
    Ok(())
}

fn fmt() -> Result<()> {
    process::run(process::cargo().args(["fmt", "--all", "--", "--check"]))
}

/// The fuzz package is a workspace of its own; this is what can be looked at without a C++ compiler.
fn fuzz_package() -> Result<()> {
    let manifest = "fuzz/Cargo.toml";
    let mut fmt = process::cargo();
    fmt.args(["fmt", "--manifest-path", manifest, "--", "--check"]);
    process::run(&mut fmt)?;
    workspace::full_metadata(manifest).context(
        "fuzz/Cargo.lock is out of date, run: cargo fetch --manifest-path fuzz/Cargo.toml",
    )?;
    Ok(())
}

fn clippy() -> Result<()> {
    let args = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    process::run(process::cargo().args(args))
}

/// The runtime of the AppImage is a workspace of its own.
fn runtime() -> Result<()> {
    let manifest = workspace::root().join("packaging/appimage-runtime/Cargo.toml");
    let target = workspace::target_dir()?.join("appimage-runtime");
    let cargo = |words: &[&str]| {
        let mut command = process::cargo();
        command
            .arg(words[0])
            .arg("--manifest-path")
            .arg(&manifest)
            .args(&words[1..]);
        command.env("CARGO_TARGET_DIR", &target);
        process::run(&mut command)
    };
    cargo(&["fmt", "--", "--check"])?;
    cargo(&[
        "clippy",
        "--locked",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])?;
    cargo(&["test", "--locked", "--quiet"])
}
