//! From the `params` of a request to the arguments a handler reads.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{RpcError, code};
use crate::spec::{Arg, ArgType, CommandSpec, Fallback};
use crate::value::{self, JsonType};

/// The `params` of a request. Named ones are a list, because a name given twice is an error of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Params {
    /// An array.
    Positional(Vec<Value>),
    /// An object.
    Named(Vec<(String, Value)>),
}

impl Default for Params {
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

/// Who asks, and where the call came in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Caller {
    /// The authenticated user.
    pub user: String,
    /// The path of the request: `/` or `/wallet/<name>`.
    pub uri: String,
    /// The peer's address, for the log.
    pub peer: String,
}

impl Caller {
    /// The wallet named by the path, decoded; `None` for a path that names none (Core's
    /// `GetWalletNameFromJSONRPCRequest`).
    pub fn wallet_name(&self) -> Option<String> {
        self.uri.strip_prefix("/wallet/").map(percent_decode)
    }
}

/// Turns `%41` into `A`; what is not such a triple stays.
pub fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let decoded = match (first, tail) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes every byte but letters, digits and `-._~` as `%41`.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// One call: method, parameters and caller. It can be sent to another process as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The name of the command.
    pub method: String,
    /// Its parameters, not yet checked.
    pub params: Params,
    /// Who asks.
    pub caller: Caller,
}

/// The checked arguments of one call, read by name.
#[derive(Clone, Debug)]
pub struct Args {
    spec: Arc<CommandSpec>,
    values: Vec<Value>,
    given: usize,
    caller: Caller,
}

impl Args {
    /// Puts the parameters of `request` in order and checks their number and types against `spec`.
    ///
    /// # Errors
    /// −8 for names that are unknown or doubled, −1 with the help text (made by `help`) for a wrong number, −3 for
    /// wrong types.
    pub fn check(
        spec: Arc<CommandSpec>,
        request: Request,
        help: impl FnOnce(&CommandSpec) -> String,
    ) -> Result<Self, RpcError> {
        let mut values = match request.params {
            Params::Positional(values) => values,
            Params::Named(named) => positional(&spec, named)?,
        };
        if !spec.accepts_count(values.len()) {
            return Err(RpcError::misc(help(&spec)));
        }
        let given = values.len();
        values.resize(spec.args.len(), Value::Null);
        check_types(&spec.args, &values)?;
        Ok(Self {
            spec,
            values,
            given,
            caller: request.caller,
        })
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The name of the command called.
    pub fn method(&self) -> &str {
        &self.spec.name
    }

    /// How many arguments the call had, counting nulls among them but not behind them.
    pub fn len(&self) -> usize {
        self.given
    }

    /// Whether the call had no arguments.
    pub fn is_empty(&self) -> bool {
        self.given == 0
    }

    /// All arguments by position, `null` for those not given, without defaults.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    fn position(&self, name: &str) -> Result<usize, RpcError> {
        self.spec
            .args
            .iter()
            .position(|arg| arg.all_names().any(|own| own == name))
            .ok_or_else(|| RpcError::bug(format!("{} has no argument {name}", self.spec.name)))
    }

    /// Whether the argument was given and is not `null`.
    pub fn is_given(&self, name: &str) -> bool {
        self.position(name)
            .is_ok_and(|index| !self.values[index].is_null())
    }

    /// The argument or its default, `null` without either.
    ///
    /// # Errors
    /// −1 for a name that the spec does not have.
    pub fn value(&self, name: &str) -> Result<&Value, RpcError> {
        let index = self.position(name)?;
        match (&self.values[index], &self.spec.args[index].fallback) {
            (Value::Null, Fallback::Default(default)) => Ok(default),
            (value, _) => Ok(value),
        }
    }

