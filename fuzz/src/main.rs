//! Fuzz targets, and the oracle: the reference's own interpreter beside ours.
//!
//! One program holds them all. `BITQ_FUZZ` says what it does: the name of a target, which libFuzzer
//! then runs; `seeds:<target>:<folder>` writes the inputs that fuzzing starts from; `oracle` judges
//! every stored input by both interpreters. `cargo xtask fuzz` sets it.
#![no_main]

#[path = "../../crates/consensus/tests/vectors/asm.rs"]
mod asm;
mod bytes;
mod case;
#[path = "../../crates/consensus/tests/vectors/cases.rs"]
mod cases;
mod chains;
#[cfg(feature = "disk")]
mod disk;
mod memory;
mod mutate;
mod oracle;
#[cfg(feature = "disk")]
mod records;
mod scripts;
mod seeds;
#[cfg(feature = "disk")]
mod settings;
#[cfg(feature = "disk")]
mod small;
#[cfg(feature = "disk")]
mod store;
mod tally;
mod targets;
#[cfg(feature = "disk")]
mod wallet;

use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target, fuzzer_mutate};

use crate::targets::Target;

/// The target that runs.
static TARGET: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(init: start(), |data: &[u8]| -> Corpus {
    match TARGET.get() {
        Some(target) => (target.run)(data),
        None => Corpus::Reject,
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let own = TARGET.get().and_then(|target| target.mutate);
    // Blind changes as well: they find what a change that knows the form never makes.
    match own {
        Some(mutate) if seed % 8 != 0 => mutate(data, size, max_size, seed),
        _ => fuzzer_mutate(data, size, max_size),
    }
});

/// Does what `BITQ_FUZZ` says, and ends unless that is a target.
fn start() {
    let wish = std::env::var("BITQ_FUZZ").unwrap_or_default();
    let fields: Vec<&str> = wish.split(':').collect();
    let done = match fields.as_slice() {
        ["oracle"] => oracle::run(),
        ["seeds", name, folder] => target(name).and_then(|target| seeds::write(target, folder)),
        [name] => target(name).map(|target| {
            TARGET.get_or_init(|| target);
        }),
        _ => Err(format!("BITQ_FUZZ is '{wish}'")),
    };
    match done {
        Ok(()) if TARGET.get().is_some() => {}
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("Error: {error}");
            std::process::exit(1);
        }
    }
}

fn target(name: &str) -> Result<&'static Target, String> {
    let found = targets::TARGETS.iter().find(|target| target.name == name);
    found.ok_or_else(|| format!("this build has no fuzz target '{name}'"))
}
