use std::collections::HashMap;

use primitives::hash::to_hex;
use primitives::params::{Coin as Currency, Network};
use primitives::script::opcodes::{OP_CHECKSIG, OP_DUP, OP_EQUAL, OP_EQUALVERIFY, OP_HASH160};
use primitives::{Amount, ChainParams, Script, Txid};
use proptest::prelude::*;

use super::*;
use crate::store::{Store, StoreKind, StoreOptions};

/// Coins in a map: the third kind of view.
#[derive(Default)]
struct MapCoins(HashMap<OutPoint, Coin>);

impl CoinsView for MapCoins {
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        Ok(self.0.get(outpoint).cloned())
    }

    fn best_block(&self) -> Result<Option<BlockHash>, StoreError> {
        Ok(None)
    }
}

fn place(n: u8) -> OutPoint {
    OutPoint::new(Txid([n; 32]), 0)
}

/// With a script of a length that lies in a slot, or a longer one.
fn coin(value: i64) -> Coin {
    coin_of(value, usize::try_from(value % 60).unwrap())
}

fn coin_of(value: i64, len: usize) -> Coin {
    let script_pubkey = Script::from(vec![0x51; len]);
    let value = Amount::from_sat(value);
    Coin {
        height: 7,
        coinbase: false,
        output: TxOut {
            value,
            script_pubkey,
        },
    }
}

/// What happens to a coin.
#[derive(Clone, Debug)]
enum Change {
    Add(u8),
    Spend(u8),
    Fetch(u8),
    /// Changes up to here go down.
    Merge,
    Flush(bool),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..12u8).prop_map(Change::Add),
        (0..12u8).prop_map(Change::Spend),
        (0..12u8).prop_map(Change::Fetch),
        Just(Change::Merge),
        any::<bool>().prop_map(Change::Flush),
    ]
}

fn open(dir: &std::path::Path) -> CoinsStore {
    let options = StoreOptions {
        kind: StoreKind::Coins,
        cache_bytes: 1 << 20,
        buffer_bytes: 1 << 20,
        wipe: false,
    };
    let params = ChainParams::get(Currency::Bitcoin, Network::Regtest);
    CoinsStore::new(Store::open(dir, params, &options).unwrap())
}

fn write(cache: &mut CoinsCache<CoinsStore>, batch_bytes: usize, keep: bool) {
    let options = WriteOptions {
        batch_bytes,
        crash_ratio: None,
        bulk: if keep { usize::MAX } else { 0 },
    };
    cache.base().write(cache, options, |_| ()).unwrap();
    cache.written(keep);
}

/// An empty cache above a store of these coins.
fn filled(
    dir: &std::path::Path,
    coins: impl IntoIterator<Item = (OutPoint, Coin)>,
) -> CoinsCache<CoinsStore> {
    let mut cache = CoinsCache::new(open(dir));
    for (place, coin) in coins {
        cache.add(place, &coin, false);
    }
    cache.set_best_block(BlockHash([1; 32]));
    write(&mut cache, 1 << 20, false);
    cache
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Two caches above a store give what one map gives.
    #[test]
    fn caches_agree_with_a_map(rounds in proptest::collection::vec(
        proptest::collection::vec(change(), 1..12), 1..12,
    )) {
        let dir = tempfile::tempdir().unwrap();
        let mut lower = CoinsCache::new(open(dir.path()));
        lower.set_best_block(BlockHash([1; 32]));
        let mut model: HashMap<OutPoint, Coin> = HashMap::new();
        let mut value = 0;
        for round in rounds {
            let mut upper = CoinsCache::new(&lower);
            let (mut merged, mut flush) = (true, None);
            let saved = model.clone();
            for change in round {
                match change {
                    Change::Add(n) => {
                        value += 1;
                        let overwrite = model.contains_key(&place(n));
                        upper.add(place(n), &coin(value), overwrite);
                        model.insert(place(n), coin(value));
                    }
                    Change::Spend(n) => {
                        let spent = upper.spend(&place(n)).unwrap();
                        prop_assert_eq!(spent, model.remove(&place(n)));
                    }
                    Change::Fetch(n) => {
                        let fetched = upper.coin(&place(n)).unwrap();
                        prop_assert_eq!(fetched.as_ref(), model.get(&place(n)));
                    }
                    Change::Merge => merged = false,
                    Change::Flush(keep) => flush = Some(keep),
                }
            }
            let changes = upper.into_changes();
            if merged {
                lower.apply(changes);
            } else {
                model = saved;
            }
            if let Some(keep) = flush {
                write(&mut lower, if keep { 1 } else { 1 << 20 }, keep);
                prop_assert_eq!(lower.dirty_count(), 0);
            }
            for n in 0..12 {
                let expected = model.get(&place(n)).cloned();
                prop_assert_eq!(lower.has_coin(&place(n)).unwrap(), expected.is_some());
                prop_assert_eq!(lower.coin(&place(n)).unwrap(), expected);
            }
        }
        write(&mut lower, 1 << 20, false);
        prop_assert!(lower.is_empty());
        prop_assert_eq!(lower.memory(), 0);
        let snapshot = lower.base().snapshot().unwrap().unwrap();
        let stored: HashMap<_, _> = snapshot.iter().map(Result::unwrap).collect();
        prop_assert_eq!(stored, model);
    }
}

