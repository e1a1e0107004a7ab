//! First run: coin and network, storage, a wallet, a backup that was proved. Can be left and resumed at every step.

mod view;

use std::path::PathBuf;

use iced::Task;
use primitives::{ChainParams, Coin, Network};

use super::wallets::{backup, create, restore};
use super::{Context, Event, Update};
use crate::Element;
use crate::link::files::{Pick, pick};
use crate::link::probe::{self, Found};
use crate::model::Model;
use crate::model::first_run::{Place, Progress, Step, judge};

/// What the first run asks of the window.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Keep where it stands.
    Keep(Progress),
    /// Coin, network and place are decided: start the node.
    Start(Progress),
    /// Open a private chain of this coin.
    Sandbox(Coin),
    /// Everything is decided.
    Finished(Progress),
    /// All stays as it was.
    Left,
}

/// What is done about a wallet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WalletChoice {
    /// A new one.
    #[default]
    Create,
    /// From a backup.
    Restore,
    /// None now.
    Later,
}

/// The page.
#[derive(Debug)]
pub struct Page {
    progress: Progress,
    default_dir: Option<PathBuf>,
    own_dir: bool,
    dir_text: String,
    place: Place,
    /// Counts looks at the disk, so that late answers are known as late.
    look: u64,
    found: Option<Found>,
    choice: WalletChoice,
    create: create::Form,
    restore: restore::Form,
    backup: Option<backup::Form>,
    /// There is a window to go back to.
    may_leave: bool,
}

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// A coin was chosen.
    Coin(Coin),
    /// A network was chosen.
    Network(Network),
    /// A running node was found, or none.
    Probed(Coin, Network, Option<Found>),
    /// Go on with the running node.
    UseRunning,
    /// Try it on a private chain.
    Sandbox,
    /// The default folder or an own one.
    OwnDir(bool),
    /// The path was edited.
    Dir(String),
    /// Open the folder chooser.
    BrowseDir,
    /// A folder was chosen, or none.
    DirChosen(Option<PathBuf>),
    /// The disk was looked at.
    Judged(u64, Place),
    /// Next step.
    Continue,
    /// The step before.
    Back,
    /// What to do about a wallet.
    Choose(WalletChoice),
    /// The form for a new wallet.
    Create(create::Message),
    /// The form for a backup file.
    Restore(restore::Message),
    /// The backup.
    Backup(backup::Message),
    /// To the window.
    Finish,
}

impl Page {
    /// Begins, or goes on where it was left.
    pub fn new(progress: Progress) -> (Self, Task<Message>) {
        let own = progress.datadir.clone();
        let mut page = Self {
            default_dir: common::datadir::default_base(progress.coin).ok(),
            own_dir: own.is_some(),
            dir_text: own
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
            place: Place::Unknown,
            look: 0,
            found: None,
            choice: WalletChoice::default(),
            create: create::Form::default(),
            restore: restore::Form::default(),
            backup: None,
            may_leave: false,
            progress,
        };
        let task = Task::batch([page.look_at_disk(), page.probe()]);
        (page, task)
    }

    /// Lets the way back from the first question lead to the window as it was.
    pub fn may_leave(&mut self) {
        self.may_leave = true;
    }

    /// Whether the way back leads out of the questions.
    fn leads_out(&self) -> bool {
        self.may_leave && self.progress.step == Step::Coin
    }

