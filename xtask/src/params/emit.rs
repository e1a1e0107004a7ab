//! Reads facts and writes Rust. Layout is left to rustfmt.

use std::fmt::Write;

use anyhow::{Context, Result};
use toml::{Table, Value};

/// Rust source in the making.
#[derive(Default)]
pub(super) struct Source(String);

impl Source {
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// One field of a struct literal.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        self.line(&format!("{name}: {value},"));
    }

    /// A field with a list of texts.
    pub(super) fn texts(&mut self, name: &str, texts: &[&str]) {
        let list: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        self.field(name, &format!("&[{}]", list.join(", ")));
    }

    /// A field with a list of structs, each written by `item`.
    pub(super) fn tables(
        &mut self,
        name: &str,
        tables: &[&Table],
        item: impl Fn(&mut Self, &Table) -> Result<()>,
    ) -> Result<()> {
        self.line(&format!("{name}: &["));
        for table in tables {
            item(self, table)?;
        }
        self.line("],");
        Ok(())
    }

    /// A constant with the bytes that `digits` give, in lines of 40 bytes.
    pub(super) fn bytes(&mut self, name: &str, digits: &str) {
        self.line(&format!("const {name}: [u8; {}] = hex(", digits.len() / 2));
        let mut rest = digits;
        let mut start = "    \"";
        while let Some((line, more)) = rest.split_at_checked(80) {
            self.line(&format!("{start}{line}\\"));
            (rest, start) = (more, "     ");
        }
        self.line(&format!("{start}{rest}\","));
        self.line(");");
        self.line("");
    }

    /// The whole file: a first comment, the imports of those `names` that occur, and the rest.
    pub(super) fn finish(self, comment: &str, imports: &[(&str, &[&str])]) -> String {
        let mut out = format!("//! {comment}\n\n");
        let words: Vec<&str> = self
            .0
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .collect();
        for (path, names) in imports {
            let used: Vec<&str> = names
                .iter()
                .copied()
                .filter(|n| words.contains(n))
                .collect();
            writeln!(out, "use {path}::{{{}}};", used.join(", ")).expect("a String takes all");
        }
        out + "\n" + &self.0
    }
}

/// Source without what rustfmt may change: white space and commas outside of texts.
pub(super) fn without_layout(source: &str) -> String {
    let mut out = String::new();
    let mut in_text = false;
    for c in source.chars() {
        if c == '"' {
            in_text = !in_text;
        }
        if in_text || !(c.is_whitespace() || c == ',') {
            out.push(c);
        }
    }
    out
}

pub(super) fn table<'a>(facts: &'a Table, key: &str) -> Result<&'a Table> {
    facts
        .get(key)
        .and_then(Value::as_table)
        .with_context(|| format!("no table {key}"))
}

pub(super) fn text<'a>(facts: &'a Table, key: &str) -> Result<&'a str> {
    facts
        .get(key)
        .and_then(Value::as_str)
        .with_context(|| format!("no text {key}"))
}

pub(super) fn number(facts: &Table, key: &str) -> Result<i64> {
    facts
        .get(key)
        .and_then(Value::as_integer)
        .with_context(|| format!("no number {key}"))
}

/// A number as Rust writes it.
pub(super) fn count(facts: &Table, key: &str) -> Result<String> {
    Ok(grouped(number(facts, key)?))
}

pub(super) fn flag(facts: &Table, key: &str) -> Result<String> {
    let flag = facts.get(key).and_then(Value::as_bool);
    flag.map(|flag| flag.to_string())
        .with_context(|| format!("no flag {key}"))
}

pub(super) fn texts<'a>(facts: &'a Table, key: &str) -> Result<Vec<&'a str>> {
    let Some(list) = facts.get(key) else {
        return Ok(Vec::new());
    };
    let list = list
        .as_array()
        .with_context(|| format!("{key} is no list"))?;
    list.iter()
        .map(|t| t.as_str().with_context(|| format!("{key} holds no text")))
        .collect()
}

pub(super) fn tables<'a>(facts: &'a Table, key: &str) -> Result<Vec<&'a Table>> {
    let list = facts
        .get(key)
        .and_then(Value::as_array)
        .with_context(|| format!("no {key}"))?;
    list.iter()
        .map(|t| {
            t.as_table()
                .with_context(|| format!("{key} holds no table"))
        })
        .collect()
}

/// A string literal.
pub(super) fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A number with its digits in groups of three from five digits on.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// A call of the function that reads such a hash.
pub(super) fn hash(of: &str, facts: &Table, key: &str) -> Result<String> {
    Ok(format!("{of}({})", quoted(text(facts, key)?)))
}

/// Whether a hash is all zero, which stands for none.
pub(super) fn is_zero(digits: &str) -> bool {
    digits.bytes().all(|digit| digit == b'0')
}
