//! Closed sets of widget styles; a page names what a thing is, this file says how that looks.

use iced::widget::{container, progress_bar, rule, scrollable, text, text_input};
use iced::{Background, Border, Color, Shadow, border, overlay};

use super::{Theme, palette, size};

/// The meaning of a text or a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// As the surroundings.
    #[default]
    Inherit,
    /// Main text.
    Main,
    /// Labels.
    Soft,
    /// Hints and captions.
    Faint,
    /// The coin's colour.
    Accent,
    /// Done, safe.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Money in.
    Incoming,
    /// Money out.
    Outgoing,
    /// Bars in place of amounts.
    Mask,
}

impl Tone {
    /// The colour of this meaning, `None` to inherit.
    pub fn color(self, theme: &Theme) -> Option<Color> {
        let roles = theme.roles();
        Some(match self {
            Self::Inherit => return None,
            Self::Main => roles.text1,
            Self::Soft => roles.text2,
            Self::Faint => roles.text3,
            Self::Accent => roles.accent,
            Self::Good => roles.good,
            Self::Warn => roles.warn,
            Self::Bad => roles.bad,
            Self::Incoming => roles.incoming,
            Self::Outgoing => roles.outgoing,
            Self::Mask => roles.mask,
        })
    }
}

/// What a container is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Surface {
    /// Nothing drawn.
    #[default]
    Plain,
    /// Rail, top bar, status bar.
    Chrome,
    /// Ground of a page.
    Page,
    /// A card with a hairline.
    Card,
    /// A card that calls with its tone.
    Notice(Tone),
    /// A menu, drawer or palette above the page.
    Raised,
    /// A drawer docked to an edge of the page.
    Drawer,
    /// A small pill.
    Badge(Tone),
    /// A full-width bar.
    Bar(Tone),
    /// A small bubble of help.
    Tooltip,
    /// White paper for a QR code, in every theme.
    Paper,
    /// A flat fill of one colour that is data: the network's tint.
    Fill(Color),
    /// The veil behind the palette and the passphrase prompt.
    Veil,
    /// Inset ground of the console and the log.
    Well,
}

/// What a pressable thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Press {
    /// The one main action of a view.
    Primary,
    /// Any other action.
    #[default]
    Secondary,
    /// An action in the margin: icons, links in bars.
    Ghost,
    /// An action that destroys.
    Danger,
    /// A line in running text.
    Link,
    /// A row of a list.
    Row {
        /// Whether it is the selected one.
        selected: bool,
    },
    /// An entry of the rail.
    Nav {
        /// Whether its page is shown.
        selected: bool,
    },
    /// One of several choices, a segment or a card.
    Choice {
        /// Whether it is chosen.
        selected: bool,
    },
}

/// How a pressable thing is met right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PressStatus {
    /// Left alone.
    Idle,
    /// Under the pointer.
    Hovered,
    /// Held down.
    Pressed,
    /// Cannot be pressed.
    Disabled,
}

/// The drawn form of a pressable thing.
#[derive(Debug, Clone, Copy)]
pub struct PressStyle {
    /// Ground, if any.
    pub background: Option<Color>,
    /// Text and icons.
    pub text: Color,
    /// Border.
    pub border: Border,
}

/// The end of the scale that is farther from `text`: moving a ground there keeps the text readable.
fn away(text: Color) -> Color {
    if text.relative_luminance() > 0.5 {
        Color::BLACK
    } else {
        Color::WHITE
    }
}

/// The style of a pressable thing.
pub fn press(theme: &Theme, kind: Press, status: PressStatus) -> PressStyle {
    let r = theme.roles();
    let lit = |idle: Color| match status {
        PressStatus::Hovered => palette::mix(idle, away(r.on_fill), 0.10),
        PressStatus::Pressed => palette::mix(idle, away(r.on_fill), 0.20),
        _ => idle,
    };
    let quiet = |idle: Option<Color>| match status {
        PressStatus::Hovered => Some(r.hover),
        PressStatus::Pressed => Some(r.pressed),
        _ => idle,
    };
    let round = border::rounded(size::RADIUS);
    let lined = |color: Color| round.color(color).width(size::LINE);
    let (background, text, border) = match kind {
        Press::Primary => (Some(lit(r.fill)), r.on_fill, round),
        Press::Secondary => (quiet(Some(r.card)), r.text1, lined(r.line)),
        Press::Ghost => (quiet(None), r.text2, round),
        Press::Danger => (quiet(Some(r.card)), r.bad, lined(r.bad)),
        Press::Link => (None, r.accent, border::rounded(size::RADIUS_SMALL)),
        Press::Row { selected: true } => (Some(r.accent_soft), r.text1, round),
        Press::Row { selected: false } => (quiet(None), r.text1, round),
        Press::Nav { selected: true } => (
            Some(r.accent_soft),
            r.accent,
            lined(if theme.is_high_contrast() {
                r.accent
            } else {
                palette::mix(r.accent_soft, r.accent, 0.35)
            }),
        ),
        Press::Nav { selected: false } => (quiet(None), r.text2, round),
        Press::Choice { selected: true } => (Some(r.accent_soft), r.text1, lined(r.accent)),
        Press::Choice { selected: false } => (quiet(Some(r.card)), r.text2, lined(r.line)),
    };
    if status == PressStatus::Disabled {
        let (background, border) = match kind {
            Press::Primary | Press::Secondary | Press::Danger => (Some(r.hover), lined(r.line)),
            _ => (background, border),
        };
        return PressStyle {
            background,
            text: r.text3,
            border,
        };
    }
    PressStyle {
        background,
        text,
        border,
    }
}

