//! The pressable: anything that does something when clicked, or on Enter or Space when focused.

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::operation::Focusable;
use iced::advanced::widget::{Id, Operation, Tree, tree};
use iced::advanced::{Clipboard, Renderer as _, Shell, Widget, mouse, overlay, renderer};
use iced::keyboard::{self, Key, key};
use iced::{
    Alignment, Background, Border, Event, Length, Padding, Rectangle, Renderer, Shadow, Size,
    Vector, touch, window,
};

use crate::Element;
use crate::theme::style::{self, Press, PressStatus};
use crate::theme::{Theme, size};

/// A key handler of a focused control: what the key does here, if anything.
pub type OnKey<'a, Message> = Box<dyn Fn(&Key, keyboard::Modifiers) -> Option<Message> + 'a>;

/// A control with content; see [`pressable`].
pub struct Pressable<'a, Message> {
    content: Element<'a, Message>,
    id: Option<Id>,
    on_press: Option<Message>,
    on_key: Option<OnKey<'a, Message>>,
    kind: Press,
    width: Length,
    height: Length,
    padding: Padding,
    align: Alignment,
    in_tab_order: bool,
    status: Option<PressStatus>,
}

/// Creates a control around `content`; without [`Pressable::on_press`] it is shown disabled.
pub fn pressable<'a, Message>(content: impl Into<Element<'a, Message>>) -> Pressable<'a, Message> {
    Pressable {
        content: content.into(),
        id: None,
        on_press: None,
        on_key: None,
        kind: Press::default(),
        width: Length::Shrink,
        height: Length::Shrink,
        padding: Padding::from([size::S2, size::S3]),
        align: Alignment::Center,
        in_tab_order: true,
        status: None,
    }
}

impl<'a, Message> Pressable<'a, Message> {
    /// Names the control for tests and for focus by code.
    pub fn id(mut self, id: impl Into<Id>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// What pressing does.
    pub fn on_press(mut self, message: Message) -> Self {
        self.on_press = Some(message);
        self
    }

    /// What pressing does, if it can be pressed now.
    pub fn on_press_maybe(mut self, message: Option<Message>) -> Self {
        self.on_press = message;
        self
    }

    /// What other keys do while this control is focused.
    pub fn on_key(
        mut self,
        on_key: impl Fn(&Key, keyboard::Modifiers) -> Option<Message> + 'a,
    ) -> Self {
        self.on_key = Some(Box::new(on_key));
        self
    }

    /// What kind of control it is.
    pub fn kind(mut self, kind: Press) -> Self {
        self.kind = kind;
        self
    }

    /// The width.
    pub fn width(mut self, width: impl Into<Length>) -> Self {
        self.width = width.into();
        self
    }

    /// The height.
    pub fn height(mut self, height: impl Into<Length>) -> Self {
        self.height = height.into();
        self
    }

    /// The padding around the content.
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.padding = padding.into();
        self
    }

    /// Where the content stands when the control is wider.
    pub fn align(mut self, align: Alignment) -> Self {
        self.align = align;
        self
    }

    /// Takes the control out of the Tab order: its group handles the arrows itself.
    pub fn skip_tab(mut self) -> Self {
        self.in_tab_order = false;
        self
    }
}

/// Whether a control has the keyboard, and whether that is shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Focus {
    /// Keys go here.
    pub(super) focused: bool,
    /// The ring is drawn: the focus came by keyboard.
    pub(super) ring: bool,
}

impl Focusable for Focus {
    fn is_focused(&self) -> bool {
        self.focused
    }

    fn focus(&mut self) {
        self.focused = true;
        self.ring = true;
    }

    fn unfocus(&mut self) {
        self.focused = false;
        self.ring = false;
    }
}

/// Draws the focus ring around `bounds`.
pub(super) fn draw_ring(renderer: &mut Renderer, theme: &Theme, bounds: Rectangle) {
    let out = size::RING + size::RING_GAP;
    renderer.fill_quad(
        renderer::Quad {
            bounds: bounds.expand(out),
            border: Border {
                color: theme.roles().focus,
                width: size::RING,
                radius: (size::RADIUS + out).into(),
            },
            shadow: Shadow::default(),
            snap: true,
        },
        Background::Color(iced::Color::TRANSPARENT),
    );
}

/// Whether `key` is one of those that press a focused control.
pub(super) fn presses(key: &Key) -> bool {
    matches!(key, Key::Named(key::Named::Enter | key::Named::Space))
        || matches!(key, Key::Character(c) if c == " ")
}

#[derive(Debug, Default)]
struct State {
    focus: Focus,
    held: bool,
}

