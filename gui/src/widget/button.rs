//! Buttons with words, with an icon, and small controls made of both.

use iced::widget::{row, tooltip};
use iced::{Alignment, Length};

use super::press::{Pressable, pressable};
use super::text::{self, icon};
use crate::Element;
use crate::theme::{Icon, Press, Surface, fonts, size};

/// A button with words.
pub fn button<'a, Message: 'a>(label: impl Into<String>, kind: Press) -> Pressable<'a, Message> {
    pressable(text::line(label.into()).font(fonts::MEDIUM))
        .kind(kind)
        .padding([0.0, size::S4])
        .height(size::CONTROL)
}

/// A button with an icon before its words.
pub fn button_with<'a, Message: 'a>(
    glyph: Icon,
    label: impl Into<String>,
    kind: Press,
) -> Pressable<'a, Message> {
    let content = row![icon(glyph), text::line(label.into()).font(fonts::MEDIUM)]
        .spacing(size::S2)
        .align_y(Alignment::Center);
    pressable(content)
        .kind(kind)
        .padding([0.0, size::S3])
        .height(size::CONTROL)
}

/// A square button with an icon; its meaning is also in the bubble of `help`.
pub fn icon_button<'a, Message: Clone + 'a>(
    glyph: Icon,
    help: impl Into<String>,
    id: impl Into<iced::widget::Id>,
    on_press: Option<Message>,
) -> Element<'a, Message> {
    let press = pressable(icon(glyph))
        .kind(Press::Ghost)
        .padding(0.0)
        .width(size::CONTROL)
        .height(size::CONTROL)
        .id(id)
        .on_press_maybe(on_press);
    helped(press, help)
}

/// Anything with a bubble of help under the pointer.
pub fn helped<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    help: impl Into<String>,
) -> Element<'a, Message> {
    let bubble = iced::widget::container(text::body(help.into()).size(size::TEXT_SMALL))
        .class(Surface::Tooltip)
        .max_width(size::DRAWER)
        .padding([size::S1, size::S2]);
    tooltip(content, bubble, tooltip::Position::Bottom)
        .gap(size::S1)
        .into()
}

/// A box to tick, with its words.
pub fn check<'a, Message: Clone + 'a>(
    id: impl Into<iced::widget::Id>,
    label: impl Into<String>,
    checked: bool,
    on_toggle: Option<Message>,
) -> Element<'a, Message> {
    mark(
        id,
        if checked {
            Icon::SquareCheck
        } else {
            Icon::Square
        },
        label,
        checked,
        on_toggle,
    )
}

/// One of several round choices, with its words.
pub fn radio<'a, Message: Clone + 'a>(
    id: impl Into<iced::widget::Id>,
    label: impl Into<String>,
    chosen: bool,
    on_choose: Option<Message>,
) -> Element<'a, Message> {
    mark(
        id,
        if chosen {
            Icon::CircleDot
        } else {
            Icon::Circle
        },
        label,
        chosen,
        on_choose,
    )
}

fn mark<'a, Message: Clone + 'a>(
    id: impl Into<iced::widget::Id>,
    glyph: Icon,
    label: impl Into<String>,
    on: bool,
    message: Option<Message>,
) -> Element<'a, Message> {
    let tone = match (on, message.is_some()) {
        (true, true) => crate::theme::Tone::Accent,
        (_, false) => crate::theme::Tone::Faint,
        _ => crate::theme::Tone::Soft,
    };
    let content = row![icon(glyph).class(tone), text::body(label.into())]
        .spacing(size::S2)
        .align_y(Alignment::Center);
    pressable(content)
        .kind(Press::Ghost)
        .id(id)
        .padding([size::S1, size::S2])
        .on_press_maybe(message)
        .into()
}

/// A row of choices of which one is taken, as joined buttons: one keyboard stop, whose arrows move the choice.
pub fn segments<'a, T: Copy + PartialEq + 'a, Message: Clone + 'a>(
    id: impl std::fmt::Display,
    choices: impl IntoIterator<Item = (T, String)>,
    chosen: T,
    on_choose: impl Fn(T) -> Message + 'a,
) -> Element<'a, Message> {
    let choices: Vec<(T, String)> = choices.into_iter().collect();
    let values: Vec<T> = choices.iter().map(|(value, _)| *value).collect();
    let buttons = choices
        .into_iter()
        .enumerate()
        .map(|(index, (value, label))| {
            pressable(text::line(label).font(fonts::MEDIUM))
                .kind(Press::Choice {
                    selected: value == chosen,
                })
                .padding([0.0, size::S3])
                .height(size::CONTROL)
                .id(format!("{id}-{index}"))
                .skip_tab()
                .on_press(on_choose(value))
                .into()
        })
        .collect::<Vec<_>>();
    let line = row(buttons)
        .spacing(size::S1)
        .width(Length::Shrink)
        .wrap()
        .vertical_spacing(size::S1);
    super::stop(id.to_string(), line, move |key, _| {
        let place = values.iter().position(|value| *value == chosen)?;
        values.get(step(key, place)?).copied().map(&on_choose)
    })
    .into()
}

/// Where an arrow leads in a group that is one keyboard stop.
pub fn step(key: &iced::keyboard::Key, place: usize) -> Option<usize> {
    use iced::keyboard::{Key, key::Named};
    match key {
        Key::Named(Named::ArrowDown | Named::ArrowRight) => place.checked_add(1),
        Key::Named(Named::ArrowUp | Named::ArrowLeft) => place.checked_sub(1),
        _ => None,
    }
}

/// A drop-down list; the arrows change the choice while it has the focus.
pub fn select<'a, T, Message>(
    id: &'static str,
    options: &'a [T],
    chosen: T,
    on_choose: impl Fn(T) -> Message + Clone + 'a,
) -> Element<'a, Message>
where
    T: Copy + PartialEq + std::fmt::Display + 'a,
    Message: Clone + 'a,
{
    use iced::keyboard::{Key, key};
    let by_key = on_choose.clone();
    let list: iced::widget::PickList<'a, T, &'a [T], T, Message, crate::theme::Theme> =
        iced::widget::pick_list(options, Some(chosen), on_choose)
            .text_size(size::TEXT)
            .padding([size::S1 + 3.0, size::S3]);
    super::stop(id, list, move |key, _| {
        let place = options.iter().position(|option| *option == chosen)?;
        let next = match key {
            Key::Named(key::Named::ArrowDown) => place + 1,
            Key::Named(key::Named::ArrowUp) => place.checked_sub(1)?,
            _ => return None,
        };
        options.get(next).copied().map(&by_key)
    })
    .into()
}
