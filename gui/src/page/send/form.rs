//! What is typed on the Send page, and what is wrong with it.

mod check;
mod keep;

use ipc_schema::{PreparedSend, Recipient, SendRequest};
use primitives::{Amount, FeeRate, OutPoint};

use crate::model::amount::{Money, parse_rate, rate_number};
use crate::model::uri::{self, PaymentRequest};
use crate::model::{ChainKind as _, Model, UnitIndex};

pub(super) use check::address_problem;
use check::amount_problem;

/// One recipient as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecipientForm {
    /// Address, or a whole payment link.
    pub address: String,
    /// Label.
    pub label: String,
    /// Amount in `unit`.
    pub amount: String,
    /// Unit of `amount`.
    pub unit: UnitIndex,
    /// Gets all that is left.
    pub all: bool,
    /// The fee is taken from this amount.
    pub subtract_fee: bool,
    /// The message of a link.
    pub message: String,
}

/// How the fee was chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeeChoice {
    /// The wallet's default.
    #[default]
    Default,
    /// An estimate for so many blocks.
    Blocks(u32),
    /// A typed rate.
    Rate,
    /// A typed total.
    Total,
}

/// The whole form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Recipients; never empty once shown.
    pub recipients: Vec<RecipientForm>,
    /// How the fee was chosen.
    pub fee: FeeChoice,
    /// Rate as typed or as it follows.
    pub rate: String,
    /// Total fee as typed or as it follows, in base units.
    pub total: String,
    /// Coins chosen by hand; empty: the wallet chooses.
    pub coins: Vec<OutPoint>,
    /// The fee cannot be raised later.
    pub is_final: bool,
}

/// A change of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// An address was typed or pasted.
    Address(usize, String),
    /// A label was typed.
    Label(usize, String),
    /// An amount was typed.
    Amount(usize, String),
    /// Another unit for one amount.
    Unit(usize, UnitIndex),
    /// One recipient gets all that is left, or no longer.
    All(usize),
    /// Fee from this amount, or not.
    SubtractFee(usize),
    /// An arrow changed an amount by a thousandth of a coin.
    Step(usize, bool),
    /// One more recipient.
    Add,
    /// One less.
    Remove(usize),
    /// An estimate was chosen.
    Estimate(FeeChoice, FeeRate),
    /// A rate was typed.
    Rate(String),
    /// A total was typed.
    Total(String),
    /// The fee can be raised later, or not.
    Final,
}

/// What is wrong with one recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// With the address.
    pub address: Option<String>,
    /// With the amount.
    pub amount: Option<String>,
}

/// The rate where neither the user nor an estimate names one: on a private chain the one that is shown, since nobody
/// competes for room there. Elsewhere the wallet decides, and may ask for a rate.
fn rate_without_estimate(model: &Model) -> Option<FeeRate> {
    let fees = model.wallet.as_ref()?.fees.as_ref()?;
    let alone = model.params.is_private() && fees.estimates.is_empty();
    alone.then_some(fees.default)
}

impl Form {
    /// The recipients, of which there is always one.
    pub fn rows(&self) -> Vec<RecipientForm> {
        if self.recipients.is_empty() {
            vec![RecipientForm::default()]
        } else {
            self.recipients.clone()
        }
    }

    /// Whether nothing was filled in.
    pub fn is_empty(&self) -> bool {
        let blank = |row: &RecipientForm| {
            row.address.is_empty() && row.label.is_empty() && row.amount.is_empty() && !row.all
        };
        self.recipients.iter().all(blank) && self.coins.is_empty()
    }

    /// Takes over what a link asks for.
    pub fn fill(&mut self, request: &PaymentRequest, model: &Model) {
        let unit = model.prefs.unit;
        let amount = request.amount.map(|amount| model.money().editable(amount));
        self.recipients = vec![RecipientForm {
            address: request.address.clone(),
            label: request.label.clone(),
            amount: amount.unwrap_or_default(),
            unit,
            message: request.message.clone(),
            ..RecipientForm::default()
        }];
    }

