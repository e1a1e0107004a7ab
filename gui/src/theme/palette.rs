//! The four palettes, the contrast arithmetic, and its test over all role pairs.

use iced::Color;

/// The accent used before a coin is chosen.
pub const NEUTRAL_ACCENT: Color = rgb(0x2F, 0x6F, 0xDE);

/// Which palette the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// As the desktop says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Choice {
    /// All choices in the order shown.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word stored in the settings file.
    pub fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the word of [`Choice::key`].
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.key() == key)
    }
}

/// How far text stands out from its ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Contrast {
    /// At least 4.5 to 1.
    #[default]
    Normal,
    /// At least 7 to 1.
    High,
}

/// Colours by what they are for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roles {
    /// Rail, top bar, status bar.
    pub chrome: Color,
    /// Ground of a page.
    pub page: Color,
    /// Cards, fields, drawers, menus.
    pub card: Color,
    /// Under the pointer, and quiet buttons.
    pub hover: Color,
    /// Pressed or chosen.
    pub pressed: Color,
    /// Lines that only separate.
    pub line: Color,
    /// Lines that carry meaning: borders of fields, tracks of bars.
    pub edge: Color,
    /// Main text.
    pub text1: Color,
    /// Labels and secondary text.
    pub text2: Color,
    /// Hints, captions, times.
    pub text3: Color,
    /// The coin's colour, as far as it reads as text: chosen page, progress, links.
    pub accent: Color,
    /// The coin's colour itself: the ground of the main button.
    pub fill: Color,
    /// Text on `fill`.
    pub on_fill: Color,
    /// A breath of accent behind chosen things.
    pub accent_soft: Color,
    /// Done, safe.
    pub good: Color,
    /// Worth a look.
    pub warn: Color,
    /// Wrong, dangerous.
    pub bad: Color,
    /// Money coming in.
    pub incoming: Color,
    /// Money going out.
    pub outgoing: Color,
    /// The keyboard focus ring.
    pub focus: Color,
    /// Selected text.
    pub selection: Color,
    /// Bars in place of masked amounts.
    pub mask: Color,
}

const fn rgb(r: u8, g: u8, b: u8) -> Color {
    Color::from_rgb8(r, g, b)
}

/// Calm light.
pub const LIGHT: Roles = Roles {
    chrome: rgb(0xF2, 0xF3, 0xF6),
    page: rgb(0xFA, 0xFA, 0xFB),
    card: rgb(0xFF, 0xFF, 0xFF),
    hover: rgb(0xEC, 0xEE, 0xF2),
    pressed: rgb(0xE1, 0xE4, 0xEA),
    line: rgb(0xE4, 0xE7, 0xEC),
    edge: rgb(0x86, 0x8E, 0x9C),
    text1: rgb(0x15, 0x19, 0x20),
    text2: rgb(0x48, 0x50, 0x5E),
    text3: rgb(0x5C, 0x65, 0x74),
    accent: NEUTRAL_ACCENT,
    fill: NEUTRAL_ACCENT,
    on_fill: Color::WHITE,
    accent_soft: Color::WHITE,
    good: rgb(0x1A, 0x7A, 0x44),
    warn: rgb(0x8F, 0x58, 0x00),
    bad: rgb(0xC0, 0x2B, 0x2B),
    incoming: rgb(0x1A, 0x7A, 0x44),
    outgoing: rgb(0x15, 0x19, 0x20),
    focus: rgb(0x1F, 0x5F, 0xD0),
    selection: rgb(0xC9, 0xDB, 0xFB),
    mask: rgb(0xC4, 0xCA, 0xD4),
};

/// Calm dark.
pub const DARK: Roles = Roles {
    chrome: rgb(0x13, 0x16, 0x1B),
    page: rgb(0x18, 0x1C, 0x22),
    card: rgb(0x20, 0x25, 0x2D),
    hover: rgb(0x2A, 0x30, 0x3A),
    pressed: rgb(0x33, 0x3A, 0x46),
    line: rgb(0x2D, 0x34, 0x3E),
    edge: rgb(0x78, 0x82, 0x92),
    text1: rgb(0xEC, 0xEF, 0xF3),
    text2: rgb(0xB9, 0xC1, 0xCD),
    text3: rgb(0x9C, 0xA6, 0xB5),
    accent: NEUTRAL_ACCENT,
    fill: NEUTRAL_ACCENT,
    on_fill: rgb(0x10, 0x13, 0x18),
    accent_soft: Color::BLACK,
    good: rgb(0x5C, 0xC8, 0x8B),
    warn: rgb(0xE6, 0xB0, 0x55),
    bad: rgb(0xF3, 0x8B, 0x86),
    incoming: rgb(0x5C, 0xC8, 0x8B),
    outgoing: rgb(0xEC, 0xEF, 0xF3),
    focus: rgb(0x8A, 0xB4, 0xF8),
    selection: rgb(0x2F, 0x4A, 0x7A),
    mask: rgb(0x4A, 0x53, 0x62),
};

