//! Export of the list, and labels out and in.

use std::path::PathBuf;

use iced::Task;
use iced::widget::{column, container, row};
use iced::{Alignment, Length};

use crate::Element;
use crate::link::files::{Pick, pick};
use crate::model::Model;
use crate::model::export::{csv, labels, read_labels};
use crate::page::{Context, words};
use crate::theme::{Press, Tone, size};
use crate::widget::button::segments;
use crate::widget::{Field, button, text};

/// What goes out or comes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum What {
    /// The list in view as CSV.
    #[default]
    Csv,
    /// All labels, as BIP329 lines.
    LabelsOut,
    /// Labels from a file.
    LabelsIn,
}

/// The open form.
#[derive(Debug, Default)]
pub struct Form {
    what: What,
    path: String,
    /// Said yes to amounts in a file although they are hidden on the screen.
    unmasked: bool,
    busy: bool,
    done: Option<Result<String, String>>,
}

/// What can happen in the form.
#[derive(Debug, Clone)]
pub enum Message {
    /// Something else goes out or comes in.
    What(What),
    /// The path was edited.
    Path(String),
    /// Open the file chooser.
    Browse,
    /// A file was chosen, or none.
    Chosen(Option<PathBuf>),
    /// Do it.
    Go,
    /// It was done, or not.
    Done(Result<String, String>),
}

impl Form {
    /// A form with a path to begin with.
    pub fn new() -> Self {
        let mut form = Self::default();
        form.suggest();
        form
    }

    fn suggest(&mut self) {
        let folder = directories::UserDirs::new();
        let folder = folder
            .as_ref()
            .map(|dirs| dirs.document_dir().unwrap_or_else(|| dirs.home_dir()));
        let file = match self.what {
            What::Csv => "activity.csv",
            What::LabelsOut | What::LabelsIn => "labels.jsonl",
        };
        let path = folder.map_or_else(|| PathBuf::from(file), |folder| folder.join(file));
        self.path = path.display().to_string();
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Task<Message> {
        match message {
            Message::What(what) => {
                self.what = what;
                self.done = None;
                self.unmasked = false;
                self.suggest();
            }
            Message::Path(path) => self.path = path,
            Message::Browse => {
                let (kind, title) = match self.what {
                    What::LabelsIn => (Pick::Open, "Choose the file with labels"),
                    What::Csv | What::LabelsOut => (Pick::Save, "Export"),
                };
                let call = pick(kind, title, PathBuf::from(&self.path));
                return Task::perform(call, Message::Chosen);
            }
            Message::Chosen(Some(path)) => self.path = path.display().to_string(),
            Message::Chosen(None) => {}
            Message::Go => return self.go(context),
            Message::Done(result) => {
                self.busy = false;
                self.done = Some(result);
            }
        }
        Task::none()
    }

    fn go(&mut self, context: &Context<'_>) -> Task<Message> {
        let model = context.model;
        let Some(wallet) = &model.wallet else {
            return Task::none();
        };
        if self.what == What::Csv && model.prefs.masked && !self.unmasked {
            self.unmasked = true;
            return Task::none();
        }
        self.busy = true;
        self.done = None;
        let path = self.path.trim().to_owned();
        match self.what {
            What::Csv => {
                let (list, zone) = (wallet.history.listed(), model.zone.clone());
                let (count, ticker) = (wallet.history.len(), model.params.ticker);
                let text = move || (csv(&list, ticker, &zone), format!("{count} rows"));
                Task::perform(write(path, text), Message::Done)
            }
            What::LabelsOut => {
                let addresses = wallet.addresses.clone();
                let text = move || {
                    let text = labels(&addresses);
                    let count = text.lines().count();
                    (text, format!("{count} labels"))
                };
                Task::perform(write(path, text), Message::Done)
            }
            What::LabelsIn => Task::perform(take_in(path, context), Message::Done),
        }
    }

    /// Draws the form.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let kinds = segments(
            "export-what",
            [
                (What::Csv, "This list (CSV)".to_owned()),
                (What::LabelsOut, "Labels out (BIP329)".to_owned()),
                (What::LabelsIn, "Labels in (BIP329)".to_owned()),
            ],
            self.what,
            Message::What,
        );
        let asks = self.what == What::Csv && model.prefs.masked && self.unmasked;
        let label = match (self.busy, asks, self.what) {
            (true, _, _) => "Working…",
            (false, true, _) => "Write the amounts all the same",
            (false, false, What::LabelsIn) => "Import",
            (false, false, _) => "Export",
        };
        let go = button(label, Press::Primary)
            .id("export-go")
            .on_press_maybe((!self.busy && !self.path.trim().is_empty()).then_some(Message::Go));
        let browse = button("Choose…", Press::Secondary)
            .id("export-browse")
            .on_press(Message::Browse);
        let (words, tone) = match &self.done {
            Some(Ok(words)) => (words.clone(), Tone::Good),
            Some(Err(error)) => (error.clone(), Tone::Bad),
            None if asks => (
                "Amounts are hidden on the screen, but a file shows them to whoever opens it."
                    .to_owned(),
                Tone::Warn,
            ),
            None => (String::new(), Tone::Faint),
        };
        let field = Field::new("export-path", &self.path)
            .mono()
            .on_input(Message::Path)
            .on_submit(Message::Go)
            .after(browse);
        column![
            kinds,
            Element::from(field),
            row![
                go,
                container(text::body(words).class(tone)).width(Length::Fill)
            ]
            .spacing(size::S3)
            .align_y(Alignment::Center),
        ]
        .spacing(size::S3)
        .into()
    }
}

/// Writes a file; its text, and what it is in words, are made where they hold nobody up.
async fn write(
    path: String,
    text: impl FnOnce() -> (String, String) + Send + 'static,
) -> Result<String, String> {
    let work = move || {
        let (text, what) = text();
        std::fs::write(&path, text)
            .map(|()| format!("{what} written to {path}."))
            .map_err(|error| format!("Cannot write {path}: {error}."))
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err("Writing the file failed.".to_owned()))
}

/// Reads labels and gives them to the wallet one by one.
fn take_in(
    path: String,
    context: &Context<'_>,
) -> impl Future<Output = Result<String, String>> + Send + 'static {
    let (wallet, name) = (context.link.wallet(), context.wallet_name());
    async move {
        let wallet = wallet.map_err(|error| words(&error))?;
        let file = path.clone();
        let text = tokio::task::spawn_blocking(move || std::fs::read_to_string(file)).await;
        let text = text
            .map_err(|_| "Reading the file failed.".to_owned())?
            .map_err(|error| format!("Cannot read {path}: {error}."))?;
        let read = read_labels(&text);
        let mut taken = 0_usize;
        let mut refused = 0_usize;
        for (address, label) in read.labels {
            match wallet.set_label(name.clone(), address, label).await {
                Ok(()) => taken += 1,
                Err(ipc_schema::IpcError::Fault(_)) => refused += 1,
                Err(error) => return Err(words(&error)),
            }
        }
        let mut words = format!("{taken} labels taken in.");
        if refused > 0 {
            words.push_str(&format!(" {refused} belong to another network."));
        }
        if let Some((line, reason)) = read.skipped.first() {
            let count = read.skipped.len();
            words.push_str(&format!(
                " {count} lines skipped, the first is line {line}: {reason}."
            ));
        }
        Ok(words)
    }
}
