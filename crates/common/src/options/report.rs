//! What the log says about the settings at start.

use primitives::Network;

use super::config::Config;
use super::settings::{Source, Values};
use super::spec::{Kind, OptionSpec};
use super::table;

impl Config {
    /// Returns the lines that list all settings, secrets masked (Core's `LogArgs`).
    pub fn log_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (section, values) in &self.settings.config {
            let section = if section.is_empty() {
                String::new()
            } else {
                format!("[{section}] ")
            };
            self.add_lines(&mut lines, "Config file arg:", &section, values);
        }
        for (name, value) in &self.settings.file {
            let shown = match table::find_any(name) {
                Some(spec) if spec.sensitive => "****".to_owned(),
                _ => value.to_string(),
            };
            lines.push(format!("Setting file arg: {name} = {shown}"));
        }
        self.add_lines(
            &mut lines,
            "Command-line arg:",
            "",
            &self.settings.command_line,
        );
        lines
    }

    fn add_lines(&self, lines: &mut Vec<String>, prefix: &str, section: &str, values: &Values) {
        for (name, values) in values {
            let Some(spec) = table::find(self.program, name) else {
                continue;
            };
            for value in values {
                let shown = if spec.sensitive {
                    "****".to_owned()
                } else {
                    value.to_string()
                };
                lines.push(format!("{prefix} {section}{name}={shown}"));
            }
        }
    }

    /// Returns a line for the log about a network that is going out of use.
    pub fn chain_warning(&self) -> Option<String> {
        (self.params.network == Network::Test).then(|| {
            "Warning: Support for testnet3 is deprecated and will be removed in an upcoming release. Consider switching to \
             testnet4."
                .to_owned()
        })
    }

    /// Returns the lines that name data directory and configuration file.
    pub fn place_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Ok(dir) = crate::datadir::default_base(self.params.coin) {
            lines.push(format!("Default data directory {}", dir.display()));
        }
        lines.push(format!(
            "Using data directory {}",
            self.network_dir().display()
        ));
        lines.push(match &self.config_file {
            None => "Config file: <disabled>".to_owned(),
            Some(path) if path.exists() => format!("Config file: {}", path.display()),
            Some(path) => format!("Config file: {} (not found, skipping)", path.display()),
        });
        lines
    }

    /// Returns a line for each option that somebody set to something else than its default and that has no effect.
    ///
    /// An option that is set to "off" is not listed: what does not exist is off.
    pub fn inert_lines(&self) -> Vec<String> {
        table::of(self.program)
            .filter_map(|spec| Some((spec, spec.inert?)))
            .filter(|(spec, _)| self.asks_for(spec))
            .map(|(spec, reason)| {
                format!("Option -{} is set but has no effect: {reason}.", spec.name)
            })
            .collect()
    }

    fn asks_for(&self, spec: &OptionSpec) -> bool {
        if matches!(self.source_of(spec.name), Source::Default | Source::Forced)
            || self.is_negated(spec.name)
        {
            return false;
        }
        match spec.kind {
            Kind::Bool => {
                let default = spec.default_on(self.params).is_some_and(|text| text == "1");
                self.get_bool(spec.name) && !default
            }
            Kind::List => {
                let values = self.get_list(spec.name);
                values.iter().any(|text| text != "0" && !text.is_empty())
            }
            _ => {
                let text = self.get_str(spec.name);
                text != "0" && Some(text) != spec.default_on(self.params)
            }
        }
    }
}
