//! The details of a transaction, every value with a way to copy it.

use iced::widget::{column, container, row};
use iced::{Alignment, Length};
use ipc_schema::{TxOutputRow, TxRow, TxState};
use primitives::Amount;

use super::{Message, Page, What, rows};
use crate::Element;
use crate::model::Model;
use crate::model::history::confirmations;
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::{button_with, helped};
use crate::widget::{Field, address, button, icon_button, layout, pressable, text};

pub(super) fn drawer<'a>(
    page: &'a Page,
    model: &'a Model,
    tx: &'a TxRow,
    width: Length,
) -> Element<'a, Message> {
    let money = model.money();
    let (state_icon, state_words, state_tone) = rows::state(model.height(), tx);
    let amount_tone = if tx.amount > Amount::ZERO {
        Tone::Incoming
    } else {
        Tone::Outgoing
    };
    let head = column![
        text::caption(rows::kind_word(tx.kind)),
        text::title(format!(
            "{} {}",
            money.signed(tx.amount),
            money.unit().symbol
        ))
        .class(amount_tone),
        row![
            text::icon(state_icon).class(state_tone),
            text::body(format!("{state_words}{}", depth(model, tx))).class(state_tone),
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center),
    ]
    .spacing(size::S1);
    let save = button("Save", Press::Secondary)
        .id("label-save")
        .on_press(Message::SaveLabel);
    let label = Field::new("tx-label", &page.label)
        .label("Label")
        .on_input(Message::Label)
        .on_submit(Message::SaveLabel)
        .after(save);
    let mut body = column![head, Element::from(label)].spacing(size::S4);
    body = body.push(facts(page, model, tx));
    if !tx.comment.is_empty() {
        body =
            body.push(column![text::label("Message"), text::body(&tx.comment)].spacing(size::S1));
    }
    if let Some(note) = rows::mining_note(model, tx) {
        body = body.push(text::caption(note));
    }
    let inputs = page.details.as_ref().map(|details| &details.inputs);
    if let Some(inputs) = inputs.filter(|inputs| !inputs.is_empty()) {
        body = body.push(outputs("From", "input", inputs, model));
    }
    let all = page
        .details
        .as_ref()
        .map_or(&tx.outputs, |details| &details.outputs);
    body = body.push(outputs("To", "output", all, model));
    body = body.push(copyable("Transaction id", tx.txid.to_string(), "copy-txid"));
    if let TxState::Confirmed { block, .. } = tx.state {
        body = body.push(copyable("Block", block.to_string(), "copy-block"));
    }
    if page.details.is_some() {
        let copy = |words: &'static str, id: &'static str, what| {
            button_with(Icon::Copy, words, Press::Secondary)
                .id(id)
                .on_press(Message::CopySelected(what))
        };
        let both = row![
            copy("Raw transaction", "copy-raw", What::Raw),
            copy("Full details", "copy-details", What::Details),
        ]
        .spacing(size::S2);
        body = body.push(both.wrap().vertical_spacing(size::S2));
    }
    layout::drawer(
        "Details",
        Message::Close,
        width,
        body.push(actions(page, tx)).into(),
    )
}

fn depth(model: &Model, tx: &TxRow) -> String {
    match confirmations(&tx.state, model.height()) {
        0 => String::new(),
        1 => ", 1 block deep".to_owned(),
        depth => format!(
            ", {} blocks deep",
            crate::model::amount::count(u64::from(depth))
        ),
    }
}

fn facts<'a>(page: &'a Page, model: &'a Model, tx: &'a TxRow) -> Element<'a, Message> {
    let money = model.money();
    let mut facts = column![fact("Date", model.zone.full(tx.time))];
    if let TxState::Confirmed { height, .. } = tx.state {
        facts = facts.push(fact("Height", height.to_string()));
    }
    if let Some(details) = &page.details {
        let mine = |rows: &[TxOutputRow]| -> Amount {
            let mine = rows.iter().filter(|row| row.is_mine);
            mine.map(|row| row.amount).sum()
        };
        facts = facts
            .push(fact("Debit", money.with_unit(mine(&details.inputs))))
            .push(fact("Credit", money.with_unit(mine(&details.outputs))));
    }
    if let Some(fee) = tx.fee {
        facts = facts.push(fact("Fee", money.fee(fee)));
    }
    facts = facts.push(fact("Net", money.with_unit(tx.amount)));
    if let Some(details) = &page.details {
        if let Some(rate) = details.fee_rate {
            facts = facts.push(fact("Fee rate", money.rate(rate)));
        }
        facts = facts
            .push(fact("Total size", format!("{} bytes", details.raw.len())))
            .push(fact("Virtual size", format!("{} vB", details.vsize)));
    }
    facts.into()
}

