//! Send: compose, review, done. Nothing leaves the window before the review, and nothing is modal.

mod compose;
mod form;
mod review;
#[cfg(test)]
mod tests;

use iced::Task;
use iced::time::Duration;
use ipc_schema::{Broadcast, IpcError, PreparedSend, SendReply};
use primitives::{OutPoint, Txid};
use zeroize::Zeroizing;

use super::coins::{Chosen, list};
use super::{Context, Event, PageId, Update, words};
use crate::Element;
use crate::link::Link;
use crate::model::Model;
use crate::model::uri::PaymentRequest;
use crate::theme::Tone;

pub use form::{Edit, FeeChoice, Form, RecipientForm};

/// Time after the last key until the wallet is asked for a preview.
const PREVIEW_AFTER: Duration = Duration::from_millis(300);
/// How long the wallet stays unlocked for one payment, in seconds.
const UNLOCK_FOR_SEND: u32 = 60;

/// Where the payment stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stage {
    /// Filling in.
    #[default]
    Compose,
    /// Looking at what will be sent.
    Review,
    /// It is on its way.
    Done,
}

/// The page.
#[derive(Debug, Default)]
pub struct Page {
    stage: Stage,
    form: Form,
    /// Counts changes of the form, so that late previews are known as late.
    edit: u64,
    preview: Option<(u64, PreparedSend)>,
    previewing: bool,
    preview_error: Option<String>,
    coins_open: bool,
    coins: list::List,
    passphrase: Zeroizing<String>,
    sending: bool,
    send_error: Option<String>,
    sent: Option<SendReply>,
    /// The address book is open for this recipient, narrowed by these words.
    book: Option<(usize, String)>,
    /// Previews of wallets that are no longer in view, still on their way.
    orphans: Vec<(u64, String)>,
}

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// The form was edited.
    Form(form::Edit),
    /// The pause after the last key is over.
    PreviewDue(u64),
    /// The wallet answered.
    Previewed(u64, Result<PreparedSend, IpcError>),
    /// The coins are shown or folded away.
    FoldCoins,
    /// The list of coins: ticked ones are spent.
    Coins(list::Message),
    /// All coins are given back to the wallet's choice.
    AutomaticCoins,
    /// A sum is wanted on the clipboard.
    Copy(String, &'static str),
    /// Empty the form.
    Clear,
    /// To the review.
    Review,
    /// Back to the form.
    Change,
    /// The passphrase was edited.
    Passphrase(String),
    /// Sign and send.
    Send,
    /// This wallet answered.
    Sent(String, Result<SendReply, IpcError>),
    /// Give the refused payment to the node again.
    Resend,
    /// Give the refused payment up, and change it.
    Abandon,
    /// It was given up, or not.
    Abandoned(Result<(), IpcError>),
    /// Take the address from the clipboard.
    Paste(usize),
    /// What the clipboard holds.
    Pasted(usize, Option<String>),
    /// Open or close the known addresses.
    Book(usize),
    /// The known addresses are narrowed.
    BookFilter(String),
    /// A known address was chosen.
    BookPick(usize, String),
    /// Show the payment in the list.
    Show(Txid),
    /// Begin another payment.
    Another,
}

