//! All files of a store, as a damaged disk may give them back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chain::fuzzing::{Rows, make_store, read_store};
use libfuzzer_sys::Corpus;
use primitives::params::{ChainParams, Coin, Network};
use tempfile::TempDir;

/// Bytes of a change.
const CHANGE: usize = 6;
/// Most changes of one input.
const MOST: usize = 4;

/// A store as it was made.
struct Sound {
    /// Where it is put together again for each input.
    dir: TempDir,
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// What it holds after each batch of its journal.
    held: Vec<Rows>,
}

fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Regtest)
}

static SOUND: LazyLock<Sound> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => TempDir::new_in(memory),
        false => TempDir::new(),
    };
    let dir = made.expect("a temporary directory can be made");
    let store = dir.path().join("store");
    let held = make_store(&store, params()).expect("a store can be made");
    let mut files = BTreeMap::new();
    collect(&store, &store, &mut files);
    // The engine panics on some files, which the store makes an error: only other panics are findings.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(std::panic::Location::file);
        if !place.is_some_and(|file| file.contains("registry")) {
            eprintln!("{info}");
        }
    }));
    Sound { dir, files, held }
});

/// All files below a directory, by their places in `root`.
fn collect(root: &Path, dir: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).expect("made just now") {
        let path = entry.expect("made just now").path();
        if path.is_dir() {
            collect(root, &path, files);
            continue;
        }
        let bytes = std::fs::read(&path).expect("made just now");
        let place = path.strip_prefix(root).expect("it lies below").to_owned();
        files.insert(place, bytes);
    }
}

/// One change of a file.
#[derive(Debug)]
enum Change {
    Bit(usize, u8),
    Byte(usize, u8),
    Cut(usize),
    Zeros(usize, usize),
    Gone,
}

impl Change {
    /// Reads a change of a file of that length.
    fn read(bytes: &[u8; CHANGE], len: usize) -> Self {
        let [_, kind, a, b, c, d] = *bytes;
        let at = usize::from(u16::from_le_bytes([a, b])) % len.max(1);
        match kind % 8 {
            0..3 => Self::Bit(at, c % 8),
            3 => Self::Byte(at, c),
            4 => Self::Cut(at),
            5 => Self::Zeros(at, usize::from(u16::from_le_bytes([c, d]))),
            6 => Self::Zeros(at / 512 * 512, 512),
            _ => Self::Gone,
        }
    }

    /// Makes the change; `None` where the file goes.
    fn apply(&self, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        match *self {
            Self::Bit(at, bit) => bytes
                .get_mut(at)
                .into_iter()
                .for_each(|byte| *byte ^= 1 << bit),
            Self::Byte(at, new) => bytes.get_mut(at).into_iter().for_each(|byte| *byte = new),
            Self::Cut(at) => bytes.truncate(at),
            Self::Zeros(at, count) => {
                bytes
                    .iter_mut()
                    .skip(at)
                    .take(count)
                    .for_each(|byte| *byte = 0);
            }
            Self::Gone => return None,
        }
        Some(bytes)
    }
}

/// A few changes to the files of a store.
pub(crate) fn store(data: &[u8]) -> Corpus {
    let sound = &*SOUND;
    let (changes, _) = data.as_chunks::<CHANGE>();
    if changes.is_empty() || changes.len() > MOST {
        return Corpus::Reject;
    }
    let mut files: BTreeMap<&PathBuf, Option<Vec<u8>>> = sound
        .files
        .iter()
        .map(|(path, bytes)| (path, Some(bytes.clone())))
        .collect();
    let names: Vec<&PathBuf> = sound.files.keys().collect();
    let mut made = Vec::new();
    for bytes in changes {
        let path = names[usize::from(bytes[0]) % names.len()];
        let Some(Some(old)) = files.remove(path) else {
            files.insert(path, None);
            continue;
        };
        // Space that is only reserved is of little interest.
        let used = old
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        let change = Change::read(bytes, used);
        files.insert(path, change.apply(old));
        made.push((path, change));
    }
    put(sound, &files);
    match read_store(&sound.dir.path().join("store"), params()) {
        Ok(rows) => {
            let last = sound.held.last().expect("there is one");
            let journal = |path: &Path| path.extension().is_some_and(|end| end == "jnl");
            let changes = made.iter().filter(|(path, _)| journal(path));
            let changes: Vec<&Change> = changes.map(|(_, change)| change).collect();
            // What came last may be missing where the writing of a journal looks as if it had stopped there, which no
            // single bit makes so.
            let may_lack = !matches!(changes.as_slice(), [] | [Change::Bit(..)]);
            assert!(
                rows == *last || (may_lack && sound.held.contains(&rows)),
                "{} other rows, unseen: {made:?}",
                rows.len()
            );
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    Corpus::Keep
}

/// Puts the files into an empty directory.
fn put(sound: &Sound, files: &BTreeMap<&PathBuf, Option<Vec<u8>>>) {
    let root = sound.dir.path().join("store");
    std::fs::remove_dir_all(&root).expect("the temporary directory can be written");
    for (path, bytes) in files {
        let path = root.join(path);
        let folder = path.parent().expect("it lies below the root");
        std::fs::create_dir_all(folder).expect("the temporary directory can be written");
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).expect("the temporary directory can be written");
        }
    }
}

/// Every kind of change to every file.
pub(crate) fn store_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let count = u8::try_from(SOUND.files.len()).unwrap_or(u8::MAX);
    for file in 0..count {
        for kind in [0, 3, 4, 5, 6, 7] {
            seeds.push(vec![file, kind, 40, 0, 5, 0]);
            seeds.push(vec![file, kind, 0xff, 0xfe, 1, 1]);
        }
        seeds.push(vec![
            file,
            7,
            0,
            0,
            0,
            0,
            file.wrapping_add(1),
            7,
            0,
            0,
            0,
            0,
        ]);
    }
    seeds
}
