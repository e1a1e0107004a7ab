//! The user's choices, kept in the config folder: what belongs to the window, and what belongs to one network.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use primitives::{ChainParams, Coin, Network};
use serde_json::{Map, Value, json};

use super::UnitIndex;
use super::first_run::Progress;
use crate::theme::{Choice, Contrast};

/// Least, most and step of the scale, in percent.
pub const SCALE: (u16, u16, u16) = (75, 300, 25);

/// Least and most that a column can be made wide.
pub const WIDTHS: (u16, u16) = (48, 400);
/// Most columns whose width is remembered.
const MOST_WIDTHS: usize = 32;

/// What the whole window remembers, whatever the network.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shared {
    /// Coin and network of the last start.
    pub chain: Option<(Coin, Network)>,
    /// Where the first run stands; `None` once it is done or was never begun.
    pub first_run: Option<Progress>,
    /// Whether a first run was finished, ever.
    pub set_up: bool,
    /// The coin that is tried on a private chain with play money, until the real one is wanted.
    pub sandbox: Option<Coin>,
}

/// What is remembered for one network.
#[derive(Debug, Clone, PartialEq)]
pub struct Prefs {
    /// Light, dark, or as the system.
    pub theme: Choice,
    /// Normal or high contrast.
    pub contrast: Contrast,
    /// Scale of everything, in percent.
    pub scale: u16,
    /// Rows with less air.
    pub compact: bool,
    /// The unit of amounts.
    pub unit: UnitIndex,
    /// Whether amounts are hidden.
    pub masked: bool,
    /// The data directory that was chosen; `None` for the default.
    pub datadir: Option<PathBuf>,
    /// The wallet that was in view.
    pub wallet: String,
    /// Payments that were begun and not sent, by wallet, as their page writes them.
    pub drafts: Map<String, Value>,
    /// What to do with the node at quit; `None` asks.
    pub leave_node_running: Option<bool>,
    /// Lines of the console, without secrets.
    pub console_history: Vec<String>,
    /// Size of the console's text.
    pub console_size: u16,
    /// Seconds for which a wallet stays unlocked.
    pub unlock_seconds: u32,
    /// Widths of columns that were dragged, by the names of list and column.
    pub widths: BTreeMap<String, u16>,
}

impl Default for Prefs {
    fn default() -> Self {
        Self {
            theme: Choice::System,
            contrast: Contrast::Normal,
            scale: 100,
            compact: false,
            unit: 0,
            masked: false,
            datadir: None,
            wallet: String::new(),
            drafts: Map::new(),
            leave_node_running: None,
            console_history: Vec::new(),
            console_size: 13,
            unlock_seconds: 300,
            widths: BTreeMap::new(),
        }
    }
}

impl Prefs {
    /// The scale as a factor.
    pub fn scale_factor(&self) -> f32 {
        f32::from(self.scale) / 100.0
    }

    /// One step larger or smaller.
    pub fn step_scale(&mut self, larger: bool) {
        let (least, most, step) = SCALE;
        let scale = if larger {
            self.scale + step
        } else {
            self.scale.saturating_sub(step)
        };
        self.scale = scale.clamp(least, most);
    }

    /// How wide a column is: as it was dragged, or `width`.
    pub fn width(&self, column: &str, width: f32) -> f32 {
        self.widths
            .get(column)
            .map_or(width, |width| f32::from(*width))
    }

    fn to_json(&self) -> Value {
        json!({
            "theme": self.theme.key(),
            "high_contrast": self.contrast == Contrast::High,
            "scale": self.scale,
            "compact": self.compact,
            "unit": self.unit,
            "masked": self.masked,
            "datadir": self.datadir.as_ref().map(|path| path.to_string_lossy()),
            "wallet": self.wallet,
            "drafts": self.drafts,
            "leave_node_running": self.leave_node_running,
            "console_history": self.console_history,
            "console_size": self.console_size,
            "unlock_seconds": self.unlock_seconds,
            "widths": self.widths,
        })
    }

    /// Reads what is there; what is missing or out of range keeps its default.
    fn from_json(value: &Value) -> Self {
        let default = Self::default();
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let flag = |key: &str| value.get(key).and_then(Value::as_bool);
        let number = |key: &str| value.get(key).and_then(Value::as_u64);
        let small = |key: &str| number(key).and_then(|n| u16::try_from(n).ok());
        Self {
            theme: text("theme").and_then(Choice::from_key).unwrap_or_default(),
            contrast: if flag("high_contrast") == Some(true) {
                Contrast::High
            } else {
                Contrast::Normal
            },
            scale: small("scale")
                .unwrap_or(default.scale)
                .clamp(SCALE.0, SCALE.1),
            compact: flag("compact").unwrap_or(default.compact),
            unit: number("unit")
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(default.unit),
            masked: flag("masked").unwrap_or(default.masked),
            datadir: text("datadir").map(PathBuf::from),
            wallet: text("wallet").unwrap_or_default().to_owned(),
            drafts: value
                .get("drafts")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
            leave_node_running: flag("leave_node_running"),
            console_history: value
                .get("console_history")
                .and_then(Value::as_array)
                .map(|lines| {
                    lines
                        .iter()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect()
                })
                .unwrap_or_default(),
            console_size: small("console_size")
                .unwrap_or(default.console_size)
                .clamp(4, 40),
            unlock_seconds: number("unlock_seconds")
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(default.unlock_seconds)
                .clamp(30, 86_400),
            widths: widths(value.get("widths")),
        }
    }
}

