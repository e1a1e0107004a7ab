//! Receive: a request with its address, link and QR code, and all requests made before.

mod view;

use iced::Task;
use ipc_schema::{AddressRequest, AddressRow, AddressType, IpcError};

use super::{Context, Event, Update, words};
use crate::Element;
use crate::model::Model;
use crate::model::uri::{self, PaymentRequest};
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
    selected: Option<usize>,
    saving: Option<String>,
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
                    ..Self::default()
                }
            }
            Message::Select(place) => {
                if let Some(row) = requests(context.model).nth(place) {
                    self.selected = Some(place);
                    self.shown = Some(Shown::new(row.clone(), context.model));
                }
            }
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
                if let Some(row) = requests(context.model).nth(place) {
                    return Update::event(Event::Copy(row.address.clone(), "Address"));
                }
            }
            Message::SaveImage => {
                self.saving = match self.saving.take() {
                    Some(_) => None,
                    None => Some(default_image_path(&self.label)),
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
                self.shown = Some(Shown::new(row, context.model));
                self.selected = None;
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
        .as_ref()
        .map(|wallet| wallet.addresses.as_slice())
        .unwrap_or_default();
    rows.iter().filter(|row| row.is_mine)
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
