//! Wallets: the list, and what can be done with them.

pub mod backup;
pub mod create;
pub mod import;
pub mod restore;
mod security;
mod shown;

use iced::widget::{column, container, row};
use iced::{Alignment, Length, Task};
use ipc_schema::{IpcError, RescanStart, WalletListItem};

use super::{Context, Event, Update, words};
use crate::Element;
use crate::model::Model;
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::button_with;
use crate::widget::{button, layout, text};

/// Which part is open.
#[derive(Debug, Default)]
enum Part {
    #[default]
    List,
    Create(create::Form),
    Restore(restore::Form),
    Backup(backup::Form),
    Security(security::Form),
    Import(import::Form),
}

/// The page.
#[derive(Debug, Default)]
pub struct Page {
    part: Part,
    busy: Option<String>,
    rescan_from: String,
}

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// Back to the list.
    List,
    /// Something in the list is another now.
    ListAgain,
    /// Show the form for a new wallet.
    NewWallet,
    /// Show the form for a backup file.
    FromBackup,
    /// Show the backup of the wallet in view.
    Backup,
    /// Show the passphrase of the wallet in view.
    Security,
    /// Show the form for descriptors.
    OpenImport,
    /// The form for descriptors.
    Import(import::Message),
    /// The form for a new wallet.
    Create(create::Message),
    /// The form for a backup file.
    Restore(restore::Message),
    /// The backup.
    BackupForm(backup::Message),
    /// The passphrase.
    SecurityForm(security::Message),
    /// Open a wallet.
    Open(String),
    /// It is open, or not.
    Opened(String, Result<Vec<String>, IpcError>),
    /// Close a wallet.
    Close(String),
    /// It is closed, or not.
    Closed(String, Result<(), IpcError>),
    /// Bring a wallet into view.
    Show(String),
    /// The height to scan from was edited.
    RescanFrom(String),
    /// Scan the chain again.
    Rescan,
    /// The scan has begun, or not.
    Rescanning(Result<u64, IpcError>),
}

impl Page {
    /// Shows the backup of the wallet in view.
    pub fn open_backup(&mut self, model: &Model) {
        let Some(wallet) = &model.wallet else { return };
        self.part = Part::Backup(backup::Form::new(&wallet.name, model));
    }

    /// Shows the form for a new wallet.
    pub fn open_create(&mut self, watch_only: bool) {
        self.part = Part::Create(create::Form::new(watch_only));
    }

    /// Shows the form for a backup file.
    pub fn open_restore(&mut self) {
        self.part = Part::Restore(restore::Form::default());
    }

    /// A number for the part that is open.
    pub fn part(&self) -> usize {
        match self.part {
            Part::List => 0,
            Part::Create(_) => 1,
            Part::Restore(_) => 2,
            Part::Backup(_) => 3,
            Part::Security(_) => 4,
            Part::Import(_) => 5,
        }
    }

