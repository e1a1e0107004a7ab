//! Copies of wallet files, which may come from anywhere.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::DbError;

/// Free bytes that a copy leaves on the disk.
const MARGIN: u64 = 50 << 20;

/// Copies a wallet file and waits until it is on the disk. A file for which there is no room is refused before anything
/// is written, and what is added to it meanwhile is left out.
///
/// # Errors
/// [`DbError::NoRoom`], [`DbError::Io`].
pub fn copy_file(from: &Path, to: &Path) -> Result<(), DbError> {
    let failed = |path: &Path, source: io::Error| DbError::Io {
        path: path.to_owned(),
        source,
    };
    let source = File::open(from).map_err(|error| failed(from, error))?;
    let size = source
        .metadata()
        .map_err(|error| failed(from, error))?
        .len();
    // A disk that does not tell is no reason to refuse.
    if let Ok(free) = common::datadir::free_space(to)
        && size.saturating_add(MARGIN) > free
    {
        return Err(DbError::NoRoom {
            path: from.to_owned(),
            need: size >> 20,
            free: free >> 20,
        });
    }
    let mut target = File::create(to).map_err(|error| failed(to, error))?;
    io::copy(&mut source.take(size), &mut target)
        .and_then(|_| target.sync_all())
        .map_err(|error| failed(to, error))
}
