//! Directories that another program or another chain made.

use std::fs;
use std::io;
use std::path::Path;

use primitives::ChainParams;

use super::DataDirError;

/// The file in which each database says for which chain it was made. The crate `chain` writes it, before anything
/// else in the directory.
pub(super) const MARKER: &str = "bitq-store";

/// The block index in a network directory.
pub(super) const BLOCK_INDEX: &str = "blocks/index";

/// The databases of a network directory.
const DATABASES: [&str; 2] = ["chainstate", BLOCK_INDEX];

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

/// Refuses a network directory whose databases were made by another program or for another chain. Writes nothing.
///
/// # Errors
/// [`DataDirError::ForeignProgram`], [`DataDirError::OtherChain`], or [`DataDirError::Access`] if it cannot be told.
pub fn check_foreign(network_dir: &Path, params: &ChainParams) -> Result<(), DataDirError> {
    for database in DATABASES {
        check_database(&network_dir.join(database), params)?;
    }
    Ok(())
}

pub(super) fn check_database(dir: &Path, params: &ChainParams) -> Result<(), DataDirError> {
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
    match fs::read_to_string(&marker) {
        Ok(text) => return check_marker(dir, &text, params),
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
