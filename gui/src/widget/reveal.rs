//! Brings the control that has the keyboard into view.

use iced::advanced::widget::operation::{self, Focusable, Outcome, Scrollable};
use iced::advanced::widget::{Id, Operation};
use iced::widget::operation::AbsoluteOffset;
use iced::{Rectangle, Task, Vector};

/// Room that is kept around the control, in pixels.
const MARGIN: f32 = 24.0;

/// How far which scrolling area must move.
#[derive(Debug, Clone)]
struct Move {
    area: Id,
    offset: f32,
}

/// Scrolls so that the focused control is in view.
pub fn reveal_focused<T: Send + 'static>() -> Task<T> {
    iced::advanced::widget::operate(operation::then(Find::default(), Apply))
}

/// Looks for the focused control and the scrolling area around it.
#[derive(Default)]
struct Find {
    area: Option<(Id, Rectangle, Rectangle, Vector)>,
    found: Option<Move>,
}

impl Operation<Option<Move>> for Find {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation<Option<Move>>)) {
        let outer = self.area.clone();
        operate(self);
        self.area = outer;
    }

    fn scrollable(
        &mut self,
        id: Option<&Id>,
        bounds: Rectangle,
        content_bounds: Rectangle,
        translation: Vector,
        _state: &mut dyn Scrollable,
    ) {
        if let Some(id) = id {
            self.area = Some((id.clone(), bounds, content_bounds, translation));
        }
    }

    fn focusable(&mut self, _id: Option<&Id>, bounds: Rectangle, state: &mut dyn Focusable) {
        if !state.is_focused() {
            return;
        }
        let Some((area, view, content, translation)) = &self.area else {
            return;
        };
        let inside = bounds.y >= content.y && bounds.y <= content.y + content.height;
        if !inside {
            return;
        }
        let top = bounds.y - content.y;
        let bottom = top + bounds.height;
        let offset = if top - MARGIN < translation.y {
            top - MARGIN
        } else if bottom + MARGIN > translation.y + view.height {
            bottom + MARGIN - view.height
        } else {
            return;
        };
        self.found = Some(Move {
            area: area.clone(),
            offset: offset.max(0.0),
        });
    }

    fn finish(&self) -> Outcome<Option<Move>> {
        Outcome::Some(self.found.clone())
    }
}

struct Apply(Option<Move>);

impl<T> Operation<T> for Apply {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation<T>)) {
        operate(self);
    }

    fn scrollable(
        &mut self,
        id: Option<&Id>,
        _bounds: Rectangle,
        _content_bounds: Rectangle,
        _translation: Vector,
        state: &mut dyn Scrollable,
    ) {
        if let Some(wanted) = self.0.as_ref().filter(|wanted| id == Some(&wanted.area)) {
            state.scroll_to(AbsoluteOffset {
                x: None,
                y: Some(wanted.offset),
            });
        }
    }
}
