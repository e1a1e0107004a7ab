//! From a command line to a [`Config`]: which files are read, in which order, and what is made on disk
//! (Core's `common/init.cpp` and `ReadConfigFiles`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use primitives::{ChainParams, Coin, Network};
use serde_json::Value;

use super::command_line::CommandLine;
use super::conf_file::{self, ConfNotes, absolute_in};
use super::config::{Config, Notice, normal_path};
use super::error::OptionsError;
use super::key::Key;
use super::settings::{Lookup, Settings, value_bool, value_text};
use super::spec::Program;
use super::{settings_file, table};
use crate::datadir;

impl Config {
    /// Reads everything a server needs: configuration files and `settings.json`, and makes its directories.
    ///
    /// A data directory that belongs to another program or another chain is refused before anything is written.
    ///
    /// # Errors
    /// The first fault, as the one line to show.
    pub fn load(command_line: CommandLine) -> Result<Self, OptionsError> {
        let named_config = named_config_file(&command_line)?;
        let named_dir = base_dir(&command_line.settings, "", coin_of(&command_line)?, false)?;
        let mut config = Self::read_files(command_line)?;
        config.prepare_directories()?;
        config.check_ignored_file(&named_config, &named_dir)?;
        config.read_settings_file()?;
        config.write_settings()?;
        config.refuse_stray_words()?;
        config.warn_of_relative_datadir();
        config.soft_set_server();
        Ok(config)
    }

    /// Refuses a data directory of another program or chain, then makes the directories that are missing.
    ///
    /// # Errors
    /// [`OptionsError::DataDir`].
    pub fn prepare_directories(&self) -> Result<(), OptionsError> {
        let network_dir = self.network_dir();
        let rebuild = datadir::Rebuild {
            coins: self.get_bool("reindex-chainstate"),
            index: self.get_bool("reindex"),
        };
        datadir::check_foreign(&network_dir, self.params, rebuild)?;
        // A `-blocksdir` that is not there is reported with the other options.
        if let Ok(blocks_dir) = self.blocks_dir() {
            datadir::check_block_files(&network_dir, &blocks_dir, self.params, rebuild)?;
        }
        datadir::create_with_wallets(&self.base_dir)?;
        datadir::create_with_wallets(&network_dir)?;
        Ok(())
    }

