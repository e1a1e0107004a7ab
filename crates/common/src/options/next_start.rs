//! The settings as the next start will read them: what is stored must not stop it.

use serde_json::Value;

use super::config::Config;

impl Config {
    /// Returns the settings of the next start, if `settings.json` held this value of the option, or none of it.
    ///
    /// What the command line says of the same option is left out: the next start may come without it.
    #[must_use]
    pub fn at_next_start(&self, name: &str, value: Option<Value>) -> Self {
        let mut next = self.without_consequences();
        next.set_persistent(name, value);
        next.settings.command_line.remove(name);
        next.settle();
        next
    }

    /// Returns the settings as they would be without `settings.json`; `None` where that holds nothing anyway.
    #[must_use]
    pub fn without_settings_file(&self) -> Option<Self> {
        if self.settings.file.is_empty() {
            return None;
        }
        let mut other = self.without_consequences();
        other.settings.file.clear();
        other.settle();
        Some(other)
    }

    /// What rules set follows from the rest, which is about to change.
    fn without_consequences(&self) -> Self {
        let mut other = self.clone();
        other.settings.forced.clear();
        other
    }

    fn settle(&mut self) {
        self.soft_set_server();
        // The lines are for the log of a start.
        drop(self.apply_interactions());
    }
}
