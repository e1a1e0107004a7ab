//! Content that begins anew when something else takes its place: not scrolled, and without the keyboard.

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Clipboard, Shell, Widget, mouse, overlay, renderer};
use iced::{Event, Length, Rectangle, Renderer, Size, Vector};

use crate::Element;
use crate::theme::Theme;

/// Content with a name; see [`anew`].
pub struct Anew<'a, Key, Message> {
    content: Element<'a, Message>,
    key: Key,
}

/// Shows `content`. Where the last view had content of another key here, nothing of its state is taken over, though it
/// was built alike.
pub fn anew<'a, Key, Message>(
    key: Key,
    content: impl Into<Element<'a, Message>>,
) -> Anew<'a, Key, Message> {
    Anew {
        content: content.into(),
        key,
    }
}

impl<Key: Copy + PartialEq + 'static, Message> Widget<Message, Theme, Renderer>
    for Anew<'_, Key, Message>
{
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<Key>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(self.key)
    }

    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.content)]
    }

    fn diff(&self, tree: &mut Tree) {
        let shown = tree.state.downcast_mut::<Key>();
        if *shown == self.key {
            tree.diff_children(std::slice::from_ref(&self.content));
        } else {
            *shown = self.key;
            tree.children = self.children();
        }
    }

    fn size(&self) -> Size<Length> {
        self.content.as_widget().size()
    }

    fn size_hint(&self) -> Size<Length> {
        self.content.as_widget().size_hint()
    }

    fn layout(
        &mut self,
        tree: &mut Tree,
        renderer: &Renderer,
        limits: &layout::Limits,
    ) -> layout::Node {
        let content = self.content.as_widget_mut();
        content.layout(&mut tree.children[0], renderer, limits)
    }

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &Renderer,
        operation: &mut dyn Operation,
    ) {
        let content = self.content.as_widget_mut();
        content.operate(&mut tree.children[0], layout, renderer, operation);
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
        let (content, tree) = (self.content.as_widget_mut(), &mut tree.children[0]);
        content.update(
            tree, event, layout, cursor, renderer, clipboard, shell, viewport,
        );
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
        let (content, tree) = (self.content.as_widget(), &tree.children[0]);
        content.draw(tree, renderer, theme, style, layout, cursor, viewport);
    }

    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
        renderer: &Renderer,
    ) -> mouse::Interaction {
        let content = self.content.as_widget();
        content.mouse_interaction(&tree.children[0], layout, cursor, viewport, renderer)
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        renderer: &Renderer,
        viewport: &Rectangle,
        translation: Vector,
    ) -> Option<overlay::Element<'b, Message, Theme, Renderer>> {
        let content = self.content.as_widget_mut();
        content.overlay(
            &mut tree.children[0],
            layout,
            renderer,
            viewport,
            translation,
        )
    }
}

impl<'a, Key, Message> From<Anew<'a, Key, Message>> for Element<'a, Message>
where
    Key: Copy + PartialEq + 'static,
    Message: 'a,
{
    fn from(anew: Anew<'a, Key, Message>) -> Self {
        Element::new(anew)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced::widget::text_input;

    type Field = text_input::State<<Renderer as iced::advanced::text::Renderer>::Paragraph>;

    /// A page with one field.
    fn page(key: u8) -> Element<'static, ()> {
        anew(key, text_input("", "")).into()
    }

    fn has_keyboard(tree: &Tree) -> bool {
        tree.children[0].state.downcast_ref::<Field>().is_focused()
    }

    #[test]
    fn another_page_takes_nothing_over_and_the_same_one_all() {
        let mut tree = Tree::new(page(1));
        tree.children[0].state.downcast_mut::<Field>().focus();
        tree.diff(page(1));
        assert!(has_keyboard(&tree), "the same page was drawn again");
        tree.diff(page(2));
        assert!(!has_keyboard(&tree), "what is typed is not for this page");
        tree.diff(page(1));
        assert!(!has_keyboard(&tree));
    }
}