/// Black on white.
pub const LIGHT_HIGH: Roles = Roles {
    chrome: Color::WHITE,
    page: Color::WHITE,
    card: Color::WHITE,
    hover: rgb(0xE6, 0xE6, 0xE6),
    pressed: rgb(0xD4, 0xD4, 0xD4),
    line: rgb(0x6A, 0x6A, 0x6A),
    edge: Color::BLACK,
    text1: Color::BLACK,
    text2: rgb(0x1A, 0x1A, 0x1A),
    text3: rgb(0x2C, 0x2C, 0x2C),
    accent: NEUTRAL_ACCENT,
    fill: NEUTRAL_ACCENT,
    on_fill: Color::WHITE,
    accent_soft: Color::WHITE,
    good: rgb(0x00, 0x4D, 0x22),
    warn: rgb(0x5A, 0x35, 0x00),
    bad: rgb(0x8A, 0x06, 0x06),
    incoming: rgb(0x00, 0x4D, 0x22),
    outgoing: Color::BLACK,
    focus: Color::BLACK,
    selection: rgb(0xA8, 0xC8, 0xFF),
    mask: Color::BLACK,
};

/// White on black.
pub const DARK_HIGH: Roles = Roles {
    chrome: Color::BLACK,
    page: Color::BLACK,
    card: Color::BLACK,
    hover: rgb(0x26, 0x26, 0x26),
    pressed: rgb(0x3A, 0x3A, 0x3A),
    line: rgb(0x9A, 0x9A, 0x9A),
    edge: Color::WHITE,
    text1: Color::WHITE,
    text2: rgb(0xEC, 0xEC, 0xEC),
    text3: rgb(0xDA, 0xDA, 0xDA),
    accent: NEUTRAL_ACCENT,
    fill: NEUTRAL_ACCENT,
    on_fill: Color::BLACK,
    accent_soft: Color::BLACK,
    good: rgb(0x7D, 0xF0, 0xA8),
    warn: rgb(0xFF, 0xD0, 0x70),
    bad: rgb(0xFF, 0xA8, 0xA2),
    incoming: rgb(0x7D, 0xF0, 0xA8),
    outgoing: Color::WHITE,
    focus: rgb(0xFF, 0xE1, 0x4D),
    selection: rgb(0x00, 0x3C, 0x96),
    mask: Color::WHITE,
};

/// The contrast ratio of two opaque colours, 1 to 21 (WCAG 2, relative luminance).
pub fn contrast(a: Color, b: Color) -> f32 {
    let (a, b) = (a.relative_luminance() + 0.05, b.relative_luminance() + 0.05);
    if a > b { a / b } else { b / a }
}

/// Mixes `top` over `ground`; `share` 0 leaves the ground, 1 covers it.
pub fn mix(ground: Color, top: Color, share: f32) -> Color {
    let part = |g: f32, t: f32| g + (t - g) * share;
    Color::from_rgb(
        part(ground.r, top.r),
        part(ground.g, top.g),
        part(ground.b, top.b),
    )
}

/// Moves `color` towards black or white until it reads on all `grounds` with at least `ratio`.
fn readable(color: Color, grounds: &[Color], ratio: f32) -> Color {
    let dark = grounds
        .iter()
        .all(|ground| ground.relative_luminance() < 0.2);
    let end = if dark { Color::WHITE } else { Color::BLACK };
    let mut share = 0.0;
    while share < 1.0 {
        let tried = mix(color, end, share);
        if grounds
            .iter()
            .all(|ground| contrast(tried, *ground) >= ratio)
        {
            return tried;
        }
        share += 0.04;
    }
    end
}

/// Fits a coin's colour into `roles`: readable as text, with readable text on it.
pub(super) fn with_accent(roles: Roles, accent: Color) -> Roles {
    let high = contrast(roles.text1, roles.card) > 20.0;
    let ratio = if high { 7.0 } else { 4.6 };
    // Chosen things must be seen as such, so the ground is as strong as this, and quiet texts give way to it.
    let soft = mix(
        roles.card,
        accent,
        if roles.is_dark() { 0.22 } else { 0.16 },
    );
    let grounds = [roles.chrome, roles.page, roles.card, roles.hover, soft];
    let read = |color: Color| readable(color, &grounds, ratio);
    let (fill, on_fill) = button_colors(accent, roles.card, ratio);
    Roles {
        accent: read(accent),
        fill,
        on_fill,
        accent_soft: soft,
        text1: read(roles.text1),
        text2: read(roles.text2),
        text3: read(roles.text3),
        good: read(roles.good),
        warn: read(roles.warn),
        bad: read(roles.bad),
        incoming: read(roles.incoming),
        outgoing: read(roles.outgoing),
        ..roles
    }
}

