//! The form of a payment.

use iced::keyboard::{Key, key};
use iced::widget::{column, container, row, space};
use iced::{Alignment, Length};
use ipc_schema::CoinRow;
use primitives::Amount;

use super::form::{Edit, FeeChoice, Problems, RecipientForm, address_problem};
use super::{Message, Page};
use crate::Element;
use crate::model::{Model, amount};
use crate::theme::{Icon, Press, Tone, fonts, size};
use crate::widget::button::{button_with, check, segments};
use crate::widget::{Field, Scope, button, icon_button, keys, layout, pressable, text};

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
    blocks.push(fee_card(page, model));
    blocks.push(coins_card(page, model));
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

fn fee_card<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let form = &page.form;
    let fees = model
        .wallet
        .as_ref()
        .and_then(|wallet| wallet.fees.as_ref());
    let spacing = i64::from(model.params.target_spacing);
    let mut choices: Vec<(FeeChoice, String)> =
        vec![(FeeChoice::Default, "Wallet's choice".to_owned())];
    let estimates = fees
        .map(|fees| fees.estimates.as_slice())
        .unwrap_or_default();
    for (blocks, _) in estimates {
        let time = crate::model::clock::duration(i64::from(*blocks) * spacing);
        choices.push((FeeChoice::Blocks(*blocks), format!("about {time}")));
    }
    let chosen = form.fee;
    let presets = segments("send-fee", choices, chosen, move |choice| {
        let rate = match choice {
            FeeChoice::Blocks(wanted) => estimates
                .iter()
                .find(|(blocks, _)| *blocks == wanted)
                .map_or(primitives::FeeRate::ZERO, |(_, rate)| *rate),
            _ => fees.map_or(primitives::FeeRate::ZERO, |fees| fees.default),
        };
        Message::Form(Edit::Estimate(choice, rate))
    });
    let rate = Field::new("send-rate", &form.rate)
        .label(format!("Rate, {}/vB", model.params.atom))
        .placeholder("as the wallet chooses")
        .on_input(|text| Message::Form(Edit::Rate(text)))
        .error(form.fee_problem());
    let total = Field::new("send-fee-total", &form.total)
        .label(format!("Total, {}", model.params.atom))
        .placeholder("follows from the rate")
        .on_input(|text| Message::Form(Edit::Total(text)));
    let mut body = column![
        presets,
        row![
            container(Element::from(rate)).max_width(220.0),
            container(Element::from(total)).max_width(220.0),
        ]
        .spacing(size::S3),
    ]
    .spacing(size::S3);
    if estimates.is_empty() {
        let words = fees.map_or_else(
            || "No fee rates are known yet.".to_owned(),
            |fees| {
                format!(
                    "Too few blocks were seen for an estimate of time. The wallet would take {}, the node takes {} or more.",
                    model.money().rate(fees.default),
                    model.money().rate(fees.minimum)
                )
            },
        );
        body = body.push(text::caption(words));
    }
    layout::titled_card("Fee", body)
}

fn coins_card<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
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

/// Rows shown at most; the virtual list of a coins page is for more.
const COINS_SHOWN: usize = 100;

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
