use super::*;
use ipc_schema::{TxKind, TxOutputRow};

fn row(number: u32, time: i64) -> TxRow {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    TxRow {
        txid: Txid::from_slice(&id).expect("32 bytes"),
        time,
        kind: if number.is_multiple_of(2) {
            TxKind::Received
        } else {
            TxKind::Sent
        },
        amount: Amount::from_sat(i64::from(number) * 1000),
        label: format!("label {number}"),
        outputs: vec![TxOutputRow {
            address: format!("addr{number}"),
            ..TxOutputRow::default()
        }],
        ..TxRow::default()
    }
}

fn page(rows: Vec<TxRow>, next: bool, sequence: u64) -> TxPage {
    let next = next.then(|| {
        rows.last()
            .map(|row| TxCursor {
                time: row.time,
                txid: row.txid,
            })
            .expect("rows")
    });
    TxPage {
        rows,
        next,
        total: 10,
        sequence,
    }
}

fn times(history: &History) -> Vec<i64> {
    (0..history.len())
        .filter_map(|place| history.row(place))
        .map(|row| row.time)
        .collect()
}

#[test]
fn pages_and_deltas_make_one_sorted_list() {
    let mut history = History::default();
    let next = history.apply_page(page(vec![row(9, 900), row(8, 800)], true, 5), true);
    assert!(matches!(next, Next::Page(cursor) if cursor.time == 800));
    let delta = WalletDelta {
        sequence: 6,
        rows: vec![row(10, 1000)],
        removed: vec![],
    };
    assert_eq!(history.apply_delta(delta), Next::Idle);
    assert_eq!(
        history.apply_page(page(vec![row(7, 700), row(6, 600)], false, 6), false),
        Next::Idle
    );
    assert_eq!(times(&history), [1000, 900, 800, 700, 600]);
}

#[test]
fn a_missed_change_asks_for_everything_again() {
    let mut history = History::default();
    history.apply_page(page(vec![row(1, 100)], false, 5), true);
    let old = WalletDelta {
        sequence: 5,
        rows: vec![row(2, 200)],
        removed: vec![],
    };
    assert_eq!(history.apply_delta(old), Next::Idle);
    assert_eq!(
        history.known(),
        1,
        "a change that is contained already is not taken twice"
    );
    let gap = WalletDelta {
        sequence: 7,
        rows: vec![row(2, 200)],
        removed: vec![],
    };
    assert_eq!(history.apply_delta(gap), Next::Reload);
}

#[test]
fn rows_change_in_place_and_go() {
    let mut history = History::default();
    history.apply_page(page(vec![row(2, 200), row(1, 100)], false, 0), true);
    let changed = TxRow {
        label: "renamed".to_owned(),
        ..row(2, 200)
    };
    let id = changed.txid;
    let delta = WalletDelta {
        sequence: 1,
        rows: vec![changed],
        removed: vec![row(1, 100).txid],
    };
    history.apply_delta(delta);
    assert_eq!(
        history.get(&id).map(|row| row.label.as_str()),
        Some("renamed")
    );
    assert_eq!((history.len(), history.place_of(&id)), (1, Some(0)));
}

#[test]
fn the_filter_narrows_widens_and_sums() {
    let mut history = History::default();
    history.apply_page(
        page(
            (0..100).rev().map(|n| row(n, i64::from(n))).collect(),
            false,
            0,
        ),
        true,
    );
    history.set_filter(Filter::parse("label 9", 0));
    assert_eq!(history.len(), 11);
    history.set_filter(Filter::parse("label 99", 0));
    assert_eq!(
        (history.len(), history.sum()),
        (1, Amount::from_sat(99_000))
    );
    history.set_filter(Filter::default());
    assert_eq!(history.len(), 100);
}

#[test]
fn depth_and_ripeness_come_from_the_tip() {
    let confirmed = TxState::Confirmed {
        height: 100,
        block: Default::default(),
        time: 0,
    };
    assert_eq!(confirmations(&confirmed, Some(102)), 3);
    assert_eq!(confirmations(&TxState::InMempool, Some(102)), 0);
    let mined = TxRow {
        state: confirmed,
        mature_height: Some(200),
        ..TxRow::default()
    };
    assert_eq!(blocks_to_maturity(&mined, Some(150)), Some(49));
    assert_eq!(blocks_to_maturity(&mined, Some(199)), None);
}

