//! The text of `help`, laid out as Core's, from a command's spec.

use serde_json::Value;

use crate::spec::{Arg, ArgType, CommandSpec, Elision, Example, Fallback, ResultDoc, ResultType};

/// Names that stand in the examples of `help`.
#[derive(Clone, Debug)]
pub struct HelpNames {
    /// The command line client's program name.
    pub cli: String,
    /// The port of the HTTP server.
    pub port: u16,
}

/// The help text of one command.
pub fn command_help(spec: &CommandSpec, names: &HelpNames) -> String {
    let mut text = format!("{}\n\n{}\n", call_line(spec), spec.doc.trim());
    let shown = || spec.args.iter().take_while(|arg| !arg.hidden);
    let mut arguments = Sections::default();
    let mut options = Sections::default();
    for (index, arg) in shown().enumerate() {
        arguments.push(
            format!("{}. {}", index + 1, arg.name()),
            describe(arg, true),
        );
        arguments.push_arg(arg, 5, Outer::None);
        if arg.kind == ArgType::Options {
            for inner in &arg.inner {
                options.push(inner.name().to_owned(), describe(inner, true));
                options.push_arg(inner, 5, Outer::None);
            }
        }
    }
    if !arguments.rows.is_empty() {
        text.push_str("\nArguments:\n");
        arguments.write(&mut text);
    }
    if !options.rows.is_empty() {
        text.push_str("\nNamed Arguments:\n");
        options.write(&mut text);
    }
    for result in &spec.results {
        let mut sections = Sections::default();
        sections.push_result(result, 0, Outer::None);
        if sections.rows.is_empty() {
            continue;
        }
        match result.condition.as_ref() {
            "" => text.push_str("\nResult:\n"),
            condition => text.push_str(&format!("\nResult ({condition}):\n")),
        }
        sections.write(&mut text);
    }
    if !spec.examples.is_empty() {
        text.push_str("\nExamples:\n");
        for example in &spec.examples {
            text.push_str(&example_line(example, &spec.name, names));
        }
    }
    text
}

/// The first line: the call with its arguments, optional ones in parentheses.
fn call_line(spec: &CommandSpec) -> String {
    let mut line = spec.name.to_string();
    let mut optional = false;
    for arg in spec.args.iter().take_while(|arg| !arg.hidden) {
        match (optional, arg.is_optional()) {
            (false, true) => line.push_str(" ("),
            (true, false) => line.push_str(" )"),
            _ => {}
        }
        optional = arg.is_optional();
        line.push(' ');
        line.push_str(&form(arg, true));
    }
    if optional {
        line.push_str(" )");
    }
    line
}

/// An argument's form, outside an object.
fn form(arg: &Arg, oneline: bool) -> String {
    if oneline && !arg.oneline.is_empty() {
        return arg.oneline.to_string();
    }
    match arg.kind {
        ArgType::Str | ArgType::Hex => format!("\"{}\"", arg.name()),
        ArgType::Num | ArgType::Range | ArgType::Amount | ArgType::Bool => arg.name().to_owned(),
        ArgType::Object | ArgType::Options | ArgType::UserKeys => {
            let fields: Vec<_> = arg
                .inner
                .iter()
                .map(|inner| field_form(inner, oneline))
                .collect();
            let more = if arg.kind == ArgType::Object {
                ""
            } else {
                ",..."
            };
            format!("{{{}{more}}}", fields.join(","))
        }
        ArgType::Array => array_form(arg, oneline),
    }
}

fn array_form(arg: &Arg, oneline: bool) -> String {
    let elements: String = arg
        .inner
        .iter()
        .map(|inner| form(inner, oneline) + ",")
        .collect();
    format!("[{elements}...]")
}

/// An argument's form as the field of an object.
fn field_form(arg: &Arg, oneline: bool) -> String {
    let value = match arg.kind {
        ArgType::Str => "\"str\"".to_owned(),
        ArgType::Hex => "\"hex\"".to_owned(),
        ArgType::Num => "n".to_owned(),
        ArgType::Range => "n or [n,n]".to_owned(),
        ArgType::Amount => "amount".to_owned(),
        ArgType::Bool => "bool".to_owned(),
        ArgType::Array => array_form(arg, oneline),
        ArgType::Object | ArgType::Options | ArgType::UserKeys => form(arg, oneline),
    };
    let space = if oneline { "" } else { " " };
    format!("\"{}\":{space}{value}", arg.name())
}

