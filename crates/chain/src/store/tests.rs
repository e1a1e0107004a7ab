use primitives::params::{Coin, Network};

use super::*;

const OPTIONS: StoreOptions = StoreOptions {
    kind: StoreKind::Index,
    cache_bytes: 1 << 20,
    buffer_bytes: 1 << 20,
    wipe: false,
};

fn open(dir: &Path) -> Store {
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    Store::open(dir, params, &OPTIONS).unwrap()
}

fn keys(rows: impl Iterator<Item = Result<KeyValue, StoreError>>) -> Vec<String> {
    rows.map(|row| String::from_utf8(row.unwrap().0.to_vec()).unwrap())
        .collect()
}

#[test]
fn batches_scans_and_snapshots() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut batch = Batch::new();
    assert!(batch.is_empty());
    for key in ["b2", "a1", "b1", "b3", "c1"] {
        batch.put(key.as_bytes(), b"x");
    }
    assert_eq!(batch.bytes(), 15);
    store.write(batch, Durability::Disk).unwrap();
    let before = store.snapshot();
    let mut batch = Batch::new();
    batch.remove(b"b2");
    batch.put(b"b4", b"y");
    store.write(batch, Durability::Process).unwrap();
    assert_eq!(keys(store.scan(b"b")), ["b1", "b3", "b4"]);
    assert_eq!(keys(before.scan(b"b")), ["b1", "b2", "b3"]);
    assert_eq!(keys(before.scan_from(b"b", b"b2")), ["b2", "b3"]);
    assert_eq!(before.get(b"b4").unwrap(), None);
    assert_eq!(store.get(b"b4").unwrap().as_deref(), Some(&b"y"[..]));
    assert!(store.contains(b"c1").unwrap() && !store.contains(b"c2").unwrap());
    drop((store, before));
    assert_eq!(
        keys(open(dir.path()).scan(b"")),
        ["a1", "b1", "b3", "b4", "c1"]
    );
}

#[test]
fn an_interrupted_wipe_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut batch = Batch::new();
    batch.put(b"a", b"x");
    store.write(batch, Durability::Disk).unwrap();
    drop(store);
    let marker = dir.path().join("bitq-store");
    let text = std::fs::read_to_string(&marker).unwrap();
    assert_eq!(
        text,
        format!(
            "bitq store\nformat=1\nchain=bitcoin regtest\ngenesis=0f9188f13cb7b2c71f2a335e3a4fc328bf\
             5beb436012afca590b1a11466e2206\nkind=index\nstate=ready\nversion={}\n",
            env!("CARGO_PKG_VERSION")
        )
    );
    std::fs::write(&marker, text.replace("state=ready", "state=wiping")).unwrap();
    // A part of the engine's files is gone already.
    std::fs::remove_file(dir.path().join("version")).unwrap();
    assert_eq!(keys(open(dir.path()).scan(b"")), [""; 0]);
}

#[test]
fn a_store_counts_once_it_is_prepared() {
    let dir = tempfile::tempdir().unwrap();
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let options = StoreOptions {
        kind: StoreKind::Index,
        cache_bytes: 1 << 20,
        buffer_bytes: 1 << 20,
        wipe: false,
    };
    let fill = |store: &Store, key: &str| {
        let mut batch = Batch::new();
        batch.put(key.as_bytes(), b"x");
        store.write(batch, Durability::Disk)
    };
    // Cut short in the midst of it.
    let cut = Store::open_prepared(dir.path(), params, &options, |store| {
        fill(store, "first")?;
        Err(store.bad_value("nothing"))
    });
    assert!(cut.is_err());
    // Cut short even earlier: the engine's own files are half made.
    for name in ["version", "keyspaces"] {
        let path = dir.path().join(name);
        std::fs::remove_file(&path)
            .or_else(|_| std::fs::remove_dir_all(&path))
            .unwrap();
    }
    let store =
        Store::open_prepared(dir.path(), params, &options, |store| fill(store, "second")).unwrap();
    assert_eq!(keys(store.scan(b"")), ["second"]);
    drop(store);
    let store =
        Store::open_prepared(dir.path(), params, &options, |store| fill(store, "third")).unwrap();
    assert_eq!(keys(store.scan(b"")), ["second"]);
    drop(store);
    // A store that was made is never taken for one that was not.
    std::fs::remove_file(dir.path().join("version")).unwrap();
    let error = Store::open(dir.path(), params, &options).unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
}

/// The files of the engine whose names end so, in order.
fn engine_files(dir: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(end));
    files.sort();
    files
}

fn put(store: &Store, key: &str, value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(key.as_bytes(), value);
    store.write(batch, Durability::Disk).unwrap();
}

fn open_error(dir: &Path) -> StoreError {
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    Store::open(dir, params, &OPTIONS).unwrap_err()
}

