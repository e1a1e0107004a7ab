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
fn a_link_from_elsewhere_is_ready_for_its_review() {
    let model = model();
    let mut page = Page::default();
    let request = PaymentRequest {
        address: ADDRESS.to_owned(),
        amount: Some(Amount::from_sat(1_200_000)),
        ..PaymentRequest::default()
    };
    let link = Link::default();
    let context = Context {
        model: &model,
        link: &link,
    };
    let task = page.fill(&request, &context);
    assert_eq!(task.units(), 1, "the wallet is asked for a preview");
    assert!(page.previewing);
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
    let mut coming = self::model();
    let wallet = coming.wallet.as_mut().expect("there is one");
    wallet.state.as_mut().expect("known").balances.pending = Amount::from_coins(2);
    let problem = page.form.problems(&coming)[0]
        .amount
        .clone()
        .expect("refused");
    assert!(problem.ends_with("BTC is on its way."), "{problem}");
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

fn event(page: &mut Page, model: &Model, message: Message) -> Option<Event> {
    let link = Link::default();
    page.update(message, &Context { model, link: &link }).event
}

fn shows(page: &Page, model: &Model, text: &str) -> bool {
    struct With<'a>(&'a str);
    impl iced_test::selector::Selector for With<'_> {
        type Output = ();
        fn select(&mut self, candidate: iced_test::selector::Candidate<'_>) -> Option<()> {
            match candidate {
                iced_test::selector::Candidate::Text { content, .. } => {
                    content.contains(self.0).then_some(())
                }
                _ => None,
            }
        }
        fn description(&self) -> String {
            self.0.to_owned()
        }
    }
    let size = iced::Size::new(900.0, 2000.0);
    let view: Element<'_, Message> = page.view(model);
    iced_test::Simulator::with_size(iced::Settings::default(), size, view)
        .find(With(text))
        .is_ok()
}

fn reply(broadcast: Broadcast) -> Result<SendReply, IpcError> {
    Ok(SendReply {
        txid: Txid::from_slice(&[7; 32]).expect("32 bytes"),
        broadcast,
    })
}

fn reviewed(model: &Model) -> Page {
    let mut page = filled(model);
    let now = page.edit;
    tell(
        &mut page,
        model,
        Message::Previewed(now, Ok(prepared(141, 1410))),
    );
    tell(&mut page, model, Message::Review);
    assert_eq!(page.stage(), Stage::Review);
    page
}

#[test]
fn a_refused_payment_stays_in_view_with_its_reason() {
    let model = model();
    let mut page = reviewed(&model);
    let refused = reply(Broadcast::Rejected("min relay fee not met".to_owned()));
    let told = event(&mut page, &model, Message::Sent("w".to_owned(), refused));
    assert_eq!(told, None, "the page is not left");
    assert!(shows(&page, &model, "The node refused the payment"));
    assert!(shows(&page, &model, "min relay fee not met"));
    assert!(shows(&page, &model, "Give it to the node again"));
    event(&mut page, &model, Message::Abandoned(Ok(())));
    assert_eq!(page.stage(), Stage::Compose);
    assert_eq!(page.form.recipients[0].address, ADDRESS, "to be changed");
}

#[test]
fn a_payment_that_is_taken_is_shown_in_the_list() {
    let model = model();
    let mut page = reviewed(&model);
    let taken = reply(Broadcast::Accepted);
    let told = event(&mut page, &model, Message::Sent("w".to_owned(), taken));
    assert!(matches!(told, Some(Event::ShowTransaction(_))));
    assert!(page.is_untouched() || page.stage() == Stage::Done);
}

