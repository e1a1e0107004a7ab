//! How often each verdict was given for each kind of spend, told now and then: a run that never
//! reaches a rule proves nothing about it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use consensus::ScriptError;

use crate::case::{Case, Kind};

/// Verdicts between two reports.
const INTERVAL: u64 = 1 << 14;

/// The counts so far, and how many they are.
struct Counts {
    all: u64,
    verdicts: BTreeMap<(Kind, &'static str), u64>,
}

static COUNTS: Mutex<Counts> = Mutex::new(Counts {
    all: 0,
    verdicts: BTreeMap::new(),
});

/// Takes note of a verdict that both interpreters gave.
pub(crate) fn count(case: &Case, verdict: Result<(), ScriptError>) {
    let name = verdict.err().map_or("OK", ScriptError::name);
    let mut counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    *counts.verdicts.entry((case.kind(), name)).or_default() += 1;
    counts.all += 1;
}

/// Tells the counts so far, one line for each kind of spend.
pub(crate) fn tell() {
    let counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    report(&counts.verdicts);
}

/// Tells them, but not after every verdict.
pub(crate) fn tell_at_times() {
    let counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    if counts.all.is_multiple_of(INTERVAL) {
        report(&counts.verdicts);
    }
}

fn report(verdicts: &BTreeMap<(Kind, &'static str), u64>) {
    let mut lines: BTreeMap<Kind, Vec<(u64, &str)>> = BTreeMap::new();
    for ((kind, name), count) in verdicts {
        lines.entry(*kind).or_default().push((*count, name));
    }
    for (kind, mut line) in lines {
        line.sort_unstable_by(|a, b| b.cmp(a));
        let line: Vec<String> = line
            .into_iter()
            .map(|(count, name)| format!("{name} {count}"))
            .collect();
        eprintln!("verdicts of {kind:?}: {}", line.join(", "));
    }
}
