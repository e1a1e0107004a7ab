//! The list of transactions with its filter.

use iced::keyboard::{Key, Modifiers, key};
use iced::widget::{column, responsive, row, space};
use iced::{Alignment, Padding};
use ipc_schema::TxRow;

use super::{Message, Page, What, rows};
use crate::Element;
use crate::model::Model;
use crate::model::filter::{self, Direction, Period};
use crate::theme::{Icon, Press, size};
use crate::widget::button::{button_with, segments};
use crate::widget::{
    Entry, Field, VirtualList, button, header, icon_button, layout, text, with_menu,
};

/// The name of the list.
pub(super) const LIST: &str = "activity-list";
/// The name of the field in a row.
pub(super) const ROW_LABEL: &str = "activity-row-label";

/// What keys do to the selected rows.
fn row_key(key: &Key, modifiers: Modifiers) -> Option<Message> {
    let letter = match key {
        Key::Character(text) if modifiers.command() => text.to_lowercase(),
        Key::Named(key::Named::F2) => return Some(Message::EditLabel),
        _ => return None,
    };
    match (letter.as_str(), modifiers.shift()) {
        ("c", true) => Some(Message::CopySelected(What::Row)),
        ("a", false) => Some(Message::SelectAll),
        _ => None,
    }
}

impl Page {
    pub(super) fn list<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let Some(wallet) = &model.wallet else {
            return layout::empty(Icon::Wallet, "No wallet is open", "", Vec::new());
        };
        let history = &wallet.history;
        let mut filter = Field::new("activity-filter", &self.text)
            .placeholder("Label, address, id, >0.1")
            .on_input(Message::Filter);
        if !history.filter().is_open() || !self.text.is_empty() {
            filter = filter.after(icon_button(
                Icon::X,
                "Show everything",
                "activity-clear",
                Some(Message::ClearFilter),
            ));
        }
        let directions = segments(
            "activity-direction",
            [
                (Direction::All, "all".to_owned()),
                (Direction::In, "in".to_owned()),
                (Direction::Out, "out".to_owned()),
                (Direction::Mined, "mined".to_owned()),
            ],
            self.direction,
            Message::Direction,
        );
        let period = crate::widget::button::select(
            "activity-period",
            &Period::ALL,
            self.period,
            Message::Period,
        );
        let export = button_with(Icon::FileDown, "Export", Press::Secondary)
            .id("activity-export")
            .on_press(Message::ToggleExport);
        let mut tools = row![directions, period]
            .spacing(size::S3)
            .align_y(Alignment::Center);
        if self.period == Period::Range {
            let day = |id: &'static str, value: &'a str, on_input: fn(String) -> Message| {
                let known = filter::date(value, &model.zone).is_some();
                let wrong = !value.trim().is_empty() && !known;
                let field = Field::new(id, value)
                    .placeholder("2026-08-30")
                    .on_input(on_input)
                    .error(wrong.then_some("A date such as 2026-08-30."))
                    .width(132.0);
                Element::from(field)
            };
            tools = tools
                .push(day("activity-from", &self.from, Message::From))
                .push(day("activity-to", &self.to, Message::To));
        }
        let tools = tools.push(export);
        let sum = self.summary(model);
        let head = column![
            layout::heading_row("Activity", text::caption(sum)),
            Element::from(filter),
            tools.wrap().vertical_spacing(size::S2),
        ]
        .spacing(size::S3);
        let form: Element<'a, Message> = match &self.export {
            Some(form) => layout::card(form.view(model).map(Message::Export)),
            None => space().into(),
        };
        let body: Element<'a, Message> = if history.is_empty() {
            self.empty(model)
        } else {
            self.rows(model)
        };
        column![head, form, body]
            .spacing(size::S3)
            .padding(Padding::new(size::S5).bottom(size::S3))
            .into()
    }

    fn rows<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let Some(wallet) = &model.wallet else {
            return space().into();
        };
        let history = &wallet.history;
        let row_height = if model.prefs.compact {
            size::ROW_COMPACT
        } else {
            size::ROW
        };
        let selected = self.selected().and_then(|txid| history.place_of(&txid));
        let list = responsive(move |space| {
            let columns = rows::Columns::for_width(space.width)
                .with_kinds(space.width)
                .sized(&model.prefs);
            let heads = header(
                "activity-head",
                Some(size::ICON),
                columns.heads(),
                history.sort(),
                Message::Sort,
                Some(Message::Width),
            );
            let list = VirtualList::new(LIST, history.len(), row_height, move |place| {
                history.row(place).map_or_else(
                    || iced::widget::space().into(),
                    |tx| rows::row_with(model, tx, columns, self.row_label(tx)),
                )
            })
            .under_header()
            .selected(selected)
            .marked(move |place| {
                let number = history.number_at(place);
                number.is_some_and(|number| self.selection.picked().contains(number))
            })
            .find(move |place, letters| {
                let row = history.row(place);
                row.is_some_and(|row| rows::name(row).to_lowercase().starts_with(letters))
            })
            .on_pick(Message::Pick)
            .on_open(Message::Open)
            .on_copy(Message::CopyRow)
            .on_menu(Message::Menu)
            .on_key(|_, key, modifiers| row_key(key, modifiers));
            column![heads, list].into()
        });
        with_menu(list, self.menu, self.entries(model), Message::CloseMenu).into()
    }

    /// The field in place of the label that is edited.
    fn row_label<'a>(&'a self, tx: &TxRow) -> Option<Element<'a, Message>> {
        let (_, label) = self.editing.as_ref().filter(|(of, _)| *of == tx.txid)?;
        let field = Field::new(ROW_LABEL, label)
            .placeholder("Label")
            .slim()
            .on_input(Message::RowLabel)
            .on_submit(Message::SaveRowLabel);
        Some(field.into())
    }

    /// The lines of the context menu.
    fn entries(&self, model: &Model) -> Vec<Entry<Message>> {
        let history = model.wallet.as_ref().map(|wallet| &wallet.history);
        let Some(tx) = self.selected().and_then(|txid| history?.get(&txid)) else {
            return Vec::new();
        };
        let copy = |what| Some(Message::CopySelected(what));
        let has_address = tx.outputs.iter().any(|output| !output.address.is_empty());
        let has_label = !tx.label.is_empty() || self.selection.picked().len() > 1;
        vec![
            Entry::new(Icon::PanelRight, "Show details", Some(Message::ShowDetails)),
            Entry::new(
                Icon::Pencil,
                "Edit label (F2)",
                has_address.then_some(Message::EditLabel),
            ),
            Entry::new(
                Icon::Copy,
                "Copy address",
                copy(What::Address).filter(|_| has_address),
            ),
            Entry::new(
                Icon::Copy,
                "Copy label",
                copy(What::Label).filter(|_| has_label),
            ),
            Entry::new(Icon::Copy, "Copy amount", copy(What::Amount)),
            Entry::new(Icon::Copy, "Copy transaction id", copy(What::Txid)),
            Entry::new(Icon::Copy, "Copy raw transaction", copy(What::Raw)),
            Entry::new(Icon::Copy, "Copy full details", copy(What::Details)),
            Entry::new(
                Icon::Ban,
                "Give this payment up…",
                tx.can_abandon.then_some(Message::AskAbandon),
            ),
        ]
    }

    fn summary(&self, model: &Model) -> String {
        let Some(history) = model.wallet.as_ref().map(|wallet| &wallet.history) else {
            return String::new();
        };
        let count = |n: usize| crate::model::amount::count(u64::try_from(n).unwrap_or(u64::MAX));
        let total = history.total();
        if self.selection.picked().len() > 1 {
            let (picked, sum) = history.sum_of(self.selection.picked());
            return format!(
                "{} of {} selected, together {}",
                count(picked),
                crate::model::amount::count(total),
                model.money().signed(sum)
            );
        }
        if history.filter().is_open() {
            let known = u64::try_from(history.known()).unwrap_or(u64::MAX);
            if known < total {
                return format!(
                    "reading {} of {}",
                    count(history.known()),
                    crate::model::amount::count(total)
                );
            }
            return match history.len() {
                1 => "1 transaction".to_owned(),
                several => format!("{} transactions", count(several)),
            };
        }
        format!(
            "{} of {}, together {}",
            count(history.len()),
            crate::model::amount::count(total),
            model.money().signed(history.sum())
        )
    }

    fn empty<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let filtered = model
            .wallet
            .as_ref()
            .is_some_and(|wallet| !wallet.history.filter().is_open());
        if filtered {
            let clear = button("Clear the filter", Press::Secondary)
                .id("activity-clear-empty")
                .on_press(Message::ClearFilter);
            return layout::empty(
                Icon::Funnel,
                "Nothing matches",
                format!("No transaction matches \"{}\" here.", self.text),
                vec![clear.into()],
            );
        }
        let words = match model.height() {
            Some(height) if model.is_catching_up() => format!(
                "The wallet has looked at the chain up to block {} so far.",
                crate::model::amount::count(u64::from(height))
            ),
            _ => "Payments appear here by themselves, a second after the network has them."
                .to_owned(),
        };
        let receive = button("Receive", Press::Secondary)
            .id("activity-receive")
            .on_press(Message::Receive);
        layout::empty(
            Icon::History,
            "Nothing here yet",
            words,
            vec![receive.into()],
        )
    }
}
