use super::*;
use crate::link::Link;
use crate::model::coins::CoinKey;
use crate::model::{Prefs, Sort, Wallet};
use primitives::{ChainParams, Coin, Network, Txid};

fn coin(number: u8, coins: i64, frozen: bool) -> CoinRow {
    CoinRow {
        outpoint: OutPoint {
            txid: Txid::from_slice(&[number; 32]).expect("32 bytes"),
            vout: 1,
        },
        address: format!("address{number}"),
        label: format!("label {number}"),
        amount: Amount::from_coins(coins),
        height: Some(100),
        is_change: false,
        frozen,
        spendable: true,
        safe: true,
    }
}

fn model() -> Model {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let mut model = Model::new(params, Prefs::default(), 0);
    let mut wallet = Wallet::new("w".to_owned());
    wallet.coins = vec![coin(1, 5, false), coin(2, 3, true), coin(3, 1, false)].into();
    wallet.sort_coins(Sort::up(CoinKey::Amount));
    model.wallet = Some(wallet);
    model
}

fn tell(page: &mut Page, model: &Model, message: Message) -> Option<Event> {
    let link = Link::default();
    page.update(message, &Context { model, link: &link }).event
}

fn list(page: &mut Page, model: &Model, message: list::Message) -> Option<Event> {
    tell(page, model, Message::List(message))
}

#[test]
fn ticked_coins_go_to_the_payment_in_the_order_of_the_list() {
    let (mut page, model) = (Page::default(), model());
    list(&mut page, &model, list::Message::TickAll);
    let want = Chosen {
        coins: vec![coin(3, 1, false).outpoint, coin(1, 5, false).outpoint],
        to: None,
    };
    assert_eq!(
        tell(&mut page, &model, Message::Send),
        Some(Event::SendCoins(want)),
        "frozen coins are not ticked with the others"
    );
    list(&mut page, &model, list::Message::TickAt(0));
    assert_eq!(page.list.ticked(&model), [coin(1, 5, false).outpoint]);
    list(&mut page, &model, list::Message::TickNone);
    assert!(page.list.ticked(&model).is_empty());
}

#[test]
fn the_row_in_hand_is_copied() {
    let (mut page, model) = (Page::default(), model());
    list(&mut page, &model, list::Message::Select(1));
    let mut copied = |what| match list(&mut page, &model, list::Message::Copy(what)) {
        Some(Event::Copy(text, _)) => text,
        other => panic!("nothing was copied but {other:?}"),
    };
    assert_eq!(copied(list::What::Label), "label 2");
    assert_eq!(copied(list::What::Address), "address2");
    let id = coin(2, 3, true).outpoint.txid;
    assert_eq!(copied(list::What::Place), format!("{id}:1"));
    assert_eq!(copied(list::What::Row).split('\t').count(), 6);
}

#[test]
fn the_list_ticks_by_space_and_opens_its_menu_by_key() {
    use iced::keyboard::key::Named;
    let (page, model) = (Page::default(), model());
    let size = iced::Size::new(1000.0, 700.0);
    let mut window =
        iced_test::Simulator::with_size(iced::Settings::default(), size, page.view(&model));
    window.click("label 3").expect("a row");
    let told: Vec<Message> = window.into_messages().collect();
    assert!(matches!(
        told[..],
        [Message::List(list::Message::Select(0))]
    ));

    let mut page = Page::default();
    list(&mut page, &model, list::Message::Select(0));
    let mut window =
        iced_test::Simulator::with_size(iced::Settings::default(), size, page.view(&model));
    window.click("label 3").expect("a row");
    window.tap_key(Named::Space);
    window.tap_key(Named::ContextMenu);
    let told: Vec<Message> = window.into_messages().collect();
    assert!(
        matches!(
            told[..],
            [
                Message::List(list::Message::Select(0)),
                Message::List(list::Message::TickAt(0)),
                Message::List(list::Message::Menu(0, _)),
            ]
        ),
        "{told:?}"
    );
}

#[test]
fn a_menu_does_what_its_line_says_and_closes() {
    let (mut page, model) = (Page::default(), model());
    let at = iced::Point::new(300.0, 200.0);
    list(&mut page, &model, list::Message::Menu(0, at));
    let size = iced::Size::new(1000.0, 700.0);
    let mut window =
        iced_test::Simulator::with_size(iced::Settings::default(), size, page.view(&model));
    let keys = iced::keyboard::key::Named::ArrowDown;
    window.tap_key(keys);
    window.tap_key(iced::keyboard::key::Named::Enter);
    let told: Vec<Message> = window.into_messages().collect();
    assert!(
        matches!(
            told[..],
            [
                Message::List(list::Message::CloseMenu),
                Message::List(list::Message::Freeze(_, true)),
            ]
        ),
        "{told:?}"
    );
    assert!(page.close_top() && !page.close_top());
}
