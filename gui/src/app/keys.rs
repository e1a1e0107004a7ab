//! Keys: from the event to the action, and what the action does.

use iced::event::Status;
use iced::{Event as IcedEvent, Task, keyboard, window};

use super::{App, Message, Overlay, Screen};
use crate::page::{Event, PageId, PrefsChange};
use crate::palette::Palette;
use crate::shortcuts::{self, Action};
use crate::widget::reveal::reveal_focused;

/// Picks the events that concern the whole window.
pub(super) fn listen(event: IcedEvent, status: Status, _window: window::Id) -> Option<Message> {
    match event {
        IcedEvent::Keyboard(keyboard::Event::KeyPressed { key, modifiers, .. }) => {
            shortcuts::action(&key, modifiers, status == Status::Captured).map(Message::Action)
        }
        IcedEvent::Window(window::Event::FileDropped(path)) => Some(Message::Dropped(path)),
        _ => None,
    }
}

impl App {
    pub(super) fn act(&mut self, action: Action) -> Task<Message> {
        match action {
            Action::Next => {
                return iced::widget::operation::focus_next().chain(reveal_focused());
            }
            Action::Previous => {
                return iced::widget::operation::focus_previous().chain(reveal_focused());
            }
            Action::Escape => return self.escape(),
            Action::Quit => return self.ask_quit(),
            Action::Mask => {
                let masked = !self.model.prefs.masked;
                return self.wish(Event::Prefs(PrefsChange::Masked(masked)));
            }
            Action::Larger | Action::Smaller | Action::NormalSize => return self.scale(action),
            Action::Keys => self.overlay = Overlay::Keys,
            _ if !matches!(self.screen, Screen::Main) => {}
            Action::Open(page) => return self.open(page),
            Action::Palette => return self.open_palette(""),
            Action::Lock if self.page == PageId::Console => {
                return self.update(Message::Console(crate::page::console::Message::Clear));
            }
            Action::Lock => return self.lock(),
            Action::Filter => {
                let field = match self.page {
                    PageId::Activity => "activity-filter",
                    PageId::Status => "log-filter",
                    PageId::Console => "console-input",
                    _ => return self.open_palette(""),
                };
                return iced::widget::operation::focus(field);
            }
        }
        Task::none()
    }

    fn scale(&mut self, action: Action) -> Task<Message> {
        let mut prefs = self.model.prefs.clone();
        match action {
            Action::Larger => prefs.step_scale(true),
            Action::Smaller => prefs.step_scale(false),
            _ => prefs.scale = 100,
        }
        self.wish(Event::Prefs(PrefsChange::Scale(prefs.scale)))
    }

    fn escape(&mut self) -> Task<Message> {
        if !matches!(self.overlay, Overlay::None) {
            self.overlay = Overlay::None;
            return Task::none();
        }
        let closed = match self.page {
            PageId::Activity => self.pages.activity.close_drawer(),
            PageId::Wallets => self.pages.wallets.back(),
            _ => false,
        };
        if !closed && matches!(self.screen, Screen::Main) && self.page != PageId::Overview {
            return self.open(PageId::Overview);
        }
        Task::none()
    }

    pub(super) fn open_palette(&mut self, query: &str) -> Task<Message> {
        self.overlay = Overlay::Palette(Palette {
            query: query.to_owned(),
            marked: 0,
        });
        iced::widget::operation::focus(crate::palette::INPUT)
    }

    pub(super) fn run_palette(&mut self, place: usize) -> Task<Message> {
        let Overlay::Palette(palette) = &self.overlay else {
            return Task::none();
        };
        let Some(entry) = palette.found(&self.model).into_iter().nth(place) else {
            return Task::none();
        };
        self.overlay = Overlay::None;
        self.update(entry.message)
    }
}
