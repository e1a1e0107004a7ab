//! The embedded fonts, so that the window is readable on a system without any.

use std::borrow::Cow;

use iced::Font;
use iced::font::{Family, Weight};

/// Text.
pub const TEXT: Font = Font::with_name("Noto Sans");
/// Labels of buttons and columns.
pub const MEDIUM: Font = Font {
    weight: Weight::Medium,
    ..TEXT
};
/// Headings and the figures that matter.
pub const STRONG: Font = Font {
    weight: Weight::Semibold,
    ..TEXT
};
/// Addresses, hashes, console.
pub const MONO: Font = Font::with_name("JetBrains Mono");
/// Icons.
pub const ICONS: Font = Font {
    family: Family::Name("lucide"),
    ..Font::DEFAULT
};

/// The bytes of all embedded fonts.
pub fn all() -> Vec<Cow<'static, [u8]>> {
    [
        &include_bytes!("../../../assets/fonts/NotoSans-Regular.ttf")[..],
        &include_bytes!("../../../assets/fonts/NotoSans-Medium.ttf")[..],
        &include_bytes!("../../../assets/fonts/NotoSans-SemiBold.ttf")[..],
        &include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf")[..],
        &include_bytes!("../../../assets/icons/lucide.ttf")[..],
    ]
    .into_iter()
    .map(Cow::Borrowed)
    .collect()
}