#[test]
fn a_batch_that_was_not_written_to_its_end_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, "a", b"1");
    put(&store, "b", b"2");
    drop(store);
    let journal = &engine_files(dir.path(), ".jnl")[0];
    let whole = std::fs::read(journal).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for cut in [end - 1, end - 3, end - 20] {
        // Cut off, or reserved and never written.
        for rest in [0, 500] {
            let mut torn = whole[..cut].to_vec();
            torn.resize(cut + rest, 0);
            std::fs::write(journal, torn).unwrap();
            assert_eq!(keys(open(dir.path()).scan(b"")), ["a"]);
        }
    }
    std::fs::write(journal, &whole[..end - 1]).unwrap();
    let store = open(dir.path());
    put(&store, "c", b"3");
    drop(store);
    assert_eq!(keys(open(dir.path()).scan(b"")), ["a", "c"]);
}

/// A journal with three batches, and where each ends; the last one is long.
fn three_batches(dir: &Path) -> (PathBuf, Vec<u8>, [usize; 3]) {
    let store = open(dir);
    put(&store, "a", b"1");
    put(&store, "b", b"2");
    let long: Vec<u8> = (0..3000_u32).map(|n| n.to_le_bytes()[0] | 1).collect();
    put(&store, "c", &long);
    drop(store);
    let path = engine_files(dir, ".jnl").remove(0);
    let whole = std::fs::read(&path).unwrap();
    let ends = whole.windows(4).enumerate();
    let ends = ends.filter(|(_, bytes)| *bytes == b"FJL\x03");
    let ends: Vec<usize> = ends.map(|(at, _)| at + 4).collect();
    let last = ends.len() - 3;
    let end = ends[last..].try_into().unwrap();
    (path, whole, end)
}

/// What a look at a journal finds: bytes that are whole, and what lies behind them.
fn look(path: &Path, bytes: &[u8]) -> Option<(usize, journal::Rest)> {
    std::fs::write(path, bytes).unwrap();
    let file = std::fs::File::open(path).unwrap();
    let end = journal::read(&file, &mut journal::Runs::default()).ok()?;
    Some((usize::try_from(end.bytes).unwrap(), end.rest))
}

#[test]
fn wherever_the_writing_stops_what_is_whole_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (path, whole, [_, start, end]) = three_batches(dir.path());
    let mut noise = 1_u32;
    let mut noise = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.to_be_bytes()[0]
    };
    let torn = Some((start, journal::Rest::Torn));
    for cut in start + 1..end {
        // Nothing behind it, space that was only reserved, or what was there before.
        let mut bytes = whole[..cut].to_vec();
        assert_eq!(look(&path, &bytes), torn, "{cut}");
        bytes.resize(cut + 700, 0);
        assert_eq!(look(&path, &bytes), torn, "{cut}, then zeros");
        bytes[cut..].iter_mut().for_each(|byte| *byte = noise());
        assert_eq!(look(&path, &bytes), torn, "{cut}, then noise");
        // Batches of a file that is gone are older than those before them.
        bytes.truncate(cut);
        bytes.extend(&whole[..start]);
        bytes.resize(bytes.len() + 99, 7);
        // Their first byte is the last one of a batch but for one bit, and where one of them ends just
        // where the new one would have, it looks like that one.
        let ends = whole[..start].windows(4).zip(4..);
        let mut ends = ends.filter(|(bytes, _)| *bytes == b"FJL\x03");
        if cut < end - 1 && ends.all(|(_, old)| cut + old != end) {
            assert_eq!(look(&path, &bytes), torn, "{cut}, then old batches");
        }
    }
    // A loss of power leaves out whole pieces, whatever lies behind them.
    for piece in (start / 512..end / 512).map(|piece| (piece * 512).max(start)) {
        let mut bytes = whole.clone();
        let until = (piece / 512 + 1) * 512;
        bytes[piece..until].fill(0);
        let found = look(&path, &bytes).unwrap();
        if until - piece >= 2 {
            assert_eq!(found, (start, journal::Rest::Torn), "{piece}");
        }
    }
    std::fs::write(&path, &whole[..end - 100]).unwrap();
    assert_eq!(keys(open(dir.path()).scan(b"")), ["a", "b"]);
}

#[test]
fn a_piece_that_is_left_out_may_be_short() {
    for short in [1, 2, 3, 15] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        put(&store, "a", b"1");
        let path = engine_files(dir.path(), ".jnl").remove(0);
        let end = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let before = end(&std::fs::read(&path).unwrap());
        put(&store, "b", b"");
        let empty = end(&std::fs::read(&path).unwrap()) - before;
        // The batch after the next begins so many bytes before a piece ends.
        let room = 1024 - short - before - 2 * empty;
        put(&store, "c", &vec![7; room]);
        put(&store, "d", &[7; 2000]);
        drop(store);
        let whole = std::fs::read(&path).unwrap();
        let start = 1024 - short;
        assert_eq!(whole[start - 1..=start], [3, 1], "a batch begins here");
        let mut bytes = whole.clone();
        bytes[start..1024].fill(0);
        let rest = match short {
            // A single bit may have made it so.
            1 => journal::Rest::Damaged,
            _ => journal::Rest::Torn,
        };
        assert_eq!(look(&path, &bytes), Some((start, rest)), "{short}");
    }
}