fn widths(value: Option<&Value>) -> BTreeMap<String, u16> {
    let all = value.and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(column, width)| {
        let width = u16::try_from(width.as_u64()?).ok()?;
        Some((column.clone(), width.clamp(WIDTHS.0, WIDTHS.1)))
    })
    .take(MOST_WIDTHS)
    .collect()
}

impl Shared {
    fn to_json(&self) -> Value {
        json!({
            "coin": self.chain.map(|(coin, _)| coin.id()),
            "chain": self.chain.map(|(_, network)| network.id()),
            "first_run": self.first_run.as_ref().map(Progress::to_json),
            "set_up": self.set_up,
            "sandbox": self.sandbox.map(Coin::id),
        })
    }

    fn from_json(value: &Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let coin = text("coin").and_then(|coin| coin.parse().ok());
        let network = text("chain").and_then(|network| network.parse().ok());
        Self {
            chain: coin.zip(network),
            first_run: value.get("first_run").and_then(Progress::from_json),
            set_up: value.get("set_up").and_then(Value::as_bool) == Some(true),
            sandbox: text("sandbox").and_then(|coin| coin.parse().ok()),
        }
    }
}

/// The folder that holds the files, and how reading them went.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    turns: Arc<Turns>,
}

/// The order in which files were to be written, whatever the threads that write them make of it.
#[derive(Debug, Default)]
struct Turns {
    next: AtomicU64,
    /// The newest turn that each file holds.
    written: Mutex<BTreeMap<PathBuf, u64>>,
}

impl Turns {
    fn take(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes a file unless it holds something newer. One at a time: all of them write beside it first.
    fn write(&self, turn: u64, path: &Path, value: &Value) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.get(path).is_some_and(|newest| *newest > turn) {
            return Ok(());
        }
        write(path, value)?;
        written.insert(path.to_owned(), turn);
        Ok(())
    }
}

/// A settings file that cannot be used: kept aside, defaults in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file as it was, under its new name.
    pub kept: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl Store {
    /// A store in `folder`, which is made when something is written.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            turns: Arc::default(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn shared_path(&self) -> PathBuf {
        self.folder.join("window.json")
    }

    fn network_path(&self, params: &ChainParams) -> PathBuf {
        self.folder.join(format!(
            "window-{}-{}.json",
            params.coin.id(),
            params.network.id()
        ))
    }

    /// Reads what the whole window remembers.
    pub fn read_shared(&self) -> (Shared, Option<Broken>) {
        let (value, broken) = read(&self.shared_path());
        (
            value.as_ref().map(Shared::from_json).unwrap_or_default(),
            broken,
        )
    }

    /// Reads what is remembered for a network.
    pub fn read_prefs(&self, params: &ChainParams) -> (Prefs, Option<Broken>) {
        let (value, broken) = read(&self.network_path(params));
        (
            value.as_ref().map(Prefs::from_json).unwrap_or_default(),
            broken,
        )
    }

    /// Writes what the whole window remembers, when it is called and in any thread: what was wished later stays.
    pub fn shared_writer(&self, shared: &Shared) -> impl FnOnce() -> io::Result<()> + Send + use<> {
        self.writer(self.shared_path(), shared.to_json())
    }

    /// Writes what is remembered for a network, as [`Store::shared_writer`] does.
    pub fn prefs_writer(
        &self,
        params: &ChainParams,
        prefs: &Prefs,
    ) -> impl FnOnce() -> io::Result<()> + Send + use<> {
        self.writer(self.network_path(params), prefs.to_json())
    }

    fn writer(
        &self,
        path: PathBuf,
        value: Value,
    ) -> impl FnOnce() -> io::Result<()> + Send + use<> {
        let turns = Arc::clone(&self.turns);
        let turn = turns.take();
        move || turns.write(turn, &path, &value)
    }

    /// Writes what the whole window remembers, now.
    ///
    /// # Errors
    /// The system's, where the file cannot be written.
    pub fn write_shared(&self, shared: &Shared) -> io::Result<()> {
        self.shared_writer(shared)()
    }

    /// Writes what is remembered for a network, now.
    ///
    /// # Errors
    /// The system's, where the file cannot be written.
    pub fn write_prefs(&self, params: &ChainParams, prefs: &Prefs) -> io::Result<()> {
        self.prefs_writer(params, prefs)()
    }

    /// Sets everything back and keeps each old file next to the new one.
    ///
    /// # Errors
    /// The system's, where files cannot be renamed.
    pub fn reset_all(&self) -> io::Result<()> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if name.starts_with("window") && name.ends_with(".json") {
                std::fs::rename(&path, path.with_extension("json.bak"))?;
            }
        }
        Ok(())
    }
}

