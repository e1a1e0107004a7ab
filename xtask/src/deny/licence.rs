//! Licence expressions as packages write them: `MIT OR (Apache-2.0 AND ISC)`, or `MIT/Apache-2.0`.

/// Whether the expression can be met with the allowed licences. An empty one cannot.
pub(super) fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader {
        words: &words,
        allowed,
    };
    let met = reader.any();
    met && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [&'a str],
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    fn any(&mut self) -> bool {
        let mut met = self.all();
        while self.take("OR") {
            met |= self.all();
        }
        met
    }

    fn all(&mut self) -> bool {
        let mut met = self.one();
        while self.take("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let met = self.any();
            return self.take(")") && met;
        }
        let Some((&name, rest)) = self.words.split_first() else {
            return false;
        };
        self.words = rest;
        if self.take("WITH") {
            let Some((&exception, rest)) = self.words.split_first() else {
                return false;
            };
            self.words = rest;
            return self
                .allowed
                .contains(&format!("{name} WITH {exception}").as_str());
        }
        self.allowed.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    fn check(expression: &str) -> bool {
        super::satisfied(
            expression,
            &["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"],
        )
    }

    #[test]
    fn expressions() {
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "(MIT OR GPL-3.0) AND ISC",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(check(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT",
            "MIT)",
            "Apache-2.0",
            "MIT ISC",
        ] {
            assert!(!check(bad), "{bad}");
        }
    }
}
