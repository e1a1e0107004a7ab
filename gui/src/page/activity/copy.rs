//! What goes from the list to the clipboard.

use iced::Task;
use ipc_schema::{TxDetails, TxRow, TxState};
use primitives::{Amount, ChainParams};

use super::{Message, Page, rows};
use crate::model::bits::Bits;
use crate::model::clock::Zone;
use crate::model::history::{Listed, confirmations};
use crate::model::{Model, Money, UnitIndex};
use crate::page::{Context, Event, Update};

/// Rows of a list whose words are made on the spot.
const FEW: usize = 1000;

/// What of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The address of its most telling output.
    Address,
    /// Its label.
    Label,
    /// Its amount, as a plain number.
    Amount,
    /// Its id.
    Txid,
    /// All columns of the list.
    Row,
    /// The transaction as on the network, in hex.
    Raw,
    /// Everything that the details say.
    Details,
}

impl What {
    /// The name in notices.
    pub fn words(self) -> &'static str {
        match self {
            Self::Address => "Address",
            Self::Label => "Label",
            Self::Amount => "Amount",
            Self::Txid => "Transaction id",
            Self::Row => "Row",
            Self::Raw => "Raw transaction",
            Self::Details => "Details",
        }
    }

    /// The text of one row; `None` where the wallet has to be asked first.
    fn of_row(self, tx: &TxRow, said: &Said) -> Option<String> {
        let money = said.money();
        Some(match self {
            Self::Address => tx
                .outputs
                .first()
                .map(|output| output.address.clone())
                .unwrap_or_default(),
            Self::Label => tx.label.clone(),
            Self::Amount => plain(tx.amount, money),
            Self::Txid => tx.txid.to_string(),
            Self::Row => [
                said.zone.full(tx.time),
                rows::kind_word(tx.kind).to_owned(),
                rows::name(tx),
                format!("{} {}", plain(tx.amount, money), money.unit().symbol),
                rows::state(said.height, tx).1,
                tx.txid.to_string(),
            ]
            .join("\t"),
            Self::Raw | Self::Details => return None,
        })
    }

    /// The texts of the picked rows, in the order of the list, and what they are.
    fn of_list(self, list: &Listed, picked: &Bits, said: &Said) -> (String, &'static str) {
        let picked = list.rows().filter(|(number, _)| picked.contains(*number));
        let lines: Vec<String> = picked
            .filter_map(|(_, row)| self.of_row(row, said))
            .filter(|text| !text.is_empty())
            .collect();
        let words = match (self, lines.len()) {
            (Self::Row, 2..) => "Rows",
            _ => self.words(),
        };
        (lines.join("\n"), words)
    }

    /// The text where the whole transaction is needed.
    pub(super) fn of_details(self, details: &TxDetails, model: &Model) -> String {
        match self {
            Self::Raw => primitives::hash::to_hex(&details.raw),
            Self::Details => facts(details, model)
                .into_iter()
                .map(|(name, value)| format!("{name}: {value}\n"))
                .collect(),
            other => other
                .of_row(&details.row, &Said::of(model))
                .unwrap_or_default(),
        }
    }
}

/// What of the model the words of a row need, to be taken elsewhere.
struct Said {
    params: &'static ChainParams,
    unit: UnitIndex,
    masked: bool,
    zone: Zone,
    height: Option<u32>,
}

impl Said {
    fn of(model: &Model) -> Self {
        Self {
            params: model.params,
            unit: model.prefs.unit,
            masked: model.prefs.masked,
            zone: model.zone.clone(),
            height: model.height(),
        }
    }

    fn money(&self) -> Money<'_> {
        Money {
            params: self.params,
            unit: self.unit,
            masked: self.masked,
        }
    }
}

/// A number that other programs read.
fn plain(amount: Amount, money: Money<'_>) -> String {
    if money.masked {
        return money.number(amount);
    }
    let sign = if amount < Amount::ZERO { "-" } else { "" };
    format!("{sign}{}", money.editable(amount.abs()))
}

/// All that is known of a transaction, in lines.
pub(super) fn facts(details: &TxDetails, model: &Model) -> Vec<(&'static str, String)> {
    let (tx, money) = (&details.row, model.money());
    let mut facts = vec![
        ("Status", rows::state(model.height(), tx).1),
        (
            "Confirmations",
            confirmations(&tx.state, model.height()).to_string(),
        ),
        ("Date", model.zone.full(tx.time)),
        ("Type", rows::kind_word(tx.kind).to_owned()),
        ("Label", tx.label.clone()),
        ("Message", tx.comment.clone()),
    ];
    let sum = |amounts: &mut dyn Iterator<Item = Amount>| -> Amount { amounts.sum() };
    let mine = |output: &&ipc_schema::TxOutputRow| output.is_mine;
    let debit = sum(&mut details.inputs.iter().filter(mine).map(|input| input.amount));
    let credit = sum(&mut details
        .outputs
        .iter()
        .filter(mine)
        .map(|output| output.amount));
    for input in &details.inputs {
        facts.push(("From", output_line(input, model)));
    }
    for output in &details.outputs {
        let line = format!("{}, output {}", output_line(output, model), output.vout);
        facts.push(("To", line));
    }
    facts.push(("Debit", money.with_unit(debit)));
    facts.push(("Credit", money.with_unit(credit)));
    if let Some(fee) = tx.fee {
        facts.push(("Fee", money.fee(fee)));
    }
    if let Some(rate) = details.fee_rate {
        facts.push(("Fee rate", money.rate(rate)));
    }
    facts.push(("Net", money.with_unit(tx.amount)));
    facts.push(("Transaction id", tx.txid.to_string()));
    facts.push(("Total size", format!("{} bytes", details.raw.len())));
    facts.push(("Virtual size", format!("{} vB", details.vsize)));
    if let TxState::Confirmed { block, height, .. } = tx.state {
        facts.push(("Block", format!("{block}, height {height}")));
    }
    if let Some(note) = rows::mining_note(model, tx) {
        facts.push(("Note", note));
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn output_line(output: &ipc_schema::TxOutputRow, model: &Model) -> String {
    let amount = model.money().with_unit(output.amount);
    let address = if output.address.is_empty() {
        "no address"
    } else {
        &output.address
    };
    let mut line = format!("{address}, {amount}");
    if !output.label.is_empty() {
        line.push_str(&format!(", \"{}\"", output.label));
    }
    if output.is_mine {
        line.push_str(", mine");
    }
    line
}

impl Page {
    pub(super) fn copy_selected(&self, what: What, context: &Context<'_>) -> Update<Message> {
        let model = context.model;
        let (Some(wallet), Some(cursor)) = (&model.wallet, self.selected()) else {
            return Update::none();
        };
        if matches!(what, What::Raw | What::Details) {
            let (link, name) = (context.link.wallet(), context.wallet_name());
            let call = async move { link?.transaction(name, cursor).await.map(Box::new) };
            let done = move |result| Message::CopyLoaded(what, result);
            return Update::task(Task::perform(call, done));
        }
        let (list, picked) = (wallet.history.listed(), self.selection.picked().clone());
        let said = Said::of(model);
        let ready = |(text, words)| Message::CopyReady(text, words);
        if wallet.history.len() > FEW {
            let work = move || what.of_list(&list, &picked, &said);
            let call = async move {
                let done = tokio::task::spawn_blocking(work).await;
                done.unwrap_or_default()
            };
            return Update::task(Task::perform(call, ready));
        }
        match what.of_list(&list, &picked, &said) {
            (text, words) if !text.is_empty() => Update::event(Event::Copy(text, words)),
            _ => Update::none(),
        }
    }
}
