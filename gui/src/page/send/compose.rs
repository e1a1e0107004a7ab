//! The form of a payment.

mod book;
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

/// The name of a control of one recipient; those of the first have none of the others' numbers.
fn name(control: &str, index: usize) -> String {
    match index {
        0 => control.to_owned(),
        _ => format!("{control}-{}", index + 1),
    }
}

pub(super) fn view<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let problems = page.form.problems(model);
    let rows = if page.form.recipients.is_empty() {
        vec![recipient(page, &EMPTY, 0, 1, Problems::default(), model)]
    } else {
        let count = page.form.recipients.len();
        let rows = page.form.recipients.iter().zip(problems).enumerate();
        rows.map(|(index, (row, problems))| recipient(page, row, index, count, problems, model))
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
    page: &'a Page,
    form: &'a RecipientForm,
    index: usize,
    count: usize,
    problems: Problems,
    model: &'a Model,
) -> Element<'a, Message> {
    let edit =
        move |make: fn(usize, String) -> Edit| move |text: String| Message::Form(make(index, text));
    let mut to = Field::new(name("send-address", index), &form.address)
        .label("To")
        .placeholder("Address or payment link")
        .mono()
        // The line is there before anything is said in it: fields do not move away under the pointer.
        .note(" ", Tone::Faint)
        .on_input(edit(Edit::Address))
        .on_submit(Message::Review)
        .error(problems.address);
    let mut after = row![
        icon_button(
            Icon::ClipboardPaste,
            "Paste an address or link (Alt+P)",
            name("send-paste", index),
            Some(Message::Paste(index)),
        ),
        icon_button(
            Icon::BookUser,
            "Known addresses (Alt+A)",
            name("send-book", index),
            Some(Message::Book(index)),
        ),
    ]
    .spacing(size::S1);
    if count > 1 {
        after = after.push(icon_button(
            Icon::Trash,
            "Remove this recipient",
            format!("send-remove-{index}"),
            Some(Message::Form(Edit::Remove(index))),
        ));
    }
    to = to.after(after);
    let (remark, tone) = address_remark(form, model);
    if let Some(remark) = remark {
        to = to.note(remark, tone);
    }
    let label = Field::new(name("send-label", index), &form.label)
        .label("Label")
        .placeholder("Who or what for, for yourself")
        .on_input(edit(Edit::Label))
        .on_submit(Message::Review);
    let mut card = column![to].spacing(size::S3);
    if let Some((_, words)) = page.book.as_ref().filter(|(of, _)| *of == index) {
        card = card.push(book::view(words, index, model));
    }
    card = card
        .push(label)
        .push(amount_row(form, index, problems.amount, model));
    if !form.message.is_empty() {
        card = card.push(text::caption(format!(
            "Message of the link: {}",
            form.message
        )));
    }
    let card = keys(Scope::InsideFirst, card, move |key, modifiers| {
        let letter = match key {
            Key::Character(text) if modifiers.alt() && !modifiers.command() => text.as_str(),
            _ => return None,
        };
        match letter {
            "p" | "P" => Some(Message::Paste(index)),
            "a" | "A" => Some(Message::Book(index)),
            _ => None,
        }
    });
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
    let mut field = Field::new(name("send-amount", index), &form.amount)
        .label("Amount")
        .placeholder(placeholder)
        .error(problem);
    field = field
        .on_input(move |text| Message::Form(Edit::Amount(index, text)))
        .on_submit(Message::Review);
    let units = segments(
        name("send-unit", index),
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
            name("send-all", index),
            "Send everything",
            form.all,
            Some(Message::Form(Edit::All(index)))
        ),
        check(
            name("send-subtract", index),
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
        _ if wallet.has_paid(&form.address) => {
            (Some("You paid this address before.".to_owned()), Tone::Warn)
        }
        _ => (
            Some("✓ Valid. You never paid this address.".to_owned()),
            Tone::Faint,
        ),
    }
}

fn foot<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
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
            .on_press_maybe(page.can_review(model).then_some(Message::Review)),
    ]
    .spacing(size::S2)
    .align_y(Alignment::Center)
    .into()
}
