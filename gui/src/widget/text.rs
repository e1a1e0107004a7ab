//! Texts by their place in the hierarchy, and icons.

use iced::widget::text;
use iced::widget::text::{IntoFragment, Wrapping};

use super::cut::Cut;
use crate::theme::{Icon, Theme, Tone, fonts, size};

/// A text of this window.
pub type Text<'a> = iced::widget::Text<'a, Theme>;

/// A paragraph.
pub fn body<'a>(content: impl IntoFragment<'a>) -> Text<'a> {
    text(content).size(size::TEXT)
}

/// A label beside a value or over a field.
pub fn label<'a>(content: impl IntoFragment<'a>) -> Text<'a> {
    text(content)
        .size(size::TEXT)
        .font(fonts::MEDIUM)
        .class(Tone::Soft)
}

/// A hint, a time, a caption.
pub fn caption<'a>(content: impl IntoFragment<'a>) -> Text<'a> {
    text(content).size(size::TEXT_SMALL).class(Tone::Faint)
}

/// The heading of a page.
pub fn title<'a>(content: impl IntoFragment<'a>) -> Text<'a> {
    text(content).size(size::TEXT_TITLE).font(fonts::STRONG)
}

/// The heading of a card.
pub fn heading<'a>(content: impl IntoFragment<'a>) -> Text<'a> {
    text(content).size(size::TEXT_LARGE).font(fonts::STRONG)
}

/// The figure a page is about.
pub fn hero<'a>(content: impl IntoFragment<'a>) -> Text<'a> {
    text(content).size(size::TEXT_HERO).font(fonts::STRONG)
}

/// A value that matters inside a paragraph.
pub fn strong<'a>(content: impl IntoFragment<'a>) -> Text<'a> {
    text(content).size(size::TEXT).font(fonts::MEDIUM)
}

/// A hash, a path, a command: breaks anywhere, since it has no words.
pub fn mono<'a>(content: impl IntoFragment<'a>) -> Text<'a> {
    text(content)
        .size(size::TEXT_SMALL + 1.0)
        .font(fonts::MONO)
        .wrapping(Wrapping::Glyph)
}

/// One line that must not wrap.
pub fn line<'a>(content: impl IntoFragment<'a>) -> Text<'a> {
    text(content).size(size::TEXT).wrapping(Wrapping::None)
}

/// One line that ends with "…" where its place is too narrow, and is told whole under the pointer then.
pub fn cut<'a>(content: impl IntoFragment<'a>) -> Cut<'a> {
    Cut::new(content)
}

/// An icon in the size of text.
pub fn icon<'a>(icon: Icon) -> Text<'a> {
    sized_icon(icon, size::ICON)
}

/// An icon with a side of `side` pixels.
pub fn sized_icon<'a>(icon: Icon, side: f32) -> Text<'a> {
    text(icon.glyph())
        .size(side)
        .font(fonts::ICONS)
        .line_height(1.0)
        .shaping(text::Shaping::Basic)
        .wrapping(Wrapping::None)
}
