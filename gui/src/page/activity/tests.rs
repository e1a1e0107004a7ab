use super::*;
use crate::link::Link;
use crate::model::{Prefs, Wallet};
use ipc_schema::{TxKind, TxOutputRow, TxPage, TxState};
use primitives::{Amount, ChainParams, Coin, Network};

fn txid(number: u8) -> Txid {
    Txid::from_slice(&[number; 32]).expect("32 bytes")
}

fn model() -> Model {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let mut model = Model::new(params, Prefs::default(), 1_788_098_520);
    let mut wallet = Wallet::new("w".to_owned());
    let rows: Vec<TxRow> = [(3, "Rent", -5), (2, "Salary", 9), (1, "Books", -1)]
        .into_iter()
        .map(|(number, label, amount)| TxRow {
            txid: txid(number),
            time: i64::from(number) * 1000,
            kind: TxKind::Sent,
            state: TxState::InMempool,
            label: label.to_owned(),
            amount: Amount::from_coins(amount),
            outputs: vec![TxOutputRow {
                address: format!("address{number}"),
                ..TxOutputRow::default()
            }],
            ..TxRow::default()
        })
        .collect();
    let page = TxPage {
        rows,
        total: 3,
        ..TxPage::default()
    };
    wallet.history.apply_page(page, true);
    model.wallet = Some(wallet);
    model
}

fn tell(page: &mut Page, model: &mut Model, message: Message) -> Option<Event> {
    let link = Link::default();
    let context = Context { model, link: &link };
    let (update, new) = page.update(message, &context);
    let history = &mut model.wallet.as_mut().expect("there is one").history;
    match new {
        Some(NewView::Filter(filter)) => history.set_filter(filter),
        Some(NewView::Sort(sort)) => history.set_sort(sort),
        None => {}
    }
    update.event
}

fn copied(page: &mut Page, model: &mut Model, what: What) -> String {
    match tell(page, model, Message::CopySelected(what)) {
        Some(Event::Copy(text, _)) => text,
        other => panic!("nothing was copied but {other:?}"),
    }
}

#[test]
fn what_is_selected_is_copied_in_the_order_of_the_list() {
    let (mut page, mut model) = (Page::default(), model());
    tell(&mut page, &mut model, Message::Pick(0, Pick::Only));
    tell(&mut page, &mut model, Message::Pick(2, Pick::Toggle));
    assert_eq!(copied(&mut page, &mut model, What::Label), "Rent\nBooks");
    assert_eq!(copied(&mut page, &mut model, What::Amount), "-5\n-1");
    tell(&mut page, &mut model, Message::Sort(Sort::up(Key::Label)));
    assert_eq!(
        copied(&mut page, &mut model, What::Address),
        "address1\naddress3"
    );
    tell(&mut page, &mut model, Message::SelectAll);
    assert_eq!(copied(&mut page, &mut model, What::Txid).lines().count(), 3);
    let row = copied(&mut page, &mut model, What::Row);
    assert_eq!(
        row.lines().next().map(|line| line.split('\t').count()),
        Some(6)
    );
}

#[test]
fn a_right_click_means_the_row_under_it_or_the_selection() {
    let (mut page, mut model) = (Page::default(), model());
    tell(&mut page, &mut model, Message::Pick(0, Pick::Only));
    tell(&mut page, &mut model, Message::Pick(1, Pick::Range));
    tell(&mut page, &mut model, Message::Menu(1, Point::ORIGIN));
    assert_eq!(
        page.selection.picked().len(),
        2,
        "the click is inside the selection"
    );
    tell(&mut page, &mut model, Message::Menu(2, Point::ORIGIN));
    assert_eq!(page.selected(), Some(txid(1)));
    assert!(
        page.close_drawer() && !page.close_drawer(),
        "Escape closes the menu"
    );
}

#[test]
fn a_label_is_edited_in_its_row() {
    let (mut page, mut model) = (Page::default(), model());
    tell(&mut page, &mut model, Message::Pick(1, Pick::Only));
    tell(&mut page, &mut model, Message::EditLabel);
    assert_eq!(page.editing, Some((txid(2), "Salary".to_owned())));
    tell(&mut page, &mut model, Message::RowLabel("Wages".to_owned()));
    tell(&mut page, &mut model, Message::SaveRowLabel);
    assert_eq!(
        (page.editing.as_ref(), page.label.as_str()),
        (None, "Wages")
    );
    tell(&mut page, &mut model, Message::EditLabel);
    assert!(page.close_drawer() && page.editing.is_none());
}

#[test]
fn the_full_details_name_every_side() {
    let model = model();
    let output = |vout: u32, coins: i64, is_mine: bool| TxOutputRow {
        vout,
        address: format!("side{vout}"),
        amount: Amount::from_coins(coins),
        is_mine,
        ..TxOutputRow::default()
    };
    let details = TxDetails {
        inputs: vec![output(7, 10, true)],
        outputs: vec![output(0, 6, false), output(1, 4, true)],
        raw: vec![0; 222],
        vsize: 141,
        ..TxDetails::default()
    };
    let text = What::Details
        .of_details(&details, &model)
        .replace(['\u{2009}', '\u{A0}'], " ");
    for line in [
        "From: side7, 10.000 000 00 BTC, mine\n",
        "To: side0, 6.000 000 00 BTC, output 0\n",
        "Debit: 10.000 000 00 BTC\n",
        "Credit: 4.000 000 00 BTC\n",
        "Total size: 222 bytes\n",
        "Virtual size: 141 vB\n",
    ] {
        assert!(text.contains(line), "{line} is missing in:\n{text}");
    }
}

#[test]
fn a_text_that_is_too_long_for_its_column_ends_with_dots() {
    let (mut page, mut model) = (Page::default(), model());
    let mut paid = model
        .wallet
        .as_ref()
        .expect("there is one")
        .history
        .row(0)
        .cloned()
        .expect("a row");
    paid.txid = txid(9);
    paid.label = "Train tickets to Lisbon for the four of us, with seats".to_owned();
    let wallet = model.wallet.as_mut().expect("there is one");
    wallet.history.apply_delta(ipc_schema::WalletDelta {
        sequence: 1,
        rows: vec![paid],
        removed: vec![],
    });
    page.show(
        txid(9),
        &Context {
            model: &model,
            link: &Link::default(),
        },
    );
    let size = iced::Size::new(900.0, 600.0);
    let lines = crate::widget::cut::tests::lines(page.view(&model), size);
    let label = lines.iter().find(|(text, ..)| text.starts_with("Train"));
    let (text, ..) = label.expect("the label is there");
    assert!(text.ends_with('…'), "{text}");
    for (text, width, place) in lines {
        assert!(width <= place + 0.5, "{text:?}: {width} of {place}");
    }
}
