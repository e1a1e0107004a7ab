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
    assert_eq!(blocks_to_maturity(&mined, Some(150)), Some(50));
    assert_eq!(
        blocks_to_maturity(&mined, Some(199)),
        Some(1),
        "the wallet counts it as maturing"
    );
    assert_eq!(blocks_to_maturity(&mined, Some(200)), None);
}

#[test]
fn a_hundred_thousand_rows_stay_quick() {
    let mut history = History::default();
    let rows: Vec<TxRow> = (0..100_000).rev().map(|n| row(n, i64::from(n))).collect();
    history.apply_page(page(rows, false, 0), true);
    history.settle();
    history.set_filter(Filter::parse("addr5", 0));
    history.settle();
    history.set_filter(Filter::parse("addr55", 0));
    history.settle();
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

/// A history of more rows than are arranged on the spot.
fn many() -> History {
    let mut history = History::default();
    let rows: Vec<TxRow> = (0..5000).rev().map(|n| row(n, i64::from(n))).collect();
    history.apply_page(page(rows, false, 0), true);
    history.settle();
    history
}

fn first(history: &History) -> Option<String> {
    history.row(0).map(|row| row.label.clone())
}

#[test]
fn a_long_list_stands_until_the_new_one_is_there() {
    let mut history = many();
    history.set_sort(Sort::up(Key::Amount));
    assert_eq!(history.sort(), Sort::up(Key::Amount));
    assert_eq!(first(&history).as_deref(), Some("label 4999"), "not yet");
    let work = history.work().expect("an order is wanted");
    assert!(history.work().is_none(), "one at a time");
    history.arranged(Some(work.run()));
    assert_eq!(first(&history).as_deref(), Some("label 0"));
    assert!(history.work().is_none(), "it is there");
}

#[test]
fn a_list_that_is_wanted_no_more_is_dropped() {
    let mut history = many();
    history.set_filter(Filter::parse("addr49", 0));
    let late = history.work().expect("a filter").run();
    history.set_filter(Filter::parse("addr4999", 0));
    history.arranged(Some(late.clone()));
    assert_eq!(history.len(), 5000, "nobody sees what was typed on the way");
    history.settle();
    assert_eq!(history.len(), 1);
    history.arranged(Some(late));
    assert_eq!(history.len(), 1, "and it never comes back");
    let other = many().work();
    assert!(other.is_none());
    let mut other = many();
    other.set_filter(Filter::parse("nothing", 0));
    let work = other.work().expect("a filter");
    history.arranged(Some(work.run()));
    assert_eq!(history.len(), 1, "nor does that of another wallet");
}

#[test]
fn rows_that_change_meanwhile_are_not_lost() {
    let mut history = many();
    history.set_sort(Sort::down(Key::Amount));
    let work = history.work().expect("an order");
    let delta = WalletDelta {
        sequence: 1,
        rows: vec![row(6000, 6000), row(7000, 10)],
        removed: vec![row(4999, 4999).txid],
    };
    history.apply_delta(delta);
    assert_eq!(history.known(), 5001);
    history.arranged(Some(work.run()));
    assert_eq!(first(&history).as_deref(), Some("label 4999"), "as it was");
    history.settle();
    assert_eq!(
        (first(&history).as_deref(), history.len()),
        (Some("label 7000"), 5001)
    );
    history.set_sort(Sort::default());
    history.settle();
    assert_eq!(times(&history)[..2], [6000, 4998]);
    let sum: i64 = times(&history).iter().sum();
    assert_eq!(sum, (0..4999).sum::<i64>() + 6000 + 10);
    history.arranged(None);
    history.apply_delta(WalletDelta {
        sequence: 2,
        rows: vec![row(4999, 4999)],
        removed: vec![],
    });
    history.settle();
    assert_eq!(times(&history)[..2], [6000, 4999], "it came back, once");
    assert_eq!(history.len(), 5002);
}

#[test]
fn pages_grow_the_list_in_place() {
    let mut history = History::default();
    for first in [6000, 5500, 5000, 4500] {
        let rows = (first - 500..first).rev().map(|n| row(n, i64::from(n)));
        history.apply_page(page(rows.collect(), true, 0), first == 6000);
    }
    assert!(history.work().is_none(), "pages in turn need no work");
    assert_eq!((history.len(), times(&history)[1999]), (2000, 4000));
    let all: i64 = (4000..6000).map(|n| n * 1000).sum();
    assert_eq!(history.sum(), Amount::from_sat(all));
    let picked: crate::model::bits::Bits = history.numbers();
    assert_eq!(history.sum_of(&picked), (2000, Amount::from_sat(all)));
    // The same again, as after a reconnect: what is selected stays selected.
    let rows: Vec<TxRow> = (5500..6000).rev().map(|n| row(n, i64::from(n))).collect();
    history.apply_page(page(rows, false, 9), true);
    assert_eq!(
        history.len(),
        2000,
        "the list stands until the new one is there"
    );
    history.settle();
    assert_eq!((history.len(), history.sum_of(&picked).0), (500, 500));
    assert!(history.get(&row(4000, 0).txid).is_none() && history.has_paid("addr4001"));
}

/// Prints what the calls of `update` cost, in processor time of this thread.
#[test]
#[ignore = "a measure, not a test: cargo test --release -p gui -- --ignored --nocapture what_calls_cost"]
fn what_calls_cost() {
    use std::io::Write as _;
    let used = || {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let nanoseconds = stat.split_whitespace().next().and_then(|n| n.parse().ok());
        nanoseconds.unwrap_or(0.0) / 1e6
    };
    let mut lines = Vec::new();
    let mut history = History::default();
    let mut cost = |what: &str, history: &mut History, call: &dyn Fn(&mut History)| {
        let before: f64 = used();
        call(history);
        lines.push(format!("{what}: {:.2} ms", used() - before));
        let before = used();
        history.settle();
        lines.push(format!(
            "    and beside the window: {:.2} ms",
            used() - before
        ));
    };
    let rows: Vec<TxRow> = (0..100_000).rev().map(|n| row(n, i64::from(n))).collect();
    cost("all rows at once", &mut history, &|history| {
        history.apply_page(page(rows.clone(), false, 0), true);
    });
    for by in [Key::Label, Key::Amount, Key::State, Key::Kind, Key::Date] {
        cost(&format!("sort by {by:?}"), &mut history, &|history| {
            history.set_sort(Sort::up(by))
        });
    }
    for text in ["label 5", "label 55", ""] {
        cost(&format!("filter {text:?}"), &mut history, &|history| {
            history.set_filter(Filter::parse(text, 0));
        });
    }
    cost("select all, and the sum", &mut history, &|history| {
        let all = history.numbers();
        history.sum_of(&all);
    });
    let rows: Vec<TxRow> = (95_000..105_000).map(|n| row(n, i64::from(n))).collect();
    cost("10,000 rows at once", &mut history, &|history| {
        history.apply_delta(WalletDelta {
            sequence: 1,
            rows: rows.clone(),
            removed: vec![],
        });
    });
    writeln!(std::io::stdout(), "{}", lines.join("\n")).expect("printed");
}
