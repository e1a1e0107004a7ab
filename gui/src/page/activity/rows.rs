//! A transaction as a row: the same on Activity and Overview.

use iced::{Alignment, Length, Padding};
use ipc_schema::{TxKind, TxRow, TxState};
use primitives::Amount;

use crate::Element;
use crate::model::history::{FINAL, Key, blocks_to_maturity, confirmations};
use crate::model::{Model, Prefs, Sort};
use crate::theme::{Icon, Tone, fonts, size};
use crate::widget::{Column, Side, address, text};

/// Which columns there is room for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Columns {
    date: bool,
    kind_words: bool,
    state_words: bool,
    widths: Widths,
}

/// How wide the columns are.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Widths {
    kind: f32,
    date: f32,
    state: f32,
    amount: f32,
}

const USUAL: Widths = Widths {
    kind: 80.0,
    date: 132.0,
    state: 104.0,
    amount: 168.0,
};
/// Names of the columns whose widths are remembered.
const KIND: &str = "activity-kind";
const DATE: &str = "activity-date";
const STATE: &str = "activity-state";
const AMOUNT: &str = "activity-amount";

impl Columns {
    /// What fits into `width`.
    pub fn for_width(width: f32) -> Self {
        Self {
            date: width > 460.0,
            kind_words: false,
            state_words: width > 560.0,
            widths: USUAL,
        }
    }

    /// The same as wide as they were dragged.
    pub fn sized(self, prefs: &Prefs) -> Self {
        let widths = Widths {
            kind: prefs.width(KIND, USUAL.kind),
            date: prefs.width(DATE, USUAL.date),
            state: prefs.width(STATE, USUAL.state),
            amount: prefs.width(AMOUNT, USUAL.amount),
        };
        Self { widths, ..self }
    }

    /// The same with a word for the kind where there is room.
    pub fn with_kinds(self, width: f32) -> Self {
        Self {
            kind_words: width > 680.0,
            ..self
        }
    }

    /// The heads over these columns.
    pub fn heads(self) -> Vec<Column<Key>> {
        let mut heads = Vec::new();
        if self.date {
            let date = Sort::down(Key::Date);
            heads.push(Column::sized(
                date,
                "date",
                DATE,
                Side::Right,
                self.widths.date,
            ));
        }
        if self.kind_words {
            let kind = Sort::up(Key::Kind);
            heads.push(Column::sized(
                kind,
                "what",
                KIND,
                Side::Right,
                self.widths.kind,
            ));
        }
        heads.push(Column::new(Sort::up(Key::Label), "label", Length::Fill));
        let amount = Sort::down(Key::Amount);
        let width = self.widths.amount;
        heads.push(Column::sized(amount, "amount", AMOUNT, Side::Left, width).right());
        let state = Sort::up(Key::State);
        heads.push(if self.state_words {
            Column::sized(state, "state", STATE, Side::Left, self.widths.state)
        } else {
            Column::new(state, "", size::TEXT)
        });
        heads
    }
}

/// What a row is called.
pub fn name(tx: &TxRow) -> String {
    if !tx.label.is_empty() {
        return tx.label.clone();
    }
    match (tx.kind, tx.outputs.first()) {
        (TxKind::Mined, _) => "Mined".to_owned(),
        (TxKind::SelfTransfer, _) => "To myself".to_owned(),
        (_, Some(output)) if !output.address.is_empty() => address::short(&output.address),
        _ => "no label".to_owned(),
    }
}

/// The direction in a word.
pub fn kind_word(kind: TxKind) -> &'static str {
    match kind {
        TxKind::Received => "received",
        TxKind::Sent => "sent",
        TxKind::SelfTransfer => "to myself",
        TxKind::Mined => "mined",
    }
}

/// The icon of a direction.
pub fn kind_icon(kind: TxKind) -> Icon {
    match kind {
        TxKind::Received => Icon::ArrowDownLeft,
        TxKind::Sent => Icon::ArrowUpRight,
        TxKind::SelfTransfer => Icon::RotateCcw,
        TxKind::Mined => Icon::Pickaxe,
    }
}