    /// Reads the configuration files and makes or writes nothing: for the RPC client and for looking ahead.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_client(command_line: CommandLine) -> Result<Self, OptionsError> {
        Self::read_files(command_line)
    }

    /// Reads what a server reads, `settings.json` too, but makes and writes nothing: for a process that works beside a
    /// running node.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_beside(command_line: CommandLine) -> Result<Self, OptionsError> {
        let mut config = Self::read_files(command_line)?;
        datadir::check_foreign(
            &config.network_dir(),
            config.params,
            datadir::Rebuild::default(),
        )?;
        config.read_settings_file()?;
        Ok(config)
    }

    /// Takes the command line alone: for tools that read no files.
    ///
    /// # Errors
    /// Faults in the choice of coin, chain and data directory.
    pub fn load_plain(command_line: CommandLine) -> Result<Self, OptionsError> {
        let coin = coin_of(&command_line)?;
        base_dir(&command_line.settings, "", coin, false)?;
        Self::assemble(command_line, coin, ConfNotes::default(), None)
    }

    fn read_files(mut command_line: CommandLine) -> Result<Self, OptionsError> {
        let coin = coin_of(&command_line)?;
        // An unusable `-datadir` is reported before any file is looked for.
        base_dir(&command_line.settings, "", coin, false)?;
        let config_file = named_config_file(&command_line)?;
        let mut notes = ConfNotes::default();
        let mut stderr = Vec::new();
        if let Some(path) = &config_file {
            read_config_file(&mut command_line, coin, path, &mut notes, &mut stderr)?;
        }
        base_dir(&command_line.settings, "", coin, true)?;
        let mut config = Self::assemble(command_line, coin, notes, config_file)?;
        config
            .notices
            .extend(stderr.into_iter().map(Notice::Stderr));
        Ok(config)
    }

    pub(super) fn assemble(
        command_line: CommandLine,
        coin: Coin,
        notes: ConfNotes,
        config_file: Option<PathBuf>,
    ) -> Result<Self, OptionsError> {
        let name = chain_name(&command_line.settings)?;
        let network: Network = name.parse().map_err(|_| OptionsError::UnknownChain(name))?;
        let base_dir = base_dir(&command_line.settings, network.id(), coin, true)?;
        let warnings = command_line.warnings.iter().chain(&notes.warnings);
        Ok(Self {
            notices: warnings.cloned().map(Notice::Warning).collect(),
            program: command_line.program,
            program_name: command_line.program_name,
            params: ChainParams::get(coin, network),
            settings: command_line.settings,
            words: command_line.words,
            base_dir,
            config_file,
            sections: notes.sections,
        })
    }

    /// Notes or refuses a configuration file in the data directory that is not the one in use.
    fn check_ignored_file(
        &mut self,
        in_use: &Option<PathBuf>,
        named: &Path,
    ) -> Result<(), OptionsError> {
        let name = self.params.conf_file;
        let lying = self.base_dir.join(name);
        if !lying.exists() {
            return Ok(());
        }
        let base = self.base_dir.display();
        let Some(in_use) = in_use else {
            self.notices.push(Notice::Info(format!(
                "Data directory \"{base}\" contains a \"{name}\" file which is explicitly ignored using -noconf."
            )));
            return Ok(());
        };
        if same_file(in_use, &lying) {
            return Ok(());
        }
        let whence = match self.opt_str("conf").filter(|text| !text.is_empty()) {
            Some(text) => format!("command line argument \"-conf={text}\""),
            None => format!("data directory \"{}\"", named.display()),
        };
        let text = format!(
            "Data directory \"{base}\" contains a \"{name}\" file which is ignored, because a different configuration \
             file \"{}\" from {whence} is being used instead. Possible ways to address this would be to:\n\
             - Delete or rename the \"{name}\" file in data directory \"{base}\".\n\
             - Change datadir= or conf= options to specify one configuration file, not two, and use includeconf= to \
             include any other configuration files.",
            in_use.display()
        );
        if self.get_bool("allowignoredconf") {
            self.notices.push(Notice::Warning(text));
            Ok(())
        } else {
            Err(OptionsError::IgnoredConfig(text))
        }
    }

    fn read_settings_file(&mut self) -> Result<(), OptionsError> {
        let Some(path) = self.settings_path() else {
            return Ok(());
        };
        let values = settings_file::read(&path).map_err(OptionsError::SettingsUnreadable)?;
        self.take_stored(values, &path)
    }

    /// Takes what `settings.json`, which lies at `path`, holds.
    pub(super) fn take_stored(
        &mut self,
        values: BTreeMap<String, Value>,
        path: &Path,
    ) -> Result<(), OptionsError> {
        self.settings.file = values;
        for name in self.settings.file.keys() {
            let key = Key::parse(name);
            if table::find_any(&key.name).is_some_and(|spec| spec.command_line_only) {
                let error = OptionsError::CommandLineOnly(key.name);
                let text = format!("{}: {error}", path.display());
                return Err(OptionsError::SettingsUnreadable(vec![text]));
            }
            if table::find(self.program, &key.name).is_none() {
                let text = format!("Ignoring unknown rw_settings value {name}");
                self.notices.push(Notice::Warning(text));
            }
        }
        Ok(())
    }

    fn refuse_stray_words(&self) -> Result<(), OptionsError> {
        match self.words.first() {
            Some(token) if !self.program.takes_words() => Err(OptionsError::StrayWord {
                token: token.clone(),
                program: self.program_name.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// A relative directory is another one when the program is started from elsewhere.
    fn warn_of_relative_datadir(&mut self) {
        if let Some(text) = self
            .opt_str("datadir")
            .filter(|text| Path::new(text).is_relative())
        {
            self.notices.push(Notice::Warning(format!(
                "Relative datadir option '{text}' specified, which stands for '{}' now and for another directory when \
                 the program is started from elsewhere.",
                self.base_dir.display()
            )));
        }
    }

    /// The RPC server is on by default, except where a window is the main thing.
    pub(super) fn soft_set_server(&mut self) {
        if matches!(self.program, Program::Node | Program::Daemon) {
            self.soft_set("server", "1");
        }
    }
}

/// Returns the coin that the command line names, or the default.
pub(super) fn coin_of(command_line: &CommandLine) -> Result<Coin, OptionsError> {
    match command_line.text("coin") {
        None => Ok(Coin::default()),
        Some(name) => name.parse().map_err(|_| OptionsError::UnknownCoin {
            name,
            known: Coin::ALL.map(Coin::id).join(", "),
        }),
    }
}

/// Returns the data directory that the settings name for a section, or the default one of the coin.
fn base_dir(
    settings: &Settings,
    section: &str,
    coin: Coin,
    from_file: bool,
) -> Result<PathBuf, OptionsError> {
    match dir_text(settings, section) {
        None => Ok(datadir::default_base(coin)?),
        Some(text) => {
            let path = absolute(&text);
            if path.is_dir() {
                Ok(path)
            } else if from_file {
                Err(in_file(OptionsError::ConfiguredDataDirMissing(text)))
            } else {
                Err(OptionsError::DataDirMissing(text))
            }
        }
    }
}

fn dir_text(settings: &Settings, section: &str) -> Option<String> {
    let found = settings.get(section, "datadir", Lookup::default());
    found
        .map(|(value, _)| value_text(value))
        .filter(|text| !text.is_empty())
}

fn absolute(text: &str) -> PathBuf {
    std::path::absolute(normal_path(text)).unwrap_or_else(|_| PathBuf::from(text))
}

/// Returns the data directory that the settings name, whether it exists or not.
pub(super) fn named_dir(settings: &Settings, section: &str) -> Option<PathBuf> {
    dir_text(settings, section).map(|text| absolute(&text))
}

/// Returns the configuration file in use, or `None` for `-noconf`.
fn named_config_file(command_line: &CommandLine) -> Result<Option<PathBuf>, OptionsError> {
    let coin = coin_of(command_line)?;
    let found = command_line.settings.get("", "conf", Lookup::default());
    let name = match found {
        Some((Value::Bool(false), _)) => return Ok(None),
        Some((value, _)) => Some(value_text(value)).filter(|text| !text.is_empty()),
        None => None,
    };
    let name = name.unwrap_or_else(|| ChainParams::get(coin, Network::Main).conf_file.to_owned());
    let base = base_dir(&command_line.settings, "", coin, false)?;
    Ok(Some(absolute_in(&base, normal_path(&name))))
}

fn in_file(error: OptionsError) -> OptionsError {
    OptionsError::ConfigFile(Box::new(error))
}

fn read_config_file(
    command_line: &mut CommandLine,
    coin: Coin,
    path: &Path,
    notes: &mut ConfNotes,
    stderr: &mut Vec<String>,
) -> Result<(), OptionsError> {
    if path.is_dir() {
        return Err(in_file(OptionsError::ConfigIsDirectory(path.to_owned())));
    }
    let Some(text) = conf_file::slurp(path).map_err(in_file)? else {
        // A file that nobody named need not be there.
        let named = command_line.is_set("conf");
        return if named {
            Err(in_file(OptionsError::ConfigUnreadable(path.to_owned())))
        } else {
            Ok(())
        };
    };
    let program = command_line.program;
    let shown = path.display().to_string();
    let settings = &mut command_line.settings;
    conf_file::read_text(program, &text, &shown, settings, notes).map_err(in_file)?;
    if settings.command_line.contains_key("includeconf") {
        // Only `-noincludeconf` gets past the command line.
        return Ok(());
    }
    let chain = chain_name(settings)?;
    let in_section = includes(settings, &chain, 0);
    let in_default = includes(settings, "", 0);
    let (section_count, default_count) = (count(settings, &chain), count(settings, ""));
    for name in in_section.iter().chain(&in_default) {
        let base = base_dir(settings, "", coin, true)?;
        let path = absolute_in(&base, PathBuf::from(name));
        if path.is_dir() {
            return Err(in_file(OptionsError::IncludeIsDirectory(path)));
        }
        let Some(text) = conf_file::slurp(&path).map_err(in_file)? else {
            return Err(in_file(OptionsError::IncludeUnreadable(name.clone())));
        };
        conf_file::read_text(program, &text, name, settings, notes).map_err(in_file)?;
    }
    let chain_now = chain_name(settings)?;
    let mut ignored = includes(settings, &chain, section_count);
    ignored.extend(includes(settings, "", default_count));
    if chain_now != chain {
        ignored.extend(includes(settings, &chain_now, 0));
    }
    stderr.extend(ignored.into_iter().map(|name| {
        format!(
            "warning: -includeconf cannot be used from included files; ignoring -includeconf={name}"
        )
    }));
    Ok(())
}

fn include_values<'a>(settings: &'a Settings, section: &str) -> &'a [Value] {
    settings
        .config
        .get(section)
        .and_then(|values| values.get("includeconf"))
        .map_or(&[], Vec::as_slice)
}

fn count(settings: &Settings, section: &str) -> usize {
    include_values(settings, section).len()
}

/// Returns the files that a section includes, after the last negation and after the first `skip` values.
fn includes(settings: &Settings, section: &str, skip: usize) -> Vec<String> {
    let values = include_values(settings, section);
    let negated = values
        .iter()
        .rposition(|value| *value == Value::Bool(false))
        .map_or(0, |at| at + 1);
    values
        .iter()
        .skip(skip.max(negated))
        .map(value_text)
        .collect()
}

/// Returns the name of the chain that the settings choose, known or not (Core's `GetChainArg`).
pub(super) fn chain_name(settings: &Settings) -> Result<String, OptionsError> {
    let how = Lookup {
        chain_choice: true,
        ..Lookup::default()
    };
    let is_on = |name: &str| {
        settings
            .get("", name, how)
            .is_some_and(|(value, _)| value_bool(value))
    };
    let by_switch = [
        ("regtest", Network::Regtest),
        ("signet", Network::Signet),
        ("testnet", Network::Test),
        ("testnet4", Network::Testnet4),
    ]
    .into_iter()
    .filter(|(name, _)| is_on(name))
    .map(|(_, network)| network.id().to_owned());
    let by_name = settings
        .get("", "chain", Lookup::default())
        .map(|(value, _)| value_text(value));
    let chosen: Vec<String> = by_name.into_iter().chain(by_switch).collect();
    match chosen.as_slice() {
        [] => Ok(Network::Main.id().to_owned()),
        [one] => Ok(one.clone()),
        _ => Err(OptionsError::SeveralChains),
    }
}

/// Returns true if both paths lead to the same file.
fn same_file(left: &Path, right: &Path) -> bool {
    match (left.canonicalize(), right.canonicalize()) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}
