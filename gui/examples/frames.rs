//! Times frames of the real window, on whatever display there is: scrolling, filtering, typing, other
//! pages, rows that arrive. Each step is one message to the window, and its time runs from that
//! message until its frame has been shown. Prints one JSON line for each measure, in milliseconds.
//!
//! Names of scenes as arguments play those alone, over the same 100,000 rows:
//! `frames scroll burst`.

#[path = "../testdata/demo.rs"]
#[expect(dead_code, reason = "pictures show more of it")]
mod demo;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use gui::app::{App, Message};
use gui::model::coins::CoinKey;
use gui::model::history::Key;
use gui::model::{Pick, Sort};
use gui::page::coins::{self, list};
use gui::page::{PageId, activity, console, send};
use iced::{Element, Task};
use ipc_schema::{CoinRow, TxCursor, TxPage, TxRow, WalletDelta, WalletEvent};
use primitives::{Coin, Network, OutPoint, Txid};

/// Rows of the wallet, and of the large one.
const ROWS: [u32; 2] = [100_000, 1_000_000];
/// Rows that the wallet sends in one page.
const PAGE: u32 = 500;
/// Frames of a scroll.
const SCROLL: u32 = 600;
/// Coins of the wallet, and how many of them come at once.
const COINS: u32 = 10_000;
const CHUNK: u32 = 500;
/// Rows that change at once, and how many of them the wallet tells in one piece.
const BURST: u32 = 10_000;
const PIECE: usize = 200;
/// How often single actions are repeated.
const REPEAT: usize = 20;
/// Frames before the first that counts.
const WARM: usize = 30;

fn main() -> iced::Result {
    let mut window = iced::application(Bench::new, Bench::update, Bench::view)
        .theme(|bench: &Bench| bench.app.theme())
        .subscription(|_| iced::window::frames().map(|_| Step::Frame))
        .default_font(gui::theme::fonts::TEXT)
        .window_size((1280.0, 800.0));
    for font in gui::theme::fonts::all() {
        window = window.font(font);
    }
    window.run()
}

#[derive(Debug, Clone)]
enum Step {
    /// The frame of the step before has been shown.
    Frame,
    /// Something that the window worked out beside it.
    Told(Box<Message>),
    /// What the window's own controls say; nobody touches them here.
    Ignored,
}

