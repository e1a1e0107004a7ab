//! A backup, saved and then proved to work; also the last step of the first run.

use std::path::PathBuf;

use iced::widget::{column, container, row, space};
use iced::{Alignment, Length, Task};
use ipc_schema::{BackupReport, IpcError, Secret};
use zeroize::Zeroizing;

use crate::Element;
use crate::link::files::{Pick, pick};
use crate::model::{Model, clock};
use crate::page::{Context, words};
use crate::theme::{Icon, Press, Tone, fonts, size};
use crate::widget::button::button_with;
use crate::widget::{Field, address, button, text};

/// The form.
#[derive(Debug)]
pub struct Form {
    wallet: String,
    path: String,
    passphrase: Zeroizing<String>,
    saving: bool,
    checking: bool,
    saved: Option<BackupReport>,
    checked: Option<BackupReport>,
    error: Option<String>,
}

/// What can happen in the form.
#[derive(Debug, Clone)]
pub enum Message {
    /// The path was edited.
    Path(String),
    /// Open the file chooser.
    Browse,
    /// A file was chosen, or none.
    Chosen(Option<PathBuf>),
    /// Write the backup.
    Save,
    /// It was written, or not.
    Saved(Result<BackupReport, IpcError>),
    /// The passphrase was edited.
    Passphrase(String),
    /// Read it back.
    Check,
    /// It was read back, or not.
    Checked(Result<BackupReport, IpcError>),
}

impl Form {
    /// A form for a wallet, with a path to begin with.
    pub fn new(wallet: &str, model: &Model) -> Self {
        let folder = directories::UserDirs::new();
        let folder = folder
            .as_ref()
            .map(|dirs| dirs.document_dir().unwrap_or_else(|| dirs.home_dir()));
        let name = if wallet.is_empty() { "wallet" } else { wallet };
        let date = model.zone.local(model.now);
        let file = format!(
            "{name}-{}-{:02}-{:02}.bitq-backup",
            date.year, date.month, date.day
        );
        let path = folder.map_or_else(|| PathBuf::from(&file), |folder| folder.join(&file));
        Self {
            wallet: wallet.to_owned(),
            path: path.display().to_string(),
            passphrase: Zeroizing::default(),
            saving: false,
            checking: false,
            saved: None,
            checked: None,
            error: None,
        }
    }

    /// The file, once it was saved.
    pub fn saved_path(&self) -> Option<PathBuf> {
        self.saved
            .as_ref()
            .map(|report| PathBuf::from(&report.path))
    }

    /// Whether the backup was read back and found whole.
    pub fn is_proved(&self) -> bool {
        self.checked.as_ref().is_some_and(|report| report.identical)
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Task<Message> {
        self.error = None;
        match message {
            Message::Path(text) => {
                self.path = text;
                self.saved = None;
                self.checked = None;
            }
            Message::Browse => {
                let call = pick(Pick::Save, "Save the backup", PathBuf::from(&self.path));
                return Task::perform(call, Message::Chosen);
            }
            Message::Chosen(Some(path)) => self.path = path.display().to_string(),
            Message::Chosen(None) => {}
            Message::Save if !std::path::Path::new(self.path.trim()).is_absolute() => {
                self.error = Some("Give the whole path, from the root on.".to_owned());
            }
            Message::Save => {
                self.saving = true;
                self.checked = None;
                let (wallet, name) = (context.link.wallet(), self.wallet.clone());
                let path = self.path.trim().to_owned();
                let call = async move { wallet?.backup(name, path).await };
                return Task::perform(call, Message::Saved);
            }
            Message::Saved(result) => {
                self.saving = false;
                match result {
                    Ok(report) => self.saved = Some(report),
                    Err(error) => self.error = Some(words(&error)),
                }
            }
            Message::Passphrase(text) => self.passphrase = Zeroizing::new(text),
            Message::Check => {
                self.checking = true;
                let (wallet, name) = (context.link.wallet(), self.wallet.clone());
                let path = self.path.trim().to_owned();
                let secret = Secret::new(self.passphrase.as_bytes().to_vec());
                self.passphrase = Zeroizing::default();
                let call = async move { wallet?.verify_backup(name, path, secret).await };
                return Task::perform(call, Message::Checked);
            }
            Message::Checked(result) => {
                self.checking = false;
                match result {
                    Ok(report) => self.checked = Some(report),
                    Err(error) => self.error = Some(words(&error)),
                }
            }
        }
        Task::none()
    }

    /// Draws the form.
    pub fn view(&self) -> Element<'_, Message> {
        let mut form = column![self.save_part(), self.check_part()].spacing(size::S5);
        if let Some(error) = &self.error {
            form = form.push(text::body(error).class(Tone::Bad));
        }
        form.into()
    }

