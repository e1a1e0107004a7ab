use primitives::{Coin, Network};

use super::*;

fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Regtest)
}

fn new_file(dir: &Path) -> Database {
    let how = OpenOptions {
        create: true,
        ..OpenOptions::default()
    };
    Database::open(&dir.join("w").join(FILE_NAME), params(), how).unwrap()
}

#[test]
fn the_head_of_the_file_is_as_core_makes_it() {
    let dir = tempfile::tempdir().unwrap();
    drop(new_file(dir.path()));
    let file = std::fs::read(dir.path().join("w").join(FILE_NAME)).unwrap();
    assert_eq!(file[..16], *SQLITE_MAGIC);
    // user_version 0, application id the network's magic.
    assert_eq!(file[60..64], [0; 4]);
    assert_eq!(file[68..72], [0xfa, 0xbf, 0xb5, 0xda]);
    let mode =
        std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(dir.path().join("w")).unwrap());
    assert_eq!(mode & 0o77, 0, "others cannot look into the directory");
}

#[test]
fn prefixes_are_deleted_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut db = new_file(dir.path());
    let mut batch = Batch::default();
    for key in [&b"ab"[..], b"abc", b"ab\xff\xff", b"aa", b"ac"] {
        batch.put(key.to_vec(), b"x".to_vec());
    }
    db.commit(&batch).unwrap();
    let mut batch = Batch::default();
    batch.delete_prefix(b"ab".to_vec());
    db.commit(&batch).unwrap();
    let mut left = Vec::new();
    db.for_each(|key, _| left.push(key.to_vec())).unwrap();
    assert_eq!(left, [b"aa".to_vec(), b"ac".to_vec()]);
}

#[test]
fn another_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let db = new_file(dir.path());
    db.conn.execute_batch("PRAGMA user_version = 7").unwrap();
    drop(db);
    let file = dir.path().join("w").join(FILE_NAME);
    let error = Database::open(&file, params(), OpenOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "SQLiteDatabase: Unknown sqlite wallet schema version 7. Only version 0 is supported"
    );
}

#[test]
fn damaged_pages_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let mut db = new_file(dir.path());
    let mut batch = Batch::default();
    for i in 0..2000u32 {
        batch.put(i.to_be_bytes().to_vec(), vec![7; 100]);
    }
    db.commit(&batch).unwrap();
    drop(db);
    let file = dir.path().join("w").join(FILE_NAME);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0x55);
    std::fs::write(&file, &bytes).unwrap();
    let verified =
        Database::open(&file, params(), OpenOptions::default()).and_then(|db| db.verify());
    assert!(matches!(
        verified,
        Err(DbError::Damaged(_) | DbError::Sqlite { .. })
    ));
}

#[test]
fn a_forerunner_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let held = new_file(dir.path());
    let file = dir.path().join("w").join(FILE_NAME);
    let (started, waiting) = std::sync::mpsc::sync_channel(0);
    let opener = std::thread::spawn(move || {
        started.send(()).unwrap();
        let how = OpenOptions {
            wait: Duration::from_secs(10),
            ..OpenOptions::default()
        };
        Database::open(&file, params(), how).map(drop)
    });
    waiting.recv().unwrap();
    held.close().unwrap();
    opener.join().unwrap().unwrap();
}
