//! The review of a payment: everything that will happen, before it happens; and its end.

use iced::widget::{column, container, row, space};
use iced::{Alignment, Length};
use ipc_schema::{Broadcast, PreparedSend};

use super::{Message, Page};
use crate::Element;
use crate::model::{Model, Money, Wallet};
use crate::theme::{Icon, Press, Tone, fonts, size};
use crate::widget::button::button_with;
use crate::widget::{Field, address, button, layout, text};

pub(super) fn view<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let Some(preview) = page.ready_preview() else {
        return layout::page("review", layout::page_title("Review"), Vec::new());
    };
    let mut blocks: Vec<Element<'a, Message>> = preview
        .warnings
        .iter()
        .map(|warning| {
            layout::notice(
                Tone::Warn,
                Icon::TriangleAlert,
                "Please note",
                text::body(warning),
                Vec::new(),
            )
        })
        .collect();
    blocks.push(recipients(preview, model));
    blocks.push(picture(preview, model));
    blocks.push(totals(preview, page.form.is_final, model));
    blocks.push(foot(page, model));
    layout::page("review", layout::page_title("Review"), blocks)
}

/// Who gets what, with the whole address.
fn recipients<'a>(preview: &'a PreparedSend, model: &'a Model) -> Element<'a, Message> {
    let mut list = column![].spacing(size::S4);
    for output in preview.outputs.iter().filter(|output| !output.is_change) {
        let name = if output.label.is_empty() {
            "no label"
        } else {
            &output.label
        };
        let head = row![
            text::cut(name).font(fonts::MEDIUM).width(Length::Fill),
            text::line(model.money().with_unit(output.amount)).font(fonts::STRONG),
        ]
        .spacing(size::S3);
        list = list.push(column![head, address(&output.address)].spacing(size::S2));
    }
    layout::titled_card("To", list)
}

/// Coins on the left, outputs on the right, the fee named.
fn picture<'a>(preview: &'a PreparedSend, model: &'a Model) -> Element<'a, Message> {
    let money = model.money();
    let line = |name: String, amount: String, tone: Tone| -> Element<'a, Message> {
        row![
            text::cut(name).class(tone).width(Length::Fill),
            text::line(amount).class(tone),
        ]
        .spacing(size::S2)
        .into()
    };
    let short = |label: &str, of: &str| {
        if label.is_empty() {
            address::short(of)
        } else {
            label.to_owned()
        }
    };
    let inputs = preview.inputs.iter().map(|input| {
        line(
            short(&input.label, &input.address),
            money.number(input.amount),
            Tone::Main,
        )
    });
    let mut outputs: Vec<Element<'a, Message>> = preview
        .outputs
        .iter()
        .map(|output| {
            if output.is_change {
                line(
                    "back to me".to_owned(),
                    money.number(output.amount),
                    Tone::Soft,
                )
            } else {
                line(
                    short(&output.label, &output.address),
                    money.number(output.amount),
                    Tone::Main,
                )
            }
        })
        .collect();
    outputs.push(line(
        format!("fee, {}", money.rate(preview.fee_rate)),
        money.number(preview.fee),
        Tone::Accent,
    ));
    let side = |title: &'static str, lines: Vec<Element<'a, Message>>| {
        column![text::caption(title), column(lines).spacing(size::S1)]
            .spacing(size::S2)
            .width(Length::Fill)
    };
    let arrow = container(text::sized_icon(Icon::ArrowRight, size::TEXT_TITLE).class(Tone::Faint))
        .padding([size::S4, size::S1]);
    layout::card(
        row![
            side("coins spent", inputs.collect()),
            arrow,
            side("outputs made", outputs)
        ]
        .spacing(size::S3),
    )
}

fn totals<'a>(preview: &'a PreparedSend, is_final: bool, model: &'a Model) -> Element<'a, Message> {
    let money = model.money();
    let size_words = format!("{} vB, {}", preview.vsize, money.rate(preview.fee_rate));
    let pays = row![
        text::label("You pay"),
        space::horizontal(),
        text::heading(money.with_unit(preview.total)),
    ]
    .align_y(Alignment::Center);
    let fee = row![
        text::label("of which fee"),
        space::horizontal(),
        text::body(format!("{}  ({size_words})", money.fee(preview.fee))),
    ]
    .align_y(Alignment::Center);
    let mut body = column![pays].spacing(size::S2);
    if !money.masked {
        let units = model.params.units.iter().enumerate();
        let others: Vec<String> = units
            .filter(|(unit, _)| *unit != money.unit)
            .map(|(unit, _)| Money { unit, ..money }.with_unit(preview.total))
            .collect();
        body = body.push(
            container(text::caption(format!("= {}", others.join("  =  "))))
                .align_right(Length::Fill),
        );
    }
    let note = if is_final {
        "It is not marked as replaceable: its fee cannot be raised later."
    } else {
        "It is marked as replaceable. This version cannot raise its fee itself, so choose a rate that will do."
    };
    layout::card(body.push(fee).push(text::caption(note)))
}

