//! The heads of a list's columns: each sorts the list.

use iced::widget::{Row, container, row};
use iced::{Alignment, Length, Padding};

use super::grip::{Grip, Side};
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
    /// The name its width is remembered under, the side to drag it at, and its width.
    grip: Option<(&'static str, Side, f32)>,
}

impl<K> Column<K> {
    /// A column of words.
    pub fn new(sort: Sort<K>, words: &'static str, width: impl Into<Length>) -> Self {
        Self {
            sort,
            words,
            width: width.into(),
            right: false,
            grip: None,
        }
    }

    /// A column of that width which can be dragged at one side, and is remembered under a name.
    pub fn sized(
        sort: Sort<K>,
        words: &'static str,
        name: &'static str,
        side: Side,
        width: f32,
    ) -> Self {
        Self {
            grip: Some((name, side, width)),
            ..Self::new(sort, words, width)
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

/// What a drag tells: the column's name, its width, and whether that is the last word.
pub type OnWidth<Message> = fn(&'static str, u16, bool) -> Message;

/// The heads, over a [`super::VirtualList`] that is `under_header`. `before` is the width of what stands before them.
pub fn header<'a, K: Copy + PartialEq + 'a, Message: Clone + 'a>(
    id: &str,
    before: Option<f32>,
    columns: Vec<Column<K>>,
    sort: Sort<K>,
    on_sort: impl Fn(Sort<K>) -> Message,
    on_width: Option<OnWidth<Message>>,
) -> Element<'a, Message> {
    let mut line: Row<'a, Message, crate::theme::Theme> = row![]
        .padding(Padding::from([0.0, size::S2]).right(size::S2 + BAR_ROOM))
        .align_y(Alignment::Center);
    if let Some(width) = before {
        line = line.push(iced::widget::space().width(width));
    }
    let mut first = before.is_none();
    let mut before: Option<Column<K>> = None;
    for column in columns {
        if !std::mem::take(&mut first) {
            line = line.push(gap(before.as_ref(), &column, on_width));
        }
        before = Some(column.clone());
        let here = sort.by == column.sort.by;
        let words = text::cut(column.words)
            .size(size::TEXT_SMALL)
            .font(fonts::MEDIUM)
            .class(if here { Tone::Main } else { Tone::Soft });
        let arrow = match (here, sort.down) {
            (false, _) => None,
            (true, true) => Some(Icon::ChevronDown),
            (true, false) => Some(Icon::ChevronUp),
        };
        let arrow = arrow.map(|arrow| text::sized_icon(arrow, size::TEXT_SMALL).class(Tone::Soft));
        // The words leave room for the arrow.
        let words = match (column.width, &arrow) {
            (Length::Fixed(width), Some(_)) => {
                container(words).max_width((width - size::TEXT_SMALL - size::S1).max(0.0))
            }
            _ => container(words),
        };
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
        line = line.push(container(head).width(column.width));
    }
    line.into()
}

/// What is between two columns: the grip of one of them, where it can be dragged there.
fn gap<'a, K, Message: 'a>(
    before: Option<&Column<K>>,
    after: &Column<K>,
    on_width: Option<OnWidth<Message>>,
) -> Element<'a, Message> {
    let before = before.and_then(|column| column.grip);
    let left = before.filter(|(_, side, _)| *side == Side::Right);
    let right = after.grip.filter(|(_, side, _)| *side == Side::Left);
    match (left.or(right), on_width) {
        (Some((name, side, width)), Some(on_width)) => {
            Grip::new(side, width, move |width, over| on_width(name, width, over)).into()
        }
        _ => iced::widget::space().width(size::S3).into(),
    }
}
