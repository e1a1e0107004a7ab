//! A chain in a directory, as tests want it.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod crash;
pub(crate) mod indexed;
pub(crate) mod mine;
pub(crate) mod snapshot;
pub(crate) mod world;

use std::path::{Path, PathBuf};

use chain::coinstats::{CoinStats, CoinStatsHash, coin_stats};
use chain::{Chain, ChainConfig, ChainError, ChainHandle, ChainReader, StartError};
use primitives::ChainParams;
use primitives::params::{Coin, Network};

/// A file among the vectors; prints a line and gives `None` where they are absent.
pub(crate) fn vector(name: &str) -> Option<PathBuf> {
    testkit::vectors_dir().map(|dir| dir.join(name))
}

/// Which network.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Net {
    Main,
    Regtest,
}

impl Net {
    pub(crate) fn params(self) -> &'static ChainParams {
        let network = match self {
            Self::Main => Network::Main,
            Self::Regtest => Network::Regtest,
        };
        ChainParams::get(Coin::Bitcoin, network)
    }
}

/// A running chain.
pub(crate) struct TestChain {
    chain: Chain,
    pub(crate) handle: ChainHandle,
    pub(crate) reader: ChainReader,
}

impl TestChain {
    pub(crate) fn try_open(
        net: Net,
        dir: &Path,
        change: impl FnOnce(&mut ChainConfig),
    ) -> Result<Self, StartError> {
        std::fs::create_dir_all(dir.join("blocks")).unwrap();
        let mut config = ChainConfig::new(net.params(), dir);
        change(&mut config);
        let chain = chain::start(config)?;
        let (handle, reader) = (chain.handle.clone(), chain.reader.clone());
        Ok(Self {
            chain,
            handle,
            reader,
        })
    }

    pub(crate) fn open(net: Net, dir: &Path, change: impl FnOnce(&mut ChainConfig)) -> Self {
        Self::try_open(net, dir, change).unwrap()
    }

    /// Connects what is on disk.
    pub(crate) fn import(&self) {
        self.handle.import(Vec::new()).wait().unwrap();
    }

    /// Loads the blocks in a file.
    pub(crate) fn load(&self, file: &Path) {
        self.handle.import(vec![file.to_owned()]).wait().unwrap();
    }

    pub(crate) fn stats(&self, hash: CoinStatsHash) -> CoinStats {
        let snapshot = self.handle.coins_snapshot().wait().unwrap();
        coin_stats(&snapshot, hash, self.reader.params().hashes, |_| true).unwrap()
    }

    pub(crate) fn muhash(&self) -> String {
        self.stats(CoinStatsHash::MuHash).hash.unwrap().to_string()
    }

    pub(crate) fn stop(self) {
        self.try_stop().unwrap();
    }

    pub(crate) fn try_stop(self) -> Result<(), ChainError> {
        let Self {
            chain,
            handle,
            reader,
        } = self;
        drop((handle, reader));
        chain.stop()
    }
}

/// All files in a directory and those below it.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Copies a directory with all that it holds.
pub(crate) fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
