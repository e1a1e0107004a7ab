//! How the window looks: colour roles, sizes, fonts and the styles of every widget.
//!
//! Pages and widgets take colours, spacing and text sizes from here and from nowhere else.

pub mod fonts;
pub mod icon;
pub mod mark;
pub mod palette;
pub mod size;
pub mod style;

use iced::Color;
use iced::theme::{Base, Mode, Style};

pub use icon::Icon;
pub use palette::{Choice, Contrast, Roles};
pub use style::{Press, Surface, Tone};

/// The theme of the whole window: one set of colour roles.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    roles: Roles,
    dark: bool,
    name: &'static str,
}

impl Theme {
    /// Builds one of the four palettes around `accent`, the colour of the coin, made readable where it is not.
    pub fn new(dark: bool, contrast: Contrast, accent: Color) -> Self {
        let (roles, name) = match (dark, contrast) {
            (false, Contrast::Normal) => (palette::LIGHT, "light"),
            (true, Contrast::Normal) => (palette::DARK, "dark"),
            (false, Contrast::High) => (palette::LIGHT_HIGH, "light, high contrast"),
            (true, Contrast::High) => (palette::DARK_HIGH, "dark, high contrast"),
        };
        Self {
            roles: palette::with_accent(roles, accent),
            dark,
            name,
        }
    }

    /// The colours by role.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Whether lines and texts stand out as far as they can.
    pub fn is_high_contrast(&self) -> bool {
        palette::contrast(self.roles.text1, self.roles.card) > 20.0
    }

    /// Whether the background is dark.
    pub fn is_dark(&self) -> bool {
        self.dark
    }
}

impl Base for Theme {
    fn default(preference: Mode) -> Self {
        Self::new(
            preference == Mode::Dark,
            Contrast::Normal,
            palette::NEUTRAL_ACCENT,
        )
    }

    fn mode(&self) -> Mode {
        if self.dark { Mode::Dark } else { Mode::Light }
    }

    fn base(&self) -> Style {
        Style {
            background_color: self.roles.page,
            text_color: self.roles.text1,
        }
    }

    fn palette(&self) -> Option<iced::theme::Palette> {
        None
    }

    fn name(&self) -> &str {
        self.name
    }
}
