//! The form for a new wallet; also a step of the first run.

use iced::Task;
use iced::widget::{column, row};
use ipc_schema::{CreateWallet, IpcError, Secret};
use zeroize::Zeroizing;

use crate::Element;
use crate::model::Model;
use crate::model::strength::{self, Grade};
use crate::page::{Context, words};
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::{button_with, check};
use crate::widget::{Field, icon_button, pressable, text};

/// The form.
#[derive(Debug)]
pub struct Form {
    name: String,
    passphrase: Zeroizing<String>,
    repeat: Zeroizing<String>,
    show: bool,
    more: bool,
    blank: bool,
    watch_only: bool,
    avoid_reuse: bool,
    /// Said yes to a wallet without passphrase.
    without: bool,
    busy: bool,
    error: Option<String>,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            name: "Savings".to_owned(),
            passphrase: Zeroizing::default(),
            repeat: Zeroizing::default(),
            show: false,
            more: false,
            blank: false,
            watch_only: false,
            avoid_reuse: false,
            without: false,
            busy: false,
            error: None,
        }
    }
}

/// A wallet that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// Whether it has a passphrase.
    pub encrypted: bool,
}

/// What can happen in the form.
#[derive(Debug, Clone)]
pub enum Message {
    /// The name was edited.
    Name(String),
    /// The passphrase was edited.
    Passphrase(String),
    /// Its repetition was edited.
    Repeat(String),
    /// Show what is typed, or dots.
    Show,
    /// Show or fold the rarer choices.
    More,
    /// No keys yet.
    Blank,
    /// Never any keys.
    WatchOnly,
    /// Do not spend from used addresses.
    AvoidReuse,
    /// No passphrase, on purpose.
    Without,
    /// Make it.
    Create,
    /// It was made, or not.
    Created(Box<CreatedWallet>),
}

/// The answer to a request to make a wallet.
#[derive(Debug, Clone)]
pub struct CreatedWallet {
    made: Made,
    result: Result<Vec<String>, IpcError>,
}

impl Form {
    /// A form, for a wallet that only watches if so wished.
    pub fn new(watch_only: bool) -> Self {
        let name = if watch_only { "Watching" } else { "Savings" };
        Self {
            name: name.to_owned(),
            watch_only,
            more: watch_only,
            ..Self::default()
        }
    }

    /// Handles a message; gives the wallet once it is there.
    pub fn update(
        &mut self,
        message: Message,
        context: &Context<'_>,
    ) -> (Task<Message>, Option<Made>) {
        self.error = None;
        match message {
            Message::Name(text) => self.name = text,
            Message::Passphrase(text) if text.len() <= strength::MAX_BYTES => {
                self.passphrase = Zeroizing::new(text);
                self.without = false;
            }
            Message::Passphrase(_) => {}
            Message::Repeat(text) => self.repeat = Zeroizing::new(text),
            Message::Show => self.show = !self.show,
            Message::More => self.more = !self.more,
            Message::Blank => {
                self.blank = !self.blank;
                self.watch_only = false;
            }
            Message::WatchOnly => {
                self.watch_only = !self.watch_only;
                self.blank = false;
            }
            Message::AvoidReuse => self.avoid_reuse = !self.avoid_reuse,
            Message::Without => self.without = !self.without,
            Message::Create => return (self.create(context), None),
            Message::Created(created) => {
                self.busy = false;
                match created.result {
                    Ok(_) => return (Task::none(), Some(created.made)),
                    Err(error) => self.error = Some(words(&error)),
                }
            }
        }
        (Task::none(), None)
    }

    fn create(&mut self, context: &Context<'_>) -> Task<Message> {
        if self.problem().is_some() || self.busy {
            return Task::none();
        }
        self.busy = true;
        let secret = if self.watch_only {
            Vec::new()
        } else {
            self.passphrase.as_bytes().to_vec()
        };
        let name = self.name.trim().to_owned();
        let made = Made {
            name: name.clone(),
            encrypted: !secret.is_empty(),
        };
        let options = CreateWallet {
            name,
            passphrase: Secret::new(secret),
            blank: self.blank,
            disable_private_keys: self.watch_only,
            avoid_reuse: self.avoid_reuse,
            load_on_startup: true,
        };
        let wallet = context.link.wallet();
        let call = async move { wallet?.create(options).await };
        Task::perform(call, move |result| {
            Message::Created(Box::new(CreatedWallet {
                made: made.clone(),
                result,
            }))
        })
    }

