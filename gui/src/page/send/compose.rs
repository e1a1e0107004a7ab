//! The form of a payment.

mod coins;
mod fee;

use iced::keyboard::{Key, key};
use iced::widget::{column, container, row, space};
use iced::{Alignment, Length};

use super::form::{Edit, Problems, RecipientForm, address_problem};
use super::{Message, Page};
use crate::Element;
use crate::model::Model;
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::{button_with, check, segments};
use crate::widget::{Field, Scope, button, icon_button, keys, layout, text};

/// Fields of the first recipient have fixed names; of further ones these.
const ADDRESS: [&str; 4] = [
    "send-address",
    "send-address-2",
    "send-address-3",
    "send-address-4",
];
const LABEL: [&str; 4] = ["send-label", "send-label-2", "send-label-3", "send-label-4"];
const AMOUNT: [&str; 4] = [
    "send-amount",
    "send-amount-2",
    "send-amount-3",
    "send-amount-4",
];

fn name(names: &'static [&'static str; 4], index: usize) -> &'static str {
    names[index.min(names.len() - 1)]
}

pub(super) fn view<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let problems = page.form.problems(model);
    let rows = if page.form.recipients.is_empty() {
        vec![recipient(&EMPTY, 0, 1, Problems::default(), model)]
    } else {
        let count = page.form.recipients.len();
        let rows = page.form.recipients.iter().zip(problems).enumerate();
        rows.map(|(index, (row, problems))| recipient(row, index, count, problems, model))
            .collect()
    };
    let available = model
        .wallet
        .as_ref()
        .and_then(crate::model::Wallet::available);
    let balance = available.map_or_else(String::new, |available| {
        format!("{} ready to spend", model.money().with_unit(available))
    });
    let add = button_with(Icon::Plus, "Another recipient", Press::Ghost)
        .id("send-add")
        .on_press(Message::Form(Edit::Add));
    let mut blocks = rows;
    blocks.push(container(add).into());
    blocks.push(fee::fee_card(page, model));
    blocks.push(coins::coins_card(page, model));
    blocks.push(foot(page, model));
    let head = layout::heading_row("Send", text::body(balance).class(Tone::Soft));
    layout::page("send", head, blocks)
}

static EMPTY: RecipientForm = RecipientForm {
    address: String::new(),
    label: String::new(),
    amount: String::new(),
    unit: 0,
    all: false,
    subtract_fee: false,
    message: String::new(),
};

fn recipient<'a>(
    form: &'a RecipientForm,
    index: usize,
    count: usize,
    problems: Problems,
    model: &'a Model,
) -> Element<'a, Message> {
    let edit =
        move |make: fn(usize, String) -> Edit| move |text: String| Message::Form(make(index, text));
    let mut to = Field::new(name(&ADDRESS, index), &form.address)
        .label("To")
        .placeholder("Address or payment link")
        .mono()
        .on_input(edit(Edit::Address))
        .error(problems.address);
    if count > 1 {
        let remove = Message::Form(Edit::Remove(index));
        to = to.after(icon_button(
            Icon::Trash,
            "Remove this recipient",
            format!("send-remove-{index}"),
            Some(remove),
        ));
    }
    let (remark, tone) = address_remark(form, model);
    if let Some(remark) = remark {
        to = to.note(remark, tone);
    }
    let label = Field::new(name(&LABEL, index), &form.label)
        .label("Label")
        .placeholder("Who or what for, for yourself")
        .on_input(edit(Edit::Label));
    let mut card =
        column![to, label, amount_row(form, index, problems.amount, model)].spacing(size::S3);
    if !form.message.is_empty() {
        card = card.push(text::caption(format!(
            "Message of the link: {}",
            form.message
        )));
    }
    layout::card(card)
}

