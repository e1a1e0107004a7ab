//! Cards, pages, drawers, bars: how blocks stand together.

use iced::widget::{Column, column, container, row, rule, scrollable, space};
use iced::{Alignment, Length, Padding};

use super::text;
use crate::Element;
use crate::theme::{Icon, Surface, Theme, Tone, fonts, size};

/// A page that scrolls: heading, optional words beside it, and blocks.
pub fn page<'a, Message: 'a>(
    id: &'static str,
    heading: Element<'a, Message>,
    blocks: Vec<Element<'a, Message>>,
) -> Element<'a, Message> {
    let content = Column::with_children(blocks)
        .spacing(size::S4)
        .width(Length::Fill);
    let content = column![heading, content]
        .spacing(size::S4)
        .max_width(size::PAGE)
        .padding(Padding::new(size::S5).bottom(size::S6));
    let centred = container(content).center_x(Length::Fill);
    scrolled(id, centred.into())
}

/// Content that scrolls when it is taller than its place.
pub fn scrolled<'a, Message: 'a>(
    id: &'static str,
    content: Element<'a, Message>,
) -> Element<'a, Message> {
    rolling(id, content, Length::Fill)
}

/// Content that takes the room it needs, up to `most` pixels; then it scrolls.
pub fn at_most<'a, Message: 'a>(
    id: &'static str,
    content: Element<'a, Message>,
    most: f32,
) -> Element<'a, Message> {
    container(rolling(id, content, Length::Shrink))
        .max_height(most)
        .into()
}

fn rolling<'a, Message: 'a>(
    id: &'static str,
    content: Element<'a, Message>,
    height: Length,
) -> Element<'a, Message> {
    scrollable(content)
        .id(id)
        .direction(scrollable::Direction::Vertical(
            scrollable::Scrollbar::new()
                .width(size::SCROLL)
                .scroller_width(size::SCROLL),
        ))
        .width(Length::Fill)
        .height(height)
        .into()
}

/// The heading of a page.
pub fn page_title<'a, Message: 'a>(title: impl Into<String>) -> Element<'a, Message> {
    text::title(title.into()).into()
}

/// A heading with things at its right end.
pub fn heading_row<'a, Message: 'a>(
    title: impl Into<String>,
    right: impl Into<Element<'a, Message>>,
) -> Element<'a, Message> {
    row![text::title(title.into()), space::horizontal(), right.into()]
        .spacing(size::S3)
        .align_y(Alignment::Center)
        .into()
}

/// A card.
pub fn card<'a, Message: 'a>(content: impl Into<Element<'a, Message>>) -> Element<'a, Message> {
    container(content)
        .class(Surface::Card)
        .padding(size::S4)
        .width(Length::Fill)
        .into()
}

/// A card with a heading.
pub fn titled_card<'a, Message: 'a>(
    title: impl Into<String>,
    content: impl Into<Element<'a, Message>>,
) -> Element<'a, Message> {
    card(column![text::heading(title.into()), content.into()].spacing(size::S3))
}

/// A card that calls: an icon, a heading, words, and what can be done.
pub fn notice<'a, Message: 'a>(
    tone: Tone,
    glyph: Icon,
    title: impl Into<String>,
    words: impl Into<Element<'a, Message>>,
    actions: Vec<Element<'a, Message>>,
) -> Element<'a, Message> {
    let mut body = column![text::strong(title.into()), words.into()].spacing(size::S1);
    if !actions.is_empty() {
        let actions = row(actions)
            .spacing(size::S2)
            .wrap()
            .vertical_spacing(size::S2);
        body = body.push(container(actions).padding(Padding::ZERO.top(size::S2)));
    }
    let content = row![text::icon(glyph).class(tone), body.width(Length::Fill)].spacing(size::S3);
    container(content)
        .class(Surface::Notice(tone))
        .padding(size::S4)
        .width(Length::Fill)
        .into()
}

/// A small pill with words.
pub fn badge<'a, Message: 'a>(words: impl Into<String>, tone: Tone) -> Element<'a, Message> {
    container(
        text::line(words.into())
            .size(size::TEXT_SMALL)
            .font(fonts::MEDIUM),
    )
    .class(Surface::Badge(tone))
    .padding([2.0, size::S2])
    .into()
}

/// A hairline.
pub fn hairline<'a, Message: 'a>() -> Element<'a, Message> {
    let line: iced::widget::Rule<'a, Theme> = rule::horizontal(size::LINE);
    line.into()
}

/// A label in a column of fixed width and its value.
pub fn pair<'a, Message: 'a>(
    label: impl Into<String>,
    value: impl Into<Element<'a, Message>>,
) -> Element<'a, Message> {
    row![
        container(text::body(label.into()).class(Tone::Soft)).width(size::LABEL),
        container(value).width(Length::Fill)
    ]
    .spacing(size::S3)
    .into()
}

/// What stands where there is nothing yet.
pub fn empty<'a, Message: 'a>(
    glyph: Icon,
    title: impl Into<String>,
    words: impl Into<String>,
    actions: Vec<Element<'a, Message>>,
) -> Element<'a, Message> {
    let mut content = column![
        text::sized_icon(glyph, size::ICON_LARGE).class(Tone::Faint),
        text::heading(title.into()),
        container(
            text::body(words.into())
                .class(Tone::Soft)
                .align_x(Alignment::Center)
        )
        .max_width(size::PALETTE),
    ]
    .spacing(size::S3)
    .align_x(Alignment::Center);
    if !actions.is_empty() {
        content = content.push(row(actions).spacing(size::S2).wrap());
    }
    container(content)
        .center_x(Length::Fill)
        .padding(size::S6)
        .into()
}

/// A bar of progress between 0 and 1.
pub fn progress<'a, Message: 'a>(share: f64, tone: Tone) -> Element<'a, Message> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a share between 0 and 1 for drawing"
    )]
    let share = share.clamp(0.0, 1.0) as f32;
    let bar: iced::widget::ProgressBar<'a, Theme> = iced::widget::progress_bar(0.0..=1.0, share)
        .girth(size::BAR)
        .class(tone);
    bar.into()
}

/// A drawer docked to the right edge, with a heading and a way to close it.
pub fn drawer<'a, Message: Clone + 'a>(
    title: impl Into<String>,
    on_close: Message,
    width: impl Into<Length>,
    content: Element<'a, Message>,
) -> Element<'a, Message> {
    let head = row![
        text::heading(title.into()),
        space::horizontal(),
        super::icon_button(Icon::X, "Close (Esc)", "drawer-close", Some(on_close)),
    ]
    .align_y(Alignment::Center);
    let body = container(content).padding(Padding::ZERO.right(size::S4).bottom(size::S4));
    let inner = column![
        container(head).padding(Padding::ZERO.right(size::S2)),
        scrolled("drawer-scroll", body.into())
    ]
    .spacing(size::S3)
    .padding(Padding::ZERO.left(size::S4).top(size::S2));
    let line: iced::widget::Rule<'a, Theme> = rule::vertical(size::LINE);
    container(row![line, inner])
        .class(Surface::Drawer)
        .width(width)
        .height(Length::Fill)
        .into()
}