/// Where a transaction stands while the chain is `height` high: icon, words, tone.
pub fn state(height: Option<u32>, tx: &TxRow) -> (Icon, String, Tone) {
    if let Some(left) = blocks_to_maturity(tx, height) {
        return (Icon::Hourglass, format!("ripe in {left}"), Tone::Faint);
    }
    match tx.state {
        TxState::Confirmed { .. } => match confirmations(&tx.state, height) {
            done if done >= FINAL => (Icon::Check, "confirmed".to_owned(), Tone::Good),
            some => (Icon::Clock, format!("{some} of {FINAL}"), Tone::Soft),
        },
        TxState::InMempool => (Icon::Hourglass, "waiting".to_owned(), Tone::Warn),
        TxState::Inactive => (Icon::CircleAlert, "not sent".to_owned(), Tone::Warn),
        TxState::Abandoned => (Icon::Ban, "abandoned".to_owned(), Tone::Faint),
        TxState::Conflicted { .. } => (Icon::X, "conflicted".to_owned(), Tone::Bad),
    }
}

/// What is to know of mined coins, if this is some.
pub fn mining_note(model: &Model, tx: &TxRow) -> Option<String> {
    if tx.kind != TxKind::Mined {
        return None;
    }
    let wait = model.params.coinbase_maturity;
    let rule = format!("Mined coins can be spent when {wait} blocks stand on top of theirs");
    Some(match blocks_to_maturity(tx, model.height()) {
        Some(1) => format!("{rule}: 1 block is missing."),
        Some(left) => format!("{rule}: {left} blocks are missing."),
        None if confirmations(&tx.state, model.height()) == 0 => {
            "The block of these coins is not part of the chain: they cannot be spent.".to_owned()
        }
        None => format!("{rule}. These are ripe."),
    })
}

/// Draws a row.
pub fn row<'a, Message: 'a>(
    model: &'a Model,
    tx: &'a TxRow,
    columns: Columns,
) -> Element<'a, Message> {
    row_with(model, tx, columns, None)
}

/// Draws a row, with something else in place of its label.
pub fn row_with<'a, Message: 'a>(
    model: &'a Model,
    tx: &'a TxRow,
    columns: Columns,
    label: Option<Element<'a, Message>>,
) -> Element<'a, Message> {
    let (state_icon, state_words, state_tone) = state(model.height(), tx);
    let settled = state_tone == Tone::Good || state_tone == Tone::Soft;
    let amount_tone = match tx.amount {
        _ if !settled => Tone::Faint,
        amount if amount > Amount::ZERO => Tone::Incoming,
        _ => Tone::Outgoing,
    };
    let kind_tone = if tx.amount > Amount::ZERO {
        Tone::Incoming
    } else {
        Tone::Soft
    };
    let label_tone = if tx.label.is_empty() {
        Tone::Soft
    } else {
        Tone::Main
    };
    let mut line = iced::widget::row![text::icon(kind_icon(tx.kind)).class(kind_tone),]
        .spacing(size::S3)
        .padding(Padding::from([0.0, size::S2]))
        .align_y(Alignment::Center);
    if columns.date {
        let date = text::cut(model.zone.short(tx.time, model.now)).class(Tone::Soft);
        line = line.push(date.width(columns.widths.date));
    }
    if columns.kind_words {
        let kind = text::cut(kind_word(tx.kind)).class(Tone::Soft);
        line = line.push(kind.width(columns.widths.kind));
    }
    let label = label.unwrap_or_else(|| {
        let label = text::cut(name(tx)).class(label_tone);
        label.width(Length::Fill).into()
    });
    line = line.push(label).push(
        text::cut(model.money().signed(tx.amount))
            .font(fonts::MEDIUM)
            .class(amount_tone)
            .right()
            .width(columns.widths.amount),
    );
    let state_text = text::cut(state_words)
        .class(state_tone)
        .size(size::TEXT_SMALL + 1.0);
    let state_content = if columns.state_words {
        iced::widget::row![
            text::icon(state_icon).class(state_tone).size(size::TEXT),
            state_text
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center)
        .width(columns.widths.state)
    } else {
        iced::widget::row![text::icon(state_icon).class(state_tone).size(size::TEXT)]
    };
    line.push(state_content)
        .height(Length::Fill)
        .width(Length::Fill)
        .into()
}