/// The ground of the main button and the text on it: the coin's own colour where a text reads on it and it stands
/// out from `ground`.
fn button_colors(accent: Color, ground: Color, ratio: f32) -> (Color, Color) {
    let fill = readable(accent, &[ground], 1.6);
    for text in [Color::WHITE, Color::BLACK] {
        if contrast(text, fill) >= ratio {
            return (fill, text);
        }
    }
    let darker = readable(fill, &[Color::WHITE], ratio);
    (darker, Color::WHITE)
}

impl Roles {
    fn is_dark(&self) -> bool {
        self.page.relative_luminance() < 0.2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Theme;

    fn all_themes() -> Vec<Theme> {
        let accents = [
            NEUTRAL_ACCENT,
            Color::from_rgb8(0xF7, 0x93, 0x1A),
            Color::from_rgb8(0x00, 0x99, 0xB0),
            Color::from_rgb8(0x6D, 0x4A, 0xE0),
            Color::from_rgb8(0xFF, 0xFF, 0x00),
            Color::WHITE,
            Color::BLACK,
        ];
        let mut themes = Vec::new();
        for accent in accents {
            for dark in [false, true] {
                for contrast in [Contrast::Normal, Contrast::High] {
                    themes.push(Theme::new(dark, contrast, accent));
                }
            }
        }
        themes
    }

    #[test]
    fn every_text_role_reads_on_every_ground() {
        for theme in all_themes() {
            let r = theme.roles();
            let high = contrast(r.text1, r.card) > 20.0;
            let least = if high { 7.0 } else { 4.5 };
            let grounds = [
                ("chrome", r.chrome),
                ("page", r.page),
                ("card", r.card),
                ("hover", r.hover),
                ("accent_soft", r.accent_soft),
            ];
            let texts = [
                ("text1", r.text1),
                ("text2", r.text2),
                ("text3", r.text3),
                ("accent", r.accent),
                ("good", r.good),
                ("warn", r.warn),
                ("bad", r.bad),
                ("incoming", r.incoming),
                ("outgoing", r.outgoing),
            ];
            for (ground_name, ground) in grounds {
                for (text_name, text) in texts {
                    let got = contrast(text, ground);
                    assert!(
                        got >= least,
                        "{}: {text_name} on {ground_name} is {got:.2}",
                        iced::theme::Base::name(&theme)
                    );
                }
            }
            assert!(
                contrast(r.on_fill, r.fill) >= 4.5,
                "{:?} on {:?}",
                r.on_fill,
                r.fill
            );
            assert!(contrast(r.text1, r.selection) >= 4.5);
            assert!(contrast(r.text1, r.pressed) >= 4.5);
        }
    }

    #[test]
    fn what_is_chosen_is_seen() {
        let coins = [
            Color::from_rgb8(0xF7, 0x93, 0x1A),
            Color::from_rgb8(0x00, 0x99, 0xB0),
            Color::from_rgb8(0x6D, 0x4A, 0xE0),
        ];
        for (accent, dark) in coins
            .into_iter()
            .flat_map(|accent| [(accent, false), (accent, true)])
        {
            let theme = Theme::new(dark, Contrast::Normal, accent);
            let r = theme.roles();
            assert!(contrast(r.accent_soft, r.card) >= 1.1, "{accent:?}");
            let entry = crate::theme::style::press(
                &theme,
                crate::theme::Press::Nav { selected: true },
                crate::theme::style::PressStatus::Idle,
            );
            assert!(contrast(entry.border.color, r.chrome) >= 1.4, "{accent:?}");
        }
    }

    #[test]
    fn lines_that_mean_something_are_seen() {
        for theme in all_themes() {
            let r = theme.roles();
            for ground in [r.card, r.page, r.chrome] {
                assert!(
                    contrast(r.edge, ground) >= 2.95,
                    "edge {}",
                    contrast(r.edge, ground)
                );
                assert!(contrast(r.focus, ground) >= 3.0, "focus");
                assert!(contrast(r.accent, ground) >= 3.0, "accent");
            }
        }
    }
}
