//! A menu at a place of the window, opened by a right click or the Menu key.

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::{Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, overlay, renderer};
use iced::keyboard::{self, Key, key};
use iced::widget::{column, container, row};
use iced::{
    Alignment, Background, Border, Event, Length, Point, Rectangle, Renderer, Shadow, Size, Vector,
    border,
};

use super::pass::pass;
use super::text;
use crate::Element;
use crate::theme::{Icon, Theme, Tone, size};

const WIDTH: f32 = 248.0;
const ROW: f32 = 32.0;
const PADDING: f32 = size::S1;

/// A line of a menu.
#[derive(Debug, Clone)]
pub struct Entry<Message> {
    icon: Icon,
    words: String,
    message: Option<Message>,
}

impl<Message> Entry<Message> {
    /// A line that does something, or cannot now.
    pub fn new(icon: Icon, words: impl Into<String>, message: Option<Message>) -> Self {
        Self {
            icon,
            words: words.into(),
            message,
        }
    }
}

/// Content over which a menu may be open; see [`with_menu`].
pub struct MenuArea<'a, Message> {
    content: Element<'a, Message>,
    menu: Option<(Point, Element<'a, Message>)>,
    messages: Vec<Option<Message>>,
    on_close: Message,
    on_open: Option<Box<dyn Fn(Point) -> Message + 'a>>,
}

/// Opens a menu at `at`, a place of the window, over `content`. While it is open it has the pointer and the keys.
pub fn with_menu<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    at: Option<Point>,
    entries: Vec<Entry<Message>>,
    on_close: Message,
) -> MenuArea<'a, Message> {
    let mut messages = Vec::new();
    let mut lines = column![].padding(PADDING);
    for entry in entries {
        let tone = if entry.message.is_some() {
            Tone::Main
        } else {
            Tone::Faint
        };
        let line = row![
            text::icon(entry.icon).class(tone),
            text::line(entry.words).class(tone)
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center);
        lines = lines.push(
            container(line)
                .padding([0.0, size::S2])
                .width(Length::Fill)
                .center_y(ROW),
        );
        messages.push(entry.message);
    }
    MenuArea {
        content: content.into(),
        menu: at.map(|at| (at, lines.width(WIDTH).into())),
        messages,
        on_close,
        on_open: None,
    }
}

impl<'a, Message> MenuArea<'a, Message> {
    /// What a right click anywhere on the content does; the place is where the menu may open.
    pub fn on_open(mut self, on_open: impl Fn(Point) -> Message + 'a) -> Self {
        self.on_open = Some(Box::new(on_open));
        self
    }
}

#[derive(Debug, Default)]
struct State {
    marked: Option<usize>,
    /// Where the menu was open when it was marked: another place is another menu.
    at: Option<Point>,
}

impl<'a, Message> MenuArea<'a, Message> {
    fn elements(&self) -> Vec<&Element<'a, Message>> {
        let menu = self.menu.iter().map(|(_, menu)| menu);
        std::iter::once(&self.content).chain(menu).collect()
    }
}

impl<Message: Clone> Widget<Message, Theme, Renderer> for MenuArea<'_, Message> {
    pass!(first: size, layout, operate, draw, mouse_interaction);

    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn children(&self) -> Vec<Tree> {
        self.elements().into_iter().map(Tree::new).collect()
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(&self.elements());
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
        let content = self.content.as_widget_mut();
        content.update(
            &mut tree.children[0],
            event,
            layout,
            cursor,
            renderer,
            clipboard,
            shell,
            viewport,
        );
        let right = Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Right));
        if *event == right
            && !shell.is_event_captured()
            && let Some(on_open) = &self.on_open
            && let Some(point) = cursor.position_over(layout.bounds())
        {
            shell.publish(on_open(point));
            shell.capture_event();
        }
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        renderer: &Renderer,
        viewport: &Rectangle,
        translation: Vector,
    ) -> Option<overlay::Element<'b, Message, Theme, Renderer>> {
        let Some((at, menu)) = &mut self.menu else {
            let content = self.content.as_widget_mut();
            let tree = &mut tree.children[0];
            return content.overlay(tree, layout, renderer, viewport, translation);
        };
        let state = tree.state.downcast_mut::<State>();
        if state.at != Some(*at) {
            *state = State {
                marked: None,
                at: Some(*at),
            };
        }
        Some(overlay::Element::new(Box::new(Popup {
            at: *at + translation,
            menu,
            tree: &mut tree.children[1],
            state,
            messages: &self.messages,
            on_close: &self.on_close,
        })))
    }
}

struct Popup<'a, 'b, Message> {
    at: Point,
    menu: &'b mut Element<'a, Message>,
    tree: &'b mut Tree,
    state: &'b mut State,
    messages: &'b [Option<Message>],
    on_close: &'b Message,
}

impl<Message: Clone> Popup<'_, '_, Message> {
    /// The place of a line in the menu.
    #[expect(clippy::cast_precision_loss, reason = "a menu has a dozen lines")]
    fn line(&self, bounds: Rectangle, index: usize) -> Rectangle {
        Rectangle::new(
            Point::new(bounds.x + PADDING, bounds.y + PADDING + index as f32 * ROW),
            Size::new(bounds.width - 2.0 * PADDING, ROW),
        )
    }