    /// Changes the form.
    pub fn apply(&mut self, edit: Edit, model: &Model, preview: Option<&PreparedSend>) {
        if self.recipients.is_empty() {
            self.recipients.push(RecipientForm {
                unit: model.prefs.unit,
                ..Default::default()
            });
        }
        match edit {
            Edit::Address(index, text) => self.set_address(index, text, model),
            Edit::Label(index, text) => self.with(index, |row| row.label = text),
            Edit::Amount(index, text) => self.with(index, |row| {
                row.amount = text;
                row.all = false;
            }),
            Edit::Unit(index, unit) => self.set_unit(index, unit, model),
            Edit::All(index) => self.toggle_all(index),
            Edit::SubtractFee(index) => {
                self.with(index, |row| row.subtract_fee = !row.subtract_fee);
            }
            Edit::Step(index, up) => self.step(index, up, model),
            Edit::Add => {
                self.recipients.push(RecipientForm {
                    unit: model.prefs.unit,
                    ..Default::default()
                });
            }
            Edit::Remove(index) => {
                if self.recipients.len() > 1 && index < self.recipients.len() {
                    self.recipients.remove(index);
                }
            }
            Edit::Estimate(choice, rate) => {
                self.fee = choice;
                self.rate = rate_number(rate);
                self.follow_rate(preview);
            }
            Edit::Rate(text) => {
                self.fee = FeeChoice::Rate;
                self.rate = text;
                self.follow_rate(preview);
            }
            Edit::Total(text) => {
                self.fee = FeeChoice::Total;
                self.total = text;
                self.follow_total(preview);
            }
            Edit::Final => self.is_final = !self.is_final,
        }
    }

    fn with(&mut self, index: usize, change: impl FnOnce(&mut RecipientForm)) {
        if let Some(row) = self.recipients.get_mut(index) {
            change(row);
        }
    }

    fn set_address(&mut self, index: usize, text: String, model: &Model) {
        if uri::looks_like_link(&text, model.params)
            && let Ok(request) = uri::parse(&text, model.params)
        {
            let amount = request.amount.map(|amount| model.money().editable(amount));
            self.with(index, |row| {
                row.address = request.address;
                row.message = request.message;
                if !request.label.is_empty() {
                    row.label = request.label;
                }
                if let Some(amount) = amount {
                    row.amount = amount;
                    row.unit = model.prefs.unit;
                    row.all = false;
                }
            });
            return;
        }
        let text = text.trim().to_owned();
        let known = model
            .wallet
            .as_ref()
            .and_then(|wallet| wallet.address(&text));
        let label = known.map(|row| row.label.clone()).unwrap_or_default();
        self.with(index, |row| {
            row.address = text;
            row.message.clear();
            if row.label.is_empty() {
                row.label = label;
            }
        });
    }

    fn set_unit(&mut self, index: usize, unit: UnitIndex, model: &Model) {
        let Some(row) = self.recipients.get_mut(index) else {
            return;
        };
        let old = Money {
            unit: row.unit,
            ..model.money()
        };
        if let Ok(amount) = old.parse(&row.amount) {
            row.amount = Money {
                unit,
                ..model.money()
            }
            .editable(amount);
        }
        row.unit = unit;
    }

    fn toggle_all(&mut self, index: usize) {
        let on = self.recipients.get(index).is_some_and(|row| !row.all);
        for (other, row) in self.recipients.iter_mut().enumerate() {
            row.all = on && other == index;
            if row.all {
                row.subtract_fee = true;
                row.amount.clear();
            }
        }
    }

    fn step(&mut self, index: usize, up: bool, model: &Model) {
        const STEP: Amount = Amount::from_sat(100_000);
        let Some(row) = self.recipients.get_mut(index) else {
            return;
        };
        let money = Money {
            unit: row.unit,
            ..model.money()
        };
        let now = money.parse(&row.amount).unwrap_or(Amount::ZERO);
        let next = if up { now + STEP } else { now - STEP };
        let next = next.max(Amount::ZERO).min(model.params.max_money);
        row.amount = if next == Amount::ZERO {
            String::new()
        } else {
            money.editable(next)
        };
        row.all = false;
    }

