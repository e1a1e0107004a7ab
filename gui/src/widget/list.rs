//! A list of any length that builds only the rows in view.
//!
//! The place is kept in whole pixels as `f64`, so that a million rows lose no precision. The list is one keyboard
//! stop and handles the arrows itself; which row is selected belongs to the page.

mod state;
#[cfg(test)]
mod tests;

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Id, Operation, Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::keyboard::{self, Key, key};
use iced::{Background, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Vector, border};

use self::state::State;
use super::press::{Focus, draw_ring};
use crate::Element;
use crate::theme::{Theme, palette, size, style};

type OnRow<'a, Message> = Box<dyn Fn(usize) -> Message + 'a>;

/// See the module.
pub struct VirtualList<'a, Message> {
    id: Id,
    len: usize,
    row_height: f32,
    view_row: Box<dyn Fn(usize) -> Element<'a, Message> + 'a>,
    selected: Option<usize>,
    on_select: Option<OnRow<'a, Message>>,
    on_open: Option<OnRow<'a, Message>>,
    on_copy: Option<OnRow<'a, Message>>,
    follow: bool,
    rows: Vec<Element<'a, Message>>,
}

impl<'a, Message> VirtualList<'a, Message> {
    /// Makes a list of `len` rows, each `row_height` high and built by `view_row` when it comes into view.
    pub fn new(
        id: impl Into<Id>,
        len: usize,
        row_height: f32,
        view_row: impl Fn(usize) -> Element<'a, Message> + 'a,
    ) -> Self {
        Self {
            id: id.into(),
            len,
            row_height,
            view_row: Box::new(view_row),
            selected: None,
            on_select: None,
            on_open: None,
            on_copy: None,
            follow: false,
            rows: Vec::new(),
        }
    }

    /// The selected row; it is brought into view when it changes.
    pub fn selected(mut self, selected: Option<usize>) -> Self {
        self.selected = selected;
        self
    }

    /// What selecting a row does, by click or arrows.
    pub fn on_select(mut self, on_select: impl Fn(usize) -> Message + 'a) -> Self {
        self.on_select = Some(Box::new(on_select));
        self
    }

    /// What opening a row does, by double click or Enter.
    pub fn on_open(mut self, on_open: impl Fn(usize) -> Message + 'a) -> Self {
        self.on_open = Some(Box::new(on_open));
        self
    }

    /// What Ctrl+C does to the selected row.
    pub fn on_copy(mut self, on_copy: impl Fn(usize) -> Message + 'a) -> Self {
        self.on_copy = Some(Box::new(on_copy));
        self
    }

    /// Stays at the end while rows are added, as long as the user has not scrolled away from it.
    pub fn follow(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }

    fn select_by_key(&self, state: &mut State, key: &Key) -> Option<usize> {
        let last = self.len.checked_sub(1)?;
        let page = state.rows_in_view(self.row_height).max(1);
        let Key::Named(named) = key else { return None };
        let now = self.selected.map(|row| row.min(last));
        let target = match named {
            key::Named::ArrowDown => now.map_or(0, |row| row + 1),
            key::Named::ArrowUp => now.map_or(0, |row| row.saturating_sub(1)),
            key::Named::PageDown => now.map_or(page, |row| row + page),
            key::Named::PageUp => now.map_or(0, |row| row.saturating_sub(page)),
            key::Named::Home => 0,
            key::Named::End => last,
            _ => return None,
        };
        Some(target.min(last))
    }

    fn on_key(
        &self,
        state: &mut State,
        key: &Key,
        modifiers: keyboard::Modifiers,
        shell: &mut Shell<'_, Message>,
    ) {
        let is_copy = modifiers.command() && matches!(key, Key::Character(c) if c == "c");
        let is_open = matches!(key, Key::Named(key::Named::Enter));
        let row_action = match (is_copy, is_open) {
            (true, _) => self.on_copy.as_ref(),
            (_, true) => self.on_open.as_ref(),
            _ => None,
        };
        if let (Some(action), Some(row)) = (row_action, self.selected) {
            shell.publish(action(row));
            shell.capture_event();
        } else if let Some(on_select) = &self.on_select {
            if let Some(row) = self.select_by_key(state, key) {
                state.reveal(row, self.row_height);
                shell.publish(on_select(row));
                shell.invalidate_layout();
                shell.request_redraw();
                shell.capture_event();
            }
        } else if state.scroll_by_key(key, self.row_height) {
            shell.invalidate_layout();
            shell.request_redraw();
            shell.capture_event();
        }
    }