/// A value; a press copies it.
fn fact<'a>(label: &'static str, value: String) -> Element<'a, Message> {
    let line = row![
        container(text::body(label).class(Tone::Soft)).width(96.0),
        container(text::body(value.clone())).width(Length::Fill)
    ]
    .spacing(size::S2);
    let press = pressable(line)
        .kind(Press::Ghost)
        .padding([3.0, size::S1])
        .width(Length::Fill)
        .align(Alignment::Start)
        .id(format!(
            "copy-fact-{}",
            label.to_lowercase().replace(' ', "-")
        ))
        .on_press(Message::Copy(value, label));
    helped(press, "Copy")
}

fn outputs<'a>(
    title: &'static str,
    what: &'static str,
    all: &'a [TxOutputRow],
    model: &'a Model,
) -> Element<'a, Message> {
    let mut list = column![text::label(title)].spacing(size::S2);
    for output in all {
        list = list.push(output_row(what, output, model));
    }
    list.into()
}

fn output_row<'a>(
    what: &'static str,
    output: &'a TxOutputRow,
    model: &'a Model,
) -> Element<'a, Message> {
    let owner = match (output.is_change, output.is_mine) {
        (true, _) => "change, mine",
        (_, true) => "mine",
        _ => "",
    };
    let index = format!("{what} {}", output.vout);
    let mut name = vec![output.label.as_str(), owner];
    if what == "output" {
        name.push(&index);
    }
    name.retain(|part| !part.is_empty());
    let amount = model.money().number(output.amount);
    let copy = pressable(text::body(amount.clone()))
        .kind(Press::Ghost)
        .padding([0.0, size::S1])
        .id(format!("copy-{what}-amount-{}", output.vout))
        .on_press(Message::Copy(amount, "Amount"));
    let head = row![
        container(copy).width(Length::Fill),
        text::caption(name.join(", ")),
    ]
    .spacing(size::S2)
    .align_y(Alignment::Center);
    let mut block = column![head].spacing(2.0);
    if output.address.is_empty() {
        block = block.push(text::caption("no address"));
    } else {
        let copy = icon_button(
            Icon::Copy,
            "Copy address",
            format!("copy-{what}-{}", output.vout),
            Some(Message::Copy(output.address.clone(), "Address")),
        );
        block = block.push(row![address(&output.address), copy].spacing(size::S1));
    }
    block.into()
}

fn copyable<'a>(label: &'static str, value: String, id: &'static str) -> Element<'a, Message> {
    let copy = icon_button(
        Icon::Copy,
        "Copy",
        id,
        Some(Message::Copy(value.clone(), label)),
    );
    column![
        row![text::label(label), iced::widget::space::horizontal(), copy]
            .align_y(Alignment::Center),
        text::mono(value).class(Tone::Soft),
    ]
    .into()
}

fn actions<'a>(page: &'a Page, tx: &'a TxRow) -> Element<'a, Message> {
    let mut buttons = column![].spacing(size::S2);
    if matches!(tx.state, TxState::Inactive) {
        buttons = buttons.push(
            button("Give it to the node again", Press::Secondary)
                .id("tx-resend")
                .on_press(Message::Resend),
        );
    }
    if tx.can_abandon {
        let words = if page.abandoning {
            "Really give it up"
        } else {
            "Give this payment up"
        };
        buttons = buttons
            .push(button(words, Press::Danger).id("tx-abandon").on_press(Message::Abandon))
            .push(text::caption("Its coins can be spent again. If somebody else still has it, it may confirm all the same."));
    }
    buttons.into()
}
