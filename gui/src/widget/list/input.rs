//! What wheel, pointer and keys do to a list.

use std::time::{Duration, Instant};

use iced::advanced::{Shell, mouse};
use iced::keyboard::{self, Key, key};
use iced::{Event, Point, Rectangle};

use super::VirtualList;
use super::state::State;
use crate::model::Pick;
use crate::theme::size;
use crate::widget::press::Focus;

/// Letters typed within this time belong together.
const TYPING: Duration = Duration::from_secs(1);

impl<Message> VirtualList<'_, Message> {
    pub(super) fn on_event(
        &self,
        state: &mut State,
        event: &Event,
        bounds: Rectangle,
        cursor: mouse::Cursor,
        shell: &mut Shell<'_, Message>,
    ) {
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
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Right)) => {
                let point = cursor.position();
                let row = point.and_then(|point| self.row_at(state, bounds, point));
                if let (Some(on_menu), Some(row), Some(point)) = (&self.on_menu, row, point) {
                    state.focus = Focus {
                        focused: true,
                        ring: false,
                    };
                    shell.publish(on_menu(row, point));
                    shell.capture_event();
                }
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                state.release_bar();
            }
            Event::Mouse(mouse::Event::CursorMoved { .. }) => {
                let point = cursor.position();
                let hovered = point.and_then(|p| self.row_at(state, bounds, p));
                let moved = point.is_some_and(|point| state.drag_bar(bounds, point));
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
                self.on_key_pressed(state, key, *modifiers, bounds, shell);
            }
            _ => {}
        }
    }

    fn on_key_pressed(
        &self,
        state: &mut State,
        key: &Key,
        modifiers: keyboard::Modifiers,
        bounds: Rectangle,
        shell: &mut Shell<'_, Message>,
    ) {
        if let Some(message) = self.row_message(state, key, modifiers, bounds) {
            shell.publish(message);
            shell.capture_event();
        } else if self.is_selectable() {
            let target = self
                .row_by_key(state, key)
                .or_else(|| self.row_by_letter(state, key, modifiers));
            if let Some(row) = target {
                let pick = if modifiers.shift() && matches!(key, Key::Named(_)) {
                    Pick::Range
                } else {
                    Pick::Only
                };
                state.reveal(row, self.row_height);
                self.publish_pick(row, pick, shell);
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

    fn publish_pick(&self, row: usize, pick: Pick, shell: &mut Shell<'_, Message>) {
        if let Some(on_pick) = &self.on_pick {
            shell.publish(on_pick(row, pick));
        } else if let Some(on_select) = &self.on_select {
            shell.publish(on_select(row));
        }
    }

    /// What a key does to the selected row.
    fn row_message(
        &self,
        state: &State,
        key: &Key,
        modifiers: keyboard::Modifiers,
        bounds: Rectangle,
    ) -> Option<Message> {
        let row = self.selected.filter(|row| *row < self.len)?;
        let named = |wanted: key::Named| matches!(key, Key::Named(named) if *named == wanted);
        let asks_menu =
            named(key::Named::ContextMenu) || (named(key::Named::F10) && modifiers.shift());
        if asks_menu && let Some(on_menu) = &self.on_menu {
            let below = state.top_of(row, self.row_height) + self.row_height;
            let y = below.clamp(0.0, bounds.height);
            return Some(on_menu(row, Point::new(bounds.x + size::S5, bounds.y + y)));
        }
        if let Some(on_key) = &self.on_key
            && let Some(message) = on_key(row, key, modifiers)
        {
            return Some(message);
        }
        let is_copy = modifiers.command()
            && !modifiers.shift()
            && matches!(key, Key::Character(text) if text.eq_ignore_ascii_case("c"));
        let action = match (is_copy, named(key::Named::Enter)) {
            (true, _) => self.on_copy.as_ref()?,
            (_, true) => self.on_open.as_ref()?,
            _ => return None,
        };
        Some(action(row))
    }

    fn row_by_key(&self, state: &State, key: &Key) -> Option<usize> {
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

    /// The next row that begins with the letters typed so far.
    fn row_by_letter(
        &self,
        state: &mut State,
        key: &Key,
        modifiers: keyboard::Modifiers,
    ) -> Option<usize> {
        let find = self.find.as_ref()?;
        let Key::Character(text) = key else {
            return None;
        };
        // The slash opens the palette.
        if modifiers.command() || modifiers.alt() || self.len == 0 || text == "/" {
            return None;
        }
        let now = Instant::now();
        let goes_on = state
            .typed_at
            .is_some_and(|at| now.duration_since(at) < TYPING);
        if !goes_on {
            state.typed.clear();
        }
        state.typed_at = Some(now);
        state.typed.push_str(&text.to_lowercase());
        // A first letter looks behind the row in hand, further ones narrow it.
        let from = self.selected.map_or(0, |row| row + usize::from(!goes_on));
        (0..self.len)
            .map(|step| (from + step) % self.len)
            .find(|row| find(*row, &state.typed))
    }

    pub(super) fn row_at(&self, state: &State, bounds: Rectangle, point: Point) -> Option<usize> {
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
            if let Some(on_open) = self.on_open.as_ref().filter(|_| double) {
                shell.publish(on_open(row));
            } else {
                let pick = match (state.modifiers.shift(), state.modifiers.command()) {
                    (true, _) => Pick::Range,
                    (_, true) => Pick::Toggle,
                    _ => Pick::Only,
                };
                self.publish_pick(row, pick, shell);
            }
        }
        shell.capture_event();
    }
}