    fn read<'a, T>(
        &'a self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Result<T, RpcError>,
    ) -> Result<T, RpcError> {
        read(self.value(name)?)
    }

    fn read_opt<'a, T>(
        &'a self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Result<T, RpcError>,
    ) -> Result<Option<T>, RpcError> {
        match self.value(name)? {
            Value::Null => Ok(None),
            value => read(value).map(Some),
        }
    }

    /// A string, required or with a default.
    ///
    /// # Errors
    /// As [`value::str_from`].
    pub fn str(&self, name: &str) -> Result<&str, RpcError> {
        self.read(name, value::str_from)
    }

    /// A string, if given.
    ///
    /// # Errors
    /// As [`value::str_from`].
    pub fn opt_str(&self, name: &str) -> Result<Option<&str>, RpcError> {
        self.read_opt(name, value::str_from)
    }

    /// A boolean, required or with a default.
    ///
    /// # Errors
    /// As [`value::bool_from`].
    pub fn bool(&self, name: &str) -> Result<bool, RpcError> {
        self.read(name, value::bool_from)
    }

    /// A boolean, if given.
    ///
    /// # Errors
    /// As [`value::bool_from`].
    pub fn opt_bool(&self, name: &str) -> Result<Option<bool>, RpcError> {
        self.read_opt(name, value::bool_from)
    }

    /// A whole number, required or with a default.
    ///
    /// # Errors
    /// As [`value::int_from`].
    pub fn int<T: FromStr>(&self, name: &str) -> Result<T, RpcError> {
        self.read(name, value::int_from)
    }

    /// A whole number, if given.
    ///
    /// # Errors
    /// As [`value::int_from`].
    pub fn opt_int<T: FromStr>(&self, name: &str) -> Result<Option<T>, RpcError> {
        self.read_opt(name, value::int_from)
    }

    /// A double, required or with a default.
    ///
    /// # Errors
    /// As [`value::double_from`].
    pub fn double(&self, name: &str) -> Result<f64, RpcError> {
        self.read(name, value::double_from)
    }

    /// A double, if given.
    ///
    /// # Errors
    /// As [`value::double_from`].
    pub fn opt_double(&self, name: &str) -> Result<Option<f64>, RpcError> {
        self.read_opt(name, value::double_from)
    }

    /// An amount in base units, required or with a default.
    ///
    /// # Errors
    /// As [`value::amount_from`].
    pub fn amount(&self, name: &str, max: i64) -> Result<i64, RpcError> {
        self.read(name, |value| value::amount_from(value, max))
    }

    /// An amount in base units, if given.
    ///
    /// # Errors
    /// As [`value::amount_from`].
    pub fn opt_amount(&self, name: &str, max: i64) -> Result<Option<i64>, RpcError> {
        self.read_opt(name, |value| value::amount_from(value, max))
    }

    /// A 32-byte hash in internal order.
    ///
    /// # Errors
    /// As [`value::hash_from`].
    pub fn hash(&self, name: &str) -> Result<[u8; 32], RpcError> {
        self.read(name, |value| value::hash_from(value, name))
    }

    /// As [`Args::hash`], with another name in the error: the reference does not always name the argument.
    ///
    /// # Errors
    /// As [`value::hash_from`].
    pub fn hash_called(&self, name: &str, called: &str) -> Result<[u8; 32], RpcError> {
        self.read(name, |value| value::hash_from(value, called))
    }

    /// A 32-byte hash in internal order, if given.
    ///
    /// # Errors
    /// As [`value::hash_from`].
    pub fn opt_hash(&self, name: &str) -> Result<Option<[u8; 32]>, RpcError> {
        self.read_opt(name, |value| value::hash_from(value, name))
    }

    /// Bytes from hex digits.
    ///
    /// # Errors
    /// As [`value::hex_from`].
    pub fn hex(&self, name: &str) -> Result<Vec<u8>, RpcError> {
        self.read(name, |value| value::hex_from(value, name))
    }

    /// An array, required or with a default.
    ///
    /// # Errors
    /// As [`value::array_from`].
    pub fn array(&self, name: &str) -> Result<&[Value], RpcError> {
        self.read(name, value::array_from)
    }

    /// An array, if given.
    ///
    /// # Errors
    /// As [`value::array_from`].
    pub fn opt_array(&self, name: &str) -> Result<Option<&[Value]>, RpcError> {
        self.read_opt(name, value::array_from)
    }

    /// An object, required or with a default.
    ///
    /// # Errors
    /// As [`value::object_from`].
    pub fn object(&self, name: &str) -> Result<&Map<String, Value>, RpcError> {
        self.read(name, value::object_from)
    }

    /// An object, if given.
    ///
    /// # Errors
    /// As [`value::object_from`].
    pub fn opt_object(&self, name: &str) -> Result<Option<&Map<String, Value>>, RpcError> {
        self.read_opt(name, value::object_from)
    }

    /// A level of detail.
    ///
    /// # Errors
    /// As [`value::verbosity_from`].
    pub fn verbosity(&self, name: &str, default: i32, allow_bool: bool) -> Result<i32, RpcError> {
        let index = self.position(name)?;
        value::verbosity_from(&self.values[index], default, allow_bool)
    }
}