/// One step: the measure that it counts for, and what the window is told before its next frame.
type Told = (&'static str, Vec<Message>);

/// What a scene does once it begins: the messages are made one by one, so that a million rows need
/// not be held twice.
type Scene = Box<dyn Iterator<Item = Told>>;

/// What the other scenes need.
const ALWAYS: [&str; 2] = ["warm", "rows"];
/// A scene by its name.
type Named = (&'static str, fn(&App) -> Scene);
/// All scenes in their order.
const SCENES: [Named; 13] = [
    ("warm", warm),
    ("page", pages),
    ("key", typing),
    ("rows", |app| {
        read_rows(app, "first page", "more rows", ROWS[0])
    }),
    ("scroll", |_| scroll("scroll")),
    ("filter", filter),
    ("sort", sort),
    ("select all", select_all),
    ("search", search),
    ("burst", burst),
    ("coins", coins),
    ("large", |app| read_rows(app, "ignored", "ignored", ROWS[1])),
    ("large", |_| scroll("scroll, large")),
];

struct Bench {
    app: App,
    scenes: std::vec::IntoIter<fn(&App) -> Scene>,
    scene: Scene,
    running: Option<(&'static str, Instant)>,
    times: BTreeMap<&'static str, Times>,
    scroll_began: Option<f64>,
    /// Whether the window showed the list of before while the new one was worked out.
    late: bool,
}

#[derive(Default)]
struct Times {
    frames: Vec<Duration>,
    updates: Vec<Duration>,
}

impl Bench {
    fn new() -> Self {
        let mut app = demo::full(Coin::Bitcoin, Network::Regtest);
        app.clock = Some(demo::NOW);
        let wanted: Vec<String> = std::env::args().skip(1).collect();
        let is_wanted = |name: &str| {
            wanted.is_empty() || ALWAYS.contains(&name) || wanted.iter().any(|w| w == name)
        };
        let scenes = SCENES.into_iter().filter(|(name, _)| is_wanted(name));
        let scenes: Vec<fn(&App) -> Scene> = scenes.map(|(_, scene)| scene).collect();
        Self {
            app,
            scenes: scenes.into_iter(),
            scene: Box::new(std::iter::empty()),
            running: None,
            times: BTreeMap::new(),
            scroll_began: None,
            late: false,
        }
    }

    fn view(&self) -> Element<'_, Step, gui::theme::Theme> {
        self.app.view().map(|_| Step::Ignored)
    }

    fn update(&mut self, step: Step) -> Task<Step> {
        match step {
            Step::Ignored => return Task::none(),
            Step::Told(message) => {
                let measure = self.running.map_or("ignored", |(measure, _)| measure);
                return self.tell(measure, *message);
            }
            // A step ends with the frame that shows what was worked out for it.
            Step::Frame if !self.is_arranged() => {
                self.late = true;
                return Task::none();
            }
            Step::Frame if std::mem::take(&mut self.late) => return Task::none(),
            Step::Frame => {}
        }
        if let Some((measure, begun)) = self.running.take() {
            let times = self.times.entry(measure).or_default();
            times.frames.push(begun.elapsed());
        }
        let Some((measure, messages)) = self.next() else {
            self.report();
            return iced::exit();
        };
        let begun = Instant::now();
        self.running = Some((measure, begun));
        let beside: Vec<Task<Step>> = messages
            .into_iter()
            .map(|message| self.tell(measure, message))
            .collect();
        Task::batch(beside)
    }

    /// Tells the window something and times it. What it works out beside itself comes back as a message; what it
    /// asks of a node comes to nothing, since there is none.
    fn tell(&mut self, measure: &'static str, message: Message) -> Task<Step> {
        let begun = Instant::now();
        let task = self.app.update(message);
        let took = begun.elapsed();
        self.times.entry(measure).or_default().updates.push(took);
        task.map(|message| Step::Told(Box::new(message)))
    }

    fn is_arranged(&self) -> bool {
        let wallet = self.app.model.wallet.as_ref();
        wallet.is_none_or(|wallet| wallet.history.is_arranged())
    }

    fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.scene.next() {
                return Some(told);
            }
            let ended_scroll = self.scroll_began.take();
            if let Some(before) = ended_scroll {
                let used = (processor_ms() - before) / f64::from(SCROLL);
                say(&format!(
                    "{{\"measure\":\"scroll, processor\",\"median\":{used:.2}}}"
                ));
            }
            if self.times.contains_key("burst") && !self.times.contains_key("coins come") {
                let memory = resident_mib();
                say(&format!(
                    "{{\"measure\":\"memory\",\"median\":{memory:.1}}}"
                ));
            }
            let scene = self.scenes.next()?;
            self.scene = scene(&self.app);
            if self.times.contains_key("more rows") && !self.times.contains_key("scroll") {
                self.scroll_began = Some(processor_ms());
            }
        }
    }

    fn report(&self) {
        for (measure, times) in &self.times {
            if matches!(*measure, "warm" | "ignored") {
                continue;
            }
            let mut frames = times.frames.clone();
            frames.sort_unstable();
            let update = times.updates.iter().max().copied().unwrap_or_default();
            let line = serde_json::json!({
                "measure": measure,
                "count": frames.len(),
                "median": part(&frames, 50),
                "p99": part(&frames, 99),
                "p95": part(&frames, 95),
                "longest": part(&frames, 100),
                "update": ms(update),
            });
            say(&line.to_string());
        }
    }
}

fn warm(_app: &App) -> Scene {
    let pages = PageId::ALL.into_iter().cycle().take(WARM);
    Box::new(pages.map(|page| ("warm", vec![Message::Open(page)])))
}

