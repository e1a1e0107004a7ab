//! The list of coins: the same on Coins and in the form of a payment.

use std::collections::HashSet;

use iced::keyboard::{Key, Modifiers, key};
use iced::widget::{column, responsive, row, space};
use iced::{Alignment, Length, Padding, Point, Task};
use ipc_schema::{CoinRow, IpcError};
use primitives::{FeeRate, OutPoint};

use crate::Element;
use crate::model::coins::{CoinKey, is_dust};
use crate::model::{Model, Prefs, Sort, amount};
use crate::page::{Context, Event, PrefsChange, Update, words};
use crate::theme::{Icon, Press, Tone, fonts, size};
use crate::widget::{
    Column, Entry, Field, Side, VirtualList, address, button, header, icon_button, pressable, text,
    with_menu,
};

const ROW_LABEL: &str = "coin-row-label";

/// Ticks, the row in hand, and what is open over it.
#[derive(Debug, Clone, Default)]
pub struct List {
    ticked: HashSet<OutPoint>,
    cursor: Option<OutPoint>,
    menu: Option<Point>,
    editing: Option<(OutPoint, String)>,
}

/// What of a coin is wanted on the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Its address.
    Address,
    /// Its label.
    Label,
    /// Its value, as a plain number.
    Amount,
    /// Its transaction and output.
    Place,
    /// All columns.
    Row,
}

/// What can happen in the list.
#[derive(Debug, Clone)]
pub enum Message {
    /// A coin is ticked, or no longer.
    Tick(OutPoint),
    /// The coin at a place is ticked, or no longer.
    TickAt(usize),
    /// All coins that can be spent are ticked.
    TickAll,
    /// No coin is ticked.
    TickNone,
    /// The row in hand.
    Select(usize),
    /// The context menu of a row is wanted there.
    Menu(usize, Point),
    /// The context menu is closed.
    CloseMenu,
    /// The head of a column was pressed.
    Sort(Sort<CoinKey>),
    /// The width of a column was dragged; whether the drag is over.
    Width(&'static str, u16, bool),
    /// Something of the row in hand is wanted on the clipboard.
    Copy(What),
    /// A coin is frozen or freed.
    Freeze(OutPoint, bool),
    /// It was, or not.
    Frozen(Result<(), IpcError>),
    /// Edit the label of the row in hand.
    EditLabel,
    /// The label was edited.
    Label(String),
    /// The label is to be kept.
    SaveLabel,
    /// It was kept, or not.
    LabelSaved(Result<(), IpcError>),
}

/// The rate that costs are shown at.
pub fn rate(model: &Model) -> Option<FeeRate> {
    let fees = model.wallet.as_ref()?.fees.as_ref()?;
    Some(fees.default)
}

/// Freezes or frees coins, one after the other; the wallet remembers it.
pub fn freeze(coins: Vec<OutPoint>, frozen: bool, context: &Context<'_>) -> Task<Message> {
    let (wallet, name) = (context.link.wallet(), context.wallet_name());
    let wanted: HashSet<OutPoint> = coins.into_iter().collect();
    let known = context
        .model
        .wallet
        .iter()
        .flat_map(|wallet| wallet.coins.iter());
    let differing = known.filter(|row| row.frozen != frozen && wanted.contains(&row.outpoint));
    let coins: Vec<OutPoint> = differing.map(|row| row.outpoint).collect();
    let call = async move {
        let wallet = wallet?;
        for coin in coins {
            wallet.set_frozen(name.clone(), coin, frozen).await?;
        }
        Ok(())
    };
    Task::perform(call, Message::Frozen)
}

fn usable(coin: &CoinRow) -> bool {
    coin.spendable && !coin.frozen
}

impl List {
    /// The ticked coins in the order of the list.
    pub fn ticked_rows<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = &'a CoinRow> {
        let wallet = model.wallet.as_ref();
        let count = wallet.map_or(0, |wallet| wallet.coins.len());
        let count = if self.ticked.is_empty() { 0 } else { count };
        (0..count)
            .filter_map(move |place| wallet?.coin_at(place))
            .filter(|coin| self.ticked.contains(&coin.outpoint))
    }