/// Checks each value's type, and names all that are wrong in one error.
fn check_types(args: &[Arg], values: &[Value]) -> Result<(), RpcError> {
    let mut wrong = Map::new();
    for (index, (arg, value)) in args.iter().zip(values).enumerate() {
        let expected = match arg.kind {
            _ if arg.any_type || (value.is_null() && arg.is_optional()) => continue,
            ArgType::Str | ArgType::Hex => JsonType::String,
            ArgType::Num => JsonType::Number,
            ArgType::Bool => JsonType::Bool,
            ArgType::Array => JsonType::Array,
            ArgType::Object | ArgType::Options | ArgType::UserKeys => JsonType::Object,
            // Read as one of two types by the handler.
            ArgType::Amount | ArgType::Range => continue,
        };
        if JsonType::of(value) != expected {
            let place = format!("Position {} ({})", index + 1, arg.names);
            wrong.insert(place, Value::String(value::mismatch(value, expected)));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let listed = crate::pretty::to_string(&Value::Object(wrong), 4);
    Err(RpcError::type_error(format!(
        "Wrong type passed:\n{listed}"
    )))
}

/// Puts named parameters in order (Core's `transformNamedArguments`).
///
/// Fields of an options argument may stand among them; a parameter `args` holds the positional part.
fn positional(spec: &CommandSpec, named: Vec<(String, Value)>) -> Result<Vec<Value>, RpcError> {
    let twice = |name: &str| {
        RpcError::invalid_parameter(format!("Parameter {name} specified multiple times"))
    };
    let mut input = BTreeMap::new();
    let mut order = Vec::new();
    for (name, value) in named {
        order.push(name.clone());
        if input.insert(name.clone(), value).is_some() {
            return Err(twice(&name));
        }
    }
    let mut take = |arg: &Arg| {
        let name = arg.all_names().find(|name| input.contains_key(*name))?;
        input.remove_entry(name)
    };

    let mut values: Vec<Value> = Vec::new();
    // Arguments passed over since the last one given; those at the end are left out.
    let mut hole = 0;
    let mut leading_hole = 0;
    let mut first_named = None;
    for arg in &spec.args {
        let mut options = Map::new();
        if arg.kind == ArgType::Options {
            for inner in &arg.inner {
                if let Some((name, value)) = take(inner) {
                    if options.contains_key(&name) {
                        return Err(twice(&name));
                    }
                    options.insert(name, value);
                }
            }
        }
        let whole = take(arg);
        let value = match (whole, options.keys().next()) {
            (None, None) => {
                hole += 1;
                if values.is_empty() {
                    leading_hole = hole;
                }
                continue;
            }
            (Some((name, _)), Some(option)) => {
                return Err(RpcError::new(
                    code::INVALID_PARAMETER,
                    format!("Parameter {name} conflicts with parameter {option}"),
                ));
            }
            (Some((_, value)), None) => value,
            (None, Some(_)) => Value::Object(options),
        };
        values.resize(values.len() + std::mem::take(&mut hole), Value::Null);
        first_named = first_named.or(Some(&arg.names));
        values.push(value);
    }
    if let Some(Value::Array(_)) = input.get("args")
        && let Some(Value::Array(mut leading)) = input.remove("args")
    {
        match first_named {
            Some(names) if leading_hole < leading.len() => {
                return Err(RpcError::invalid_parameter(format!(
                    "Parameter {names} specified twice both as positional and named argument"
                )));
            }
            _ => {}
        }
        if leading.len() < values.len() {
            leading.extend(values.drain(leading.len()..));
        }
        values = leading;
    }
    match order.iter().find(|name| input.contains_key(*name)) {
        Some(name) => Err(RpcError::invalid_parameter(format!(
            "Unknown named parameter {name}"
        ))),
        None => Ok(values),
    }
}

#[cfg(test)]
mod tests;
