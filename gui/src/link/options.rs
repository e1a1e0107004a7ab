//! How to reach or start the node: made once from the command line and the choices of the user.

use std::path::{Path, PathBuf};

use common::options::{CommandLine, Config, Program, Source};
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
    /// The options as typed, with the chain that was decided for: the files are read again at each start of the node,
    /// so that what was changed in between counts.
    pub command_line: CommandLine,
    /// Which program's options these become.
    child: Program,
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
    pub fn new(
        config: &Config,
        command_line: CommandLine,
        programs: Option<&Path>,
    ) -> Result<Self, String> {
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
        Ok(Self {
            params,
            connect,
            program: programs.map_or_else(|| sibling(program), |folder| folder.join(program)),
            command_line,
            child,
            network_dir,
            identity: identity(params),
        })
    }
}

impl Plan {
    /// The options for a start of the node now. Touches the disk.
    ///
    /// # Errors
    /// The sentence that names the file or value at fault.
    pub fn options(&self) -> Result<StartOptions, String> {
        let config = Config::load(self.command_line.clone()).map_err(|error| error.to_string())?;
        let snapshot = config.snapshot_for(self.child);
        let layers = snapshot.layers.into_iter().map(|layer| OptionLayer {
            source: source(layer.source),
            section: layer.section,
            options: layer
                .options
                .into_iter()
                .map(|(name, values)| OptionValues { name, values })
                .collect(),
        });
        Ok(StartOptions {
            layers: layers.collect(),
            config_path: snapshot.config_path,
        })
    }

    /// Takes an option out of the settings file, so that the node starts without it. Touches the disk.
    ///
    /// # Errors
    /// The sentence that says why not.
    pub fn forget_setting(&self, name: &str) -> Result<(), String> {
        let said = |error: common::options::OptionsError| error.to_string();
        let mut config = Config::load(self.command_line.clone()).map_err(said)?;
        config.set_persistent(name, None);
        config.write_settings().map_err(said)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The stored values of an option, as the node gets them.
    fn stored(options: &StartOptions, name: &str) -> Vec<String> {
        let of_file = options
            .layers
            .iter()
            .filter(|layer| layer.source == SettingSource::SettingsFile);
        of_file
            .flat_map(|layer| &layer.options)
            .filter(|option| option.name == name)
            .flat_map(|option| option.values.clone())
            .collect()
    }

    #[test]
    fn each_start_reads_what_was_stored_meanwhile() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let datadir = format!("-datadir={}", folder.path().display());
        let args = ["bitq-gui", "-coin=bitcoin", "-regtest", &datadir];
        let args = args.into_iter().map(std::ffi::OsString::from);
        let command_line = CommandLine::parse(Program::Gui, args).expect("valid options");
        let config = Config::load(command_line.clone()).expect("loads");
        let plan = Plan::new(&config, command_line, None).expect("a plan");
        assert_eq!(stored(&plan.options().expect("reads"), "dbcache"), [""; 0]);
        let file = folder.path().join("regtest/settings.json");
        std::fs::write(&file, r#"{"dbcache": 300}"#).expect("writable");
        assert_eq!(stored(&plan.options().expect("reads"), "dbcache"), ["300"]);
        plan.forget_setting("dbcache").expect("writes");
        assert_eq!(stored(&plan.options().expect("reads"), "dbcache"), [""; 0]);
        std::fs::write(&file, "{ broken").expect("writable");
        let error = plan.options().expect_err("broken");
        assert!(error.contains("settings.json"), "{error}");
    }
}