    fn save_part(&self) -> Element<'_, Message> {
        let browse = button("Choose…", Press::Secondary)
            .id("backup-browse")
            .on_press(Message::Browse);
        let done = self.saved.is_some();
        let label = if self.saving { "Saving…" } else { "Save" };
        let save = button_with(
            Icon::Save,
            label,
            if done {
                Press::Secondary
            } else {
                Press::Primary
            },
        )
        .id("backup-save")
        .on_press_maybe((!self.saving && !self.path.trim().is_empty()).then_some(Message::Save));
        let result: Element<'_, Message> = match &self.saved {
            Some(report) => result_line(
                Icon::CircleCheck,
                Tone::Good,
                format!(
                    "saved, {}{}",
                    clock::bytes(report.size),
                    if report.encrypted {
                        ", encrypted"
                    } else {
                        ", NOT encrypted"
                    }
                ),
            ),
            None => space().into(),
        };
        step(
            "1",
            "Save the backup to another disk",
            column![
                Element::from(
                    Field::new("backup-path", &self.path)
                        .mono()
                        .on_input(Message::Path)
                        .on_submit(Message::Save)
                        .after(browse)
                ),
                row![save, result]
                    .spacing(size::S3)
                    .align_y(Alignment::Center),
            ]
            .spacing(size::S2)
            .into(),
        )
    }

    fn check_part(&self) -> Element<'_, Message> {
        let encrypted = self.saved.as_ref().is_some_and(|report| report.encrypted);
        let can = self.saved.is_some() && !self.checking;
        let label = if self.checking { "Reading…" } else { "Check" };
        let kind = if can && self.checked.is_none() {
            Press::Primary
        } else {
            Press::Secondary
        };
        let check = button_with(Icon::ShieldCheck, label, kind)
            .id("backup-check")
            .on_press_maybe(can.then_some(Message::Check));
        let mut part = column![].spacing(size::S2);
        if encrypted && self.checked.is_none() {
            part = part.push(
                container(Element::from(
                    Field::new("backup-passphrase", &self.passphrase)
                        .label("Passphrase")
                        .secure(true)
                        .on_input(Message::Passphrase)
                        .on_submit(Message::Check)
                        .hint("Proves that the backup opens with the passphrase you remember. May stay empty."),
                ))
                .max_width(420.0),
            );
        }
        let result: Element<'_, Message> = match &self.checked {
            Some(report) if report.identical => result_line(
                Icon::CircleCheck,
                Tone::Good,
                "identical to the wallet".to_owned(),
            ),
            Some(_) => result_line(
                Icon::CircleAlert,
                Tone::Bad,
                "the file lacks something of the wallet: save it again".to_owned(),
            ),
            None => space().into(),
        };
        part = part.push(
            row![check, result]
                .spacing(size::S3)
                .align_y(Alignment::Center),
        );
        if let Some(report) = &self.checked {
            part = part.push(text::caption(format!(
                "{} descriptors. First address:",
                report.descriptors
            )));
            part = part.push(address(&report.first_address));
        }
        step("2", "Read it back and compare", part.into())
    }
}

fn result_line<'a>(icon: Icon, tone: Tone, words: String) -> Element<'a, Message> {
    row![text::icon(icon).class(tone), text::body(words).class(tone)]
        .spacing(size::S2)
        .align_y(Alignment::Center)
        .into()
}

fn step<'a>(
    number: &'static str,
    title: &'static str,
    content: Element<'a, Message>,
) -> Element<'a, Message> {
    row![
        text::title(number).class(Tone::Accent).font(fonts::STRONG),
        column![text::strong(title), content]
            .spacing(size::S2)
            .width(Length::Fill),
    ]
    .spacing(size::S4)
    .into()
}
