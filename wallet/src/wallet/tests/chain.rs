//! The chain and the mempool, and what they take back.

use ipc_schema::{RemovalReason, TxQuery};

use super::*;
use crate::transaction::TxState;

fn with_gift() -> (Fixture, Arc<Tx>) {
    let mut f = Fixture::new(Coin::Bitcoin);
    let script = f.address(OutputType::Bech32).to_script();
    let gift = f.gift(&[script], coins(1));
    (f, gift)
}

fn state(f: &Fixture, txid: Txid) -> TxState {
    f.wallet.txs()[&txid].state
}

#[test]
fn a_reorganisation_takes_money_back_and_gives_it_again() {
    let (mut f, gift) = with_gift();
    f.mine(vec![Arc::clone(&gift)]);
    f.mine_empty(1);
    assert_eq!(f.balances().trusted, coins(1));
    f.unmine();
    f.unmine();
    assert_eq!(f.balances().trusted, coins(0));
    assert_eq!(
        state(&f, gift.txid()),
        TxState::Inactive { abandoned: false }
    );
    f.wallet.mempool_added(&gift, NOW).unwrap();
    assert_eq!(f.balances().untrusted_pending, coins(1));
    f.mine(vec![gift]);
    assert_eq!(f.balances().trusted, coins(1));
    assert_eq!(f.wallet.best().unwrap().1, 1);
}

#[test]
fn lost_rewards_are_given_up() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let script = f.address(OutputType::Bech32).to_script();
    let reward = f.coinbase(&script, coins(50));
    f.mine(vec![Arc::clone(&reward)]);
    f.unmine();
    assert_eq!(
        state(&f, reward.txid()),
        TxState::Inactive { abandoned: true }
    );
    assert_eq!(f.balances(), Balances::default());
}

#[test]
fn a_block_that_spends_otherwise_makes_a_conflict() {
    let (mut f, gift) = with_gift();
    let child_script = f.address(OutputType::Bech32).to_script();
    f.wallet.mempool_added(&gift, NOW).unwrap();
    let child = f.spend_of(
        &[OutPoint::new(gift.txid(), 0)],
        &[child_script],
        Amount::from_sat(90_000_000),
    );
    f.wallet.mempool_added(&child, NOW).unwrap();
    let rival = f.spend_of(
        &[gift.inputs[0].prevout],
        &[stranger().to_script()],
        coins(1),
    );
    f.mine(vec![rival]);
    for txid in [gift.txid(), child.txid()] {
        assert!(matches!(
            state(&f, txid),
            TxState::Conflicted {
                height: Some(1),
                ..
            }
        ));
    }
    assert_eq!(f.balances(), Balances::default());
    f.unmine();
    assert_eq!(
        state(&f, child.txid()),
        TxState::Inactive { abandoned: false }
    );
}

#[test]
fn the_mempool_comes_and_goes() {
    let (mut f, gift) = with_gift();
    f.wallet.mempool_added(&gift, NOW).unwrap();
    assert_eq!(f.balances().untrusted_pending, coins(1));
    let rival = f.spend_of(
        &[gift.inputs[0].prevout],
        &[stranger().to_script()],
        coins(1),
    );
    f.wallet
        .mempool_removed(&gift.txid(), RemovalReason::Replaced)
        .unwrap();
    f.wallet.mempool_added(&rival, NOW).unwrap();
    assert_eq!(f.balances().untrusted_pending, coins(0));
    let conflicts = &f.wallet.txs()[&gift.txid()].mempool_conflicts;
    assert_eq!(conflicts.iter().collect::<Vec<_>>(), [&rival.txid()]);
    f.wallet
        .mempool_removed(&rival.txid(), RemovalReason::Expiry)
        .unwrap();
    assert!(f.wallet.txs()[&gift.txid()].mempool_conflicts.is_empty());
    f.wallet.mempool_is(&[Arc::clone(&gift)], NOW).unwrap();
    assert_eq!(state(&f, gift.txid()), TxState::InMempool);
    f.wallet.mempool_is(&[], NOW).unwrap();
    assert_eq!(
        state(&f, gift.txid()),
        TxState::Inactive { abandoned: false }
    );
    // What leaves for a block is told by the block.
    f.wallet.mempool_added(&gift, NOW).unwrap();
    f.wallet
        .mempool_removed(&gift.txid(), RemovalReason::Block)
        .unwrap();
    assert_eq!(state(&f, gift.txid()), TxState::InMempool);
}

