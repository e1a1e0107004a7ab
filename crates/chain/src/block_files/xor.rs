//! The key that obfuscates block and undo files, so that scanners find nothing in them.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use primitives::hash::to_hex;

use super::FileError;
use crate::disk::read_at_most;
use crate::random::random_u64;
use crate::store::sync_dir;

/// Name of the file that holds the key.
const KEY_FILE: &str = "xor.dat";
/// Name of that file while it is written: hidden, so that its directory counts as empty.
const UNFINISHED_KEY_FILE: &str = ".xor.dat.new";

/// Eight bytes that are combined with a file, again and again from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct XorKey([u8; 8]);

impl XorKey {
    /// A key that nobody can guess.
    pub(crate) fn random() -> Self {
        Self(random_u64().to_le_bytes())
    }

    /// The key of these bytes.
    pub(crate) const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub(crate) const fn bytes(self) -> [u8; 8] {
        self.0
    }

    /// Combines `bytes`, which lie at `offset` of a file, with the key; twice is not at all.
    pub fn apply(self, bytes: &mut [u8], offset: u64) {
        if self.0 == [0; 8] {
            return;
        }
        let mut key = self.0;
        key.rotate_left((offset % 8) as usize);
        let word = u64::from_ne_bytes(key);
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for chunk in words {
            *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
        }
        rest.iter_mut()
            .zip(key)
            .for_each(|(byte, key)| *byte ^= key);
    }
}

impl fmt::Display for XorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

/// Reads the key in `dir`. Where there is none, stores one: random for an empty directory if
/// `use_xor`, else zeros.
pub(crate) fn load_or_create(dir: &Path, use_xor: bool) -> Result<XorKey, FileError> {
    let path = dir.join(KEY_FILE);
    let key = match read_at_most(&path, 8) {
        Ok(bytes) => XorKey(
            bytes
                .try_into()
                .map_err(|_| FileError::BadKey(path.clone()))?,
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(dir, &path, use_xor).map_err(|e| FileError::io("write", &path, e))?
        }
        Err(error) => return Err(FileError::io("read", &path, error)),
    };
    if !use_xor && key != XorKey::default() {
        return Err(FileError::KeyInUse { key, path });
    }
    tracing::info!(
        target: "validation",
        "Using obfuscation key for blocksdir *.dat files ({}): '{key}'", dir.display()
    );
    Ok(key)
}

fn create(dir: &Path, path: &Path, use_xor: bool) -> io::Result<XorKey> {
    // Files that are there already were written without a key.
    let mut first_run = true;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        first_run &= hidden && entry.file_type()?.is_file();
    }
    let key = if use_xor && first_run {
        random_u64().to_le_bytes()
    } else {
        [0; 8]
    };
    // Under its own name only when it is whole: killed in between, the next start draws another.
    let unfinished = dir.join(UNFINISHED_KEY_FILE);
    let mut file = File::create(&unfinished)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_dir(dir)?;
    Ok(XorKey(key))
}
