//! The console's small language: words by spaces or commas, quotes, nested calls in parentheses, and picking from a
//! result with brackets, as in `getblock(getblockhash(0) 1)[tx][0]`.

/// A command with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The command.
    pub name: String,
    /// Its arguments in order.
    pub arguments: Vec<Value>,
    /// What to take from the result.
    pub picks: Vec<Pick>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// As typed, without quotes.
    Text(String),
    /// The result of another call.
    Call(Call),
}

/// A step into a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// An element of a list.
    Index(usize),
    /// A field of an object.
    Key(String),
}

/// Why a line cannot be read. Nothing is sent then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A quote has no partner.
    #[error("A quotation mark is not closed.")]
    Quote,
    /// A parenthesis has no partner.
    #[error("The parentheses do not match.")]
    Parenthesis,
    /// A bracket has no partner, or stands where nothing can be picked.
    #[error("The square brackets do not match.")]
    Bracket,
    /// A parenthesis opens where no command stands before it.
    #[error("There is no command before the parenthesis.")]
    NoCommand,
    /// Something follows the end of a call.
    #[error("There is something left after the end of the command: {0}")]
    Rest(String),
    /// Calls nest too deep.
    #[error("The calls are nested too deep.")]
    TooDeep,
}

/// Deepest nesting of calls.
const DEEPEST: usize = 32;

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
}

/// Reads a line; `None` for a blank one.
///
/// # Errors
/// What is wrong with it.
pub fn parse(line: &str) -> Result<Option<Call>, ParseError> {
    let mut reader = Reader {
        rest: line.chars().peekable(),
    };
    reader.skip_gaps();
    if reader.rest.peek().is_none() {
        return Ok(None);
    }
    let (name, _) = reader.word()?;
    if name.is_empty() {
        return Err(ParseError::NoCommand);
    }
    let call = if reader.rest.peek() == Some(&'(') {
        let call = reader.call(name, 0)?;
        reader.skip_gaps();
        let rest: String = reader.rest.collect();
        if !rest.is_empty() {
            return Err(ParseError::Rest(rest));
        }
        call
    } else {
        let arguments = reader.arguments(None, 0)?;
        Call {
            name,
            arguments,
            picks: Vec::new(),
        }
    };
    Ok(Some(call))
}

impl Reader<'_> {
    fn skip_gaps(&mut self) {
        while self
            .rest
            .next_if(|c| c.is_whitespace() || *c == ',')
            .is_some()
        {}
    }

    /// Reads a word up to a gap or parenthesis; whether any part of it was quoted.
    ///
    /// In single quotes everything stands for itself; in double quotes a backslash protects a quote or a backslash;
    /// outside, a backslash protects any character. Brackets and braces keep their inside together, so that JSON can
    /// be typed without quotes.
    fn word(&mut self) -> Result<(String, bool), ParseError> {
        let mut word = String::new();
        let mut quoted = false;
        let mut nesting = 0_usize;
        while let Some(&c) = self.rest.peek() {
            match c {
                '\'' | '"' if nesting == 0 => {
                    self.rest.next();
                    self.quoted(c, &mut word)?;
                    quoted = true;
                    continue;
                }
                '"' => {
                    self.rest.next();
                    word.push('"');
                    self.json_string(&mut word)?;
                    continue;
                }
                '\\' => {
                    self.rest.next();
                    word.extend(self.rest.next());
                    continue;
                }
                '[' | '{' if word.is_empty() || nesting > 0 => nesting += 1,
                ']' | '}' if nesting > 0 => nesting -= 1,
                '(' | ')' if nesting == 0 => break,
                '[' if nesting == 0 => break,
                _ if nesting == 0 && (c.is_whitespace() || c == ',') => break,
                _ => {}
            }
            word.push(c);
            self.rest.next();
        }
        if nesting > 0 {
            Err(ParseError::Bracket)
        } else {
            Ok((word, quoted))
        }
    }

    fn quoted(&mut self, quote: char, word: &mut String) -> Result<(), ParseError> {
        loop {
            match self.rest.next().ok_or(ParseError::Quote)? {
                c if c == quote => return Ok(()),
                '\\' if quote == '"' => {
                    let next = self.rest.next().ok_or(ParseError::Quote)?;
                    if next != '"' && next != '\\' {
                        word.push('\\');
                    }
                    word.push(next);
                }
                c => word.push(c),
            }
        }
    }

    fn json_string(&mut self, word: &mut String) -> Result<(), ParseError> {
        loop {
            let c = self.rest.next().ok_or(ParseError::Quote)?;
            word.push(c);
            match c {
                '"' => return Ok(()),
                '\\' => word.push(self.rest.next().ok_or(ParseError::Quote)?),
                _ => {}
            }
        }
    }

    fn call(&mut self, name: String, depth: usize) -> Result<Call, ParseError> {
        if depth > DEEPEST {
            return Err(ParseError::TooDeep);
        }
        self.rest.next();
        let arguments = self.arguments(Some(')'), depth + 1)?;
        let mut picks = Vec::new();
        while self.rest.next_if_eq(&'[').is_some() {
            picks.push(self.pick()?);
        }
        Ok(Call {
            name,
            arguments,
            picks,
        })
    }

    fn pick(&mut self) -> Result<Pick, ParseError> {
        let mut key = String::new();
        loop {
            match self.rest.next().ok_or(ParseError::Bracket)? {
                ']' => break,
                c => key.push(c),
            }
        }
        let key = key.trim().trim_matches('"').to_owned();
        if key.is_empty() {
            return Err(ParseError::Bracket);
        }
        Ok(key.parse().map_or(Pick::Key(key), Pick::Index))
    }

    fn arguments(&mut self, end: Option<char>, depth: usize) -> Result<Vec<Value>, ParseError> {
        let mut arguments = Vec::new();
        loop {
            self.skip_gaps();
            match (self.rest.peek(), end) {
                (None, None) => return Ok(arguments),
                (None, Some(_)) => return Err(ParseError::Parenthesis),
                (Some(')'), Some(_)) => {
                    self.rest.next();
                    return Ok(arguments);
                }
                (Some(')'), None) => return Err(ParseError::Parenthesis),
                (Some('('), _) => return Err(ParseError::NoCommand),
                (Some(_), _) => {}
            }
            let (word, quoted) = self.word()?;
            let value = if self.rest.peek() == Some(&'(') {
                if quoted || word.is_empty() {
                    return Err(ParseError::NoCommand);
                }
                Value::Call(self.call(word, depth)?)
            } else if self.rest.peek() == Some(&'[') {
                return Err(ParseError::Bracket);
            } else {
                Value::Text(word)
            };
            arguments.push(value);
        }
    }
}