#[test]
fn the_review_says_what_becomes_of_the_fee() {
    let model = model();
    let mut page = reviewed(&model);
    assert!(shows(
        &page,
        &model,
        "This version cannot raise its fee itself"
    ));
    tell(&mut page, &model, Message::Change);
    edit(&mut page, &model, Edit::Final);
    let now = page.edit;
    tell(
        &mut page,
        &model,
        Message::Previewed(now, Ok(prepared(141, 1410))),
    );
    tell(&mut page, &model, Message::Review);
    assert!(shows(&page, &model, "its fee cannot be raised later"));
}

#[test]
fn a_wallet_without_keys_is_not_told_to_send() {
    let mut model = model();
    let page = reviewed(&model);
    assert!(shows(&page, &model, "Send now"));
    let wallet = model.wallet.as_mut().expect("there is one");
    let state = wallet.state.as_mut().expect("known");
    state.info.watch_only = true;
    assert!(!shows(&page, &model, "Send now"));
    assert!(shows(&page, &model, "This wallet only watches"));
}

#[test]
fn a_draft_waits_for_its_wallet() {
    let model = model();
    let link = Link::default();
    let context = Context {
        model: &model,
        link: &link,
    };
    let mut first = reviewed(&model);
    let asked = first.edit;
    drop(first.set_aside(&context));
    let mut second = Page::default();
    drop(second.take_up(&mut first, &context));
    assert!(second.edit > asked, "answers to the first page come late");
    tell(
        &mut second,
        &model,
        Message::Previewed(asked, Ok(prepared(141, 1410))),
    );
    assert!(second.ready_preview().is_none());
    drop(second.set_aside(&context));
    drop(first.take_up(&mut second, &context));
    assert_eq!(first.stage(), Stage::Compose);
    assert_eq!(first.form.recipients[0].amount, "0.012");
    assert!(first.previewing && !first.is_untouched() && second.is_untouched());
}

#[test]
fn a_payment_is_prepared_anew_by_a_wallet_that_was_started_anew() {
    let model = model();
    let link = Link::default();
    let context = Context {
        model: &model,
        link: &link,
    };
    let mut page = reviewed(&model);
    let update = page.begin_again(&context);
    assert!(matches!(update.event, Some(Event::Notify(Tone::Warn, _))));
    assert_eq!(page.stage(), Stage::Compose);
    assert!(page.previewing && page.ready_preview().is_none());
    assert_eq!(page.form.recipients[0].amount, "0.012");
}

#[test]
fn an_answer_for_another_wallet_changes_nothing_here() {
    let model = model();
    let mut page = reviewed(&model);
    let taken = reply(Broadcast::Accepted);
    let told = event(&mut page, &model, Message::Sent("other".to_owned(), taken));
    assert!(matches!(told, Some(Event::Notify(Tone::Good, words)) if words.starts_with("other: ")));
    assert_eq!(page.stage(), Stage::Review);
}

#[test]
fn the_clipboard_and_the_known_addresses_fill_the_field() {
    let mut model = model();
    model.wallet.as_mut().expect("there is one").addresses = vec![ipc_schema::AddressRow {
        address: ADDRESS.to_owned(),
        label: "Baker".to_owned(),
        ..Default::default()
    }]
    .into();
    let mut page = Page::default();
    tell(&mut page, &model, Message::Book(0));
    assert!(shows(&page, &model, "Baker"));
    tell(&mut page, &model, Message::BookFilter("butcher".to_owned()));
    assert!(!shows(&page, &model, "Baker"));
    tell(&mut page, &model, Message::BookPick(0, ADDRESS.to_owned()));
    assert_eq!(page.form.recipients[0].label, "Baker");
    let link = format!(" bitcoin:{ADDRESS}?amount=0.5\n");
    tell(&mut page, &model, Message::Pasted(0, Some(link)));
    assert_eq!(page.form.recipients[0].amount, "0.5");
    let nothing = event(&mut page, &model, Message::Pasted(0, None));
    assert!(matches!(nothing, Some(Event::Notify(Tone::Warn, _))));
}

