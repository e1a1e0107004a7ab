//! Keys of a part of the window: what the fields inside do not use themselves.

use iced::advanced::widget::Tree;
use iced::advanced::widget::operation::{Operation as _, Outcome, focusable};
use iced::advanced::{Clipboard, Layout, Shell, Widget, mouse};
use iced::keyboard;
use iced::{Event, Rectangle, Renderer};

use super::pass::pass;
use super::press::OnKey;
use crate::Element;
use crate::theme::Theme;

/// When the keys count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Always, as long as nothing else used them.
    Anywhere,
    /// While something inside has the focus.
    Inside,
    /// While something inside has the focus, and before it: a field would write a letter pressed with Alt.
    InsideFirst,
    /// Never; letters and digits pressed with Alt, which are keys of the window, do not reach the content.
    WithoutAlt,
}

/// A part of the window with keys of its own; see [`keys`].
pub struct Keys<'a, Message> {
    content: Element<'a, Message>,
    scope: Scope,
    on_key: OnKey<'a, Message>,
}

/// Gives `content` keys; `on_key` says what each does, if anything.
pub fn keys<'a, Message>(
    scope: Scope,
    content: impl Into<Element<'a, Message>>,
    on_key: impl Fn(&keyboard::Key, keyboard::Modifiers) -> Option<Message> + 'a,
) -> Keys<'a, Message> {
    Keys {
        content: content.into(),
        scope,
        on_key: Box::new(on_key),
    }
}

impl<Message> Keys<'_, Message> {
    fn counts(&mut self, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer) -> bool {
        if self.scope == Scope::Anywhere {
            return true;
        }
        let mut count = focusable::count();
        {
            let mut operation = iced::advanced::widget::operation::black_box(&mut count);
            self.content
                .as_widget_mut()
                .operate(tree, layout, renderer, &mut operation);
        }
        matches!(count.finish(), Outcome::Some(count) if count.focused.is_some())
    }
}

/// Whether a field would write a letter that was meant for the window. With Control it is AltGr, and on macOS Alt
/// writes letters.
fn is_with_alt(event: &Event) -> bool {
    match event {
        Event::Keyboard(keyboard::Event::KeyPressed { key, modifiers, .. }) => {
            let letter = matches!(key, keyboard::Key::Character(_));
            letter && modifiers.alt() && !modifiers.control() && !cfg!(target_os = "macos")
        }
        _ => false,
    }
}

impl<Message> Keys<'_, Message> {
    fn take_key(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        renderer: &Renderer,
        shell: &mut Shell<'_, Message>,
    ) {
        let Event::Keyboard(keyboard::Event::KeyPressed { key, modifiers, .. }) = event else {
            return;
        };
        if shell.is_event_captured() || !self.counts(tree, layout, renderer) {
            return;
        }
        if let Some(message) = (self.on_key)(key, *modifiers) {
            shell.publish(message);
            shell.capture_event();
        }
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Keys<'_, Message> {
    pass!(whole: tag, state, children, diff, size, layout, operate, draw, mouse_interaction, overlay);

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
        if self.scope == Scope::WithoutAlt && is_with_alt(event) {
            return;
        }
        if self.scope == Scope::InsideFirst {
            self.take_key(tree, event, layout, renderer, shell);
            if shell.is_event_captured() {
                return;
            }
        }
        let content = self.content.as_widget_mut();
        content.update(
            tree, event, layout, cursor, renderer, clipboard, shell, viewport,
        );
        if matches!(self.scope, Scope::Anywhere | Scope::Inside) {
            self.take_key(tree, event, layout, renderer, shell);
        }
    }
}

impl<'a, Message: 'a> From<Keys<'a, Message>> for Element<'a, Message> {
    fn from(keys: Keys<'a, Message>) -> Self {
        Element::new(keys)
    }
}
