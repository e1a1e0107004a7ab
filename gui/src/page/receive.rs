//! Receive: a request with its address, link and QR code, and all requests made before.

#[cfg(test)]
mod tests;
mod view;

use iced::{Point, Task};
use ipc_schema::{AddressRequest, AddressRow, AddressType, IpcError};

use super::{Context, Event, Update, words};
use crate::Element;
use crate::link::files::{Pick, pick};
use crate::model::uri::{self, PaymentRequest};
use crate::model::{Model, Sort};
use crate::theme::Tone;
use crate::widget::qr;

/// The page.
#[derive(Debug, Default)]
pub struct Page {
    amount: String,
    label: String,
    message: String,
    kind: Option<AddressType>,
    busy: bool,
    error: Option<String>,
    shown: Option<Shown>,
    /// The address of the row in hand.
    selected: Option<String>,
    saving: Option<String>,
    sort: Sort<Key>,
    menu: Option<(Place, Point)>,
}

/// A column of the list of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// When it was made.
    Date,
    /// Its label.
    Label,
    /// Its message.
    Message,
    /// The amount asked for.
    Amount,
    /// Whether it was paid.
    Status,
    /// What came.
    Received,
}

/// The newest first.
impl Default for Sort<Key> {
    fn default() -> Self {
        Self::down(Key::Date)
    }
}

/// Where a context menu is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On a row of the list.
    Row,
    /// On the QR code.
    Code,
}

/// What of a request is wanted on the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Its address.
    Address,
    /// Its payment link.
    Link,
    /// Its label.
    Label,
    /// Its message.
    Message,
    /// The amount asked for, as a plain number.
    Amount,
    /// All columns.
    Row,
}

/// The request in view.
#[derive(Debug)]
struct Shown {
    row: AddressRow,
    link: String,
    code: Option<qr::Code>,
}

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// The amount was edited.
    Amount(String),
    /// The label was edited.
    Label(String),
    /// The message was edited.
    Text(String),
    /// An address type was chosen.
    Kind(AddressType),
    /// Make an address.
    Create,
    /// The wallet made one.
    Created(Result<AddressRow, IpcError>),
    /// Empty the form.
    Clear,
    /// Select a row of the list.
    Select(usize),
    /// Copy the address.
    CopyAddress,
    /// Copy the link.
    CopyLink,
    /// Copy the address of a row.
    CopyRow(usize),
    /// Something of the row in hand is wanted on the clipboard.
    Copy(What),
    /// The head of a column was pressed.
    Sort(Sort<Key>),
    /// The context menu of a row is wanted there.
    RowMenu(usize, Point),
    /// The context menu of the QR code is wanted there.
    CodeMenu(Point),
    /// The context menu is closed.
    CloseMenu,
    /// Choose the picture's path in the system's window.
    Browse,
    /// A path was chosen, or none.
    Chosen(Option<std::path::PathBuf>),
    /// Show or hide the field for the picture's path.
    SaveImage,
    /// The path was edited.
    ImagePath(String),
    /// Write the picture.
    WriteImage,
    /// It was written, or not.
    ImageWritten(Result<String, String>),
}

