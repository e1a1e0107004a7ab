//! Directories that another program or another chain made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use primitives::ChainParams;

use super::DataDirError;

/// The file in which each database says for which chain it was made. The crate `chain` writes it, before anything
/// else in the directory.
pub(super) const MARKER: &str = "bitq-store";

/// The block index in a network directory.
pub(super) const BLOCK_INDEX: &str = "blocks/index";

/// The coins in a network directory.
const COINS: &str = "chainstate";

/// The first line of a marker.
const TITLE: &str = "bitq store";

/// Which databases are about to be made anew: what is damaged there goes anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuild {
    /// The coins (`-reindex-chainstate`).
    pub coins: bool,
    /// The block index, and with it the coins (`-reindex`).
    pub index: bool,
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

/// Refuses a network directory whose databases were made by another program or for another chain. Writes nothing.
///
/// # Errors
/// [`DataDirError::ForeignProgram`], [`DataDirError::OtherChain`], [`DataDirError::DamagedMarker`] unless it is made
/// anew, or [`DataDirError::Access`] if it cannot be told.
pub fn check_foreign(
    network_dir: &Path,
    params: &ChainParams,
    rebuild: Rebuild,
) -> Result<(), DataDirError> {
    let coins = rebuild.coins || rebuild.index;
    check_database(&network_dir.join(COINS), params, coins)?;
    check_database(&network_dir.join(BLOCK_INDEX), params, rebuild.index)
}

/// As [`check_foreign`], for one database.
pub(super) fn check_database(
    dir: &Path,
    params: &ChainParams,
    rebuild: bool,
) -> Result<(), DataDirError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(DataDirError::Access {
                path: dir.to_owned(),
                source,
            });
        }
    };
    let marker = dir.join(MARKER);
    match fs::read(&marker) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).ok();
            return match text.filter(|text| is_whole(text)) {
                Some(text) => check_marker(dir, &text, params),
                None if rebuild => Ok(()),
                None => Err(damaged(marker, dir)),
            };
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => {
            return Err(DataDirError::Access {
                path: marker,
                source,
            });
        }
    }
    // LevelDB, which the reference programs use, keeps these files.
    for entry in entries {
        let entry = entry.map_err(|source| DataDirError::Access {
            path: dir.to_owned(),
            source,
        })?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "CURRENT" || name.starts_with("MANIFEST-") || name.ends_with(".ldb") {
            return Err(DataDirError::ForeignProgram(dir.to_owned()));
        }
    }
    Ok(())
}

/// Whether a marker says what it is and for which chain; what follows may be of a later format.
fn is_whole(text: &str) -> bool {
    text.lines().next() == Some(TITLE)
        && field(text, "chain").is_some_and(|chain| chain.contains(' '))
        && field(text, "genesis").is_some_and(|hash| hash.len() == 64)
}

fn damaged(path: PathBuf, dir: &Path) -> DataDirError {
    let (what, way_out) = if dir.ends_with(COINS) {
        ("the coins", "-reindex-chainstate")
    } else {
        ("block index and coins", "-reindex")
    };
    DataDirError::DamagedMarker {
        path,
        what,
        way_out,
    }
}

fn check_marker(dir: &Path, text: &str, params: &ChainParams) -> Result<(), DataDirError> {
    let wanted = format!("{} {}", params.coin, params.network);
    let chain = field(text, "chain").unwrap_or("unknown");
    if chain == wanted && field(text, "genesis") == Some(&params.genesis.hash.to_string()) {
        return Ok(());
    }
    let readable = |chain: &str| match chain.split_once(' ') {
        Some((coin, network)) => format!("{coin} ({network})"),
        None => chain.to_owned(),
    };
    Err(DataDirError::OtherChain {
        path: dir.to_owned(),
        found: readable(chain),
        wanted: readable(&wanted),
    })
}