    fn line_at(&self, bounds: Rectangle, cursor: mouse::Cursor) -> Option<usize> {
        let lines = 0..self.messages.len();
        lines
            .into_iter()
            .find(|index| cursor.is_over(self.line(bounds, *index)))
    }

    /// The next line that can be chosen, in a round.
    fn step(&self, forward: bool) -> Option<usize> {
        let count = self.messages.len();
        let begin = match (self.state.marked, forward) {
            (Some(now), _) => now,
            (None, true) => count.checked_sub(1)?,
            (None, false) => 0,
        };
        (1..=count)
            .map(|step| {
                if forward {
                    (begin + step) % count
                } else {
                    (begin + count - step) % count
                }
            })
            .find(|index| self.messages[*index].is_some())
    }

    fn choose(&self, index: usize, shell: &mut Shell<'_, Message>) {
        if let Some(Some(message)) = self.messages.get(index) {
            shell.publish(self.on_close.clone());
            shell.publish(message.clone());
        }
    }

    fn on_key(&mut self, key: &Key, shell: &mut Shell<'_, Message>) {
        let Key::Named(named) = key else {
            return;
        };
        match named {
            key::Named::ArrowDown | key::Named::Tab => self.state.marked = self.step(true),
            key::Named::ArrowUp => self.state.marked = self.step(false),
            key::Named::Enter | key::Named::Space => {
                if let Some(index) = self.state.marked {
                    self.choose(index, shell);
                }
            }
            // The window closes what lies on top.
            key::Named::Escape => return,
            _ => {}
        }
        shell.capture_event();
        shell.request_redraw();
    }
}

impl<Message: Clone> overlay::Overlay<Message, Theme, Renderer> for Popup<'_, '_, Message> {
    fn layout(&mut self, renderer: &Renderer, bounds: Size) -> layout::Node {
        let limits = layout::Limits::new(Size::ZERO, bounds);
        let node = self
            .menu
            .as_widget_mut()
            .layout(self.tree, renderer, &limits);
        let size = node.size();
        let most = |side: f32, own: f32| (side - own - PADDING).max(0.0);
        node.move_to(Point::new(
            self.at.x.min(most(bounds.width, size.width)),
            self.at.y.min(most(bounds.height, size.height)),
        ))
    }

    fn update(
        &mut self,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _renderer: &Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
    ) {
        let bounds = layout.bounds();
        match event {
            Event::Mouse(mouse::Event::CursorMoved { .. }) => {
                let marked = self.line_at(bounds, cursor);
                if marked != self.state.marked {
                    self.state.marked = marked;
                    shell.request_redraw();
                }
            }
            Event::Mouse(mouse::Event::ButtonPressed(_)) => {
                if !cursor.is_over(bounds) {
                    shell.publish(self.on_close.clone());
                }
                shell.capture_event();
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                if let Some(index) = self.line_at(bounds, cursor) {
                    self.choose(index, shell);
                    shell.capture_event();
                }
            }
            Event::Mouse(mouse::Event::WheelScrolled { .. }) => shell.capture_event(),
            Event::Keyboard(keyboard::Event::KeyPressed { key, .. }) => self.on_key(key, shell),
            _ => {}
        }
    }

    fn draw(
        &self,
        renderer: &mut Renderer,
        theme: &Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
    ) {
        let bounds = layout.bounds();
        let roles = theme.roles();
        let mut fill = |bounds: Rectangle, border: Border, color: iced::Color| {
            let quad = renderer::Quad {
                bounds,
                border,
                shadow: Shadow::default(),
                snap: true,
            };
            renderer.fill_quad(quad, Background::Color(color));
        };
        let edge = border::rounded(size::RADIUS)
            .width(size::LINE)
            .color(roles.edge);
        fill(bounds, edge, roles.card);
        let marked = self
            .state
            .marked
            .filter(|index| *index < self.messages.len());
        if let Some(index) = marked.filter(|index| self.messages[*index].is_some()) {
            let line = self.line(bounds, index);
            fill(line, border::rounded(size::RADIUS_SMALL), roles.hover);
        }
        let style = renderer::Style {
            text_color: roles.text1,
        };
        let menu = self.menu.as_widget();
        menu.draw(self.tree, renderer, theme, &style, layout, cursor, &bounds);
    }

    fn mouse_interaction(
        &self,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _renderer: &Renderer,
    ) -> mouse::Interaction {
        match self.line_at(layout.bounds(), cursor) {
            Some(index) if self.messages[index].is_some() => mouse::Interaction::Pointer,
            // Anything but `None` keeps the pointer from what lies below.
            _ => mouse::Interaction::Idle,
        }
    }
}

impl<'a, Message: Clone + 'a> From<MenuArea<'a, Message>> for Element<'a, Message> {
    fn from(area: MenuArea<'a, Message>) -> Self {
        Element::new(area)
    }
}
