//! The edge of a column's head: drag it and the column grows or shrinks.

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::{Background, Event, Length, Point, Rectangle, Renderer, Size};

use crate::Element;
use crate::model::prefs::WIDTHS;
use crate::theme::{Theme, size};

/// On which side of its column a grip is: the side that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// At the left: the column grows to the left.
    Left,
    /// At the right.
    Right,
}

/// See the module. It takes the gap between two columns.
pub struct Grip<'a, Message> {
    side: Side,
    width: f32,
    on_drag: Box<dyn Fn(u16, bool) -> Message + 'a>,
}

impl<'a, Message> Grip<'a, Message> {
    /// The grip of a column that is `width` wide now. `on_drag` is told each new width, and whether it is the last.
    pub fn new(side: Side, width: f32, on_drag: impl Fn(u16, bool) -> Message + 'a) -> Self {
        Self {
            side,
            width,
            on_drag: Box::new(on_drag),
        }
    }

    /// The width of the column while the pointer is at `x`.
    fn dragged(&self, drag: Drag, x: f32) -> u16 {
        let moved = match self.side {
            Side::Left => drag.from - x,
            Side::Right => x - drag.from,
        };
        whole(drag.width + moved)
    }
}

/// A width that is kept.
fn whole(width: f32) -> u16 {
    let (least, most) = (f32::from(WIDTHS.0), f32::from(WIDTHS.1));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between the least and the most"
    )]
    let whole = width.round().clamp(least, most) as u16;
    whole
}

/// A drag that goes on: where it began, and how wide the column was.
#[derive(Debug, Clone, Copy)]
struct Drag {
    from: f32,
    width: f32,
    last: u16,
}

#[derive(Debug, Default)]
struct State {
    drag: Option<Drag>,
}

impl<Message> Widget<Message, Theme, Renderer> for Grip<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn size(&self) -> Size<Length> {
        Size {
            width: Length::Fixed(size::S3),
            height: Length::Fixed(size::ROW_COMPACT),
        }
    }

    fn layout(
        &mut self,
        _tree: &mut Tree,
        _renderer: &Renderer,
        limits: &layout::Limits,
    ) -> layout::Node {
        layout::atomic(limits, size::S3, size::ROW_COMPACT)
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _renderer: &Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        _viewport: &Rectangle,
    ) {
        let drag = &mut tree.state.downcast_mut::<State>().drag;
        match event {
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) => {
                if let Some(at) = cursor.position_over(layout.bounds()) {
                    *drag = Some(Drag {
                        from: at.x,
                        width: self.width,
                        last: whole(self.width),
                    });
                    shell.capture_event();
                }
            }
            Event::Mouse(mouse::Event::CursorMoved { position }) => {
                if let Some(drag) = drag {
                    let width = self.dragged(*drag, position.x);
                    if drag.last != width {
                        drag.last = width;
                        shell.publish((self.on_drag)(width, false));
                    }
                    shell.capture_event();
                }
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                if let Some(drag) = drag.take() {
                    shell.publish((self.on_drag)(drag.last, true));
                    shell.capture_event();
                }
            }
            _ => {}
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _viewport: &Rectangle,
    ) {
        let bounds = layout.bounds();
        let lit = tree.state.downcast_ref::<State>().drag.is_some() || cursor.is_over(bounds);
        let roles = theme.roles();
        let line = Rectangle::new(
            Point::new(bounds.center_x(), bounds.y + size::S2),
            Size::new(1.0, (bounds.height - 2.0 * size::S2).max(0.0)),
        );
        renderer.fill_quad(
            renderer::Quad {
                bounds: line,
                snap: true,
                ..renderer::Quad::default()
            },
            Background::Color(if lit { roles.accent } else { roles.line }),
        );
    }

    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _viewport: &Rectangle,
        _renderer: &Renderer,
    ) -> mouse::Interaction {
        let dragged = tree.state.downcast_ref::<State>().drag.is_some();
        if dragged || cursor.is_over(layout.bounds()) {
            mouse::Interaction::ResizingHorizontally
        } else {
            mouse::Interaction::default()
        }
    }
}

impl<'a, Message: 'a> From<Grip<'a, Message>> for Element<'a, Message> {
    fn from(grip: Grip<'a, Message>) -> Self {
        Element::new(grip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_test::simulator;

    fn dragged(side: Side, to: f32) -> Vec<(u16, bool)> {
        let mut simulator = simulator(Element::from(Grip::new(side, 100.0, |width, over| {
            (width, over)
        })));
        simulator.point_at(Point::new(6.0, 10.0));
        let position = Point::new(to, 10.0);
        simulator.simulate([
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)),
            Event::Mouse(mouse::Event::CursorMoved { position }),
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)),
        ]);
        simulator.into_messages().collect()
    }

    #[test]
    fn a_column_follows_the_pointer_and_keeps_its_width_at_the_end() {
        assert_eq!(dragged(Side::Right, 56.0), [(150, false), (150, true)]);
        assert_eq!(dragged(Side::Left, 26.0), [(80, false), (80, true)]);
        assert_eq!(
            dragged(Side::Right, 5000.0),
            [(WIDTHS.1, false), (WIDTHS.1, true)],
            "a column leaves room for the others"
        );
    }
}
