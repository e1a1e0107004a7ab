//! Known addresses of others, to pick one.

use iced::widget::{column, container, row};
use iced::{Alignment, Length};

use super::super::Message;
use crate::Element;
use crate::model::Model;
use crate::theme::{Press, Surface, Tone, fonts, size};
use crate::widget::{Field, address, pressable, text};

/// Addresses shown at once; more are found by typing.
const SHOWN: usize = 6;

/// The list, narrowed by `words`.
pub(super) fn view<'a>(words: &'a str, index: usize, model: &'a Model) -> Element<'a, Message> {
    let wanted = words.trim().to_lowercase();
    let contacts = model.wallet.as_ref().map(crate::model::Wallet::contacts);
    let mut found = contacts
        .unwrap_or_default()
        .into_iter()
        .filter(|(address, label)| {
            address.to_lowercase().contains(&wanted) || label.to_lowercase().contains(&wanted)
        });
    let filter = Field::new("send-book-filter", words)
        .placeholder("Find by label or address")
        .on_input(Message::BookFilter);
    let mut list = column![Element::from(filter)].spacing(2.0);
    let mut shown = 0;
    for (place, (address, label)) in found.by_ref().take(SHOWN).enumerate() {
        list = list.push(entry(address, label, index, place));
        shown += 1;
    }
    let more = found.count();
    let words = match (shown, more) {
        (0, _) if wanted.is_empty() => {
            "No address of somebody else was paid or labelled yet.".to_owned()
        }
        (0, _) => "No known address matches.".to_owned(),
        (_, 0) => String::new(),
        (_, more) => format!("{more} more: type to find them."),
    };
    if !words.is_empty() {
        list = list.push(container(text::caption(words)).padding([size::S1, size::S2]));
    }
    container(list)
        .class(Surface::Raised)
        .padding(size::S2)
        .width(Length::Fill)
        .into()
}

fn entry<'a>(address: &str, label: &'a str, index: usize, place: usize) -> Element<'a, Message> {
    let name = if label.is_empty() { "no label" } else { label };
    let tone = if label.is_empty() {
        Tone::Faint
    } else {
        Tone::Main
    };
    let line = row![
        text::cut(name).class(tone).width(Length::Fill),
        text::line(address::short(address))
            .font(fonts::MONO)
            .class(Tone::Soft),
    ]
    .spacing(size::S3)
    .align_y(Alignment::Center);
    pressable(line)
        .kind(Press::Ghost)
        .padding([0.0, size::S2])
        .height(size::ROW)
        .width(Length::Fill)
        .align(Alignment::Start)
        .id(format!("send-book-{place}"))
        .on_press(Message::BookPick(index, address.to_owned()))
        .into()
}
