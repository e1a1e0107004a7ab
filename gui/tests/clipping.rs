//! Nothing is cut: every text and every control of every page lies within what can be seen or scrolled to.

#[path = "../examples/pictures.rs"]
#[allow(dead_code, reason = "the scenes alone are used, not their drawing")]
mod pictures;

use gui::app::App;
use gui::page::PageId;
use gui::theme::fonts;
use iced_test::core::widget::operation::{Focusable, Outcome, Scrollable, TextInput};
use iced_test::core::widget::{Id, Operation};
use iced_test::core::{
    Pixels, Point, Rectangle, Size, Vector, clipboard, mouse, renderer::Headless,
};
use iced_test::runtime::UserInterface;
use iced_test::runtime::user_interface::Cache;

/// Windows of the least size that must hold everything, of a usual one, and of that with everything twice as large.
const SIZES: [Size; 3] = [
    Size::new(800.0, 600.0),
    Size::new(1280.0, 800.0),
    Size::new(640.0, 400.0),
];
/// Parts of a pixel that rounding may cost.
const ROUNDING: f32 = 1.0;

/// Looks at everything on the screen and notes what is cut.
struct Cuts {
    /// What can be seen where we are, and whether what lies below or above can be scrolled to.
    view: Rectangle,
    scrolls: bool,
    moved: Vector,
    /// What the next step down leads into.
    next: (Rectangle, bool, Vector),
    found: Vec<String>,
    seen: usize,
}

impl Cuts {
    fn new(size: Size) -> Self {
        let view = Rectangle::with_size(size);
        Self {
            view,
            scrolls: false,
            moved: Vector::ZERO,
            next: (view, false, Vector::ZERO),
            found: Vec::new(),
            seen: 0,
        }
    }

    fn check(&mut self, bounds: Rectangle, what: &str) {
        let bounds = bounds + self.moved;
        if bounds.width < ROUNDING || bounds.height < ROUNDING {
            return;
        }
        self.seen += 1;
        let view = self.view;
        let wide = bounds.x < view.x - ROUNDING
            || bounds.x + bounds.width > view.x + view.width + ROUNDING;
        let high = bounds.y < view.y - ROUNDING
            || bounds.y + bounds.height > view.y + view.height + ROUNDING;
        if wide || (high && !self.scrolls) {
            self.found.push(format!("{what} at {bounds:?} of {view:?}"));
        }
    }
}

impl Operation for Cuts {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        let outer = (self.view, self.scrolls, self.moved);
        (self.view, self.scrolls, self.moved) = self.next;
        operate(self);
        (self.view, self.scrolls, self.moved) = outer;
        self.next = outer;
    }

    fn container(&mut self, _id: Option<&Id>, _bounds: Rectangle) {
        self.next = (self.view, self.scrolls, self.moved);
    }

    fn scrollable(
        &mut self,
        _id: Option<&Id>,
        bounds: Rectangle,
        _content_bounds: Rectangle,
        translation: Vector,
        _state: &mut dyn Scrollable,
    ) {
        let view = self.view.intersection(&(bounds + self.moved));
        self.next = (view.unwrap_or_default(), true, self.moved - translation);
    }

    fn focusable(&mut self, id: Option<&Id>, bounds: Rectangle, _state: &mut dyn Focusable) {
        self.check(bounds, &format!("{id:?}"));
    }

    fn text_input(&mut self, id: Option<&Id>, bounds: Rectangle, _state: &mut dyn TextInput) {
        self.check(bounds, &format!("{id:?}"));
    }

    fn text(&mut self, _id: Option<&Id>, bounds: Rectangle, text: &str) {
        self.check(bounds, &format!("{text:?}"));
    }

    fn finish(&self) -> Outcome<()> {
        Outcome::None
    }
}

/// Loads the fonts, and gives what a window is looked at with.
fn eyes() -> iced::Renderer {
    let settings = iced::Settings {
        default_font: fonts::TEXT,
        fonts: fonts::all(),
        ..iced::Settings::default()
    };
    let nothing: gui::Element<'_, ()> = iced::widget::space().into();
    // Loads the fonts.
    drop(iced_test::Simulator::<(), _, _>::with_settings(
        settings, nothing,
    ));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let eyes = <iced::Renderer as Headless>::new(fonts::TEXT, Pixels(14.0), Some("tiny-skia"));
    let eyes = runtime.expect("a runtime").block_on(eyes);
    eyes.expect("a renderer without display")
}

/// Looks at a window of this size.
fn look(app: &App, size: Size, eyes: &mut iced::Renderer) -> Cuts {
    let mut screen = UserInterface::build(app.view(), size, Cache::default(), eyes);
    let mut cuts = Cuts::new(size);
    screen.operate(eyes, &mut cuts);
    cuts
}

/// How far what scrolls has been scrolled.
struct Scrolled(Vec<f32>);

impl Operation for Scrolled {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }

    fn scrollable(
        &mut self,
        _id: Option<&Id>,
        _bounds: Rectangle,
        _content_bounds: Rectangle,
        translation: Vector,
        _state: &mut dyn Scrollable,
    ) {
        self.0.push(translation.y);
    }
}

#[test]
fn a_page_begins_at_its_top_when_it_is_opened() {
    let mut eyes = eyes();
    let (_, mut app) = pictures::scenes().remove(0);
    let mut cache = Cache::default();
    let mut farthest = |app: &App, wheel: f32| {
        let mut screen =
            UserInterface::build(app.view(), SIZES[2], std::mem::take(&mut cache), &mut eyes);
        let middle = Point::new(SIZES[2].width / 2.0, SIZES[2].height / 2.0);
        let delta = mouse::ScrollDelta::Lines { x: 0.0, y: -wheel };
        let wheel = iced::Event::Mouse(mouse::Event::WheelScrolled { delta });
        let (mut clipboard, mut told) = (clipboard::Null, Vec::new());
        let cursor = mouse::Cursor::Available(middle);
        drop(screen.update(&[wheel], cursor, &mut eyes, &mut clipboard, &mut told));
        let mut scrolled = Scrolled(Vec::new());
        screen.operate(&eyes, &mut scrolled);
        cache = screen.into_cache();
        scrolled.0.into_iter().fold(0.0, f32::max)
    };
    app.page = PageId::Settings;
    assert!(farthest(&app, 5.0) > 0.0, "it can be scrolled");
    app.page = PageId::Status;
    assert_eq!(farthest(&app, 0.0), 0.0, "another page begins at its top");
    app.page = PageId::Settings;
    assert_eq!(farthest(&app, 0.0), 0.0, "and the same one, opened again");
}

#[test]
fn nothing_is_cut_on_any_page_in_any_size() {
    let mut eyes = eyes();
    let mut found = Vec::new();
    for size in SIZES {
        for (name, app) in pictures::scenes() {
            let cuts = look(&app, size, &mut eyes);
            assert!(cuts.seen > 1, "{name} is empty");
            let cuts = cuts.found.into_iter();
            found.extend(cuts.map(|cut| format!("{name} {size:?}: {cut}")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    // What is seen here would be seen: a window far too small cuts.
    let (_, app) = pictures::scenes().remove(0);
    let tiny = Size::new(160.0, 120.0);
    assert!(!look(&app, tiny, &mut eyes).found.is_empty());
}
