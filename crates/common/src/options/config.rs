//! The resolved configuration of one process.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use primitives::{Amount, ChainParams, Network};
use serde_json::Value;

use super::conf_file::{SectionUse, absolute_in};
use super::error::OptionsError;
use super::settings::{Lookup, Settings, Source, value_bool, value_int, value_text};
use super::spec::{OptionSpec, Program};
use super::{settings_file, table};

/// Something that was noticed while options were read and that belongs in the log or on standard error,
/// which are not open that early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A line for the log.
    Info(String),
    /// A warning for the log.
    Warning(String),
    /// A line for standard error alone.
    Stderr(String),
}

/// All settings of a process, joined from every source.
///
/// Names are those of the table, without dash. Asking for a name that the table does not have is a mistake in the
/// program and stops it.
#[derive(Clone)]
pub struct Config {
    pub(super) program: Program,
    pub(super) program_name: String,
    pub(super) params: &'static ChainParams,
    pub(super) settings: Settings,
    pub(super) words: Vec<String>,
    pub(super) base_dir: PathBuf,
    pub(super) config_file: Option<PathBuf>,
    pub(super) sections: Vec<SectionUse>,
    pub(super) notices: Vec<Notice>,
}

impl fmt::Debug for Config {
    /// Leaves the settings out: some are secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Config")
            .field("program", &self.program)
            .field("coin", &self.params.coin)
            .field("network", &self.params.network)
            .field("data_dir", &self.base_dir)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Returns the program.
    pub const fn program(&self) -> Program {
        self.program
    }

    /// Returns the file name under which the program was started.
    pub fn program_name(&self) -> &str {
        &self.program_name
    }

