//! The coins of a payment: folded away, chosen by the wallet, or picked by hand.

use iced::widget::{column, container, row};
use iced::{Alignment, Length};
use ipc_schema::CoinRow;
use primitives::Amount;

use super::super::{Message, Page};
use crate::Element;
use crate::model::Model;
use crate::model::amount::parse_rate;
use crate::model::coins::payment_size;
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::helped;
use crate::widget::{button, layout, pressable, text};

/// Rows in view at once.
const ROWS: usize = 8;

pub(super) fn coins_card<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let by_hand = page.form.coins.len();
    let summary = match (by_hand, page.preview.as_ref()) {
        (0, Some((_, preview))) => {
            let names: Vec<String> = preview.inputs.iter().take(3).map(input_name).collect();
            let more = preview.inputs.len().saturating_sub(3);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!(
                "{} chosen by the wallet: {}{more}",
                counted(preview.inputs.len()),
                names.join(", ")
            )
        }
        (0, None) => "The wallet chooses.".to_owned(),
        (count, _) => {
            let sum: Amount = picked(page, model).iter().map(|coin| coin.amount).sum();
            format!(
                "{} chosen by you, {}",
                counted(count),
                model.money().with_unit(sum)
            )
        }
    };
    let fold_icon = if page.coins_open {
        Icon::ChevronDown
    } else {
        Icon::ChevronRight
    };
    let head = pressable(
        row![
            text::icon(fold_icon),
            text::heading("Coins"),
            text::cut(summary).class(Tone::Soft).width(Length::Fill)
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center),
    )
    .kind(Press::Ghost)
    .padding(size::S1)
    .width(Length::Fill)
    .align(Alignment::Start)
    .id("send-coins")
    .on_press(Message::FoldCoins);
    let mut card = column![head].spacing(size::S2);
    if page.coins_open {
        card = card.push(coins_list(page, model));
    }
    layout::card(card)
}

fn counted(count: usize) -> String {
    if count == 1 {
        "1 coin".to_owned()
    } else {
        format!("{count} coins")
    }
}

fn input_name(input: &ipc_schema::PreparedInput) -> String {
    if input.label.is_empty() {
        crate::widget::address::short(&input.address)
    } else {
        input.label.clone()
    }
}

fn picked<'a>(page: &'a Page, model: &'a Model) -> Vec<&'a CoinRow> {
    let coins = page.coins.ticked_rows(model);
    coins
        .filter(|coin| coin.spendable && !coin.frozen)
        .collect()
}

fn coins_list<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let count = model.wallet.as_ref().map_or(0, |wallet| wallet.coins.len());
    if count == 0 {
        return text::body("There are no coins yet.")
            .class(Tone::Faint)
            .into();
    }
    let list = page
        .coins
        .view("send-coins-list", model)
        .map(Message::Coins);
    #[expect(clippy::cast_precision_loss, reason = "at most a few rows")]
    let height = count.min(ROWS) as f32 * size::ROW + size::ROW_COMPACT + size::CONTROL;
    let mut block = column![container(list).height(height), sums(page, model)].spacing(size::S2);
    if !page.form.coins.is_empty() {
        block = block.push(
            button("Let the wallet choose", Press::Ghost)
                .id("coins-auto")
                .on_press(Message::AutomaticCoins),
        );
    }
    block.into()
}

/// What the coins come to: of the preview where there is one, else about.
fn sums<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let money = model.money();
    let coins = picked(page, model);
    let by_hand = !coins.is_empty();
    let preview = page.ready_preview();
    let amount: Amount = match preview {
        Some(preview) => preview.inputs.iter().map(|input| input.amount).sum(),
        None => coins.iter().map(|coin| coin.amount).sum(),
    };
    let quantity = match preview {
        Some(preview) => preview.inputs.len(),
        None => coins.len(),
    };
    let rate = parse_rate(&page.form.rate)
        .ok()
        .or_else(|| crate::page::coins::list::rate(model));
    let about = payment_size(coins.iter().copied(), model.params);
    let size_and_fee = match (preview, rate) {
        (Some(preview), _) => Some((preview.vsize, preview.fee)),
        (None, Some(rate)) if by_hand => Some((about, rate.fee(about))),
        _ => None,
    };
    let change = preview.map(|preview| -> Amount {
        let change = preview.outputs.iter().filter(|output| output.is_change);
        change.map(|output| output.amount).sum()
    });
    let known = by_hand || preview.is_some();
    let tilde = if preview.is_some() { "" } else { "about " };
    let of = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let values = [
        ("quantity", of(known.then(|| quantity.to_string()))),
        ("amount", of(known.then(|| money.with_unit(amount)))),
        (
            "bytes",
            of(size_and_fee.map(|(vsize, _)| format!("{tilde}{vsize} vB"))),
        ),
        (
            "fee",
            of(size_and_fee.map(|(_, fee)| format!("{tilde}{}", money.fee(fee)))),
        ),
        (
            "after fee",
            of(size_and_fee.map(|(_, fee)| format!("{tilde}{}", money.with_unit(amount - fee)))),
        ),
        ("change", of(change.map(|change| money.with_unit(change)))),
    ];
    let short = page
        .form
        .asked(model)
        .is_some_and(|asked| by_hand && asked > amount);
    row(values.map(|(name, value)| {
        let tone = if short && name == "amount" {
            Tone::Bad
        } else {
            Tone::Main
        };
        let line = row![
            text::line(name).size(size::TEXT_SMALL).class(Tone::Soft),
            text::line(value.clone()).class(tone),
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center);
        let copy = pressable(line)
            .kind(Press::Ghost)
            .padding([size::S1, size::S2])
            .id(format!("sum-{}", name.replace(' ', "-")))
            .on_press(Message::Copy(value, "Sum"));
        helped(copy, "Copy")
    }))
    .spacing(size::S2)
    .wrap()
    .into()
}
