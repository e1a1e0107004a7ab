//! The desktop window.

pub mod theme;
pub mod widget;

/// An element of this window.
pub type Element<'a, Message> = iced::Element<'a, Message, theme::Theme>;
