//! The whole text, in a bubble under the place that is too narrow for it.

use iced::advanced::layout::{self, Layout};
use iced::advanced::text::paragraph::Plain;
use iced::advanced::text::{LineHeight, Renderer as _, Shaping, Wrapping};
use iced::advanced::{Renderer as _, Text, mouse, overlay, renderer};
use iced::alignment::Vertical;
use iced::widget::container::Catalog as _;
use iced::{Background, Color, Pixels, Point, Rectangle, Renderer, Size, Vector};

use super::Paragraph;
use crate::theme::{Surface, Theme, fonts, size};

/// See the module.
pub(super) struct Tip<'a> {
    content: &'a str,
    paragraph: &'a mut Plain<Paragraph>,
    under: Rectangle,
}

impl<'a> Tip<'a> {
    pub(super) fn new(
        content: &'a str,
        paragraph: &'a mut Plain<Paragraph>,
        under: Rectangle,
    ) -> Self {
        Self {
            content,
            paragraph,
            under,
        }
    }
}

impl<Message> overlay::Overlay<Message, Theme, Renderer> for Tip<'_> {
    fn layout(&mut self, _renderer: &Renderer, window: Size) -> layout::Node {
        let around = Size::new(2.0 * size::S2, 2.0 * size::S1);
        self.paragraph.update(Text {
            content: self.content,
            bounds: Size::new(
                size::DRAWER.min(window.width - around.width).max(0.0),
                (window.height - around.height).max(0.0),
            ),
            size: Pixels(size::TEXT_SMALL),
            line_height: LineHeight::default(),
            font: fonts::TEXT,
            align_x: iced::advanced::text::Alignment::Default,
            align_y: Vertical::Top,
            shaping: Shaping::Auto,
            wrapping: Wrapping::WordOrGlyph,
        });
        let text = self.paragraph.min_bounds();
        let bubble = Size::new(text.width + around.width, text.height + around.height);
        let below = self.under.y + self.under.height + size::S1;
        let y = if below + bubble.height <= window.height {
            below
        } else {
            (self.under.y - size::S1 - bubble.height).max(0.0)
        };
        let x = self.under.x.min(window.width - bubble.width).max(0.0);
        layout::Node::new(bubble).translate(Vector::new(x, y))
    }

    fn draw(
        &self,
        renderer: &mut Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
    ) {
        let bounds = layout.bounds();
        let look = theme.style(&Surface::Tooltip);
        renderer.fill_quad(
            renderer::Quad {
                bounds,
                border: look.border,
                ..renderer::Quad::default()
            },
            look.background.unwrap_or(Background::Color(Color::BLACK)),
        );
        renderer.fill_paragraph(
            self.paragraph.raw(),
            Point::new(bounds.x + size::S2, bounds.y + size::S1),
            look.text_color.unwrap_or(style.text_color),
            bounds,
        );
    }
}
