//! Compares an answer with the results its command documents (`-rpcdoccheck`).

use serde_json::{Map, Value, json};

use crate::error::RpcError;
use crate::pretty;
use crate::spec::{CommandSpec, ResultDoc, ResultType};
use crate::value::JsonType;

/// Checks that one of the documented results fits `answer`.
///
/// # Errors
/// −1 with a list of what does not fit.
pub fn check(spec: &CommandSpec, answer: &Value) -> Result<(), RpcError> {
    let mut misfits = Vec::new();
    for result in &spec.results {
        match misfit(result, answer) {
            None => return Ok(()),
            Some(misfit) => misfits.push(misfit),
        }
    }
    let listed = match misfits.as_slice() {
        [] => "no possible results defined".to_owned(),
        [only] => pretty::to_string(only, 4),
        _ => pretty::to_string(&Value::Array(misfits), 4),
    };
    Err(RpcError::bug(format!(
        "RPC call \"{}\" returned incorrect type:\n{listed}",
        spec.name
    )))
}

/// What differs, or `None` where it fits.
fn misfit(doc: &ResultDoc, answer: &Value) -> Option<Value> {
    if doc.any_type {
        return None;
    }
    let expected = match doc.kind {
        ResultType::Any => return None,
        ResultType::None => JsonType::Null,
        ResultType::Str | ResultType::Hex => JsonType::String,
        ResultType::Num | ResultType::Amount | ResultType::Time => JsonType::Number,
        ResultType::Bool => JsonType::Bool,
        ResultType::Array | ResultType::FixedArray => JsonType::Array,
        ResultType::Object | ResultType::DynObject => JsonType::Object,
    };
    let found = JsonType::of(answer);
    if found != expected {
        let (found, expected) = (found.name(), expected.name());
        return Some(json!(format!(
            "returned type is {found}, but declared as {expected} in doc"
        )));
    }
    let mut errors = Map::new();
    match answer {
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                // The last documented element stands for all that follow.
                let inner = doc.inner.get(index).or(doc.inner.last());
                if let Some(error) = inner.and_then(|inner| misfit(inner, element)) {
                    errors.insert(index.to_string(), error);
                }
            }
        }
        Value::Object(fields) if doc.kind == ResultType::DynObject => {
            for (key, value) in fields {
                if let Some(error) = doc.inner.first().and_then(|inner| misfit(inner, value)) {
                    errors.insert(key.clone(), error);
                }
            }
        }
        Value::Object(fields) => {
            for key in fields.keys() {
                if !doc.inner.iter().any(|inner| inner.key == *key) {
                    errors.insert(key.clone(), json!("key returned that was not in doc"));
                }
            }
            for inner in &doc.inner {
                let error = match fields.get(inner.key.as_ref()) {
                    Some(value) => misfit(inner, value),
                    None if inner.optional => None,
                    None => Some(json!("key missing, despite not being optional in doc")),
                };
                if let Some(error) = error {
                    errors.insert(inner.key.to_string(), error);
                }
            }
        }
        _ => {}
    }
    (!errors.is_empty()).then_some(Value::Object(errors))
}