#[test]
fn abandoned_money_can_be_spent_again() {
    let (mut f, gift) = with_gift();
    f.mine(vec![gift]);
    f.mine_empty(6);
    let plan = f.plan();
    let prepared = f.wallet.prepare(&pay(stranger(), None), &plan).unwrap();
    let tx = f.wallet.send_prepared(prepared.id, NOW).unwrap();
    assert_eq!(f.balances().trusted, coins(0));
    f.wallet.abandon(&tx.txid()).unwrap();
    assert_eq!(f.balances().trusted, coins(1));
    f.wallet.mempool_added(&tx, NOW).unwrap();
    let refused = f.wallet.abandon(&tx.txid()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Transaction not eligible for abandonment"
    );
}

#[test]
fn addresses_beyond_the_known_ones_are_found_as_they_are_used() {
    let mut f = Fixture::new(Coin::Bitcoin);
    // A twin of the wallet, ahead of it.
    let copy = f.dir.path().join("copy.dat");
    f.wallet.db().backup(&copy).unwrap();
    let far: Vec<Script> = (0..9)
        .map(|_| f.address(OutputType::Bech32).to_script())
        .collect();
    let params = f.params();
    let db = Database::open(&copy, params, OpenOptions::default()).unwrap();
    let mut twin = Wallet::load("twin", db, params, options(params)).unwrap();
    assert!(!twin.is_mine(&far[8]));
    for script in [&far[4], &far[8]] {
        let gift = f.gift(std::slice::from_ref(script), coins(1));
        let block = f.block(vec![gift]);
        f.blocks.push(block.clone());
        twin.apply_steps(&[Step::Connect(block)], NOW).unwrap();
    }
    assert_eq!(twin.balances(BalanceQuery::default()).trusted, coins(2));
    // All of them count as given out.
    assert_eq!(twin.addresses().len(), 9);
}

#[test]
fn the_history_is_paged_in_order_and_searched() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let address = f.wallet.new_address(None, "Rent May", NOW).unwrap();
    let other = f.address(OutputType::Legacy);
    for i in 0..25 {
        let to = if i % 5 == 0 { &address } else { &other };
        let gift = f.gift(&[to.to_script()], Amount::from_sat(1000 + i));
        f.wallet.mempool_added(&gift, NOW + i).unwrap();
    }
    let mut seen = Vec::new();
    let mut query = TxQuery {
        limit: 10,
        ..TxQuery::default()
    };
    loop {
        let page = f.wallet.page(&query);
        assert_eq!(page.total, 25);
        seen.extend(page.rows.iter().map(|row| (row.time, row.txid)));
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    let mut sorted = seen.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    sorted.dedup();
    assert_eq!((seen.len(), seen), (25, sorted));
    let found = f.wallet.page(&TxQuery {
        filter: "rent MAY".into(),
        limit: 2,
        ..TxQuery::default()
    });
    assert_eq!((found.total, found.rows.len()), (5, 2));
    assert_eq!(found.rows[0].label, "Rent May");
    assert!(found.next.is_some());
}

#[test]
fn a_foreign_chain_is_left_behind() {
    let (mut f, gift) = with_gift();
    f.mine(vec![gift]);
    f.mine_empty(3);
    let genesis = f.params().genesis.hash;
    f.wallet.rewind_to(genesis, 0).unwrap();
    assert_eq!(f.balances(), Balances::default());
    assert_eq!(f.wallet.locator(), [genesis]);
}

