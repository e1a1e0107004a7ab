//! Drives the whole window without a display: real tasks, real subscriptions, real processes behind it.

use std::time::{Duration, Instant};

use gui::app::{App, Message};
use gui::theme::{Theme, fonts};
use iced_test::core::{Point, Size};
use iced_test::emulator::{Emulator, Event, Mode};
use iced_test::instruction::{Instruction, Interaction, Keyboard, Mouse, Target};
use iced_test::runtime::UserInterface;
use iced_test::runtime::futures::futures::StreamExt as _;
use iced_test::runtime::futures::futures::channel::mpsc;
use iced_test::runtime::user_interface::Cache;
use iced_test::selector::{Candidate, Selector};
use iced_test::{core, renderer};

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
/// Longest time that the window may not answer.
const LONGEST_GAP: Duration = Duration::from_millis(100);
/// The window, tall enough that nothing must be scrolled to.
const SIZE: Size = Size::new(1280.0, 2400.0);

/// The program of this window.
pub(crate) trait WindowProgram:
    iced::Program<State = App, Message = Message, Theme = Theme> + 'static
{
}

impl<P> WindowProgram for P where
    P: iced::Program<State = App, Message = Message, Theme = Theme> + 'static
{
}

/// A person at the window.
pub(crate) struct Robot<P: WindowProgram> {
    program: P,
    emulator: Emulator<P>,
    events: mpsc::Receiver<Event<P>>,
    eyes: P::Renderer,
    clock: tokio::runtime::Runtime,
    longest: Busy,
}

/// How long the window was busy with one thing and could not answer.
#[derive(Default)]
struct Busy {
    took: Duration,
    with: String,
}

impl Busy {
    /// Does something in the window's thread and notes how long that kept it: at work or waiting, but not what it spent
    /// ready to run while the machine was busy with other things.
    fn note(&mut self, with: &str, work: impl FnOnce()) {
        let (begun, queued) = (Instant::now(), time_in_queue());
        work();
        let queued = time_in_queue().saturating_sub(queued);
        let took = begun.elapsed().saturating_sub(queued);
        if took > self.took {
            let with = with.to_owned();
            *self = Self { took, with };
        }
    }
}

/// How long this thread has waited for a processor since it began.
fn time_in_queue() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split_whitespace().nth(1).map(str::parse);
    Duration::from_nanos(nanoseconds.and_then(Result::ok).unwrap_or_default())
}

impl<P: WindowProgram> Robot<P> {
    /// Starts the program.
    pub(crate) fn new(program: P) -> Self {
        let (sender, events) = mpsc::channel(1024);
        let emulator = Emulator::new(sender, &program, Mode::Immediate, SIZE);
        let clock = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let eyes = clock
            .block_on(<P::Renderer as core::renderer::Headless>::new(
                fonts::TEXT,
                core::Pixels(14.0),
                Some("tiny-skia"),
            ))
            .expect("a renderer without display");
        Self {
            program,
            emulator,
            events,
            eyes,
            clock,
            longest: Busy::default(),
        }
    }

    /// Handles what happened until now; waits up to `limit` for the first event.
    fn pump(&mut self, limit: Duration) {
        let first = self
            .clock
            .block_on(async { tokio::time::timeout(limit, self.events.next()).await });
        let mut next = first.ok().flatten();
        while let Some(event) = next {
            if let Event::Action(action) = event {
                let (emulator, program) = (&mut self.emulator, &self.program);
                self.longest.note("what came from behind", || {
                    emulator.perform(program, action)
                });
            }
            next = self.events.try_recv().ok();
        }
    }

    fn find<S>(&mut self, selector: S) -> Option<S::Output>
    where
        S: Selector + Send,
        S::Output: Clone + Send,
    {
        self.look(selector.find()).flatten()
    }

    /// Looks at the whole screen.
    fn look<T: Send>(&mut self, mut operation: impl core::widget::Operation<T>) -> Option<T> {
        let view = self.emulator.view(&self.program);
        let mut screen = UserInterface::build(view, SIZE, Cache::default(), &mut self.eyes);
        screen.operate(
            &self.eyes,
            &mut core::widget::operation::black_box(&mut operation),
        );
        match operation.finish() {
            core::widget::operation::Outcome::Some(found) => Some(found),
            _ => None,
        }
    }

    /// Whether a text is on the screen, alone or in a longer one.
    pub(crate) fn sees(&mut self, text: &str) -> bool {
        self.find(TextWith(text.to_owned())).is_some()
    }

    /// The first text on the screen that fits.
    pub(crate) fn app_text(&mut self, fits: fn(&str) -> bool) -> Option<String> {
        self.find(TextThat(fits))
    }

    /// Whether a control can be used: only then is it a keyboard stop.
    pub(crate) fn is_enabled(&mut self, id: &'static str) -> bool {
        self.find(Stop(id)).is_some()
    }

    /// Every text on the screen, for the report of a test that failed.
    fn texts(&mut self) -> Vec<String> {
        let texts = self.look(TextThat(|_| true).find_all());
        texts.unwrap_or_default()
    }

    /// Waits until a text is on the screen.
    pub(crate) fn expect(&mut self, text: &str) {
        self.wait(&format!("\"{text}\""), |robot| robot.sees(text));
    }

