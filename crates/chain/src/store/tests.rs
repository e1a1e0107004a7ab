use primitives::params::{Coin, Network};

use super::*;

fn open(dir: &Path) -> Store {
    let options = StoreOptions {
        kind: StoreKind::Index,
        cache_bytes: 1 << 20,
        buffer_bytes: 1 << 20,
        wipe: false,
    };
    Store::open(
        dir,
        ChainParams::get(Coin::Bitcoin, Network::Regtest),
        &options,
    )
    .unwrap()
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