    /// Back to the list; whether anything else was open.
    pub fn back(&mut self) -> bool {
        !matches!(std::mem::take(&mut self.part), Part::List)
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::List => self.part = Part::List,
            Message::NewWallet => self.open_create(false),
            Message::FromBackup => self.open_restore(),
            Message::Backup => self.open_backup(context.model),
            Message::Security => self.part = Part::Security(security::Form::default()),
            Message::OpenImport => self.part = Part::Import(import::Form::default()),
            Message::Import(message) => {
                let Part::Import(form) = &mut self.part else {
                    return Update::none();
                };
                let (task, done) = form.update(message, context);
                let update = Update::task(task.map(Message::Import));
                let Some(words) = done else { return update };
                self.part = Part::List;
                return update.and(Event::Notify(Tone::Good, words));
            }
            Message::Create(message) => {
                let Part::Create(form) = &mut self.part else {
                    return Update::none();
                };
                let (task, made) = form.update(message, context);
                return self.made(task.map(Message::Create), made);
            }
            Message::Restore(message) => {
                let Part::Restore(form) = &mut self.part else {
                    return Update::none();
                };
                let (task, made) = form.update(message, context);
                return self.made(task.map(Message::Restore), made);
            }
            Message::BackupForm(message) => {
                let Part::Backup(form) = &mut self.part else {
                    return Update::none();
                };
                return Update::task(form.update(message, context).map(Message::BackupForm));
            }
            Message::SecurityForm(message) => {
                let Part::Security(form) = &mut self.part else {
                    return Update::none();
                };
                let (task, done) = form.update(message, context);
                let update = Update::task(task.map(Message::SecurityForm));
                let Some(words) = done else { return update };
                self.part = Part::List;
                let (task, told) = (update.task, Event::Notify(Tone::Good, words));
                return Update::task(task.chain(Task::done(Message::ListAgain))).and(told);
            }
            Message::ListAgain => return Update::event(Event::WalletsChanged),
            other => return self.update_list(other, context),
        }
        Update::none()
    }

    fn made(&mut self, task: Task<Message>, made: Option<create::Made>) -> Update<Message> {
        let update = Update::task(task);
        let Some(made) = made else { return update };
        self.part = Part::List;
        update.and(Event::ShowWallet(made.name))
    }

    fn update_list(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        let wallet = context.link.wallet();
        match message {
            Message::Open(name) => {
                self.busy = Some(name.clone());
                let opened = name.clone();
                let call = async move { wallet?.open(name).await };
                let done = move |result| Message::Opened(opened.clone(), result);
                Update::task(Task::perform(call, done))
            }
            Message::Opened(name, Ok(warnings)) => {
                self.busy = None;
                match warnings.first() {
                    Some(warning) => {
                        Update::event(Event::Notify(Tone::Warn, warning.clone())).then_show(name)
                    }
                    None => Update::event(Event::ShowWallet(name)),
                }
            }
            Message::Close(name) => {
                self.busy = Some(name.clone());
                let closed = name.clone();
                let call = async move { wallet?.close(name).await };
                let done = move |result| Message::Closed(closed.clone(), result);
                Update::task(Task::perform(call, done))
            }
            Message::Closed(name, Ok(())) => {
                self.busy = None;
                Update::event(Event::WalletClosed(name))
            }
            Message::Opened(_, Err(error)) | Message::Closed(_, Err(error)) => {
                self.busy = None;
                Update::event(Event::Notify(Tone::Bad, words(&error)))
            }
            Message::Show(name) => Update::event(Event::ShowWallet(name)),
            Message::RescanFrom(text) => {
                self.rescan_from = text;
                Update::none()
            }
            Message::Rescan => {
                let name = context.wallet_name();
                let start = match self.rescan_from.trim() {
                    "" => RescanStart::Genesis,
                    text => match text.parse() {
                        Ok(height) => RescanStart::Height(height),
                        Err(_) => {
                            let words = format!(
                                "\"{text}\" is no height of a block. Type a number, or nothing for all blocks."
                            );
                            return Update::event(Event::Notify(Tone::Warn, words));
                        }
                    },
                };
                let call = async move { wallet?.rescan(name, start).await };
                Update::task(Task::perform(call, Message::Rescanning))
            }
            Message::Rescanning(Ok(_)) => Update::event(Event::Open(super::PageId::Tasks)),
            Message::Rescanning(Err(error)) => {
                Update::event(Event::Notify(Tone::Bad, words(&error)))
            }
            _ => Update::none(),
        }
    }

    /// Draws the page.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let (title, content): (&str, Element<'a, Message>) = match &self.part {
            Part::List => return self.list(model),
            Part::Create(form) => ("New wallet", form.view(model).map(Message::Create)),
            Part::Restore(form) => ("Restore a wallet", form.view(model).map(Message::Restore)),
            Part::Backup(form) => ("Backup", form.view().map(Message::BackupForm)),
            Part::Import(form) => ("Import descriptors", form.view(model).map(Message::Import)),
            Part::Security(form) => ("Passphrase", form.view(model).map(Message::SecurityForm)),
        };
        let back = button_with(Icon::ArrowLeft, "All wallets", Press::Ghost)
            .id("wallets-back")
            .on_press(Message::List);
        let head = layout::heading_row(title, back);
        layout::page(
            "wallets",
            head,
            vec![layout::card(container(content).max_width(size::COLUMN))],
        )
    }

    fn list<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let ready = model.can_use_wallets();
        let buttons = row![
            button_with(Icon::Plus, "New wallet", Press::Primary)
                .id("wallet-new")
                .on_press_maybe(ready.then_some(Message::NewWallet)),
            button_with(Icon::ArchiveRestore, "Restore", Press::Secondary)
                .id("wallet-restore")
                .on_press_maybe(ready.then_some(Message::FromBackup)),
        ]
        .spacing(size::S2);
        let head = layout::heading_row("Wallets", buttons);
        let mut blocks = Vec::new();
        if model.wallets.is_empty() {
            blocks.push(layout::card(layout::empty(
                Icon::Wallet,
                "There is no wallet yet",
                "A wallet holds your keys. Make a new one, restore one from a backup, or use the node alone.",
                Vec::new(),
            )));
        } else {
            let rows = model.wallets.iter().map(|item| self.item(model, item));
            blocks.push(layout::card(column(rows).spacing(size::S3)));
        }
        if let Some(wallet) = &model.wallet {
            blocks.push(self.in_view(model, wallet));
        }
        layout::page("wallets", head, blocks)
    }

    fn item<'a>(&'a self, model: &'a Model, item: &'a WalletListItem) -> Element<'a, Message> {
        let shown = model
            .wallet
            .as_ref()
            .is_some_and(|wallet| wallet.name == item.name);
        let name = if item.name.is_empty() {
            "default wallet"
        } else {
            &item.name
        };
        let mut facts = Vec::new();
        facts.push(if item.loaded { "open" } else { "closed" });
        if item.encrypted == Some(true) {
            facts.push("with passphrase");
        }
        let icon = if shown { Icon::CircleDot } else { Icon::Wallet };
        let tone = if shown { Tone::Accent } else { Tone::Soft };
        let busy = self.busy.as_ref() == Some(&item.name);
        let mut line = row![
            text::icon(icon).class(tone),
            column![text::strong(name), text::caption(facts.join(" · "))].width(Length::Fill),
        ]
        .spacing(size::S3)
        .align_y(Alignment::Center);
        if busy {
            line = line.push(text::caption("working…"));
        } else if item.loaded {
            if !shown {
                line = line.push(
                    button("Show", Press::Secondary)
                        .id(format!("show-{}", item.name))
                        .on_press(Message::Show(item.name.clone())),
                );
            }
            line = line.push(
                button("Close", Press::Ghost)
                    .id(format!("close-{}", item.name))
                    .on_press(Message::Close(item.name.clone())),
            );
        } else {
            line = line.push(
                button("Open", Press::Secondary)
                    .id(format!("open-{}", item.name))
                    .on_press(Message::Open(item.name.clone())),
            );
        }
        line.into()
    }
}

impl Update<Message> {
    /// Shows a wallet after another wish was told: one wish at a time reaches the parent.
    fn then_show(self, name: String) -> Self {
        Self {
            task: Task::batch([self.task, Task::done(Message::Show(name))]),
            ..self
        }
    }
}
