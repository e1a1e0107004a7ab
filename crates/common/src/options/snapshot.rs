//! All settings of a process as plain data, for a child that must read nothing from disk.

use std::path::PathBuf;

use primitives::{ChainParams, Network};
use serde_json::Value;

use super::command_line::CommandLine;
use super::config::{Config, normal_path};
use super::error::OptionsError;
use super::settings::{Settings, Source};
use super::spec::Program;
use super::{load, table};

/// Options that count before `settings.json` is found, and so never inside it.
const CHOSEN_BEFORE: [&str; 6] = [
    "chain", "datadir", "regtest", "signet", "testnet", "testnet4",
];

/// Options of one layer: names with their values, each value as JSON text.
pub type LayerOptions = Vec<(String, Vec<String>)>;

/// The settings of one source.
#[derive(Clone, PartialEq, Eq)]
pub struct SnapshotLayer {
    /// Where they come from; both parts of the configuration file are told apart by `section`.
    pub source: Source,
    /// Section of the configuration file; empty for its head and for every other source.
    pub section: String,
    /// The options.
    pub options: LayerOptions,
}

/// The settings that a parent hands to a child.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The layers, highest first.
    pub layers: Vec<SnapshotLayer>,
    /// The configuration file they were read from; empty under `-noconf`.
    pub config_path: String,
}

impl std::fmt::Debug for Snapshot {
    /// Shows no value: some are secret.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Snapshot")
            .field("config_path", &self.config_path)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Returns what a child of the given kind may know: the options it takes, for a wallet without secrets of the
    /// node.
    pub fn snapshot_for(&self, child: Program) -> Snapshot {
        let may_know = |name: &str| {
            table::find(child, name).is_some_and(|spec| child != Program::Wallet || !spec.sensitive)
        };
        let many = |values: &super::settings::Values| -> LayerOptions {
            let known = values.iter().filter(|(name, _)| may_know(name));
            known
                .map(|(name, values)| (name.clone(), texts(name, values)))
                .collect()
        };
        let one = |values: &std::collections::BTreeMap<String, Value>| -> LayerOptions {
            let known = values.iter().filter(|(name, _)| may_know(name));
            known
                .map(|(name, value)| (name.clone(), texts(name, std::slice::from_ref(value))))
                .collect()
        };
        let head = |source, options| SnapshotLayer {
            source,
            section: String::new(),
            options,
        };
        // By the time this file was read coin, chain and directory had been chosen.
        let mut stored = one(&self.settings.file);
        stored.retain(|(name, _)| !CHOSEN_BEFORE.contains(&name.as_str()));
        let mut layers = vec![
            head(Source::Forced, one(&self.settings.forced)),
            head(Source::CommandLine, many(&self.settings.command_line)),
            head(Source::SettingsFile, stored),
        ];
        for (section, values) in &self.settings.config {
            let source = if section.is_empty() {
                Source::ConfigDefault
            } else {
                Source::ConfigSection
            };
            layers.push(SnapshotLayer {
                source,
                section: section.clone(),
                options: many(values),
            });
        }
        let config_path = self
            .config_file
            .as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        Snapshot {
            layers,
            config_path,
        }
    }

    /// Takes the settings of the parent process; reads and makes nothing on disk.
    ///
    /// Options that this program does not have are left out. The caller makes the directories with
    /// [`Config::prepare_directories`].
    ///
    /// # Errors
    /// [`OptionsError::Snapshot`] for values that are no JSON, and faults in the choice of coin and chain.
    pub fn from_snapshot(
        program: Program,
        program_name: &str,
        snapshot: &Snapshot,
    ) -> Result<Self, OptionsError> {
        let mut settings = Settings::default();
        for layer in &snapshot.layers {
            for (name, texts) in &layer.options {
                if table::find(program, name).is_none() {
                    continue;
                }
                let values = read_values(name, texts)?;
                match layer.source {
                    Source::Forced => put_one(&mut settings.forced, name, values),
                    Source::SettingsFile => put_one(&mut settings.file, name, values),
                    Source::CommandLine => {
                        settings.command_line.insert(name.clone(), values);
                    }
                    Source::ConfigSection | Source::ConfigDefault => {
                        let section = settings.config.entry(layer.section.clone()).or_default();
                        section.insert(name.clone(), values);
                    }
                    Source::Default => {}
                }
            }
        }
        let mut command_line = CommandLine::empty(program, program_name);
        command_line.settings = settings;
        let coin = load::coin_of(&command_line)?;
        let name = load::chain_name(&command_line.settings)?;
        let network: Network = name.parse().map_err(|_| OptionsError::UnknownChain(name))?;
        let base_dir = load::named_dir(&command_line.settings, network.id())
            .map_or_else(|| crate::datadir::default_base(coin), Ok)?;
        Ok(Self {
            program,
            program_name: command_line.program_name,
            params: ChainParams::get(coin, network),
            settings: command_line.settings,
            words: Vec::new(),
            base_dir,
            config_file: Some(PathBuf::from(&snapshot.config_path))
                .filter(|path| !path.as_os_str().is_empty()),
            sections: Vec::new(),
            notices: Vec::new(),
        })
    }
}

/// Returns values as JSON texts; a data directory is made absolute, since the child may work elsewhere.
fn texts(name: &str, values: &[Value]) -> Vec<String> {
    let absolute = |text: &str| {
        let path = normal_path(text);
        let path = std::path::absolute(&path).unwrap_or(path);
        Value::String(path.to_string_lossy().into_owned()).to_string()
    };
    values
        .iter()
        .map(|value| match value {
            Value::String(text) if name == "datadir" && !text.is_empty() => absolute(text),
            value => value.to_string(),
        })
        .collect()
}

fn read_values(name: &str, texts: &[String]) -> Result<Vec<Value>, OptionsError> {
    texts
        .iter()
        .map(|text| serde_json::from_str(text))
        .collect::<Result<_, _>>()
        .map_err(|error| OptionsError::Snapshot(format!("-{name}: {error}")))
}

fn put_one(
    layer: &mut std::collections::BTreeMap<String, Value>,
    name: &str,
    mut values: Vec<Value>,
) {
    if let Some(value) = values.pop() {
        layer.insert(name.to_owned(), value);
    }
}