#[test]
fn locators_thin_out_and_keep_their_heights() {
    let mut f = Fixture::new(Coin::Bitcoin);
    f.mine_empty(500);
    let locator = f.wallet.locator();
    assert!(locator.len() < 40, "{}", locator.len());
    let expected: Vec<BlockHash> = f.blocks.iter().rev().take(11).map(|b| b.hash).collect();
    assert_eq!(locator[..11], expected);
    assert_eq!(locator.last(), Some(&f.params().genesis.hash));
    let f = f.reopen();
    assert_eq!(f.wallet.best().unwrap().1, 500);
    assert_eq!(f.wallet.locator(), locator);
}

#[test]
fn a_hundred_thousand_rows_are_paged() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let script = f.address(OutputType::Bech32).to_script();
    for _ in 0..100 {
        let gifts = (0..1000)
            .map(|_| f.gift(std::slice::from_ref(&script), Amount::from_sat(1000)))
            .collect();
        f.mine(gifts);
    }
    let f = f.reopen();
    let page = f.wallet.page(&TxQuery {
        limit: 500,
        ..TxQuery::default()
    });
    assert_eq!((page.rows.len(), page.total), (500, 100_000));
    assert_eq!(f.balances().trusted, Amount::from_sat(100_000_000));
    let none = f.wallet.page(&TxQuery {
        limit: 500,
        filter: "nothing".into(),
        ..TxQuery::default()
    });
    assert_eq!((none.rows.len(), none.total), (0, 0));
    assert_eq!(f.wallet.coin_rows(0, 500).len(), 500);
}

/// The same transaction with that many bytes of witness.
fn with_witness(f: &Fixture, tx: &Tx, bytes: usize) -> Arc<Tx> {
    let mut data = TxData {
        version: tx.version,
        inputs: tx.inputs.clone(),
        outputs: tx.outputs.clone(),
        lock_time: tx.lock_time,
    };
    for input in &mut data.inputs {
        input.witness = vec![vec![1; bytes]];
    }
    Arc::new(Tx::new(data, f.params().hashes))
}

/// The witness that counts, and how many others are known.
fn witnesses(f: &Fixture, txid: Txid) -> (primitives::Wtxid, usize) {
    let tx = &f.wallet.txs()[&txid];
    (tx.tx.wtxid(), tx.alternates().count())
}

#[test]
fn of_several_witnesses_the_confirmed_one_counts_or_the_lightest() {
    let (mut f, bare) = with_gift();
    let txid = bare.txid();
    let (light, heavy) = (with_witness(&f, &bare, 10), with_witness(&f, &bare, 90));
    f.wallet.mempool_added(&bare, NOW).unwrap();
    assert_eq!(witnesses(&f, txid), (bare.wtxid(), 0));
    f.wallet.mempool_added(&heavy, NOW).unwrap();
    assert_eq!(witnesses(&f, txid), (heavy.wtxid(), 1), "a witness first");
    f.wallet.mempool_added(&light, NOW).unwrap();
    assert_eq!(witnesses(&f, txid), (light.wtxid(), 2), "then the weight");
    assert_eq!(f.balances().untrusted_pending, coins(1), "counted once");
    let mut f = f.reopen();
    assert_eq!(witnesses(&f, txid), (light.wtxid(), 2));
    f.mine(vec![Arc::clone(&heavy)]);
    assert_eq!(witnesses(&f, txid), (heavy.wtxid(), 2), "the mined one");
    let mut f = f.reopen();
    assert_eq!(witnesses(&f, txid), (heavy.wtxid(), 2));
    f.unmine();
    assert_eq!(witnesses(&f, txid), (light.wtxid(), 2));
    let f = f.reopen();
    assert_eq!(witnesses(&f, txid), (light.wtxid(), 2));
}