impl<Message: Clone> Pressable<'_, Message> {
    fn on_pointer(
        &self,
        state: &mut State,
        over: bool,
        shell: &mut Shell<'_, Message>,
        down: bool,
    ) {
        if down {
            if over && self.on_press.is_some() {
                state.held = true;
                // Out of the Tab order, nothing would ever take the focus away again.
                state.focus = Focus {
                    focused: self.in_tab_order,
                    ring: false,
                };
                shell.capture_event();
            } else {
                state.focus = Focus::default();
            }
        } else if state.held {
            state.held = false;
            if over && let Some(message) = self.on_press.clone() {
                shell.publish(message);
            }
            shell.capture_event();
        }
    }

    fn on_keyboard(&self, state: &State, event: &keyboard::Event, shell: &mut Shell<'_, Message>) {
        let keyboard::Event::KeyPressed { key, modifiers, .. } = event else {
            return;
        };
        if !state.focus.focused {
            return;
        }
        if let Some(message) = self
            .on_key
            .as_ref()
            .and_then(|on_key| on_key(key, *modifiers))
        {
            shell.publish(message);
            shell.capture_event();
        } else if presses(key)
            && !modifiers.command()
            && !modifiers.alt()
            && let Some(message) = self.on_press.clone()
        {
            shell.publish(message);
            shell.capture_event();
        }
    }
}

impl<Message: Clone> Widget<Message, Theme, Renderer> for Pressable<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.content)]
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(std::slice::from_ref(&self.content));
    }

    fn size(&self) -> Size<Length> {
        Size {
            width: self.width,
            height: self.height,
        }
    }

    fn layout(
        &mut self,
        tree: &mut Tree,
        renderer: &Renderer,
        limits: &layout::Limits,
    ) -> layout::Node {
        let align = self.align;
        layout::positioned(
            limits,
            self.width,
            self.height,
            self.padding,
            |limits| {
                let child = &mut tree.children[0];
                self.content
                    .as_widget_mut()
                    .layout(child, renderer, &limits.loose())
            },
            |content, space| content.align(align, Alignment::Center, space),
        )
    }

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &Renderer,
        operation: &mut dyn Operation,
    ) {
        operation.container(self.id.as_ref(), layout.bounds());
        if self.on_press.is_some() && self.in_tab_order {
            let state = tree.state.downcast_mut::<State>();
            operation.focusable(self.id.as_ref(), layout.bounds(), &mut state.focus);
        }
        operation.traverse(&mut |operation| {
            let child = layout.children().next().expect("layout has the content");
            let content = self.content.as_widget_mut();
            content.operate(&mut tree.children[0], child, renderer, operation);
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
        let child = layout.children().next().expect("layout has the content");
        self.content.as_widget_mut().update(
            &mut tree.children[0],
            event,
            child,
            cursor,
            renderer,
            clipboard,
            shell,
            viewport,
        );
        let state = tree.state.downcast_mut::<State>();
        if self.on_press.is_none() {
            state.held = false;
            state.focus = Focus::default();
        }
        let over = cursor.is_over(layout.bounds())
            && cursor
                .position()
                .is_some_and(|point| viewport.contains(point));
        if !shell.is_event_captured() {
            match event {
                Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left))
                | Event::Touch(touch::Event::FingerPressed { .. }) => {
                    self.on_pointer(state, over, shell, true);
                }
                Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left))
                | Event::Touch(touch::Event::FingerLifted { .. }) => {
                    self.on_pointer(state, over, shell, false);
                }
                Event::Keyboard(event) => self.on_keyboard(state, event, shell),
                _ => {}
            }
        } else if matches!(event, Event::Mouse(mouse::Event::ButtonPressed(_))) {
            state.focus = Focus::default();
        }
        let status = match (self.on_press.is_some(), over) {
            (false, _) => PressStatus::Disabled,
            (true, true) if state.held => PressStatus::Pressed,
            (true, true) => PressStatus::Hovered,
            (true, false) => PressStatus::Idle,
        };
        if matches!(event, Event::Window(window::Event::RedrawRequested(_))) {
            self.status = Some(status);
        } else if self.status.is_some_and(|drawn| drawn != status) {
            shell.request_redraw();
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
        viewport: &Rectangle,
    ) {
        let bounds = layout.bounds();
        let idle = if self.on_press.is_some() {
            PressStatus::Idle
        } else {
            PressStatus::Disabled
        };
        let style = style::press(theme, self.kind, self.status.unwrap_or(idle));
        if style.background.is_some() || style.border.width > 0.0 {
            renderer.fill_quad(
                renderer::Quad {
                    bounds,
                    border: style.border,
                    shadow: Shadow::default(),
                    snap: true,
                },
                Background::Color(style.background.unwrap_or(iced::Color::TRANSPARENT)),
            );
        }
        self.content.as_widget().draw(
            &tree.children[0],
            renderer,
            theme,
            &renderer::Style {
                text_color: style.text,
            },
            layout.children().next().expect("layout has the content"),
            cursor,
            viewport,
        );
        if tree.state.downcast_ref::<State>().focus.ring {
            draw_ring(renderer, theme, bounds);
        }
    }

    fn mouse_interaction(
        &self,
        _tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _viewport: &Rectangle,
        _renderer: &Renderer,
    ) -> mouse::Interaction {
        if self.on_press.is_some() && cursor.is_over(layout.bounds()) {
            mouse::Interaction::Pointer
        } else {
            mouse::Interaction::default()
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
        self.content.as_widget_mut().overlay(
            &mut tree.children[0],
            layout.children().next().expect("layout has the content"),
            renderer,
            viewport,
            translation,
        )
    }
}

impl<'a, Message: Clone + 'a> From<Pressable<'a, Message>> for Element<'a, Message> {
    fn from(pressable: Pressable<'a, Message>) -> Self {
        Element::new(pressable)
    }
}
