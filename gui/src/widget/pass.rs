//! What a widget around one other leaves to it.

/// The tree of the content: the `whole` one, or the `first` of those below it.
macro_rules! tree_of {
    (whole $tree:ident) => {
        *$tree
    };
    (first $tree:ident) => {
        $tree.children[0]
    };
}

/// Writes methods of `Widget` that hand over to the field `content`, whose place is that of the wrapper. Its tree is
/// the `whole` one of the wrapper, or the `first` below it where the wrapper has a state of its own.
macro_rules! pass {
    ($of:ident: $($method:ident),+ $(,)?) => {
        $(crate::widget::pass::pass!(@$of $method);)+
    };
    (@whole tag) => {
        fn tag(&self) -> iced::advanced::widget::tree::Tag {
            self.content.as_widget().tag()
        }
    };
    (@whole state) => {
        fn state(&self) -> iced::advanced::widget::tree::State {
            self.content.as_widget().state()
        }
    };
    (@whole children) => {
        fn children(&self) -> Vec<iced::advanced::widget::Tree> {
            self.content.as_widget().children()
        }
    };
    (@whole diff) => {
        fn diff(&self, tree: &mut iced::advanced::widget::Tree) {
            self.content.as_widget().diff(tree);
        }
    };
    (@$of:ident size) => {
        fn size(&self) -> iced::Size<iced::Length> {
            self.content.as_widget().size()
        }

        fn size_hint(&self) -> iced::Size<iced::Length> {
            self.content.as_widget().size_hint()
        }
    };
    (@$of:ident layout) => {
        fn layout(
            &mut self,
            tree: &mut iced::advanced::widget::Tree,
            renderer: &iced::Renderer,
            limits: &iced::advanced::layout::Limits,
        ) -> iced::advanced::layout::Node {
            let tree = &mut crate::widget::pass::tree_of!($of tree);
            self.content.as_widget_mut().layout(tree, renderer, limits)
        }
    };
    (@$of:ident operate) => {
        fn operate(
            &mut self,
            tree: &mut iced::advanced::widget::Tree,
            layout: iced::advanced::Layout<'_>,
            renderer: &iced::Renderer,
            operation: &mut dyn iced::advanced::widget::Operation,
        ) {
            let tree = &mut crate::widget::pass::tree_of!($of tree);
            let content = self.content.as_widget_mut();
            content.operate(tree, layout, renderer, operation);
        }
    };
    (@$of:ident update) => {
        fn update(
            &mut self,
            tree: &mut iced::advanced::widget::Tree,
            event: &iced::Event,
            layout: iced::advanced::Layout<'_>,
            cursor: iced::advanced::mouse::Cursor,
            renderer: &iced::Renderer,
            clipboard: &mut dyn iced::advanced::Clipboard,
            shell: &mut iced::advanced::Shell<'_, Message>,
            viewport: &iced::Rectangle,
        ) {
            let tree = &mut crate::widget::pass::tree_of!($of tree);
            let content = self.content.as_widget_mut();
            content.update(
                tree, event, layout, cursor, renderer, clipboard, shell, viewport,
            );
        }
    };
    (@$of:ident draw) => {
        fn draw(
            &self,
            tree: &iced::advanced::widget::Tree,
            renderer: &mut iced::Renderer,
            theme: &crate::theme::Theme,
            style: &iced::advanced::renderer::Style,
            layout: iced::advanced::Layout<'_>,
            cursor: iced::advanced::mouse::Cursor,
            viewport: &iced::Rectangle,
        ) {
            let tree = &crate::widget::pass::tree_of!($of tree);
            let content = self.content.as_widget();
            content.draw(tree, renderer, theme, style, layout, cursor, viewport);
        }
    };
    (@$of:ident mouse_interaction) => {
        fn mouse_interaction(
            &self,
            tree: &iced::advanced::widget::Tree,
            layout: iced::advanced::Layout<'_>,
            cursor: iced::advanced::mouse::Cursor,
            viewport: &iced::Rectangle,
            renderer: &iced::Renderer,
        ) -> iced::advanced::mouse::Interaction {
            let tree = &crate::widget::pass::tree_of!($of tree);
            let content = self.content.as_widget();
            content.mouse_interaction(tree, layout, cursor, viewport, renderer)
        }
    };
    (@$of:ident overlay) => {
        fn overlay<'b>(
            &'b mut self,
            tree: &'b mut iced::advanced::widget::Tree,
            layout: iced::advanced::Layout<'b>,
            renderer: &iced::Renderer,
            viewport: &iced::Rectangle,
            translation: iced::Vector,
        ) -> Option<
            iced::advanced::overlay::Element<'b, Message, crate::theme::Theme, iced::Renderer>,
        > {
            let tree = &mut crate::widget::pass::tree_of!($of tree);
            let content = self.content.as_widget_mut();
            content.overlay(tree, layout, renderer, viewport, translation)
        }
    };
}

pub(super) use {pass, tree_of};