    fn follow_rate(&mut self, preview: Option<&PreparedSend>) {
        self.total = match (parse_rate(&self.rate), preview) {
            (Ok(rate), Some(preview)) => rate.fee(preview.vsize).sat().to_string(),
            _ => String::new(),
        };
    }

    fn follow_total(&mut self, preview: Option<&PreparedSend>) {
        let total: Option<i64> = self.total.trim().replace(' ', "").parse().ok();
        if let (Some(total), Some(preview)) = (total, preview) {
            self.rate = rate_number(FeeRate::of(Amount::from_sat(total.max(0)), preview.vsize));
        }
    }

    /// Shows the fee that the wallet worked out, where it was not typed.
    pub fn take_fee(&mut self, preview: &PreparedSend, _model: &Model) {
        if self.fee != FeeChoice::Total {
            self.total = preview.fee.sat().to_string();
        }
        if matches!(self.fee, FeeChoice::Default | FeeChoice::Total) || self.rate.is_empty() {
            self.rate = rate_number(preview.fee_rate);
        }
    }

    /// What is wrong, recipient by recipient. Empty fields are no fault until the review.
    pub fn problems(&self, model: &Model) -> Vec<Problems> {
        let rows = self.rows();
        rows.iter()
            .enumerate()
            .map(|(index, row)| {
                let twice = !row.address.is_empty()
                    && rows
                        .iter()
                        .take(index)
                        .any(|other| other.address == row.address);
                Problems {
                    address: address_problem(&row.address, model).or_else(|| {
                        twice.then(|| {
                            "This address is in the list already. Put both amounts together."
                                .to_owned()
                        })
                    }),
                    amount: amount_problem(row, model),
                }
            })
            .collect()
    }

    /// What the recipients get together, where every amount is typed.
    pub fn asked(&self, model: &Model) -> Option<Amount> {
        let rows = self.recipients.iter().filter(|row| !row.all);
        rows.map(|row| {
            let money = Money {
                unit: row.unit,
                ..model.money()
            };
            money.parse(&row.amount).ok()
        })
        .sum()
    }

    /// What is wrong with the fee.
    pub fn fee_problem(&self) -> Option<String> {
        match self.fee {
            FeeChoice::Default => None,
            _ => parse_rate(&self.rate).err().map(|error| error.to_string()),
        }
    }

    /// The request to the wallet, once nothing is wrong.
    ///
    /// # Errors
    /// The sentence that says what is missing.
    pub fn request(&self, model: &Model) -> Result<SendRequest, String> {
        let problems = self.problems(model);
        if let Some(problem) = problems.into_iter().find_map(|p| p.address.or(p.amount)) {
            return Err(problem);
        }
        if let Some(problem) = self.fee_problem() {
            return Err(problem);
        }
        let mut recipients = Vec::new();
        for row in self.rows() {
            if row.address.is_empty() {
                return Err("Enter an address to pay to.".to_owned());
            }
            let amount = if row.all {
                None
            } else {
                let money = Money {
                    unit: row.unit,
                    ..model.money()
                };
                Some(
                    money
                        .parse(&row.amount)
                        .map_err(|error| error.to_string())?,
                )
            };
            recipients.push(Recipient {
                address: row.address,
                amount,
                label: row.label,
                subtract_fee: row.subtract_fee,
            });
        }
        let comment = self
            .rows()
            .iter()
            .map(|row| row.message.clone())
            .collect::<Vec<_>>()
            .join(" ");
        Ok(SendRequest {
            recipients,
            fee_rate: match self.fee {
                FeeChoice::Default => rate_without_estimate(model),
                _ => parse_rate(&self.rate).ok(),
            },
            conf_target: None,
            coins: self.coins.clone(),
            allow_other_coins: false,
            change_address: String::new(),
            replaceable: Some(!self.is_final),
            comment: comment.trim().to_owned(),
        })
    }
}
