//! The layers of settings and how they merge (Core's `common/settings.cpp`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::key;

/// Values of one option in the order in which they were given.
pub(super) type Values = BTreeMap<String, Vec<Value>>;

/// Where the value in force comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Set by the program, by a rule between options.
    Forced,
    /// The command line.
    CommandLine,
    /// `settings.json`.
    SettingsFile,
    /// The network's section of the configuration file.
    ConfigSection,
    /// The part of the configuration file before any section.
    ConfigDefault,
    /// Nothing is set.
    Default,
}

/// All layers, highest first.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) forced: BTreeMap<String, Value>,
    pub(super) command_line: Values,
    pub(super) file: BTreeMap<String, Value>,
    /// By section; the empty name is the part before any section.
    pub(super) config: BTreeMap<String, Values>,
}

impl std::fmt::Debug for Settings {
    /// Shows no value: some are secret.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Settings").finish_non_exhaustive()
    }
}

/// How one look-up treats the layers.
#[derive(Clone, Copy, Default)]
pub(super) struct Lookup {
    /// Leave the default part of the file out (network-only options off the main network).
    pub(super) ignore_default_section: bool,
    /// Leave forced values and the command line out.
    pub(super) persistent_only: bool,
    /// The rules for the options that choose the chain.
    pub(super) chain_choice: bool,
}

/// The values of one layer, of which those up to the last negation do not count.
#[derive(Clone, Copy)]
struct Span<'a>(&'a [Value]);

impl<'a> Span<'a> {
    fn negated(self) -> usize {
        self.0
            .iter()
            .rposition(|value| *value == Value::Bool(false))
            .map_or(0, |at| at + 1)
    }

    fn last_negated(self) -> bool {
        self.0.last() == Some(&Value::Bool(false))
    }

    fn live(self) -> &'a [Value] {
        &self.0[self.negated()..]
    }

    fn is_empty(self) -> bool {
        self.live().is_empty()
    }
}

impl Source {
    fn is_config(self) -> bool {
        matches!(self, Self::ConfigSection | Self::ConfigDefault)
    }
}

impl Settings {
    fn spans<'a>(&'a self, section: &str, name: &str) -> Vec<(Span<'a>, Source)> {
        let one = |value: Option<&'a Value>| value.map(std::slice::from_ref);
        let many = |values: Option<&'a Vec<Value>>| values.map(Vec::as_slice);
        let in_config = |section: &str| {
            many(
                self.config
                    .get(section)
                    .and_then(|values: &'a Values| values.get(name)),
            )
        };
        let layers = [
            (one(self.forced.get(name)), Source::Forced),
            (many(self.command_line.get(name)), Source::CommandLine),
            (one(self.file.get(name)), Source::SettingsFile),
            (
                if section.is_empty() {
                    None
                } else {
                    in_config(section)
                },
                Source::ConfigSection,
            ),
            (in_config(""), Source::ConfigDefault),
        ];
        layers
            .into_iter()
            .filter_map(|(values, source)| values.map(|values| (Span(values), source)))
            .collect()
    }

    /// Returns the one value in force, and whence.
    ///
    /// In files the first value counts, elsewhere the last; the chain's own options take the last everywhere.
    /// A negation at the end of the file's default part counts even where that part is left out, and a negated
    /// chain choice is skipped: both are long-standing habits that files depend on.
    pub(super) fn get(&self, section: &str, name: &str, how: Lookup) -> Option<(&Value, Source)> {
        const FALSE: Value = Value::Bool(false);
        for (span, source) in self.spans(section, name) {
            let negated = span.last_negated();
            let left_out =
                how.ignore_default_section && source == Source::ConfigDefault && !negated;
            let passing = matches!(source, Source::Forced | Source::CommandLine);
            if left_out || (how.persistent_only && passing) || (how.chain_choice && negated) {
                continue;
            }
            let first_wins = source.is_config() && !how.chain_choice;
            let live = span.live();
            let value = if first_wins {
                live.first()
            } else {
                live.last()
            };
            match value {
                Some(value) => return Some((value, source)),
                None if negated => return Some((&FALSE, source)),
                None => {}
            }
        }
        None
    }

    /// Returns all values of a list option, highest layer first.
    ///
    /// A negation ends the list, except that values of the configuration file come back when the negation was
    /// followed by other values on the command line.
    pub(super) fn list(&self, section: &str, name: &str, how: Lookup) -> Vec<&Value> {
        let mut result = Vec::new();
        let mut done = false;
        let mut negated_to_nothing = false;
        for (span, source) in self.spans(section, name) {
            if how.ignore_default_section && source == Source::ConfigDefault {
                continue;
            }
            if !done || (source.is_config() && !negated_to_nothing) {
                for value in span.live() {
                    match value {
                        Value::Array(values) => result.extend(values),
                        value => result.push(value),
                    }
                }
            }
            done |= span.negated() > 0 || source == Source::Forced;
            negated_to_nothing |= span.last_negated() && result.is_empty();
        }
        result
    }

    /// Returns true if the option is set in the file's default part and nowhere else.
    pub(super) fn only_in_default_section(&self, section: &str, name: &str) -> bool {
        let mut in_default = false;
        let mut elsewhere = false;
        for (span, source) in self.spans(section, name) {
            if !span.is_empty() {
                match source {
                    Source::ConfigDefault => in_default = true,
                    _ => elsewhere = true,
                }
            }
        }
        in_default && !elsewhere
    }
}

/// Reads a value as text: truth values are `1` and `0`.
pub(super) fn value_text(value: &Value) -> String {
    match value {
        Value::Bool(true) => "1".to_owned(),
        Value::Bool(false) => "0".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Reads a value as truth.
pub(super) fn value_bool(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        other => key::truth(&value_text(other)),
    }
}

/// Reads a value as a whole number.
pub(super) fn value_int(value: &Value) -> i64 {
    match value {
        Value::Bool(value) => i64::from(*value),
        other => key::leading_int(&value_text(other)),
    }
}
