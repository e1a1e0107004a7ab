//! The command palette: every action of the window, found by typing.

use iced::keyboard::{Key, key};
use iced::widget::{column, container, row, space};
use iced::{Alignment, Length};

use crate::Element;
use crate::app::Message;
use crate::link::Control;
use crate::model::{ChainKind as _, Model};
use crate::page::{Event, PageId, PrefsChange};
use crate::shortcuts::{self, Action};
use crate::theme::{Choice, Icon, Press, Surface, Tone, size};
use crate::widget::{Field, Scope, keys, layout, pressable, text};

/// Name of its field.
pub const INPUT: &str = "palette-input";
/// Entries in view.
const SHOWN: usize = 9;

/// The open palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What was typed.
    pub query: String,
    /// The marked entry.
    pub marked: usize,
}

/// An entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it does.
    pub title: String,
    /// Its keys.
    pub keys: &'static str,
    icon: Icon,
    /// What choosing it sends.
    pub message: Message,
}

fn entry(icon: Icon, title: impl Into<String>, message: Message) -> Entry {
    Entry {
        title: title.into(),
        keys: "",
        icon,
        message,
    }
}

fn with_keys(icon: Icon, title: &str, action: Action) -> Entry {
    Entry {
        keys: shortcuts::keys(action),
        ..entry(icon, title, Message::Action(action))
    }
}

/// Actions on the wallets that are open.
fn wallet_entries(model: &Model) -> Vec<Entry> {
    let mut all = Vec::new();
    for item in model.wallets.iter().filter(|item| item.loaded) {
        let name = if item.name.is_empty() {
            "default wallet"
        } else {
            &item.name
        };
        let message = Message::Wish(Event::ShowWallet(item.name.clone()));
        all.push(entry(Icon::Wallet, format!("Show wallet {name}"), message));
    }
    if let Some(wallet) = &model.wallet {
        use ipc_schema::LockState;
        match wallet.lock() {
            LockState::Locked => {
                all.push(entry(
                    Icon::LockOpen,
                    "Unlock the wallet",
                    Message::Wish(Event::Unlock),
                ));
            }
            LockState::Unlocked { .. } => {
                all.push(with_keys(Icon::Lock, "Lock the wallet", Action::Lock));
            }
            LockState::Unencrypted => {}
        }
        if model.params.is_private() {
            let (one, many) = (model.blocks_to_mine(1), model.blocks_to_mine(101));
            if one == 1 {
                all.push(entry(
                    Icon::Pickaxe,
                    "Mine 1 block",
                    Message::Wish(Event::Mine(1)),
                ));
            }
            all.push(entry(
                Icon::Pickaxe,
                format!("Mine {many} blocks"),
                Message::Wish(Event::Mine(many)),
            ));
        }
    }
    all
}

/// Every action there is now.
pub fn entries(model: &Model) -> Vec<Entry> {
    let mut all: Vec<Entry> = PageId::ALL
        .into_iter()
        .map(|page| Entry {
            keys: shortcuts::keys(Action::Open(page)),
            ..entry(page.icon(), page.label(), Message::Open(page))
        })
        .collect();
    all.push(entry(
        Icon::Save,
        "Back up the wallet",
        Message::Wish(Event::OpenBackup),
    ));
    all.push(entry(Icon::Plus, "New wallet", Message::NewWallet));
    all.push(entry(
        Icon::ArchiveRestore,
        "Restore a wallet from a backup",
        Message::RestoreWallet,
    ));
    all.extend(wallet_entries(model));
    let mask = if model.prefs.masked {
        "Show amounts"
    } else {
        "Hide amounts"
    };
    all.push(with_keys(Icon::Eye, mask, Action::Mask));
    for (at, unit) in model.params.units.iter().enumerate() {
        let message = Message::Wish(Event::Prefs(PrefsChange::Unit(at)));
        all.push(entry(
            Icon::Coins,
            format!("Amounts in {}", unit.name),
            message,
        ));
    }
    for (choice, words) in [
        (Choice::Light, "Light theme"),
        (Choice::Dark, "Dark theme"),
        (Choice::System, "Theme as the system"),
    ] {
        let message = Message::Wish(Event::Prefs(PrefsChange::Theme(choice)));
        all.push(entry(Icon::Contrast, words, message));
    }
    all.push(with_keys(Icon::Plus, "Larger", Action::Larger));
    all.push(with_keys(Icon::Minus, "Smaller", Action::Smaller));
    if model.connection.is_up() {
        all.push(entry(
            Icon::RefreshCw,
            "Restart the node",
            Message::Control(Control::Restart),
        ));
        all.push(entry(
            Icon::Power,
            "Stop the node",
            Message::Control(Control::Stop),
        ));
    }
    all.push(with_keys(Icon::Keyboard, "Keys", Action::Keys));
    all.push(entry(
        Icon::Terminal,
        "Command line options",
        Message::ShowOptions,
    ));
    all.push(entry(Icon::Info, "About", Message::ShowAbout));
    all.push(with_keys(Icon::Power, "Quit", Action::Quit));
    all
}

