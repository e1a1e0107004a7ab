//! The heads of a list's columns: each sorts the list.

use iced::widget::{Row, container, row};
use iced::{Alignment, Length, Padding};

use super::list::BAR_ROOM;
use super::{pressable, text};
use crate::Element;
use crate::model::Sort;
use crate::theme::{Icon, Press, Tone, fonts, size};

/// A column.
#[derive(Debug, Clone)]
pub struct Column<K> {
    /// What it sorts by, and how when it is pressed first.
    pub sort: Sort<K>,
    /// Its words.
    pub words: &'static str,
    /// Its width, as the rows have it.
    pub width: Length,
    /// Whether its values stand at the right, as numbers do.
    pub right: bool,
}

impl<K> Column<K> {
    /// A column of words.
    pub fn new(sort: Sort<K>, words: &'static str, width: impl Into<Length>) -> Self {
        Self {
            sort,
            words,
            width: width.into(),
            right: false,
        }
    }

    /// The same with its values at the right.
    pub fn right(self) -> Self {
        Self {
            right: true,
            ..self
        }
    }
}

/// The heads, over a [`super::VirtualList`] that is `under_header`. `before` is the width of what stands before them.
pub fn header<'a, K: Copy + PartialEq + 'a, Message: Clone + 'a>(
    id: &str,
    before: Option<f32>,
    columns: Vec<Column<K>>,
    sort: Sort<K>,
    on_sort: impl Fn(Sort<K>) -> Message,
) -> Element<'a, Message> {
    let mut line: Row<'a, Message, crate::theme::Theme> = row![]
        .spacing(size::S3)
        .padding(Padding::from([0.0, size::S2]).right(size::S2 + BAR_ROOM))
        .align_y(Alignment::Center);
    if let Some(width) = before {
        line = line.push(iced::widget::space().width(width));
    }
    for column in columns {
        let here = sort.by == column.sort.by;
        let words = text::line(column.words)
            .size(size::TEXT_SMALL)
            .font(fonts::MEDIUM)
            .class(if here { Tone::Main } else { Tone::Soft });
        let arrow = match (here, sort.down) {
            (false, _) => None,
            (true, true) => Some(Icon::ChevronDown),
            (true, false) => Some(Icon::ChevronUp),
        };
        let arrow = arrow.map(|arrow| text::sized_icon(arrow, size::TEXT_SMALL).class(Tone::Soft));
        let mut content: Row<'a, Message, crate::theme::Theme> = row![];
        if !column.right {
            content = content.push(words);
            if let Some(arrow) = arrow {
                content = content.push(arrow);
            }
        } else {
            if let Some(arrow) = arrow {
                content = content.push(arrow);
            }
            content = content.push(words);
        }
        let head = pressable(content.spacing(size::S1).align_y(Alignment::Center))
            .kind(Press::Ghost)
            .padding(0.0)
            .width(Length::Fill)
            .height(size::ROW_COMPACT)
            .align(if column.right {
                Alignment::End
            } else {
                Alignment::Start
            })
            .id(format!("{id}-{}", column.words.replace(' ', "-")))
            .on_press(on_sort(sort.pressed(column.sort)));
        line = line.push(container(head).width(column.width).clip(true));
    }
    line.into()
}
