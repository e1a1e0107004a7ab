//! What stands in the file, and what happens to damaged and foreign ones.

use primitives::hash::{from_hex, to_hex};

use super::*;
use crate::db::record;
use crate::transaction::{TxState, WalletTx};

fn rows(f: &Fixture) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    f.wallet
        .db()
        .for_each(|key, value| rows.push((key.to_vec(), value.to_vec())))
        .unwrap();
    rows
}

fn count(rows: &[(Vec<u8>, Vec<u8>)], name: &str) -> usize {
    rows.iter()
        .filter(|(key, _)| key::split(key).is_some_and(|(n, _)| n == name))
        .count()
}

#[test]
fn a_new_wallet_holds_what_a_new_wallet_of_core_holds() {
    let f = Fixture::new(Coin::Bitcoin);
    let rows = rows(&f);
    for (name, number) in [
        (key::DESCRIPTOR, 8),
        (key::DESCRIPTOR_KEY, 8),
        (key::DESCRIPTOR_CACHE, 8),
        (key::DESCRIPTOR_LH_CACHE, 8),
        (key::ACTIVE_EXTERNAL, 4),
        (key::ACTIVE_INTERNAL, 4),
        (key::FLAGS, 1),
        (key::VERSION, 1),
        (key::BEST_BLOCK, 1),
        (key::BEST_BLOCK_NOMERKLE, 1),
    ] {
        assert_eq!(count(&rows, name), number, "{name}");
    }
    let flags = f
        .wallet
        .db()
        .read(&key::named(key::FLAGS))
        .unwrap()
        .unwrap();
    assert_eq!(to_hex(&flags), "0400000004000000");
    let texts: Vec<String> = f
        .wallet
        .list_descriptors(false)
        .unwrap()
        .into_iter()
        .map(|d| d.text)
        .collect();
    for path in ["/44h/1h/0h]", "/49h/1h/0h]", "/84h/1h/0h]", "/86h/1h/0h]"] {
        assert_eq!(
            texts.iter().filter(|text| text.contains(path)).count(),
            2,
            "{path}"
        );
    }
}

/// Bytes derived by hand from the serialisation in Core's `walletdb.cpp`, `walletutil.h`,
/// `transaction.h`, `crypter.h` and `key.cpp`.
#[test]
fn records_are_written_byte_for_byte_as_core_does() {
    let hex = |bytes: &[u8]| to_hex(bytes);
    let id = [0xab; 32];
    let ab = "ab".repeat(32);
    assert_eq!(hex(&key::named(key::FLAGS)), "05666c616773");
    assert_eq!(
        hex(&key::descriptor(&id)),
        format!("1077616c6c657464657363726970746f72{ab}")
    );
    assert_eq!(
        hex(&key::derived_cache(&id, 1, 258)),
        format!("1577616c6c657464657363726970746f726361636865{ab}0100000002010000")
    );
    assert_eq!(
        hex(&key::last_hardened_cache(&id, 0)),
        format!("1777616c6c657464657363726970746f726c686361636865{ab}00000000")
    );
    assert_eq!(
        hex(&key::active(OutputType::Bech32m, false)),
        "1161637469766565787465726e616c73706b03"
    );
    assert_eq!(
        hex(&key::active(OutputType::Legacy, true)),
        "11616374697665696e7465726e616c73706b00"
    );
    assert_eq!(hex(&key::master_key(1)), "046d6b657901000000");
    let place = OutPoint::new(Txid([2; 32]), 5);
    assert_eq!(
        hex(&key::locked_utxo(&place)),
        format!("0a6c6f636b65647574786f{}05000000", "02".repeat(32))
    );
    assert_eq!(
        hex(&key::dest_data("ab", "rr1")),
        "0864657374646174610261620372 7231".replace(' ', "")
    );
    assert_eq!(
        hex(&record::locator(&[BlockHash([3; 32])])),
        format!("8011010001{}", "03".repeat(32))
    );
    let descriptor = record::DescriptorRecord {
        text: "abc".into(),
        created: 7,
        next_index: 2,
        range_start: 0,
        range_end: 1000,
    };
    assert_eq!(
        hex(&descriptor.encode()),
        "0361626307000000000000000200000000000000e8030000"
    );
    let mkey = record::MasterKeyRecord {
        crypted: vec![1; 2],
        salt: vec![2; 8],
        method: 0,
        iterations: 25_000,
        other: Vec::new(),
    };
    assert_eq!(
        hex(&mkey.encode()),
        "020101080202020202020202 00000000a861000000".replace(' ', "")
    );
}

