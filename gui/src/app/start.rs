//! The first run and its end.

use iced::Task;
use primitives::{Coin, Network};

use super::{App, Message, Screen};
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
                self.shared.first_run = Some(progress.clone());
                self.shared.chain = Some((progress.coin, progress.network));
                let start = self.start_chain(&progress);
                Task::batch([self.write_shared(), start])
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
        self.sandbox = true;
        self.start_chain(&progress)
    }

    fn finish_first_run(&mut self, progress: Progress) -> Task<Message> {
        self.shared.chain = Some((progress.coin, progress.network));
        self.shared.first_run = None;
        self.shared.set_up = true;
        self.page = PageId::Overview;
        self.screen = Screen::Main;
        self.model.prefs.datadir.clone_from(&progress.datadir);
        if let Some(name) = &progress.wallet {
            self.model.prefs.wallet.clone_from(name);
        }
        let write = Task::batch([self.write_shared(), self.write_prefs()]);
        if self.start.is_some() {
            Task::batch([write, self.show_wallet(progress.wallet.unwrap_or_default())])
        } else {
            self.screen = Screen::Starting;
            Task::batch([write, self.start_chain(&progress)])
        }
    }
}
