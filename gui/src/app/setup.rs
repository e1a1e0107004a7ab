//! The start: from the command line and the files of the window to a link, or to the first run.

mod switches;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use common::options::{CommandLine, Config, OptionsError};
use iced::Task;
use primitives::{ChainParams, Coin, Network};

use super::trouble::{Trouble, chain_of};
use super::{App, Message, Overlay, Pages, Screen, now};
use crate::link::instance::{Meeting, Start, meet};
use crate::link::{self, Link, Plan};
use crate::model::first_run::{Progress, Step};
use crate::model::prefs::{Broken, Prefs, Shared, Store};
use crate::model::{Model, clock};
use crate::page::{PageId, console, first_run};
use crate::trace::Trace;

pub use switches::Switches;

/// What the program was started with.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The options as typed.
    pub command_line: CommandLine,
    /// Where the window keeps its files.
    pub store: Store,
    /// A payment link.
    pub link: Option<String>,
    /// Begin without showing the window.
    pub minimised: bool,
    /// Where node and wallet are; `None`: beside this program.
    pub programs: Option<PathBuf>,
}

/// What the disk said, read in a task.
#[derive(Debug, Clone)]
pub struct Boot {
    shared: Shared,
    prefs: Prefs,
    broken: Vec<Broken>,
    crash: Option<String>,
    zone: clock::Zone,
    params: &'static ChainParams,
    next: Next,
}

/// Where the start leads.
#[derive(Debug, Clone)]
enum Next {
    /// To the questions.
    FirstRun(Progress),
    /// To the node.
    Run(Ready),
    /// Nowhere: with what says why.
    Fail(Box<Trouble>),
}

/// A link that can be started.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) plan: Arc<Plan>,
    pub(super) meeting: Option<Meeting>,
    pub(super) handed_over: bool,
}

/// The file in which a crash leaves its report.
pub(crate) const CRASH_FILE: &str = "crash.txt";

/// Options that stand for a network, beside `chain`.
const SWITCHES: [&str; 4] = ["regtest", "testnet", "testnet4", "signet"];

/// Whether the command line says which node is meant.
fn named_chain(command_line: &CommandLine) -> bool {
    ["coin", "chain", "datadir", "conf", "ipcconnect"]
        .iter()
        .chain(&SWITCHES)
        .any(|name| command_line.is_set(name))
}

/// The first run's answers with what the command line says about coin, network and folder.
fn with_command_line(mut progress: Progress, command_line: &CommandLine) -> Progress {
    let names_one = ["coin", "chain", "conf"].iter().chain(&SWITCHES);
    if names_one.into_iter().any(|name| command_line.is_set(name))
        && let Some(params) = chain_of(command_line)
    {
        (progress.coin, progress.network) = (params.coin, params.network);
    }
    let datadir = command_line.text("datadir").filter(|text| !text.is_empty());
    if let Some(text) = datadir {
        progress.datadir = std::path::absolute(text).ok();
    }
    progress
}

pub(super) fn boot(launch: Launch) -> (App, Task<Message>) {
    let params = ChainParams::get(Coin::default(), Network::Main);
    let time = now();
    let app = App {
        screen: Screen::Starting,
        model: Model::new(params, Prefs::default(), time),
        page: PageId::default(),
        pages: Pages::default(),
        overlay: Overlay::None,
        link: Link::default(),
        start: None,
        store: launch.store.clone(),
        shared: Shared::default(),
        toasts: Vec::new(),
        next_toast: 0,
        system_dark: false,
        meeting: None,
        pending_link: launch.link.clone(),
        broken: Vec::new(),
        crash: None,
        trace: Trace::from_environment(),
        first_frame: false,
        sandbox: false,
        history_loading: false,
        drafts: std::collections::HashMap::new(),
        clock: None,
        launch: launch.clone(),
    };
    let theme = iced::system::theme().map(Message::SystemTheme);
    (app, Task::batch([read_again(launch), theme]))
}

