//! From words on the command line to JSON parameters.
//!
//! A shell knows only strings; which arguments have to be other JSON values stands in a table of the interface.

use serde_json::{Map, Value};

use super::error::CliError;

/// The table: method, then position, name and sign of arguments.
const TABLE: &str = include_str!("conversions.txt");

/// How a word becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// It is JSON.
    Json,
    /// It is JSON where it parses, else a string.
    JsonOrString,
    /// It is a string, even with `=` in it.
    String,
}

/// The parameters of a request, as the text that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Params(String);

impl Params {
    /// No parameters.
    pub(crate) fn none() -> Self {
        Self("[]".to_owned())
    }

    /// The JSON text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// All entries of a method.
fn entries(method: &str) -> impl Iterator<Item = (usize, &'static str, Format)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .filter(move |(name, _)| *name == method)
        .flat_map(|(_, items)| items.split(' '))
        .filter_map(|item| {
            let (position, name) = item.split_once(':')?;
            let (name, format) = match name.strip_suffix('$') {
                Some(name) => (name, Format::String),
                None => match name.strip_suffix('?') {
                    Some(name) => (name, Format::JsonOrString),
                    None => (name, Format::Json),
                },
            };
            Some((position.parse().ok()?, name, format))
        })
}

fn at_position(method: &str, position: usize) -> Option<Format> {
    entries(method)
        .find(|(at, _, _)| *at == position)
        .map(|(_, _, format)| format)
}

fn by_name(method: &str, wanted: &str) -> Option<Format> {
    entries(method)
        .find(|(_, name, _)| *name == wanted)
        .map(|(_, _, format)| format)
}

fn value(format: Option<Format>, word: &str) -> Result<Value, CliError> {
    let string = || Value::String(word.to_owned());
    match format {
        None | Some(Format::String) => Ok(string()),
        Some(Format::JsonOrString) => Ok(serde_json::from_str(word).unwrap_or_else(|_| string())),
        Some(Format::Json) => {
            serde_json::from_str(word).map_err(|_| CliError::Json(word.to_owned()))
        }
    }
}

/// Parameters by position.
///
/// # Errors
/// Where a word has to be JSON and is not.
pub(crate) fn positional(method: &str, words: &[String]) -> Result<Params, CliError> {
    let values: Result<Vec<_>, _> = words
        .iter()
        .enumerate()
        .map(|(position, word)| value(at_position(method, position), word))
        .collect();
    Ok(Params(Value::Array(values?).to_string()))
}

/// Parameters by name (`-named`); words without name are the positional part, `args`.
///
/// A word with `=` whose name is unknown is still positional where the next position takes strings with `=`, or
/// JSON and the whole word is JSON. Of two words with the same name the later counts, except for `args`: the server
/// decides there.
///
/// # Errors
/// Where a word has to be JSON and is not.
pub(crate) fn named(method: &str, words: &[String]) -> Result<Params, CliError> {
    let mut named = Map::new();
    let mut args = Vec::new();
    for word in words {
        let next = at_position(method, args.len());
        let Some((name, text)) = word.split_once('=') else {
            args.push(value(next, word)?);
            continue;
        };
        let format = by_name(method, name);
        if format.is_none() {
            let whole = match next {
                Some(Format::String) => Some(Value::String(word.clone())),
                Some(Format::Json) => serde_json::from_str(word).ok(),
                _ => None,
            };
            if let Some(whole) = whole {
                args.push(whole);
                continue;
            }
        }
        named.insert(name.to_owned(), value(format, text)?);
    }
    let mut text = Value::Object(named).to_string();
    if !args.is_empty() {
        // Written behind the rest, because a map would lose an `args` given by name.
        text.pop();
        let comma = if text.len() > 1 { "," } else { "" };
        text.push_str(&format!("{comma}\"args\":{}}}", Value::Array(args)));
    }
    Ok(Params(text))
}

#[cfg(test)]
mod tests;