    /// The same as places in the chain.
    pub fn ticked(&self, model: &Model) -> Vec<OutPoint> {
        self.ticked_rows(model).map(|coin| coin.outpoint).collect()
    }

    /// Ticks exactly these.
    pub fn set(&mut self, coins: &[OutPoint]) {
        self.ticked = coins.iter().copied().collect();
    }

    /// Closes what lies on top; whether there was anything.
    pub fn close_top(&mut self) -> bool {
        self.menu.take().is_some() || self.editing.take().is_some()
    }

    /// Handles a message.
    pub fn update(&mut self, message: Message, context: &Context<'_>) -> Update<Message> {
        let Some(wallet) = &context.model.wallet else {
            return Update::none();
        };
        let cursor = self.cursor.and_then(|at| wallet.coin(&at));
        match message {
            Message::Tick(outpoint) => self.tick(wallet.coin(&outpoint)),
            Message::TickAt(place) => self.tick(wallet.coin_at(place)),
            Message::TickAll => {
                let free = wallet.coins.iter().filter(|coin| usable(coin));
                // Grown step by step, a set of many coins is made several times over.
                self.ticked = HashSet::with_capacity(wallet.coins.len());
                self.ticked.extend(free.map(|coin| coin.outpoint));
            }
            Message::TickNone => self.ticked.clear(),
            Message::Select(place) => self.select(wallet.coin_at(place)),
            Message::Menu(place, at) => {
                self.select(wallet.coin_at(place));
                self.menu = Some(at);
            }
            Message::CloseMenu => self.menu = None,
            Message::Sort(sort) => return Update::event(Event::SortCoins(sort)),
            Message::Width(column, width, over) => {
                let change = PrefsChange::Width(column, width, over);
                return Update::event(Event::Prefs(change));
            }
            Message::Copy(what) => {
                if let Some(coin) = cursor {
                    let (text, words) = copied(what, coin, context.model);
                    return Update::event(Event::Copy(text, words));
                }
            }
            Message::Freeze(outpoint, frozen) => {
                return Update::task(freeze(vec![outpoint], frozen, context));
            }
            Message::EditLabel => {
                let coin = cursor.filter(|coin| !coin.address.is_empty());
                self.editing = coin.map(|coin| (coin.outpoint, coin.label.clone()));
                return Update::task(iced::widget::operation::focus(ROW_LABEL));
            }
            Message::Label(text) => {
                if let Some((_, label)) = &mut self.editing {
                    *label = text;
                }
            }
            Message::SaveLabel => {
                let edited = self.editing.take();
                let coin = edited.as_ref().and_then(|(at, _)| wallet.coin(at));
                if let (Some((_, label)), Some(coin)) = (&edited, coin) {
                    let (link, name) = (context.link.wallet(), context.wallet_name());
                    let (address, label) = (coin.address.clone(), label.trim().to_owned());
                    let call = async move { link?.set_label(name, address, label).await };
                    return Update::task(Task::perform(call, Message::LabelSaved));
                }
            }
            Message::Frozen(Ok(())) => {}
            Message::LabelSaved(Ok(())) => {
                return Update::event(Event::Notify(Tone::Good, "Label saved.".to_owned()));
            }
            Message::Frozen(Err(error)) | Message::LabelSaved(Err(error)) => {
                return Update::event(Event::Notify(Tone::Bad, words(&error)));
            }
        }
        Update::none()
    }

    fn tick(&mut self, coin: Option<&CoinRow>) {
        // A frozen coin can be ticked as well: to be freed.
        if let Some(coin) = coin {
            self.cursor = Some(coin.outpoint);
            if !self.ticked.remove(&coin.outpoint) {
                self.ticked.insert(coin.outpoint);
            }
        }
    }