/// Reads a JSON object; a file that is none is moved aside.
fn read(path: &Path) -> (Option<Value>, Option<Broken>) {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (None, None),
        Err(error) => {
            let broken = Broken {
                kept: path.to_owned(),
                reason: error.to_string(),
            };
            return (None, Some(broken));
        }
    };
    match serde_json::from_slice::<Map<String, Value>>(&bytes) {
        Ok(map) => (Some(Value::Object(map)), None),
        Err(error) => {
            let aside = path.with_extension("json.broken");
            let kept = if std::fs::rename(path, &aside).is_ok() {
                aside
            } else {
                path.to_owned()
            };
            (
                None,
                Some(Broken {
                    kept,
                    reason: error.to_string(),
                }),
            )
        }
    }
}

/// Writes a file so that a crash leaves either the old or the new one.
fn write(path: &Path, value: &Value) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let next = path.with_extension("json.new");
    let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    std::fs::write(&next, text)?;
    std::fs::rename(&next, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::new(folder.path().join("bitq"));
        (folder, store)
    }

    fn params(network: Network) -> &'static ChainParams {
        ChainParams::get(Coin::Bitcoin, network)
    }

    #[test]
    fn choices_are_kept_per_network() {
        let (_folder, store) = store();
        let dark = Prefs {
            theme: Choice::Dark,
            masked: true,
            unit: 3,
            drafts: Map::from_iter([("Savings".to_owned(), json!({"rate": "7"}))]),
            ..Prefs::default()
        };
        store
            .write_prefs(params(Network::Main), &dark)
            .expect("writable");
        assert_eq!(store.read_prefs(params(Network::Main)), (dark, None));
        assert_eq!(
            store.read_prefs(params(Network::Regtest)),
            (Prefs::default(), None)
        );
    }

    #[test]
    fn a_late_thread_does_not_bring_old_choices_back() {
        let (_folder, store) = store();
        let begun = Shared::default();
        let done = Shared {
            set_up: true,
            ..Shared::default()
        };
        let first = store.shared_writer(&begun);
        let second = store.clone().shared_writer(&done);
        second().expect("writable");
        first().expect("nothing to do");
        assert_eq!(store.read_shared(), (done, None));
    }

    #[test]
    fn a_broken_file_is_kept_aside() {
        let (_folder, store) = store();
        store.write_shared(&Shared::default()).expect("writable");
        std::fs::write(store.shared_path(), "{ not json").expect("writable");
        let (shared, broken) = store.read_shared();
        assert_eq!(shared, Shared::default());
        let kept = broken.expect("it says so").kept;
        assert_eq!(std::fs::read_to_string(kept).expect("kept"), "{ not json");
    }

    #[test]
    fn reset_keeps_a_copy() {
        let (_folder, store) = store();
        let dark = Prefs {
            theme: Choice::Dark,
            ..Prefs::default()
        };
        store
            .write_prefs(params(Network::Main), &dark)
            .expect("writable");
        store.reset_all().expect("resets");
        assert_eq!(store.read_prefs(params(Network::Main)).0, Prefs::default());
        assert!(
            store
                .network_path(params(Network::Main))
                .with_extension("json.bak")
                .exists()
        );
    }

    #[test]
    fn values_out_of_range_are_brought_into_it() {
        let prefs = Prefs::from_json(&json!({"scale": 5, "console_size": 900, "unit": "x"}));
        assert_eq!((prefs.scale, prefs.console_size, prefs.unit), (75, 40, 0));
    }

    #[test]
    fn widths_of_columns_are_remembered() {
        let mut prefs = Prefs::default();
        prefs.widths.insert("activity-date".to_owned(), 210);
        let again = Prefs::from_json(&prefs.to_json());
        assert_eq!(again, prefs);
        let near = |a: f32, b: f32| (a - b).abs() < 0.01;
        assert!(near(again.width("activity-date", 132.0), 210.0));
        assert!(near(again.width("activity-kind", 80.0), 80.0));
        let wild = Prefs::from_json(&json!({"widths": {"a": 9999, "b": -1, "c": "x"}}));
        assert_eq!(wild.widths, BTreeMap::from([("a".to_owned(), WIDTHS.1)]));
    }

    #[test]
    fn the_first_run_is_resumed() {
        let (_folder, store) = store();
        let shared = Shared {
            chain: Some((Coin::Bitquantum, Network::Test)),
            first_run: Some(Progress {
                datadir: Some("/x".into()),
                ..Progress::default()
            }),
            set_up: false,
            sandbox: Some(Coin::Bitquantum),
        };
        store.write_shared(&shared).expect("writable");
        assert_eq!(store.read_shared(), (shared, None));
    }
}
