//! Content that begins anew when another takes its place, even where both are built alike: scrolled to its top, with
//! nothing in focus. The keyed column of iced tells its children apart only where their number changes.

use iced::Renderer;
use iced::advanced::Widget;
use iced::advanced::widget::{Tree, tree};

use super::pass::pass;
use crate::Element;
use crate::theme::Theme;

/// See [`anew`].
pub struct Anew<'a, Key, Message> {
    key: Key,
    content: Element<'a, Message>,
}

/// Shows `content`, which begins anew whenever `key` is another one.
pub fn anew<'a, Key: Copy + PartialEq + 'static, Message>(
    key: Key,
    content: impl Into<Element<'a, Message>>,
) -> Anew<'a, Key, Message> {
    Anew {
        key,
        content: content.into(),
    }
}

impl<Key, Message> Widget<Message, Theme, Renderer> for Anew<'_, Key, Message>
where
    Key: Copy + PartialEq + 'static,
{
    pass!(first: size, layout, operate, update, draw, mouse_interaction, overlay);

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
        if std::mem::replace(shown, self.key) == self.key {
            tree.diff_children(std::slice::from_ref(&self.content));
        } else {
            tree.children = vec![Tree::new(&self.content)];
        }
    }
}

impl<'a, Key, Message: 'a> From<Anew<'a, Key, Message>> for Element<'a, Message>
where
    Key: Copy + PartialEq + 'static,
{
    fn from(anew: Anew<'a, Key, Message>) -> Self {
        Element::new(anew)
    }
}