impl Page {
    /// The stage in view.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Takes over what a link asks for.
    pub fn fill(&mut self, request: &PaymentRequest, context: &Context<'_>) -> Task<Message> {
        self.stage = Stage::Compose;
        self.passphrase = Zeroizing::default();
        self.form.fill(request, context.model);
        self.edited(context).task
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::Form(edit) => {
                self.form
                    .apply(edit, context.model, self.preview.as_ref().map(|(_, p)| p));
                return self.edited(context);
            }
            Message::PreviewDue(edit) if edit == self.edit => return self.ask_preview(context),
            Message::PreviewDue(_) => {}
            Message::Previewed(edit, result) => return self.previewed(edit, result, context),
            Message::FoldCoins => self.coins_open = !self.coins_open,
            Message::Coins(message) => return self.update_coins(message, context),
            Message::AutomaticCoins => {
                self.form.coins.clear();
                self.coins.set(&[]);
                return self.edited(context);
            }
            Message::Copy(text, what) => return Update::event(Event::Copy(text, what)),
            Message::Clear => {
                let drop = self.drop_preview(context);
                self.reset();
                return Update::task(drop);
            }
            Message::Review => {
                if self.can_review(context.model) {
                    self.stage = Stage::Review;
                    self.send_error = None;
                    // The way back is what Enter does first; a locked wallet needs its passphrase anyway.
                    let first = if is_locked(context.model) {
                        "send-passphrase"
                    } else {
                        "send-change"
                    };
                    return Update::task(iced::widget::operation::focus(first));
                }
            }
            Message::Change => {
                self.stage = Stage::Compose;
                self.passphrase = Zeroizing::default();
            }
            Message::Passphrase(text) => {
                self.passphrase = Zeroizing::new(text);
                self.send_error = None;
            }
            Message::Send => return self.send(context),
            Message::Sent(wallet, result) => return self.after_send(&wallet, result, context),
            Message::Resend | Message::Abandon => return self.retry(&message, context),
            Message::Abandoned(result) => return self.abandoned(result, context),
            Message::Show(txid) => return Update::event(Event::ShowTransaction(txid)),
            Message::Another => self.reset(),
            Message::Paste(_)
            | Message::Pasted(..)
            | Message::Book(_)
            | Message::BookFilter(_)
            | Message::BookPick(..) => return self.address_from_elsewhere(message, context),
        }
        Update::none()
    }

    /// The same page with an empty form; numbers of edits go on, so that late answers are known.
    fn reset(&mut self) {
        *self = Self {
            edit: self.edit + 1,
            orphans: std::mem::take(&mut self.orphans),
            ..Self::default()
        };
    }

    fn address_from_elsewhere(
        &mut self,
        message: Message,
        context: &Context<'_>,
    ) -> Update<Message> {
        match message {
            Message::Paste(index) => {
                let read = iced::clipboard::read();
                return Update::task(read.map(move |text| Message::Pasted(index, text)));
            }
            Message::Pasted(index, Some(text)) if !text.trim().is_empty() => {
                let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
                return self.update(Message::Form(Edit::Address(index, text)), context);
            }
            Message::Pasted(..) => {
                let words = "There is no text on the clipboard.".to_owned();
                return Update::event(Event::Notify(Tone::Warn, words));
            }
            Message::Book(index) => {
                let open = self.book.take().is_some_and(|(of, _)| of == index);
                if !open {
                    self.book = Some((index, String::new()));
                    return Update::task(iced::widget::operation::focus("send-book-filter"));
                }
            }
            Message::BookFilter(text) => {
                if let Some((_, words)) = &mut self.book {
                    *words = text;
                }
            }
            Message::BookPick(index, address) => {
                self.book = None;
                return self.update(Message::Form(Edit::Address(index, address)), context);
            }
            _ => {}
        }
        Update::none()
    }

    fn update_coins(&mut self, message: list::Message, context: &Context<'_>) -> Update<Message> {
        let frozen = matches!(message, list::Message::Frozen(Ok(())));
        let update = self.coins.update(message, context);
        let update = Update {
            task: update.task.map(Message::Coins),
            event: update.event,
        };
        let chosen: Vec<OutPoint> = self
            .coins
            .ticked_rows(context.model)
            .filter(|coin| coin.spendable && !coin.frozen)
            .map(|coin| coin.outpoint)
            .collect();
        if chosen == self.form.coins && !frozen {
            return update;
        }
        self.form.coins = chosen;
        let edited = self.edited(context);
        Update {
            task: Task::batch([update.task, edited.task]),
            event: update.event,
        }
    }

    /// Fills in coins that were chosen on another page.
    pub fn spend(&mut self, chosen: &Chosen, context: &Context<'_>) -> Task<Message> {
        if self.stage == Stage::Done {
            self.reset();
        }
        self.stage = Stage::Compose;
        self.coins_open = true;
        self.coins.set(&chosen.coins);
        self.form.coins.clone_from(&chosen.coins);
        if let Some(address) = &chosen.to {
            self.form.recipients = vec![RecipientForm {
                address: address.clone(),
                unit: context.model.prefs.unit,
                all: true,
                subtract_fee: true,
                ..RecipientForm::default()
            }];
        }
        self.edited(context).task
    }

    /// Closes what lies on top; whether there was anything.
    pub fn close_top(&mut self) -> bool {
        self.coins.close_top() || self.book.take().is_some()
    }

    /// Lets go of reserved coins and of the passphrase while another wallet is in view. What was typed stays.
    pub fn set_aside(&mut self, context: &Context<'_>) -> Task<Message> {
        self.passphrase = Zeroizing::default();
        self.book = None;
        if self.stage == Stage::Review {
            self.stage = Stage::Compose;
        }
        if self.previewing {
            self.orphans.push((self.edit, context.wallet_name()));
        }
        self.previewing = false;
        self.edit += 1;
        self.drop_preview(context)
    }

    /// Goes on after the page of another wallet, whose answers may still come.
    pub fn take_up(&mut self, other: &mut Self, context: &Context<'_>) -> Task<Message> {
        self.edit = self.edit.max(other.edit) + 1;
        self.orphans.append(&mut other.orphans);
        if self.stage == Stage::Compose && !self.form.is_empty() {
            return self.edited(context).task;
        }
        Task::none()
    }

    /// Goes on after the process of the wallet was started anew: what it had prepared is gone, what was typed stays.
    pub fn begin_again(&mut self, context: &Context<'_>) -> Update<Message> {
        if self.stage == Stage::Done || self.sending || self.form.is_empty() {
            return Update::none();
        }
        let reviewed = self.stage == Stage::Review;
        self.stage = Stage::Compose;
        self.passphrase = Zeroizing::default();
        self.preview = None;
        let update = self.edited(context);
        if reviewed {
            let words = "The wallet was started again. Please review the payment once more.";
            return update.and(Event::Notify(Tone::Warn, words.to_owned()));
        }
        update
    }

    /// The page with a draft of an earlier run.
    pub fn with_draft(draft: &serde_json::Value) -> Self {
        Self {
            form: Form::from_json(draft),
            ..Self::default()
        }
    }

    /// What of this page is worth keeping for the next run.
    pub fn draft(&self) -> Option<serde_json::Value> {
        let kept = self.stage != Stage::Done && !self.form.is_empty();
        kept.then(|| self.form.to_json())
    }

    /// The wallet of this page answered while another one was in view, and the payment is not on its way.
    pub fn not_sent(&mut self) {
        self.sending = false;
    }

    /// Whether there is nothing here that would be missed.
    pub fn is_untouched(&self) -> bool {
        self.form.is_empty() && self.sent.is_none() && !self.sending
    }

    /// Notes a change: what was shown before is no longer what would be sent.
    fn edited(&mut self, context: &Context<'_>) -> Update<Message> {
        self.edit += 1;
        self.preview_error = None;
        let edit = self.edit;
        let is_complete = self.form.request(context.model).is_ok();
        self.previewing = is_complete;
        if !is_complete {
            return Update::none();
        }
        let pause = async move {
            tokio::time::sleep(PREVIEW_AFTER).await;
            edit
        };
        Update::task(Task::perform(pause, Message::PreviewDue))
    }

    fn ask_preview(&mut self, context: &Context<'_>) -> Update<Message> {
        let Ok(request) = self.form.request(context.model) else {
            return Update::none();
        };
        let drop = self.drop_preview(context);
        let (wallet, name, edit) = (context.link.wallet(), context.wallet_name(), self.edit);
        let call = async move { wallet?.prepare(name, request).await };
        let ask = Task::perform(call, move |result| Message::Previewed(edit, result));
        // The coins of the old preview are free before new ones are chosen.
        Update::task(drop.chain(ask))
    }

    fn previewed(
        &mut self,
        edit: u64,
        result: Result<PreparedSend, IpcError>,
        context: &Context<'_>,
    ) -> Update<Message> {
        if edit != self.edit {
            // Nobody waits for this one any more.
            let orphan = self.orphans.iter().position(|(of, _)| *of == edit);
            let wallet = orphan.map_or_else(
                || context.wallet_name(),
                |place| self.orphans.swap_remove(place).1,
            );
            return match result {
                Ok(late) => Update::task(discard(context.link, wallet, late.id)),
                Err(_) => Update::none(),
            };
        }
        self.previewing = false;
        match result {
            Ok(preview) => {
                self.form.take_fee(&preview, context.model);
                self.preview = Some((edit, preview));
                self.preview_error = None;
            }
            Err(error) => self.preview_error = Some(words(&error)),
        }
        Update::none()
    }

    fn drop_preview(&mut self, context: &Context<'_>) -> Task<Message> {
        match self.preview.take() {
            Some((_, old)) => discard(context.link, context.wallet_name(), old.id),
            None => Task::none(),
        }
    }

    /// The preview of exactly what is in the form.
    fn ready_preview(&self) -> Option<&PreparedSend> {
        self.preview
            .as_ref()
            .filter(|(edit, _)| *edit == self.edit)
            .map(|(_, preview)| preview)
    }

    /// Whether the payment can be looked through before it is sent.
    fn can_review(&self, model: &Model) -> bool {
        self.ready_preview().is_some() && !self.sending && !model.is_catching_up()
    }

    fn send(&mut self, context: &Context<'_>) -> Update<Message> {
        let Some(preview) = self.ready_preview() else {
            return Update::none();
        };
        let id = preview.id;
        let locked = is_locked(context.model);
        if locked && self.passphrase.is_empty() {
            self.send_error = Some("Enter the passphrase of this wallet.".to_owned());
            return Update::none();
        }
        let secret = locked.then(|| ipc_schema::Secret::new(self.passphrase.as_bytes().to_vec()));
        self.passphrase = Zeroizing::default();
        self.sending = true;
        self.send_error = None;
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        let of = name.clone();
        let call = async move {
            let wallet = wallet?;
            let was_locked = secret.is_some();
            if let Some(secret) = secret {
                wallet.unlock(name.clone(), secret, UNLOCK_FOR_SEND).await?;
            }
            let reply = wallet.send(name.clone(), id).await;
            if was_locked {
                // The lock timer does it anyway if this call does not arrive.
                drop(wallet.lock(name).await);
            }
            reply
        };
        let done = move |result| Message::Sent(of.clone(), result);
        Update::task(Task::perform(call, done))
    }

    fn after_send(
        &mut self,
        wallet: &str,
        result: Result<SendReply, IpcError>,
        context: &Context<'_>,
    ) -> Update<Message> {
        if wallet != context.wallet_name() {
            let (tone, words) = elsewhere(&result);
            return Update::event(Event::Notify(tone, format!("{wallet}: {words}")));
        }
        self.sending = false;
        match result {
            Ok(reply) => self.sent(reply),
            Err(error) => {
                let stale = error
                    .fault()
                    .is_some_and(|fault| fault.code == ipc_schema::FaultCode::Stale);
                if stale {
                    self.stage = Stage::Compose;
                    self.preview = None;
                    let words = format!("Nothing was sent. {}", words(&error));
                    return self.edited(context).and(Event::Notify(Tone::Warn, words));
                }
                self.send_error = Some(words(&error));
                Update::none()
            }
        }
    }

    /// The payment is stored, whatever the node said of it. A refused one stays in view with its reason.
    fn sent(&mut self, reply: SendReply) -> Update<Message> {
        let txid = reply.txid;
        let refused = matches!(reply.broadcast, Broadcast::Rejected(_));
        let accepted = reply.broadcast == Broadcast::Accepted;
        let form = refused.then(|| std::mem::take(&mut self.form));
        self.reset();
        self.form = form.unwrap_or_default();
        self.stage = Stage::Done;
        self.sent = Some(reply);
        if accepted {
            Update::event(Event::ShowTransaction(txid))
        } else {
            Update::none()
        }
    }

    fn retry(&mut self, message: &Message, context: &Context<'_>) -> Update<Message> {
        let Some(txid) = self.sent.as_ref().map(|sent| sent.txid) else {
            return Update::none();
        };
        self.sending = true;
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        if matches!(message, Message::Abandon) {
            let call = async move { wallet?.abandon(name, txid).await };
            return Update::task(Task::perform(call, Message::Abandoned));
        }
        let of = name.clone();
        let call = async move { wallet?.resend(name, txid).await };
        let done = move |result| Message::Sent(of.clone(), result);
        Update::task(Task::perform(call, done))
    }

    fn abandoned(
        &mut self,
        result: Result<(), IpcError>,
        context: &Context<'_>,
    ) -> Update<Message> {
        self.sending = false;
        if let Err(error) = result {
            self.send_error = Some(words(&error));
            return Update::none();
        }
        let form = std::mem::take(&mut self.form);
        self.reset();
        self.coins.set(&form.coins);
        self.form = form;
        let words = "The payment was given up. Its coins can be spent again.".to_owned();
        self.edited(context).and(Event::Notify(Tone::Good, words))
    }

    /// Draws the page.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        match self.stage {
            Stage::Compose => compose::view(self, model),
            Stage::Review => review::view(self, model),
            Stage::Done => review::done(self, model),
        }
    }
}

