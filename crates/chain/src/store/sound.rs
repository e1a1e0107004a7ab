//! Looks at the engine's files before the engine does, which takes some of them as they come.
//!
//! Of a manifest it checks no sum, and it deletes a table without the file that names its manifest. Of a journal the
//! sums leave the order of the batches out, and what cannot be read is cut off with all that follows: where the newest
//! journal was being written that is right, anywhere else changes would be lost. So each batch carries a number.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use super::StoreError;
use super::journal::{self, Rest, Runs};

/// The file whose lock keeps other processes away. It holds nothing.
const LOCK: &str = "lock";
/// The directory of the tables.
const TABLES: &str = "keyspaces";
/// The file that names a table's manifest, in this form: number, checksum, kind of the checksum.
const CURRENT: &str = "current";
const CURRENT_BYTES: usize = 8 + 16 + 1;
/// No manifest is longer than this, in bytes.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;

fn file(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::File {
        action,
        path: path.to_owned(),
        source,
    }
}

fn bad(path: PathBuf, what: &'static str) -> StoreError {
    StoreError::BadFile { path, what }
}

/// Makes sure that the engine may open the store in `path`; gives what its journals hold.
pub(super) fn check(path: &Path) -> Result<Journals, StoreError> {
    let lock = path.join(LOCK);
    let mut options = OpenOptions::new();
    let made = options.create(true).truncate(false).write(true).open(&lock);
    made.map_err(|error| file("open", &lock, error))?;
    let mut own = false;
    let tables = path.join(TABLES);
    for entry in entries(&tables)? {
        let is_table = entry.is_dir();
        own |= is_table && entry.file_name().is_some_and(|name| name != "0");
        if is_table {
            check_manifest(&entry)?;
        }
    }
    // The first table is the engine's own, with the names of the others.
    let names = tables.join("0");
    if !names.is_dir() || !own {
        return Err(bad(tables, "a table is missing"));
    }
    check_journals(path)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let read = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => bad(dir.to_owned(), "it is missing"),
        _ => file("read", dir, error),
    };
    let entries = fs::read_dir(dir).map_err(read)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<Result<_, _>>().map_err(read)
}

/// Compares a table's manifest with the sum that was stored beside it.
pub(crate) fn check_manifest(table: &Path) -> Result<(), StoreError> {
    let current = table.join(CURRENT);
    let read = |path: &Path| -> Result<Vec<u8>, StoreError> {
        let absent = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => bad(path.to_owned(), "it is missing"),
            _ => file("read", path, error),
        };
        let size = path.metadata().map_err(absent)?.len();
        if size > MAX_MANIFEST_BYTES {
            return Err(bad(path.to_owned(), "it is too long"));
        }
        fs::read(path).map_err(absent)
    };
    let bytes = read(&current)?;
    let Ok(bytes) = <[u8; CURRENT_BYTES]>::try_from(bytes) else {
        return Err(bad(current, "it has a wrong length"));
    };
    let (number, sum) = bytes.split_at(8);
    let number: [u8; 8] = number.try_into().expect("cut off just now");
    let manifest = table.join(format!("v{}", u64::from_le_bytes(number)));
    let found = xxh3_128(&read(&manifest)?).to_le_bytes();
    // The last byte says how the sum is made; there is one way.
    if sum == [&found[..], &[0]].concat() {
        Ok(())
    } else {
        let what = "its checksum is not the one in the file current beside it";
        Err(bad(manifest, what))
    }
}

/// What the journals of a store hold.
#[derive(Debug, Default)]
pub(super) struct Journals {
    runs: Runs,
    /// How many there are.
    pub(super) count: usize,
    newest: PathBuf,
}

impl Journals {
    /// Makes sure that journals and tables follow on each other: the tables hold changes up to the sequence number
    /// `persisted`, and the batch that was number `number`.
    pub(super) fn check_order(
        &self,
        persisted: Option<u64>,
        number: Option<u64>,
    ) -> Result<(), StoreError> {
        if self.runs.follow(persisted, number.unwrap_or(0)) {
            Ok(())
        } else {
            let what = "changes before those in it are missing";
            Err(bad(self.newest.clone(), what))
        }
    }
}

fn check_journals(path: &Path) -> Result<Journals, StoreError> {
    let mut numbers = Vec::new();
    for entry in entries(path)? {
        let name = entry.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(".jnl"));
        if let Some(number) = number.and_then(|number| number.parse::<u64>().ok()) {
            numbers.push((number, entry));
        }
    }
    if numbers.is_empty() {
        // The engine would begin to count anew, and show nothing of what the tables hold.
        return Err(bad(path.to_owned(), "its journal is missing"));
    }
    numbers.sort_unstable();
    let count = numbers.len();
    let mut journals = Journals {
        count,
        ..Journals::default()
    };
    for (at, (_, path)) in (1..).zip(numbers) {
        let opened = File::open(&path).map_err(|error| file("open", &path, error))?;
        let end = journal::read(&opened, &mut journals.runs);
        let end = end.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => bad(path.clone(), "its batches are out of order"),
            _ => file("read", &path, error),
        })?;
        match end.rest {
            Rest::Empty => {}
            Rest::Torn if at == count => {
                tracing::info!(
                    target: "validation", "{} is cut to {} bytes: its last change is not whole",
                    path.display(), end.bytes
                );
                let cut = OpenOptions::new().write(true).open(&path);
                cut.and_then(|file| file.set_len(end.bytes).and_then(|()| file.sync_all()))
                    .map_err(|error| file("write to", &path, error))?;
            }
            Rest::Torn => return Err(bad(path, "a change in it is not whole")),
            Rest::Damaged => {
                return Err(bad(path, "a change in it is not as it was written"));
            }
        }
        journals.newest = path;
    }
    Ok(journals)
}
