//! The desktop window of bitq.
//!
//! `model` holds what is known (plain data, no drawing), `link` the way to node and wallet, `theme` and `widget` the
//! look, `page` the screens; `app` puts them together.

pub mod app;
pub mod link;
pub mod model;
pub mod page;
pub mod palette;
pub mod shortcuts;
pub mod theme;
pub mod trace;
pub mod widget;

/// An element of this window.
pub type Element<'a, Message> = iced::Element<'a, Message, theme::Theme>;