fn is_locked(model: &Model) -> bool {
    let wallet = model.wallet.as_ref();
    wallet.is_some_and(crate::model::Wallet::is_locked)
}

/// What became of a payment from a wallet that is no longer in view.
fn elsewhere(result: &Result<SendReply, IpcError>) -> (Tone, String) {
    match result.as_ref().map(|reply| &reply.broadcast) {
        Ok(Broadcast::Accepted) => (Tone::Good, "the payment is on its way.".to_owned()),
        Ok(Broadcast::Waiting) => (
            Tone::Warn,
            "the payment is stored and goes out when the node is back.".to_owned(),
        ),
        Ok(Broadcast::Rejected(reason)) => (
            Tone::Bad,
            format!("the node refused the payment: {reason}. It is stored in Activity."),
        ),
        Err(error) => (
            Tone::Bad,
            format!("the payment was not sent. {}", words(error)),
        ),
    }
}

fn discard(link: &Link, name: String, id: u64) -> Task<Message> {
    let wallet = link.wallet();
    let call = async move {
        // A reservation that is already gone needs no dropping.
        if let Ok(wallet) = wallet {
            drop(wallet.discard(name, id).await);
        }
    };
    Task::future(call).discard()
}

/// Where the rail leads from here.
pub const PAGE: PageId = PageId::Send;