fn pages(_app: &App) -> Scene {
    let all = PageId::ALL.into_iter().cycle();
    let shown = all.take(PageId::ALL.len() * 5);
    Box::new(shown.map(|page| ("page", vec![Message::Open(page)])))
}

/// Letters in the field of a label and of the console.
fn typing(_app: &App) -> Scene {
    let text = "Rent for September, flat 4";
    let label = (1..=text.len()).map(move |end| {
        let edit = send::Edit::Label(0, text[..end].to_owned());
        ("key", vec![Message::Send(send::Message::Form(edit))])
    });
    let input = (1..=text.len()).map(move |end| {
        let message = console::Message::Input(text[..end].to_owned());
        ("key", vec![Message::Console(message)])
    });
    Box::new(
        std::iter::once(("warm", vec![Message::Open(PageId::Send)]))
            .chain(label)
            .chain([("warm", vec![Message::Open(PageId::Console)])])
            .chain(input),
    )
}

/// A history of `count` rows comes in, page by page, as a wallet sends it.
fn read_rows(app: &App, first: &'static str, more: &'static str, count: u32) -> Scene {
    let wallet = app.model.wallet.as_ref().expect("the demo has a wallet");
    let models: Vec<TxRow> = wallet.history.newest(100).cloned().collect();
    let pages = (0..count / PAGE).map(move |page| {
        let rows: Vec<TxRow> = (page * PAGE..(page + 1) * PAGE)
            .map(|number| row(&models, number))
            .collect();
        let next = rows.last().map(|row| TxCursor {
            time: row.time,
            txid: row.txid,
        });
        let history = TxPage {
            rows,
            next,
            total: u64::from(count),
            sequence: 1,
        };
        let measure = if page == 0 { first } else { more };
        let read = Message::HistoryRead("Savings".to_owned(), page == 0, Ok(history));
        (measure, vec![read])
    });
    Box::new(std::iter::once(("warm", vec![Message::Open(PageId::Activity)])).chain(pages))
}

fn row(models: &[TxRow], number: u32) -> TxRow {
    let model = &models[usize::try_from(number).unwrap_or(0) % models.len()];
    let mut id = [7; 32];
    id[..4].copy_from_slice(&number.to_le_bytes());
    TxRow {
        txid: Txid::from_slice(&id).expect("32 bytes"),
        time: demo::NOW - i64::from(number) * 60,
        ..model.clone()
    }
}

/// Walks through the list, three rows a frame; the selected row is kept in view.
fn scroll(measure: &'static str) -> Scene {
    let rows = (0..SCROLL).map(|frame| usize::try_from(frame * 3).unwrap_or(0));
    Box::new(rows.map(move |row| {
        let message = activity::Message::Select(row);
        (measure, vec![Message::Activity(message)])
    }))
}

/// Words that most rows, some rows and no rows have, typed and taken back.
fn filter(_app: &App) -> Scene {
    let words = ["shop", "rent", "order 1177", "zz"];
    let keys = words.into_iter().flat_map(|word| {
        let typed = (1..=word.len()).map(|end| word[..end].to_owned());
        let back = (0..word.len()).rev().map(|end| word[..end].to_owned());
        typed.chain(back)
    });
    Box::new(keys.map(|text| {
        let message = activity::Message::Filter(text);
        ("filter", vec![Message::Activity(message)])
    }))
}

/// Each column, both ways.
fn sort(_app: &App) -> Scene {
    let keys = [Key::Label, Key::Amount, Key::Kind, Key::State, Key::Date];
    let sorts = keys
        .into_iter()
        .flat_map(|key| [Sort::up(key), Sort::down(key)]);
    Box::new(sorts.map(|sort| {
        let message = activity::Message::Sort(sort);
        ("sort", vec![Message::Activity(message)])
    }))
}

/// All rows, one of them taken out, and a range of nearly all.
fn select_all(_app: &App) -> Scene {
    let last = usize::try_from(ROWS[0] - 1).unwrap_or(0);
    let steps = [
        activity::Message::SelectAll,
        activity::Message::Pick(5, Pick::Toggle),
        activity::Message::Pick(last, Pick::Range),
        activity::Message::Select(0),
    ];
    let steps = std::iter::repeat_n(steps, 5).flatten();
    Box::new(steps.map(|step| ("select all", vec![Message::Activity(step)])))
}

