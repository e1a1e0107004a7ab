use super::*;
use crate::model::{Prefs, Wallet};
use ipc_schema::{Balances, WalletEvent, WalletState};
use primitives::{Amount, ChainParams, Coin, FeeRate, Network};

const ADDRESS: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

fn model() -> Model {
    let mut model = Model::new(
        ChainParams::get(Coin::Bitcoin, Network::Main),
        Prefs::default(),
        0,
    );
    let mut wallet = Wallet::new("w".to_owned());
    let balances = Balances {
        trusted: Amount::from_coins(1),
        ..Balances::default()
    };
    let state = WalletState {
        balances,
        at_tip: true,
        ..WalletState::default()
    };
    wallet.apply(WalletEvent::State(Box::new(state)));
    model.wallet = Some(wallet);
    model
}

fn tell(page: &mut Page, model: &Model, message: Message) {
    let link = Link::default();
    drop(page.update(message, &Context { model, link: &link }));
}

fn edit(page: &mut Page, model: &Model, edit: Edit) {
    tell(page, model, Message::Form(edit));
}

fn prepared(vsize: u64, fee: i64) -> PreparedSend {
    PreparedSend {
        id: 1,
        fee: Amount::from_sat(fee),
        fee_rate: FeeRate::of(Amount::from_sat(fee), vsize),
        vsize,
        total: Amount::from_sat(1_200_000 + fee),
        ..PreparedSend::default()
    }
}

fn filled(model: &Model) -> Page {
    let mut page = Page::default();
    edit(&mut page, model, Edit::Address(0, ADDRESS.to_owned()));
    edit(&mut page, model, Edit::Amount(0, "0.012".to_owned()));
    page
}

#[test]
fn a_link_fills_all_fields() {
    let model = model();
    let mut page = Page::default();
    let link = format!("bitcoin:{ADDRESS}?amount=0.203&label=Rent%20May&message=Thanks");
    edit(&mut page, &model, Edit::Address(0, link));
    let row = &page.form.recipients[0];
    assert_eq!(
        (
            row.address.as_str(),
            row.amount.as_str(),
            row.label.as_str(),
            row.message.as_str()
        ),
        (ADDRESS, "0.203", "Rent May", "Thanks")
    );
    let request = page.form.request(&model).expect("complete");
    assert_eq!(
        request.recipients[0].amount,
        Some(Amount::from_sat(20_300_000))
    );
    assert_eq!(request.comment, "Thanks");
}

#[test]
fn a_wrong_character_is_named_and_nothing_is_asked() {
    let model = model();
    let mut page = Page::default();
    let wrong = ADDRESS.replace("4y5r3", "4y5r4");
    edit(&mut page, &model, Edit::Address(0, wrong));
    edit(&mut page, &model, Edit::Amount(0, "0.1".to_owned()));
    let problem = page.form.problems(&model)[0]
        .address
        .clone()
        .expect("refused");
    assert!(
        problem.starts_with("A character is wrong, probably \"4\" at place"),
        "{problem}"
    );
    assert!(page.form.request(&model).is_err() && !page.previewing);
}

#[test]
fn an_address_of_another_network_is_refused_by_name() {
    let model = model();
    let mut page = Page::default();
    edit(
        &mut page,
        &model,
        Edit::Address(0, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn".to_owned()),
    );
    let problem = page.form.problems(&model)[0]
        .address
        .clone()
        .expect("refused");
    assert_eq!(
        problem,
        "This is no address of Bitcoin on the main network."
    );
}

#[test]
fn more_than_there_is_names_what_is_missing() {
    let model = model();
    let mut page = Page::default();
    edit(&mut page, &model, Edit::Amount(0, "1.5".to_owned()));
    let problem = page.form.problems(&model)[0]
        .amount
        .clone()
        .expect("refused");
    assert!(
        problem
            .replace(['\u{2009}', '\u{A0}'], " ")
            .contains("0.500 000 00 BTC more"),
        "{problem}"
    );
}

#[test]
fn rate_and_total_follow_each_other() {
    let model = model();
    let mut page = filled(&model);
    let now = page.edit;
    tell(
        &mut page,
        &model,
        Message::Previewed(now, Ok(prepared(141, 1410))),
    );
    assert_eq!(
        (page.form.rate.as_str(), page.form.total.as_str()),
        ("10", "1410")
    );
    edit(&mut page, &model, Edit::Rate("20".to_owned()));
    assert_eq!(page.form.total, "2820");
    edit(&mut page, &model, Edit::Total("705".to_owned()));
    assert_eq!(page.form.rate, "5");
}

#[test]
fn a_late_preview_is_not_what_is_sent() {
    let model = model();
    let mut page = filled(&model);
    let old = page.edit;
    edit(&mut page, &model, Edit::Amount(0, "0.013".to_owned()));
    tell(
        &mut page,
        &model,
        Message::Previewed(old, Ok(prepared(141, 1410))),
    );
    tell(&mut page, &model, Message::Review);
    assert_eq!(page.stage(), Stage::Compose);
    let now = page.edit;
    tell(
        &mut page,
        &model,
        Message::Previewed(now, Ok(prepared(141, 1410))),
    );
    tell(&mut page, &model, Message::Review);
    assert_eq!(page.stage(), Stage::Review);
}

#[test]
fn everything_goes_to_one_recipient_who_pays_the_fee() {
    let model = model();
    let mut page = filled(&model);
    edit(&mut page, &model, Edit::Add);
    edit(
        &mut page,
        &model,
        Edit::Address(1, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2".to_owned()),
    );
    edit(&mut page, &model, Edit::All(1));
    let request = page.form.request(&model).expect("complete");
    assert_eq!(request.recipients[1].amount, None);
    assert!(request.recipients[1].subtract_fee);
    edit(&mut page, &model, Edit::All(0));
    let alls: Vec<bool> = page.form.recipients.iter().map(|row| row.all).collect();
    assert_eq!(alls, [true, false]);
}

#[test]
fn the_same_address_twice_is_told_at_the_second() {
    let model = model();
    let mut page = filled(&model);
    edit(&mut page, &model, Edit::Add);
    edit(&mut page, &model, Edit::Address(1, ADDRESS.to_owned()));
    let problems = page.form.problems(&model);
    assert_eq!(problems[0].address, None);
    assert!(
        problems[1]
            .address
            .as_deref()
            .is_some_and(|text| text.contains("already"))
    );
}

#[test]
fn arrows_step_by_a_thousandth_of_a_coin() {
    let model = model();
    let mut page = filled(&model);
    edit(&mut page, &model, Edit::Step(0, true));
    assert_eq!(page.form.recipients[0].amount, "0.013");
    for _ in 0..20 {
        edit(&mut page, &model, Edit::Step(0, false));
    }
    assert_eq!(page.form.recipients[0].amount, "");
}

#[test]
fn changing_the_unit_keeps_the_amount() {
    let model = model();
    let mut page = filled(&model);
    edit(&mut page, &model, Edit::Unit(0, 3));
    assert_eq!(page.form.recipients[0].amount, "1200000");
}