    /// Returns the parameters of the chosen chain.
    pub const fn params(&self) -> &'static ChainParams {
        self.params
    }

    /// Returns the words after the options.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Returns what is to be logged or shown as soon as that is possible, once.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Returns the data directory of the coin.
    pub fn data_dir(&self) -> &Path {
        &self.base_dir
    }

    /// Returns the data directory of the chain, to which most relative paths belong.
    pub fn network_dir(&self) -> PathBuf {
        match self.params.data_subdir {
            "" => self.base_dir.clone(),
            subdir => self.base_dir.join(subdir),
        }
    }

    /// Returns the directory of the block files: `blocks` in the network directory, or below `-blocksdir`.
    ///
    /// # Errors
    /// [`OptionsError::BlocksDirMissing`].
    pub fn blocks_dir(&self) -> Result<PathBuf, OptionsError> {
        let root = match self.opt_str("blocksdir") {
            None => self.base_dir.clone(),
            Some(text) => {
                let path = std::path::absolute(normal_path(&text)).unwrap_or_default();
                if !path.is_dir() {
                    return Err(OptionsError::BlocksDirMissing(text));
                }
                path
            }
        };
        Ok(root.join(self.params.data_subdir).join("blocks"))
    }

    /// Returns the configuration file in use, whether it exists or not; `None` under `-noconf`.
    pub fn config_file(&self) -> Option<&Path> {
        self.config_file.as_deref()
    }

    /// Returns where `settings.json` is, or `None` under `-nosettings`.
    pub fn settings_path(&self) -> Option<PathBuf> {
        self.path_in("settings", &self.network_dir())
    }

    fn spec(&self, name: &str) -> &'static OptionSpec {
        table::find_any(name).unwrap_or_else(|| panic!("option -{name} is in the table"))
    }

    fn lookup(&self, name: &str) -> Lookup {
        let spec = self.spec(name);
        Lookup {
            ignore_default_section: spec.network_only && self.params.network != Network::Main,
            ..Lookup::default()
        }
    }

    fn section(&self) -> &'static str {
        self.params.network.id()
    }

    fn value(&self, name: &str) -> Option<(&Value, Source)> {
        self.settings.get(self.section(), name, self.lookup(name))
    }

    fn default_text(&self, name: &str) -> Option<String> {
        self.spec(name).default_on(self.params)
    }

    /// Returns true if any source sets the option, also if it is negated.
    pub fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Returns true if the option is set to "no".
    pub fn is_negated(&self, name: &str) -> bool {
        matches!(self.value(name), Some((Value::Bool(false), _)))
    }

    /// Returns which source the value in force comes from.
    pub fn source_of(&self, name: &str) -> Source {
        self.value(name)
            .map_or(Source::Default, |(_, source)| source)
    }

    /// Returns the option as a truth value if it is set.
    pub fn opt_bool(&self, name: &str) -> Option<bool> {
        self.value(name).map(|(value, _)| value_bool(value))
    }

    /// Returns the option as a truth value, by default that of the table or false.
    pub fn get_bool(&self, name: &str) -> bool {
        self.opt_bool(name)
            .or_else(|| {
                self.default_text(name)
                    .map(|text| value_bool(&Value::String(text)))
            })
            .unwrap_or(false)
    }

    /// Returns the option as a number if it is set. Text that is no number reads as 0.
    pub fn opt_int(&self, name: &str) -> Option<i64> {
        self.value(name).map(|(value, _)| value_int(value))
    }

    /// Returns the option as a number, by default that of the table or 0.
    pub fn get_int(&self, name: &str) -> i64 {
        self.opt_int(name)
            .or_else(|| {
                self.default_text(name)
                    .map(|text| value_int(&Value::String(text)))
            })
            .unwrap_or(0)
    }

    /// Returns the option as text if it is set; "no" reads as `0`.
    pub fn opt_str(&self, name: &str) -> Option<String> {
        self.value(name).map(|(value, _)| value_text(value))
    }

    /// Returns the option as text, by default that of the table or empty.
    pub fn get_str(&self, name: &str) -> String {
        self.opt_str(name)
            .or_else(|| self.default_text(name))
            .unwrap_or_default()
    }

    /// Returns all values of an option that may be given several times.
    pub fn get_list(&self, name: &str) -> Vec<String> {
        self.list_values(name).into_iter().map(value_text).collect()
    }

    /// Returns all values of an option as they were read.
    pub(super) fn list_values(&self, name: &str) -> Vec<&Value> {
        self.settings.list(self.section(), name, self.lookup(name))
    }

    /// Returns the option as a path, by default that of the table; `None` if there is none or it is negated.
    ///
    /// The path is made plain (`.`, `..` and a slash at its end are gone) but not absolute.
    pub fn get_path(&self, name: &str) -> Option<PathBuf> {
        let text = match self.value(name) {
            Some((Value::Bool(false), _)) => return None,
            Some((value, _)) => Some(value_text(value)).filter(|text| !text.is_empty()),
            None => None,
        };
        text.or_else(|| self.default_text(name))
            .map(|text| normal_path(&text))
    }

    /// Returns the option as a path; a relative one stands in `dir`.
    pub fn path_in(&self, name: &str, dir: &Path) -> Option<PathBuf> {
        self.get_path(name).map(|path| absolute_in(dir, path))
    }

    /// Returns the option as an amount of coins, by default that of the table or zero.
    ///
    /// # Errors
    /// [`OptionsError::Amount`].
    pub fn get_amount(&self, name: &str) -> Result<Amount, OptionsError> {
        let text = match self.opt_str(name).or_else(|| self.default_text(name)) {
            Some(text) => text,
            None => return Ok(Amount::default()),
        };
        match Amount::parse_coins(text.trim()) {
            Ok(amount) if amount >= Amount::default() => Ok(amount),
            _ => Err(OptionsError::Amount {
                name: name.to_owned(),
                text,
            }),
        }
    }

    /// Returns what files hold for the option, without regard to the command line, for the settings page.
    pub fn persistent(&self, name: &str) -> Option<Value> {
        let how = Lookup {
            persistent_only: true,
            ..self.lookup(name)
        };
        self.settings
            .get(self.section(), name, how)
            .map(|(value, _)| value.clone())
    }

    /// Returns what `settings.json` alone holds for the option.
    pub fn stored(&self, name: &str) -> Option<Value> {
        self.settings.file.get(name).cloned()
    }

    /// Sets an option that no source sets, as a consequence of another one; returns whether it did.
    pub fn soft_set(&mut self, name: &str, value: &str) -> bool {
        if self.is_set(name) {
            return false;
        }
        self.force_set(name, value);
        true
    }

    /// Sets an option over every source.
    pub fn force_set(&mut self, name: &str, value: &str) {
        debug_assert!(
            table::find_any(name).is_some(),
            "option -{name} is in the table"
        );
        self.settings
            .forced
            .insert(name.to_owned(), Value::String(value.to_owned()));
    }

    /// Sets or removes an option in `settings.json` (in memory: see [`Config::write_settings`]).
    pub fn set_persistent(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => self.settings.file.insert(name.to_owned(), value),
            None => self.settings.file.remove(name),
        };
    }

    /// Writes `settings.json`, unless `-nosettings` is given.
    ///
    /// # Errors
    /// [`OptionsError::SettingsUnwritable`].
    pub fn write_settings(&self) -> Result<(), OptionsError> {
        match self.settings_path() {
            None => Ok(()),
            Some(path) => settings_file::write(&path, &self.settings.file)
                .map_err(OptionsError::SettingsUnwritable),
        }
    }
}

/// Returns a path without `.`, without `..` where a directory stands before it, and without a slash at its end.
pub(super) fn normal_path(text: &str) -> PathBuf {
    let mut result = PathBuf::new();
    for part in Path::new(text).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match result.components().next_back() {
                Some(Component::Normal(_)) => {
                    result.pop();
                }
                Some(Component::RootDir) => {}
                _ => result.push(".."),
            },
            other => result.push(other),
        }
    }
    if result.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        result
    }
}
