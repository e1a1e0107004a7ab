//! What goes from the list to the clipboard.

use iced::Task;
use ipc_schema::{TxDetails, TxRow, TxState};
use primitives::Amount;

use super::{Message, Page, rows};
use crate::model::Model;
use crate::model::history::confirmations;
use crate::page::{Context, Event, Update};

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
    fn of_row(self, tx: &TxRow, model: &Model) -> Option<String> {
        let money = model.money();
        Some(match self {
            Self::Address => tx
                .outputs
                .first()
                .map(|output| output.address.clone())
                .unwrap_or_default(),
            Self::Label => tx.label.clone(),
            Self::Amount => plain(tx.amount, model),
            Self::Txid => tx.txid.to_string(),
            Self::Row => [
                model.zone.full(tx.time),
                rows::kind_word(tx.kind).to_owned(),
                rows::name(tx),
                format!("{} {}", plain(tx.amount, model), money.unit().symbol),
                rows::state(model, tx).1,
                tx.txid.to_string(),
            ]
            .join("\t"),
            Self::Raw | Self::Details => return None,
        })
    }

    /// The text where the whole transaction is needed.
    pub(super) fn of_details(self, details: &TxDetails, model: &Model) -> String {
        match self {
            Self::Raw => primitives::hash::to_hex(&details.raw),
            Self::Details => facts(details, model)
                .into_iter()
                .map(|(name, value)| format!("{name}: {value}\n"))
                .collect(),
            other => other.of_row(&details.row, model).unwrap_or_default(),
        }
    }
}

/// A number that other programs read.
fn plain(amount: Amount, model: &Model) -> String {
    let money = model.money();
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
        ("Status", rows::state(model, tx).1),
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
        let picked = wallet.history.shown();
        let lines: Vec<String> = picked
            .filter(|row| self.selection.contains(&row.txid))
            .filter_map(|row| what.of_row(row, model))
            .filter(|text| !text.is_empty())
            .collect();
        if lines.is_empty() {
            return Update::none();
        }
        let words = match (what, lines.len()) {
            (What::Row, 2..) => "Rows",
            _ => what.words(),
        };
        Update::event(Event::Copy(lines.join("\n"), words))
    }
}