#[test]
fn every_recipient_has_controls_of_its_own() {
    let model = model();
    let mut page = Page::default();
    for _ in 0..6 {
        edit(&mut page, &model, Edit::Add);
    }
    let size = iced::Size::new(900.0, 4000.0);
    let mut window =
        iced_test::Simulator::with_size(iced::Settings::default(), size, page.view(&model));
    for id in [
        "send-amount-7",
        "send-all-7",
        "send-subtract-6",
        "send-unit-5-0",
    ] {
        assert!(window.find(iced_test::selector::id(id)).is_ok(), "{id}");
    }
    window
        .click(iced_test::selector::id("send-subtract-7"))
        .expect("a control");
    let told: Vec<Message> = window.into_messages().collect();
    assert!(matches!(told[..], [Message::Form(Edit::SubtractFee(6))]));
}

#[test]
fn without_an_estimate_the_form_says_what_is_paid() {
    let fees = |minimum: i64, default: i64| ipc_schema::WalletFees {
        minimum: FeeRate::from_sat_per_kvb(minimum),
        default: FeeRate::from_sat_per_kvb(default),
        ..Default::default()
    };
    let set = |model: &mut Model, fees| {
        model.wallet.as_mut().expect("there is one").fees = Some(fees);
    };
    let mut public = model();
    let page = filled(&public);
    set(&mut public, fees(1000, 1000));
    assert!(shows(&page, &public, "no fixed rate is set: choose a rate"));
    let rate = |page: &Page, model: &Model| page.form.request(model).expect("complete").fee_rate;
    assert_eq!(rate(&page, &public), None, "the wallet asks for one");
    set(&mut public, fees(1000, 20_000));
    assert!(shows(&page, &public, "a fixed rate of 20 sat/vB is taken"));

    let mut private = model();
    private.params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    set(&mut private, fees(1000, 1000));
    let mut page = Page::default();
    let own = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    edit(&mut page, &private, Edit::Address(0, own.to_owned()));
    edit(&mut page, &private, Edit::Amount(0, "0.1".to_owned()));
    assert_eq!(rate(&page, &private), Some(FeeRate::from_sat_per_kvb(1000)));
}

#[test]
fn a_key_of_the_window_changes_no_amount() {
    use iced::keyboard::{self, Key, Location, Modifiers, key};
    let model = model();
    let page = filled(&model);
    let press = |modifiers: Modifiers| {
        let size = iced::Size::new(900.0, 2000.0);
        let mut window =
            iced_test::Simulator::with_size(iced::Settings::default(), size, page.view(&model));
        window
            .click(iced_test::selector::id("send-amount"))
            .expect("a field");
        let _ = window.simulate([iced::Event::Keyboard(keyboard::Event::KeyPressed {
            key: Key::Character("1".into()),
            modified_key: Key::Character("1".into()),
            physical_key: key::Physical::Code(key::Code::Digit1),
            location: Location::Standard,
            modifiers,
            text: Some("1".into()),
            repeat: false,
        })]);
        window.into_messages().count()
    };
    assert_eq!((press(Modifiers::ALT), press(Modifiers::empty())), (0, 1));
}

#[test]
fn enter_in_any_field_goes_on_to_the_review() {
    use iced_test::selector::id;
    let model = model();
    let mut page = filled(&model);
    let now = page.edit;
    let preview = Message::Previewed(now, Ok(prepared(141, 1410)));
    tell(&mut page, &model, preview);
    for field in [
        "send-address",
        "send-label",
        "send-amount",
        "send-rate",
        "send-fee-total",
    ] {
        let size = iced::Size::new(1000.0, 1400.0);
        let settings = iced::Settings::default();
        let mut window = iced_test::Simulator::with_size(settings, size, page.view(&model));
        window.click(id(field)).expect(field);
        window.tap_key(iced::keyboard::key::Named::Enter);
        let told: Vec<Message> = window.into_messages().collect();
        assert!(matches!(told[..], [Message::Review]), "{field}: {told:?}");
    }
}
