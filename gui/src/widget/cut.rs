//! One line of text that ends with "…" where its place is too narrow; the whole text comes under the pointer then.
//!
//! It draws itself, with nothing around it that clips: the software renderer wipes a mask of the whole window for
//! each clip, which made rows of many columns dear.

mod tip;

use iced::advanced::layout::{self, Layout};
use iced::advanced::text::paragraph::Plain;
use iced::advanced::text::{Hit, LineHeight, Paragraph as _, Renderer as _, Shaping, Wrapping};
use iced::advanced::widget::{Operation, Tree, tree};
use iced::advanced::{Clipboard, Shell, Text, Widget, mouse, overlay, renderer};
use iced::alignment::{Horizontal, Vertical};
use iced::widget::text::{Catalog as _, Fragment, IntoFragment};
use iced::{Event, Font, Length, Pixels, Point, Rectangle, Renderer, Size, Vector};

use self::tip::Tip;
use crate::Element;
use crate::theme::{Theme, Tone, fonts, size};

pub(super) type Paragraph = <Renderer as iced::advanced::text::Renderer>::Paragraph;

/// Most characters of a text that is cut: nobody sees more of a line.
const MOST: usize = 512;

/// See the module; made by [`super::text::cut`].
pub struct Cut<'a> {
    content: Fragment<'a>,
    size: f32,
    font: Font,
    tone: Tone,
    width: Length,
    align: Horizontal,
}

impl<'a> Cut<'a> {
    /// A line of text in the size of rows.
    pub fn new(content: impl IntoFragment<'a>) -> Self {
        Self {
            content: content.into_fragment(),
            size: size::TEXT,
            font: fonts::TEXT,
            tone: Tone::default(),
            width: Length::Shrink,
            align: Horizontal::Left,
        }
    }

    /// The size of the text.
    pub fn size(mut self, size: f32) -> Self {
        self.size = size;
        self
    }

    /// The font.
    pub fn font(mut self, font: Font) -> Self {
        self.font = font;
        self
    }

    /// The tone.
    pub fn class(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// The width of its place; without it, that of the text where there is room.
    pub fn width(mut self, width: impl Into<Length>) -> Self {
        self.width = width.into();
        self
    }

    /// Puts it at the right of its place, as numbers stand.
    pub fn right(mut self) -> Self {
        self.align = Horizontal::Right;
        self
    }

    fn text<'t>(&self, content: &'t str) -> Text<&'t str, Font> {
        Text {
            content,
            bounds: Size::INFINITE,
            size: Pixels(self.size),
            line_height: LineHeight::default(),
            font: self.font,
            align_x: iced::advanced::text::Alignment::Default,
            align_y: Vertical::Top,
            shaping: Shaping::Auto,
            wrapping: Wrapping::None,
        }
    }

    /// The beginning of the text with "…" that fits into `room`; nothing where no dots do.
    fn cut(&self, whole: &Paragraph, room: f32) -> Plain<Paragraph> {
        let ends: Vec<usize> = self.content.char_indices().map(|(at, _)| at).collect();
        let middle = whole.min_height() / 2.0;
        let hit = whole.hit_test(Point::new(room, middle));
        let at = hit.map_or(0, Hit::cursor);
        let mut count = ends.partition_point(|end| *end < at).min(MOST);
        loop {
            let end = ends.get(count).copied().unwrap_or(0);
            let start = self.content.get(..end).unwrap_or_default();
            let shown = format!("{}…", start.trim_end());
            let mut cut = Plain::default();
            cut.update(self.text(&shown));
            if cut.min_width() <= room {
                return cut;
            }
            if count == 0 {
                return Plain::default();
            }
            // One by one where the guess was good; in larger steps where text runs the other way.
            count -= (count / 16).max(1);
        }
    }
}

/// What a [`Cut`] keeps between frames.
#[derive(Debug, Default)]
struct State {
    whole: Plain<Paragraph>,
    /// What is shown instead, and the room that it was made for.
    cut: Option<(f32, Plain<Paragraph>)>,
    hovered: bool,
    tip: Plain<Paragraph>,
}

impl State {
    /// What stands on the screen.
    #[cfg(test)]
    fn shown(&self) -> &str {
        self.paragraph().content()
    }

    fn paragraph(&self) -> &Plain<Paragraph> {
        self.cut.as_ref().map_or(&self.whole, |(_, cut)| cut)
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Cut<'_> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn size(&self) -> Size<Length> {
        Size::new(self.width, Length::Shrink)
    }