#[test]
fn private_keys_are_written_as_openssl_did() {
    let secret = secp256k1::SecretKey::from_secret_bytes([1; 32]).unwrap();
    let public = secret.public_key().serialize();
    let value = record::private_key(&secret, &public);
    // Length, key of 214 bytes, hash of 32.
    assert_eq!(value.len(), 1 + 214 + 32);
    let expected = format!(
        "d63081d30201010420{}a08185308182020101302c06072a8648ce3d0101022100{}fffffffefffffc2f30060401000401070421\
         0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798022100fffffffffffffffffffffffffffffffebaae\
         dce6af48a03bbfd25e8cd0364141020101a124032200{}",
        "01".repeat(32),
        "ff".repeat(24),
        to_hex(&public),
    );
    assert_eq!(to_hex(&value[..215]), expected);
    assert_eq!(record::read_private_key(&value, &public).unwrap(), secret);
    let mut damaged = value;
    damaged[20] ^= 1;
    assert!(record::read_private_key(&damaged, &public).is_err());
}

#[test]
fn transactions_are_written_as_core_does() {
    let data = TxData {
        version: 1,
        inputs: Vec::new(),
        outputs: vec![TxOut {
            value: Amount::from_sat(1),
            script_pubkey: Script::new(),
        }],
        lock_time: 0,
    };
    let tx = Arc::new(Tx::new(data, primitives::HashScheme::Bitcoin));
    let mut wtx = WalletTx::new(tx, TxState::Inactive { abandoned: true });
    wtx.time_received = 0x0102_0304;
    wtx.time_smart = 9;
    wtx.order_pos = 3;
    wtx.comment = Some("hi".into());
    let expected = [
        "01000000000101000000000000000000000000", // the transaction: no input, one output
        "0100000000000000000000000000000000000000000000000000000000000000", // abandoned
        "00ffffffff00",                           // no branch, index -1, nothing before
        "04",                                     // four texts, in order
        "07636f6d6d656e74026869",                 // comment
        "0b66726f6d6163636f756e7400",             // fromaccount
        "016e0133",                               // n
        "0974696d65736d6172740139",               // timesmart
        "00",                                     // no messages
        "00000000",
        "04030201",
        "0000",
    ];
    assert_eq!(to_hex(&wtx.encode()), expected.concat());
    let state = |hex: &str| {
        let bytes = from_hex(hex).unwrap();
        bytes.len()
    };
    assert_eq!(state(&expected.concat()), wtx.encode().len());
}

#[test]
fn everything_is_there_after_a_restart() {
    let mut f = Fixture::new(Coin::Smithcoin);
    let request = f
        .wallet
        .request_payment(None, "Rent", Some(coins(2)), "May", NOW)
        .unwrap();
    let gift = f.gift(&[request.to_script()], coins(2));
    f.mine(vec![gift]);
    f.mine_empty(3);
    f.wallet.set_label(&stranger(), "Baker").unwrap();
    let before = (
        f.balances(),
        f.wallet.page(&ipc_schema::TxQuery::default()),
        f.wallet.locator(),
    );
    let next = f.address(OutputType::Bech32);
    let addresses = f.wallet.addresses().clone();
    let mut f = f.reopen();
    let after = (
        f.balances(),
        f.wallet.page(&ipc_schema::TxQuery::default()),
        f.wallet.locator(),
    );
    assert_eq!(before, after);
    assert_eq!(*f.wallet.addresses(), addresses);
    assert_ne!(f.address(OutputType::Bech32), next);
    let stored = &f.wallet.addresses()[&request].requests["1"];
    let stored = ReceiveRequest::decode(stored).unwrap();
    assert_eq!((stored.amount, stored.message.as_str()), (coins(2), "May"));
    assert_eq!(f.wallet.label_of(&stranger()), "Baker");
}

