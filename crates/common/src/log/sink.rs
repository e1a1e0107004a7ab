//! Where lines go: the file and the console, and before those are known a buffer.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use super::category::{Category, Level};
use super::format::{Entry, Layout};
use super::rate_limit::{RateLimiter, Verdict};

/// Bytes of text that are kept before the file is open.
const MAX_BUFFER: usize = 1_000_000;
/// What shrinking leaves of a file.
const KEPT_HISTORY: u64 = 10_000_000;

/// A line that was just written, for whoever shows the log elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// How bad.
    pub level: Level,
    /// Category; empty for none.
    pub category: &'static str,
    /// The line as in the file, without its end.
    pub text: &'a str,
}

/// Called with every line, on the thread that writes it; returns at once and writes nothing to the log.
pub type Observer = Box<dyn Fn(&Line<'_>) + Send + Sync>;

/// The writing end of the log.
pub(super) struct Sink {
    pub(super) layout: Layout,
    pub(super) console: bool,
    path: Option<PathBuf>,
    file: Option<File>,
    limiter: Option<RateLimiter>,
    pub(super) observer: Option<Observer>,
    /// Present until the log is started.
    early: Option<VecDeque<Entry>>,
    early_bytes: usize,
    early_lost: usize,
}

impl Sink {
    /// Returns a sink that keeps lines until it is started.
    pub(super) fn new() -> Self {
        Self {
            layout: Layout::default(),
            console: false,
            path: None,
            file: None,
            limiter: None,
            observer: None,
            early: Some(VecDeque::new()),
            early_bytes: 0,
            early_lost: 0,
        }
    }

    /// Opens the file and writes what was kept.
    pub(super) fn start(
        &mut self,
        path: Option<&Path>,
        new_run: bool,
        limited: bool,
    ) -> io::Result<()> {
        if let Some(path) = path {
            let mut file = open(path)?;
            if new_run {
                // Sets this run apart from the one before.
                file.write_all(b"\n\n\n\n\n")?;
            }
            self.file = Some(file);
            self.path = Some(path.to_owned());
        }
        let early = self.early.take().unwrap_or_default();
        if self.early_lost > 0 {
            let lost = self.early_lost;
            self.write(&own_entry(
                Level::Info,
                format!("{lost} lines from before the log was open are lost."),
            ));
        }
        for entry in &early {
            self.write(entry);
        }
        // What led here is not held against its place.
        self.limiter = limited.then(|| RateLimiter::new(Instant::now()));
        Ok(())
    }

    /// Opens the file anew, after something moved it away. If that fails the old one stays in use.
    pub(super) fn reopen(&mut self) {
        if let Some(path) = &self.path
            && let Ok(file) = open(path)
        {
            self.file = Some(file);
        }
    }

    /// Writes or keeps one event.
    pub(super) fn take(&mut self, entry: Entry) {
        let Some(early) = &mut self.early else {
            self.write(&entry);
            return;
        };
        self.early_bytes += entry.text.len();
        early.push_back(entry);
        while self.early_bytes > MAX_BUFFER
            && let Some(oldest) = early.pop_front()
        {
            self.early_bytes -= oldest.text.len();
            self.early_lost += 1;
        }
    }

    fn write(&mut self, entry: &Entry) {
        let mut line = entry.line(self.layout);
        let verdict = self.judge(entry, line.len());
        if verdict == Verdict::Last {
            self.write(&own_entry(
                Level::Warning,
                format!(
                    "{}:{} has written more than 1 MiB within an hour. Nothing more of it goes to the file until the \
                     hour is over; this is its last line.",
                    entry.file, entry.line
                ),
            ));
        }
        if self.limiter.as_ref().is_some_and(RateLimiter::suppresses) {
            // Says that lines may be missing.
            line.insert_str(0, "[*] ");
        }
        if self.console {
            let mut out = io::stdout().lock();
            // A closed console is no reason to stop, and there is nowhere to say so.
            let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        }
        if verdict != Verdict::Drop
            && let Some(observer) = &self.observer
        {
            observer(&Line {
                level: entry.level,
                category: entry.category.map_or("", Category::name),
                text: line.trim_end_matches('\n'),
            });
        }
        if verdict != Verdict::Drop
            && let Some(file) = &mut self.file
        {
            // A full disk must not stop the program here: what needs the disk will notice and say so.
            let _ = file.write_all(line.as_bytes());
        }
    }

    fn judge(&mut self, entry: &Entry, bytes: usize) -> Verdict {
        let Some(limiter) = &mut self.limiter else {
            return Verdict::Write;
        };
        let resumed = limiter.roll(Instant::now());
        let verdict = if entry.limited {
            limiter.count((entry.file, entry.line), bytes)
        } else {
            Verdict::Write
        };
        for ((file, line), dropped) in resumed {
            self.write(&own_entry(
                Level::Warning,
                format!("{file}:{line} is written again: {dropped} bytes of it were dropped in the last hour."),
            ));
        }
        verdict
    }
}

/// Returns an event of the log about itself.
fn own_entry(level: Level, text: String) -> Entry {
    Entry {
        time: SystemTime::now(),
        mock_time: 0,
        thread: std::thread::current()
            .name()
            .unwrap_or("unknown")
            .to_owned(),
        file: file!(),
        line: line!(),
        module: module_path!(),
        category: None,
        level,
        text,
        limited: false,
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

/// Cuts a file that has grown by more than a tenth beyond what is kept down to its end.
///
/// # Errors
/// What reading or writing reports.
pub(super) fn shrink(path: &Path) -> io::Result<()> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    if length <= KEPT_HISTORY / 10 * 11 {
        return Ok(());
    }
    file.seek(SeekFrom::Start(length - KEPT_HISTORY))?;
    let mut tail = Vec::new();
    file.take(KEPT_HISTORY).read_to_end(&mut tail)?;
    fs::write(path, tail)
}