    fn layout(
        &mut self,
        tree: &mut Tree,
        _renderer: &Renderer,
        limits: &layout::Limits,
    ) -> layout::Node {
        let state = tree.state.downcast_mut::<State>();
        if state.whole.update(self.text(&self.content)) {
            // Another text has its place; what the pointer is over is known when it moves next.
            (state.cut, state.hovered) = (None, false);
        }
        layout::sized(limits, self.width, Length::Shrink, |limits| {
            let room = limits.max().width;
            // What was measured and what is laid out differ by rounding.
            if state.whole.min_width() <= room + 0.5 {
                state.cut = None;
            } else if state.cut.as_ref().is_none_or(|(of, _)| *of != room) {
                state.cut = Some((room, self.cut(state.whole.raw(), room)));
            }
            state.paragraph().min_bounds()
        })
    }

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        _renderer: &Renderer,
        operation: &mut dyn Operation,
    ) {
        operation.text(None, layout.bounds(), &self.content);
        operation.custom(None, layout.bounds(), tree.state.downcast_mut::<State>());
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _renderer: &Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        viewport: &Rectangle,
    ) {
        if !matches!(event, Event::Mouse(_)) {
            return;
        }
        let state = tree.state.downcast_mut::<State>();
        let seen = layout.bounds().intersection(viewport);
        let hovered = state.cut.is_some() && seen.is_some_and(|seen| cursor.is_over(seen));
        if std::mem::replace(&mut state.hovered, hovered) != hovered {
            shell.invalidate_layout();
            shell.request_redraw();
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let bounds = layout.bounds();
        let paragraph = tree.state.downcast_ref::<State>().paragraph();
        let spare = (bounds.width - paragraph.min_width()).max(0.0);
        let left = match self.align {
            Horizontal::Left => 0.0,
            Horizontal::Center => spare / 2.0,
            Horizontal::Right => spare,
        };
        let color = theme.style(&self.tone).color.unwrap_or(style.text_color);
        let at = Point::new(bounds.x + left, bounds.y);
        renderer.fill_paragraph(paragraph.raw(), at, color, *viewport);
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        _renderer: &Renderer,
        _viewport: &Rectangle,
        translation: Vector,
    ) -> Option<overlay::Element<'b, Message, Theme, Renderer>> {
        let state = tree.state.downcast_mut::<State>();
        if !state.hovered || state.cut.is_none() {
            return None;
        }
        let under = layout.bounds() + translation;
        let tip = Tip::new(&self.content, &mut state.tip, under);
        Some(overlay::Element::new(Box::new(tip)))
    }
}

impl<'a, Message: 'a> From<Cut<'a>> for Element<'a, Message> {
    fn from(cut: Cut<'a>) -> Self {
        Element::new(cut)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use iced_test::Simulator;
    use iced_test::selector::Candidate;

    /// The lines on a screen as they are shown, each with its width and the width of its place.
    pub(crate) fn lines<'a, Message: 'a>(
        content: impl Into<Element<'a, Message>>,
        window: Size,
    ) -> Vec<(String, f32, f32)> {
        let settings = iced::Settings {
            default_font: fonts::TEXT,
            fonts: fonts::all(),
            ..iced::Settings::default()
        };
        let mut seen = Vec::new();
        let mut screen = Simulator::with_size(settings, window, content.into());
        // Looks at everything, since nothing is what it looks for.
        let nothing = screen.find(|candidate: Candidate<'_>| {
            if let Candidate::Custom { state, bounds, .. } = candidate
                && let Some(state) = state.downcast_ref::<State>()
            {
                let width = state.paragraph().min_width();
                seen.push((state.shown().to_owned(), width, bounds.width));
            }
            None::<()>
        });
        drop(nothing);
        seen
    }

    fn shown(content: &str, room: f32) -> String {
        let cut = Cut::new(content.to_owned()).width(room);
        let line: Element<'_, ()> = iced::widget::row![cut].into();
        let (text, width, place) = lines(line, Size::new(800.0, 100.0)).remove(0);
        assert!(width <= place + 0.5, "{text:?}: {width} of {place}");
        text
    }

    #[test]
    fn a_text_that_is_too_long_ends_with_dots_inside_its_place() {
        let text = "Rent for September, the flat in the third floor";
        assert_eq!(shown(text, 700.0), text);
        let short = shown(text, 120.0);
        let begin = short.strip_suffix('…').expect("it is cut");
        assert!(text.starts_with(begin) && begin.len() > 8, "{short}");
        assert!(!begin.ends_with(' '));
        assert_eq!(shown(text, 3.0), "", "not even the dots fit");
        assert!(shown("größer, länger, weiter", 60.0).ends_with('…'));
        assert_eq!(shown("", 3.0), "");
    }
}
