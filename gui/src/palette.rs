//! The command palette: every action of the window, found by typing.

mod search;

use iced::keyboard::{Key, key};
use iced::widget::{column, container, row, space};
use iced::{Alignment, Length};
use primitives::Txid;

use crate::Element;
use crate::app::Message;
use crate::link::Control;
use crate::model::{ChainKind as _, Model};
use crate::page::{Event, PageId, PrefsChange};
use crate::shortcuts::{self, Action};
use crate::theme::{Choice, Icon, Press, Surface, Tone, size};
use crate::widget::{Field, Scope, keys, layout, pressable, text};

pub use search::Search;

/// Name of its field.
pub const INPUT: &str = "palette-input";
/// Entries in view.
const SHOWN: usize = 9;
/// Hits of a query that are kept.
const MOST_HITS: usize = 20;
/// Letters from which on labels, addresses and ids are searched.
const LEAST: usize = 3;
/// Rows and addresses that are searched on the spot.
const FEW: usize = 1000;

/// The open palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What was typed.
    pub query: String,
    /// The marked entry.
    pub marked: usize,
    /// What the wallet in view has of it, looked up when the query changed.
    pub hits: Vec<Hit>,
    /// The query that they are of.
    searched: String,
    /// Whether a search is on its way.
    searching: bool,
}

/// Something of the wallet that a query fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// A transaction, and what it is called.
    Transaction(Txid, String),
    /// A receiving address and its label.
    Address(String, String),
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

fn theme_entries() -> impl Iterator<Item = Entry> {
    let themes = [
        (Choice::Light, "Light theme"),
        (Choice::Dark, "Dark theme"),
        (Choice::System, "Theme as the system"),
    ];
    themes.into_iter().map(|(choice, words)| {
        let message = Message::Wish(Event::Prefs(PrefsChange::Theme(choice)));
        entry(Icon::Contrast, words, message)
    })
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
    if model.wallet.is_some() {
        all.push(entry(
            Icon::Plus,
            "Import descriptors",
            Message::ImportDescriptors,
        ));
    }
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
    all.extend(theme_entries());
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
    all.push(entry(
        Icon::Blocks,
        "Change coin or network",
        Message::ChooseChain,
    ));
    all.push(entry(
        Icon::RefreshCw,
        "Reset the window's settings",
        Message::AskReset,
    ));
    all.push(with_keys(Icon::Power, "Quit", Action::Quit));
    all
}

impl Palette {
    /// An open palette with something typed already.
    pub fn new(query: &str) -> Self {
        Self {
            query: query.to_owned(),
            ..Self::default()
        }
    }

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
        found.extend(self.wallet_hits());
        found
    }

    /// Looks the query up in the wallet in view, unless that is done: at once where there is little to look at, else
    /// by what is returned. One search runs at a time; the next begins where that one's hits are taken in.
    pub fn search(&mut self, model: &Model) -> Option<Search> {
        let query = self.query.trim();
        if self.searching || self.searched == query {
            return None;
        }
        let wallet = model.wallet.as_ref().filter(|_| query.len() >= LEAST);
        let Some(wallet) = wallet else {
            self.searched.clear();
            self.hits.clear();
            return None;
        };
        let search = Search {
            query: query.to_owned(),
            addresses: wallet.addresses.clone(),
            history: wallet.history.all(),
        };
        if wallet.addresses.len() + wallet.history.known() <= FEW {
            self.searched.clone_from(&search.query);
            self.hits = search.run();
            return None;
        }
        self.searching = true;
        Some(search)
    }

    /// Takes in what was found; it stays until more is known, unless the field was emptied.
    pub fn found_hits(&mut self, query: &str, hits: Vec<Hit>) {
        self.searching = false;
        query.clone_into(&mut self.searched);
        self.hits = hits;
    }

    /// What was typed is itself something known: a link, an address, something of the wallet.
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
        hits
    }

    /// The entries of what the wallet has.
    fn wallet_hits(&self) -> impl Iterator<Item = Entry> {
        self.hits.iter().map(|hit| match hit {
            Hit::Transaction(txid, name) => {
                let id = txid.to_string();
                let title = format!("{name}, transaction {}…", &id[..8]);
                entry(
                    Icon::History,
                    title,
                    Message::Wish(Event::ShowTransaction(*txid)),
                )
            }
            Hit::Address(address, label) => {
                let name = if label.is_empty() { "no label" } else { label };
                let title = format!("Copy address {} ({name})", shortened(address));
                let copy = Event::Copy(address.clone(), "Address");
                entry(Icon::ArrowDownLeft, title, Message::Wish(copy))
            }
        })
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

/// Both ends of an address.
fn shortened(address: &str) -> String {
    match (
        address.get(..10),
        address.get(address.len().saturating_sub(6)..),
    ) {
        (Some(head), Some(tail)) if address.len() > 20 => format!("{head}…{tail}"),
        _ => address.to_owned(),
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
        text::cut(entry.title).width(Length::Fill),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Prefs, Wallet};
    use ipc_schema::{AddressRow, TxPage, TxRow};
    use primitives::{ChainParams, Coin, Network};

    fn model() -> Model {
        let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
        let mut model = Model::new(params, Prefs::default(), 0);
        let mut wallet = Wallet::new("Savings".to_owned());
        let row = TxRow {
            txid: Txid::from_slice(&[0xAB; 32]).expect("32 bytes"),
            label: "Bicycle".to_owned(),
            ..TxRow::default()
        };
        let page = TxPage {
            rows: vec![row],
            total: 1,
            ..TxPage::default()
        };
        wallet.history.apply_page(page, true);
        wallet.addresses = vec![AddressRow {
            address: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".to_owned(),
            label: "Order 1178".to_owned(),
            is_mine: true,
            ..AddressRow::default()
        }]
        .into();
        model.wallet = Some(wallet);
        model
    }

    fn hits(query: &str) -> Vec<Hit> {
        let mut palette = Palette {
            query: query.to_owned(),
            ..Palette::default()
        };
        assert!(palette.search(&model()).is_none(), "few rows take no time");
        palette.hits
    }

    #[test]
    fn a_part_of_a_label_an_address_or_an_id_is_enough() {
        for query in ["bicy", "BICYCLE", "abab"] {
            assert!(matches!(hits(query)[..], [Hit::Transaction(..)]), "{query}");
        }
        for query in ["1178", "6qejxtdg", "gt080"] {
            assert!(matches!(hits(query)[..], [Hit::Address(..)]), "{query}");
        }
        assert!(hits("nothing like it").is_empty());
        assert!(hits("b").is_empty(), "one letter fits nearly everything");
    }
}
