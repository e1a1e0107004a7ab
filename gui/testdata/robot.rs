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
use iced_test::selector::Selector;
use iced_test::{core, renderer};

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The window, tall enough that nothing must be scrolled to.
const SIZE: Size = Size::new(1280.0, 2400.0);

/// A person at the window.
pub(crate) struct Robot<P: iced::Program<State = App, Message = Message, Theme = Theme>> {
    program: P,
    emulator: Emulator<P>,
    events: mpsc::Receiver<Event<P>>,
    eyes: P::Renderer,
    clock: tokio::runtime::Runtime,
}

impl<P> Robot<P>
where
    P: iced::Program<State = App, Message = Message, Theme = Theme> + 'static,
{
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
                self.emulator.perform(&self.program, action);
            }
            next = self.events.try_recv().ok();
        }
    }

    fn find<S>(&mut self, selector: S) -> Option<S::Output>
    where
        S: Selector + Send,
        S::Output: Clone + Send,
    {
        use core::widget::Operation as _;
        let mut operation = selector.find();
        let view = self.emulator.view(&self.program);
        let mut screen = UserInterface::build(view, SIZE, Cache::default(), &mut self.eyes);
        screen.operate(
            &self.eyes,
            &mut core::widget::operation::black_box(&mut operation),
        );
        match operation.finish() {
            core::widget::operation::Outcome::Some(found) => found,
            _ => None,
        }
    }

    /// Whether a text is on the screen.
    pub(crate) fn sees(&mut self, text: &str) -> bool {
        self.find(text).is_some()
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
                panic!("waited {} s for {what}", PATIENCE.as_secs());
            }
            self.pump(left.min(Duration::from_secs(1)));
        }
    }

    /// Leaves a picture of the window in the folder that `BITQ_PICTURES` names.
    pub(crate) fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("BITQ_PICTURES") else {
            return;
        };
        let theme = self
            .emulator
            .theme(&self.program)
            .expect("the window has a theme");
        let shot = self.emulator.screenshot(&self.program, &theme, 1.0);
        let mut file = format!("P6 {} {} 255\n", shot.size.width, shot.size.height).into_bytes();
        file.extend(shot.rgba.chunks(4).flat_map(|pixel| pixel[..3].to_vec()));
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
        let at = self.place(id).expect("it was there a moment ago");
        self.perform(Interaction::Mouse(Mouse::Click {
            button: iced::mouse::Button::Left,
            target: Some(Target::Point(at)),
        }));
    }

    /// Clicks a field and types into it.
    pub(crate) fn type_into(&mut self, id: &'static str, text: &str) {
        self.click(id);
        self.perform(Interaction::Keyboard(Keyboard::Typewrite(text.to_owned())));
    }

    fn perform(&mut self, interaction: Interaction) {
        self.emulator
            .run(&self.program, Instruction::Interact(interaction));
        self.pump(Duration::from_millis(1));
    }

    /// Sends a message that has no control of its own, such as a key.
    pub(crate) fn tell(&mut self, message: Message) {
        self.emulator.update(&self.program, message);
        self.pump(Duration::from_millis(1));
    }

    /// Ends the window and gives what it knew.
    pub(crate) fn end(self) -> App {
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