/// `(type, required or default) words`.
fn describe(arg: &Arg, named: bool) -> String {
    let kind = match (&arg.type_words, arg.kind) {
        (Some((_, words)), _) => words.as_ref(),
        (None, ArgType::Str | ArgType::Hex) => "string",
        (None, ArgType::Num) => "numeric",
        (None, ArgType::Amount) => "numeric or string",
        (None, ArgType::Range) => "numeric or array",
        (None, ArgType::Bool) => "boolean",
        (None, ArgType::Object | ArgType::Options | ArgType::UserKeys) => "json object",
        (None, ArgType::Array) => "json array",
    };
    let fallback = match &arg.fallback {
        Fallback::Required => ", required".to_owned(),
        Fallback::Omitted if named => ", optional".to_owned(),
        Fallback::Omitted => String::new(),
        Fallback::Hint(words) => format!(", optional, default={words}"),
        Fallback::Default(value) => format!(", optional, default={value}"),
    };
    let mut text = format!("({kind}{fallback})");
    if arg.kind == ArgType::Options {
        text.push_str(" Options object that can be used to pass named arguments, listed below.");
    }
    if !arg.doc.is_empty() {
        text.push(' ');
        text.push_str(&arg.doc);
    }
    text
}

fn example_line(example: &Example, method: &str, names: &HelpNames) -> String {
    match example {
        Example::Cli(args) => format!("> {} {method} {args}\n", names.cli),
        Example::CliOf(method, args) => format!("> {} {method} {args}\n", names.cli),
        Example::Rpc(params) => curl(method, &format!("[{params}]"), names),
        Example::RpcOf(method, params) => curl(method, &format!("[{params}]"), names),
        Example::RpcNamed(params) => curl(method, &params.to_string(), names),
        Example::CliNamed(params) => {
            let fields = params.as_object().into_iter().flatten();
            let words: String = fields
                .map(|(name, value)| format!(" {name}={}", shell_word(value)))
                .collect();
            format!("> {} -named {method}{words}\n", names.cli)
        }
        Example::Text(text) => text.to_string(),
    }
}

fn curl(method: &str, params: &str, names: &HelpNames) -> String {
    format!(
        "> curl --user myusername --data-binary '{{\"jsonrpc\": \"2.0\", \"id\": \"curltest\", \
         \"method\": \"{method}\", \"params\": {params}}}' -H 'content-type: application/json' \
         http://127.0.0.1:{}/\n",
        names.port
    )
}