/// Reads everything a start needs, in a task.
pub(super) fn read_again(launch: Launch) -> Task<Message> {
    let read = async move {
        let work = move || Box::new(read(&launch));
        tokio::task::spawn_blocking(work).await.ok()
    };
    Task::perform(read, |boot| boot.map_or(Message::Nothing, Message::Booted))
}

/// Reads everything a start needs. Touches the disk.
fn read(launch: &Launch) -> Boot {
    let (shared, broken_shared) = launch.store.read_shared();
    let crash_path = launch.store.folder().join(CRASH_FILE);
    let crash = std::fs::read_to_string(&crash_path).ok();
    drop(std::fs::remove_file(&crash_path));
    let wants_questions = Switches::read(&launch.command_line, &launch.store).choose_datadir;
    let named = named_chain(&launch.command_line);
    let sandbox = shared.sandbox.map(|coin| (coin, Network::Regtest));
    let known = shared.set_up || sandbox.is_some();
    let (params, next) = if wants_questions || !(named || known) {
        let mut progress = shared.first_run.clone().unwrap_or_default();
        if wants_questions {
            progress = with_command_line(progress, &launch.command_line);
            progress.step = Step::Storage;
        }
        (progress.params(), Next::FirstRun(progress))
    } else {
        let chain = if named {
            None
        } else {
            sandbox.or(shared.chain)
        };
        match configure(launch, chain, None) {
            Ok((config, command_line)) => (config.params(), ready(&config, command_line, launch)),
            Err(trouble) => {
                let known = chain.or(shared.chain).unwrap_or_default();
                let named = chain_of(&launch.command_line).filter(|_| named);
                let params = named.unwrap_or_else(|| ChainParams::get(known.0, known.1));
                (params, Next::Fail(trouble))
            }
        }
    };
    let (prefs, broken_prefs) = launch.store.read_prefs(params);
    let broken = broken_shared.into_iter().chain(broken_prefs).collect();
    Boot {
        shared,
        prefs,
        broken,
        crash,
        zone: clock::Zone::system(),
        params,
        next,
    }
}

/// Reads the node's configuration for a chain. Touches the disk.
fn configure(
    launch: &Launch,
    chain: Option<(Coin, Network)>,
    datadir: Option<&std::path::Path>,
) -> Result<(Config, CommandLine), Box<Trouble>> {
    let mut command_line = launch.command_line.clone();
    if let Some((coin, network)) = chain {
        let params = ChainParams::get(coin, network);
        let stored = launch.store.read_prefs(params).0.datadir;
        let datadir = datadir.map(std::path::Path::to_owned).or(stored);
        if let Some(path) = &datadir {
            common::datadir::create_private(path)
                .map_err(|error| Box::new(Trouble::of_folder(&error)))?;
        }
        push_chain(&mut command_line, params, datadir)
            .map_err(|error| Box::new(Trouble::of(&launch.command_line, &error)))?;
    }
    match Config::load(command_line.clone()) {
        Ok(config) => Ok((config, command_line)),
        Err(error) => Err(Box::new(Trouble::of(&command_line, &error))),
    }
}

/// Puts the chain that was decided for, and its folder, behind what was typed.
fn push_chain(
    command_line: &mut CommandLine,
    params: &ChainParams,
    datadir: Option<PathBuf>,
) -> Result<(), OptionsError> {
    // Two options that name a network contradict each other, so the typed one is taken back.
    for name in SWITCHES {
        if command_line.is_set(name) {
            command_line.push(name, "0")?;
        }
    }
    command_line.push("coin", params.coin.id())?;
    command_line.push("chain", params.network.id())?;
    match datadir {
        Some(path) => command_line.push("datadir", &path.display().to_string()),
        None => Ok(()),
    }
}

