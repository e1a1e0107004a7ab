//! How to reach or start the node: made once from the command line and the choices of the user.

use std::path::{Path, PathBuf};

use common::options::{Config, Program, Source};
use ipc_schema::{
    ConnectAddress, Identity, OptionLayer, OptionValues, PROTOCOL, SettingSource, StartOptions,
};
use primitives::ChainParams;

use super::Repair;

/// Everything the link needs.
#[derive(Debug)]
pub struct Plan {
    /// The chain.
    pub params: &'static ChainParams,
    /// Where a running node may be.
    pub connect: ConnectAddress,
    /// The program to start where there is none.
    pub program: PathBuf,
    /// The options for it.
    pub options: StartOptions,
    /// The network's data directory, which holds the log.
    pub network_dir: PathBuf,
    /// Who we are.
    pub identity: Identity,
}

impl Plan {
    /// Makes the plan from what this program was started with.
    ///
    /// # Errors
    /// The start-up error, for one line.
    pub fn new(config: &Config, programs: Option<&Path>) -> Result<Self, String> {
        let params = config.params();
        let network_dir = config.network_dir();
        let wanted = if config.is_negated("ipcconnect") {
            "0".to_owned()
        } else {
            config.get_str("ipcconnect")
        };
        let connect = ipc_schema::parse_connect(&wanted, &network_dir, "bitq-node")?;
        let monolithic = config.is_set("M") && config.get_bool("M");
        let (child, program) = if monolithic {
            (Program::Daemon, "bitqd")
        } else {
            (Program::Node, "bitq-node")
        };
        let snapshot = config.snapshot_for(child);
        let layers = snapshot.layers.into_iter().map(|layer| OptionLayer {
            source: source(layer.source),
            section: layer.section,
            options: layer
                .options
                .into_iter()
                .map(|(name, values)| OptionValues { name, values })
                .collect(),
        });
        Ok(Self {
            params,
            connect,
            program: programs.map_or_else(|| sibling(program), |folder| folder.join(program)),
            options: StartOptions {
                layers: layers.collect(),
                config_path: snapshot.config_path,
            },
            network_dir,
            identity: identity(params),
        })
    }
}

/// The options of a start with one more, as if it stood on the command line.
pub fn repaired(mut options: StartOptions, repair: Repair) -> StartOptions {
    let (name, value) = repair.option();
    let wanted = OptionValues {
        name: name.to_owned(),
        // Values travel as JSON.
        values: vec![format!("\"{value}\"")],
    };
    let command_line = |layer: &&mut OptionLayer| {
        layer.source == SettingSource::CommandLine && layer.section.is_empty()
    };
    match options.layers.iter_mut().find(command_line) {
        Some(layer) => {
            layer.options.retain(|option| option.name != name);
            layer.options.push(wanted);
        }
        None => options.layers.push(OptionLayer {
            source: SettingSource::CommandLine,
            section: String::new(),
            options: vec![wanted],
        }),
    }
    options
}

fn identity(params: &ChainParams) -> Identity {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let started = now.map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    Identity {
        protocol: PROTOCOL,
        program: "bitq-gui".to_owned(),
        build: common::VERSION.to_owned(),
        coin: params.coin.id().to_owned(),
        network: params.network.id().to_owned(),
        genesis: params.genesis.hash,
        features: 0,
        pid: std::process::id(),
        started,
    }
}

fn source(source: Source) -> SettingSource {
    match source {
        Source::Forced => SettingSource::Forced,
        Source::CommandLine => SettingSource::CommandLine,
        Source::SettingsFile => SettingSource::SettingsFile,
        Source::ConfigSection | Source::ConfigDefault => SettingSource::ConfigFile,
        Source::Default => SettingSource::Default,
    }
}

/// A program beside this one, or in `libexec` next to its folder.
fn sibling(name: &str) -> PathBuf {
    let Ok(own) = std::env::current_exe() else {
        return PathBuf::from(name);
    };
    let folder = own.parent().unwrap_or(Path::new("."));
    let places = [
        folder.join(name),
        folder.join("../libexec").join(name),
        folder.join("..").join(name),
    ];
    let found = places.iter().find(|path| path.is_file());
    found.unwrap_or(&places[0]).clone()
}
