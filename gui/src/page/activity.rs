//! Activity: every transaction, found by words, amounts, time and direction; details beside the list.

mod details;
pub mod export;
mod list;
pub mod rows;

use iced::widget::{container, responsive, row};
use iced::{Length, Task};
use ipc_schema::{IpcError, SendReply, TxDetails, TxRow};
use primitives::Txid;

use super::{Context, Event, PageId, Update, words};
use crate::Element;
use crate::model::Model;
use crate::model::filter::{Direction, Filter, Period};
use crate::theme::{Tone, size};

/// Width under which the details take the whole page.
const SIDE_BY_SIDE: f32 = 760.0;

/// The page.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
    direction: Direction,
    period: Period,
    selected: Option<Txid>,
    drawer: bool,
    details: Option<TxDetails>,
    label: String,
    /// The transaction to give up, once the user said so a first time.
    abandoning: bool,
    export: Option<export::Form>,
}

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// The filter was edited.
    Filter(String),
    /// A direction was chosen.
    Direction(Direction),
    /// A period was chosen.
    Period(Period),
    /// Everything is shown again.
    ClearFilter,
    /// A row was selected.
    Select(usize),
    /// The details of a row are wanted.
    Open(usize),
    /// The id of a row is wanted on the clipboard.
    CopyRow(usize),
    /// The details are closed.
    Close,
    /// The details came.
    Details(Result<Box<TxDetails>, IpcError>),
    /// A value of the details is wanted on the clipboard.
    Copy(String, &'static str),
    /// The label was edited.
    Label(String),
    /// The label is to be kept.
    SaveLabel,
    /// It was kept, or not.
    LabelSaved(Result<(), IpcError>),
    /// Give the transaction to the node again.
    Resend,
    /// The node answered.
    Resent(Result<SendReply, IpcError>),
    /// Give the transaction up.
    Abandon,
    /// It was given up, or not.
    Abandoned(Result<(), IpcError>),
    /// Show or hide the export.
    ToggleExport,
    /// The export.
    Export(export::Message),
    /// Go to Receive.
    Receive,
}

/// What the parent must do to the model: the filter lives with the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFilter(pub Filter);

impl Page {
    /// Handles a message. A new filter is handed to the caller, who owns the rows.
    pub fn update(
        &mut self,
        message: Message,
        context: &Context<'_>,
    ) -> (Update<Message>, Option<NewFilter>) {
        let model = context.model;
        match message {
            Message::Filter(text) => self.text = text,
            Message::Direction(direction) => self.direction = direction,
            Message::Period(period) => self.period = period,
            Message::ClearFilter => {
                (self.text, self.direction, self.period) = Default::default();
            }
            other => return (self.update_rows(other, context), None),
        }
        let decimals = model.money().unit().decimals;
        let filter = Filter::parse(&self.text, decimals)
            .with_direction(self.direction)
            .since(self.period.since(model.now, &model.zone));
        (Update::none(), Some(NewFilter(filter)))
    }

    fn update_rows(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        let history = context.model.wallet.as_ref().map(|wallet| &wallet.history);
        let txid_at = |place: usize| history.and_then(|h| h.row(place)).map(|row| row.txid);
        match message {
            Message::Select(place) => {
                let Some(txid) = txid_at(place) else {
                    return Update::none();
                };
                let drawer = self.drawer;
                self.select(txid, context.model);
                if drawer {
                    return self.load_details(context);
                }
            }
            Message::Open(place) => {
                let Some(txid) = txid_at(place) else {
                    return Update::none();
                };
                return self.show(txid, context);
            }
            Message::CopyRow(place) => {
                if let Some(txid) = txid_at(place) {
                    return Update::event(Event::Copy(txid.to_string(), "Transaction id"));
                }
            }
            Message::Close => self.drawer = false,
            Message::Details(Ok(details)) => {
                if Some(details.row.txid) == self.selected {
                    self.details = Some(*details);
                }
            }
            Message::Copy(value, what) => return Update::event(Event::Copy(value, what)),
            Message::Label(text) => self.label = text,
            Message::SaveLabel => return self.save_label(context),
            Message::LabelSaved(Ok(())) => {
                return Update::event(Event::Notify(Tone::Good, "Label saved.".to_owned()));
            }
            Message::Resend => return self.resend(context),
            Message::Resent(Ok(reply)) => return Update::event(resent(&reply)),
            Message::Abandon => return self.abandon(context),
            Message::Abandoned(Ok(())) => {
                return Update::event(Event::Notify(
                    Tone::Good,
                    "The payment was given up.".to_owned(),
                ));
            }
            Message::Details(Err(error))
            | Message::LabelSaved(Err(error))
            | Message::Resent(Err(error))
            | Message::Abandoned(Err(error)) => {
                return Update::event(Event::Notify(Tone::Bad, words(&error)));
            }
            Message::ToggleExport => {
                self.export = match self.export.take() {
                    Some(_) => None,
                    None => Some(export::Form::new()),
                };
            }
            Message::Export(message) => {
                if let Some(form) = &mut self.export {
                    return Update::task(form.update(message, context).map(Message::Export));
                }
            }
            Message::Receive => return Update::event(Event::Open(PageId::Receive)),
            Message::Filter(_)
            | Message::Direction(_)
            | Message::Period(_)
            | Message::ClearFilter => {}
        }
        Update::none()
    }

