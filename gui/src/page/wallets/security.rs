//! The passphrase of a wallet: set one, or change it.

use iced::Task;
use iced::widget::column;
use ipc_schema::{FaultCode, IpcError, LockState, Secret};
use zeroize::Zeroizing;

use super::create::strength_note;
use crate::Element;
use crate::model::{Model, strength};
use crate::page::{Context, words};
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::{button_with, check};
use crate::widget::{Field, text};

/// The form.
#[derive(Debug, Default)]
pub(super) struct Form {
    old: Zeroizing<String>,
    new: Zeroizing<String>,
    repeat: Zeroizing<String>,
    show: bool,
    busy: bool,
    error: Option<String>,
}

/// What can happen in the form.
#[derive(Debug, Clone)]
pub enum Message {
    /// The passphrase in force was edited.
    Old(String),
    /// The new one was edited.
    New(String),
    /// Its repetition was edited.
    Repeat(String),
    /// Show what is typed, or dots.
    Show,
    /// Set or change it.
    Apply,
    /// It was set (for the first time?) or changed, or not.
    Applied(bool, Result<(), IpcError>),
}

impl Form {
    /// Handles a message; gives the words for a success.
    pub(super) fn update(
        &mut self,
        message: Message,
        context: &Context<'_>,
    ) -> (Task<Message>, Option<String>) {
        self.error = None;
        match message {
            Message::Old(text) => self.old = Zeroizing::new(text),
            Message::New(text) if text.len() <= strength::MAX_BYTES => {
                self.new = Zeroizing::new(text);
            }
            Message::New(_) => {}
            Message::Repeat(text) => self.repeat = Zeroizing::new(text),
            Message::Show => self.show = !self.show,
            Message::Apply => return (self.apply(context), None),
            Message::Applied(first, Ok(())) => {
                let words = if first {
                    "The passphrase is set. Backups made before hold the keys without one: make a new backup, then destroy \
                     the old ones."
                } else {
                    "The passphrase is changed. Backups made before open with the old one: make a new backup."
                };
                return (Task::none(), Some(words.to_owned()));
            }
            Message::Applied(_, Err(error)) => {
                self.busy = false;
                self.old = Zeroizing::default();
                let wrong = error
                    .fault()
                    .is_some_and(|f| f.code == FaultCode::WrongPassphrase);
                self.error = Some(if wrong {
                    "The passphrase in force is another one. Look for caps lock and the keyboard's language.".to_owned()
                } else {
                    words(&error)
                });
            }
        }
        (Task::none(), None)
    }

    fn apply(&mut self, context: &Context<'_>) -> Task<Message> {
        if self.busy || self.new.is_empty() || self.new != self.repeat {
            return Task::none();
        }
        self.busy = true;
        let secret = |text: &Zeroizing<String>| Secret::new(text.as_bytes().to_vec());
        let (wallet, name) = (context.link.wallet(), context.wallet_name());
        let (old, new) = (secret(&self.old), secret(&self.new));
        let plain = is_plain(context.model);
        let call = async move {
            let wallet = wallet?;
            if plain {
                wallet.encrypt(name, new).await
            } else {
                wallet.change_passphrase(name, old, new).await
            }
        };
        Task::perform(call, move |result| Message::Applied(plain, result))
    }

    /// Draws the form.
    pub(super) fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let plain = is_plain(model);
        let mut form = column![].spacing(size::S3);
        if plain {
            form = form.push(text::body(
                "This wallet has no passphrase. With one, its keys are useless to whoever copies the file.",
            ));
        } else {
            form = form.push(Element::from(
                Field::new("security-old", &self.old)
                    .label("Passphrase in force")
                    .secure(!self.show)
                    .on_input(Message::Old),
            ));
        }
        let (mut note, mut tone) = strength_note(&self.new);
        if model.capitals {
            (note, tone) = (crate::page::CAPITALS.to_owned(), Tone::Warn);
        }
        let differs = !self.repeat.is_empty() && self.repeat != self.new;
        form = form
            .push(Element::from(
                Field::new("security-new", &self.new)
                    .label("New passphrase")
                    .secure(!self.show)
                    .on_input(Message::New)
                    .note(note, tone),
            ))
            .push(Element::from(
                Field::new("security-repeat", &self.repeat)
                    .label("Repeat")
                    .secure(!self.show)
                    .on_input(Message::Repeat)
                    .on_submit(Message::Apply)
                    .error(differs.then_some("This differs from the new passphrase above.")),
            ))
            .push(check(
                "security-show",
                "Show what is typed",
                self.show,
                Some(Message::Show),
            ))
            .push(text::caption(
                "Lose the passphrase and the money is gone for good: nobody can reset it.",
            ));
        if let Some(error) = &self.error {
            form = form.push(text::body(error.clone()).class(Tone::Bad));
        }
        let ready = !self.busy && !self.new.is_empty() && self.new == self.repeat;
        let label = match (self.busy, plain) {
            (true, _) => "Working…",
            (false, true) => "Encrypt this wallet",
            (false, false) => "Change the passphrase",
        };
        form.push(
            button_with(Icon::KeyRound, label, Press::Primary)
                .id("security-apply")
                .on_press_maybe(ready.then_some(Message::Apply)),
        )
        .into()
    }
}

fn is_plain(model: &Model) -> bool {
    model
        .wallet
        .as_ref()
        .is_none_or(|wallet| wallet.lock() == LockState::Unencrypted)
}