#[test]
fn a_coin_that_came_and_went_leaves_nothing() {
    let mut cache = CoinsCache::new(MapCoins::default());
    cache.add(place(1), &coin(1), false);
    assert_eq!((cache.len(), cache.dirty_count()), (1, 1));
    assert!(cache.memory() > 100);
    assert_eq!(cache.spend(&place(1)).unwrap(), Some(coin(1)));
    assert_eq!((cache.len(), cache.dirty_count()), (0, 0));
    // One that the view below has must be mentioned.
    let mut cache = CoinsCache::new(MapCoins(HashMap::from([(place(2), coin(2))])));
    assert_eq!(cache.spend(&place(2)).unwrap(), Some(coin(2)));
    assert_eq!((cache.len(), cache.dirty_count()), (1, 1));
    assert_eq!(cache.spend(&place(2)).unwrap(), None);
    assert!(!cache.has_coin(&place(2)).unwrap());
    let places: Vec<_> = (0..64).map(place).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut cache = filled(dir.path(), places.iter().map(|place| (*place, coin(9))));
    cache.spend(&place(5)).unwrap();
    let readers = rayon::ThreadPoolBuilder::new().build().unwrap();
    cache.prefetch(&places, &readers).unwrap();
    assert_eq!((cache.len(), cache.dirty_count()), (64, 1));
    assert!(cache.has_coin(&place(6)).unwrap() && !cache.has_coin(&place(5)).unwrap());
}

#[test]
fn keys_and_values_are_those_of_core() {
    let dir = tempfile::tempdir().unwrap();
    let mut cache = CoinsCache::new(open(dir.path()));
    // The coin of block 1 of the main network.
    let txid = "0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098";
    let key = "0496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52da7589379515d4e0\
               a604f8141781e62294721166bf621e73a82cbf2342c858ee";
    let script = Script::pay_to_pubkey(&primitives::hash::from_hex(key).unwrap());
    let output = TxOut {
        value: Amount::from_coins(50),
        script_pubkey: script,
    };
    let first = Coin {
        height: 1,
        coinbase: true,
        output,
    };
    cache.add(OutPoint::new(txid.parse().unwrap(), 0), &first, false);
    cache.add(
        OutPoint::new(Txid([0xab; 32]), 300),
        &coin_of(123_456_789, 40),
        false,
    );
    cache.set_best_block(BlockHash([0xcd; 32]));
    write(&mut cache, 1 << 20, false);
    drop(cache);
    let options = StoreOptions {
        kind: StoreKind::Coins,
        cache_bytes: 1 << 20,
        buffer_bytes: 1 << 20,
        wipe: false,
    };
    let params = ChainParams::get(Currency::Bitcoin, Network::Regtest);
    let store = Store::open(dir.path(), params, &options).unwrap();
    let rows: Vec<_> = store
        .scan(b"")
        .map(|row| {
            let (key, value) = row.unwrap();
            format!("{} {}", to_hex(&key), to_hex(&value))
        })
        .collect();
    assert_eq!(
        rows,
        [
            format!("42 {}", "cd".repeat(32)),
            "43982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e00 \
             03320496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52"
                .to_owned(),
            format!(
                "43{}812c 0e8390e7ea3d2e{}",
                "ab".repeat(32),
                "51".repeat(40)
            ),
        ]
    );
}

#[test]
fn an_unfinished_write_names_its_ends() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert_eq!(store.heads().unwrap(), None);
    assert!(store.snapshot().unwrap().is_none());
    let mut batch = crate::store::Batch::new();
    let (new, old) = (BlockHash([2; 32]), BlockHash([1; 32]));
    batch.put(b"H", &[new.0, old.0].concat());
    store
        .0
        .write(batch, crate::store::Durability::Disk)
        .unwrap();
    let heads = store.heads().unwrap().unwrap();
    assert_eq!((heads.new, heads.old), (new, Some(old)));
    // Completing it keeps where it started until it has ended.
    let mut cache = CoinsCache::new(store);
    cache.add(place(1), &coin(1), false);
    cache.set_best_block(new);
    write(&mut cache, 1, false);
    assert_eq!(cache.base().heads().unwrap(), None);
    assert_eq!(cache.best_block().unwrap(), Some(new));
    let mut batch = crate::store::Batch::new();
    batch.put(b"H", &[0; 63]);
    cache
        .base()
        .0
        .write(batch, crate::store::Durability::Disk)
        .unwrap();
    assert!(matches!(
        cache.base().heads(),
        Err(StoreError::BadValue { .. })
    ));
}

