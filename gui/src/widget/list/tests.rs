use super::*;
use iced::keyboard::key;
use iced_test::simulator;
use std::cell::RefCell;
use std::collections::BTreeSet;

const ROW: f32 = 36.0;

fn state(len: usize) -> State {
    let mut state = State::default();
    state.resize(len, ROW, 360.0, false);
    state
}

#[test]
fn only_rows_in_view_are_built() {
    let built = RefCell::new(BTreeSet::new());
    let list: VirtualList<'_, usize> = VirtualList::new("rows", 1_000_000, ROW, |row| {
        built.borrow_mut().insert(row);
        iced::widget::text(format!("row {row}")).into()
    });
    let mut simulator = simulator(list);
    assert!(simulator.find("row 0").is_ok());
    assert!(simulator.find("row 500000").is_err());
    let count = built.borrow().len();
    assert!(
        count <= 768 / 36 + 2,
        "{count} rows built for a window of 768 px"
    );
}

#[test]
fn the_last_of_a_million_rows_stands_exactly_at_the_bottom() {
    let mut state = state(1_000_000);
    state.scroll_by_key(&Key::Named(key::Named::End), ROW);
    assert_eq!(state.visible(1_000_000, ROW), 999_990..1_000_000);
    assert!((state.top_of(999_999, ROW) - 324.0).abs() < 0.01);
}

#[test]
fn the_place_returns_when_a_filter_is_cleared() {
    let mut state = state(1000);
    state.scroll(7200.0);
    assert_eq!(state.visible(1000, ROW).start, 200);
    state.resize(3, ROW, 360.0, false);
    assert_eq!(state.visible(3, ROW), 0..3);
    state.resize(1000, ROW, 360.0, false);
    assert_eq!(state.visible(1000, ROW).start, 200);
}

#[test]
fn a_followed_list_stays_at_its_end_until_the_user_leaves_it() {
    let mut state = State::default();
    state.resize(100, ROW, 360.0, true);
    assert_eq!(state.visible(100, ROW).end, 100);
    state.resize(150, ROW, 360.0, true);
    assert_eq!(state.visible(150, ROW).end, 150);
    state.scroll(-720.0);
    state.resize(200, ROW, 360.0, true);
    assert_eq!(state.visible(200, ROW).end, 130);
}

#[test]
fn clicks_and_arrows_select_and_enter_opens() {
    let list = VirtualList::new("rows", 100, ROW, |row| {
        iced::widget::text(format!("row {row}")).into()
    })
    .selected(Some(4))
    .on_select(|row| ("select", row))
    .on_open(|row| ("open", row));
    let mut simulator = simulator(list);
    simulator.click("row 2").expect("row 2 is in view");
    simulator.tap_key(key::Named::ArrowDown);
    simulator.tap_key(key::Named::End);
    simulator.tap_key(key::Named::Enter);
    let got: Vec<_> = simulator.into_messages().collect();
    assert_eq!(
        got,
        [("select", 2), ("select", 5), ("select", 99), ("open", 4)]
    );
}

#[test]
fn what_is_known_of_a_row_stays_with_it_when_the_list_scrolls() {
    let tree = |row: usize| Tree {
        tag: tree::Tag::of::<usize>(),
        state: tree::State::new(row),
        children: Vec::new(),
    };
    let check = |before: usize, now: usize, kept: &[usize], at: usize| {
        let mut trees: Vec<Tree> = (before..before + 5).map(tree).collect();
        follow_rows(&mut trees, before, now);
        let rows: Vec<usize> = trees
            .iter()
            .map(|tree| *tree.state.downcast_ref())
            .collect();
        assert_eq!(rows[at..at + kept.len()], *kept);
    };
    check(10, 13, &[13, 14], 0);
    check(10, 8, &[10, 11, 12], 2);
    check(10, 10, &[10, 11, 12, 13, 14], 0);
    check(10, 900, &[10, 11, 12, 13, 14], 0);
}
