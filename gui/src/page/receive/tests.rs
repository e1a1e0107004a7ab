use super::*;
use crate::link::Link;
use crate::model::{Prefs, Wallet};
use primitives::{Amount, ChainParams, Coin, Network};

const ADDRESS: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

fn model() -> Model {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let mut model = Model::new(params, Prefs::default(), 0);
    let mut wallet = Wallet::new("Savings".to_owned());
    let made: [(&str, &str, Option<i64>); 3] =
        [("b", "Thanks", Some(2)), ("", "", None), ("A", "", Some(9))];
    wallet.addresses = made
        .into_iter()
        .zip(0_i64..)
        .map(|((label, message, amount), number)| AddressRow {
            address: if number == 0 {
                ADDRESS.to_owned()
            } else {
                format!("address{number}")
            },
            label: label.to_owned(),
            message: message.to_owned(),
            amount: amount.map(Amount::from_coins),
            created: 100 - number,
            is_mine: true,
            ..AddressRow::default()
        })
        .collect();
    model.wallet = Some(wallet);
    model
}

fn tell(page: &mut Page, model: &Model, message: Message) -> Option<Event> {
    let link = Link::default();
    page.update(message, &Context { model, link: &link }).event
}

fn labels<'a>(page: &Page, model: &'a Model) -> Vec<&'a str> {
    let rows = page.rows(model);
    rows.into_iter().map(|row| row.label.as_str()).collect()
}

#[test]
fn requests_stand_by_any_column_and_the_choice_stays_with_its_request() {
    let (mut page, model) = (Page::default(), model());
    assert_eq!(labels(&page, &model), ["b", "", "A"]);
    tell(&mut page, &model, Message::Select(0));
    tell(&mut page, &model, Message::Sort(Sort::up(Key::Label)));
    assert_eq!(labels(&page, &model), ["A", "b", ""]);
    assert_eq!(page.selected.as_deref(), Some(ADDRESS));
    tell(&mut page, &model, Message::Sort(Sort::down(Key::Label)));
    assert_eq!(labels(&page, &model)[..2], ["b", "A"]);
    tell(&mut page, &model, Message::Sort(Sort::down(Key::Amount)));
    assert_eq!(labels(&page, &model), ["A", "b", ""]);
}

#[test]
fn a_request_shows_all_that_was_asked_and_copies_it() {
    let (mut page, model) = (Page::default(), model());
    tell(&mut page, &model, Message::RowMenu(0, Point::ORIGIN));
    let mut copied = |what| match tell(&mut page, &model, Message::Copy(what)) {
        Some(Event::Copy(text, _)) => text,
        other => panic!("nothing was copied but {other:?}"),
    };
    assert_eq!(copied(What::Address), ADDRESS);
    assert_eq!(copied(What::Amount), "2");
    let link = format!("bitcoin:{ADDRESS}?amount=2&label=b&message=Thanks");
    assert_eq!(copied(What::Link), link);
    assert_eq!(copied(What::Row).split('\t').count(), 7);
    let size = iced::Size::new(1000.0, 1400.0);
    let mut window =
        iced_test::Simulator::with_size(iced::Settings::default(), size, page.view(&model));
    for text in ["Savings", "Thanks", "b"] {
        assert!(window.find(text).is_ok(), "{text}");
    }
    drop(window);
    assert!(page.close_top() && !page.close_top());
}