impl Palette {
    /// The entries that match, best first.
    pub fn found(&self, model: &Model) -> Vec<Entry> {
        let words: Vec<String> = self
            .query
            .to_lowercase()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let mut found: Vec<(u8, Entry)> = entries(model)
            .into_iter()
            .filter_map(|entry| {
                let title = entry.title.to_lowercase();
                let all = words.iter().all(|word| title.contains(word.as_str()));
                let starts = words
                    .first()
                    .is_some_and(|word| title.starts_with(word.as_str()));
                all.then_some((u8::from(!starts), entry))
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        let mut found: Vec<Entry> = found.into_iter().map(|(_, entry)| entry).collect();
        found.splice(0..0, self.direct_hits(model));
        found
    }

    /// What was typed is itself something known: a link, a transaction.
    fn direct_hits(&self, model: &Model) -> Vec<Entry> {
        let query = self.query.trim();
        let mut hits = Vec::new();
        if crate::model::uri::looks_like_link(query, model.params)
            || primitives::address::Destination::from_address(query, model.params).is_ok()
        {
            hits.push(entry(
                Icon::ArrowUpRight,
                "Pay this",
                Message::Link(query.to_owned()),
            ));
        }
        let wallet = model.wallet.as_ref();
        if let (true, Some(wallet)) = (query.len() == 64, wallet) {
            let known = wallet.history.newest(wallet.history.known());
            let found = known.into_iter().find(|row| row.txid.to_string() == query);
            if let Some(row) = found {
                let message = Message::Wish(Event::ShowTransaction(row.txid));
                hits.push(entry(Icon::History, "Show this transaction", message));
            }
        }
        hits
    }

    /// Draws the palette.
    pub fn view<'a>(&'a self, model: &Model) -> Element<'a, Message> {
        let found = self.found(model);
        let count = found.len();
        let marked = self.marked.min(count.saturating_sub(1));
        let first = (marked + 1).saturating_sub(SHOWN);
        let field = Field::new(INPUT, &self.query)
            .placeholder("Search, or paste a payment link")
            .on_input(Message::PaletteQuery)
            .on_submit(Message::PaletteRun(marked));
        let arrows = keys(Scope::Anywhere, Element::from(field), move |key, _| {
            on_key(key, marked, count)
        });
        let mut list = column![].spacing(2.0);
        for (place, entry) in found.into_iter().enumerate().skip(first).take(SHOWN) {
            list = list.push(row_of(place, entry, place == marked));
        }
        if count == 0 {
            list = list.push(
                container(text::body("Nothing by that name.").class(Tone::Faint)).padding(size::S3),
            );
        }
        container(column![arrows, list].spacing(size::S2))
            .class(Surface::Raised)
            .padding(size::S3)
            .max_width(size::PALETTE)
            .into()
    }
}

/// What the arrows do while the palette is open.
pub fn on_key(key: &Key, marked: usize, count: usize) -> Option<Message> {
    match key {
        Key::Named(key::Named::ArrowDown) => Some(Message::PaletteMark(
            (marked + 1).min(count.saturating_sub(1)),
        )),
        Key::Named(key::Named::ArrowUp) => Some(Message::PaletteMark(marked.saturating_sub(1))),
        _ => None,
    }
}

fn row_of<'a>(place: usize, entry: Entry, marked: bool) -> Element<'a, Message> {
    let line = row![
        text::icon(entry.icon).class(Tone::Soft),
        text::line(entry.title),
        space::horizontal(),
        text::caption(entry.keys),
    ]
    .spacing(size::S3)
    .align_y(Alignment::Center);
    pressable(line)
        .kind(Press::Row { selected: marked })
        .width(Length::Fill)
        .height(size::ROW)
        .padding([0.0, size::S3])
        .id(format!("palette-{place}"))
        .on_press(Message::PaletteRun(place))
        .into()
}

/// The list of keys.
pub fn keys_view<'a>() -> Element<'a, Message> {
    let rows = shortcuts::SHORTCUTS.iter().map(|shortcut| {
        row![
            container(text::mono(shortcut.keys)).width(size::LABEL),
            text::body(shortcut.words),
        ]
        .spacing(size::S3)
        .into()
    });
    let head = row![
        text::heading("Keys"),
        space::horizontal(),
        crate::widget::icon_button(
            Icon::X,
            "Close (Esc)",
            "keys-close",
            Some(Message::Action(Action::Escape))
        ),
    ]
    .align_y(Alignment::Center);
    let list = layout::scrolled("keys", column(rows).spacing(size::S2).into());
    container(column![head, list].spacing(size::S3))
        .class(Surface::Raised)
        .padding(size::S4)
        .max_width(size::PALETTE)
        .max_height(520.0)
        .into()
}
