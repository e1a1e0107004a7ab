//! The first run and its end.

use iced::Task;
use primitives::{Coin, Network};

use super::{App, Message, Overlay, Screen};
use crate::model::first_run::Progress;
use crate::page::PageId;
use crate::page::first_run::Outcome;

impl App {
    pub(super) fn first_run_outcome(&mut self, outcome: Outcome) -> Task<Message> {
        match outcome {
            Outcome::Keep(progress) => {
                self.shared.first_run = Some(progress);
                self.write_shared()
            }
            Outcome::Start(progress) => {
                self.shared.sandbox = None;
                self.shared.first_run = Some(progress.clone());
                self.shared.chain = Some((progress.coin, progress.network));
                let params = self.model.params;
                let same = (params.coin, params.network) == (progress.coin, progress.network)
                    && self.model.prefs.datadir == progress.datadir;
                // A second node would wait for the files of the first.
                let start = if same && self.model.connection.is_up() {
                    Task::none()
                } else {
                    self.start_chain(&progress)
                };
                Task::batch([self.write_shared(), start])
            }
            Outcome::Left => {
                self.shared.first_run = None;
                self.screen = Screen::Main;
                self.write_shared()
            }
            Outcome::Sandbox(coin) => self.sandbox(coin),
            Outcome::Finished(progress) => self.finish_first_run(progress),
        }
    }

    /// A private chain; the questions stay open for the day when the real network is wanted.
    fn sandbox(&mut self, coin: Coin) -> Task<Message> {
        let progress = Progress {
            coin,
            network: Network::Regtest,
            ..Progress::default()
        };
        self.screen = Screen::Starting;
        self.page = PageId::Overview;
        self.shared.sandbox = Some(coin);
        let start = self.start_chain(&progress);
        self.sandbox = true;
        Task::batch([self.write_shared(), start])
    }

    fn finish_first_run(&mut self, progress: Progress) -> Task<Message> {
        self.shared.chain = Some((progress.coin, progress.network));
        self.shared.first_run = None;
        self.shared.set_up = true;
        self.shared.sandbox = None;
        // A link that the program was started with has waited for a wallet.
        self.page = match self.pages.send.draft() {
            Some(_) => PageId::Send,
            None => PageId::Overview,
        };
        self.screen = Screen::Main;
        self.model.prefs.datadir.clone_from(&progress.datadir);
        if let Some(name) = &progress.wallet {
            self.model.prefs.wallet.clone_from(name);
        }
        let write = Task::batch([self.write_shared(), self.write_prefs()]);
        if self.start.is_some() {
            let show = match progress.wallet {
                Some(name) => self.show_wallet(name),
                None => self.read_wallets(),
            };
            Task::batch([write, show])
        } else {
            self.screen = Screen::Starting;
            Task::batch([write, self.start_chain(&progress)])
        }
    }

    /// The node that was found is of another chain: the window goes there.
    pub(super) fn switch_chain(&mut self, coin: Coin, network: Network) -> Task<Message> {
        self.shared.chain = Some((coin, network));
        self.shared.sandbox = None;
        self.screen = Screen::Starting;
        self.page = PageId::Overview;
        let progress = Progress {
            coin,
            network,
            ..Progress::default()
        };
        Task::batch([self.write_shared(), self.start_chain(&progress)])
    }

    /// Begins with the questions, at the chain of this window.
    pub(super) fn choose_chain(&mut self) -> Task<Message> {
        let params = self.model.params;
        self.overlay = Overlay::None;
        let task = self.begin_first_run(Progress {
            coin: params.coin,
            network: params.network,
            datadir: self.model.prefs.datadir.clone(),
            ..Progress::default()
        });
        if let Screen::FirstRun(page) = &mut self.screen {
            page.may_leave();
        }
        task
    }

    /// Sets all choices of the window back; the old files stay beside the new ones.
    pub(super) fn reset(&mut self) -> Task<Message> {
        self.overlay = Overlay::None;
        let store = self.store.clone();
        let work = move || {
            store
                .reset_all()
                .map_err(|error| format!("The window's settings cannot be set back: {error}."))
        };
        let call = async move {
            let done = tokio::task::spawn_blocking(work).await;
            done.unwrap_or_else(|_| Err("Setting the choices back was interrupted.".to_owned()))
        };
        Task::perform(call, Message::ResetDone)
    }

    /// Takes the option that was stored last back.
    pub(super) fn forget_setting(&mut self, name: String) -> Task<Message> {
        let Some(start) = &self.start else {
            return Task::none();
        };
        let plan = std::sync::Arc::clone(&start.plan);
        self.model.last_setting = None;
        let call = async move {
            let done = tokio::task::spawn_blocking(move || plan.forget_setting(&name)).await;
            done.unwrap_or_else(|_| Err("Taking the option back was interrupted.".to_owned()))
        };
        Task::perform(call, Message::SettingForgotten)
    }
}
