//! Work on many rows, done beside the window: lists are sorted and searched there, and swapped in when they are done.

use iced::Task;

use super::{App, Message, Overlay};
use crate::model::coins::SortedCoins;
use crate::model::history::Arranged;

/// Does `work` where it holds nobody up.
fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    done: impl FnOnce(Option<T>) -> Message + Send + 'static,
) -> Task<Message> {
    let call = async move { tokio::task::spawn_blocking(work).await.ok() };
    Task::perform(call, done)
}

impl App {
    /// Begins what is due for the lists of the wallet in view.
    pub(super) fn arrange(&mut self) -> Task<Message> {
        let Some(wallet) = &mut self.model.wallet else {
            return Task::none();
        };
        let mut tasks = Vec::new();
        if let Some(work) = wallet.history.work() {
            let name = wallet.name.clone();
            let done = |done| Message::Arranged(name, done);
            tasks.push(beside(move || work.run(), done));
        }
        if let Some(work) = wallet.coin_work() {
            let name = wallet.name.clone();
            let done = |done| Message::CoinsSorted(name, done);
            tasks.push(beside(move || work.run(), done));
        }
        Task::batch(tasks)
    }

    /// Takes in a list that was worked out, and begins what became due meanwhile.
    pub(super) fn arranged(&mut self, done: Option<Arranged>) -> Task<Message> {
        let failed = done.is_none();
        if let Some(wallet) = &mut self.model.wallet {
            wallet.history.arranged(done);
        }
        self.arrange_unless(failed)
    }

    /// The same for coins.
    pub(super) fn coins_sorted(&mut self, done: Option<SortedCoins>) -> Task<Message> {
        let failed = done.is_none();
        if let Some(wallet) = &mut self.model.wallet {
            wallet.coins_sorted(done);
        }
        self.arrange_unless(failed)
    }

    /// What failed is not tried again at once: the next change does.
    fn arrange_unless(&mut self, failed: bool) -> Task<Message> {
        if failed { Task::none() } else { self.arrange() }
    }

    /// Looks up in the wallet what was typed into the palette.
    pub(super) fn search(&mut self) -> Task<Message> {
        let Overlay::Palette(palette) = &mut self.overlay else {
            return Task::none();
        };
        let Some(search) = palette.search(&self.model) else {
            return Task::none();
        };
        let query = search.query().to_owned();
        let found = |hits: Option<_>| Message::PaletteFound(query, hits.unwrap_or_default());
        beside(move || search.run(), found)
    }
}