#[test]
fn a_request_is_removed_for_good_and_its_address_stays() {
    let mut f = Fixture::new(Coin::Smithcoin);
    let request = f
        .wallet
        .request_payment(None, "Rent", Some(coins(2)), "May", NOW)
        .unwrap();
    f.wallet.remove_requests(&request).unwrap();
    assert!(f.wallet.addresses()[&request].requests.is_empty());
    let mut f = f.reopen();
    assert!(f.wallet.addresses()[&request].requests.is_empty());
    assert_eq!(f.wallet.label_of(&request), "Rent");
    assert!(f.wallet.is_mine(&request.to_script()));
    // There is nothing left to remove, here or at an address of somebody else.
    f.wallet.remove_requests(&request).unwrap_err();
    f.wallet.remove_requests(&stranger()).unwrap_err();
}

#[test]
fn unknown_records_are_kept() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let odd = (b"\x07unknown\x01".to_vec(), b"value".to_vec());
    f.wallet
        .transact(|this| {
            this.batch.put(odd.0.clone(), odd.1.clone());
            Ok(())
        })
        .unwrap();
    let f = f.reopen();
    assert!(rows(&f).contains(&odd));
}

#[test]
fn encryption_hides_every_key_and_survives_a_restart() {
    for coin in Coin::ALL {
        let mut f = Fixture::new(coin);
        let script = f.address(OutputType::P2shSegwit).to_script();
        let keys_before = f.wallet.list_descriptors(true).unwrap();
        f.wallet.encrypt(b"pass one", NOW).unwrap();
        assert!(f.wallet.is_locked());
        assert!(matches!(
            f.wallet.list_descriptors(true),
            Err(WalletError::Locked)
        ));
        let mut f = f.reopen();
        let found = rows(&f);
        assert_eq!(count(&found, key::DESCRIPTOR_KEY), 0, "{coin}");
        assert_eq!(count(&found, key::DESCRIPTOR_CKEY), 16, "{coin}");
        assert_eq!(count(&found, key::MASTER_KEY), 1);
        f.wallet
            .change_passphrase(b"pass one", b"pass two")
            .unwrap();
        assert!(f.wallet.is_locked());
        assert!(f.wallet.unlock(b"pass one", NOW + 1).is_err());
        f.wallet.unlock(b"pass two", NOW + 1).unwrap();
        let after: Vec<String> = f
            .wallet
            .list_descriptors(true)
            .unwrap()
            .into_iter()
            .map(|d| d.text)
            .collect();
        assert!(
            keys_before.iter().all(|d| after.contains(&d.text)),
            "{coin}"
        );
        assert!(f.wallet.is_mine(&script), "{coin}");
        // No trace of an unencrypted key in any page of the file.
        let bytes = std::fs::read(f.wallet.file()).unwrap();
        let marker = [0x30, 0x81, 0xd3, 0x02, 0x01, 0x01, 0x04, 0x20];
        assert!(!bytes.windows(8).any(|window| window == marker), "{coin}");
    }
}