    fn row_at(&self, state: &State, bounds: Rectangle, point: Point) -> Option<usize> {
        if !bounds.contains(point) || state.is_over_bar(bounds, point) {
            return None;
        }
        let row = state.row_at(point.y - bounds.y, self.row_height);
        (row < self.len).then_some(row)
    }

    fn on_press(
        &self,
        state: &mut State,
        point: Option<Point>,
        bounds: Rectangle,
        shell: &mut Shell<'_, Message>,
    ) {
        let Some(point) = point.filter(|point| bounds.contains(*point)) else {
            state.focus = Focus::default();
            return;
        };
        state.focus = Focus {
            focused: true,
            ring: false,
        };
        if state.is_over_bar(bounds, point) {
            state.grab_bar(bounds, point);
            shell.invalidate_layout();
            shell.request_redraw();
        } else if let Some(row) = self.row_at(state, bounds, point) {
            let double = state.click(point) == mouse::click::Kind::Double;
            let action = if double { self.on_open.as_ref() } else { None };
            if let Some(action) = action.or(self.on_select.as_ref()) {
                shell.publish(action(row));
            }
        }
        shell.capture_event();
    }

    fn draw_row_ground(
        &self,
        renderer: &mut Renderer,
        theme: &Theme,
        row: usize,
        bounds: Rectangle,
        hovered: bool,
    ) {
        let roles = theme.roles();
        let color = if self.selected == Some(row) {
            roles.accent_soft
        } else if hovered && self.on_select.is_some() {
            roles.hover
        } else {
            return;
        };
        renderer.fill_quad(
            renderer::Quad {
                bounds,
                border: border::rounded(size::RADIUS_SMALL),
                shadow: Shadow::default(),
                snap: true,
            },
            Background::Color(color),
        );
    }
}

