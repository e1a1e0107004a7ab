//! What a command is called, takes and answers: plain data, so that it can cross a process border.
//!
//! Parsing, type checks, `help`, the list of argument conversions and the OpenRPC document all read it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod result;

pub use result::{Elision, ResultDoc, ResultType};

/// A text that is a literal in this process, or was received from another one.
pub type Text = Cow<'static, str>;

/// The type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArgType {
    /// A string.
    Str,
    /// A string of hex digits.
    Hex,
    /// A number.
    Num,
    /// A boolean.
    Bool,
    /// A number of coins, as number or string.
    Amount,
    /// A number, or an array of two.
    Range,
    /// An array.
    Array,
    /// An object with known keys.
    Object,
    /// An object with known keys, which may also be given as named arguments of the call.
    Options,
    /// An object whose keys the caller chooses.
    UserKeys,
}

/// What holds where an argument is not given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fallback {
    /// It must be given.
    Required,
    /// It may be missing, and nothing stands in for it.
    Omitted,
    /// It may be missing; the words say what happens then.
    Hint(Text),
    /// This value is taken.
    Default(Value),
}

/// One argument of a command, or one field or element inside an argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arg {
    /// The name and, after `|`, its aliases. Empty for elements of arrays.
    pub names: Text,
    /// Its JSON type.
    pub kind: ArgType,
    /// What holds where it is missing.
    pub fallback: Fallback,
    /// One or more sentences for `help`.
    pub doc: Text,
    /// Fields or elements.
    pub inner: Vec<Arg>,
    /// The handler checks the type.
    pub any_type: bool,
    /// Replaces the argument's form in the first line of `help`.
    pub oneline: Text,
    /// Replace the type in the form of a field, and in its description.
    pub type_words: Option<(Text, Text)>,
    /// Kept for compatibility only.
    pub placeholder: bool,
    /// Left out of `help`, with all that follow.
    pub hidden: bool,
    /// A field of an options object that is a positional argument too.
    pub also_positional: bool,
}

impl Arg {
    /// A required argument of type `kind`; `names` may hold aliases after `|`.
    pub fn new(kind: ArgType, names: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self {
            names: names.into(),
            kind,
            fallback: Fallback::Required,
            doc: doc.into(),
            inner: Vec::new(),
            any_type: false,
            oneline: Cow::Borrowed(""),
            type_words: None,
            placeholder: false,
            hidden: false,
            also_positional: false,
        }
    }

