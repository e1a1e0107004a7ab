//! Console: commands with completion, a history without secrets, and their answers.

mod run;
#[cfg(test)]
mod tests;
mod view;

use std::collections::VecDeque;

use iced::Task;
use iced::task::Handle;

use super::{Context, Event, PrefsChange, Update};
use crate::Element;
use crate::model::Model;
use crate::model::console::{self, CommandHistory};
use crate::theme::Tone;

/// Lines of answers that are kept.
const KEPT: usize = 10_000;
/// Sizes of the text, in pixels.
const SIZES: (u16, u16) = (4, 40);
/// Lines that a page of the output moves by.
const PAGE: usize = 15;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Warning,
    Hint,
    Input,
    Output,
    Error,
}

#[derive(Debug, Clone)]
struct Line {
    kind: Kind,
    /// When, on the first line of a block.
    at: Option<i64>,
    text: String,
}

#[derive(Debug)]
struct Running {
    id: u64,
    line: String,
    handle: Handle,
}

/// The page.
#[derive(Debug)]
pub struct Page {
    input: String,
    lines: VecDeque<Line>,
    history: CommandHistory,
    running: Vec<Running>,
    next_id: u64,
    selected: Option<usize>,
    /// Name no wallet in calls, even where one is in view.
    without_wallet: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// The input was edited.
    Input(String),
    /// A letter was typed while the input had no focus.
    Type(String),
    /// Run what is in the input.
    Submit,
    /// An answer came.
    Done(u64, Result<String, String>),
    /// Stop waiting for an answer.
    Cancel(u64),
    /// The command before.
    Back,
    /// The command after.
    Forward,
    /// Take a completion.
    Complete(String),
    /// Take the first completion.
    CompleteFirst,
    /// Empty the output.
    Clear,
    /// Forget what was typed.
    ForgetHistory,
    /// A page of the output up, or down.
    Page {
        /// Towards the older lines.
        up: bool,
    },
    /// Larger or smaller text.
    Size(bool),
    /// Select a line.
    Select(usize),
    /// Copy a line.
    CopyLine(usize),
    /// Copy everything.
    CopyAll,
    /// With or without the wallet in view.
    Wallet(bool),
}

impl Page {
    /// A console that remembers `history`.
    pub fn new(history: Vec<String>) -> Self {
        let mut page = Self {
            input: String::new(),
            lines: VecDeque::new(),
            history: CommandHistory::new(history),
            running: Vec::new(),
            next_id: 1,
            selected: None,
            without_wallet: false,
        };
        page.greet();
        page
    }