/// Takes a part of a result; `None` where it is not there.
pub fn pick(value: &serde_json::Value, picks: &[Pick]) -> Option<serde_json::Value> {
    let mut value = value;
    for step in picks {
        value = match step {
            Pick::Index(index) if value.is_object() => value.get(index.to_string())?,
            Pick::Index(index) => value.get(index)?,
            Pick::Key(key) => value.get(key)?,
        };
    }
    Some(value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn check(line: &str, name: &str, arguments: &[Value]) {
        let call = parse(line).expect(line).expect(line);
        assert_eq!(
            (call.name.as_str(), call.arguments.as_slice()),
            (name, arguments),
            "{line}"
        );
    }

    #[test]
    fn words_are_cut_at_spaces_and_commas() {
        check("getblockhash 0", "getblockhash", &[text("0")]);
        check("  getblock  a,1 ", "getblock", &[text("a"), text("1")]);
        check("cmd '' \"\"", "cmd", &[text(""), text("")]);
        assert_eq!(parse("   "), Ok(None));
    }

    #[test]
    fn quotes_and_backslashes() {
        check(r#"cmd "a b" 'c\d'"#, "cmd", &[text("a b"), text(r"c\d")]);
        check(
            r#"cmd "a\"b" "a\nb" a\ b"#,
            "cmd",
            &[text("a\"b"), text(r"a\nb"), text("a b")],
        );
        assert_eq!(parse("cmd \"open"), Err(ParseError::Quote));
        assert_eq!(parse("cmd 'open"), Err(ParseError::Quote));
    }

    #[test]
    fn json_needs_no_quotes() {
        check(
            r#"send [{"a b": 0.5}] {"c":[1, 2]}"#,
            "send",
            &[text(r#"[{"a b": 0.5}]"#), text(r#"{"c":[1, 2]}"#)],
        );
        assert_eq!(parse("send [1, 2"), Err(ParseError::Bracket));
    }

    #[test]
    fn calls_nest_and_results_are_picked_from() {
        let line = "getblock(getblockhash(0) 1)[tx][0]";
        let call = parse(line).expect(line).expect(line);
        assert_eq!(call.picks, [Pick::Key("tx".to_owned()), Pick::Index(0)]);
        let inner = Call {
            name: "getblockhash".to_owned(),
            arguments: vec![text("0")],
            picks: Vec::new(),
        };
        assert_eq!(call.arguments, [Value::Call(inner), text("1")]);
        let block = serde_json::json!({"tx": ["abc", "def"]});
        assert_eq!(pick(&block, &call.picks), Some(serde_json::json!("abc")));
        assert_eq!(pick(&block, &[Pick::Key("none".to_owned())]), None);
    }

    #[test]
    fn what_does_not_match_is_not_sent() {
        assert_eq!(
            parse("getblock(getblockhash(0)"),
            Err(ParseError::Parenthesis)
        );
        assert_eq!(parse("getblock 0)"), Err(ParseError::Parenthesis));
        assert_eq!(
            parse("getblock() extra"),
            Err(ParseError::Rest("extra".to_owned()))
        );
        assert_eq!(parse("a(b(1)[x)"), Err(ParseError::Bracket));
        assert_eq!(parse("a (1)"), Err(ParseError::NoCommand));
        let deep = "a(".repeat(5000);
        assert_eq!(parse(&deep), Err(ParseError::TooDeep));
    }
}
