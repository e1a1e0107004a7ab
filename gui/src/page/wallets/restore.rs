//! The form that makes a wallet from a backup file; also a step of the first run.

use std::path::PathBuf;

use iced::Task;
use iced::widget::column;
use ipc_schema::IpcError;

use super::create::Made;
use crate::Element;
use crate::link::files::{Pick, pick};
use crate::model::Model;
use crate::page::{Context, words};
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::button_with;
use crate::widget::{Field, button, text};

/// The form.
#[derive(Debug, Default)]
pub struct Form {
    path: String,
    name: String,
    busy: bool,
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
    /// The name was edited.
    Name(String),
    /// Restore it.
    Restore,
    /// It was restored, or not.
    Restored(String, Result<Vec<String>, IpcError>),
}

impl Form {
    /// Handles a message; gives the wallet once it is there.
    pub fn update(
        &mut self,
        message: Message,
        context: &Context<'_>,
    ) -> (Task<Message>, Option<Made>) {
        self.error = None;
        match message {
            Message::Path(text) => self.set_path(text),
            Message::Browse => {
                let start = PathBuf::from(&self.path);
                let call = pick(Pick::Open, "Choose the backup file", start);
                return (Task::perform(call, Message::Chosen), None);
            }
            Message::Chosen(Some(path)) => self.set_path(path.display().to_string()),
            Message::Chosen(None) => {}
            Message::Name(text) => self.name = text,
            Message::Restore => {
                let name = self.name.trim().to_owned();
                if name.is_empty() || self.path.trim().is_empty() || self.busy {
                    return (Task::none(), None);
                }
                self.busy = true;
                let (wallet, path) = (context.link.wallet(), self.path.trim().to_owned());
                let made = name.clone();
                let call = async move { wallet?.restore(name, path).await };
                let done = move |result| Message::Restored(made.clone(), result);
                return (Task::perform(call, done), None);
            }
            Message::Restored(name, result) => {
                self.busy = false;
                match result {
                    Ok(_) => {
                        return (
                            Task::none(),
                            Some(Made {
                                name,
                                encrypted: false,
                            }),
                        );
                    }
                    Err(error) => self.error = Some(words(&error)),
                }
            }
        }
        (Task::none(), None)
    }

    fn set_path(&mut self, path: String) {
        if self.name.is_empty() {
            let stem = PathBuf::from(&path);
            let stem = stem
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned());
            self.name = stem.unwrap_or_default();
        }
        self.path = path;
    }

    /// Draws the form.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let taken = model
            .wallets
            .iter()
            .any(|wallet| wallet.name == self.name.trim());
        let browse = button("Choose…", Press::Secondary)
            .id("restore-browse")
            .on_press(Message::Browse);
        let ready = !self.path.trim().is_empty()
            && !self.name.trim().is_empty()
            && !taken
            && !self.busy
            && model.can_use_wallets();
        let label = if self.busy { "Restoring…" } else { "Restore" };
        let note = match &self.error {
            Some(error) => text::body(error.clone()).class(Tone::Bad),
            None => text::caption(
                "The chain is then searched for payments of this wallet. Tasks shows how far that is.",
            ),
        };
        column![
            Element::from(
                Field::new("restore-path", &self.path)
                    .label("Backup file")
                    .placeholder("/path/to/backup")
                    .mono()
                    .on_input(Message::Path)
                    .after(browse)
            ),
            Element::from(
                Field::new("restore-name", &self.name)
                    .label("Name for the wallet")
                    .on_input(Message::Name)
                    .on_submit(Message::Restore)
                    .error(taken.then_some("There is a wallet of this name already."))
            ),
            note,
            button_with(Icon::ArchiveRestore, label, Press::Primary)
                .id("restore-wallet")
                .on_press_maybe(ready.then_some(Message::Restore)),
        ]
        .spacing(size::S3)
        .into()
    }
}
