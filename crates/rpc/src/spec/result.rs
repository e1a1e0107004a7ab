//! What a command answers.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Text;

/// The type of a result or of a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResultType {
    /// An object with known keys.
    Object,
    /// An object whose keys are data.
    DynObject,
    /// An array of any length.
    Array,
    /// An array of a fixed length.
    FixedArray,
    /// A string.
    Str,
    /// A string of hex digits.
    Hex,
    /// A number.
    Num,
    /// A number of coins.
    Amount,
    /// A number of seconds since 1970.
    Time,
    /// A boolean.
    Bool,
    /// `null`
    None,
    /// Anything.
    Any,
}

/// How `help` shows a part of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Elision {
    /// In full.
    Shown,
    /// As three dots with this text.
    Dots(Text),
    /// Not at all.
    Skipped,
}

/// A result, or a field or element of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultDoc {
    /// Its type.
    pub kind: ResultType,
    /// The key inside an object.
    pub key: Text,
    /// The field may be missing.
    pub optional: bool,
    /// A sentence for `help`.
    pub doc: Text,
    /// When this result is given, where a command has several.
    pub condition: Text,
    /// Fields or elements.
    pub inner: Vec<ResultDoc>,
    /// Its type is not checked.
    pub any_type: bool,
    /// How `help` shows it.
    pub elision: Elision,
}

impl ResultDoc {
    /// A result or field of type `kind`; `key` is empty outside objects.
    pub fn new(kind: ResultType, key: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self {
            kind,
            key: key.into(),
            optional: false,
            doc: doc.into(),
            condition: Cow::Borrowed(""),
            inner: Vec::new(),
            any_type: false,
            elision: Elision::Shown,
        }
    }

    /// A string.
    pub fn str(key: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ResultType::Str, key, doc)
    }

    /// A string of hex digits.
    pub fn hex(key: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ResultType::Hex, key, doc)
    }

    /// A number.
    pub fn num(key: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ResultType::Num, key, doc)
    }

    /// A number of coins.
    pub fn amount(key: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ResultType::Amount, key, doc)
    }

    /// Seconds since 1970.
    pub fn time(key: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ResultType::Time, key, doc)
    }

    /// A boolean.
    pub fn bool(key: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ResultType::Bool, key, doc)
    }

    /// `null`
    pub fn none() -> Self {
        Self::new(ResultType::None, "", "")
    }

    /// Anything.
    pub fn any(key: impl Into<Text>, doc: impl Into<Text>) -> Self {
        Self::new(ResultType::Any, key, doc)
    }

    /// An object with the fields `inner`.
    pub fn object(key: impl Into<Text>, doc: impl Into<Text>, inner: Vec<ResultDoc>) -> Self {
        Self {
            inner,
            ..Self::new(ResultType::Object, key, doc)
        }
    }

    /// An object whose keys are data, with values like `inner`.
    pub fn dyn_object(key: impl Into<Text>, doc: impl Into<Text>, inner: Vec<ResultDoc>) -> Self {
        Self {
            inner,
            ..Self::new(ResultType::DynObject, key, doc)
        }
    }

    /// An array of elements like `inner`.
    pub fn array(key: impl Into<Text>, doc: impl Into<Text>, inner: Vec<ResultDoc>) -> Self {
        Self {
            inner,
            ..Self::new(ResultType::Array, key, doc)
        }
    }

    /// An array with exactly the elements `inner`.
    pub fn fixed_array(key: impl Into<Text>, doc: impl Into<Text>, inner: Vec<ResultDoc>) -> Self {
        Self {
            inner,
            ..Self::new(ResultType::FixedArray, key, doc)
        }
    }

    /// The field may be missing.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The result is given in this case.
    #[must_use]
    pub fn when(mut self, condition: impl Into<Text>) -> Self {
        self.condition = condition.into();
        self
    }

    /// The type is not checked.
    #[must_use]
    pub fn any_type(mut self) -> Self {
        self.any_type = true;
        self
    }

    /// Shown as three dots with this text.
    #[must_use]
    pub fn dots(mut self, text: impl Into<Text>) -> Self {
        self.elision = Elision::Dots(text.into());
        self
    }

    /// Not shown.
    #[must_use]
    pub fn skipped(mut self) -> Self {
        self.elision = Elision::Skipped;
        self
    }
}
