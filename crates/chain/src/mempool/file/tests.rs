use primitives::transaction::TxData;
use primitives::{OutPoint, Script, TxIn, TxOut};

use super::*;

const SCHEME: HashScheme = HashScheme::Bitcoin;

fn tx(tag: u8, script_bytes: usize) -> Arc<Tx> {
    let data = TxData {
        version: 2,
        inputs: vec![TxIn::unsigned(OutPoint::new(Txid([tag; 32]), 0), 0)],
        outputs: vec![TxOut {
            value: Amount::from_sat(1000),
            script_pubkey: Script::from(vec![0x6a; script_bytes]),
        }],
        lock_time: 0,
    };
    Arc::new(Tx::new(data, SCHEME))
}

fn snapshot() -> Snapshot {
    // One that is larger than what is read at once, between small ones.
    let txs = [(1, 20), (2, 3 * CHUNK), (3, 20)];
    let one = |(tag, size): (u8, usize)| SavedTx {
        tx: tx(tag, size),
        time: 1_700_000_000 + i64::from(tag),
        delta: Amount::from_sat(-i64::from(tag)),
    };
    let txs: Vec<SavedTx> = txs.into_iter().map(one).collect();
    let notes = SavedNotes {
        deltas: vec![(Txid([9; 32]), Amount::from_sat(77))],
        unbroadcast: vec![txs[0].tx.txid()],
    };
    Snapshot { txs, notes }
}

fn read(path: &Path) -> Result<Snapshot, MempoolFileError> {
    let mut file = MempoolFile::open(path, SCHEME)?;
    let mut txs = Vec::new();
    while let Some(saved) = file.next_tx()? {
        txs.push(saved);
    }
    let notes = file.notes()?;
    Ok(Snapshot { txs, notes })
}

#[test]
fn both_versions_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mempool.dat");
    let saved = snapshot();
    for plain in [true, false] {
        let size = saved.write(&path, plain).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, size);
        let raw = saved.txs[2].tx.to_bytes();
        let readable = bytes.windows(raw.len()).any(|part| part == raw);
        assert_eq!(readable, plain);
        assert!(!dir.path().join("mempool.dat.new").exists());
        let back = read(&path).unwrap();
        assert_eq!(format!("{back:?}"), format!("{saved:?}"));
    }
}

#[test]
fn a_damaged_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mempool.dat");
    snapshot().write(&path, true).unwrap();
    let whole = fs::read(&path).unwrap();
    for len in [0, 5, 12, 60, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(error, MempoolFileError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("mempool.dat"), "{error}");
    }
    // More than can be there is promised: nobody makes room for it.
    let mut lying = whole.clone();
    lying[8..16].fill(0xff);
    fs::write(&path, &lying).unwrap();
    read(&path).unwrap_err();
    let mut endless = whole[..16].to_vec();
    endless.extend([1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x01]);
    endless.resize(MAX_ITEM * 3, 0);
    fs::write(&path, &endless).unwrap();
    read(&path).unwrap_err();
    let mut later = whole;
    later[0] = 3;
    fs::write(&path, &later).unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(error.contains("has version 3"), "{error}");
    assert!(matches!(read(dir.path()), Err(MempoolFileError::NoFile(_))));
}