    /// Waits until a text is no longer on the screen.
    pub(crate) fn expect_gone(&mut self, text: &str) {
        self.wait(&format!("\"{text}\" to go"), |robot| !robot.sees(text));
    }

    /// Waits until `done`.
    pub(crate) fn wait(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.picture("timeout");
                let texts = self.texts().join("\n");
                panic!("waited {} s for {what} before\n{texts}", PATIENCE.as_secs());
            }
            self.pump(left.min(Duration::from_secs(1)));
        }
    }

    /// Leaves a picture of the window in the folder that `BITQ_PICTURES` names.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole pixels"
    )]
    pub(crate) fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("BITQ_PICTURES") else {
            return;
        };
        let theme = self
            .emulator
            .theme(&self.program)
            .expect("the window has a theme");
        let base = iced::theme::Base::base(&theme);
        let view = self.emulator.view(&self.program);
        let mut screen = UserInterface::build(view, SIZE, Cache::default(), &mut self.eyes);
        let style = core::renderer::Style {
            text_color: base.text_color,
        };
        let nowhere = iced::mouse::Cursor::Unavailable;
        screen.draw(&mut self.eyes, &theme, &style, nowhere);
        let size = Size::new(SIZE.width as u32, SIZE.height as u32);
        let eyes = &mut self.eyes;
        let rgba = core::renderer::Headless::screenshot(eyes, size, 1.0, base.background_color);
        let mut file = format!("P6 {} {} 255\n", size.width, size.height).into_bytes();
        file.extend(rgba.chunks(4).flat_map(|pixel| pixel[..3].to_vec()));
        let path = std::path::Path::new(&folder).join(format!("{name}.ppm"));
        std::fs::write(path, file).expect("the folder can be written");
    }

    fn place(&mut self, id: &'static str) -> Option<Point> {
        let target = self.find(iced_test::selector::id(id))?;
        Some(target.visible_bounds()?.center())
    }

    /// Waits for a control and clicks it.
    pub(crate) fn click(&mut self, id: &'static str) {
        self.wait(id, |robot| robot.place(id).is_some());
        assert!(self.try_click(id), "{id} was there a moment ago");
    }

    /// Clicks a control if it is there and gives whether it was.
    pub(crate) fn try_click(&mut self, id: &'static str) -> bool {
        let Some(at) = self.place(id) else {
            return false;
        };
        self.perform(Interaction::Mouse(Mouse::Click {
            button: iced::mouse::Button::Left,
            target: Some(Target::Point(at)),
        }));
        true
    }

    /// Clicks a field and types into it.
    pub(crate) fn type_into(&mut self, id: &'static str, text: &str) {
        self.click(id);
        for letter in text.chars() {
            self.perform(Interaction::Keyboard(Keyboard::Typewrite(letter.into())));
        }
    }

    fn perform(&mut self, interaction: Interaction) {
        let with = interaction.to_string();
        let instruction = Instruction::Interact(interaction);
        self.longest
            .note(&with, || self.emulator.run(&self.program, instruction));
        self.pump(Duration::from_millis(1));
    }

    /// Sends a message that has no control of its own, such as a key.
    pub(crate) fn tell(&mut self, message: Message) {
        self.longest.note("a message", || {
            self.emulator.update(&self.program, message);
        });
        self.pump(Duration::from_millis(1));
    }

    /// Ends the window and gives what it knew.
    pub(crate) fn end(self) -> App {
        assert!(
            self.longest.took < LONGEST_GAP,
            "the window stood still for {:?} with {}",
            self.longest.took,
            self.longest.with
        );
        self.emulator.into_state().0
    }
}

/// Loads the fonts once for all windows of this process.
pub(crate) fn load_fonts() {
    let settings = iced::Settings {
        default_font: fonts::TEXT,
        fonts: fonts::all(),
        ..iced::Settings::default()
    };
    let nothing: gui::Element<'_, ()> = iced::widget::space().into();
    drop(iced_test::Simulator::<(), Theme, renderer::Renderer>::with_settings(settings, nothing));
}

/// Finds a text by what it says.
struct TextThat(fn(&str) -> bool);

impl Selector for TextThat {
    type Output = String;

    fn select(&mut self, candidate: Candidate<'_>) -> Option<String> {
        match candidate {
            Candidate::Text { content, .. } if (self.0)(content) => Some(content.to_owned()),
            _ => None,
        }
    }

    fn description(&self) -> String {
        "a text".to_owned()
    }
}

/// Finds a text that holds another.
struct TextWith(String);

impl Selector for TextWith {
    type Output = ();

    fn select(&mut self, candidate: Candidate<'_>) -> Option<()> {
        match candidate {
            Candidate::Text { content, .. } => content.contains(&self.0).then_some(()),
            _ => None,
        }
    }

    fn description(&self) -> String {
        self.0.clone()
    }
}

/// Finds a keyboard stop by its name.
struct Stop(&'static str);

impl Selector for Stop {
    type Output = ();

    fn select(&mut self, candidate: Candidate<'_>) -> Option<()> {
        let wanted = core::widget::Id::new(self.0);
        match candidate {
            Candidate::Focusable { id: Some(id), .. } => (*id == wanted).then_some(()),
            _ => None,
        }
    }

    fn description(&self) -> String {
        self.0.to_owned()
    }
}