    fn greet(&mut self) {
        let lines = [
            (
                Kind::Warning,
                "WARNING: Scammers have told people to type commands here and stole their money with them. \
              Do not type anything whose effect you do not fully understand.",
            ),
            (
                Kind::Hint,
                "Type \"help\" for an overview of commands, \"help-console\" for how to write them. \
              Arrow up and down walk through the history, Ctrl+L clears the screen.",
            ),
        ];
        self.lines.extend(lines.map(|(kind, text)| Line {
            kind,
            at: None,
            text: text.to_owned(),
        }));
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::Input(text) if text.len() <= console::MAX_INPUT => self.input = text,
            Message::Input(_) => {}
            Message::Type(letter) => {
                self.input.push_str(&letter);
                return self.focus_input();
            }
            Message::Submit => return self.submit(context),
            Message::Done(id, result) => {
                let of_wallets = self
                    .running
                    .iter()
                    .any(|running| running.id == id && running.line.contains("wallet"));
                self.done(id, result, context.model);
                if of_wallets {
                    return Update::event(Event::WalletsChanged);
                }
            }
            Message::Cancel(id) => {
                if let Some(place) = self.running.iter().position(|running| running.id == id) {
                    let gone = self.running.remove(place);
                    gone.handle.abort();
                    self.print(
                        Kind::Hint,
                        &format!("No longer waiting for: {}", gone.line),
                        None,
                    );
                }
            }
            Message::Back => {
                if let Some(line) = self.history.back(&self.input) {
                    self.input = line;
                }
            }
            Message::Forward => {
                if let Some(line) = self.history.forward() {
                    self.input = line;
                }
            }
            Message::Complete(name) => return self.complete(&name),
            Message::CompleteFirst => {
                let first = console::complete(&context.model.commands, &self.input);
                if let Some(name) = first.first().map(|command| command.name.clone()) {
                    return self.complete(&name);
                }
            }
            Message::Clear => {
                self.lines.clear();
                self.selected = None;
                self.greet();
            }
            Message::ForgetHistory => {
                self.history.clear();
                return Update::event(Event::Prefs(PrefsChange::ConsoleHistory(Vec::new())));
            }
            Message::Page { up } => self.page(up),
            Message::Size(larger) => {
                let size = context.model.prefs.console_size;
                let size = if larger {
                    size + 1
                } else {
                    size.saturating_sub(1)
                };
                let change = PrefsChange::ConsoleSize(size.clamp(SIZES.0, SIZES.1));
                return Update::event(Event::Prefs(change));
            }
            Message::Select(place) => self.selected = Some(place),
            Message::CopyLine(place) => {
                if let Some(line) = self.lines.get(place) {
                    return Update::event(Event::Copy(line.text.clone(), "Line"));
                }
            }
            Message::CopyAll => return Update::event(Event::Copy(self.text(), "Output")),
            Message::Wallet(with) => self.without_wallet = !with,
        }
        Update::none()
    }

    /// Moves the selection by a page; the list brings the selected line into view.
    fn page(&mut self, up: bool) {
        let last = self.lines.len().saturating_sub(1);
        let from = self.selected.unwrap_or(last);
        self.selected = Some(if up {
            from.saturating_sub(PAGE)
        } else {
            (from + PAGE).min(last)
        });
    }

    fn complete(&mut self, name: &str) -> Update<Message> {
        self.input = console::completed(&self.input, name);
        self.focus_input()
    }

    fn focus_input(&self) -> Update<Message> {
        let id = view::INPUT;
        let focus = iced::widget::operation::focus(id);
        Update::task(Task::batch([
            focus,
            iced::widget::operation::move_cursor_to_end(id),
        ]))
    }

    fn submit(&mut self, context: &Context<'_>) -> Update<Message> {
        let line = std::mem::take(&mut self.input);
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return Update::none();
        }
        if console::is_redacted(trimmed) {
            self.input.clone_from(&line);
            self.print(
                Kind::Error,
                "This entry had its secret replaced and cannot run. Type the command again.",
                None,
            );
            return Update::none();
        }
        self.print(
            Kind::Input,
            &console::redact(trimmed),
            Some(context.model.now),
        );
        self.history.push(trimmed);
        let remember = Event::Prefs(PrefsChange::ConsoleHistory(self.history.lines().to_vec()));
        if trimmed == "help-console" {
            self.print(Kind::Output, view::SYNTAX_HELP, None);
            return Update::event(remember);
        }
        match console::parse(trimmed) {
            Ok(Some(call)) => {
                let id = self.next_id;
                self.next_id += 1;
                let wallet = context.model.wallet.as_ref();
                let wallet = wallet.filter(|_| !self.without_wallet);
                let answer = run::run(call, context, wallet.map(|wallet| wallet.name.as_str()));
                let task = Task::perform(answer, move |result| Message::Done(id, result));
                let (task, handle) = task.abortable();
                self.running.push(Running {
                    id,
                    line: console::redact(trimmed),
                    handle,
                });
                Update::task(task).and(remember)
            }
            Ok(None) => Update::none(),
            Err(error) => {
                self.print(Kind::Error, &error.to_string(), None);
                Update::event(remember)
            }
        }
    }

    fn done(&mut self, id: u64, result: Result<String, String>, model: &Model) {
        self.running.retain(|running| running.id != id);
        match result {
            Ok(text) => self.print(Kind::Output, &text, Some(model.now)),
            Err(text) => self.print(Kind::Error, &text, Some(model.now)),
        }
    }

    fn print(&mut self, kind: Kind, text: &str, at: Option<i64>) {
        for (index, part) in text.lines().enumerate() {
            let at = at.filter(|_| index == 0);
            self.lines.push_back(Line {
                kind,
                at,
                text: part.to_owned(),
            });
        }
        while self.lines.len() > KEPT {
            self.lines.pop_front();
        }
        self.selected = None;
    }

    fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        lines.join("\n")
    }

    /// Draws the page.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        view::view(self, model)
    }
}

impl Kind {
    fn tone(self) -> Tone {
        match self {
            Self::Warning => Tone::Warn,
            Self::Hint => Tone::Faint,
            Self::Input => Tone::Accent,
            Self::Output => Tone::Main,
            Self::Error => Tone::Bad,
        }
    }
}
