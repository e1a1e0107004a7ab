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
        IcedEvent::Keyboard(keyboard::Event::KeyPressed {
            key,
            modifiers,
            text,
            ..
        }) => {
            let action = shortcuts::action(&key, modifiers, status == Status::Captured);
            action
                .map(Message::Action)
                .or_else(|| capitals(text?.as_str(), modifiers).map(Message::Capitals))
        }
        IcedEvent::Window(window::Event::FileDropped(path)) => Some(Message::Dropped(path)),
        _ => None,
    }
}

/// Whether caps lock is on, as far as a typed letter tells.
fn capitals(text: &str, modifiers: keyboard::Modifiers) -> Option<bool> {
    let mut letters = text.chars();
    let letter = letters.next().filter(|letter| letter.is_alphabetic())?;
    let plain = letters.next().is_none() && !modifiers.command() && !modifiers.alt();
    plain.then(|| letter.is_uppercase() != modifiers.shift())
}

impl App {
    pub(super) fn act(&mut self, action: Action) -> Task<Message> {
        match action {
            Action::Next => return self.moved(iced::widget::operation::focus_next()),
            Action::Previous => return self.moved(iced::widget::operation::focus_previous()),
            Action::Escape => return self.escape(),
            Action::Close => {
                self.close_top();
            }
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

    /// After the keyboard went to another control: that is brought into view, and told to the trace.
    fn moved(&self, moved: Task<Message>) -> Task<Message> {
        let shown = moved.chain(reveal_focused());
        if self.trace.is_none() {
            return shown;
        }
        let find = iced::advanced::widget::operation::focusable::find_focused();
        shown.chain(iced::advanced::widget::operate(find).map(Message::Focused))
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

    /// Closes what lies on top, a dialog or a drawer; whether there was anything.
    fn close_top(&mut self) -> bool {
        if !matches!(self.overlay, Overlay::None) {
            self.overlay = Overlay::None;
            return true;
        }
        match self.page {
            _ if !matches!(self.screen, Screen::Main) => false,
            PageId::Activity => self.pages.activity.close_drawer(),
            PageId::Send => self.pages.send.close_top(),
            PageId::Receive => self.pages.receive.close_top(),
            PageId::Coins => self.pages.coins.close_top(),
            PageId::Wallets => self.pages.wallets.back(),
            _ => false,
        }
    }

    fn escape(&mut self) -> Task<Message> {
        if !self.close_top() && matches!(self.screen, Screen::Main) && self.page != PageId::Overview
        {
            return self.open(PageId::Overview);
        }
        Task::none()
    }

    pub(super) fn open_palette(&mut self, query: &str) -> Task<Message> {
        self.overlay = Overlay::Palette(Palette::new(query));
        let search = self.search();
        Task::batch([
            search,
            iced::widget::operation::focus(crate::palette::INPUT),
        ])
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

#[cfg(test)]
mod tests {
    use super::*;
    use iced::keyboard::Modifiers;

    #[test]
    fn caps_lock_shows_in_the_letters() {
        assert_eq!(capitals("a", Modifiers::empty()), Some(false));
        assert_eq!(capitals("A", Modifiers::empty()), Some(true));
        assert_eq!(capitals("A", Modifiers::SHIFT), Some(false));
        assert_eq!(capitals("a", Modifiers::SHIFT), Some(true));
        assert_eq!(capitals("1", Modifiers::empty()), None);
        assert_eq!(capitals("A", Modifiers::CTRL), None);
    }
}
