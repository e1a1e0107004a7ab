//! From a wallet's name to where it lies (Core's `GetWalletPath`): a name is a path below the wallets'
//! directory, and leads nowhere else unless it is absolute.

use std::path::{Path, PathBuf, is_separator};

use crate::WalletError;

/// Why a name leads to no wallet. Texts are Core's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It has steps that lead nowhere.
    #[error("Wallet name given as a path must be normalized")]
    NotNormalized,
    /// It begins with a step to here or upwards.
    #[error(
        "Wallet name given as a relative path cannot begin with ./ or ../, for wallets not in the walletdir, please use \
         an absolute path."
    )]
    Relative,
    /// It is the root of all files.
    #[error("Wallet name cannot be the root path")]
    Root,
    /// It leads to something that is neither a wallet's directory nor a wallet's file.
    #[error(
        "Invalid -wallet path '{name}'. -wallet path should point to a directory where wallet.dat and \
         database/log.?????????? files can be stored, a location where such a directory could be created, or (for \
         backwards compatibility) the name of an existing data file in -walletdir ({})", dir.display()
    )]
    NoWallet {
        /// The name.
        name: String,
        /// The wallets' directory.
        dir: PathBuf,
    },
}

/// Where the wallet of that name lies, or would: a directory, or the file itself.
///
/// # Errors
/// A [`NameError`].
pub fn wallet_path(dir: &Path, name: &str) -> Result<PathBuf, NameError> {
    check_form(name)?;
    let path = dir.join(name);
    let is_plain = path.is_dir() || !path.exists() && path.symlink_metadata().is_err();
    let is_file = path.is_file() && !name.contains(is_separator);
    if is_plain || is_file {
        return Ok(path);
    }
    Err(NameError::NoWallet {
        name: name.to_owned(),
        dir: dir.to_owned(),
    })
}

/// Refuses names that lead out of the wallets' directory, or there on a detour.
///
/// # Errors
/// A [`NameError`].
pub fn check_form(name: &str) -> Result<(), NameError> {
    let absolute = Path::new(name).has_root();
    let steps: Vec<&str> = name.split(is_separator).filter(|s| !s.is_empty()).collect();
    // Only steps upwards at the beginning cannot be left out.
    let upwards = steps.iter().take_while(|step| **step == "..").count();
    let upwards = if absolute { 0 } else { upwards };
    let here = name == ".";
    let superfluous = steps[upwards..]
        .iter()
        .any(|step| matches!(*step, "." | ".."));
    let open_end = upwards > 0 && upwards == steps.len() && name.ends_with(is_separator);
    if superfluous && !here || open_end {
        return Err(NameError::NotNormalized);
    }
    if here || upwards > 0 {
        return Err(NameError::Relative);
    }
    if absolute && Path::new(name).parent().is_none() {
        return Err(NameError::Root);
    }
    Ok(())
}

impl From<NameError> for WalletError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_wallets_directory() {
        let dir = tempfile::tempdir().unwrap();
        let check = |name: &str| wallet_path(dir.path(), name).map(drop);
        for name in [
            "",
            "w",
            "a/b",
            "a//b",
            "a/",
            "...",
            "..w",
            "/nowhere/w",
            "a.b",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in [
            "./w", "a/../b", "a/./b", "a/..", "a/.", "/../w", "./", "../", "../.", "/./w",
        ] {
            assert_eq!(check(name), Err(NameError::NotNormalized), "{name}");
        }
        for name in [".", "..", "../w", "../../w"] {
            assert_eq!(check(name), Err(NameError::Relative), "{name}");
        }
        for name in ["/", "//"] {
            assert_eq!(check(name), Err(NameError::Root), "{name}");
        }
        std::fs::write(dir.path().join("file"), b"").unwrap();
        assert_eq!(check("file"), Ok(()));
        let elsewhere = dir.path().join("file");
        let elsewhere = elsewhere.to_str().unwrap();
        assert!(matches!(check(elsewhere), Err(NameError::NoWallet { .. })));
    }
}
