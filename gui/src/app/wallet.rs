//! Wallets: which one is in view, its lock, and blocks made for it on a private chain.

use iced::Task;
use ipc_schema::{
    AddressRequest, CreateWallet, FaultCode, IpcError, NodeClient, Secret, WalletClient,
    WalletEvent, WalletListItem,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{App, Message, Overlay};
use crate::model::Wallet;
use crate::model::history::Next;
use crate::model::rows::discard;
use crate::page::{Context, send, words};
use crate::theme::Tone;

/// Label of the address that mined coins go to.
const MINED_LABEL: &str = "Mined";
/// Name of the wallet that a private chain begins with.
const PLAY_WALLET: &str = "Playground";

impl App {
    pub(super) fn wallet_list(
        &mut self,
        result: Result<Vec<WalletListItem>, IpcError>,
    ) -> Task<Message> {
        let Ok(list) = result else {
            return Task::none();
        };
        self.model.wallets = list;
        let first = !std::mem::replace(&mut self.model.wallets_known, true);
        let loaded: Vec<&str> = self
            .model
            .wallets
            .iter()
            .filter(|item| item.loaded)
            .map(|item| item.name.as_str())
            .collect();
        let shown = self.model.wallet.as_ref().map(|wallet| wallet.name.clone());
        if shown
            .as_ref()
            .is_some_and(|name| loaded.contains(&name.as_str()))
        {
            return Task::none();
        }
        // The wallet in view was closed by somebody else, such as a command: it stays closed. Right after a
        // connection is made, though, the one of last time is opened again.
        if !first && shown.as_deref() == Some(self.model.prefs.wallet.as_str()) {
            self.model.prefs.wallet.clear();
        }
        let wanted = self.model.prefs.wallet.as_str();
        let next = loaded
            .iter()
            .find(|name| **name == wanted)
            .or(loaded.first());
        if let Some(name) = next {
            let name = (*name).to_owned();
            return self.show_wallet(name);
        }
        discard(self.model.wallet.take());
        if !first && shown.is_some() {
            return self.write_prefs();
        }
        if self.sandbox && self.model.wallets.is_empty() {
            return self.play_wallet();
        }
        let on_disk = self.model.wallets.iter().any(|item| item.name == wanted);
        if on_disk && !wanted.is_empty() {
            self.open_wallet(wanted.to_owned())
        } else {
            Task::none()
        }
    }

    /// A wallet was closed on request. The name kept for the next start would open it again at once.
    pub(super) fn wallet_closed(&mut self, name: &str) -> Task<Message> {
        if self.is_shown(name) {
            discard(self.model.wallet.take());
        }
        for item in &mut self.model.wallets {
            item.loaded &= item.name != name;
        }
        let write = if self.model.prefs.wallet == name {
            self.model.prefs.wallet.clear();
            self.write_prefs()
        } else {
            Task::none()
        };
        Task::batch([write, self.read_wallets()])
    }

    /// A wallet for play money: there is nothing to protect, so there is nothing to ask.
    fn play_wallet(&self) -> Task<Message> {
        let wallet = self.link.wallet();
        let options = CreateWallet {
            name: PLAY_WALLET.to_owned(),
            load_on_startup: true,
            ..CreateWallet::default()
        };
        let call = async move { wallet?.create(options).await };
        Task::perform(call, |result| {
            Message::Opened(PLAY_WALLET.to_owned(), result)
        })
    }

    fn open_wallet(&self, name: String) -> Task<Message> {
        let wallet = self.link.wallet();
        let opened = name.clone();
        let call = async move { wallet?.open(name).await };
        Task::perform(call, move |result| Message::Opened(opened.clone(), result))
    }

    pub(super) fn show_wallet(&mut self, name: String) -> Task<Message> {
        let same = self
            .model
            .wallet
            .as_ref()
            .is_some_and(|wallet| wallet.name == name);
        let draft = if same {
            Task::none()
        } else {
            self.switch_draft(&name)
        };
        if !same {
            self.pages.receive = Default::default();
            self.pages.activity = Default::default();
            self.pages.coins = Default::default();
        }
        let changed = self.model.prefs.wallet != name;
        self.model.prefs.wallet = name;
        let write = if changed {
            self.write_prefs()
        } else {
            Task::none()
        };
        Task::batch([write, draft, self.read_wallets()])
    }

    /// Each wallet keeps its own draft of a payment, so that a look at another one costs nothing.
    fn switch_draft(&mut self, name: &str) -> Task<Message> {
        let old = self.wallet_name();
        self.note_draft();
        let context = Context {
            model: &self.model,
            link: &self.link,
        };
        let aside = self.pages.send.set_aside(&context).map(Message::Send);
        let mut before = std::mem::take(&mut self.pages.send);
        // A link that came before any wallet was in view is for this one.
        let waiting = self.model.wallet.is_none() && before.draft().is_some();
        let waiting = waiting.then(|| std::mem::take(&mut before));
        // The empty shell makes the subscription, whose first event is the state.
        let wallet = Wallet::new(name.to_owned());
        discard(self.model.wallet.replace(wallet));
        let kept = self.model.prefs.drafts.get(name);
        let mut draft = match (waiting, self.drafts.remove(name), kept) {
            (Some(draft), ..) | (None, Some(draft), _) => draft,
            (None, None, Some(kept)) => send::Page::with_draft(kept),
            (None, None, None) => send::Page::default(),
        };
        let context = Context {
            model: &self.model,
            link: &self.link,
        };
        let take_up = draft.take_up(&mut before, &context).map(Message::Send);
        self.pages.send = draft;
        if !before.is_untouched() {
            self.drafts.insert(old, before);
        }
        Task::batch([aside, take_up])
    }

    /// Puts the draft in view among what is kept for the next start; whether that changed anything.
    pub(super) fn note_draft(&mut self) -> bool {
        let Some(wallet) = &self.model.wallet else {
            return false;
        };
        let drafts = &mut self.model.prefs.drafts;
        match self.pages.send.draft() {
            Some(draft) if drafts.get(&wallet.name) == Some(&draft) => false,
            Some(draft) => {
                drafts.insert(wallet.name.clone(), draft);
                true
            }
            None => drafts.remove(&wallet.name).is_some(),
        }
    }

    /// Keeps the draft in view for the next start.
    pub(super) fn keep_draft(&mut self) -> Task<Message> {
        if self.note_draft() {
            self.write_prefs()
        } else {
            Task::none()
        }
    }

    pub(super) fn wallet_told(&mut self, name: &str, event: WalletEvent) -> Task<Message> {
        if !self.is_shown(name) {
            return Task::none();
        }
        let arrived = self.announce(&event);
        let Some(wallet) = &mut self.model.wallet else {
            return Task::none();
        };
        let closed = matches!(event, WalletEvent::Closed);
        let returns = wallet.returns_with(&event);
        let refresh = wallet.apply(event);
        // A wallet that was closed elsewhere gives way to another one.
        let list = if closed {
            self.read_wallets()
        } else {
            Task::none()
        };
        let draft = if returns {
            self.prepare_again()
        } else {
            Task::none()
        };
        Task::batch([self.refresh(refresh), arrived, list, draft, self.arrange()])
    }

    /// What the wallet had prepared went with its process.
    fn prepare_again(&mut self) -> Task<Message> {
        let context = Context {
            model: &self.model,
            link: &self.link,
        };
        let update = self.pages.send.begin_again(&context);
        let event = update
            .event
            .map_or_else(Task::none, |event| self.wish(event));
        Task::batch([update.task.map(Message::Send), event])
    }

    /// A notice for money that just came.
    fn announce(&mut self, event: &WalletEvent) -> Task<Message> {
        use ipc_schema::{TxKind, TxState};
        let WalletEvent::Delta(delta) = event else {
            return Task::none();
        };
        let Some(wallet) = &self.model.wallet else {
            return Task::none();
        };
        let new = delta.rows.iter().find(|row| {
            row.kind == TxKind::Received
                && row.state == TxState::InMempool
                && wallet.history.get(&row.txid).is_none()
        });
        let Some(row) = new else { return Task::none() };
        let money = self.model.money();
        let text = format!(
            "{} {} arriving: {}",
            money.signed(row.amount),
            money.unit().symbol,
            crate::page::activity::rows::name(row)
        );
        self.notify(Tone::Good, text)
    }

    pub(super) fn history_read(
        &mut self,
        name: &str,
        first: bool,
        result: Result<ipc_schema::TxPage, IpcError>,
    ) -> Task<Message> {
        self.history_loading = false;
        if !self.is_shown(name) {
            return Task::none();
        }
        let (Ok(page), Some(wallet)) = (result, &mut self.model.wallet) else {
            return Task::none();
        };
        let next = wallet.history.apply_page(page, first);
        if first && let Some(trace) = &mut self.trace {
            trace.event("first_history", json!({}));
        }
        if next == Next::Idle
            && let Some(trace) = &mut self.trace
        {
            trace.event("whole_history", json!({}));
        }
        let read = match next {
            Next::Page(cursor) => self.read_history(Some(cursor)),
            Next::Reload => self.read_history(None),
            Next::Idle => Task::none(),
        };
        Task::batch([read, self.arrange()])
    }

    pub(super) fn lock(&mut self) -> Task<Message> {
        let (wallet, name) = (self.link.wallet(), self.wallet_name());
        if self.model.wallet.is_none() {
            return Task::none();
        }
        Task::perform(async move { wallet?.lock(name).await }, Message::Locked)
    }

    pub(super) fn ask_passphrase(&mut self) -> Task<Message> {
        let passphrase = Zeroizing::default();
        self.overlay = Overlay::Unlock {
            passphrase,
            error: None,
            busy: false,
        };
        iced::widget::operation::focus("unlock-passphrase")
    }

    pub(super) fn unlock(&mut self) -> Task<Message> {
        let seconds = self.model.prefs.unlock_seconds;
        let (wallet, name) = (self.link.wallet(), self.wallet_name());
        let Overlay::Unlock {
            passphrase,
            busy,
            error,
        } = &mut self.overlay
        else {
            return Task::none();
        };
        if *busy || passphrase.is_empty() {
            return Task::none();
        }
        *busy = true;
        *error = None;
        let secret = Secret::new(passphrase.as_bytes().to_vec());
        *passphrase = Zeroizing::default();
        let call = async move { wallet?.unlock(name, secret, seconds).await };
        Task::perform(call, Message::Unlocked)
    }

    pub(super) fn unlocked(&mut self, result: Result<(), IpcError>) -> Task<Message> {
        match result {
            Ok(()) => {
                self.overlay = Overlay::None;
                Task::none()
            }
            Err(problem) => {
                let wrong = problem
                    .fault()
                    .is_some_and(|f| f.code == FaultCode::WrongPassphrase);
                if let Overlay::Unlock { error, busy, .. } = &mut self.overlay {
                    *busy = false;
                    *error = Some(if wrong {
                        "This is not the passphrase of the wallet.".to_owned()
                    } else {
                        words(&problem)
                    });
                }
                iced::widget::operation::focus("unlock-passphrase")
            }
        }
    }

    pub(super) fn mine(&mut self, blocks: u32) -> Task<Message> {
        let blocks = self.model.blocks_to_mine(blocks);
        let known = self.model.wallet.as_ref().and_then(|wallet| {
            let own = wallet
                .addresses
                .iter()
                .find(|row| row.is_mine && row.label == MINED_LABEL);
            own.map(|row| row.address.clone())
        });
        let (node, wallet, name) = (self.link.node(), self.link.wallet(), self.wallet_name());
        let call = async move { generate(node, wallet, name, known, blocks).await };
        Task::perform(call, Message::Mined)
    }
}

/// Makes blocks that pay to the wallet.
async fn generate(
    node: Result<NodeClient, IpcError>,
    wallet: Result<WalletClient, IpcError>,
    name: String,
    known: Option<String>,
    blocks: u32,
) -> Result<u32, String> {
    let said = |error: IpcError| words(&error);
    let (node, wallet) = (node.map_err(said)?, wallet.map_err(said)?);
    let address = match known {
        Some(address) => address,
        None => {
            let request = AddressRequest {
                label: MINED_LABEL.to_owned(),
                ..AddressRequest::default()
            };
            wallet
                .new_address(name, request)
                .await
                .map_err(said)?
                .address
        }
    };
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "generatetoaddress", "params": [blocks, address],
    });
    let answer = node
        .execute_rpc(body.to_string(), "/".to_owned())
        .await
        .map_err(said)?;
    let answer: Value =
        serde_json::from_str(&answer).map_err(|_| "The answer is not JSON.".to_owned())?;
    match answer.get("error").filter(|error| !error.is_null()) {
        Some(error) => {
            let message = error.get("message").and_then(Value::as_str);
            Err(message.unwrap_or("The node made no block.").to_owned())
        }
        None => Ok(blocks),
    }
}