    fn select(&mut self, txid: Txid, model: &Model) {
        let row = model
            .wallet
            .as_ref()
            .and_then(|wallet| wallet.history.get(&txid));
        self.label = row.map(|row| row.label.clone()).unwrap_or_default();
        self.selected = Some(txid);
        self.details = None;
        self.abandoning = false;
    }

    /// Shows a transaction with its details.
    pub fn show(&mut self, txid: Txid, context: &Context<'_>) -> Update<Message> {
        self.select(txid, context.model);
        self.drawer = true;
        self.load_details(context)
    }

    /// Selects a transaction without opening its details.
    pub fn mark(&mut self, txid: Txid, model: &Model) {
        self.select(txid, model);
        self.drawer = false;
    }

    /// Closes the details; whether they were open.
    pub fn close_drawer(&mut self) -> bool {
        std::mem::take(&mut self.drawer)
    }

    fn load_details(&self, context: &Context<'_>) -> Update<Message> {
        let Some(txid) = self.selected else {
            return Update::none();
        };
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        let call = async move { wallet?.transaction(name, txid).await.map(Box::new) };
        Update::task(Task::perform(call, Message::Details))
    }

    fn save_label(&self, context: &Context<'_>) -> Update<Message> {
        let wallet = context.model.wallet.as_ref();
        let row = self.selected.and_then(|txid| wallet?.history.get(&txid));
        let output = row.and_then(|row| row.outputs.first());
        let Some(address) = output.map(|o| o.address.clone()).filter(|a| !a.is_empty()) else {
            let text = "This transaction has no address that could be labelled.".to_owned();
            return Update::event(Event::Notify(Tone::Warn, text));
        };
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        let label = self.label.trim().to_owned();
        let call = async move { wallet?.set_label(name, address, label).await };
        Update::task(Task::perform(call, Message::LabelSaved))
    }

    fn resend(&self, context: &Context<'_>) -> Update<Message> {
        let Some(txid) = self.selected else {
            return Update::none();
        };
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        let call = async move { wallet?.resend(name, txid).await };
        Update::task(Task::perform(call, Message::Resent))
    }

    fn abandon(&mut self, context: &Context<'_>) -> Update<Message> {
        if !std::mem::replace(&mut self.abandoning, true) {
            return Update::none();
        }
        self.abandoning = false;
        let Some(txid) = self.selected else {
            return Update::none();
        };
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        let call = async move { wallet?.abandon(name, txid).await };
        Update::task(Task::perform(call, Message::Abandoned))
    }

    /// Draws the page.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        responsive(move |space| {
            let open = self.drawer.then(|| self.open_row(model)).flatten();
            let wide = space.width >= SIDE_BY_SIDE;
            match open {
                Some(tx) if wide => row![
                    container(self.list(model)).width(Length::Fill),
                    details::drawer(self, model, tx, size::DRAWER.into())
                ]
                .into(),
                Some(tx) => details::drawer(self, model, tx, Length::Fill),
                None => self.list(model),
            }
        })
        .into()
    }

    fn open_row<'a>(&self, model: &'a Model) -> Option<&'a TxRow> {
        model.wallet.as_ref()?.history.get(&self.selected?)
    }
}

fn resent(reply: &SendReply) -> Event {
    use ipc_schema::Broadcast;
    match &reply.broadcast {
        Broadcast::Accepted => Event::Notify(Tone::Good, "The node took the payment.".to_owned()),
        Broadcast::Waiting => Event::Notify(
            Tone::Warn,
            "The node could not be asked. It goes out when it is back.".to_owned(),
        ),
        Broadcast::Rejected(reason) => {
            Event::Notify(Tone::Bad, format!("The node refused the payment: {reason}"))
        }
    }
}
