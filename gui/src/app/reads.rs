//! What is read over the link, and when: never on a timer, only when something said that it changed.

use iced::Task;
use ipc_schema::{TxCursor, TxQuery};

use super::{App, Message};
use crate::model::wallet::Refresh;

/// Rows per page of history.
const PAGE: u32 = 500;
/// Rows of addresses and coins that come at once.
pub(super) const CHUNK: u32 = 500;

impl App {
    pub(super) fn read_wallets(&self) -> Task<Message> {
        let wallet = self.link.wallet();
        Task::perform(async move { wallet?.wallets().await }, Message::WalletList)
    }

    pub(super) fn read_settings(&self) -> Task<Message> {
        let node = self.link.node();
        Task::perform(async move { node?.settings().await }, Message::SettingsRead)
    }

    pub(super) fn read_commands(&self) -> Task<Message> {
        let node = self.link.node();
        Task::perform(
            async move { node?.rpc_commands().await },
            Message::CommandsRead,
        )
    }

    pub(super) fn read_history(&mut self, before: Option<TxCursor>) -> Task<Message> {
        let (wallet, name) = (self.link.wallet(), self.wallet_name());
        self.history_loading = true;
        let of = name.clone();
        let query = TxQuery {
            before,
            limit: PAGE,
            filter: String::new(),
        };
        let call = async move { wallet?.transactions(name, query).await };
        let first = before.is_none();
        Task::perform(call, move |result| {
            Message::HistoryRead(of.clone(), first, result)
        })
    }

    pub(super) fn read_addresses(&self, skip: u32) -> Task<Message> {
        let (wallet, name) = (self.link.wallet(), self.wallet_name());
        let of = name.clone();
        let call = async move { wallet?.addresses(name, skip).await };
        Task::perform(call, move |result| {
            Message::AddressesRead(of.clone(), skip, result)
        })
    }

    pub(super) fn read_coins(&self, skip: u32) -> Task<Message> {
        let (wallet, name) = (self.link.wallet(), self.wallet_name());
        let of = name.clone();
        let call = async move { wallet?.coins(name, skip).await };
        Task::perform(call, move |result| {
            Message::CoinsRead(of.clone(), skip, result)
        })
    }

    fn read_fees(&self) -> Task<Message> {
        let (wallet, name) = (self.link.wallet(), self.wallet_name());
        let of = name.clone();
        let call = async move { wallet?.fees(name).await };
        Task::perform(call, move |result| Message::FeesRead(of.clone(), result))
    }

    pub(super) fn refresh(&mut self, refresh: Refresh) -> Task<Message> {
        let mut reads = Vec::new();
        if refresh.history {
            reads.push(self.read_history(None));
        }
        if refresh.addresses {
            reads.push(self.read_addresses(0));
        }
        if refresh.coins {
            reads.push(self.read_coins(0));
        }
        if refresh.fees {
            reads.push(self.read_fees());
        }
        Task::batch(reads)
    }

    pub(super) fn wallet_name(&self) -> String {
        self.context().wallet_name()
    }

    /// Whether `name` is still the wallet in view: late answers of another one are dropped.
    pub(super) fn is_shown(&self, name: &str) -> bool {
        self.model
            .wallet
            .as_ref()
            .is_some_and(|wallet| wallet.name == name)
    }
}