impl container::Catalog for Theme {
    type Class<'a> = Surface;

    fn default<'a>() -> <Self as container::Catalog>::Class<'a> {
        Surface::Plain
    }

    fn style(&self, class: &Surface) -> container::Style {
        let r = self.roles();
        let plain = container::Style::default();
        let on = |color: Color| container::Style {
            background: Some(Background::Color(color)),
            ..container::Style::default()
        };
        let card = border::rounded(size::RADIUS)
            .color(r.line)
            .width(size::LINE);
        let tint = |tone: Tone| tone.color(self).unwrap_or(r.text2);
        match *class {
            Surface::Plain => plain,
            Surface::Chrome => on(r.chrome),
            Surface::Page => on(r.page),
            Surface::Card => on(r.card).border(card),
            Surface::Notice(tone) => {
                let color = tint(tone);
                let (share, width) = if self.is_high_contrast() {
                    (1.0, size::RING)
                } else {
                    (0.45, size::LINE)
                };
                on(palette::mix(r.card, color, 0.06))
                    .border(card.color(palette::mix(r.card, color, share)).width(width))
            }
            // A line instead of a shadow: the software renderer redraws only the bounds of what changed, and a shadow
            // reaches beyond them.
            Surface::Raised => on(r.card).border(card.color(r.edge)),
            Surface::Drawer => on(r.card),
            Surface::Badge(tone) => {
                let color = tint(tone);
                container::Style {
                    text_color: Some(color),
                    ..on(palette::mix(r.card, color, 0.08))
                }
                .border(
                    border::rounded(size::RADIUS_SMALL)
                        .color(palette::mix(r.card, color, 0.45))
                        .width(size::LINE),
                )
            }
            Surface::Bar(tone) => {
                let color = tint(tone);
                container::Style {
                    text_color: Some(r.text1),
                    ..on(palette::mix(r.card, color, 0.14))
                }
            }
            Surface::Tooltip => container::Style {
                text_color: Some(r.page),
                ..on(r.text1)
            }
            .border(border::rounded(size::RADIUS_SMALL)),
            Surface::Paper => on(Color::WHITE).border(border::rounded(size::RADIUS)),
            Surface::Fill(color) => on(color).border(border::rounded(size::RADIUS_ROUND)),
            Surface::Veil => on(Color {
                a: 0.45,
                ..Color::BLACK
            }),
            Surface::Well => on(palette::mix(r.card, r.chrome, 0.6)).border(card),
        }
    }
}

impl text::Catalog for Theme {
    type Class<'a> = Tone;

    fn default<'a>() -> <Self as text::Catalog>::Class<'a> {
        Tone::Inherit
    }

    fn style(&self, class: &Tone) -> text::Style {
        text::Style {
            color: class.color(self),
        }
    }
}

/// Whether what stands in a field can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldState {
    /// Nothing to say.
    #[default]
    Normal,
    /// Wrong: the border says so beside the sentence under it.
    Wrong,
    /// Inside another bordered thing: no border of its own.
    Bare,
}

impl text_input::Catalog for Theme {
    type Class<'a> = FieldState;

    fn default<'a>() -> <Self as text_input::Catalog>::Class<'a> {
        FieldState::Normal
    }

