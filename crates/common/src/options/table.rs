//! The option table: every option of every program, once.
//!
//! A name may stand more than once only if no program takes both entries.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::spec::{Category, OptionSpec, Program};

mod chain;
mod connection;
mod debug;
mod general;
mod gui;
mod relay;
mod rpc;
mod tools;
mod wallet;
mod zmq;

/// The table, group by group.
pub const TABLE: [&[OptionSpec]; 10] = [
    general::OPTIONS,
    connection::OPTIONS,
    wallet::OPTIONS,
    zmq::OPTIONS,
    debug::OPTIONS,
    chain::OPTIONS,
    relay::OPTIONS,
    rpc::OPTIONS,
    gui::OPTIONS,
    tools::OPTIONS,
];

/// Why an option of the peer-to-peer network does nothing.
const NO_PEERS: &str = "this version makes no connections to peers";
/// Why an option that starts commands does nothing.
const NO_COMMANDS: &str = "this version starts no commands of its own";

static BY_NAME: LazyLock<HashMap<&'static str, Vec<&'static OptionSpec>>> = LazyLock::new(|| {
    let mut names: HashMap<&'static str, Vec<&'static OptionSpec>> = HashMap::new();
    for spec in all().filter(|spec| spec.category != Category::Command) {
        names.entry(spec.name).or_default().push(spec);
    }
    names
});

/// Returns every entry.
pub fn all() -> impl Iterator<Item = &'static OptionSpec> {
    const ENTRIES: &[&[OptionSpec]] = &TABLE;
    ENTRIES.iter().copied().flatten()
}

/// Returns the entries that a program takes.
pub fn of(program: Program) -> impl Iterator<Item = &'static OptionSpec> {
    all().filter(move |spec| spec.programs.contains(program))
}

/// Returns the options that are accepted without effect, with the reason: they belong on the list of deviations.
pub fn inert() -> impl Iterator<Item = (&'static OptionSpec, &'static str)> {
    all().filter_map(|spec| Some((spec, spec.inert?)))
}

/// Returns the option of a name, without dash, if the program takes it.
pub fn find(program: Program, name: &str) -> Option<&'static OptionSpec> {
    BY_NAME
        .get(name)?
        .iter()
        .copied()
        .find(|spec| spec.programs.contains(program))
}

/// Returns the option of a name, whichever program takes it.
pub fn find_any(name: &str) -> Option<&'static OptionSpec> {
    BY_NAME.get(name)?.first().copied()
}
