//! What the options say about the log.

use std::path::PathBuf;

use super::LogError;
use super::category::{Category, Level, Selection};
use super::format::Layout;
use crate::options::{Config, Program};

/// How the log of a process is to be; fields may be changed before [`super::Logger::start`].
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The file; `None` writes none.
    pub file: Option<PathBuf>,
    /// Whether lines go to standard output too.
    pub console: bool,
    /// Whether a large file is cut first.
    pub shrink: bool,
    /// Whether blank lines set this run apart from the one before. Not for a child that shares its parent's file.
    pub new_run: bool,
    /// Whether places that write too much are held back.
    pub rate_limit: bool,
    /// Whether addresses of peers may be written.
    pub addresses: bool,
    /// What a line shows before its text.
    pub layout: Layout,
    /// Enabled categories.
    pub mask: u64,
    /// Least severe lines of enabled categories.
    pub level: Level,
    /// The same for single categories.
    pub category_levels: Vec<(Category, Level)>,
    /// Former categories that were named.
    pub retired: Vec<String>,
}

impl LogOptions {
    /// Reads the log options.
    ///
    /// # Errors
    /// Unknown categories and levels.
    pub fn from_config(config: &Config) -> Result<Self, LogError> {
        let mut options = Self {
            file: config.path_in("debuglogfile", &config.network_dir()),
            console: config
                .opt_bool("printtoconsole")
                .unwrap_or(!config.get_bool("daemon")),
            shrink: false,
            new_run: true,
            rate_limit: config.get_bool("logratelimit"),
            addresses: config.get_bool("logips"),
            layout: Layout {
                timestamps: config.get_bool("logtimestamps"),
                micros: config.get_bool("logtimemicros"),
                thread_names: config.get_bool("logthreadnames"),
                source_locations: config.get_bool("logsourcelocations"),
                level_always: config.get_bool("loglevelalways"),
            },
            mask: 0,
            level: Level::Debug,
            category_levels: Vec::new(),
            retired: Vec::new(),
        };
        options.read_categories(config)?;
        options.read_levels(config)?;
        options.shrink = config
            .opt_bool("shrinkdebugfile")
            .unwrap_or(options.mask == 0);
        Ok(options)
    }

    /// Reads the log options of a process that shares its parent's file and leaves the console to it.
    ///
    /// # Errors
    /// As [`LogOptions::from_config`].
    pub fn for_child(config: &Config) -> Result<Self, LogError> {
        let own = Self::from_config(config)?;
        let shares = config.program() != Program::Node;
        // A node that a window started may write to the terminal if it is told to; a wallet never does.
        let console = !shares && config.opt_bool("printtoconsole") == Some(true);
        Ok(Self {
            console,
            shrink: own.shrink && !shares,
            new_run: !shares,
            ..own
        })
    }

    fn read_categories(&mut self, config: &Config) -> Result<(), LogError> {
        let named = config.get_list("debug");
        let after_none = named
            .iter()
            .rposition(|name| name == "0" || name == "none")
            .map_or(0, |at| at + 1);
        for name in &named[after_none..] {
            self.mask |= self.selection("debug", name)?.mask();
        }
        for name in config.get_list("debugexclude") {
            self.mask &= !self.selection("debugexclude", &name)?.mask();
        }
        Ok(())
    }

    fn selection(&mut self, option: &'static str, name: &str) -> Result<Selection, LogError> {
        let selection = Selection::parse(name).ok_or_else(|| LogError::UnknownCategory {
            option,
            value: name.to_owned(),
        })?;
        if selection == Selection::Retired {
            self.retired.push(name.to_owned());
        }
        Ok(selection)
    }

    fn read_levels(&mut self, config: &Config) -> Result<(), LogError> {
        for text in config.get_list("loglevel") {
            // No category has fewer than three letters, so a colon before that belongs to a mistaken level.
            if text.bytes().skip(3).any(|byte| byte == b':') {
                let unknown = || LogError::UnknownCategoryLevel(text.clone());
                let (name, level) = text.split_once(':').ok_or_else(unknown)?;
                let level = Level::parse_settable(level).ok_or_else(unknown)?;
                match self.selection("loglevel", name).map_err(|_| unknown())? {
                    Selection::All => self.level = level,
                    Selection::One(category) => self.category_levels.push((category, level)),
                    Selection::Retired => {}
                }
            } else {
                self.level = Level::parse_settable(&text)
                    .ok_or_else(|| LogError::UnknownLevel(text.clone()))?;
            }
        }
        Ok(())
    }
}