#[test]
fn no_bit_of_a_journal_can_change_unseen() {
    let dir = tempfile::tempdir().unwrap();
    let (path, whole, [_, start, end]) = three_batches(dir.path());
    // Of the long value, some bits.
    let bytes = (0..start + 100).chain((start + 100..end - 60).step_by(61));
    for at in bytes.chain(end - 60..end) {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            match look(&path, &damaged) {
                // Numbers are compared with those of the tables later.
                None | Some((_, journal::Rest::Damaged)) => {}
                Some(found) => assert_eq!(found, (end, journal::Rest::Empty), "{at}, {bit}"),
            }
        }
    }
    for at in [start - 20, end - 200, end - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 4;
        std::fs::write(&path, &damaged).unwrap();
        for _ in 0..2 {
            let error = open_error(dir.path()).to_string();
            assert!(error.contains(path.to_str().unwrap()), "{error}");
            assert!(error.contains("-reindex"), "{error}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), damaged);
    }
    std::fs::write(&path, whole).unwrap();
    assert_eq!(keys(open(dir.path()).scan(b"")), ["a", "b", "c"]);
}

#[test]
fn a_journal_that_is_gone_or_cut_leaves_no_hole() {
    let dir = tempfile::tempdir().unwrap();
    two_journals(dir.path());
    assert_eq!(keys(open(dir.path()).scan(b"")), ["a", "b", "c"]);
    // What came last may be missing, but nothing before it.
    let dir = tempfile::tempdir().unwrap();
    let [_, newer] = two_journals(dir.path());
    std::fs::remove_file(newer).unwrap();
    assert_eq!(keys(open(dir.path()).scan(b"")), ["a", "b"]);
    for damage in [0, 1, 2] {
        let dir = tempfile::tempdir().unwrap();
        let [older, newer] = two_journals(dir.path());
        let bytes = std::fs::read(&older).unwrap();
        match damage {
            0 => std::fs::remove_file(&older).unwrap(),
            1 => std::fs::write(&older, &bytes[..bytes.len() - 1]).unwrap(),
            _ => std::fs::write(&older, b"").unwrap(),
        }
        let named = if damage == 1 { &older } else { &newer };
        for _ in 0..2 {
            let error = open_error(dir.path()).to_string();
            assert!(error.contains(named.to_str().unwrap()), "{error}");
            assert!(error.contains("-reindex"), "{error}");
        }
    }
}

#[test]
fn a_store_without_any_journal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let rows = [("a", "1"), ("b", "2")];
    let rows = rows.map(|(key, value)| (key.into(), Some(value.into())));
    store.ingest(rows.into_iter()).unwrap();
    drop(store);
    for journal in engine_files(dir.path(), ".jnl") {
        std::fs::remove_file(journal).unwrap();
    }
    for _ in 0..2 {
        let error = open_error(dir.path()).to_string();
        assert!(error.contains("journal is missing"), "{error}");
        assert!(error.contains("-reindex"), "{error}");
    }
}

#[test]
fn a_table_without_its_manifest_is_not_deleted() {
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path()), "a", b"1");
    for table in ["0", "1"] {
        let current = dir.path().join("keyspaces").join(table).join("current");
        let bytes = std::fs::read(&current).unwrap();
        std::fs::remove_file(&current).unwrap();
        let error = open_error(dir.path()).to_string();
        assert!(error.contains(current.to_str().unwrap()), "{error}");
        std::fs::write(&current, bytes).unwrap();
    }
    // The file that is only there to be locked comes back by itself.
    std::fs::remove_file(dir.path().join("lock")).unwrap();
    assert_eq!(keys(open(dir.path()).scan(b"")), ["a"]);
}

/// A store whose changes lie in two journals and in no table, as where the process ended before the older one was
/// written out.
fn two_journals(dir: &Path) -> [PathBuf; 2] {
    let store = open(dir);
    for key in ["a", "b", "c"] {
        put(&store, key, b"1");
    }
    drop(store);
    let older = engine_files(dir, ".jnl").remove(0);
    let whole = std::fs::read(&older).unwrap();
    let name = NUMBER_KEY.len();
    let last = whole
        .windows(name)
        .rposition(|bytes| bytes == NUMBER_KEY)
        .unwrap();
    // Before the key stand the heads of its change and of the batch.
    let start = last - 21 - 13;
    let newer = older.with_file_name("7.jnl");
    std::fs::write(&newer, &whole[start..]).unwrap();
    std::fs::write(&older, &whole[..start]).unwrap();
    [older, newer]
}
