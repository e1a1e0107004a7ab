//! Doors for the fuzz package, which no program uses.

use std::path::{Path, PathBuf};

use primitives::Coin;
use serde_json::Value;

use super::command_line::CommandLine;
use super::conf_file::{self, ConfNotes};
use super::config::Config;
use super::error::OptionsError;
use super::settings_file;
use super::spec::Program;

/// Where the files would lie.
const CONF: &str = "/nowhere/bitq.conf";
const SETTINGS: &str = "/nowhere/settings.json";

/// Reads a configuration file, or what it includes, and `settings.json`, as a start of the program does. No file is
/// read.
///
/// # Errors
/// As [`Config::load`].
pub fn read(
    program: Program,
    coin: Coin,
    conf: &[u8],
    settings: &[u8],
) -> Result<Config, OptionsError> {
    let mut command_line = CommandLine::empty(program, "fuzz");
    let name = Value::String(coin.id().to_owned());
    command_line
        .settings
        .command_line
        .insert("coin".to_owned(), vec![name]);
    let conf = String::from_utf8(conf.to_vec())
        .map_err(|_| OptionsError::ConfigNotText(PathBuf::from(CONF)))?;
    let mut notes = ConfNotes::default();
    conf_file::read_text(program, &conf, CONF, &mut command_line.settings, &mut notes)?;
    let mut config = Config::assemble(command_line, coin, notes, None)?;
    let path = Path::new(SETTINGS);
    let values = settings_file::parse(settings, path).map_err(OptionsError::SettingsUnreadable)?;
    config.take_stored(values, path)?;
    Ok(config)
}

/// The text of `settings.json` as it would be written now.
pub fn written(config: &Config) -> Vec<u8> {
    settings_file::render(&config.settings.file)
}
