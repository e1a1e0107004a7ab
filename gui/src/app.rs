//! The window: one owner of all state. Events of the link change the model, messages of the pages change the pages,
//! and what a page wishes of others comes up as an event.

mod arrange;
mod dropped;
mod events;
mod frame;
mod keys;
mod overlay;
mod reads;
mod setup;
mod start;
mod states;
#[cfg(test)]
mod tests;
mod trouble;
mod wallet;
mod wishes;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use iced::theme::Mode;
use iced::{Subscription, Task};
use ipc_schema::{
    AddressRow, CoinRow, IpcError, RpcCommand, SettingInfo, TxPage, WalletEvent, WalletFees,
    WalletListItem,
};
use zeroize::Zeroizing;

use crate::Element;
use crate::link::instance::Meeting;
use crate::link::{self, Control, Link};
use crate::model::coins::SortedCoins;
use crate::model::history::Arranged;
use crate::model::prefs::{Broken, Shared, Store};
use crate::model::{Model, clock};
use crate::page::{
    Context, Event, PageId, activity, coins, console, first_run, overview, receive, send, settings,
    status, tasks, wallets,
};
use crate::palette::{Hit, Palette};
use crate::shortcuts::Action;
use crate::theme::{Choice, Theme, Tone};
use crate::trace::Trace;
use dropped::Dropped;
use primitives::{Coin, Network};

pub use setup::{Boot, Launch, Switches};
pub use trouble::Trouble;
pub(crate) use trouble::rights;

/// What fills the window.
#[derive(Debug)]
pub enum Screen {
    /// The node is being looked for or started, for the first time.
    Starting,
    /// The questions of a first start.
    FirstRun(Box<first_run::Page>),
    /// The pages.
    Main,
    /// The options or the data directory cannot be used.
    Trouble(Box<Trouble>),
    /// The program ends as soon as the node has stopped.
    Stopping,
}

/// What lies over the window.
#[derive(Debug, Default)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The command palette.
    Palette(Palette),
    /// The passphrase prompt.
    Unlock {
        /// As typed.
        passphrase: Zeroizing<String>,
        /// Why the last one was refused.
        error: Option<String>,
        /// The wallet is being asked.
        busy: bool,
    },
    /// What becomes of the node?
    Quit {
        /// Do not ask again.
        remember: bool,
    },
    /// The list of keys.
    Keys,
    /// The options of the command line.
    Options,
    /// What this program is.
    About,
    /// Whether all choices of the window are to be set back.
    Reset,
}

/// The pages, which keep their state while others are in view.
#[derive(Debug, Default)]
pub struct Pages {
    send: send::Page,
    receive: receive::Page,
    activity: activity::Page,
    coins: coins::Page,
    wallets: wallets::Page,
    status: status::Page,
    console: console::Page,
    settings: settings::Page,
}

impl Pages {
    /// Which part of a page is open, where it has several.
    fn part(&self, page: PageId) -> usize {
        match page {
            PageId::Send => self.send.stage() as usize,
            PageId::Wallets => self.wallets.part(),
            _ => 0,
        }
    }
}

/// A short notice.
#[derive(Debug, Clone)]
pub struct Toast {
    id: u64,
    tone: Tone,
    text: String,
}

/// The whole state.
#[derive(Debug)]
pub struct App {
    /// What fills the window.
    pub screen: Screen,
    /// What is known.
    pub model: Model,
    /// The page in view.
    pub page: PageId,
    /// The pages.
    pub pages: Pages,
    /// What lies over the window.
    pub overlay: Overlay,
    link: Link,
    start: Option<link::Start>,
    launch: Launch,
    store: Store,
    shared: Shared,
    toasts: Vec<Toast>,
    next_toast: u64,
    system_dark: bool,
    meeting: Option<Meeting>,
    pending_link: Option<String>,
    broken: Vec<Broken>,
    crash: Option<String>,
    trace: Option<Trace>,
    first_frame: bool,
    /// The private chain of "try it safely": it gets a wallet for play money by itself.
    sandbox: bool,
    history_loading: bool,
    /// Payments that were begun in wallets that are not in view.
    drafts: HashMap<String, send::Page>,
    /// A clock that stands still, for pictures and tests.
    pub clock: Option<i64>,
}

