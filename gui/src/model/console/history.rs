//! What was typed before, without secrets.

use super::secrets;

/// Lines that are kept.
const KEPT: usize = 50;

/// The lines typed before and the place of the arrows in them.
#[derive(Debug, Clone, Default)]
pub struct CommandHistory {
    lines: Vec<String>,
    place: Option<usize>,
    draft: String,
}

impl CommandHistory {
    /// Begins with lines of an earlier start.
    pub fn new(mut lines: Vec<String>) -> Self {
        let extra = lines.len().saturating_sub(KEPT);
        lines.drain(..extra);
        Self {
            lines,
            place: None,
            draft: String::new(),
        }
    }

    /// Remembers a line, without its secrets.
    pub fn push(&mut self, line: &str) {
        let line = secrets::redact(line.trim());
        self.place = None;
        self.lines.retain(|old| *old != line);
        self.lines.push(line);
        if self.lines.len() > KEPT {
            self.lines.remove(0);
        }
    }

    /// The line before, while `input` stands in the field.
    pub fn back(&mut self, input: &str) -> Option<String> {
        let place = match self.place {
            None => {
                input.clone_into(&mut self.draft);
                self.lines.len().checked_sub(1)?
            }
            Some(place) => place.checked_sub(1)?,
        };
        self.place = Some(place);
        self.lines.get(place).cloned()
    }

    /// The line after; at the end what was being typed.
    pub fn forward(&mut self) -> Option<String> {
        let place = self.place? + 1;
        if let Some(line) = self.lines.get(place) {
            self.place = Some(place);
            Some(line.clone())
        } else {
            self.place = None;
            Some(std::mem::take(&mut self.draft))
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_walk_and_the_draft_comes_back() {
        let mut history = CommandHistory::default();
        for line in ["getblockcount", "uptime", "getblockcount"] {
            history.push(line);
        }
        assert_eq!(history.lines(), ["uptime", "getblockcount"]);
        assert_eq!(history.back("half"), Some("getblockcount".into()));
        assert_eq!(history.back("getblockcount"), Some("uptime".into()));
        assert_eq!(history.back("uptime"), None);
        assert_eq!(history.forward(), Some("getblockcount".into()));
        assert_eq!(history.forward(), Some("half".into()));
        assert_eq!(history.forward(), None);
    }

    #[test]
    fn fifty_lines_are_kept_and_no_passphrase() {
        let mut history = CommandHistory::default();
        for number in 0..60 {
            history.push(&format!("getblockhash {number}"));
        }
        history.push("walletpassphrase geheim 60");
        assert_eq!(history.lines().len(), KEPT);
        assert!(history.lines().iter().all(|line| !line.contains("geheim")));
    }
}
