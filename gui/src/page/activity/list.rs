//! The list of transactions with its filter.

use iced::widget::{column, responsive, row, space};
use iced::{Alignment, Padding};

use super::{Message, Page, rows};
use crate::Element;
use crate::model::Model;
use crate::model::filter::{Direction, Period};
use crate::theme::{Icon, Press, size};
use crate::widget::button::{button_with, segments};
use crate::widget::{Field, VirtualList, button, icon_button, layout, text};

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
        let tools = row![directions, period, export]
            .spacing(size::S3)
            .align_y(Alignment::Center);
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
        let selected = self.selected.and_then(|txid| history.place_of(&txid));
        responsive(move |space| {
            let columns = rows::Columns::for_width(space.width);
            VirtualList::new("activity-list", history.len(), row_height, move |place| {
                history.row(place).map_or_else(
                    || iced::widget::space().into(),
                    |tx| rows::row(model, tx, columns),
                )
            })
            .selected(selected)
            .on_select(Message::Select)
            .on_open(Message::Open)
            .on_copy(Message::CopyRow)
            .into()
        })
        .into()
    }

    fn summary(&self, model: &Model) -> String {
        let Some(history) = model.wallet.as_ref().map(|wallet| &wallet.history) else {
            return String::new();
        };
        let count = |n: usize| crate::model::amount::count(u64::try_from(n).unwrap_or(u64::MAX));
        let total = history.total();
        if history.filter().is_open() {
            let known = u64::try_from(history.known()).unwrap_or(u64::MAX);
            if known < total {
                return format!(
                    "reading {} of {}",
                    count(history.known()),
                    crate::model::amount::count(total)
                );
            }
            return format!("{} transactions", count(history.len()));
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
