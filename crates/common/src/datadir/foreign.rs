//! Directories that another program or another chain made.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use primitives::ChainParams;

use super::{DataDirError, create_private};

/// Name of the file that says for which chain a database was made.
const IDENTITY: &str = "IDENTITY";

/// The databases of a network directory that carry an identity.
const DATABASES: [&str; 2] = ["chainstate", "blocks/index"];

fn identity(params: &ChainParams) -> String {
    format!(
        "{}\ncoin={}\nchain={}\ngenesis={}\n",
        crate::CLIENT_NAME,
        params.coin,
        params.network,
        params.genesis.hash
    )
}

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

fn check_database(dir: &Path, params: &ChainParams) -> Result<(), DataDirError> {
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
    let identity_path = dir.join(IDENTITY);
    match fs::read_to_string(&identity_path) {
        Ok(text) if text == identity(params) => return Ok(()),
        Ok(text) => {
            let found = |name| field(&text, name).unwrap_or("unknown").to_owned();
            return Err(DataDirError::OtherChain {
                path: dir.to_owned(),
                found: format!("{} ({})", found("coin"), found("chain")),
                wanted: format!("{} ({})", params.coin, params.network),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => {
            return Err(DataDirError::Access {
                path: identity_path,
                source,
            });
        }
    }
    // LevelDB, which the reference programs use, keeps these files; a database of ours without identity was being
    // rebuilt when its program ended.
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

/// Marks the databases of a network directory, and the block directory beside, as made for this chain, after
/// [`check_foreign`]. To be called under the directory's lock, and again when a database was deleted.
///
/// # Errors
/// As [`check_foreign`], and [`DataDirError::Create`].
pub fn claim(network_dir: &Path, params: &ChainParams) -> Result<(), DataDirError> {
    check_foreign(network_dir, params)?;
    for database in DATABASES {
        let dir = network_dir.join(database);
        create_private(&dir)?;
        let path = dir.join(IDENTITY);
        if path.exists() {
            continue;
        }
        let temporary = dir.join("IDENTITY.tmp");
        let access = |source| DataDirError::Access {
            path: path.clone(),
            source,
        };
        let mut file = fs::File::create(&temporary).map_err(access)?;
        file.write_all(identity(params).as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(access)?;
        fs::rename(&temporary, &path).map_err(access)?;
    }
    Ok(())
}