    /// Where it stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    fn params(&self) -> &'static ChainParams {
        self.progress.params()
    }

    fn chosen_dir(&self) -> Option<PathBuf> {
        if self.own_dir {
            let text = self.dir_text.trim();
            (!text.is_empty()).then(|| PathBuf::from(text))
        } else {
            self.default_dir.clone()
        }
    }

    /// Looks at the disk in another thread.
    fn look_at_disk(&mut self) -> Task<Message> {
        self.look += 1;
        let (look, params) = (self.look, self.params());
        let Some(dir) = self.chosen_dir() else {
            self.place = Place::Unusable("Choose a folder.".to_owned());
            return Task::none();
        };
        self.place = Place::Unknown;
        let work = move || look_at(&dir, params);
        let call = async move {
            let place = tokio::task::spawn_blocking(work).await;
            place.unwrap_or_else(|_| Place::Unusable("Looking at the disk failed.".to_owned()))
        };
        Task::perform(call, move |place| Message::Judged(look, place))
    }

    /// Looks for a node of this chain that runs already.
    fn probe(&mut self) -> Task<Message> {
        self.found = None;
        let (coin, network) = (self.progress.coin, self.progress.network);
        Task::perform(probe::probe(self.params()), move |found| {
            Message::Probed(coin, network, found)
        })
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::Coin(coin) => {
                self.progress.coin = coin;
                self.default_dir = common::datadir::default_base(coin).ok();
                return Update::task(Task::batch([self.look_at_disk(), self.probe()]));
            }
            Message::Network(network) => {
                self.progress.network = network;
                return Update::task(Task::batch([self.look_at_disk(), self.probe()]));
            }
            Message::Probed(coin, network, found) => {
                if (coin, network) == (self.progress.coin, self.progress.network) {
                    self.found = found;
                }
            }
            Message::UseRunning => {
                return Update::event(Event::FirstRun(Outcome::Finished(self.progress.clone())));
            }
            Message::Sandbox => {
                return Update::event(Event::FirstRun(Outcome::Sandbox(self.progress.coin)));
            }
            Message::OwnDir(own) => {
                self.own_dir = own;
                return Update::task(self.look_at_disk());
            }
            Message::Dir(text) => {
                self.dir_text = text;
                return Update::task(self.look_at_disk());
            }
            Message::BrowseDir => {
                let start = self.chosen_dir().unwrap_or_default();
                let call = pick(Pick::Folder, "Choose a folder for the chain", start);
                return Update::task(Task::perform(call, Message::DirChosen));
            }
            Message::DirChosen(Some(path)) => {
                self.dir_text = path.display().to_string();
                return Update::task(self.look_at_disk());
            }
            Message::DirChosen(None) => {}
            Message::Judged(look, place) => {
                if look == self.look {
                    self.place = place;
                }
            }
            Message::Continue => return self.go_on(context.model),
            Message::Back => return self.go_back(),
            other => return self.update_wallet(other, context),
        }
        Update::none()
    }

    fn update_wallet(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::Choose(choice) => {
                self.choice = choice;
                Update::none()
            }
            Message::Create(message) => {
                let (task, made) = self.create.update(message, context);
                self.wallet_made(task.map(Message::Create), made, context.model)
            }
            Message::Restore(message) => {
                let (task, made) = self.restore.update(message, context);
                self.wallet_made(task.map(Message::Restore), made, context.model)
            }
            Message::Backup(message) => {
                let Some(form) = &mut self.backup else {
                    return Update::none();
                };
                let update = Update::task(form.update(message, context).map(Message::Backup));
                let saved = form.saved_path();
                if saved == self.progress.backup {
                    return update;
                }
                self.progress.backup = saved;
                update.and(self.keep())
            }
            Message::Finish => {
                Update::event(Event::FirstRun(Outcome::Finished(self.progress.clone())))
            }
            _ => Update::none(),
        }
    }

    fn wallet_made(
        &mut self,
        task: Task<Message>,
        made: Option<create::Made>,
        model: &Model,
    ) -> Update<Message> {
        let update = Update::task(task);
        let Some(made) = made else { return update };
        self.backup = Some(backup::Form::new(&made.name, model));
        self.progress.wallet = Some(made.name);
        self.progress.step = Step::Backup;
        update.and(self.keep())
    }

    fn keep(&self) -> Event {
        Event::FirstRun(Outcome::Keep(self.progress.clone()))
    }

    fn go_on(&mut self, model: &Model) -> Update<Message> {
        match self.progress.step {
            Step::Coin => {
                self.progress.step = Step::Storage;
                Update::event(self.keep())
            }
            Step::Storage => {
                if !self.place.can_be_chosen() {
                    return Update::none();
                }
                self.progress.datadir = self.own_dir.then(|| self.chosen_dir()).flatten();
                self.progress.step = Step::Wallet;
                Update::event(Event::FirstRun(Outcome::Start(self.progress.clone())))
            }
            Step::Wallet if self.choice == WalletChoice::Later => {
                Update::event(Event::FirstRun(Outcome::Finished(self.progress.clone())))
            }
            Step::Wallet => match self.progress.wallet.clone() {
                Some(name) => {
                    self.backup
                        .get_or_insert_with(|| backup::Form::new(&name, model));
                    self.progress.step = Step::Backup;
                    Update::event(self.keep())
                }
                None => Update::none(),
            },
            Step::Backup => {
                Update::event(Event::FirstRun(Outcome::Finished(self.progress.clone())))
            }
        }
    }

    fn go_back(&mut self) -> Update<Message> {
        if self.leads_out() {
            return Update::event(Event::FirstRun(Outcome::Left));
        }
        self.progress.step = match self.progress.step {
            Step::Coin | Step::Storage => Step::Coin,
            Step::Wallet => Step::Storage,
            Step::Backup => Step::Wallet,
        };
        Update::event(self.keep())
    }

    /// Makes sure that the backup step has its form after a resumed start.
    pub fn prepare(&mut self, model: &Model) {
        if let (Step::Backup, None, Some(name)) =
            (self.progress.step, &self.backup, &self.progress.wallet)
        {
            self.backup = Some(backup::Form::new(name, model));
        }
    }

    /// Draws the page.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        view::view(self, model)
    }
}

/// Judges a folder. Touches the disk.
fn look_at(dir: &std::path::Path, params: &ChainParams) -> Place {
    if !dir.is_absolute() {
        return Place::Unusable("Give the whole path, from the root on.".to_owned());
    }
    if !common::datadir::is_usable(dir) {
        return Place::Unusable(format!(
            "{} cannot be made or written. Check who owns it.",
            dir.display()
        ));
    }
    let network_dir = dir.join(params.data_subdir);
    if let Err(error) =
        common::datadir::check_foreign(&network_dir, params, common::datadir::Rebuild::default())
    {
        return Place::Unusable(error.to_string());
    }
    match common::datadir::free_space(dir) {
        Ok(free) => judge(free, params),
        Err(error) => Place::Unusable(error.to_string()),
    }
}