fn amount_row<'a>(
    form: &'a RecipientForm,
    index: usize,
    problem: Option<String>,
    model: &'a Model,
) -> Element<'a, Message> {
    let placeholder = if form.all {
        "everything that is left"
    } else {
        "0.00"
    };
    let mut field = Field::new(name(&AMOUNT, index), &form.amount)
        .label("Amount")
        .placeholder(placeholder)
        .error(problem);
    field = field.on_input(move |text| Message::Form(Edit::Amount(index, text)));
    let units = segments(
        "send-unit",
        model
            .params
            .units
            .iter()
            .enumerate()
            .map(|(at, unit)| (at, unit.symbol.to_owned())),
        form.unit,
        move |unit| Message::Form(Edit::Unit(index, unit)),
    );
    let stepped = keys(
        Scope::Inside,
        Element::from(field),
        move |key, _| match key {
            Key::Named(key::Named::ArrowUp) => Some(Message::Form(Edit::Step(index, true))),
            Key::Named(key::Named::ArrowDown) => Some(Message::Form(Edit::Step(index, false))),
            _ => None,
        },
    );
    let ticks = row![
        check(
            "send-all",
            "Send everything",
            form.all,
            Some(Message::Form(Edit::All(index)))
        ),
        check(
            "send-subtract",
            "They pay the fee",
            form.subtract_fee,
            Some(Message::Form(Edit::SubtractFee(index)))
        ),
    ]
    .spacing(size::S3)
    .wrap();
    let line = row![
        container(stepped)
            .width(Length::FillPortion(3))
            .max_width(320.0),
        column![text::label("Unit"), units].spacing(size::S1),
    ]
    .spacing(size::S3);
    column![line, ticks].spacing(size::S2).into()
}

/// What is worth knowing about a valid address.
fn address_remark(form: &RecipientForm, model: &Model) -> (Option<String>, Tone) {
    if form.address.is_empty() || address_problem(&form.address, model).is_some() {
        return (None, Tone::Inherit);
    }
    let Some(wallet) = &model.wallet else {
        return (None, Tone::Inherit);
    };
    if let Some(other) = wallet.lookalike(&form.address) {
        let short = crate::widget::address::short(other);
        return (
            Some(format!(
                "Careful: this looks like {short}, which you know, but is another address."
            )),
            Tone::Bad,
        );
    }
    match wallet.address(&form.address) {
        Some(row) if row.is_mine => (
            Some("✓ This is an address of this wallet.".to_owned()),
            Tone::Good,
        ),
        Some(row) if row.payments > 0 => {
            (Some("You paid this address before.".to_owned()), Tone::Warn)
        }
        _ => (
            Some("✓ Valid. You never paid this address.".to_owned()),
            Tone::Faint,
        ),
    }
}

fn foot<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let ready = page.ready_preview().is_some();
    let waits = model.is_catching_up();
    let (words, tone) = match (&page.preview_error, page.form.request(model)) {
        _ if waits => (
            "Sending waits until the wallet has caught up with the chain.".to_owned(),
            Tone::Warn,
        ),
        (Some(error), _) => (error.clone(), Tone::Bad),
        (None, Err(missing)) => (missing, Tone::Faint),
        (None, Ok(_)) if page.previewing => ("Asking the wallet…".to_owned(), Tone::Faint),
        (None, Ok(_)) => match page.ready_preview() {
            Some(preview) => (
                format!(
                    "{} leave the wallet, {} of them as fee.",
                    model.money().with_unit(preview.total),
                    model.money().fee(preview.fee)
                ),
                Tone::Soft,
            ),
            None => (String::new(), Tone::Faint),
        },
    };
    row![
        container(text::body(words).class(tone)).width(Length::Fill),
        space::horizontal().width(size::S2),
        button("Clear", Press::Secondary)
            .id("send-clear")
            .on_press(Message::Clear),
        button_with(Icon::ArrowRight, "Review", Press::Primary)
            .id("send-review")
            .on_press_maybe((ready && !waits).then_some(Message::Review)),
    ]
    .spacing(size::S2)
    .align_y(Alignment::Center)
    .into()
}