/// Letters in the field that finds everything.
fn search(_app: &App) -> Scene {
    let text = "order 1177";
    let open = std::iter::once(("warm", vec![Message::PaletteOpen("")]));
    let keys = (1..=text.len()).map(move |end| {
        let query = Message::PaletteQuery(text[..end].to_owned());
        ("search", vec![query])
    });
    let close = std::iter::once(("warm", vec![Message::CloseOverlay]));
    Box::new(open.chain(keys).chain(close))
}

/// Many rows at once, again and again.
fn burst(app: &App) -> Scene {
    let wallet = app.model.wallet.as_ref().expect("the demo has a wallet");
    let models: Vec<TxRow> = wallet.history.newest(100).cloned().collect();
    let mut sequence = 1;
    let deltas = (0..REPEAT).map(move |round| {
        let shift = u32::try_from(round).unwrap_or(0) * BURST / 2;
        // Half of them new, half of them changed.
        let numbers = ROWS[0] - BURST / 2 + shift..ROWS[0] + BURST / 2 + shift;
        let rows: Vec<TxRow> = numbers.map(|number| row(&models, number)).collect();
        let told = rows.chunks(PIECE).map(|rows| {
            sequence += 1;
            let delta = WalletDelta {
                sequence,
                rows: rows.to_vec(),
                removed: Vec::new(),
            };
            Message::WalletTold("Savings".to_owned(), WalletEvent::Delta(delta))
        });
        ("burst", told.collect())
    });
    Box::new(deltas)
}

/// Many coins come in; all of them are ticked, single ones are not any more, and the list is sorted.
fn coins(app: &App) -> Scene {
    let wallet = app.model.wallet.as_ref().expect("the demo has a wallet");
    let model = wallet.coins.get(0).cloned().expect("the demo has coins");
    // The one after the last is empty: that is how the end is told.
    let chunks = (0..=COINS / CHUNK).map(move |chunk| {
        let numbers = chunk * CHUNK..((chunk + 1) * CHUNK).min(COINS);
        let rows = numbers.map(|number| coin(&model, number)).collect();
        let read = Message::CoinsRead("Savings".to_owned(), chunk * CHUNK, Ok(rows));
        ("coins come", vec![read])
    });
    let tell = |message: list::Message| Message::Coins(coins::Message::List(message));
    let places = (0..REPEAT).map(move |row| ("coins", vec![tell(list::Message::TickAt(row * 7))]));
    let ticks = std::iter::repeat_n(list::Message::TickAll, REPEAT);
    let ticks = ticks.map(move |all| ("coins", vec![tell(all)]));
    let keys = [CoinKey::Label, CoinKey::Date, CoinKey::Amount];
    let sorts = keys.map(|key| ("coins", vec![tell(list::Message::Sort(Sort::up(key)))]));
    let open = [("warm", vec![Message::Open(PageId::Coins)])];
    Box::new(
        open.into_iter()
            .chain(chunks)
            .chain(ticks)
            .chain(places)
            .chain(sorts),
    )
}

fn coin(model: &CoinRow, number: u32) -> CoinRow {
    let mut id = [9; 32];
    id[..4].copy_from_slice(&number.to_le_bytes());
    CoinRow {
        outpoint: OutPoint {
            txid: Txid::from_slice(&id).expect("32 bytes"),
            vout: number % 3,
        },
        frozen: number.is_multiple_of(5),
        ..model.clone()
    }
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

fn part(sorted: &[Duration], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let index = (sorted.len() * percent / 100).min(last);
    sorted.get(index).copied().map_or(0.0, ms)
}

/// Processor time of this process so far.
fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() * 10.0
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// The one place where this program prints.
fn say(text: &str) {
    // A closed terminal ends nothing.
    drop(writeln!(std::io::stdout(), "{text}"));
}