fn ready(config: &Config, command_line: CommandLine, launch: &Launch) -> Next {
    let plan = match Plan::new(config, command_line, launch.programs.as_deref()) {
        Ok(plan) => Arc::new(plan),
        Err(error) => return Next::Fail(Box::new(Trouble::other(error))),
    };
    let text = launch.link.clone().unwrap_or_default();
    match meet(&plan.network_dir, &text) {
        Start::HandedOver => Next::Run(Ready {
            plan,
            meeting: None,
            handed_over: true,
        }),
        Start::First(meeting) => Next::Run(Ready {
            plan,
            meeting,
            handed_over: false,
        }),
    }
}

impl App {
    /// Goes on with what the disk said.
    pub(super) fn booted(&mut self, boot: Boot) -> Task<Message> {
        let Boot {
            shared,
            prefs,
            broken,
            crash,
            zone,
            params,
            next,
        } = boot;
        let old = (self.model.params.coin, self.model.params.network);
        if self.start.is_some() && old != (params.coin, params.network) {
            // What was begun on the other chain has no meaning on this one.
            self.pages = Pages::default();
            self.drafts.clear();
        }
        self.shared = shared;
        // A chain that was named instead is none to play with.
        self.sandbox = self.shared.sandbox.is_some() && !named_chain(&self.launch.command_line);
        self.broken = broken;
        self.crash = crash;
        self.model = Model::new(params, prefs, now());
        self.model.zone = zone;
        self.pages.console = console::Page::new(self.model.prefs.console_history.clone());
        match next {
            Next::FirstRun(progress) => self.begin_first_run(progress),
            Next::Run(ready) if ready.handed_over => iced::exit(),
            Next::Run(ready) => {
                self.start_link(ready);
                // Links are read by the rules of the chain, which is known from here on.
                let link = self.pending_link.take();
                link.map_or_else(Task::none, |text| self.pay(&text))
            }
            Next::Fail(trouble) => {
                tracing::warn!(target: "ipc", "{}", trouble.words());
                self.show_trouble(*trouble);
                Task::none()
            }
        }
    }

    pub(super) fn begin_first_run(&mut self, progress: Progress) -> Task<Message> {
        let resumed = progress.step > Step::Storage;
        let (mut page, task) = first_run::Page::new(progress.clone());
        page.prepare(&self.model);
        self.screen = Screen::FirstRun(Box::new(page));
        let task = task.map(Message::FirstRun);
        // The node was at work behind these steps when they were left.
        if resumed {
            Task::batch([task, self.start_chain(&progress)])
        } else {
            task
        }
    }

    pub(super) fn start_link(&mut self, ready: Ready) {
        let number = self.start.as_ref().map_or(0, |start| start.number) + 1;
        self.meeting = ready.meeting;
        self.start = Some(link::Start {
            number,
            plan: ready.plan,
        });
    }

    /// Starts the node for what was decided in the first run.
    pub(super) fn start_chain(&mut self, progress: &Progress) -> Task<Message> {
        // A wallet without passphrase is made unasked on the chain of "try it safely" alone.
        self.sandbox = false;
        let launch = self.launch.clone();
        let chain = (progress.coin, progress.network);
        let datadir = progress.datadir.clone();
        let shared = self.shared.clone();
        let read = move || {
            let params = ChainParams::get(chain.0, chain.1);
            let (mut prefs, broken) = launch.store.read_prefs(params);
            prefs.datadir.clone_from(&datadir);
            let next = match configure(&launch, Some(chain), datadir.as_deref()) {
                Ok((config, command_line)) => ready(&config, command_line, &launch),
                Err(trouble) => Next::Fail(trouble),
            };
            let broken = broken.into_iter().collect();
            let zone = clock::Zone::system();
            Box::new(Boot {
                shared,
                prefs,
                broken,
                crash: None,
                zone,
                params,
                next,
            })
        };
        let call = async move { tokio::task::spawn_blocking(read).await.ok() };
        Task::perform(call, |boot| boot.map_or(Message::Nothing, Message::Booted))
    }
}
