use primitives::transaction::TxData;
use primitives::{Coin as CoinName, HashScheme, Script, TxIn};

use super::*;
use crate::template::{TemplateLimits, choose};

const SCHEME: HashScheme = HashScheme::Bitcoin;

fn tx(spends: &[OutPoint], outputs: usize, tag: u32) -> Arc<Tx> {
    let output = TxOut {
        value: Amount::from_sat(1000),
        script_pubkey: Script::from(vec![0x51]),
    };
    let inputs = spends
        .iter()
        .map(|place| TxIn::unsigned(*place, tag))
        .collect();
    let data = TxData {
        version: 2,
        inputs,
        outputs: vec![output; outputs],
        lock_time: 0,
    };
    Arc::new(Tx::new(data, SCHEME))
}

fn entry(tx: &Arc<Tx>, fee: i64, time: i64) -> MempoolEntry {
    MempoolEntry {
        tx: Arc::clone(tx),
        fee: Amount::from_sat(fee),
        fee_delta: Amount::ZERO,
        vsize: 100,
        weight: 400,
        adjusted_weight: 400,
        time,
        height: 1,
        sequence: 1,
        sigops_cost: 4,
        spends_coinbase: false,
        unbroadcast: false,
    }
}

fn confirmed(n: u8) -> OutPoint {
    OutPoint::new(Txid([n; 32]), 0)
}

/// A parent with two children, and a grandchild of both.
fn diamond() -> (Mempool, [Arc<Tx>; 4]) {
    let parent = tx(&[confirmed(1)], 2, 0);
    let left = tx(&[OutPoint::new(parent.txid(), 0)], 1, 1);
    let right = tx(&[OutPoint::new(parent.txid(), 1)], 1, 2);
    let last = tx(
        &[
            OutPoint::new(left.txid(), 0),
            OutPoint::new(right.txid(), 0),
        ],
        1,
        3,
    );
    let mut pool = Mempool::default();
    for (tx, fee, time) in [
        (&parent, 10, 1),
        (&left, 500, 2),
        (&right, 20, 3),
        (&last, 3000, 4),
    ] {
        pool.add(entry(tx, fee, time));
    }
    (pool, [parent, left, right, last])
}

#[test]
fn relatives_are_found() {
    let (pool, [parent, left, right, last]) = diamond();
    assert_eq!(pool.descendants(&parent.txid()).len(), 3);
    assert_eq!(pool.ancestors(&last.txid()).len(), 3);
    assert_eq!(
        pool.children(&parent.txid()),
        BTreeSet::from([left.txid(), right.txid()])
    );
    assert_eq!(pool.cluster(BTreeSet::from([left.txid()])).len(), 4);
    assert_eq!(
        pool.spender(&confirmed(1)).map(|e| e.tx.txid()),
        Some(parent.txid())
    );
    let order: Vec<Txid> = pool.in_order().iter().map(|e| e.tx.txid()).collect();
    assert_eq!(order, [&parent, &left, &right, &last].map(|tx| tx.txid()));
    assert_eq!(pool.total_fee(), Amount::from_sat(3530));
}

#[test]
fn removal_takes_what_stands_on_it() {
    let (mut pool, [parent, left, ..]) = diamond();
    let before = pool.sequence();
    pool.remove_recursive(&left.txid(), Removal::Replaced);
    assert_eq!(pool.len(), 2);
    assert_eq!(pool.sequence(), before + 2);
    assert!(pool.get(&parent.txid()).is_some());
    pool.remove_recursive(&parent.txid(), Removal::Expiry);
    assert!(pool.is_empty());
    assert_eq!(
        (pool.total_vsize(), pool.usage(), pool.total_fee()),
        (0, 0, Amount::ZERO)
    );
    let changes = pool.take_changes();
    let numbers: Vec<u64> = changes.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=8).collect::<Vec<u64>>());
}

/// What is kept of each package is what adding it up gives.
fn check_packages(pool: &Mempool) {
    let expected: HashMap<Txid, (Amount, u64)> = pool
        .entries
        .keys()
        .map(|txid| (*txid, pool.package_with_descendants(txid)))
        .collect();
    assert_eq!(pool.packages, expected);
    let rates = expected
        .iter()
        .map(|(txid, (fee, vsize))| (FeeRate::of(*fee, *vsize), *txid));
    assert_eq!(pool.worst, rates.collect());
}

