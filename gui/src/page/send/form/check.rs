//! What is wrong with what was typed.

use primitives::Amount;
use primitives::address::Destination;

use super::RecipientForm;
use crate::model::amount::Money;
use crate::model::{Model, uri};

/// What is wrong with an address; names the character where that can be told.
pub(in crate::page::send) fn address_problem(text: &str, model: &Model) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    if text.contains(':') {
        return Some(match uri::parse(text, model.params) {
            Err(error) => error.to_string(),
            Ok(_) => "This is a link, not an address.".to_owned(),
        });
    }
    let error = Destination::from_address(text, model.params).err()?;
    let places: Vec<String> = error
        .locations()
        .iter()
        .filter_map(|at| {
            Some(format!(
                "\"{}\" at place {}",
                text.chars().nth(*at)?,
                at + 1
            ))
        })
        .collect();
    let sentence = match places.as_slice() {
        [] => format!(
            "This is no address of {} on {}.",
            model.params.name,
            crate::model::network_words(model.params.network)
        ),
        [one] => format!("A character is wrong, probably {one}."),
        several => format!(
            "Some characters are wrong, probably {}.",
            several.join(" and ")
        ),
    };
    Some(sentence)
}

pub(super) fn amount_problem(row: &RecipientForm, model: &Model) -> Option<String> {
    if row.all || row.amount.trim().is_empty() {
        return None;
    }
    let money = Money {
        unit: row.unit,
        ..model.money()
    };
    match money.parse(&row.amount) {
        Err(error) => Some(error.to_string()),
        Ok(amount) => {
            let available = model.wallet.as_ref()?.available()?;
            (amount > available).then(|| {
                let short = model.money().with_unit(amount - available);
                let words = format!("This is {short} more than can be spent now.");
                match coming(model) {
                    Some(coming) => format!("{words} {coming} is on its way."),
                    None => words,
                }
            })
        }
    }
}

/// Money that will be there later.
fn coming(model: &Model) -> Option<String> {
    let balances = &model.wallet.as_ref()?.state.as_ref()?.balances;
    let coming = balances.pending + balances.immature;
    (coming > Amount::ZERO).then(|| model.money().with_unit(coming))
}