    fn select(&mut self, coin: Option<&CoinRow>) {
        self.cursor = coin.map(|coin| coin.outpoint);
        self.editing = None;
    }

    /// Draws heads and rows; fills its place. `id` names the list.
    pub fn view<'a>(&'a self, id: &'static str, model: &'a Model) -> Element<'a, Message> {
        let Some(wallet) = &model.wallet else {
            return space().into();
        };
        let selected = self.cursor.and_then(|at| wallet.coin_place(&at));
        let list = responsive(move |place| {
            let columns = Columns::for_width(place.width).sized(&model.prefs);
            let heads = header(
                &format!("{id}-head"),
                Some(BEFORE),
                columns.heads(),
                wallet.coin_sort(),
                Message::Sort,
                Some(Message::Width),
            );
            let heads = row![heads, space().width(size::CONTROL + size::S3 - size::S1)];
            let rows = VirtualList::new(id, wallet.coins.len(), size::ROW, move |place| {
                wallet
                    .coin_at(place)
                    .map_or_else(|| space().into(), |coin| self.row(model, coin, columns))
            })
            .under_header()
            .selected(selected)
            .find(move |place, letters| {
                let coin = wallet.coin_at(place);
                coin.is_some_and(|coin| coin.label.to_lowercase().starts_with(letters))
            })
            .on_select(Message::Select)
            .on_open(Message::TickAt)
            .on_copy(|_| Message::Copy(What::Place))
            .on_menu(Message::Menu)
            .on_key(row_key);
            column![heads, rows].into()
        });
        let all = row![
            button("All", Press::Ghost)
                .id(format!("{id}-all"))
                .on_press(Message::TickAll),
            button("None", Press::Ghost)
                .id(format!("{id}-none"))
                .on_press_maybe((!self.ticked.is_empty()).then_some(Message::TickNone)),
            text::caption("Space ticks the row in hand."),
        ]
        .spacing(size::S1)
        .align_y(Alignment::Center);
        let menu = with_menu(list, self.menu, self.entries(model), Message::CloseMenu);
        column![all, Element::from(menu)].into()
    }

    fn entries(&self, model: &Model) -> Vec<Entry<Message>> {
        let wallet = model.wallet.as_ref();
        let coin = self.cursor.and_then(|at| wallet?.coin(&at));
        let Some(coin) = coin else {
            return Vec::new();
        };
        let copy = |what| Some(Message::Copy(what));
        let (glyph, words) = if coin.frozen {
            (Icon::LockOpen, "Free: let it be spent again")
        } else {
            (Icon::Snowflake, "Freeze: never spend it")
        };
        vec![
            Entry::new(
                glyph,
                words,
                Some(Message::Freeze(coin.outpoint, !coin.frozen)),
            ),
            Entry::new(Icon::Pencil, "Edit label (F2)", Some(Message::EditLabel)),
            Entry::new(Icon::Copy, "Copy address", copy(What::Address)),
            Entry::new(
                Icon::Copy,
                "Copy label",
                copy(What::Label).filter(|_| !coin.label.is_empty()),
            ),
            Entry::new(Icon::Copy, "Copy amount", copy(What::Amount)),
            Entry::new(Icon::Copy, "Copy transaction and output", copy(What::Place)),
        ]
    }

    fn row<'a>(
        &'a self,
        model: &'a Model,
        coin: &'a CoinRow,
        columns: Columns,
    ) -> Element<'a, Message> {
        let ticked = self.ticked.contains(&coin.outpoint);
        let place = format!("{}-{}", coin.outpoint.txid, coin.outpoint.vout);
        let (state, state_tone) = state(model, coin);
        let tone = if usable(coin) {
            Tone::Main
        } else {
            Tone::Faint
        };
        let glyph = if ticked {
            Icon::SquareCheck
        } else {
            Icon::Square
        };
        let tick =
            pressable(text::icon(glyph).class(if ticked { Tone::Accent } else { Tone::Soft }))
                .kind(Press::Ghost)
                .padding(0.0)
                .width(BEFORE)
                .height(BEFORE)
                .skip_tab()
                .id(format!("coin-{place}"))
                .on_press(Message::Tick(coin.outpoint));
        let mut line = row![
            tick,
            text::cut(model.money().number(coin.amount))
                .font(fonts::MEDIUM)
                .class(tone)
                .width(columns.widths.amount)
                .right(),
            self.label(coin),
        ]
        .spacing(size::S3)
        .padding(Padding::from([0.0, size::S2]))
        .align_y(Alignment::Center);
        if columns.address {
            let short = text::cut(address::short(&coin.address))
                .font(fonts::MONO)
                .size(size::TEXT_SMALL + 1.0)
                .class(Tone::Soft);
            line = line.push(short.width(columns.widths.address));
        }
        if columns.date {
            let time = model
                .wallet
                .as_ref()
                .and_then(|wallet| wallet.coin_time(coin));
            let date =
                time.map_or_else(|| "–".to_owned(), |time| model.zone.short(time, model.now));
            line = line.push(text::cut(date).class(Tone::Soft).width(columns.widths.date));
        }
        // The picture shows what is: a snowflake in every row would say that all are frozen.
        let (glyph, help) = if coin.frozen {
            (Icon::Snowflake, "Let this coin be spent again")
        } else {
            (Icon::LockOpen, "Freeze: never spend this coin")
        };
        line.push(
            text::cut(state)
                .class(state_tone)
                .width(columns.widths.state),
        )
        .push(icon_button(
            glyph,
            help,
            format!("freeze-{place}"),
            Some(Message::Freeze(coin.outpoint, !coin.frozen)),
        ))
        .height(Length::Fill)
        .into()
    }

    fn label<'a>(&'a self, coin: &'a CoinRow) -> Element<'a, Message> {
        if let Some((_, label)) = self.editing.as_ref().filter(|(at, _)| *at == coin.outpoint) {
            return Field::new(ROW_LABEL, label)
                .placeholder("Label")
                .slim()
                .on_input(Message::Label)
                .on_submit(Message::SaveLabel)
                .into();
        }
        let (words, tone) = match (coin.label.is_empty(), coin.is_change) {
            (false, true) => (format!("{} (change)", coin.label), Tone::Main),
            (false, false) => (coin.label.clone(), Tone::Main),
            (true, true) => ("(change)".to_owned(), Tone::Soft),
            (true, false) => ("no label".to_owned(), Tone::Faint),
        };
        text::cut(words).class(tone).width(Length::Fill).into()
    }
}

