//! The fee of a payment: rate and total, each following the other, and estimates of time.

use iced::widget::{column, container, row};
use ipc_schema::WalletFees;

use super::super::form::{Edit, FeeChoice};
use super::super::{Message, Page};
use crate::Element;
use crate::model::{ChainKind as _, Model};
use crate::theme::size;
use crate::widget::button::{check, segments};
use crate::widget::{Field, layout, text};

pub(super) fn fee_card<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
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
        .on_submit(Message::Review)
        .error(form.fee_problem());
    let total = Field::new("send-fee-total", &form.total)
        .label(format!("Total, {}", model.params.atom))
        .placeholder("follows from the rate")
        .on_input(|text| Message::Form(Edit::Total(text)))
        .on_submit(Message::Review);
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
            |fees| without_estimate(fees, model),
        );
        body = body.push(text::caption(words));
    }
    let raise = check(
        "send-replaceable",
        "Mark as replaceable (other programs can then raise the fee)",
        !form.is_final,
        Some(Message::Form(Edit::Final)),
    );
    layout::titled_card("Fee", body.push(raise))
}

/// What happens where there is no estimate.
fn without_estimate(fees: &WalletFees, model: &Model) -> String {
    let minimum = model.money().rate(fees.minimum);
    if fees.default > fees.minimum || model.params.is_private() {
        let fixed = model.money().rate(fees.default);
        format!(
            "This version makes no estimate of time. Without a rate of your own a fixed rate of {fixed} is taken; the node takes {minimum} or more."
        )
    } else {
        format!(
            "This version makes no estimate of time, and no fixed rate is set: choose a rate. The node takes {minimum} or more; a payment with a low rate may wait long."
        )
    }
}
