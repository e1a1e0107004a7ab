//! The log: `debug.log` in the layout that outside tools read, and the console.
//!
//! Code writes with `tracing`'s macros. A category is the `target:` of an event (`debug!(target: "net", …)`); debug and
//! trace lines need one, lines from information upwards are always written. Every line is one `write` to a file opened
//! for appending, so that a line is in the file when the call that caused it returns, and several processes share the
//! file.
//!
//! Fields beside the message are added to the text as ` name=value`. The field `unlimited = true` keeps a line from
//! being counted against the place that wrote it.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

mod category;
mod format;
mod options;
mod rate_limit;
mod sink;

pub use category::{Category, Level, Selection};
pub use format::Layout;
pub use options::LogOptions;
pub use sink::{Line, Observer};

use format::Entry;
use sink::Sink;

/// Something is wrong with the log or its options. Each text is the one line of a failed start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file cannot be opened.
    #[error("Could not open debug log file {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No such category.
    #[error("Unsupported logging category -{option}={value}.")]
    UnknownCategory {
        /// The option, without dash.
        option: &'static str,
        /// What was given.
        value: String,
    },
    /// No such level.
    #[error("Unsupported global logging level -loglevel={0}. Valid values: info, debug, trace.")]
    UnknownLevel(String),
    /// No such category or level.
    #[error(
        "Unsupported category-specific logging level -loglevel={0}. Expected -loglevel=<category>:<loglevel>. \
         Valid categories: {categories}. Valid loglevels: info, debug, trace.",
        categories = Category::names().join(", ")
    )]
    UnknownCategoryLevel(String),
    /// Another logger was installed before.
    #[error("The log is already set up by other code of this process")]
    Taken,
}

/// Stands for "as all others" among the levels of the categories.
const UNSET: u8 = u8::MAX;

struct Inner {
    mask: AtomicU64,
    level: AtomicU8,
    category_levels: [AtomicU8; 64],
    mock_time: AtomicI64,
    addresses: AtomicBool,
    reopen: AtomicBool,
    sink: Mutex<Sink>,
}

/// The log of a process; clones are the same log.
#[derive(Clone)]
pub struct Logger(Arc<Inner>);

impl fmt::Debug for Logger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Logger").finish_non_exhaustive()
    }
}

static INSTALLED: OnceLock<Logger> = OnceLock::new();

/// Makes the log of this process and takes all its events from now on; lines wait until [`Logger::start`].
///
/// Calling it again returns the same log.
///
/// # Errors
/// [`LogError::Taken`].
pub fn install() -> Result<Logger, LogError> {
    if let Some(logger) = INSTALLED.get() {
        return Ok(logger.clone());
    }
    let logger = Logger::new();
    let subscriber = tracing_subscriber::registry().with(logger.layer());
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Taken)?;
    Ok(INSTALLED.get_or_init(|| logger).clone())
}

/// Returns the log of this process, if it was installed.
pub fn installed() -> Option<Logger> {
    INSTALLED.get().cloned()
}

/// Returns true if addresses of peers may be written (`-logips`).
pub fn shows_addresses() -> bool {
    INSTALLED
        .get()
        .is_some_and(|logger| logger.0.addresses.load(Ordering::Relaxed))
}

impl Default for Logger {
    fn default() -> Self {
        Self::new()
    }
}