fn shell_word(value: &Value) -> String {
    let word = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    if word.contains([' ', '\'', '"']) {
        format!("'{}'", word.replace('\'', "'\\''"))
    } else {
        word
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outer {
    None,
    Array,
    Object,
}

/// Two columns; the right one starts four blanks after the longest left part.
#[derive(Default)]
struct Sections {
    rows: Vec<(String, String)>,
    /// Length of the longest left part, counting commas that are taken off later.
    longest: usize,
}

impl Sections {
    fn push(&mut self, left: String, right: String) {
        self.longest = self.longest.max(left.len());
        self.rows.push((left, right));
    }

    /// The inner structure of an argument; a plain argument adds nothing at the top.
    fn push_arg(&mut self, arg: &Arg, indent: usize, outer: Outer) {
        let blanks = " ".repeat(indent);
        let in_object = outer == Outer::Object;
        let top = outer == Outer::None;
        let key = if in_object {
            format!("\"{}\": ", arg.name())
        } else {
            String::new()
        };
        let right = if top {
            String::new()
        } else {
            describe(arg, in_object)
        };
        let comma = if top { "" } else { "," };
        match arg.kind {
            ArgType::Object | ArgType::UserKeys => {
                self.push(format!("{blanks}{key}{{"), right);
                for inner in &arg.inner {
                    self.push_arg(inner, indent + 2, Outer::Object);
                }
                if arg.kind == ArgType::UserKeys {
                    self.push(format!("{blanks}  ..."), String::new());
                }
                self.push(format!("{blanks}}}{comma}"), String::new());
            }
            ArgType::Array => {
                self.push(format!("{blanks}{key}["), right);
                for inner in &arg.inner {
                    self.push_arg(inner, indent + 2, Outer::Array);
                }
                self.push(format!("{blanks}  ..."), String::new());
                self.push(format!("{blanks}]{comma}"), String::new());
            }
            _ if top => {}
            _ => {
                let left = match &arg.type_words {
                    Some((words, _)) if in_object => format!("{key}{words}"),
                    _ if in_object => field_form(arg, false),
                    _ => form(arg, false),
                };
                self.push(format!("{blanks}{left},"), right);
            }
        }
    }

    fn push_result(&mut self, result: &ResultDoc, indent: usize, outer: Outer) {
        let blanks = " ".repeat(indent);
        let comma = if outer == Outer::None { "" } else { "," };
        match &result.elision {
            Elision::Skipped => return,
            Elision::Dots(text) => {
                self.push(format!("{blanks}...{comma}"), text.to_string());
                return;
            }
            Elision::Shown => {}
        }
        let key = match outer {
            Outer::Object => format!("\"{}\" : ", result.key),
            Outer::None | Outer::Array => String::new(),
        };
        let (shape, kind) = result_form(result);
        let optional = if result.optional { ", optional" } else { "" };
        let words = match result.doc.as_ref() {
            "" => format!("({kind}{optional})"),
            doc => format!("({kind}{optional}) {doc}"),
        };
        let (open, close, inner_outer) = match result.kind {
            ResultType::Array | ResultType::FixedArray => ("[", "]", Outer::Array),
            ResultType::DynObject => ("{", "}", Outer::Object),
            ResultType::Object if !result.inner.is_empty() => ("{", "}", Outer::Object),
            ResultType::None => {
                self.push(format!("{blanks}null{comma}"), words);
                return;
            }
            _ => {
                self.push(format!("{blanks}{key}{shape}{comma}"), words);
                return;
            }
        };
        self.push(format!("{blanks}{key}{open}"), words);
        for inner in &result.inner {
            self.push_result(inner, indent + 2, inner_outer);
        }
        let ends_in_dots = result
            .inner
            .last()
            .is_some_and(|last| matches!(last.elision, Elision::Dots(_)));
        let open_ended = match result.kind {
            ResultType::Array => !ends_in_dots,
            ResultType::DynObject => true,
            _ => false,
        };
        if open_ended {
            self.push(format!("{blanks}  ..."), String::new());
        } else if let Some((left, _)) = self.rows.last_mut() {
            // The last element has no comma in JSON.
            if left.ends_with(',') {
                left.pop();
            }
        }
        self.push(format!("{blanks}{close}{comma}"), String::new());
    }

    fn write(&self, text: &mut String) {
        let width = self.longest + 4;
        for (left, right) in &self.rows {
            text.push_str(left);
            if !right.is_empty() {
                text.push_str(&" ".repeat(width - left.len()));
                let mut lines = right.split('\n');
                text.push_str(lines.next().unwrap_or_default());
                for line in lines {
                    text.push('\n');
                    text.push_str(&" ".repeat(width));
                    text.push_str(line.trim_start_matches(' '));
                }
            }
            text.push('\n');
        }
    }
}

fn result_form(result: &ResultDoc) -> (&'static str, &'static str) {
    match result.kind {
        ResultType::Any => ("xxx", "any"),
        ResultType::None => ("null", "json null"),
        ResultType::Str => ("\"str\"", "string"),
        ResultType::Hex => ("\"hex\"", "string"),
        ResultType::Num | ResultType::Amount => ("n", "numeric"),
        ResultType::Time => ("xxx", "numeric"),
        ResultType::Bool => ("true|false", "boolean"),
        ResultType::Array | ResultType::FixedArray => ("[", "json array"),
        ResultType::Object if result.inner.is_empty() => ("{}", "empty JSON object"),
        ResultType::Object | ResultType::DynObject => ("{", "json object"),
    }
}

#[cfg(test)]
mod tests;
