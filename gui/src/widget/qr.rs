//! A QR code: black on white in every theme, with the margin of four cells that scanners ask for.

use iced::widget::{container, qr_code};
use iced::{Color, Length};

use crate::Element;
use crate::theme::{Surface, Theme, size};

/// Longest text that is still read well from a screen (as Core's window limits it).
pub const MAX_TEXT: usize = 255;

/// Cells of margin that a reader asks for; iced draws two of them.
const MARGIN: usize = 4;

/// A QR code, computed once per text.
#[derive(Debug)]
pub struct Code {
    data: qr_code::Data,
    cells: usize,
}

impl Code {
    /// Encodes `text`; `None` where it is too long to be read well.
    pub fn new(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_TEXT {
            return None;
        }
        let level = qr_code::ErrorCorrection::Medium;
        // The version decides the number of cells: the smallest that holds the text.
        (1..=40_u8).find_map(|version| {
            let data = qr_code::Data::with_version(
                text.as_bytes(),
                qr_code::Version::Normal(version),
                level,
            );
            data.ok().map(|data| Self { data, cells: 17 + 4 * usize::from(version) })
        })
    }
}

impl qr_code::Catalog for Theme {
    type Class<'a> = ();

    fn default<'a>() -> <Self as qr_code::Catalog>::Class<'a> {}

    fn style(&self, (): &()) -> qr_code::Style {
        qr_code::Style { cell: Color::BLACK, background: Color::WHITE }
    }
}

/// The code on white paper, `size::QR` wide.
pub fn view<'a, Message: 'a>(code: &'a Code) -> Element<'a, Message> {
    let all = u16::try_from(code.cells + 2 * MARGIN).unwrap_or(u16::MAX);
    // Whole pixels per cell: scanners and eyes dislike uneven cells.
    let cell = (size::QR / f32::from(all)).floor().max(1.0);
    container(qr_code(&code.data).cell_size(cell))
        .class(Surface::Paper)
        .center(Length::Fixed(size::QR.max(cell * f32::from(all))))
        .into()
}
