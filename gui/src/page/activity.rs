//! Activity: every transaction, found by words, amounts, time and direction; details beside the list.

mod copy;
mod details;
pub mod export;
mod list;
pub mod rows;
#[cfg(test)]
mod tests;

use iced::widget::{container, responsive, row};
use iced::{Length, Point, Task};
use ipc_schema::{IpcError, SendReply, TxDetails, TxRow};
use primitives::Txid;

use super::{Context, Event, PageId, PrefsChange, Update, words};
use crate::Element;
use crate::model::filter::{self, Direction, Filter, Period};
use crate::model::history::Key;
use crate::model::{Model, Pick, Selection, Sort};

pub use copy::What;

use crate::theme::{Tone, size};

/// Width under which the details take the whole page.
const SIDE_BY_SIDE: f32 = 760.0;

/// The page.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
    direction: Direction,
    period: Period,
    /// The ends of a range of dates, as typed.
    from: String,
    to: String,
    selection: Selection<Txid>,
    /// Where the context menu is open.
    menu: Option<Point>,
    /// The label that is edited in its row.
    editing: Option<(Txid, String)>,
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
    /// The first day of a range was edited.
    From(String),
    /// The last day of a range was edited.
    To(String),
    /// Everything is shown again.
    ClearFilter,
    /// The head of a column was pressed.
    Sort(Sort<Key>),
    /// The width of a column was dragged; whether the drag is over.
    Width(&'static str, u16, bool),
    /// A row was selected.
    Select(usize),
    /// A row was picked, perhaps with others.
    Pick(usize, Pick),
    /// Every row that passes the filter is to be selected.
    SelectAll,
    /// The context menu of a row is wanted there.
    Menu(usize, Point),
    /// The context menu is closed.
    CloseMenu,
    /// Something of the selected rows is wanted on the clipboard.
    CopySelected(What),
    /// What was missing for the clipboard came.
    CopyLoaded(What, Result<Box<TxDetails>, IpcError>),
    /// The selected rows are in words: the text, and what it is.
    CopyReady(String, &'static str),
    /// Show the details of the row picked last.
    ShowDetails,
    /// Edit the label in its row.
    EditLabel,
    /// The label in its row was edited.
    RowLabel(String),
    /// The label in its row is to be kept.
    SaveRowLabel,
    /// Show what giving up means, and ask.
    AskAbandon,
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

/// What the parent must do to the model: filter and order live with the rows.
#[derive(Debug, Clone, PartialEq)]
pub enum NewView {
    /// Show what passes this.
    Filter(Filter),
    /// Show it in this order.
    Sort(Sort<Key>),
}

impl Page {
    /// Handles a message. A new filter is handed to the caller, who owns the rows.
    pub fn update(
        &mut self,
        message: Message,
        context: &Context<'_>,
    ) -> (Update<Message>, Option<NewView>) {
        let model = context.model;
        match message {
            Message::Filter(text) => self.text = text,
            Message::Direction(direction) => self.direction = direction,
            Message::Period(period) => self.period = period,
            Message::From(text) => self.from = text,
            Message::To(text) => self.to = text,
            Message::ClearFilter => {
                (self.text, self.direction, self.period) = Default::default();
            }
            Message::Sort(sort) => return (Update::none(), Some(NewView::Sort(sort))),
            other => return (self.update_rows(other, context), None),
        }
        let decimals = model.money().unit().decimals;
        let typed = |text: &str| filter::date(text, &model.zone);
        let typed = (typed(&self.from), typed(&self.to));
        let filter = Filter::parse(&self.text, decimals)
            .with_direction(self.direction)
            .within(self.period.bounds(model.now, &model.zone, typed));
        (Update::none(), Some(NewView::Filter(filter)))
    }

    fn update_rows(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::Select(place) => return self.pick(place, Pick::Only, context),
            Message::Pick(place, pick) => return self.pick(place, pick, context),
            Message::Open(_) | Message::CopyRow(_) | Message::ShowDetails | Message::AskAbandon => {
                return self.update_one(&message, context);
            }
            Message::SelectAll
            | Message::Menu(..)
            | Message::CloseMenu
            | Message::CopySelected(_)
            | Message::CopyLoaded(..)
            | Message::CopyReady(..) => return self.update_selection(message, context),
            Message::EditLabel | Message::RowLabel(_) | Message::SaveRowLabel => {
                return self.update_row_label(message, context);
            }
            Message::Close => self.drawer = false,
            Message::Details(Ok(details)) => {
                if Some(details.row.txid) == self.selected() {
                    self.details = Some(*details);
                }
            }
            Message::Copy(value, what) => return Update::event(Event::Copy(value, what)),
            Message::Label(text) => self.label = text,
            Message::SaveLabel => {
                if let Some(txid) = self.selected() {
                    return self.save_label(txid, &self.label, context);
                }
            }
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
            Message::Width(column, width, over) => {
                let change = PrefsChange::Width(column, width, over);
                return Update::event(Event::Prefs(change));
            }
            Message::ToggleExport | Message::Export(_) => {
                return self.update_export(message, context);
            }
            Message::Receive => return Update::event(Event::Open(PageId::Receive)),
            Message::Filter(_)
            | Message::Direction(_)
            | Message::Period(_)
            | Message::From(_)
            | Message::To(_)
            | Message::Sort(_)
            | Message::ClearFilter => {}
        }
        Update::none()
    }

    /// What concerns one row: opened, copied, or asked about.
    fn update_one(&mut self, message: &Message, context: &Context<'_>) -> Update<Message> {
        let history = context.model.wallet.as_ref().map(|wallet| &wallet.history);
        let txid_at = |place: usize| history.and_then(|h| h.row(place)).map(|row| row.txid);
        let txid = match message {
            Message::Open(place) | Message::CopyRow(place) => txid_at(*place),
            _ => self.selected(),
        };
        let Some(txid) = txid else {
            return Update::none();
        };
        if matches!(message, Message::CopyRow(_)) {
            return Update::event(Event::Copy(txid.to_string(), "Transaction id"));
        }
        let update = self.show(txid, context);
        if matches!(message, Message::AskAbandon) {
            self.abandoning = true;
        }
        update
    }

    fn update_export(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match (message, &mut self.export) {
            (Message::Export(message), Some(form)) => {
                Update::task(form.update(message, context).map(Message::Export))
            }
            (Message::ToggleExport, None) => {
                self.export = Some(export::Form::new());
                Update::none()
            }
            (Message::ToggleExport, Some(_)) => {
                self.export = None;
                Update::none()
            }
            _ => Update::none(),
        }
    }

    fn selected(&self) -> Option<Txid> {
        self.selection.cursor()
    }

    fn pick(&mut self, place: usize, pick: Pick, context: &Context<'_>) -> Update<Message> {
        let Some(wallet) = &context.model.wallet else {
            return Update::none();
        };
        let history = &wallet.history;
        let before = self.selected();
        self.selection.pick(
            place,
            pick,
            |place| Some((history.number_at(place)?, history.row(place)?.txid)),
            |txid| history.place_of(txid),
        );
        self.editing = None;
        if self.selected() != before {
            self.forget_details(context.model);
        }
        if self.drawer {
            return self.load_details(context);
        }
        Update::none()
    }

    fn update_selection(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        let history = context.model.wallet.as_ref().map(|wallet| &wallet.history);
        match message {
            Message::SelectAll => {
                let all = history.map(|history| history.numbers());
                self.selection.all(all.unwrap_or_default());
            }
            Message::Menu(place, at) => {
                self.menu = Some(at);
                let number = history.and_then(|history| history.number_at(place));
                // A right click beside a selection means the row under it.
                if number.is_some_and(|number| !self.selection.picked().contains(number)) {
                    return self.pick(place, Pick::Only, context);
                }
            }
            Message::CloseMenu => self.menu = None,
            Message::CopySelected(what) => return self.copy_selected(what, context),
            Message::CopyLoaded(what, Ok(details)) => {
                let text = what.of_details(&details, context.model);
                return Update::event(Event::Copy(text, what.words()));
            }
            Message::CopyReady(text, words) if !text.is_empty() => {
                return Update::event(Event::Copy(text, words));
            }
            Message::CopyLoaded(_, Err(error)) => {
                return Update::event(Event::Notify(Tone::Bad, words(&error)));
            }
            _ => {}
        }
        Update::none()
    }

    fn update_row_label(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::EditLabel => {
                let history = context.model.wallet.as_ref().map(|wallet| &wallet.history);
                let row = self.selected().and_then(|txid| history?.get(&txid));
                self.editing = row.map(|row| (row.txid, row.label.clone()));
                return Update::task(iced::widget::operation::focus(list::ROW_LABEL));
            }
            Message::RowLabel(text) => {
                if let Some((_, label)) = &mut self.editing {
                    *label = text;
                }
            }
            Message::SaveRowLabel => {
                if let Some((txid, label)) = self.editing.take() {
                    if self.selected() == Some(txid) {
                        self.label.clone_from(&label);
                    }
                    let save = self.save_label(txid, &label, context);
                    let back = iced::widget::operation::focus(list::LIST);
                    return Update {
                        task: Task::batch([save.task, back]),
                        event: save.event,
                    };
                }
            }
            _ => {}
        }
        Update::none()
    }

    fn select(&mut self, txid: Txid, model: &Model) {
        let history = model.wallet.as_ref().map(|wallet| &wallet.history);
        let number = history.and_then(|history| history.number_of(&txid));
        self.selection.only(number, txid);
        self.forget_details(model);
    }

    /// What belonged to the row before goes.
    fn forget_details(&mut self, model: &Model) {
        let history = model.wallet.as_ref().map(|wallet| &wallet.history);
        let row = self.selected().and_then(|txid| history?.get(&txid));
        self.label = row.map(|row| row.label.clone()).unwrap_or_default();
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

    /// Closes what lies on top: the menu, the field in a row, the details. Whether there was anything.
    pub fn close_drawer(&mut self) -> bool {
        self.menu.take().is_some()
            || self.editing.take().is_some()
            || std::mem::take(&mut self.drawer)
    }

    fn load_details(&self, context: &Context<'_>) -> Update<Message> {
        let Some(txid) = self.selected() else {
            return Update::none();
        };
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        let call = async move { wallet?.transaction(name, txid).await.map(Box::new) };
        Update::task(Task::perform(call, Message::Details))
    }

    fn save_label(&self, txid: Txid, label: &str, context: &Context<'_>) -> Update<Message> {
        let wallet = context.model.wallet.as_ref();
        let row = wallet.and_then(|wallet| wallet.history.get(&txid));
        let output = row.and_then(|row| row.outputs.first());
        let Some(address) = output.map(|o| o.address.clone()).filter(|a| !a.is_empty()) else {
            let text = "This transaction has no address that could be labelled.".to_owned();
            return Update::event(Event::Notify(Tone::Warn, text));
        };
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        let label = label.trim().to_owned();
        let call = async move { wallet?.set_label(name, address, label).await };
        Update::task(Task::perform(call, Message::LabelSaved))
    }

    fn resend(&self, context: &Context<'_>) -> Update<Message> {
        let Some(txid) = self.selected() else {
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
        let Some(txid) = self.selected() else {
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
        model.wallet.as_ref()?.history.get(&self.selected()?)
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