/// Everything that can happen.
#[derive(Debug, Clone)]
pub enum Message {
    /// The clock.
    Tick,
    /// The window is there.
    WindowOpened(iced::window::Id),
    /// The link told something.
    LinkTold(link::Event),
    /// A wallet changed.
    WalletTold(String, WalletEvent),
    /// The local zone was read.
    Zone(clock::Zone),
    /// Everything for a start is read.
    Booted(Box<Boot>),
    /// Show a page.
    Open(PageId),
    /// Show a page, and leave the keyboard where it is.
    Glance(PageId),
    /// Letters come as capitals without Shift, or no longer.
    Capitals(bool),
    /// A wish from the palette.
    Wish(Event),
    /// An action from a key or the palette.
    Action(Action),
    /// Ask the link for something.
    Control(Control),
    /// Read everything again, as at the start.
    StartAgain,
    /// Move the broken file aside and start again.
    ResetFile,
    /// It was moved aside, or not.
    FileReset(Result<(), String>),
    /// Ask where the chain is to be kept.
    ChooseFolder,
    /// Overview.
    Overview(overview::Message),
    /// Send.
    Send(send::Message),
    /// Receive.
    Receive(receive::Message),
    /// Activity.
    Activity(activity::Message),
    /// Coins.
    Coins(coins::Message),
    /// Wallets.
    Wallets(wallets::Message),
    /// Node.
    Status(status::Message),
    /// Console.
    Console(console::Message),
    /// Tasks.
    Tasks(tasks::Message),
    /// Settings.
    Settings(settings::Message),
    /// First run.
    FirstRun(first_run::Message),
    /// The list of wallets came.
    WalletList(Result<Vec<WalletListItem>, IpcError>),
    /// The options came.
    SettingsRead(Result<Vec<SettingInfo>, IpcError>),
    /// The commands came.
    CommandsRead(Result<Vec<RpcCommand>, IpcError>),
    /// A page of history came; whether it is the first.
    HistoryRead(String, bool, Result<TxPage, IpcError>),
    /// The list of a history was worked out.
    Arranged(String, Option<Arranged>),
    /// The coins of a wallet were sorted.
    CoinsSorted(String, Option<SortedCoins>),
    /// Addresses came, from this row on.
    AddressesRead(String, u32, Result<Vec<AddressRow>, IpcError>),
    /// Coins came, from this row on.
    CoinsRead(String, u32, Result<Vec<CoinRow>, IpcError>),
    /// Fee rates came.
    FeesRead(String, Result<WalletFees, IpcError>),
    /// A wallet was opened at start.
    Opened(String, Result<Vec<String>, IpcError>),
    /// Blocks were made, or not.
    Mined(Result<u32, String>),
    /// The wallet was locked, or not.
    Locked(Result<(), IpcError>),
    /// The passphrase was edited.
    Passphrase(String),
    /// Unlock with what was typed.
    Unlock,
    /// The wallet was unlocked, or not.
    Unlocked(Result<(), IpcError>),
    /// The palette's field was edited.
    PaletteQuery(String),
    /// What the wallet has of this query was found.
    PaletteFound(String, Vec<Hit>),
    /// Another entry is marked.
    PaletteMark(usize),
    /// Run an entry.
    PaletteRun(usize),
    /// Open the palette with this query.
    PaletteOpen(&'static str),
    /// Close what lies over the window.
    CloseOverlay,
    /// Show the options of the command line.
    ShowOptions,
    /// Show what this program is.
    ShowAbout,
    /// Ask whether all choices of the window are to be set back.
    AskReset,
    /// Set them back and end.
    Reset,
    /// They were set back, or not.
    ResetDone(Result<(), String>),
    /// Open a place on the web, or a file, with the desktop's program.
    OpenOutside(String),
    /// Go on with the chain of the node that was found.
    SwitchChain(Coin, Network),
    /// Begin with the questions.
    ChooseChain,
    /// Take an option out of the settings file and start the node again.
    ForgetSetting(String),
    /// It was taken out, or not.
    SettingForgotten(Result<(), String>),
    /// What a dropped file holds.
    Inspected(PathBuf, Dropped),
    /// Show the form for a new wallet.
    NewWallet,
    /// Show the form for a backup file.
    RestoreWallet,
    /// Show the form for descriptors.
    ImportDescriptors,
    /// A payment link or address was handed over.
    Link(String),
    /// A file was dropped on the window.
    Dropped(PathBuf),
    /// Do not ask again at quit.
    QuitRemember,
    /// What becomes of the node.
    QuitChosen(bool),
    /// End at once.
    QuitNow,
    /// The window is to be closed.
    CloseRequested,
    /// A notice has been there long enough.
    ToastOver(u64),
    /// A file of the window was written, or not.
    Written(Result<(), String>),
    /// The desktop is light or dark.
    SystemTheme(Mode),
    /// A frame was drawn.
    Frame,
    /// The heartbeat of a traced run.
    Beat,
    /// The keyboard went to this control in a traced run.
    Focused(iced::widget::Id),
    /// The report of a crash was read and can go.
    DismissCrash,
    /// The notice of a broken settings file can go.
    DismissBroken,
    /// Nothing.
    Nothing,
}

impl App {
    /// Starts: quickly, with everything that touches the disk in a task.
    pub fn boot(launch: Launch) -> (Self, Task<Message>) {
        setup::boot(launch)
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message) -> Task<Message> {
        if self.trace.is_none() {
            return self.handle(message);
        }
        let begun = Instant::now();
        let name = trace_name(&message);
        let task = self.handle(message);
        if let Some(trace) = &mut self.trace {
            trace.update(begun.elapsed(), &name);
        }
        task
    }

