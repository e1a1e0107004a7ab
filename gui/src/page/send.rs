//! Send: compose, review, done. Nothing leaves the window before the review, and nothing is modal.

mod compose;
mod form;
mod review;
#[cfg(test)]
mod tests;

use iced::Task;
use iced::time::Duration;
use ipc_schema::{IpcError, PreparedSend, SendReply};
use primitives::{OutPoint, Txid};
use zeroize::Zeroizing;

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
    passphrase: Zeroizing<String>,
    sending: bool,
    send_error: Option<String>,
    sent: Option<SendReply>,
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
    /// A coin is taken by hand, or given back to the wallet's choice.
    PickCoin(OutPoint),
    /// All coins are given back to the wallet's choice.
    AutomaticCoins,
    /// A coin is frozen or freed.
    Freeze(OutPoint, bool),
    /// The coin was frozen or freed.
    Frozen(Result<(), IpcError>),
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
    /// The wallet answered.
    Sent(Result<SendReply, IpcError>),
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
    pub fn fill(&mut self, request: &PaymentRequest, model: &Model) {
        self.stage = Stage::Compose;
        self.form.fill(request, model);
        self.edit += 1;
        self.preview_error = None;
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
            Message::PickCoin(outpoint) => {
                self.form.toggle_coin(outpoint);
                return self.edited(context);
            }
            Message::AutomaticCoins => {
                self.form.coins.clear();
                return self.edited(context);
            }
            Message::Freeze(outpoint, frozen) => {
                self.form.coins.retain(|coin| *coin != outpoint);
                let (wallet, name) = (context.link.wallet(), context.wallet_name());
                let call = async move { wallet?.set_frozen(name, outpoint, frozen).await };
                return Update::task(Task::perform(call, Message::Frozen));
            }
            Message::Frozen(Ok(())) => return self.edited(context),
            Message::Frozen(Err(error)) => {
                return Update::event(Event::Notify(Tone::Bad, words(&error)));
            }
            Message::Clear => {
                let drop = self.drop_preview(context);
                *self = Self {
                    edit: self.edit + 1,
                    ..Self::default()
                };
                return Update::task(drop);
            }
            Message::Review => {
                if self.ready_preview().is_some() {
                    self.stage = Stage::Review;
                    self.send_error = None;
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
            Message::Sent(result) => return self.after_send(result, context),
            Message::Show(txid) => return Update::event(Event::ShowTransaction(txid)),
            Message::Another => {
                *self = Self {
                    edit: self.edit + 1,
                    ..Self::default()
                }
            }
        }
        Update::none()
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
            return match result {
                Ok(late) => Update::task(discard(context.link, context.wallet_name(), late.id)),
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

    fn send(&mut self, context: &Context<'_>) -> Update<Message> {
        let Some(preview) = self.ready_preview() else {
            return Update::none();
        };
        let id = preview.id;
        let locked = context
            .model
            .wallet
            .as_ref()
            .is_some_and(crate::model::Wallet::is_locked);
        if locked && self.passphrase.is_empty() {
            self.send_error = Some("Enter the passphrase of this wallet.".to_owned());
            return Update::none();
        }
        let secret = locked.then(|| ipc_schema::Secret::new(self.passphrase.as_bytes().to_vec()));
        self.passphrase = Zeroizing::default();
        self.sending = true;
        self.send_error = None;
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
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
        Update::task(Task::perform(call, Message::Sent))
    }

    fn after_send(
        &mut self,
        result: Result<SendReply, IpcError>,
        context: &Context<'_>,
    ) -> Update<Message> {
        self.sending = false;
        match result {
            Ok(reply) => {
                let txid = reply.txid;
                let edit = self.edit + 1;
                *self = Self {
                    edit,
                    stage: Stage::Done,
                    sent: Some(reply),
                    ..Self::default()
                };
                Update::event(Event::ShowTransaction(txid))
            }
            Err(error) => {
                let stale = error
                    .fault()
                    .is_some_and(|fault| fault.code == ipc_schema::FaultCode::Stale);
                self.send_error = Some(words(&error));
                if stale {
                    self.stage = Stage::Compose;
                    self.preview = None;
                    return self.edited(context);
                }
                Update::none()
            }
        }
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