impl Logger {
    /// Makes a log that is not the one of the process; its [`Logger::layer`] can be put under any subscriber.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            mask: AtomicU64::new(0),
            level: AtomicU8::new(Level::Debug.number()),
            category_levels: std::array::from_fn(|_| AtomicU8::new(UNSET)),
            mock_time: AtomicI64::new(0),
            addresses: AtomicBool::new(false),
            reopen: AtomicBool::new(false),
            sink: Mutex::new(Sink::new()),
        }))
    }

    /// Returns the layer that feeds this log.
    pub fn layer<S: Subscriber>(&self) -> impl Layer<S> + use<S> {
        LogLayer(self.clone())
    }

    /// Opens file and console as the options say, and writes what waited.
    ///
    /// # Errors
    /// [`LogError::Open`].
    pub fn start(&self, options: &LogOptions) -> Result<(), LogError> {
        self.0.mask.store(options.mask, Ordering::Relaxed);
        self.0
            .level
            .store(options.level.number(), Ordering::Relaxed);
        for (category, level) in &options.category_levels {
            self.set_category_level(*category, *level);
        }
        self.0.addresses.store(options.addresses, Ordering::Relaxed);
        for name in &options.retired {
            tracing::warn!("{}", retired(name));
        }
        let mut sink = self.sink();
        sink.layout = options.layout;
        sink.console = options.console;
        if let Some(path) = options.file.as_ref().filter(|_| options.shrink) {
            // A log that cannot be cut can still be written to; opening it reports what is wrong.
            let _ = sink::shrink(path);
        }
        sink.start(options.file.as_deref(), options.new_run, options.rate_limit)
            .map_err(|source| LogError::Open {
                path: options.file.clone().unwrap_or_default(),
                source,
            })
    }

    /// Shows every line that is written from now on to `observer`.
    pub fn observe(&self, observer: sink::Observer) {
        self.sink().observer = Some(observer);
    }

    /// Opens the file anew before the next line; for SIGHUP, after the file was moved away.
    pub fn reopen(&self) {
        self.0.reopen.store(true, Ordering::Relaxed);
    }

    /// Adds the time that tests set, in seconds since 1970, to every line; 0 ends that.
    pub fn set_mock_time(&self, seconds: i64) {
        self.0.mock_time.store(seconds, Ordering::Relaxed);
    }

    /// Writes debug lines of the categories that the options name, and of no others.
    pub fn select(&self, options: &LogOptions) {
        self.0.mask.store(options.mask, Ordering::Relaxed);
    }

    /// Writes debug lines of a category from now on; false if there is none of that name.
    pub fn enable(&self, category: &str) -> bool {
        match Selection::parse(category) {
            None => false,
            Some(selection) => {
                self.0.mask.fetch_or(selection.mask(), Ordering::Relaxed);
                warn_if_retired(selection, category);
                true
            }
        }
    }

    /// Writes debug lines of a category no more; false if there is none of that name.
    pub fn disable(&self, category: &str) -> bool {
        match Selection::parse(category) {
            None => false,
            Some(selection) => {
                self.0.mask.fetch_and(!selection.mask(), Ordering::Relaxed);
                warn_if_retired(selection, category);
                true
            }
        }
    }

    /// Sets the least severe lines that enabled categories write.
    pub fn set_level(&self, level: Level) {
        self.0.level.store(level.number(), Ordering::Relaxed);
    }

    /// Sets the least severe lines that one category writes, if it is enabled.
    pub fn set_category_level(&self, category: Category, level: Level) {
        self.0.category_levels[category.index()].store(level.number(), Ordering::Relaxed);
    }

    /// Returns every category and whether it is enabled, in alphabetical order.
    pub fn categories(&self) -> Vec<(&'static str, bool)> {
        let mask = self.0.mask.load(Ordering::Relaxed);
        let active = |name| Category::from_target(name).is_some_and(|c| mask & c.mask() != 0);
        Category::names()
            .into_iter()
            .map(|name| (name, active(name)))
            .collect()
    }

    /// Returns true if a line of this category and level is written.
    pub fn wants(&self, category: Option<Category>, level: Level) -> bool {
        if level >= Level::Info {
            return true;
        }
        let Some(category) = category else {
            return false;
        };
        if self.0.mask.load(Ordering::Relaxed) & category.mask() == 0 {
            return false;
        }
        let own = self.0.category_levels[category.index()].load(Ordering::Relaxed);
        let least = if own == UNSET {
            self.0.level.load(Ordering::Relaxed)
        } else {
            own
        };
        level.number() >= least
    }

    fn sink(&self) -> MutexGuard<'_, Sink> {
        // A thread that panicked while writing leaves at worst half a line.
        self.0.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, entry: Entry) {
        let mut sink = self.sink();
        if self.0.reopen.swap(false, Ordering::Relaxed) {
            sink.reopen();
        }
        sink.take(entry);
    }
}

fn retired(name: &str) -> String {
    format!(
        "The logging category `{name}` is deprecated, does nothing, and will be removed in a future version"
    )
}

fn warn_if_retired(selection: Selection, name: &str) {
    if selection == Selection::Retired {
        tracing::warn!("{}", retired(name));
    }
}

/// Joins a log with a subscriber.
struct LogLayer(Logger);

impl LogLayer {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        self.0.wants(
            Category::from_target(metadata.target()),
            Level::of(metadata.level()),
        )
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Level::of(metadata.level()) >= Level::Info {
            Interest::always()
        } else if Category::from_target(metadata.target()).is_some() {
            // Categories are switched while running.
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if !self.wants(metadata) {
            return;
        }
        let mut text = EventText::default();
        event.record(&mut text);
        let level = Level::of(metadata.level());
        self.0.take(Entry {
            time: SystemTime::now(),
            mock_time: self.0.0.mock_time.load(Ordering::Relaxed),
            thread: std::thread::current()
                .name()
                .unwrap_or("unknown")
                .to_owned(),
            file: metadata.file().unwrap_or("unknown"),
            line: metadata.line().unwrap_or(0),
            module: metadata.module_path().unwrap_or("unknown"),
            category: Category::from_target(metadata.target()),
            level,
            text: text.message + &text.fields,
            limited: level >= Level::Info && !text.unlimited,
        });
    }
}

/// Collects the text of an event.
#[derive(Default)]
struct EventText {
    message: String,
    fields: String,
    unlimited: bool,
}

impl Visit for EventText {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "unlimited" {
            self.unlimited = value;
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
        written.expect("writing to a string does not fail");
    }
}

#[cfg(test)]
mod tests;