    fn style(&self, class: &FieldState, status: text_input::Status) -> text_input::Style {
        let r = self.roles();
        let focused = matches!(status, text_input::Status::Focused { .. });
        let hovered = matches!(status, text_input::Status::Hovered);
        let line = match (class, focused) {
            (FieldState::Wrong, _) => r.bad,
            (_, true) => r.focus,
            _ if hovered => r.text3,
            _ => r.edge,
        };
        let width = if focused { size::RING } else { size::LINE };
        let (line, width) = if *class == FieldState::Bare {
            (Color::TRANSPARENT, 0.0)
        } else {
            (line, width)
        };
        text_input::Style {
            background: Background::Color(match class {
                FieldState::Bare => Color::TRANSPARENT,
                _ => r.card,
            }),
            border: border::rounded(size::RADIUS).color(line).width(width),
            icon: r.text3,
            placeholder: r.text3,
            value: if status == text_input::Status::Disabled {
                r.text3
            } else {
                r.text1
            },
            selection: r.selection,
        }
    }
}

impl scrollable::Catalog for Theme {
    type Class<'a> = ();

    fn default<'a>() -> <Self as scrollable::Catalog>::Class<'a> {}

    fn style(&self, (): &(), status: scrollable::Status) -> scrollable::Style {
        let r = self.roles();
        let (vertical, horizontal) = match status {
            scrollable::Status::Active { .. } => (false, false),
            scrollable::Status::Hovered {
                is_vertical_scrollbar_hovered: v,
                is_horizontal_scrollbar_hovered: h,
                ..
            } => (v, h),
            scrollable::Status::Dragged {
                is_vertical_scrollbar_dragged: v,
                is_horizontal_scrollbar_dragged: h,
                ..
            } => (v, h),
        };
        let rail = |lit: bool| scrollable::Rail {
            background: None,
            border: Border::default(),
            scroller: scrollable::Scroller {
                background: Background::Color(scroll_color(self, lit)),
                border: border::rounded(size::RADIUS_ROUND),
            },
        };
        scrollable::Style {
            container: container::Style::default(),
            vertical_rail: rail(vertical),
            horizontal_rail: rail(horizontal),
            gap: None,
            auto_scroll: scrollable::AutoScroll {
                background: Background::Color(r.card),
                border: border::rounded(size::RADIUS_ROUND)
                    .color(r.line)
                    .width(size::LINE),
                shadow: Shadow::default(),
                icon: r.text2,
            },
        }
    }
}

/// The colour of a scroll bar's handle.
pub fn scroll_color(theme: &Theme, lit: bool) -> Color {
    let r = theme.roles();
    if lit {
        r.text3
    } else {
        palette::mix(r.page, r.edge, 0.55)
    }
}

impl progress_bar::Catalog for Theme {
    type Class<'a> = Tone;

    fn default<'a>() -> <Self as progress_bar::Catalog>::Class<'a> {
        Tone::Accent
    }

    fn style(&self, class: &Tone) -> progress_bar::Style {
        let r = self.roles();
        progress_bar::Style {
            background: Background::Color(palette::mix(r.card, r.edge, 0.3)),
            bar: Background::Color(class.color(self).unwrap_or(r.accent)),
            border: border::rounded(size::RADIUS_ROUND),
        }
    }
}

impl rule::Catalog for Theme {
    type Class<'a> = ();

    fn default<'a>() -> <Self as rule::Catalog>::Class<'a> {}

    fn style(&self, (): &()) -> rule::Style {
        rule::Style {
            color: self.roles().line,
            radius: border::Radius::default(),
            fill_mode: rule::FillMode::Full,
            snap: true,
        }
    }
}

impl overlay::menu::Catalog for Theme {
    type Class<'a> = ();

    fn default<'a>() -> <Self as overlay::menu::Catalog>::Class<'a> {}

    fn style(&self, (): &()) -> overlay::menu::Style {
        let r = self.roles();
        overlay::menu::Style {
            background: Background::Color(r.card),
            border: border::rounded(size::RADIUS)
                .color(r.line)
                .width(size::LINE),
            text_color: r.text1,
            selected_text_color: r.text1,
            selected_background: Background::Color(r.accent_soft),
            shadow: Shadow::default(),
        }
    }
}

impl iced::widget::pick_list::Catalog for Theme {
    type Class<'a> = ();

    fn default<'a>() -> <Self as iced::widget::pick_list::Catalog>::Class<'a> {}

    fn style(
        &self,
        (): &(),
        status: iced::widget::pick_list::Status,
    ) -> iced::widget::pick_list::Style {
        use iced::widget::pick_list::Status;
        let r = self.roles();
        let line = match status {
            Status::Active => r.edge,
            Status::Hovered => r.text3,
            Status::Opened { .. } => r.focus,
        };
        iced::widget::pick_list::Style {
            text_color: r.text1,
            placeholder_color: r.text3,
            handle_color: r.text2,
            background: Background::Color(r.card),
            border: border::rounded(size::RADIUS).color(line).width(size::LINE),
        }
    }
}