#[test]
fn packages_are_kept_through_all_changes() {
    for first in 0..4 {
        let (full, family) = diamond();
        check_packages(&full);
        // In every order: children may be there before their parents after a reorganisation.
        let mut pool = Mempool::default();
        for index in [first, (first + 1) % 4, (first + 2) % 4, (first + 3) % 4] {
            pool.add(entry(
                &family[index],
                100 + 10 * i64::try_from(index).unwrap(),
                1,
            ));
            check_packages(&pool);
        }
        pool.prioritise(family[3].txid(), Amount::from_sat(7777));
        check_packages(&pool);
        pool.remove_recursive(&family[first].txid(), Removal::SizeLimit);
        check_packages(&pool);
    }
    let (mut pool, [parent, ..]) = diamond();
    let params = primitives::ChainParams::get(CoinName::Bitcoin, primitives::Network::Regtest);
    let header = primitives::Header::default();
    pool.remove_for_block(&Block::new(header, vec![parent], params.hashes));
    assert_eq!(pool.len(), 3);
    check_packages(&pool);
}

#[test]
fn a_block_confirms_and_conflicts() {
    let (mut pool, [parent, ..]) = diamond();
    let params = primitives::ChainParams::get(CoinName::Bitcoin, primitives::Network::Regtest);
    let block = |tx: &Arc<Tx>| {
        Block::new(
            primitives::Header::default(),
            vec![Arc::clone(tx)],
            params.hashes,
        )
    };
    pool.remove_for_block(&block(&parent));
    assert_eq!(pool.len(), 3);
    let (mut pool, _) = diamond();
    pool.remove_for_block(&block(&tx(&[confirmed(1)], 1, 9)));
    assert!(pool.is_empty());
    assert!(matches!(
        pool.take_changes().last(),
        Some((_, MempoolChange::Removed(_, Removal::Conflict)))
    ));
}

#[test]
fn a_full_mempool_drops_the_worst_and_remembers() {
    let (mut pool, [parent, ..]) = diamond();
    let cheap = tx(&[confirmed(7)], 1, 0);
    pool.add(entry(&cheap, 5, 9));
    let incremental = FeeRate::from_sat_per_kvb(100);
    let limit = pool.usage() - 1;
    pool.trim(limit, incremental, 1000);
    assert!(pool.get(&cheap.txid()).is_none());
    assert!(pool.get(&parent.txid()).is_some());
    let limits = MempoolLimits {
        max_usage: limit,
        ..MempoolLimits::default()
    };
    let at = |now| pool.minimum_rate(&limits, incremental, now);
    assert_eq!(at(1000), FeeRate::from_sat_per_kvb(150));
    assert_eq!(at(1_000_000), FeeRate::from_sat_per_kvb(150));
    assert_eq!(pool.expire(4), 4);
}

#[test]
fn children_pay_for_parents_in_templates() {
    let (mut pool, [parent, left, right, last]) = diamond();
    let middle = tx(&[confirmed(8)], 1, 0);
    pool.add(entry(&middle, 700, 9));
    let mut limits = TemplateLimits {
        max_weight: 4_000_000,
        reserved_weight: 8000,
        reserved_sigops: 400,
        max_sigops: 80_000,
        min_rate: FeeRate::from_sat_per_kvb(1),
    };
    let ids = |limits: &TemplateLimits, pool: &Mempool| -> Vec<Txid> {
        choose(pool, limits, |_| true)
            .iter()
            .map(|chosen| chosen.tx.txid())
            .collect()
    };
    let all = ids(&limits, &pool);
    let place = |tx: &Arc<Tx>| all.iter().position(|id| *id == tx.txid()).unwrap();
    assert_eq!(place(&parent), 0);
    assert!(place(&last) > place(&left) && place(&last) > place(&right));
    assert_eq!(place(&middle), 4);
    limits.max_weight = 8000 + 401;
    assert_eq!(ids(&limits, &pool), [middle.txid()]);
    limits.max_weight = 4_000_000;
    assert_eq!(
        choose(&pool, &limits, |tx| tx.txid() != parent.txid()).len(),
        1
    );
    pool.prioritise(middle.txid(), Amount::from_sat(100_000));
    assert_eq!(ids(&limits, &pool)[0], middle.txid());
}
