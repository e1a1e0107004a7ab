//! The details of a transaction, every value with a way to copy it.

use iced::widget::{column, container, row};
use iced::{Alignment, Length};
use ipc_schema::{TxOutputRow, TxRow, TxState};

use super::{Message, Page, rows};
use crate::Element;
use crate::model::Model;
use crate::model::history::confirmations;
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::button_with;
use crate::widget::{Field, address, button, icon_button, layout, text};

pub(super) fn drawer<'a>(
    page: &'a Page,
    model: &'a Model,
    tx: &'a TxRow,
    width: Length,
) -> Element<'a, Message> {
    let money = model.money();
    let (state_icon, state_words, state_tone) = rows::state(model, tx);
    let amount_tone = if tx.amount > primitives::Amount::ZERO {
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
    body = body.push(outputs(page, model, tx));
    body = body.push(copyable("Transaction id", tx.txid.to_string(), "copy-txid"));
    if let TxState::Confirmed { block, .. } = tx.state {
        body = body.push(copyable("Block", block.to_string(), "copy-block"));
    }
    if let Some(details) = &page.details {
        let raw = primitives::hash::to_hex(&details.raw);
        if !raw.is_empty() {
            body = body.push(
                button_with(Icon::Copy, "Copy raw transaction", Press::Secondary)
                    .id("copy-raw")
                    .on_press(Message::Copy(raw, "Raw transaction")),
            );
        }
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
        1 => ", in 1 block".to_owned(),
        depth => format!(
            ", {} blocks deep",
            crate::model::amount::count(u64::from(depth))
        ),
    }
}

fn facts<'a>(page: &'a Page, model: &'a Model, tx: &'a TxRow) -> Element<'a, Message> {
    let money = model.money();
    let mut facts = column![fact("Date", model.zone.full(tx.time))].spacing(size::S1);
    if let Some(fee) = tx.fee {
        facts = facts.push(fact("Fee", money.fee(fee)));
    }
    if let Some(details) = &page.details {
        if let Some(rate) = details.fee_rate {
            facts = facts.push(fact("Fee rate", money.rate(rate)));
        }
        facts = facts.push(fact("Size", format!("{} vB", details.vsize)));
    }
    facts.into()
}

fn fact<'a>(label: &'static str, value: String) -> Element<'a, Message> {
    row![
        container(text::body(label).class(Tone::Soft)).width(96.0),
        container(text::body(value)).width(Length::Fill)
    ]
    .spacing(size::S2)
    .into()
}

fn outputs<'a>(page: &'a Page, model: &'a Model, tx: &'a TxRow) -> Element<'a, Message> {
    let all = page
        .details
        .as_ref()
        .map_or(&tx.outputs, |details| &details.outputs);
    let mut list = column![text::label("To")].spacing(size::S2);
    for output in all {
        list = list.push(output_row(model, output));
    }
    list.into()
}

fn output_row<'a>(model: &'a Model, output: &'a TxOutputRow) -> Element<'a, Message> {
    let owner = match (output.is_change, output.is_mine) {
        (true, _) => "change, mine",
        (_, true) => "mine",
        _ => "",
    };
    let mut name = vec![output.label.as_str(), owner];
    name.retain(|part| !part.is_empty());
    let head = row![
        container(text::body(model.money().number(output.amount))).width(Length::Fill),
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
            format!("copy-output-{}", output.vout),
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
