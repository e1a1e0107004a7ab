//! One line of the log.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use super::category::{Category, Level};

/// What a line shows before its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `-logtimestamps`.
    pub timestamps: bool,
    /// `-logtimemicros`.
    pub micros: bool,
    /// `-logthreadnames`.
    pub thread_names: bool,
    /// `-logsourcelocations`.
    pub source_locations: bool,
    /// `-loglevelalways`.
    pub level_always: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            timestamps: true,
            micros: false,
            thread_names: false,
            source_locations: false,
            level_always: false,
        }
    }
}

/// An event before it becomes a line.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) time: SystemTime,
    /// The time that tests set, in seconds since 1970; 0 without one.
    pub(super) mock_time: i64,
    pub(super) thread: String,
    pub(super) file: &'static str,
    pub(super) line: u32,
    pub(super) module: &'static str,
    pub(super) category: Option<Category>,
    pub(super) level: Level,
    pub(super) text: String,
    /// Whether the place that wrote it may be held back.
    pub(super) limited: bool,
}

impl Entry {
    /// Returns the line with its end.
    pub(super) fn line(&self, layout: Layout) -> String {
        let mut line = String::with_capacity(self.text.len() + 96);
        if layout.timestamps {
            self.push_time(&mut line, layout.micros);
        }
        if layout.thread_names {
            push(&mut line, format_args!("[{}] ", self.thread));
        }
        if layout.source_locations {
            push(
                &mut line,
                format_args!("[{}:{}] [{}] ", self.file, self.line, self.module),
            );
        }
        self.push_prefix(&mut line, layout.level_always);
        escape_into(&mut line, &self.text);
        if !line.ends_with('\n') {
            line.push('\n');
        }
        line
    }

    fn push_time(&self, line: &mut String, micros: bool) {
        let since = self.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        line.push_str(&utc(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)));
        if micros {
            push(line, format_args!(".{:06}", since.subsec_micros()));
        }
        line.push('Z');
        if self.mock_time > 0 {
            push(line, format_args!(" (mocktime: {}Z)", utc(self.mock_time)));
        }
        line.push(' ');
    }

    /// Adds category and level: debug is taken for granted with a category, information without one.
    fn push_prefix(&self, line: &mut String, always: bool) {
        // Messages between processes carry their category in the text from information upwards, as libmultiprocess
        // writes them.
        let in_text = self.category == Some(Category::IPC) && self.level >= Level::Info;
        let category = if in_text {
            None
        } else {
            self.category.map(Category::name)
        };
        let category = category.or(if always { Some("all") } else { None });
        match category {
            None if self.level == Level::Info => {}
            None => push(line, format_args!("[{}] ", self.level.name())),
            Some(name) if self.level == Level::Debug && !always => {
                push(line, format_args!("[{name}] "));
            }
            Some(name) => push(line, format_args!("[{name}:{}] ", self.level.name())),
        }
        if in_text && !self.text.starts_with("ipc: ") {
            line.push_str("ipc: ");
        }
    }
}

fn push(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text)
        .expect("writing to a string does not fail");
}

/// Adds a text with control characters other than the line feed written as `\xnn`, so that no foreign text can
/// steer a terminal.
fn escape_into(line: &mut String, text: &str) {
    for char in text.chars() {
        if (char < ' ' && char != '\n') || char == '\x7f' {
            push(line, format_args!("\\x{:02x}", u32::from(char)));
        } else {
            line.push(char);
        }
    }
}

/// Returns a time in seconds since 1970 as `2026-01-31T12:00:00`, in UTC.
pub(crate) fn utc(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400);
    let second_of_day = seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        second_of_day / 3600,
        second_of_day / 60 % 60,
        second_of_day % 60
    )
}

/// Returns year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Counts in eras of 400 years and years that begin in March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let from_march_of_year_0 = days.saturating_add(719_468);
    let era = from_march_of_year_0.div_euclid(146_097);
    let day_of_era = from_march_of_year_0.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