#[test]
fn foreign_and_damaged_files_are_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let params = regtest(Coin::Bitcoin);
    let refused = |name: &str, bytes: &[u8], text: &str| {
        let file = dir.path().join(name).join(FILE_NAME);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, bytes).unwrap();
        let error = Database::open(&file, params, OpenOptions::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(text), "{name}: {error}");
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "{name}");
    };
    refused("text", b"not a wallet", "Data is not in recognized format.");
    refused("empty", b"", "Data is not in recognized format.");
    let mut bdb = vec![0; 4096];
    bdb[12..16].copy_from_slice(&0x0005_3162u32.to_le_bytes());
    refused("old", &bdb, "The wallet appears to be a Legacy wallet");
    let other = Fixture::new(Coin::Groestlcoin);
    let copy = dir.path().join("copy");
    other.wallet.db().backup(&copy).unwrap();
    let foreign = std::fs::read(&copy).unwrap();
    if other.params().magic != params.magic {
        refused("foreign", &foreign, "another coin or network");
    }
    let missing = Database::open(
        &dir.path().join("none").join(FILE_NAME),
        params,
        OpenOptions::default(),
    );
    let text = missing.unwrap_err().to_string();
    assert!(text.ends_with("none'. Path does not exist."), "{text}");
}

#[test]
fn later_versions_are_refused() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let params = f.params();
    f.wallet
        .transact(|this| {
            this.set_flags(this.flags | 1 << 40);
            Ok(())
        })
        .unwrap();
    let file = f.wallet.file();
    f.wallet.close().unwrap();
    let db = Database::open(&file, params, OpenOptions::default()).unwrap();
    let error = Wallet::load("w", db, params, options(params)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Wallet requires newer version of"),
        "{error}"
    );
}

#[test]
fn a_descriptor_that_is_not_understood_is_named() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let params = f.params();
    let public = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
    let body = format!("wsh(and_v(v:pk({public}),older(10)))");
    let sum = keys::descriptor::checksum(&body).unwrap();
    let record = record::DescriptorRecord {
        text: format!("{body}#{sum}"),
        created: 1,
        next_index: 0,
        range_start: 0,
        range_end: 1,
    };
    f.wallet
        .transact(|this| {
            this.batch.put(key::descriptor(&[7; 32]), record.encode());
            Ok(())
        })
        .unwrap();
    let file = f.wallet.file();
    f.wallet.close().unwrap();
    let before = std::fs::read(&file).unwrap();
    let db = Database::open(&file, params, OpenOptions::default()).unwrap();
    let error = Wallet::load("w", db, params, options(params)).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("Unrecognized descriptor found."), "{text}");
    assert!(text.contains(&record.text), "{text}");
    assert_eq!(std::fs::read(&file).unwrap(), before, "left untouched");
}

#[test]
fn two_programs_cannot_open_one_file() {
    let f = Fixture::new(Coin::Bitcoin);
    let error = Database::open(&f.wallet.file(), f.params(), OpenOptions::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Unable to obtain an exclusive lock on the database"),
        "{error}"
    );
}

#[test]
fn a_change_that_cannot_be_written_did_not_happen() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let before = f.wallet.addresses().len();
    let failed: Result<(), WalletError> = f.wallet.transact(|this| {
        this.put_label(&stranger(), "never", None);
        Err(WalletError::NoKeys)
    });
    assert!(failed.is_err());
    assert_eq!(f.wallet.addresses().len(), before);
    assert_eq!(f.reopen().wallet.addresses().len(), before);
}

#[test]
fn backups_are_read_back() {
    let mut f = Fixture::new(Coin::Bitquantum);
    let target = f.dir.path().join("backup.dat");
    let report = f.wallet.back_up(&target, NOW).unwrap();
    assert_eq!(report.descriptors, 8);
    let checked = f.wallet.check_backup(&target, b"").unwrap();
    assert!(checked.identical);
    assert_eq!(checked.first_address, f.wallet.first_address());
    assert!(f.wallet.backup_mark().checked);
    assert!(!f.wallet.backup_is_outdated());
    f.wallet.encrypt(b"words", NOW).unwrap();
    assert!(f.wallet.backup_is_outdated());
    assert!(!f.wallet.check_backup(&target, b"").unwrap().identical);
    assert!(f.wallet.back_up(&f.wallet.file(), NOW).is_err());
}
