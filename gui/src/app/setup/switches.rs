//! Options of the window that take effect before anything is shown.

use common::options::{CommandLine, Config};
use primitives::ChainParams;

use super::named_chain;
use crate::model::prefs::Store;

/// Switches of the window itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    /// Everything changed in the window is set back (`-resetguisettings`).
    pub reset: bool,
    /// The window is not shown at first (`-min`).
    pub minimised: bool,
    /// The data directory is asked for (`-choosedatadir`).
    pub choose_datadir: bool,
}

impl Switches {
    /// Reads them from the command line and from the files of the chain that will be opened. Writes nothing.
    ///
    /// Files that cannot be read are left for the start of the node, which says what is wrong with them.
    pub fn read(command_line: &CommandLine, store: &Store) -> Self {
        let mut full = command_line.clone();
        let chain = (!named_chain(command_line)).then(|| store.read_shared().0.chain);
        if let Some((coin, network)) = chain.flatten() {
            let datadir = store.read_prefs(ChainParams::get(coin, network)).0.datadir;
            let place = [
                ("coin", Some(coin.id().to_owned())),
                ("chain", Some(network.id().to_owned())),
                ("datadir", datadir.map(|path| path.display().to_string())),
            ];
            for (name, value) in place {
                // An option that cannot be added is missing in what is read below, no more.
                let _ = value.map(|value| full.push(name, &value));
            }
        }
        let config = Config::load_beside(full)
            .or_else(|_| Config::load_client(command_line.clone()))
            .or_else(|_| Config::load_plain(command_line.clone()));
        let is_on = |name: &str| config.as_ref().is_ok_and(|config| config.get_bool(name));
        Self {
            reset: is_on("resetguisettings"),
            minimised: is_on("min"),
            choose_datadir: is_on("choosedatadir"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use common::options::Program;
    use primitives::{Coin, Network};

    use crate::model::prefs::{Prefs, Shared};

    use super::*;

    fn switches(folder: &std::path::Path, store: &Store, args: &[&str]) -> Switches {
        let datadir = format!("-datadir={}", folder.display());
        let args = ["bitq-gui", "-coin=bitcoin", &datadir]
            .into_iter()
            .chain(args.iter().copied());
        let command_line = CommandLine::parse(Program::Gui, args.map(OsString::from)).unwrap();
        Switches::read(&command_line, store)
    }

    #[test]
    fn switches_can_be_off_and_stand_in_files() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("window"));
        let read = |args: &[&str]| switches(folder.path(), &store, args);
        assert_eq!(read(&[]), Switches::default());
        let off = ["-min=0", "-nochoosedatadir", "-resetguisettings=0"];
        assert_eq!(read(&off), Switches::default());
        assert!(read(&["-min"]).minimised);
        assert!(read(&["-resetguisettings"]).reset);
        let conf = folder.path().join("bitcoin.conf");
        std::fs::write(&conf, "min=1\nchoosedatadir=1\n").unwrap();
        let from_file = read(&[]);
        assert!(from_file.minimised && from_file.choose_datadir);
        assert!(!read(&["-nomin"]).minimised, "the command line is stronger");
        // A file that cannot be read leaves the command line.
        std::fs::write(&conf, "-broken\n").unwrap();
        assert!(read(&["-min"]).minimised);
    }

    #[test]
    fn switches_stand_in_the_file_of_the_chain_that_was_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("window"));
        let chain = (Coin::Groestlcoin, Network::Regtest);
        let shared = Shared {
            chain: Some(chain),
            ..Shared::default()
        };
        store.write_shared(&shared).unwrap();
        let params = ChainParams::get(chain.0, chain.1);
        let data = folder.path().join("data");
        let prefs = Prefs {
            datadir: Some(data.clone()),
            ..store.read_prefs(params).0
        };
        store.write_prefs(params, &prefs).unwrap();
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join(params.conf_file), "min=1\n").unwrap();
        let args = [OsString::from("bitq-gui")];
        let command_line = CommandLine::parse(Program::Gui, args).unwrap();
        assert!(Switches::read(&command_line, &store).minimised);
        assert!(!data.join("regtest").exists(), "nothing is made on disk");
    }
}
