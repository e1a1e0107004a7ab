//! A QR code: black on white in every theme, with the margin of four cells that scanners ask for.

mod png;

use iced::widget::{canvas, container};
use iced::{Color, Length, Point, Rectangle, Renderer, Size, mouse};
use qrcode::{EcLevel, QrCode};

use crate::Element;
use crate::theme::{Surface, Theme, size};

/// Longest text that is still read well from a screen (as Core's window limits it).
pub const MAX_TEXT: usize = 255;

/// Cells of margin.
const MARGIN: usize = 4;

/// A QR code, computed once per text and drawn once per size.
#[derive(Debug)]
pub struct Code {
    cells: Vec<bool>,
    side: usize,
    drawing: canvas::Cache,
}

impl Code {
    /// Encodes `text`; `None` where it is too long to be read well.
    pub fn new(text: &str) -> Option<Self> {
        let (cells, side) = cells(text)?;
        Some(Self {
            cells,
            side,
            drawing: canvas::Cache::new(),
        })
    }
}

/// The cells with their margin, row by row, and how many are in a row.
fn cells(text: &str) -> Option<(Vec<bool>, usize)> {
    if text.is_empty() || text.len() > MAX_TEXT {
        return None;
    }
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (inner, colors) = (code.width(), code.to_colors());
    let side = inner + 2 * MARGIN;
    let mut cells = vec![false; side * side];
    for (row, line) in colors.chunks(inner).enumerate() {
        let start = (row + MARGIN) * side + MARGIN;
        for (cell, color) in cells[start..start + inner].iter_mut().zip(line) {
            *cell = *color == qrcode::Color::Dark;
        }
    }
    Some((cells, side))
}

/// The code of `text` as a PNG file; `None` where it is too long.
pub fn png(text: &str) -> Option<Vec<u8>> {
    let (cells, side) = cells(text)?;
    png::encode(&cells, side)
}

struct Drawing<'a>(&'a Code);

impl<Message> canvas::Program<Message, Theme> for Drawing<'_> {
    type State = ();

    #[expect(clippy::cast_precision_loss, reason = "at most 185 cells in a row")]
    fn draw(
        &self,
        (): &(),
        renderer: &Renderer,
        _theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<canvas::Geometry> {
        let code = self.0;
        // Whole pixels per cell: scanners and eyes dislike uneven cells.
        let cell = (bounds.width / code.side as f32).floor().max(1.0);
        let inset = (bounds.width - cell * code.side as f32) / 2.0;
        let geometry = code.drawing.draw(renderer, bounds.size(), |frame| {
            frame.fill_rectangle(Point::ORIGIN, bounds.size(), Color::WHITE);
            for (index, _) in code.cells.iter().enumerate().filter(|(_, black)| **black) {
                let (row, column) = (index / code.side, index % code.side);
                let at = Point::new(inset + column as f32 * cell, inset + row as f32 * cell);
                frame.fill_rectangle(at, Size::new(cell, cell), Color::BLACK);
            }
        });
        vec![geometry]
    }
}

/// The code on white paper, `size::QR` wide.
pub fn view<'a, Message: 'a>(code: &'a Code) -> Element<'a, Message> {
    let drawing: canvas::Canvas<Drawing<'a>, Message, Theme> =
        canvas(Drawing(code)).width(size::QR).height(size::QR);
    container(drawing)
        .class(Surface::Paper)
        .center(Length::Shrink)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_four_white_cells_on_every_side() {
        let (cells, side) =
            cells("bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4").expect("short");
        let black = |row: usize, column: usize| cells[row * side + column];
        for near in 0..MARGIN {
            for along in 0..side {
                assert!(!black(near, along) && !black(along, near));
                assert!(!black(side - 1 - near, along) && !black(along, side - 1 - near));
            }
        }
        assert!(
            black(MARGIN, MARGIN),
            "the finder pattern begins right after the margin"
        );
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert!(Code::new(&"x".repeat(MAX_TEXT)).is_some());
        assert!(Code::new(&"x".repeat(MAX_TEXT + 1)).is_none());
    }
}
