//! Settings: the window's own choices, and every option of the node with the value in force and where it comes from.

mod labels;
mod node;
mod window;

use iced::Task;
use iced::widget::{column, container, row};
use iced::{Alignment, Length};
use ipc_schema::{IpcError, SetReply};

use super::{Context, Event, PrefsChange, Update, words};
use crate::Element;
use crate::link::Control;
use crate::model::Model;
use crate::theme::{Press, Tone, size};
use crate::widget::button::{button_with, step};
use crate::widget::{button, layout, pressable, stop, text};

/// The page.
#[derive(Debug, Default)]
pub struct Page {
    /// The heading of the options in view; `None` for the window's own choices.
    category: Option<String>,
    /// What is being typed: option and text.
    draft: Option<(String, String)>,
    error: Option<(String, String)>,
    /// Options that wait for a restart of the node.
    waiting: Vec<String>,
}

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// Show a group.
    Category(Option<String>),
    /// A choice of the window.
    Prefs(PrefsChange),
    /// The value of an option is being typed.
    Draft(String, String),
    /// Store what was typed.
    Store(String),
    /// Store this JSON text, or take the option out of the file.
    Set(String, Option<String>),
    /// It was stored, or not.
    Stored(String, Result<SetReply, IpcError>),
    /// Restart the node.
    Restart,
    /// Show the options of the command line.
    CommandLine,
    /// Show what this program is.
    About,
    /// Go to another coin or network.
    ChooseChain,
    /// Set the window's choices back.
    Reset,
}

impl Page {
    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        match message {
            Message::Category(category) => {
                self.category = category;
                self.draft = None;
                self.error = None;
            }
            Message::Prefs(change) => return Update::event(Event::Prefs(change)),
            Message::Draft(name, text) => {
                let begins = self.draft.as_ref().is_none_or(|(old, _)| *old != name);
                self.draft = Some((name, text));
                self.error = None;
                if begins {
                    return Update::task(iced::widget::operation::focus("option-draft"));
                }
            }
            Message::Store(name) => {
                let Some((draft, text)) = &self.draft else {
                    return Update::none();
                };
                let info = context.model.settings.iter().find(|info| info.name == name);
                let Some(info) = info.filter(|_| *draft == name) else {
                    return Update::none();
                };
                return match node::to_json(info, text) {
                    Ok(value) => set(name, value, context),
                    Err(error) => {
                        self.error = Some((name, error));
                        Update::none()
                    }
                };
            }
            Message::Set(name, value) => return set(name, value, context),
            Message::Stored(name, Ok(reply)) => {
                self.draft = None;
                self.error = None;
                if reply.needs_restart && !self.waiting.contains(&name) {
                    self.waiting.push(name);
                }
                return Update::event(Event::Notify(Tone::Good, "Stored.".to_owned()));
            }
            Message::Stored(name, Err(error)) => self.error = Some((name, words(&error))),
            Message::CommandLine => return Update::event(Event::CommandLine),
            Message::About => return Update::event(Event::About),
            Message::ChooseChain => return Update::event(Event::ChooseChain),
            Message::Reset => return Update::event(Event::Reset),
            Message::Restart => {
                self.waiting.clear();
                return Update::event(Event::Link(Control::Restart));
            }
        }
        Update::none()
    }

    /// Draws the page.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let mut groups: Vec<&str> = Vec::new();
        for info in &model.settings {
            if !groups.contains(&info.category.as_str()) {
                groups.push(&info.category);
            }
        }
        let tab = |label: String, category: Option<String>| -> Element<'a, Message> {
            let selected = self.category == category;
            pressable(text::line(label.clone()))
                .kind(Press::Nav { selected })
                .padding([0.0, size::S2])
                .height(size::CONTROL)
                .id(format!("settings-{label}"))
                .skip_tab()
                .on_press(Message::Category(category))
                .into()
        };
        let mut tabs = vec![tab("Window".to_owned(), None)];
        tabs.extend(groups.iter().map(|group| {
            tab(
                node::short_heading(group).to_owned(),
                Some((*group).to_owned()),
            )
        }));
        let tabs = row(tabs).wrap().vertical_spacing(size::S1);
        let mut all: Vec<Option<String>> = vec![None];
        all.extend(groups.iter().map(|group| Some((*group).to_owned())));
        let place = all.iter().position(|group| *group == self.category);
        let tabs = stop("settings-tabs", tabs, move |key, _| {
            let next = all.get(step(key, place?)?)?;
            Some(Message::Category(next.clone()))
        });
        let mut blocks: Vec<Element<'a, Message>> = vec![tabs.into()];
        if !self.waiting.is_empty() {
            blocks.push(self.restart_bar(model));
        }
        match &self.category {
            None => blocks.extend(window::view(model)),
            Some(category) => blocks.push(node::view(self, model, category)),
        }
        layout::page("settings", layout::page_title("Settings"), blocks)
    }

    fn restart_bar<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let words = format!(
            "Takes effect after a restart of the node: {}",
            self.waiting.join(", ")
        );
        let restart = button_with(
            crate::theme::Icon::RefreshCw,
            "Restart node",
            Press::Secondary,
        )
        .id("settings-restart")
        .on_press_maybe(model.connection.is_up().then_some(Message::Restart));
        let line = row![container(text::body(words)).width(Length::Fill), restart]
            .spacing(size::S3)
            .align_y(Alignment::Center);
        layout::card(line)
    }
}

fn set(name: String, value: Option<String>, context: &Context<'_>) -> Update<Message> {
    let node = context.link.node();
    let option = name.clone();
    let call = async move { node?.set_setting(option, value).await };
    Update::task(Task::perform(call, move |result| {
        Message::Stored(name.clone(), result)
    }))
}

/// A labelled row of a settings card.
fn setting<'a>(
    label: impl Into<String>,
    help: impl Into<String>,
    control: impl Into<Element<'a, Message>>,
) -> Element<'a, Message> {
    let words = column![text::strong(label.into()), text::caption(help.into())].spacing(2.0);
    row![container(words).width(Length::Fill), control.into()]
        .spacing(size::S4)
        .align_y(Alignment::Center)
        .into()
}

/// A small button that takes a stored value back.
fn reset<'a>(name: &str) -> Element<'a, Message> {
    button("Reset", Press::Ghost)
        .id(format!("reset-{name}"))
        .on_press(Message::Set(name.to_owned(), None))
        .into()
}
