//! Keys of the whole window, in one table that the palette and the list of keys read as well.

use iced::keyboard::{Key, Modifiers, key};

use crate::page::PageId;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Show a page.
    Open(PageId),
    /// Open the palette.
    Palette,
    /// Show or hide amounts.
    Mask,
    /// Lock the wallet; in the console, clear the screen.
    Lock,
    /// One step larger.
    Larger,
    /// One step smaller.
    Smaller,
    /// Back to 100 %.
    NormalSize,
    /// To the filter of this page.
    Filter,
    /// Show the keys.
    Keys,
    /// End the program.
    Quit,
    /// Close what lies on top, or go back.
    Escape,
    /// Close what lies on top.
    Close,
    /// The next stop.
    Next,
    /// The stop before.
    Previous,
}

/// A key and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Shortcut {
    /// The keys in words.
    pub keys: &'static str,
    /// What they do.
    pub action: Action,
    /// In words.
    pub words: &'static str,
}

const fn entry(keys: &'static str, action: Action, words: &'static str) -> Shortcut {
    Shortcut {
        keys,
        action,
        words,
    }
}

/// The table.
pub const SHORTCUTS: [Shortcut; 24] = [
    entry("Ctrl+K", Action::Palette, "Search or type a command"),
    entry("Alt+1", Action::Open(PageId::Overview), "Overview"),
    entry("Alt+2", Action::Open(PageId::Send), "Send"),
    entry("Alt+3", Action::Open(PageId::Receive), "Receive"),
    entry("Alt+4", Action::Open(PageId::Activity), "Activity"),
    entry("Alt+5", Action::Open(PageId::Coins), "Coins"),
    entry("Alt+6", Action::Open(PageId::Wallets), "Wallets"),
    entry("Ctrl+I", Action::Open(PageId::Status), "Node"),
    entry("Ctrl+Shift+D", Action::Open(PageId::Status), "Node"),
    entry("Ctrl+T", Action::Open(PageId::Console), "Console"),
    entry(
        "Ctrl+Shift+C",
        Action::Open(PageId::Console),
        "Console, from anywhere",
    ),
    entry("Ctrl+,", Action::Open(PageId::Settings), "Settings"),
    entry("Ctrl+Shift+M", Action::Mask, "Hide or show amounts"),
    entry(
        "Ctrl+L",
        Action::Lock,
        "Lock the wallet (in the console: clear)",
    ),
    entry("Ctrl++", Action::Larger, "Larger"),
    entry("Ctrl+-", Action::Smaller, "Smaller"),
    entry("Ctrl+0", Action::NormalSize, "Normal size"),
    entry("Ctrl+F", Action::Filter, "Filter of this page"),
    entry("F1", Action::Keys, "Keys"),
    entry("Ctrl+Q", Action::Quit, "Quit"),
    entry("Ctrl+W", Action::Close, "Close a drawer or a dialog"),
    entry("Esc", Action::Escape, "Close, or go back"),
    entry("Tab", Action::Next, "Next control"),
    entry("Shift+Tab", Action::Previous, "Control before"),
];

/// What a key press means to the window; `captured` when a control has used it already.
pub fn action(key: &Key, modifiers: Modifiers, captured: bool) -> Option<Action> {
    let name = name(key, modifiers)?;
    let free = !captured || modifiers.command() || modifiers.alt() || name == "F1" || name == "Esc";
    // A list copies all columns with the keys that open the console from anywhere else.
    if !free || (captured && name == "Ctrl+Shift+C") {
        return None;
    }
    if name == "/" {
        return (!captured).then_some(Action::Palette);
    }
    let name = if name == "Ctrl+=" { "Ctrl++" } else { &name };
    SHORTCUTS
        .iter()
        .find(|shortcut| shortcut.keys == name)
        .map(|shortcut| shortcut.action)
}

/// A key press as the table writes it.
fn name(key: &Key, modifiers: Modifiers) -> Option<String> {
    let (base, shift_counts) = match key.as_ref() {
        Key::Named(key::Named::Tab) => ("Tab".to_owned(), true),
        Key::Named(key::Named::Escape) => ("Esc".to_owned(), true),
        Key::Named(key::Named::F1) => ("F1".to_owned(), true),
        Key::Character(text) => {
            let upper = text.to_uppercase();
            let is_letter = upper.chars().all(char::is_alphabetic);
            (upper, is_letter)
        }
        _ => return None,
    };
    let mut name = String::new();
    if modifiers.command() {
        name.push_str("Ctrl+");
    }
    if modifiers.alt() {
        name.push_str("Alt+");
    }
    if modifiers.shift() && shift_counts {
        name.push_str("Shift+");
    }
    Some(name + &base)
}

/// The keys of an action, for the palette.
pub fn keys(action: Action) -> &'static str {
    SHORTCUTS
        .iter()
        .find(|shortcut| shortcut.action == action)
        .map_or("", |shortcut| shortcut.keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(text: &str, modifiers: Modifiers) -> Option<Action> {
        action(&Key::Character(text.into()), modifiers, false)
    }

    #[test]
    fn letters_need_their_modifiers() {
        assert_eq!(press("k", Modifiers::CTRL), Some(Action::Palette));
        assert_eq!(press("k", Modifiers::empty()), None);
        assert_eq!(
            press("M", Modifiers::CTRL | Modifiers::SHIFT),
            Some(Action::Mask)
        );
        assert_eq!(
            press("3", Modifiers::ALT),
            Some(Action::Open(PageId::Receive))
        );
        assert_eq!(press("=", Modifiers::CTRL), Some(Action::Larger));
        assert_eq!(press("w", Modifiers::CTRL), Some(Action::Close));
        assert_eq!(
            press("D", Modifiers::CTRL | Modifiers::SHIFT),
            Some(Action::Open(PageId::Status))
        );
        assert_eq!(
            press("+", Modifiers::CTRL | Modifiers::SHIFT),
            Some(Action::Larger)
        );
    }

    #[test]
    fn what_a_field_used_is_not_used_twice() {
        let slash = Key::Character("/".into());
        assert_eq!(action(&slash, Modifiers::empty(), true), None);
        assert_eq!(
            action(&slash, Modifiers::empty(), false),
            Some(Action::Palette)
        );
        let tab = Key::Named(key::Named::Tab);
        assert_eq!(
            action(&tab, Modifiers::SHIFT, false),
            Some(Action::Previous)
        );
        let escape = Key::Named(key::Named::Escape);
        assert_eq!(
            action(&escape, Modifiers::empty(), true),
            Some(Action::Escape)
        );
        let letter = Key::Character("C".into());
        let both = Modifiers::CTRL | Modifiers::SHIFT;
        assert_eq!(action(&letter, both, true), None, "a list copied its row");
        let console = Some(Action::Open(PageId::Console));
        assert_eq!(action(&letter, both, false), console);
    }
}
