//! A list of any length that builds only the rows in view.
//!
//! The place is kept in whole pixels as `f64`, so that a million rows lose no precision. The list is one keyboard
//! stop and handles the arrows itself; which row is selected belongs to the page.

mod input;
mod state;
#[cfg(test)]
mod tests;

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Id, Operation, Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, renderer};
use iced::keyboard::{self, Key};
use iced::{Background, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Vector, border};

use self::state::State;
use super::press::draw_ring;
use crate::Element;
use crate::model::Pick;
use crate::theme::{Theme, palette, size, style};

type OnRow<'a, Message> = Box<dyn Fn(usize) -> Message + 'a>;
type OnPick<'a, Message> = Box<dyn Fn(usize, Pick) -> Message + 'a>;
type OnMenu<'a, Message> = Box<dyn Fn(usize, Point) -> Message + 'a>;
type OnRowKey<'a, Message> = Box<dyn Fn(usize, &Key, keyboard::Modifiers) -> Option<Message> + 'a>;

/// Room of the scroll bar beside the rows.
pub const BAR_ROOM: f32 = size::SCROLL + size::S1;

/// Whether the text of a row begins with what was typed.
type Find<'a> = Box<dyn Fn(usize, &str) -> bool + 'a>;

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
    on_pick: Option<OnPick<'a, Message>>,
    on_menu: Option<OnMenu<'a, Message>>,
    on_key: Option<OnRowKey<'a, Message>>,
    is_marked: Option<Box<dyn Fn(usize) -> bool + 'a>>,
    find: Option<Find<'a>>,
    under_header: bool,
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
            on_pick: None,
            on_menu: None,
            on_key: None,
            is_marked: None,
            find: None,
            under_header: false,
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

    /// What picking a row does where several can be selected: by click or arrows, with Shift and Ctrl.
    pub fn on_pick(mut self, on_pick: impl Fn(usize, Pick) -> Message + 'a) -> Self {
        self.on_pick = Some(Box::new(on_pick));
        self
    }

    /// Which rows are drawn as selected; without it the one of [`Self::selected`].
    pub fn marked(mut self, is_marked: impl Fn(usize) -> bool + 'a) -> Self {
        self.is_marked = Some(Box::new(is_marked));
        self
    }

    /// What a right click or the Menu key does; the place is where a menu may open.
    pub fn on_menu(mut self, on_menu: impl Fn(usize, Point) -> Message + 'a) -> Self {
        self.on_menu = Some(Box::new(on_menu));
        self
    }

    /// What other keys do to the selected row.
    pub fn on_key(
        mut self,
        on_key: impl Fn(usize, &Key, keyboard::Modifiers) -> Option<Message> + 'a,
    ) -> Self {
        self.on_key = Some(Box::new(on_key));
        self
    }

    /// Whether a row begins with these typed letters, which are in lower case.
    pub fn find(mut self, find: impl Fn(usize, &str) -> bool + 'a) -> Self {
        self.find = Some(Box::new(find));
        self
    }

    /// Keeps the columns below those of a header, whether there is a scroll bar or not.
    pub fn under_header(mut self) -> Self {
        self.under_header = true;
        self
    }

    /// Stays at the end while rows are added, as long as the user has not scrolled away from it.
    pub fn follow(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }

    fn is_selectable(&self) -> bool {
        self.on_select.is_some() || self.on_pick.is_some()
    }

    /// Room at the right that no row takes.
    fn bar_room(&self, state: &State) -> f32 {
        if self.under_header || state.has_bar() {
            BAR_ROOM
        } else {
            0.0
        }
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
        let marked = match &self.is_marked {
            Some(is_marked) => is_marked(row),
            None => self.selected == Some(row),
        };
        let color = if marked {
            roles.accent_soft
        } else if hovered && self.is_selectable() {
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

/// Keeps what was measured of a row with it when the view begins at row `now` and no longer at `before`: a row that
/// stays in view is not measured again.
fn follow_rows(trees: &mut [Tree], before: usize, now: usize) {
    let moved = before.abs_diff(now);
    if moved < trees.len() {
        if now > before {
            trees.rotate_left(moved);
        } else {
            trees.rotate_right(moved);
        }
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
        state.note_move();
        let before = std::mem::replace(&mut state.first, first);
        let right = self.bar_room(state);
        follow_rows(&mut tree.children, before, first);
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
        if let Event::Keyboard(keyboard::Event::ModifiersChanged(modifiers)) = event {
            state.modifiers = *modifiers;
        }
        if shell.is_event_captured() {
            return;
        }
        self.on_event(state, event, bounds, cursor, shell);
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
        // The software renderer draws what changed part by part, and parts that overlap again and again. A layer of
        // other bounds is one part; this much of a pixel is not seen.
        let layer = Rectangle {
            height: clip.height - f32::from(state.moves % 4) * 0.01,
            ..clip
        };
        renderer.with_layer(layer, |renderer| {
            for (index, ((row, tree), layout)) in self
                .rows
                .iter()
                .zip(&tree.children)
                .zip(layout.children())
                .enumerate()
            {
                let number = state.first + index;
                let top = bounds.y + state.top_of(number, self.row_height);
                let right = self.bar_room(state);
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
            // Inside the bounds, since the list fills its card to the edge, and above the grounds of its rows.
            renderer.with_layer(clip, |renderer| {
                draw_ring(renderer, theme, bounds.shrink(size::RING + size::RING_GAP));
            });
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
        if inner == mouse::Interaction::default() && over.is_some() && self.is_selectable() {
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
