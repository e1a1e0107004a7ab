//! Builds the fuzz package, compares both interpreters on what is stored, and runs fuzz targets.
//!
//! The package stands outside the workspace, with a lock file and a target folder of its own: it
//! needs a C++ compiler, for libFuzzer and for the reference's interpreter.

mod run;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::output::say;
use crate::{process, vectors, workspace};

const USAGE: &str = "Usage: cargo xtask fuzz [oracle | all | disk | <target>] [--seconds <number>] [--input <file>]";

/// How long a target runs where nothing is said.
const SECONDS: u32 = 60;

/// Makes the compiler count the branches that run, and tell of comparisons, as libFuzzer reads them.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// A fuzz target, as `fuzz/src/targets.rs` has it.
struct Target {
    name: &'static str,
    help: &'static str,
    /// Whether it reads what lies on disk, for which more must be built.
    disk: bool,
}

const fn target(name: &'static str, help: &'static str, disk: bool) -> Target {
    Target { name, help, disk }
}

const TARGETS: &[Target] = &[
    target(
        "script",
        "spends, changed by pieces: both interpreters agree",
        false,
    ),
    target(
        "transaction",
        "bytes of transactions: both read the same and agree",
        false,
    ),
    target("block", "blocks, and all checks that need no coins", false),
    target(
        "header_chain",
        "headers on top of genesis, on every chain",
        false,
    ),
    target("block_filter", "block filters as peers send them", false),
    target("text", "addresses, keys, paths and descriptors", false),
    target("undo", "undo records", true),
    target("coin", "coins as the store holds them", true),
    target(
        "block_file",
        "block files, as -loadblock and -reindex read them",
        true,
    ),
    target(
        "snapshot",
        "snapshots of coins, as loadtxoutset reads them",
        true,
    ),
    target("record", "records and marks of the stores", true),
    target("journal", "journals of the stores", true),
    target("store", "all files of a store, damaged", true),
    target("filter_file", "files of block filters", true),
    target("mempool_file", "mempool.dat", true),
    target("small_file", "marks of directories, keys, cookies", true),
    target("settings", "settings.json and the configuration file", true),
    target("wallet", "records of wallets", true),
    target("wallet_file", "wallet files as a whole", true),
    target("wallet_dump", "dumps of wallets", true),
];

/// What the arguments ask for.
struct Wish {
    what: String,
    seconds: u32,
    input: Option<PathBuf>,
}

/// Runs what the arguments name; without any, lists the targets.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(wish) = parse(args)? else {
        return list();
    };
    compiler()?;
    match wish.what.as_str() {
        "oracle" => {
            let program = build(false)?;
            process::run(Command::new(program).env("BITQ_FUZZ", "oracle"))
        }
        some @ ("all" | "disk") => {
            let program = build(true)?;
            let mut failed = Vec::new();
            for target in TARGETS.iter().filter(|target| some == "all" || target.disk) {
                if let Err(error) = run::target(&program, target.name, wish.seconds) {
                    say(&format!("{}: {error:#}", target.name));
                    failed.push(target.name);
                }
            }
            if failed.is_empty() {
                return Ok(());
            }
            bail!("findings in {}", failed.join(", "))
        }
        name => {
            let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
                list()?;
                bail!("no fuzz target is named '{name}'. {USAGE}");
            };
            let program = build(target.disk)?;
            match &wish.input {
                Some(input) => run::again(&program, name, input),
                None => run::target(&program, name, wish.seconds),
            }
        }
    }
}

fn list() -> Result<()> {
    say(USAGE);
    say(&format!(
        "\n  {:<13} every stored input, judged by both interpreters",
        "oracle"
    ));
    say(&format!(
        "  {:<13} every target below, one after the other",
        "all"
    ));
    say(&format!(
        "  {:<13} those of them that read what lies on disk",
        "disk"
    ));
    for target in TARGETS {
        say(&format!("  {:<13} {}", target.name, target.help));
    }
    vectors::look()
}

fn parse(args: &[String]) -> Result<Option<Wish>> {
    let Some((what, mut rest)) = args.split_first() else {
        return Ok(None);
    };
    let mut wish = Wish {
        what: what.clone(),
        seconds: SECONDS,
        input: None,
    };
    while let [option, value, tail @ ..] = rest {
        match option.as_str() {
            "--seconds" => wish.seconds = value.parse().context(USAGE)?,
            "--input" => wish.input = Some(PathBuf::from(value)),
            _ => bail!(USAGE),
        }
        rest = tail;
    }
    if rest.is_empty() {
        Ok(Some(wish))
    } else {
        bail!(USAGE)
    }
}

/// The C++ compiler, by the name that the build scripts use.
///
/// # Errors
/// Where there is none, with what to install.
fn compiler() -> Result<()> {
    if has_compiler() {
        return Ok(());
    }
    bail!(
        "no C++ compiler is here: libFuzzer and the reference's interpreter need one. Install it \
         (Debian: apt install g++), or name it in CXX"
    )
}

/// Whether there is a C++ compiler.
pub(crate) fn has_compiler() -> bool {
    std::env::var_os("CXX").is_some()
        || ["c++", "g++", "clang++"]
            .iter()
            .any(|name| process::find(name).is_some())
}

/// Builds the program and returns its path.
fn build(disk: bool) -> Result<PathBuf> {
    let host = host()?;
    let folder = workspace::target_dir()?.join("fuzz");
    let mut command = process::cargo();
    command.args([
        "build",
        "--locked",
        "--release",
        "--manifest-path",
        "fuzz/Cargo.toml",
    ]);
    // Named, so that build scripts and macros are built without counters.
    command.args(["--target", &host]);
    command.arg("--target-dir").arg(&folder);
    if disk {
        command.args(["--features", "disk"]);
    }
    command.env("RUSTFLAGS", COVERAGE.join(" "));
    process::run(&mut command)?;
    Ok(folder.join(host).join("release/fuzz"))
}

/// The triple of this machine.
fn host() -> Result<String> {
    let text = process::capture(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc tells no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str]) -> Option<(String, u32)> {
        let args: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let wish = parse(&args).ok().flatten()?;
        Some((wish.what, wish.seconds))
    }

    #[test]
    fn arguments() {
        assert_eq!(check(&["script"]), Some(("script".to_owned(), SECONDS)));
        assert_eq!(
            check(&["all", "--seconds", "5"]),
            Some(("all".to_owned(), 5))
        );
        assert_eq!(check(&["all", "--seconds"]), None);
        assert_eq!(check(&["all", "--hours", "5"]), None);
    }
}
