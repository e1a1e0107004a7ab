//! A focus stop around a widget that iced itself cannot focus, such as a drop-down list.

use iced::advanced::widget::{Id, Operation, Tree, tree};
use iced::advanced::{Clipboard, Layout, Shell, Widget, mouse, renderer};
use iced::keyboard::{self, Key};
use iced::{Event, Rectangle, Renderer};

use super::pass::pass;
use super::press::{Focus, OnKey, draw_ring};
use crate::Element;
use crate::theme::Theme;

/// A keyboard stop; see [`stop`].
pub struct Stop<'a, Message> {
    content: Element<'a, Message>,
    id: Id,
    on_key: OnKey<'a, Message>,
}

/// Makes `content` reachable by Tab; `on_key` says what keys do while it has the focus.
pub fn stop<'a, Message>(
    id: impl Into<Id>,
    content: impl Into<Element<'a, Message>>,
    on_key: impl Fn(&Key, keyboard::Modifiers) -> Option<Message> + 'a,
) -> Stop<'a, Message> {
    Stop {
        content: content.into(),
        id: id.into(),
        on_key: Box::new(on_key),
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Stop<'_, Message> {
    pass!(first: size, layout, mouse_interaction, overlay);

    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<Focus>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(Focus::default())
    }

    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.content)]
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(std::slice::from_ref(&self.content));
    }

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &Renderer,
        operation: &mut dyn Operation,
    ) {
        operation.container(Some(&self.id), layout.bounds());
        let focus = tree.state.downcast_mut::<Focus>();
        operation.focusable(Some(&self.id), layout.bounds(), focus);
        operation.traverse(&mut |operation| {
            let content = self.content.as_widget_mut();
            content.operate(&mut tree.children[0], layout, renderer, operation);
        });
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
        self.content.as_widget_mut().update(
            &mut tree.children[0],
            event,
            layout,
            cursor,
            renderer,
            clipboard,
            shell,
            viewport,
        );
        let focus = tree.state.downcast_mut::<Focus>();
        match event {
            Event::Mouse(mouse::Event::ButtonPressed(_)) => {
                *focus = Focus {
                    focused: cursor.is_over(layout.bounds()),
                    ring: false,
                };
            }
            Event::Keyboard(keyboard::Event::KeyPressed { key, modifiers, .. })
                if focus.focused && !shell.is_event_captured() =>
            {
                if let Some(message) = (self.on_key)(key, *modifiers) {
                    shell.publish(message);
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
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let content = self.content.as_widget();
        content.draw(
            &tree.children[0],
            renderer,
            theme,
            style,
            layout,
            cursor,
            viewport,
        );
        if tree.state.downcast_ref::<Focus>().ring {
            draw_ring(renderer, theme, layout.bounds());
        }
    }
}

impl<'a, Message: 'a> From<Stop<'a, Message>> for Element<'a, Message> {
    fn from(stop: Stop<'a, Message>) -> Self {
        Element::new(stop)
    }
}