    /// What a page may look at.
    fn context(&self) -> Context<'_> {
        Context {
            model: &self.model,
            link: &self.link,
        }
    }

    /// Draws the window.
    pub fn view(&self) -> Element<'_, Message> {
        frame::view(self)
    }

    /// The title of the window: wallet and network.
    pub fn title(&self) -> String {
        let chain = format!(
            "{} {}",
            self.model.params.name,
            self.model.params.network.id()
        );
        match &self.model.wallet {
            Some(wallet) if !wallet.name.is_empty() => format!("{} – bitq, {chain}", wallet.name),
            _ => format!("bitq, {chain}"),
        }
    }

    /// The theme: the user's choice, the desktop's, and the coin's colour.
    pub fn theme(&self) -> Theme {
        let dark = match self.model.prefs.theme {
            Choice::Light => false,
            Choice::Dark => true,
            Choice::System => self.system_dark,
        };
        let params = match &self.screen {
            Screen::FirstRun(page) => page.progress().params(),
            _ => self.model.params,
        };
        let [red, green, blue] = params.accent_rgb;
        Theme::new(
            dark,
            self.model.prefs.contrast,
            iced::Color::from_rgb8(red, green, blue),
        )
    }

    /// The user's scale.
    pub fn scale_factor(&self) -> f32 {
        self.model.prefs.scale_factor()
    }

    /// What is listened to now.
    pub fn subscription(&self) -> Subscription<Message> {
        let mut all = vec![
            iced::event::listen_with(keys::listen),
            iced::window::close_requests().map(|_| Message::CloseRequested),
            iced::system::theme_changes().map(Message::SystemTheme),
            iced::time::every(self.tick()).map(|_| Message::Tick),
        ];
        if self.launch.minimised {
            all.push(iced::window::open_events().map(Message::WindowOpened));
        }
        if let Some(start) = &self.start {
            all.push(Subscription::run_with(start.clone(), link::run).map(Message::LinkTold));
        }
        if let Some(watch) = self
            .model
            .wallet
            .as_ref()
            .and_then(|w| self.link.watch(&w.name))
        {
            let events = Subscription::run_with(watch, link::Watch::events);
            all.push(events.map(|(name, event)| Message::WalletTold(name, event)));
        }
        if let Some(meeting) = &self.meeting {
            all.push(Subscription::run_with(meeting.clone(), Meeting::texts).map(Message::Link));
        }
        if self.trace.is_some() {
            all.push(iced::time::every(crate::trace::BEAT).map(|_| Message::Beat));
            if !self.first_frame {
                all.push(iced::window::frames().map(|_| Message::Frame));
            }
        }
        Subscription::batch(all)
    }

    /// How often the clock is looked at: each second only while something counts seconds.
    fn tick(&self) -> std::time::Duration {
        use ipc_schema::LockState;
        let unlocked = self
            .model
            .wallet
            .as_ref()
            .is_some_and(|wallet| matches!(wallet.lock(), LockState::Unlocked { .. }));
        let counting = unlocked
            || !self.model.connection.is_up()
            || self.model.silent_since.is_some()
            || self.model.running_tasks() > 0
            || self.model.is_catching_up();
        std::time::Duration::from_secs(if counting { 1 } else { 20 })
    }
}

