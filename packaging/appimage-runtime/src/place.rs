//! The folders that unpacked applications are kept in.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::payload::Payload;
use crate::{RuntimeError, unpack};

/// The name of the folder below a cache.
const FOLDER: &str = "bitq-appimage";

/// Where to unpack, best first: the user's cache, then a private folder in `/tmp`.
pub(crate) fn candidates() -> Vec<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let mut found: Vec<PathBuf> = cache.into_iter().map(|cache| cache.join(FOLDER)).collect();
    if let Some(user) = user() {
        found.push(std::env::temp_dir().join(format!("{FOLDER}-{user}")));
    }
    found
}

/// The user this process runs as.
fn user() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|data| data.uid())
}

/// Returns the folder that holds the unpacked content, unpacking it if it is not there yet.
///
/// # Errors
/// [`RuntimeError::Write`] when the folder cannot be used, others when the image is at fault.
pub(crate) fn prepare(base: &Path, payload: &Payload) -> Result<PathBuf, RuntimeError> {
    let write = |source| RuntimeError::Write {
        path: base.to_owned(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(base)
        .map_err(write)?;
    if !is_private(base).map_err(write)? {
        return Err(write(io::Error::other(
            "it belongs to somebody else or others may write",
        )));
    }
    let folder = base.join(payload.key());
    if folder.is_dir() {
        return Ok(folder);
    }
    payload.verify()?;
    // Two starts at once each unpack into a folder of their own; the first to rename wins.
    let partial = base.join(format!(".{}-{}", payload.key(), std::process::id()));
    let unpacked = unpack::into_folder(payload, &partial);
    let renamed = unpacked.and_then(|()| fs::rename(&partial, &folder).map_err(write));
    if renamed.is_err() {
        // What cannot be removed now is removed by the next start.
        drop(fs::remove_dir_all(&partial));
    }
    if folder.is_dir() {
        Ok(folder)
    } else {
        renamed.map(|()| folder)
    }
}

/// Whether the folder itself, not a link to one, belongs to this user and only to this user.
fn is_private(folder: &Path) -> io::Result<bool> {
    let data = fs::symlink_metadata(folder)?;
    Ok(data.is_dir() && Some(data.uid()) == user() && data.mode() & 0o022 == 0)
}

/// Removes what other versions left, except where one of their programs still runs.
pub(crate) fn remove_others(base: &Path, keep: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    let running = running_programs();
    for path in entries.flatten().map(|entry| entry.path()) {
        let partial_of_running =
            partial_owner(&path).is_some_and(|owner| Path::new("/proc").join(owner).exists());
        let in_use = running.iter().any(|program| program.starts_with(&path));
        if path != keep && !in_use && !partial_of_running {
            // Not being able to tidy up must not stop the application.
            drop(fs::remove_dir_all(&path));
        }
    }
}

/// The process that unpacks into a partial folder.
fn partial_owner(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_prefix('.')?;
    name.rsplit_once('-').map(|(_, owner)| owner.to_owned())
}

fn running_programs() -> Vec<PathBuf> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| fs::read_link(entry.path().join("exe")).ok())
        .collect()
}