fn foot<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let locked = model
        .wallet
        .as_ref()
        .is_some_and(crate::model::Wallet::is_locked);
    let watches = model.wallet.as_ref().is_some_and(Wallet::is_watch_only);
    let mut block = column![].spacing(size::S3);
    if watches {
        block = block.push(layout::notice(
            Tone::Warn,
            Icon::Eye,
            "This wallet only watches",
            text::body("It holds no private keys, so it cannot sign the payment. This version cannot save payments for signing elsewhere: pay from the wallet that holds the keys."),
            Vec::new(),
        ));
    } else if locked {
        block = block.push(
            container(Element::from(
                Field::new("send-passphrase", &page.passphrase)
                    .label("Passphrase of this wallet")
                    .secure(true)
                    .on_input(Message::Passphrase)
                    .on_submit(Message::Send)
                    .error(page.send_error.clone())
                    .hint("The wallet is locked again when the payment is on its way."),
            ))
            .max_width(420.0),
        );
    } else if let Some(error) = &page.send_error {
        block = block.push(layout::notice(
            Tone::Bad,
            Icon::CircleAlert,
            "The payment was not sent",
            text::body(error),
            Vec::new(),
        ));
    }
    let words = match (watches, page.sending, locked) {
        (true, _, _) => "Cannot sign",
        (_, true, _) => "Sending…",
        (_, false, true) => "Unlock and send",
        (_, false, false) => "Send now",
    };
    let may_send = !page.sending && !watches;
    let send = button_with(Icon::ArrowUpRight, words, Press::Primary)
        .id("send-confirm")
        .on_press_maybe(may_send.then_some(Message::Send));
    let buttons = row![
        button_with(Icon::ArrowLeft, "Change", Press::Secondary)
            .id("send-change")
            .on_press_maybe((!page.sending).then_some(Message::Change)),
        space::horizontal(),
        send,
    ]
    .spacing(size::S2);
    block.push(buttons).into()
}

pub(super) fn done<'a>(page: &'a Page, _model: &'a Model) -> Element<'a, Message> {
    let Some(sent) = &page.sent else {
        return layout::page("sent", layout::page_title("Send"), Vec::new());
    };
    let (tone, icon, title, words) = match &sent.broadcast {
        Broadcast::Accepted => (
            Tone::Good,
            Icon::CircleCheck,
            "On its way",
            "The node took the payment and passes it on.".to_owned(),
        ),
        Broadcast::Waiting => (
            Tone::Warn,
            Icon::Hourglass,
            "Stored, not yet sent",
            "The node could not be asked. The payment goes out by itself when it is back."
                .to_owned(),
        ),
        Broadcast::Rejected(reason) => (
            Tone::Bad,
            Icon::CircleAlert,
            "The node refused the payment",
            format!(
                "The node said: {reason}. The payment is signed and stored, and its coins are held back for it. Give it to the node again when the cause is gone, or give it up and change it."
            ),
        ),
    };
    let mut body = column![text::body(words), text::mono(sent.txid.to_string())].spacing(size::S2);
    if let Some(error) = &page.send_error {
        body = body.push(text::body(error).class(Tone::Bad));
    }
    let idle = !page.sending;
    let mut actions: Vec<Element<'a, Message>> = Vec::new();
    if !matches!(sent.broadcast, Broadcast::Accepted) {
        actions.push(
            button("Give it to the node again", Press::Primary)
                .id("sent-resend")
                .on_press_maybe(idle.then_some(Message::Resend))
                .into(),
        );
    }
    if matches!(sent.broadcast, Broadcast::Rejected(_)) {
        actions.push(
            button("Give it up and change it", Press::Danger)
                .id("sent-abandon")
                .on_press_maybe(idle.then_some(Message::Abandon))
                .into(),
        );
    }
    actions.push(
        button("Show in Activity", Press::Secondary)
            .id("sent-show")
            .on_press(Message::Show(sent.txid))
            .into(),
    );
    actions.push(
        button("Send another", Press::Secondary)
            .id("sent-another")
            .on_press(Message::Another)
            .into(),
    );
    let card = layout::notice(tone, icon, title, body, actions);
    layout::page("sent", layout::page_title("Send"), vec![card])
}