/// The name of a message in the trace, without its contents.
fn trace_name(message: &Message) -> String {
    use std::fmt::Write as _;
    let mut name = Name(String::new());
    // The error is the end of the name.
    let _ = write!(name, "{message:?}");
    name.0
}

/// Takes the first word alone, so that a long message is not written out to be thrown away.
struct Name(String);

impl std::fmt::Write for Name {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        match text.find(['(', ' ', '{']) {
            Some(end) => {
                self.0.push_str(&text[..end]);
                Err(std::fmt::Error)
            }
            None => {
                self.0.push_str(text);
                Ok(())
            }
        }
    }
}

/// The clock, in seconds since 1970.
pub(crate) fn now() -> i64 {
    let age = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    age.map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX))
}

/// The program as iced runs it; tests run the same one without a display.
pub fn program(
    launch: Launch,
) -> iced::Application<impl iced::Program<State = App, Message = Message, Theme = Theme>> {
    let launch = Arc::new(launch);
    let boot = move || {
        HAS_DISPLAY.store(true, Ordering::Relaxed);
        App::boot((*launch).clone())
    };
    let mut app = iced::application(boot, App::update, App::view)
        .title(App::title)
        .theme(App::theme)
        .subscription(App::subscription)
        .scale_factor(App::scale_factor)
        .default_font(crate::theme::fonts::TEXT)
        .exit_on_close_request(false)
        .window(iced::window::Settings {
            size: iced::Size::new(1080.0, 740.0),
            min_size: Some(iced::Size::new(480.0, 400.0)),
            exit_on_close_request: false,
            icon: crate::theme::mark::window_icon(),
            ..iced::window::Settings::default()
        });
    for font in crate::theme::fonts::all() {
        app = app.font(font);
    }
    app
}

/// Whether a display took the program, which is known when the first state is asked for.
static HAS_DISPLAY: AtomicBool = AtomicBool::new(false);

/// Lets a crash leave its report in the window's folder; the next start shows it. Nothing is sent anywhere.
///
/// The library underneath panics where there is no display: that is no crash, and `no_display` ends the program.
pub fn report_crashes(store: &Store, no_display: fn() -> !) {
    let path = store.folder().join(setup::CRASH_FILE);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !HAS_DISPLAY.load(Ordering::Relaxed) {
            no_display();
        }
        let trace = std::backtrace::Backtrace::force_capture();
        let report = format!("bitq-gui {}\n{info}\n{trace}\n", common::VERSION);
        // There is nobody left to tell where this fails.
        drop(std::fs::write(&path, report));
        before(info);
    }));
}
