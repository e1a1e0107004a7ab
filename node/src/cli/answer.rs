//! What is printed for an answer, and the code the program ends with.

use rpc::code::WALLET_NOT_SPECIFIED;
use rpc::pretty;
use serde_json::Value;

use super::names::Names;

/// The whole output of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Printed {
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
    /// The code; only its low eight bits are seen outside.
    pub(crate) code: i32,
}

impl Printed {
    /// Success with a text as it is.
    pub(crate) fn text(out: String) -> Self {
        Self {
            out,
            ..Self::default()
        }
    }

    /// Success with a text and a line end; nothing for an empty text.
    pub(crate) fn line(text: &str) -> Self {
        match text {
            "" => Self::default(),
            text => Self::text(format!("{text}\n")),
        }
    }

    /// A failure before any call.
    pub(crate) fn start_error(text: &str) -> Self {
        let prefix = if text.starts_with("Error ") {
            ""
        } else {
            "Error: "
        };
        Self {
            err: format!("{prefix}{text}\n"),
            code: super::FAILED,
            ..Self::default()
        }
    }

    /// Puts lines before what stands on standard error.
    pub(crate) fn with_warnings(mut self, warnings: &str) -> Self {
        self.err.insert_str(0, warnings);
        self
    }
}

/// What to print for a reply: strings as they are, `null` as nothing, all else as JSON.
pub(crate) fn of(reply: &Value, names: &Names) -> Printed {
    match &reply["error"] {
        Value::Null => match &reply["result"] {
            Value::Null => Printed::default(),
            Value::String(text) => Printed::line(text),
            value => Printed::line(&pretty::to_string(value, 2)),
        },
        error => failure(error, names),
    }
}

fn failure(error: &Value, names: &Names) -> Printed {
    if !error.is_object() {
        let err = format!("error: {error}\n");
        return Printed {
            err,
            code: super::FAILED,
            ..Printed::default()
        };
    }
    let mut text = String::new();
    let code = error["code"]
        .as_i64()
        .and_then(|code| i32::try_from(code).ok());
    if !error["code"].is_null() {
        text.push_str(&format!("error code: {}\n", plain(&error["code"])));
    }
    if let Some(message) = error["message"].as_str() {
        text.push_str(&format!("error message:\n{message}"));
    }
    if code == Some(WALLET_NOT_SPECIFIED) {
        text.push_str(&format!(
            " Or for the CLI, specify the \"-rpcwallet=<walletname>\" option before the command (run \"{0} -h\" for \
             help or \"{0} listwallets\" to see which wallets are currently loaded).",
            names.client
        ));
    }
    let code = code.and_then(i32::checked_abs).unwrap_or(super::FAILED);
    Printed {
        err: format!("{text}\n"),
        code,
        ..Printed::default()
    }
}

/// A string or number as text, anything else as nothing.
pub(crate) fn plain(value: &Value) -> &str {
    match value {
        Value::String(text) => text,
        Value::Number(number) => number.as_str(),
        _ => "",
    }
}

#[cfg(test)]
mod tests;