    /// What keeps the wallet from being made.
    fn problem(&self) -> Option<&'static str> {
        let name = self.name.trim();
        if name.is_empty() {
            return Some("Give the wallet a name.");
        }
        if name.contains(['/', '\\']) || name == "." || name == ".." {
            return Some("A name cannot hold slashes.");
        }
        if self.watch_only {
            return None;
        }
        if self.passphrase.is_empty() {
            return (!self.without).then_some("Choose a passphrase, or tick that you want none.");
        }
        (self.passphrase != self.repeat).then_some("Both passphrases must be the same.")
    }

    /// What to bear in mind of what was chosen.
    fn advice(&self) -> &'static str {
        if self.watch_only {
            "It holds no keys, so nothing can be spent from it."
        } else if self.passphrase.is_empty() {
            "A passphrase can be set later, on the page Wallets."
        } else {
            "Lose the passphrase and the money is gone for good: nobody can reset it."
        }
    }

    /// Draws the form.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let taken = model
            .wallets
            .iter()
            .any(|wallet| wallet.name == self.name.trim());
        let mut form = column![Element::from(
            Field::new("create-name", &self.name)
                .label("Name")
                .on_input(Message::Name)
                .error(taken.then_some("There is a wallet of this name already.")),
        )]
        .spacing(size::S3);
        if !self.watch_only {
            form = form.push(self.passphrase_fields(model));
        }
        form = form.push(self.rarer());
        let problem = self.problem();
        let note = match (&self.error, problem) {
            (Some(error), _) => text::body(error.clone()).class(Tone::Bad),
            (None, Some(problem)) => text::caption(problem),
            (None, None) => text::caption(self.advice()),
        };
        let ready = problem.is_none() && !taken && !self.busy && model.can_use_wallets();
        let label = if self.busy {
            "Making the wallet…"
        } else {
            "Create"
        };
        form.push(note)
            .push(
                button_with(Icon::Plus, label, Press::Primary)
                    .id("create-wallet")
                    .on_press_maybe(ready.then_some(Message::Create)),
            )
            .into()
    }

    fn passphrase_fields(&self, model: &Model) -> Element<'_, Message> {
        let eye = if self.show { Icon::EyeOff } else { Icon::Eye };
        let help = if self.show {
            "Hide what is typed"
        } else {
            "Show what is typed"
        };
        let (mut note, mut tone) = strength_note(&self.passphrase);
        if model.capitals {
            (note, tone) = (crate::page::CAPITALS.to_owned(), Tone::Warn);
        }
        let differs = !self.repeat.is_empty() && self.repeat != self.passphrase;
        let first = Field::new("create-passphrase", &self.passphrase)
            .label("Passphrase")
            .secure(!self.show)
            .on_input(Message::Passphrase)
            .after(icon_button(eye, help, "create-show", Some(Message::Show)))
            .note(note, tone);
        let second = Field::new("create-repeat", &self.repeat)
            .label("Repeat")
            .secure(!self.show)
            .on_input(Message::Repeat)
            .on_submit(Message::Create)
            .error(differs.then_some("This differs from the passphrase above."));
        let mut fields = column![Element::from(first)].spacing(size::S3);
        if self.passphrase.is_empty() {
            fields = fields.push(check(
                "create-without",
                "No passphrase: whoever has this computer has the money",
                self.without,
                Some(Message::Without),
            ));
        } else {
            fields = fields.push(Element::from(second));
        }
        fields.into()
    }

    fn rarer(&self) -> Element<'_, Message> {
        let icon = if self.more {
            Icon::ChevronDown
        } else {
            Icon::ChevronRight
        };
        let head = pressable(row![text::icon(icon), text::body("More")].spacing(size::S1))
            .kind(Press::Ghost)
            .padding(size::S1)
            .id("create-more")
            .on_press(Message::More);
        let mut block = column![head].spacing(size::S1);
        if self.more {
            block = block
                .push(check(
                    "create-blank",
                    "Blank: keys are added later",
                    self.blank,
                    Some(Message::Blank),
                ))
                .push(check(
                    "create-watch",
                    "Watch only: never holds private keys",
                    self.watch_only,
                    Some(Message::WatchOnly),
                ))
                .push(check(
                    "create-reuse",
                    "Avoid spending from addresses that were used before",
                    self.avoid_reuse,
                    Some(Message::AvoidReuse),
                ));
        }
        block.into()
    }
}

/// The strength of a passphrase in words.
pub(super) fn strength_note(passphrase: &str) -> (String, Tone) {
    if passphrase.is_empty() {
        return (
            "Several words are good: long, and easy to remember.".to_owned(),
            Tone::Faint,
        );
    }
    let grade = strength::grade(passphrase);
    let tone = match grade {
        Grade::Weak => Tone::Bad,
        Grade::Fair => Tone::Warn,
        Grade::Good | Grade::Strong => Tone::Good,
    };
    let mut words = format!(
        "{}: about {} bits",
        grade.word(),
        strength::bits(passphrase)
    );
    if passphrase.contains('\0') {
        words.push_str(", and it holds a character that cannot be typed again");
    }
    (words, tone)
}
