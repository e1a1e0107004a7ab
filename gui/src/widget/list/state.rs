//! Where a list stands: the arithmetic of scrolling, free of drawing.

use std::ops::Range;

use iced::advanced::mouse;
use iced::keyboard::{Key, key};
use iced::{Point, Rectangle, Size};

use crate::theme::size;
use crate::widget::press::Focus;

/// Smallest height of the scroll bar's handle.
const LEAST_HANDLE: f32 = 28.0;

#[derive(Debug, Default)]
pub(super) struct State {
    /// Where the user wants the view to begin, in pixels from the first row. May lie beyond the end while a
    /// filter shortens the list, so that the place comes back when the filter goes.
    wanted: f64,
    content: f64,
    view: f64,
    at_end: bool,
    dragged_from: Option<(f32, f64)>,
    last_click: Option<mouse::Click>,
    pub(super) modifiers: iced::keyboard::Modifiers,
    pub(super) typed: String,
    pub(super) typed_at: Option<std::time::Instant>,
    pub(super) focus: Focus,
    pub(super) hovered: Option<usize>,
    pub(super) seen_selection: Option<usize>,
    pub(super) first: usize,
    /// Counts the frames in which the rows stood elsewhere than before.
    pub(super) moves: u8,
    drawn_at: f64,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "rows and pixels on a screen: far below 2^52, never negative here"
)]
impl State {
    fn most(&self) -> f64 {
        (self.content - self.view).max(0.0)
    }

    fn offset(&self) -> f64 {
        self.wanted.clamp(0.0, self.most())
    }

    /// Notes where the rows stand in this frame.
    pub(super) fn note_move(&mut self) {
        let offset = self.offset();
        if (offset - self.drawn_at).abs() > f64::EPSILON {
            self.moves = self.moves.wrapping_add(1);
            self.drawn_at = offset;
        }
    }

    pub(super) fn resize(&mut self, len: usize, row_height: f32, height: f32, follow: bool) {
        let was_at_end = self.content == 0.0 || self.at_end;
        self.content = len as f64 * f64::from(row_height);
        self.view = f64::from(height);
        if follow && was_at_end {
            self.wanted = self.most();
        }
        self.at_end = self.offset() >= self.most() - 1.0;
    }

    /// Moves by `pixels`; whether anything moved.
    pub(super) fn scroll(&mut self, pixels: f64) -> bool {
        let before = self.offset();
        self.wanted = (before + pixels).clamp(0.0, self.most());
        self.at_end = self.wanted >= self.most() - 1.0;
        (self.wanted - before).abs() > f64::EPSILON
    }

    pub(super) fn scroll_by_key(&mut self, key: &Key, row_height: f32) -> bool {
        let Key::Named(named) = key else { return false };
        let row = f64::from(row_height);
        match named {
            key::Named::ArrowDown => self.scroll(row),
            key::Named::ArrowUp => self.scroll(-row),
            key::Named::PageDown => self.scroll(self.view - row),
            key::Named::PageUp => self.scroll(row - self.view),
            key::Named::Home => self.scroll(-self.content),
            key::Named::End => self.scroll(self.content),
            _ => false,
        }
    }

    /// Moves as little as needed to show all of `row`.
    pub(super) fn reveal(&mut self, row: usize, row_height: f32) {
        let top = row as f64 * f64::from(row_height);
        let bottom = top + f64::from(row_height);
        let offset = self.offset();
        if top < offset {
            self.wanted = top;
        } else if bottom > offset + self.view {
            self.wanted = bottom - self.view;
        }
        self.at_end = self.offset() >= self.most() - 1.0;
    }

    pub(super) fn visible(&self, len: usize, row_height: f32) -> Range<usize> {
        let row = f64::from(row_height);
        let first = (self.offset() / row) as usize;
        let last = ((self.offset() + self.view) / row).ceil() as usize;
        first.min(len)..last.min(len)
    }

    pub(super) fn rows_in_view(&self, row_height: f32) -> usize {
        (self.view / f64::from(row_height)) as usize
    }

    /// Top of `row` in the view.
    pub(super) fn top_of(&self, row: usize, row_height: f32) -> f32 {
        (row as f64 * f64::from(row_height) - self.offset()) as f32
    }

    /// The row at `y` of the view, which may lie behind the last one.
    pub(super) fn row_at(&self, y: f32, row_height: f32) -> usize {
        ((self.offset() + f64::from(y.max(0.0))) / f64::from(row_height)) as usize
    }

    pub(super) fn click(&mut self, point: Point) -> mouse::click::Kind {
        let click = mouse::Click::new(point, mouse::Button::Left, self.last_click);
        self.last_click = Some(click);
        click.kind()
    }

    pub(super) fn has_bar(&self) -> bool {
        self.content > self.view
    }

    pub(super) fn bar_handle(&self, bounds: Rectangle) -> Option<Rectangle> {
        if !self.has_bar() {
            return None;
        }
        let height = (self.view / self.content * self.view) as f32;
        let height = height.max(LEAST_HANDLE).min(bounds.height);
        let way = bounds.height - height;
        let y = (self.offset() / self.most().max(1.0)) as f32 * way;
        Some(Rectangle::new(
            Point::new(bounds.x + bounds.width - size::SCROLL, bounds.y + y),
            Size::new(size::SCROLL, height),
        ))
    }

    pub(super) fn is_over_bar(&self, bounds: Rectangle, point: Point) -> bool {
        self.has_bar()
            && bounds.contains(point)
            && point.x >= bounds.x + bounds.width - size::SCROLL - size::S1
    }

    /// Takes hold of the bar; a press beside the handle brings the handle under the pointer.
    pub(super) fn grab_bar(&mut self, bounds: Rectangle, point: Point) {
        if let Some(handle) = self.bar_handle(bounds) {
            if point.y < handle.y || point.y > handle.y + handle.height {
                let way = f64::from(bounds.height - handle.height).max(1.0);
                let y = f64::from(point.y - bounds.y - handle.height / 2.0);
                self.wanted = (y / way * self.most()).clamp(0.0, self.most());
            }
            self.dragged_from = Some((point.y, self.offset()));
        }
    }

    pub(super) fn drag_bar(&mut self, bounds: Rectangle, point: Point) -> bool {
        let (Some((from, offset)), Some(handle)) = (self.dragged_from, self.bar_handle(bounds))
        else {
            return false;
        };
        let way = f64::from(bounds.height - handle.height).max(1.0);
        let target = offset + f64::from(point.y - from) / way * self.most();
        let delta = target - self.offset();
        self.scroll(delta)
    }

    pub(super) fn release_bar(&mut self) {
        self.dragged_from = None;
    }

    pub(super) fn is_dragging(&self) -> bool {
        self.dragged_from.is_some()
    }
}