fn row_key(place: usize, key: &Key, modifiers: Modifiers) -> Option<Message> {
    match key {
        Key::Named(key::Named::Space) => Some(Message::TickAt(place)),
        Key::Character(text) if text == " " => Some(Message::TickAt(place)),
        Key::Named(key::Named::F2) => Some(Message::EditLabel),
        Key::Character(text) if modifiers.command() => {
            match (text.to_lowercase().as_str(), modifiers.shift()) {
                ("a", false) => Some(Message::TickAll),
                ("c", true) => Some(Message::Copy(What::Row)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// How a coin stands, in words.
fn state(model: &Model, coin: &CoinRow) -> (String, Tone) {
    let dust = rate(model).is_some_and(|rate| is_dust(coin, rate, model.params));
    match (coin.frozen, coin.spendable, coin.height) {
        (true, _, _) => ("frozen".to_owned(), Tone::Accent),
        (false, false, None) => ("held back".to_owned(), Tone::Faint),
        (false, false, Some(_)) => ("not ripe".to_owned(), Tone::Faint),
        (false, true, None) => ("waiting".to_owned(), Tone::Warn),
        (false, true, Some(_)) if dust => ("dust".to_owned(), Tone::Bad),
        (false, true, Some(_)) => (amount::count(depth(model, coin)), Tone::Soft),
    }
}

/// Blocks on top of a coin, its own counted.
fn depth(model: &Model, coin: &CoinRow) -> u64 {
    match (coin.height, model.height()) {
        (Some(height), Some(tip)) => u64::from(tip.saturating_sub(height)) + 1,
        _ => 0,
    }
}

fn copied(what: What, coin: &CoinRow, model: &Model) -> (String, &'static str) {
    let money = model.money();
    let amount = if money.masked {
        money.number(coin.amount)
    } else {
        money.editable(coin.amount)
    };
    let place = format!("{}:{}", coin.outpoint.txid, coin.outpoint.vout);
    match what {
        What::Address => (coin.address.clone(), "Address"),
        What::Label => (coin.label.clone(), "Label"),
        What::Amount => (amount, "Amount"),
        What::Place => (place, "Transaction and output"),
        What::Row => {
            let time = model
                .wallet
                .as_ref()
                .and_then(|wallet| wallet.coin_time(coin));
            let date = time.map(|time| model.zone.full(time)).unwrap_or_default();
            let (state, _) = state(model, coin);
            let label = coin.label.clone();
            let cells = [amount, label, coin.address.clone(), date, state, place];
            (cells.join("\t"), "Row")
        }
    }
}

/// Which columns there is room for.
#[derive(Debug, Clone, Copy)]
struct Columns {
    address: bool,
    date: bool,
    widths: Widths,
}

/// How wide the columns are.
#[derive(Debug, Clone, Copy)]
struct Widths {
    amount: f32,
    address: f32,
    date: f32,
    state: f32,
}

const USUAL: Widths = Widths {
    amount: 144.0,
    address: 184.0,
    date: 132.0,
    state: 72.0,
};
/// Names of the columns whose widths are remembered.
const AMOUNT: &str = "coins-amount";
const ADDRESS: &str = "coins-address";
const DATE: &str = "coins-date";
const STATE: &str = "coins-state";
/// Width of the tick before the columns.
const BEFORE: f32 = 24.0;

impl Columns {
    fn for_width(width: f32) -> Self {
        Self {
            address: width > 780.0,
            date: width > 560.0,
            widths: USUAL,
        }
    }

    /// The same as wide as they were dragged.
    fn sized(self, prefs: &Prefs) -> Self {
        let widths = Widths {
            amount: prefs.width(AMOUNT, USUAL.amount),
            address: prefs.width(ADDRESS, USUAL.address),
            date: prefs.width(DATE, USUAL.date),
            state: prefs.width(STATE, USUAL.state),
        };
        Self { widths, ..self }
    }

    fn heads(self) -> Vec<Column<CoinKey>> {
        let amount = Sort::down(CoinKey::Amount);
        let mut heads = vec![
            Column::sized(amount, "amount", AMOUNT, Side::Right, self.widths.amount).right(),
            Column::new(Sort::up(CoinKey::Label), "label", Length::Fill),
        ];
        if self.address {
            let (sort, width) = (Sort::up(CoinKey::Address), self.widths.address);
            heads.push(Column::sized(sort, "address", ADDRESS, Side::Left, width));
        }
        if self.date {
            let (sort, width) = (Sort::down(CoinKey::Date), self.widths.date);
            heads.push(Column::sized(sort, "date", DATE, Side::Left, width));
        }
        let (sort, width) = (Sort::up(CoinKey::Depth), self.widths.state);
        let mut depth = Column::sized(sort, "blocks deep", STATE, Side::Left, width);
        // The gap before the button of a row is part of it.
        depth.width = (width + size::S1).into();
        heads.push(depth);
        heads
    }
}
