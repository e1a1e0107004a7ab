//! The file that says whose a store's directory is. It is written before anything else lies there
//! and checked before the engine touches a file.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use primitives::ChainParams;

use super::{StoreError, StoreKind};
use crate::disk::read_at_most;

/// Newest format of the directories that this version knows.
pub const FORMAT: u32 = 1;
/// Version of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Name of the marker.
const MARKER: &str = "bitq-store";
/// Name of the marker while it is written.
const UNFINISHED: &str = "bitq-store.new";
/// First line of a marker.
const TITLE: &str = "bitq store";
/// No marker is longer, of whatever format.
const MAX_MARKER_BYTES: u64 = 64 << 10;

/// What a marker says.
struct Marker {
    format: u32,
    chain: String,
    genesis: String,
    /// The rest of the directory is being deleted or made anew: nothing in it counts yet.
    wiping: bool,
    /// Which version of the program wrote it, where that is said.
    version: String,
}

/// What lies in a directory of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// A store.
    Ready,
    /// Nothing: a store is to be made, and [`finish`] to be called then.
    Empty,
}

impl Marker {
    fn of(params: &ChainParams, wiping: bool) -> Self {
        Self {
            format: FORMAT,
            chain: format!("{} {}", params.coin, params.network),
            genesis: params.genesis.hash.to_string(),
            wiping,
            version: VERSION.to_owned(),
        }
    }
}

/// Says that the store in `path` is made, and will be kept from now on.
pub(super) fn finish(path: &Path, params: &ChainParams, kind: StoreKind) -> Result<(), StoreError> {
    write(path, kind, &Marker::of(params, false))
}

/// Makes sure that `path` is a directory of ours, for this network; deletes what it holds if `wipe`
/// or where an earlier start was cut short before it called [`finish`].
pub(super) fn claim(
    path: &Path,
    params: &ChainParams,
    kind: StoreKind,
    wipe: bool,
) -> Result<Claim, StoreError> {
    fs::create_dir_all(path).map_err(|source| file("create", path, source))?;
    let expected = Marker::of(params, true);
    let marker = match read(path, kind) {
        // Whose it was cannot be told any more, and all of it is to go.
        Err(StoreError::BadMarker(_)) if wipe => Some(Marker::of(params, true)),
        marker => marker?,
    };
    if let Some(found) = &marker
        && (found.chain != expected.chain || found.genesis != expected.genesis)
    {
        let found = found.chain.clone();
        return Err(StoreError::WrongChain {
            path: path.into(),
            found,
            expected: expected.chain,
        });
    }
    match marker {
        None => {
            check_empty(path)?;
            write(path, kind, &expected)?;
            Ok(Claim::Empty)
        }
        Some(found) if found.format > FORMAT => Err(too_new(path, found)),
        // A crash may have left half of it.
        Some(found) if wipe || found.wiping => {
            write(path, kind, &expected)?;
            delete_contents(path)?;
            Ok(Claim::Empty)
        }
        Some(_) => Ok(Claim::Ready),
    }
}

/// Refuses a directory that a newer version wrote, before anything else is done with it.
pub(crate) fn refuse_newer(path: &Path, kind: StoreKind) -> Result<(), StoreError> {
    match read(path, kind) {
        Ok(Some(found)) if found.format > FORMAT => Err(too_new(path, found)),
        // All else is told where it is opened.
        _ => Ok(()),
    }
}

fn too_new(path: &Path, found: Marker) -> StoreError {
    StoreError::TooNew {
        path: path.into(),
        writer: found.version,
        found: found.format,
        version: VERSION,
        known: FORMAT,
    }
}

fn file(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::File {
        action,
        path: path.to_owned(),
        source,
    }
}

fn read(path: &Path, kind: StoreKind) -> Result<Option<Marker>, StoreError> {
    let path = path.join(MARKER);
    let text = match read_at_most(&path, MAX_MARKER_BYTES) {
        Ok(bytes) if bytes.len() as u64 > MAX_MARKER_BYTES => {
            return Err(StoreError::BadMarker(path));
        }
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| StoreError::BadMarker(path.clone()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(file("read", &path, source)),
    };
    parse(&text, kind)
        .map(Some)
        .ok_or(StoreError::BadMarker(path))
}

/// Whether a text is a marker that can be understood.
pub(crate) fn is_marker(text: &str) -> bool {
    parse(text, StoreKind::Coins).is_some()
}

fn parse(text: &str, kind: StoreKind) -> Option<Marker> {
    let mut lines = text.lines();
    (lines.next()? == TITLE).then_some(())?;
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix('=');
    let format = field("format")?.parse().ok()?;
    // Only the first lines have the same meaning in every format.
    let chain = field("chain")?.to_owned();
    let genesis = field("genesis")?.to_owned();
    if format <= FORMAT && field("kind")? != kind.name() {
        return None;
    }
    let wiping = format <= FORMAT && field("state")? == "wiping";
    // Wherever it stands, so that a newer format may have other lines before it.
    let version = text.lines().find_map(|line| line.strip_prefix("version="));
    Some(Marker {
        format,
        chain,
        genesis,
        wiping,
        version: version.unwrap_or("of an unknown version").to_owned(),
    })
}

fn write(path: &Path, kind: StoreKind, marker: &Marker) -> Result<(), StoreError> {
    let text = format!(
        "{TITLE}\nformat={}\nchain={}\ngenesis={}\nkind={}\nstate={}\nversion={}\n",
        marker.format,
        marker.chain,
        marker.genesis,
        kind.name(),
        if marker.wiping { "wiping" } else { "ready" },
        marker.version,
    );
    let (unfinished, finished) = (path.join(UNFINISHED), path.join(MARKER));
    let write = || {
        let mut file = fs::File::create(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &finished)?;
        sync_dir(path)
    };
    write().map_err(|source| file("write", &finished, source))
}

/// Makes new names in a directory durable, where the system can.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(path)?.sync_all()
    } else {
        Ok(())
    }
}

/// The names in a directory, without those of the marker and of hidden files.
fn contents(path: &Path) -> Result<Vec<String>, StoreError> {
    let entries = fs::read_dir(path).map_err(|source| file("read", path, source))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| file("read", path, source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != MARKER && name != UNFINISHED && !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

fn check_empty(path: &Path) -> Result<(), StoreError> {
    let names = contents(path)?;
    if names
        .iter()
        .any(|name| name == "CURRENT" || name.starts_with("MANIFEST-"))
    {
        Err(StoreError::Foreign(path.to_owned()))
    } else if names.is_empty() {
        Ok(())
    } else {
        Err(StoreError::NotEmpty(path.to_owned()))
    }
}

fn delete_contents(path: &Path) -> Result<(), StoreError> {
    for name in contents(path)? {
        let entry = path.join(name);
        let delete = || {
            if fs::symlink_metadata(&entry)?.is_dir() {
                fs::remove_dir_all(&entry)
            } else {
                fs::remove_file(&entry)
            }
        };
        delete().map_err(|source| file("delete", &entry, source))?;
    }
    Ok(())
}