    /// A required string.
    pub fn str(names: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ArgType::Str, names, doc)
    }

    /// A required string of hex digits.
    pub fn hex(names: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ArgType::Hex, names, doc)
    }

    /// A required number.
    pub fn num(names: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ArgType::Num, names, doc)
    }

    /// A required boolean.
    pub fn bool(names: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ArgType::Bool, names, doc)
    }

    /// A required number of coins, as number or string.
    pub fn amount(names: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ArgType::Amount, names, doc)
    }

    /// A required range.
    pub fn range(names: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ArgType::Range, names, doc)
    }

    /// A required array of `inner`.
    pub fn array(names: impl Into<Text>, doc: impl Into<Text>, inner: Vec<Arg>) -> Self {
        Self {
            inner,
            ..Self::new(ArgType::Array, names, doc)
        }
    }

    /// A required object with the fields `inner`.
    pub fn object(names: impl Into<Text>, doc: impl Into<Text>, inner: Vec<Arg>) -> Self {
        Self {
            inner,
            ..Self::new(ArgType::Object, names, doc)
        }
    }

    /// An optional object whose fields may also be given as named arguments of the call.
    pub fn options(names: impl Into<Text>, doc: impl Into<Text>, inner: Vec<Arg>) -> Self {
        Self {
            inner,
            ..Self::new(ArgType::Options, names, doc)
        }
        .optional()
    }

    /// A required object whose keys the caller chooses.
    pub fn user_keys(names: impl Into<Text>, doc: impl Into<Text>, inner: Vec<Arg>) -> Self {
        Self {
            inner,
            ..Self::new(ArgType::UserKeys, names, doc)
        }
    }

    /// May be missing, without a default.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.fallback = Fallback::Omitted;
        self
    }

    /// May be missing; `words` say what holds then.
    #[must_use]
    pub fn hint(mut self, words: impl Into<Text>) -> Self {
        self.fallback = Fallback::Hint(words.into());
        self
    }

    /// May be missing; `value` is taken then.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.fallback = Fallback::Default(value.into());
        self
    }

    /// Leaves the type check to the handler.
    #[must_use]
    pub fn any_type(mut self) -> Self {
        self.any_type = true;
        self
    }

    /// Sets the form in the first line of `help`.
    #[must_use]
    pub fn oneline(mut self, form: impl Into<Text>) -> Self {
        self.oneline = form.into();
        self
    }

    /// Sets the words for the type: in a field's form, and in the description.
    #[must_use]
    pub fn type_words(mut self, form: impl Into<Text>, words: impl Into<Text>) -> Self {
        self.type_words = Some((form.into(), words.into()));
        self
    }

    /// Marks an argument that is kept for compatibility only.
    #[must_use]
    pub fn placeholder(mut self) -> Self {
        self.placeholder = true;
        self
    }

    /// Leaves it and what follows out of `help`.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Marks a field of an options object that is a positional argument too.
    #[must_use]
    pub fn also_positional(mut self) -> Self {
        self.also_positional = true;
        self
    }

    /// The name without aliases.
    pub fn name(&self) -> &str {
        self.names.split('|').next().unwrap_or_default()
    }

    /// The name and its aliases.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        self.names.split('|')
    }

    /// Whether it may be missing.
    pub fn is_optional(&self) -> bool {
        self.fallback != Fallback::Required
    }
}

/// One line of the examples part of `help`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Example {
    /// A call by the command line client, with these arguments.
    Cli(Text),
    /// A call by HTTP, with these parameters.
    Rpc(Text),
    /// A call by the command line client, with the fields of this object as named arguments.
    CliNamed(Value),
    /// A call by HTTP, with this object as parameters.
    RpcNamed(Value),
    /// As [`Example::Cli`], of another method.
    CliOf(Text, Text),
    /// As [`Example::Rpc`], of another method.
    RpcOf(Text, Text),
    /// Any text, with its own line end.
    Text(Text),
}

/// A command: name, category, arguments, results, examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// The method name.
    pub name: Text,
    /// The heading it stands under in `help`, in lower case; `hidden` keeps it off the list.
    pub category: Text,
    /// One or more sentences.
    pub doc: Text,
    /// Its arguments by position.
    pub args: Vec<Arg>,
    /// What it may answer.
    pub results: Vec<ResultDoc>,
    /// Calls to try.
    pub examples: Vec<Example>,
}

impl CommandSpec {
    /// A command without arguments.
    pub fn new(category: impl Into<Text>, name: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            category: category.into(),
            doc: doc.into(),
            args: Vec::new(),
            results: Vec::new(),
            examples: Vec::new(),
        }
    }

    /// Adds the next argument.
    #[must_use]
    pub fn arg(mut self, arg: Arg) -> Self {
        self.args.push(arg);
        self
    }

    /// Adds a result the command may give.
    #[must_use]
    pub fn result(mut self, result: ResultDoc) -> Self {
        self.results.push(result);
        self
    }

    /// Adds an example for the command line client.
    #[must_use]
    pub fn cli(mut self, args: impl Into<Text>) -> Self {
        self.examples.push(Example::Cli(args.into()));
        self
    }

    /// Adds an example by HTTP.
    #[must_use]
    pub fn rpc(mut self, params: impl Into<Text>) -> Self {
        self.examples.push(Example::Rpc(params.into()));
        self
    }

    /// Adds an example of any kind.
    #[must_use]
    pub fn example(mut self, example: Example) -> Self {
        self.examples.push(example);
        self
    }

    /// Whether a call may have `count` positional arguments.
    pub fn accepts_count(&self, count: usize) -> bool {
        let required = self.args.iter().rposition(|arg| !arg.is_optional());
        required.map_or(0, |last| last + 1) <= count && count <= self.args.len()
    }
}