#[test]
fn changes_are_sorted_as_their_keys() {
    let mut cache = CoinsCache::new(MapCoins::default());
    let numbers = [
        0, 1, 127, 128, 255, 256, 16_511, 16_512, 16_513, 90_000, 3_000_000,
    ];
    for n in numbers {
        for id in [3, 2] {
            cache.add(OutPoint::new(Txid([id; 32]), n), &coin(5), false);
        }
    }
    let sorted: Vec<_> = cache
        .sorted_changes()
        .map(|slot| coin_key(slot.outpoint()))
        .collect();
    assert_eq!(sorted.len(), 2 * numbers.len());
    assert!(sorted.is_sorted());
}

#[test]
fn what_was_spent_since_it_was_read_is_not_lent() {
    let dir = tempfile::tempdir().unwrap();
    let mut cache = filled(dir.path(), [(place(1), coin(1)), (place(2), coin(2))]);
    let readers = rayon::ThreadPoolBuilder::new().build().unwrap();
    let found = cache.fetch(&[place(1), place(2), place(3)], &readers);
    let found = found.unwrap();
    assert_eq!(found.len(), 2);
    cache.spend(&place(1)).unwrap();
    let mut view = cache.lend(found);
    assert_eq!(view.spend(&place(1)).unwrap(), None);
    assert_eq!(view.spend(&place(2)).unwrap(), Some(coin(2)));
    let changes = view.into_changes();
    cache.apply(changes);
    assert!(!cache.has_coin(&place(2)).unwrap());
    // The view below must hear of both.
    assert_eq!((cache.len(), cache.dirty_count()), (2, 2));
}

#[test]
fn coins_of_all_sizes_come_back_and_give_their_room_back() {
    let mut cache = CoinsCache::new(MapCoins::default());
    let whole_key = Script::pay_to_pubkey(&[&[4][..], &[7; 64]].concat());
    let mut coins: Vec<_> = (0..200).map(|len| coin_of(i64::MAX >> 12, len)).collect();
    coins.push(Coin {
        output: TxOut {
            value: Amount::from_sat(1),
            script_pubkey: whole_key,
        },
        ..coin(1)
    });
    let places = |n: usize| OutPoint::new(Txid([9; 32]), u32::try_from(n).unwrap());
    for round in 0..3 {
        let before = cache.memory();
        for (n, coin) in coins.iter().enumerate() {
            cache.add(places(n), coin, false);
        }
        for (n, coin) in coins.iter().enumerate() {
            assert_eq!(cache.coin(&places(n)).unwrap().as_ref(), Some(coin));
        }
        for (n, coin) in coins.iter().enumerate().rev() {
            assert_eq!(cache.spend(&places(n)).unwrap().as_ref(), Some(coin));
        }
        assert!(cache.is_empty());
        // Room that was given back is used again.
        assert!(round == 0 || cache.memory() == before);
    }
}

#[test]
fn what_lies_in_the_store_is_taken_as_it_is_decoded() {
    let key = "0296b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52";
    let key = primitives::hash::from_hex(key).unwrap();
    let whole = secp256k1::PublicKey::from_slice(&key).unwrap();
    let hash = &key[..20];
    let scripts = [
        Script::new(),
        Script::new()
            .op(OP_DUP)
            .op(OP_HASH160)
            .push(hash)
            .op(OP_EQUALVERIFY)
            .op(OP_CHECKSIG),
        Script::new().op(OP_HASH160).push(hash).op(OP_EQUAL),
        Script::pay_to_pubkey(&key),
        Script::pay_to_pubkey(&whole.serialize_uncompressed()),
        Script::from(vec![7; 34]),
        Script::from(vec![7; 100]),
        Script::from(vec![7; 10_001]),
    ];
    for script in scripts {
        let mut bytes = Vec::new();
        let coin = Coin {
            output: TxOut {
                value: Amount::from_sat(123_456),
                script_pubkey: script,
            },
            ..coin(1)
        };
        coin.encode(&mut bytes);
        // Cut short, whole, and with more behind it.
        let bytes = [&bytes[..], &[1]].concat();
        for len in 0..=bytes.len() {
            let bytes = &bytes[..len];
            let expected = Coin::decode(&mut Reader::new(bytes)).map(Some);
            let taken = Slot::stored(place(1), bytes).map(|slot| slot.coin());
            assert_eq!(taken, expected, "{len} bytes of {coin:?}");
        }
    }
    // Half a key that no point belongs to.
    let none = [&[0, 0, 4][..], &[0xff; 32]].concat();
    assert!(Slot::stored(place(1), &none).is_err());
}