#[test]
fn a_hundred_thousand_rows_stay_quick() {
    let mut history = History::default();
    let rows: Vec<TxRow> = (0..100_000).rev().map(|n| row(n, i64::from(n))).collect();
    history.apply_page(page(rows, false, 0), true);
    history.set_filter(Filter::parse("addr5", 0));
    history.set_filter(Filter::parse("addr55", 0));
    // How long each key takes is the bench's to measure; here it must come to the right end.
    let hits = (0..100_000).filter(|n| n.to_string().starts_with("55"));
    assert_eq!(history.len(), hits.count());
}

#[test]
fn blocks_of_one_second_stay_in_their_order() {
    let mined = |number: u32, height: u32, kind: TxKind| TxRow {
        kind,
        state: TxState::Confirmed {
            height,
            block: Default::default(),
            time: 100,
        },
        ..row(number, 100)
    };
    let mut history = History::default();
    let rows = vec![
        mined(3, 12, TxKind::Mined),
        mined(1, 13, TxKind::Mined),
        mined(4, 13, TxKind::Sent),
        mined(2, 11, TxKind::Mined),
    ];
    history.apply_page(page(rows, false, 0), true);
    let labels = |history: &History| -> Vec<String> {
        history.newest(9).map(|row| row.label.clone()).collect()
    };
    assert_eq!(
        labels(&history),
        ["label 4", "label 1", "label 3", "label 2"]
    );
    let delta = WalletDelta {
        sequence: 1,
        rows: vec![row(0, 100)],
        removed: vec![],
    };
    history.apply_delta(delta);
    assert_eq!(labels(&history)[0], "label 0", "what waits is newest");
    let delta = WalletDelta {
        sequence: 2,
        rows: vec![TxRow {
            label: "label 0".to_owned(),
            ..mined(0, 10, TxKind::Received)
        }],
        removed: vec![],
    };
    history.apply_delta(delta);
    assert_eq!(labels(&history)[4], "label 0", "it goes to its block");
}

#[test]
fn every_column_sorts_both_ways() {
    let mut history = History::default();
    let rows: Vec<TxRow> = [(4, 40, 2), (3, 30, 9), (2, 20, 5), (1, 10, 7)]
        .into_iter()
        .map(|(number, time, amount)| TxRow {
            amount: Amount::from_sat(amount),
            label: if number == 2 {
                String::new()
            } else {
                format!("Name {number}")
            },
            ..row(number, time)
        })
        .collect();
    history.apply_page(page(rows, false, 0), true);
    let mut order = |sort: Sort<Key>| {
        history.set_sort(sort);
        times(&history)
    };
    assert_eq!(order(Sort::up(Key::Date)), [10, 20, 30, 40]);
    assert_eq!(order(Sort::down(Key::Amount)), [30, 10, 20, 40]);
    assert_eq!(order(Sort::up(Key::Amount)), [40, 20, 10, 30]);
    assert_eq!(
        order(Sort::up(Key::Label)),
        [10, 30, 40, 20],
        "no label stands last"
    );
    assert_eq!(order(Sort::up(Key::Kind)), [40, 20, 30, 10]);
    assert_eq!(order(Sort::up(Key::Date)), [10, 20, 30, 40]);
    let oldest = row(1, 10).txid;
    assert_eq!(history.place_of(&oldest), Some(0));
    history.set_sort(Sort::up(Key::Amount));
    let delta = WalletDelta {
        sequence: 1,
        rows: vec![TxRow {
            amount: Amount::from_sat(6),
            ..row(6, 60)
        }],
        removed: vec![],
    };
    history.apply_delta(delta);
    assert_eq!(
        times(&history),
        [40, 20, 60, 10, 30],
        "what comes finds its place"
    );
}

#[test]
fn payments_of_one_second_stand_as_they_came() {
    let mut history = History::default();
    history.apply_page(page(vec![row(5, 100)], false, 0), true);
    for (sequence, number) in [(1, 9), (2, 1), (3, 7)] {
        let delta = WalletDelta {
            sequence,
            rows: vec![row(number, 200)],
            removed: vec![],
        };
        history.apply_delta(delta);
    }
    let labels: Vec<&str> = history.newest(9).map(|row| row.label.as_str()).collect();
    assert_eq!(labels, ["label 7", "label 1", "label 9", "label 5"]);
}