impl Page {
    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::Amount(text) => self.amount = text,
            Message::Label(text) => self.label = text,
            Message::Text(text) => self.message = text,
            Message::Kind(kind) => self.kind = Some(kind),
            Message::Create => return self.create(context),
            Message::Created(result) => return self.created(result, context),
            Message::Clear => {
                *self = Self {
                    kind: self.kind,
                    sort: self.sort,
                    ..Self::default()
                }
            }
            Message::Select(place) => self.select(place, context.model),
            Message::Sort(sort) => self.sort = sort,
            Message::RowMenu(place, at) => {
                self.select(place, context.model);
                self.menu = Some((Place::Row, at));
            }
            Message::CodeMenu(at) => self.menu = self.shown.is_some().then_some((Place::Code, at)),
            Message::CloseMenu => self.menu = None,
            Message::Copy(what) => return self.copy(what, context.model),
            Message::Browse => {
                let path = self.saving.clone().unwrap_or_default();
                let call = pick(Pick::Save, "Save the picture", path.into());
                return Update::task(Task::perform(call, Message::Chosen));
            }
            Message::Chosen(Some(path)) => self.saving = Some(path.display().to_string()),
            Message::Chosen(None) => {}
            Message::CopyAddress => {
                if let Some(shown) = &self.shown {
                    return Update::event(Event::Copy(shown.row.address.clone(), "Address"));
                }
            }
            Message::CopyLink => {
                if let Some(shown) = &self.shown {
                    return Update::event(Event::Copy(shown.link.clone(), "Link"));
                }
            }
            Message::CopyRow(place) => {
                if let Some(row) = self.rows(context.model).get(place) {
                    return Update::event(Event::Copy(row.address.clone(), "Address"));
                }
            }
            Message::SaveImage => {
                self.saving = match self.saving.take() {
                    Some(_) => None,
                    None => {
                        let label = self.shown.as_ref().map(|shown| shown.row.label.as_str());
                        Some(default_image_path(label.unwrap_or_default()))
                    }
                };
            }
            Message::ImagePath(path) => self.saving = Some(path),
            Message::WriteImage => return self.write_image(),
            Message::ImageWritten(result) => {
                self.saving = None;
                return Update::event(match result {
                    Ok(path) => Event::Notify(Tone::Good, format!("Picture saved as {path}")),
                    Err(error) => Event::Notify(Tone::Bad, error),
                });
            }
        }
        Update::none()
    }

    fn select(&mut self, place: usize, model: &Model) {
        let row = self.rows(model).get(place).map(|row| (*row).clone());
        if let Some(row) = row {
            self.selected = Some(row.address.clone());
            self.shown = Some(Shown::new(row, model));
        }
    }

    fn copy(&self, what: What, model: &Model) -> Update<Message> {
        let Some(Shown { row, link, .. }) = &self.shown else {
            return Update::none();
        };
        let amount = row.amount.map(|amount| plain(amount, model));
        let (text, words) = match what {
            What::Address => (row.address.clone(), "Address"),
            What::Link => (link.clone(), "Link"),
            What::Label => (row.label.clone(), "Label"),
            What::Message => (row.message.clone(), "Message"),
            What::Amount => (amount.unwrap_or_default(), "Amount"),
            What::Row => {
                let cells = [
                    model.zone.full(row.created),
                    row.label.clone(),
                    row.message.clone(),
                    amount.unwrap_or_default(),
                    view::status(row).0.to_owned(),
                    plain(row.received, model),
                    row.address.clone(),
                ];
                (cells.join("\t"), "Row")
            }
        };
        Update::event(Event::Copy(text, words))
    }

    /// Closes what lies on top; whether there was anything.
    pub fn close_top(&mut self) -> bool {
        self.menu.take().is_some()
    }

    /// Own addresses in the order of the list.
    fn rows<'a>(&self, model: &'a Model) -> Vec<&'a AddressRow> {
        let mut rows: Vec<&AddressRow> = requests(model).collect();
        let sort = self.sort;
        match sort.by {
            Key::Date => rows.sort_by(|a, b| sort.order(a.created.cmp(&b.created))),
            Key::Amount => rows.sort_by(|a, b| sort.order(a.amount.cmp(&b.amount))),
            Key::Received => rows.sort_by(|a, b| sort.order(a.received.cmp(&b.received))),
            Key::Status => {
                rows.sort_by(|a, b| sort.order(view::status(a).0.cmp(view::status(b).0)));
            }
            Key::Label | Key::Message => {
                rows.sort_by_cached_key(|row| {
                    let text = if sort.by == Key::Label {
                        row.label.to_lowercase()
                    } else {
                        row.message.to_lowercase()
                    };
                    (text.is_empty() != sort.down, text)
                });
                if sort.down {
                    rows.reverse();
                }
            }
        }
        rows
    }

    fn create(&mut self, context: &Context<'_>) -> Update<Message> {
        let amount = match self.amount.trim() {
            "" => None,
            text => match context.model.money().parse(text) {
                Ok(amount) => Some(amount),
                Err(_) => return Update::none(),
            },
        };
        let request = AddressRequest {
            address_type: self.kind,
            label: self.label.trim().to_owned(),
            amount,
            message: self.message.trim().to_owned(),
        };
        self.busy = true;
        self.error = None;
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        let call = async move { wallet?.new_address(name, request).await };
        Update::task(Task::perform(call, Message::Created))
    }

    fn created(
        &mut self,
        result: Result<AddressRow, IpcError>,
        context: &Context<'_>,
    ) -> Update<Message> {
        self.busy = false;
        match result {
            Ok(row) => {
                self.selected = Some(row.address.clone());
                self.shown = Some(Shown::new(row, context.model));
                Update::none()
            }
            Err(error) => {
                let needs_passphrase = error
                    .fault()
                    .is_some_and(|fault| fault.code == ipc_schema::FaultCode::PassphraseRequired);
                self.error = Some(words(&error));
                if needs_passphrase {
                    Update::event(Event::Unlock)
                } else {
                    Update::none()
                }
            }
        }
    }

    fn write_image(&mut self) -> Update<Message> {
        let (Some(path), Some(shown)) = (self.saving.clone(), &self.shown) else {
            return Update::none();
        };
        let link = shown.link.clone();
        let write = async move {
            let work = move || {
                let picture = qr::png(&link).ok_or("The link is too long for a QR code.")?;
                std::fs::write(&path, picture)
                    .map_err(|error| format!("Cannot write {path}: {error}."))?;
                Ok(path)
            };
            tokio::task::spawn_blocking(work)
                .await
                .unwrap_or_else(|_| Err("Saving the picture failed.".to_owned()))
        };
        Update::task(Task::perform(write, Message::ImageWritten))
    }

    /// What is wrong with the amount, if anything.
    fn amount_problem(&self, model: &Model) -> Option<String> {
        let text = self.amount.trim();
        (!text.is_empty())
            .then(|| model.money().parse(text).err())?
            .map(|error| error.to_string())
    }

    /// Draws the page.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        view::view(self, model)
    }
}

impl Shown {
    fn new(row: AddressRow, model: &Model) -> Self {
        let request = PaymentRequest {
            address: row.address.clone(),
            amount: row.amount,
            label: row.label.clone(),
            message: row.message.clone(),
        };
        let link = uri::format(&request, model.params);
        let code = qr::Code::new(&link);
        Self { row, link, code }
    }
}

/// Own addresses, newest first.
fn requests(model: &Model) -> impl Iterator<Item = &AddressRow> {
    let rows = model
        .wallet
        .iter()
        .flat_map(|wallet| wallet.addresses.iter());
    rows.filter(|row| row.is_mine)
}

/// A number that other programs read.
fn plain(amount: primitives::Amount, model: &Model) -> String {
    let money = model.money();
    if money.masked {
        money.number(amount)
    } else {
        money.editable(amount)
    }
}

fn default_image_path(label: &str) -> String {
    let name: String = label
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect();
    let name = if name.is_empty() {
        "request".to_owned()
    } else {
        name
    };
    let folder = directories::UserDirs::new();
    let folder = folder
        .as_ref()
        .map(|dirs| dirs.picture_dir().unwrap_or_else(|| dirs.home_dir()));
    let file = format!("{name}.png");
    folder.map_or_else(
        || file.clone(),
        |folder| folder.join(&file).display().to_string(),
    )
}
