//! Shuts the keyboard and the pointer out of what lies under the palette or a passphrase prompt.

use iced::advanced::widget::{Operation, Tree};
use iced::advanced::{Clipboard, Layout, Shell, Widget, mouse, overlay};
use iced::{Event, Rectangle, Renderer, Vector};

use super::pass::pass;
use crate::Element;
use crate::theme::Theme;

/// Content that can be switched off; see [`inert`].
pub struct Inert<'a, Message> {
    content: Element<'a, Message>,
    off: bool,
}

/// Shows `content`; while `off`, no focus, key or click reaches it.
pub fn inert<'a, Message>(
    content: impl Into<Element<'a, Message>>,
    off: bool,
) -> Inert<'a, Message> {
    Inert {
        content: content.into(),
        off,
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Inert<'_, Message> {
    pass!(whole: tag, state, children, diff, size, layout, draw);

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &Renderer,
        operation: &mut dyn Operation,
    ) {
        if !self.off {
            self.content
                .as_widget_mut()
                .operate(tree, layout, renderer, operation);
        }
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        renderer: &Renderer,
        clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        viewport: &Rectangle,
    ) {
        let passes = !self.off || matches!(event, Event::Window(_));
        if passes {
            let cursor = if self.off {
                mouse::Cursor::Unavailable
            } else {
                cursor
            };
            let content = self.content.as_widget_mut();
            content.update(
                tree, event, layout, cursor, renderer, clipboard, shell, viewport,
            );
        }
    }

    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
        renderer: &Renderer,
    ) -> mouse::Interaction {
        if self.off {
            return mouse::Interaction::default();
        }
        self.content
            .as_widget()
            .mouse_interaction(tree, layout, cursor, viewport, renderer)
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        renderer: &Renderer,
        viewport: &Rectangle,
        translation: Vector,
    ) -> Option<overlay::Element<'b, Message, Theme, Renderer>> {
        if self.off {
            return None;
        }
        self.content
            .as_widget_mut()
            .overlay(tree, layout, renderer, viewport, translation)
    }
}

impl<'a, Message: 'a> From<Inert<'a, Message>> for Element<'a, Message> {
    fn from(inert: Inert<'a, Message>) -> Self {
        Element::new(inert)
    }
}
