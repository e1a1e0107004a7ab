//! Records that no program has written: they are refused, or do no harm.

use super::*;
use crate::db::record::DescriptorRecord;
use crate::fuzzing::{self, Records};

/// The records of a wallet with an address that was given out and a payment to it.
fn records() -> (Records, &'static ChainParams) {
    let mut f = Fixture::new(Coin::Bitcoin);
    let address = f.address(OutputType::Bech32).to_script();
    let gift = f.gift(&[address], Amount::from_sat(5_000));
    f.mine(vec![gift]);
    (fuzzing::records(&f.wallet).unwrap(), f.params())
}

/// Changes the value of every record of a name.
fn change(records: &mut Records, name: &str, change: impl Fn(&mut Vec<u8>)) {
    let mut found = 0;
    for (key, value) in records {
        if key::split(key).is_some_and(|(found, _)| found == name) {
            change(value);
            found += 1;
        }
    }
    assert!(found > 0, "{name}");
}

#[test]
fn a_descriptor_with_an_impossible_range_is_refused_at_once() {
    for (start, end, next) in [
        (i32::MIN, 5, 0),
        (-1, 5, 0),
        (6, 5, 0),
        (0, i32::MAX, 0),
        (0, 5, i32::MAX),
        (0, 5, -1),
    ] {
        let (mut records, params) = records();
        change(&mut records, key::DESCRIPTOR, |value| {
            let mut record = DescriptorRecord::decode(value).unwrap();
            (record.range_start, record.range_end, record.next_index) = (start, end, next);
            *value = record.encode();
        });
        let error = fuzzing::load(&records, params).unwrap_err().to_string();
        assert!(
            error.contains("Wallet corrupted (walletdescriptor: impossible range)"),
            "{error}"
        );
    }
}

#[test]
fn payments_are_numbered_after_any_number_that_a_file_holds() {
    for last in [i64::MAX, i64::MIN, -1] {
        let (mut records, params) = records();
        let number = last.to_le_bytes().to_vec();
        records.push((key::named(key::ORDER_POS_NEXT), number));
        let mut wallet = fuzzing::load(&records, params).unwrap();
        let known = wallet.txs().values().next().unwrap().tx.clone();
        let data = TxData {
            lock_time: 7,
            ..known.data().clone()
        };
        let fresh = Arc::new(Tx::new(data, params.hashes));
        wallet.mempool_added(&fresh, NOW).unwrap();
        let orders: Vec<&Txid> = wallet.by_order().values().collect();
        assert_eq!(orders.last(), Some(&&fresh.txid()), "{last}");
        assert_eq!(orders.len(), 2, "{last}");
    }
}

#[test]
fn a_wallet_at_an_impossible_height_is_loaded_at_once() {
    let (mut records, params) = records();
    change(&mut records, key::BEST_PLACE, |value| {
        value[32..].copy_from_slice(&u32::MAX.to_le_bytes());
    });
    let wallet = fuzzing::load(&records, params).unwrap();
    assert_eq!(wallet.best().unwrap().1, u32::MAX);
    let tx = wallet.txs().values().next().unwrap();
    assert_eq!(wallet.depth(tx), i32::MAX);
}

#[test]
fn a_wallet_whose_flags_are_gone_is_refused_as_what_it_is() {
    let (mut records, params) = records();
    records.retain(|(key, _)| key::split(key).is_none_or(|(name, _)| name != key::FLAGS));
    let error = fuzzing::load(&records, params).unwrap_err().to_string();
    assert!(error.contains("Wallet corrupted (flags: "), "{error}");
    let old = (key::named("hdchain"), vec![1]);
    records.push(old);
    let error = fuzzing::load(&records, params).unwrap_err();
    assert!(matches!(error, WalletError::Legacy(_)), "{error}");
}

#[test]
fn payments_to_addresses_that_are_watched_only_now_are_seen_at_once() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let address = f.address(OutputType::Bech32).to_script();
    let far = (0..7).map(|_| f.address(OutputType::Bech32).to_script());
    let far = far.last().unwrap();
    let gift = f.gift(&[address, far], Amount::from_sat(5_000));
    f.mine(vec![gift]);
    let mut records = fuzzing::records(&f.wallet).unwrap();
    change(&mut records, key::DESCRIPTOR, |value| {
        let mut record = DescriptorRecord::decode(value).unwrap();
        // As if it had been given out by a copy of the wallet, and is watched again only by looking further ahead.
        if record.next_index == 8 {
            (record.range_end, record.next_index) = (7, 6);
        }
        *value = record.encode();
    });
    let wallet = fuzzing::load(&records, f.params()).unwrap();
    let both = wallet.balances(BalanceQuery::default()).trusted;
    assert_eq!(both, Amount::from_sat(10_000));
}

#[test]
fn a_witness_of_another_payment_is_not_taken_for_one_of_this() {
    let (mut records, params) = records();
    let wallet = fuzzing::load(&records, params).unwrap();
    let known = wallet.txs().values().next().unwrap().tx.clone();
    let data = TxData {
        lock_time: 7,
        ..known.data().clone()
    };
    let other = Tx::new(data, params.hashes);
    // The payment lies under the id of another one, of which there is a witness.
    for (key, _) in &mut records {
        if key::split(key).is_some_and(|(name, _)| name == key::TX) {
            *key = key::tx(&other.txid());
        }
    }
    let variant = key::wtx_variant(&other.txid(), &other.wtxid());
    records.push((variant, other.to_bytes()));
    let wallet = fuzzing::load(&records, params).unwrap();
    assert_eq!(wallet.txs().keys().collect::<Vec<_>>(), [&known.txid()]);
    assert_eq!(wallet.txs()[&known.txid()].variants().count(), 1);
}

#[test]
fn a_payment_that_lies_under_two_ids_is_one() {
    let (mut records, params) = records();
    let is_tx = |key: &[u8]| key::split(key).is_some_and(|(name, _)| name == key::TX);
    // One that has no number yet, too.
    change(&mut records, key::TX, |value| {
        let mut tx = WalletTx::decode(value, params.hashes).unwrap();
        tx.order_pos = -1;
        *value = tx.encode();
    });
    let (_, value) = records.iter().find(|(key, _)| is_tx(key)).unwrap();
    let value = value.clone();
    for id in [[0; 32], [255; 32]] {
        records.push((key::tx(&Txid(id)), value.clone()));
    }
    let wallet = fuzzing::load(&records, params).unwrap();
    assert_eq!((wallet.txs().len(), wallet.by_order().len()), (1, 1));
    let again = fuzzing::load(&fuzzing::records(&wallet).unwrap(), params).unwrap();
    assert_eq!(again.by_order(), wallet.by_order());
}
