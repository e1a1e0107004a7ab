//! Options against Core's rules.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use primitives::{ChainParams, Coin, Network};

use super::{CommandLine, Config, OptionsError, Program};

mod files;
mod merge;
mod pages;
mod parse;
mod rules;

/// A data directory with a configuration file.
struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new(conf: &str) -> Self {
        let home = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        if !conf.is_empty() {
            home.write(conf_name(), conf);
        }
        home
    }

    /// The directory without symbolic links, as tests compare it.
    fn path(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn args(&self, args: &[&str]) -> CommandLine {
        let datadir = format!("-datadir={}", self.path().display());
        let args: Vec<&str> = std::iter::once(datadir.as_str())
            .chain(args.iter().copied())
            .collect();
        command_line(Program::Node, &args).unwrap()
    }

    fn load(&self, args: &[&str]) -> Result<Config, OptionsError> {
        Config::load(self.args(args))
    }
}

fn conf_name() -> &'static str {
    ChainParams::get(Coin::default(), Network::Main).conf_file
}

fn command_line(program: Program, args: &[&str]) -> Result<CommandLine, OptionsError> {
    let all = std::iter::once("/usr/bin/prog").chain(args.iter().copied());
    CommandLine::parse(program, all.map(OsString::from))
}

/// A configuration without files; the chain is that of the arguments.
fn plain(args: &[&str]) -> Config {
    Config::load_plain(command_line(Program::Node, args).unwrap()).unwrap()
}

fn error_of<T: std::fmt::Debug>(result: Result<T, OptionsError>) -> String {
    result.unwrap_err().to_string()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
