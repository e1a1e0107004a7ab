//! The coins of a payment: folded away, chosen by the wallet, or picked by hand.

use iced::widget::{column, container, row};
use iced::{Alignment, Length};
use ipc_schema::CoinRow;
use primitives::Amount;

use super::super::{Message, Page};
use crate::Element;
use crate::model::{Model, amount};
use crate::theme::{Icon, Press, Tone, fonts, size};
use crate::widget::{button, icon_button, layout, pressable, text};

/// Rows shown at most; the virtual list of a coins page is for more.
const COINS_SHOWN: usize = 100;

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
            let sum: Amount = picked(page, model).map(|coin| coin.amount).sum();
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
            container(text::line(summary).class(Tone::Soft))
                .width(Length::Fill)
                .clip(true)
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

fn picked<'a>(page: &'a Page, model: &'a Model) -> impl Iterator<Item = &'a CoinRow> {
    let coins = model
        .wallet
        .as_ref()
        .map(|wallet| wallet.coins.as_slice())
        .unwrap_or_default();
    coins
        .iter()
        .filter(|coin| page.form.coins.contains(&coin.outpoint))
}

fn coins_list<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let coins = model
        .wallet
        .as_ref()
        .map(|wallet| wallet.coins.as_slice())
        .unwrap_or_default();
    if coins.is_empty() {
        return text::body("There are no coins yet.")
            .class(Tone::Faint)
            .into();
    }
    let mut list = column![].spacing(2.0);
    for coin in coins.iter().take(COINS_SHOWN) {
        list = list.push(coin_row(page, model, coin));
    }
    if coins.len() > COINS_SHOWN {
        let words = format!("The {COINS_SHOWN} largest of {} coins.", coins.len());
        list = list.push(text::caption(words));
    }
    if !page.form.coins.is_empty() {
        list = list.push(
            button("Let the wallet choose", Press::Ghost)
                .id("coins-auto")
                .on_press(Message::AutomaticCoins),
        );
    }
    list.into()
}

fn coin_row<'a>(page: &'a Page, model: &'a Model, coin: &'a CoinRow) -> Element<'a, Message> {
    let chosen = page.form.coins.contains(&coin.outpoint);
    let usable = coin.spendable && !coin.frozen;
    let label = match (coin.is_change, coin.label.is_empty()) {
        (true, _) => "(change)".to_owned(),
        (false, false) => coin.label.clone(),
        (false, true) => crate::widget::address::short(&coin.address),
    };
    let state = match (coin.frozen, coin.spendable, coin.height) {
        (true, _, _) => "frozen".to_owned(),
        (false, false, _) => "not ripe".to_owned(),
        (false, true, None) => "waiting".to_owned(),
        (false, true, Some(height)) => {
            let depth = model
                .height()
                .map_or(0, |tip| u64::from(tip.saturating_sub(height)) + 1);
            format!("{} deep", amount::count(depth))
        }
    };
    let tone = if usable { Tone::Main } else { Tone::Faint };
    let glyph = if chosen {
        Icon::SquareCheck
    } else {
        Icon::Square
    };
    let line = row![
        text::icon(glyph).class(if chosen { Tone::Accent } else { Tone::Soft }),
        container(text::line(label).class(tone))
            .width(Length::Fill)
            .clip(true),
        text::line(model.money().number(coin.amount))
            .font(fonts::MEDIUM)
            .class(tone),
        text::line(state)
            .class(Tone::Faint)
            .width(88.0)
            .align_x(Alignment::End),
    ]
    .spacing(size::S3)
    .align_y(Alignment::Center);
    let tick = pressable(line)
        .kind(Press::Row { selected: chosen })
        .padding([0.0, size::S2])
        .height(size::ROW)
        .width(Length::Fill)
        .align(Alignment::Start)
        .id(format!(
            "coin-{}-{}",
            coin.outpoint.txid, coin.outpoint.vout
        ))
        .on_press_maybe(usable.then_some(Message::PickCoin(coin.outpoint)));
    let help = if coin.frozen {
        "Let this coin be spent again"
    } else {
        "Freeze: never spend this coin"
    };
    let freeze = icon_button(
        if coin.frozen {
            Icon::LockOpen
        } else {
            Icon::Snowflake
        },
        help,
        format!("freeze-{}-{}", coin.outpoint.txid, coin.outpoint.vout),
        Some(Message::Freeze(coin.outpoint, !coin.frozen)),
    );
    row![tick, freeze]
        .spacing(size::S1)
        .align_y(Alignment::Center)
        .into()
}