impl<Message> Widget<Message, Theme, Renderer> for VirtualList<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn diff(&self, _tree: &mut Tree) {
        // The rows are known only once the height is: see `layout`.
    }

    fn size(&self) -> Size<Length> {
        Size {
            width: Length::Fill,
            height: Length::Fill,
        }
    }

    fn layout(
        &mut self,
        tree: &mut Tree,
        renderer: &Renderer,
        limits: &layout::Limits,
    ) -> layout::Node {
        let bounds = limits.max();
        let state = tree.state.downcast_mut::<State>();
        state.resize(self.len, self.row_height, bounds.height, self.follow);
        if state.seen_selection != self.selected {
            state.seen_selection = self.selected;
            if let Some(row) = self.selected {
                state.reveal(row, self.row_height);
            }
        }
        let range = state.visible(self.len, self.row_height);
        let first = range.start;
        self.rows = range.clone().map(|row| (self.view_row)(row)).collect();
        let tops: Vec<f32> = range
            .map(|row| state.top_of(row, self.row_height))
            .collect();
        state.first = first;
        let right = if state.has_bar() {
            size::SCROLL + size::S1
        } else {
            0.0
        };
        tree.diff_children(&self.rows);
        let row_size = Size::new((bounds.width - right).max(0.0), self.row_height);
        let row_limits = layout::Limits::new(Size::ZERO, row_size);
        let nodes = self
            .rows
            .iter_mut()
            .zip(&mut tree.children)
            .zip(tops)
            .map(|((row, tree), top)| {
                let node = row.as_widget_mut().layout(tree, renderer, &row_limits);
                let inset = ((self.row_height - node.size().height) / 2.0).max(0.0);
                node.move_to(Point::new(0.0, top + inset))
            })
            .collect();
        layout::Node::with_children(bounds, nodes)
    }

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &Renderer,
        operation: &mut dyn Operation,
    ) {
        operation.container(Some(&self.id), layout.bounds());
        let Tree {
            state, children, ..
        } = tree;
        let state = state.downcast_mut::<State>();
        if self.len > 0 {
            operation.focusable(Some(&self.id), layout.bounds(), &mut state.focus);
        }
        operation.traverse(&mut |operation| {
            for ((row, tree), layout) in self
                .rows
                .iter_mut()
                .zip(children.iter_mut())
                .zip(layout.children())
            {
                row.as_widget_mut()
                    .operate(tree, layout, renderer, operation);
            }
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
        let bounds = layout.bounds();
        for ((row, tree), layout) in self
            .rows
            .iter_mut()
            .zip(&mut tree.children)
            .zip(layout.children())
        {
            let row = row.as_widget_mut();
            row.update(
                tree, event, layout, cursor, renderer, clipboard, shell, viewport,
            );
        }
        let state = tree.state.downcast_mut::<State>();
        if shell.is_event_captured() {
            return;
        }
        match event {
            Event::Mouse(mouse::Event::WheelScrolled { delta }) if cursor.is_over(bounds) => {
                let pixels = match delta {
                    mouse::ScrollDelta::Lines { y, .. } => y * self.row_height * 2.0,
                    mouse::ScrollDelta::Pixels { y, .. } => *y,
                };
                if state.scroll(-f64::from(pixels)) {
                    shell.invalidate_layout();
                    shell.request_redraw();
                    shell.capture_event();
                }
            }
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) => {
                self.on_press(state, cursor.position(), bounds, shell);
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                state.release_bar();
            }
            Event::Mouse(mouse::Event::CursorMoved { .. }) => {
                let hovered = cursor
                    .position()
                    .and_then(|p| self.row_at(state, bounds, p));
                let moved = cursor
                    .position()
                    .is_some_and(|point| state.drag_bar(bounds, point));
                if moved {
                    shell.invalidate_layout();
                }
                if moved || hovered != state.hovered {
                    state.hovered = hovered;
                    shell.request_redraw();
                }
            }
            Event::Keyboard(keyboard::Event::KeyPressed { key, modifiers, .. })
                if state.focus.focused =>
            {
                self.on_key(state, key, *modifiers, shell);
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
        let bounds = layout.bounds();
        let Some(clip) = bounds.intersection(viewport) else {
            return;
        };
        let state = tree.state.downcast_ref::<State>();
        renderer.with_layer(clip, |renderer| {
            for (index, ((row, tree), layout)) in self
                .rows
                .iter()
                .zip(&tree.children)
                .zip(layout.children())
                .enumerate()
            {
                let number = state.first + index;
                let top = bounds.y + state.top_of(number, self.row_height);
                let right = if state.has_bar() {
                    size::SCROLL + size::S1
                } else {
                    0.0
                };
                let ground = Rectangle::new(
                    Point::new(bounds.x, top),
                    Size::new(bounds.width - right, self.row_height),
                );
                let hovered = state.hovered == Some(number) && cursor.is_over(bounds);
                self.draw_row_ground(renderer, theme, number, ground, hovered);
                row.as_widget()
                    .draw(tree, renderer, theme, style, layout, cursor, &clip);
            }
            if let Some(handle) = state.bar_handle(bounds) {
                let lit = state.is_dragging()
                    || cursor
                        .position()
                        .is_some_and(|point| state.is_over_bar(bounds, point));
                let color = style::scroll_color(theme, lit);
                renderer.fill_quad(
                    renderer::Quad {
                        bounds: handle,
                        border: border::rounded(size::RADIUS_ROUND),
                        shadow: Shadow::default(),
                        snap: true,
                    },
                    Background::Color(palette::mix(theme.roles().card, color, 0.8)),
                );
            }
        });
        if state.focus.ring {
            // Inside the bounds: the list fills its card to the edge.
            draw_ring(renderer, theme, bounds.shrink(size::RING + size::RING_GAP));
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
        let inner = self
            .rows
            .iter()
            .zip(&tree.children)
            .zip(layout.children())
            .map(|((row, tree), layout)| {
                row.as_widget()
                    .mouse_interaction(tree, layout, cursor, viewport, renderer)
            })
            .max()
            .unwrap_or_default();
        let state = tree.state.downcast_ref::<State>();
        let over = cursor
            .position()
            .and_then(|p| self.row_at(state, layout.bounds(), p));
        if inner == mouse::Interaction::default() && over.is_some() && self.on_select.is_some() {
            return mouse::Interaction::Pointer;
        }
        inner
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        renderer: &Renderer,
        viewport: &Rectangle,
        translation: Vector,
    ) -> Option<iced::advanced::overlay::Element<'b, Message, Theme, Renderer>> {
        iced::advanced::overlay::from_children(
            &mut self.rows,
            tree,
            layout,
            renderer,
            viewport,
            translation,
        )
    }
}

impl<'a, Message: 'a> From<VirtualList<'a, Message>> for Element<'a, Message> {
    fn from(list: VirtualList<'a, Message>) -> Self {
        Element::new(list)
    }
}
